"""Two daemons on one mailbox: each notices the other, stops sending, and says so; nothing else looks like that."""

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from oacmail import wiring
from testbed.messages import as_bytes
from testbed.service import SimulatedService
from tests.hostile.enemy import slip_in
from tests.world import ANNA, MARTA, OFFICE, OPERATOR, PERE, SUPERVISOR, World

TOWN = Callable[..., World]
FRESH = "another secret, that of a second state directory\n"


def _second(world: World, state: Path) -> SimulatedService:
    """Another daemon on the same mailbox and relay."""
    office = world.config.office.model_copy(update={"state": state})
    return SimulatedService(
        world.config.model_copy(update={"office": office}),
        clock=world.clock,
        mailbox=world.mailbox,
        relay=world.relay,
        engine=lambda config, store: wiring.engine(config, store, clock=world.clock),
    )


def _with_key(world: World, key: str) -> SimulatedService:
    state = world.root / "second"
    state.mkdir(mode=0o700)
    (state / "token.key").touch(0o600)
    (state / "token.key").write_text(key)
    return _second(world, state)


def _new(world: World) -> SimulatedService:
    return _with_key(world, FRESH)


def _same_secret(world: World) -> SimulatedService:
    return _with_key(world, (world.config.office.state / "token.key").read_text())


def _copied(world: World) -> SimulatedService:
    shutil.copytree(world.config.office.state, world.root / "second")
    return _second(world, world.root / "second")


def _stops(daemon: SimulatedService) -> bool:
    return daemon.store.recall("other-instance") is not None


def _pass(world: World, *others: SimulatedService) -> None:
    """All read the mailbox before any of them sends."""
    world.clock.forward(seconds=20)
    for daemon in (world, *others):
        daemon.sync()
    for daemon in (world, *others):
        daemon.tick()
        daemon.drain()


@pytest.mark.parametrize("other", [_new, _same_secret, _copied])
@pytest.mark.parametrize("copies", [True, "server"])
def test_two_daemons_notice_each_other_and_both_stop(
    town: TOWN, other: Callable[[World], SimulatedService], copies: bool | str
) -> None:
    world = town(smtp={"self_copy": copies})
    world.relay.server_copies = copies == "server"
    world.citizen_asks(PERE)
    world.clock.forward(seconds=5)
    second = other(world)
    _pass(world, second)
    world.citizen_writes(ANNA)
    for _ in range(4):
        _pass(world, second)
    assert _stops(world)
    assert _stops(second)
    before = len(world.received(ANNA))
    assert before <= 2
    world.citizen_writes(MARTA)
    for _ in range(40):
        _pass(world, second)
    assert world.received(MARTA) == []
    assert len(world.received(ANNA)) == before
    assert len(world.received(PERE)) == 1
    assert "other-instance" in world.problems()
    assert set(world.kinds(OPERATOR)) == {"alert"}
    assert len(world.cases()) == 3, "messages are taken in all the same"
    assert world.store.con.execute("SELECT count(*) FROM sightings WHERE outcome IS NULL").fetchone()[0] == 0
    second.stop()
    world.clock.forward(minutes=5)
    world.restart()
    for _ in range(3):
        _pass(world)
    assert world.kinds(MARTA) == ["ack"]
    assert world.problems() == set()
    assert world.received(SUPERVISOR) == []


def test_a_second_daemon_stops_before_anybody_gets_a_mail_twice(world: World) -> None:
    world.clock.forward(seconds=5)
    second = _new(world)
    second.turn()
    for sender in (ANNA, PERE):
        world.clock.forward(seconds=20)
        world.citizen_asks(sender)
        second.turn()
    assert _stops(second)
    assert not _stops(world)
    assert [len(world.received(who)) for who in (ANNA, PERE)] == [1, 1]
    second.stop()


def test_restarted_while_the_other_still_runs_it_stops_again(world: World) -> None:
    world.clock.forward(seconds=5)
    second = _new(world)
    world.citizen_writes(ANNA)
    _pass(world, second)
    world.restart()
    second.stop()
    second.start()
    world.clock.forward(seconds=5)
    world.citizen_writes(PERE)
    for _ in range(3):
        _pass(world, second)
    assert _stops(world)
    assert _stops(second)
    second.stop()


# --- what is no second daemon -------------------------------------------------------------------------


def _ack(world: World) -> EmailMessage:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    return ack


def _marked(mail: EmailMessage, instance: str) -> str:
    return str(mail["X-Oacmail"]).replace(f"i={mail['X-Oacmail'].partition('i=')[2][:8]}", f"i={instance}")


def test_a_forged_mark_in_inbox_does_not_stop_us(world: World) -> None:
    ack = _ack(world)
    world.clock.forward(minutes=1)
    for number, (sender, mark) in enumerate(
        (
            (OFFICE, _marked(ack, "0badcafe")),
            (ANNA, _marked(ack, "0badcafe")),
            (OFFICE, str(ack["X-Oacmail"])),
            (OFFICE, "x"),
        )
    ):
        forged = world.message(sender, f"Forged {number}", "Text")
        forged["Auto-Submitted"], forged["X-Oacmail"] = "auto-replied", mark
        world.deliver(forged)
        _pass(world)
    assert not _stops(world)


