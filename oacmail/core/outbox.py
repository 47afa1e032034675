"""What becomes of a mail after it was decided: it waits for room, leaves, arrives, is refused, or nobody knows.

Limits of notices, acknowledgements that wait, results and doubtful deliveries, an admin's orders and the canary.
It never writes the text of a mail and never opens a connection.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter

from msgspec.structs import replace

from oacmail.core import answers, calendar, relayed
from oacmail.core.canary import KEY, LastCanary, envelope_of, key_of, moment_of
from oacmail.core.effects import (
    AuditEvent,
    Decision,
    DeliveryResult,
    Effect,
    OutboxCommand,
    Quoted,
    Remember,
    Send,
    SendWithoutOriginal,
    UpdateOutbox,
)
from oacmail.core.errors import Refused
from oacmail.core.kinds import (
    IN_SERVICE_HOURS,
    KINDS,
    LIMITED_NOTICES,
    OF_THE_DAY,
    TO_OTHER_OFFICES,
    IfUncertain,
    MailEvent,
    MailKind,
    applies,
)
from oacmail.core.model import Folder
from oacmail.core.notices import Facts, case_row, notify, undelivered_notices
from oacmail.core.policy import Policy, mailbox
from oacmail.core.rate_limits import is_public, may_leave, refuses_everybody, registrable
from oacmail.core.stored_values import ALERT, CANARY_BACK, CANARY_SENT
from oacmail.core.tokens import RETURNED, Signature, envelope_senders, mark
from oacmail.core.view import (
    Cases,
    DeferredAcknowledgement,
    DeferredNotice,
    DeferredView,
    DeliveryView,
    Noticed,
    OutgoingView,
    ProblemsView,
    RateUsage,
    Released,
    UncertainDelivery,
)

# --- Notice limits ---------------------------------------------------------------------------------------------------
# A flood of messages must not bury the agents or delay mail to citizens: `with_limits` defers notices, `list_notices`
# names their cases in lists. Notices that an admin's command, an agent's order or other proven mail of staff causes
# are not limited.

NOTICE_BUDGET = "notice"  # in the outbox's column of that name
MOST_LISTED = 200  # lines of a list: a longer mail could not be read, and no relay would take it
MOST_ORIGINALS = 20  # of a list to an office that cannot open the mailbox
NOTICE_LISTED = "listed"  # the reason of a dropped notice: a list has named its case
NOTICE_ALERT = f"{ALERT}notice-budget"


def limited_kinds(decision: Decision) -> set[MailKind]:
    """Return the kinds of the decision's notices that have a limit."""
    sends = (effect for effect in decision.effects if isinstance(effect, Send))
    return {send.kind for send in sends if send.kind in LIMITED_NOTICES}


def with_limits(policy: Policy, noticed: Sequence[Noticed], author: str, decision: Decision) -> Decision:
    """Return the decision with each notice counted and those above a limit deferred. `author`: who wrote the message,
    '' = no message caused the decision."""
    full = {kind for kind in limited_kinds(decision) if not _has_room(policy, kind, author, noticed)}
    effects = tuple(
        replace(effect, budget=NOTICE_BUDGET, release=None if effect.kind in full else effect.release)
        if isinstance(effect, Send) and effect.kind in LIMITED_NOTICES
        else effect
        for effect in decision.effects
    )
    return replace(decision, effects=effects)


def _has_room(policy: Policy, kind: MailKind, author: str, before: Sequence[Noticed]) -> bool:
    """Check the limits of an hour: those of the kind, and within it of the mailbox that wrote."""
    same = [notice for notice in before if notice.kind == kind]
    of_author = _count(notice for notice in same if mailbox(notice.author) == mailbox(author))
    limit = policy.budgets.per_address_hour if author else 0
    return _count(same) < policy.deadlines.digest_above and (not limit or of_author < limit)


def _count(some: Iterable[Noticed]) -> int:
    return sum(notice.count for notice in some)


