"""A language more: its folder of templates, its column in the catalogue, its name in one line; and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUE, LINE = "templates/catalogue.toml", "oacmail/core/model.py"
_COPIED = ("oacmail", "templates", "migrations")
_RENDERED = """
import oacmail
from pathlib import Path
from oacmail import config
from oacmail.core.model import LANGUAGES
from oacmail.words import labels
from oacmail.words.facts import SAMPLES
from tests.adapters.test_templates import POLICY, RENDERER, render, send, shown
from tests.config.conftest import minimal

assert oacmail.__file__.startswith(str(Path.cwd()))
assert LANGUAGES[-1] == "xx"
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


def _with_a_column(source: str) -> str:
    """A copy of English for each text."""
    column = re.sub(r"^(\S+)\.en = (.*)$", r"\1.en = \2\n\1.xx = \2", source, flags=re.MULTILINE)
    return re.sub(r", en = (.*) }$", r", en = \1, xx = \1 }", column, flags=re.MULTILINE)


def test_a_fourth_language_needs_only_its_templates_its_column_and_one_line(tmp_path: Path) -> None:
    for folder in _COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates/en", tmp_path / "templates/xx")
    catalogue, line = tmp_path / CATALOGUE, tmp_path / LINE
    catalogue.write_text(_with_a_column(catalogue.read_text("utf-8")), "utf-8")
    source = line.read_text("utf-8")
    assert 'LANGUAGES = ("ca", "es", "en")\n' in source
    line.write_text(
        source.replace('LANGUAGES = ("ca", "es", "en")\n', 'LANGUAGES = ("ca", "es", "en", "xx")\n'), "utf-8"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", _RENDERED], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_recipe_of_a_language_names_what_the_test_changes() -> None:
    recipe = re.search(r"^\| a language of our mails \|(.*?)\|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    assert recipe
    assert re.findall(r"`([a-zA-Z/_.<>]+/[a-zA-Z_.<>]*)`", recipe[1]) == ["templates/<language>/", CATALOGUE, LINE]
