"""What of a person lies in the mailbox, where the server does not return one of the messages."""

from datetime import UTC, datetime
from typing import cast

import pytest

from oacmail.adapters.imap import ImapMailbox
from oacmail.core.errors import Refused
from oacmail.privacy.mailbox import Sought, find
from oacmail.sim.mailbox import SimulatedMailbox

ANNA = "anna@example.org"
MAIL = b"From: Anna <anna@example.org>\r\nMessage-ID: <%d@example.org>\r\n\r\nBon dia\r\n"


class NamedMailbox(SimulatedMailbox):
    """Tells its folders, as the adapter does for export and forget."""

    def names(self) -> list[str]:
        return list(self.folders)


@pytest.fixture
def mailbox() -> NamedMailbox:
    box = NamedMailbox()
    for number in range(3):
        box.append("INBOX", MAIL % number, datetime(2026, 11, 25, tzinfo=UTC))
    return box


def _found(box: NamedMailbox) -> list[int]:
    sought = Sought(address=ANNA, message_ids=frozenset(), cases=frozenset())
    return [one.ref.uid for one in find(cast(ImapMailbox, box), sought)]


def test_every_message_of_the_person_is_found(mailbox: NamedMailbox) -> None:
    assert _found(mailbox) == [1, 2, 3]


def test_a_mail_to_the_person_in_blind_copy_alone_is_found_in_sent(mailbox: NamedMailbox) -> None:
    mail = b"From: oac360@castellbisbal.example\r\nBcc: Anna <anna@example.org>\r\n\r\nBon dia\r\n"
    mailbox.append("Sent", mail, datetime(2026, 11, 25, tzinfo=UTC))
    assert len(_found(mailbox)) == 4


def test_a_message_that_the_server_does_not_return_is_named_and_not_passed_over(mailbox: NamedMailbox) -> None:
    mailbox.folders["INBOX"].messages[2].bad = True
    with pytest.raises(Refused, match="does not return message 2 in INBOX"):
        _found(mailbox)
