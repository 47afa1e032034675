"""What `decide` does with each kind of input, as tables: (view, input) -> effects, at 10:00 of a working day."""

from datetime import datetime
from typing import Any, get_args

import pytest

from oacmail.core import tokens
from oacmail.core.decide import decide
from oacmail.core.effects import AdminCommand, DeliveryResult, OutboxCommand, Tick
from oacmail.core.errors import Refused
from oacmail.core.kinds import MailKind, MailState
from oacmail.core.lookup import LookedUp, Lookup
from oacmail.core.model import Auth, Auto, DeadlineKind, DeliveryStatus, Dmarc, Features, Folder, Role, Status
from oacmail.core.view import (
    AnyView,
    CommandView,
    DeliveryView,
    DueView,
    OutgoingView,
    ProblemsView,
    Refusal,
    TickView,
    View,
)
from tests.core.builders import (
    AGENT,
    ANNA,
    CASE,
    NOW,
    OFFICE,
    PERE,
    POLICY,
    case,
    deadline,
    lookup,
    outgoing,
    recorded,
    scores,
    shown,
)

CASES = {CASE: case()}
ANSWERED = {CASE: case(status=Status.ANSWERED, answered_at=NOW, deadlines=(deadline("close"),))}
NAMED = View(named=(recorded(),), cases=CASES)
NAMED_ANSWERED = View(named=(recorded(),), cases=ANSWERED)
REPLY: dict[str, Any] = {"refs": ("<first@example.org>",), "subject": "Re: Padró"}
SPAM = Features(scores=scores(kind={"spam": 0.9}))


OPENED = ["OpenCase", "record case of citizen", "start answer 0", "start remind 0", "UpdatePerson", "event opened"]
MET = [
    "end met: answer remind nudge update",
    "case: status=answered",
    "DropOutgoing",
    "UpdatePerson",
    "event answered",
    "end withdrawn: close",
    "start close 0",
]


def effects(view: AnyView, inp: LookedUp) -> list[str]:
    return shown(decide(POLICY, view, inp, NOW))


def own_copy(text: str = "Hem rebut", folder: Folder = Folder.INTAKE) -> Lookup:
    """Our acknowledgement to Anna comes back with this text."""
    field = tokens.sign_mail(
        POLICY, "Hem rebut", run="r", key="ack:first", case=CASE, message="first", received_at=NOW, due_at=NOW,
        recipient=ANNA, sent_at=NOW,
    )  # fmt: skip
    return lookup(folder, sender=OFFICE, to=(ANNA,), sent_at=NOW, signatures=(field,), fresh=text, auto=Auto.REPLY)


def notification(action: str = "failed") -> Lookup:
    found = DeliveryStatus(action=action, recipients=(ANNA,), about=("<ack@town.example>",))  # type: ignore[arg-type]
    return lookup(sender="", auto=Auto.BOUNCE, delivery_status=found)


