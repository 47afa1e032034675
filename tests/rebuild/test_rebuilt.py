"""The database is lost and rebuilt from the mailbox alone: cases, numbers, states and deadlines are the lost ones.
Nobody gets a mail twice."""

from collections.abc import Callable
from typing import Any

import pytest

from oacmail import reporting
from oacmail.advice import ADVICE
from oacmail.cli.status import health
from oacmail.core.errors import Refused, Transient
from oacmail.engine.ledger import LedgerCopy
from oacmail.store import ledger
from testbed.database import differences, recorded
from tests.rebuild.rebuilding import FOLDER, backup, expunge, lose, rebuild, restore
from tests.services.test_outcome import FAULT
from tests.survey.test_survey import given, links, press, survey, surveyed
from tests.world import AGENT, ANNA, MARTA, OPERATOR, PERE, SUPERVISOR, TECHNICAL, World, local, text_of

TOWN = Callable[..., World]


def _busy_days(world: World) -> None:
    """Pere is never answered; Anna is, and asks anew; Marta thanks; a robot writes; the first case is late."""
    world.citizen_asks(PERE)
    world.clock.forward(minutes=7)
    message = world.citizen_asks(ANNA, "Padró", "Com demano el volant?")
    world.clock.forward(minutes=7)
    question = world.citizen_asks(MARTA, "Beca", "On es demana la beca?")
    world.clock.forward(minutes=7)
    world.robot_writes("robot@example.org", "Fora de l'oficina")
    answer = world.agent_replies(message)
    world.clock.forward(minutes=7)
    world.citizen_asks(ANNA, "", "I per al meu fill, com es fa?", answers=answer)
    reply = world.agent_replies(question)
    world.clock.forward(minutes=7)
    world.citizen_writes(MARTA, "", "Moltes gràcies!", answers=reply)
    world.live("2026-11-27 09:30")
    world.citizen_asks("nou@example.cat", "Targeta", "Com puc renovar la targeta de la biblioteca?")


def test_after_a_rebuild_each_case_is_as_it_was(world: World) -> None:
    _busy_days(world)
    before = recorded(world.store.con)
    lose(world)
    report = rebuild(world)
    assert differences(before, recorded(world.store.con)) == []
    assert (report.proven, report.unread, report.ledger.why, report.ledger.wordless) == (4, 0, "", 0)


def test_the_rebuild_sends_nothing_and_the_service_goes_on_without_a_mail_sent_twice(world: World) -> None:
    _busy_days(world)
    sent = {who: len(world.received(who)) for who in (ANNA, MARTA, PERE, SUPERVISOR, OPERATOR, AGENT)}
    lose(world)
    rebuild(world)
    assert {who: len(world.received(who)) for who in sent} == sent
    world.turn()
    world.live("2026-11-27 20:00")
    assert {who: len(world.received(who)) for who in sent} == sent
    world.citizen_asks(PERE, "Una altra cosa", "Es pot pagar l'IBI a terminis, si us plau?")
    assert max(case["number"] for case in world.cases()) == "OAC-2026-000005"
    assert len(world.received(PERE)) == sent[PERE] + 1


def test_it_refuses_while_there_is_a_database_with_cases(world: World) -> None:
    world.citizen_asks(ANNA)
    world.stop()
    with pytest.raises(Refused, match="there is a database with cases"):
        rebuild(world)
    world.start()
    assert [case["citizen"] for case in world.cases()] == [ANNA]


def test_it_refuses_while_the_service_runs(world: World) -> None:
    world.citizen_asks(ANNA)
    with pytest.raises(Transient, match="another oacmail"):
        rebuild(world)


def test_a_database_without_cases_is_put_aside(world: World) -> None:
    world.citizen_asks(ANNA)
    lose(world)
    world.start()  # somebody has started the service, which made an empty one
    world.stop()
    rebuild(world)
    assert [case["number"] for case in world.cases()] == ["OAC-2026-000001"]
    assert (world.config.office.state / "oacmail.db.before-restore").exists()


