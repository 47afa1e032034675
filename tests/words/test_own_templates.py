"""What the town may change in the text of a mail, and what an override cannot break."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest

from oacmail.words import renderer as words_renderer
from oacmail.words.renderer import OutOfBoundsError, Renderer, joined
from tests.words.test_templates import IN_HOURS, RENDERER, VOICE, body, render, send, shown
from tests.work import calls


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
