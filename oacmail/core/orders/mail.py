"""What follows from a mail with orders: which case each is about, in which order they count, and the transcript.

Orders come from a proven agent (docs/interfaces.md section 7). What is unknown or does not fit the case changes
nothing. What is no order goes nowhere.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType

from msgspec.structs import replace

from oacmail.core import answers, calendar
from oacmail.core.effects import (
    AuditEvent,
    Decision,
    Effect,
    MergeCases,
    OpenCase,
    OrdersDone,
    RecordMessage,
    ReviewDone,
    Send,
)
from oacmail.core.errors import Refused
from oacmail.core.kinds import LISTS_OF_CASES, MailKind
from oacmail.core.lookup import Lookup, reads_automatic
from oacmail.core.model import MACHINES, Kind, Order, Outcome, Role, Status, Verb
from oacmail.core.notices import notify
from oacmail.core.order_words import (
    ROWS,
    beside_orders,
    first_sent,
    misplaced,
    number_of,
    out_of_reach,
    read_list,
    read_note,
    read_orders,
    sent_alone,
)
from oacmail.core.orders import buttons
from oacmail.core.orders.actions import ACTIONS, GivenOrder, numbered_in
from oacmail.core.policy import Policy
from oacmail.core.review import NamedEntry
from oacmail.core.sender import to_office_alone
from oacmail.core.view import CaseView, View, junk_cards

# --- Orders ----------------------------------------------------------------------------------------------------------
# Orders stand on top of a reply to a mail of ours to staff or in a mail to an address of the office, never in a mail
# that goes to anybody outside (docs/interfaces.md section 7).

_HINT = f"{MailKind.TRANSCRIPT}:hint:"
HINTS_MOST = 5
"""Replies without an order, each to the transcript of the one before, that are answered one by one."""
FRESH = timedelta(days=1)
"""How old the Date of an order may be on arrival: a signed mail that is sent again later orders nothing."""


def _row(order: Order, case: str, *, reason: str = "", more: str = "") -> dict[str, object]:
    """The order's row of the transcript. `case`: the number that it is about or that it opened, '' = none; `reason`:
    why it was refused, '' = it was carried out; `more`: what is left to do."""
    return {
        "verb": order.verb,
        "detail": "" if ROWS[order.verb].unsaid else order.argument,
        "case": case or order.case,
        "done": not reason,
        "reason": reason,
        "more": more,
    }


def is_order_mail(policy: Policy, view: View, lookup: Lookup) -> bool:
    """Whether the message replies to a mail of ours to staff, bears a case token, names a case in the subject of a
    new mail, begins with an order that needs no reply, or is for the office alone and begins with any order, also an
    unknown one: on top of the person's own message, with the number of its case on the line (`12 tanca`), or of no
    case, which its writer hears, as of an order in the subject of a new mail. For the office alone, a person's text on
    top of a message of a case is one too, without an order. Its writer and other recipients are the caller's to
    judge."""
    if lookup.pressed or view.tokened or _named(view, lookup):
        return True
    begins = read_orders(lookup.message.typed)[:1]
    replies = any(mail.recipient in policy.people.staff for mail in view.mails)
    if replies or any(ROWS[order.verb].anywhere for order in begins):
        return True
    if not to_office_alone(policy, lookup.arrived):
        return False
    subject = "" if lookup.message.refs else lookup.message.subject
    remarked = any(message.case for message in view.named) and not reads_automatic(lookup)
    ordered = begins or orders_of_note(view, lookup) or misplaced("", subject, listed=False)
    return remarked or bool(ordered)


def on_own_note(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision | None:
    """Orders that the shared mailbox sends to itself; None = it is no order mail. The agents get the transcript."""
    if not is_order_mail(policy, view, lookup):
        return None
    done = on_order_mail(policy, view, lookup, now)
    return done.plus(ReviewDone(fingerprint=lookup.message.fingerprint)) if view.known is not None else done


def in_mail_to_others(
    policy: Policy,
    view: View,
    lookup: Lookup,
    number: str | None,
    now: datetime,
    *,
    ordered: bool,
    answers: bool,
) -> tuple[Effect, ...]:
    """What the writer hears of a mail that somebody outside gets: that no order on top of it is carried out, which the
    person has read, and whether the mail answers nobody. `number`: the case of the mail, None = of none; `ordered`: its
    writer gives orders; `answers`: it says something to the person. That it is solved is an order on a derived case
    alone, or where nothing else is said; on any other an agent says so to the person."""
    message = lookup.message
    case = view.cases.get(number) if number else None
    derived = case is not None and case.status is Status.DERIVED
    no_orders = (Verb.UNKNOWN,) if derived else (Verb.UNKNOWN, Verb.SOLVED)
    alone = () if answers or not ordered else sent_alone(message.fresh)
    on_top = [order for order in read_orders(message.typed) if order.verb not in no_orders] if ordered else []
    orders = alone or on_top
    rows = [_row(order, number or "", reason="goes-outside") for order in orders]
    if not answers and not orders:
        rows = [{"verb": "answers_case", "detail": "", "case": number or "", "done": False, "reason": "says-nothing"}]
    if not rows:
        return ()
    key, refused = f"transcript:{message.fingerprint[:16]}", "goes-outside"
    events = [
        AuditEvent(kind="order-refused", case=number, data={"verb": order.verb, "why": refused}) for order in orders
    ]
    to_person = case is not None and not lookup.outsiders.isdisjoint(case.addresses | case.others)
    reached = {"reached": first_sent(message.fresh) if orders else "", "no_answer": bool(alone), "to_person": to_person}
    return (*events, *transcript(policy, lookup, number, now, key=key, rows=rows, more=reached))


def on_order_mail(policy: Policy, view: View, lookup: Lookup, now: datetime) -> Decision:
    """Carry out the next of the orders on top of it; after the last, say what became of each, or that there was none.
    Each order is a turn on the store, with a view of what those above it have left."""
    begun = lookup.arrived.orders
    number = begun.of_mail if begun else _case_of_mail(view, lookup)
    given = begun.given if begun else _given(view, lookup, number)
    rule = "orders" if given else "no-order"
    because = (rule, *(order.verb for order, _ in given))
    record: RecordMessage | None = None
    if begun is None:
        begun = OrdersDone(given=given, of_mail=number, current=number)
        record = RecordMessage(role=Role.AGENT, outcome=Outcome.STAFF, kind=Kind.REQUEST, case=number, rule=rule)
    if len(begun.rows) < len(given):
        order, refused = given[len(begun.rows)]
        effects, begun = _carry_out(policy, view, lookup, begun, order, refused, now)
        then = replace(lookup.arrived, orders=begun)
        return Decision(record=record, effects=effects, because=because, then=(then,))
    # What became of them. The transcript is about the one case that goes on, if there is one.
    rows = begun.rows
    known = [view.cases[case] for row in rows if (case := str(row["case"])) in view.cases]
    merged = {case: into for case, into in begun.into.items() if view.cases[case].status is Status.CLOSED}
    named = [number] if number else [case.number for case in known]
    about = _only({merged.get(case, case) for case in named})
    key = f"transcript:{lookup.message.fingerprint[:16]}" if rows else _key_of_hint(policy, view, lookup, number, now)
    rest = beside_orders(lookup.message.fresh, listed=_replies_to_list(view) or bool(orders_of_note(view, lookup)))
    # The technical services have to hear that a case has left them.
    left = [view.cases[str(row["case"])] for row in rows if row["more"] in ("undone-both", "undone-services")]
    people = dict.fromkeys(address for case in left for address in policy.people.services(case.services.cause))
    more = {**begun.facts, "rest": bool(rest), "services": tuple(people)}
    spent = () if any(refused for _, refused in given) else buttons.mark_used(lookup, now)
    mails = transcript(policy, lookup, about, now, key=key, rows=rows, more=more)
    effects = (*spent, *buttons.forged_tokens(policy, lookup, now), *mails)
    return Decision(record=record, effects=effects, because=because)


def _given(view: View, lookup: Lookup, current: str | None) -> tuple[tuple[Order, str], ...]:
    """(order, why it is refused before it is looked at). Not of `fresh`, which of a bare forward is the text of
    somebody else."""
    if lookup.pressed:
        return buttons.orders_of(view, lookup, current)
    noted, lists, message = orders_of_note(view, lookup), _replies_to_list(view), lookup.message
    # The same mail about the same case may have arrived before under another Message-ID, which a signature of the
    # sender's domain may not cover (RFC 6376 section 5.4.1).
    this = (message.sender, current, message.sent_at, message.body_hash)
    others = [known for known in view.recent if known.fingerprint != message.fingerprint]
    repeated = this in ((known.author, known.case, known.sent_at, known.body_hash) for known in others)
    orders = noted or (read_list if lists else read_orders)(message.typed)
    read = tuple((order, "repeated" if repeated else "") for order in orders)
    numbered = lists or bool(noted)
    below_text = ((order, "below-text") for order in out_of_reach(message.typed, listed=numbered))
    subject = "" if read or message.refs else message.subject
    return (*read, *below_text, *misplaced(message.typed, subject, listed=numbered))


def _replies_to_list(view: View) -> bool:
    return any(mail.kind in LISTS_OF_CASES for mail in view.mails)


def hint_at_orders(policy: Policy, view: View, lookup: Lookup, now: datetime) -> tuple[Send, ...]:
    """What the writer of a mail without orders, and about no case, hears."""
    return transcript(policy, lookup, None, now, key=_key_of_hint(policy, view, lookup, None, now), rows=())


def transcript(
    policy: Policy,
    lookup: Lookup,
    number: str | None,
    now: datetime,
    *,
    key: str,
    rows: Sequence[Mapping[str, object]],
    more: Mapping[str, object] = MappingProxyType({}),
) -> tuple[Send, ...]:
    """The answer to the agent's mail, in its thread; of mail from the shared mailbox, to all agents. `more`: other
    facts."""
    message, facts = lookup.message, {"orders": tuple(rows), **more}
    writers = policy.people.agents if policy.office.is_own(message.sender) else (message.sender,)
    kind = MailKind.TRANSCRIPT
    return notify(policy, writers, key=key, kind=kind, now=now, case=number, facts=facts, answers=message)


def _only(numbers: Collection[str]) -> str | None:
    """The one; None = there is none, or they are several: a mail about several cases bears the number of none, since
    a reply to it would be about that one."""
    return next(iter(numbers)) if len(numbers) == 1 else None


def key_of_reply(lookup: Lookup, asked: str, line: str) -> str:
    """The key of the transcript of a reply to a question of ours: the same line is answered once, so that no
    autoresponder which answers each mail keeps us writing. `asked`: the fingerprint that the question is about."""
    said = sha256(f"{lookup.message.sender}\n{line}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{MailKind.TRANSCRIPT}:{asked[:16]}:{said}"


def _case_of_mail(view: View, lookup: Lookup) -> str | None:
    """The number of the case of the mail that it replies to, else of its token, of the subject of a new mail, of the
    person's message that it brings or answers."""
    ours = [mail.case for mail in reversed(view.mails) if mail.case]
    theirs = [message.case for message in reversed(view.named) if message.case]
    return _first(view, (*ours, *view.tokened)) or _named(view, lookup) or _first(view, theirs)


