"""The nightly proof: server, database and outbox agree, or the digest says what does not and where it is."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from oacmail.cli.status import health
from oacmail.privacy.erasure import forget
from oacmail.store import reconciliation
from oacmail.store.connection import FILE
from oacmail.store.erase import wipe
from testbed.messages import as_bytes
from tests.ledger.random_damage import busy_town, damages
from tests.privacy.test_forgetting import left_in
from tests.rebuild.rebuilding import expunge, lose, rebuild
from tests.world import AGENT, ANNA, MARTA, OFFICE, OPERATOR, PERE, SUPERVISOR, World, text_of

NIGHT, MORNING = "2026-11-26 03:01", "2026-11-26 08:01"
AT_NIGHT = "dj. 26/11, 3.01 h"


@pytest.fixture
def town_at_night(town: Callable[..., World]) -> World:
    """Anna was answered on Wednesday; it is three o'clock at night."""
    world = town(digest={"to": [AGENT]})
    question = world.citizen_asks(ANNA)
    world.turn()
    world.agent_replies(question)
    world.advance(NIGHT)
    return world


def proof(world: World) -> dict[str, Any]:
    """What the pass of the night found."""
    world.compare = True
    world.turn()
    result: dict[str, Any] = health(world.config, world.clock.now())["reconciled"]
    return result


def found(world: World) -> list[str]:
    return [one["what"] for one in proof(world)["found"]]


def summary(world: World) -> str:
    world.turn_at(MORNING)
    mails: list[EmailMessage] = [mail for mail in world.received(AGENT) if mail["X-Oacmail-Kind"] == "digest"]
    return text_of(mails[-1])


def by_hand(world: World, statement: str, *values: object) -> None:
    """As a fault of oacmail itself would: the ledger records it, and the other comparisons must find it."""
    world.store.con.execute("PRAGMA foreign_keys = OFF")
    world.store.con.execute(statement, values)
    world.store.con.execute("PRAGMA foreign_keys = ON")


