"""Yesterday's database or yesterday's mailbox: nothing is sent twice, no number is used for two cases."""

import shutil
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest

from oacmail.core.effects import OutboxCommand
from oacmail.core.errors import Refused
from tests.work import instructions
from tests.world import ANNA, MARTA, PERE, SUPERVISOR, World

TOWN = Callable[..., World]


def _backup(world: World) -> Path:
    """The state directory as `oacmail backup` would have it."""
    world.stop()
    copy = world.root / "backup"
    shutil.copytree(world.config.office.state, copy)
    world.start()
    return copy


def _restore(world: World, backup: Path) -> None:
    world.stop()
    shutil.rmtree(world.config.office.state)
    shutil.copytree(backup, world.config.office.state)
    world.start()


def _busy_day(world: World) -> Path:
    """Pere writes, a backup is made, then Anna and Marta write and Anna is answered and asks anew; the backup."""
    world.citizen_asks(PERE)
    backup = _backup(world)
    world.sync()
    message = world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    world.clock.forward(minutes=10)
    world.citizen_asks(MARTA, "Beca", "On es demana la beca?")
    world.clock.forward(minutes=10)
    answer = world.agent_replies(message)
    world.clock.forward(minutes=10)
    world.citizen_asks(ANNA, "", "I per al meu fill, com es fa?", answers=answer)
    return backup


def _tuples(world: World) -> list[tuple[str, str, str, int]]:
    return [(case["number"], case["citizen"], case["status"], len(case["messages"])) for case in world.cases()]


def test_after_yesterdays_database_every_message_has_its_old_case_and_nobody_gets_a_mail_twice(world: World) -> None:
    backup = _busy_day(world)
    before, sent = _tuples(world), {who: len(world.received(who)) for who in (ANNA, PERE, MARTA)}
    _restore(world, backup)
    assert len(world.cases()) == 1
    world.turn()
    assert _tuples(world) == before
    assert {who: len(world.received(who)) for who in (ANNA, PERE, MARTA)} == sent
    assert {mail["state"] for mail in world.mails("ack")} == {"sent"}
    world.live("2026-11-25 20:00")
    assert {who: len(world.received(who)) for who in (ANNA, PERE, MARTA)} == sent


def test_after_it_new_numbers_stand_above_the_highest_seen(world: World) -> None:
    backup = _busy_day(world)
    highest = max(case["number"] for case in world.cases())
    _restore(world, backup)
    world.citizen_asks("nou@example.cat", "Nou", "Una consulta nova, si us plau?")
    (new,) = [case for case in world.cases() if case["citizen"] == "nou@example.cat"]
    assert new["number"] > highest


@pytest.mark.parametrize("count", [1, 60])
def test_a_strangers_mark_takes_no_number_and_no_case_after_a_restore(world: World, count: int) -> None:
    backup = _busy_day(world)
    before, sent = _tuples(world), len(world.received(ANNA))
    _restore(world, backup)
    for number in range(count):
        sender, text = f"estrany{number}@example.cat", f"Com es fa el tràmit {chr(97 + number % 26)}{number // 26}?"
        world.citizen_writes(sender, "Un tràmit", text, headers=(("X-Oacmail", "x"),))
    world.turn()
    assert _tuples(world)[: len(before)] == before
    assert len(world.cases()) == len(before) + count
    assert len(world.received(ANNA)) == sent
    world.clock.forward(minutes=10)
    world.citizen_asks(MARTA, "Una altra cosa", "Es pot pagar l'IBI a terminis, si us plau?")
    assert world.kinds(MARTA)[-1] == "ack"


def test_the_imported_acknowledgement_belongs_to_its_case_again_and_replies_to_it_find_it(world: World) -> None:
    backup = _busy_day(world)
    _restore(world, backup)
    world.turn()
    marta = next(case for case in world.cases() if case["citizen"] == MARTA)
    assert [mail["kind"] for mail in marta["outgoing"]] == ["ack"]
    world.citizen_asks("avi@example.fr", "", "Soc l'avi: ja li ho faig jo?", answers=world.received(MARTA)[0])
    assert len(world.case(marta["number"])["messages"]) == 2