def list_notices(
    policy: Policy, items: Sequence[DeferredNotice], alerted: Mapping[str, datetime], now: datetime
) -> list[Effect]:
    """Send one list of each kind to each recipient and one alert to the operator, in service hours, once an hour."""
    if not items or _was_alerted(alerted, NOTICE_ALERT, now) or not calendar.in_hours(now, policy):
        return []
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    effects: list[Effect] = []
    for (kind, recipient), group in groupby(sorted(items, key=_list_of), key=_list_of):
        listed = sorted(group, key=lambda item: (item.created_at, item.key))
        cases = {item.case: item for item in listed if item.case}
        rows = tuple(
            case_row(item.case, opened_at=item.opened_at, due_at=item.due_at, status=item.status, topic=item.topic)
            for item in list(cases.values())[:MOST_LISTED]
        )
        # The first message of each case, newest first, for readers who cannot look into the mailbox.
        newest = reversed([item for item in cases.values() if item.first_message]) if kind in TO_OTHER_OFFICES else ()
        effects += notify(
            policy,
            (recipient,),
            key=f"{MailKind.NOTICE_LIST}:{kind}:{stamp}",
            kind=MailKind.NOTICE_LIST,
            now=now,
            facts={"what": kind, "count": len(listed), "cases": rows, "more": max(len(cases) - MOST_LISTED, 0)},
            conversation=tuple(
                Quoted(message=item.first_message, heading=item.case) for item in islice(newest, MOST_ORIGINALS)
            ),
        )
        effects += [UpdateOutbox(key=item.key, event=MailEvent.DROPPED, error=NOTICE_LISTED) for item in listed]
    messages = {(item.kind, item.message) for item in items}
    of_kind = Counter(kind for kind, _ in messages)
    facts = {
        "code": f"notice-budget:{len(messages)}",
        "since": min(item.created_at for item in items),
        "lines": tuple(f"{kind}: {of_kind[kind]}" for kind in sorted(of_kind)),
    }
    return [*effects, *_alert(policy, f"{NOTICE_ALERT}:{stamp}", facts, now), Remember(name=NOTICE_ALERT, value=stamp)]


def _list_of(item: DeferredNotice) -> tuple[MailKind, str]:
    """What the notices of one list have in common: kind and recipient."""
    return item.kind, item.recipient


# --- Deferred acknowledgements ---------------------------------------------------------------------------------------
# Acknowledgements wait for room in their budget. Each domain has its turn, so that a flood uses up its own share only;
# all unknown domains take one turn together, since a flood can forge ever new ones. None is dropped but for a case
# that is answered or closed.

BUDGET_ALERT = f"{ALERT}ack-budget"
_Share = tuple[str, str]
"""What an acknowledgement uses: `mailbox`, `unproven`, `domain` or `budget`, and its name."""
_Ranked = tuple[tuple[bool, int, datetime], DeferredAcknowledgement]


def release_deferred(
    policy: Policy, deferred: DeferredView, alerted: Mapping[str, datetime], now: datetime
) -> list[Effect]:
    items = deferred.acknowledgements
    waiting = [item for item in items if not item.answered]
    dropped = [UpdateOutbox(key=item.key, event=MailEvent.DROPPED) for item in items if item.answered]
    released: list[DeferredAcknowledgement] = []
    used: Counter[_Share] = Counter()
    for item in in_order_of_release(deferred, waiting):
        # What was spent before, and of the shares of this one by what this tick has released.
        before = deferred.spent[item.recipient]
        name, of_domain = mailbox(item.recipient), ("domain", _sender_domain(item))
        proven = before.of_mailbox(item.budget) is before.mailbox
        of_mailbox = ("mailbox" if proven else "unproven", name)
        spent = RateUsage(
            mailbox=_with_released(before.mailbox, used["mailbox", name]),
            unproven=_with_released(before.unproven, used["unproven", name]),
            domain=_with_released(before.domain, used[of_domain]),
            unverified=_with_released(before.unverified, used["budget", "unverified"]),
        )
        if may_leave(policy, item.budget, item.recipient, spent):
            released.append(item)
            known = item.budget in ("known", "claimed")
            used.update((of_mailbox,) if known else (of_mailbox, of_domain, ("budget", item.budget)))
    leaves = [UpdateOutbox(key=item.key, event=MailEvent.RESCHEDULED, next_at=now) for item in released]
    # The operator hears once an hour that acknowledgements wait.
    left = len(waiting) - len(released)
    if not left or _was_alerted(alerted, BUDGET_ALERT, now):
        return [*dropped, *leaves]
    facts = {"code": f"ack-budget:{left}", "since": min(item.created_at for item in items)}
    key = f"{BUDGET_ALERT}:{now.strftime('%Y%m%dT%H%M%SZ')}"
    return [*dropped, *leaves, *_alert(policy, key, facts, now), Remember(name=BUDGET_ALERT, value=str(left))]


