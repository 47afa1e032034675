"""`check` as an admin runs it: every fault with its remedy, and no output for a sound configuration."""

import json
import os
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.forked import ROOT
from tests.e2e.office import HOME, RunningOffice
from tests.e2e.watching import at_desk
from tests.fakes.imap_server import ImapServer
from tests.servers.mail_servers import MailServers
from tests.servers.ports import free_port
from tests.servers.postfix import PostfixOptions

MakeOffice = Callable[..., RunningOffice]


def _found(desk: RunningOffice, *options: str, code: int) -> list[dict[str, Any]]:
    """The findings, but for the example addresses that a test desk has."""
    found = desk.json("check", *options, code=code)
    for line in found:
        assert line.keys() == {"level", "where", "what", "do"}
        assert line["level"] in ("error", "warning")
        assert all(line.values())
    return found


def _where(found: list[dict[str, Any]]) -> dict[str, str]:
    return {line["where"]: line["what"] for line in found}


@pytest.fixture
def sound(office: MakeOffice) -> RunningOffice:
    """A desk with nothing of the example left."""
    desk = office(office={"dpo": "dpd@castellbisbal.cat"}, smtp={"ack_envelope": "bounce"})
    desk.state.mkdir(mode=0o700)
    with at_desk(desk) as agent:
        agent.create("Drafts")
    return desk


def test_a_sound_desk_has_nothing_to_do_online_or_not_whether_the_daemon_runs_or_not(sound: RunningOffice) -> None:
    sound.oacmail("once")
    assert sound.oacmail("check").stdout == "no problems found\n"
    assert sound.oacmail("check", "--online").stdout == "no problems found\n"
    with sound.running():
        assert sound.oacmail("check", "--online").stdout == "no problems found\n"
        sound.passes()
        status = sound.status()
    assert (status["ok"], status["unaccounted"], status["quarantine"]) == (True, 0, 0)
    assert sound.cases() == []
    assert sound.agent.inbox() + sound.operator.inbox() + sound.supervisor.inbox() == []


def test_a_trial_proves_the_path_of_the_copies_to_the_daemon(sound: RunningOffice) -> None:
    for words in (("once",), ("check", "--online"), ("once",)):
        sound.oacmail(*words)
    (row,) = sound.rows("SELECT kind, state, copied_at FROM outbox")
    assert (row["kind"], row["state"], row["copied_at"] is not None) == ("probe", "sent", True)


def test_the_messages_of_a_trial_say_what_they_are_and_that_they_may_go(sound: RunningOffice) -> None:
    assert '"oacmail check" in the subject' in sound.oacmail("check", "--online").stderr
    assert len(messages := sound.mailbox.messages()) == 3
    assert all("oacmail check: " in str(message["Subject"]) for message in messages)


def test_every_error_of_the_configuration_comes_at_once_with_78_and_no_secret(office: MakeOffice) -> None:
    desk = office()
    secret = "hunter2secret"
    desk.change(imap={"port": secret, "watch": ["Sent"]}, smtp={"passwort": secret}, deadline={"x": 1})
    found = _found(desk, code=78)
    assert {"imap.port", "imap.watch", "smtp.passwort", "deadline.x"} <= _where(found).keys()
    assert "hunter2" not in json.dumps(found)
    told = desk.oacmail("once", code=78).stderr
    assert all(path in told for path in ("imap.port", "imap.watch", "smtp.passwort", "deadline.x"))
    assert "hunter2" not in told


def test_what_is_missing_or_open_to_others_on_this_machine_is_named(sound: RunningOffice, tmp_path: Path) -> None:
    sound.oacmail("once")
    (sound.root / "password").chmod(0o644)
    (sound.root / "state").chmod(0o755)
    sound.change(office={"templates": "nowhere", "dpo": "dpd@castellbisbal.example"})
    found = _where(_found(sound, code=1))
    assert "others can read" in found["imap.password_file"]
    assert "others can read" in found["office.state"]
    assert "does not exist" in found["office.templates"]
    assert "example" in found["office.dpo"]


def test_each_value_that_another_town_keeps_from_the_shipped_file_is_reported(sound: RunningOffice) -> None:
    url = "https://www.castellbisbal.cat/proteccio-de-dades"
    own = {"address": "atencio@olesademontserrat.cat", "privacy_url": url, "calendar": "ES-CT"}
    sound.change(office=own)
    errors = {line["where"] for line in _found(sound, code=1) if line["level"] == "error"}
    assert errors == {"office.town", "office.phone", "office.privacy_url", "office.holidays"}
    (sound.root / "festes.toml").write_text((ROOT / "oacmail/holidays/castellbisbal.toml").read_text())
    edited = {"town": "Olesa de Montserrat", "phone": "937 780 050", "holidays": "festes.toml"}
    sound.change(office={**edited, "privacy_url": "https://www.olesademontserrat.cat/privacitat"})
    assert {line["level"] for line in _found(sound, code=0)} <= {"warning"}


