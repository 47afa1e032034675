"""Generate the mailbox of a town hall from a seed, message by message, with the truth about each message.

In each hundred: 60 new requests, 25 citizens' replies, 5 automatic replies, 3 delivery reports, 4 newsletters,
3 answers by an agent with the office in copy. Replies name the message before them in References and In-Reply-To and
bear no number of ours. Same seed and same `start`: same bytes; a shorter mailbox is the beginning of a longer one.
"""

import base64
import random
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.header import Header
from email.utils import formatdate
from typing import Literal

from bench import phrases
from bench.mime import Coded, attached, both, coded
from bench.phrases import Lang
from testbed import messages, people

Kind = Literal["new", "reply", "auto", "bounce", "news", "agent"]
MIX: dict[Kind, int] = {"new": 60, "reply": 25, "auto": 5, "bounce": 3, "news": 4, "agent": 3}
FIRST_REQUESTS = 20
"""The mailbox begins with this many requests, so that later messages have something to reply to."""
OFFICE, AGENT, MX = people.OFFICE, people.AGENT, messages.MX
DOMAIN = OFFICE.rpartition("@")[2]
ASCII = str.maketrans("àáèéíïòóúüçñ·ÀÁÈÉÍÒÓÚÇÑ", "aaeeiioouucn.AAEEIOOUCN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """`root`: Message-ID of the thread's first message. `phrase` must be found in what is stored of the text; "" for
    a report. `encoding` tells how the text was sent. A `new` deserves a case and one acknowledgement."""

    number: int
    kind: Kind
    message_id: str
    root: str
    sender: str
    phrase: str
    encoding: str


@dataclass(frozen=True, slots=True)
class BenchMessage:
    """One message as bytes of a Maildir file, with LF; `received_at` in seconds since the epoch."""

    raw: bytes
    received_at: int
    truth: Truth


@dataclass(slots=True)
class Thread:
    subject: str
    lang: Lang
    citizen: tuple[str, str]
    ids: list[str]
    last: str


@dataclass(slots=True)
class Draft:
    """A message before its transport headers."""

    sender: tuple[str, str]
    to: str
    subject: str
    message_id: str
    root: str
    body: Coded
    envelope: str
    phrase: str = ""
    more: list[str] = field(default_factory=list)


class MessageStream:
    """`for message in MessageStream(seed, start, step).messages(n)`; a message each `step` seconds from `start` on."""

    def __init__(self, seed: int = 1, start: float = 1_790_000_000, step: float = 97) -> None:
        self._chance = random.Random(seed)
        self._start, self._step = start, step
        self._people: list[tuple[str, str]] = []
        self._threads: list[Thread] = []
        self._number = 0

    def messages(self, count: int) -> Iterator[BenchMessage]:
        block: list[Kind] = []
        for self._number in range(count):
            if not block:
                block = self._block(first=self._number == 0)
            yield self._message(block.pop())

    def _block(self, *, first: bool) -> list[Kind]:
        block = [kind for kind, share in MIX.items() for _ in range(share)]
        head: list[Kind] = ["new"] * FIRST_REQUESTS if first else []
        rest = block[len(head) :]
        self._chance.shuffle(rest)
        return [*rest, *head]

    def _message(self, kind: Kind) -> BenchMessage:
        at = int(self._start + self._number * self._step)
        make = {"new": self._new, "reply": self._reply, "agent": self._answer, "auto": self._away}
        draft = (make | {"bounce": self._report, "news": self._news})[kind](at)
        truth = Truth(
            number=self._number,
            kind=kind,
            message_id=draft.message_id,
            root=draft.root,
            sender=draft.sender[1],
            phrase=draft.phrase,
            encoding=draft.body.label,
        )
        return BenchMessage(self._head(draft, at) + draft.body.raw, at, truth)

    # --- kinds ------------------------------------------------------------------------------------

    def _new(self, _: int) -> Draft:
        lang, who = self._lang(), self._person()
        place = {"street": self._chance.choice(phrases.STREETS), "house": self._chance.randint(1, 180)}
        subject, ask = (text.format(**place) for text in self._chance.choice(phrases.REQUESTS[lang]))
        text, phrase = self._text(lang, ask, who[0])
        ident = self._id(who[1])
        self._threads.append(Thread(subject, lang, who, [ident], text))
        return Draft(who, OFFICE, subject, ident, ident, self._dressed(text), who[1], phrase)

    def _reply(self, at: int) -> Draft:
        thread = self._chance.choice(self._threads[-400:])
        return self._continued(thread, thread.citizen, OFFICE, at)

    def _answer(self, at: int) -> Draft:
        thread = self._chance.choice(self._threads[-400:])
        draft = self._continued(thread, ("Atenció Ciutadana", AGENT), thread.citizen[1], at)
        draft.more.append(f"Cc: {OFFICE}")
        return draft

    def _continued(self, thread: Thread, who: tuple[str, str], to: str, at: int) -> Draft:
        own, phrase = self._text(thread.lang, self._chance.choice(phrases.MORE[thread.lang]), who[0])
        day = time.strftime("%d/%m/%Y", time.gmtime(at))
        quote = "\n".join(f"> {line}" for line in thread.last.splitlines()[:6])
        text = f"{own}\n{phrases.WROTE[thread.lang].format(day=day, who=OFFICE)}\n{quote}\n"
        refs = [f"In-Reply-To: {thread.ids[-1]}", "References: " + "\n ".join(thread.ids[-8:])]
        ident = self._id(who[1])
        draft = Draft(who, to, f"Re: {thread.subject}", ident, thread.ids[0], self._dressed(text), who[1], phrase, refs)
        thread.ids.append(ident)
        thread.last = own
        return draft

    def _away(self, _: int) -> Draft:
        lang, who = self._lang(), self._person()
        subject, ask = phrases.AWAY[lang]
        text, phrase = self._text(lang, ask, who[0])
        ident = self._id(who[1])
        more = ["Auto-Submitted: auto-replied", "Precedence: bulk", f"In-Reply-To: {self._id(OFFICE)}"]
        return Draft(who, OFFICE, subject, ident, ident, self._coded(text), "", phrase, more)

    def _report(self, at: int) -> Draft:
        host = f"mx.{self._chance.choice(phrases.DOMAINS)}"
        who, ident = ("Mail Delivery System", f"MAILER-DAEMON@{host}"), self._id(host)
        lost = f"From: {OFFICE}\nSubject: Avís\nMessage-ID: {self._id(OFFICE)}\nDate: {formatdate(at)}\n"
        status = (
            f"Reporting-MTA: dns; {host}\n\nFinal-Recipient: rfc822; {self._person()[1]}\nAction: failed\n"
            "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
        )
        said = f"This is the mail system at host {host}.\n\nYour message could not be delivered.\n"
        body = both(
            "report; report-type=delivery-status",
            self._mark(),
            Coded("Content-Type: text/plain; charset=us-ascii", said.encode(), "report"),
            Coded("Content-Type: message/delivery-status", status.encode(), ""),
            Coded("Content-Type: text/rfc822-headers", lost.encode(), ""),
        )
        subject = "Undelivered Mail Returned to Sender"
        return Draft(who, OFFICE, subject, ident, ident, body, "", "", ["Auto-Submitted: auto-replied"])

    def _news(self, _: int) -> Draft:
        lang, host = self._lang(), f"butlleti{self._chance.randint(1, 30)}.example"
        subject, ask = phrases.NEWS[lang]
        text, phrase = self._text(lang, ask, host)
        ident = self._id(host)
        more = [
            f"List-Id: <news.{host}>",
            f"List-Unsubscribe: <mailto:baixa@{host}>",
            "Precedence: bulk",
        ]
        who, envelope = ("Butlletí d'Innovació", f"info@{host}"), f"bounces+{self._number}@{host}"
        return Draft(who, OFFICE, subject, ident, ident, self._dressed(text), envelope, phrase, more)

    # --- pieces -----------------------------------------------------------------------------------

    def _lang(self) -> Lang:
        return self._chance.choice(("ca", "ca", "es"))

    def _person(self) -> tuple[str, str]:
        if len(self._people) > 20 and self._chance.random() < 0.35:
            return self._chance.choice(self._people)
        name = f"{self._chance.choice(phrases.FIRST)} {self._chance.choice(phrases.LAST)}"
        local = name.lower().translate(ASCII).replace(" ", ".")
        self._people.append((name, f"{local}{len(self._people)}@{self._chance.choice(phrases.DOMAINS)}"))
        return self._people[-1]

    def _id(self, address: str) -> str:
        return f"<{self._chance.getrandbits(72):018x}.{self._number}@{address.rpartition('@')[2]}>"

    def _mark(self) -> str:
        return f"=_{self._chance.getrandbits(80):020x}"

    def _seal(self) -> str:
        return base64.b64encode(self._chance.randbytes(128)).decode()

    def _text(self, lang: Lang, ask: str, name: str) -> tuple[str, str]:
        """(text, the phrase in it that must come out whole)"""
        chance = self._chance
        phrase = f"Ref {self._number:06d}: {phrases.CANARY[lang]}."
        more = [" ".join(chance.sample(phrases.MORE[lang], chance.randint(1, 4))) for _ in range(chance.randint(1, 3))]
        paragraphs = [chance.choice(phrases.HELLO[lang]), ask, *more, phrase]
        goodbye = f"{chance.choice(phrases.GOODBYE[lang])}\n{name}\n"
        return "\n\n".join((*(textwrap.fill(part, 72) for part in paragraphs), goodbye)), phrase

    def _coded(self, text: str, subtype: str = "plain") -> Coded:
        charset = self._chance.choice(("utf-8", "utf-8", "utf-8", "iso-8859-1"))
        way = self._chance.choice(("quoted-printable", "quoted-printable", "base64", "8bit"))
        return coded(text, charset, way, subtype)

    def _dressed(self, text: str) -> Coded:
        """One in five with an HTML alternative, one in ten with a file of 20 to 300 kB."""
        body = self._coded(text)
        if self._chance.random() < 0.2:
            page = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>\n" for part in text.split("\n\n"))
            html = self._coded(f"<html><body>\n{page}</body></html>\n", "html")
            body = both("alternative", self._mark(), body, html)
        if self._chance.random() < 0.1:
            kind = self._chance.choice(("application/pdf", "image/jpeg"))
            data = self._chance.randbytes(self._chance.randint(20_000, 300_000))
            body = both("mixed", self._mark(), body, attached(f"document_{self._number}", kind, data))
        return body

    def _head(self, draft: Draft, at: int) -> bytes:
        chance, domain = self._chance, draft.sender[1].rpartition("@")[2]
        charset = chance.choice(("utf-8", "utf-8", "iso-8859-1"))
        fields = (
            f"Return-Path: <{draft.envelope}>",
            f"Delivered-To: {OFFICE}",
            f"Received: from {MX} by mail.{DOMAIN} with LMTP id {chance.getrandbits(60):015x}; {formatdate(at + 2)}",
            f"Authentication-Results: {MX}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}",
            f"Received: from out.{domain} (out.{domain} [198.51.100.{chance.randint(1, 254)}])",
            f"\tby {MX} (Postfix) with ESMTPS id {chance.getrandbits(44):011X}; {formatdate(at + 1)}",
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=mail; t={at};",
            "\th=from:to:subject:date:message-id; b=" + "\n\t ".join(textwrap.wrap(self._seal(), 60)),
            f"From: {_word(draft.sender[0], charset)} <{draft.sender[1]}>",
            f"To: {draft.to}",
            f"Subject: {_word(draft.subject, charset)}",
            f"Date: {formatdate(at)}",
            f"Message-ID: {draft.message_id}",
            *draft.more,
            f"X-Mailer: {chance.choice(phrases.CLIENTS)}",
            "MIME-Version: 1.0",
            draft.body.head,
        )
        return "\n".join((*fields, "", "")).encode()


def _word(text: str, charset: str) -> str:
    return text if text.isascii() else Header(text, charset, maxlinelen=70).encode()
