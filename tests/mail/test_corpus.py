"""Every strange message of tests/corpus reads as the .toml beside it says (`why` tells what it taught)."""

import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from oacmail.core.model import Message
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig

CORPUS = Path(__file__).parent.parent / "corpus"
PARSER_CONFIG = ParserConfig(own=frozenset({"oac360@castellbisbal.cat"}))


def _sent_at(message: Message, value: object) -> bool:
    return message.sent_at == (value if isinstance(value, datetime) else None)


SPECIAL: dict[str, Callable[[Message, Any], bool]] = {
    "why": lambda message, value: bool(value),
    "text_has": lambda message, value: all(piece in message.text for piece in value),
    "subject_has": lambda message, value: value in message.subject,
    "attachments": lambda message, value: [[a.name, a.mime, a.size] for a in message.attachments] == value,
    "attachment_names": lambda message, value: [a.name for a in message.attachments] == value,
    "sent_at": _sent_at,
}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_strange_message_reads_as_written_beside_it(path: Path) -> None:
    message = parse(path.with_suffix(".eml").read_bytes(), PARSER_CONFIG)
    expected = {"rung": "full"} | tomllib.loads(path.read_text(encoding="utf-8"))
    for key, value in expected.items():
        if key in SPECIAL:
            assert SPECIAL[key](message, value), (key, value, message)
        else:
            found = getattr(message, key)
            assert (list(found) if isinstance(found, tuple) else found) == value, key
