"""The acknowledgement of a citizen's message, and the warning of a secret in it (R34): whether, in which language,
why not.

It never touches a case or a deadline, and writes no text of a mail.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from oacmail.core import calendar, cases, rate_limits, tokens
from oacmail.core.cases import CitizenRequest
from oacmail.core.effects import AuditEvent, Effect, Send, UpdateOutbox
from oacmail.core.kinds import MailEvent, MailKind
from oacmail.core.model import NEIGHBOURS, Dmarc
from oacmail.core.notices import notify_agents
from oacmail.core.policy import Policy
from oacmail.core.rate_limits import Room
from oacmail.core.sender import may_be_form
from oacmail.core.threading import fold_subject
from oacmail.core.view import AgreedCall, CaseView, Released

SAME_MAIL_A_WEEK = 3
FORM = "form-sender-not-configured"
TO_OUR_ENVELOPE = "to-our-envelope-sender"
RESTORED = "database-restored"  # why a mail is held
OVER_BUDGET = "over-budget"
ECHO = "echoes-our-mail"  # why a message is not acknowledged
FROM_ITS_DOMAIN = "answers-us-from-its-domain"
COLLEAGUES = 2  # acknowledgements of a domain within a day, beside which a stranger there may answer our mail
ACKS_A_CASE_AND_DAY = 3
KEY_LOST = "token-key-lost"
DISOWNED = "dmarc-fail"
LEAST_LETTERS = 12


def why_not(request: CitizenRequest) -> str:
    """Why this message gets no automatic acknowledgement; '' = it gets one."""
    limit = request.policy.budgets.max_age_hours
    sender = request.message.sender
    if sender not in request.policy.form_senders and may_be_form(request.message):
        return TO_OUR_ENVELOPE if request.message.marks else f"{FORM}: {sender}"
    if not cases.is_deliverable(request.author):
        return "no-address-to-answer"
    if cases.is_ours(request.policy, request.author):
        return "from-our-own-people"
    if request.forced:
        return ""
    if rate_limits.budget_class(request.message, request.view.writer.person) == "refused":
        return DISOWNED
    if limit and request.now - request.received_at > timedelta(hours=limit):
        return "first-seen-late"
    if echo := _echo(request):
        return echo
    if _like_a_machine(request):
        return "same-mail-again-and-again"
    return OVER_BUDGET if room(request) is Room.NONE else ""


def room(request: CitizenRequest) -> Room:
    """Whether the budgets have room for a mail to the author, now or later."""
    kind = rate_limits.budget_class(request.message, request.view.writer.person)
    return rate_limits.room(request.policy, kind, request.author, request.view.writer.spent)


def _echo(request: CitizenRequest) -> str:
    """Why our mail seems to come back from an address that is no participant, from a robot with changing names or from
    a person who was shown the mail; '' = it does not. An agent decides which.

    Its words tell, or that it answers our mail from a domain which had several acknowledgements today.
    """
    view = request.view
    members = (case.participants | case.reply_to | {case.citizen} for case in view.cases.values())
    if any(request.author in people for people in members):
        return ""
    if request.message.features.repeats_us:
        return ECHO
    domain = Released() if rate_limits.is_public(request.author) else view.writer.spent.domain
    answers = bool(view.tokened or view.mails) and domain.day + domain.waiting >= COLLEAGUES
    return FROM_ITS_DOMAIN if answers else ""


def _like_a_machine(request: CitizenRequest) -> bool:
    """Whether three messages with this subject or text were acknowledged within a week and no agent answered any: a
    robot that sends no header."""
    folded, since = fold_subject(request.message.subject), request.received_at - timedelta(days=7)
    answered = {number for number, case in request.view.cases.items() if case.answered_at is not None}
    alike = [
        known
        for known in request.view.recent
        if known.acked and known.received_at >= since and known.case not in answered
        and (known.body_hash == request.message.body_hash or (folded and known.subject == folded))
    ]  # fmt: skip
    return len(alike) >= SAME_MAIL_A_WEEK


def acknowledge(request: CitizenRequest, number: str, *, facts: Mapping[str, object], first: bool) -> list[Effect]:
    """The acknowledgement of this message, with the data-protection clause if it is the case's `first`. `facts`: what
    it says of the intent (core/callbacks.py).

    That of a message older than the restore of the database, or than the loss of the key, may have left already. Where
    no copy tells, it is held until a person has looked.
    """
    send = _acknowledgement(request, number, {**facts, "first": first}, request.due_at)
    told, view = _call_told(number, facts), request.view
    uncertain = ((view.writer.restored_at, RESTORED), (view.writer.key_lost_at, KEY_LOST))
    why = next((why for since, why in uncertain if since is not None and request.received_at <= since), "")
    if request.forced or not why:
        return [send, *told]
    return [
        send,
        *told,
        UpdateOutbox(key=send.key, event=MailEvent.HELD, error=why),
        AuditEvent(kind="held", case=number, data={"mail": "ack", "why": why}),
    ]


def repeat(
    request: CitizenRequest, case: CaseView, *, facts: Mapping[str, object], lang: str = ""
) -> tuple[Effect, ...]:
    """The acknowledgement of an open or answered case once more, in `lang` or in the language for which this message
    asks. It says what the case owes its person now, and starts nothing."""
    due_at = min((deadline.due_at for deadline in case.promised(request.author)), default=None)
    ends_on = request.ends_on(case.term.ends_on)
    term = {"ends_on": ends_on, "ends_hour": request.ends_hour(ends_on, case)}
    said = {**facts, **term, "first": False, "new_language": not lang, "empty": False}
    return (_acknowledgement(request, case.number, said, due_at, lang), *_call_told(case.number, facts))


def _call_told(number: str, facts: Mapping[str, object]) -> tuple[AuditEvent, ...]:
    call = facts.get("call")
    return (cases.call_told(number, call),) if isinstance(call, AgreedCall) else ()


def _acknowledgement(
    request: CitizenRequest, number: str, facts: Mapping[str, object], due_at: datetime | None, lang: str = ""
) -> Send:
    """Deferred (`release` None) while its budget has no room."""
    policy, message = request.policy, request.message
    kind = rate_limits.budget_class(message, request.view.writer.person)
    leaves = room(request) is Room.NOW
    return Send(
        key=f"ack:{message.fingerprint}",
        kind=MailKind.ACK,
        lang=lang or language(request),
        recipient=request.author,
        case=number,
        token=tokens.case_token(policy, number),
        facts={
            "case": number,
            "secret": bool(message.secrets),
            "empty": not message.fresh.strip() and not message.attachments,
            "missing": message.features.names_attachment and not message.attachments,
            "ends_on": request.reading.ends_on,
            "ends_hour": request.ends_hour(request.reading.ends_on),
            **facts,
        },
        in_reply_to=message.message_id,
        refs=(*message.refs, message.message_id) if message.message_id else message.refs,
        automatic="auto-replied",
        budget=kind,
        release=request.now if leaves else None,
        message=message.fingerprint,
        received_at=request.received_at,
        due_at=due_at,
    )


def of_confirmed_case(policy: Policy, case: CaseView, now: datetime) -> Send:
    """The acknowledgement of a case that an agent has confirmed; it says when the answer is due by then."""
    due_at = min((deadline.due_at for deadline in case.running("answer")), default=None)
    road = case.intent if case.intent in ("complaint", "suggestion", "data_rights") else "question"
    return Send(
        key=f"ack:{case.first_message}",
        kind=MailKind.ACK,
        lang=cases.language_of_case(policy, case),
        recipient=case.citizen,
        case=case.number,
        token=tokens.case_token(policy, case.number),
        facts={
            "case": case.number,
            "road": road,
            "first": True,
            "ends_on": case.term.ends_on,
            "ends_hour": case.term.ends_hour,
        },
        automatic="auto-generated",
        budget="known",
        release=now,
        message=case.first_message,
        received_at=case.opened_at,
        due_at=due_at,
    )


def language(request: CitizenRequest) -> str:
    """The author's language, or two if one may not be understood (docs/requirements.md section 4, Language)."""
    office, person = request.policy.office, request.view.writer.person
    wish = wished_language(request) or (person.lang if person else None)
    # As short as "Hola" or "IBI 2026", which the speakers of both languages write.
    letters = len(list(islice(filter(str.isalpha, request.message.fresh), LEAST_LETTERS)))
    short = request.reading.language in NEIGHBOURS and letters < LEAST_LETTERS
    neighbour = next(lang for lang in NEIGHBOURS if lang != office.languages[0])
    read, second = ("", neighbour) if short else (request.reading.language, "en")
    return cases.choose_language(office, wish, read, second)


