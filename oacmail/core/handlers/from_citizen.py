"""What follows from a message of somebody outside: the case that it opens or joins, and the deadline that it starts.

Every request ends on a case with a deadline (R14). The acknowledgement is decided separately
(core/acknowledgement.py) and may wait. A further message never postpones a deadline. This module reads no raw
headers and writes no text of a mail.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from msgspec.structs import replace

from oacmail.core import (
    acknowledgement,
    answers,
    calendar,
    callbacks,
    cases,
    incidents,
    intents,
    notices,
    order_words,
    review,
    sender,
    services,
    survey,
    tokens,
)
from oacmail.core.cases import CitizenRequest
from oacmail.core.deadlines import WAIT, became_complex
from oacmail.core.effects import (
    AuditEvent,
    Decision,
    Effect,
    EndDeadlines,
    MergeCases,
    OpenCase,
    PlaceMessage,
    Reconsider,
    RecordMessage,
    Remember,
    RequestReview,
    ReviewDone,
    Send,
    UpdateCase,
    UpdatePerson,
)
from oacmail.core.errors import Refused
from oacmail.core.handlers.from_machine import concerns
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import WRITERS_MOST, Lookup
from oacmail.core.model import MACHINES, CloseReason, DeadlineKind, Dmarc, Folder, Kind, Outcome, Role, Status, regex
from oacmail.core.orders.mail import key_of_reply, transcript
from oacmail.core.policy import Policy
from oacmail.core.stored_values import FORWARDED_TO, UNPLACED
from oacmail.core.threading import (
    ACKNOWLEDGED,
    FORWARD,
    RARE_FORWARD,
    ThreadMatch,
    fold_subject,
    is_reply,
    match_case,
    unproven_reply_to,
)
from oacmail.core.view import CaseColumns, CaseView, View

ASKING_NOTHING = (*MACHINES, Kind.THANKS)
"""What opens no case, however long ago the case that it refers to was closed."""


def on_citizen_message(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """The case that the message opens or joins, and what follows. Messages of the desk that refer to this one and
    arrived before it are decided again."""
    request = _request(policy, view, lookup, now)
    decision = _by_case(request, lookup)
    number = decision.case
    if number is not None and request.reading.kind not in MACHINES:
        decision = decision.plus(*answers.tell_unseen(request, number), *_warn_of_reply_to(request, number))
    return decision.plus(
        *(Reconsider(fingerprint=known.fingerprint) for known in view.staff.overtaken_by if known.case is None)
    )


def on_own_message(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """A person's message, perhaps after a copy of it that proved less: the person waits since that came. If a machine
    had marked it, a case may have been opened for nobody, as by an unknown form: the message is decided as if it had
    not. The case is the person's then, or it is merged into the one that the message continues."""
    known = view.known
    if known is None:
        return on_citizen_message(policy, view, lookup, now)
    first = replace(lookup.arrived, received_at=min(known.received_at, lookup.received_at))
    lookup, opened = replace(lookup, arrived=first), view.cases.get(known.case or "")
    if opened is None or opened.first_message != known.fingerprint:
        return on_citizen_message(policy, view, lookup, now)
    if opened.answered_at is not None:
        record = RecordMessage(role=known.role, outcome=Outcome.DUPLICATE, kind=Kind.REQUEST, case=opened.number)
        return Decision(record=record, because=("answered-already",))
    others = {number: case for number, case in view.cases.items() if case.number != opened.number}
    unread = replace(view, cases=others, reserved=opened.number)
    decision = on_citizen_message(policy, unread, lookup, now)
    number = decision.case
    if number == opened.number:
        again = answers.opened_again(opened, {"status": Status.OPEN}) if opened.status is Status.CLOSED else ()
        return decision.plus(*again)
    closed: CaseColumns = {"status": Status.CLOSED, "closed_at": now, "close_reason": CloseReason.DUPLICATE}
    moved: tuple[Effect, ...] = (
        EndDeadlines(case=opened.number, how="withdrawn", at=now, kinds=get_args(DeadlineKind)),
        *((MergeCases(case=opened.number, into=number),) if number is not None else ()),
        UpdateCase(case=opened.number, columns=closed),
        AuditEvent(kind="merged", case=number or opened.number, data={"from": opened.number}),
    )
    return replace(decision, effects=(*moved, *decision.effects))


