"""Agents answer through the case's answer address, which a notice offers, and by draft answers, which they edit.

The mail to the answer address quotes the notice as the agent's client does. Whether it may leave is for the service to
say; the ground truth records what was written to whom. A draft that an agent sends is an answer like any other.
"""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from random import Random

from testbed.sim.clients import STYLES
from testbed.sim.ground_truth import Answer, RelayedAnswer
from testbed.sim.plan import SimulatedAction
from testbed.sim.population import ANSWERS, DISOWNED, language
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, arrival, shown

_ADDRESS = re.compile(r"mailto:([^?\s]+\+r-[^?\s]+)\?")
_KINDS = ("second_level", "services", "solved", "overdue", "complex", "answered_twice")


def _relays(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.down:
        return ""
    offer = _offer(town, rng)
    if offer is None:
        return ""
    notice, address = offer
    case, writer = str(notice["X-Oacmail-Case"]), str(notice["To"])
    citizen = town.database.citizen_of(case)
    if citizen in ("", DISOWNED):
        return ""
    client, style = STYLES[action.number % len(STYLES)]
    text = f"{ANSWERS[language(citizen)]} ({action.number})"
    mail = town.message(
        writer, f"Re: {notice['Subject']}", style(text, shown(notice)), to=address, number=town.number(action)
    )
    town.deliver(mail, verdict="pass")
    said = RelayedAnswer(str(mail["Message-ID"]), case, citizen, writer, arrival(town), text)
    town.truth.relayed.append(said)
    return f"{case} to {said.to} through {notice['X-Oacmail-Kind']}, {client}"


def _offer(town: SimulatedTown, rng: Random) -> tuple[EmailMessage, str] | None:
    """A recent notice to somebody of the desk, and the answer address that it offers."""
    writers = dict.fromkeys((*town.present_agents(), *town.policy.people.supervisor))
    pairs = [(writer, kind) for writer in writers for kind in _KINDS]
    for writer, kind in rng.sample(pairs, len(pairs)):
        for notice in town.relay.inboxes[writer].last(kind):
            if found := _ADDRESS.search(str(shown(notice).get_content())):
                return notice, found[1]
    return None


def _sends_a_draft(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Edited: greeted, shortened, signed. One in six is thrown away."""
    drafts = town.mailbox.folders["Drafts"].messages
    if not drafts:
        return ""
    uid = rng.choice(sorted(drafts))
    draft = message_from_bytes(drafts[uid].raw, policy=default)
    written = town.truth.written.get(str(draft["In-Reply-To"]))
    town.mailbox.expunge("Drafts", uid)
    if written is None or written.message_id in town.truth.lost or rng.random() < 1 / 6:
        return f"draft to {draft['To']} is thrown away"
    mail = town.message(
        town.office_address,
        str(draft["Subject"]),
        _edited(draft),
        to=str(draft["To"]),
        refs=str(draft["References"]).split(),
        number=town.number(action),
    )
    town.truth.answers.append(Answer(written.message_id, str(draft["To"]), arrival(town), mail))
    town.put_into_sent(mail)
    return f"draft to {draft['To']}, who wrote {short(written.message_id)}"


def _edited(draft: EmailMessage) -> str:
    lines = [line for line in str(shown(draft).get_content()).splitlines() if "[" not in line]
    return "\n".join((*lines, "", "Si teniu cap dubte, digueu-nos-ho.", "Montse"))


ACTIONS: dict[str, ActionHandler] = {"answers through the office": _relays, "sends a draft": _sends_a_draft}
