"""A desk with one late case and its notice, and mails that would like to order something about it.

`attack` delivers one mail, by SMTP, through our exchanger; `nothing_happened` proves that the case is as it was, that
the mail is recorded and that no citizen heard of it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from tests.hostile.enemy import message, smuggle
from tests.orders.test_orders import late_case
from tests.world import ANNA, PASS, STAFF, SUPERVISOR, World

ORDER = "#tanca brossa\n#meu\nTANCA BROSSA\n"
TECHNICIAN = "tecnic@town.example"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """`fields` take the place of the usual ones of a supervisor's reply to the notice; `days`: how far its Date is from
    now."""

    fields: tuple[tuple[str, str], ...] = ()
    text: str | bytes = ORDER
    verdict: str = PASS
    days: float = 0.0
    sender: str = SUPERVISOR
    cases: int = 1
    people: dict[str, Any] = field(default_factory=dict)


def attack(world: World, notice: EmailMessage, mail: Attack) -> None:
    at = world.clock.now() + timedelta(days=mail.days)
    usual = {
        "From": mail.sender,
        "Subject": f"Re: {notice['Subject']}",
        "In-Reply-To": str(notice["Message-ID"]),
        "References": str(notice["Message-ID"]),
        "Date": format_datetime(at),
    }
    given = {name for name, _ in mail.fields}
    fields = (*((name, value) for name, value in usual.items() if name not in given), *mail.fields)
    smuggle(world, message(world, fields, mail.text), sender=mail.sender, verdict=mail.verdict)


def beginning(world: World, mail: Attack) -> EmailMessage:
    """The notice of Anna's late case; then `people` of the attack are in force."""
    notice = late_case(world)
    if mail.people:
        world.restart(people=mail.people)
    return notice


def nothing_happened(world: World, cases: int = 1) -> None:
    case = world.case("OAC-2026-000001")
    assert (case["status"], case["assignee"], case["answered_at"], case["level"]) == ("open", None, None, "first")
    assert world.events("ordered") == []
    assert len(world.cases()) == cases
    assert world.rows("SELECT 1 FROM sightings WHERE outcome IS NULL") == []
    assert set(world.kinds(ANNA)) == {"ack"}
    for address, mails in world.relay.inboxes.items():
        if address not in (*STAFF, TECHNICIAN):
            assert not [mail for mail in mails if "brossa" in mail.as_string().lower()]
