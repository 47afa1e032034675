"""What the technical services do: reply by mail, clearly or not, and press the buttons of their mails.

What a text says stands beside it in the table, written by hand; the ground truth records that and asks no reader. All
texts hold the word `INTERNAL`, which must not reach a citizen. Some buttons are pressed twice, and some by whoever the
mail was forwarded to: neither says anything. Services that ignore a mail need no action.
"""

from datetime import timedelta
from random import Random

from testbed.sim.ground_truth import ServicesWord
from testbed.sim.plan import SimulatedAction
from testbed.sim.texts import INTERNAL
from testbed.sim.town import SimulatedTown
from testbed.sim.writing import STYLES, ActionHandler, arrival, chosen_button, mail_of, press, says, shown

SOLVED, ESTIMATE, NOT_OURS = "Ja està resolt", "Previsió (escriviu-hi el dia)", "No és cosa nostra"
_SAYS_SOLVED, _SAYS_NOT_OURS, _SAYS_NOTHING = "solved", "given back", "other"
_REPLIES = (
    ("1", _SAYS_SOLVED),
    ("Ja està arreglat.", _SAYS_SOLVED),
    ("Ya está resuelto.", _SAYS_SOLVED),
    ("#resolt", _SAYS_SOLVED),
    ("Previst d'aquí a 4 dies.", _SAYS_NOTHING),
    ("2\nla setmana vinent", _SAYS_NOTHING),
    ("Lo tendremos mañana.", _SAYS_NOTHING),
    ("No és cosa nostra.", _SAYS_NOT_OURS),
    ("3", _SAYS_NOT_OURS),
    ("Encara no està resolt.", _SAYS_NOTHING),
    ("Quan estarà resolt?", _SAYS_NOTHING),
    ("Creiem que ja està solucionat.", _SAYS_NOTHING),
    ("Ho mirem.", _SAYS_NOTHING),
    ("Quan estigui resolt us avisem", _SAYS_NOTHING),
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
    if says != _SAYS_NOTHING:
        town.truth.words.append(ServicesWord(case, arrival(town), solved=says == _SAYS_SOLVED))
    return f"{case}, {client}: {text}"


def _services_press(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    people = town.policy.people
    services, labels = (*people.technical, *people.forms), (SOLVED, ESTIMATE, NOT_OURS)
    found = chosen_button(town, rng, services, ("derived", "nudge"), labels)
    if found is None:
        return ""
    mail, label, link = found
    sender, told = says(town, rng, mail, link, people.operator[0])
    day = town.clock.true().astimezone(town.zone) + timedelta(days=rng.randint(2, 9))
    typed = f" {day.day}/{day.month}" if label == ESTIMATE and rng.random() < 0.8 else ""
    case = press(town, action, link, sender, f"{typed}\n\n{INTERNAL}\n")
    if told and case and label != ESTIMATE:
        town.truth.words.append(ServicesWord(case, arrival(town), solved=label == SOLVED))
    return f"{case}: {label}{typed}{'' if told else ', which says nothing'}"


ACTIONS: dict[str, ActionHandler] = {
    "the services reply": _services_reply,
    "the services press a button": _services_press,
}
