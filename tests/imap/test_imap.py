"""The IMAP adapter on a real Dovecot while people use the mailbox: folders, reading, filing."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder
from oacmail.core.ports import WatchedFolder
from oacmail.mail.mime.headers import identity
from tests.imap.boxes import MESSAGE, filled, open_mailbox
from tests.servers.dovecot import Dovecot
from tests.servers.mail_servers import MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Agent
from tests.servers.waiting import until


def test_inbox_comes_first_sent_by_its_special_use_and_junk_last(mail_servers: MailServers) -> None:
    with open_mailbox(mail_servers.dovecot, mail_servers.new_user("oac")) as mailbox:
        assert mailbox.watched() == (
            WatchedFolder(name="INBOX", role=Folder.INTAKE),
            WatchedFolder(name="Sent", role=Folder.SENT),
            WatchedFolder(name="Junk", role=Folder.JUNK),
        )
        assert mailbox.missing() == ()


def test_folders_with_accents_are_watched_by_the_name_that_people_see(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    marta = Agent(mail_servers, office)
    for name in ("Elements enviats", "Any 2026/Gener & ç", "Un altre"):
        marta.create(name)
    marta.append(MESSAGE % 1, "Any 2026/Gener & ç")
    watch = ("Any 2026/Gener & ç", "INBOX", "\\Sent", "No hi és")
    with open_mailbox(mail_servers.dovecot, office, watch=watch, sent="Elements enviats") as mailbox:
        names = {folder.name: folder.role for folder in mailbox.watched()}
        assert names == {
            "INBOX": Folder.INTAKE,
            "Any 2026/Gener & ç": Folder.OTHER,
            "Elements enviats": Folder.SENT,
            "Junk": Folder.JUNK,
        }
        assert mailbox.missing() == ("No hi és",)
        mailbox.open("Any 2026/Gener & ç")
        assert mailbox.uids() == {1}


@pytest.mark.parametrize("name", ["Esborranys", "Drafts", "Correu/Borradores"])
def test_a_draft_is_appended_for_people_and_its_folder_is_not_watched(mail_servers: MailServers, name: str) -> None:
    office = mail_servers.new_user("oac")
    marta = Agent(mail_servers, office)
    with open_mailbox(mail_servers.dovecot, office, watch=("INBOX", name)) as mailbox:
        assert [folder.name for folder in mailbox.watched()] == ["INBOX", "Junk"]
        assert mailbox.drafts() == ""
        marta.create(name)
        assert [folder.name for folder in mailbox.watched()] == ["INBOX", "Junk"]
        mailbox.append_draft(mailbox.drafts(), b"Message-ID: <one@town>\r\n" + MESSAGE % 1)
        mailbox.open(name)
        assert mailbox.bearing("Message-ID", "<one@town>") == {1}
        assert mailbox.bearing("Message-ID", "<other@town>") == set()
    assert marta.flags(1, name) - {"\\Recent"} == {"\\Draft"}


def test_pieces_of_the_ledger_lie_in_a_folder_of_their_own_until_newer_ones_replace_them(
    mail_servers: MailServers,
) -> None:
    office = mail_servers.new_user("oac")
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        assert mailbox.create("oacmail")
        for number in (1, 2):
            mailbox.append_piece("oacmail", b"X-Oacmail-Ledger: %d\r\n" % number + MESSAGE % number)
        mailbox.open("oacmail")
        assert mailbox.bearing("X-Oacmail-Ledger") == {1, 2}
        mailbox.remove("oacmail", 1)
        mailbox.open("oacmail")
        assert mailbox.bearing("X-Oacmail-Ledger") == {2}
        assert "oacmail" not in [folder.name for folder in mailbox.watched()]


def test_reading_leaves_no_trace_for_people(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    box = filled(mail_servers.dovecot, office, 3)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        assert {uid: got.raw for uid, got in mailbox.fetch([1, 2, 3]).items()} == {n: MESSAGE % n for n in (1, 2, 3)}
    assert [file.parent.name for file in box.files()] == ["new"] * 3  # not even \\Recent was taken
    assert not Agent(mail_servers, office).flags(1) & {"\\Seen"}


def test_places_tell_size_and_moment_of_arrival_to_the_second(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    moment = datetime(2026, 3, 29, 1, 30, 5, tzinfo=UTC)
    Maildir(mail_servers.dovecot, office).deliver(MESSAGE % 1, at=moment)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        (place,) = mailbox.metas()
        assert (place.uid, place.size, place.internal_date) == (1, len(MESSAGE % 1), moment)
        assert list(mailbox.metas([1, 5])) == [place]
        assert list(mailbox.metas([])) == []


def test_what_identifies_a_message_is_read_without_a_trace(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    box = filled(mail_servers.dovecot, office, 1)
    head = b"Message-Id:\n <a@b.example>\nDATE: Wed, 25 Nov 2026 09:00:00 +0100\n"
    box.deliver(head + MESSAGE % 2)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        heads = mailbox.identifying([1, 2, 9])
        assert heads.keys() == {1, 2}
        assert identity(heads[1]) == ""
        assert identity(heads[2]) == identity(b"Date: Wed, 25 Nov 2026 08:00:00 GMT\nMessage-ID: <a@b.example>\n") != ""
        assert b"Subject" not in heads[2]
    assert [file.parent.name for file in box.files()] == ["new"] * 2


def test_messages_with_a_header_field_are_found_without_reading_them(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    box = filled(mail_servers.dovecot, office, 2)
    box.deliver(b"X-Oacmail: v=1\n" + MESSAGE % 3)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        assert mailbox.bearing("X-Oacmail") == {3}


def test_what_people_expunge_while_we_read_is_left_out(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 5)
    marta = Agent(mail_servers, office)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        assert mailbox.uids() == {1, 2, 3, 4, 5}
        marta.delete(2)
        marta.move(4, "Junk")
        assert sorted(mailbox.fetch([1, 2, 3, 4, 5])) == [1, 3, 5]
        assert mailbox.fetch([2]) == {}
        assert mailbox.uids() == {1, 3, 5}


def test_an_expunge_is_reported_one_command_late(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 2)
    marta = Agent(mail_servers, office)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        assert mailbox.uids() == {1, 2}
        marta.delete(2)
        assert mailbox.uids() >= {1}  # 2 may still be there
        assert mailbox.uids() == {1}
        assert mailbox.fetch([2]) == {}


def test_two_clients_moving_and_expunging_while_we_read_lose_nothing(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 60)
    agents = [Agent(mail_servers, office) for _ in range(2)]

    def tidy(agent: Agent, uids: range) -> None:
        for uid in uids:
            agent.move(uid, "Junk") if uid % 3 else agent.delete(uid)

    ranges = (range(1, 31), range(31, 61))
    threads = [threading.Thread(target=tidy, args=pair) for pair in zip(agents, ranges, strict=True)]
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            uids = sorted(mailbox.uids())
            for uid, got in mailbox.fetch(uids).items():
                assert got.raw == MESSAGE % uid
        # SEARCH answers from the view before it; an EXPUNGE is told at its end (RFC 9051 section 7.5.1).
        until(lambda: not mailbox.uids(), what="INBOX is empty")
        mailbox.open("Junk")
        kept = {got.raw for got in mailbox.fetch(sorted(mailbox.uids())).values()}
        assert kept == {MESSAGE % uid for uid in range(1, 61) if uid % 3}


def test_a_message_that_makes_the_server_hang_up_costs_only_itself(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = filled(server, "oac", 50)
    with open_mailbox(server, "oac") as mailbox:
        assert len(mailbox.fetch(range(1, 51))) == 50
        box.corrupt_size(17)
        mailbox.open("INBOX")
        assert sorted(mailbox.fetch(range(1, 51))) == [uid for uid in range(1, 51) if uid != 17]
        with pytest.raises(UnreadableMessage) as unreadable:
            mailbox.fetch([17])
        assert unreadable.value.uid == 17
        assert 17 in mailbox.uids()


def test_a_mailbox_restored_from_yesterday_shows_other_messages_under_known_uids(
    dovecot: Callable[..., Dovecot],
) -> None:
    server = dovecot()
    box = filled(server, "oac", 2)
    with open_mailbox(server, "oac") as mailbox:
        yesterday = box.snapshot()
        box.deliver(MESSAGE % 3)
        before = mailbox.open("INBOX")
        metas = mailbox.metas()
        box.restore(yesterday)
        box.deliver(MESSAGE % 1_000)
        assert mailbox.open("INBOX").uidvalidity == before.uidvalidity
        assert {place.uid for place in metas} == mailbox.uids() == {1, 2, 3}
        assert [place.size for place in mailbox.metas()] != [place.size for place in metas]


def test_open_reports_another_uidvalidity_and_stops_the_work_in_progress(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = filled(server, "oac", 2)
    with open_mailbox(server, "oac") as mailbox:
        before = mailbox.open("INBOX")
        server.stop()
        box.new_epoch()
        server.start()
        with pytest.raises(Transient):  # the line broke
            mailbox.uids()
        with pytest.raises(Transient, match="UIDVALIDITY"):
            mailbox.fetch([1])
        assert mailbox.open("INBOX").uidvalidity != before.uidvalidity
        assert len(mailbox.fetch(sorted(mailbox.uids()))) == 2


def test_a_self_copy_is_filed_in_sent_as_seen_and_nothing_else_is_expunged(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 3)
    marta = Agent(mail_servers, office)
    marta.flag(1, "\\Deleted")
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        mailbox.file("INBOX", [2, 99], "Sent", seen=True)
        mailbox.file("INBOX", [3], "Sent", seen=False)
        assert mailbox.uids() == {1}
        assert mailbox.open("Sent").exists == 2
    assert [("\\Seen" in marta.flags(uid, "Sent")) for uid in marta.uids("Sent")] == [True, False]


def test_filing_into_a_folder_that_is_not_there_is_transient_and_loses_nothing(mail_servers: MailServers) -> None:
    office = mail_servers.new_user("oac")
    filled(mail_servers.dovecot, office, 1)
    with open_mailbox(mail_servers.dovecot, office) as mailbox:
        with pytest.raises(Transient, match="TRYCREATE"):
            mailbox.file("INBOX", [1], "Enlloc", seen=False)
        assert mailbox.uids() == {1}


def test_nothing_is_filed_in_an_epoch_that_is_over(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = filled(server, "oac", 1)
    with open_mailbox(server, "oac") as mailbox:
        server.stop()
        box.new_epoch()
        server.start()
        with pytest.raises(Transient):
            mailbox.uids()
        with pytest.raises(Transient, match="UIDVALIDITY"):
            mailbox.file("INBOX", [1], "Sent", seen=True)
        assert mailbox.open("INBOX").exists == 1
