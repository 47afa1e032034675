"""One Send becomes one final mail: facts, text, HTML, MIME. A town's own templates are untrusted programs with limits
in time and size. It decides nothing.
"""

import logging
import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from itertools import count, product
from pathlib import Path
from time import thread_time
from traceback import extract_tb
from types import CodeType, FrameType
from typing import Any

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape
from msgspec import Struct
from msgspec.structs import replace

from oacmail.core import calendar, tokens
from oacmail.core.calendar import SLOTS
from oacmail.core.effects import Quoted, Send
from oacmail.core.kinds import KINDS, TEMPLATED, TO_CITIZENS, WITH_CALL, MailKind
from oacmail.core.lookup import named
from oacmail.core.model import LANGUAGES, NEIGHBOURS, Hours, Slot
from oacmail.core.policy import Policy
from oacmail.core.view import AgreedCall
from oacmail.mail.mime.text import Block, outline, quoted
from oacmail.mail.understanding.secrets import blank
from oacmail.shipped import shipped
from oacmail.words import dates, relayed
from oacmail.words.compose import EnclosedFile, FinalMail, Heading, calendar_file, compose, heading_of, kept_together
from oacmail.words.dates import day_words, greeting, hours_words, next_working_day, nth_working_day
from oacmail.words.facts import SAMPLES, facts_of
from oacmail.words.labels import label, phrase, phrases
from oacmail.words.redact import redact

log = logging.getLogger(__name__)

# --- Bounds ----------------------------------------------------------------------------------------------------------
# The town's own templates are untrusted programs. Jinja2 compiles a template to Python; a trace function sees each of
# its lines and stops it when its time is over, in any thread. An operation whose result would be too large is refused
# beforehand. Raises OutOfBoundsError.

SECONDS = 2.0  # processor time for one part of a mail; a shipped template takes milliseconds
LARGEST = 200_000  # characters of one part
_MOST_DIGITS = 100  # of an exponent
_MOST_INCLUDED = 200  # templates within one: a deeper nest could not be closed, which takes as many calls as it is deep
_LINES = 100  # between two looks at the clock: this thread's clock is a system call, slower than the line itself


class OutOfBoundsError(Exception):
    """The template runs too long or produces too much."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox whose operators cannot produce large values, and whose templates cannot include each other without an
    end. `included`: how often the template that is rendered now has included another."""

    intercepted_binops = frozenset(("*", "**"))
    included = 0

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        self.included = 0 if parent is None else self.included + 1
        if self.included > _MOST_INCLUDED:
            raise OutOfBoundsError(
                f"it includes more than {_MOST_INCLUDED} templates: look for one that includes itself"
            )
        return super().get_template(name, parent, globals)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not (isinstance(right, int) and abs(right) <= _MOST_DIGITS):
            raise OutOfBoundsError(f"{operator} makes too large a number")
        for one, times in ((left, right), (right, left)):
            if isinstance(times, int) and hasattr(one, "__len__") and len(one) * times > LARGEST:
                raise OutOfBoundsError(f"{operator} makes more than {LARGEST} characters")
        return super().call_binop(context, operator, left, right)


def joined(pieces: Iterable[str], *, seconds: float | None = None) -> str:
    """Join the pieces of a template's output within the limits.

    `seconds` of this thread's processor time, None = SECONDS: a machine that is busy or suspended makes no template
    longer.
    """
    seconds = SECONDS if seconds is None else seconds
    end, before, lines = thread_time() + seconds, sys.gettrace(), count(1)

    def trace(_frame: FrameType, _event: str, _arg: object) -> Any:
        if next(lines) % _LINES == 0 and thread_time() > end:
            raise OutOfBoundsError(f"it runs for more than {seconds:g} seconds: look for a loop without an end")
        return trace

    made: list[str] = []
    size = 0
    sys.settrace(trace)
    try:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise OutOfBoundsError(f"it makes more than {LARGEST} characters: look for a loop without an end")
            made.append(piece)
    finally:
        sys.settrace(before)
        if isinstance(pieces, Generator):
            pieces.close()  # now, untimed: the collector might do it in the time of another template
    return "".join(made)


