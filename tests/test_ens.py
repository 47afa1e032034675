"""docs/ens.md names every measure of annex II of RD 311/2022, and only commands, files, keys and codes that exist."""

import re
from collections.abc import Callable
from pathlib import Path

from oacmail import cli
from oacmail.cli.problems import PROBLEMS
from tests.test_docs import KEYS, ROOT, SECTIONS, _verbs
from tests.test_units import UNITS, _deploy

PAGE = (ROOT / "docs" / "ens.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| (?:org|op|mp)\.", line)
]
MEASURES = {
    "org": 4, "op.pl": 5, "op.acc": 6, "op.exp": 10, "op.ext": 4, "op.nub": 1, "op.cont": 4, "op.mon": 3,
    "mp.if": 7, "mp.per": 4, "mp.eq": 4, "mp.com": 4, "mp.si": 5, "mp.sw": 2, "mp.info": 6, "mp.s": 4,
}  # fmt: skip
NOT_REQUIRED = {
    "op.pl.5", "op.acc.3", "op.exp.5", "op.ext.1", "op.ext.2", "op.ext.3", "op.ext.4", "op.cont.1", "op.cont.2",
    "op.cont.3", "op.cont.4", "mp.if.6", "mp.per.1", "mp.eq.2", "mp.com.4", "mp.si.1", "mp.si.2", "mp.sw.1",
    "mp.info.2", "mp.info.4", "mp.s.4",
}  # fmt: skip
CODE = re.findall(r"`([^`]+)`", PAGE)


def test_each_of_the_73_measures_has_one_row_in_the_order_of_the_annex() -> None:
    codes = [f"{family}.{number}" for family, most in MEASURES.items() for number in range(1, most + 1)]
    assert len(codes) == 73
    assert [code for code, *_ in ROWS] == codes


def test_a_row_says_whether_the_measure_is_required_and_whose_it_is() -> None:
    assert {code for code, _, required, *_ in ROWS if required == "n.a."} == NOT_REQUIRED
    for code, name, required, whose, met, town in ROWS:
        assert name, code
        if required == "n.a.":
            assert whose == "—", code
            continue
        assert whose in ("oacmail", "both", "town", "nobody"), code
        assert (met != "—") == (whose in ("oacmail", "both", "nobody")), code
        assert (town != "—") == (whose in ("both", "town")), code


def test_a_measure_that_oacmail_meets_names_what_shows_it() -> None:
    """A command, a key, a file or a page: no claim without it."""
    assert [
        code for code, _, _, whose, met, _ in ROWS if whose in ("oacmail", "both") and not re.search(r"`|\]\(", met)
    ] == []


def test_every_verb_that_is_named_exists_with_its_options() -> None:
    verbs = dict(_verbs(cli.oacmail))
    named = [words.removeprefix("sudo ") for words in CODE if words.removeprefix("sudo ").startswith("oacmail ")]
    assert len(named) > 10
    for words in named:
        verb = re.match(r"oacmail ([a-z-]+(?: [a-z-]+)?)", words)
        assert verb, words
        found = next((name for name in (verb[1], verb[1].split()[0]) if name in verbs), None)
        assert found, words
        assert set(re.findall(r"--[a-z-]+", words)) <= verbs[found], words


def test_every_file_key_problem_and_setting_of_a_unit_that_is_named_exists(tmp_path: Path) -> None:
    _deploy(tmp_path)
    units = {path.name: path.read_text("utf-8") for path in UNITS.glob("*.*")}
    problems = {problem.code for problem in PROBLEMS}
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    kinds: dict[str, Callable[[str], bool]] = {
        r"(/.+)": lambda name: (tmp_path / name[1:]).exists(),
        r"\[(\w+)\]": lambda name: name in SECTIONS,
        r"([a-z]+\.[a-z_]+)": lambda name: tuple(name.split(".")) in KEYS or name in units,
        r"([A-Z]\w+=\S*)": lambda name: name in units["oacmail.service"].splitlines(),
        r"(?:sudo )?(?:systemctl|systemd-analyze|journalctl) .*?([\w-]+(?:\.\w+)?)": lambda name: (
            name in units or f"{name}.service" in units
        ),
        r"(oacmail[\w-]*\.timer)": lambda name: name in units,
        r"make (\w+)": lambda name: name in targets,
        r"([a-z-]+)": lambda name: name in problems or name == "oacmail",  # the service's user
        r"(?:sudo )?(oacmail .+)": lambda name: True,  # as above
    }
    met: set[str] = set()
    for words in CODE:
        found = [(kind, match[1]) for kind in kinds if (match := re.fullmatch(kind, words))]
        assert found, words
        assert any(kinds[kind](name) for kind, name in found), words
        met |= {kind for kind, _ in found}
    assert met == set(kinds)


def test_the_page_names_its_source_with_its_date() -> None:
    assert "BOE-A-2022-7191" in PAGE
    assert "4 May 2022" in PAGE
