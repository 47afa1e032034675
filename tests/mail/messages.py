"""Messages for the tests of the mail layer: from tests/corpus, or made of a few header lines."""

import email
from email.message import Message
from pathlib import Path

from oacmail.mail.mime.headers import Fields

CORPUS = Path(__file__).parent.parent / "corpus"


def corpus(name: str) -> bytes:
    return (CORPUS / f"{name}.eml").read_bytes()


def opened(raw: bytes) -> tuple[Message, Fields, str]:
    """The message as parse.py hands it on: its tree, its fields, its own plain text."""
    root = email.message_from_bytes(raw)
    return root, Fields.from_pairs(root.items()), "\n".join(_plain(root))


def _plain(part: Message) -> list[str]:
    payload = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(payload, list):
        return [text for child in payload if isinstance(child, Message) for text in _plain(child)]
    data = part.get_payload(decode=True)
    return [data.decode("utf-8")] if part.get_content_type() == "text/plain" and isinstance(data, bytes) else []


def fields(*lines: str) -> Fields:
    """Fields from `Name: value` lines, top to bottom."""
    return Fields.from_pairs((name, value) for name, _, value in (line.partition(":") for line in lines))
