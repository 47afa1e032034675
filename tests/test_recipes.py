"""The recipes of CONTRIBUTING.md are true: the files and tests that they name exist, and what no other test misses."""

import re
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

from oacmail.core.board import Standing, belongs
from oacmail.core.decide import decide
from oacmail.core.effects import Decision, Effect, RecordMessage, Tick, UpdateCase
from oacmail.core.model import DeadlineKind, Outcome, Status
from oacmail.core.view import CaseColumns, DueView, TickView
from oacmail.store.apply import WRITERS
from oacmail.store.connection import as_view
from oacmail.store.store import SqliteStore
from oacmail.words.labels import group
from tests.cases.builders import NOW, POLICY, case, deadline

ROOT = Path(__file__).parent.parent


def _recipes() -> list[list[str]]:
    """The cells of each row: what to add, its files, its test."""
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("\n## Recipes\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert rows[0] == ["to add", "files", "test"]
    return rows[2:]


def _files(cell: str) -> list[str]:
    return re.findall(r"`((?:[\w.*-]+/)+[\w.*-]*|[\w-]+\.toml)`", cell)


@pytest.mark.parametrize("recipe", _recipes(), ids=lambda recipe: recipe[0])
def test_a_recipe_names_files_and_a_test_that_exist(recipe: list[str]) -> None:
    _, files, test = recipe
    assert _files(files)
    assert test.startswith("none: ") or any(name.startswith("tests/") for name in _files(test))
    named = (*_files(files), *_files(test))
    assert [name for name in named if not any(ROOT.glob(name)) and not any((ROOT / "oacmail").glob(name))] == []


@pytest.mark.parametrize("kind", ["remark", "away", "answers_elsewhere", "progress"])
def test_the_recipe_of_a_kind_of_mail_names_each_file_that_names_one(kind: str) -> None:
    """But for the module of its subject, which is the only one."""
    (recipe,) = [row for row in _recipes() if row[0] == "a kind of mail"]
    name = re.compile(rf"\bMailKind\.{kind.upper()}\b|^    {kind.upper()} = |^    \"{kind}\":", re.MULTILINE)
    naming = {
        str(path.relative_to(ROOT)) for path in ROOT.glob("oacmail/**/*.py") if name.search(path.read_text("utf-8"))
    }
    assert len(naming - {*_files(recipe[1])}) <= 1
    assert {"oacmail/core/kinds.py"} <= naming


def test_all_that_a_decision_writes_has_a_function_that_writes_it() -> None:
    assert {*get_args(Effect), RecordMessage} == set(WRITERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WeatherView:
    rained_on: date | None = None
    dried_at: datetime | None = None


def test_a_column_of_a_case_is_written_and_read_by_its_name_and_type(tmp_path: Path) -> None:
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    with closing(SqliteStore(tmp_path)) as store:
        store.con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
        store.con.execute(
            """INSERT INTO cases(number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
            subject_key, opened_at, touched_at)
            VALUES('OAC-2026-000001', 'f', 1, '', '', '', '', '', '', '', '', '', '')"""
        )
        for name in _WeatherView.__annotations__:
            store.con.execute(f"ALTER TABLE cases ADD COLUMN {name} TEXT")
        columns: CaseColumns = {"rained_on": date(2026, 11, 25), "dried_at": now}  # type: ignore[typeddict-unknown-key]
        with store.turn() as turn:
            turn.apply(
                Decision(effects=(UpdateCase(case="OAC-2026-000001", columns=columns),), because=()), now=now, mails={}
            )
        row = store.con.execute("SELECT * FROM cases").fetchone()
        assert as_view(_WeatherView, row) == _WeatherView(rained_on=date(2026, 11, 25), dried_at=now)


@pytest.mark.parametrize("status", Status)
def test_every_status_of_a_case_has_words_and_a_folder_of_the_board(status: Status) -> None:
    standing = Standing(
        outcome=Outcome.CASE,
        status=status,
        assignee=None,
        close_reason=None,
        board_folder=None,
        in_review=False,
        reviewed=False,
    )
    assert belongs(standing) is not None
    assert status in group("status")


@pytest.mark.parametrize("kind", get_args(DeadlineKind))
def test_every_kind_of_deadline_causes_something_when_it_is_reached(kind: DeadlineKind) -> None:
    view = TickView(due=DueView(reached=((case(deadlines=(deadline(kind),)), deadline(kind)),), synced_at=NOW))
    assert decide(POLICY, view, Tick(), NOW).effects != ()
