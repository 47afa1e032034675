"""The machine is lost: the database is rebuilt from the mailbox, or comes from a replica on another disk."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.office import NO_LIMITS
from tests.e2e.office import RunningOffice
from tests.e2e.test_board import ANSWERED, OPEN
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import next_second, until

MakeOffice = Callable[..., RunningOffice]
WAITING = "OAC360/4 Espera resposta"
LITESTREAM = Path(sys.executable).with_name("litestream")
EXAMPLE = Path(__file__).parents[2] / "systemd" / "litestream.yml"
IN_PRODUCTION = "/var/lib/oacmail/oacmail.db"


def test_a_lost_database_is_rebuilt_from_the_mailbox_and_nobody_gets_a_mail_twice(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, (anna, pere, rosa) = office(board={"enabled": True}), [Citizen(mail_servers) for _ in range(3)]
    with desk.running():
        question = anna.write(desk.address, "Padró", "Com demano el volant?")
        anna.wait_for_mail()
        pere.write(desk.address, "Beca", "On es demana la beca?")
        pere.wait_for_mail()
        agent = desk.at_desk()
        agent.answer(agent.read(agent.find(question, OPEN), OPEN), "El podeu demanar a la seu electrònica.")
        answered = agent.find(question, ANSWERED)
        next_second()  # what lies in a folder from the second of its arrival was delivered there
        next_second()
        agent.move(answered, WAITING, ANSWERED)
        agent.close()
        until(lambda: "waiting" in {case["status"] for case in desk.cases()}, what="the move counts")
        desk.wait_until_accounted()
        desk.oacmail("case", "set", "1", "--topic", "enrolment")
        desk.oacmail("case", "set", "2", "--topic", "payment")
    before = desk.cases()  # the service has copied its ledger when it ended
    assert "oacmail restore" in desk.oacmail("rebuild", "--yes", code=1).stderr
    for path in desk.state.glob("oacmail.db*"):
        path.unlink()
    (would,) = desk.json("rebuild", "--dry-run")
    assert (would["cases"], would["numbers"]["proven"], would["mails"]["left"]) == ({"waiting": 1, "open": 1}, 2, 2)
    assert not (desk.state / "oacmail.db").exists()
    assert "rebuilt: 2 cases" in desk.oacmail("rebuild", "--yes").stdout
    assert desk.cases() == before
    with desk.running():
        rosa.write(desk.address, "Pista", "Quan obre la pista?")
        rosa.wait_for_mail()
        desk.wait_until_accounted()
    assert [len(person.inbox()) for person in (anna, pere, rosa)] == [2, 1, 1]  # Anna also has the answer
    assert sorted(case["number"][-6:] for case in desk.cases()) == ["000001", "000002", "000003"]


def test_a_restored_backup_goes_on_from_the_ledger_in_the_mailbox(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    desk, (anna, pere) = office(), [Citizen(mail_servers) for _ in range(2)]
    with desk.running():
        anna.write(desk.address, "Padró", "Com demano el volant?")
        anna.wait_for_mail()
        desk.oacmail("backup", str(tmp_path / "saved"))
        pere.write(desk.address, "Beca", "On es demana la beca?")
        pere.wait_for_mail()
        desk.oacmail("case", "log-call", "1")
        desk.oacmail("case", "set", "2", "--topic", "payment")
        desk.wait_until_accounted()
    before = desk.cases()
    said = desk.oacmail("restore", str(tmp_path / "saved"), "--yes").stderr
    assert "all rows are as the ledger in the mailbox says" in said
    assert desk.cases() == before
    with desk.running():
        desk.wait_until_accounted()
        desk.passes()
    assert desk.cases() == before
    assert [len(person.inbox()) for person in (anna, pere)] == [1, 1]


@contextmanager
def _replicated(desk: RunningOffice, replica: Path) -> Iterator["subprocess.Popen[bytes]"]:
    config = desk.root / "litestream.yml"
    shipped = EXAMPLE.read_text("utf-8")
    for theirs, ours in ((IN_PRODUCTION, desk.state / "oacmail.db"), ("/var/backups/oacmail-replica", replica)):
        assert theirs in shipped
        shipped = shipped.replace(theirs, str(ours))
    config.write_text(shipped, "utf-8")
    with (desk.root / "litestream.log").open("wb") as log:
        process = subprocess.Popen([LITESTREAM, "replicate", "-config", config], stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_from_a_replica_the_desk_goes_on_elsewhere_and_nothing_is_lost_or_sent_twice(
    mail_servers: MailServers, office: MakeOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OACMAIL_TOKEN_KEY", "the key does not lie beside the database")
    desk, people = office(ack=NO_LIMITS), [Citizen(mail_servers) for _ in range(12)]
    replica, count = desk.root / "replica", random.randrange(3, 10)
    desk.start()
    with _replicated(desk, replica) as litestream:
        people[0].write(desk.address, "Primera", "Quan obre la piscina?")
        people[0].wait_for_mail()
        until(lambda: list(replica.rglob("*.ltx")), 20, what="the database is replicated")
        assert "stop it first" in desk.oacmail("forget", people[0].address, "--even-open", "--yes", code=1).stderr
        assert "stop it first" in desk.oacmail("purge", "--yes", code=1).stderr
        desk.oacmail("purge")
        for person in people[1:]:
            person.write(desk.address, "Consulta", "Quan obre el gimnàs?")
        until(lambda: sum(bool(person.inbox()) for person in people) >= count, what=f"{count} acknowledgements")
        desk.kill()
        litestream.kill()
    shutil.rmtree(desk.state)
    copy = desk.root / "copy.db"
    subprocess.run([LITESTREAM, "restore", "-o", copy, f"file://{replica}"], check=True, capture_output=True)
    desk.change(office={"state": "elsewhere"})
    desk.state = desk.root / "elsewhere"
    desk.oacmail("restore", str(copy), "--yes")
    with desk.running():
        for person in people:
            person.wait_for_mail(seconds=30)
        desk.wait_until_accounted()
        desk.passes()
    assert [len(person.inbox()) for person in people] == [1] * len(people), count
    numbers = {person.inbox()[0]["Subject"].partition("]")[0][1:16] for person in people}
    assert numbers == {case["number"] for case in desk.cases()}
    assert len(numbers) == len(people)
