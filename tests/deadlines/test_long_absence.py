"""The machine is off from Friday noon to Tuesday over a long weekend: Monday is a working day, Tuesday a holiday."""

from datetime import timedelta

from oacmail.cli.status import health
from tests.world import ANNA, MARTA, PERE, SUPERVISOR, World, local

ROSA, JOAN = "rosa@example.cat", "joan@example.cat"
MEANWHILE = (
    ("2026-12-04 13:00", PERE, "el padró"),
    ("2026-12-05 11:00", MARTA, "la beca"),
    ("2026-12-07 10:00", ROSA, "la piscina"),
    ("2026-12-08 10:00", JOAN, "el casal"),
)


def _away(world: World) -> None:
    """Anna was answered from the shared mailbox on Monday, and four people wrote."""
    message = world.citizen_asks(ANNA)
    world.stop()
    for moment, who, what in MEANWHILE:
        world.advance(moment)
        world.citizen_writes(who, f"Sobre {what}", f"Bon dia, com es demana {what}?")
    world.agent_answers(message, at="2026-12-07 17:00")
    world.advance("2026-12-08 13:00")


def test_four_days_down_over_a_holiday_end_in_one_mail_for_each_and_the_real_due_days(world: World) -> None:
    world.advance("2026-12-04 09:00")
    world.sync()
    _away(world)
    world.start()
    world.turn()
    due = {case["citizen"]: case["due_at"][:16] for case in world.cases()}
    assert due == {
        **dict.fromkeys((ANNA, PERE, MARTA), "2026-12-07T20:00"),
        **dict.fromkeys((ROSA, JOAN), "2026-12-09T20:00"),
    }
    assert [world.kinds(who) for who in (ANNA, PERE, MARTA, ROSA, JOAN)] == [["ack"], [], [], ["ack"], ["ack"]]
    assert world.reviews() == ["first-seen-late"] * 2, "whose promise is broken already is answered by a person"
    assert world.received(SUPERVISOR) == [], "nobody is called on a holiday"
    world.live("2026-12-09 12:00")
    assert world.kinds(SUPERVISOR) == ["overdue"] * 2
    assert {case["citizen"] for case in world.cases() if case["overdue"]} == {PERE, MARTA}
    assert next(case for case in world.cases() if case["citizen"] == ANNA)["status"] == "answered"
    assert [len(world.received(who)) for who in (ANNA, ROSA, JOAN)] == [1, 1, 1]


def test_meanwhile_status_says_that_nothing_runs(world: World) -> None:
    world.turn()
    world.stop()
    now = local("2026-11-25 09:05") + timedelta(days=4)
    report = health(world.config, now)
    assert not report["ok"]
    assert any(problem["code"] == "not-running" for problem in report["problems"])
