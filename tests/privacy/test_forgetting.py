"""A person is forgotten: nothing of them is left in the files of the database, and the desk goes on."""

import json
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from quopri import encodestring
from typing import Any

import pytest

from oacmail import reporting, wiring
from oacmail.core.errors import Refused
from oacmail.core.report.figures import Month
from oacmail.core.stored_values import LESSONS
from oacmail.core.tokens import name_of_key, person_mark
from oacmail.privacy import certificate, erasure
from oacmail.privacy.erasure import Forgetting, certified, forget, forget_again, person, uncertified
from oacmail.store import admin
from oacmail.store.connection import connect_at_rest
from oacmail.store.erase import wipe
from tests.orders.test_orders_of_calls import agent_writes
from tests.report.test_month import report
from tests.world import AGENT, ANNA, PERE, World, local, text_of

MakeWorld = Callable[..., World]
NAME, PHONE = "Anna Puigdomènech", "612345678"
SUBJECT = "Empadronament del carrer Montserrat"
TEXT = "Bon dia, sóc l'Anna Puigdomènech i visc a la Rambla Torrentfonda. Truqueu-me al 612345678."
WORDS = (ANNA, "anna", "Puigdomènech", "Puigdom", PHONE, "Empadronament", "Montserrat", "Torrentfonda")


def _writes(world: World, sender: str = ANNA, subject: str = SUBJECT, text: str = TEXT, **more: Any) -> EmailMessage:
    mail = world.message(f"{NAME} <{sender}>", subject, text, **more)
    mail.add_attachment(f"Full de {sender} al carrer Montserrat".encode(), "application", "pdf", filename="Puigdom.pdf")
    world.deliver(mail, verdict="dmarc=pass header.from=example.org", sender=sender)
    return mail


def _forget(world: World, address: str = ANNA, **options: Any) -> Forgetting:
    return forget(world.store.con, world.policy, address, world.engine.now(), by="admin", **options)


def _answered_and_closed(world: World) -> str:
    """Two messages with a file, an acknowledgement, an agent's answer; the case is closed."""
    first = _writes(world)
    world.turn()
    number = str(world.case()["number"])
    _writes(world, answers=first, text="Afegeixo: el pis és el Torrentfonda 3.")
    world.turn()
    world.agent_replies(first, f"Bon dia, senyora Puigdomènech, truquem al {PHONE}.")
    world.order("note", number, text=f"La Puigdomènech ha trucat des del {PHONE}")
    world.order("set", number, topic="enrolment")
    world.obey("close", number, reason="answered")
    return number


def _encodings(word: str) -> set[bytes]:
    raw = word.encode()
    utf16 = {word.encode("utf-16-le")}
    parts = {b64encode(pad + raw).rstrip(b"=")[2 * len(pad) : -2] for pad in (b"", b"a", b"ab")}
    return {raw, raw.lower(), encodestring(raw).strip(), *(part for part in parts if len(part) > 6), *utf16}


def left_in(folder: Path, words: tuple[str, ...] = WORDS) -> set[tuple[str, str]]:
    """(file, word) of each word that is found in some encoding in the bytes of a file below the folder."""
    found = set()
    for file in (path for path in folder.rglob("*") if path.is_file()):
        raw = file.read_bytes()
        both = raw + raw.lower()
        found |= {(file.name, word) for word in words if any(one in both for one in _encodings(word))}
    return found


def _indicators(world: World) -> dict[str, list[dict[str, Any]]]:
    """All that a report counts."""
    tables = {
        "cases": "number, status, kind, topic, level, intent, opened_at, answered_at, closed_at, close_reason, score",
        "deadlines": "*",
        "events": "id, at, case_id, kind, data",
        "messages": "case_id, role, outcome, kind, received_at",
        "outbox": "kind, state, case_id, sent_at, created_at",
    }
    return {name: world.rows(f"SELECT {columns} FROM {name} ORDER BY 1, 2, 3, 4") for name, columns in tables.items()}


