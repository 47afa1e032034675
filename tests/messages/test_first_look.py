"""Messages in a folder at the first scan are left alone; later ones are processed, whatever their date."""

import re
from collections.abc import Callable

import pytest

from oacmail.core.errors import Transient
from oacmail.engine.intake import MAX_CRASHES, SPACING
from testbed.messages import as_bytes
from tests.e2e import strange
from tests.world import ANNA, MARTA, OFFICE, PERE, World, local

TOWN = Callable[..., World]
OLD = "2026-11-03 12:00"


def _lies(world: World, sender: str, at: str, folder: str = "INBOX") -> int:
    """A client or a migration puts a message there with a date of its own."""
    mail = world.message(sender, f"Una consulta de {sender[:4]}", "Bon dia, com es fa, si us plau?")
    return world.mailbox.append(folder, as_bytes(mail), local(at))


def _begin_anew(world: World, **settings: dict[str, int]) -> None:
    """As at the very first start on this mailbox."""
    for file in world.config.office.state.glob("oacmail.db*"):
        file.unlink()
    world.restart(**settings)


def _citizens(world: World) -> list[str]:
    return [case["citizen"] for case in world.cases()]


@pytest.mark.parametrize("at", ["2019-05-02 10:00", OLD, "2026-11-23 23:00", "2026-11-25 08:59"])
def test_what_is_copied_in_after_the_first_look_is_a_message(world: World, at: str) -> None:
    world.clock.forward(minutes=10)
    _lies(world, ANNA, at)
    world.turn()
    assert _citizens(world) == [ANNA]


def test_a_date_that_no_mail_server_can_have_is_today(world: World) -> None:
    _lies(world, ANNA, "1970-01-01 01:00")
    world.turn()
    assert world.kinds(ANNA) == ["ack"]


def test_what_lay_there_at_the_first_look_is_left_alone_also_moved_and_renumbered(world: World) -> None:
    for sender, at in ((ANNA, OLD), (PERE, "2026-11-25 08:59")):
        _lies(world, sender, at)
    _begin_anew(world)
    world.turn()
    world.clock.forward(minutes=10)
    world.mailbox.renew("INBOX")
    world.turn()
    old = world.mailbox.folders["INBOX"].messages
    uid = min(old)
    raw, moment = old[uid].raw, old[uid].internal_date
    world.mailbox.expunge("INBOX", uid)
    world.turn()
    world.mailbox.append("INBOX", raw, moment)
    world.turn()
    assert _citizens(world) == []
    assert world.rows("SELECT DISTINCT outcome FROM sightings WHERE outcome NOT IN ('baseline', 'gone')") == []


def _moved_to_another_provider(world: World, *, copied_at: str = "") -> None:
    """A copying tool numbers the messages anew and changes their sizes; some tools lose INTERNALDATE."""
    for name, old in list(world.mailbox.folders.items()):
        world.mailbox.renew(name)
        for message in world.mailbox.folders[name].messages.values():
            message.raw = b"X-Copied-By: imapcopy\r\n" + message.raw
            message.internal_date = local(copied_at) if copied_at else message.internal_date
        assert world.mailbox.folders[name].uidvalidity != old.uidvalidity


@pytest.mark.parametrize("copied_at", ["", "2026-11-25 09:05"], ids=["dates kept", "dates lost"])
def test_what_lay_there_at_the_first_look_is_known_after_a_move_to_another_provider(
    world: World, copied_at: str
) -> None:
    for sender, at in ((ANNA, OLD), (PERE, "2026-11-25 08:59")):
        _lies(world, sender, at)
    _begin_anew(world)
    world.turn()
    world.clock.forward(minutes=10)
    _moved_to_another_provider(world, copied_at=copied_at)
    world.citizen_asks(MARTA)
    assert _citizens(world) == [MARTA]
    assert [len(world.received(who)) for who in (ANNA, PERE, MARTA)] == [0, 0, 1]
    _moved_to_another_provider(world, copied_at=copied_at)
    world.turn()
    assert _citizens(world) == [MARTA]


def test_what_an_earlier_version_recorded_at_the_first_look_is_known_after_a_move_too(world: World) -> None:
    _lies(world, ANNA, OLD)
    _begin_anew(world)
    world.turn()
    world.store.con.execute("UPDATE sightings SET identity = NULL")
    world.restart()
    world.turn()
    _moved_to_another_provider(world)
    world.turn()
    assert _citizens(world) == []


