"""People press the signed buttons of our mails: a link writes a mail, and their client sends it.

The technical services say solved, an estimate, not ours; agents take a case, derive it, give it back to the first
level. Some buttons are pressed twice, and some by whoever the mail was forwarded to: neither says anything, and the
ground truth records nothing of them.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from random import Random
from urllib.parse import parse_qs, unquote, urlsplit

from testbed.sim.ground_truth import AgentsAct, ServicesWord
from testbed.sim.plan import SimulatedAction
from testbed.sim.population import INTERNAL
from testbed.sim.town import SimulatedTown
from testbed.sim.writing import ActionHandler, arrival

_LINK = re.compile(r'<a href="(mailto:[^"]+)"[^>]*>([^<]+)</a>')
_NUMBER = re.compile(r"[A-Z]+-\d{4}-\d{6}")
SOLVED, ESTIMATE, NOT_OURS = "Ja està resolt", "Previsió (escriviu-hi el dia)", "No és cosa nostra"
MINE, FIRST_LEVEL, DERIVES, CALLED = "Me'l quedo", "És de primer nivell", "Deriva a nivell 2", "He trucat"
_OF_AGENTS = (MINE, FIRST_LEVEL, DERIVES, CALLED)
_VALID, _EXPIRED = timedelta(days=9), timedelta(days=11)  # a button works for ten days; nobody presses one just then


def _links(mail: EmailMessage) -> dict[str, str]:
    """Label -> link."""
    page = mail.get_body(("html",))
    text = str(page.get_content()) if page is not None else ""
    return {unescape(label): unescape(link) for link, label in _LINK.findall(text)}


def _chosen(
    town: SimulatedTown, rng: Random, people: Sequence[str], kinds: Sequence[str], labels: Sequence[str]
) -> tuple[EmailMessage, str, str] | None:
    """A recent mail to one of these people that has one of the buttons: (mail, label, link)."""
    boxes = [town.relay.inboxes[one] for one in dict.fromkeys(people)]
    mails = [mail for box in boxes for kind in kinds for mail in box.last(kind, 3)]
    if not mails:
        return None
    mail = rng.choice(mails)
    if _VALID <= town.clock.true() - mail["Date"].datetime <= _EXPIRED:
        return None
    links = {label: link for label, link in _links(mail).items() if label in labels}
    if not links:
        return None
    label = rng.choice(sorted(links))
    return mail, label, links[label]


def _press(town: SimulatedTown, action: SimulatedAction, link: str, sender: str, typed: str) -> str:
    """Return the number of the case that the subject of the link names."""
    parts = urlsplit(link)
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    text = fields.get("body", "").replace("\r\n", "\n").rstrip("\n") + typed
    town.deliver(
        town.message(sender, fields.get("subject", ""), text, to=unquote(parts.path), number=town.number(action)),
        verdict="pass",
    )
    found = _NUMBER.search(fields.get("subject", ""))
    return found[0] if found else ""


def _says(town: SimulatedTown, rng: Random, mail: EmailMessage, link: str, others: str) -> tuple[str, bool]:
    """Who presses the button, and whether that says anything: the addressee does so once, and while it works."""
    addressee = str(mail["To"])
    fresh = town.clock.true() - mail["Date"].datetime < _VALID
    if others not in ("", addressee) and rng.random() < 0.15:
        return others, False
    says = fresh and link not in town.pressed
    town.pressed.add(link)
    return addressee, says


def _services_press(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    people = town.policy.people
    found = _chosen(town, rng, (*people.technical, *people.forms), ("derived", "nudge"), (SOLVED, ESTIMATE, NOT_OURS))
    if found is None:
        return ""
    mail, label, link = found
    sender, says = _says(town, rng, mail, link, people.operator[0])
    day = town.clock.true().astimezone(town.zone) + timedelta(days=rng.randint(2, 9))
    typed = f" {day.day}/{day.month}" if label == ESTIMATE and rng.random() < 0.8 else ""
    case = _press(town, action, link, sender, f"{typed}\n\n{INTERNAL}\n")
    if says and case and label != ESTIMATE:
        town.truth.words.append(ServicesWord(case, arrival(town), solved=label == SOLVED))
    return f"{case}: {label}{typed}{'' if says else ', which says nothing'}"


def _agents_press(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    people = town.policy.people
    writers = (*town.present_agents(), *people.supervisor)
    found = _chosen(town, rng, writers, ("second_level", "overdue", "remind"), _OF_AGENTS)
    if found is None:
        return ""
    mail, label, link = found
    sender, says = _says(town, rng, mail, link, people.operator[0])
    case = _press(town, action, link, sender, f"\n\n{INTERNAL}\n")
    if says:
        meets = label in (DERIVES, CALLED)
        town.truth.acts.append(AgentsAct(arrival(town), case=case, meets=meets, ends=label == FIRST_LEVEL))
    return f"{case}: {label}{'' if says else ', which says nothing'}"


ACTIONS: dict[str, ActionHandler] = {"the services press a button": _services_press, "an agent presses": _agents_press}