def test_the_bodies_to_which_people_are_pointed_are_every_towns(sound: RunningOffice) -> None:
    shipped = (ROOT / "config.toml").read_text("utf-8")
    own = {"address": "atencio@vila.cat", "town": "Vila", "phone": "930 000 000"}
    pages = dict.fromkeys(("privacy_url", "rights_url", "complaints_form_url"), "https://www.vila.cat/")
    sound.change(office={**own, **pages})
    sound.config.write_text(sound.config.read_text("utf-8") + shipped[shipped.index("\n[[pointer]]") :], "utf-8")
    assert sound.oacmail("check").stdout == "no problems found\n"


def test_the_state_of_another_town_is_named_and_nothing_of_it_is_offered(sound: RunningOffice) -> None:
    sound.oacmail("once")
    vila = sound.root / "vila.toml"
    vila.write_text(sound.config.read_text().replace(f'"{sound.address}"', '"oac@vila.cat"'))
    done = HOME.call(("--config", str(vila), "check"))
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "office.state" in line]
    assert 'is the state of the town "config": write a folder of its own, such as /var/lib/oacmail/vila' in line
    assert "office.aliases" not in done.stdout
    assert "chown" not in done.stdout


def test_every_address_user_and_page_that_stays_marked_as_shipped_is_reported(sound: RunningOffice) -> None:
    text = (ROOT / "config.toml").read_text("utf-8")
    sound.config.write_text(text, "utf-8")
    found = _where(_found(sound, code=1))
    mine = {"office.address", "office.online_office_url", "office.complaints_form_url", "office.privacy_url"}
    mine |= {"office.rights_url", "office.dpo", "imap.host", "imap.user", "smtp.host", "smtp.user"}
    assert mine | {"people.supervisor", "people.operator"} <= found.keys()
    assert not {"office.town", "office.phone", "office.timezone", "imap.port", "smtp.auth"} & found.keys()
    sound.config.write_text(re.sub(r"\bEDIT\b", "", text), "utf-8")
    confirmed = _where(_found(sound, code=1))
    assert not {"office.address", "office.privacy_url", "imap.user"} & confirmed.keys()
    assert "imap.host" in confirmed  # a name that RFC 2606 keeps from ever existing


def test_a_broken_template_of_the_towns_own_is_an_error_with_its_place(sound: RunningOffice) -> None:
    own = sound.root / "templates" / "ca"
    own.mkdir(parents=True)
    (own / "ack.txt.j2").write_text("Benvolguda persona, {{ nom }\n")
    sound.change(office={"templates": "templates"})
    (found,) = _found(sound, code=1)
    assert (found["level"], found["where"]) == ("error", "templates")
    assert "ack" in found["what"]


def test_a_provisional_and_a_missing_year_are_distinguished(sound: RunningOffice) -> None:
    year = datetime.now(UTC).year
    day = f'{{date = {year}-01-01, scope = "catalonia", ca = "Cap d\'Any", es = "Año Nuevo", en = "New Year"}}'
    file = sound.root / "festes.toml"
    file.write_text(f'[{year}]\nprovisional = true\nsources = {{catalonia = "DOGC"}}\nholidays = [{day}]\n')
    sound.change(office={"holidays": "festes.toml", "calendar": "ES-CT"})
    found = _found(sound, code=1)
    said = [(line["level"], line["what"]) for line in found if line["where"] == "office.holidays"]
    assert ("warning", f"the holidays of {year} are not official yet") in said
    assert any("a holiday for workalendar only" in what for _, what in said)  # Christmas, which this file forgot
    file.write_text(file.read_text().replace(str(year), str(year - 1)))
    assert ("error", f"the holidays of {year} are missing") in [
        (line["level"], line["what"]) for line in _found(sound, code=1)
    ]


def test_a_clock_behind_what_the_database_has_seen_is_an_error(mail_servers: MailServers, sound: RunningOffice) -> None:
    sound.oacmail("once")
    with sqlite3.connect(sound.root / "state" / "oacmail.db") as con:
        ahead = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        con.execute("INSERT INTO events(at, kind) VALUES(?, 'trial')", (ahead,))
    con.close()
    assert "ahead of now" in _where(_found(sound, code=1))["clock"]
    assert "`oacmail clock`" in {line["where"]: line["do"] for line in _found(sound, code=1)}["clock"]


