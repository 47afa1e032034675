"""Keys set in the text of a config.toml: comments, order and every other value stay."""

import tomllib

import pytest

from oacmail.config import loading
from oacmail.core.errors import ConfigError
from oacmail.shipped import shipped

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
