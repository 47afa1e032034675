"""A relay that refuses everybody or takes its time, on real servers: nobody's mail is lost or sent twice."""

from collections.abc import Callable, Iterator

import pytest

from oacmail.cli.status import lines
from tests.e2e.office import IMPATIENT, RunningOffice
from tests.servers.filter import Filter
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.postfix import PostfixOptions
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]


@pytest.fixture(scope="module")
def mind() -> Iterator[Filter]:
    """What the relay thinks of our mail."""
    with Filter() as content_filter:
        yield content_filter


@pytest.fixture(scope="module")
def own_mail_servers(mind: Filter) -> Iterator[MailServers]:
    with MailServers(options=PostfixOptions(filter_port=mind.port)) as servers:
        yield servers


def _impatient(own_office: MakeOffice) -> RunningOffice:
    desk = own_office()
    desk.program = IMPATIENT
    return desk


@pytest.mark.parametrize("reply", ["554 5.7.1 access denied", "451 4.7.1 not now"])
def test_a_relay_that_refuses_everybody_is_named_and_all_mail_leaves_once_it_recovers(
    own_mail_servers: MailServers, own_office: MakeOffice, mind: Filter, reply: str
) -> None:
    desk, people = _impatient(own_office), [Citizen(own_mail_servers) for _ in range(3)]
    people[0].address = own_mail_servers.address(people[0].user, "example.com")
    with desk.running():
        mind.replies["RCPT"] = reply
        for number, person in enumerate(people):
            person.write(desk.address, f"Tràmit {person.user}", f"Com acabo el tràmit número {number}?")
        words = "relay-refuses: the relay took none of the last mails"
        until(lambda: words in " ".join(lines(desk.status())), 20, what=lambda: f"{desk.status()}\n{desk.log()}")
        assert desk.oacmail("status", code=1).stdout.startswith("UNHEALTHY")
        until(lambda: desk.rows("SELECT 1 FROM outbox WHERE kind = 'alert'"), what="the alert waits with the others")
        mind.replies.clear()
        for person in (*people, desk.operator):
            person.wait_for_mail(1, 20)
        until(lambda: desk.status()["ok"], 20, what=lambda: f"all is well again\n{desk.status()}\n{desk.log()}")
        desk.passes()
        desk.wait_until_accounted()
    assert [
        line["problem"] for event in ("problem.degraded", "problem.recovered") for line in desk.log_lines(event)
    ] == ["relay-refuses"] * 2
    assert [len(person.inbox()) for person in (*people, desk.operator)] == [1, 1, 1, 1]


def test_a_relay_that_takes_twenty_seconds_for_a_mail_holds_up_no_intake_and_doubles_nothing(
    own_mail_servers: MailServers, own_office: MakeOffice, mind: Filter
) -> None:
    desk, anna, others = (
        _impatient(own_office),
        Citizen(own_mail_servers),
        [Citizen(own_mail_servers) for _ in range(5)],
    )
    with desk.running():
        mind.pause = lambda: 20.0
        anna.write(desk.address, "Lent", "Per què va tan lent?")
        until(lambda: mind.thought, what="the relay thinks")
        mind.pause = lambda: 0.02
        for person in others:
            person.write(desk.address, f"Ràpid {person.user}", f"Com va el tràmit de {person.user}?")
        desk.wait_for_cases(6)
        assert anna.inbox() == []
        for person in (anna, *others):
            person.wait_for_mail(1, 30)
        desk.passes()
        assert desk.status()["ok"]
        assert [len(person.inbox()) for person in (anna, *others)] == [1] * 6
        until(lambda: len(desk.mailbox.messages("Sent")) == 6, what="one copy of each")
    assert not desk.log_lines("smtp.down")


def test_one_recipient_that_ends_the_line_is_named_and_holds_up_nobody(
    own_mail_servers: MailServers, own_office: MakeOffice, mind: Filter
) -> None:
    desk = own_office()  # with its own patience: a minute before that mail is tried again
    closes = Citizen(own_mail_servers, user=f"{own_mail_servers.new_user()}-closes")
    with desk.running():
        closes.write(desk.address, "Padró", "Com em puc empadronar?")
        until(lambda: desk.rows("SELECT 1 FROM outbox WHERE attempts = 1"), what=lambda: f"its attempt\n{desk.log()}")
        for number in range(3):
            person = Citizen(own_mail_servers)
            person.write(desk.address, f"Tràmit {person.user}", f"Com acabo el tràmit número {number}?")
            person.wait_for_mail(1, 2)
        (mail,) = [mail for mail in desk.json("outbox", "list") if mail["recipient"] == closes.address]
        assert (mail["state"], mail["attempts"], mail["last_error"]) == ("queued", 1, "SMTP RCPT: 421 4.7.0")
        assert desk.status()["ok"]
    assert not desk.log_lines("smtp.down")