@pytest.fixture(params=[False, True], ids=["no board", "board"])
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Anna was answered, Pere waits, and it is night; something will be changed that no program of ours changes."""
    world = World(tmp_path, digest={"to": [AGENT]}, board={"enabled": request.param})
    question = world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    world.turn()
    world.agent_replies(question)
    world.live("2026-11-25 12:00")
    world.advance(NIGHT)
    yield world
    world.stop()


def sqlite3_does(statement: str) -> Callable[[World], None]:
    """An admin with the program of this name."""

    def change(world: World) -> None:
        with closing(sqlite3.connect(world.config.office.state / FILE, isolation_level=None)) as con:
            con.execute(statement)

    return change


def expunged(belongs: Callable[[Mapping[bytes, bytes]], bool]) -> Callable[[World], None]:
    """A person removes the messages with such header fields, wherever they lie."""

    def change(world: World) -> None:
        for name, folder in world.mailbox.folders.items():
            for uid in [uid for uid, message in folder.messages.items() if belongs(message.fields)]:
                world.mailbox.expunge(name, uid)

    return change


def is_an_answer(fields: Mapping[bytes, bytes]) -> bool:
    return OFFICE.encode() in fields[b"from"] and b"x-oacmail-kind" not in fields


def is_an_acknowledgement(fields: Mapping[bytes, bytes]) -> bool:
    return b"ack" in fields.get(b"x-oacmail-kind", b"")


ANNAS, PERES = "OAC-2026-000001", "OAC-2026-000002"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            sqlite3_does("DELETE FROM outbox WHERE kind = 'ack' AND case_id = 1"),
            [("row", ANNAS, "outbox: missing")],
        ),
        (
            sqlite3_does("UPDATE deadlines SET due_at = '2027-01-07T19:00:00Z' WHERE case_id = 2 AND kind = 'answer'"),
            [("row", PERES, 'deadlines: due_at: "2026-11-26T19:00:00Z" -> "2027-01-07T19:00:00Z"')],
        ),
        (
            sqlite3_does("UPDATE deadlines SET met_at = '2026-11-25T10:00:00Z' WHERE case_id = 2 AND kind = 'answer'"),
            [("row", PERES, 'deadlines: met_at: null -> "2026-11-25T10:00:00Z"')],
        ),
        (
            sqlite3_does("UPDATE cases SET status = 'closed', closed_at = '2026-11-25T10:00:00Z' WHERE id = 2"),
            [("row", PERES, 'cases: status: "open" -> "closed", closed_at: null -> "2026-11-25T10:00:00Z"')],
        ),
        (expunged(is_an_answer), [("gone", ANNAS, "Sent")]),
        (expunged(lambda fields: PERE.encode() in fields[b"from"]), [("gone", PERES, "PLACE")]),
        (
            sqlite3_does("DELETE FROM messages WHERE case_id = 2 AND role = 'citizen'"),
            [("row", PERES, "messages: missing"), ("record", "PLACE", "")],
        ),
        (
            sqlite3_does("DELETE FROM cases WHERE id = 2"),
            [("row", PERES, "cases: missing"), ("record", "PLACE", "")],
        ),
        (
            sqlite3_does("DELETE FROM deadlines WHERE case_id = 2"),
            [("row", PERES, "deadlines: missing"), ("case", PERES, "")],
        ),
        (
            expunged(is_an_acknowledgement),
            [("copy", ANNAS, ""), ("copy", PERES, "")],
        ),
    ],
    ids=[
        "the row of a sent acknowledgement removed",
        "a due date moved",
        "a deadline met that nobody has met",
        "a case closed that nobody has closed",
        "an agent's answer expunged from Sent",
        "the mail of an open case expunged",
        "a message's row removed",
        "a case's row removed",
        "all deadlines of a case removed",
        "copies of our own mail expunged from Sent",
    ],
)
def test_a_planted_change_is_named_by_case_field_and_both_values(
    planted: World, change: Callable[[World], None], named: list[tuple[str, str, str]]
) -> None:
    assert proof(planted)["found"] == []
    change(planted)
    planted.advance("2026-11-27 03:01")
    found = {(one["what"], one["where"], one["detail"]) for one in proof(planted)["found"]}
    place = planted.config.board.root + "/1 Pendents" if planted.config.board.enabled else "INBOX"
    assert found == {
        (what, where.replace("PLACE", place), detail.replace("PLACE", place)) for what, where, detail in named
    }
    assert not health(planted.config, planted.clock.now())["ok"]


@pytest.mark.parametrize("board", [False, True], ids=["no board", "board"])
def test_any_change_of_a_row_of_the_ledger_or_of_the_mailbox_is_named(tmp_path: Path, board: bool) -> None:
    """Chosen by chance: `make damages` makes a thousand."""
    world = busy_town(tmp_path, board=board)
    unnamed = [
        (damage.says, found)
        for damage, found in damages(world, seed=3, count=24)
        if not any(damage.is_named(one) for one in found)
    ]
    world.stop()
    assert unnamed == []


def test_a_quiet_night_is_proved_and_the_digest_says_so(town_at_night: World) -> None:
    result = proof(town_at_night)
    assert (result["at"], result["found"]) == ("2026-11-26T03:01:00+01:00", [])
    assert health(town_at_night.config, town_at_night.clock.now())["ok"]
    proven = f"Comprovació de la nit ({AT_NIGHT}): 1 cas, 3 missatges i 2 correus: cap diferència."
    assert proven in summary(town_at_night)


@pytest.fixture(params=["ca", "es", "en"])
def spoken(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A desk of this language, which watches a folder "Arxiu"; its first night was proved."""
    world = World(tmp_path, digest={"to": [AGENT]}, office={"languages": [request.param]})
    world.mailbox.create("Arxiu")
    world.citizen_asks(ANNA)
    world.advance(NIGHT)
    assert proof(world)["found"] == []
    yield world
    world.stop()


def said_of_the_night(world: World, at: str) -> str:
    """What the summary of that morning says of the nightly proof: the line and its list."""
    world.turn_at(at)
    heads = {"ca": "Comprovació de la nit", "es": "Comprobación nocturna", "en": "Nightly check"}
    text = text_of([mail for mail in world.received(AGENT) if mail["X-Oacmail-Kind"] == "digest"][-1])
    _, head, rest = text.partition(heads[world.config.office.languages[0]])
    return head + rest.partition("\n\n")[0]


