"""What an admin can read is complete: every key and every verb is documented, with the defaults that hold."""

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import click
import pytest

from oacmail import __version__, cli
from oacmail.advice import ADVICE
from oacmail.cli.problems import PROBLEMS
from oacmail.config import Config
from tests.config.conftest import keys_of

ROOT = Path(__file__).parent.parent


SECTIONS = {name: keys_of(field.annotation) for name, field in Config.model_fields.items()}
KEYS = [(section, key) for section, keys in SECTIONS.items() for key in keys]


def _toml(value: object) -> str:
    """A default as it would stand in the file."""
    match value:
        case bool():
            return str(value).lower()
        case time():
            return f'"{value:%H:%M}"'
        case str():
            return '"' + value.replace("\\", "\\\\") + '"'
        case tuple() | list():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case _:
            return str(value)


def _default(default: object) -> str:
    if default is ...:
        return "required"
    return "not set" if default in (None, "") else f"`{_toml(default)}`"


def _section(text: str, name: str) -> str:
    """The part of the page or of the file below the heading of a section, without comment marks."""
    plain = re.sub(r"^# ?(?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    found = re.search(rf"^(?:## )?\[+{name}\]+\n(.*?)(?=^(?:## )?\[|^## |\Z)", plain, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_is_explained_with_its_default(section: str, key: str) -> None:
    default = _default(SECTIONS[section][key]).replace("`5000000`", '`"5 MB"`')
    rows = _section((ROOT / "docs" / "config.md").read_text("utf-8"), section)
    assert f"| `{key}` | {default} |" in rows


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_the_shipped_file_shows_every_key(section: str, key: str) -> None:
    assert re.search(rf"^{key} = ", _section((ROOT / "config.toml").read_text("utf-8"), section), re.MULTILINE)


def test_no_key_is_explained_that_does_not_exist() -> None:
    page = (ROOT / "docs" / "config.md").read_text("utf-8")
    explained = {
        (name, key)
        for name in re.findall(r"^## \[+(\w+)\]+$", page, re.MULTILINE)
        for key in re.findall(r"^\| `(\w+)` \|", _section(page, name), re.MULTILINE)
    }
    assert explained == set(KEYS)


def _verbs(group: click.Group, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """(`status`, `case show` …, its long options) of every verb below a click group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _verbs(command, f"{path}{name} ")
        elif command is not None:
            yield path + name, {option for one in command.params for option in one.opts if option.startswith("--")}


@pytest.mark.parametrize(("verb", "options"), [*_verbs(cli.oacmail)])
def test_every_verb_is_documented_with_its_options(verb: str, options: set[str]) -> None:
    """`--json` is explained once, above the table."""
    page = (ROOT / "docs" / "everyday.md").read_text("utf-8")
    rows = re.findall(rf"^\|.*`(?:oacmail )?{verb}\b.*$", page, re.MULTILINE)
    assert rows
    assert {option for option in options - {"--json"} if not any(option in row for row in rows)} == set()


def test_every_verb_is_promised_to_scripts() -> None:
    page = (ROOT / "docs" / "interfaces.md").read_text("utf-8")
    section = page.partition("\n## 2. ")[2].partition("\n## 3. ")[0]
    words = {word for verb, _ in _verbs(cli.oacmail) for word in verb.split()}
    assert {word for word in words if not re.search(rf"`{word}\b", section)} == set()


def _runbook(heading: str) -> str:
    page = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _without_section(names: set[str], heading: str) -> tuple[set[str], set[str]]:
    """The names without a section below the heading that says what to do, and the sections of no name."""
    written = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", _runbook(heading), re.DOTALL | re.MULTILINE))
    useful = {name for name, text in written.items() if re.search(r"\b(?:Do:|do:|Nothing to do)", text)}
    return names - useful, set(written) - names


def test_every_alert_has_a_section_of_the_runbook() -> None:
    rules = (ROOT / "systemd" / "prometheus-alerts.yml").read_text("utf-8")
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    assert alerts
    assert _without_section(alerts, "1. Alerts of Prometheus") == (set(), set())


def test_every_problem_has_a_section_of_the_runbook() -> None:
    codes = {problem.code for problem in PROBLEMS}
    assert _without_section(codes, "2. Problems of `status`") == (set(), set())


def test_the_runbook_has_the_problems_in_the_order_of_the_program_and_says_which_are_warnings() -> None:
    written = re.findall(r"^### (\S+)\n+(A warning\b)?", _runbook("2. Problems of `status`"), re.MULTILINE)
    assert [(code, bool(warning)) for code, warning in written] == [(one.code, one.warning) for one in PROBLEMS]


def test_the_copy_before_an_upgrade_has_the_name_that_its_page_says() -> None:
    newest = re.findall(r"^def (m\d{4})_", (ROOT / "migrations" / "migrations.py").read_text("utf-8"), re.MULTILINE)[-1]
    assert {*re.findall(r"before-(m\d{4})", (ROOT / "docs" / "upgrade.md").read_text("utf-8"))} == {newest}


def test_every_warning_and_error_of_the_log_has_a_line_of_its_page() -> None:
    """tests/operation/test_log.py compares ADVICE with what the code logs."""
    page = (ROOT / "docs" / "log.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([\w.-]+)` \|", page, re.MULTILINE)) == set(ADVICE)


def test_every_page_is_in_the_contents_of_the_site() -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    contents = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = [
        line
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```", contents, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    assert {line for line in listed if re.fullmatch(r"[\w-]+", line)} == pages - {"index"}


def test_the_changelog_tells_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_readme_is_one_screen_and_begins_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme.index("make demo") < readme.index("make test") < readme.index("## ")
    assert len(readme.splitlines()) <= 50


def _rows(page: str, heading: str) -> list[list[str]]:
    """The cells of each row of the first table below a heading."""
    section = (ROOT / page).read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return lines[2:]


def test_no_page_has_more_than_400_lines() -> None:
    lengths = {page.name: len(page.read_text("utf-8").splitlines()) for page in (ROOT / "docs").glob("*.md")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_who_changes_something_is_told_in_one_line_what_to_open() -> None:
    rows = _rows("CONTRIBUTING.md", "Where things are")
    assert len(rows) == 10
    for _, files in rows:
        named = re.findall(r"`([\w/.]+)`", files)
        assert named
        assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda page: page.name)
def test_every_link_inside_the_documents_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_test_that_a_page_names_exists() -> None:
    pages = "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))
    named = set(re.findall(r"`(test_\w+)`", pages))
    written = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert not {name for name in named if not re.search(rf"def {name}\(", written)}


# --- what a page shows ---------------------------------------------------------------------------------------

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
_CODE = re.compile(r"^(?: {4}|\t)(?P<block>.+)$|`(?P<span>[^`]+)`", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|sudo |[;&] ?|bin/)oacmail (?=--|[a-z])(?P<words>[^;&#`]*?)(?=$|[;&#]|\s{3,})")


def _commands(page: str) -> Iterator[list[str]]:
    """The words behind `oacmail` of each command that the page shows, in a block or in a line."""
    spans = re.sub(r"`([^`\n]+)\n([^`\n]+)`", r"`\1 \2`", page)  # a span over the end of a line
    for code in _CODE.finditer(spans):
        for found in _COMMAND.finditer(code["block"] or code["span"]):
            words = (word.strip("[].,:()'\\") for word in re.split(r"[\s|]+", found["words"]))
            yield [option for word in words if word for option in (word.split("/") if word[0] == "-" else [word])]


def _unknown(words: list[str]) -> list[str]:
    """The verb, or the options, that the program does not have; `--town` is of the command that is installed."""
    command: click.Command = cli.oacmail
    options = {"--help", "--town"} | {option for one in command.params for option in one.opts}
    rest = iter(words)
    for word in rest:
        if not isinstance(command, click.Group) or word.isupper() or word == "…":
            break
        if word in ("--config", "--town"):
            next(rest, None)
        elif not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return [word]
            command = found
            options |= {option for one in command.params for option in one.opts}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_that_a_page_shows_is_one_of_the_program(page: Path) -> None:
    found = [*_commands(page.read_text("utf-8"))]
    assert {" ".join(words): unknown for words in found if (unknown := _unknown(words))} == {}


def test_a_command_that_the_program_does_not_have_is_found() -> None:
    shown = "Run `sudo oacmail --town vila backup --keap 3 FOLDER`, then\n\n    sudo oacmail outbox lisst   # why\n"
    assert [_unknown(words) for words in _commands(shown)] == [["--keap"], ["lisst"]]


def test_each_target_of_make_that_a_page_shows_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = (found[0] for page in PAGES for found in _CODE.finditer(page.read_text("utf-8")))
    named = {name for text in code for name in re.findall(r"(?:^|[\s`;&])make ([a-z-]+)(?=$|[\s`;&])", text)}
    assert len(named) > 20
    assert named <= targets


# --- what code and pages point to --------------------------------------------------------------------------

FOLDERS = ("oacmail", "tests", "bench", "docs", "migrations", "systemd", "templates")
WRITTEN = {
    path: re.sub(r"\n[ #]*", " ", path.read_text("utf-8"))  # a pointer may be broken over two lines of a comment
    for path in (
        *ROOT.glob("*.md"),
        *(path for folder in FOLDERS for end in ("py", "md", "j2") for path in (ROOT / folder).rglob(f"*.{end}")),
    )
}


def _pointers(pattern: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(file, groups) of each place where the pattern is found in code or documents."""
    for path, text in WRITTEN.items():
        for found in re.finditer(pattern, text):
            yield str(path.relative_to(ROOT)), found.groups()


def _headings(page: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)


def _first_cells() -> set[str]:
    page = (ROOT / "docs" / "requirements.md").read_text("utf-8")
    return set(re.findall(r"^\| ([A-Z]\d*) \|", page, re.MULTILINE))


def test_all_rules_indicators_and_templates_are_listed() -> None:
    rules = {f"R{number}" for number in range(1, 35)}
    indicators = {f"I{number}" for number in range(1, 15)}
    assert _first_cells() == rules | indicators | set("ABCDEFGHIJKLMNO")


def test_every_rule_and_template_that_is_named_is_listed() -> None:
    named = [*_pointers(r"\b(R[1-9]\d?)\b"), *_pointers(r"\btemplate ([A-Z])\b")]
    assert len(named) > 100
    assert [(file, name) for file, (name,) in named if name not in _first_cells()] == []


def test_every_page_that_is_named_exists() -> None:
    named = [*_pointers(r"(?<![\w/<>{}*-])((?:[\w.-]+/)*[\w-]+\.md)\b(?!\w)")]
    assert [
        (file, name)
        for file, (name,) in named
        if not any((folder / name).exists() for folder in (ROOT, ROOT / "docs", (ROOT / file).parent))
    ] == []


def test_every_section_that_is_named_exists() -> None:
    by_number = list(_pointers(r"\b(\w+\.md)\)?,? sections? (\d+)"))
    by_name = list(_pointers(r'\b(\w+\.md)\)?, "([^"]+)"'))
    assert len(by_number) + len(by_name) > 40
    lost = [one for one in by_number if not any(head.startswith(f"{one[1][1]}. ") for head in _of(one[1][0]))]
    assert lost + [one for one in by_name if one[1][1] not in _of(one[1][0])] == []


def _of(page: str) -> list[str]:
    return _headings(page if (ROOT / page).exists() else f"docs/{page}")


def test_every_module_that_is_named_exists() -> None:
    named = list(_pointers(r"(?<![\w./…<{*-])((?:[a-z_]+/)+\w+\.(?:py|json|jsonl|j2))\b"))
    assert len(named) > 40
    roots = (ROOT, ROOT / "oacmail")
    assert [(file, name) for file, (name,) in named if not any((root / name).exists() for root in roots)] == []


# --- the layers --------------------------------------------------------------------------------------------


def _levels(contract: str) -> list[set[str]]:
    """The names of each level of a contract of import-linter, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["name"] == contract]
    return [set(re.findall(r"\w+", level)) for level in layers]


@pytest.mark.parametrize(("place", "contract"), [(0, "layers"), (1, "floors of core")])
def test_the_layers_are_drawn_as_they_are_enforced_and_each_module_has_a_row(place: int, contract: str) -> None:
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    section = page.partition("\n## Layers\n")[2].partition("\n## ")[0]
    drawing = re.findall(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[place]
    drawn = [set(re.findall(r"\w+", line.partition("  ")[0])) for line in drawing.splitlines() if "\u2193" not in line]
    assert drawn == _levels(contract)
    table = section.split("```\n")[2 * place + 2].partition("\nThe testbed")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set.union(*drawn)


# --- the paths through the code ----------------------------------------------------------------------------

PATHS = {
    "From arrival to acknowledgement": 45,
    "From an answer in Sent to the deadline that it meets": 32,
    "From a tick to an escalation": 20,
    "From an order by mail to its transcript": 46,
}
"""Headings of docs/design.md, each with the most functions that its list may name."""


def _path(heading: str) -> list[tuple[str, str, str]]:
    """(number, file, function) of each line of a list."""
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    section = page.partition(f"### {heading}\n")[2].partition("\n#")[0]
    return re.findall(r"^(\d+)\. `([\w/]+\.py):([\w.]+)`", section, re.MULTILINE)


def _functions(path: Path) -> set[str]:
    """`name` of each function and `Class.name` of each method of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    owners: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    owners += [(f"{node.name}.", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    return {owner + node.name for owner, body in owners for node in body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("heading", PATHS)
def test_a_path_through_the_code_is_short_and_names_functions_that_exist(heading: str) -> None:
    path = _path(heading)
    assert [int(number) for number, *_ in path] == list(range(1, len(path) + 1))
    assert 10 < len(path) <= PATHS[heading]
    assert [f"{file}:{name}" for _, file, name in path if name not in _functions(ROOT / "oacmail" / file)] == []
