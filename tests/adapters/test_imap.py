"""The mailbox on a real Dovecot, with people at work in it: reading, waiting, filing, and every line that breaks."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from oacmail.adapters.imap import ImapMailbox, ImapSettings, LoginRefused
from oacmail.core.errors import ConfigError, Transient, UnreadableLetter
from oacmail.core.model import Folder
from oacmail.core.ports import WatchedFolder
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.maildir import Maildir
from tests.servers.people import Agent, Citizen
from tests.servers.proxy import Proxy
from tests.servers.road import Road

LETTER = b"Received: from x by mx\r\nSubject: %d\r\n\r\nBon dia\r\n"


@contextmanager
def _open(server: Dovecot, user: str, folder: str = "INBOX", **more: Any) -> Iterator[ImapMailbox]:
    """A mailbox on a plain line, the folder opened."""
    usual: dict[str, Any] = {"port": server.imap_port, "security": "none", "timeout": 5}
    mailbox = ImapMailbox(ImapSettings(host="localhost", user=user, password=PASSWORD, **(usual | more)))
    mailbox.open(folder)
    yield mailbox
    mailbox.close()


def _filled(server: Dovecot, user: str, count: int) -> Maildir:
    box = Maildir(server, user)
    for number in range(1, count + 1):
        box.deliver(LETTER % number)
    return box


# --- folders ----------------------------------------------------------------------------------------------


def test_inbox_comes_first_sent_by_its_special_use_and_junk_last(road: Road) -> None:
    with _open(road.dovecot, road.new_user("oac")) as mailbox:
        assert mailbox.watched() == (
            WatchedFolder(name="INBOX", role=Folder.INTAKE),
            WatchedFolder(name="Sent", role=Folder.SENT),
            WatchedFolder(name="Junk", role=Folder.JUNK),
        )
        assert mailbox.missing() == ()


def test_folders_with_accents_are_watched_by_the_name_that_people_see(road: Road) -> None:
    office = road.new_user("oac")
    marta = Agent(road, office)
    for name in ("Elements enviats", "Any 2026/Gener & ç", "Un altre"):
        marta.create(name)
    marta.append(LETTER % 1, "Any 2026/Gener & ç")
    watch = ("Any 2026/Gener & ç", "INBOX", "\\Sent", "No hi és")
    with _open(road.dovecot, office, watch=watch, sent="Elements enviats") as mailbox:
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


# --- reading ----------------------------------------------------------------------------------------------


def test_reading_leaves_no_trace_for_people(road: Road) -> None:
    office = road.new_user("oac")
    box = _filled(road.dovecot, office, 3)
    with _open(road.dovecot, office) as mailbox:
        assert {uid: got.raw for uid, got in mailbox.fetch([1, 2, 3]).items()} == {n: LETTER % n for n in (1, 2, 3)}
    assert [file.parent.name for file in box.files()] == ["new"] * 3  # not even \\Recent was taken
    assert not Agent(road, office).flags(1) & {"\\Seen"}


def test_places_tell_size_and_moment_of_arrival_to_the_second(road: Road) -> None:
    office = road.new_user("oac")
    moment = datetime(2026, 3, 29, 1, 30, 5, tzinfo=UTC)
    Maildir(road.dovecot, office).deliver(LETTER % 1, at=moment)
    with _open(road.dovecot, office) as mailbox:
        (place,) = mailbox.places()
        assert (place.uid, place.size, place.internal_date) == (1, len(LETTER % 1), moment)
        assert list(mailbox.places([1, 5])) == [place]
        assert list(mailbox.places([])) == []


def test_letters_that_bear_a_field_are_told_without_reading_them(road: Road) -> None:
    office = road.new_user("oac")
    box = _filled(road.dovecot, office, 2)
    box.deliver(b"X-Oacmail: v=1\n" + LETTER % 3)
    with _open(road.dovecot, office) as mailbox:
        assert mailbox.bearing("X-Oacmail") == {3}


def test_what_people_expunge_while_we_read_is_left_out(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 5)
    marta = Agent(road, office)
    with _open(road.dovecot, office) as mailbox:
        assert mailbox.uids() == {1, 2, 3, 4, 5}
        marta.delete(2)
        marta.move(4, "Junk")
        assert sorted(mailbox.fetch([1, 2, 3, 4, 5])) == [1, 3, 5]
        assert mailbox.fetch([2]) == {}
        assert mailbox.uids() == {1, 3, 5}


def test_two_clients_moving_and_expunging_while_we_read_lose_nothing(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 60)
    agents = [Agent(road, office) for _ in range(2)]

    def tidy(agent: Agent, uids: range) -> None:
        for uid in uids:
            agent.move(uid, "Junk") if uid % 3 else agent.delete(uid)

    ranges = (range(1, 31), range(31, 61))
    threads = [threading.Thread(target=tidy, args=pair) for pair in zip(agents, ranges, strict=True)]
    with _open(road.dovecot, office) as mailbox:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            uids = sorted(mailbox.uids())
            for uid, got in mailbox.fetch(uids).items():
                assert got.raw == LETTER % uid
        assert mailbox.uids() == set()
        mailbox.open("Junk")
        kept = {got.raw for got in mailbox.fetch(sorted(mailbox.uids())).values()}
        assert kept == {LETTER % uid for uid in range(1, 61) if uid % 3}


def test_a_letter_that_makes_the_server_hang_up_costs_only_itself(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = _filled(server, "oac", 50)
    with _open(server, "oac") as mailbox:
        assert len(mailbox.fetch(range(1, 51))) == 50
        box.corrupt_size(17)
        mailbox.open("INBOX")
        assert sorted(mailbox.fetch(range(1, 51))) == [uid for uid in range(1, 51) if uid != 17]
        with pytest.raises(UnreadableLetter) as unreadable:
            mailbox.fetch([17])
        assert unreadable.value.uid == 17
        assert 17 in mailbox.uids()


def test_a_mailbox_restored_from_yesterday_shows_other_letters_under_known_uids(
    dovecot: Callable[..., Dovecot],
) -> None:
    server = dovecot()
    box = _filled(server, "oac", 2)
    with _open(server, "oac") as mailbox:
        yesterday = box.snapshot()
        box.deliver(LETTER % 3)
        before = mailbox.open("INBOX")
        places = mailbox.places()
        box.restore(yesterday)
        box.deliver(LETTER % 1_000)
        assert mailbox.open("INBOX").uidvalidity == before.uidvalidity
        assert {place.uid for place in places} == mailbox.uids() == {1, 2, 3}
        assert [place.size for place in mailbox.places()] != [place.size for place in places]


def test_another_uidvalidity_is_told_by_open_and_stops_what_was_begun(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = _filled(server, "oac", 2)
    with _open(server, "oac") as mailbox:
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


# --- waiting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_citizens_mail_ends_the_wait_within_a_second(road: Road, security: str) -> None:
    office, anna = road.new_user("oac"), Citizen(road)
    port = road.dovecot.imaps_port if security == "tls" else road.dovecot.imap_port
    with _open(road.dovecot, office, security=security, port=port, ca_file=str(road.certs.ca)) as mailbox:
        sent: list[float] = []

        def write() -> None:
            anna.write(road.address(office), "Hola", "Bon dia")
            sent.append(time.monotonic())

        for _ in range(3):
            threading.Timer(0.1, write).start()
            assert mailbox.wait(10)
            took = time.monotonic() - sent.pop()
            print(f"notice after {took:.3f} s")
            assert took < 2
            mailbox.open("INBOX")


def test_what_came_between_looking_and_waiting_is_news_at_once(road: Road) -> None:
    office = road.new_user("oac")
    with _open(road.dovecot, office) as mailbox:
        mailbox.uids()
        Maildir(road.dovecot, office).deliver(LETTER % 1)
        assert mailbox.wait(60)
        mailbox.open("INBOX")
        assert not mailbox.wait(0.05)


def test_the_bell_ends_a_wait_at_once_and_is_not_lost_before_one(road: Road) -> None:
    with _open(road.dovecot, road.new_user("oac")) as mailbox:
        threading.Timer(0.1, mailbox.wake).start()
        begun = time.monotonic()
        assert not mailbox.wait(60)
        for _ in range(10_000):
            mailbox.wake()
        assert not mailbox.wait(60)
        assert time.monotonic() - begun < 5
        assert not mailbox.wait(0.05)


def test_flags_that_people_set_are_no_news(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 1)
    marta = Agent(road, office)
    with _open(road.dovecot, office) as mailbox:
        threading.Timer(0.1, marta.flag, (1, "\\Flagged")).start()
        assert not mailbox.wait(1.5)


def test_idle_is_begun_anew_before_the_server_loses_patience(road: Road) -> None:
    office = road.new_user("oac")
    with _open(road.dovecot, office, idle_minutes=0.001) as mailbox:
        threading.Timer(0.5, Maildir(road.dovecot, office).deliver, (LETTER % 1,)).start()
        assert mailbox.wait(10)


@pytest.mark.parametrize("end", [Dovecot.kill, Dovecot.stop])
def test_a_server_that_ends_during_idle_is_noticed_and_found_again(
    dovecot: Callable[..., Dovecot], end: Callable[[Dovecot], None]
) -> None:
    server = dovecot()
    _filled(server, "oac", 1)
    with _open(server, "oac") as mailbox:
        threading.Timer(0.2, end, (server,)).start()
        begun = time.monotonic()
        with pytest.raises(Transient, match="IMAP IDLE"):
            mailbox.wait(60)
        assert time.monotonic() - begun < 5
        with pytest.raises(Transient, match="ECONNREFUSED"):
            mailbox.open("INBOX")
        server.start()
        assert mailbox.open("INBOX").exists == 1


# --- lines that break -------------------------------------------------------------------------------------


def test_a_half_open_line_is_noticed_at_the_next_poll(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 1)
    with Proxy(road.dovecot.imap_port) as wire, _open(road.dovecot, office, port=wire.port, timeout=0.5) as mailbox:
        threading.Timer(0.1, wire.stall).start()
        with pytest.raises(Transient, match="IMAP IDLE"):
            mailbox.wait(0.3)
        wire.restore()
        assert mailbox.uids() == {1}


def test_a_broken_line_is_transient_and_the_next_call_goes_on_in_the_same_folder(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 2)
    with Proxy(road.dovecot.imap_port) as wire, _open(road.dovecot, office, port=wire.port) as mailbox:
        wire.cut()
        with pytest.raises(Transient):
            mailbox.uids()
        assert mailbox.uids() == {1, 2}
        wire.refuse()
        for _ in range(2):
            with pytest.raises(Transient):
                mailbox.fetch([1, 2])
        wire.restore()
        assert sorted(mailbox.fetch([1, 2])) == [1, 2]


def test_a_refused_login_is_transient_but_told_apart_and_keeps_the_secret(road: Road) -> None:
    settings = ImapSettings(
        host="localhost", port=road.dovecot.imap_port, security="none", user="oac", password=lambda: "never-shown"
    )
    with pytest.raises(LoginRefused, match="AUTHENTICATIONFAILED") as refused:
        ImapMailbox(settings).open("INBOX")
    assert "never-shown" not in f"{refused.value!r} {settings!r}"


def test_a_line_that_breaks_during_login_says_nothing_of_the_password(road: Road) -> None:
    with Proxy(road.dovecot.imap_port) as wire:
        wire.refuse()
        with pytest.raises(Transient) as broken:
            ImapMailbox(
                ImapSettings(host="localhost", port=wire.port, security="none", user="oac", password=PASSWORD)
            ).open("INBOX")
        assert not isinstance(broken.value, LoginRefused)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(road: Road) -> None:
    settings = ImapSettings(host="localhost", port=road.dovecot.imaps_port, user="oac", password=PASSWORD)
    with pytest.raises(Transient, match="SSLCertVerificationError"):
        ImapMailbox(settings).open("INBOX")


def test_without_encryption_only_this_machine_is_spoken_to() -> None:
    with pytest.raises(ConfigError, match=r"imap\.security"):
        ImapMailbox(ImapSettings(host="imap.example.cat", security="none", user="oac", password=PASSWORD))


def test_a_password_with_accents_is_sent_as_it_is(road: Road) -> None:
    settings = ImapSettings(host="localhost", port=road.dovecot.imap_port, security="none", user="oac", password="çà")
    with pytest.raises(LoginRefused):
        ImapMailbox(settings).open("INBOX")


# --- filing -----------------------------------------------------------------------------------------------


def test_a_self_copy_is_filed_in_sent_as_seen_and_nothing_else_is_expunged(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 3)
    marta = Agent(road, office)
    marta.flag(1, "\\Deleted")
    with _open(road.dovecot, office) as mailbox:
        mailbox.file("INBOX", 2, "Sent", seen=True)
        mailbox.file("INBOX", 3, "Sent", seen=False)
        mailbox.file("INBOX", 99, "Sent", seen=True)
        assert mailbox.uids() == {1}
        assert mailbox.open("Sent").exists == 2
    assert [("\\Seen" in marta.flags(uid, "Sent")) for uid in marta.uids("Sent")] == [True, False]


def test_filing_into_a_folder_that_is_not_there_is_transient_and_loses_nothing(road: Road) -> None:
    office = road.new_user("oac")
    _filled(road.dovecot, office, 1)
    with _open(road.dovecot, office) as mailbox:
        with pytest.raises(Transient, match="TRYCREATE"):
            mailbox.file("INBOX", 1, "Enlloc", seen=False)
        assert mailbox.uids() == {1}


def test_nothing_is_filed_in_an_epoch_that_is_over(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    box = _filled(server, "oac", 1)
    with _open(server, "oac") as mailbox:
        server.stop()
        box.new_epoch()
        server.start()
        with pytest.raises(Transient):
            mailbox.uids()
        with pytest.raises(Transient, match="UIDVALIDITY"):
            mailbox.file("INBOX", 1, "Sent", seen=True)
        assert mailbox.open("INBOX").exists == 1


# --- large letters ----------------------------------------------------------------------------------------


def test_fifty_megabytes_are_read_in_a_few(dovecot: Callable[..., Dovecot]) -> None:
    server = dovecot()
    line = b"A" * 76 + b"\n"
    head = b'Content-Type: multipart/mixed; boundary="b"\nSubject: gran\n\n--b\n\nBon dia\n--b\n'
    Maildir(server, "oac").deliver(
        head
        + b"Content-Type: application/pdf; name=x.pdf\nContent-Transfer-Encoding: base64\n\n"
        + line * 680_000
        + b"--b--\n"
    )
    program = f"""
import resource
from oacmail.adapters.imap import ImapMailbox, ImapSettings
box = ImapMailbox(ImapSettings(host="localhost", port={server.imap_port}, security="none", user="oac",
    password="secret"))
box.open("INBOX")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
got = box.fetch([1])[1]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, len(got.raw), got.skipped)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    grown, size, skipped = done.stdout.split(maxsplit=2)
    print(f"{grown} kB more for a letter of 52 MB")
    assert int(grown) < 8_000
    assert int(size) < 400
    assert skipped.startswith("(('x.pdf', 'application/pdf', 38")
