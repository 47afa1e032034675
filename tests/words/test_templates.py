"""The text of every mail."""

import re
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from oacmail.core.effects import Send
from oacmail.core.kinds import KINDS, OF_THE_DAY, MailKind
from oacmail.core.model import Verb
from oacmail.core.order_words import word_of
from oacmail.core.policy import Office, People, Policy
from oacmail.shipped import shipped
from oacmail.words.dates import councils
from oacmail.words.facts import MAX_TEXT, SAMPLES
from oacmail.words.renderer import OfficeProfile, Renderer
from oacmail.workdays import OfficeCalendar

POLICY = Policy(
    office=Office(address="oac360@castellbisbal.example", name="OAC 360"),
    people=People(supervisor=("cap@castellbisbal.example",), operator=("sistemes@castellbisbal.example",)),
    workdays=OfficeCalendar.read(),
    secrets=(b"secret",),
    instance="test",
)
VOICE = OfficeProfile(
    policy=POLICY,
    council=councils("Castellbisbal"),
    town="Castellbisbal",
    host="mail1",
    phone="900 772 772",
    rights_url="https://seu.castellbisbal.example/drets",
    privacy_url="https://seu.castellbisbal.example/drets/privacitat",
    complaints_form_url="https://seu.castellbisbal.example/queixes",
    online_office_url="https://seu.castellbisbal.example/oficina",
)
RENDERER = Renderer(VOICE)
IN_HOURS = datetime(2026, 11, 27, 9, tzinfo=UTC)
OUT_OF_HOURS = datetime(2026, 11, 28, 21, tzinfo=UTC)
DUE = datetime(2026, 11, 30, 19, tzinfo=UTC)
LANGUAGES = ("ca", "es", "en")


def send(template: str = "ack", lang: str = "ca", **changes: object) -> Send:
    kind = MailKind(template)
    of_case = KINDS[kind].about_case
    mail = Send(
        key=f"{template}:1",
        kind=kind,
        lang=lang,
        recipient="anna@example.org",
        case="OAC-2026-000123" if of_case else None,
        token="OAC-2026-000123-K7Q" if of_case else "",
        automatic="auto-replied" if template == "ack" else "auto-generated",
        received_at=IN_HOURS,
        due_at=DUE,
    )
    return replace(mail, **changes)


