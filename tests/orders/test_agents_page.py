"""The printed page of the agents (docs/sheet): each order on it, given as it stands there, does what the page says."""

import hashlib
import re
from collections.abc import Callable
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from unicodedata import combining, normalize

import pytest

from oacmail.core.model import Verb
from oacmail.core.order_words import read_list, read_orders
from tests.answers.test_drafts import drafts, with_drafts
from tests.digest.test_digest import digest_of
from tests.orders.test_orders import late_case, quoted, reply, transcripts
from tests.world import AGENT, ANNA, OFFICE, PERE, SUPERVISOR, World

TOWN = Callable[..., World]
FOLDER = Path(__file__).parents[2] / "docs" / "sheet"
LANGUAGES = ("ca", "es", "en")
PAGES = {lang: (FOLDER / f"agents-{lang}.html").read_text("utf-8") for lang in LANGUAGES}
PEOPLE = {"agents": [AGENT, "anna@town.example", "ana@town.example"], "technical": ["tic@town.example"]}
# what the page says that becomes of a case that waits for an answer
BECOMES: dict[Verb, dict[str, object]] = {
    Verb.MINE: {"status": "open", "assignee": "cap"},
    Verb.ASSIGN: {"status": "open"},
    Verb.CALLED: {"status": "answered"},
    Verb.NOT_REACHED: {"status": "open", "answered_at": None},
    Verb.SECOND_LEVEL: {"status": "derived"},
    Verb.CLOSE: {"status": "closed"},
    Verb.SPAM: {"status": "closed"},
    Verb.NOTE: {"status": "open"},
    Verb.REOPEN: {"status": "open"},
    Verb.FIRST_LEVEL: {"status": "open"},
    Verb.HELP: {"status": "open"},
}
MEANS = {Verb.SPAM: Verb.CLOSE}  # `#tanca brossa` closes as spam
BEFORE = {Verb.REOPEN: ("TANCA DUPLICAT", "TRUCAT", "TANCA BROSSA"), Verb.FIRST_LEVEL: ("DERIVA",)}


def said(lang: str, sort: str = "") -> list[str]:
    """The orders of the page, without those of the same words; `sort`: `list`, `new` or `subject`."""
    mark = f' class="{sort}"' if sort else ""
    return list(dict.fromkeys(unescape(one) for one in re.findall(rf"<kbd{mark}>(.+?)</kbd>", PAGES[lang])))


ORDERS = [(lang, order) for lang in LANGUAGES for order in said(lang)]


@pytest.fixture
def late(town: TOWN) -> tuple[World, EmailMessage]:
    world = town(people=PEOPLE)
    return world, late_case(world)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_has_three_rules_and_eight_orders(lang: str) -> None:
    assert PAGES[lang].count("<li>") == 3
    rows = re.findall(r"<tr><td><kbd>", PAGES[lang])
    assert len(rows) == 8