def test_no_byte_of_a_forgotten_person_is_left_in_the_files_of_the_database(world: World) -> None:
    _answered_and_closed(world)
    assert {word for _, word in left_in(world.config.office.state)} >= {ANNA, "Torrentfonda", PHONE}
    assert _forget(world).found
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_no_byte_is_left_of_a_message_that_came_twice_on_two_ways(world: World) -> None:
    mail = world.message(ANNA, "Padró", f"Soc al carrer Torrentfonda 3, {PHONE}. Com em dono d'alta?")
    for folder in ("Junk", "INBOX"):
        world.clock.forward(minutes=5)  # the second copy has Received lines of its own
        world.receive(mail, verdict="dmarc=pass header.from=example.org", sender=ANNA, folder=folder)
    world.agent_replies(mail)
    world.order("close", str(world.case()["number"]), reason="answered")
    assert _forget(world).found
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_no_byte_is_left_of_first_words_that_a_summary_named(town: MakeWorld) -> None:
    world = town(digest={"to": [AGENT]})
    first = _writes(world)
    world.turn()
    world.agent_replies(first)
    world.citizen_writes(ANNA, "Re: Padró", "Moltes gràcies de part de tots els Torrentfonda!", answers=first)
    world.live("2026-11-26 09:00")
    digest = [mail for mail in world.received(AGENT) if mail["X-Oacmail-Kind"] == "digest"][-1]
    assert "Torrentfonda" in text_of(digest)
    world.obey("close", str(world.case()["number"]), reason="answered")
    assert _forget(world).found
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


@pytest.fixture
def visited(world: World) -> World:
    """Somebody came to the desk and left no number: the case is nobody's whom the database knows."""
    agent_writes(world, "#trucada Pep Mas: volia saber quan obriu")
    assert [case["citizen"] for case in world.cases()] == [""]
    return world


def test_a_visit_without_a_number_keeps_nobody_from_being_forgotten(visited: World) -> None:
    visited.citizen_asks(ANNA, SUBJECT, TEXT)
    assert _forget(visited, even_open=True, dry_run=True).found
    assert _forget(visited, even_open=True).found
    assert [case["citizen"].partition("@")[2] for case in visited.cases()] == ["", "invalid"]


def test_who_was_forgotten_comes_back_beside_a_visit_and_is_forgotten_again(visited: World, tmp_path: Path) -> None:
    visited.citizen_asks(ANNA, SUBJECT, TEXT)
    admin.backup(visited.config.office.state, tmp_path / "backup", (), visited.clock.now())
    visited.advance("2026-11-25 09:30")
    _forget(visited, even_open=True)
    assert _restored_from(visited, tmp_path / "backup")
    assert [case["citizen"].partition("@")[2] for case in visited.cases()] == ["", "invalid"]


def test_an_address_that_looks_like_that_of_nobody_keeps_nobody_from_being_forgotten(world: World) -> None:
    """Anybody may write from `erased.N@invalid`."""
    for number in range(30, 60):
        world.citizen_writes(f"erased.{number}@invalid", f"Padró {number}", "Com demano un volant?")
    world.turn()
    for person_ in (ANNA, PERE):
        world.citizen_asks(person_, SUBJECT, TEXT)
        assert _forget(world, person_, even_open=True).found


def test_an_address_that_ends_like_the_forgotten_one_stays_whole_in_other_peoples_messages(world: World) -> None:
    _answered_and_closed(world)
    text = f"Bon dia, sóc jo{ANNA} i pregunto pel padró; {ANNA} ja us ha escrit."
    world.citizen_asks(f"jo{ANNA}", "Padró", text)
    _forget(world)
    (row,) = world.rows("SELECT fresh FROM messages WHERE subject = 'Padró'")
    assert f"sóc jo{ANNA} i" in row["fresh"]
    assert f" {ANNA}" not in row["fresh"]


def test_what_is_counted_stays_the_same(world: World) -> None:
    _answered_and_closed(world)
    before = _indicators(world)
    _forget(world)
    after = _indicators(world)
    assert [event["kind"] for event in after["events"][len(before["events"]) :]] == ["erased"]
    after["events"] = after["events"][: len(before["events"])]
    assert after == before


def test_a_dry_run_counts_the_same_and_changes_nothing(world: World) -> None:
    _answered_and_closed(world)
    dump = list(world.store.con.iterdump())
    would = _forget(world, dry_run=True)
    assert list(world.store.con.iterdump()) == dump
    assert (would.counts, would.found) == (_forget(world).counts, True)
    assert would.counts["messages"] == 4  # two of the person, the answer, the copy of the acknowledgement
    assert {"cases", "messages", "outbox", "mails", "originals", "notes", "people", "refs"} <= would.counts.keys()


