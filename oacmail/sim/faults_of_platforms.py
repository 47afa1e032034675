"""What happens in the town when the platform itself fails: who writes of it, who insists, who passes it on.

Deeds as in `people`: each a function of the town, a deed and its chance, that returns what came of it for the story.
"""

from random import Random

from oacmail.core.effects import AdminCommand
from oacmail.sim import cast
from oacmail.sim.ledger import Answer
from oacmail.sim.plan import SimulatedAction
from oacmail.sim.town import SimulatedTown, short
from oacmail.sim.writing import Doing, latest_of_ours, mail_of, sent


def _reports(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    subject, text = chance.choice(cast.FAULTS[cast.tongue(deed.who)])
    number = str(10_000 + deed.number)
    return sent(town, deed.who, mail_of(town, deed, subject.format(n=number), text.format(n=number)), asks=True)


def _insists(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    ours = latest_of_ours(town, deed.who)
    if ours is None:
        return ""
    _, text = chance.choice(cast.FAULTS[cast.tongue(deed.who)])
    return sent(town, deed.who, mail_of(town, deed, "", text.format(n=deed.number), ours), asks=True)


def _passes_on(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    """An agent approves the notice of a case that was derived by itself: the person holds it from then on."""
    if town.down or town.clock.skew:
        return ""
    row = town.store.con.execute(
        """SELECT c.number, m.message_id, p.address FROM cases c JOIN messages m ON m.fingerprint = c.opened_by
        JOIN people p ON p.id = c.citizen_id WHERE c.status = 'derived' AND NOT EXISTS(
        SELECT 1 FROM outbox o WHERE o.case_id = c.id AND o.kind = 'passed_on') ORDER BY c.number"""
    ).fetchone()
    if row is None:
        return ""
    town.engine.perform(AdminCommand(verb="escalate", case=row["number"], by="admin"))
    town.ledger.answers.append(Answer(row["message_id"], row["address"], town.engine.now()))
    return f"{row['number']}: the writer of {short(row['message_id'])} is told"


DEEDS: dict[str, Doing] = {
    "reports a fault": _reports,
    "insists on a fault": _insists,
    "passes it on": _passes_on,
}
