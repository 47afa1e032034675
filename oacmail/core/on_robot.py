"""What happens to a machine's mail: recorded, filed where it belongs, and nothing else (RFC 3834 section 2).

The one exception is R14: a report that a mail of ours, or an answer of a person, was not delivered. Then the mail
is marked failed, what it had answered is open again with a new clock, and staff are told. A delay or a success
changes nothing. No robot ever gets a mail, opens a case or moves a deadline otherwise.
"""

from datetime import datetime

from oacmail.core import answers, calendar
from oacmail.core.model import (
    Arrived,
    Attach,
    Auto,
    Change,
    Decision,
    Effect,
    Kind,
    Mark,
    Note,
    Outcome,
    Report,
    Role,
    Status,
)
from oacmail.core.notices import to_agents, undelivered
from oacmail.core.policy import Policy
from oacmail.core.thread import place
from oacmail.core.view import CaseView, LetterView, MailView, View

_KINDS = {Auto.REPLY: Kind.AUTO_REPLY, Auto.BOUNCE: Kind.BOUNCE, Auto.BULK: Kind.BULK}


def on_robot(policy: Policy, view: View, inp: Arrived, now: datetime) -> Decision:
    message, report = inp.message, inp.message.report
    case = _case(view, inp)
    attach = Attach(
        role=Role.ROBOT,
        outcome=Outcome.AUTOMATIC,
        kind=_KINDS.get(message.auto, Kind.BULK),
        case=case.number if case else None,
        rule=f"robot: {message.auto}",
    )
    effects: list[Effect] = [attach]
    because = [f"robot: {message.auto}", *message.reasons]
    if report is not None and report.action == "failed":
        failures = _failed(policy, view, inp, report, now)
        effects += failures
        because += ["undelivered"] if failures else []
    return Decision(effects=tuple(effects), because=tuple(because))


def _case(view: View, inp: Arrived) -> CaseView | None:
    """Where it is filed: by an id that it names; a robot's subject or text proves nothing."""
    numbers = [mail.case for mail in view.mails] + [letter.case for letter in view.named]
    found = next((view.cases[number] for number in numbers if number and number in view.cases), None)
    return found or place(inp.message, view, frozenset((inp.message.sender,)), inp.received_at).case


def proofs(view: View, at: datetime) -> list[Effect]:
    """Whatever names our Message-ID proves that the relay had taken the mail (design.md section 9.6)."""
    return [Mark(key=mail.key, state="sent", if_in=("queued", "uncertain", "held"), sent_at=at) for mail in view.mails]


def _failed(policy: Policy, view: View, inp: Arrived, report: Report, now: datetime) -> list[Effect]:
    effects: list[Effect] = []
    for mail in view.mails:
        if _concerns(report, mail.recipient):
            effects += _our_mail(policy, inp, mail, now)
    for letter in view.named:
        case = view.cases.get(letter.case or "")
        if letter.role is Role.AGENT and case is not None and not _only_to_staff(policy, report):
            effects += _answer(policy, case, inp, letter, now)
    return effects


def _concerns(report: Report, recipient: str) -> bool:
    return not report.recipients or recipient in report.recipients


def _only_to_staff(policy: Policy, report: Report) -> bool:
    """A colleague in copy did not get the answer; the person may have."""
    return bool(report.recipients) and set(report.recipients) <= policy.people.staff | policy.office.own


def _our_mail(policy: Policy, inp: Arrived, mail: MailView, now: datetime) -> list[Effect]:
    effects: list[Effect] = [
        Mark(key=mail.key, state="failed", error="undelivered"),
        Note(kind="undelivered", case=mail.case, data={"mail": mail.kind}),
    ]
    if mail.state == "failed":
        return effects
    key = f"bounced:{mail.key}"
    return [*effects, *undelivered(policy, mail, key=key, now=now, received_at=inp.received_at)]


def _answer(policy: Policy, case: CaseView, inp: Arrived, letter: LetterView, now: datetime) -> list[Effect]:
    """The answer never arrived: nobody has answered, and the next working day is armed (R14)."""
    effects: list[Effect] = [
        Note(kind="answer-undelivered", case=case.number, data={"letter": letter.fingerprint[:16]}),
        Change(case=case.number, columns={"answered_at": None}) if case.answered_at == letter.received_at else
        Change(case=case.number, columns={"touched_at": inp.received_at}),
    ]  # fmt: skip
    if not case.running("answer"):
        due, key = calendar.answer_due(inp.received_at, policy), f"undelivered:{inp.message.fingerprint}"
        effects += [
            Change(case=case.number, columns={"status": Status.OPEN, "closed_at": None, "close_reason": None}),
            *answers.ask(policy, case.number, key=key, at=inp.received_at, due_at=due),
        ]
    return [*effects, *_tell(policy, case, inp, now)]


def _tell(policy: Policy, case: CaseView, inp: Arrived, now: datetime) -> list[Effect]:
    return list(
        to_agents(
            policy,
            key=f"bounced:{inp.message.fingerprint}",
            template="bounced",
            now=now,
            case=case.number,
            facts={"what": "answer", "received_at": inp.received_at},
        )
    )
