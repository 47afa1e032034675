"""A letter that reads as out of scope: the agents get the table of who can help (R10, template D).

A suggestion to people, in service hours: nothing goes to the person who asks, and the clock of the answer runs on. It
never decides that a question is not the town's.
"""

from oacmail.core.cases.request import Letter
from oacmail.core.effects import Effect
from oacmail.core.model import Level
from oacmail.core.outbox.staff_notices import to_agents

POINTERS = "pointers"


def suggested(letter: Letter, number: str) -> tuple[Effect, ...]:
    """() where the house has written no pointers."""
    table = letter.policy.pointers
    if letter.reading.level is not Level.OUT_OF_SCOPE or not table:
        return ()
    facts = {
        "opened_at": letter.received_at,
        "due_at": letter.due_at,
        "topic": str(letter.reading.topic or "other"),
        "pointers": tuple({"body": row.body, "address": row.address, "phone": row.phone} for row in table),
    }
    key = f"{POINTERS}:{letter.message.fingerprint}"
    return to_agents(letter.policy, key=key, template=POINTERS, now=letter.now, case=number, facts=facts)