def test_a_clock_that_was_ahead_is_accepted_by_a_word_beside_the_running_service(sound: RunningOffice) -> None:
    sound.oacmail("once")
    with sqlite3.connect(sound.state / "oacmail.db") as con:
        con.execute("INSERT INTO events(at, kind) VALUES('2031-01-01T00:00:00Z', 'trial')")
        con.execute("INSERT OR REPLACE INTO kv(key, value, at) VALUES('latest', '2031-01-01T00:00:00+00:00', '2031')")
    con.close()
    with sound.running():
        assert "clock" in [problem["code"] for problem in sound.status()["problems"]]
        said = sound.oacmail("clock", "--yes").stderr
        assert "check the due days" in said
        assert "clock" not in [problem["code"] for problem in sound.status()["problems"]]
    assert sound.oacmail("check").stdout == "no problems found\n"
    assert "nothing to do" in sound.oacmail("clock", "--yes", code=1).stderr


def test_unreachable_servers_and_refused_logins_are_reported_each_with_its_remedy(sound: RunningOffice) -> None:
    good = dict(sound.settings["imap"])
    sound.change(imap={"port": free_port()})
    (found,) = _found(sound, "--online", code=1)
    assert (found["where"], "firewall" in found["do"]) == ("imap", True)
    (sound.root / "wrong").write_text("not the password")
    (sound.root / "wrong").chmod(0o600)
    sound.change(imap={**good, "password_file": "wrong"}, smtp={"password_file": "wrong"})
    found_both = {line["where"]: line["do"] for line in _found(sound, "--online", code=1)}
    assert found_both.keys() == {"imap", "smtp"}
    assert all("renew the password" in remedy for remedy in found_both.values())


def test_each_kind_of_trouble_with_a_server_has_its_own_remedy(sound: RunningOffice) -> None:
    good = dict(sound.settings["imap"])
    for wrong, what in (
        ({"host": "imap.castellbisbal.invalid"}, "its name cannot be resolved"),
        ({"port": sound.settings["smtp"]["port"]}, "the TLS handshake fails"),
        ({"password_file": "empty"}, "no login was tried"),
    ):
        (sound.root / "empty").touch(mode=0o600)
        sound.change(imap={**good, **wrong})
        assert what in _where(_found(sound, "--online", code=1))["imap"]
    sound.change(imap={**good, "sent": "Enviats"})
    said = _where(_found(sound, "--online", code=1))["imap.sent"]
    assert said.startswith("the folder Enviats does not exist, so answers are not seen; the folders are ")
    assert "INBOX" in said
    assert "Sent" in said


def test_a_password_that_is_missing_is_reported_once_for_each_server(sound: RunningOffice) -> None:
    for file, what in (("gone", "cannot be read"), ("empty", "the password is empty")):
        (sound.root / "empty").touch(mode=0o600)
        sound.change(imap={"password_file": file}, smtp={"password_file": file})
        found = _found(sound, code=1)
        assert [line["where"] for line in found] == ["imap.password_file", "smtp.password_file"]
        assert all(what in line["what"] for line in found)


def test_answers_that_nobody_reads_are_warned_of(sound: RunningOffice) -> None:
    sound.change(imap={"watch": ["INBOX"]})
    found = _found(sound, code=0)
    assert {line["level"] for line in found} == {"warning"}
    assert _where(found).keys() == {"imap.watch"}


def test_the_boards_folders_are_made_and_names_that_clash_are_found(sound: RunningOffice) -> None:
    sound.change(board={"enabled": True})
    assert sound.oacmail("check", "--online").stdout == "no problems found\n"
    desk = sound.at_desk()
    assert desk.uids("OAC360/8 Automàtics") == []
    desk.close()
    sound.change(board={"names": {"open": "6 Tancats"}}, people={"agents": ["anna@one.example", "anna@two.example"]})
    found = _where(_found(sound, code=1))
    assert found["board.names"] == "two folders have the name 6 Tancats"
    assert "anna" in found["people.agents"]


def test_a_server_without_move_and_uidplus_cannot_have_a_board(sound: RunningOffice) -> None:
    with ImapServer(folders=(r'(\HasNoChildren) "/" INBOX', r'(\HasNoChildren) "/" Sent')) as server:
        sound.change(imap={"host": "127.0.0.1", "port": server.port, "security": "none"}, board={"enabled": True})
        sound.change(smtp={"port": 9})
        assert "neither MOVE nor UIDPLUS" in _where(_found(sound, "--online", code=1))["board.enabled"]


@pytest.mark.parametrize(
    ("software", "profile"), [("GImap", "google"), ("Microsoft.Exchange.Imap4.Imap4Server", "microsoft365")]
)
def test_a_server_that_has_a_profile_is_recognised(sound: RunningOffice, software: str, profile: str) -> None:
    folders = (r'(\HasNoChildren) "/" INBOX', r'(\HasNoChildren) "/" "Elements enviats"')
    with ImapServer(capabilities="IMAP4rev1 ID", folders=folders, software=software) as server:
        sound.change(imap={"host": "127.0.0.1", "port": server.port, "security": "none"}, smtp={"port": 9})
        found = {line["where"]: line for line in _found(sound, "--online", code=1)}
    assert software in found["imap.provider"]["what"]
    assert f'provider = "{profile}"' in found["imap.provider"]["do"]


