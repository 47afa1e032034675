"""A draft answer to the citizen of a case, from the office's templates: an agent completes it and sends it (R3).

It lies in the folder of drafts of the office's mailbox; without such a folder, or an address to write to, an agent gets
the text by mail. It never goes to the citizen by itself, and is no answer before an agent has sent it.
"""

from collections.abc import Iterable
from datetime import datetime

from oacmail.core.case_effects import WriteDraft
from oacmail.core.cases.recipient import can_be_told, language_of_case
from oacmail.core.effects import AuditEvent, Effect, Send
from oacmail.core.model import Level, Status
from oacmail.core.outbox import case_card
from oacmail.core.outbox.staff_notices import notices
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Pointer, Policy
from oacmail.core.routing import signature
from oacmail.core.view import CaseView


def draft(
    policy: Policy,
    case: CaseView,
    *,
    folder: str,
    agents: Iterable[str],
    key: str,
    now: datetime,
    out_of_scope: bool = False,
    taken_back: bool = False,
) -> tuple[Effect, ...]:
    """An answer for an agent to complete, in the citizen's language. `folder`: that of drafts, '' = there is none;
    `agents`: who get the text then; `key` names the order. `taken_back`: it takes back that the services have it."""
    level = Level.OUT_OF_SCOPE if out_of_scope else case.level
    solved = case.status is Status.DERIVED and case.solved_at is not None
    facts: case_card.Facts = {
        **case_card.card(case, case_card.due_at(case)),
        "case_level": level,
        "cause": case.cause,
        "outcome": "taken_back" if taken_back else "solved" if solved else "",
        "expected_on": case.expected_on if _is_ahead(policy, case, now) else None,
        "pointers": tuple(map(row, policy.pointers)) if level == Level.OUT_OF_SCOPE else (),
    }
    if folder and can_be_told(policy, case):
        return _written(policy, case, key=key, facts=facts)
    return notices(
        policy,
        agents,
        key=f"{MailKind.DRAFT}:{key}",
        kind=MailKind.DRAFT,
        now=now,
        case=case.number,
        facts=facts,
        lang=language_of_case(policy, case),
    )


def _is_ahead(policy: Policy, case: CaseView, now: datetime) -> bool:
    return case.expected_on is not None and case.expected_on >= now.astimezone(policy.office.timezone).date()


def of_a_solution(policy: Policy, case: CaseView, *, folder: str, key: str) -> tuple[Effect, ...]:
    """What tells the citizen that the technical services have solved it; () where no draft can be."""
    if not folder or not can_be_told(policy, case):
        return ()
    return _written(policy, case, key=key, facts={"outcome": "solved"})


def whereabouts(effects: Iterable[Effect], folder: str) -> dict[str, object]:
    """Where the agent finds the draft that these effects make, for a mail that says so."""
    for effect in effects:
        if isinstance(effect, WriteDraft):
            return {"drafted": "folder", "folder": folder}
        if isinstance(effect, Send) and effect.kind is MailKind.DRAFT:
            return {"drafted": "mail"}
    return {}


def row(pointer: Pointer) -> dict[str, object]:
    """One body of `[[pointer]]`, as templates have it."""
    return {"body": pointer.body, "address": pointer.address, "phone": pointer.phone}


def _written(policy: Policy, case: CaseView, *, key: str, facts: case_card.Facts) -> tuple[Effect, ...]:
    answer = WriteDraft(
        key=f"{MailKind.DRAFT}:{key}",
        case=case.number,
        recipient=case.citizen,
        token=signature.token(policy, case.number),
        lang=language_of_case(policy, case),
        facts=facts,
    )
    return (answer, AuditEvent(kind="drafted", case=case.number))
