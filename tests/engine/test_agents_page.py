"""The printed page of the agents (docs/sheet): each order on it, given as it stands there, does what the page says."""

import hashlib
import re
from collections.abc import Callable
from email.message import EmailMessage
from html import unescape
from pathlib import Path

import pytest

from oacmail.core.routing.orders import Verb, read_list, read_orders
from tests.engine import compose
from tests.engine.compose import OFFICE
from tests.engine.test_digest import digest_of
from tests.engine.test_orders import PASS, late_case, quoted, reply, transcripts
from tests.engine.world import AGENT, ANNA, SUPERVISOR, World

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
    world.citizen_writes(ANNA)
    world.turn()
    (subject,) = said(lang, "subject")
    mail = compose.message(world.clock, AGENT, subject.replace("12", "1"), said(lang)[0])
    world.deliver(mail, verdict=PASS)
    world.turn()
    assert world.case()["assignee"] == "agent"
    assert re.search(r"OAC-\d{4}-000012</span>", PAGES[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_lines_for_the_daily_summary_are_done_in_reply_to_it(town: TOWN, lang: str) -> None:
    called, person = said(lang, "list")
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    asked = world.citizen_writes(ANNA)
    world.turn()
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
def test_a_call_of_somebody_who_has_not_written_is_a_case(world: World, lang: str) -> None:
    (line,) = said(lang, "new")
    world.deliver(compose.message(world.clock, AGENT, "", line), verdict=PASS)
    world.turn()
    assert world.case()["citizen"] == "tel:+34612345678"
    assert "OAC-2026-000001" in transcripts(world, AGENT)[0]


def test_what_it_says_of_mistakes_is_true(late: tuple[World, EmailMessage]) -> None:
    """The order that reached the person is repeated, and the misspelt one mended, in reply to the mail that says so."""
    world, notice = late
    asked = world.citizen_writes(ANNA, "", "I com ho faig amb el mòbil?", answers=world.received(ANNA)[0])
    world.turn()
    for wrong in ("MEVVA", "Bon dia, heu de portar el DNI."):
        heard, got = len(transcripts(world)), world.kinds(ANNA)
        reply(world, notice, wrong + quoted(notice))
        assert "no s'ha enviat a la persona" in transcripts(world)[heard]
        assert world.kinds(ANNA) == got
    reply(world, world.received(SUPERVISOR)[-1], "MEVA")
    assert world.case()["assignee"] == "cap"
    mail = compose.message(world.clock, OFFICE, "", "TANCA DUPLICAT", to=ANNA, answers=asked)
    world.mailbox.append("Sent", compose.as_bytes(mail), world.clock.now(), seen=True)
    world.turn()
    assert world.case()["status"] == "open"
    assert "escriviu-li" in transcripts(world, AGENT)[-1]
    reply(world, world.received(AGENT)[-1], "TANCA DUPLICAT", sender=AGENT)
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
