"""What ends by itself, and when people are told: certificates, secrets, grants, the holiday file. One rule for all.

Told at 30, 7 and 1 days before, and when it has ended. What is renewed by a machine is renewed well before its end: a
certificate for 90 days at a third of them. A step counts only if the whole time is at least six times as long, so
that such a certificate is told of when its renewal has failed, and not each time before it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

STEPS = (1, 7, 30)  # days before the end
ENDED = 0
LEAST = 6  # times a step: the shortest time to which it applies
CODE = "ends"  # the problem's; the detail is what ends

RENEWAL: Mapping[str, str] = {
    "imap.certificate": "the mail server's admin renews the certificate of imap.host",
    "smtp.certificate": "the relay's admin renews the certificate of smtp.host",
    **{
        f"{section}.ca_file": f"issue the authority's certificate again and put it into {section}.ca_file; what it no "
        "longer needs can be removed from the file"
        for section in ("imap", "smtp", "oauth")
    },
    "oauth.secret": "make a new client secret in the Entra admin centre, write its value into the file of the secret "
    "and its end into oauth.secret_ends",
    "oauth.key": "make a new key of the service account in the Google Cloud console, and copy its JSON file",
    "oauth.grant": "run `oacmail login`",
    "office.holidays": "add the next year to the holiday file",
}
"""Who renews what, and how."""


class KnownEnd(Struct, frozen=True, kw_only=True):
    """`what`: of RENEWAL; `on`: its last day; `begins`: its first, None = not known."""

    what: str
    on: date
    begins: date | None = None

    def step(self, today: date) -> int | None:
        """How near the end is: a number of STEPS, or ENDED; None = nobody is told yet."""
        left = (self.on - today).days
        if left < 0:
            return ENDED
        whole = (self.on - self.begins).days if self.begins else None
        return next((days for days in STEPS if left <= days and (whole is None or whole >= LEAST * days)), None)


def to_text(ends: Iterable[KnownEnd], today: date) -> str:
    return json.dumps(
        [
            {
                "what": end.what,
                "on": end.on.isoformat(),
                "begins": end.begins.isoformat() if end.begins else None,
                "told": end.step(today),
            }
            for end in ends
        ]
    )


def from_text(text: str | None) -> Mapping[str, tuple[KnownEnd, int | None]]:
    """Each end by what ends, with the step of which people were told."""
    return {
        row["what"]: (
            KnownEnd(
                what=row["what"],
                on=date.fromisoformat(row["on"]),
                begins=date.fromisoformat(row["begins"]) if row["begins"] else None,
            ),
            row["told"],
        )
        for row in json.loads(text or "[]")
    }
