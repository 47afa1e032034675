"""The test message of `check --online`, which a running service files while it is looked for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from oacmail.cli import check
from oacmail.core.ports import MessageMeta
from oacmail.imap.mailbox import ImapMailbox
from oacmail.smtp import SmtpTransport
from testbed.mailbox import SimulatedMailbox

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


class FiledMeanwhile(SimulatedMailbox):
    """Between the search in INBOX and its answer the service moves the message to Sent."""

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        for uid in list(self.folders["INBOX"].messages):
            self.file("INBOX", [uid], "Sent", seen=True)
        return super().metas(uids)


def test_a_message_that_is_filed_while_it_is_looked_for_is_found_in_its_new_folder() -> None:
    box = FiledMeanwhile()
    box.append("INBOX", b"X-Oacmail-Kind: probe 5f1e0a2b\r\n\r\nHola\r\n", NOW)
    post = check.TestMail(cast(ImapMailbox, box), cast(SmtpTransport, None), "", tuple(box.watched()))
    found = post.arrival("X-Oacmail-Kind", "5f1e0a2b")
    assert found is not None
    assert (found[0].name, found[1].internal_date) == ("Sent", NOW)
