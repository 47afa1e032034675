"""What agents do: answer, telephone, order by mail and by button, relay, send drafts, drag messages, go on holiday.

Words to a notice must reach no citizen, which `invariants` checks by the word `INTERNAL`. An order that the citizen
gets answers nothing, and neither does an out-of-office: the ground truth records no answer of them. It records where
each message was dragged, and what a move or a button says of its case. Whether that fits is for the service to say.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from random import Random

from oacmail.core.effects import AdminCommand
from oacmail.core.model import BoardFolder
from testbed.mailbox import SimulatedMailbox
from testbed.people import DISOWNED
from testbed.sim.ground_truth import AgentsAct, Answer, PersonsMove, RelayedAnswer, WrittenMessage
from testbed.sim.plan import SimulatedAction
from testbed.sim.texts import ANSWERS, INTERNAL, language
from testbed.sim.town import SimulatedTown, board_folder, short
from testbed.sim.writing import (
    STYLES,
    ActionHandler,
    arrival,
    chosen_button,
    latest_of_ours,
    mail_of,
    press,
    says,
    shown,
)

FORGOTTEN = 8  # one message in eight gets no answer
MINE, FIRST_LEVEL, DERIVES, CALLED = _BUTTONS = "Me'l quedo", "És de primer nivell", "Deriva a nivell 2", "He trucat"
_ADDRESS = re.compile(r"mailto:([^?\s]+\+r-[^?\s]+)\?")
_KINDS = ("second_level", "services", "solved", "overdue", "complex", "answered_twice")
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
_TARGETS: Sequence[tuple[BoardFolder, float]] = (
    (BoardFolder.ASSIGNED, 6),
    (BoardFolder.DERIVED, 2),
    (BoardFolder.WAITING, 2),
    (BoardFolder.OPEN, 2),
    (BoardFolder.CLOSED, 2),
    (BoardFolder.ANSWERED, 1),
    (BoardFolder.REVIEW, 0.4),
    (BoardFolder.AUTOMATIC, 0.3),
    (BoardFolder.INTAKE, 0.3),
)
_AMONG_NO_REQUESTS = ((BoardFolder.REVIEW, 1), (BoardFolder.AUTOMATIC, 1))
"""Nobody takes a machine's mail for a request: it would be acknowledged, as it must be then."""
_OUT_OF_OFFICE = (
    (("Auto-Submitted", "auto-replied"), "Re: {subject}", "Torno el dia 15."),
    (("X-Auto-Response-Suppress", "All"), "Resposta automàtica: {subject}", "Soc fora de l'oficina fins dilluns."),
    (("Precedence", "auto_reply"), "Fora de l'oficina: {subject}", "Estic de vacances."),
    (None, "Fora de l'oficina: {subject}", "Soc fora fins dilluns 30."),
    (None, "Respuesta automática: {subject}", "Estaré fuera de la oficina hasta el lunes."),
)
"""As Exchange, Gmail and Sieve write it, and clients that set no header field at all."""


# --- answers -----------------------------------------------------------------------------------------


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
    text = ANSWERS[language(message.sender)]
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