def render(
    mail: Send, now: datetime = IN_HOURS, renderer: Renderer = RENDERER, originals: tuple[bytes, ...] = ()
) -> EmailMessage:
    made = renderer.render(mail, "<0f@castellbisbal.example>", lambda _: "v=1; k=ack:1; s=00", now, *originals)
    parsed = message_from_bytes(made.mime, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def shown(mail: EmailMessage) -> str:
    return f"{mail['Subject']}\n\n{body(mail)}"


# --- the words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", [*LANGUAGES, "ca+es", "ca+en"])
@pytest.mark.parametrize("now", [IN_HOURS, OUT_OF_HOURS], ids=["in_hours", "out_of_hours"])
def test_the_acknowledgement(lang: str, now: datetime, snapshot: SnapshotAssertion) -> None:
    assert shown(render(send(lang=lang, received_at=now), now)) == snapshot


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_acknowledgement_of_each_intent(lang: str, snapshot: SnapshotAssertion) -> None:
    of_an_intent = (facts for facts in SAMPLES["ack"] if "road" in facts)
    mails = (shown(render(send(lang=lang, facts={**facts, "first": False}))) for facts in of_an_intent)
    assert "\n=====\n".join(mails) == snapshot


def test_a_call_is_promised_for_no_day_of_a_year_without_a_calendar() -> None:
    facts = {"road": "callback", "phone3": "678", "call_day": date(2044, 1, 4)}
    assert "Us trucarem el següent dia hàbil, de 8 a 20 h" in body(render(send(facts=facts)))


def test_the_complaints_form_is_a_link_that_says_where_it_leads() -> None:
    page = body(render(send(facts={"road": "complaint"})), "html")
    assert '<a href="https://seu.castellbisbal.example/queixes">formulari</a>' in page


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", ["passed_on", "progress"])
def test_the_mails_to_the_citizen_of_a_derived_case(template: str, lang: str, snapshot: SnapshotAssertion) -> None:
    assert "\n=====\n".join(shown(render(send(template, lang, facts=facts))) for facts in SAMPLES[template]) == snapshot


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("template", sorted(SAMPLES.keys() - {"ack", "passed_on", "progress"}))
def test_the_mails_to_staff(template: str, lang: str, snapshot: SnapshotAssertion) -> None:
    assert "\n=====\n".join(shown(render(send(template, lang, facts=facts))) for facts in SAMPLES[template]) == snapshot


@pytest.mark.parametrize(
    "mail", [send(lang="ca+es"), send("digest", facts=SAMPLES["digest"][1])], ids=["ack", "digest"]
)
def test_the_html(mail: Send, snapshot: SnapshotAssertion) -> None:
    assert body(render(mail), "html") == snapshot


def test_the_data_protection_clause_stands_in_the_first_acknowledgement_of_a_case_only() -> None:
    assert "Protecció de dades. Responsable" in body(render(send()))
    assert "Protecció de dades. Responsable" not in body(render(send(facts={"first": False})))


def test_a_promise_that_has_passed_is_renewed_from_the_hour_of_sending() -> None:
    late = datetime(2026, 12, 7, 9, tzinfo=UTC)
    assert "com a molt tard dimecres 9 de desembre." in body(render(send(), late))


def test_a_day_that_ends_at_midnight_is_not_the_next_one() -> None:
    assert "com a molt tard dilluns 30 de novembre." in body(
        render(send(due_at=datetime(2026, 11, 30, 23, tzinfo=UTC)))
    )


def test_without_a_calendar_no_date_is_promised() -> None:
    text = body(render(send(due_at=None), datetime(2031, 5, 6, 9, tzinfo=UTC)))
    assert "Us respondrem com a molt tard el següent dia hàbil." in text


def test_a_language_that_we_do_not_write_is_answered_in_catalan() -> None:
    assert render(send(lang="fr"))["Content-Language"] == "ca"


def test_hours_and_phone_are_the_office_s_own() -> None:
    office = replace(POLICY.office, opens=datetime(2026, 1, 1, 9, 30).time(), name="Oficina")
    voice = replace(VOICE, policy=replace(POLICY, office=office), phone="93 000 00 00")
    mail = render(send(), OUT_OF_HOURS, Renderer(voice))
    assert "Si és urgent: 93 000 00 00 (dies laborables de 9.30 a 20 h)." in body(mail)
    assert "Equip de l'Oficina · Ajuntament de Castellbisbal" in body(mail)
    assert mail["From"] == "Oficina <oac360@castellbisbal.example>"


# --- what a citizen wrote -----------------------------------------------------------------------------

HOSTILE = (
    "</blockquote><script>alert(1)</script>\n| a | b |\n{{ office }}\n"
    "\u202ehttps://evil.example/ www.evil.example\x1b[31m"
)


def test_an_acknowledgement_repeats_nothing_of_the_mail_that_it_answers() -> None:
    facts = {"text": "BUY NOW", "subject": "BUY NOW", "name": "BUY NOW", "greeting": "BUY NOW", "phone": "BUY NOW"}
    mail = render(send(facts=facts))
    assert "BUY" not in mail.as_string() + body(mail) + body(mail, "html")


def test_a_citizen_s_text_reaches_staff_as_text_with_dead_links() -> None:
    mail = render(send("overdue", facts={"text": HOSTILE}))
    assert "> </blockquote><script>alert(1)</script>\n> | a | b |\n> {{ office }}\n" in body(mail)
    assert "> https[://]evil[.]example/ www[.]evil[.]example" in body(mail)
    html = body(mail, "html")
    assert "&lt;/blockquote&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not [bad for bad in ("<script", "\u202e", "\x1b", "https://evil", "<thead") if bad in html]


def test_a_long_text_is_cut_in_the_mail() -> None:
    text = body(render(send("overdue", facts={"text": "a" * (MAX_TEXT + 1)})))
    assert "a" * MAX_TEXT + "\n> […]" in text


def test_the_original_goes_along_and_the_mail_says_so() -> None:
    mail = render(send("overdue"), originals=(b"From: a@example.org\r\n\r\nHola",))
    assert [part.get_content_type() for part in mail.iter_parts()] == ["multipart/alternative", "message/rfc822"]
    assert "Adjuntem el missatge original." in body(mail)
    assert "El missatge original no s'adjunta" in body(render(send("overdue")))


# --- html for everybody -------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.seen if tag == name]


@pytest.mark.parametrize("template", sorted(SAMPLES.keys() - {"report"}))
def test_html_says_its_language_has_a_heading_and_real_tables(template: str) -> None:
    tags = Tags(body(render(send(template, "ca+en", facts=SAMPLES[template][-1])), "html"))
    assert tags.all("html") == [{"lang": "ca"}]
    assert [section["lang"] for section in tags.all("section")] == ["ca", "en"]
    assert len(tags.all("h1")) == 2
    assert tags.all("img") == []
    assert all(cell["scope"] in {"col", "row"} for cell in tags.all("th"))
    assert len(tags.all("th")) > 0 or not tags.all("table")


def test_links_lead_only_to_us_and_say_where() -> None:
    html = body(render(send()), "html")
    links = [VOICE.online_office_url, VOICE.rights_url, VOICE.privacy_url]
    assert [link["href"] for link in Tags(html).all("a")] == links
    assert f'<a href="{VOICE.privacy_url}">protecció de dades</a>' in html


# --- the shipped templates -----------------------------------------------------------------------------


def test_the_shipped_templates_are_sound_and_complete() -> None:
    """As a town's own, each is tried in every branch; two of its files are for no mail."""
    strays = [f"templates: {name}: no mail uses a template" for name in ("catalogue.toml", "report_page.html.j2")]
    found = Renderer(replace(VOICE, overrides=shipped("templates"))).problems()
    assert [problem.partition(" of this name")[0] for problem in found] == strays
    assert RENDERER.problems() == []
    names = {path.relative_to(shipped("templates")).as_posix() for path in shipped("templates").rglob("*.j2")}
    assert names == {
        f"{lang}/{name}.txt.j2"
        for lang in LANGUAGES
        for name in (*SAMPLES, "answer_draft", "solved_answer", "calendar")
    } | {
        "base.html.j2",
        "rows.txt.j2",
        "report.html.j2",
        "report_page.html.j2",
        "report_parts.html.j2",
    }


def draft(lang: str, **facts: object) -> EmailMessage:
    answer = send("draft", lang, automatic="", facts={"subject": "Ajut", **facts})
    made = RENDERER.draft(answer, "<0f@castellbisbal.example>", IN_HOURS)
    parsed = message_from_bytes(made.mime, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_draft_differs_by_topic_and_states_no_address_that_the_town_has_not_given(lang: str) -> None:
    topics = [str(facts["topic"]) for facts in SAMPLES["draft"] if "topic" in facts]
    said = [body(draft(lang, topic=topic)) for topic in topics]
    assert len(set(said)) == len(topics) == 10
    for text in said:
        assert set(re.findall(r"https?://\S+", text)) <= {VOICE.online_office_url}
        assert set(re.findall(r"\d{3} \d{3} \d{3}", text)) == {VOICE.phone}
        assert text.count("[") == text.count("]") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_drafts(lang: str, snapshot: SnapshotAssertion) -> None:
    assert "\n=====\n".join(shown(draft(lang, **facts)) for facts in SAMPLES["draft"]) == snapshot


def test_a_draft_to_a_person_of_unknown_language_is_in_two(tmp_path: Path) -> None:
    text = body(draft("ca+en"))
    assert text.index("Gràcies per escriure'ns") < text.index("Thank you for writing")


@pytest.mark.parametrize(
    ("lang", "name"), [("ca", "Oficina virtual"), ("es", "Oficina virtual"), ("en", "online office")]
)
def test_the_name_before_a_link_is_the_link_itself(lang: str, name: str) -> None:
    page = body(render(send(lang=lang)), "html")
    assert page.count(name) == 1
    assert f'<a href="{VOICE.online_office_url}">{name}</a>' in page
    assert f"{name}: {VOICE.online_office_url}" in body(render(send(lang=lang)))


# --- the envelope of words ----------------------------------------------------------------------------


def test_a_mail_bears_its_marks() -> None:
    mail = render(send(in_reply_to="<a@example.org>", refs=("<z@example.org>", "<a@example.org>")))
    assert mail["In-Reply-To"] == "<a@example.org>"
    assert mail["References"] == "<z@example.org> <a@example.org>"
    assert (mail["X-Oacmail-Case"], mail["X-Oacmail-Kind"]) == ("OAC-2026-000123", "ack")
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Date"] == "Fri, 27 Nov 2026 09:00:00 +0000"
    assert mail["Reply-To"] is None


def test_a_recipient_that_cannot_be_written_to_is_refused() -> None:
    with pytest.raises(ValueError, match="not an address"):
        render(send(recipient="anna@example.org, eva@example.org"))


def test_the_same_send_makes_the_same_bytes() -> None:
    one, other = (Renderer(VOICE).render(send(), "<0f@x>", lambda _: "v=1", IN_HOURS, b"a: b") for _ in range(2))
    assert one == other


_OTHERWISE_TOMORROW = re.compile(
    r"\b(?:avui|demà|ahir|hoy|mañana(?! [(\d])|ayer|today|tomorrow|yesterday)\b(?<!la mañana)(?<!from today)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(frozenset(SAMPLES) - OF_THE_DAY))
def test_what_may_leave_a_day_later_names_each_day(kind: str, lang: str) -> None:
    """The relay may put off any mail, a budget an acknowledgement; only what is dropped in the morning says today."""
    mails = [render(send(kind, lang, facts=facts)) for facts in SAMPLES[kind]]
    texts = [f"{mail['Subject']}\n{body(mail)}" for mail in mails]
    assert [found for text in texts for found in _OTHERWISE_TOMORROW.findall(text)] == []


_PASSES_ON = re.compile(r"#?\b(?:DERIVA|ESCALATE|LEVEL 2|NIVELL? 2|level2|nivell?2|deriva|escalate)\b(?=[:» .,”·]| \w)")


@pytest.mark.parametrize(("lang", "word"), [("ca", "DERIVA"), ("es", "DERIVA"), ("en", "ESCALATE")])
def test_the_order_that_passes_a_case_on_has_one_word_in_each_language(lang: str, word: str) -> None:
    texts = [file.read_text("utf-8") for file in shipped("templates").glob(f"{lang}/*.txt.j2")]
    assert {found for text in texts for found in _PASSES_ON.findall(text)} == {word}
    assert word_of(Verb.SECOND_LEVEL, lang) == f"#{word.lower()}"
