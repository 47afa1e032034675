"""The copy of the ledger in the mailbox: what a rebuild takes from it, and what it is worth if somebody has meddled."""

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from oacmail.core.errors import Transient
from oacmail.core.tokens import person_mark
from oacmail.engine.ledger import message, read
from oacmail.privacy.erasure import forget
from oacmail.store import admin
from oacmail.store.ledger import Copied, joined
from testbed import database
from tests.fakes.provider_server import EXCHANGE, GMAIL, Provider, ProviderMailbox
from tests.ledger.test_ledger import accept_rows, by_hand, named, recorded
from tests.ledger.test_nightly_proof import NIGHT
from tests.privacy.test_forgetting_everywhere import NAME
from tests.rebuild.rebuilding import expunge, lose, rebuild, restore
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


def texts(world: World) -> list[str]:
    return [zlib.decompress(body).decode() for body in read(world.mailbox, FOLDER, world.policy.secrets).bodies]


def told(world: World) -> str:
    return "".join(texts(world))


def copied(world: World, *others: bytes) -> Copied | None:
    keys = others or world.policy.secrets
    with closing(sqlite3.connect(":memory:")) as con:
        return joined(con, read(world.mailbox, FOLDER, keys).bodies, keys)


def changed_by_a_rebuild(world: World) -> list[tuple[str, str, str]]:
    """Lose the database and make it anew; return the rows that are others."""
    before = database.recorded(world.store.con)
    lose(world, copied=False)
    rebuild(world)
    return database.differences(before, database.recorded(world.store.con))


def test_what_no_mail_tells_comes_back_from_the_ledger(world: World) -> None:
    assert changed_by_a_rebuild(world) == []


def test_a_piece_names_nobody_and_says_nothing(world: World) -> None:
    assert pieces(world)
    for raw in pieces(world):
        assert not any(word.encode() in raw for word in (ANNA, PERE, "Torrentfonda", "rebuts"))
    texts = told(world)
    assert "OAC-2026-000003" in texts
    assert [word for word in (ANNA, PERE, MARTA, AGENT, "Torrentfonda", "rebuts") if word in texts] == []


def test_a_piece_that_somebody_has_changed_counts_for_nothing_and_what_lies_behind_it_counts(world: World) -> None:
    whole = copied(world)
    assert whole is not None
    assert whole.lost == 0
    messages = world.mailbox.folders[FOLDER].messages
    first, *_, last = sorted(messages)
    middle = sorted(messages)[1]
    assert middle != last
    raw = messages[middle].raw
    messages[middle] = replace(messages[middle], raw=raw[:-10] + b"AAAA" + raw[-6:])
    part = copied(world)
    assert part is not None
    assert (part.until, part.chained) == (whole.until, whole.chained)
    assert part.lost > 0
    world.mailbox.expunge(FOLDER, first)
    assert copied(world) is None
    assert copied(world, b"of another office") is None


def test_the_service_decides_on_while_the_ledger_is_copied(world: World) -> None:
    with world.store.ledger_pieces("", world.clock.now()) as (made, _):
        first = next(made)
        order = Thread(target=world.order, args=("set", "OAC-2026-000003"), kwargs={"topic": "enrolment"}, daemon=True)
        order.start()
        order.join(5)
        assert not order.is_alive()
        assert "enrolment" not in "".join(zlib.decompress(piece).decode() for piece in (first, *made))
    assert world.case("OAC-2026-000003")["topic"] == "enrolment"


def test_a_night_leaves_one_snapshot_in_place_of_all_pieces(world: World) -> None:
    assert len(pieces(world)) > 1
    world.compare = True
    world.advance("2026-11-26 03:01")
    world.turn()
    (only,) = [text for text in texts(world) if "rows" in text]
    assert json.loads(only)["seq"] > 0
    world.advance("2026-11-26 03:20")
    world.turn()
    assert changed_by_a_rebuild(world) == []