def test_a_second_message_whose_first_is_gone_from_the_mailbox_still_finds_its_case(world: World) -> None:
    backup = _busy_day(world)
    before = next(case for case in world.cases() if case["citizen"] == ANNA)["number"]
    inbox = world.mailbox.folders["INBOX"]
    for uid in [uid for uid, message in inbox.messages.items() if b"Com demano el volant" in message.raw]:
        world.mailbox.expunge("INBOX", uid)
    _restore(world, backup)
    world.turn()
    assert [case["number"] for case in world.cases() if case["citizen"] == ANNA] == [before]
    assert len(world.received(ANNA)) == 2


def test_a_mail_that_was_queued_in_the_backup_and_has_left_since_is_not_sent_again(world: World) -> None:
    world.citizen_writes(ANNA)
    world.sync()
    backup = _backup(world)
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    _restore(world, backup)
    world.drain()
    world.turn()
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert world.mail()["state"] == "sent"


def test_after_yesterdays_mailbox_new_messages_on_used_uids_are_seen_and_old_ones_known(world: World) -> None:
    world.citizen_asks(PERE)
    snapshot = world.mailbox.snapshot()
    world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    world.mailbox.restore(snapshot)
    for number, sender in enumerate((MARTA, "nou@example.cat", "vell@example.fr")):
        world.citizen_writes(sender, f"Tràmit {'abc'[number]}", f"Com es fa el tràmit {'abc'[number]}?")
    world.turn()
    assert len(world.cases()) == 5
    assert all(len(world.received(who)) == 1 for who in (PERE, ANNA, MARTA, "nou@example.cat", "vell@example.fr"))


@pytest.mark.parametrize("folders", [("INBOX",), ("Sent",), ("INBOX", "Sent", "Junk")])
def test_under_another_uidvalidity_all_is_recognised(world: World, folders: tuple[str, ...]) -> None:
    _busy_day(world)
    before, sent = _tuples(world), sum(len(box) for box in world.relay.inboxes.values())
    for folder in folders:
        world.mailbox.renew(folder)
    world.turn()
    world.turn()
    assert _tuples(world) == before
    assert sum(len(box) for box in world.relay.inboxes.values()) == sent


def test_what_waits_for_a_message_that_never_comes_is_forgotten_after_two_months(world: World) -> None:
    for name in (
        "reserved:0123",
        "acknowledged:a@example.cat <x@example.cat>",
        "undelivered:<x@example.cat>",
        "serial:2026",
    ):
        world.store.remember(name, "7", world.clock.now())
    world.clock.forward(days=59)
    world.store.tidy(world.clock.now())
    assert len(world.rows("SELECT 1 FROM kv WHERE value = '7'")) == 4
    world.clock.forward(days=2)
    world.store.tidy(world.clock.now())
    assert world.rows("SELECT key FROM kv WHERE value = '7'") == [{"key": "serial:2026"}]


def test_a_notice_that_the_restored_database_finds_unsent_leaves_at_the_next_opening(world: World) -> None:
    message = world.citizen_asks(ANNA)
    answer = world.agent_replies(message)
    world.advance("2026-11-30 20:51")
    world.citizen_asks(ANNA, "", "Gràcies, però ara em surt un error. Com ho arreglo?", answers=answer)
    backup = _backup(world)
    world.live("2026-12-01 10:00")
    assert world.kinds(SUPERVISOR) == ["complex"]
    world.agent_answers(message)
    world.live("2026-12-05 00:28")
    _restore(world, backup)
    world.live("2026-12-06 23:59")
    assert world.kinds(SUPERVISOR) == ["complex"]
    world.live("2026-12-07 09:59")
    assert world.kinds(SUPERVISOR) == ["complex", "complex"]  # staff may hear twice after a restore
    assert world.mail("complex")["state"] == "sent"


