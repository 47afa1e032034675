"""Effects that make a case of something else than the message that arrived, of two cases one, or a draft of an answer,
those about a message of the desk that was recorded before, and votes.

They are effects as those of `effects`, which lists them all. No effect says how it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oacmail.core.model import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordContact:
    """Record what a person asked by telephone or at the desk, as a message of `case` with the fingerprint `message`.

    `author`: what stands for the person's address. `channel`: telephone | visit, the rule of the message.
    """

    message: str
    case: str
    author: str
    subject: str
    text: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCase:
    """Open case `number` by a message of `case`, which leaves it with the deadlines that it started. `opened_at`: when
    the message arrived."""

    case: str
    number: str
    message: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCases:
    """Move all messages and running deadlines of `case` to `into`; `case` is closed as its duplicate."""

    case: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatAsRequest:
    """Decide the stored message of this fingerprint again, as a person's request. The engine does so before it writes
    the decision that holds this effect, and then decides again."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteDraft:
    """Put an answer into the folder of drafts, for an agent to complete and send; once only by its key. It is in no
    outbox: no program sends it. The fields are those of `Send`; the thread that it continues is that of its case."""

    key: str
    case: str
    recipient: str
    token: str
    lang: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconsider:
    """Decide a message of the desk again: it was decided before the message that it answers was read."""

    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMessage:
    """A recorded message of the desk, which is on the review list, belongs to this case, or to none (None)."""

    fingerprint: str
    case: str | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVote:
    """Record the score, 1 to 5, that the message that arrived gives to `case`. `signed`: it comes from who was asked
    (core/cases/votes.py); only such a vote becomes the score of the case. `at`: when it arrived."""

    case: str
    score: int
    signed: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDeadline:
    """A running deadline of level 0 that was not reached yet has another due time. A reminder that was sent comes
    again."""

    started_by: str
    kind: str
    due_at: datetime


CaseEffect = (
    RecordContact
    | SplitCase
    | MergeCases
    | TreatAsRequest
    | WriteDraft
    | Reconsider
    | PlaceMessage
    | RecordVote
    | MoveDeadline
)
