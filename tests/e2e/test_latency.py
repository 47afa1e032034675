"""Twenty messages one by one: each acknowledged before the next is written, brought by IDLE alone."""

from collections.abc import Callable

from tests import latency
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers


def test_each_of_twenty_messages_is_acknowledged_before_the_next_through_idle_alone(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk = office(**latency.settings())
    with desk.running():
        taken = latency.measure(mail_servers, desk, 20)
        cases = desk.cases()
        desk.wait_until_accounted()
    print(latency.told(taken))
    assert len(cases) == 20
    opened = [case["opened_at"] for case in sorted(cases, key=lambda case: str(case["number"]))]
    assert opened == sorted(opened)
