"""`oacmail init` against real servers: from nothing to a configuration that `check --online` accepts."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oacmail import config
from oacmail.cli.init import InitAnswers
from testbed.office import as_toml
from tests.e2e.forked import ROOT
from tests.e2e.office import HOME, RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.postfix import PostfixOptions

MakeOffice = Callable[..., RunningOffice]
WEBSITE = "https://www.vilanova.cat/"


@pytest.fixture
def desk(office: MakeOffice) -> RunningOffice:
    """Only its mailbox and servers are used."""
    return office()


def _answers(desk: RunningOffice, **more: dict[str, Any]) -> str:
    """The file of answers for this mailbox."""
    town = {
        "town": "Vila Nova",
        "phone": "930 000 000",
        "website": "https://www.vilanova.cat/",
        "dpo": "dpd@vilanova.cat",
    }
    ca = {"ca_file": str(desk.mail_servers.certs.ca)}
    sections: dict[str, dict[str, Any]] = {
        "office": {"address": desk.address, **town, "calendar": "none"},
        "people": {"supervisor": "cap@vilanova.cat"},
        "imap": {
            **ca,
            "host": "localhost",
            "user": desk.user,
            "port": desk.mail_servers.dovecot.imaps_port,
            "security": "tls",
            "password_file": str(desk.root / "password"),
        },
        "smtp": {**ca, "host": "localhost", "port": desk.mail_servers.postfix.submission_port},
        "monitoring": {"dns_server": ""},  # the DNS says nothing of these servers
    }
    for name, keys in more.items():
        sections.setdefault(name, {}).update(keys)
    return as_toml(sections)


def _init(folder: Path, *words: str, typed: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    verb = ["--config", str(folder / "config.toml"), "init", *words]
    if not typed:
        done = HOME.call(verb)
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done
    command = [sys.executable, "-m", "oacmail", *verb]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OACMAIL_")}
    done = subprocess.run(command, cwd=ROOT, env=environ, input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done


def test_from_a_file_of_answers_to_a_configuration_that_the_check_accepts(desk: RunningOffice, tmp_path: Path) -> None:
    folder, answers = tmp_path / "new", tmp_path / "answers.toml"
    answers.write_text(_answers(desk))
    done = _init(folder, "--yes", str(answers))
    assert "config.toml: written\n" in done.stdout
    assert "error" not in done.stdout
    file = folder / "config.toml"
    made, text = config.load(file), file.read_text()
    assert (made.office.town, made.board.enabled, made.imap.port) == (
        "Vila Nova",
        False,
        desk.mail_servers.dovecot.imaps_port,
    )
    assert made.people.operator == ("cap@vilanova.cat",)
    # the servers of these tests deliver plus-addresses: acknowledgements leave under an address of their own
    assert (made.smtp.ack_envelope, made.trust.plus_addressing) == ("bounce", True)
    assert "# File that holds only the password" in text
    for name in ("imap", "smtp"):
        assert (folder / "credentials" / name).stat().st_mode & 0o777 == 0o600
    assert file.stat().st_mode & 0o777 == 0o640
    # again, with another answer: its own line changes, and what people have changed since stays
    assert 'office.name = "OAC 360": nobody was asked' in done.stdout
    assert f'office.rights_url = "{WEBSITE}": nobody was asked' in done.stdout
    assert "EDIT: check that these pages exist" in text
    before = text.replace("remind_hours = 4", "remind_hours = 2")
    file.write_text(before)
    answers.write_text(_answers(desk, office={"phone": "931 111 111", "name": "OAC de Vila Nova"}))
    _init(folder, "--yes", str(answers))
    other = before.replace("930 000 000", "931 111 111").replace("in its mails. EDIT", "in its mails.")
    assert file.read_text() == other.replace('name = "OAC 360"', 'name = "OAC de Vila Nova"')
    assert (folder / "config.toml.before-init").read_text() == before


def test_where_plus_addresses_do_not_arrive_acknowledgements_leave_under_the_empty_envelope(tmp_path: Path) -> None:
    with MailServers(options=PostfixOptions(plus=False)) as mail_servers:
        answers = tmp_path / "answers.toml"
        desk = RunningOffice(mail_servers, tmp_path / "desk")
        answers.write_text(_answers(desk))
        done = _init(tmp_path / "new", "--yes", str(answers))
        assert "a refused acknowledgement cannot come home" in done.stderr
        made = config.load(tmp_path / "new" / "config.toml")
        assert (made.smtp.ack_envelope, made.trust.plus_addressing) == ("null", False)


def test_only_an_answer_switches_the_board_on(desk: RunningOffice, tmp_path: Path) -> None:
    folder, answers = tmp_path / "new", tmp_path / "answers.toml"
    answers.write_text(_answers(desk))
    _init(folder, "--yes", str(answers))
    assert not config.load(folder / "config.toml").board.enabled
    answers.write_text(_answers(desk, board={"enabled": True}))
    _init(folder, "--yes", str(answers))
    assert config.load(folder / "config.toml").board.enabled


def test_a_further_town_of_the_machine_gets_a_state_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OACMAIL_CREDENTIALS", "/etc/oacmail/credentials/vila")
    given = {("office", "address"): "oac@vila.cat", ("office", "town"): "Vila", ("office", "phone"): "930 000 000"}
    given |= {("people", "supervisor"): "cap@vila.cat", ("imap", "provider"): "google"}
    for name, state in (("vila", "/var/lib/oacmail/vila"), ("config", "/var/lib/oacmail")):
        answers = InitAnswers(Path(f"/etc/oacmail/{name}.toml"), {}, given)
        answers.ask_all()
        assert answers.values["office", "state"] == state


def test_a_refused_login_writes_nothing_and_says_what_to_do(desk: RunningOffice, tmp_path: Path) -> None:
    folder, answers, secret = tmp_path / "new", tmp_path / "answers.toml", tmp_path / "wrong"
    secret.write_text("not the password\n")
    answers.write_text(_answers(desk, imap={"password_file": str(secret), "provider": "generic"}))
    done = _init(folder, "--yes", str(answers), code=75)
    assert "the login is refused" in done.stderr
    assert "nothing was written" in done.stderr
    assert list(folder.iterdir()) == []


def test_an_answer_that_is_missing_is_named(desk: RunningOffice, tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text("\n".join(line for line in _answers(desk).splitlines() if not line.startswith("town")))
    done = _init(tmp_path / "new", "--yes", str(answers), code=78)
    assert "office.town: is missing in the file of answers" in done.stderr


def test_an_answer_above_every_section_is_named(tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text('town = "Vilanova"\n')
    assert "town: stands above every section" in _init(tmp_path / "new", "--yes", str(answers), code=78).stderr


def test_a_person_is_asked_eleven_questions_and_enter_takes_the_defaults(desk: RunningOffice, tmp_path: Path) -> None:
    """The ports and the authority of the test servers stand in the file already."""
    folder = tmp_path / "new"
    folder.mkdir()
    own = tomllib.loads(_answers(desk))
    server = f"localhost:{own['imap'].pop('port')}"
    kept = {name: {key: own[name][key] for key in keys if key in own[name]} for name, keys in _KEPT.items()}
    (folder / "config.toml").write_text(as_toml(kept))
    password = (desk.root / "password").read_text().strip()
    typed = [desk.address, "Vila Nova", "Oficina de Vila Nova", "930 000 000", WEBSITE, "dpd@vilanova.cat"]
    typed += ["cap@vilanova.cat", server, password, "", ""]
    done = _init(folder, typed="\n".join(typed) + "\n")
    for number in range(1, 12):
        assert f"{number}. " in done.stderr
    made = config.load(folder / "config.toml")
    assert (made.office.name, made.board.enabled) == ("Oficina de Vila Nova", True)
    assert password not in done.stdout + done.stderr


@pytest.mark.parametrize("provider", ["google", "microsoft365"])
def test_at_a_provider_with_tokens_it_asks_for_no_password_and_names_the_next_step(
    provider: str, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.toml"
    town = {"address": "oac@vilanova.cat", "town": "Vila Nova", "phone": "930 000 000", "dpo": "dpd@vilanova.cat"}
    sections = {"office": town, "people": {"supervisor": "cap@vilanova.cat"}, "imap": {"provider": provider}}
    if provider == "microsoft365":
        sections["oauth"] = {"tenant": "vilanova.onmicrosoft.com", "client_id": "1-2-3"}
    answers.write_text(as_toml(sections))
    done = _init(tmp_path / "new", "--yes", str(answers))
    assert "next: docs/provider.md" in done.stdout
    made = tomllib.loads((tmp_path / "new" / "config.toml").read_text())
    assert made["smtp"]["host"] == {"google": "smtp.gmail.com", "microsoft365": "smtp.office365.com"}[provider]
    assert made["smtp"]["user"] == made["imap"]["user"] == "oac@vilanova.cat"
    assert made["oauth"]["secret_file"] == "credentials/oauth"
    assert "password_file" not in {**made["imap"], **made["smtp"]}


_KEPT = {
    "office": ("calendar",),
    "imap": ("user", "port", "security", "ca_file"),
    "smtp": ("port", "ca_file"),
    "monitoring": ("dns_server",),
}