def test_an_open_case_is_refused_and_named(world: World) -> None:
    _writes(world)
    world.turn()
    dump = list(world.store.con.iterdump())
    outcome = _forget(world)
    assert [(hold.kind, hold.ref) for hold in outcome.holds][:1] == [("open-case", world.case()["number"])]
    assert list(world.store.con.iterdump()) == dump


def test_even_an_open_case_ends_when_the_admin_says_so_and_nothing_is_sent_to_nobody(world: World) -> None:
    _writes(world)
    world.turn()
    sent = len(world.mails())
    _forget(world, even_open=True)
    case = world.case()
    assert (case["status"], case["citizen"].partition("@")[2]) == ("closed", "invalid")
    world.live("2026-12-04 10:00", minutes=240)
    assert len(world.mails()) == sent
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_nothing_is_sent_to_nobody_when_an_agent_takes_the_case_up_again(world: World) -> None:
    number = _answered_and_closed(world)
    _forget(world)
    sent = len(world.mails())
    world.order("reopen", number)
    world.obey("escalate", number, why="Ho torna a demanar per telèfon")
    assert [mail["recipient"] for mail in world.mails()[sent:] if mail["recipient"].endswith("invalid")] == []
    assert world.case(number)["status"] == "derived"


def test_a_later_message_of_the_same_person_opens_a_new_case(world: World) -> None:
    number = _answered_and_closed(world)
    (ack,) = world.received(ANNA)
    _forget(world)
    reply = world.message(ANNA, f"Re: {ack['Subject']}", "Encara no puc entrar-hi.", answers=ack)
    world.receive(reply, verdict="dmarc=pass header.from=example.org")
    cases = world.cases()
    assert [case["status"] for case in cases] == ["closed", "open"]
    assert world.rows("SELECT parent FROM cases WHERE number <> ?", number) == [{"parent": None}]
    assert world.reviews() == ["echoes-our-mail"]  # a person looks, as at any reply to a mail that we do not know


def test_a_mailbox_that_is_read_again_brings_nothing_back(world: World) -> None:
    _answered_and_closed(world)
    _forget(world)
    before = world.rows("SELECT count(*) AS n FROM messages")
    world.mailbox.renew("INBOX")
    world.mailbox.renew("Sent")
    world.compare = True
    world.turn()
    assert world.rows("SELECT count(*) AS n FROM messages") == before
    assert len(world.cases()) == 1
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_what_another_person_wrote_stays(world: World) -> None:
    _answered_and_closed(world)
    world.citizen_asks(PERE, "Escola bressol", "Hi ha plaça?")
    _forget(world)
    case = next(case for case in world.cases() if case["citizen"] == PERE)
    assert case["subject"] == "Escola bressol"
    assert world.rows("SELECT count(*) AS n FROM originals")[0]["n"] > 0


def test_an_address_in_another_persons_message_is_taken_out(world: World) -> None:
    _answered_and_closed(world)
    world.citizen_asks(PERE, "La veïna", f"Escriviu també a {ANNA.upper()}, gràcies.")
    _forget(world)
    (row,) = world.rows("SELECT fresh, original FROM messages WHERE fresh LIKE '%Escriviu%'")
    assert row == {"fresh": "Escriviu també a […], gràcies.", "original": None}


def test_staff_and_the_office_are_not_forgotten(world: World) -> None:
    for address in (AGENT, world.policy.office.address, "dpd@castellbisbal.example"):
        with pytest.raises(Refused):
            person(world.policy, address)
    assert person(world.policy, f" <{ANNA.upper()}> ") == ANNA
    assert person(world.policy, "+34612345678") == "tel:+34612345678"


def test_a_person_of_whom_nothing_is_held_is_not_found(world: World) -> None:
    assert not _forget(world).found
    assert world.rows("SELECT 1 FROM events WHERE kind = 'erased'") == []


