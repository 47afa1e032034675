"""Who was forgotten and has come back, from a backup or from the mailbox, is forgotten again, also in others' words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oacmail.core.stored_values import SEARCHED
from oacmail.privacy import certificate, nightly_forgetting
from oacmail.privacy.erasure import forget
from oacmail.store import admin, personal
from tests.orders.test_orders_of_calls import agent_writes
from tests.privacy.test_forgetting import left_in
from tests.world import AGENT, ANNA, PERE, World

SAYS = f"Escriviu també a {ANNA.upper()} , la meva veïna."


@pytest.fixture
def world(town: Callable[..., World]) -> World:
    """Pere has named Anna, who was forgotten, also in the mailbox; she has a certificate."""
    world = town(imap={"backlog_days": 30})
    world.citizen_asks(ANNA, "Padró", "Com m'empadrono?")
    world.citizen_asks(PERE, "La veïna", SAYS)
    return world


def forgotten(world: World) -> None:
    world.advance("2026-11-25 09:30")
    done = forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    made = certificate.made(world.policy, ANNA, done.counts, mailbox={}, shared={}, backups=[], by="admin", now=done.at)
    certificate.write(world.policy, made, world.config.office.state / certificate.FOLDER)
    for folder, box in world.mailbox.folders.items():
        for uid in [
            uid for uid, message in box.messages.items() if message.has("From", ANNA) or message.has("To", ANNA)
        ]:
            world.mailbox.expunge(folder, uid)


def read_again(world: World) -> None:
    """The database is lost, and made from what lies in the mailbox."""
    world.stop()
    for file in world.config.office.state.glob("oacmail.db*"):
        file.unlink()
    world.advance("2026-11-25 10:00")
    world.start()
    world.turn()


def words_of_pere(world: World) -> list[str]:
    return [row["fresh"] for row in world.rows("SELECT fresh FROM messages WHERE subject = 'La veïna' ORDER BY id")]


def test_an_address_that_only_other_people_have_written_goes_again(world: World) -> None:
    forgotten(world)
    (before,) = words_of_pere(world)
    read_again(world)
    assert ANNA in words_of_pere(world)[0].lower().split()
    assert world.rows("SELECT 1 FROM people WHERE address = ?", ANNA) == []
    world.stop()
    assert nightly_forgetting(world.config, world.clock.now()) == 1
    assert left_in(world.config.office.state, (ANNA,)) == set()
    assert nightly_forgetting(world.config, world.clock.now()) == 0
    world.start()
    assert words_of_pere(world) == [before]


def test_a_backup_from_before_the_erasure_is_searched_as_a_whole(world: World, tmp_path: Path) -> None:
    nightly_forgetting(world.config, world.clock.now())
    admin.backup(world.config.office.state, tmp_path / "backup", (), world.clock.now())
    forgotten(world)
    world.stop()
    admin.restore(world.config.office.state, tmp_path / "backup", world.clock.now(), world.policy.secrets)
    assert nightly_forgetting(world.config, world.clock.now()) == 1
    world.start()
    assert ANNA not in words_of_pere(world)[0].lower().split()


def test_whoever_is_named_after_the_erasure_stays_named(world: World) -> None:
    forgotten(world)
    read_again(world)
    world.citizen_asks(PERE, "La veïna", f"{SAYS} Encara.")
    agent_writes(world, f"Recordeu que {ANNA} torna demà.")
    assert nightly_forgetting(world.config, world.clock.now()) == 1
    assert [ANNA.upper() in text for text in words_of_pere(world)] == [False, True]
    assert world.rows("SELECT fresh FROM messages WHERE role = 'agent'")[0]["fresh"].startswith(f"Recordeu que {ANNA}")


def test_the_words_that_a_restore_has_brought_back_to_erased_rows_go_again(world: World) -> None:
    """Its rows are those of the ledger, which knows of the erasure, and its words those of the backup."""
    number = world.case("OAC-2026-000001")["number"]
    forgotten(world)
    word, erased = "Torrentfonda", "WHERE erased_at IS NOT NULL"
    for statement in (
        f"UPDATE cases SET subject = '{word}', phone = '{word}' {erased}",
        f"UPDATE messages SET fresh = '{word}', subject = '{word}', original = 'x' {erased}",
        f"UPDATE outbox SET mailbox = '{ANNA}', domain = 'example.org' {erased}",
        f"UPDATE mails SET mime = CAST('{word}' AS BLOB) WHERE id IN (SELECT id FROM outbox {erased})",
        f"INSERT INTO originals(key, bytes) VALUES('x', CAST('{word}' AS BLOB))",
        f"INSERT INTO notes(event_id, case_id, text) SELECT max(id), 1, '{word}' FROM events",
        f"""INSERT INTO outbox(key, message_id, kind, recipient, domain, length, state, created_at)
        VALUES('digest', '<d@x>', 'digest', '{AGENT}', 'town.example', 1, 'sent', '2026-11-25T08:00:00Z')""",
        f"INSERT INTO mails(id, mime) SELECT max(id), CAST('{number}: {word}' AS BLOB) FROM outbox",
    ):
        world.store.con.execute(statement)
    assert nightly_forgetting(world.config, world.clock.now()) > 0
    assert left_in(world.config.office.state, (word, ANNA)) == set()
    assert words_of_pere(world) != []


def test_a_night_reads_only_what_has_come_since_the_last(world: World) -> None:
    forgotten(world)
    nightly_forgetting(world.config, world.clock.now())
    (last,) = world.rows("SELECT (SELECT max(id) FROM messages) || ' ' || (SELECT max(id) FROM outbox) AS ids")
    assert world.store.recall(SEARCHED) == last["ids"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Escriviu a Anna@Example.org.", "anna@example.org"),
        ("<mailto:anna@example.org?subject=Padró>", "anna@example.org"),
        ("'anna@example.org'", "anna@example.org"),
        ("http://example.org/anna@example.org/", "anna@example.org"),
        ("d'o'brien@example.org, diu", "d'o'brien@example.org"),
        ("al +34612345678", "tel:+34612345678"),
    ],
)
def test_an_address_is_found_in_a_text_however_it_is_written(world: World, text: str, address: str) -> None:
    world.citizen_asks(PERE, "La veïna", text)
    assert address in personal.named_addresses(world.store.con, (2, 2), personal.NEVER)[0]


def test_the_search_for_addresses_reads_the_file_of_a_stranger_once(world: World) -> None:
    """One that begins anew at each character of a long word, or goes back, would take hours."""
    for word in ("a", "a@", "a.b", "@a."):
        world.citizen_asks(PERE, "La veïna", f"{word * 300_000}@")
    assert personal.named_addresses(world.store.con, (0, 0), personal.NEVER)[1] > [0, 0]
