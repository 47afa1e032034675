"""What is found when all is quiet: every citizen's real mailbox, the office's own, the database, letter by letter.

A request and the words that its writer added are one conversation: one case, one acknowledgement, whichever of its
letters the servers delivered first.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from tests.chaos.town import Sent
from tests.e2e.office import Office

_CASES = """SELECT m.message_id, c.number FROM messages m LEFT JOIN cases c ON c.id = m.case_id
WHERE m.outcome <> 'ours'"""
_UNENDED = "SELECT 1 FROM outbox WHERE state NOT IN ('sent', 'dropped')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """All 0 = nothing lost, nothing twice. The first two count conversations by the mails in the writers' mailboxes,
    `robots_answered` likewise. `unaccounted`: letters that the database does not know or gave no outcome.
    `recorded_twice`: letters; `cases_doubled`: conversations on several cases, cases with several conversations.
    `copies_wrong`: acknowledgements whose copy is not exactly once in Sent, copies left in INBOX. `held`: mails that
    wait for a person's word."""

    unacknowledged: int
    acknowledged_twice: int
    robots_answered: int
    unaccounted: int
    recorded_twice: int
    cases_doubled: int
    copies_wrong: int
    held: int

    def __str__(self) -> str:
        return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in asdict(self).items())

    def any(self) -> bool:
        return any(asdict(self).values())


def harm(desk: Office, sent: Sequence[Sent]) -> Harm:
    acks, copies, cases = _acknowledgements(sent), _copies(desk), _cases(desk)
    talks = _conversations(sent)
    numbers = {root: {number for ident in idents for number in cases.get(ident, [])} for root, idents in talks.items()}
    owners = Counter(number for found in numbers.values() for number in found)
    return Harm(
        unacknowledged=sum(not _of(acks, idents) for idents in talks.values()),
        acknowledged_twice=sum(_of(acks, idents) > 1 for idents in talks.values()),
        robots_answered=sum(acks[letter.message_id] > 0 for letter in sent if not letter.root),
        unaccounted=desk.status()["unaccounted"] + sum(letter.message_id not in cases for letter in sent),
        recorded_twice=sum(len(found) > 1 for found in cases.values()),
        cases_doubled=sum(len(found) != 1 for found in numbers.values()) + sum(many > 1 for many in owners.values()),
        copies_wrong=_left_in_inbox(desk) + sum(_of(copies, idents) != 1 for idents in talks.values()),
        held=len(desk.rows(_UNENDED)),
    )


def _conversations(sent: Sequence[Sent]) -> Mapping[str, list[str]]:
    talks: dict[str, list[str]] = defaultdict(list)
    for letter in sent:
        if letter.root:
            talks[letter.root].append(letter.message_id)
    return talks


def _of(mails: Counter[str], idents: Sequence[str]) -> int:
    return sum(mails[ident] for ident in idents)


def _acknowledgements(sent: Sequence[Sent]) -> Counter[str]:
    """How often each letter was answered, by what its writer finds."""
    writers = {letter.writer.user: letter.writer for letter in sent}
    return Counter(str(mail["In-Reply-To"]) for writer in writers.values() for mail in writer.inbox())


def _copies(desk: Office) -> Counter[str]:
    return Counter(str(mail["In-Reply-To"]) for mail in desk.mailbox.letters("Sent"))


def _left_in_inbox(desk: Office) -> int:
    return sum(mail["X-Oacmail"] is not None for mail in desk.mailbox.letters())


def _cases(desk: Office) -> Mapping[str, list[str | None]]:
    """Case numbers by Message-ID, one for each time that the letter is recorded; None for a robot's."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for row in desk.rows(_CASES):
        found[row["message_id"]].append(row["number"])
    return found