@pytest.mark.parametrize(("lang", "text"), ORDERS)
def test_each_order_is_done_in_reply_to_a_notice(late: tuple[World, EmailMessage], lang: str, text: str) -> None:
    world, notice = late
    (order,) = read_orders(text)
    for before in BEFORE.get(order.verb, ("",)):
        world.clock.forward(minutes=5)  # the same text at the same time is the same mail
        if before:
            reply(world, notice, before)
        told, heard = world.kinds(ANNA), len(transcripts(world))
        reply(world, notice, text + "\n\nMireia Pons\nOAC" + quoted(notice))
        (transcript,) = transcripts(world)[heard:]
        assert "| fet" in transcript
        assert "no fet" not in transcript
        case = world.case()
        assert {name: case[name] for name in BECOMES[order.verb]} == BECOMES[order.verb]
        assert world.kinds(ANNA) == told + ["passed_on"] * (order.verb is Verb.SECOND_LEVEL)
    if order.verb is Verb.ASSIGN:
        assert world.case()["assignee"] == order.argument
        assert world.kinds(f"{order.argument}@town.example").count("assigned") == 1
    if order.verb is Verb.FIRST_LEVEL:
        assert "ja havien rebut l'avís" in transcript
        assert "draft" in world.kinds(SUPERVISOR)
    if order.verb is Verb.NOTE:
        assert world.notes() == [order.argument]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_done_and_not_done_are_called_as_the_office_calls_them(town: TOWN, lang: str) -> None:
    """Agents read the first language of the office, which may be Catalan whatever page they have."""
    for first in {lang, "ca"}:
        world = town(office={"languages": [first, *(other for other in LANGUAGES if other != first)]})
        reply(world, late_case(world), "TRUCAT\n#assigna ningu")
        rows = re.findall(r"\| ([^|:.]+)[^|]*\|$", transcripts(world)[0], re.MULTILINE)[-2:]
        assert len(rows) == 2
        assert all(re.search(f"[«“]{word.strip()}[»”]", PAGES[lang]) for word in rows), rows


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_notice_the_number_in_the_subject_of_a_new_mail_names_the_case(town: TOWN, lang: str) -> None:
    world = town()
    world.citizen_asks(ANNA)
    (subject,) = said(lang, "subject")
    world.staff_says(AGENT, subject.replace("12", "1"), said(lang)[0])
    assert world.case()["assignee"] == "agent"
    assert re.search(r"OAC-\d{4}-000012</span>", PAGES[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_lines_for_the_daily_summary_are_done_in_reply_to_it(town: TOWN, lang: str) -> None:
    called, person = said(lang, "list")
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    asked = world.citizen_asks(ANNA)
    reply(world, digest_of(world), called.replace("12", "1"), sender=AGENT)
    assert world.case()["status"] == "answered"
    world.clock.forward(minutes=5)
    world.citizen_writes(ANNA, "Re: No puc signar la instància", "Moltes gràcies!", answers=asked)
    world.live("2026-11-26 08:30")
    reply(world, digest_of(world), person.replace("12", "1"), sender=AGENT)
    assert world.case()["status"] == "open"
    assert world.kinds(ANNA) == ["ack", "ack"]
    assert [order.verb for order in read_list(f"{called}\n{person}")] == [Verb.CALLED, Verb.PERSON]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_cases_of_a_colleague_who_is_ill_are_taken_and_given_in_reply_to_the_summary(town: TOWN, lang: str) -> None:
    mine, given = said(lang, "ill")
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]}, people={"agents": [AGENT, "marta@town.example"]})
    for citizen in (ANNA, PERE):
        world.citizen_asks(citizen)
        world.staff_says(AGENT, f"cas {len(world.cases())}", "ASSIGNA: marta")
    assert [case["assignee"] for case in world.cases()] == ["marta", "marta"]
    reply(world, digest_of(world), f"{mine.replace('12', '1')}\n{given.replace('15', '2')}", sender=AGENT)
    assert [case["assignee"] for case in world.cases()] == ["agent", "marta"]
    assert "no fet" not in transcripts(world, AGENT)[-1]


@pytest.mark.parametrize(("lang", "text"), ORDERS)
def test_capitals_accents_and_hash_do_not_matter_and_the_colon_does(lang: str, text: str) -> None:
    (order,) = read_orders(text)
    bare = "".join(char for char in normalize("NFD", text.lower()) if not combining(char))
    for written in (text.lower(), text.upper(), bare, f"#{text}", f"#{bare}"):
        (again,) = read_orders(written)
        assert MEANS.get(again.verb, again.verb) is MEANS.get(order.verb, order.verb), written
    if ":" in text:
        assert read_orders(text.replace(":", "")) == ()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_subject_that_it_shows_is_the_one_of_a_notice(town: TOWN, lang: str) -> None:
    world = town(office={"languages": [lang, *(other for other in LANGUAGES if other != lang)]})
    ((number, word),) = re.findall(r"\[(OAC-2026-0000)12-\w{3}\]\s(\w+)…", PAGES[lang])
    assert re.match(rf"\[{number}01-\w{{3}}\] {word}:", str(late_case(world)["Subject"]))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_is_asked_for_in_a_new_mail_to_the_office(world: World, lang: str) -> None:
    (helps,) = [text for text in said(lang) if read_orders(text)[0].verb is Verb.HELP]
    world.staff_says(AGENT, "", helps)
    assert "TANCA DUPLICAT" in transcripts(world, AGENT)[0]


