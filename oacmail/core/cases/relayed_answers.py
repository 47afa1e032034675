"""What an agent's relayed answer does to its case: it counts once the relay has accepted it, and not before.

It meets what was asked before the agent wrote it. If it comes back, the answer is owed again (R14). This module never
decides whether a mail is relayed (core/handlers/relayed_answer.py).
"""

from datetime import datetime

from oacmail.core.cases import answers
from oacmail.core.effects import AuditEvent, CaseColumns, Effect
from oacmail.core.outgoing import MailKind, MailState
from oacmail.core.policy import Policy
from oacmail.core.view import CaseView, OutgoingView, View


def count_as_answer(policy: Policy, view: View, mail: OutgoingView, at: datetime) -> tuple[Effect, ...]:
    """What follows when it is known that the mail left, at `at`; () for any other mail, and for what was known."""
    case = _case(view, mail)
    if case is None or mail.state is MailState.SENT:
        return ()
    recipients = frozenset((mail.recipient,))
    return answers.answered(
        policy, case, at=_moment(case, mail, at), key=mail.key, how="relayed", recipients=recipients
    )


def owed_again(policy: Policy, view: View, mail: OutgoingView, *, at: datetime) -> tuple[Effect, ...]:
    """The person does not have it: unless a later answer reached her, the case waits for one again."""
    case = _case(view, mail)
    if case is None:
        return ()
    event = AuditEvent(kind="answer-undelivered", case=case.number, data={"message": mail.key[:16]})
    written = _written(mail, at)
    if case.promised() or any(said.by_office and said.at > written for said in case.latest):
        return (event,)
    first = case.answered_at is not None and case.answered_at >= written
    untold = case.told_at is not None and case.told_at >= written
    columns: CaseColumns = {
        "status": answers.owed_as(case, written),
        "answered_at": None if first else case.answered_at,
        "told_at": None if untold else case.told_at,
    }
    due_at = answers.due_again(policy, at)
    return (
        event,
        *(answers.no_news_promised(case, at) if untold else ()),
        *answers.opened_again(case, columns),
        *answers.ask(policy, case.number, key=f"undelivered:{mail.key}", at=at, due_at=due_at, ends_on=case.ends_on),
    )


def _case(view: View, mail: OutgoingView) -> CaseView | None:
    return view.cases.get(mail.case or "") if mail.kind is MailKind.RELAYED else None


def _written(mail: OutgoingView, at: datetime) -> datetime:
    return mail.written_at or mail.queued_at or at


def _moment(case: CaseView, mail: OutgoingView, at: datetime) -> datetime:
    """When it counts: when it left; but it answers nothing that she wrote after the agent did, and does not tell her
    that it is solved if that was said later."""
    written = _written(mail, at)
    later = [asked.at for asked in case.asked] + ([case.solved_at] if case.solved_at else [])
    return written if any(moment > written for moment in later) else at
