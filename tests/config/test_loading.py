"""Find the file, read it, and report every error at once."""

from pathlib import Path

import pytest

from oacmail import config
from oacmail.config import loading
from oacmail.config.sections import keys
from oacmail.core.errors import ConfigError
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
