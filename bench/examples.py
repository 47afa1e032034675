"""Labelled messages for learning and measuring: mails, and phrases written for this office. All are invented.

mails.jsonl holds the bytes of mails by three writers (0 to 2), as a mail server keeps them. messages.jsonl holds
messages by ten further writers (a to j), who knew the scheme of labels and neither those mails nor the rules that read
them, and voices.jsonl those of the writers after them. replies.jsonl holds short replies to mails of ours by seven
writers, with a kind and no other label. understanding_phrases.txt holds short messages by another hand, written from
the desk's rules and glossary.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr
from pathlib import Path
from typing import Any

from oacmail.core.model import Message
from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig
from oacmail.mail.understanding import learning, scores
from oacmail.mail.understanding.scores import circumstances

CORPUS = ParserConfig(town="Castellbisbal", phone="900 772 772")
"""The parser configuration of the office that the messages are written to."""
MAILS = Path(__file__).parent / "mails.jsonl"
MESSAGES = Path(__file__).parent / "messages.jsonl"
VOICES = Path(__file__).parent / "voices.jsonl"
REPLIES = Path(__file__).parent / "replies.jsonl"
ANSWERED: Mapping[str, str] = {
    "ack": "Hem rebut la vostra consulta",
    "answer": "certificat digital",
    "derived": "Hem passat la consulta als serveis tècnics",
    "callback": "Us trucarem",
    "survey": "Com us hem atès?",
    "closing": "Donem el cas per resolt",
}
"""The subjects of the mails that short replies answer, by their `to`."""
_QUOTED = """

El dl., 30 nov. 2026 a les 9:12, OAC 360 <oac360@example.org> va escriure:
> Hem rebut el vostre missatge. Número de cas: OAC-2026-000140.
"""
PHRASES = Path(__file__).parent / "understanding_phrases.txt"
PHRASES_WRITER = "phrases"
_PLAIN_TEXT = 'text/plain; charset="utf-8"'
MARKS: tuple[Mapping[str, str], ...] = (
    {},
    {"Auto-Submitted": "auto-generated"},
    {"Auto-Submitted": "auto-generated", "Precedence": "bulk"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledMessage:
    """One message, its labels (kind, topic, level, intent, …; None where they do not apply), and what the model
    reads of it: pieces, number of different words, circumstances."""

    file: str
    message: Message
    labels: Mapping[str, Any]
    pieces: frozenset[str]
    words: int
    facts: frozenset[str]

    @property
    def writer(self) -> str:
        return PHRASES_WRITER if self.file == PHRASES_WRITER else self.file[0]


def everything() -> list[LabelledMessage]:
    """All that a model may learn from."""
    return [*(each for file in (MAILS, MESSAGES, VOICES, REPLIES) for each in messages(file)), *phrases()]


def messages(file: Path) -> list[LabelledMessage]:
    """All messages of a file, named by writer and number ("a17")."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [_example(f"{row['writer']}{number}", mail(row), row) for number, row in enumerate(rows)]


def mail(row: Mapping[str, Any]) -> bytes:
    """The bytes of an invented mail: its own (`raw`, also where versions of Python would build different ones), or as
    a person's client or a machine sends its text. A row with `to` is a short reply to that mail of ours, which it
    quotes."""
    if "raw" in row:
        return str(row["raw"]).encode("utf-8", "surrogateescape")
    if "to" in row:
        return _reply(row)
    mail = EmailMessage()
    mail["From"] = formataddr((row["from_name"], row["from"]))
    mail["To"] = "oac360@example.org"
    mail["Subject"] = row["subject"]
    fields = {name.lower(): value for name, value in row.get("headers", {}).items()}
    own_type = fields.pop("content-type", _PLAIN_TEXT)  # a report's own, which the text does not have
    for name, value in fields.items():
        mail[name] = value
    mail.set_content(row["text"], cte="8bit")
    return mail.as_bytes().replace(_PLAIN_TEXT.encode(), own_type.encode(), 1)


def _reply(row: Mapping[str, Any]) -> bytes:
    mail = EmailMessage()
    mail["From"] = "vei@correu.example"
    mail["To"] = "oac360@example.org"
    mail["Subject"] = f"Re: [OAC-2026-000140-K7M] {ANSWERED[row['to']]}"
    mail["In-Reply-To"] = "<own.140@example.org>"
    mail.set_content(row["text"] + _QUOTED, cte="8bit")
    return mail.as_bytes()


def phrases() -> list[LabelledMessage]:
    """Each phrase as a person's mail; machine phrases also with header fields of machines."""
    found = []
    for labels, said in learning.lines(PHRASES.read_text(encoding="utf-8")):
        marks = MARKS if labels["kind"] in ("auto_reply", "bulk") else MARKS[:1]
        found += [_example(PHRASES_WRITER, learning.message(said, mark), labels) for mark in marks]
    return found


def _example(file: str, raw: bytes, labels: Mapping[str, Any]) -> LabelledMessage:
    message = parse(raw, CORPUS)
    said = scores.words(message)
    return LabelledMessage(
        file=file,
        message=message,
        labels=labels,
        pieces=frozenset(scores.word_pieces(said)),
        words=len(set(said)),
        facts=circumstances(message),
    )