def test_the_name_of_a_providers_server_is_enough_to_recognise_it(sound: RunningOffice) -> None:
    sound.change(imap={"host": "outlook.office365.com"})
    (found,) = [line for line in _found(sound, code=0) if line["where"] == "imap.provider"]
    assert 'provider = "microsoft365"' in found["do"]


def test_a_missing_folder_of_sent_mail_is_a_finding_and_no_crash(sound: RunningOffice) -> None:
    sound.change(imap={"sent": "Enviats del 2019"})
    found = _where(_found(sound, "--online", code=1))
    assert "Enviats del 2019" in " ".join(found.values())


def test_a_new_mailbox_without_a_folder_of_sent_mail_is_no_dead_end(sound: RunningOffice) -> None:
    """To name Sent there, as the first finding says, must not bring the same finding again."""
    folders = (r'(\HasNoChildren) "/" INBOX', r'(\HasNoChildren) "/" "Elements suprimits"', r'() "/" Spam')
    with ImapServer(folders=folders) as server:
        sound.change(imap={"host": "127.0.0.1", "port": server.port, "security": "none"})
        sound.change(smtp={"port": 9})  # no relay: `check` waits for no test message
        found = _found(sound, "--online", code=1)
        assert any("no folder of drafts was found" in line["what"] for line in found)
        assert "the folder Spam is read as the junk folder because of its name" in _where(found)["imap.junk"]
        first = _where(found)["imap.sent"]
        sound.change(imap={"sent": "Sent"})
        second = _where(_found(sound, "--online", code=1))["imap.sent"]
    assert first.startswith("no folder of sent mail was found")
    assert second.startswith("the folder Sent does not exist")
    assert all(said.endswith("; the folders are Elements suprimits, INBOX, Spam") for said in (first, second))


def test_a_relay_that_refuses_the_null_sender_and_a_server_that_delivers_into_sent_are_found(tmp_path: Path) -> None:
    with MailServers(detail=True, options=PostfixOptions(null_sender=False)) as mail_servers:
        desk = RunningOffice(mail_servers, tmp_path, office={"dpo": "dpd@castellbisbal.cat"})
        desk.state.mkdir(mode=0o700)
        found = {(line["where"], line["level"]): line for line in _found(desk, "--online", code=1)}
        assert '"office"' in found["smtp.ack_envelope", "error"]["do"]
        assert "lmtp_save_to_detail_mailbox" in found["imap", "error"]["do"]
        desk.change(smtp={"ack_envelope": "office"})
        assert {line["where"] for line in _found(desk, "--online", code=1)} == {"imap"}


def test_a_state_directory_that_cannot_be_written_is_reported(sound: RunningOffice) -> None:
    assert os.geteuid() == 0  # the servers need root, for whom every folder is open: a file stands in the way instead
    sound.change(office={"state": "config.toml"})
    assert "is not a folder" in _where(_found(sound, code=1))["office.state"]
    sound.change(office={"state": "config.toml/state"})
    assert "cannot be created" in _where(_found(sound, code=1))["office.state"]
    sound.change(office={"state": "elsewhere"})
    assert "does not exist yet" in _where(_found(sound, code=0))["office.state"]


def test_a_key_that_an_earlier_version_had_is_a_warning_and_stops_nothing(office: MakeOffice) -> None:
    desk = office(office={"dpo": "dpd@castellbisbal.cat"}, ack={"per_hour": 60})
    found = desk.json("check", code=0)
    assert _where(found)["ack.per_hour"] == "no longer has any effect"
    desk.oacmail("once")


def test_a_check_says_that_refusals_could_come_home_and_whether_they_do(office: MakeOffice) -> None:
    desk = office(office={"dpo": "dpd@castellbisbal.cat"})
    desk.state.mkdir(mode=0o700)
    found = {line["where"]: line for line in _found(desk, "--online", code=0)}
    assert found["smtp.ack_envelope"] == {
        "level": "warning",
        "where": "smtp.ack_envelope",
        "what": "a mail to such an address arrives, so that a refused acknowledgement could come home",
        "do": 'write "bounce"',
    }
    for chosen in ("bounce", "null"):  # who has chosen is not asked again
        desk.change(smtp={"ack_envelope": chosen})
        assert "smtp.ack_envelope" not in {line["where"] for line in _found(desk, "--online", code=0)}