def test_a_message_that_only_repeats_the_message_id_of_an_old_one_is_a_message(world: World) -> None:
    _lies(world, ANNA, OLD)
    _begin_anew(world)
    world.turn()
    (old,) = world.mailbox.raws("INBOX")
    world.clock.forward(minutes=10)
    world.mailbox.renew("INBOX")
    named = re.search(rb"(?im)^message-id:.*$", old)
    assert named is not None
    fresh = as_bytes(world.message(PERE, "Padró", "Com demano un volant?"))
    world.mailbox.append("INBOX", re.sub(rb"(?im)^message-id:.*$", named[0], fresh), world.clock.now())
    world.turn()
    assert _citizens(world) == [PERE]


def test_backlog_days_hold_for_what_lay_there_at_the_first_look(world: World) -> None:
    for sender, at in ((ANNA, OLD), (PERE, "2026-11-24 12:00")):
        _lies(world, sender, at)
    _begin_anew(world, imap={"backlog_days": 4})
    world.turn()
    assert _citizens(world) == [PERE]
    _lies(world, MARTA, OLD)
    world.turn()
    assert _citizens(world) == [PERE, MARTA]


def test_a_first_pass_that_breaks_leaves_the_first_look_what_it_was(world: World) -> None:
    _lies(world, ANNA, OLD)
    world.citizen_writes(PERE, "Una altra consulta")
    _begin_anew(world)
    world.mailbox.refused = {"Sent"}
    with pytest.raises(Transient):
        world.intake.sync(compare=True)
    world.mailbox.refused = set()
    _lies(world, MARTA, OLD)
    world.turn()
    assert MARTA in _citizens(world)
    assert ANNA not in _citizens(world)


# Crashes while messages are read, and unreadable messages: none costs its neighbours anything.

POINT = "before the fetch"


def test_crashes_that_come_by_chance_set_no_message_aside(world: World) -> None:
    for writer in (ANNA, PERE, MARTA):
        world.citizen_writes(writer, f"Consulta de {writer}")
    for _ in range(1 + 3 * (MAX_CRASHES - 1)):  # the batch, then now one of them, now another
        world.kill(POINT, world.sync)
    world.turn()
    assert [len(world.received(writer)) for writer in (ANNA, PERE, MARTA)] == [1, 1, 1]
    assert world.reviews() == []


def test_a_message_that_crashes_the_process_again_and_again_is_set_aside_and_stops_nobody(world: World) -> None:
    world.citizen_writes(ANNA)
    for _ in range(1 + MAX_CRASHES):
        world.kill(POINT, world.sync)
    world.citizen_asks(PERE)
    assert world.kinds(PERE) == ["ack"]
    assert world.kinds(ANNA) == []
    assert "quarantine" in world.problems()


def test_a_message_that_the_server_cannot_give_out_is_set_aside_after_spaced_tries(world: World) -> None:
    world.citizen_writes(PERE)
    world.citizen_writes(ANNA)
    bad = max(world.mailbox.folders["INBOX"].messages)
    world.mailbox.folders["INBOX"].messages[bad].bad = True
    for pause in SPACING:
        world.sync()
        world.sync()
        assert world.reviews() == []
        world.clock.set(world.clock.now() + pause)
    world.sync()
    assert world.reviews() == ["unreadable"]
    assert "quarantine" in world.problems()
    assert len(world.cases()) == 1


# Any bytes become a case and an acknowledgement.


@pytest.mark.parametrize("make", strange.ANSWERED, ids=lambda make: make.__name__)
def test_a_case_and_an_acknowledgement_for_a_message_with(world: World, make: strange.Strange) -> None:
    world.mailbox.append("INBOX", make(ANNA, OFFICE), world.clock.now())
    world.turn()
    (ack,) = world.received(ANNA)
    assert world.case()["number"] in str(ack["Subject"])
    assert world.rows("SELECT * FROM sightings WHERE outcome IS NULL OR outcome = 'gone' OR error IS NOT NULL") == []
    if make is strange.a_raw_latin1_subject:
        assert world.case()["subject"] == "Sol·licitud urgent", "as it was meant"


def test_a_message_without_a_sender_is_a_case_and_garbage_has_an_outcome(world: World) -> None:
    for raw in (strange.NOBODY, strange.GARBAGE):
        world.mailbox.append("INBOX", raw, world.clock.now())
        world.turn()
    (case,) = [case for case in world.cases() if case["subject"] == "Qui soc?"]
    assert case["outgoing"] == []
    assert "no-address-to-answer" in world.reviews()
    assert world.rows("SELECT * FROM sightings WHERE outcome IS NULL OR outcome = 'gone'") == []
