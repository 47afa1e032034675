"""Find the file, read it, and report every error at once."""

import tomllib
from pathlib import Path

import pytest

from oacmail import config
from oacmail.config import loading
from oacmail.config.loading import PROFILES, fitting
from oacmail.config.sections import keys
from oacmail.core.errors import ConfigError
from oacmail.shipped import shipped
from tests.config.conftest import Findings, Read, minimal


def test_all_errors_of_all_sections_are_said_at_once(findings: Findings) -> None:
    found = findings(
        office='hours = ["20:00", "08:00"]\nadress = "x"',
        imap='security = "none"\nport = "993"',
        smtp="per_minute = -1",
        people='agents = "oac360@castellbisbal.example"',
        rest='[deadlin]\n[trust]\nprovider = "postfix"\n[[topic]]\nwords = []',
    )
    assert [finding.split(":")[0] for finding in found] == [
        "office.hours",
        "office.adress",
        "imap.port",
        "imap.security",
        "smtp.per_minute",
        "people.agents",
        "trust.provider",
        "topic.1.name",
        "deadlin",
    ]


def test_a_wrong_office_hides_no_error_of_the_people(findings: Findings) -> None:
    found = findings(office="hours = 8", people='technical = "oac360@castellbisbal.example"')
    assert [finding.split(":")[0] for finding in found] == ["office.hours", "people.technical"]


