"""Restarts, renumbered and restored mailboxes, and the first day: nothing is sent twice or overlooked."""

from collections.abc import Callable

import pytest

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
