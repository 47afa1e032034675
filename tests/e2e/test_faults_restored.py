"""`oacmail restore` of yesterday's database where no self-copies tell what has left since (with copies: test_verbs)."""

from collections.abc import Callable

from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.waiting import next_second, until

MakeOffice = Callable[..., RunningOffice]


def test_after_a_restore_without_copies_what_may_have_left_is_held_and_a_person_is_asked(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, (anna, pere, rosa) = office(smtp={"self_copy": False}), [Citizen(mail_servers) for _ in range(3)]
    backup = desk.root / "yesterday"
    with desk.running():
        anna.write(desk.address, "Abans", "Quan obre la piscina?")
        anna.wait_for_mail()
        desk.oacmail("backup", str(backup))
        pere.write(desk.address, "Després", "Quan obre el gimnàs?")
        pere.wait_for_mail()
    assert "outbox retry or outbox drop" in desk.oacmail("restore", str(backup), "--yes").stderr
    next_second()  # IMAP's dates are whole seconds: what came in that of the restore may be older
    with desk.running():
        rosa.write(desk.address, "Ara", "Quan obre la pista?")
        rosa.wait_for_mail()
        desk.wait_until_accounted()
        (held,) = desk.json("outbox", "list")
        assert (held["recipient"], held["state"], held["last_error"]) == (pere.address, "held", "database-restored")
        assert "  ! held: " in desk.oacmail("status", code=1).stdout
        desk.oacmail("outbox", "drop", held["key"])
        until(lambda: desk.status()["ok"], what=f"all is well again\n{desk.status()}")
    assert [len(person.inbox()) for person in (anna, pere, rosa)] == [1, 1, 1]
    assert len(desk.cases()) == 3
