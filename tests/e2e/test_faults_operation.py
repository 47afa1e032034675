"""Faults of the machine: a full disk, a locked database, a clock that jumps. Each is reported and ends by itself."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.office import IMPATIENT, RunningOffice
from tests.e2e.systemd import NotifySocket
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]
MB = 1_000_000
DISK = 110 * MB


def _well_again(desk: RunningOffice) -> None:
    until(lambda: desk.status()["ok"], 20, what=f"all is well again\n{desk.log()}")


# --- the disk ---------------------------------------------------------------------------------------------


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A file system of `DISK` bytes of memory is mounted there."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder: Path, spare: int) -> Path:
    """Somebody else's file leaves so many bytes, or fewer, as the service writes there too."""
    file = folder / "somebody.else"
    with file.open("ab") as other:
        for piece in (MB, 4096):
            with suppress(OSError):  # no room for so large a piece
                while shutil.disk_usage(folder).free >= max(spare, piece):
                    os.posix_fallocate(other.fileno(), os.fstat(other.fileno()).st_size, piece)
    return file


def test_a_disk_that_fills_up_is_reported_by_mail_while_there_is_room_and_full_it_loses_nothing(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    desk, anna, pere = office(), Citizen(mail_servers), Citizen(mail_servers)
    desk.program = IMPATIENT
    with NotifySocket(tmp_path, watchdog=3) as notify, _small_disk(desk.state), desk.running(environ=notify.environ):
        assert desk.status()["ok"]
        other = _fill(desk.state, spare=40 * MB)
        (alert,) = desk.operator.wait_for_mail()
        assert "disc" in str(alert["Subject"])
        anna.write(desk.address, "Llicència", "Com demano una llicència d'obres?")
        anna.wait_for_mail()
        _fill(desk.state, spare=0)
        pere.write(
            desk.address,
            "Plànols",
            "Bon dia, us envio els plànols: què més falta?",
            attachments=[("planols.pdf", "application/pdf", os.urandom(4 * MB))],
        )
        until(lambda: desk.log_lines("state.down"), 20, what=desk.log())
        assert "  ! disk-full: " in desk.oacmail("status", code=1).stdout
        notify.wait_for_part("STATUS=UNHEALTHY: disk-full; mailbox read", 1)
        notify.wait_for_part("STATUS=UNHEALTHY: database: database or disk is full", 20)
        other.unlink()
        pere.wait_for_mail(1, 20)
        _well_again(desk)
        desk.passes()
        assert [len(person.inbox()) for person in (anna, pere, desk.operator)] == [1, 1, 1]
        assert [len(desk.log_lines(event)) for event in ("state.down", "state.recovered")] == [1, 1]
        assert {case["citizen"] for case in desk.cases()} == {anna.address, pere.address}
        desk.wait_until_accounted()


# --- the database -----------------------------------------------------------------------------------------


@contextmanager
def _locked(desk: RunningOffice) -> Iterator[None]:
    """Another program holds the database for itself."""
    other = sqlite3.connect(desk.state / "oacmail.db", isolation_level=None, timeout=10)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_locked_database_is_no_outage_of_the_servers_and_all_goes_on_when_it_is_free(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    desk, anna = office(), Citizen(mail_servers)
    desk.program = IMPATIENT
    with NotifySocket(tmp_path, watchdog=3) as notify, desk.running(environ=notify.environ):
        with _locked(desk):
            anna.write(desk.address, "Padró", "Com em dono d'alta al padró?")
            until(lambda: desk.log_lines("state.down"), 30, what=desk.log())
            assert "  ! database-locked: another program" in desk.oacmail("status", code=1).stdout
            notify.wait_for_part("STATUS=UNHEALTHY: database: database is locked", 20)
            since = datetime.fromisoformat(desk.log_lines("state.down")[0]["timestamp"])
            until(lambda: datetime.now(UTC) - since > timedelta(seconds=3), 20, what="longer than an alert waits")
        anna.wait_for_mail(1, 30)
        until(lambda: desk.log_lines("state.recovered"), 30, what=desk.log())
        _well_again(desk)
        (alert,) = desk.operator.wait_for_mail(1, 30)
        assert "base de dades" in str(alert["Subject"])
        notify.wait_for(
            "STATUS=mailbox read, mail goes out", notify.words().count("STATUS=mailbox read, mail goes out") + 1
        )
        desk.passes()
    told = [line["event"] for line in desk.log_lines() if line["event"].partition(".")[0] in ("imap", "smtp", "state")]
    assert told == ["state.down", "state.recovered"]
    assert [len(person.inbox()) for person in (anna, desk.operator)] == [1, 1]
