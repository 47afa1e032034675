"""Actions after a derivation: the technical services reply by mail, clearly or not, and an agent tells of a solution.

What a text says stands beside it in the table, written by hand; the ground truth records that and asks no reader. All
texts hold the word `INTERNAL`, which must not reach a citizen. Services that ignore a mail need no action.
"""

from random import Random

from testbed.sim.clients import STYLES
from testbed.sim.ground_truth import Answer, ServicesWord
from testbed.sim.plan import SimulatedAction
from testbed.sim.population import ANSWERS, INTERNAL, language
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, arrival, mail_of, shown

SOLVED, GIVEN_BACK, OTHER = "solved", "given back", "other"
_REPLIES = (
    ("1", SOLVED),
    ("Ja està arreglat.", SOLVED),
    ("Ya está resuelto.", SOLVED),
    ("#resolt", SOLVED),
    ("Previst d'aquí a 4 dies.", OTHER),
    ("2\nla setmana vinent", OTHER),
    ("Lo tendremos mañana.", OTHER),
    ("No és cosa nostra.", GIVEN_BACK),
    ("3", GIVEN_BACK),
    ("Encara no està resolt.", OTHER),
    ("Quan estarà resolt?", OTHER),
    ("Creiem que ja està solucionat.", OTHER),
    ("Ho mirem.", OTHER),
    ("Quan estigui resolt us avisem", OTHER),
)


def _services_reply(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    people = town.policy.people
    boxes = [town.relay.inboxes[one] for one in dict.fromkeys((*people.technical, *people.forms))]
    asked = [mail for box in boxes for mail in box.last("derived", 8)][-8:]
    if not asked:
        return ""
    ours, (text, says) = rng.choice(asked), rng.choice(_REPLIES)
    client, style = STYLES[action.number % len(STYLES)]
    body = style(f"{text}\n\n{INTERNAL}", shown(ours))
    mail = mail_of(town, action, "", body, ours, sender=str(ours["To"]))
    town.deliver(mail, verdict="pass")
    case = str(ours["X-Oacmail-Case"])
    if says != OTHER:
        town.truth.words.append(ServicesWord(case, arrival(town), solved=says == SOLVED))
    return f"{case}, {client}: {text}"


def _tells(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """An agent answers the citizen of a case that counts as solved."""
    if town.down:
        return ""
    found = [(row["number"], town.truth.written.get(row["message_id"])) for row in town.database.derived_and_solved()]
    for number, message in found:
        if message is None or message.message_id in town.truth.lost:
            continue
        text = ANSWERS[language(message.sender)]
        mail = town.message(
            town.office_address, "", text, to=message.sender, answers=message.mail, number=town.number(action)
        )
        town.truth.answers.append(Answer(message.message_id, message.sender, arrival(town), mail))
        town.put_into_sent(mail)
        return f"{number}: the sender of {short(message.message_id)} hears of the solution"
    return ""


ACTIONS: dict[str, ActionHandler] = {"the services reply": _services_reply, "tells of a solution": _tells}
