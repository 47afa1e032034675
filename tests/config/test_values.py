"""Each wrong value gives one line: where it is, what is wrong and what to do."""

import tomllib
from datetime import date, time
from pathlib import Path

import pytest

from oacmail.config import Config, parse
from oacmail.core.errors import ConfigError
from oacmail.core.policy import Budgets
from tests.config.conftest import Findings, Read, keys_of, minimal

WRONG = [
    ("office", 'hours = ["20:00", "08:00"]', "office.hours: closes before it opens: "),
    ("office", 'hours = ["8:00", "20:00"]', "office.hours.1: is not a time of day: "),
    *(
        ("office", f"hours = {wrong}", 'office.hours: has not two hours: write when it opens and closes, like ["08:00"')
        for wrong in ("[]", '["08:00"]', '["08:00", "14:00", "20:00"]', '"08:00-20:00"')
    ),
    *(
        ("office", f"council = {wrong}", 'office.council: is not a table: write it like { ca = "…", es = "…", en = ')
        for wrong in ('"Ajuntament"', "[]", "1")
    ),
    ("rest", '[topic]\nname = "tax"', "topic: is not a list of sections: write [[topic]] on a line of its own"),
    ("office", 'timezone = "Europe/Madird"', "office.timezone: is not a known time zone: "),
    ("office", 'timezone = "../etc/passwd"', "office.timezone: is not a known time zone: "),
    ("office", 'languages = ["ca", "fr"]', "office.languages.2: is not one of the allowed values: "),
    ("office", "languages = []", "office.languages: is empty or names a language twice: "),
    ("office", 'languages = ["ca", "ca"]', "office.languages: is empty or names a language twice: "),
    ("office", 'language_policy = "spanish"', "office.language_policy: is not one of the allowed values: "),
    ("office", 'calendar = "ES-MD"', 'office.calendar: is not one of the allowed values: write "ES-CT" or "none"'),
    ("office", 'closures = ["24/12/2026"]', "office.closures.1: is not a date: "),
    ("office", "closures = [20261224]", "office.closures.1: is not a date: "),
    ("office", 'prefix = "oac"', "office.prefix: cannot begin a case number: "),
    ("office", 'prefix = "OAC-360"', "office.prefix: cannot begin a case number: "),
    ("office", 'aliases = ["OAC <oac@castellbisbal.example>"]', "office.aliases.1: is not a mail address: "),
    ("office", 'website = "castellbisbal.example"', "office.website: is not a web address: "),
    ("office", 'website = "https://user:word@castellbisbal.example/"', "office.website: is not a web address: "),
    ("office", 'website = "https://[castellbisbal/"', "office.website: is not a web address: "),
    ("office", 'name = ""', "office.name: is empty, too long or holds control characters: "),
    ("office", 'name = "OAC\\n360"', "office.name: is empty, too long or holds control characters: "),
    ("office", 'templates = ""', "office.templates: is not a path: "),
    ("office", 'tax_operator = "aeat"', "office.tax_operator: is not one of the allowed values: "),
    ("imap", 'port = "993"', "imap.port: is not a whole number: write digits without quotes"),
    ("imap", "port = 0", "imap.port: is too small: write 1 or more"),
    ("imap", "port = 70000", "imap.port: is too large: write 65535 or less"),
    (
        "imap",
        'security = "ssl"',
        'imap.security: is not one of the allowed values: write "tls", "starttls" or "none"',
    ),
    ("imap", 'security = "none"', "imap.security: would send the password unencrypted to another machine: "),
    ("imap", 'watch = ["Enviats"]', 'imap.watch: does not name "INBOX", where mail arrives: '),
    ("imap", 'watch = ["INBOX", "inbox"]', "imap.watch: names a folder twice: "),
    ("imap", 'watch = ["INBOX", ""]', "imap.watch.2: is not a folder name: "),
    ("imap", 'watch = "INBOX"', "imap.watch: is not a list: "),
    ("imap", 'ledger = "inbox"', "imap.ledger: is a folder that is watched: "),
    ("imap", 'watch = ["INBOX", "Enviats"]\nledger = "Enviats"', "imap.ledger: is a folder that is watched: "),
    ("imap", 'sent = "Enviats"\nledger = "Enviats"', "imap.ledger: is a folder that is watched: "),
    ("imap", 'junk = "Brossa"\nledger = "Brossa"', "imap.ledger: is a folder that is watched: "),
    ("imap", "idle_minutes = 30", "imap.idle_minutes: is too large: write 29 or less"),
    ("imap", 'max_bytes = "5 megas"', "imap.max_bytes: is not a size: "),
    ("imap", "max_bytes = true", "imap.max_bytes: is not a size: "),
    ("imap", "backlog_days = 999999", "imap.backlog_days: is too large: write 3650 or less"),
    ("smtp", "give_up_days = 999999", "smtp.give_up_days: is too large: write 365 or less"),
    ("rest", "[deadline]\nclose_days = 999999", "deadline.close_days: is too large: write 3650 or less"),
    ("rest", "[privacy]\noriginal_days = 999999", "privacy.original_days: is too large: write 36500 or less"),
    ("rest", "[canary]\nevery_minutes = 9999999999", "canary.every_minutes: is too large: write 10080 or less"),
    ("rest", "[deadline]\nmax_levels = 999999", "deadline.max_levels: is too large: write 30 or less"),
    ("rest", "[canary]\nalert_seconds = 3600", "canary.alert_seconds: is too large: write 300 or less"),
    ("imap", "backlog_days = -1", "imap.backlog_days: is too small: write 0 or more"),
    ("smtp", 'security = "none"', "smtp.security: would send the password unencrypted to another machine: "),
    ("smtp", "per_minute = -1", "smtp.per_minute: is too small: write 0 or more"),
    ("smtp", 'per_minute = 0\nshared_budget = "budget"', "smtp.shared_budget: has no limit to share"),
    ("smtp", 'self_copy = "yes"', 'smtp.self_copy: is not one of the allowed values: write true, false or "server"'),
    ("smtp", "self_copy = 1", 'smtp.self_copy: is a number: write true, false or "server"'),
    ("smtp", "self_copy = 0.0", 'smtp.self_copy: is a number: write true, false or "server"'),
    ("people", 'agents = ["oac360@castellbisbal.example"]', "people.agents: names the office's own address"),
    ("people", 'forms = "OAC360@Castellbisbal.example"', "people.forms: names the office's own address"),
    ("people", 'forms = "oac360+cap@castellbisbal.example"', "people.forms: names the office's own address"),
    ("people", "agents = [1]", "people.agents.1: is not a text: "),
    (
        "rest",
        '[trust]\nprovider = "postfix"',
        'trust.provider: is "postfix", and trust.authserv_id or trust.mx is missing',
    ),
    ("rest", '[trust]\ninternal_relays = ["10.0.0.0/33"]', "trust.internal_relays.1: is not a network: "),
    ("rest", '[trust]\nmx = ["https://mx.example"]', "trust.mx.1: is not a host name: "),
    ("rest", '[deadline]\nday_end = "08:00"', "deadline: has a day_end before the office opens: "),
    ("rest", '[deadline]\nday_end = "25:00"', "deadline.day_end: is not a time of day: "),
    ("rest", "[deadline]\nbusiness_days = 0", "deadline.business_days: is too small: write 1 or more"),
    ("rest", "[escalation]\nthreshold = 1.5", "escalation.threshold: is too large: write 1.0 or less"),
    ("rest", '[escalation]\nthreshold = "0.8"', "escalation.threshold: is not a number: "),
    ("rest", '[escalation]\nauto_complex = "yes"', "escalation.auto_complex: is neither true nor false: "),
    ("rest", "[ack]\nper_domain_hour = -1", "ack.per_domain_hour: is too small: write 0 or more"),
    ("rest", '[digest]\nat = "24:00"', "digest.at: is the end of the day: "),
    ("rest", '[digest]\nto = "oac360@castellbisbal.example"', "digest.to: names the office's own address"),
    ("rest", '[board]\nnames = { done = "Fets" }', "board.names.done: is not one of the allowed values: "),
    ("rest", "[board]\nnames = []", "board.names: is not a table: "),
    ("rest", '[[topic]]\nlevel = "first"', "topic.1.name: is missing: "),
    ("rest", '[[pointer]]\nbody = "AOC"\nfax = "1"', "pointer.1.fax: is an unknown key: "),
]