def test_of_a_whole_proof_the_summary_says_what_was_proven(spoken: World) -> None:
    assert (
        said_of_the_night(spoken, MORNING)
        == {
            "ca": "Comprovació de la nit (dj. 26/11, 3.01 h): 1 cas, 2 missatges i 2 correus: cap diferència. "
            "Els textos, els noms i les notes no es comparen.",
            "es": "Comprobación nocturna (jue. 26/11, 3.01 h): 1 caso, 2 mensajes y 2 correos: ninguna diferencia. "
            "Los textos, los nombres y las notas no se comparan.",
            "en": "Nightly check (Thu 26/11, 3:01 am): 1 case, 2 messages and 2 mails: no difference. "
            "Texts, names and notes are not compared.",
        }[spoken.config.office.languages[0]]
    )


def test_of_a_proof_without_a_folder_the_summary_says_no_figure(spoken: World) -> None:
    """And nothing is said to be gone that may lie in the folder which could not be opened."""
    world = spoken
    world.mailbox.open("INBOX")
    world.mailbox.move_messages("INBOX", world.mailbox.uids(), "Arxiu")
    world.mailbox.refused = {"Arxiu"}
    world.advance("2026-11-27 03:01")
    assert [(one["what"], one["where"]) for one in proof(world)["found"]] == [("folder", "Arxiu")]
    assert (
        said_of_the_night(world, "2026-11-27 08:01")
        == {
            "ca": "Comprovació de la nit (dv. 27/11, 8.01 h), incompleta: 1 diferència:\n"
            "- carpeta que no s'ha pogut obrir · Arxiu",
            "es": "Comprobación nocturna (vie. 27/11, 8.01 h), incompleta: 1 diferencia:\n"
            "- carpeta que no se ha podido abrir · Arxiu",
            "en": "Nightly check (Fri 27/11, 8:01 am), incomplete: 1 difference:\n"
            "- folder that could not be opened · Arxiu",
        }[world.config.office.languages[0]]
    )


def test_of_a_ledger_that_proves_nothing_the_summary_says_no_figure(spoken: World) -> None:
    sqlite3_does("DELETE FROM ledger_snapshot")(spoken)
    spoken.advance("2026-11-27 03:01")
    assert found(spoken) == ["ledger"]
    assert (
        said_of_the_night(spoken, "2026-11-27 08:01")
        == {
            "ca": "Comprovació de la nit (dv. 27/11, 8.01 h), incompleta: 1 diferència:\n"
            "- registre de canvis que no prova res · ledger · none",
            "es": "Comprobación nocturna (vie. 27/11, 8.01 h), incompleta: 1 diferencia:\n"
            "- registro de cambios que no prueba nada · ledger · none",
            "en": "Nightly check (Fri 27/11, 8:01 am), incomplete: 1 difference:\n"
            "- ledger that proves nothing · ledger · none",
        }[spoken.config.office.languages[0]]
    )


def test_when_no_proof_was_made_to_its_end_the_summary_says_so_before_the_older_one(spoken: World) -> None:
    """INBOX cannot be opened that night."""
    spoken.mailbox.refused = {"INBOX"}
    spoken.live("2026-11-27 07:00")
    assert (
        said_of_the_night(spoken, "2026-11-27 08:01")
        == {
            "ca": "Comprovació de la nit: la d'aquesta nit no s'ha acabat. L'última (dj. 26/11, 3.01 h): "
            "1 cas, 2 missatges i 2 correus: cap diferència. "
            "Els textos, els noms i les notes no es comparen.",
            "es": "Comprobación nocturna: la de esta noche no se ha terminado. La última (jue. 26/11, 3.01 h): "
            "1 caso, 2 mensajes y 2 correos: ninguna diferencia. "
            "Los textos, los nombres y las notas no se comparan.",
            "en": "Nightly check: last night's was not completed. The latest one (Thu 26/11, 3:01 am): "
            "1 case, 2 messages and 2 mails: no difference. "
            "Texts, names and notes are not compared.",
        }[spoken.config.office.languages[0]]
    )


def test_before_the_first_night_the_digest_says_that_nothing_was_compared(town: Callable[..., World]) -> None:
    world = town(now="2026-11-25 07:00", digest={"to": [AGENT]})
    world.turn_at("2026-11-25 08:00")
    assert "Comprovació de la nit: encara no se n'ha fet cap." in text_of(world.received(AGENT)[0])


def test_it_is_made_once_a_night_by_the_first_pass_that_compares(town_at_night: World) -> None:
    first = proof(town_at_night)["at"]
    town_at_night.advance("2026-11-26 12:00")
    assert proof(town_at_night)["at"] == first
    town_at_night.turn_at("2026-11-27 09:00")
    assert health(town_at_night.config, town_at_night.clock.now())["reconciled"]["at"] == first
    assert proof(town_at_night)["at"] == "2026-11-27T09:00:00+01:00"