def wished_language(request: CitizenRequest) -> str | None:
    """The language for which a message asks and says nothing else, if the office writes it and the writer's domain does
    not disown the message."""
    wish, disowned = request.message.features.language_wish, request.message.auth.dmarc is Dmarc.FAIL
    return wish if wish in request.policy.office.languages and not disowned else None


def answers_offer(request: CitizenRequest) -> bool:
    """Whether it asks for a language in reply to an automatic mail of ours, which offers one; the name of a language
    may answer an agent's question too."""
    message = request.message
    if wished_language(request) is None or message.attachments:
        return False
    automatic = (mail for mail in request.view.mails if mail.kind is not MailKind.RELAYED)
    return any(message.refs[-1:] in ((mail.message_id,), (mail.alias,)) for mail in automatic)


# --- Exposed secrets -------------------------------------------------------------------------------------------------
# A message that contains a password, a code or a certificate (R34): the agents get a notice, and the author reads it
# in the acknowledgement or, without one, in a mail that says only this, once a case and day. Neither repeats the
# secret.


def secret_on_case(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The notice to the agents about a message on this case that contains a secret."""
    if not request.message.secrets:
        return ()
    key, facts = f"secret:{request.message.fingerprint}", {"received_at": request.received_at}
    return (
        AuditEvent(kind="secret", case=number, data={"kinds": " ".join(request.message.secrets)}),
        *notify_agents(request.policy, key=key, kind=MailKind.SECRET, now=request.now, case=number, facts=facts),
    )


def warn_of_secret(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The warning to the author of a message without acknowledgement, within the acknowledgement budgets."""
    policy, message = request.policy, request.message
    if not message.secrets or why_not(request):
        return ()
    send = Send(
        key=f"{MailKind.WARNED}:{number}:{calendar.local_day(request.now, policy)}",
        kind=MailKind.WARNED,
        lang=language(request),
        recipient=request.author,
        case=number,
        token=tokens.case_token(policy, number),
        in_reply_to=message.message_id,
        refs=(*message.refs, message.message_id) if message.message_id else message.refs,
        automatic="auto-replied",
        budget=rate_limits.budget_class(message, request.view.writer.person),
        release=request.now if room(request) is Room.NOW else None,
    )
    return (send,)
