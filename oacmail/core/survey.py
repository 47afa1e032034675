"""The survey after a case is closed, and the votes that come back (R30; docs/requirements.md section 6, G and H).

There is no reminder. A vote alone never opens a case again. No text of a citizen leaves this module.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from oacmail.core import calendar, notices, review
from oacmail.core.cases import CitizenRequest, can_be_told, notice
from oacmail.core.effects import AuditEvent, DeadlineReached, Decision, Effect, RecordVote, RequestReview, StartDeadline
from oacmail.core.kinds import MailKind
from oacmail.core.lookup import Lookup
from oacmail.core.model import CLOSINGS, MACHINES, CloseReason, Dmarc, Intent, Kind, Status
from oacmail.core.policy import Policy
from oacmail.core.threading import ThreadMatch
from oacmail.core.tokens import vote_links
from oacmail.core.view import CaseView, Deadline

# --- Survey ----------------------------------------------------------------------------------------------------------
# It leaves at the first opening after the close, once a case, and never to an address that was asked within
# `survey.per_address_days` or who has a complaint or a request of rights in course. A case that is open
# again by then gets none.

SURVEY: Final = "survey"  # the kind of deadline
SILENCE = "silence"
NOT_ASKED = (Intent.COMPLAINT, Intent.DATA_RIGHTS)
"""Who complains, or exercises a right, has not asked for help that could be rated."""


def start_survey(
    policy: Policy, case: CaseView, *, reason: CloseReason, silent: bool = False, now: datetime
) -> tuple[Effect, ...]:
    """The moment at which the citizen of a case that is closed now is asked. `silent`: nobody has closed it."""
    if not policy.survey.enabled or not CLOSINGS[reason].surveyed:
        return ()
    return (
        StartDeadline(
            started_by=f"{SILENCE if silent else reason}:{case.number}:{now.isoformat()}",
            kind=SURVEY,
            case=case.number,
            started_at=now,
            due_at=calendar.next_opening_after(now, policy),
        ),
    )


def surveys(
    policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], spared: frozenset[str], now: datetime
) -> list[Effect]:
    """The surveys that are due. `spared`: addresses that are not asked now."""
    if not calendar.in_hours(now, policy):
        return []
    effects: list[Effect] = []
    asked = set(spared)
    for case, deadline in reached:
        effects.append(DeadlineReached(started_by=deadline.started_by, kind=SURVEY, level=deadline.level, at=now))
        if _may_ask(policy, case, deadline, now) and case.citizen not in asked:
            asked.add(case.citizen)
            facts: dict[str, object] = {
                "silent": deadline.started_by.startswith(f"{SILENCE}:"),
                "reopen_on": reply_until(policy, case),
                "votes": vote_links(policy, case.number),
            }
            key = f"{MailKind.SURVEY}:{case.number}:{calendar.local_day(deadline.started_at, policy)}"
            effects += [
                notice(policy, case, MailKind.SURVEY, key=key, facts=facts, now=now),
                AuditEvent(kind="survey", case=case.number),
            ]
    return effects


def _may_ask(policy: Policy, case: CaseView, deadline: Deadline, now: datetime) -> bool:
    """Whether it is still the close after which the survey was to be sent, and the case is one of those whose citizens
    are asked. Who can no longer reply on the case is asked nothing."""
    last = reply_until(policy, case)
    return (
        policy.survey.enabled
        and case.status is Status.CLOSED
        and case.closed_at == deadline.started_at
        and case.close_reason is not None
        and CLOSINGS[case.close_reason].surveyed
        and case.answered_at is not None
        and case.intent not in NOT_ASKED
        and case.sent.surveyed_at is None
        and can_be_told(policy, case)
        and (last is None or calendar.local_day(now, policy) <= last)
    )


def reply_until(policy: Policy, case: CaseView) -> date | None:
    """The last local day on which a reply opens the case again (R23); None = any day."""
    if case.closed_at is None or not policy.deadlines.reopen_days:
        return None
    return calendar.working_day_after(case.closed_at, policy.deadlines.reopen_days, policy)


# --- Votes -----------------------------------------------------------------------------------------------------------
# A vote is signed if its writer takes part in the case, was not disowned by their own domain (DMARC), and was shown
# the survey: the mail has a token of the survey's links or names its Message-ID, which nobody can guess. Any other
# number on a case whose citizen was asked is counted apart. The last vote within `VOTE_DAYS` counts; a later one is
# filed on its case and counts for nothing. Machines, staff and spam have no vote.

VOTE_DAYS = 30
"""How long after the survey a vote counts."""
LOW_SCORE = 2
"""A score up to which the supervisor is told the same day."""
_NO_VOTERS = (*MACHINES, Kind.SPAM)


class Ballot(Struct, frozen=True, kw_only=True):
    """A reply to the survey of `case`. `score`: 1 to 5, 0 = it has no mark, or (`unclear`) it cannot be told which;
    `rule`: how it was recognised; `guest`: its writer does not take part in the case; `asks`: it is a request besides;
    `says_more`: it has words that are not thanks; `late`: it counts for nothing."""

    case: CaseView
    score: int
    unclear: bool
    signed: bool
    rule: str
    guest: bool
    asks: bool
    says_more: bool
    late: bool


def ballot(request: CitizenRequest, lookup: Lookup, match: ThreadMatch) -> Ballot | None:
    """The vote in this message; None = it has none. `match`: the case that it belongs to by the usual rules."""
    words = lookup.written.features.vote
    if words is None or request.reading.kind in _NO_VOTERS or request.forced:
        return None
    cases = request.view.cases
    asked = (token for token in lookup.voted if _was_asked(cases.get(token.case)))
    # The first that came in time, else a late one.
    token = min(asked, key=lambda token: _is_late(request, cases[token.case]), default=None)
    case = cases[token.case] if token else match.case
    if case is None or not _was_asked(case):
        return None
    score = words.score or (token.score if token and not words.unclear else 0)
    member = request.author in {case.citizen} | case.participants | case.reply_to
    named = any(mail.kind is MailKind.SURVEY and mail.case == case.number for mail in request.view.mails)
    shown = token is not None or named
    late, asks = _is_late(request, case), words.beside == "asks" or bool(request.message.attachments)
    if late and (asks or words.beside == "words" or not score or not shown):
        return None
    if not (score or words.unclear) or not (member or shown):
        return None
    return Ballot(
        case=case,
        score=score,
        unclear=words.unclear,
        signed=member and shown and request.message.auth.dmarc is not Dmarc.FAIL,
        rule="vote-token" if token else match.rule,
        guest=not member,
        asks=asks,
        says_more=words.beside == "words",
        late=late,
    )


def is_caseless(request: CitizenRequest, lookup: Lookup) -> bool:
    """Whether it is a vote by link and nothing else, and its case is not known any more: it was erased."""
    words = lookup.written.features.vote
    alone = words is not None and words.beside in ("", "thanks") and not request.message.attachments
    return bool(lookup.voted) and alone and request.reading.kind not in _NO_VOTERS and not request.forced


def _was_asked(case: CaseView | None) -> bool:
    return case is not None and case.sent.surveyed_at is not None


def _is_late(request: CitizenRequest, case: CaseView) -> bool:
    assert case.sent.surveyed_at is not None
    return request.received_at - case.sent.surveyed_at > timedelta(days=VOTE_DAYS)


def on_vote(request: CitizenRequest, vote: Ballot) -> tuple[Effect, ...]:
    """The vote, the notice of a low one, and the review of what cannot be told."""
    if vote.late:
        return ()
    case, number, policy = vote.case, vote.case.number, request.policy
    is_read = vote.asks or bool(case.running("answer"))  # by whoever answers the case
    if not vote.score:
        return (RequestReview(reason=review.SURVEY_UNCLEAR),) if vote.unclear and not is_read else ()
    mails: tuple[Effect, ...] = ()
    if vote.score <= LOW_SCORE:  # the supervisor is told once a case
        mails = notices.notify(
            policy,
            policy.people.supervisor,
            key=f"{MailKind.LOW_SCORE}:{number}",
            kind=MailKind.LOW_SCORE,
            now=request.now,
            case=number,
            facts={**notices.case_card(case, notices.due_at(case)), "score": vote.score, "signed": vote.signed},
        )
    return (
        RecordVote(case=number, score=vote.score, signed=vote.signed, at=request.received_at),
        AuditEvent(kind="voted", case=number, data={"score": vote.score, "signed": int(vote.signed)}),
        *mails,
        *((RequestReview(reason=review.SURVEY_COMMENT),) if vote.says_more and not is_read else ()),
    )


def refuse_vote(lookup: Lookup, decision: Decision) -> tuple[Effect, ...]:
    """A line of the event log for a token that counted for nothing: a forged one, staff's, a machine's, a late one."""
    if not lookup.message.vote_tokens or decision.counted:
        return ()
    why = "forged" if not lookup.voted else str(lookup.sender.role)
    return (AuditEvent(kind="vote-refused", data={"why": why}),)