def test_an_erased_person_leaves_the_copy_too(world: World) -> None:
    mark = f"~{person_mark(world.policy.secrets[-1], ANNA)[:32]}"
    assert mark in told(world)
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    world.advance("2026-11-25 09:40")
    world.turn()
    assert mark not in told(world)


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
    assert restore(world, backup).why == ""
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
    accept_rows(world)
    world.restart(imap={"ledger": FOLDER}, people={"agents": [AGENT]})
    world.advance("2026-11-25 09:40")
    world.turn()
    assert "district" in told(world)
    before = states(world)
    lose(world)
    rebuild(world)
    assert states(world) == before


def states(world: World) -> list[tuple[str, ...]]:
    return [(case["number"], case["citizen"], case["status"], case["topic"]) for case in world.cases()]


def test_a_case_is_back_though_no_mail_of_it_is_left(town: Callable[..., World]) -> None:
    """No copies of our mail were kept, and the message of the first case is gone: nothing tells who wrote it."""
    world = town(imap={"ledger": FOLDER}, smtp={"self_copy": False})
    for who in (ANNA, PERE, MARTA):
        world.citizen_asks(who)
        world.clock.forward(minutes=1)
    world.order("close", "OAC-2026-000001", reason="spam")
    world.order("set", "OAC-2026-000003", topic="payment")
    for minute in (21, 32):
        world.advance(f"2026-11-25 09:{minute}")
        world.turn()
    (number, _, *state), *left = states(world)
    expunge(world, "INBOX", ANNA.encode())
    lose(world)
    report = rebuild(world)
    assert states(world) == [(number, "unknown.1@invalid", *state), *left]
    assert (report.ledger.nameless, report.ledger.wordless) == ((number,), 1)


def test_an_old_piece_that_somebody_puts_back_counts_for_nothing(world: World) -> None:
    old = pieces(world)
    world.compare = True
    for moment in ("03:01", "03:20"):
        world.advance(f"2026-11-26 {moment}")
        world.turn()
    before = copied(world)
    for raw in old:
        world.mailbox.append(FOLDER, raw, world.clock.now())
    assert copied(world) == before


def test_an_erased_person_leaves_a_ledger_that_proves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, imap={"ledger": FOLDER})
    world.citizen_asks(ANNA)
    world.advance("2026-11-25 09:20")
    world.turn()
    mark = f"~{person_mark(world.policy.secrets[-1], ANNA)[:32]}"
    assert mark in told(world)
    with by_hand(world) as con:
        con.execute("DELETE FROM ledger WHERE seq = (SELECT max(seq) - 1 FROM ledger)")
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    assert mark not in recorded(world)
    world.advance("2026-11-25 09:40")
    world.turn()
    assert mark not in told(world)
    world.restart()
    world.advance(NIGHT)
    assert named(world) == ["ledger forged"]
    world.stop()


def test_pieces_under_a_key_that_is_not_ours_stay(world: World) -> None:
    """Of a database and a key that are both lost: the key may be found again. Or of another installation."""
    before = database.recorded(world.store.con)
    lose(world)
    old = pieces(world)
    key = world.config.office.state / "token.key"
    lost = key.read_text("utf-8")
    key.write_text("another" * 8)
    world.start()
    for hour in (10, 11):
        world.advance(f"2026-11-25 {hour}:00")
        world.turn()
    assert set(old) < set(pieces(world))
    lose(world)
    key.write_text(lost)
    rebuild(world)
    assert database.differences(before, database.recorded(world.store.con)) == []


def test_a_message_that_only_names_our_key_stays(world: World) -> None:
    """Somebody's mail lies in the folder, and has the field of a piece that our key has not signed."""
    field = next(line for line in pieces(world)[-1].splitlines() if b"X-Oacmail-Ledger: " in line)
    theirs = b"Subject: meu\r\n" + field.partition(b"; s=")[0] + b"; s=0\r\n\r\nunes paraules\r\n"
    assert b"X-Oacmail-Ledger: v=1; k=" in theirs
    world.mailbox.append(FOLDER, theirs, world.clock.now())
    world.compare = True
    world.advance("2026-11-26 03:01")
    world.turn()
    assert len([text for text in texts(world) if "rows" in text]) == 1
    assert theirs in pieces(world)


