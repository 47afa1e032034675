"""Actions about a failing platform: a citizen reports the fault, insists on it, and an agent approves the notice.

Each action takes the town, the action and its random generator, and returns what happened as text for the story.
"""

from random import Random

from oacmail.core.effects import AdminCommand
from testbed.sim import population
from testbed.sim.ground_truth import Answer
from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, latest_of_ours, mail_of, sent


def _reports(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    subject, text = rng.choice(population.PLATFORM_FAULTS[population.language(action.who)])
    number = str(10_000 + action.number)
    return sent(town, action.who, mail_of(town, action, subject.format(n=number), text.format(n=number)), asks=True)


def _insists(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    _, text = rng.choice(population.PLATFORM_FAULTS[population.language(action.who)])
    return sent(town, action.who, mail_of(town, action, "", text.format(n=action.number), ours), asks=True)


def _passes_on(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """An agent approves the notice of an automatically derived case; the citizen gets it from then on."""
    if town.down or town.clock.skew:
        return ""
    row = town.database.derived_and_untold()
    if row is None:
        return ""
    town.engine.perform(AdminCommand(verb="escalate", case=row["number"], by="admin"))
    town.truth.answers.append(Answer(row["message_id"], row["address"], town.engine.now()))
    return f"{row['number']}: the sender of {short(row['message_id'])} is notified"


ACTIONS: dict[str, ActionHandler] = {
    "reports a fault": _reports,
    "insists on a fault": _insists,
    "passes it on": _passes_on,
}