def test_a_message_that_the_database_only_claims_to_have_handled_is_found(town_at_night: World) -> None:
    """Appended behind its back, with a row that says it is done."""
    world = town_at_night
    mail = world.message(PERE, "Padró", "Bon dia, com em puc empadronar?")
    uid = world.mailbox.append("INBOX", as_bytes(mail), world.clock.now())
    (meta,) = [one for one in _metas(world) if one.uid == uid]
    state = world.mailbox.open("INBOX")
    world.store.sight("INBOX", state.uidvalidity, [meta], set(), world.clock.now())
    by_hand(world, "UPDATE sightings SET outcome = 'case', fingerprint = '0f' WHERE uid = ? AND folder = 'INBOX'", uid)
    assert found(world) == ["record"]
    assert ": 1 diferència:\n" in summary(world)
    assert "- missatge que consta com a atès i no té registre · INBOX · dj. 26/11, 3.01 h\n" in summary(world)


def _metas(world: World) -> Any:
    world.mailbox.open("INBOX")
    return world.mailbox.metas()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM messages WHERE role = 'citizen'", ["record"]),
        ("DELETE FROM cases", ["record"]),
        ("DELETE FROM deadlines", ["case"]),
        ("UPDATE deadlines SET withdrawn_at = started_at, met_at = NULL", ["case"]),
    ],
)
def test_a_row_deleted_by_hand_is_found(town_at_night: World, statement: str, what: list[str]) -> None:
    by_hand(town_at_night, statement)
    assert sorted(set(found(town_at_night))) == what


def test_a_message_that_cannot_be_worked_for_hours_is_found_with_its_folder_and_time(town_at_night: World) -> None:
    world = town_at_night
    by_hand(world, "UPDATE sightings SET outcome = NULL, retry_at = '2026-11-30T00:00:00Z' WHERE folder = 'INBOX'")
    assert found(world) == ["message"]
    text = summary(world)
    assert ": 1 diferència:\n" in text
    assert "- missatge del qual no consta què se n'ha fet · INBOX · dc. 25/11, 9 h\n" in text


def test_an_answer_that_is_read_anew_since_its_question_came_hours_later_is_no_difference(planted: World) -> None:
    """INBOX could not be opened when Marta wrote, and the agent answered her in another client."""
    world = planted
    world.mailbox.refused = {"INBOX"}
    world.agent_replies(world.citizen_writes(MARTA))
    world.live("2026-11-26 09:00")
    world.mailbox.refused = set()
    assert proof(world)["found"] == []
    assert world.case("OAC-2026-000003")["status"] == "answered"


def test_a_copy_that_somebody_has_removed_is_found_by_its_case(town_at_night: World) -> None:
    world = town_at_night
    world.mailbox.open("Sent")
    (copy,) = world.mailbox.bearing("X-Oacmail-Kind", "ack")
    world.mailbox.expunge("Sent", copy)
    assert found(world) == ["copy"]
    text = summary(world)
    assert ": 1 diferència:\n" in text
    assert "- correu nostre la còpia del qual no és a cap carpeta · 1 · dc. 25/11, 9 h" in text


def test_a_copy_is_named_for_a_day_and_no_longer(planted: World) -> None:
    world = planted
    assert proof(world)["found"] == []
    expunged(is_an_acknowledgement)(world)
    for moment, named in (("2026-11-27 03:01", ["copy", "copy"]), ("2026-11-27 23:00", ["copy", "copy"])):
        world.advance(moment)
        assert found(world) == named
    world.advance("2026-11-28 03:10")
    assert found(world) == []


def test_the_copy_of_a_live_case_is_named_however_old_it_is(planted: World) -> None:
    world = planted
    world.live("2026-12-09 02:00", minutes=600)
    expunged(is_an_acknowledgement)(world)
    world.advance("2026-12-09 03:01")
    assert [(one["what"], one["where"]) for one in proof(world)["found"]] == [("copy", ANNAS), ("copy", PERES)]


def test_a_copy_that_somebody_has_moved_to_a_folder_of_their_own_is_not_gone(planted: World) -> None:
    world = planted
    world.mailbox.unwatched.add("Arxiu")
    world.mailbox.create("Arxiu")
    world.mailbox.open("Sent")
    world.mailbox.move_messages("Sent", world.mailbox.uids(), "Arxiu")
    assert found(world) == []