@pytest.mark.parametrize(("section", "line", "finding"), WRONG)
def test_a_wrong_value_gives_one_line_with_its_path(findings: Findings, section: str, line: str, finding: str) -> None:
    (only,) = findings(**{section: line})
    assert only.startswith(finding)
    assert only.count(": ") >= 2


def test_the_offices_mailbox_under_another_name_is_nobody_of_the_staff(findings: Findings) -> None:
    (only,) = findings(office='aliases = ["oac360@gmail.com"]', people='forms = "oac.360@googlemail.com"')
    assert only.startswith("people.forms: names the office's own address")


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ('digest = "08:00"', "digest: is not a section: write [digest] on a line of its own, and its keys below"),
        ('pointer = "AOC"', "pointer: is not a list of sections: write [[pointer]] on a line of its own for each"),
        ('topic = ["tax"]', "topic.1: is not a section: write [[topic]] on a line of its own, and its keys below"),
    ],
)
def test_what_stands_for_a_section_is_told_how_to_be_one(tmp_path: Path, line: str, finding: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(tomllib.loads(f"{line}\n{minimal()}"), base=tmp_path)
    assert caught.value.findings == (finding,)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_plain_connections_are_for_this_machine(tmp_path: Path, host: str) -> None:
    text = minimal(smtp='security = "none"').replace("smtp.castellbisbal.example", host)
    assert parse(tomllib.loads(text), base=tmp_path).smtp.security == "none"


def test_no_key_takes_a_number_for_true_or_false(findings: Findings) -> None:
    switches = [(section, key) for section, part in Config.model_fields.items() for key in _switches(part.annotation)]
    assert ("smtp", "self_copy") in switches
    for section, key in switches:
        (only,) = findings(**({section: f"{key} = 1"} if section == "smtp" else {"rest": f"[{section}]\n{key} = 1"}))
        assert only.startswith(f"{section}.{key}: is ")
        assert "write true" in only


def _switches(section: object) -> list[str]:
    return [name for name, default in keys_of(section).items() if isinstance(default, bool)]


@pytest.mark.parametrize(
    ("given", "meant"),
    [("inbox/Copies", "INBOX/Copies"), ("Inbox.copies", "INBOX.copies"), ("Inbox2", "Inbox2"), ("a/inbox", "a/inbox")],
)
def test_a_folder_below_inbox_is_called_as_servers_list_it(read: Read, given: str, meant: str) -> None:
    """Under another name the pieces of the ledger were written, and never found again."""
    assert read(imap=f'ledger = "{given}"').imap.ledger == meant


def test_24_00_is_the_very_end_of_the_day(read: Read) -> None:
    config = read(office='hours = ["00:00", "24:00"]', rest='[deadline]\nday_end = "24:00"')
    assert config.office.hours == (time.min, time.max)
    assert config.deadline.day_end == time.max


def test_addresses_are_kept_bare_in_lower_case_and_once(read: Read) -> None:
    config = read(people='agents = ["Anna@Castellbisbal.example", "anna@castellbisbal.example", "pol@x.example"]')
    assert config.people.agents == ("anna@castellbisbal.example", "pol@x.example")
    assert config.people.supervisor == ("cap@castellbisbal.example",)


def test_sizes_are_numbers_of_bytes_or_words(read: Read) -> None:
    assert read().imap.max_bytes == 5_000_000
    assert read(imap='max_bytes = "500 kB"').imap.max_bytes == 500_000
    assert read(imap="max_bytes = 1234").imap.max_bytes == 1234


def test_dates_stand_with_and_without_quotes(read: Read) -> None:
    config = read(office='closures = [2026-12-24, "2026-12-31"]')
    assert config.office.closures == (date(2026, 12, 24), date(2026, 12, 31))


def test_every_budget_may_be_without_limit(read: Read) -> None:
    names = (
        "per_address_hour",
        "per_address_day",
        "per_domain_hour",
        "per_domain_day",
        "unverified_per_hour",
        "max_age_hours",
    )
    config = read(rest="[ack]\n" + "\n".join(f"{name} = 0" for name in names))
    assert config.ack == Budgets(**dict.fromkeys(names, 0))


def test_inbox_is_inbox_however_it_is_written(read: Read) -> None:
    assert read(imap='watch = ["Inbox", "Enviats"]').imap.watch == ("INBOX", "Enviats")


def test_nothing_can_be_changed_after_reading(read: Read) -> None:
    config = read()
    with pytest.raises(ValueError, match="frozen"):
        config.office.name = "another"


def test_the_data_protection_officer_is_not_the_office_itself(tmp_path: Path) -> None:
    """Requests about rights would come back to the mailbox, and nobody would have been told."""
    text = minimal().replace("dpd@castellbisbal.example", "OAC360@castellbisbal.example")
    with pytest.raises(ConfigError) as wrong:
        parse(tomllib.loads(text), base=tmp_path)
    (only,) = wrong.value.findings
    assert only.startswith("office.dpo: names the office's own address")
