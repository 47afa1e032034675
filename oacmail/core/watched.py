"""When what is watched beside the mail is a problem, and the codes: disk, clock, copies of our mail, grant, crashes,
domains that refuse our mail."""

import json
from datetime import datetime, timedelta

from msgspec import Struct

from oacmail.core.model import regex

DISK, CLOCK, COPIES = "disk-full", "clock", "self-copies"
OAUTH, RECOVERED = "oauth", "oauth-recovered"
SHARED_BUDGET = "shared-budget"
RECORDS = "dns-records"
SPARE = 100_000_000  # bytes that must be free on the disk of the state directory
SET_BACK = timedelta(minutes=1)
DAEMON, ONCE, STOPPED = "daemon", "once", "stopped"  # the kind of the last process
REMEMBERED = timedelta(hours=1)


def is_set_back(now: datetime, latest: datetime) -> bool:
    """True if the clock has shown a later time before; this ends when it passes that time."""
    return latest - now > SET_BACK


def recent_crashes(text: str | None, now: datetime) -> list[datetime]:
    """Return the crashes (the content of CRASHES) of the last hour before `now`."""
    times = (datetime.fromisoformat(moment) for moment in json.loads(text or "[]"))
    return [at for at in times if now - at <= REMEMBERED]


# --- Domains that refuse our mail ------------------------------------------------------------------------------------
# One refusal is told at its case. That a whole domain refuses us is another fault, and another person mends it: our
# records in the DNS, or the relay's reputation.

REFUSED = "refused"
"""The code of the problem; the domain follows after a colon."""
REFUSED_WITHIN = timedelta(days=3)
"""A week-end passes, and what was mended before is forgotten soon."""
REFUSED_PEOPLE = 3
"""People of a domain whose mail was refused, by their mailboxes: one may have a rule of their own, and two may be one
who tries again."""
REFUSED_SHARE = 0.25
"""Of the people of that domain to whom we wrote. A receiver that refuses by policy refuses all, or what its score of us
says on a bad day; of addresses that people mistype, which are not counted, and of full mailboxes there are few."""
# RFC 3463: X.1.Y is about the address and X.2.Y about its mailbox, so that the next person's mail arrives; but 5.1.7
# and 5.1.8 are about our own.
_OF_THE_MAILBOX = regex(r"(?<![\d.])5\.(?:1\.(?![78]\b)\d{1,3}|2\.\d{1,3})(?![\d.])")


class DomainRefusals(Struct, frozen=True, kw_only=True):
    """The mail of the last days to one registrable domain: how many people it refused, of how many to whom we wrote;
    `said`: what it said last, without addresses."""

    domain: str
    refused: int
    people: int
    said: str

    @property
    def is_problem(self) -> bool:
        return self.refused >= REFUSED_PEOPLE and self.refused >= REFUSED_SHARE * self.people


def about_the_mailbox(error: str) -> bool:
    """Whether a refusal concerns this one address alone."""
    return bool(_OF_THE_MAILBOX.search(error))
