"""A new mail of the desk to a citizen with several open cases: which one does it answer?

The agents are asked by one mail that lists the cases. Until one of them says, no deadline is met and the mail is on the
review list. An agent replies with the number, or says that the mail is about none; it then counts from the moment when
it was written. This module never guesses, and nobody without proof chooses.
"""

from collections.abc import Sequence
from datetime import datetime

from oacmail.core.case_effects import PlaceMessage
from oacmail.core.cases import answers
from oacmail.core.effects import Decision, Effect, RecordMessage, Remember, RequestReview
from oacmail.core.errors import Refused
from oacmail.core.handlers.automatic_mail import concerns
from oacmail.core.handlers.orders import key_of_reply, transcript
from oacmail.core.lookup import Lookup
from oacmail.core.model import Kind, Outcome, Role
from oacmail.core.outbox import case_card
from oacmail.core.outbox.staff_notices import to_agents
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing import case_numbers
from oacmail.core.routing.orders import folded, read_orders
from oacmail.core.view import UNPLACED, CaseView, UnplacedMail, View

SUBJECT = 100
"""Characters of its subject by which the desk knows its own mail."""
REASON = "which-case"  # on the review list
NONE = "none"
"""What is remembered instead of cases once an agent has said that the mail is about none."""
_NONE = frozenset(
    (
        *("cap", "cap cas", "cap d'ells", "cap dels dos", "ningu", "altra cosa"),
        *("ninguno", "ningun caso", "ninguno de ellos", "otra cosa", "none", "no case", "none of them"),
    )
)


def ask(policy: Policy, lookup: Lookup, cases: Sequence[CaseView], role: Role, now: datetime) -> Decision:
    """Set the mail aside and ask the agents; once, by its key."""
    fingerprint = lookup.message.fingerprint
    record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule=REASON)
    rows = tuple(_row(case) for case in sorted(cases, key=lambda case: case.opened_at))
    subject = "" if lookup.message.secrets else lookup.message.subject[:SUBJECT]
    asked = to_agents(
        policy,
        key=f"{MailKind.WHICH_CASE}:{fingerprint}",
        kind=MailKind.WHICH_CASE,
        now=now,
        facts={"cases": rows, "received_at": lookup.received_at, "subject": subject},
    )
    listed = Remember(name=UNPLACED + fingerprint, value=" ".join(str(row["case"]) for row in rows))
    return Decision(effects=(record, RequestReview(reason=REASON), listed, *asked), because=(REASON,))


def _row(case: CaseView) -> case_card.Facts:
    due_at = case_card.due_at(case)
    return case_card.row(
        case.number, opened_at=case.opened_at, due_at=due_at, status=str(case.status), topic=case.topic
    )


def is_asked(view: View) -> bool:
    """Whether the message replies to our question."""
    return view.unplaced is not None and any(mail.kind is MailKind.WHICH_CASE for mail in view.mails)


def on_choice(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """What an agent's reply to the question says on its first line; None = it gives orders instead."""
    assert view.unplaced is not None
    line = next((line.strip() for line in lookup.message.typed.splitlines() if line.strip()), "")
    year = lookup.received_at.astimezone(policy.office.timezone).year
    named = case_numbers.in_line(policy, line, year)
    if not named and not _says_none(line) and read_orders(line):
        return None
    verb, detail = ("other_matter", "") if _says_none(line) else ("answers_case", line[:40])
    try:
        number = NONE if _says_none(line) else _chosen(view.unplaced, named)
        effects = place(policy, view, number, now)
        reason = ""
    except Refused as refused:
        effects, reason = (), refused.reason
    row = {"verb": verb, "detail": detail, "done": not reason, "reason": reason}
    key = key_of_reply(lookup, view.unplaced.fingerprint, line)
    told = transcript(policy, lookup, None, now, key=key, rows=[row])
    record = RecordMessage(role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, rule="chooses-a-case")
    return Decision(effects=(record, *effects, *told), because=("chooses-a-case", *([reason] if reason else ())))


def _says_none(line: str) -> bool:
    return folded(line).strip(" .!,;#") in _NONE


def _chosen(mail: UnplacedMail, named: Sequence[str]) -> str:
    listed = [number for number in named if number in mail.cases]
    if len(listed) != 1:
        raise Refused("the number is not one of the list", "not-in-the-list")
    return listed[0]


def place(policy: Policy, view: View, number: str, now: datetime) -> tuple[Effect, ...]:
    """The mail of `view.unplaced` answers the case `number`, or none of them (NONE).

    Raises Refused if an agent has said so before, or the case no longer exists.
    """
    mail = view.unplaced
    if mail is None or not mail.waits:
        raise Refused("this was decided before", "decided-already")
    key = mail.fingerprint
    if number == NONE:
        filed = PlaceMessage(fingerprint=key, case=None, outcome=Outcome.STAFF)
        return (filed, Remember(name=UNPLACED + key, value=NONE))
    case = view.cases.get(number)
    if case is None:
        raise Refused("there is no such case", "not-in-the-list")
    placed = PlaceMessage(fingerprint=key, case=case.number, outcome=Outcome.CASE)
    if mail.undelivered is not None and concerns(policy, mail.undelivered, case.citizen):
        returned = answers.undelivered(policy, case, at=mail.received_at, key=key, now=now, answer=key)
        return (placed, *returned)
    return (placed, *answers.answered(policy, case, at=mail.received_at, key=key, how="chosen-by-an-agent"))
