"""A person's rights over real servers: a copy of all that is held, and erasure down to the last byte.

A person writes two mails with a file, gets an acknowledgement and an agent's answer. Then every byte of the state
directory, the backup, the log and the mailbox is searched for what the person was and said.
"""

import json
import sqlite3
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from quopri import encodestring

import pytest

from testbed.office import NO_LIMITS
from tests.e2e.office import RunningOffice
from tests.e2e.watching import answered_by, number_of, opened
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import next_second, until

NAME, PHONE = "Anna Puigdomènech", "612345678"
SUBJECT, TEXT = "Empadronament a la Torrentfonda", "Bon dia, visc al carrer Montserrat. Truqueu-me al 612345678."
WORDS = ("Puigdom", PHONE, "Empadronament", "Torrentfonda", "Montserrat", "Vilanoveta")


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    root = tmp_path_factory.mktemp("privacy")
    privacy = {"forget_mailbox": True, "backup_days": 30}
    with opened(mail_servers, root, ack=NO_LIMITS, privacy=privacy) as office:
        yield office


def _served(mail_servers: MailServers, desk: RunningOffice) -> tuple[Citizen, str]:
    """The person, and the number of the closed case."""
    person = Citizen(mail_servers, NAME)
    file = ("Fulla Puigdom.pdf", "application/pdf", b"%PDF Montserrat")
    first = person.write(desk.address, SUBJECT, TEXT, attachments=[file])
    number = number_of(desk, first)
    (ack,) = person.wait_for_mail()
    answered_by(desk, first, "Bon dia, senyora Puigdomènech: truquem al 612345678.")
    person.reply(ack, "Gràcies; el pis és a Vilanoveta.")
    until(lambda: desk.rows("SELECT 1 FROM messages WHERE fresh LIKE '%Vilanoveta%'"), what="the second mail is read")
    desk.oacmail("case", "note", number, "La Puigdomènech ha trucat")
    desk.oacmail("case", "close", number, "--reason", "answered")
    until(lambda: not desk.rows("SELECT 1 FROM outbox WHERE state NOT IN ('sent', 'dropped')"), what="all mail is sent")
    return person, number


def _encodings(word: str) -> list[bytes]:
    raw = word.encode()
    shifted = (b64encode(pad + raw).rstrip(b"=")[2 * len(pad) : -2] for pad in (b"", b"a", b"ab"))
    return [raw, raw.lower(), encodestring(raw).strip(), *(one for one in shifted if len(one) > 6)]


def _left(folder: Path, *words: str) -> set[tuple[str, str]]:
    """(file, word) of each word that is found, in some encoding, in a file below the folder. Dovecot's own index is its
    admin's: it keeps subjects for a while."""
    found = set()
    for file in (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("dovecot")):
        raw = file.read_bytes()
        both = raw + raw.lower()
        found |= {(file.name, word) for word in words if any(one in both for one in _encodings(word))}
    return found


def test_nothing_is_left_of_a_forgotten_person(mail_servers: MailServers, desk: RunningOffice) -> None:
    person, number = _served(mail_servers, desk)
    backups = desk.root / "backups"
    backups.mkdir()
    desk.oacmail("backup", str(backups / "monday"))
    words = (*WORDS, person.address)
    boxes = desk.mailbox.path().parent
    assert {word for _, word in _left(desk.state, *words)} == set(words)
    assert {word for _, word in _left(boxes, *words)} == set(words)

    desk.oacmail("export", person.address, "--to", str(desk.root / "copy.zip"))
    with zipfile.ZipFile(desk.root / "copy.zip") as packed:
        data = json.loads(packed.read("data.json"))
        assert [Path(one["path"]).name for one in data["backups"]] == ["monday"]
        mails = [packed.read(one["file"]) for one in data["mailbox"] if one["file"]]
        assert len(mails) == 4
        assert all(person.address.encode() in mail for mail in mails)
    (desk.root / "copy.zip").unlink()
    assert "exported" in [event["kind"] for event in desk.case(number)["events"]]

    would = desk.oacmail("forget", person.address, "--dry-run", "--mailbox").stdout
    assert str(backups / "monday") in would
    assert {word for _, word in _left(desk.state, *words)} == set(words)

    done = desk.oacmail("forget", person.address, "--mailbox", "--backups", str(backups), "--yes")
    desk.passes()
    for place in (desk.state, backups, boxes, desk.root):
        assert _left(place, *words) == set(), place
    assert [word for word in words if word in done.stdout] == []
    (shown,) = [row for row in desk.cases() if row["number"] == number]
    assert (shown["status"], shown["subject"], shown["citizen"].partition("@")[2]) == ("closed", "", "invalid")
    assert desk.status()["unaccounted"] == 0

    (file,) = (desk.state / "certificates").glob("*.json")
    assert desk.oacmail("certificate", str(file), person.address).stdout == "genuine\n"
    desk.oacmail("certificate", str(file), "pere@example.net", code=1)
    certificate = json.loads(file.read_text())
    assert certificate["erased"]["cases"] == 1
    assert sum(certificate["mailbox"].values()) == 4  # two mails, the acknowledgement's copy, the answer
    assert [(Path(one["path"]).name, one["erased"]) for one in certificate["backups"]] == [("monday", True)]