def test_the_text_for_the_person_lies_in_the_drafts_of_the_office_or_comes_by_mail(town: TOWN) -> None:
    for folder in (True, False):
        world = town(people=PEOPLE)
        if folder:
            with_drafts(world)
        notice = late_case(world)
        for order in ("DERIVA: no pot signar", "NIVELL 1"):
            reply(world, notice, order)
            world.clock.forward(minutes=5)
        assert world.kinds(SUPERVISOR).count("draft") == (not folder)
        assert [draft["To"] for draft in (drafts(world) if folder else ())] == [ANNA] * folder


def test_the_second_case_of_the_same_is_closed_and_the_first_still_waits(town: TOWN) -> None:
    world = town(people=PEOPLE)
    for address in (ANNA, "anna@work.example"):
        world.citizen_asks(address)
        world.clock.forward(minutes=5)
    world.staff_says(AGENT, "cas 2", "TANCA DUPLICAT")
    assert [case["status"] for case in world.cases()] == ["open", "closed"]
    assert world.kinds(ANNA) == world.kinds("anna@work.example") == ["ack"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_call_of_somebody_who_has_not_written_is_a_case(world: World, lang: str) -> None:
    (line,) = said(lang, "new")
    world.staff_says(AGENT, "", line)
    assert world.case()["citizen"] == "tel:+34612345678"
    assert "OAC-2026-000001" in transcripts(world, AGENT)[0]


def test_what_it_says_of_mistakes_is_true(late: tuple[World, EmailMessage]) -> None:
    """The order that reached the person is repeated, and the misspelt one mended, in reply to the mail that says so."""
    world, notice = late
    asked = world.citizen_asks(ANNA, "", "I com ho faig amb el mòbil?", answers=world.received(ANNA)[0])
    for wrong in ("MEVVA", "Bon dia, heu de portar el DNI."):
        heard, got = len(transcripts(world)), world.kinds(ANNA)
        reply(world, notice, wrong + quoted(notice))
        assert "no s'ha enviat a la persona" in transcripts(world)[heard]
        assert world.kinds(ANNA) == got
    reply(world, world.received(SUPERVISOR)[-1], "MEVA")
    assert world.case()["assignee"] == "cap"
    world.see_in_sent(world.message(OFFICE, "", "TANCA DUPLICAT", to=ANNA, answers=asked))
    assert world.case()["status"] == "open"
    assert "escriviu-li" in transcripts(world, AGENT)[-1]
    reported = world.received(AGENT)[-1]
    world.see_in_sent(world.message(OFFICE, "", "Bon dia, cal el DNI. Disculpeu.", to=ANNA, answers=asked))
    assert world.case()["status"] == "answered"
    assert world.received(AGENT)[-1] == reported
    reply(world, reported, "TANCA DUPLICAT", sender=AGENT)
    assert world.case()["status"] == "closed"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_is_of_this_source_one_a4_page_and_small(lang: str) -> None:
    """`make sheet` writes it; its title ends with the digest of the sources."""
    printed = (FOLDER / f"agents-{lang}.pdf").read_bytes()
    sources = PAGES[lang].encode() + (FOLDER / "sheet.css").read_bytes()
    assert f"- {hashlib.sha256(sources).hexdigest()[:12]})".encode() in printed
    assert len(re.findall(rb"/Type /Page\b", printed)) == 1
    (width, height), *others = re.findall(rb"/MediaBox \[0 0 (\d+)\S* (\d+)", printed)
    assert (width, height, others) == (b"594", b"841", [])
    assert len(printed) < 100_000