def test_a_citizen_who_got_a_number_further_down_the_thread_keeps_it(town: TOWN) -> None:
    world = town(ack={"per_address_hour": 1})
    backup = _backup(world)
    world.citizen_writes(ANNA, "Beca", "On es demana la beca?")
    opening = world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    answer = world.agent_answers(opening)  # the second acknowledgement had to wait, and is not due any more
    world.clock.forward(minutes=70)
    world.turn()
    world.citizen_asks(ANNA, "", "I per al meu fill, com es fa?", answers=answer)
    before = _tuples(world)
    assert [before[-1][0] in subject for subject in world.subjects(ANNA)] == [False, True]
    _restore(world, backup)
    world.turn()
    assert _tuples(world) == before
    assert len(world.received(ANNA)) == 2


def test_another_who_uses_her_messages_id_gets_another_number(world: World) -> None:
    backup = _busy_day(world)
    before = [case["number"] for case in world.cases()]
    inbox = world.mailbox.folders["INBOX"]
    (uid,) = (uid for uid, message in inbox.messages.items() if b"Com demano el volant" in message.raw)
    forged = world.message("altre@example.cat", "Una cosa", "Una cosa ben diferent, si us plau?")
    forged.replace_header("Message-ID", message_from_bytes(inbox.messages[uid].raw)["Message-ID"])
    for old in list(inbox.messages):
        world.mailbox.expunge("INBOX", old)
    _restore(world, backup)
    world.receive(forged)
    (number,) = [case["number"] for case in world.cases() if case["citizen"] == "altre@example.cat"]
    assert number > max(before)


def test_a_restored_database_gives_no_number_out_before_sent_has_been_read(world: World) -> None:
    backup = _busy_day(world)
    before = _tuples(world)
    world.mailbox.refused = {"Sent"}
    _restore(world, backup)
    world.turn()
    assert len(world.cases()) == 1
    world.mailbox.refused = set()
    world.turn()
    assert _tuples(world) == before


def test_once_sent_has_been_read_messages_are_worked_although_it_cannot_be_opened(world: World) -> None:
    world.turn()
    world.mailbox.refused = {"Sent"}
    world.citizen_asks(ANNA)
    assert [case["citizen"] for case in world.cases()] == [ANNA]


def test_a_mail_of_which_only_the_proof_was_found_is_not_sent_again_by_hand(world: World) -> None:
    backup = _busy_day(world)
    _restore(world, backup)
    world.turn()
    ack = next(mail for mail in world.mails() if mail["recipient"] == MARTA)
    world.store.con.execute("UPDATE outbox SET state = 'failed' WHERE key = ?", (ack["key"],))
    with pytest.raises(Refused, match="its bytes are not kept"):
        world.engine.perform(OutboxCommand(verb="retry", key=ack["key"], by="admin"))
    world.turn()
    assert len(world.received(MARTA)) == 1


# What a new case reads after a restore: its own acknowledgement, however many others were imported.


def _imported(world: World, first: int, last: int) -> None:
    """Acknowledgements that Sent proved, with the numbers that they keep for cases that have not come again."""
    con, now = world.store.con, "2026-11-25T08:00:00Z"
    for at in range(first, last + 1):
        con.execute("INSERT INTO kv VALUES(?, ?, ?)", (f"reserved:m{at}", f"OAC-2026-9{at:05}", now))
        con.execute(
            """INSERT INTO outbox(key, message_id, kind, recipient, domain, length, state, created_at)
            VALUES(?, ?, 'ack', ?, 'example.org', 1, 'sent', ?)""",
            (f"ack:m{at}", f"<a{at}@example.org>", f"person{at}@example.org", now),
        )


def _instructions(world: World, sender: str) -> int:
    """Hundreds of SQLite's instructions from the arrival of a request to the end of the turn."""
    world.citizen_writes(sender, "Padró", "Com demano el volant?")
    return instructions(world.store.con, world.turn, each=100)


def test_a_new_case_costs_the_same_beside_two_thousand_imported_acknowledgements(world: World) -> None:
    _imported(world, 1, 20)
    _instructions(world, "first@example.org")
    few = _instructions(world, "second@example.org")
    _imported(world, 21, 2_000)

    assert few > 0
    assert _instructions(world, "third@example.org") < 1.5 * few
    assert len(world.cases()) == 3