def test_an_empty_file_names_every_required_key(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch()
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert {finding.split(":")[0] for finding in caught.value.findings} == {
        *(f"office.{key}" for key in ("address", "state", "town", "dpo")),
        *(f"office.{key}" for key in ("complaints_form_url", "privacy_url", "rights_url")),
        *("imap.host", "imap.user", "smtp.host", "people.supervisor", "people.operator"),
    }


@pytest.mark.parametrize(
    ("where", "line", "finding"),
    [
        ("office", 'adres = "x"', 'office.adres: is an unknown key: did you mean "address"?'),
        ("rest", "[[topic]]\nname = 'grant'\nword = []", 'topic.1.word: is an unknown key: did you mean "words"?'),
        ("rest", "[escalations]", 'escalations: is an unknown key: did you mean "escalation"?'),
        ("rest", "[zzz]", "zzz: is an unknown key: remove it, or see docs/config.md for the valid keys"),
    ],
)
def test_an_unknown_key_is_named_with_what_was_meant(findings: Findings, where: str, line: str, finding: str) -> None:
    assert findings(**{where: line}) == (finding,)


def test_a_key_of_an_earlier_version_stops_nothing(read: Read) -> None:
    assert read(rest="[ack]\nper_hour = 60\nper_address_hour = 5").ack.per_address_hour == 5
    assert config.retired({"ack": {"per_hour": 60}, "office": {}}) == (("ack", "per_hour"),)


@pytest.mark.parametrize(
    "line",
    [
        'password = "s3cr3t-w0rd"',
        'password_file = { inline = "s3cr3t-w0rd" }',
        'security = "s3cr3t-w0rd"',
        'ca_file = ["s3cr3t-w0rd"]',
        'port = "s3cr3t-w0rd"',
        'max_bytes = "s3cr3t-w0rd"',
        "sent = 's3cr3t-w0rd\x01'",
        'user = "s3cr3t-w0rd',
    ],
)
def test_no_value_is_ever_repeated(findings: Findings, line: str) -> None:
    found = findings(imap=line)
    assert found
    assert "s3cr3t" not in "\n".join(found)


def test_a_password_in_the_file_is_answered_with_where_it_belongs(findings: Findings) -> None:
    (only,) = findings(smtp='token = "hunter2"')
    assert only.startswith("smtp.token: is an unknown key: this file must not hold secrets; use password_file")


def test_a_key_cannot_write_on_the_terminal(findings: Findings) -> None:
    (only,) = findings(rest='[digest]\n"\\u001b[2J' + "x" * 100 + '" = 1')
    assert only.startswith("digest.?[2Jxxx")
    assert "…: is an unknown key" in only


def test_a_syntax_error_is_shown_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[office]\naddress = oac360\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    (only,) = caught.value.findings
    assert only.startswith(f"{file}: is not TOML at line 2, column 11: ")


def test_other_encodings_and_missing_files_are_findings_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes('[office]\nname = "Informació"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 at byte 26: save the file as UTF-8"):
        config.load(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "nothing.toml")


def test_relative_paths_begin_at_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "town.toml").write_text(
        minimal(office='templates = "../templates"\nholidays = "/srv/holidays.toml"', imap='ca_file = "ca.pem"'),
        "utf-8",
    )
    monkeypatch.chdir(tmp_path)
    read = config.load(Path("etc/town.toml"))
    assert read.office.state == tmp_path / "etc" / "state"
    assert read.office.templates == tmp_path / "etc" / ".." / "templates"
    assert read.office.holidays == Path("/srv/holidays.toml")
    assert read.imap.ca_file == tmp_path / "etc" / "ca.pem"


def test_the_shipped_file_is_valid_as_it_stands() -> None:
    shipped = config.builtin()
    assert shipped.office.address == "oac360@castellbisbal.cat"
    assert shipped.office.phone == "900 772 772"
    assert shipped.deadline.business_days == 1


def test_the_shipped_values_are_the_defaults(read: Read) -> None:
    required = {"address", "state", "town", "dpo", "host", "user"}
    required |= {"online_office_url", "complaints_form_url", "privacy_url", "rights_url"}
    required |= {"supervisor", "operator"}
    shipped, plain = config.builtin(), read()
    for section in config.Config.model_fields:
        of_shipped, of_plain = getattr(shipped, section), getattr(plain, section)
        for key in set(keys(type(of_plain))) - required:
            assert getattr(of_shipped, key) == getattr(of_plain, key)


def test_the_examples_of_the_shipped_file_are_found_before_the_first_start(tmp_path: Path) -> None:
    assert [finding.split(":")[0] for finding in loading.findings(config.builtin())] == [
        *("office.dpo", "imap.host", "smtp.host", "people.supervisor", "people.operator"),
    ]
    text = minimal(office='templates = "gone"').replace(".example", ".test")
    (tmp_path / "config.toml").write_text(text, "utf-8")
    (only,) = loading.findings(config.load(tmp_path / "config.toml"))
    assert only == f"office.templates: {tmp_path / 'gone'} does not exist: check the name"


@pytest.mark.parametrize("rest", ["[board]\nenabled = true\nenabled = false", "[board]\n[board]"])
def test_a_key_or_section_that_stands_twice_is_said_to(tmp_path: Path, rest: str) -> None:
    (tmp_path / "config.toml").write_text(minimal(rest=rest), "utf-8")
    with pytest.raises(ConfigError, match="must not stand twice"):
        config.load(tmp_path / "config.toml")


def test_the_file_of_metrics_need_not_exist_before_the_service_has_written_it(tmp_path: Path) -> None:
    text = minimal(rest='[monitoring]\nprometheus_file = "desk.prom"').replace(".example", ".test")
    (tmp_path / "config.toml").write_text(text, "utf-8")
    assert loading.findings(config.load(tmp_path / "config.toml")) == ()


def test_the_file_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("oacmail.config.loading.SYSTEM", tmp_path / "etc.toml")
    named = {"OACMAIL_CONFIG": "named.toml"}
    assert config.find(None, {}) is None
    (tmp_path / "etc.toml").touch()
    assert config.find(None, {}) == tmp_path / "etc.toml"
    (tmp_path / "config.toml").touch()
    assert config.find(None, {}) == Path("config.toml")
    assert config.find(None, named) == Path("named.toml")
    assert config.find("mine.toml", named) == Path("mine.toml")


def test_a_file_that_may_not_be_seen_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "is_file", forbidden)
    assert config.find(None, {}) == Path("config.toml")


# Keys set in the text of a config.toml: comments, order and every other value stay.

