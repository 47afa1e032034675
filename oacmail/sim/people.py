"""What citizens, machines and the desk's own people do: each a function of the town, a deed and its chance.

It returns what came of it for the story, or '' where there was no occasion (nobody can thank who was not answered).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage
from random import Random

from oacmail.core.effects import AdminCommand
from oacmail.sim import cast, faults_of_platforms, post
from oacmail.sim.ledger import Answer, WrittenMessage
from oacmail.sim.mailbox import PlayedMailbox
from oacmail.sim.plan import SimulatedAction
from oacmail.sim.town import SimulatedTown, short
from oacmail.sim.writing import Doing, arrival, latest_of_ours, mail_of, sent

FORGOTTEN = 8  # one message in so many is answered by nobody


# --- citizens -----------------------------------------------------------------------------------------


def _writes(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    subject, text = chance.choice(cast.QUESTIONS[cast.tongue(deed.who)])
    number = str(10_000 + deed.number)
    mail = mail_of(town, deed, subject.format(n=number), text.format(n=number))
    return sent(town, deed.who, mail, asks=True)


def _adds(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    ours = latest_of_ours(town, deed.who)
    if ours is None:
        return ""
    text = chance.choice(cast.ADDITIONS[cast.tongue(deed.who)]).format(n=deed.number)
    return sent(town, deed.who, mail_of(town, deed, "", text, ours), asks=True)


def _asks_anew(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    answered = town.ledger.answers_to(deed.who)
    if not answered:
        return ""
    text = chance.choice(cast.ANEW[cast.tongue(deed.who)]).format(n=deed.number)
    return sent(town, deed.who, mail_of(town, deed, "", text, answered[-1].mail), asks=True)


def _thanks(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    answered = town.ledger.answers_to(deed.who)
    if not answered:
        return ""
    text = cast.THANKS[cast.tongue(deed.who)]
    return sent(town, deed.who, mail_of(town, deed, "", text, answered[-1].mail), asks=False)


def _sends_again(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    """The very same mail, as impatient people and broken clients do."""
    messages = _recent(town, deed.who)
    return sent(town, deed.who, messages[-1].mail, asks=messages[-1].asks) if messages else ""


def _recent(town: SimulatedTown, address: str) -> list[WrittenMessage]:
    since = town.clock.true() - timedelta(days=2)
    return [message for message in town.ledger.of(address) if message.at[-1] >= since]


def _writes_the_same(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    messages = _recent(town, deed.who)
    if not messages:
        return ""
    old = messages[-1].mail
    mail = mail_of(town, deed, str(old["Subject"]), str(old.get_content()))
    return sent(town, deed.who, mail, asks=messages[-1].asks)


def _names_the_number(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    ours = latest_of_ours(town, deed.who)
    if ours is None:
        return ""
    text = chance.choice(cast.ADDITIONS[cast.tongue(deed.who)]).format(n=deed.number)
    return sent(town, deed.who, mail_of(town, deed, f"Cas {town.token_of(ours)}", text), asks=True)


def _is_away(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    ours = latest_of_ours(town, deed.who)
    if ours is None:
        return ""
    marks = (("Auto-Submitted", "auto-replied"),)
    town.deliver(mail_of(town, deed, "", cast.AWAY[cast.tongue(deed.who)], ours, marks), envelope="")
    return "an automatic reply"


def _shows_a_neighbour(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    ours = latest_of_ours(town, deed.who)
    if ours is None:
        return ""
    neighbour = chance.choice(cast.NEIGHBOURS)
    text = "Bon dia, soc qui l'ajuda: quina documentació li cal portar?"
    return sent(town, neighbour, mail_of(town, deed, "", text, ours, sender=neighbour), asks=True, guest=True)


# --- machines -----------------------------------------------------------------------------------------


def _advertises(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    marks = (("Precedence", "bulk"), ("List-Unsubscribe", "<mailto:out@news.example>"))
    town.deliver(mail_of(town, deed, f"Ofertes {deed.number}", "Compreu avui.", headers=marks))
    return "a bulk mail"


def _is_disowned(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    mail = mail_of(town, deed, f"Urgent {deed.number}", f"Com puc canviar el compte del rebut {deed.number}?")
    town.deliver(mail, verdict="fail")
    town.ledger.wrote(mail, deed.who, arrival(town), asks=False)
    return f"message {short(str(mail['Message-ID']))}, whose domain disowns it"


def _is_returned(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    """An answer comes back, minutes or hours after it was written."""
    since = town.clock.true() - timedelta(days=1)
    fresh = [a for a in town.ledger.answers if a.mail is not None and a.at >= since and not a.returned]
    if not fresh:
        return ""
    answer = chance.choice(fresh)
    assert answer.mail is not None
    answer.returned = True
    town.deliver(post.report(town.number(deed), town.clock, answer.mail, to=town.office_address), envelope="")
    return f"the answer to {short(answer.message)} was not delivered"


def _is_delayed(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    boxes = [mails[-1] for address, mails in sorted(town.relay.boxes.items()) if mails and address in cast_addresses()]
    if not boxes:
        return ""
    about = chance.choice(boxes)
    report = post.report(town.number(deed), town.clock, about, to=town.office_address, action="delayed", status="4.4.1")
    town.deliver(report, envelope="")
    return "a mail of ours is late"


def cast_addresses() -> frozenset[str]:
    return frozenset(citizen.address for citizen in cast.CITIZENS)


# --- the desk -----------------------------------------------------------------------------------------


def _waiting(town: SimulatedTown) -> list[WrittenMessage]:
    """What lies unanswered before the agents' eyes; some of it they never see."""
    here = town.ids_in_the_mailbox()
    return [
        message
        for message in town.ledger.waiting()
        if message.message_id in here and int(short(message.message_id), 16) % FORGOTTEN
    ]


