"""Restarts, renumbered and restored mailboxes, and the first day: nothing is sent twice or overlooked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from testbed.messages import message
from testbed.office import NO_LIMITS
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import next_second, until

MakeOffice = Callable[..., RunningOffice]


def _written(mail_servers: MailServers, desk: RunningOffice, count: int) -> list[Citizen]:
    """So many citizens, each with one message at the desk."""
    people = [Citizen(mail_servers, "Pere Soler") for _ in range(count)]
    for number, person in enumerate(people):
        person.write(desk.address, f"Certificat {person.user}", f"Com demano el certificat número {number}?")
    return people


def _acknowledged(desk: RunningOffice, people: list[Citizen]) -> None:
    """Each holds his acknowledgement, and its copy has settled its row and lies in Sent."""
    for person in people:
        person.wait_for_mail(1, 20)
    settled = "SELECT count(*) AS n FROM outbox WHERE copied_at IS NOT NULL"
    until(lambda: desk.rows(settled)[0]["n"] >= len(people), 20, what="the copies")
    desk.wait_until_none("SELECT 1 FROM sightings WHERE wanted IS NOT NULL", 20)


def _once_each(desk: RunningOffice, people: list[Citizen]) -> None:
    """One case and one mail for each of them, and every message accounted for."""
    desk.passes()
    cases = desk.cases()
    assert sorted(case["citizen"] for case in cases) == sorted(person.address for person in people)
    assert {case["messages"] for case in cases} == {1}
    assert {len(person.inbox()) for person in people} == {1}
    assert desk.rows("SELECT 1 FROM sightings WHERE outcome IS NULL") == []
    assert [row["state"] for row in desk.rows("SELECT state FROM outbox")] == ["sent"] * len(people)


def test_after_a_restart_nothing_is_sent_twice_and_what_came_meanwhile_is_processed(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk = office(ack=NO_LIMITS)
    with desk.running():
        people = _written(mail_servers, desk, 4)
        _acknowledged(desk, people)
    people += _written(mail_servers, desk, 3)
    with desk.running():
        _acknowledged(desk, people)
    with desk.running():
        _once_each(desk, people)


@pytest.mark.parametrize("alive", [True, False], ids=["while the daemon runs", "while the daemon is stopped"])
def test_under_a_new_uidvalidity_all_is_recognised_and_a_new_message_is_seen(
    mail_servers: MailServers, office: MakeOffice, alive: bool
) -> None:
    desk = office(ack=NO_LIMITS)
    with desk.running():
        people = _written(mail_servers, desk, 4)
        _acknowledged(desk, people)
        if alive:
            _renumber(desk)
            people += _written(mail_servers, desk, 1)
            _acknowledged(desk, people)
    if not alive:
        _renumber(desk)
        people += _written(mail_servers, desk, 1)
    with desk.running():
        _acknowledged(desk, people)
        _once_each(desk, people)
        epochs = desk.rows("SELECT DISTINCT uidvalidity FROM sightings WHERE folder = 'INBOX'")
        assert len(epochs) == 2
        assert desk.log_lines("folder.new-epoch")


def _renumber(desk: RunningOffice) -> None:
    for folder in ("INBOX", "Sent"):
        desk.mailbox.new_epoch(folder)


@pytest.mark.parametrize("alive", [True, False], ids=["while the daemon runs", "while the daemon is stopped"])
def test_in_a_mailbox_restored_from_yesterday_new_messages_on_old_uids_become_cases_and_nothing_is_sent_again(
    mail_servers: MailServers, office: MakeOffice, alive: bool
) -> None:
    desk = office(ack=NO_LIMITS)
    with desk.running():
        people = _written(mail_servers, desk, 3)
        _acknowledged(desk, people)
        yesterday = desk.mailbox.snapshot()
        people += _written(mail_servers, desk, 3)
        _acknowledged(desk, people)
        next_second()  # a place is a UID, a size and a date to the second: yesterday's never share one with today's
        if alive:
            desk.mailbox.restore(yesterday)
            people += _written(mail_servers, desk, 3)
            _acknowledged(desk, people)
    if not alive:
        desk.mailbox.restore(yesterday)
        people += _written(mail_servers, desk, 3)
    with desk.running():
        _acknowledged(desk, people)
        _once_each(desk, people)
        assert len(desk.rows("SELECT DISTINCT uidvalidity FROM sightings WHERE folder = 'INBOX'")) == 1


# --- the first day ----------------------------------------------------------------------------------------


def _old(person: Citizen, desk: RunningOffice, age: timedelta, folder: str = "INBOX") -> None:
    """A message that has lain there for so long."""
    mail = message(person.address, desk.address, f"Consulta de {person.user}", "Bon dia, tinc un dubte.")
    desk.mailbox.deliver(mail.as_bytes(), folder, at=datetime.now(UTC) - age)


def test_what_lay_there_before_the_first_start_is_never_answered_not_even_renumbered_or_moved(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, people = office(), [Citizen(mail_servers) for _ in range(4)]
    for person, hours in zip(people, (1, 5, 30, 2000), strict=True):
        _old(person, desk, timedelta(hours=hours))
    with desk.running():
        agent = desk.at_desk()
        uids = agent.uids()
        agent.create("A part")
        agent.move(uids[0], "A part")
        desk.passes()
        agent.move(agent.uids("A part")[0], "INBOX", "A part")
        desk.passes()
        agent.close()
        desk.mailbox.new_epoch()
        (newcomer,) = people_now = _written(mail_servers, desk, 1)
        _acknowledged(desk, people_now)
        _once_each(desk, [newcomer])
    assert [len(person.inbox()) for person in people] == [0] * 4
    outcomes = desk.rows("SELECT DISTINCT outcome FROM sightings WHERE folder = 'INBOX' ORDER BY outcome")
    assert {row["outcome"] for row in outcomes} <= {"baseline", "case", "ours"}


def test_an_old_message_dragged_from_an_archive_to_inbox_waits_for_a_person(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna = office(), Citizen(mail_servers)
    _old(anna, desk, timedelta(days=40), "Arxiu")
    with desk.running():
        agent = desk.at_desk()
        agent.move(agent.uids("Arxiu")[0], "INBOX", "Arxiu")
        (case,) = desk.wait_for_cases(1)
        assert case["citizen"] == anna.address
        (waiting,) = desk.json("quarantine", "list")
        assert waiting["reason"] == "first-seen-late"
        desk.passes()
        agent.close()
    assert anna.inbox() == []


def test_backlog_days_work_the_messages_of_the_last_days_before_the_first_start(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, recent, late, old = (
        office(imap={"backlog_days": 4}),
        Citizen(mail_servers),
        Citizen(mail_servers),
        Citizen(mail_servers),
    )
    for person, days in ((recent, 2), (late, 3.5), (old, 5)):
        _old(person, desk, timedelta(days=days))
    with desk.running():
        assert {case["citizen"] for case in desk.wait_for_cases(2)} == {recent.address, late.address}
        recent.wait_for_mail()
        (waiting,) = desk.json("quarantine", "list")
        assert waiting["reason"] == "first-seen-late"  # ack.max_age_hours: a case and a deadline, and a person looks
        desk.passes()
    assert [len(person.inbox()) for person in (recent, late, old)] == [1, 0, 0]
