"""Turn one Send into one final mail: facts, text, HTML, MIME, verified before it can be sent.

If a town's own template fails in any way, the shipped one is used and its name is reported; the mail is sent
regardless. This module never decides who gets a mail or when, and gives citizens' text to no template for citizens.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import product
from traceback import extract_tb

from jinja2 import TemplateSyntaxError

from oacmail.adapters.templates.bounds import OutOfBoundsError
from oacmail.adapters.templates.facts import SAMPLES, facts_of
from oacmail.adapters.templates.office_profile import OfficeProfile, Promise, is_known, promise
from oacmail.adapters.templates.template_loader import BrokenTemplateError, Page, TemplateLoader
from oacmail.core.effects import Send
from oacmail.core.kinds import KINDS, TEMPLATED
from oacmail.core.model import LANGUAGES
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.ports.renderer import Rendered
from oacmail.mail.outgoing import answer_mail
from oacmail.mail.outgoing.compose import Heading, compose, plain, verify
from oacmail.mail.outgoing.dates_in_words import (
    NEXT_WORKING_DAY,
    day_words,
    greeting,
    hours_words,
    nth_working_day,
)
from oacmail.mail.outgoing.enclosed import enclosed
from oacmail.mail.outgoing.headers import bare_address

_BETWEEN_LANGUAGES = "\n\n· · ·\n\n"
ANSWER_DRAFT = "answer_draft"
"""The template of an answer that an agent completes: all of a draft, the second part of a mail of the kind `draft`."""
_SHARED = ("base.html.j2", "rows.txt.j2", "drafts.txt.j2", "report.html.j2", "report_parts.html.j2")
_FREE_CALLS = ("800", "900")  # numbers that are free for the caller in Spain (Ordre CTE/711/2002)
_SAMPLE_ID = "<sample@localhost.invalid>"
_SAMPLE_NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
_SAMPLE_PROMISES = (
    Promise(due_day=_SAMPLE_NOW.date()),
    Promise(due_day=None, received_open=False),
)


class JinjaRenderer:
    """The Renderer port. Templates are read at construction."""

    def __init__(self, profile: OfficeProfile) -> None:
        self._profile = profile
        self._shipped = TemplateLoader(profile)
        self._town = TemplateLoader(profile, profile.overrides) if profile.overrides else self._shipped
        self._endless: set[tuple[str, str]] = set()  # templates and languages that are not tried again

    def render(
        self, send: Send, message_id: str, sign: Callable[[str], str], now: datetime, *originals: bytes
    ) -> Rendered:
        """See core.ports.Renderer. `lang` may join two languages: "ca+es" has the full text in Catalan, then in
        Spanish.

        The Date field is `now` in whole seconds. Raises ValueError for a recipient that no To field can hold.
        """
        heading = self._heading(send, message_id, now)
        promised = promise(self._profile.policy, send.due_at, now, send.received_at)
        return self._made(
            send, message_id, lambda loader: self._mime(loader, send, heading, sign, promised, *originals)
        )

    def draft(self, answer: Send, message_id: str, now: datetime) -> Rendered:
        """See core.ports.Renderer."""
        subject = answer_mail.subject(str(answer.facts.get("subject", "")), answer.token)
        heading = replace(self._heading(answer, message_id, now), subject=subject, case="", kind="", language="")
        return self._made(answer, message_id, lambda loader: self._answer_draft(loader, answer, heading))

    def _made(self, send: Send, message_id: str, make: Callable[[TemplateLoader], tuple[bytes, int]]) -> Rendered:
        """Make it with the town's templates, or with the shipped ones where those fail."""
        broken = self._overridden(send)
        try:
            loader = self._shipped if (send.kind, send.lang) in self._endless else self._loader(send)
            mime, length = make(loader)
            fallback = broken if loader is self._shipped else ()
            return Rendered(message_id=message_id, mime=mime, length=length, fallback=fallback)
        except Exception as error:  # an override is untrusted code: whatever it raises, the mail is sent
            if not broken:
                raise
            self._note_endless(send, error)
        mime, length = make(self._shipped)
        return Rendered(message_id=message_id, mime=mime, length=length, fallback=broken)

    def problems(self) -> list[str]:
        """Return what is wrong with the templates, for `check`: each in every language and branch; one line each."""
        strays = sorted(name for name in self._town.overridden if not _is_used(name))
        found = [f"templates: {name}: no mail uses a template of this name: correct the name" for name in strays]
        for send, promised in _samples(self._profile.policy.office.address):
            if (send.kind, send.lang) in self._endless:
                continue
            try:
                heading = self._heading(send, _SAMPLE_ID, _SAMPLE_NOW)
                self._mime(self._loader(send), send, heading, _sample_mark, promised, b"")
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
        contexts = [
            self._context(send, lang, promised, heading.sent_at, bool(originals)) for lang in self._languages(send)
        ]
        pages = [self._offering(loader.page(send.kind, context), send) for context in contexts]
        if len(pages) > 1:
            pages[0] = pages[0].announcing(page.lang for page in pages[1:])
        html = loader.html(send.kind, pages, contexts[0])
        text = _BETWEEN_LANGUAGES.join(page.text for page in pages)
        heading = replace(heading, subject=_subject(pages), signature=sign(text))
        mime = compose(heading, text, html, *originals, enclosed=enclosed(send.facts))
        reason = _token_lost(send, heading) or verify(mime, heading)
        if reason:
            raise BrokenTemplateError(reason)
        return mime, len(text)

    def _answer_draft(self, loader: TemplateLoader, answer: Send, heading: Heading) -> tuple[bytes, int]:
        promised = promise(self._profile.policy, answer.due_at, heading.sent_at)
        contexts = (self._context(answer, lang, promised, heading.sent_at, False) for lang in self._languages(answer))
        text = _BETWEEN_LANGUAGES.join(loader.text(ANSWER_DRAFT, context) for context in contexts)
        mime = plain(heading, text)
        reason = verify(mime, heading)
        if reason:
            raise BrokenTemplateError(reason)
        return mime, len(text)

    def _offering(self, page: Page, send: Send) -> Page:
        """Add the way to the person to a notice about one case (core/relayed.py)."""
        url = str(send.facts.get("offer", ""))
        return page.offering(url) if url else page

    def _heading(self, send: Send, message_id: str, now: datetime) -> Heading:
        office = self._profile.policy.office
        return Heading(
            office=office.name,
            sender=office.address,
            recipient=bare_address(send.recipient),
            subject="",
            message_id=message_id,
            sent_at=now.replace(microsecond=0),
            automatic=send.automatic,
            kind=send.kind,
            signature="",
            language=", ".join(self._languages(send)),
            case=send.case or "",
            in_reply_to=send.in_reply_to,
            refs=send.refs,
        )

    def _context(self, send: Send, lang: str, promised: Promise, now: datetime, attached: bool) -> dict[str, object]:
        profile, office = self._profile, self._profile.policy.office
        local = now.astimezone(office.timezone)
        return {
            "lang": lang,
            "office": office.name,
            "tag": f"[{send.token}]" if send.token else f"{office.name} ·",
            "greeting": greeting(local, lang),
            "this_year": local.year,
            "received_open": promised.received_open,
            "due_day": _day(promised.due_day, lang),
            "term": _term(send.facts, local),
            "hours": hours_words(office.opens, office.closes, lang),
            "council": profile.council[lang],
            "town": profile.town,
            "host": profile.host,
            "phone": profile.phone,
            "free_call": profile.phone.replace(" ", "").startswith(_FREE_CALLS),
            "offer": _offer(self._languages(send), office.languages),
            "online_office_url": profile.online_office_url,
            "website": profile.website,
            "processor": profile.processor,
            "rights_url": profile.rights_url,
            "privacy_url": profile.privacy_url,
            "complaints_form_url": profile.complaints_form_url,
            "call_day": _known_day(profile.policy, send.facts.get("call_day"), lang),
            "reopen_day": _if_known(profile.policy, send.facts.get("reopen_on"), lang),
            "followup_day": self._followup(send.facts.get("followup"), lang),
            "max_levels": profile.policy.deadlines.max_levels,
            "attached": attached,
            **facts_of(send, now, office.timezone),
        }

    def _followup(self, day: object, lang: str) -> str:
        policy = self._profile.policy
        if isinstance(day, date) and is_known(policy, day):
            return day_words(day, lang)
        return nth_working_day(policy.escalation.update_days, lang)

    def _languages(self, send: Send) -> tuple[str, ...]:
        """Return the languages for which there are texts; the office's first language if there is none."""
        spoken = tuple(lang for lang in send.lang.split("+") if lang in LANGUAGES)
        return spoken or self._profile.policy.office.languages[:1]

    def _loader(self, send: Send) -> TemplateLoader:
        """Return the town's loader for a mail in which a template of the town takes part; its limits cost much."""
        return self._town if self._overridden(send) else self._shipped

    def _overridden(self, send: Send) -> tuple[str, ...]:
        return tuple(name for name in self._used(send) if name in self._town.overridden)

    def _used(self, send: Send) -> Iterator[str]:
        languages = self._languages(send)
        yield from (f"{lang}/{send.kind}.txt.j2" for lang in languages)
        if send.kind is MailKind.DRAFT:
            yield from (f"{lang}/{ANSWER_DRAFT}.txt.j2" for lang in languages)
        yield from (f"{languages[0]}/{send.kind}.html.j2", *_SHARED)


