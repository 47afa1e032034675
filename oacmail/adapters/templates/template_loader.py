"""Load and compile the templates, and define the filters that they may use.

A loader has the shipped templates, or the town's with priority over them; the latter run in a sandbox. An unknown name
is an error. HTML is escaped by its own file ending, since select_autoescape does not recognise `.html.j2`. Templates
are read once; a new loader reads them again, and compiles one only if its source has changed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape

from oacmail.adapters.templates.bounds import BoundedEnvironment, joined
from oacmail.adapters.templates.office_profile import OfficeProfile
from oacmail.core.calendar import SLOTS
from oacmail.core.model import Hours, Slot
from oacmail.mail.mime.outline import Block, outline, quoted
from oacmail.mail.outgoing import dates_in_words
from oacmail.mail.outgoing.labels import label
from oacmail.mail.outgoing.plain_text import kept_together
from oacmail.shipped import shipped

_NOTHING = "—"
_SUBJECT = "Subject:"
WRITE_TO_THE_PERSON = {
    "ca": "Escriviu a la persona en un correu nou; només li arriba el que hi poseu, des de l'adreça de l'oficina:",
    "es": "Escriba a la persona en un correo nuevo; solo le llega lo que ponga, desde la dirección de la oficina:",
    "en": "Write to the person in a new email; only what you put in it arrives, from the office's address:",
}
_STRONG: Mapping[str, tuple[str, ...]] = {"ack": ("case", "due_day", "call_day")}
"""Template -> the values that a reader must find at once; the page of the mail shows them in bold."""
_BUTTON = {"ca": "Escriviu a la persona", "es": "Escriba a la persona", "en": "Write to the person"}
_LINK_NAMES = {
    "online_office_url": {"ca": "Oficina virtual", "es": "Oficina virtual", "en": "online office"},
    "website": {"ca": "web de l'Ajuntament", "es": "web del Ayuntamiento", "en": "town hall website"},
    "rights_url": {"ca": "exercici de drets", "es": "ejercicio de derechos", "en": "your rights"},
    "complaints_form_url": {"ca": "formulari", "es": "formulario", "en": "form"},
    "privacy_url": {"ca": "protecció de dades", "es": "protección de datos", "en": "data protection"},
}


class BrokenTemplateError(ValueError):
    """The output of a template cannot become a mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One template in one language. `heading` is the subject without its tag; `strong`: phrases of the text for
    bold."""

    lang: str
    subject: str
    heading: str
    text: str
    blocks: tuple[Block, ...]
    strong: tuple[str, ...]

    def offering(self, url: str) -> "Page":
        """Return the page with a last line that leads to a new mail to the person of the case."""
        line = f"{WRITE_TO_THE_PERSON[self.lang]} {url}"
        return replace(self, text=f"{self.text}\n\n{line}", blocks=(*self.blocks, Block("paragraph", (line,))))

    def announcing(self, others: Iterable[str]) -> "Page":
        """Return the page with a first line that names the languages below."""
        line = " · ".join(dates_in_words.BELOW[lang] for lang in others)
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
        strong = tuple(dict.fromkeys(str(value) for value in values if value))
        return Page(lang=lang, subject=subject, heading=heading, text=text, blocks=outline(text), strong=strong)

    def text(self, template: str, context: dict[str, object]) -> str:
        """Return what a template makes in `context["lang"]`, with one empty line at most between two others."""
        made = self._rendered(f"{context['lang']}/{template}.txt.j2", context)
        return re.sub(r"\n{3,}", "\n\n", made).strip()

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


def _in_words(speak: Callable[[Any, str], str]) -> Callable[[Context, date | None], str]:
    @pass_context
    def shown(context: Context, value: date | None) -> str:
        return _NOTHING if value is None else speak(value, context["lang"])

    return shown


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    return _NOTHING if value is None else dates_in_words.moment_words(value, context["lang"], context["this_year"])


@pass_context
def _hour(context: Context, value: datetime | time | None) -> str:
    hour = value.time() if isinstance(value, datetime) else value
    return _NOTHING if hour is None else dates_in_words.hour_words(hour, context["lang"])


@pass_context
def _at_hour(context: Context, value: time) -> str:
    return dates_in_words.at_hour_words(value, context["lang"])


@pass_context
def _asked_hours(context: Context, hours: Sequence[Hours], slot: Slot) -> str:
    return dates_in_words.asked_hours(hours, *SLOTS[slot], context["lang"])


@pass_context
def _label(context: Context, key: str, group: str) -> str:
    return label(group, str(key), context["lang"], context["office"])


def _evidence(words: Sequence[str]) -> str:
    """Return the words that decided, as written."""
    return ", ".join(f"«{word}»" for word in words)


_LINK = Markup('<a href="%s">%s</a>')
_BOLD = Markup("<strong>%s</strong>")


def _broken(text: str | Markup) -> Markup:
    return Markup("<br>\n").join(text.split("\n")) if "\n" in text else escape(text)


def _emphasized(text: Markup, phrases: Sequence[str]) -> Markup:
    """Return the text with each phrase in bold, after `linked`: links have names, so no phrase is in an address."""
    for phrase in phrases:
        text = text.replace(escape(phrase), _BOLD % phrase)
    return text


def _linker(profile: OfficeProfile) -> Callable[[str, str], Markup]:
    """Turn our own addresses, and no others, into links with a name that says where they lead (WCAG 2.4.4)."""
    local, _, domain = profile.policy.office.address.rpartition("@")
    mailto = re.compile(rf"mailto:{re.escape(local)}\+[a-z0-9.-]+@{re.escape(domain)}(?:\?[^\s<>\"]*)?")
    names = {url: labels for key, labels in _LINK_NAMES.items() if (url := getattr(profile, key))}
    urls = re.compile("|".join((*(re.escape(url) for url in sorted(names, key=len, reverse=True)), mailto.pattern)))
    office = profile.policy.office.name

    def linked(text: str, lang: str) -> Markup:
        made = Markup()
        end = 0
        for match in urls.finditer(text):
            before, name = _named_before(text[end : match.start()], names.get(match[0], _BUTTON)[lang])
            made += escape(kept_together(before, office)) + _LINK % (match[0], name)
            end = match.end()
        rest = escape(kept_together(text[end:], office))
        return made + rest if end else rest

    return linked


def _named_before(text: str, name: str) -> tuple[str, str]:
    """(what stands before the link, its name): a text that ends with `<name>: ` gives the name to the link."""
    said = text.rstrip()
    head = said.removesuffix(":")
    if head == said or not head.lower().endswith(name.lower()):
        return text, name
    return head[: -len(name)], head[-len(name) :]


_FILTERS: dict[str, Callable[..., str]] = {
    "day": _in_words(dates_in_words.day_words),
    "date": _in_words(dates_in_words.date_words),
    "moment": _moment,
    "hour": _hour,
    "at_hour": _at_hour,
    "asked_hours": _asked_hours,
    "call_hours": _in_words(dates_in_words.call_hours),
    "short_day": _in_words(dates_in_words.short_day),
    "short_moment": _in_words(dates_in_words.short_moment),
    "label": _label,
    "evidence": _evidence,
    "quoted": quoted,
    "broken": _broken,
    "emphasized": _emphasized,
}
