"""Mails are read in the colours that the reader has chosen: they set none of their own but grey borders."""

import re

import pytest

from oacmail.words.facts import SAMPLES
from tests.words.test_templates import body, render, send

BORDER = "#767676"
"""Seen on white and on black: contrast 4.5 and 4.6."""


@pytest.mark.parametrize("kind", ["ack", "survey", "overdue", "report"])
def test_a_mail_takes_the_readers_light_or_dark_colours(kind: str) -> None:
    page = body(render(send(kind, facts=SAMPLES[kind][-1])), "html")
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "color-scheme:light dark" in page
    assert "background" not in page
    assert set(re.findall(r"#[0-9a-f]{6}\b", page)) <= {BORDER}
