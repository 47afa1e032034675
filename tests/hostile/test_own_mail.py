"""Forged mail of our own: a copied, altered or redirected acknowledgement proves nothing it was not signed for."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from testbed.messages import as_bytes, rewritten
from testbed.relay import refused
from tests.hostile.enemy import EVIL, altered, message, outcomes, slip_in, smuggle
from tests.operation.test_monitoring import ON, WatchedTown
from tests.work import calls
from tests.world import ANNA, OFFICE, PERE, SUPERVISOR, World, text_of

LONG = "Encara no me'n surto, i demà em venç el termini de la beca. " * 12


def _acknowledged(world: World) -> EmailMessage:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    return ack


def _copy(mail: EmailMessage) -> EmailMessage:
    made = message_from_bytes(as_bytes(mail), policy=policy.default)
    assert isinstance(made, EmailMessage)
    return made


def _redirected(ack: EmailMessage, sender: str = "") -> bytes:
    """Sent on by "redirect", which keeps all fields, with something written above."""
    mail = rewritten(ack, f"{LONG}\n\n{text_of(ack)}")
    mail.replace_header("From", sender or ack["From"])
    return as_bytes(mail)


def _with(mark: str, **values: str) -> str:
    fields = dict(part.strip().split("=", 1) for part in mark.split(";"))
    return "; ".join(f"{name}={value}" for name, value in (fields | values).items() if value != "-")


@pytest.mark.parametrize(
    "change",
    [
        {"k": "ack:0000"},
        {"c": "OAC-2026-000002"},
        {"l": "0" * 64},
        {"r": "2026-11-25T09:00:00Z"},
        {"d": "2027-01-01T00:00:00Z"},
        {"i": "ffffffff"},
        {"v": "1"},
        {"h": "0.e3b0c44298fc1c14.e3b0c44298fc1c14"},
        {"s": "0" * 32},
        {"s": "-"},
        {"s": "é"},
        {"d": "-"},
    ],
    ids=str,
)
def test_an_altered_mark_is_none(world: World, change: dict[str, str]) -> None:
    ack = _acknowledged(world)
    forged = altered(_copy(ack), x_oacmail=_with(str(ack["X-Oacmail"]), **change), message_id="<x@evil.example>")
    smuggle(world, forged)
    assert outcomes(world) == ["case", "automatic"]  # its other marks say that a machine made it
    assert len(world.received(ANNA)) == 1
    assert world.mails("ack")[0]["state"] == "sent"


@pytest.mark.parametrize(
    "fields",
    [
        {"to": EVIL},
        {"to": f"{EVIL}, {ANNA}"},
        {"date": "Wed, 25 Nov 2026 12:00:00 +0000"},
        {"date": None},
        {"to": None},
    ],
    ids=str,
)
def test_a_mark_holds_for_its_own_recipient_and_date_alone(world: World, fields: dict[str, str | None]) -> None:
    ack = _acknowledged(world)
    world.advance("2026-11-25 09:30")
    bare = {"auto_submitted": None, "message_id": "<x@evil.example>", "from": EVIL}
    smuggle(world, altered(_copy(ack), **bare, **fields))
    assert "ours" not in [row["role"] for row in world.rows("SELECT role FROM messages WHERE message_id LIKE '<x@%'")]


def test_our_address_without_our_mark_is_reviewed_and_never_answered(world: World) -> None:
    smuggle(world, message(world, [("From", f"OAC 360 <{OFFICE}>")]))
    assert world.reviews() == ["from-our-address-unsigned"]
    assert world.mails() == []


def test_an_automatic_mail_in_our_name_without_our_mark_is_a_machines(world: World) -> None:
    smuggle(world, message(world, [("From", OFFICE), ("Auto-Submitted", "auto-replied")]))
    assert (outcomes(world), world.reviews(), world.mails(), world.problems()) == (["automatic"], [], [], set())


@pytest.mark.parametrize("address", ["oac360+Sent@castellbisbal.example", "OAC360+a+b@CASTELLBISBAL.example"])
def test_our_address_with_a_detail_is_ours_and_never_answered(world: World, address: str) -> None:
    smuggle(world, message(world, [("From", address)]))
    assert world.reviews() == ["from-our-address-unsigned"]
    assert world.mails() == []


def test_the_same_copy_fifty_times_is_a_duplicate_fifty_times(world: World) -> None:
    ack = _acknowledged(world)
    for _ in range(50):
        slip_in(world, as_bytes(ack))
    world.turn()
    assert outcomes(world) == ["case", *["duplicate"] * 50]
    assert len(world.relay.accepted) == 1


def test_a_redirected_acknowledgement_with_a_question_on_top_is_the_citizens_message(world: World) -> None:
    world.agent_replies(world.citizen_asks(ANNA))
    smuggle(world, _redirected(world.received(ANNA)[0]), sender=ANNA)
    assert [message["role"] for message in world.case()["messages"]] == ["citizen", "agent", "citizen"]
    assert (world.case()["status"], world.case()["overdue"]) == ("open", False)


def test_a_strangers_question_on_annas_acknowledgement_gets_nothing_automatic(world: World) -> None:
    ack = _acknowledged(world)
    smuggle(world, _redirected(ack, sender=PERE), sender=PERE, verdict="dmarc=pass header.from=example.net")
    assert len(world.case()["messages"]) == 2
    assert world.received(PERE) == []
    assert len(world.received(ANNA)) == 1


def test_thousands_of_marks_cost_nothing(world: World) -> None:
    slip_in(world, message(world, [("X-Oacmail", "v=1; s=" + "0" * 32)] * 11_000))
    assert calls(world.turn) < 3_000_000
    assert outcomes(world) == ["case"]


def test_a_guessed_message_id_of_ours_hides_no_mail_of_ours(world: World) -> None:
    """The id of an acknowledgement cannot be computed outside; a message that bears one anyway is only a message."""
    ack = _acknowledged(world)
    smuggle(world, message(world, [("Message-ID", str(ack["Message-ID"]))]))
    assert outcomes(world) == ["case", "case"]
    assert len(world.received(EVIL)) == 1
    assert world.mails()[0]["state"] == "sent"


def test_a_forged_mark_cannot_say_that_an_escalation_has_left(world: World) -> None:
    ack = _acknowledged(world)
    key = str(ack["X-Oacmail"]).partition("k=ack:")[2].partition(";")[0]
    forged = _with(str(ack["X-Oacmail"]), k=f"overdue:{key}:1:{'0' * 8}")
    slip_in(world, altered(_copy(ack), x_oacmail=forged, message_id="<y@evil.example>"))
    world.live("2026-11-27 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue"]


# A canary that somebody else sends must not say that mail goes out and comes in.


@pytest.fixture
def desk(town: object) -> WatchedTown:
    """One canary is back at nine; from then on none leaves."""
    made: World = town(**ON)  # type: ignore[operator]
    desk = WatchedTown(made)
    desk.turn("09:00", "09:01")
    desk.world.relay.when(refused(), kind="canary")
    return desk


def _real(desk: WatchedTown) -> bytes:
    return next(raw for raw in desk.world.mailbox.raws("Sent") if b"k=canary:" in raw)


@pytest.mark.parametrize("key", ["canary:20261125T090000Z", "canary:20261125T100000Z"])
def test_a_forged_canary_hides_no_outage(desk: WatchedTown, key: str) -> None:
    desk.turn("10:00")
    mark = f"v=2; i={desk.world.policy.instance}; k={key}; c=; l=; r=; d=; h=; s={'0' * 32}"
    slip_in(desk.world, message(desk.world, [("X-Oacmail", mark)]))
    desk.turn("10:03", "10:06")
    assert [call[1] for call in desk.calls] == ["down"]
    assert len(desk.world.cases()) == 1


def test_an_old_canary_sent_again_hides_no_outage(desk: WatchedTown) -> None:
    desk.turn("10:00")
    for folder in ("INBOX", "Junk"):
        desk.world.mailbox.append(folder, _real(desk), desk.world.clock.now())
    desk.turn("10:03", "10:06", "11:30")
    assert [call[1] for call in desk.calls] == ["down"]
    assert desk.world.cases() == []
