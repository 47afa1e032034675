"""Labelled messages in a line each: what the model is taught from (bench/) and held against (held_out.txt).

Decides nothing. Blocks "[topic grant]" of lines "1q subject :: text": 1, 2, 0 are first and second level and out of
scope; q, c, k, s, d are question, call-back, complaint, suggestion, data rights. Blocks "[kind spam]" of plain lines.
"""

from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from importlib.resources import files

Labels = Mapping[str, str | None]

_LEVELS = {"1": "first", "2": "second", "0": "out_of_scope"}
_INTENTS = {"q": "question", "c": "callback", "k": "complaint", "s": "suggestion", "d": "data_rights"}


def lines(text: str) -> Iterator[tuple[Labels, str]]:
    """(labels: kind, topic, level, intent; None where they do not apply, "subject :: text") of each message."""
    what = name = ""
    for line in text.splitlines():
        if line.startswith("["):
            what, name = line.strip("[]").split()
        elif line.startswith("#") or not line:
            continue
        elif what == "topic":
            code, said = line.split(" ", 1)
            yield {"kind": "request", "topic": name, "level": _LEVELS[code[0]], "intent": _INTENTS[code[1]]}, said
        else:
            yield {"kind": name, "topic": None, "level": None, "intent": None}, line


def message(said: str, marks: Mapping[str, str] | None = None) -> bytes:
    """As a person's mail client would send it; `marks`: header fields beside."""
    subject, _, body = said.rpartition(" :: ")
    mail = EmailMessage()
    mail["From"] = "person@example.org"
    mail["Subject"] = subject
    mail["To"] = "desk@example.org"
    for name, value in (marks or {}).items():
        mail[name] = value
    mail.set_content(body)
    return mail.as_bytes()


def held_out() -> Iterator[tuple[Labels, bytes]]:
    """(labels, message) of each message that the shipped weights have not learned from."""
    text = files("oacmail.mail.understanding").joinpath("held_out.txt").read_text(encoding="utf-8")
    yield from ((labels, message(said)) for labels, said in lines(text))