def test_a_message_without_a_message_id_is_named_too(planted: World) -> None:
    world = planted
    mail = world.message(MARTA, "Padró", "Bon dia, com em puc empadronar?")
    del mail["Message-ID"]
    world.deliver(mail)
    world.turn()
    expunged(lambda fields: MARTA.encode() in fields[b"from"])(world)
    assert [(one["what"], one["where"]) for one in proof(world)["found"]] == [("gone", "OAC-2026-000003")]


def test_a_mail_stuck_for_a_day_is_found(town_at_night: World) -> None:
    world = town_at_night
    by_hand(world, "UPDATE outbox SET state = 'uncertain', data_at = '2026-11-24T09:00:00Z', copied_at = NULL")
    assert "stuck" in found(world)


def test_what_is_wrong_makes_status_unhealthy_and_tells_the_operator_once(town_at_night: World) -> None:
    world = town_at_night
    by_hand(world, "DELETE FROM deadlines")
    assert found(world) == ["case"]
    report = health(world.config, world.clock.now())
    assert not report["ok"]
    assert any(problem["code"] == "reconciliation" for problem in report["problems"])
    world.live("2026-11-26 12:00", minutes=60)
    assert world.kinds(OPERATOR).count("alert") == 1


def test_what_was_mended_is_seen_within_the_hour(town_at_night: World) -> None:
    world = town_at_night
    (row,) = world.rows("SELECT json_group_array(started_by) AS keys FROM deadlines WHERE kind = 'answer'")
    by_hand(world, "UPDATE deadlines SET kind = 'wait', withdrawn_at = started_at WHERE kind = 'answer'")
    assert found(world) == ["case"]
    for key in json.loads(row["keys"]):
        by_hand(
            world,
            "UPDATE deadlines SET kind = 'answer', withdrawn_at = NULL WHERE started_by = ? AND kind = 'wait'",
            key,
        )
    world.turn_at("2026-11-26 04:30")
    assert health(world.config, world.clock.now())["ok"]


def test_no_result_names_a_person(town_at_night: World) -> None:
    by_hand(town_at_night, "DELETE FROM deadlines")
    proof(town_at_night)
    (row,) = town_at_night.rows("SELECT value FROM kv WHERE key = 'reconciled'")
    assert "example" not in row["value"]


def test_a_rebuilt_database_is_proved_too(town_at_night: World) -> None:
    lose(town_at_night)
    rebuild(town_at_night)
    town_at_night.turn()
    town_at_night.advance("2026-11-27 03:01")
    assert found(town_at_night) == []


def test_what_the_board_has_moved_is_accounted_for(town: Callable[..., World]) -> None:
    world = town(board={"enabled": True})
    question = world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    world.turn()
    world.agent_answers(question)
    world.live("2026-11-25 12:00")
    world.advance(NIGHT)
    assert found(world) == []


def test_copies_that_come_after_their_person_was_forgotten_are_accounted_for(world: World) -> None:
    world.relay.copies = "held"
    world.citizen_asks(ANNA)
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True)
    (ack,) = world.received(ANNA)
    world.relay.release_copies()
    world.see_in_sent(ack)
    world.advance(NIGHT)
    assert found(world) == []
    wipe(world.store.con)
    assert left_in(world.config.office.state, (ANNA,)) == set()


