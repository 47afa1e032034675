"""A second town: every mail of every template bears its own name, telephone and addresses, and none of the first's."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import product, repeat
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from oacmail import config as settings
from oacmail import wiring
from oacmail.core.effects import Send
from oacmail.core.kinds import KINDS, MailKind
from oacmail.words import renderer as words_renderer
from oacmail.words.facts import SAMPLES
from oacmail.words.renderer import OutOfBoundsError, Renderer, joined
from tests.words.test_templates import IN_HOURS, OUT_OF_HOURS, RENDERER, VOICE, body, render, send, shown
from tests.work import calls

TENANT = re.compile(r"castellbisbal|OAC.?360|900.?772.?772|\b772\b", re.IGNORECASE)
OLESA: Mapping[str, Mapping[str, object]] = {
    "office": {
        "address": "atencio@olesademontserrat.cat",
        "state": "state",
        "town": "Olesa de Montserrat",
        "online_office_url": "https://seu.olesademontserrat.cat/",
        "name": "OAC Olesa",
        "languages": ["es", "ca", "en"],
        "phone": "937 780 050",
        "website": "https://www.olesademontserrat.cat/",
        "holidays": "festes.toml",
        "complaints_form_url": "https://www.olesademontserrat.cat/queixes",
        "privacy_url": "https://www.olesademontserrat.cat/privacitat",
        "rights_url": "https://www.olesademontserrat.cat/drets",
        "dpo": "dpd@olesademontserrat.cat",
    },
    "imap": {"host": "imap.olesademontserrat.cat", "user": "atencio"},
    "smtp": {"host": "smtp.olesademontserrat.cat"},
    "people": {"supervisor": "cap@olesademontserrat.cat", "operator": "tic@olesademontserrat.cat"},
}
# Its own fair: the Monday after is no working day there.
FESTES = """
[2026]
provisional = false
sources = { local = "Ple municipal" }
holidays = [{ date = 2026-11-30, scope = "local", ca = "Fira", es = "Feria", en = "Fair" }]
"""


class ShownMail(NamedTuple):
    template: str
    lang: str
    facts: Mapping[str, object]
    parsed: EmailMessage
    words: str  # all that anybody can see


def parsed(folder: Path, **office: object) -> settings.Config:
    (folder / "festes.toml").write_text(FESTES, "utf-8")
    return settings.parse({**OLESA, "office": {**OLESA["office"], **office}}, base=folder)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> settings.Config:
    return parsed(tmp_path_factory.mktemp("olesa"))


@pytest.fixture(scope="module")
def mails(config: settings.Config) -> list[ShownMail]:
    return _mails(config)


_HOURS = (*(("ca", now) for now in (IN_HOURS, OUT_OF_HOURS)), *((lang, IN_HOURS) for lang in ("es", "en", "es+en")))


def _mails(config: settings.Config) -> list[ShownMail]:
    """Every template, in each language and in two, with all the facts that `check` tries it with, open and closed: its
    name, language, mail, and all words that anybody can see."""
    renderer = wiring.renderer(config, wiring.rules(config))
    made = []
    for template, (lang, now) in product(SAMPLES, _HOURS):
        for facts in SAMPLES[template]:
            mail: Send = send(template, lang, facts=facts)
            rendered = renderer.render(
                mail, "<0f@olesademontserrat.cat>", lambda _: "v=1; s=00", now, b"Subject: x\r\n\r\nx"
            )
            assert rendered.fallback == ()
            parsed = message_from_bytes(rendered.mime, policy=default)
            assert isinstance(parsed, EmailMessage)
            made.append(ShownMail(template, lang, facts, parsed, _words(parsed)))
    return made


def _words(mail: EmailMessage) -> str:
    """All that anybody can see: header fields decoded, text, and HTML."""
    fields = [f"{name}: {value}" for name, value in mail.items()]
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    return "\n".join([*fields, *(str(part.get_content()) for part in bodies if part is not None)])


def test_no_mail_of_another_town_bears_a_word_of_the_first(mails: list[ShownMail]) -> None:
    assert {template for template, *_ in mails} == SAMPLES.keys()
    found = {(template, lang, word) for template, lang, _, _, words in mails for word in TENANT.findall(words)}
    assert found == set()


SIGNED = {"ca": "Ajuntament d'Olesa de Montserrat", "es": "Ayuntamiento de Olesa de Montserrat"}
SIGNED |= {"en": "Olesa de Montserrat town hall"}


def test_every_mail_to_a_citizen_is_signed_by_its_own_council_with_its_own_telephone(
    mails: list[ShownMail],
) -> None:
    told = {"ack", "passed_on", "progress", "warned", "not_reached"}
    for template, lang, facts, mail, seen in mails:
        assert mail["From"] == "OAC Olesa <atencio@olesademontserrat.cat>"
        assert KINDS[MailKind(template)].about_case == str(mail["Subject"]).startswith("[OAC-2026-000123-K7Q]")
        if template in told:
            words = seen.replace("\xa0", " ")
            phone = [] if facts.get("road") == "data_rights" else ["937 780 050"]  # nothing there is urgent
            wanted = [name for code in lang.split("+") for name in (SIGNED[code], *phone)]
            assert [name for name in wanted if name not in words] == []


def test_its_own_holiday_moves_the_day_that_it_promises(config: settings.Config) -> None:
    renderer = wiring.renderer(config, wiring.rules(config))
    made = renderer.render(send(lang="ca", due_at=None), "<0f@x>", lambda _: "v=1; s=00", OUT_OF_HOURS)
    text = message_from_bytes(made.mime, policy=default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "1 de desembre" in text
    assert "30 de novembre" not in text


def test_where_things_are_filed_stands_in_every_acknowledgement_that_speaks_of_a_term(mails: list[ShownMail]) -> None:
    """In the first one of each question, and where the person names a term of their own."""
    acks = [mail for mail in mails if mail.template == "ack" and "road" not in mail.facts]
    speak = [mail.facts.get("first", True) or "ends_on" in mail.facts for mail in acks]
    assert set(speak) == {True, False}
    assert ["https://seu.olesademontserrat.cat/" in mail.words for mail in acks] == speak


@pytest.mark.parametrize(
    ("town", "ca", "es", "en"),
    [
        ("Olesa de Montserrat", "Ajuntament d'Olesa de Montserrat", "Ayuntamiento de Olesa de Montserrat", ""),
        ("Ullastrell", "Ajuntament d'Ullastrell", "Ayuntamiento de Ullastrell", "Ullastrell town hall"),
        ("Òdena", "Ajuntament d'Òdena", "Ayuntamiento de Òdena", "Òdena town hall"),
        ("Hostalric", "Ajuntament d'Hostalric", "Ayuntamiento de Hostalric", "Hostalric town hall"),
        ("Rubí", "Ajuntament de Rubí", "Ayuntamiento de Rubí", "Rubí town hall"),
        ("el Papiol", "Ajuntament del Papiol", "Ayuntamiento de El Papiol", "El Papiol town hall"),
        ("els Hostalets", "Ajuntament dels Hostalets", "Ayuntamiento de Els Hostalets", ""),
        ("la Garriga", "Ajuntament de la Garriga", "Ayuntamiento de La Garriga", "La Garriga town hall"),
        ("L'Hospitalet", "Ajuntament de l'Hospitalet", "Ayuntamiento de L'Hospitalet", "L'Hospitalet town hall"),
        ("les Franqueses", "Ajuntament de les Franqueses", "Ayuntamiento de Les Franqueses", ""),
    ],
)
def test_how_a_council_is_called_follows_from_its_town(tmp_path: Path, town: str, ca: str, es: str, en: str) -> None:
    config = parsed(tmp_path, town=town)
    names = wiring.office_profile(config, wiring.rules(config)).council
    assert (names["ca"], names["es"]) == (ca, es)
    assert names["en"] == (en or f"{town[0].upper()}{town[1:]} town hall")


def test_a_council_may_name_itself_in_each_language(tmp_path: Path) -> None:
    own = {"ca": "Consell Municipal", "es": "Concejo"}
    config = parsed(tmp_path, council=own)
    names = wiring.office_profile(config, wiring.rules(config)).council
    assert dict(names) == {"ca": "Consell Municipal", "es": "Concejo", "en": "Olesa de Montserrat town hall"}


# What the town may change in the text of a mail, and what an override cannot break.


def with_overrides(tmp_path: Path, **files: str) -> Renderer:
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_html", ".html.j2").replace("_txt", ".txt.j2")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return Renderer(replace(VOICE, overrides=tmp_path))


SOUND = "Subject: [{{ token }}] Rebut\n\nRespondrem {{ due_day }}."


def test_a_start_compiles_no_template_again_that_has_not_changed(tmp_path: Path) -> None:
    """A compiled template costs tens of thousands of calls."""
    first, again = (calls(lambda: render(send(), renderer=with_overrides(tmp_path, ca__ack_txt=SOUND))) for _ in "ab")
    assert again <= first
    assert again < 20_000
    changed = render(send(), renderer=with_overrides(tmp_path, ca__ack_txt=SOUND.replace("Rebut", "Arribat")))
    assert "Arribat" in str(changed["Subject"])


def test_the_town_s_own_template_is_used(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, ca__ack_txt=SOUND)
    mail = render(send(), renderer=renderer)
    assert shown(mail) == "[OAC-2026-000123-K7Q] Rebut\n\nRespondrem dilluns 30 de novembre."
    assert "<p>Respondrem <strong>dilluns 30 de novembre</strong>.</p>" in body(mail, "html")
    assert renderer.problems() == []


def test_the_town_s_own_page_is_used_for_one_mail(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, ca__ack_html="<html lang=ca><h1>{{ sections[0].heading }}</h1></html>")
    assert (
        body(render(send(), renderer=renderer), "html") == "<html lang=ca><h1>Hem rebut la vostra consulta</h1></html>"
    )
    assert "<!doctype html>" in body(render(send(lang="es"), renderer=renderer), "html")


BROKEN = {
    "syntax": "Subject: [{{ token }}] x\n\n{% if %}",
    "unknown name": "Subject: [{{ token }}] x\n\n{{ text }}",
    "unknown filter": "Subject: [{{ token }}] x\n\n{{ case | shout }}",
    "missing include": 'Subject: [{{ token }}] x\n\n{% include "none.txt.j2" %}',
    "exception": "Subject: [{{ token }}] x\n\n{{ 1 / 0 }}",
    "sandbox": "Subject: [{{ token }}] x\n\n{{ token.__class__.__mro__ }}",
    "no subject": "Hem rebut el vostre missatge",
    "no text": "Subject: [{{ token }}] x\n\n",
    "no token": "Subject: Hem rebut\n\nBon dia",
    "endless": "Subject: [{{ token }}] x\n\n{% for n in range(10 ** 9) %}x{% endfor %}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_override_is_passed_over_reported_and_found_by_check(tmp_path: Path, text: str) -> None:
    renderer = with_overrides(tmp_path, ca__ack_txt=text)
    made = renderer.render(send(), "<0f@castellbisbal.example>", lambda _: "v=1", IN_HOURS)
    assert made.fallback == ("ca/ack.txt.j2",)
    assert made.mime == RENDERER.render(send(), "<0f@castellbisbal.example>", lambda _: "v=1", IN_HOURS).mime
    assert any("ca/ack" in problem for problem in renderer.problems())


def test_an_override_that_is_not_utf_8_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "ack.txt.j2").write_bytes("Subject: [{{ token }}] à\n\nadéu".encode("latin-1"))
    assert "Hem rebut" in render(send(), renderer=Renderer(replace(VOICE, overrides=tmp_path)))["Subject"]


def test_check_names_the_file_and_the_line(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, base_html="<html>\n{{ nothing }}")
    assert renderer.problems() == [
        f"templates: {tmp_path}/base.html.j2, line 2: UndefinedError: 'nothing' is undefined: "
        "fix or remove it; until then the shipped one is used"
    ]


def test_a_broken_page_is_passed_over_too(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, base_html="{{ nothing }}")
    made = renderer.render(send(lang="es"), "<0f@castellbisbal.example>", lambda _: "v=1", IN_HOURS)
    assert made.fallback == ("base.html.j2",)


def test_an_override_breaks_no_other_mail(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, ca__ack_txt=BROKEN["syntax"])
    assert renderer.render(send(lang="es"), "<0f@x>", lambda _: "v=1", IN_HOURS).fallback == ()


def test_a_misspelt_override_is_found_by_check(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, ca__akc_txt=SOUND)
    assert renderer.problems() == ["templates: ca/akc.txt.j2: no mail uses a template of this name: correct the name"]


def test_a_broken_override_of_a_draft_is_passed_over(tmp_path: Path) -> None:
    renderer = with_overrides(tmp_path, ca__answer_draft_txt="{{ nothing }}")
    answer = send("draft", automatic="", facts={"subject": "Ajut"})
    made = renderer.draft(answer, "<0f@castellbisbal.example>", IN_HOURS)
    assert made.fallback == ("ca/answer_draft.txt.j2",)
    assert any("ca/answer_draft" in problem for problem in renderer.problems())


ENDLESS = {
    "with output": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "without output": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "one large text": "{{ 'x' * 999999999999 }}",
    "one large number": "{{ 9 ** 99999999 }}",
    "itself": "{% include 'ca/ack.txt.j2' %}",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_town_template_without_an_end_is_named_and_the_shipped_one_is_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_renderer, "SECONDS", 0.2)
    (tmp_path / "ca").mkdir()
    template = tmp_path / "ca" / "ack.txt.j2"
    template.write_text("Subject: [{{ token }}] Rebut\n\n" + ENDLESS[name], "utf-8")
    renderer = Renderer(replace(VOICE, overrides=tmp_path))
    mail = render(send(), renderer=renderer)
    assert "Hem rebut la vostra consulta" in str(mail["Subject"])
    for _ in range(20):
        render(send(), renderer=renderer)
    (problem,) = Renderer(replace(VOICE, overrides=tmp_path)).problems()
    assert "ca/ack.txt.j2" in problem


def test_a_template_that_includes_itself_ends_before_its_nest_is_too_deep_to_be_closed(tmp_path: Path) -> None:
    """Whatever its time is: an exception above a deep nest leaves it to the collector, which cannot close it."""
    (problem,) = with_overrides(tmp_path, ca__ack_txt=SOUND + ENDLESS["itself"]).problems()
    assert "it includes more than 200 templates: look for one that includes itself" in problem


# Which templates are ended: those that work too long, not those that a busy machine keeps waiting.


def _pieces_between_which_another_program_runs() -> Iterator[str]:
    for piece in ("Bon ", "dia"):
        subprocess.run([sys.executable, "-c", "import asyncio, unittest.mock"], check=True)
        yield piece


def test_what_waits_for_the_machine_is_not_ended() -> None:
    assert joined(_pieces_between_which_another_program_runs(), seconds=0.1) == "Bon dia"


def test_what_works_too_long_is_ended() -> None:
    with pytest.raises(OutOfBoundsError):
        joined((piece for piece in repeat("")), seconds=0.05)


def test_a_template_that_made_too_much_is_closed_at_once_and_not_in_the_time_of_another() -> None:
    """Else the collector closes it while another template is timed, and it ends with that one's error."""
    closed: list[object] = []

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "x" * 10_000
        finally:
            closed.append(sys.gettrace())

    pieces = endless()
    with pytest.raises(OutOfBoundsError):
        joined(pieces)
    assert closed == [sys.gettrace()]
