"""The nightly proof: server, database and outbox agree, or the digest says what does not and where it is."""

import json
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from oacmail.cli.status import health
from oacmail.privacy.erasure import forget
from oacmail.store import reconciliation
from oacmail.store.erase import wipe
from testbed.messages import as_bytes
from tests.privacy.test_forgetting import left_in
from tests.rebuild.rebuilding import lose, rebuild
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, World, text_of

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
    """As an admin with the sqlite3 program, which checks no foreign key."""
    world.store.con.execute("PRAGMA foreign_keys = OFF")
    world.store.con.execute(statement, values)
    world.store.con.execute("PRAGMA foreign_keys = ON")


def test_a_quiet_night_is_proved_and_the_digest_says_so(town_at_night: World) -> None:
    result = proof(town_at_night)
    assert (result["at"], result["found"]) == ("2026-11-26T03:01:00+01:00", [])
    assert health(town_at_night.config, town_at_night.clock.now())["ok"]
    proven = f"Comprovació de la nit ({AT_NIGHT}): 1 cas, 3 missatges i 2 correus: cap diferència."
    assert proven in summary(town_at_night)


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


def test_a_copy_that_somebody_has_removed_is_found_by_its_case(town_at_night: World) -> None:
    world = town_at_night
    world.mailbox.open("Sent")
    (copy,) = world.mailbox.bearing("X-Oacmail-Kind", "ack")
    world.mailbox.expunge("Sent", copy)
    assert found(world) == ["copy"]
    text = summary(world)
    assert ": 1 diferència:\n" in text
    assert "- correu nostre la còpia del qual no és a cap carpeta · 1 · dc. 25/11, 9 h" in text


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
