"""Servers with few capabilities and odd answers: Exchange, Gmail, mail-devel, and items that are no messages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from oacmail.core.errors import Transient, UnreadableMessage
from oacmail.core.model import Folder
from oacmail.imap import messages
from oacmail.imap.connection import ImapLoginRefused, ImapSettings
from oacmail.imap.mailbox import ImapMailbox
from tests.fakes.imap_server import FakeMessage, ImapServer
from tests.work import calls

EXCHANGE = "IMAP4 IMAP4rev1 AUTH=PLAIN UIDPLUS MOVE ID UNSELECT CHILDREN NAMESPACE LITERAL+"
SUBSTITUTE = FakeMessage(
    b"Subject: Retrieval using the IMAP4 protocol failed for the following message: 31\r\n"
    b'From: "Microsoft Exchange Server" <x@x>\r\n\r\nThe server could not retrieve the following message\r\n'
)
GMAIL = (
    r'(\HasNoChildren) "/" "INBOX"',
    r'(\HasChildren \Noselect) "/" "[Gmail]"',
    r'(\All \HasNoChildren) "/" "[Gmail]/Tots"',
    r'(\HasNoChildren \Sent) "/" "[Gmail]/Enviats&AOA-"',
    r'(\HasNoChildren \Junk) "/" "[Gmail]/Correu brossa"',
)
LARGE = (*GMAIL, *(rf'(\HasNoChildren) "/" "Arxiu/{number}"' for number in range(300)))


@contextmanager
def _open(server: ImapServer, **more: Any) -> Iterator[ImapMailbox]:
    settings = ImapSettings(host="localhost", port=server.port, security="none", user="oac", password="x", **more)
    mailbox = ImapMailbox(settings)
    mailbox.open("INBOX")
    yield mailbox
    mailbox.close()


def test_a_list_of_folders_that_has_not_changed_is_parsed_once() -> None:
    with ImapServer(folders=LARGE) as server, _open(server) as mailbox:
        first, again = calls(mailbox.watched), calls(mailbox.watched)
        server.folders = ('(\\HasNoChildren) "/" "INBOX"', '(\\Sent) "/" "Sent"')
        assert [one.name for one in mailbox.watched()] == ["INBOX", "Sent"]
    assert again < first / 3


def test_our_own_mails_of_a_huge_folder_are_searched_for_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """imaplib takes no line above a megabyte: about 140,000 UIDs."""
    monkeypatch.setattr(messages, "_WINDOW", 2)
    with ImapServer(messages=dict.fromkeys(range(1, 6), FakeMessage())) as server, _open(server) as mailbox:
        assert mailbox.bearing("X-Oacmail") == {1, 2, 3, 4, 5}
        asked = [words for words in server.commands if words.startswith("UID SEARCH")]
    assert [words.split(" ")[3:5] for words in asked] == [["1:2", "HEADER"], ["3:4", "HEADER"], ["5:6", "HEADER"]]


# --- quota ------------------------------------------------------------------------------------------------

ROOT = 'QUOTAROOT INBOX ""'


@pytest.mark.parametrize(
    ("lines", "fill"),
    [
        ((ROOT, 'QUOTA "" (STORAGE 10 512)'), 10 / 512),
        ((ROOT, 'QUOTA "" (STORAGE 10 512 MESSAGE 20 40)'), 0.5),
        ((ROOT, 'QUOTA "" (STORAGE 10 0)'), 0.0),
        ((ROOT,), 0.0),
        (('QUOTA "" (STORAGE 10 512',), 0.0),
        ((), 0.0),
    ],
)
def test_the_nearest_limit_counts_and_a_server_that_stumbles_has_said_nothing(
    lines: tuple[str, ...], fill: float
) -> None:
    with ImapServer(capabilities="IMAP4rev1 QUOTA", quota=lines) as server, _open(server) as mailbox:
        assert mailbox.fill() == fill
        assert mailbox.uids() == set()
    with ImapServer() as server, _open(server) as mailbox:
        assert mailbox.fill() == 0.0
        assert not any(words.startswith("GETQUOTA") for words in server.commands)


# --- folders ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Sent", "Sent Items", "INBOX.Sent Messages", "Enviats", "Elements enviats", "Enviados", "Elementos enviados"],
)
def test_without_special_use_sent_is_known_by_the_last_part_of_its_name(name: str) -> None:
    rows = (r'() "." INBOX', r'() "." Presentacions', rf'() "." "{name}"')
    with ImapServer(folders=rows) as server, _open(server) as mailbox:
        assert [(folder.name, folder.role) for folder in mailbox.watched()] == [
            ("INBOX", Folder.INTAKE),
            (name, Folder.SENT),
        ]
        assert mailbox.missing() == ()


def test_no_folder_of_sent_mail_is_a_finding_and_no_crash() -> None:
    with ImapServer() as server, _open(server) as mailbox:
        assert [folder.name for folder in mailbox.watched()] == ["INBOX"]
        assert mailbox.missing() == ("Sent",)


def test_gmails_folders_are_found_by_their_use_whatever_their_language() -> None:
    with ImapServer(capabilities="IMAP4rev1 SPECIAL-USE", folders=GMAIL) as server, _open(server) as mailbox:
        names = [(folder.name, folder.role) for folder in mailbox.watched()]
    assert names == [
        ("INBOX", Folder.INTAKE),
        ("[Gmail]/Enviatsà", Folder.SENT),
        ("[Gmail]/Correu brossa", Folder.JUNK),
    ]
    with ImapServer(folders=GMAIL) as server, _open(server, watch=("\\All", "INBOX")) as mailbox:
        assert [folder.name for folder in mailbox.watched()] == ["INBOX", "[Gmail]/Tots", "[Gmail]/Correu brossa"]


@pytest.mark.parametrize("name", ["Junk Email", "INBOX.Spam", "Correu brossa"])
def test_a_junk_folder_is_found_by_its_name_where_the_server_tells_no_use(name: str) -> None:
    rows = (r'() "." INBOX', r'() "." Sent', f'() "." "{name}"')
    with ImapServer(folders=rows) as server, _open(server) as mailbox:
        assert [(folder.name, folder.role) for folder in mailbox.watched()][-1] == (name, Folder.JUNK)


def test_the_configured_junk_folder_is_no_folder_of_citizens_mail_also_if_it_is_watched() -> None:
    rows = (r'() "/" INBOX', r'() "/" Sent', r'() "/" Filtrat', r'(\Junk) "/" Junk')
    with ImapServer(folders=rows) as server, _open(server, watch=("INBOX", "\\Sent", "Filtrat"), junk="Filtrat") as box:
        assert {folder.name: folder.role for folder in box.watched()}["Filtrat"] is Folder.JUNK
    with ImapServer(folders=rows) as server, _open(server, junk="No hi és") as box:
        assert box.missing() == ("No hi és",)


def test_a_watched_folder_with_a_name_of_junk_is_junk_only_if_it_is_configured() -> None:
    rows = (r'() "/" INBOX', r'() "/" Sent', r'() "/" Spam')
    watch = ("INBOX", "\\Sent", "Spam")
    with ImapServer(folders=rows) as server, _open(server, watch=watch) as box:
        assert {folder.name: folder.role for folder in box.watched()}["Spam"] is Folder.OTHER
    with ImapServer(folders=rows) as server, _open(server, watch=watch, junk="Spam") as box:
        assert {folder.name: folder.role for folder in box.watched()}["Spam"] is Folder.JUNK


def test_a_second_folder_of_sent_mail_is_one_when_it_is_watched() -> None:
    rows = (r'() "/" INBOX', r'(\Sent) "/" Sent', r'() "/" "Sent Items"', r'() "/" "&broken"', r'() "/" 2026')
    with ImapServer(folders=rows) as server, _open(server, watch=("INBOX", "\\Sent", "Sent Items", "2026")) as mailbox:
        roles = {folder.name: folder.role for folder in mailbox.watched()}
    assert roles == {"INBOX": Folder.INTAKE, "Sent": Folder.SENT, "Sent Items": Folder.SENT, "2026": Folder.OTHER}


# --- reading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nothing",
    [
        FakeMessage(None),
        FakeMessage(b"", size=0),
        FakeMessage(b"", size=900),
        SUBSTITUTE,
        FakeMessage(None, 0, "01-Jan-1970 00:00:00 +0000"),
    ],
    ids=["NIL", "size 0", "empty", "substitute", "1970"],
)
def test_what_is_no_message_is_left_out_of_a_batch_and_named_when_it_stays(nothing: FakeMessage) -> None:
    messages = {1: FakeMessage(), 2: nothing, 3: FakeMessage()}
    with ImapServer(capabilities=EXCHANGE, messages=messages) as server, _open(server) as mailbox:
        assert sorted(mailbox.fetch([1, 2, 3])) == [1, 3]
        with pytest.raises(UnreadableMessage, match="UID 2"):
            mailbox.fetch([2])


def test_a_message_that_only_speaks_of_exchanges_words_is_a_message() -> None:
    real = FakeMessage(b"Received: from a by mx\r\n" + (SUBSTITUTE.raw or b""))
    with ImapServer(messages={1: real}) as server, _open(server) as mailbox:
        assert mailbox.fetch([1])[1].raw == real.raw


def test_size_zero_and_1970_are_believed_only_when_reported_twice() -> None:
    messages = {1: FakeMessage(b"", 0, "01-Jan-1970 00:00:00 +0000"), 2: FakeMessage(size=0)}
    with ImapServer(messages=messages, vanishing=[1]) as server, _open(server) as mailbox:
        assert [place.uid for place in mailbox.metas()] == [2]


def test_a_message_expunged_between_size_and_bytes_is_left_out() -> None:
    with ImapServer(messages={1: FakeMessage(), 2: FakeMessage()}, vanishing=[2]) as server, _open(server) as mailbox:
        assert sorted(mailbox.fetch([1, 2])) == [1]
    with ImapServer(messages={2: FakeMessage()}, vanishing=[2]) as server, _open(server) as mailbox:
        assert mailbox.fetch([2]) == {}


def test_a_large_message_without_a_sound_structure_is_read_by_its_header_fields() -> None:
    big = FakeMessage(b"Subject: gran\r\n\r\n" + b"x" * 100)
    with ImapServer(messages={7: big}) as server, _open(server, max_bytes=100) as mailbox:
        got = mailbox.fetch([7])[7]
    assert got.raw.startswith(b"Subject: gran\r\nMIME-Version: 1.0\r\n")
    assert (got.complete, got.skipped) == (False, (("", "application/octet-stream", big.octets()),))


def test_a_hundred_thousand_messages_fit_without_esearch() -> None:
    messages = dict.fromkeys(range(1_000_000, 1_100_000), FakeMessage())
    with ImapServer(messages=messages) as server, _open(server) as mailbox:
        assert mailbox.uids() == messages.keys()
        metas = mailbox.metas()
    assert {place.uid for place in metas} == messages.keys()


def test_a_message_that_the_server_refuses_to_tell_of_is_left_out_of_a_batch() -> None:
    with (
        ImapServer(messages=dict.fromkeys(range(1, 9), FakeMessage()), refused=[3]) as server,
        _open(server) as mailbox,
    ):
        assert sorted(mailbox.fetch(range(1, 9))) == [1, 2, 4, 5, 6, 7, 8]
        with pytest.raises(UnreadableMessage, match="UID 3"):
            mailbox.fetch([3])
        with pytest.raises(Transient, match="IMAP FETCH"):
            mailbox.metas()


# --- login ------------------------------------------------------------------------------------------------


def test_an_oauth_token_is_asked_for_at_each_login() -> None:
    tokens = iter(["first", "second"])
    with ImapServer(capabilities="IMAP4rev1 AUTH=XOAUTH2") as server:
        settings = ImapSettings(
            host="localhost",
            port=server.port,
            security="none",
            user="oac",
            auth="xoauth2",
            password=lambda: next(tokens),
        )
        for _ in range(2):
            mailbox = ImapMailbox(settings)
            mailbox.open("INBOX")
            mailbox.close()
    assert [words for words in server.commands if words.startswith("user=")] == [
        "user=oac\1auth=Bearer first\1\1",
        "user=oac\1auth=Bearer second\1\1",
    ]


def test_where_login_is_forbidden_plain_is_used() -> None:
    with ImapServer(capabilities="IMAP4rev1 AUTH=PLAIN LOGINDISABLED") as server, _open(server):
        assert "\0oac\0x" in server.commands


def test_a_server_without_starttls_gets_no_password_when_it_is_asked_for() -> None:
    with ImapServer() as server, pytest.raises(Transient, match="CapabilityError"):
        ImapMailbox(
            ImapSettings(host="localhost", port=server.port, security="starttls", user="oac", password="x")
        ).open("INBOX")
    assert not any(words.startswith("LOGIN") for words in server.commands)


# --- waiting and filing -----------------------------------------------------------------------------------


def test_where_there_is_no_idle_a_wait_ends_with_a_look() -> None:
    with ImapServer(capabilities=EXCHANGE, messages={1: FakeMessage()}) as server, _open(server) as mailbox:
        assert not mailbox.wait(0.05)
        server.messages[2] = FakeMessage()
        assert mailbox.wait(0.05)
        mailbox.open("INBOX")
        mailbox.wake()
        assert not mailbox.wait(60)
    assert "IDLE" not in server.commands


@pytest.mark.parametrize(
    ("capabilities", "commands"),
    [
        ("IMAP4rev1 MOVE UIDPLUS", ["UID MOVE 1 Sent"]),
        ("IMAP4rev1 UIDPLUS", ["UID COPY 1 Sent", r"UID STORE 1 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 1"]),
        ("IMAP4rev1", []),
    ],
)
def test_a_message_is_filed_as_the_server_can_and_never_by_a_bare_expunge(
    capabilities: str, commands: list[str]
) -> None:
    with ImapServer(capabilities=capabilities, messages={1: FakeMessage()}) as server, _open(server) as mailbox:
        mailbox.file("INBOX", [1], "Sent", seen=False)
    changes = [words.replace('"', "") for words in server.commands if words.startswith(("UID ", "EXPUNGE"))]
    assert changes == commands


def test_the_client_identifies_itself_only_where_the_server_requires_it() -> None:
    with ImapServer(capabilities=EXCHANGE) as server, _open(server):
        assert 'ID ("name" "oacmail")' in server.commands
    with ImapServer() as server, _open(server):
        assert not any(words.startswith("ID") for words in server.commands)


def test_a_command_that_the_server_does_not_know_is_transient() -> None:
    with ImapServer(capabilities="IMAP4rev1 IDLE") as server, _open(server) as mailbox, pytest.raises(Transient):
        mailbox.wait(1)


def test_the_pause_that_a_throttling_server_asks_for_is_kept() -> None:
    """Exchange Online: in the middle of a batch, and at the next login. No message is at fault."""
    with ImapServer(messages=dict.fromkeys((1, 2, 3), FakeMessage())) as server:
        box = ImapMailbox(ImapSettings(host="localhost", port=server.port, user="oac", password="x", security="none"))
        box.open("INBOX")
        server.trouble = "throttled"
        for _ in range(2):
            with pytest.raises(Transient, match=r"^IMAP \w+: throttled$") as caught:
                box.fetch([1, 2, 3])
            assert caught.value.at_least == 90.0
        server.trouble = ""
        assert len(box.fetch([1, 2, 3])) == 3
        assert sum("BODY.PEEK[]" in words for words in server.commands) == 2
        box.close()


BYE = "BYE Request is throttled. Suggested Backoff Time: 2500 milliseconds"
BANDWIDTH = "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)"
MANY = "NO [ALERT] Too many simultaneous connections. (Failure)"


@pytest.mark.parametrize(
    ("answer", "says", "pause"),
    [
        (BYE, "FETCH: throttled", (2.5, True)),
        (BANDWIDTH, "FETCH: bandwidth limit", (300.0, False)),
        ("NO [THROTTLED] slow down", "FETCH: throttled", (60.0, False)),
    ],
)
def test_a_limit_of_the_provider_in_a_fetch_stops_the_pass_at_once(
    answer: str, says: str, pause: tuple[float, bool]
) -> None:
    with ImapServer(messages=dict.fromkeys((1, 2, 3), FakeMessage())) as server, _open(server) as mailbox:
        server.trouble = answer
        with pytest.raises(Transient, match=f"^IMAP {says}$") as caught:
            mailbox.fetch([1, 2, 3])
        assert (caught.value.at_least, caught.value.named) == pause
        assert sum("BODY.PEEK[]" in words for words in server.commands) == 1


def test_a_login_that_a_limit_refuses_says_nothing_about_the_password() -> None:
    with ImapServer() as server:
        box = ImapMailbox(ImapSettings(host="localhost", port=server.port, user="oac", password="x", security="none"))
        server.locked = MANY
        with pytest.raises(Transient, match=r"^IMAP \w+: too many connections$") as caught:
            box.open("INBOX")
        assert not isinstance(caught.value, ImapLoginRefused)
        server.locked = "NO [AUTHENTICATIONFAILED] no"
        with pytest.raises(ImapLoginRefused):
            box.open("INBOX")
        server.locked = ""
        assert box.open("INBOX").exists == 0
        box.close()


@pytest.mark.parametrize("code", ["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG"])
def test_a_login_that_the_server_refuses_for_its_own_reasons_says_nothing_about_the_password(code: str) -> None:
    with ImapServer() as server:
        box = ImapMailbox(ImapSettings(host="localhost", port=server.port, user="oac", password="x", security="none"))
        server.locked = f"NO [{code}] not now"
        with pytest.raises(Transient, match=re.escape(f"[{code}]")) as caught:
            box.open("INBOX")
        assert not isinstance(caught.value, ImapLoginRefused)
        box.close()