# --- Office profile --------------------------------------------------------------------------------------------------
# The hour of sending decides the greeting and whether the office is open. The promised day is the case's own due day
# or, if that has passed, the next working day (docs/requirements.md section 6). No deadline changes here.


class OfficeProfile(Struct, frozen=True, kw_only=True):
    """The office as its mails present it; addresses are whole URLs, '' if there is none.

    `town` and `host` (the machine on which the service runs) tell the operator which service writes. `council` is the
    council's name by language. `processor` is the company that runs the desk for the council, '' = its own people do.
    `online_office_url` is where procedures are submitted. `overrides` is the directory of the town's own templates, or
    None.
    """

    policy: Policy
    council: Mapping[str, str]
    phone: str
    rights_url: str
    privacy_url: str
    complaints_form_url: str
    online_office_url: str = ""
    website: str = ""
    processor: str = ""
    town: str = ""
    host: str = ""
    overrides: Path | None = None


class Promise(Struct, frozen=True, kw_only=True):
    """`due_day`: local; None if the year has no calendar and only "the next working day" can be promised.
    `received_open`: the message came while the office was open."""

    due_day: date | None
    received_open: bool = True


def promise(policy: Policy, due_at: datetime | None, now: datetime, received_at: datetime | None = None) -> Promise:
    """Return what an acknowledgement written at `now` says. `policy.workdays` is the strict calendar: a deadline may
    fall into a year without a calendar, a promise may not."""
    zone = policy.office.timezone
    try:
        if due_at is None or due_at <= now:
            day = calendar.next_working_day(now.astimezone(zone).date(), policy.workdays)
        else:
            # A day that ends at 24:00 is the day before that midnight.
            day = (due_at - timedelta.resolution).astimezone(zone).date()
            policy.workdays.is_working_day(day)
        return Promise(due_day=day, received_open=calendar.in_hours(received_at or now, policy))
    except LookupError:
        return Promise(due_day=None)


# --- Template loader -------------------------------------------------------------------------------------------------
# A loader has the shipped templates, or the town's with priority over them; the latter run in a sandbox. An unknown
# name is an error. HTML is escaped by its own file ending, since select_autoescape does not recognise `.html.j2`.
# Templates are read once; a new loader reads them again, and compiles one only if its source has changed.

_NOTHING = "—"
_SUBJECT = "Subject:"
_STRONG: Mapping[str, tuple[str, ...]] = {"ack": ("case", "due_day", "call_day")}
"""Template -> the values that a reader must find at once; the page of the mail shows them in bold."""
_LINKS = ("online_office_url", "website", "rights_url", "complaints_form_url", "privacy_url")
"""Our own addresses; their names as links: the group `link` of the catalogue."""
_OF_OFFICE = ("town", "host", "phone", "processor", *_LINKS)


class BrokenTemplateError(ValueError):
    """The output of a template cannot become a mail."""


class Page(Struct, frozen=True, kw_only=True):
    """One template in one language. `heading` is the subject without its tag; `strong`: phrases for bold, as the HTML
    has them."""

    lang: str
    subject: str
    heading: str
    text: str
    blocks: tuple[Block, ...]
    strong: tuple[Markup, ...]

    def offering(self, url: str) -> "Page":
        """Return the page with a last line that leads to a new mail to the person of the case."""
        line = f"{phrase('line', 'write_to_the_person', self.lang)} {url}"
        return replace(self, text=f"{self.text}\n\n{line}", blocks=(*self.blocks, Block("paragraph", (line,))))

    def announcing(self, others: Iterable[str]) -> "Page":
        """Return the page with a first line that names the languages below."""
        line = " · ".join(phrase("line", "below", lang) for lang in others)
        return replace(self, text=f"{line}\n\n{self.text}", blocks=(Block("paragraph", (line,)), *self.blocks))


