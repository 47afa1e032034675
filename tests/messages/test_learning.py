"""A correction by an agent changes how the running daemon reads the next message."""

from typing import Any

from oacmail import wiring
from oacmail.core.stored_values import LESSONS
from oacmail.engine import learning
from tests.world import ANNA, MARTA, PERE, World

PLOT = ("Colomar municipal", "Bon dia, voldria demanar un niu al colomar municipal del torrent. Com ho faig?")
LIKE = ("Colomar", "Bona tarda, com es demana un niu del colomar municipal?")
EARLIER = ("Colomar", "Hola, el meu niu del colomar no té aigua.")


def _learn(world: World) -> list[tuple[str, int, bool]]:
    outcomes = learning.learn(world.store, wiring.parser_config(world.config), world.clock.now())
    return [(one.field, one.corrections, one.taken) for one in outcomes]


def _plot_is_corrected(world: World) -> None:
    """Two people have written of the plots; the one is corrected."""
    world.citizen_asks(MARTA, *EARLIER)
    world.citizen_asks(ANNA, *PLOT)
    world.order("set", _case_of(world, ANNA)["number"], topic="application")


def _topic_of(world: World, address: str) -> str:
    return str(_case_of(world, address)["topic"])


def _case_of(world: World, address: str) -> dict[str, Any]:
    return next(case for case in world.cases() if case["citizen"] == address)


def test_a_correction_changes_the_next_classification(world: World) -> None:
    _plot_is_corrected(world)
    assert _learn(world) == [("topic", 1, True)]

    world.citizen_asks(PERE, *LIKE)

    assert _topic_of(world, PERE) == "application"


def test_a_word_of_one_person_alone_is_not_kept_and_goes_with_her_messages(world: World) -> None:
    _plot_is_corrected(world)
    _learn(world)
    assert "colomar" in (world.store.recall(LESSONS) or "")

    # as an erasure leaves them: her row, without her words
    world.store.con.execute(
        "UPDATE messages SET subject = '', fresh = '' WHERE author_id = (SELECT id FROM people WHERE address = ?)",
        (MARTA,),
    )
    _learn(world)

    learned = world.store.recall(LESSONS) or ""
    assert "colomar" not in learned
    assert "municipal" in learned


def test_without_the_lesson_the_like_message_is_read_as_shipped(world: World) -> None:
    world.citizen_asks(PERE, *LIKE)

    assert _learn(world) == []
    assert world.case()["topic"] != "application"


def test_the_last_word_on_a_field_holds_and_what_is_taken_back_is_unlearned(world: World) -> None:
    world.citizen_asks(ANNA, *PLOT)
    number = world.case()["number"]
    world.order("set", number, topic="payment")
    world.order("set", number, topic="application", level="first")
    (correction,) = world.store.corrections()

    assert correction.labels == {"topic": "application", "level": "first"}
    assert correction.raw is not None


def test_lessons_outlive_the_process(world: World) -> None:
    _plot_is_corrected(world)
    _learn(world)
    world.restart()
    world.citizen_asks(PERE, *LIKE)

    assert _topic_of(world, PERE) == "application"
