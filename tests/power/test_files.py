"""Each file of the state directory, cut between any two calls of what writes it: what was told is there afterwards."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from oacmail import wiring
from oacmail.config import secrets
from oacmail.core.errors import ConfigError
from oacmail.privacy import certificate
from oacmail.store import admin, connection
from oacmail.store.connection import FILE, connect, known_steps, schema
from oacmail.store.store import SqliteStore
from tests.power import acts
from tests.power.recorder import built, cuts


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("library"))


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    machine = tmp_path / "machine"
    (machine / "state").mkdir(parents=True, mode=0o700)
    return machine


def _promises(machine: Path) -> list[int]:
    with closing(connect(machine / "state" / FILE)) as con:
        if con.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("not sound")
        there = con.execute("SELECT 1 FROM sqlite_master WHERE name = 'promises'").fetchone()
        return [row[0] for row in con.execute("SELECT number FROM promises ORDER BY number")] if there else []


def _broken(machine: Path, told: list[str]) -> bool:
    """True if a commit that was told is missing, or one is there after another that is not."""
    try:
        found = _promises(machine)
    except Exception:
        return True
    return found != list(range(len(found))) or not len(told) <= len(found) <= len(told) + 1


def test_what_was_told_as_committed_outlasts_a_cut_between_any_two_calls(library: Path, machine: Path) -> None:
    broken = {place: _broken(machine, told) for place, told in cuts(library, machine, "commit")}
    assert len(broken) > 200
    assert not any(broken.values())


@pytest.mark.parametrize(("act", "deaf"), [("commit", True), ("commit_normal", False)])
def test_without_a_sync_of_each_commit_the_same_cuts_lose_what_was_told(
    library: Path, machine: Path, act: str, deaf: bool
) -> None:
    """The planted faults: syncs that do nothing, and `synchronous=NORMAL`."""
    assert sum(_broken(machine, told) for _, told in cuts(library, machine, act, deaf=deaf)) > 50


@pytest.mark.parametrize("act", ["first_start", "check"])
def test_a_key_that_may_have_signed_mail_is_there_after_a_cut(library: Path, machine: Path, act: str) -> None:
    for place, told in cuts(library, machine, act, fates=1, every=20):
        assert not connection.is_lost(machine / "state"), place
        with closing(SqliteStore(machine / "state")):
            key = wiring.tokens(acts.config(machine), first=True)[0].decode()
        assert not told or told == [key], place


def test_a_key_that_was_put_back_is_there_after_a_cut(library: Path, machine: Path) -> None:
    config = acts.config(machine)
    secrets.make(config)
    (own,) = secrets.tokens(config, {})
    after = (own, acts.SAVED_KEY)
    for place, told in cuts(library, machine, "put_back", fates=10):
        found = secrets.tokens(config, {})
        assert found == after or (not told and found == (own,)), place


def test_a_grant_that_was_kept_is_there_after_a_cut(library: Path, machine: Path) -> None:
    for place, told in cuts(library, machine, "grant", fates=10):
        grant = secrets.grant(acts.config(machine))
        assert grant in ([f"refresh token {len(told)}", told[-1]] if told else ["", "refresh token 0"]), place


def test_a_backup_that_was_told_as_complete_is_whole_after_a_cut(library: Path, machine: Path) -> None:
    acts.database(machine)
    for place, told in cuts(library, machine, "backup"):
        if told:
            admin.restore(machine / "other", machine / "backup", acts.NOW)
            with closing(sqlite3.connect(machine / "backup")) as con:
                assert con.execute("SELECT count(*) FROM cases").fetchone() == (0,), place


def _in_force(machine: Path) -> set[str]:
    SqliteStore(machine / "state").close()
    return acts.marks(machine / "state" / FILE)


def test_a_restore_that_is_cut_leaves_one_whole_database_or_asks_to_be_repeated(library: Path, machine: Path) -> None:
    acts.database_and_backup(machine)
    asked = 0
    for place, told in cuts(library, machine, "restore", fates=1, every=2):
        if not told:
            try:
                assert _in_force(machine) in ({"old"}, {"old", "new"}), place
            except ConfigError:
                asked += 1
            (machine / "told").unlink(missing_ok=True)
            acts.restore(machine)
        assert _in_force(machine) == {"old"}, place
        assert secrets.tokens(acts.config(machine), {}) == (acts.SAVED_KEY,), place
    assert asked


def test_a_certificate_of_erasure_that_was_told_is_whole_after_a_cut(library: Path, machine: Path) -> None:
    secrets.make(acts.config(machine))
    policy = wiring.live_policy(acts.config(machine), first=True)
    for place, told in cuts(library, machine, "certify", fates=5):
        for path in map(Path, told):
            made = json.loads(path.with_suffix(".json").read_text())
            assert certificate.verify(policy, made), place
            assert path.read_text() == certificate.text(policy, made), place


def test_an_upgrade_that_is_cut_goes_on_and_keeps_the_copy_from_before(library: Path, machine: Path) -> None:
    acts.old_database(machine)
    steps = known_steps()
    for place, _ in cuts(library, machine, "upgrade", fates=1, every=6):
        SqliteStore(machine / "state").close()
        with closing(connect(machine / "state" / FILE)) as con:
            assert not schema(con)[1], place
        (kept,) = (machine / "state").glob(f"{FILE}.before-m*")
        with closing(connection.connect_at_rest(kept)) as con:
            assert schema(con)[0] == list(steps[: acts.OLD_STEPS]), place