def _first(view: View, numbers: Sequence[str]) -> str | None:
    return next((view.cases[number].number for number in numbers if number in view.cases), None)


def _named(view: View, lookup: Lookup) -> str | None:
    return _only({view.cases[number].number for number in lookup.numbers if number in view.cases})


def _key_of_hint(policy: Policy, view: View, lookup: Lookup, number: str | None, now: datetime) -> str:
    """The key of the transcript of a mail without orders. Each such mail of a person gets one; no program that answers
    each mail keeps us writing. Of replies to each other only the first `HINTS_MOST` get one each, of mails that name
    none of ours each text; the rest get one a day, case and writer. So does what reads automatic, however doubtful: no
    order is lost by a hint too few. A person's reply to that hint is the first again."""
    hints = (mail.key.split(":") for mail in reversed(view.mails) if mail.key.startswith(_HINT))
    automatic = lookup.reading.kind in MACHINES or reads_automatic(lookup)
    place = 0 if automatic else next((int(key[2]) for key in hints), 0) + 1
    by_person = 0 < place <= HINTS_MOST
    if by_person and view.mails:
        return f"{_HINT}{place}:{lookup.message.fingerprint[:16]}"
    text = lookup.message.fresh if by_person else ""
    once = sha256(f"{lookup.message.sender}\n{text}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    day = calendar.local_day(now, policy)
    return f"{_HINT}{min(place, HINTS_MOST + 1)}:{number or 'none'}:{once}:{day}"


def _carry_out(
    policy: Policy, view: View, lookup: Lookup, begun: OrdersDone, order: Order, refused: str, now: datetime
) -> tuple[tuple[Effect, ...], OrdersDone]:
    """The effects of the order, and what is done after it. `refused`: why it is refused unseen, '' = it is not."""
    if refused:
        return _refused(view, begun, order, order.case if order.case in view.cases else "", refused)
    year = numbered_in(policy, view, lookup)
    number = number_of(policy, order.case, year) if order.case else begun.current or ""
    case = view.cases.get(number)
    # An entry's reference stands before the order or after `ÉS PERSONA`; without one it is that of the message in Junk
    # about which the mail is to which the agent replies.
    named = (order.case or (order.argument if order.verb is Verb.PERSON else "")).strip().lower()
    reference = named or next(iter(junk_cards(view.mails)), "")
    entry = view.orders.entries.get(reference) if case is None else None
    about = (case.number if case else None) or (entry.case if entry else None) or ""
    given = GivenOrder(policy=policy, view=view, lookup=lookup, now=now, argument=order.argument, place=len(begun.rows))
    try:
        effects = _effects(given, order, case, entry)
        more = ACTIONS[order.verb].after(given, case) if case and not entry else ""
    except Refused as why:
        return _refused(view, begun, order, about, why.reason)
    opened = next((effect.number for effect in effects if isinstance(effect, OpenCase)), "")
    merged = {effect.case: effect.into for effect in effects if isinstance(effect, MergeCases) and more != "two-people"}
    return effects, replace(
        begun,
        current=opened or begun.current,
        into={**begun.into, **merged},
        rows=(*begun.rows, _row(order, opened or about, more=more)),
        facts={**answers.draft_whereabouts(effects, view.drafts), **begun.facts},
    )


def _refused(
    view: View, begun: OrdersDone, order: Order, about: str, reason: str
) -> tuple[tuple[Effect, ...], OrdersDone]:
    """It changes nothing, and is a line of the event log."""
    case = about if about in view.cases else None
    event = AuditEvent(kind="order-refused", case=case, data={"verb": order.verb, "why": reason})
    return (event,), replace(begun, rows=(*begun.rows, _row(order, about, reason=reason)))


def _effects(given: GivenOrder, order: Order, case: CaseView | None, entry: NamedEntry | None) -> tuple[Effect, ...]:
    """Raises Refused."""
    action, sent_at = ACTIONS[order.verb], given.lookup.message.sent_at
    is_order = order.verb not in (Verb.HELP, Verb.UNKNOWN, Verb.TOO_MANY)
    if is_order and (sent_at is None or abs(given.lookup.received_at - sent_at) > FRESH):
        raise Refused("the mail is too old", "too-old")
    if entry and action.entry:
        return action.entry(given, entry)
    if action.nothing and not entry:
        return action.nothing(given)
    if case and action.case:
        return action.case(given, case)
    raise Refused("there is no such case", "no-such-case" if order.case and not entry else "no-case")


# --- Numbered notes --------------------------------------------------------------------------------------------------
# A new mail whose first line begins with a number holds orders (`12 trucat`; docs/interfaces.md section 7), or is a
# list of its writer's own: in `1 espera resposta del banc` no order can read what follows its word.


def orders_of_note(view: View, lookup: Lookup) -> tuple[Order, ...]:
    """The orders of a new mail that begins with the number of a case; () = it is no list of orders: its first line has
    no order, or one that cannot read what follows its word."""
    orders = () if lookup.message.refs else read_note(lookup.message.typed)
    if not orders or not orders[0].case or orders[0].verb is Verb.UNKNOWN:
        return ()
    first, reads = orders[0], ACTIONS[orders[0].verb].reads
    at = lookup.received_at
    given = GivenOrder(policy=lookup.policy, view=view, lookup=lookup, now=at, argument=first.argument, place=0)
    try:
        return orders if not first.argument or (reads and reads(given)) else ()
    except Refused:
        return ()