def test_a_forged_mark_that_reaches_sent_by_plus_address_does_not_stop_us(world: World) -> None:
    """Dovecot with `lmtp_save_to_detail_mailbox` puts mail to office+Sent@ there."""
    ack = _ack(world)
    world.clock.forward(minutes=1)
    forged = world.message(OFFICE, "Forged", "Text")
    forged["Auto-Submitted"], forged["X-Oacmail"] = "auto-replied", _marked(ack, "0badcafe")
    slip_in(world, as_bytes(forged), recipient=OFFICE.replace("@", "+Sent@"), folder="Sent")
    _pass(world)
    assert not _stops(world)
    assert world.reviews() == ["in-sent-but-came-by-smtp"]


@pytest.mark.parametrize("about", ["", "another message", "a message of hers"])
def test_a_mail_of_another_installation_that_a_person_or_a_rule_puts_into_sent_does_not_stop_us(
    world: World, about: str
) -> None:
    """From our address, by SMTP, with the signature of another key: nothing shows that its sender reads this mailbox.
    Who wrote the message that it names can name it too: then our exchanger's verdict decides."""
    ack = _ack(world)
    world.clock.forward(minutes=1)
    forged = world.message(OFFICE, "Forged", "Text", to=ANNA)
    mark = _marked(ack, "0badcafe")
    told = re.search(r"l=([^;]*)", mark)
    assert told is not None
    forged["Auto-Submitted"] = "auto-replied"
    forged["X-Oacmail"] = mark if about == "a message of hers" else mark.replace(told[1], "0" * 64 if about else "")
    verdict = f"dmarc=fail header.from={OFFICE.partition('@')[2]}" if about == "a message of hers" else ""
    uid = slip_in(world, as_bytes(forged), verdict=verdict)
    world.mailbox.move("INBOX", uid, "Sent")
    _pass(world)
    assert not _stops(world)
    assert world.reviews() == ["signed-by-another-installation"]
    world.citizen_asks(PERE)
    assert world.kinds(PERE) == ["ack"]


def test_after_a_restart_no_alert_speaks_of_the_daemon_that_was_seen_before(world: World) -> None:
    """The clock may look at the problems before the mailbox was read for the first time."""
    second = _copied(world)
    world.citizen_writes(ANNA)
    for _ in range(4):
        _pass(world, second)
    assert "other-instance" in world.store.problems()
    second.stop()
    world.clock.forward(minutes=2)
    world.restart()
    world.clock.forward(minutes=10)
    world.tick()
    world.drain()
    assert world.kinds(OPERATOR) == []
    assert "other-instance" not in world.store.problems()


def test_our_own_mail_sent_again_from_sent_by_an_agent_does_not_stop_us(world: World) -> None:
    """As mutt's resend-message does: it keeps our fields and writes a new Date and a new recipient."""
    ack = _ack(world)
    world.clock.forward(minutes=1)
    del ack["Date"], ack["To"]
    ack["To"] = MARTA
    again = world.message(OFFICE, "", "Us el reenvio", to=MARTA)
    ack["Date"] = again["Date"]
    world.put_into_sent(ack)
    _pass(world)
    assert not _stops(world)


def test_old_mail_under_a_secret_that_is_lost_does_not_stop_us_and_waits_for_nobody(world: World) -> None:
    _ack(world)
    shutil.rmtree(world.config.office.state)
    world.config.office.state.mkdir(mode=0o700)
    (world.config.office.state / "token.key").touch(0o600)
    (world.config.office.state / "token.key").write_text(FRESH)
    world.clock.forward(minutes=1)
    world.restart(imap={"backlog_days": 7})
    for _ in range(3):
        _pass(world)
    assert not _stops(world)
    assert "from-our-address-unsigned" not in world.reviews()


def test_a_new_secret_above_the_old_one_stops_nobody(world: World) -> None:
    _ack(world)
    key = world.config.office.state / "token.key"
    world.clock.forward(minutes=1)
    key.write_text(FRESH + key.read_text())
    world.restart()
    world.mailbox.renew("Sent")
    world.citizen_writes(PERE)
    _pass(world)
    key.write_text(FRESH)
    world.restart()
    world.mailbox.renew("Sent")
    world.citizen_writes(MARTA)
    for _ in range(3):
        _pass(world)
    assert not _stops(world)
    assert [len(world.received(who)) for who in (ANNA, PERE, MARTA)] == [1, 1, 1]


def test_a_clock_set_back_between_two_starts_stops_nobody(world: World) -> None:
    world.clock.skew = timedelta(hours=3)
    world.citizen_writes(ANNA)
    world.sync()
    world.clock.skew = timedelta(0)
    world.restart()
    for _ in range(3):
        _pass(world)
    assert not _stops(world)
