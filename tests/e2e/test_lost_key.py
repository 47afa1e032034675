"""The token key is lost or replaced: nothing is sent twice, and the command says what to do."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import next_second, until

MakeOffice = Callable[..., RunningOffice]


def _served(desk: RunningOffice, *citizens: Citizen) -> None:
    for citizen in citizens:
        citizen.write(desk.address, "Una consulta", f"Bon dia, com es fa el tràmit de {citizen.address}?")
        citizen.wait_for_mail()


def _refused(desk: RunningOffice) -> str:
    """Why `run` will not start."""
    refused = desk.oacmail("run", code=78).stderr
    assert desk.oacmail("once", code=78).stderr == refused
    return refused


def test_a_lost_key_is_not_replaced_silently_and_nobody_gets_a_mail_twice(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    # A ledger in the mailbox would bring back what the backup does not have, with its acknowledgements as sent.
    desk, people, rosa = office(imap={"ledger": ""}), [Citizen(mail_servers) for _ in range(3)], Citizen(mail_servers)
    backup = desk.root / "yesterday"
    key = desk.root / "state" / "token.key"
    with desk.running():
        desk.oacmail("backup", str(backup))
        _served(desk, *people)
    restored = desk.oacmail("restore", str(backup), "--yes").stderr
    assert "missing" not in restored
    key.unlink()
    assert "oacmail new-key" in _refused(desk)
    assert not key.exists()
    assert "new key is in force" in desk.oacmail("new-key", "--yes").stderr
    assert key.stat().st_mode & 0o777 == 0o600
    assert "nothing to do" in desk.oacmail("new-key", "--yes", code=1).stderr
    next_second()
    with desk.running():
        _served(desk, rosa)
        desk.wait_until_accounted()
        held = desk.json("outbox", "list")
        assert sorted(mail["recipient"] for mail in held) == sorted(person.address for person in people)
        assert {(mail["state"], mail["last_error"]) for mail in held} == {("held", "token-key-lost")}
        assert "  ! held: " in desk.oacmail("status", code=1).stdout
        desk.oacmail("outbox", "retry", held[0]["key"])
        until(lambda: len(desk.json("outbox", "list")) == 2, what="what a person releases is sent")
        for mail in held[1:]:
            desk.oacmail("outbox", "drop", mail["key"])
    counts = {person.address: len(person.inbox()) for person in (*people, rosa)}
    assert counts == {**dict.fromkeys(counts, 1), held[0]["recipient"]: 2}


def test_another_key_than_the_databases_is_refused_and_one_above_it_is_taken(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna = office(), Citizen(mail_servers)
    key = desk.root / "state" / "token.key"
    with desk.running():
        _served(desk, anna)
    old = key.read_text()
    key.write_text("another key than that of the database\n")
    assert "put the key back" in _refused(desk)
    key.write_text("another key than that of the database\n" + old)
    with desk.running():
        desk.wait_until_accounted()
    assert len(anna.inbox()) == 1


def test_a_new_key_below_the_old_one_is_refused_with_the_right_order(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, anna = office(), Citizen(mail_servers)
    key = desk.root / "state" / "token.key"
    with desk.running():
        _served(desk, anna)
    old = key.read_text()
    key.write_text(old + "a new key that was written below\n")
    assert "write the new key above the old ones" in _refused(desk)
    checked = desk.oacmail("check", code=1)
    assert "write the new key above the old ones" in checked.stdout + checked.stderr
    key.write_text("a new key that was written above\n" + old)
    with desk.running():
        desk.wait_until_accounted()
        _served(desk, Citizen(mail_servers))


def test_a_backup_without_a_key_holds_what_may_have_left(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    """As an early version made it, or one that found no key."""
    desk, anna, pere = office(), Citizen(mail_servers), Citizen(mail_servers)
    key, backup = desk.root / "state" / "token.key", tmp_path / "keyless"
    with desk.running():
        _served(desk, anna)
        saved = key.read_text()
        key.unlink()
        assert "holds no token key" in desk.oacmail("backup", str(backup)).stderr
        _served(desk, pere)
    told = desk.oacmail("restore", str(backup), "--yes").stderr
    assert "the key of this database is missing" in told
    assert "oacmail new-key" in _refused(desk)
    key.write_text(saved)
    key.chmod(0o600)
    assert "a restore has not read the copy of the ledger" in _refused(desk)
    desk.oacmail("restore", str(backup), "--yes")
    with desk.running():
        desk.wait_until_accounted()
        assert desk.json("outbox", "list") == []
    assert [len(person.inbox()) for person in (anna, pere)] == [1, 1]


def test_a_lost_database_without_its_key_keeps_the_numbers_that_were_told_and_warns_of_the_forgotten(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, people = office(), [Citizen(mail_servers) for _ in range(3)]
    with desk.running():
        _served(desk, *people)
        told = {case["citizen"]: case["number"] for case in desk.cases()}
        first = desk.at_desk()
        first.delete(min(first.uids()))  # by order of arrival the others would have other numbers
        first.close()
    for path in desk.state.iterdir():
        if path.name.startswith(("oacmail.db", "token.key")):
            path.unlink()
    said = desk.oacmail("rebuild", "--yes", "--since", "2026-01-01").stdout
    assert "who was forgotten under that key may be here again" in said
    cases = {case["citizen"]: case["number"] for case in desk.cases()}
    assert len(cases) == 2
    assert cases.items() <= told.items()
