"""What is found when all is quiet: every citizen's real mailbox, the office's own, the database, message by message.

A request and the words that its writer added are one conversation: one case, one acknowledgement, whichever of its
messages the servers delivered first. A mail that the servers deliver again because one of them died before it could say
"done" carries the same queue id: it was handed over once.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from email.message import EmailMessage

from tests.chaos.town import Sent
from tests.e2e.office import RunningOffice

_CASES = """SELECT m.message_id, c.number FROM messages m LEFT JOIN cases c ON c.id = m.case_id
WHERE m.outcome <> 'ours'"""
_QUEUED = re.compile(r"\(Postfix\)\s+with\s+\w+\s+id\s+(\w+)")
_UNENDED = "SELECT key FROM outbox WHERE kind <> 'alert' AND state NOT IN ('sent', 'dropped')"
"""An alert to the operator that nobody answered for waits a quarter of an hour, and may come twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """Message-IDs, all empty = nothing lost, nothing twice. The first two are conversations by the mails in the
    writers' mailboxes, `robots_answered` likewise. `undelivered`: messages that are not in the office's INBOX at all,
    the servers' affair; `unaccounted`: messages that are, and that the database does not know or gave no outcome.
    `recorded_twice`: messages; `cases_doubled`: conversations on several cases, cases with several conversations.
    `set_aside`: places in quarantine, unread or not.
    `copies_wrong`: acknowledgements whose copy is not exactly once in Sent, copies left in INBOX alone. `held`: keys of
    mails that wait for a person's word."""

    unacknowledged: tuple[str, ...]
    acknowledged_twice: tuple[str, ...]
    robots_answered: tuple[str, ...]
    undelivered: tuple[str, ...]
    unaccounted: tuple[str, ...]
    recorded_twice: tuple[str, ...]
    cases_doubled: tuple[str, ...]
    set_aside: tuple[str, ...]
    copies_wrong: tuple[str, ...]
    held: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(f"{len(found)} {name.replace('_', ' ')}" for name, found in asdict(self).items())

    def each(self) -> Iterator[str]:
        """A line for each case of harm."""
        for name, found in asdict(self).items():
            yield from (f"{name.replace('_', ' ')}: {what}" for what in found)


def harm(desk: RunningOffice, sent: Sequence[Sent]) -> Harm:
    acks, copies, cases = _acknowledgements(sent), _copies(desk), _cases(desk)
    talks, there = _conversations(sent), {str(mail["Message-ID"]) for mail in desk.mailbox.messages()}
    numbers = {root: {number for ident in idents for number in cases.get(ident, [])} for root, idents in talks.items()}
    owners = Counter(number for found in numbers.values() for number in found)
    return Harm(
        unacknowledged=tuple(root for root, idents in talks.items() if not _of(acks, idents)),
        acknowledged_twice=tuple(root for root, idents in talks.items() if _of(acks, idents) > 1),
        robots_answered=tuple(message.message_id for message in sent if not message.root and acks[message.message_id]),
        undelivered=tuple(message.message_id for message in sent if message.message_id not in there),
        unaccounted=(
            *_places(desk, "outcome IS NULL"),
            *(ident for ident in there - cases.keys() if ident in _all(sent)),
        ),
        recorded_twice=tuple(ident for ident, found in cases.items() if len(found) > 1),
        cases_doubled=(
            *(root for root, found in numbers.items() if len(found) != 1),
            *(str(number) for number, many in owners.items() if many > 1),
        ),
        set_aside=_places(desk, "outcome = 'quarantined'"),
        copies_wrong=(*_left_in_inbox(desk), *(root for root, idents in talks.items() if _of(copies, idents) != 1)),
        held=tuple(row["key"] for row in desk.rows(_UNENDED)),
    )


def _all(sent: Sequence[Sent]) -> set[str]:
    return {message.message_id for message in sent}


def _places(desk: RunningOffice, where: str) -> tuple[str, ...]:
    rows = desk.rows(f"SELECT folder, uid, attempts, error FROM sightings WHERE {where}")
    return tuple(f"{row['folder']} {row['uid']}, tried {row['attempts']} times, {row['error']}" for row in rows)


def _conversations(sent: Sequence[Sent]) -> Mapping[str, list[str]]:
    talks: dict[str, list[str]] = defaultdict(list)
    for message in sent:
        if message.root:
            talks[message.root].append(message.message_id)
    return talks


def _of(mails: Counter[str], idents: Sequence[str]) -> int:
    return sum(mails[ident] for ident in idents)


def _acknowledgements(sent: Sequence[Sent]) -> Counter[str]:
    """How often each message was answered, by what its writer finds."""
    writers = {message.writer.user: message.writer for message in sent}
    return Counter(answered for writer in writers.values() for answered in _handed_over(writer.inbox()))


def _copies(desk: RunningOffice) -> Counter[str]:
    if _at_provider(desk):  # it puts one there for each mail that it takes, and no relay has written its id
        return Counter(str(mail["In-Reply-To"]) for mail in desk.mailbox.messages("Sent"))
    return Counter(_handed_over(desk.mailbox.messages("Sent")))


def _handed_over(mails: Iterable[EmailMessage]) -> Iterator[str]:
    """In-Reply-To, once for each time that the relay was given such a mail."""
    for answered, _ in {(str(mail["In-Reply-To"]), _queue_id(mail)) for mail in mails}:
        yield answered


def _queue_id(mail: EmailMessage) -> str:
    """As the relay wrote it when it took the mail."""
    found = [match for line in mail.get_all("Received", []) if (match := _QUEUED.search(str(line)))]
    if not found:
        raise AssertionError(f"no relay has taken {mail['Message-ID']}: {mail.get_all('Received')}")
    return found[-1][1]


def _at_provider(desk: RunningOffice) -> bool:
    return "provider" in desk.settings["imap"]


def _left_in_inbox(desk: RunningOffice) -> list[str]:
    """A copy that the servers delivered once more stays there for people to see; its twin lies in Sent."""
    if _at_provider(desk):
        return [str(mail["Message-ID"]) for mail in desk.mailbox.messages() if mail["X-Oacmail"] is not None]
    filed = {_queue_id(mail) for mail in desk.mailbox.messages("Sent")}
    ours = (mail for mail in desk.mailbox.messages() if mail["X-Oacmail"] is not None)
    return [str(mail["Message-ID"]) for mail in ours if _queue_id(mail) not in filed]


def _cases(desk: RunningOffice) -> Mapping[str, list[str | None]]:
    """Case numbers by Message-ID, one for each time that the message is recorded; None for a robot's."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for row in desk.rows(_CASES):
        found[row["message_id"]].append(row["number"])
    return found