def _offer(spoken: Sequence[str], languages: Sequence[str]) -> str:
    """Return the other of the two local languages, if the mail has one and the office writes both."""
    other = {"ca": "es", "es": "ca"}.get(spoken[0], "") if len(spoken) == 1 else ""
    return other if other in languages else ""


def _day(day: date | None, lang: str) -> str:
    return NEXT_WORKING_DAY[lang] if day is None else day_words(day, lang)


def _term(facts: Mapping[str, object], now: datetime) -> str:
    """When the person's own term ends: later "today", or "ahead" on another day; '' = there is none, or it has ended.
    The mail names the day, for it may leave on another."""
    ends_on, ends_hour = facts.get("ends_on"), facts.get("ends_hour")
    if not isinstance(ends_on, date) or ends_on < now.date():
        return ""
    if ends_on > now.date():
        return "ahead"
    return "" if isinstance(ends_hour, time) and ends_hour <= now.time() else "today"


def _known_day(policy: Policy, day: object, lang: str) -> str:
    return _day(day if isinstance(day, date) and is_known(policy, day) else None, lang)


def _if_known(policy: Policy, day: object, lang: str) -> str:
    """Return the day in words; '' for none, and for a year without known holidays."""
    return day_words(day, lang) if isinstance(day, date) and is_known(policy, day) else ""


