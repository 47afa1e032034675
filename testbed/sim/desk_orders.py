"""Actions of agents by mail: an order on top of a reply to a notice, words that are none, an order that goes to the
citizen instead, a derivation that is taken back, an assignment, a derivation with a cause.

Words to a notice must reach no citizen, which `invariants` checks by the word `INTERNAL`; an order that the citizen
gets answers nothing, so the ground truth records no answer.
"""

from random import Random

from testbed.sim.ground_truth import AgentsAct
from testbed.sim.plan import SimulatedAction
from testbed.sim.population import INTERNAL
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, arrival, latest_of_ours, mail_of

_ORDERS = (
    "MEVA",
    "#mine",
    "#nota {word} ha trucat la mare",
    "NOTA: {word}",
    "#tema beca",
    "#ajuda",
    "#esborrany",
    "#xyz {word}",
    "TENCA",
    "DERVIA: {word}",
    "MEVA\n\n{word}, ja us escriurem.",
)
_TO_THE_CITIZEN = (
    "TANCA DUPLICAT",
    "MEVA",
    "DERIVA",
    "TANCA DUPLICAT\n\nMontse Riu\nAtenció ciutadana",
    "Meva\n\n-- \nPau",
)
_CAUSES = {"plataforma": "platform", "formulari": "document_or_form"}
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


def _orders_the_citizen(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """The agent answers the message instead of the notice: from the shared mailbox, or with the office in copy."""
    waiting = town.truth.waiting()[-6:]
    if not waiting:
        return ""
    message, text = rng.choice(waiting), rng.choice(_TO_THE_CITIZEN)
    shared = rng.random() < 0.5
    agent = town.present_agents()[0]
    mail = town.message(
        town.office_address if shared else agent,
        "",
        text,
        to=message.sender,
        answers=message.mail,
        headers=() if shared else (("Cc", town.office_address),),
        number=town.number(action),
    )
    if shared:
        town.put_into_sent(mail)
    else:
        town.deliver(mail, verdict="pass")
    return f"{message.sender} gets “{text.splitlines()[0]}” about {short(message.message_id)}"


def _takes_back(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _about_one(town, action, rng.choice(("#nivell1", "#nonostre")), ends=True)


def _assigns(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    whom = rng.choice(town.policy.people.agents)
    return _about_one(town, action, f"ASSIGNA: {whom.partition('@')[0]}")


def _names_a_cause(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    cause = rng.choice(sorted(_CAUSES))
    return _about_one(town, action, f"DERIVA: {cause} {INTERNAL}", meets=True, cause=_CAUSES[cause])


def _about_one(
    town: SimulatedTown,
    action: SimulatedAction,
    order: str,
    *,
    meets: bool = False,
    ends: bool = False,
    cause: str = "",
) -> str:
    """One order in reply to the last notice of a case of the second level."""
    agent = town.present_agents()[0]
    notice = latest_of_ours(town, agent, "second_level")
    if notice is None:
        return ""
    case = str(notice["X-Oacmail-Case"])
    town.deliver(mail_of(town, action, "", order, notice, sender=agent), verdict="pass")
    if meets or ends:
        town.truth.acts.append(AgentsAct(arrival(town), case=case, meets=meets, ends=ends))
    if cause:
        town.truth.causes.setdefault(case, set()).add(cause)
    return f"{case}: {order}"


ACTIONS: dict[str, ActionHandler] = {
    "orders by mail": _orders,
    "replies to a notice": _remarks,
    "sends an order to the citizen": _orders_the_citizen,
    "takes a derivation back": _takes_back,
    "assigns": _assigns,
    "names a cause": _names_a_cause,
}