def test_events_cannot_be_changed(world: World) -> None:
    _writes(world)
    world.turn()
    for statement in ("UPDATE events SET data = '{}'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            world.store.con.execute(statement)


def test_the_acknowledgement_shows_nothing_of_the_first_case(world: World) -> None:
    _answered_and_closed(world)
    _forget(world)
    _writes(world)
    world.turn()
    text = text_of(world.received(ANNA)[-1])
    assert world.cases()[0]["number"] not in text


def _restored_from(world: World, backup: Path) -> int:
    """As `oacmail restore` does it."""
    world.stop()
    state = world.config.office.state
    restored = admin.restore(state, backup, world.clock.now(), world.policy.secrets)
    assert restored.replaced is not None
    with wiring.open_writable(world.config) as con:
        again = forget_again(con, state, world.policy, world.clock.now(), restored.replaced)
    restored.replaced.unlink()
    world.start()
    return again


def test_a_restored_backup_forgets_again(world: World, tmp_path: Path) -> None:
    _answered_and_closed(world)
    admin.backup(world.config.office.state, tmp_path / "backup", (), world.clock.now())
    world.advance("2026-11-25 09:30")
    _forget(world)
    assert _restored_from(world, tmp_path / "backup")
    world.turn()
    assert len(world.cases()) == 1
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_a_backup_that_never_knew_the_person_does_not_learn_of_them_from_the_mailbox(
    world: World, tmp_path: Path
) -> None:
    admin.backup(world.config.office.state, tmp_path / "backup", (), world.clock.now())
    _answered_and_closed(world)
    _forget(world)
    _restored_from(world, tmp_path / "backup")
    world.turn()
    assert world.cases() == []
    world.citizen_asks(PERE)
    assert world.case()["number"] == "OAC-2026-000002"  # the first was the forgotten person's
    wipe(world.store.con)
    assert left_in(world.config.office.state) == set()


def test_who_writes_again_after_being_forgotten_is_not_forgotten_by_a_restore(world: World, tmp_path: Path) -> None:
    _answered_and_closed(world)
    _forget(world)
    world.advance("2026-11-25 09:30")
    world.citizen_asks(ANNA, "Una altra cosa", "Quin horari feu?")
    admin.backup(world.config.office.state, tmp_path / "backup", (), world.clock.now())
    assert _restored_from(world, tmp_path / "backup") == 0
    assert [case["citizen"] for case in world.cases()][1:] == [ANNA]


def test_the_monthly_figures_are_the_same_before_and_after(world: World) -> None:
    _answered_and_closed(world)
    world.advance("2026-12-01 09:00")
    before = reporting.make(world.store.con, world.policy, Month.parse("2026-11"), world.clock.now())
    _forget(world)
    assert reporting.make(world.store.con, world.policy, Month.parse("2026-11"), world.clock.now()) == before


def test_what_a_forgotten_person_still_waited_for_counts_as_withdrawn(world: World) -> None:
    world.citizen_asks(ANNA)
    assert report(world, "2026-11")["indicators"][4]["result"] == 1
    _forget(world, even_open=True)
    assert report(world, "2026-11")["indicators"][4]["result"] == 0


def test_what_was_learned_from_a_forgotten_person_is_learned_no_more(world: World) -> None:
    _answered_and_closed(world)
    world.store.remember(LESSONS, '{"torrentfonda": {}}', world.clock.now())
    _forget(world)
    assert world.store.recall(LESSONS) is None
    assert world.store.corrections() == []


def test_a_run_that_ended_before_its_certificate_is_certified_by_the_next(world: World) -> None:
    _answered_and_closed(world)
    since = _forget(world, dry_run=True).since
    assert uncertified(world.store.con, world.policy, ANNA) == ({}, None)
    done = _forget(world)
    assert uncertified(world.store.con, world.policy, ANNA) == (done.counts, since)
    assert not _forget(world).found
    certified(world.store.con, world.policy, ANNA)
    assert uncertified(world.store.con, world.policy, ANNA) == ({}, None)


def test_a_certificate_holds_no_personal_data_and_shows_every_change(world: World) -> None:
    _answered_and_closed(world)
    done = _forget(world)
    left = [certificate.BackupLeft(path="/b/1", made_at="2026-11-25", until="2026-12-25", erased=False)]
    made = certificate.made(
        world.policy,
        ANNA,
        done.counts,
        mailbox={"INBOX": 2},
        shared={"INBOX": 1},
        backups=left,
        by="admin",
        now=world.clock.now(),
    )
    path = certificate.write(world.policy, made, world.root / "certificates")
    assert left_in(path.parent) == set()
    assert ANNA not in path.read_text()
    assert "queden, i els ha de mirar algú (per carpeta):\n- INBOX: 1\n" in path.read_text()
    assert "/b/1 (2026-11-25): s'elimina el 2026-12-25" in path.read_text()
    again = json.loads(path.with_suffix(".json").read_text())
    assert certificate.verify(world.policy, again)
    changes: list[dict[str, Any]] = [{"by": "nobody"}, {"erased": {}}, {"seal": ""}, {"more": 1}]
    for change in changes:
        assert not certificate.verify(world.policy, {**again, **change})


def test_whoever_comes_back_from_the_mailbox_alone_is_forgotten_again_by_the_certificate(town: MakeWorld) -> None:
    """As after a rebuild, and after a restore whose replaced database is lost."""
    world = town(imap={"backlog_days": 30})
    _answered_and_closed(world)
    world.advance("2026-11-25 09:30")
    done, now = _forget(world), world.engine.now()
    made = certificate.made(world.policy, ANNA, done.counts, mailbox=None, shared=None, backups=[], by="admin", now=now)
    folder = world.config.office.state / certificate.FOLDER
    certificate.write(world.policy, made, folder)
    forged = {**made, "person": person_mark(world.policy.secrets[0], PERE)}
    (folder / "erasure-forged.json").write_text(json.dumps(forged))
    world.stop()
    for file in world.config.office.state.glob("oacmail.db*"):
        file.unlink()
    world.advance("2026-11-25 10:00")
    world.start()
    world.citizen_writes(PERE, "Escola bressol", "Hi ha plaça?")
    world.citizen_asks(ANNA, "Una altra cosa", "Quin horari feu?")
    assert ANNA in {row["citizen"] for row in world.cases() if row["subject"] == SUBJECT}
    assert forget_again(world.store.con, world.config.office.state, world.policy, world.engine.now()) == 1
    assert {row["subject"]: row["citizen"].partition("@")[2] for row in world.cases()} == {
        "": "invalid",
        "Escola bressol": "example.net",
        "Una altra cosa": "example.org",
    }
    wipe(world.store.con)
    assert left_in(world.config.office.state, ("Torrentfonda", "Montserrat", PHONE)) == set()
    assert forget_again(world.store.con, world.config.office.state, world.policy, world.engine.now()) == 0


@pytest.mark.parametrize("named", [NAME.upper(), "612 34 56 78", "612.345.678"])
def test_somebody_elses_case_that_names_the_person_is_shown_to_a_person(world: World, named: str) -> None:
    number = _answered_and_closed(world)
    world.citizen_asks(PERE, "La veïna", f"Escric per l'{named}.")
    other = next(case["number"] for case in world.cases() if case["number"] != number)
    assert _forget(world, dry_run=True).elsewhere == (other,)


def test_a_message_on_no_case_that_names_the_person_is_shown_too(world: World) -> None:
    _answered_and_closed(world)
    agent_writes(world, f"Ha vingut la {NAME}, del carrer Montserrat.", subject="Taulell")
    (row,) = world.rows("SELECT fingerprint FROM messages WHERE subject = 'Taulell' AND case_id IS NULL")
    assert _forget(world, dry_run=True).elsewhere == (row["fingerprint"][:16],)


def test_a_backup_of_another_office_is_left_alone(world: World, tmp_path: Path) -> None:
    _answered_and_closed(world)
    admin.backup(world.config.office.state, tmp_path / "backup", world.policy.secrets, world.clock.now())
    (tmp_path / "note.txt").write_text("no database")
    names = [name_of_key(secret) for secret in world.policy.secrets]
    for keys, expected in ((names, ["backup"]), (["0123abcd"], [])):
        found = erasure.known_copies(
            world.store.con, world.config.office.state, tmp_path, names=keys, since=local("2026-11-25 08:00"),
            now=world.clock.now(), days=0,
        )  # fmt: skip
        assert [one.path.name for one in found] == expected


def test_a_database_that_is_set_aside_keeps_what_a_killed_process_left_in_its_log(world: World, tmp_path: Path) -> None:
    _writes(world)
    world.turn()
    shutil.copytree(world.config.office.state, tmp_path / "killed")
    assert (tmp_path / "killed" / "oacmail.db-wal").stat().st_size > 0
    kept = admin.set_aside(tmp_path / "killed")
    assert kept is not None
    with closing(connect_at_rest(kept)) as con:
        assert con.execute("SELECT count(*) FROM cases").fetchone()[0] == 1
    assert [path.name for path in kept.parent.glob("oacmail.db*")] == ["oacmail.db.before-restore"]