SHIPPED = shipped("config.toml").read_text("utf-8")


def test_values_are_set_in_place_and_their_word_edit_goes() -> None:
    new = loading.with_values(
        SHIPPED, {("imap", "host"): "mail.vila.cat", ("imap", "user"): "oac", ("smtp", "port"): 465}
    )
    changed = [(old, line) for old, line in zip(SHIPPED.splitlines(), new.splitlines(), strict=True) if old != line]
    assert [line for _, line in changed] == [
        "# The server that holds the mailbox, and the login name there.",
        'host = "mail.vila.cat"',
        'user = "oac"',
        "port = 465",
    ]


def test_a_key_that_is_only_shown_is_set_where_it_stands() -> None:
    new = loading.with_values(SHIPPED, {("office", "website"): "https://vila.cat/", ("imap", "sent"): 'Env"iats'})
    assert len(new.splitlines()) == len(SHIPPED.splitlines())
    assert tomllib.loads(new)["imap"]["sent"] == 'Env"iats'
    assert '\nwebsite = "https://vila.cat/"\n' in new


def test_the_same_values_change_nothing() -> None:
    once = loading.with_values(SHIPPED, {("board", "enabled"): True, ("people", "agents"): ["a@vila.cat"]})
    assert loading.with_values(once, {("board", "enabled"): True, ("people", "agents"): ["a@vila.cat"]}) == once


def test_keys_and_sections_that_are_missing_are_added() -> None:
    new = loading.with_values("[a]\nx = 1\n[c]\n", {("a", "y"): 2, ("b", "z"): "3"})
    assert tomllib.loads(new) == {"a": {"x": 1, "y": 2}, "b": {"z": "3"}, "c": {}}


def test_a_form_that_lines_cannot_change_is_refused_and_not_damaged() -> None:
    with pytest.raises(ConfigError):
        loading.with_values('[people]\nagents = [\n  "a@x.cat",\n]\n', {("people", "agents"): ["b@x.cat"]})


# What follows from `imap.provider`, and what the file itself says, which counts.

ENTRA = '[oauth]\ntenant = "town.example"\nclient_id = "1"'


@pytest.mark.parametrize("name", PROFILES)
def test_each_profile_sets_what_docs_config_lists(read: Read, name: str) -> None:
    config = read(imap=f'provider = "{name}"', rest=ENTRA)
    assert (config.imap.auth, config.smtp.auth, config.smtp.user) == ("xoauth2", "xoauth2", config.imap.user)
    assert (config.smtp.self_copy, config.smtp.ack_envelope) == ("server", "office")
    assert config.trust.provider == {"microsoft365": "exchange", "google": "gmail"}[name]
    assert config.takes_token("imap")
    assert config.takes_token("smtp")


def test_the_file_counts_where_it_says_otherwise(read: Read) -> None:
    own = read(imap='provider = "google"\nauth = "password"', smtp='auth = "password"\nself_copy = false')
    assert (own.imap.host, own.smtp.self_copy, own.uses_oauth) == ("imap.castellbisbal.example", False, False)


def test_a_generic_server_takes_the_token_of_another_program(read: Read) -> None:
    config = read(imap='auth = "oauthbearer"', smtp='user = "oac360"\nauth = "xoauth2"')
    assert (config.uses_oauth, config.imap.auth, config.trust.provider) == (False, "oauthbearer", "none")


def test_microsoft_needs_tenant_and_application(findings: Findings) -> None:
    (found,) = findings(imap='provider = "microsoft365"')
    assert found.startswith("oauth: lacks tenant or client_id")


@pytest.mark.parametrize(
    ("host", "software", "profile"),
    [
        ("outlook.office365.com", "", "microsoft365"),
        ("imap.gmail.com", "", "google"),
        ("mail.town.cat", "GImap", "google"),
        ("notgmail.com", "Dovecot", ""),
    ],
)
def test_a_server_is_recognised_by_its_name_or_its_software(host: str, software: str, profile: str) -> None:
    assert fitting(host, software) == profile