class _CompiledOnce(BytecodeCache):
    """Keeps the code of templates in memory, by name, file and source. It is for one kind of environment: the code for
    a sandbox differs."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


_CODE = {Environment: _CompiledOnce(), BoundedEnvironment: _CompiledOnce()}


class TemplateLoader:
    """Compiled templates. `overrides` is the town's directory, which has priority."""

    def __init__(self, profile: OfficeProfile, overrides: Path | None = None) -> None:
        places = [shipped("templates")] if overrides is None else [overrides, shipped("templates")]
        kind = Environment if overrides is None else BoundedEnvironment
        self._environment = kind(
            loader=FileSystemLoader(places),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            auto_reload=False,
            optimized=False,  # takes an eighth of the time of compiling, for no gain
            bytecode_cache=_CODE[kind],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(_FILTERS, linked=_linker(profile))
        self._environment.globals.pop("lipsum", None)
        self.names = frozenset(self._environment.list_templates())
        self.overridden = frozenset(FileSystemLoader(overrides).list_templates() if overrides else ())

    def page(self, template: str, context: dict[str, object]) -> Page:
        """Return the text of one mail in `context["lang"]`: a line `Subject: …`, an empty line, and the body."""
        lang = str(context["lang"])
        head, _, body = self.text(template, context).partition("\n")
        if not head.startswith(_SUBJECT) or not body.strip():
            raise BrokenTemplateError("it must begin with a line `Subject: …`, and say something after it")
        subject, text = head.removeprefix(_SUBJECT).strip(), body.strip()
        heading = subject.removeprefix(str(context["tag"])).strip()
        values = (context[name] for name in _STRONG.get(template, ()))
        strong = tuple(dict.fromkeys(escape(value) for value in values if value))
        return Page(lang=lang, subject=subject, heading=heading, text=text, blocks=outline(text), strong=strong)

    def text(self, template: str, context: dict[str, object]) -> str:
        """Return what a template makes in `context["lang"]`, with one empty line at most between two others."""
        made = self._rendered(f"{context['lang']}/{template}.txt.j2", context)
        while "\n\n\n" in made:
            made = made.replace("\n\n\n", "\n\n")
        return made.strip()

    def html(self, template: str, pages: Sequence[Page], context: dict[str, object]) -> str:
        """Return the same text as HTML: from the mail's own `<language>/<name>.html.j2` if it exists, else from the
        base."""
        return self._rendered(self.layout(template, pages[0].lang), {**context, "sections": pages})

    def _rendered(self, name: str, context: dict[str, object]) -> str:
        """Apply limits if a town's own template takes part; a shipped one may include it."""
        template = self._environment.get_template(name)
        return joined(template.generate(context)) if self.overridden else template.render(context)

    def layout(self, template: str, lang: str) -> str:
        own = (f"{lang}/{template}.html.j2", f"{template}.html.j2")
        return next((name for name in own if name in self.names), "base.html.j2")


def _in_words(speak: Callable[[Any, str], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def shown(context: Context, value: Any) -> str:
        return _NOTHING if value is None else speak(value, context["lang"])

    return shown


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    return _NOTHING if value is None else dates.moment_words(value, context["lang"], context["this_year"])


@pass_context
def _hour(context: Context, value: datetime | time | None) -> str:
    hour = value.time() if isinstance(value, datetime) else value
    return _NOTHING if hour is None else dates.hour_words(hour, context["lang"])


@pass_context
def _asked_hours(context: Context, hours: Sequence[Hours], slot: Slot) -> str:
    return dates.asked_hours(hours, *SLOTS[slot], context["lang"])


@pass_context
def _label(context: Context, key: str, group: str) -> str:
    return label(group, str(key), context["lang"], context["office"])


@pass_context
def _listed(context: Context, group: str) -> str:
    """Return all texts of a group of the catalogue in one line."""
    return " · ".join(phrases(group, context["lang"]).values())


def _evidence(words: Sequence[str]) -> str:
    """Return the words that decided, as written."""
    return ", ".join(f"«{word}»" for word in words)


def _safe(html: str) -> Markup:
    """What is made of escaped text and of our own elements."""
    return Markup(html)  # noqa: S704


def _broken(text: str) -> Markup:
    html = escape(text)
    return _safe(str(html).replace("\n", "<br>\n")) if "\n" in html else html


def _emphasized(text: Markup, phrases: Sequence[Markup]) -> Markup:
    """Return the text with each phrase in bold, after `linked`: links have names, so no phrase is in an address."""
    for words in phrases:
        if words in text:
            text = _safe(str(text).replace(words, f"<strong>{words}</strong>"))
    return text


def _linker(profile: OfficeProfile) -> Callable[[str, str], Markup]:
    """Turn our own addresses, and no others, into links with a name that says where they lead (WCAG 2.4.4)."""
    local, _, domain = profile.policy.office.address.rpartition("@")
    mailto = re.compile(rf"mailto:{re.escape(local)}\+[a-z0-9.-]+@{re.escape(domain)}(?:\?[^\s<>\"]*)?")
    names = {url: key for key in _LINKS if (url := getattr(profile, key))}
    urls = re.compile("|".join((*(re.escape(url) for url in sorted(names, key=len, reverse=True)), mailto.pattern)))
    office = profile.policy.office.name

    @lru_cache(64)  # most paragraphs of a mail are those of all others of its kind and language
    def linked(text: str, lang: str) -> Markup:
        html, end = "", 0
        for match in urls.finditer(text):
            name = phrase("link", names.get(match[0], "person"), lang)
            before, name = _named_before(text[end : match.start()], name)
            html += f'{escape(kept_together(before, office))}<a href="{escape(match[0])}">{escape(name)}</a>'
            end = match.end()
        return _safe(f"{html}{escape(kept_together(text[end:], office))}")

    return linked


def _named_before(text: str, name: str) -> tuple[str, str]:
    """(what stands before the link, its name): a text that ends with `<name>: ` gives the name to the link."""
    said = text.rstrip()
    head = said.removesuffix(":")
    if head == said or not head.lower().endswith(name.lower()):
        return text, name
    return head[: -len(name)], head[-len(name) :]


_FILTERS: dict[str, Callable[..., str]] = {
    "day": _in_words(dates.day_words),
    "date": _in_words(dates.date_words),
    "moment": _moment,
    "hour": _hour,
    "at_hour": _in_words(dates.at_hour_words),
    "asked_hours": _asked_hours,
    "call_hours": _in_words(dates.call_hours),
    "short_day": _in_words(dates.short_day),
    "short_moment": _in_words(dates.short_moment),
    "label": _label,
    "listed": _listed,
    "evidence": _evidence,
    "quoted": quoted,
    "broken": _broken,
    "emphasized": _emphasized,
}


# --- Renderer --------------------------------------------------------------------------------------------------------
# If a town's own template fails in any way, the shipped one is used and its name is reported; the mail is sent
# regardless. Citizens' text is given to no template for citizens.

_BETWEEN_LANGUAGES = "\n\n· · ·\n\n"
ANSWER_DRAFT = "answer_draft"
"""The template of an answer that an agent completes: all of a draft, the second part of a mail of the kind `draft`."""
CALENDAR = "calendar"
"""The template of what calendars show of a call: its subject and its text."""
_PARTS = {
    MailKind.DRAFT: (ANSWER_DRAFT, "solved_answer"),
    MailKind.SOLVED: ("solved_answer",),
    **dict.fromkeys(WITH_CALL, (CALENDAR,)),
}
"""Templates that are a part of a mail."""
_SHARED = ("base.html.j2", "rows.txt.j2", "report.html.j2", "report_parts.html.j2")
BARE = ":bare"
"""The end of the key of a mail that is sent without its originals."""
# A message with attachments is quoted in escalations up to this size; above it only the card is sent.
ORIGINAL_MOST = 10_000_000
_FREE_CALLS = ("800", "900")  # numbers that are free for the caller in Spain (Ordre CTE/711/2002)
_SAMPLE_ID = "<sample@localhost.invalid>"
_SAMPLE_NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
_SAMPLE_PROMISES = (
    Promise(due_day=_SAMPLE_NOW.date()),
    Promise(due_day=None, received_open=False),
)


class Renderer:
    """Templates are read at construction."""

    def __init__(self, profile: OfficeProfile) -> None:
        self._profile = profile
        self._shipped = TemplateLoader(profile)
        self._town = TemplateLoader(profile, profile.overrides) if profile.overrides else self._shipped
        self._endless: set[tuple[str, str]] = set()  # templates and languages that are not tried again
        self._of_office = {lang: _of_office(profile, lang) for lang in LANGUAGES}

    def mail(
        self,
        policy: Policy,
        send: Send,
        now: datetime,
        *,
        run: str,
        stored: Callable[[str], tuple[str, bytes | None] | None],
    ) -> FinalMail:
        """Render the mail with the messages that it quotes and attaches, under its Message-ID and signature.

        `run`: this process, which the signature names; `stored`: fingerprint of a message to its own text and bytes.
        """
        texts: list[str] = []
        originals: list[bytes] = []
        for quote in send.conversation or ((Quoted(message=send.attach, heading=""),) if send.attach else ()):
            if (message := stored(quote.message)) is None:
                continue
            text, original = message
            texts.append(f"{quote.heading}\n{text}".strip())
            if original is not None and sum(map(len, originals)) + len(original) <= ORIGINAL_MOST:
                originals.append(original)  # the newest that fit: they come newest first
        if texts:
            send = replace(send, facts={**send.facts, "text": blank("\n\n".join(texts))})

        def rendered(form: Send, *attached: bytes) -> FinalMail:
            sign = partial(tokens.sign_mail, policy, run, form, now)
            return self.render(form, tokens.message_id(policy, form.key), sign, now, *attached)

        if not originals:
            return rendered(send)
        # With originals there are two forms: the relay may refuse the attached one.
        try:
            whole = rendered(send, *(redact(original, policy.office.languages[0]) for original in originals))
        except Exception:  # one strange message must not stop all deadlines: send the card without it
            log.error("original.unfit", {"key": send.key}, exc_info=True)
            return rendered(send)
        bare = rendered(replace(send, key=send.key + BARE))
        return replace(whole, bare=bare.mime, bare_id=bare.message_id, fallback=(*whole.fallback, *bare.fallback))

    def render(
        self, send: Send, message_id: str, sign: Callable[[str], str], now: datetime, *originals: bytes
    ) -> FinalMail:
        """Render the final mail. A broken override never raises: the shipped template is used instead. `lang` may join
        two languages: "ca+es" has the full text in Catalan, then in Spanish.

        `sign` returns the value of X-Oacmail for the text; `originals` are the messages to attach, with secrets already
        removed. The Date field is `now` in whole seconds. Raises ValueError for a recipient that no To field can hold.
        """
        heading = heading_of(self._profile.policy.office, send, message_id, now)
        promised = promise(self._profile.policy, send.due_at, now, send.received_at)
        return self._made(
            send, message_id, lambda loader: self._mime(loader, send, heading, sign, promised, *originals)
        )

    def draft(self, answer: Send, message_id: str, now: datetime) -> FinalMail:
        """Render an answer that an agent completes: plain text, and no field that says who wrote it. `facts`: those of
        the kind `draft`, and `subject`, the person's. A broken override never raises."""
        subject = relayed.subject(str(answer.facts.get("subject", "")), answer.token)
        heading = replace(
            heading_of(self._profile.policy.office, answer, message_id, now), subject=subject, case="", kind=""
        )
        return self._made(answer, message_id, lambda loader: self._answer_draft(loader, answer, heading))

    def _made(self, send: Send, message_id: str, make: Callable[[TemplateLoader], tuple[bytes, int]]) -> FinalMail:
        """Make it with the town's templates where one takes part, for their limits cost much, and with the shipped ones
        where those fail."""
        broken = self._overridden(send)
        if broken and (send.kind, send.lang) not in self._endless:
            try:
                mime, length = make(self._town)
                return FinalMail(message_id=message_id, mime=mime, length=length)
            except Exception as error:  # an override is untrusted code: whatever it raises, the mail is sent
                self._note_endless(send, error)
        mime, length = make(self._shipped)
        return FinalMail(message_id=message_id, mime=mime, length=length, fallback=broken)

    def problems(self) -> list[str]:
        """Return what is wrong with the templates, for `check`, one line each. A mail of the town's own templates is
        made in each branch; another once in each language, for the shipped ones are tested."""
        names = [*(f"{kind}.{ext}" for kind in TEMPLATED for ext in ("txt", "html"))]
        names += [f"{part}.txt" for parts in _PARTS.values() for part in parts]
        used = {*_SHARED, *(f"{lang}/{name}.j2" for lang in LANGUAGES for name in names)}
        strays = sorted(self._town.overridden - used)
        found = [f"templates: {name}: no mail uses a template of this name: correct the name" for name in strays]
        made: set[tuple[str, str]] = set()
        for send, promised in _samples(self._profile.policy.office.address):
            loader = self._town if self._overridden(send) else self._shipped
            if (send.kind, send.lang) in (made if loader is self._shipped else self._endless):
                continue
            made.add((send.kind, send.lang))
            try:
                heading = heading_of(self._profile.policy.office, send, _SAMPLE_ID, _SAMPLE_NOW)
                self._mime(loader, send, heading, lambda _: "v=1", promised, b"")
            except Exception as error:  # as in render: an override may raise anything
                self._note_endless(send, error)
                what = f"{_place(error, send)}: {type(error).__name__}: {error}"
                found.append(f"templates: {what}: fix or remove it; until then the shipped one is used")
        return list(dict.fromkeys(found))

    def _note_endless(self, send: Send, error: Exception) -> None:
        """Remember it: each attempt would use its whole time limit and block other work."""
        if isinstance(error, OutOfBoundsError | RecursionError):
            self._endless.add((send.kind, send.lang))

    def _mime(
        self,
        loader: TemplateLoader,
        send: Send,
        heading: Heading,
        sign: Callable[[str], str],
        promised: Promise,
        *originals: bytes,
    ) -> tuple[bytes, int]:
        """Return the mail, and the number of characters of its text part."""
        attached = bool(originals) or self._call_shown(send) is not None
        contexts = [self._context(send, lang, promised, heading.sent_at, attached) for lang in self._languages(send)]
        pages = [loader.page(send.kind, context) for context in contexts]
        # The way to the person, in a notice about one case (core/relayed.py).
        if url := str(send.facts.get("offer", "")):
            pages = [page.offering(url) for page in pages]
        if len(pages) > 1:
            pages[0] = pages[0].announcing(page.lang for page in pages[1:])
        html = loader.html(send.kind, pages, contexts[0])
        text = _BETWEEN_LANGUAGES.join(page.text for page in pages)
        language = ", ".join(page.lang for page in pages)
        subject = " / ".join((pages[0].subject, *(page.heading for page in pages[1:])))
        if send.token and not subject.startswith(f"[{send.token}]"):
            raise BrokenTemplateError("the subject must begin with [{{ token }}]")
        enclosed: Any = send.facts.get("enclosed", ())  # pictures that the HTML shows, and others
        files = (*enclosed, *self._calendar(loader, send, heading, contexts))
        names = named(
            (file.name, file.mime.partition(";")[0]) for file in sorted(files, key=lambda file: not file.place)
        )
        heading = replace(heading, subject=subject, language=language, signature=sign(text + names))
        return compose(heading, text, html, *originals, files=files), len(text)

    def _calendar(
        self, loader: TemplateLoader, send: Send, heading: Heading, contexts: Sequence[dict[str, object]]
    ) -> Iterator[EnclosedFile]:
        """Yield the call that is agreed on or called off, as a file for calendars."""
        call = self._call_shown(send)
        if call is None:
            return
        said = {
            "to_person": send.kind in TO_CITIZENS,
            "phone3": send.facts.get("phone3", ""),
            "call_hours": call.hours,
            "cancelled": call.cancelled,
        }
        pages = [loader.page(CALENDAR, {**context, **said}) for context in contexts]
        summary, description = " / ".join(page.heading for page in pages), "\n\n".join(page.text for page in pages)
        yield calendar_file(heading, call, summary, description)

    def _call_shown(self, send: Send) -> AgreedCall | None:
        """The call that calendars show; none on a day of a year without a calendar, which the mail does not name
        either."""
        call = send.facts.get("call")
        if not isinstance(call, AgreedCall):
            return None
        return call if self._known(calendar.local_day(call.begins, self._profile.policy)) else None

    def _answer_draft(self, loader: TemplateLoader, answer: Send, heading: Heading) -> tuple[bytes, int]:
        promised = promise(self._profile.policy, answer.due_at, heading.sent_at)
        contexts = (self._context(answer, lang, promised, heading.sent_at, False) for lang in self._languages(answer))
        text = _BETWEEN_LANGUAGES.join(loader.text(ANSWER_DRAFT, context) for context in contexts)
        return compose(heading, text), len(text)

    def _context(self, send: Send, lang: str, promised: Promise, now: datetime, attached: bool) -> dict[str, object]:
        policy, office = self._profile.policy, self._profile.policy.office
        reopen, followup = (self._known(send.facts.get(name)) for name in ("reopen_on", "followup"))
        local = now.astimezone(office.timezone)
        return {
            **self._of_office[lang],
            "tag": f"[{send.token}]" if send.token else f"{office.name} ·",
            "greeting": greeting(local, lang),
            "this_year": local.year,
            "received_open": promised.received_open,
            "due_day": _day(promised.due_day, lang),
            "term": _term(send.facts, local),
            "offer": _offer(self._languages(send), office.languages),
            "call_day": _day(self._known(send.facts.get("call_day")), lang),
            "reopen_day": day_words(reopen, lang) if reopen else "",
            "followup_day": day_words(followup, lang)
            if followup
            else nth_working_day(policy.escalation.update_days, lang),
            "attached": attached,
            **facts_of(send, now, office.timezone),
        }

    def _known(self, day: object) -> date | None:
        """The day of a fact; None if there is none, or its year has no calendar: it may be a holiday."""
        if not isinstance(day, date):
            return None
        try:
            self._profile.policy.workdays.is_working_day(day)
        except LookupError:
            return None
        return day

    def _languages(self, send: Send) -> tuple[str, ...]:
        """Return the languages for which there are texts; the office's first language if there is none."""
        spoken = tuple(lang for lang in send.lang.split("+") if lang in LANGUAGES)
        return spoken or self._profile.policy.office.languages[:1]

    def _overridden(self, send: Send) -> tuple[str, ...]:
        """The town's templates that take part in this mail."""
        languages = self._languages(send)
        if not self._town.overridden:
            return ()
        used = [f"{lang}/{send.kind}.txt.j2" for lang in languages]
        used += [f"{lang}/{part}.txt.j2" for part in _PARTS.get(send.kind, ()) for lang in LANGUAGES]
        used += [f"{languages[0]}/{send.kind}.html.j2", *_SHARED]
        return tuple(name for name in used if name in self._town.overridden)


def _of_office(profile: OfficeProfile, lang: str) -> dict[str, object]:
    """What every mail in this language gets."""
    policy, office = profile.policy, profile.policy.office
    return {
        "lang": lang,
        "office": office.name,
        "hours": hours_words(office.opens, office.closes, lang),
        "council": profile.council[lang],
        **{name: getattr(profile, name) for name in _OF_OFFICE},
        "free_call": profile.phone.replace(" ", "").startswith(_FREE_CALLS),
        "max_levels": policy.deadlines.max_levels,
    }


def _offer(spoken: Sequence[str], languages: Sequence[str]) -> str:
    """Return the other of the two local languages, if the mail has one and the office writes both."""
    others = [lang for lang in NEIGHBOURS if lang not in spoken and lang in languages]
    return others[0] if len(spoken) == 1 and spoken[0] in NEIGHBOURS and others else ""


def _day(day: date | None, lang: str) -> str:
    return next_working_day(lang) if day is None else day_words(day, lang)


def _term(facts: Mapping[str, object], now: datetime) -> str:
    """When the person's own term ends: later "today", or "ahead" on another day; '' = there is none, or it has ended.
    The mail names the day, for it may leave on another."""
    ends_on, ends_hour = facts.get("ends_on"), facts.get("ends_hour")
    if not isinstance(ends_on, date) or ends_on < now.date():
        return ""
    if ends_on > now.date():
        return "ahead"
    return "" if isinstance(ends_hour, time) and ends_hour <= now.time() else "today"


def _place(error: Exception, send: Send) -> str:
    """Return the template's file and line, which jinja2 puts into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else f"{send.lang}/{send.kind}.txt.j2"


def _samples(recipient: str) -> Iterator[tuple[Send, Promise]]:
    for kind, lang, promised in product(sorted(TEMPLATED), LANGUAGES, _SAMPLE_PROMISES):
        about_a_case = KINDS[kind].about_case
        for facts in SAMPLES[kind]:
            sample = Send(
                key="sample",
                kind=kind,
                lang=lang,
                recipient=recipient,
                case="OAC-2026-000123" if about_a_case else None,
                token="OAC-2026-000123-K7Q" if about_a_case else "",
                facts=facts,
                received_at=_SAMPLE_NOW,
                due_at=_SAMPLE_NOW,
            )
            yield sample, promised