def in_order_of_release(deferred: DeferredView, items: list[DeferredAcknowledgement]) -> list[DeferredAcknowledgement]:
    """Newcomers first, then all others; of each the line that has had fewest in the day, there the domain that has had
    fewest, with its oldest. A line is a domain, or '': all strangers' domains."""
    lines: dict[str, list[_Ranked]] = {}
    for domain, group in groupby(sorted(items, key=_sender_domain), key=_sender_domain):
        for turn, item in enumerate(sorted(group, key=lambda item: item.created_at)):
            spent = deferred.spent[item.recipient]
            known = domain in deferred.acquainted or is_public(item.recipient)
            rank = (spent.of_mailbox(item.budget).day > 0, spent.domain.day + turn, item.created_at)
            lines.setdefault(domain if known else "", []).append((rank, item))
    ranked: list[_Ranked] = []
    for line, members in lines.items():
        for turn, ((late, of_domain, since), item) in enumerate(sorted(members, key=itemgetter(0))):
            ranked.append(((late, of_domain if line else deferred.strangers + turn, since), item))
    return [item for _, item in sorted(ranked, key=itemgetter(0))]


def _sender_domain(item: DeferredAcknowledgement) -> str:
    return registrable(item.recipient)


def _with_released(share: Released, count: int) -> Released:
    return replace(share, hour=share.hour + count, day=share.day + count)


# --- Uncertain deliveries --------------------------------------------------------------------------------------------
# The rules: docs/subjects.md, "Uncertain deliveries"; of each kind: core/kinds.py. A missing copy alone proves nothing:
# a relay that filters for eight seconds delivers after the connection has ended. A mail counts as not sent only if
# mails sent well after it have their copies and it has none.

PATH_MEMORY = timedelta(days=7)
PATH_BROKEN = timedelta(hours=4)
BEFORE_DUE = timedelta(hours=1)
NO_COPY = {IfUncertain.RESEND_ALWAYS: timedelta(hours=1), IfUncertain.RESEND: timedelta(minutes=15)}
OVERTAKERS = 2
OUT_OF_DATE = "out-of-date"  # the reason of an uncertain mail that is not sent again: it is no longer true


def wants_copy(policy: Policy, kind: MailKind, recipient: str) -> bool:
    """Whether the office gets a copy: of mail to anybody but staff, and of few kinds to staff. A probe must come back
    by itself."""
    if recipient in policy.office.own or kind is MailKind.PROBE:
        return False
    return KINDS[kind].copy_of_staffs or recipient not in policy.people.staff


def settle_uncertain(policy: Policy, uncertain: Iterable[UncertainDelivery], now: datetime) -> list[Effect]:
    return [effect for delivery in uncertain for effect in _settle(policy, delivery, now)]