def genuine_copy(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """The message again, from the writer's own domain, after a copy that it disowned: the writer gets the
    acknowledgement which the copy did not, or a person hears why not, and the case is open again if it was closed for
    the copy. None = it is no such message, or it was acknowledged or answered."""
    known, case = view.known, view.cases.get((view.known and view.known.case) or "")
    if known is None or case is None or not known.disowned or known.acked:
        return None
    # Whether somebody has answered this message, or what was asked after it; a case that was closed as spam was closed
    # for the copy.
    answered = case.answered_at is not None
    if case.answered_at is not None and case.answered_at < known.received_at:
        answered = not case.running("answer") and case.close_reason is not CloseReason.SPAM
    if answered:
        return None
    if lookup.folder is not Folder.INTAKE or lookup.written.auth.dmarc is Dmarc.FAIL:
        return None
    request = _request(policy, view, lookup, now)
    why = acknowledgement.why_not(request)
    record = RecordMessage(role=known.role, outcome=Outcome.DUPLICATE, kind=Kind.REQUEST, case=case.number)
    effects: list[Effect] = []
    if not case.running("answer"):
        key, at = f"genuine:{known.fingerprint}", request.received_at
        effects += answers.start_deadline(policy, case.number, key=key, at=at, due_at=request.due_at)
        effects += answers.opened_again(case, {"status": Status.OPEN})
        effects.append(AuditEvent(kind="asked-anew", case=case.number))
    if why:
        effects.append(RequestReview(reason=why))
    else:
        facts, first = callbacks.acknowledgement_facts(request, case), known.fingerprint == case.first_message
        effects.append(ReviewDone(fingerprint=known.fingerprint))
        effects += acknowledgement.acknowledge(request, case.number, facts=facts, first=first)
    return Decision(record=record, effects=tuple(effects), because=("genuine-copy", *((why,) if why else ())))


def _request(policy: Policy, view: View, lookup: Lookup, now: datetime) -> CitizenRequest:
    return CitizenRequest(
        policy=policy,
        view=view,
        message=lookup.written,
        received_at=lookup.received_at,
        now=now,
        reading=replace(lookup.reading, kind=Kind.REQUEST) if lookup.forced else lookup.reading,
        author=lookup.author,
        forced=lookup.forced,
    )


def _warn_of_reply_to(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """Tell the agents that "Reply" would reach an address that nothing proves to be the writer's, if the writer has
    another case: somebody may want the answers to it."""
    asked, policy = unproven_reply_to(request.message), request.policy
    theirs = [case for case in request.view.cases.values() if asked and request.author in case.addresses]
    if not theirs or any(asked in case.addresses for case in theirs):
        return ()
    facts = {"address": cases.masked(asked), "received_at": request.received_at}
    key, kind = f"{MailKind.ANSWERS_ELSEWHERE}:{number}", MailKind.ANSWERS_ELSEWHERE
    return (
        AuditEvent(kind="answers-elsewhere", case=number),
        *notices.notify_agents(policy, key=key, kind=kind, now=request.now, case=number, facts=facts),
    )


def _by_case(request: CitizenRequest, lookup: Lookup) -> Decision:
    """By reference, subject or writer: a vote, a further message on a case, a case of its own, or nobody's."""
    policy, message = request.policy, request.message
    if sender.is_unknown_form(policy, message) and not request.forced:
        # The address in the text may be a stranger's choice, so it matches no case.
        return _open(request, parent=None, rule="form-of-an-unknown-sender")
    known = request.view.known if request.forced else None
    lies_on = request.view.cases.get(known.case or "") if known is not None else None
    if lies_on is not None:  # an agent calls a message of the case a request
        member = request.author in {lies_on.citizen} | lies_on.participants
        match = ThreadMatch(lies_on, "filed-there", guest=not member)
    else:
        match = match_case(message, request.view, frozenset((request.author,)), request.received_at)
    acknowledged_as, case = request.view.acknowledged_as, match.case
    if case is not None and acknowledged_as not in (None, case.number):
        # The database was lost since this message was acknowledged.
        return _open(request, parent=case.number, rule=f"{match.rule}; acknowledged as another case")
    voted: tuple[Effect, ...] = ()
    vote = survey.ballot(request, lookup, match)
    if vote is not None:
        case, voted = vote.case, survey.on_vote(request, vote)
        if not vote.asks:
            # It is filed on its case and changes nothing else there.
            record = replace(_record(request, case, vote.guest, vote.rule), kind=Kind.THANKS)
            secrets = acknowledgement.secret_on_case(request, case.number)
            return Decision(record=record, effects=(*secrets, *voted), because=(vote.rule, "vote"), counted=True)
        # What the reply asks besides is a request.
        request = replace(request, reading=replace(request.reading, kind=Kind.REQUEST))
        match = ThreadMatch(case, vote.rule, guest=vote.guest)
    elif case is None and survey.is_caseless(request, lookup):
        return _set_aside(request, Outcome.QUARANTINED, review.SURVEY_CASELESS)
    kind = request.reading.kind
    if kind is Kind.THANKS and case is not None and case.status is Status.WAITING and not message.features.adds_nothing:
        # What its writer says beside the thanks is what the case waits for.
        kind, request = Kind.REQUEST, replace(request, reading=replace(request.reading, kind=Kind.REQUEST))
    if case is not None:
        if not match.guest and kind not in MACHINES and acknowledgement.answers_offer(request):
            decision = _in_another_language(request, match, case)
        elif kind in ASKING_NOTHING or not _is_another_matter(request, case, match.rule):
            decision = _join(request, match, case)  # an autoresponder's subject is its own
        else:
            decision = _open(request, parent=case.number, rule=f"{match.rule}; child")
        return replace(decision.plus(*voted), counted=bool(voted))
    if kind is Kind.SPAM:
        return _set_aside(request, Outcome.SPAM, review.SUSPECTED)
    if kind in MACHINES:
        # Only the words look automatic, no header does, or there are none: a person decides, and nobody is answered by
        # mistake.
        mark = request.message.features.marked_as
        what = mark if mark in review.FILED_AS else kind
        return _set_aside(request, Outcome.QUARANTINED, f"{review.LOOKS_AUTOMATIC}: {what}")
    if kind is Kind.THANKS:
        return _thanks_without_reference(request)
    return _open(request, parent=match.parent, rule=match.rule)


# --- a message without a case ---------------------------------------------------------------------------


def _set_aside(request: CitizenRequest, outcome: Outcome, reason: str) -> Decision:
    record = RecordMessage(
        role=Role.CITIZEN, outcome=outcome, kind=request.reading.kind, rule=reason, author=request.author
    )
    return Decision(record=record, effects=(RequestReview(reason=reason),), because=(reason, *request.reading.because))


def _thanks_without_reference(request: CitizenRequest) -> Decision:
    """On the author's latest case, unless it refers to somebody else's message or case."""
    live = [case for case in request.view.cases.values() if case.citizen == request.author != ""]
    others = any(known.author != request.author for known in request.view.named)
    if request.message.auth.dmarc is Dmarc.FAIL:
        return _set_aside(request, Outcome.QUARANTINED, acknowledgement.DISOWNED)
    if not live or others or request.view.tokened:
        return _set_aside(request, Outcome.QUARANTINED, review.UNKNOWN_THANKS)
    case = max(live, key=lambda case: case.touched_at)
    return _file_on_case(request, case, Kind.THANKS, guest=False, rule="thanks; latest case")


def _open(request: CitizenRequest, *, parent: str | None, rule: str) -> Decision:
    """A case with its message, its response deadline and its author; what the message causes; its acknowledgement, or
    a person hears why there is none."""
    policy, author, fingerprint = request.policy, request.author, request.message.fingerprint
    year = calendar.local_day(request.received_at, policy).year
    number = request.view.reserved or tokens.case_number(policy, year, request.view.serial)
    due_at, ends_on = request.due_at, request.ends_on()
    effects: list[Effect] = [
        OpenCase(
            number=number,
            citizen=author,
            name=request.name,
            subject=request.message.subject,
            reading=request.reading,
            opened_at=request.received_at,
            due_at=due_at,
            parent=parent,
            ends_hour=request.ends_hour(request.reading.ends_on),
        ),
        *answers.start_deadline(
            policy, number, key=fingerprint, at=request.received_at, due_at=due_at, ends_on=ends_on
        ),
        UpdatePerson(address=author, name=request.name or None, lang=acknowledgement.wished_language(request)),
        AuditEvent(kind="opened", case=number, data={"rule": rule}),
        *_delayed(request, number),
        *acknowledgement.secret_on_case(request, number),
        *intents.by_message(request, number),
        *intents.propose_referral(request, number),
    ]
    why = acknowledgement.why_not(request)
    if why:
        effects.append(RequestReview(reason=why))
    else:
        facts = callbacks.acknowledgement_facts(request)
        effects += acknowledgement.acknowledge(request, number, facts=facts, first=True)
    effects += (*services.by_message(request, number), *incidents.joined(request, number))
    record = RecordMessage(
        role=Role.CITIZEN,
        outcome=Outcome.CASE,
        kind=Kind.REQUEST,
        case=number,
        rule=rule,
        author=author,
        reply_to=request.message.reply_to,
    )
    because = (rule, *request.reading.because, *((why,) if why else ()))
    return Decision(record=record, effects=tuple(effects), because=because)


def _delayed(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """The message was long in transit, so its author waits longer than the deadline says (R18)."""
    sent_at = request.message.sent_at
    if sent_at is None or not calendar.is_delayed(request.received_at, sent_at):
        return ()
    minutes = int((request.received_at - sent_at).total_seconds() // 60)
    return (AuditEvent(kind="delayed-in-transit", case=number, data={"minutes": minutes}),)


# --- a message on a case --------------------------------------------------------------------------------


def _is_another_matter(request: CitizenRequest, case: CaseView, rule: str) -> bool:
    """Whether it opens a child of this case: a reply to a case closed long ago, or a reference with another subject."""
    policy, message = request.policy, request.message
    if rule == ACKNOWLEDGED:
        return False
    last = survey.reply_until(policy, case) if case.status is Status.CLOSED else None
    if last is not None and calendar.local_day(request.received_at, policy) > last:
        return True
    by_reference = rule in ("our-message-id", "known-message-id")
    folded = fold_subject(message.subject)
    names_case = any(case.number in text for text in message.tokens) or is_reply(message.subject)
    return by_reference and not names_case and bool(folded) and folded != case.subject_key


def _in_another_language(request: CitizenRequest, match: ThreadMatch, case: CaseView) -> Decision:
    """The message asks for another language and for nothing else: the acknowledgement comes again, in that language.
    It opens no case again and starts no deadline."""
    record = replace(_record(request, case, False, match.rule), kind=Kind.THANKS)
    wished = UpdatePerson(address=request.author, lang=acknowledgement.wished_language(request))
    limited = case.sent.acks_today >= acknowledgement.ACKS_A_CASE_AND_DAY
    why = acknowledgement.why_not(request) or (acknowledgement.OVER_BUDGET if limited else "")
    again: tuple[Effect, ...] = (RequestReview(reason=why),)
    if not why:
        again = acknowledgement.repeat(request, case, facts=callbacks.standing_facts(request, case))
    return Decision(record=record, effects=(wished, *again), because=(match.rule, "asks-for-a-language"))


def _join(request: CitizenRequest, match: ThreadMatch, case: CaseView) -> Decision:
    """A further message on the case: what asks nothing is filed; a request waits with the one before it, was answered
    before we read it, or starts a deadline of its own."""
    kind, number, guest = request.reading.kind, case.number, match.guest
    # A warning of a secret in the message; an acknowledgement contains it, and machines and guests get none.
    warning = () if guest or kind in MACHINES else acknowledgement.warn_of_secret(request, number)
    if kind is not Kind.REQUEST and kind is not Kind.SPAM:
        return _file_on_case(request, case, kind, guest=guest, rule=match.rule).plus(*warning)
    columns: CaseColumns = {"touched_at": request.received_at}
    if case.status is Status.WAITING:  # it waited for the person, and is the desk's again
        columns["status"] = Status.OPEN
    effects: list[Effect] = [
        UpdateCase(case=number, columns=columns),
        EndDeadlines(case=number, how="withdrawn", at=request.received_at, kinds=(WAIT,)),
        UpdatePerson(address=request.author, name=request.name or None, lang=acknowledgement.wished_language(request)),
        *(() if guest else callbacks.wished(request, case)),
        *acknowledgement.secret_on_case(request, number),
        *_delayed(request, number),
    ]
    because = [match.rule, *request.reading.because]
    # A guest or another citizen may be answered alone, so their deadline does not stand for the citizen's own. Whoever
    # an agent calls a person waits for an answer of their own. A promise that began after this message was sent, since
    # an order before it was read late, stands for it only if it ends no later.
    promised = case.running("answer") if guest else case.promised(request.author)
    running = [one for one in promised if one.started_at <= request.received_at or one.due_at <= request.due_at]
    waits = any(not (guest and request.forced) or request.author in deadline.asked_from for deadline in running)
    # We may have read the answer to this message first. An out-of-office or an empty mail is none (R16).
    answers_to_it = (known for known in request.view.staff.overtaken_by if known.answers and known.case == number)
    after = (known for known in answers_to_it if known.received_at >= request.received_at)
    answer = None if waits else next(after, None)
    if answer is not None:
        # A deadline starts and is met at the time of the answer, so that the statistics count it. No mail is sent.
        key, at = request.message.fingerprint, answer.received_at
        effects += [
            *answers.start_deadline(request.policy, number, key=key, at=request.received_at, due_at=request.due_at),
            EndDeadlines(
                case=number,
                how="met",
                at=at,
                kinds=answers.met_by_answer(case, at),
                started_by=(key,) if case.others else (),
            ),
        ]
        because.append("answered-before-it-was-read")
    elif not waits:
        effects += _ask_again(request, case, guest=guest)
        because.append("asks-anew")
    elif not guest:
        effects += _term_named(request, case)
    effects += intents.by_message(request, number, case, answered=answer is not None)
    effects += _hand_over(request, case, alone=guest or answer is not None)
    if not any(isinstance(effect, Send) and effect.kind is MailKind.ACK for effect in effects):
        effects += warning
    record = _record(request, case, guest, match.rule)
    return Decision(record=record, effects=tuple(effects), because=tuple(because))


def _hand_over(request: CitizenRequest, case: CaseView, *, alone: bool) -> tuple[Effect, ...]:
    """To the technical services by its content, or to staff because the person writes again and again. `alone`: a
    guest's message, or one answered before we read it, says nothing about the level."""
    derived = () if alone else services.by_message(request, case.number, case)
    if derived:
        return (*derived, *incidents.joined(request, case.number))
    return became_complex(
        request.policy,
        case,
        message=request.message.fingerprint,
        at=request.received_at,
        due_at=request.due_at,
        away=request.view.away,
        now=request.now,
    )


def _term_named(request: CitizenRequest, case: CaseView) -> list[Effect]:
    """The person names a day while an answer is due already (R32)."""
    if (term := request.other_term(case)) is None:
        return []
    (ends_on, ends_hour), at, key = term, request.received_at, request.message.fingerprint
    return [
        UpdateCase(case=case.number, columns={"ends_on": ends_on, "ends_hour": ends_hour}),
        EndDeadlines(case=case.number, how="withdrawn", at=at, kinds=("remind",), level=answers.TERM),
        *answers.remind_of_term(request.policy, case.number, key=key, at=at, ends_on=ends_on),
    ]


def _record(request: CitizenRequest, case: CaseView, guest: bool, rule: str) -> RecordMessage:
    """Whoever writes in the citizen's name without proof gets no answer in the citizen's place: Reply-To does not count
    then. A guest is answered alone."""
    unproven = bool(unproven_reply_to(request.message)) and not guest
    return RecordMessage(
        role=Role.CITIZEN,
        outcome=Outcome.CASE,
        kind=request.reading.kind,
        case=case.number,
        guest=guest,
        rule=rule,
        author=request.author,
        reply_to="" if unproven else request.message.reply_to,
    )


def _file_on_case(request: CitizenRequest, case: CaseView, kind: Kind, *, guest: bool, rule: str) -> Decision:
    """Put it on the case without a deadline. The next summary names it, whatever the state of the case: nothing but its
    words say that nobody waits."""
    call = () if guest or kind is not Kind.THANKS else callbacks.wished(request, case)
    mark = request.message.features.marked_as
    reason = review.FILED_THANKS if kind is Kind.THANKS else review.FILED_AS.get(mark, review.FILED_AUTOMATIC)
    effects = (
        *call,
        *acknowledgement.secret_on_case(request, case.number),
        RequestReview(reason=reason),
    )
    record = _record(request, case, guest, rule)
    return Decision(record=record, effects=effects, because=(rule, *request.reading.because))


def _ask_again(request: CitizenRequest, case: CaseView, *, guest: bool) -> list[Effect]:
    """A question after the answer starts its own deadline (R23). A guest's does too, but no automatic mail is sent
    unless an agent calls it a person's."""
    due = request.due_at
    status = Status.DERIVED if case.status is Status.DERIVED else Status.OPEN
    key, at = request.message.fingerprint, request.received_at
    ends_on = None if guest else request.ends_on(case.term.ends_on)
    columns: CaseColumns = {"status": status}
    if not guest:
        columns |= {"ends_on": ends_on, "ends_hour": request.ends_hour(ends_on, case)}
    effects: list[Effect] = [
        *answers.start_deadline(request.policy, case.number, key=key, at=at, due_at=due, ends_on=ends_on),
        *answers.opened_again(case, columns),
        AuditEvent(kind="asked-anew", case=case.number),
    ]
    why = "" if guest and not request.forced else acknowledgement.why_not(request)
    if why == acknowledgement.DISOWNED:
        effects.append(RequestReview(reason=why))
    elif (request.forced or not guest) and case.sent.acks_today < acknowledgement.ACKS_A_CASE_AND_DAY and not why:
        facts = {
            **callbacks.acknowledgement_facts(request, case),
            "still_fails": request.message.features.still_fails,
            "ends_on": ends_on,
            "ends_hour": request.ends_hour(ends_on, case),
        }
        effects += acknowledgement.acknowledge(request, case.number, facts=facts, first=False)
    return effects


# --- Which case ------------------------------------------------------------------------------------------------------
# A new mail of the desk to a citizen with several open cases: the agents are asked by one mail which one it answers.
# Until one of them says, no deadline is met and the mail is on the review list; it then counts from the moment when it
# was written. Nobody without proof chooses.

CHOICE_SUBJECT = 100
"""Characters of its subject by which the desk knows its own mail."""
CHOICE_REASON = "which-case"  # on the review list
NO_CHOICE = "none"
"""What is remembered instead of cases once an agent has said that the mail is about none."""
_NONE = frozenset(
    (
        *("cap", "cap cas", "cap d'ells", "cap dels dos", "ningu", "altra cosa"),
        *("ninguno", "ningun caso", "ninguno de ellos", "otra cosa", "none", "no case", "none of them"),
    )
)


def ask_which_case(policy: Policy, lookup: Lookup, cases: Sequence[CaseView], role: Role, now: datetime) -> Decision:
    """Set the mail aside and ask the agents; once, by its key."""
    fingerprint = lookup.message.fingerprint
    record = RecordMessage(role=role, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule=CHOICE_REASON)
    rows = tuple(
        notices.case_row(
            case.number,
            opened_at=case.opened_at,
            due_at=notices.due_at(case),
            status=str(case.status),
            topic=case.topic,
        )
        for case in sorted(cases, key=lambda case: case.opened_at)
    )
    subject = "" if lookup.message.secrets else lookup.message.subject[:CHOICE_SUBJECT]
    asked = notices.notify_agents(
        policy,
        key=f"{MailKind.WHICH_CASE}:{fingerprint}",
        kind=MailKind.WHICH_CASE,
        now=now,
        facts={"cases": rows, "received_at": lookup.received_at, "subject": subject},
    )
    listed = Remember(name=UNPLACED + fingerprint, value=" ".join(str(row["case"]) for row in rows))
    return Decision(
        record=record, effects=(RequestReview(reason=CHOICE_REASON), listed, *asked), because=(CHOICE_REASON,)
    )


def is_asked_which_case(view: View) -> bool:
    """Whether the message replies to our question."""
    return view.staff.unplaced is not None and any(mail.kind is MailKind.WHICH_CASE for mail in view.mails)


def on_choice(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """What an agent's reply to the question says on its first line; None = it gives orders instead."""
    assert view.staff.unplaced is not None
    line = next((line.strip() for line in lookup.message.typed.splitlines() if line.strip()), "")
    year = calendar.local_day(lookup.received_at, policy).year
    named = order_words.numbers_in_line(policy, line, year)
    none = order_words.folded(line).strip(" .!,;#") in _NONE
    if not named and not none and order_words.read_orders(line):
        return None
    verb, detail = ("other_matter", "") if none else ("answers_case", line[:40])
    chosen = [NO_CHOICE] if none else [number for number in named if number in view.staff.unplaced.cases]
    effects: tuple[Effect, ...] = ()
    reason = "" if len(chosen) == 1 else "not-in-the-list"
    try:
        effects = () if reason else place_choice(policy, view, chosen[0], now)
    except Refused as refused:
        reason = refused.reason
    row = {"verb": verb, "detail": detail, "done": not reason, "reason": reason}
    key = key_of_reply(lookup, view.staff.unplaced.fingerprint, line)
    mails = transcript(policy, lookup, None, now, key=key, rows=[row])
    record = RecordMessage(role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, rule="chooses-a-case")
    return Decision(
        record=record, effects=(*effects, *mails), because=("chooses-a-case", *([reason] if reason else ()))
    )


def place_choice(policy: Policy, view: View, number: str, now: datetime) -> tuple[Effect, ...]:
    """The mail of `view.staff.unplaced` answers the case `number`, or none of them (NO_CHOICE).

    Raises Refused if an agent has said so before, or the case no longer exists.
    """
    mail = view.staff.unplaced
    if mail is None or not mail.waits:
        raise Refused("this was decided before", "decided-already")
    key = mail.fingerprint
    if number == NO_CHOICE:
        filed = PlaceMessage(fingerprint=key, case=None, outcome=Outcome.STAFF)
        return (filed, Remember(name=UNPLACED + key, value=NO_CHOICE))
    case = view.cases.get(number)
    if case is None:
        raise Refused("there is no such case", "not-in-the-list")
    placed = PlaceMessage(fingerprint=key, case=case.number, outcome=Outcome.CASE)
    if mail.undelivered is not None and concerns(policy, mail.undelivered, case.citizen):
        returned = answers.undelivered(policy, case, at=mail.received_at, key=key, now=now, answer=key)
        return (placed, *returned)
    return (placed, *answers.answered(policy, case, at=mail.received_at, key=key, how="chosen-by-an-agent"))


# --- Third person ----------------------------------------------------------------------------------------------------
# An agent forwarded a message to somebody who is neither staff nor the citizen, such as another department, and that
# person replies. Evidence is the Message-ID of the forward in Sent, named by the address that it went to. The reply is
# filed like a colleague's remark; nothing of it goes to the citizen, and nothing automatic to its writer.

THIRD_PERSON = "third-person"
_FORWARDED = regex(rf"\s*(?:{FORWARD}|{RARE_FORWARD})\s?:", re.IGNORECASE)


def has_forward_subject(lookup: Lookup) -> bool:
    """By its subject. Who replies to any other mail may be the citizen at another address, and wait for an answer."""
    return _FORWARDED.match(lookup.message.subject) is not None


def third_person_asked(view: View, lookup: Lookup) -> tuple[Remember, ...]:
    """Remember who got the case, of a mail about it that went to none of its citizens; () = no forward in Sent, or one
    of the office's own answer, which asks nobody: it may have gone to another address of the citizen."""
    # What it forwards is the last message that it names (RFC 5322, 3.6.4).
    last = lookup.message.refs[-1:]
    answer = any(known.role is Role.AGENT and known.message_id in last for known in view.named)
    if lookup.folder is not Folder.SENT or not lookup.outsiders or not has_forward_subject(lookup) or answer:
        return ()
    people = sorted(lookup.outsiders)[:WRITERS_MOST]
    return (Remember(name=FORWARDED_TO + lookup.message.fingerprint, value=" ".join(people)),)


def third_person_replied(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """None = the message is no such reply, or one of somebody who may wait for an answer."""
    message, case = lookup.message, view.cases.get(view.staff.forwarded_case or "")
    if case is None or message.sender in case.addresses | case.others or message.auth.dmarc is Dmarc.FAIL:
        return None
    # Whether the writer has asked something of late, on a case that is not closed.
    asked = (view.cases.get(known.case or "") for known in view.recent if known.role is Role.CITIZEN)
    open_too = any(other is not None and other.status is not Status.CLOSED for other in asked)
    if view.acknowledged_as is not None or open_too:
        return None
    record = RecordMessage(
        role=Role.TECHNICAL, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=case.number, rule=THIRD_PERSON
    )
    mails = notices.notify(
        policy,
        notices.assigned(policy, case.assignee, view.away),
        key=f"{MailKind.SERVICES}:{message.fingerprint}",
        kind=MailKind.SERVICES,
        now=now,
        case=case.number,
        facts={"said": THIRD_PERSON},
        attach=message.fingerprint,
    )
    return Decision(record=record, effects=mails, because=(THIRD_PERSON,))


# --- In junk ---------------------------------------------------------------------------------------------------------
# Mail in the junk folder is counted, and an agent is shown what reads as a person's. Nothing else follows: who filled
# the folder, a filter or a person, is not known. An agent's `ÉS PERSONA` makes a request of it, with the day of its
# arrival; what a person takes out is new where it then lies (core/decide.py).

_NO_PERSON = (*MACHINES, Kind.SPAM)


def on_junk(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """The card names nobody; it goes to the agents once a message."""
    message = lookup.message
    if not reads_as_a_persons(view, lookup):
        counted = RecordMessage(
            role=Role.ROBOT, outcome=Outcome.AUTOMATIC, kind=Kind.SPAM, rule=review.IN_JUNK, kept=False
        )
        return Decision(record=counted, because=(review.IN_JUNK,))
    record = RecordMessage(
        role=lookup.sender.role,
        outcome=Outcome.SPAM,
        kind=lookup.reading.kind,
        rule=review.IN_JUNK,
        author=lookup.author,
    )
    facts = {
        "ref": message.fingerprint[: review.SHORT_REF],
        "received_at": lookup.received_at,
        "opening": message.fresh or message.subject,
    }
    key = f"{MailKind.IN_JUNK}:{message.fingerprint}"
    card = notices.notify_agents(policy, key=key, kind=MailKind.IN_JUNK, now=now, facts=facts)
    return Decision(
        record=record,
        effects=(RequestReview(reason=review.IN_JUNK), *card),
        because=(review.IN_JUNK, *lookup.reading.because),
    )


def reads_as_a_persons(view: View, lookup: Lookup) -> bool:
    """Whether proven staff wrote it, or a citizen whose words are no machine's and no advertisement, or who continues a
    case. Mail in the name of the office or of staff without a proof is what such folders are for."""
    if lookup.sender.role is not Role.CITIZEN:
        return lookup.sender.proven
    known = match_case(lookup.message, view, frozenset((lookup.author,)), lookup.received_at).case is not None
    return known or lookup.reading.kind not in _NO_PERSON