def _answer(
    town: SimulatedTown, deed: SimulatedAction, message: WrittenMessage, turn: int = 0, sender: str = "", cc: str = ""
) -> EmailMessage:
    mail = post.message(
        f"{town.number(deed)}:{turn}", town.clock, sender or town.office_address, "",
        cast.ANSWERS[cast.tongue(message.sender)], to=message.sender, answers=message.mail,
        headers=(("Cc", cc),) if cc else (),
    )  # fmt: skip
    town.ledger.answers.append(Answer(message.message_id, message.sender, arrival(town), mail))
    return mail


def _answers(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    messages = _waiting(town)[: chance.randint(1, 2)]
    for turn, message in enumerate(messages):
        mail = _answer(town, deed, message, turn)
        town.mailbox.append("Sent", post.as_bytes(mail), town.clock.true(), seen=True)
    return ", ".join(f"answer to {short(message.message_id)} of {message.sender}" for message in messages)


def _answers_from_his_own(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    messages = _waiting(town)
    if not messages:
        return ""
    agent = town.policy.people.agents[0]
    town.deliver(_answer(town, deed, messages[0], sender=agent, cc=town.office_address), verdict="pass")
    return f"answer to {short(messages[0].message_id)} of {messages[0].sender}, the office in copy"


def _telephones(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    if town.down or town.clock.skew:
        return ""
    for message in _waiting(town):
        row = town.store.con.execute(
            """SELECT c.number FROM messages m JOIN cases c ON c.id = m.case_id
            WHERE m.message_id = ? AND m.guest = 0 AND c.status <> 'closed'""",
            (message.message_id,),
        ).fetchone()
        if row is not None:
            town.engine.perform(AdminCommand(verb="log-call", case=row["number"], by="admin"))
            town.ledger.answers.append(Answer(message.message_id, message.sender, town.engine.now()))
            return f"the call about {short(message.message_id)} of {message.sender} is logged"
    return ""


def _replies_to_escalation(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    supervisor = town.policy.people.supervisor[0]
    told = latest_of_ours(town, supervisor, "overdue")
    if told is None:
        return ""
    town.deliver(mail_of(town, deed, "", "Ho miro avui.", told, sender=supervisor), verdict="pass")
    return "the supervisor replies"


def _tidies(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    """Other clients at work: what the service has read is copied, moved and expunged."""
    if town.down:
        return ""
    known = town.ids_in_the_database()
    inbox = town.mailbox.boxes["INBOX"].messages
    seen = [uid for uid, message in inbox.items() if town.id_of(message.raw) in known]
    if not seen:
        return ""
    uid, how = chance.choice(seen), chance.choice(sorted(_HANDS))
    name = short(town.id_of(inbox[uid].raw))
    _HANDS[how](town.mailbox, uid)
    return f"message {name} is {how}"


_HANDS: Mapping[str, Callable[[PlayedMailbox, int], object]] = {
    "copied": lambda box, uid: box.copy("INBOX", uid, "INBOX"),
    "copied to Sent": lambda box, uid: box.copy("INBOX", uid, "Sent"),
    "put into Junk": lambda box, uid: box.move("INBOX", uid, "Junk"),
    "expunged": lambda box, uid: box.expunge("INBOX", uid),
}

DEEDS: Mapping[str, Doing] = {
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
    **faults_of_platforms.DEEDS,
}
