"""What a message says of itself is computed once, whoever needs it."""

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

from oacmail.core import classification, sender, tokens
from oacmail.store import cases
from tests.world import ANNA, World

ONCE = (classification.classify, sender.author_of, sender.sender_of, sender.own_signature)
OF_OURS = (tokens.verify_mail, tokens.read_token)


def _counted(functions: tuple[Callable[..., object], ...], work: Callable[[], object]) -> Counter[str]:
    """How often `work` calls each of these functions, by name."""
    names = {function.__code__: function.__name__ for function in functions}
    found: Counter[str] = Counter()

    def seen(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in names:
            found[names[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


def _once(*functions: Callable[..., object]) -> dict[str, int]:
    return {function.__name__: 1 for function in functions}


def test_a_message_our_own_copy_and_an_answer_are_each_read_once(world: World) -> None:
    world.citizen_writes(ANNA, "Error 500 a la seu", "La seu electrònica cau amb un error 500, bad gateway.")
    assert _counted(ONCE, world.sync) == _once(*ONCE)
    world.drain()
    assert _counted((*ONCE, *OF_OURS), world.sync) == _once(*ONCE, *OF_OURS)
    assert world.mail()["copied_at"]
    world.turn()
    world.agent_answers(world.received(ANNA)[0])
    assert _counted((*ONCE, tokens.read_token), world.sync) == _once(*ONCE, tokens.read_token)
    assert world.case()["citizen"] == ANNA


def test_our_own_copy_loads_the_case_that_it_is_about_and_no_other(world: World) -> None:
    for number in range(5):
        world.citizen_asks(f"persona{number}@example.org", f"Tràmit {number}", f"Com puc fer el tràmit {number}?")
    world.citizen_writes(ANNA)
    world.sync()
    world.drain()

    assert _counted((cases._case,), world.sync) == {"_case": 1}
    assert not [mail for mail in world.mails() if mail["copied_at"] is None]
