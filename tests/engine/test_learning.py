"""A correction by an agent changes how the next letter is read, in the same running desk."""

from oacmail import config as settings
from oacmail.engine import learning
from tests.engine.world import ANNA, PERE, World

PLOT = ("Hort municipal", "Bon dia, voldria demanar una parcel·la a l'hort municipal del torrent. Com ho faig?")
LIKE = ("Hort", "Bona tarda, com es demana una parcel·la d'hort municipal?")


def _learn(world: World) -> list[tuple[str, int, bool]]:
    outcomes = learning.learn(world.store, settings.house(world.config), world.clock.now())
    return [(one.field, one.corrections, one.taken) for one in outcomes]


def test_a_correction_changes_the_next_classification(world: World) -> None:
    world.citizen_writes(ANNA, *PLOT)
    world.turn()
    world.order("set", world.case()["number"], topic="application")
    assert _learn(world) == [("topic", 1, True)]

    world.citizen_writes(PERE, *LIKE)
    world.turn()

    assert [case["topic"] for case in world.cases()] == ["application", "application"]


def test_without_the_lesson_the_like_letter_is_read_as_shipped(world: World) -> None:
    world.citizen_writes(PERE, *LIKE)
    world.turn()

    assert _learn(world) == []
    assert world.case()["topic"] == "other"


def test_the_last_word_on_a_field_holds_and_what_is_taken_back_is_unlearned(world: World) -> None:
    world.citizen_writes(ANNA, *PLOT)
    world.turn()
    number = world.case()["number"]
    world.order("set", number, topic="payment")
    world.order("set", number, topic="application", level="first")
    (correction,) = world.store.corrections()

    assert correction.labels == {"topic": "application", "level": "first"}
    assert correction.raw is not None


def test_lessons_outlive_the_process(world: World) -> None:
    world.citizen_writes(ANNA, *PLOT)
    world.turn()
    world.order("set", world.case()["number"], topic="application")
    _learn(world)
    world.restart()
    world.citizen_writes(PERE, *LIKE)
    world.turn()

    assert [case["topic"] for case in world.cases()] == ["application", "application"]
