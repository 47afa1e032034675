"""Actions of citizens, machines and staff. Each takes the town, the action and its random generator.

It returns what happened as text for the story, or '' if the action was not possible (no answer to give thanks for).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage
from random import Random

from oacmail.core.effects import AdminCommand
from testbed.mailbox import SimulatedMailbox
from testbed.sim import (
    absences,
    board_moves,
    buttons,
    desk_orders,
    erasures,
    platform_faults,
    population,
    relayed_answers,
    services_replies,
    short_messages,
    survey_votes,
)
from testbed.sim.clients import STYLES
from testbed.sim.ground_truth import Answer, WrittenMessage
from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, answer_to, arrival, latest_of_ours, mail_of, sent

FORGOTTEN = 8  # one message in eight gets no answer


# --- citizens -----------------------------------------------------------------------------------------


def _writes(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    subject, text = rng.choice(population.QUESTIONS[population.language(action.who)])
    number = str(10_000 + action.number)
    mail = mail_of(town, action, subject.format(n=number), text.format(n=number))
    return sent(town, action.who, mail, asks=True)


def _adds(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    text = rng.choice(population.ADDITIONS[population.language(action.who)]).format(n=action.number)
    return sent(town, action.who, mail_of(town, action, "", text, ours), asks=True)


def _asks_anew(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    answer = answer_to(town, action.who, rng)
    if answer is None:
        return ""
    text = rng.choice(population.ANEW[population.language(action.who)]).format(n=action.number)
    return sent(town, action.who, mail_of(town, action, "", text, answer), asks=True)


def _thanks(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """In a reply, or in a new mail."""
    answer = answer_to(town, action.who, rng)
    if answer is None:
        return ""
    text = population.THANKS[population.language(action.who)]
    return sent(town, action.who, mail_of(town, action, "", text, answer if rng.random() < 0.8 else None), asks=False)


def _sends_again(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Deliver the same mail again, as impatient people and broken clients do."""
    messages = _recent(town, action.who)
    return sent(town, action.who, messages[-1].mail, asks=messages[-1].asks) if messages else ""


def _recent(town: SimulatedTown, address: str) -> list[WrittenMessage]:
    since = town.clock.true() - timedelta(days=2)
    return [message for message in town.truth.of(address) if message.at[-1] >= since]


