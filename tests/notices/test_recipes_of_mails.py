"""Two recipes of CONTRIBUTING.md, carried out on a copy of the program: a fourth language, and a new kind of mail to a
citizen that is sent at a moment. What the recipe does not name is not changed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUE, MODEL, KINDS = "templates/catalogue.toml", "oacmail/core/model.py", "oacmail/core/kinds.py"
SUBJECT, TICK = "oacmail/core/survey.py", "oacmail/core/decide.py"
Change = Callable[[str, str, str], None]
"""In a file, of these words, into those."""


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Change a copy of the program."""
    for folder in ("oacmail", "templates", "migrations"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))

    def changed(file: str, old: str, new: str) -> None:
        source = (tmp_path / file).read_text("utf-8")
        assert re.search(old, source, re.MULTILINE)
        (tmp_path / file).write_text(re.sub(old, new, source, flags=re.MULTILINE), "utf-8")

    return changed


def run(folder: Path, program: str) -> None:
    """Run these lines with the changed program; the tests and the testbed are ours."""
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    lines = f"import oacmail\nassert oacmail.__file__.startswith({str(folder)!r})\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def files_of(name: str) -> list[str]:
    """The files that a recipe names."""
    recipe = re.search(rf"^\| {name} \|(.*?)\| `tests", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    assert recipe
    return re.findall(r"`((?:oacmail|templates)/[\w/.<>]*)`", recipe[1])


def test_a_fourth_language_needs_only_its_templates_its_column_and_one_line(tmp_path: Path, change: Change) -> None:
    shutil.copytree(ROOT / "templates/en", tmp_path / "templates/xx")
    change(CATALOGUE, r"^(\S+)\.en = (.*)$", r"\1.en = \2\n\1.xx = \2")
    change(CATALOGUE, r", en = (.*) }$", r", en = \1, xx = \1 }")
    change(MODEL, r'^LANGUAGES = \("ca", "es", "en"\)$', 'LANGUAGES = ("ca", "es", "en", "xx")')
    assert files_of("a language of our mails") == ["templates/<language>/", CATALOGUE, MODEL]
    run(tmp_path, IN_XX)


IN_XX = """
from pathlib import Path
from oacmail import config
from oacmail.words import labels
from oacmail.words.facts import SAMPLES
from tests.words.test_templates import RENDERER, render, send, shown
from tests.config.conftest import minimal

assert RENDERER.problems() == []
for kind, samples in SAMPLES.items():
    for facts in samples:
        mail, english = (render(send(kind, lang, facts=facts)) for lang in ("xx", "en"))
        assert mail["Content-Language"] == "xx"
        assert shown(mail) == shown(english)
for name in labels._sections():
    assert labels.phrases(name, "xx") == labels.phrases(name, "en")
Path("town.toml").write_text(minimal(office='languages = ["xx"]\\ncouncil = { xx = "Council" }'))
assert config.load(Path("town.toml")).office.languages == ("xx",)
"""


def test_a_mail_to_a_citizen_at_a_moment_needs_its_row_its_rule_one_call_and_its_texts(
    tmp_path: Path, change: Change
) -> None:
    """It leaves beside the survey, and says how long the person had to wait."""
    change(KINDS, r'^    PROGRESS = "progress"$', r'    PROGRESS = "progress"\n    REGARDS = "regards"')
    row = '    _to_citizen(MailKind.REGARDS, if_undelivered=IfUndelivered.AS_OTHER, facts={"days": 0}),'
    change(KINDS, r"^_ROWS = \($", rf"_ROWS = (\n{row}")
    change(SUBJECT, r"\Z", RULE)
    call = "*survey.regards(policy, due.ready(survey.SURVEY, now), now),"
    change(TICK, r"^(\s+)(\*survey\.surveys\()", rf"\1{call}\n\1\2")
    change(
        CATALOGUE, r"^\[export_mail\]$", '[export_mail]\nregards = { ca = "records", es = "saludos", en = "regards" }'
    )
    for lang in ("ca", "es", "en"):
        text = "Subject: [{{ token }}] Regards\n\n{{ days }} days, {{ council }}."
        (tmp_path / "templates" / lang / "regards.txt.j2").write_text(text, "utf-8")
    named = [KINDS, "oacmail/core/", TICK, "templates/<language>/", CATALOGUE, "oacmail/words/facts.py"]
    assert files_of("a mail to a citizen at a moment") == named
    run(tmp_path, SENT)


RULE = """

def regards(policy: Policy, reached: Sequence[tuple[CaseView, Deadline]], now: datetime) -> list[Effect]:
    def waited(case: CaseView) -> int:
        assert case.opened_at
        return (now - case.opened_at).days

    return [
        notice(policy, case, MailKind.REGARDS, key=f"regards:{case.number}", facts={"days": waited(case)}, now=now)
        for case, _ in reached
    ]
"""
SENT = """
from pathlib import Path
from tests.words.test_templates import RENDERER
from tests.world import ANNA, World, text_of

assert RENDERER.problems() == []
world = World(Path("town"), survey={"enabled": True})
question = world.citizen_writes(ANNA)
world.turn()
world.agent_answers(question)
world.turn()
world.live("2026-12-11 09:00", minutes=240)
(mail,) = world.received(ANNA, "regards")
assert text_of(mail).strip() == "16 days, Ajuntament de Castellbisbal."
world.stop()
"""