MESSAGES: dict[str, tuple[View, Lookup, list[str]]] = {
    # --- citizens
    "a new request": (View(), lookup(), [*OPENED, "send ack to anna@example.org"]),
    "a new request that its domain disowns": (
        View(),
        lookup(auth=Auth(dmarc=Dmarc.FAIL)),
        [*OPENED, "review dmarc-fail"],
    ),
    "a reply while the answer is due": (
        NAMED,
        lookup(**REPLY),
        ["record case of citizen", "UpdateCase", "end withdrawn: wait", "UpdatePerson"],
    ),
    "a question after the answer": (
        NAMED_ANSWERED,
        lookup(**REPLY),
        [
            "record case of citizen",
            "UpdateCase",
            "end withdrawn: wait",
            "UpdatePerson",
            "start answer 0",
            "start remind 0",
            "case: status=open close_reason=None",
            "event asked-anew",
            "send ack to anna@example.org",
        ],
    ),
    "thanks after the answer": (
        NAMED_ANSWERED,
        lookup(fresh="Gràcies", features=Features(closes=True, scores={"kind": {"thanks": 1.0}}), **REPLY),
        ["record case of citizen", "review filed-thanks"],
    ),
    "a stranger who names our mail": (
        View(mails=(outgoing(),), cases=CASES),
        lookup(sender=PERE, **REPLY),
        [
            "record case of citizen as guest",
            "UpdateCase",
            "end withdrawn: wait",
            "UpdatePerson",
            "outbox ack:first: named",
        ],
    ),
    "a lure": (
        View(),
        lookup(features=SPAM, fresh="Guanyeu diners avui mateix. " * 4),
        ["record spam of citizen", "review suspected-spam"],
    ),
    "the same message again": (View(known=recorded(), cases=CASES), lookup(), ["record duplicate of citizen"]),
    # --- staff
    "an answer in Sent": (
        NAMED,
        lookup(Folder.SENT, sender=OFFICE, to=(ANNA,), **REPLY),
        ["record case of agent", *MET],
    ),
    "in Sent, but received by SMTP": (
        NAMED,
        lookup(Folder.SENT, sender=OFFICE, to=(ANNA,), auth=Auth(from_outside=True), **REPLY),
        ["record quarantined of agent", "review in-sent-but-came-by-smtp"],
    ),
    "an agent whose From is proven": (
        NAMED,
        lookup(sender=AGENT, to=(ANNA,), auth=Auth(authentic=True), **REPLY),
        ["record case of agent", *MET],
    ),
    "an agent's From without proof": (
        NAMED,
        lookup(sender=AGENT, to=(ANNA,), **REPLY),
        ["record staff of agent", "event remark", "send remark to agent@town.example"],
    ),
    "an agent's message on no case": (
        View(),
        lookup(sender=AGENT, to=(ANNA,), auth=Auth(authentic=True)),
        ["record quarantined of agent", "review staff-without-case"],
    ),
    # --- machines
    "an automatic reply": (NAMED, lookup(auto=Auto.REPLY, **REPLY), ["record automatic of robot"]),
    "a report that our mail failed": (
        View(mails=(outgoing(state=MailState.SENT),), cases=CASES),
        notification(),
        [
            "record automatic of robot",
            "outbox ack:first: reported",
            "event undelivered",
            "send bounced to agent@town.example",
            "outbox ack:first: named",
        ],
    ),
    "a report that our mail is late": (
        View(mails=(outgoing(state=MailState.SENT),), cases=CASES),
        notification("delayed"),
        ["record automatic of robot", "outbox ack:first: named"],
    ),
    "a report that an answer failed": (
        View(named=(recorded(author=AGENT, role=Role.AGENT, received_at=NOW),), cases=ANSWERED),
        notification(),
        [
            "record automatic of robot",
            "event answer-undelivered",
            "case: status=open close_reason=None",
            "start answer 0",
            "start remind 0",
            "send bounced to agent@town.example",
        ],
    ),
    "a report that an earlier answer failed": (
        View(named=(recorded(author=AGENT, role=Role.AGENT),), cases=ANSWERED),
        notification(),
        ["record automatic of robot", "event answer-undelivered"],
    ),
    "a machine's mail in Junk": (View(), lookup(Folder.JUNK, auto=Auto.BULK), ["record automatic of robot"]),
    # --- our own mail
    "our copy": (
        View(mails=(outgoing(),), cases=CASES),
        own_copy(),
        ["record ours of ours", "outbox ack:first: copy_seen", "file into sent"],
    ),
    "our copy in Sent": (
        View(mails=(outgoing(),), cases=CASES),
        own_copy(folder=Folder.SENT),
        ["record ours of ours", "outbox ack:first: copy_seen"],
    ),
    "our copy again": (View(mails=(outgoing(copied=True),), cases=CASES), own_copy(), ["record duplicate of ours"]),
    "our copy that the database does not know": (
        View(),
        own_copy(),
        ["record ours of ours", "ImportSent", "event imported", "file into sent"],
    ),
    "our copy with an addition": (
        View(mails=(outgoing(),), cases=CASES),
        own_copy("Hem rebut. Peu"),
        ["record quarantined of ours", "outbox ack:first: copy_seen", "Remember", "review our-mail-with-an-addition"],
    ),
    "a message on top of our mail": (
        View(mails=(outgoing(copied=True),), cases=CASES),
        own_copy("Quan? Hem rebut"),
        ["record case of citizen", "UpdateCase", "end withdrawn: wait", "UpdatePerson", "outbox ack:first: named"],
    ),
    "our address without our signature": (
        View(),
        lookup(sender=OFFICE),
        ["record quarantined of ours", "review from-our-address-unsigned"],
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message(name: str) -> None:
    view, arrived, expected = MESSAGES[name]

    assert effects(view, arrived) == expected


def reached(
    kind: DeadlineKind, level: int = 0, status: Status = Status.OPEN, synced_at: datetime | None = NOW
) -> TickView:
    """This deadline is due, and the mailbox was read since."""
    clock = deadline(kind, level)
    deadlines = (clock,) if kind in ("answer", "close") else (clock, deadline(due_at=NOW.replace(hour=18)))
    found = case(status=status, deadlines=deadlines)
    return TickView(due=DueView(reached=((found, clock),), synced_at=synced_at))


TICKS: dict[str, tuple[TickView, list[str]]] = {
    "nothing is due": (TickView(due=DueView(synced_at=NOW)), []),
    "an answer is overdue": (reached("answer"), ["reached answer 0", "event overdue", "start answer 1"]),
    "an answer is overdue, but Sent is unread": (reached("answer", synced_at=None), []),
    "an answer is due soon": (reached("remind"), ["reached remind 0", "send remind to agent@town.example"]),
    "ten days after an answer": (
        reached("close", status=Status.ANSWERED),
        [
            "reached close 0",
            "case: status=closed close_reason=answered",
            "end withdrawn: remind nudge update",
            "event closed",
        ],
    ),
    "a notice kept overnight": (
        TickView(overnight=(("remind:x", MailKind.REMIND),)),
        ["outbox remind:x: dropped"],
    ),
    "an outage of an hour": (
        TickView(problems=ProblemsView(since={"imap": NOW.replace(hour=8)}, alerts=("imap",))),
        ["send alert to it@town.example", "Remember"],
    ),
}


@pytest.mark.parametrize("kind", get_args(DeadlineKind))
def test_every_kind_of_deadline_ends_or_starts_anew_when_it_is_reached(kind: DeadlineKind) -> None:
    assert effects(reached(kind), Tick()) != []


@pytest.mark.parametrize("name", TICKS)
def test_a_tick(name: str) -> None:
    view, expected = TICKS[name]

    assert effects(view, Tick()) == expected


def result(state: str, **changes: object) -> DeliveryResult:
    return DeliveryResult(key="ack:first", state=state, **changes)  # type: ignore[arg-type]


CLAIMED = outgoing(state=MailState.SENDING)
OTHERS = tuple(Refusal(key=f"ack:{at}", recipient=f"{at}@x.example", final=True) for at in "abc")
DELIVERIES: dict[str, tuple[OutgoingView, DeliveryResult, list[str]]] = {
    "taken": (CLAIMED, result("sent"), ["outbox ack:first: taken"]),
    "no answer": (CLAIMED, result("uncertain"), ["outbox ack:first: no_answer", "event uncertain"]),
    "no answer, but its copy is here": (outgoing(copied=True), result("uncertain"), ["outbox ack:first: taken"]),
    "put off": (CLAIMED, result("later"), ["outbox ack:first: put_off"]),
    "refused": (
        CLAIMED,
        result("refused", code=550),
        ["outbox ack:first: refused", "event undelivered", "send bounced to agent@town.example"],
    ),
    "refused for its content": (
        outgoing(bare=True),
        result("refused", code=552),
        ["outbox ack:first: refused", "SendWithoutOriginal", "event sent-without-original"],
    ),
    "answered when a person has dropped it": (outgoing(state=MailState.DROPPED), result("refused", code=550), []),
}


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_result(name: str) -> None:
    mail, inp, expected = DELIVERIES[name]

    assert effects(DeliveryView(mail=mail), inp) == expected


def test_a_relay_that_refuses_everybody_fails_no_mail() -> None:
    assert effects(DeliveryView(mail=CLAIMED, refusals=OTHERS), result("refused", code=550)) == [
        "outbox ack:first: put_off",
        "outbox ack:a: relay_at_fault",
        "outbox ack:b: relay_at_fault",
        "outbox ack:c: relay_at_fault",
        "event relay-refuses",
    ]


def command(verb: str, **words: str) -> AdminCommand:
    return AdminCommand(verb=verb, case=CASE, by="admin", words=words)


COMMANDS: dict[str, tuple[AdminCommand, list[str]]] = {
    "assign": (command("assign", name="marta"), ["case: assignee=marta", "event ordered"]),
    "note": (command("note", text="x"), ["event note", "event ordered"]),
    "a call that reached the person": (command("log-call", outcome="reached"), [*MET, "event ordered"]),
    "a call in vain": (command("log-call", outcome="no-answer"), ["event call-not-reached", "event ordered"]),
    "close as answered": (
        command("close", reason="answered"),
        [
            *MET,
            "end met: rights",
            "end withdrawn: answer remind nudge update close wait",
            "DropOutgoing",
            "case: status=closed close_reason=answered",
            "event closed",
            "event ordered",
        ],
    ),
    "close as spam": (
        command("close", reason="spam"),
        [
            "end withdrawn: rights",
            "end withdrawn: answer remind nudge update close wait",
            "DropOutgoing",
            "case: status=closed close_reason=spam",
            "event closed",
            "event ordered",
        ],
    ),
    "correct the topic": (command("set", topic="grant"), ["UpdateCase", "event corrected", "event ordered"]),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_on_a_case(name: str) -> None:
    inp, expected = COMMANDS[name]

    assert effects(CommandView(cases=CASES), inp) == expected


@pytest.mark.parametrize(
    "refused",
    [
        command("close", reason="thanks"),
        command("reopen"),
        command("log-call", at="2026-11-26T10:00:00+01:00"),
        command("log-call", at="2026-11-20T10:00:00+01:00"),
        command("merge", into=CASE),
        command("set", topic="weather"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(refused: AdminCommand) -> None:
    with pytest.raises(Refused):
        effects(CommandView(cases=CASES), refused)


ORDERS: dict[str, tuple[OutgoingView, str, list[str]]] = {
    "retry a failed mail": (
        outgoing(state=MailState.FAILED),
        "retry",
        ["outbox ack:first: retried_by_hand", "event ordered"],
    ),
    "drop a queued mail": (
        outgoing(state=MailState.QUEUED),
        "drop",
        ["outbox ack:first: dropped_by_hand", "event ordered"],
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_for_a_mail(name: str) -> None:
    mail, verb, expected = ORDERS[name]
    order = OutboxCommand(verb=verb, key=mail.key, by="admin")  # type: ignore[arg-type]

    assert effects(DeliveryView(mail=mail), order) == expected


@pytest.mark.parametrize("mail", [None, outgoing(state=MailState.SENT), outgoing(state=MailState.FAILED, kept=False)])
def test_a_mail_that_is_unknown_sent_or_not_kept_is_not_sent_again(mail: OutgoingView | None) -> None:
    with pytest.raises(Refused):
        effects(DeliveryView(mail=mail), OutboxCommand(verb="retry", key="ack:first", by="admin"))