def test_a_service_that_was_started_without_a_rebuild_gives_no_number_twice(world: World) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    lose(world)
    world.start()
    world.sync()
    world.clock.forward(minutes=5)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    assert [(case["number"], case["citizen"]) for case in world.cases()] == [("OAC-2026-000002", PERE)]
    assert len(world.received(ANNA)) == 1


def _digests(world: World) -> int:
    return [mail["X-Oacmail-Kind"] for mail in world.received(AGENT)].count("digest")


def test_a_database_that_was_lost_is_critical_and_has_no_digest_until_it_is_rebuilt(town: TOWN) -> None:
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    sent = _digests(world)
    lose(world)
    world.start()
    world.live("2026-11-26 08:30")
    assert health(world.config, world.clock.now())["problems"][0]["code"] == "database-lost"
    assert _digests(world) == sent
    (alert,) = world.received(OPERATOR)
    assert "La base de dades s'ha perdut" in text_of(alert)
    lose(world)
    rebuild(world)
    world.live("2026-11-27 08:30")
    assert "database-lost" not in world.store.problems()
    assert _digests(world) == sent + 2
    assert [case["citizen"] for case in world.cases()] == [ANNA]


def _continued(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [line.args for line in caplog.records if line.msg == "numbers.continued"]


def test_with_the_key_lost_too_the_service_gives_no_number_twice_and_says_what_to_do(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    lose(world)
    (world.config.office.state / "token.key").write_text("another" * 8)
    world.start()
    world.sync()
    world.clock.forward(minutes=5)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    assert [(case["number"], case["citizen"]) for case in world.cases()] == [("OAC-2026-000002", PERE)]
    (line,) = _continued(caplog)
    assert (line["folder"], line["case"]) == ("Sent", "OAC-2026-000001")
    assert "oacmail status" in ADVICE["numbers.continued"]


def test_unsigned_mail_in_sent_proves_no_lost_database_and_stops_no_digest(
    town: TOWN, caplog: pytest.LogCaptureFixture
) -> None:
    """A field of our signature's name, under a key that is not ours."""
    world = town(digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    sent = _digests(world)
    lose(world)
    (world.config.office.state / "token.key").unlink()
    world.start()
    world.live("2026-11-26 08:30")
    assert [line["case"] for line in _continued(caplog)] == ["OAC-2026-000001"]
    assert "database-lost" not in world.store.problems()
    assert _digests(world) == sent + 2


def test_a_connection_that_breaks_at_the_first_look_gives_no_number_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    lose(world)
    world.start()

    def breaks(uids: list[int]) -> object:
        raise Transient("IMAP FETCH: the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(world.mailbox, "fetch", breaks)
        assert not world.sync()
    world.clock.forward(minutes=5)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    assert [(case["number"], case["citizen"]) for case in world.cases()] == [("OAC-2026-000002", PERE)]


def test_a_dry_run_writes_nothing(world: World) -> None:
    world.citizen_asks(ANNA)
    lose(world)
    before = sorted(path.name for path in world.config.office.state.iterdir())
    report = rebuild(world, dry_run=True, start=False)
    assert report.cases == {"open": 1}
    assert sorted(path.name for path in world.config.office.state.iterdir()) == before


def test_a_killed_rebuild_leaves_nothing_half(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.citizen_asks(ANNA)
    lose(world)
    fetch, calls = world.mailbox.fetch, []

    def dies(uids: list[int]) -> object:
        calls.append(uids)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return fetch(uids)

    with monkeypatch.context() as patch:
        patch.setattr(world.mailbox, "fetch", dies)
        with pytest.raises(KeyboardInterrupt):
            rebuild(world)
    assert not (world.config.office.state / "oacmail.db").exists()
    rebuild(world)
    assert [case["number"] for case in world.cases()] == ["OAC-2026-000001"]


def test_a_month_that_was_reported_is_not_reported_again(world: World) -> None:
    world.citizen_writes(ANNA)
    world.live("2026-12-02 10:00")
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    lose(world)
    rebuild(world)
    assert [row["month"] for row in world.rows("SELECT month FROM reports")] == ["2026-11"]
    assert reporting.next_month(world.store.con, world.policy, world.clock.now(), None) is None
    world.turn()
    assert "report" not in world.kinds(SUPERVISOR)


def test_votes_come_back_and_nobody_is_asked_again_how_it_was(town: TOWN) -> None:
    world = surveyed(town)
    press(world, links(survey(world))[4])
    before, votes = recorded(world.store.con), given(world)
    lose(world)
    rebuild(world, since=local("2026-11-25 09:00"))
    assert given(world) == votes == [(4, True)]
    assert differences(before, recorded(world.store.con)) == []
    world.live("2026-12-20 09:00", minutes=240)
    assert world.kinds(ANNA).count("survey") == 1


def test_an_order_by_mail_is_carried_out_once_and_at_its_moment(world: World) -> None:
    world.citizen_asks(ANNA)
    world.live("2026-11-27 09:30")
    notice = world.received(SUPERVISOR)[-1]
    mail = world.message(SUPERVISOR, "", "DERIVA: la plataforma no respon", answers=notice)
    world.deliver(mail, verdict="dmarc=pass header.from=town.example")
    world.clock.forward(minutes=3)
    world.turn()
    world.live("2026-11-27 12:00")
    assert world.kinds(ANNA) == ["ack", "passed_on"]
    before = recorded(world.store.con)
    lose(world)
    rebuild(world)
    assert differences(before, recorded(world.store.con)) == []
    world.live("2026-12-05 12:00")
    assert world.kinds(ANNA).count("passed_on") == 1


@pytest.mark.parametrize("back", ["rebuild", "restore"])
def test_who_was_told_by_an_order_after_the_last_copy_is_not_told_again(world: World, back: str) -> None:
    """The order is carried out anew, at another moment; the copy of the notice that it caused is in the mailbox."""
    world.citizen_asks(ANNA)
    world.live("2026-11-27 09:30")
    LedgerCopy(world.engine, world.mailbox, FOLDER).write(at_once=True)
    path = backup(world, "before")
    order = world.message(SUPERVISOR, "", "DERIVA: la plataforma no respon", answers=world.received(SUPERVISOR)[-1])
    world.receive(order, verdict="dmarc=pass header.from=town.example")
    world.clock.forward(minutes=3)
    world.turn()
    assert world.kinds(ANNA) == ["ack", "passed_on"]
    if back == "restore":
        restore(world, path)
    else:
        lose(world, copied=False)
        rebuild(world)
    world.clock.forward(minutes=1)
    world.turn()
    assert world.case()["status"] == "derived"
    assert world.kinds(ANNA) == ["ack", "passed_on"]


def test_a_message_that_is_in_two_folders_counts_once(world: World) -> None:
    world.citizen_asks(ANNA)
    before = recorded(world.store.con)
    world.mailbox.create_folder("Arxiu")
    world.mailbox.copy("INBOX", 1, "Arxiu")
    lose(world)
    rebuild(world)
    assert [table for table, *_ in differences(before, recorded(world.store.con))] == ["folders"]


def test_a_message_that_a_person_has_moved_into_sent_is_the_citizens_all_the_same(world: World) -> None:
    message = world.citizen_writes(ANNA)
    world.clock.forward(minutes=1)
    world.turn()
    world.mailbox.open("INBOX")
    (uid,) = world.mailbox.bearing("From", ANNA)
    world.mailbox.move("INBOX", uid, "Sent")
    world.clock.forward(minutes=7)
    world.turn()
    before = recorded(world.store.con)
    lose(world)
    rebuild(world)
    assert differences(before, recorded(world.store.con)) == []
    world.agent_replies(message)
    assert world.case()["status"] == "answered"


def test_a_message_that_is_gone_is_counted_though_our_acknowledgement_of_it_is_there(world: World) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    world.citizen_asks(PERE, "Beca", "On es demana la beca?")
    expunge(world, "INBOX", ANNA.encode())
    lose(world)
    report = rebuild(world)
    assert (report.ledger.wordless, report.ledger.nameless) == (1, ())
    assert [case["citizen"] for case in world.cases()] == [ANNA, PERE]


def test_a_message_that_is_gone_has_one_name_though_a_copy_of_ours_tells_how_its_own_began(world: World) -> None:
    world.citizen_asks(ANNA)
    world.live("2026-11-27 09:30")
    order = world.message(SUPERVISOR, "", "DERIVA: la plataforma no respon", answers=world.received(SUPERVISOR)[-1])
    world.deliver(order, verdict="dmarc=pass header.from=town.example")
    world.clock.forward(minutes=3)
    world.turn()
    expunge(world, "INBOX", b"la plataforma no respon")
    lose(world)
    rebuild(world)
    begins = {row["fingerprint"][:16] for row in world.store.con.execute("SELECT fingerprint FROM messages")}
    keys = [row["key"] for row in world.store.con.execute("SELECT key FROM outbox")]
    told = {found for key in keys for found in ledger.FINGERPRINT.findall(key) if len(found) == 16}
    assert told
    assert told <= begins


def test_who_begins_anew_on_purpose_names_another_folder_and_today(world: World) -> None:
    world.citizen_asks(ANNA)
    lose(world)
    assert rebuild(world, since=world.clock.now(), dry_run=True, start=False).cases == {"open": 1}  # by the ledger
    world.clock.forward(minutes=1)
    assert rebuild(world, since=world.clock.now(), ledger="another").cases == {}
    world.turn()
    assert "database-lost" not in {one["code"] for one in health(world.config, world.clock.now())["problems"]}
    world.citizen_asks(PERE)
    assert [case["number"] for case in world.cases()] == ["OAC-2026-000002"]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Truqueu-me al 617 123 456", "Bon dia, podeu trucar-me demà al matí, si us plau?"),
        (
            "Trucada",
            "Em podeu trucar? El meu: sis-cents disset, cent vint-i-tres, quatre-cents cinquanta-sis.",
        ),
        ("Trucada", "Em podeu trucar al 617 123 455, perdó, al 617 123 456?"),
    ],
)
def test_a_telephone_number_comes_back_however_it_was_written(world: World, subject: str, text: str) -> None:
    world.citizen_asks(ANNA, subject, text)
    before = recorded(world.store.con)
    assert before["cases"]["1"]["phone"] == "+34617123456"
    lose(world)
    rebuild(world)
    assert differences(before, recorded(world.store.con)) == []


def test_a_figure_that_was_corrected_comes_back_to_its_last_digit(world: World) -> None:
    world.citizen_asks(ANNA)
    with world.store.turn():
        world.store.con.execute("INSERT INTO reports(month, published_at, figures) VALUES('2026-10', '2026', '{}')")
        world.store.con.execute(
            """INSERT INTO report_corrections(month, indicator, measure, at, old, new, why)
            VALUES('2026-10', 'I1', 'share', '2026', 80.95238095238095, NULL, 'late')"""
        )
    before = recorded(world.store.con)
    lose(world)
    rebuild(world)
    assert differences(before, recorded(world.store.con)) == []


def test_what_came_after_the_only_piece_is_read_and_is_never_the_past(town: TOWN) -> None:
    """The database is lost in the first ten minutes: the ledger's copy has no message."""
    world = town(imap={"ledger": "oacmail"})
    for who in (ANNA, PERE):
        world.citizen_asks(who)
        world.clock.forward(minutes=1)
    message = world.citizen_asks(MARTA)
    world.agent_replies(message)
    world.order("close", "OAC-2026-000002", reason="spam")  # of which no mail tells
    before = [(case["number"], case["citizen"]) for case in world.cases()]
    lose(world, copied=False)
    world.citizen_writes("nou@example.cat")
    report = rebuild(world)
    assert (report.ledger.why, report.past) == ("", 0)
    world.turn()
    assert [(case["number"], case["citizen"]) for case in world.cases()[:3]] == before
    assert [case["status"] for case in world.cases()] == ["open", "open", "answered", "open"]
    assert [len(world.received(who)) for who in (ANNA, PERE, MARTA, "nou@example.cat")] == [1, 1, 1, 1]


def test_of_a_piece_that_is_gone_only_what_it_told_is_lost(town: TOWN) -> None:
    """What came after it is known: no notice of it goes a second time, and what was closed stays closed."""
    world = town(people={"technical": [TECHNICAL]})
    copy = LedgerCopy(world.engine, world.mailbox, FOLDER)
    world.citizen_asks(ANNA, *FAULT)
    copy.write(at_once=True)
    world.clock.forward(minutes=11)
    world.citizen_asks(PERE)
    copy.write(at_once=True)
    middle = max(world.mailbox.folders[FOLDER].messages)
    world.clock.forward(minutes=11)
    world.order("escalate", "OAC-2026-000001")
    world.order("close", "OAC-2026-000002", reason="spam")
    world.citizen_asks(MARTA, *FAULT)
    world.order("escalate", "OAC-2026-000003")
    copy.write(at_once=True)
    told = {who: world.kinds(who) for who in (ANNA, PERE, MARTA, TECHNICAL, SUPERVISOR)}
    world.mailbox.expunge(FOLDER, middle)
    lose(world, copied=False)
    report = rebuild(world)
    assert report.ledger.lost > 0
    for _ in range(3):
        world.clock.forward(minutes=1)
        world.turn()
    assert {who: world.kinds(who) for who in told} == told
    assert [(case["citizen"], case["status"]) for case in world.cases()] == [
        (ANNA, "derived"),
        (PERE, "open"),
        (MARTA, "derived"),
    ]


def test_a_copy_that_knows_no_folder_makes_no_message_since_then_the_past(town: TOWN) -> None:
    """The service was stopped before its first look into the mailbox was over; the folder took no later piece."""
    world = town()
    world.citizen_writes(PERE, "Fa temps")
    world.advance("2026-12-07 09:00")
    lose(world, copied=False)
    world.start()
    LedgerCopy(world.engine, world.mailbox, "oacmail").write(at_once=True)
    world.clock.forward(minutes=1)
    world.citizen_asks(ANNA)
    lose(world, copied=False)
    report = rebuild(world)
    assert (report.ledger.why, report.past) == ("", 1)
    world.turn()
    assert [(case["citizen"], case["status"]) for case in world.cases()] == [(ANNA, "open")]
    assert len(world.received(ANNA)) == 1


def test_the_first_piece_has_the_beginning_of_each_folder_before_a_message_is_taken_in(town: TOWN) -> None:
    """What lay there before the service is the past after a loss too, except the backlog."""
    world = town()
    world.citizen_writes(PERE, "Fa temps")
    world.advance("2026-12-07 09:00")
    world.citizen_writes(ANNA)
    world.advance("2026-12-09 09:00")
    lose(world, copied=False)
    world.start()
    world.restart(imap={"ledger": "oacmail", "backlog_days": 7})
    world.kill("before the fetch", world.sync)
    lose(world, copied=False)
    report = rebuild(world)
    assert (report.ledger.why, report.past, report.unread) == ("", 1, 1)
    world.turn()
    assert [case["citizen"] for case in world.cases()] == [ANNA]
