"""Read labelled messages, one on each line: training data of bench/ and the evaluation set held_out.txt.

Blocks "[topic grant]" have lines "1q subject :: text": 1, 2, 0 are first level, second level and out of scope; q, c, k,
s, d are question, call-back, complaint, suggestion, data rights. Blocks "[kind spam]" have plain lines.
"""

from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from importlib.resources import files

Labels = Mapping[str, str | None]

_LEVELS = {"1": "first", "2": "second", "0": "out_of_scope"}
_INTENTS = {"q": "question", "c": "callback", "k": "complaint", "s": "suggestion", "d": "data_rights"}


def lines(text: str) -> Iterator[tuple[Labels, str]]:
    """Yield (labels: kind, topic, level, intent; None if not applicable, "subject :: text") of each message."""
    what = name = ""
    for line in text.splitlines():
        if line.startswith("["):
            what, name = line.strip("[]").split()
        elif line.startswith("#") or not line:
            continue
        elif what == "topic":
            code, text = line.split(" ", 1)
            yield {"kind": "request", "topic": name, "level": _LEVELS[code[0]], "intent": _INTENTS[code[1]]}, text
        else:
            yield {"kind": name, "topic": None, "level": None, "intent": None}, line


def message(text: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the message as a mail client would send it; `headers` are additional header fields."""
    subject, _, body = text.rpartition(" :: ")
    mail = EmailMessage()
    mail["From"] = "person@example.org"
    mail["Subject"] = subject
    mail["To"] = "desk@example.org"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(body)
    return mail.as_bytes()


def held_out() -> Iterator[tuple[Labels, bytes]]:
    """Yield (labels, message) of each message that the shipped weights were not trained on."""
    text = files("oacmail.mail.understanding").joinpath("held_out.txt").read_text(encoding="utf-8")
    yield from ((labels, message(text)) for labels, text in lines(text))
