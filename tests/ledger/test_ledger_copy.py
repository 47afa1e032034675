"""The copy of the ledger in the mailbox: what a rebuild takes from it, and what it is worth if somebody has meddled."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oacmail.core.tokens import person_mark
from oacmail.engine.ledger import read
from oacmail.privacy.erasure import forget
from oacmail.store import admin
from oacmail.store.ledger import joined
from tests.ledger.test_ledger import accept_rows, by_hand, named, recorded
from tests.ledger.test_nightly_proof import NIGHT
from tests.privacy.test_forgetting_everywhere import NAME
from tests.rebuild.rebuilding import difference, expunge, lose, rebuild, taken
from tests.world import AGENT, ANNA, MARTA, PERE, World

FOLDER = "oacmail"


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    """Three people wait; an admin has done by shell what no mail tells."""
    world = town(imap={"ledger": FOLDER}, people={"agents": [AGENT]})
    for who in (ANNA, PERE, MARTA):
        world.citizen_writes(who, text=f"Bon dia, com pago els rebuts? {NAME}")
    world.turn()
    world.turn()
    world.order("assign", "OAC-2026-000001", name=AGENT)
    world.order("close", "OAC-2026-000002", reason="spam")
    world.order("set", "OAC-2026-000003", topic="payment")
    for minute in (11, 22):  # what was decided in the first turn leaves after it was copied
        world.advance(f"2026-11-25 09:{minute}")
        world.turn()
    return world


def pieces(world: World) -> list[bytes]:
    return [message.raw for message in world.mailbox.folders[FOLDER].messages.values()]


def changed_by_a_rebuild(world: World) -> list[str]:
    """Lose the database and make it anew; return the rows that are others."""
    before = taken(world)
    lose(world)
    rebuild(world)
    return difference(before, taken(world))


def test_what_no_mail_tells_comes_back_from_the_ledger(world: World) -> None:
    assert changed_by_a_rebuild(world) == []


def test_a_piece_names_nobody_and_says_nothing(world: World) -> None:
    assert pieces(world)
    for raw in pieces(world):
        assert not any(word.encode() in raw for word in (ANNA, PERE, "Torrentfonda", "rebuts"))
    texts = "".join(read(world.mailbox, FOLDER, world.policy.secrets))
    assert "OAC-2026-000003" in texts
    assert [word for word in (ANNA, PERE, MARTA, "Torrentfonda", "rebuts") if word in texts] == []


def test_a_piece_that_somebody_has_changed_or_removed_counts_for_nothing_behind_it(world: World) -> None:
    whole = joined(read(world.mailbox, FOLDER, world.policy.secrets), world.policy.secrets)
    assert whole is not None
    assert whole.lost == 0
    messages = world.mailbox.folders[FOLDER].messages
    first, *_, last = sorted(messages)
    middle = sorted(messages)[1]
    assert middle != last
    raw = messages[middle].raw
    messages[middle] = replace(messages[middle], raw=raw[:-10] + b"AAAA" + raw[-6:])
    part = joined(read(world.mailbox, FOLDER, world.policy.secrets), world.policy.secrets)
    assert part is not None
    assert part.until < whole.until
    assert part.lost > 0
    world.mailbox.expunge(FOLDER, first)
    assert joined(read(world.mailbox, FOLDER, world.policy.secrets), world.policy.secrets) is None
    assert joined(read(world.mailbox, FOLDER, (b"of another office",)), (b"of another office",)) is None


def test_a_night_leaves_one_snapshot_in_place_of_all_pieces(world: World) -> None:
    assert len(pieces(world)) > 1
    world.compare = True
    world.advance("2026-11-26 03:01")
    world.turn()
    (only,) = [text for text in read(world.mailbox, FOLDER, world.policy.secrets) if "rows" in text]
    assert json.loads(only)["seq"] > 0
    world.advance("2026-11-26 03:20")
    world.turn()
    assert changed_by_a_rebuild(world) == []


def test_an_erased_person_leaves_the_copy_too(world: World) -> None:
    mark = person_mark(world.policy.secrets[-1], ANNA)[:32]
    assert mark in "".join(read(world.mailbox, FOLDER, world.policy.secrets))
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    world.advance("2026-11-25 09:40")
    world.turn()
    assert mark not in "".join(read(world.mailbox, FOLDER, world.policy.secrets))


def test_a_mailbox_that_takes_no_piece_is_a_problem_and_no_stop(world: World) -> None:
    world.mailbox.refused.add(FOLDER)
    world.citizen_writes(PERE, text="Bon dia, i demà?")
    world.advance("2026-11-25 09:50")
    world.turn()
    assert "ledger" in world.problems()
    world.mailbox.refused.clear()
    world.advance("2026-11-25 10:10")
    world.turn()
    assert "ledger" not in world.problems()


def test_a_mailbox_that_has_taken_no_piece_is_tried_again_after_ten_minutes(world: World) -> None:
    """And not with each pass: a refusal costs a connection, and a first piece is large."""
    world.mailbox.refused.add(FOLDER)
    world.citizen_writes(PERE, text="Bon dia, i demà?")
    world.advance("2026-11-25 09:50")
    world.turn()
    world.mailbox.refused.clear()
    before = len(pieces(world))
    world.advance("2026-11-25 09:59")
    world.turn()
    assert len(pieces(world)) == before
    world.advance("2026-11-25 10:00")
    world.turn()
    assert len(pieces(world)) > before


def test_a_folder_that_is_watched_takes_no_piece(town: Callable[..., World]) -> None:
    """A server may call its folder of sent mail so, whatever the configuration says: the mail in it is still read."""
    world = town(imap={"ledger": "Sent"})
    world.citizen_asks(ANNA)
    world.turn()
    assert "ledger" in world.problems()
    assert [raw for raw in world.mailbox.folders["Sent"].messages.values() if b"x-oacmail-ledger" in raw.fields] == []
    assert world.rows("SELECT name FROM folders WHERE name = 'Sent'") != []


def test_a_ledger_without_a_snapshot_stops_no_pass(tmp_path: Path) -> None:
    world = World(tmp_path, imap={"ledger": FOLDER})
    with by_hand(world) as con:
        con.execute("DELETE FROM ledger_snapshot")
    world.advance("2026-11-25 09:20")
    world.citizen_asks(ANNA)
    assert world.received(ANNA) != []
    world.advance(NIGHT)
    assert named(world) == ["ledger none"]
    world.stop()


def test_the_copy_is_that_of_a_restored_database(world: World) -> None:
    """Its snapshot is older than that of the copy, which has replaced the pieces that it knew."""
    world.compare = True
    for moment in ("03:01", "03:20"):
        world.advance(f"2026-11-26 {moment}")
        world.turn()
    backup = world.root / "backup.db"
    admin.backup(world.config.office.state, backup, world.policy.secrets, world.clock.now())
    with by_hand(world) as con:
        con.execute("UPDATE cases SET topic = 'payment' WHERE id = 1")
    accept_rows(world)
    world.order("set", "OAC-2026-000003", topic="enrolment")
    world.advance("2026-11-26 03:31")
    world.turn()
    world.stop()
    admin.restore(world.config.office.state, backup, world.clock.now())
    world.start()
    for minute in (42, 53):
        world.advance(f"2026-11-26 03:{minute}")
        world.turn()
    assert changed_by_a_rebuild(world) == []


def test_the_newest_pieces_count_where_the_server_deletes_none(world: World) -> None:
    """As without UIDPLUS: the pieces of the lost database remain, which has had more entries."""
    world.mailbox.deletes = False
    for topic in ("enrolment", "payment") * 5:
        world.order("set", "OAC-2026-000003", topic=topic)
    world.compare = True
    world.advance("2026-11-26 03:01")
    world.turn()
    world.advance("2026-11-26 03:20")
    world.turn()
    lose(world)
    rebuild(world)
    world.order("set", "OAC-2026-000003", topic="enrolment")
    for minute in (31, 42, 53):
        world.advance(f"2026-11-26 03:{minute}")
        world.turn()
    assert changed_by_a_rebuild(world) == []


def test_columns_that_this_version_does_not_have_stop_no_rebuild(world: World) -> None:
    """Those of another version, which has written the copy."""
    with by_hand(world) as con:
        con.execute("ALTER TABLE cases ADD COLUMN district TEXT")
        con.execute("ALTER TABLE deadlines ADD COLUMN district TEXT")
    world.restart(imap={"ledger": FOLDER}, people={"agents": [AGENT]})
    world.advance("2026-11-25 09:40")
    world.turn()
    assert "district" in "".join(read(world.mailbox, FOLDER, world.policy.secrets))
    before = states(world)
    lose(world)
    rebuild(world)
    assert states(world) == before


def states(world: World) -> list[tuple[str, ...]]:
    return [(case["number"], case["citizen"], case["status"], case["topic"]) for case in world.cases()]


def test_a_case_has_its_own_state_back_where_no_mail_tells_its_number(town: Callable[..., World]) -> None:
    """No copies of our mail were kept, and the message of the first case is gone: the rebuild counts anew."""
    world = town(imap={"ledger": FOLDER}, smtp={"self_copy": False})
    since = world.clock.now()
    for who in (ANNA, PERE, MARTA):
        world.citizen_asks(who)
        world.clock.forward(minutes=1)
    world.order("close", "OAC-2026-000001", reason="spam")
    world.order("set", "OAC-2026-000003", topic="payment")
    for minute in (21, 32):
        world.advance(f"2026-11-25 09:{minute}")
        world.turn()
    _, *left = states(world)
    expunge(world, "INBOX", ANNA.encode())
    lose(world)
    rebuild(world, since=since)
    assert states(world) == left


def test_an_old_piece_that_somebody_puts_back_counts_for_nothing(world: World) -> None:
    old = pieces(world)
    world.compare = True
    for moment in ("03:01", "03:20"):
        world.advance(f"2026-11-26 {moment}")
        world.turn()
    before = joined(read(world.mailbox, FOLDER, world.policy.secrets), world.policy.secrets)
    for raw in old:
        world.mailbox.append(FOLDER, raw, world.clock.now())
    assert joined(read(world.mailbox, FOLDER, world.policy.secrets), world.policy.secrets) == before


def test_an_erased_person_leaves_a_ledger_that_proves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, imap={"ledger": FOLDER})
    world.citizen_asks(ANNA)
    world.advance("2026-11-25 09:20")
    world.turn()
    mark = person_mark(world.policy.secrets[-1], ANNA)[:32]
    assert mark in "".join(read(world.mailbox, FOLDER, world.policy.secrets))
    with by_hand(world) as con:
        con.execute("DELETE FROM ledger WHERE seq = (SELECT max(seq) - 1 FROM ledger)")
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    assert mark not in recorded(world)
    world.advance("2026-11-25 09:40")
    world.turn()
    assert mark not in "".join(read(world.mailbox, FOLDER, world.policy.secrets))
    world.restart()
    world.advance(NIGHT)
    assert named(world) == ["ledger forged"]
    world.stop()
