"""Actions of agents by mail: an order on top of a reply to a notice, and words that are none.

None of them answers anybody, so the ground truth does not change; what they say must reach no citizen, which
`invariants` checks by the word `INTERNAL`.
"""

from random import Random

from oacmail.sim.plan import SimulatedAction
from oacmail.sim.population import INTERNAL
from oacmail.sim.town import SimulatedTown, short
from oacmail.sim.writing import ActionHandler, latest_of_ours, mail_of

_ORDERS = (
    "MEVA",
    "#mine",
    "#nota {word} ha trucat la mare",
    "NOTA: {word}",
    "#tema beca",
    "#ajuda",
    "#esborrany",
    "#xyz {word}",
)
_NO_ORDERS = ("Ho miro avui. {word}", "D'acord, {word}.", "Qui se n'encarrega? {word}")


def _orders(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """One order, or two, from an agent whose provider signs."""
    chosen = rng.sample(_ORDERS, rng.randint(1, 2))
    return _replies(town, action, rng, "\n".join(chosen))


def _remarks(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _replies(town, action, rng, rng.choice(_NO_ORDERS))


def _replies(town: SimulatedTown, action: SimulatedAction, rng: Random, text: str) -> str:
    people = (("agents", "second_level"), ("agents", "digest"), ("supervisor", "overdue"), ("supervisor", "complex"))
    role, kind = rng.choice(people)
    writer = getattr(town.policy.people, role)[0]
    notice = latest_of_ours(town, writer, kind)
    if notice is None:
        return ""
    town.deliver(mail_of(town, action, "", text.format(word=INTERNAL), notice, sender=writer), verdict="pass")
    return f"{role} to {short(str(notice['Message-ID']))}: {' / '.join(text.splitlines())}"


ACTIONS: dict[str, ActionHandler] = {"orders by mail": _orders, "replies to a notice": _remarks}