def _writes_the_same(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    messages = _recent(town, action.who)
    if not messages:
        return ""
    old = messages[-1].mail
    mail = mail_of(town, action, str(old["Subject"]), str(old.get_content()))
    return sent(town, action.who, mail, asks=messages[-1].asks)


def _names_the_number(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    text = rng.choice(population.ADDITIONS[population.language(action.who)]).format(n=action.number)
    return sent(town, action.who, mail_of(town, action, f"Cas {town.token_of(ours)}", text), asks=True)


def _is_away(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    marks = (("Auto-Submitted", "auto-replied"),)
    town.deliver(mail_of(town, action, "", population.AWAY[population.language(action.who)], ours, marks), envelope="")
    return "an automatic reply"


def _shows_a_neighbour(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    neighbour = rng.choice(population.NEIGHBOURS)
    text = "Bon dia, soc qui l'ajuda: quina documentació li cal portar?"
    mail = mail_of(town, action, "", text, ours, sender=neighbour)
    return sent(town, neighbour, mail, asks=True, guest_of=action.who)


# --- machines -----------------------------------------------------------------------------------------


def _advertises(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    marks = (("Precedence", "bulk"), ("List-Unsubscribe", "<mailto:out@news.example>"))
    town.deliver(mail_of(town, action, f"Ofertes {action.number}", "Compreu avui.", headers=marks))
    return "a bulk mail"


def _is_disowned(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    mail = mail_of(town, action, f"Urgent {action.number}", f"Com puc canviar el compte del rebut {action.number}?")
    town.deliver(mail, verdict="fail")
    town.truth.wrote(mail, action.who, arrival(town), asks=False)
    return f"message {short(str(mail['Message-ID']))}, whose domain disowns it"


def _is_returned(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """An answer bounces, minutes or hours after it was written."""
    since = town.clock.true() - timedelta(days=1)
    fresh = [a for a in town.truth.answers if a.mail is not None and a.at >= since and not a.returned]
    if not fresh:
        return ""
    answer = rng.choice(fresh)
    assert answer.mail is not None
    answer.returned = True
    town.deliver(town.report_about(answer.mail, number=town.number(action)), envelope="")
    return f"the answer to {short(answer.message)} was not delivered"


def _is_delayed(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    boxes = [
        mails[-1] for address, mails in sorted(town.relay.inboxes.items()) if mails and address in _citizen_addresses()
    ]
    if not boxes:
        return ""
    about = rng.choice(boxes)
    notification = town.report_about(about, action="delayed", status="4.4.1", number=town.number(action))
    town.deliver(notification, envelope="")
    return "a mail of ours is late"


def _citizen_addresses() -> frozenset[str]:
    return frozenset(citizen.address for citizen in population.CITIZENS)


# --- staff-----------------------------------------------------------------------------------------


def _waiting(town: SimulatedTown) -> list[WrittenMessage]:
    """The unanswered messages in the mailbox, without those that the agents overlook."""
    here = town.ids_in_the_mailbox()
    return [
        message
        for message in town.truth.waiting()
        if message.message_id in here and int(short(message.message_id), 16) % FORGOTTEN
    ]


def _answer(
    town: SimulatedTown, action: SimulatedAction, message: WrittenMessage, turn: int = 0, sender: str = "", cc: str = ""
) -> EmailMessage:
    text = population.ANSWERS[population.language(message.sender)]
    _, style = STYLES[(action.number + turn) % len(STYLES)]
    mail = town.message(
        sender or town.office_address,
        "",
        style(text, message.mail),
        to=message.sender,
        answers=message.mail,
        headers=(("Cc", cc),) if cc else (),
        number=f"{town.number(action)}:{turn}",
    )
    town.truth.answers.append(Answer(message.message_id, message.sender, arrival(town), mail))
    return mail


def _answers(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    messages = _waiting(town)[: rng.randint(1, 2)]
    for turn, message in enumerate(messages):
        mail = _answer(town, action, message, turn)
        town.put_into_sent(mail)
    return ", ".join(f"answer to {short(message.message_id)} of {message.sender}" for message in messages)


def _answers_from_his_own(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    messages = _waiting(town)
    if not messages:
        return ""
    agent = town.present_agents()[0]
    town.deliver(_answer(town, action, messages[0], sender=agent, cc=town.office_address), verdict="pass")
    return f"answer to {short(messages[0].message_id)} of {messages[0].sender}, the office in copy"


def _telephones(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.down or town.clock.skew:
        return ""
    for message in _waiting(town):
        number = town.database.open_case_of(message.message_id)
        if number:
            town.engine.perform(AdminCommand(verb="log-call", case=number, by="admin"))
            town.truth.answers.append(Answer(message.message_id, message.sender, town.engine.now()))
            return f"the call about {short(message.message_id)} of {message.sender} is logged"
    return ""


def _replies_to_escalation(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    supervisor = town.policy.people.supervisor[0]
    told = latest_of_ours(town, supervisor, "overdue")
    if told is None:
        return ""
    town.deliver(mail_of(town, action, "", "Ho miro avui.", told, sender=supervisor), verdict="pass")
    return "the supervisor replies"


def _tidies(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Another client copies, moves or expunges a message that the service has read."""
    if town.down:
        return ""
    known = town.database.message_ids()
    inbox = town.mailbox.folders["INBOX"].messages
    seen = [uid for uid, message in inbox.items() if town.id_of(message.raw) in known]
    if not seen:
        return ""
    uid, how = rng.choice(seen), rng.choice(sorted(_CLIENT_CHANGES))
    name = short(town.id_of(inbox[uid].raw))
    _CLIENT_CHANGES[how](town.mailbox, uid)
    return f"message {name} is {how}"


_CLIENT_CHANGES: Mapping[str, Callable[[SimulatedMailbox, int], object]] = {
    "copied": lambda box, uid: box.copy("INBOX", uid, "INBOX"),
    "copied to Sent": lambda box, uid: box.copy("INBOX", uid, "Sent"),
    "put into Junk": lambda box, uid: box.move("INBOX", uid, "Junk"),
    "expunged": lambda box, uid: box.expunge("INBOX", uid),
}

ACTIONS: Mapping[str, ActionHandler] = {
    "writes": _writes,
    "adds to it": _adds,
    "asks anew": _asks_anew,
    "thanks": _thanks,
    "sends it again": _sends_again,
    "writes the same again": _writes_the_same,
    "names the number": _names_the_number,
    "is away": _is_away,
    "shows it to a neighbour": _shows_a_neighbour,
    "advertises": _advertises,
    "is disowned": _is_disowned,
    "is returned": _is_returned,
    "is delayed": _is_delayed,
    "answers": _answers,
    "answers from his own address": _answers_from_his_own,
    "telephones": _telephones,
    "replies to an escalation": _replies_to_escalation,
    "tidies the mailbox": _tidies,
    **platform_faults.ACTIONS,
    **desk_orders.ACTIONS,
    **services_replies.ACTIONS,
    **board_moves.ACTIONS,
    **buttons.ACTIONS,
    **relayed_answers.ACTIONS,
    **absences.ACTIONS,
    **survey_votes.ACTIONS,
    **erasures.ACTIONS,
    **short_messages.ACTIONS,
}