def _sample_mark(_: str) -> str:
    return "v=1"


def _subject(pages: Sequence[Page]) -> str:
    return " / ".join((pages[0].subject, *(page.heading for page in pages[1:])))


def _token_lost(send: Send, heading: Heading) -> str | None:
    if send.token and not heading.subject.startswith(f"[{send.token}]"):
        return "the subject must begin with [{{ token }}]"
    return None


def _place(error: Exception, send: Send) -> str:
    """Return the template's file and line, which jinja2 puts into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else f"{send.lang}/{send.kind}.txt.j2"


def _is_used(name: str) -> bool:
    names = (f"{lang}/{template}.{ext}.j2" for lang in LANGUAGES for template in TEMPLATED for ext in ("txt", "html"))
    return name in (*_SHARED, *(f"{lang}/{ANSWER_DRAFT}.txt.j2" for lang in LANGUAGES)) or name in names


def _samples(recipient: str) -> Iterator[tuple[Send, Promise]]:
    for kind, lang, promised in product(sorted(TEMPLATED), LANGUAGES, _SAMPLE_PROMISES):
        for facts in SAMPLES[kind]:
            yield _sample(kind, lang, facts, recipient), promised


def _sample(kind: MailKind, lang: str, facts: Mapping[str, object], recipient: str) -> Send:
    about_a_case = KINDS[kind].about_case
    return Send(
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