def test_who_was_forgotten_may_write_again_and_no_backup_brings_the_past_back(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    person, number = _served(mail_servers, desk)
    desk.oacmail("backup", str(desk.root / "tuesday"))
    next_second()
    desk.oacmail("forget", person.address, "--yes")
    next_second()
    again = person.reply(person.inbox()[0], "Encara no puc entrar-hi.")
    assert number_of(desk, again) != number
    refused = desk.oacmail("forget", person.address, "--yes", code=1)
    assert "is open" in refused.stderr
    desk.stop()
    assert "erased again" in desk.oacmail("restore", str(desk.root / "tuesday"), "--yes").stderr
    assert _left(desk.state, "Montserrat", "Vilanoveta", PHONE) == set()
    (desk.root / "tuesday").unlink()
    desk.start()
    assert number_of(desk, again) != number
    assert _left(desk.state, "Montserrat", "Vilanoveta", PHONE) == set()
    desk.oacmail("forget", person.address, "--even-open", "--yes")
    assert _left(desk.state, person.address, "Puigdom") == set()
    assert len(list(desk.state.glob("*.before-restore*"))) == 1  # erased too


def test_what_another_person_wrote_is_named_and_stays(mail_servers: MailServers, desk: RunningOffice) -> None:
    """The request of somebody else, open and unanswered, with the forgotten person in Cc."""
    person, _ = _served(mail_servers, desk)
    other = Citizen(mail_servers, "Pere Casals")
    plan = ("Planol.pdf", "application/pdf", b"%PDF el pati de llums")
    request = other.write(
        desk.address, "Obres a l'escala", "Com demano el permís?", headers={"Cc": person.address}, attachments=[plan]
    )
    number = number_of(desk, request)

    desk.oacmail("export", person.address, "--to", str(desk.root / "third.zip"))
    with zipfile.ZipFile(desk.root / "third.zip") as packed:
        assert not [name for name in packed.namelist() if request.encode() in packed.read(name)]

    would = desk.oacmail("forget", person.address, "--dry-run", "--mailbox").stdout
    done = desk.oacmail("forget", person.address, "--mailbox", "--yes").stdout
    for told in (would, done):
        (line,) = [line for line in told.splitlines() if "Obres a l'escala" in line]
        assert line.startswith("names this person too, and stays: message of somebody else: INBOX, ")
        assert "(Cc): look at it" in line
    desk.passes()
    (kept,) = [mail for mail in desk.mailbox.messages() if mail["Message-ID"] == request]
    assert [part.get_filename() for part in kept.iter_attachments()] == ["Planol.pdf"]
    (shown,) = [row for row in desk.cases() if row["number"] == number]
    assert (shown["status"], shown["citizen"]) == ("open", other.address)
    certificates = [json.loads(file.read_text()) for file in (desk.state / "certificates").glob("*.json")]
    assert max(certificates, key=lambda one: str(one["at"]))["shared"] == {"INBOX": 1}
    assert desk.status()["unaccounted"] == 0


def test_after_a_rebuild_nothing_is_back_of_who_was_forgotten(mail_servers: MailServers, desk: RunningOffice) -> None:
    """Neither from the person's own messages, which still lie in the mailbox, nor in what somebody else wrote in the
    very second of the erasure."""
    person, number = _served(mail_servers, desk)
    words = (person.address, "Montserrat", "Vilanoveta", PHONE, "Puigdom")
    text = f"Bon dia, com demano el permís d'obres? La meva veïna, {person.address}, també el vol."
    request = Citizen(mail_servers, "Pere Casals").write(desk.address, "Obres a l'escala", text)
    assert number_of(desk, request) != number
    desk.oacmail("forget", person.address, "--yes")
    next_second()
    desk.stop()
    for file in desk.state.glob("oacmail.db*"):
        file.unlink()
    desk.oacmail("rebuild", "--yes")
    assert _left(desk.state, *words) == set()
    desk.start()
    desk.passes()
    assert _left(desk.state, *words) == set()


def test_an_installation_that_runs_once_by_a_timer_does_the_duties_of_the_night_too(
    mail_servers: MailServers, office: Callable[..., RunningOffice]
) -> None:
    desk = office(privacy={"purge": True})
    desk.oacmail("once")
    assert desk.status()["purged"] is None, "the first night has not come"
    with closing(sqlite3.connect(desk.state / "oacmail.db")) as con:
        long_ago = "UPDATE kv SET value = '2026-01-01T03:01:00+00:00' WHERE key GLOB 'night:*' RETURNING key"
        jobs = {name for (name,) in con.execute(long_ago)}
        con.commit()
    assert {"night:purge", "night:forgotten", "night:tidy", "night:records"} <= jobs
    desk.oacmail("once")
    assert desk.status()["purged"] is not None
    done = desk.rows("SELECT value FROM kv WHERE key GLOB 'night:*'")
    assert {row["value"][:4] for row in done} == {str(datetime.now(UTC).year)}
