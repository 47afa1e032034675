"""What becomes of mail to citizens of which no copy was found (docs/loss.md, "A lost database").

While the service lived, a mail without a copy either never left or nothing proves that it did: an acknowledgement is
held until a person has decided, any other mail is dropped, since its moment is over. What was queued after the last
sign of life cannot have left; the service sends it, unless it is too old for an automatic mail. Of an agent's answer
without a copy the mailbox cannot tell whether the person has it: it counts as refused, and the answer is owed again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oacmail.core import relayed
from oacmail.core.effects import Decision, DeliveryResult, Effect, RequestReview, StartDeadline, UpdateOutbox
from oacmail.core.kinds import MailEvent, MailKind
from oacmail.core.policy import Policy
from oacmail.core.view import DeliveryView
from oacmail.store import SqliteStore, rebuilt
from oacmail.store.rebuilt import Unproven

NOT_FOUND = "acknowledgement-not-found"  # why a mail is held, and its message is on the review list
ANSWER_NOT_FOUND = "answer-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprovenMails:
    held: tuple[Unproven, ...]
    dropped: tuple[Unproven, ...]
    waiting: tuple[Unproven, ...]


def settle_unproven(store: SqliteStore, policy: Policy, *, lived_until: datetime, now: datetime) -> UnprovenMails:
    unproven = rebuilt.unproven(store.con, policy.people.staff)
    waiting = [mail for mail in unproven if mail.queued_at > lived_until and not _is_old(policy, mail, now)]
    rest = [mail for mail in unproven if mail not in waiting]
    held = [mail for mail in rest if mail.kind is MailKind.ACK]
    dropped = [mail for mail in rest if mail.kind is not MailKind.ACK]
    effects = [effect for mail in held for effect in _hold(mail)]
    effects += [UpdateOutbox(key=mail.key, event=MailEvent.DROPPED) for mail in dropped]
    _write(store, effects, now)
    return UnprovenMails(held=tuple(held), dropped=tuple(dropped), waiting=tuple(waiting))


def answer_not_found(store: SqliteStore, policy: Policy, key: str, now: datetime) -> str | None:
    """The answer that the agent sent through the case's answer address is dropped; return the number of the case if it
    waits for an answer again because of it."""
    with store.turn() as turn:
        view = turn.view(policy, DeliveryResult(key=key, state="refused"), now)
        assert isinstance(view, DeliveryView)
        assert view.mail is not None
        owed = relayed.owed_again(policy, view.cases, view.mail, at=now)
        drop = UpdateOutbox(key=key, event=MailEvent.DROPPED, error=ANSWER_NOT_FOUND)
        turn.apply(Decision(effects=(drop, *owed), because=(ANSWER_NOT_FOUND,)), now=now, mails={})
    return view.mail.case if any(isinstance(effect, StartDeadline) for effect in owed) else None


def _is_old(policy: Policy, mail: Unproven, now: datetime) -> bool:
    limit = policy.budgets.max_age_hours
    return bool(limit) and now - mail.queued_at > timedelta(hours=limit)


def _hold(mail: Unproven) -> tuple[Effect, ...]:
    return (
        UpdateOutbox(key=mail.key, event=MailEvent.HELD, error=NOT_FOUND),
        RequestReview(reason=NOT_FOUND, message=mail.key.partition(":")[2]),
    )


def _write(store: SqliteStore, effects: Iterable[Effect], now: datetime) -> None:
    with store.turn() as turn:
        turn.apply(Decision(effects=tuple(effects), because=()), now=now, mails={})