def _passes_on(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """An agent approves the notice of an automatically derived case; the citizen gets it from then on."""
    if town.down or town.clock.skew:
        return ""
    row = town.database.derived_and_untold()
    if row is None:
        return ""
    town.engine.perform(AdminCommand(verb="escalate", case=row["number"], by="admin"))
    town.truth.answers.append(Answer(row["message_id"], row["address"], town.engine.now()))
    return f"{row['number']}: the sender of {short(row['message_id'])} is notified"


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


# --- answers through the office, and drafts ----------------------------------------------------------


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


# --- orders ------------------------------------------------------------------------------------------


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


def _brings_in(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """An agent answers the card of a message in the junk folder."""
    agent = town.present_agents()[0]
    card = latest_of_ours(town, agent, "in_junk")
    if card is None:
        return ""
    mail = mail_of(town, action, "", "és persona", card, sender=agent)
    town.deliver(mail, verdict="pass")
    return f"{short(str(card['Message-ID']))} is a person's"


def _agents_press(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    people = town.policy.people
    writers = (*town.present_agents(), *people.supervisor)
    found = chosen_button(town, rng, writers, ("second_level", "overdue", "remind"), _BUTTONS)
    if found is None:
        return ""
    mail, label, link = found
    sender, told = says(town, rng, mail, link, people.operator[0])
    case = press(town, action, link, sender, f"\n\n{INTERNAL}\n")
    if told:
        meets = label in (DERIVES, CALLED)
        town.truth.acts.append(AgentsAct(arrival(town), case=case, meets=meets, ends=label == FIRST_LEVEL))
    return f"{case}: {label}{'' if told else ', which says nothing'}"


# --- the mailbox -------------------------------------------------------------------------------------


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


def _drags(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.policy.board is None:
        return ""
    boxes = town.mailbox.folders
    folders = [name for name in sorted(town.board_folders) if boxes[name].messages]
    if not folders:
        return ""
    folder = rng.choice(folders)
    targets = _TARGETS if folder not in _aside(town) else _AMONG_NO_REQUESTS
    names, weights = zip(*targets, strict=True)
    (to,) = rng.choices(names, weights)
    agent = rng.choice(town.present_agents()).partition("@")[0] if to is BoardFolder.ASSIGNED else ""
    target = board_folder(town.policy, to, agent)
    some = rng.randint(2, 4) if rng.random() < 0.2 else 1
    uids = rng.sample(sorted(boxes[folder].messages), min(some, len(boxes[folder].messages)))
    if folder == target or target not in boxes:
        return ""
    return ", ".join(_put(town, folder, uid, target, to) for uid in uids)


def _aside(town: SimulatedTown) -> tuple[str, ...]:
    return tuple(board_folder(town.policy, folder) for folder in (BoardFolder.AUTOMATIC, BoardFolder.REVIEW))


def _put(town: SimulatedTown, folder: str, uid: int, target: str, to: BoardFolder) -> str:
    name, at = town.mailbox.folders[folder].messages[uid].message_id, town.clock.true()
    town.mailbox.move(folder, uid, target)
    town.truth.moves[name] = PersonsMove(name, target, at)
    derived = to is BoardFolder.DERIVED
    town.truth.acts.append(AgentsAct(at, message=name, meets=derived, ends=not derived))
    return f"{short(name)} from {folder.rpartition('/')[2]} to {target.partition('/')[2] or target}"


# --- holidays ----------------------------------------------------------------------------------------


def _goes_on_holiday(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    agent, now = rng.choice(town.policy.people.agents), town.clock.true()
    if agent in town.absent and town.absent[agent] > now:
        return ""
    until = town.absent[agent] = now + timedelta(days=rng.randint(2, 9))
    for turn in range(rng.randint(2, 5)):
        at = (now + rng.random() * (until - now)).replace(microsecond=0)
        chance = Random(f"away:{town.number(action)}:{turn}")
        town.later(at, agent, "out of office", partial(_is_out, town, f"{town.number(action)}:{turn}", agent, chance))
    return f"{agent} till {until.astimezone(town.zone):%a %d %b}"


def _is_out(town: SimulatedTown, number: str, agent: str, rng: Random) -> str:
    mark, subject, text = rng.choice(_OUT_OF_OFFICE)
    headers = [mark] if mark else []

    def written(sender: str, to: str, answers: EmailMessage, *cc: tuple[str, str]) -> EmailMessage:
        title = subject.format(subject=str(answers["Subject"])[:60])
        return town.message(sender, title, text, to=to, answers=answers, headers=(*headers, *cc), number=number)

    waiting = town.truth.waiting()[-3:]
    how = rng.choice(("shared", "own", "notice"))
    if how == "notice" or not waiting:
        inbox, kinds = town.relay.inboxes[agent], ("digest", "second_level", "services", "solved")
        notices = [mail for kind in kinds for mail in inbox.last(kind)]
        if not notices:
            return ""
        notice = rng.choice(notices)
        town.deliver(written(agent, town.office_address, notice), verdict="pass")
        return f"to {notice['X-Oacmail-Kind']}"
    message = rng.choice(waiting)
    if how == "shared":
        mail = written(town.office_address, message.sender, message.mail)
        town.put_into_sent(mail)
    else:
        town.deliver(written(agent, message.sender, message.mail, ("Cc", town.office_address)), verdict="pass")
    return f"to {short(message.message_id)} of {message.sender}, {how}"


ACTIONS: dict[str, ActionHandler] = {
    "answers": _answers,
    "answers from his own address": _answers_from_his_own,
    "telephones": _telephones,
    "replies to an escalation": _replies_to_escalation,
    "tidies the mailbox": _tidies,
    "brings in from the junk folder": _brings_in,
    "passes it on": _passes_on,
    "orders by mail": _orders,
    "replies to a notice": _remarks,
    "sends an order to the citizen": _orders_the_citizen,
    "takes a derivation back": _takes_back,
    "assigns": _assigns,
    "names a cause": _names_a_cause,
    "tells of a solution": _tells,
    "drags messages": _drags,
    "an agent presses": _agents_press,
    "answers through the office": _relays,
    "sends a draft": _sends_a_draft,
    "goes on holiday": _goes_on_holiday,
}
