"""A message that reads as out of scope: the agents get the table of who can help (R10, template D).

A suggestion to people, in service hours: nothing goes to the person who asks, and the clock of the answer runs on. It
never decides that a question is not the town's.
"""

from oacmail.core.cases.request import CitizenRequest
from oacmail.core.effects import Effect
from oacmail.core.model import Level
from oacmail.core.outbox.staff_notices import to_agents

POINTERS = "pointers"


def suggested(request: CitizenRequest, number: str) -> tuple[Effect, ...]:
    """() where the house has written no pointers."""
    table = request.policy.pointers
    if request.reading.level is not Level.OUT_OF_SCOPE or not table:
        return ()
    facts = {
        "opened_at": request.received_at,
        "due_at": request.due_at,
        "topic": str(request.reading.topic or "other"),
        "pointers": tuple({"body": row.body, "address": row.address, "phone": row.phone} for row in table),
    }
    key = f"{POINTERS}:{request.message.fingerprint}"
    return to_agents(request.policy, key=key, template=POINTERS, now=request.now, case=number, facts=facts)