def test_a_piece_that_the_server_does_not_deliver_is_named(world: World) -> None:
    messages = world.mailbox.folders[FOLDER].messages
    lose(world)
    last = messages[max(messages)]
    last.bad = True
    assert rebuild(world).ledger.refused == {"unread": 1}
    lose(world, copied=False)
    for uid in sorted(messages)[:-1]:
        world.mailbox.expunge(FOLDER, uid)
    last.bad = True
    report = rebuild(world, since=world.clock.now())
    assert (report.ledger.why, report.ledger.refused) == ("none", {"unread": 1})


@pytest.mark.parametrize("provider", [EXCHANGE, GMAIL], ids=["Exchange", "Gmail"])
def test_a_providers_mailbox_has_one_snapshot_and_no_piece_elsewhere(tmp_path: Path, provider: Provider) -> None:
    """Gmail keeps in All Mail what is expunged from a label: an old piece goes into its bin."""
    box = ProviderMailbox(provider)
    world = World(tmp_path, imap={"ledger": FOLDER}, mailbox=box)  # type: ignore[arg-type]
    world.citizen_asks(ANNA)
    world.compare = True
    for moment in ("03:01", "03:20"):
        world.advance(f"2026-11-26 {moment}")
        world.turn()
    here = Counter(
        name
        for name, held in box.model.folders.items()
        for one in held.messages.values()
        if b"x-oacmail-ledger" in one.fields
    )
    assert here.keys() <= {FOLDER, "[Gmail]/All Mail", "[Gmail]/Trash"}
    assert here.get("[Gmail]/All Mail", here[FOLDER]) == here[FOLDER]
    assert sum("rows" in text for text in texts(world)) == 1
    world.stop()
    box.close()
    assert box.denied == []


def test_a_first_copy_that_breaks_off_is_no_lost_database(
    town: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first snapshot of a large town is many pieces: the quota may be full, or the connection end, between two."""
    world = town()
    append = world.mailbox.append_piece

    def breaks(folder: str, raw: bytes) -> None:
        append(folder, raw)
        raise Transient("IMAP APPEND: NO [OVERQUOTA]")

    with monkeypatch.context() as patch:
        patch.setattr(world.mailbox, "append_piece", breaks)
        world.restart(imap={"ledger": FOLDER})
        world.citizen_asks(ANNA)
        assert world.problems() == {"ledger"}
    for minute in (11, 22):
        world.advance(f"2026-11-25 09:{minute}")
        world.turn()
    assert world.problems() == set()
    assert changed_by_a_rebuild(world) == []


@pytest.mark.parametrize("piece", [b"no zlib", zlib.compress(b"no JSON"), zlib.compress(b"[]"), zlib.compress(b"{}")])
def test_a_piece_of_ours_that_cannot_be_read_stops_no_rebuild(world: World, piece: bytes) -> None:
    odd = message(piece, world.policy.office.address, world.policy.secrets[0], world.clock.now())
    world.mailbox.append(FOLDER, odd, world.clock.now())
    assert changed_by_a_rebuild(world) == []


def test_a_restored_mailbox_gets_the_whole_ledger_again(world: World) -> None:
    """The pieces since yesterday are gone: what follows them would lie behind a gap."""
    messages = world.mailbox.folders[FOLDER].messages
    world.mailbox.expunge(FOLDER, max(messages))
    world.order("set", "OAC-2026-000003", topic="enrolment")
    world.advance("2026-11-25 09:40")
    world.turn()
    assert changed_by_a_rebuild(world) == []


def test_a_mailbox_of_yesterday_gets_the_whole_ledger_again(world: World) -> None:
    """It has as many pieces as before the night, whose snapshot has replaced them since."""
    yesterday = world.mailbox.snapshot()
    world.compare = True
    for moment in ("03:01", "03:20"):
        world.advance(f"2026-11-26 {moment}")
        world.turn()
    world.mailbox.restore(yesterday)
    world.order("set", "OAC-2026-000003", topic="enrolment")
    world.advance("2026-11-26 03:40")
    world.turn()
    assert changed_by_a_rebuild(world) == []
