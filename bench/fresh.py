"""Measure how often the new text of a reply is found exactly, beside three public libraries in the same run.

Usage: make fresh CORPORA=DIR (or python -m bench.fresh DIR [--misses]). DIR holds folders with an oracle.jsonl each
(talon, github_email_reply_parser, quotequail); the replies of tests/corpus are always measured. White space is
ignored. HTML goes to quotequail as HTML, and to the two libraries that know text alone as the text that a reader
sees. Rows that expect nothing at all are left out: where nothing else was written, the forwarded text counts for
oacmail. The libraries are needed here alone (bench/requirements.txt).
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quotequail
from email_reply_parser import EmailReplyParser
from mailparser_reply import EmailReplyParser as MailParserReply

from oacmail.mail.mime.text import html_to_text
from oacmail.mail.parse import parse
from oacmail.mail.understanding import reply_text

CORPORA = ("talon", "github_email_reply_parser", "quotequail")
OWN = Path("tests/corpus")
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]


@dataclass(frozen=True, slots=True)
class ReplySample:
    """One reply. `text`: as a reader sees it; `html`: the HTML if the mail had one, '' for plain text."""

    name: str
    text: str
    html: str
    expected: str


def ours(reply: ReplySample) -> str:
    return reply_text.split(reply.text).fresh


def by_quotequail(reply: ReplySample) -> str:
    if reply.html:
        return html_to_text("".join(html for shown, html in quotequail.quote_html(reply.html) if shown))
    return "\n".join(text for shown, text in quotequail.quote(reply.text, quote_intro_line=True) if shown)


def by_email_reply_parser(reply: ReplySample) -> str:
    return str(EmailReplyParser.parse_reply(reply.text))


def by_mail_parser_reply(reply: ReplySample) -> str:
    return MailParserReply(languages=LANGUAGES).parse_reply(text=reply.text) or ""


PROGRAMS: dict[str, Callable[[ReplySample], str]] = {
    "oacmail": ours,
    "quotequail": by_quotequail,
    "email-reply-parser": by_email_reply_parser,
    "mail-parser-reply": by_mail_parser_reply,
}


def replies(corpus: Path) -> Iterator[ReplySample]:
    rows = [json.loads(line) for line in (corpus / "oracle.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        found = _reply(corpus, row)
        if found is not None and _bare(found.expected):
            yield found


def _reply(corpus: Path, row: dict[str, Any]) -> ReplySample | None:
    kind, expected, name = row["kind"], row.get("expected"), str(row.get("file") or row.get("test"))
    if not isinstance(expected, str):
        return None  # rows about headers or fragments have no exact text
    raw = row["input"].encode() if "input" in row else (corpus / row["file"]).read_bytes()
    if kind == "reply_text_of_eml":
        return ReplySample(name, parse(raw).text, "", expected)
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    if kind == "reply_text":
        return ReplySample(name, text, "", expected)
    seen = expected if kind == "reply_text_of_html" else html_to_text(expected)
    return ReplySample(name, html_to_text(text), text, seen) if kind in ("reply_html", "reply_text_of_html") else None


def own() -> Iterator[ReplySample]:
    """The replies of tests/corpus, decoded by oacmail's parser."""
    for path in sorted(OWN.glob("reply-*.toml")):
        expected = tomllib.loads(path.read_text("utf-8")).get("fresh", "")
        if not expected:
            continue
        yield ReplySample(path.stem, parse(path.with_suffix(".eml").read_bytes()).text, "", expected)


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _safely(program: Callable[[ReplySample], str], reply: ReplySample) -> str:
    try:
        return program(reply)
    except Exception as error:  # an exception counts as not found
        return f"raised {error!r}"


def measure(name: str, cases: list[ReplySample], misses: bool) -> str:
    texts = {program: [_safely(read, reply) for reply in cases] for program, read in PROGRAMS.items()}
    right = {
        program: sum(_bare(text) == _bare(reply.expected) for text, reply in zip(found, cases, strict=True))
        for program, found in texts.items()
    }
    empty = sum(not text.strip() for text in texts["oacmail"])
    for text, reply in zip(texts["oacmail"], cases, strict=True):
        if misses and _bare(text) != _bare(reply.expected):
            print(f"--- {reply.name}\n{reply.text}\n--- expected\n{reply.expected}\n--- found\n{text}\n")
    cells = [f"{count / len(cases):.3f}" for count in right.values()]
    return " | ".join(["|", name, str(len(cases)), *cells, str(empty), "|"]).replace("| |", "|").strip()


def main(directory: Path, misses: bool) -> None:
    rows = [measure(name, list(replies(directory / name)), misses) for name in CORPORA if (directory / name).is_dir()]
    rows.append(measure("our own", list(own()), misses))
    print(" | ".join(["| corpus", "replies", *PROGRAMS, "ours empty |"]))
    print("| " + " | ".join(["---"] * (len(PROGRAMS) + 3)) + " |")
    print("\n".join(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--misses" in sys.argv)