def test_it_reads_page_by_page_and_finds_what_lies_on_any_page(
    town_at_night: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = town_at_night
    monkeypatch.setattr(reconciliation, "PAGE", 1)
    for who in (PERE, MARTA):
        world.citizen_writes(who)
    world.turn()
    by_hand(world, "DELETE FROM messages WHERE role = 'citizen' AND author_id = (SELECT max(id) FROM people)")
    world.mailbox.open("Sent")
    copies = world.mailbox.bearing("X-Oacmail-Kind", "ack")
    world.mailbox.expunge("Sent", min(copies))  # the first one was sent on Wednesday; the others in this hour
    assert found(world) == ["record", "copy"]


@pytest.mark.parametrize("board", [False, True])
def test_a_message_of_a_live_case_that_is_in_no_folder_any_more_is_named_for_a_day(
    town: Callable[..., World], board: bool
) -> None:
    world = town(digest={"to": [AGENT]}, board={"enabled": board})
    world.agent_replies(world.citizen_asks(ANNA))
    for folder in world.mailbox.folders:
        world.mailbox.open(folder)
        for uid in world.mailbox.uids():
            if not world.mailbox.folders[folder].messages[uid].fields.get(b"x-oacmail-kind"):
                world.mailbox.expunge(folder, uid)
    world.advance(NIGHT)
    assert [(one["what"], one["where"]) for one in proof(world)["found"]] == [("gone", "OAC-2026-000001")] * 2
    assert "- missatge d'un cas que ja no és a cap carpeta de la bústia · 1 · dc. 25/11, 9 h" in summary(world)
    world.advance("2026-11-27 03:10")
    assert found(world) == []


def test_a_message_that_somebody_has_moved_to_a_folder_of_their_own_is_not_gone(town: Callable[..., World]) -> None:
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    world.mailbox.unwatched.add("Arxiu")
    world.mailbox.create("Arxiu")
    world.mailbox.open("INBOX")
    world.mailbox.move_messages("INBOX", world.mailbox.uids(), "Arxiu")
    world.advance(NIGHT)
    assert found(world) == []


@pytest.mark.parametrize("folder", ["INBOX", "Arxiu"])
def test_a_message_that_somebody_has_altered_is_gone_though_its_message_id_is_there(
    town: Callable[..., World], folder: str
) -> None:
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    world.mailbox.unwatched.add("Arxiu")
    world.mailbox.create("Arxiu")
    (original,) = (one for one in world.mailbox.folders["INBOX"].messages.values() if b"oacmail" not in one.raw.lower())
    expunge(world, "INBOX", original.raw)
    world.mailbox.append(folder, original.raw.replace(b"Bon dia", b"Mal dia"), world.clock.now())
    world.advance(NIGHT)
    assert found(world) == ["gone"]


def test_a_folder_that_the_server_does_not_open_stops_no_proof(town: Callable[..., World]) -> None:
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    world.mailbox.unwatched |= {"Arxiu", "Alcaldia"}
    world.mailbox.create("Arxiu")
    world.mailbox.create("Alcaldia")
    world.mailbox.open("INBOX")
    world.mailbox.move_messages("INBOX", world.mailbox.uids(), "Arxiu")
    world.mailbox.refused.add("Alcaldia")
    world.advance(NIGHT)
    result = proof(world)
    assert (result["found"], result["compared"]["cases"]) == ([], 1)


def _emptied(file: Path, index: str) -> None:
    """The index has no entry any more: its root is an empty leaf (https://sqlite.org/fileformat.html, section 1.6)."""
    with closing(sqlite3.connect(file)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = int(con.execute("PRAGMA page_size").fetchone()[0])
        (root,) = con.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    with file.open("r+b") as pages:
        pages.seek((root - 1) * size)
        pages.write(bytes((10, 0, 0, 0, 0, *(size % 65536).to_bytes(2, "big"), 0)))


@pytest.mark.parametrize("index", ["deadlines_live", "deadlines_running"])
def test_a_damaged_index_is_made_anew_and_told_and_what_it_hid_comes(planted: World, index: str) -> None:
    assert found(planted) == []
    planted.stop()
    _emptied(planted.store.file, index)
    planted.start()
    planted.compare = False  # until the next night
    planted.advance("2026-11-27 03:01")
    named = [(one["what"], one["where"]) for one in proof(planted)["found"]]
    assert named == [("index", index)]
    planted.live("2026-11-27 09:00", minutes=30)
    assert "overdue" in planted.kinds(SUPERVISOR)
    assert found(planted) == []


def test_what_else_sqlite_finds_damaged_is_named_every_night(planted: World) -> None:
    """A page that belongs to nothing: the file has lost what used it (the header's size, section 1.3.8)."""
    planted.stop()
    with closing(sqlite3.connect(planted.store.file)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = int(con.execute("PRAGMA page_size").fetchone()[0])
    with planted.store.file.open("r+b") as pages:
        pages.seek(28)
        count = int.from_bytes(pages.read(4), "big")
        pages.seek(28)
        pages.write((count + 1).to_bytes(4, "big"))
        pages.seek(count * size)
        pages.write(bytes(size))
    planted.start()
    (fault,) = proof(planted)["found"]
    assert (fault["what"], fault["detail"]) == ("file", f"Page {count + 1}: never used")
    planted.advance("2026-11-27 03:01")
    assert found(planted) == ["file"]
