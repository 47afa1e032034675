"""What follows from `imap.provider`, and what the file itself says, which counts."""

import pytest

from oacmail.config.loading import PROFILES, fitting
from tests.config.conftest import Findings, Read

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