def _settle(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    if not delivery.copy_expected:
        return _without_copy(policy, delivery, now)
    patience = timedelta(seconds=policy.sending.uncertain_seconds)
    age = now - delivery.data_at
    read_since = delivery.synced_at is not None and delivery.synced_at >= delivery.data_at + patience
    if delivery.path_proven_at is None:
        return _without_copy(policy, delivery, now) if read_since else []
    if now - delivery.path_proven_at <= PATH_MEMORY and delivery.overtaken >= OVERTAKERS:
        return _not_sent(policy, delivery, now, "overtaken") if read_since else []
    pressing = delivery.due_at is not None and now >= delivery.due_at - BEFORE_DUE
    if read_since and (age >= PATH_BROKEN or pressing):
        settle = _not_sent if _always_resent(delivery) else _hold
        return settle(policy, delivery, now, "self-copies-do-not-arrive")
    if age < probe_after(policy) or delivery.probed:
        return []
    # Two mails to ourselves where there is no traffic, once for each uncertain delivery, by their keys.
    return [
        Send(
            key=f"{probe_key(delivery.key, delivery.tries)}{turn}",
            kind=MailKind.PROBE,
            lang=policy.office.languages[0],
            recipient=policy.office.address,
            release=now,
        )
        for turn in range(OVERTAKERS)
    ]


def probe_after(policy: Policy) -> timedelta:
    """Return how much later than the uncertain one a mail must be sent for its copy to count as evidence."""
    return timedelta(seconds=min(60, policy.sending.uncertain_seconds))


def probe_key(key: str, tries: int) -> str:
    """Return the beginning of the keys of the probes for this uncertain delivery."""
    return f"probe:{key}:{tries}:"


def _without_copy(policy: Policy, delivery: UncertainDelivery, now: datetime) -> list[Effect]:
    rule = KINDS[delivery.kind].if_uncertain
    if rule is IfUncertain.DROP:
        return _drop(delivery)
    if rule is IfUncertain.HOLD:
        return _hold(policy, delivery, now, "no-copy-to-wait-for")
    return _not_sent(policy, delivery, now, "no-copy-to-wait-for") if now - delivery.data_at >= NO_COPY[rule] else []


def _always_resent(delivery: UncertainDelivery) -> bool:
    return KINDS[delivery.kind].if_uncertain is IfUncertain.RESEND_ALWAYS


def _not_sent(policy: Policy, delivery: UncertainDelivery, now: datetime, why: str) -> list[Effect]:
    """Send the same bytes once more; a second time the mail is held. What is no longer true is dropped, and after an
    answer no acknowledgement is needed."""
    if delivery.out_of_date:
        return _drop(delivery, OUT_OF_DATE)
    if delivery.tries > 1:
        return _hold(policy, delivery, now, why)
    if _always_resent(delivery) and delivery.due_at is None:
        return _drop(delivery, why)
    return [
        UpdateOutbox(key=delivery.key, event=MailEvent.RESENT, next_at=now),
        AuditEvent(kind="sent-again", data={"mail": delivery.kind, "why": why}),
    ]


def _drop(delivery: UncertainDelivery, why: str | None = None) -> list[Effect]:
    return [UpdateOutbox(key=delivery.key, event=MailEvent.DROPPED, error=why)]


def _hold(policy: Policy, delivery: UncertainDelivery, now: datetime, why: str) -> list[Effect]:
    if delivery.out_of_date:
        return _drop(delivery, OUT_OF_DATE)
    return _held(policy, delivery.key, delivery.kind, delivery.data_at, now, why)


def _held(policy: Policy, key: str, kind: MailKind, since: datetime | None, now: datetime, why: str) -> list[Effect]:
    """A person says what becomes of it, and the operator is told."""
    return [
        UpdateOutbox(key=key, event=MailEvent.HELD, error=why),
        AuditEvent(kind="held", data={"mail": kind, "why": why}),
        *_alert(policy, f"held:{key}", {"code": "held", "since": since, "lines": (why,)}, now),
    ]


# --- Night and alerts ------------------------------------------------------------------------------------------------

ALERT_AFTER = timedelta(minutes=5)  # a problem that is over sooner alerts nobody
ALERT_EVERY = timedelta(hours=1)  # of mail that waits for room


def overnight(policy: Policy, notices: Iterable[tuple[str, MailKind]], now: datetime) -> list[Effect]:
    """Notices that the relay did not accept in time wait for the morning; those of the day are dropped."""
    return [
        UpdateOutbox(key=key, event=MailEvent.DROPPED)
        if kind in OF_THE_DAY
        else UpdateOutbox(key=key, event=MailEvent.RESCHEDULED, next_at=calendar.next_opening(now, policy))
        for key, kind in notices
    ]


def deferred_too_long(policy: Policy, far_off: Iterable[tuple[str, MailKind, datetime]], now: datetime) -> list[Effect]:
    """Mail that a clock ahead of time has deferred: no retry waits longer than the longest wait, no notice longer than
    until the next opening."""
    opening = now if calendar.in_hours(now, policy) else calendar.next_opening(now, policy)
    return [
        UpdateOutbox(key=key, event=MailEvent.RESCHEDULED, next_at=opening if kind in IN_SERVICE_HOURS else now)
        for key, kind, next_at in far_off
        if kind not in IN_SERVICE_HOURS or next_at > opening
    ]


def alerts(policy: Policy, problems: ProblemsView, alerted: Mapping[str, datetime], now: datetime) -> list[Effect]:
    """One mail to the operator for each problem, at any hour."""
    effects: list[Effect] = []
    for code in problems.alerts:
        since = problems.since[code]
        stamp = since.strftime("%Y%m%dT%H%M%SZ")
        key = f"{ALERT}{code}:{stamp}"
        if key in alerted or timedelta(0) <= now - since < ALERT_AFTER:
            continue
        cause = problems.causes.get(code)
        facts = {"code": code, "since": since, "lines": (cause,) if cause else ()}
        # The outbox outlives the problem, whose code may name a domain, and so a person who is forgotten.
        of_mail = f"{ALERT}{mark(policy.secrets[-1], 'problem', code)[:8]}:{stamp}"
        effects += (*_alert(policy, of_mail, facts, now), Remember(name=key, value=now.isoformat()))
    return effects


def _alert(policy: Policy, key: str, facts: Facts, now: datetime) -> tuple[Send, ...]:
    return notify(policy, policy.people.operator, key=key, kind=MailKind.ALERT, now=now, facts=facts)


def _was_alerted(alerted: Mapping[str, datetime], name: str, now: datetime) -> bool:
    """Whether the operator heard of it within the hour."""
    last = alerted.get(name)
    return last is not None and timedelta(0) <= now - last < ALERT_EVERY


# --- Canaries --------------------------------------------------------------------------------------------------------
# When the next canary is sent, and that one has come back.


def send_canary(policy: Policy, last: LastCanary | None, now: datetime) -> tuple[Effect, ...]:
    """The next one, `canary.every_minutes` after the last; while that one has not left, none: a relay that is back
    again would get them all at once. One that a clock far ahead has sent holds up no other."""
    if last is None or last.waits:
        return ()
    if last.key and timedelta(0) <= now - moment_of(last.key) < timedelta(minutes=policy.canary.every_minutes):
        return ()
    key = key_of(now, _next_envelope(policy, last))
    send = Send(
        key=key,
        kind=MailKind.PROBE,
        lang=policy.office.languages[0],
        recipient=policy.canary.send_to or policy.office.address,
        facts={"canary": True},
        release=now,
    )
    return (send, Remember(name=CANARY_SENT, value=key))


def _next_envelope(policy: Policy, last: LastCanary) -> str:
    """Each in use in its turn, if the canary meets a receiver outside; else ''."""
    names, before = list(envelopes_in_use(policy)), envelope_of(last.key)
    turn = names.index(before) + 1 if before in names else 0
    return names[turn % len(names)] if policy.canary.send_to else ""


def envelopes_in_use(policy: Policy, message_id: str = "") -> dict[str, str]:
    """The envelope senders in use, by what an admin calls them: empty, plus, plain."""
    senders = envelope_senders(policy, message_id).values()
    return {("plus" if f"+{RETURNED}" in one else "plain") if one else "empty": one for one in senders}


def envelope_sender(policy: Policy, kind: MailKind, key: str, message_id: str) -> str:
    """The envelope sender of a mail (docs/interfaces.md section 4)."""
    usual = envelope_senders(policy, message_id)[KINDS[kind].envelope]
    named = envelope_of(key)  # that of a canary
    return envelopes_in_use(policy, message_id).get(named, usual) if named else usual


def canary_came_back(folder: Folder, signed: Signature) -> tuple[Effect, ...]:
    """A signed copy in INBOX: it has travelled. One in Sent or Junk may never have left, or is where nobody reads."""
    arrived = signed.key.startswith(KEY) and folder is Folder.INTAKE
    return (Remember(name=CANARY_BACK + signed.key, value=signed.key),) if arrived else ()


# --- Delivery result -------------------------------------------------------------------------------------------------
# A failure is temporary unless it is proven permanent. A mail that is refused for its size or content is sent again
# without its original, in the same tick. Staff are informed of a refusal unless it counts as the relay's.

BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
TRIES = 12  # before a mail is given up: after an outage longer than `give_up_days` the first "try later" is no reason
REFUSED_CONTENT = frozenset({552, 554})
ALTERED = "somebody has changed its bytes or its recipient in the database"


def on_delivery_result(policy: Policy, view: DeliveryView, result: DeliveryResult, now: datetime) -> Decision:
    mail = view.mail
    assert mail is not None
    event, follows = _FOLLOWS[result.state]
    if not applies(event, mail.state):
        return Decision(effects=(), because=(f"mail-{result.state}: too late, it is {mail.state}",))
    effects = follows(policy, view, mail, result, now)
    return Decision(effects=tuple(effects), because=(f"mail-{result.state}",))


def _sent(
    policy: Policy, view: DeliveryView, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    taken = UpdateOutbox(key=mail.key, event=MailEvent.TAKEN, sent_at=now, copy_expected=result.copy_expected, error="")
    return [taken, *relayed.count_as_answer(policy, view.cases, mail, now)]


def _uncertain(
    policy: Policy, view: DeliveryView, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    if mail.copied:  # its copy was quicker than the relay's answer
        return _sent(policy, view, mail, replace(result, copy_expected=True), now)
    return [
        UpdateOutbox(key=mail.key, event=MailEvent.NO_ANSWER, copy_expected=result.copy_expected, error=result.error),
        AuditEvent(kind="uncertain", case=mail.case, data={"mail": mail.kind}),
    ]


def _later(
    policy: Policy, view: DeliveryView, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    old = mail.queued_at is not None and now - mail.queued_at > timedelta(days=policy.sending.give_up_days)
    if old and mail.attempts + 1 >= TRIES and not result.limited:
        return _give_up(policy, view, mail, result, now)
    wait = BACKOFF[min(mail.attempts, len(BACKOFF) - 1)]
    return [UpdateOutbox(key=mail.key, event=MailEvent.PUT_OFF, next_at=now + wait, refused_at=now, error=result.error)]


def _altered(
    policy: Policy, view: DeliveryView, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    return _held(policy, mail.key, mail.kind, mail.queued_at, now, ALTERED)


def _refused(
    policy: Policy, view: DeliveryView, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    if mail.bare and (result.code in REFUSED_CONTENT or result.status.startswith("5.7.")):
        return [
            UpdateOutbox(key=mail.key, event=MailEvent.REFUSED, error=result.error),
            SendWithoutOriginal(key=mail.key, next_at=now),
            AuditEvent(kind="sent-without-original", case=mail.case, data={"code": result.code}),
        ]
    refused = (mail.recipient, *(other.recipient for other in view.refusals))
    if view.taken_since or not refuses_everybody(policy, refused):
        return _give_up(policy, view, mail, result, now)
    # No mail is at fault: this one is deferred as for a busy server, and those given up before are queued again.
    again = [
        UpdateOutbox(key=other.key, event=MailEvent.RELAY_AT_FAULT, next_at=now + BACKOFF[0])
        for other in view.refusals
        if other.final
    ]
    event = AuditEvent(kind="relay-refuses", data={"code": result.code})
    return [*_later(policy, view, mail, result, now), *again, event]


def _give_up(
    policy: Policy, view: DeliveryView, mail: OutgoingView, result: DeliveryResult, now: datetime
) -> list[Effect]:
    return [
        UpdateOutbox(key=mail.key, event=MailEvent.REFUSED, refused_at=now, error=result.error),
        *undelivered(policy, view.cases, mail, said=result.said, now=now, at=now, code=result.code),
    ]


def undelivered(
    policy: Policy, cases: Cases, mail: OutgoingView, *, said: str, now: datetime, at: datetime, code: int = 0
) -> list[Effect]:
    """What follows when it is known, since `at`, that a mail did not arrive, by whatever way: the relay's refusal or a
    report. `said`: the refusing server's words, without addresses; `code`: of its reply, 0 = unknown."""
    return [
        AuditEvent(kind="undelivered", case=mail.case, data={"mail": mail.kind, **({"code": code} if code else {})}),
        *answers.notice_undelivered(policy, cases, mail, at=at),
        *relayed.owed_again(policy, cases, mail, at=at),
        *undelivered_notices(policy, mail, key=f"bounced:{mail.key}", now=now, received_at=at, said=said, code=code),
    ]


_Follows = Callable[[Policy, DeliveryView, OutgoingView, DeliveryResult, datetime], list[Effect]]
_FOLLOWS: Mapping[str, tuple[MailEvent, _Follows]] = {
    "sent": (MailEvent.TAKEN, _sent),
    "uncertain": (MailEvent.NO_ANSWER, _uncertain),
    "later": (MailEvent.PUT_OFF, _later),
    "refused": (MailEvent.REFUSED, _refused),
    "altered": (MailEvent.HELD, _altered),
}


# --- Outbox command --------------------------------------------------------------------------------------------------
# `oacmail outbox retry` and `outbox drop`. Every order is in the event log of the mail's case.


def on_outbox_command(policy: Policy, view: DeliveryView, command: OutboxCommand, now: datetime) -> Decision:
    """:raises Refused: there is no such mail, its state does not allow the order, or its bytes are not kept."""
    if view.mail is None:
        raise Refused(f"no mail {command.key}: see `oacmail outbox list --all`")
    mail, order = view.mail, f"outbox {command.verb}"
    event = MailEvent.RETRIED_BY_HAND if command.verb == "retry" else MailEvent.DROPPED_BY_HAND
    if not applies(event, mail.state):
        raise Refused(f"the mail is {mail.state}: {order} is for mail that waits, failed, or is held or uncertain")
    if command.verb == "retry" and not mail.kept:
        raise Refused("the mail left before the database was restored, and its bytes are not kept: write to the person")
    effects = (
        UpdateOutbox(key=mail.key, event=event, next_at=now if command.verb == "retry" else None),
        AuditEvent(kind="ordered", case=mail.case, data={"verb": order, "mail": mail.kind, "by": command.by}),
    )
    return Decision(effects=effects, because=(f"ordered: {order}",))
