"""What of a person lies in the mailbox: whose it is, and what if the server does not return one of the messages."""

from datetime import UTC, datetime
from typing import cast

import pytest
from msgspec.structs import replace

from oacmail.core.errors import Refused
from oacmail.imap.mailbox import ImapMailbox
from oacmail.privacy.erasure import Sought, find_messages
from oacmail.store.personal import Traces
from testbed.mailbox import SimulatedMailbox
from tests.cases.builders import POLICY as PLAIN
from tests.world import AGENT, OFFICE

ANNA, FORM = "anna@example.org", "form@town.example"
POLICY = replace(PLAIN, form_senders=frozenset([FORM]))
MAIL = b"From: Anna <anna@example.org>\r\nMessage-ID: <%d@example.org>\r\n\r\nBon dia\r\n"


@pytest.fixture
def mailbox() -> SimulatedMailbox:
    box = SimulatedMailbox()
    for number in range(3):
        box.append("INBOX", MAIL % number, datetime(2026, 11, 25, tzinfo=UTC))
    return box


def _found(box: SimulatedMailbox) -> list[int]:
    sought = Sought(policy=POLICY, address=ANNA, traces=Traces())
    return [one.ref.uid for one in find_messages(cast(ImapMailbox, box), sought)]


def test_every_message_of_the_person_is_found(mailbox: SimulatedMailbox) -> None:
    assert _found(mailbox) == [1, 2, 3]


def test_a_mail_to_the_person_in_blind_copy_alone_is_found_in_sent(mailbox: SimulatedMailbox) -> None:
    mail = b"From: oac360@castellbisbal.example\r\nBcc: Anna <anna@example.org>\r\n\r\nBon dia\r\n"
    mailbox.append("Sent", mail, datetime(2026, 11, 25, tzinfo=UTC))
    assert len(_found(mailbox)) == 4


def test_a_message_that_the_server_does_not_return_is_named_and_not_passed_over(mailbox: SimulatedMailbox) -> None:
    mailbox.folders["INBOX"].messages[2].bad = True
    with pytest.raises(Refused, match="does not return message 2 in INBOX"):
        _found(mailbox)


@pytest.mark.parametrize(
    ("head", "theirs", "shared"),
    [
        (f"From: Anna <anna@example.org>\nTo: {OFFICE}\nCc: pere@example.net", True, False),
        (f"From: {OFFICE}\nTo: anna@example.org", True, False),
        (f"From: {OFFICE}\nTo: anna@example.org\nCc: {OFFICE.replace('@', '+r-1@')}, {AGENT}", True, False),
        (f"From: {OFFICE}\nTo: {AGENT}\nX-Oacmail-Case: OAC-2026-000001", False, False),
        (f"From: {FORM}\nReply-To: anna@example.org\nTo: {OFFICE}", True, False),
        # what somebody else wrote, or got too, stays
        (f"From: pere@example.net\nTo: {OFFICE}\nCc: Anna <anna@example.org>", False, True),
        (f"From: pere@example.net\nTo: {OFFICE}\nReply-To: anna@example.org", False, True),
        (f"From: pere@example.net, anna@example.org\nTo: {OFFICE}", False, True),
        (f"From: pere@example.net\nTo: {OFFICE}\nX-Oacmail-Case: OAC-2026-000001", False, True),
        (f"From: {OFFICE}\nTo: pere@example.net\nCc: anna@example.org", True, True),
        (f"From: {FORM}\nReply-To: pere@example.net\nCc: anna@example.org", False, True),
        (f"To: {OFFICE}\nReply-To: anna@example.org", False, True),
    ],
)
def test_a_message_is_the_persons_the_offices_or_somebody_elses(head: str, theirs: bool, shared: bool) -> None:
    box = SimulatedMailbox()
    box.append("INBOX", f"{head}\n\nBon dia\n".replace("\n", "\r\n").encode(), datetime(2026, 11, 25, tzinfo=UTC))
    sought = Sought(policy=POLICY, address=ANNA, traces=Traces(cases=frozenset(["OAC-2026-000001"])))
    (found,) = find_messages(cast(ImapMailbox, box), sought)
    assert (found.theirs, found.shared) == (theirs, shared)
