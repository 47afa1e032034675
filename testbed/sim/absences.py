"""Agents go on holiday, and their out-of-office replies in their place: to citizens, to our notices, to the reply
address of a case. None of them is an answer or an order, so the ground truth records nothing.

The forms are those of Exchange, Gmail, Sieve and of clients that set no header field at all.
"""

from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from random import Random

from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler

_FORMS = (
    (("Auto-Submitted", "auto-replied"), "Re: {subject}", "Torno el dia 15."),
    (("X-Auto-Response-Suppress", "All"), "Resposta automàtica: {subject}", "Soc fora de l'oficina fins dilluns."),
    (("Precedence", "auto_reply"), "Fora de l'oficina: {subject}", "Estic de vacances."),
    (None, "Fora de l'oficina: {subject}", "Soc fora fins dilluns 30."),
    (None, "Respuesta automática: {subject}", "Estaré fuera de la oficina hasta el lunes."),
)


def _goes_on_holiday(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    agent, now = rng.choice(town.policy.people.agents), town.clock.true()
    if agent in town.absent and town.absent[agent] > now:
        return ""
    until = town.absent[agent] = now + timedelta(days=rng.randint(2, 9))
    for turn in range(rng.randint(2, 5)):
        at = (now + rng.random() * (until - now)).replace(microsecond=0)
        chance = Random(f"away:{town.number(action)}:{turn}")
        town.later(at, agent, "out of office", partial(_replies, town, f"{town.number(action)}:{turn}", agent, chance))
    return f"{agent} till {until.astimezone(town.zone):%a %d %b}"


def _replies(town: SimulatedTown, number: str, agent: str, rng: Random) -> str:
    mark, subject, text = rng.choice(_FORMS)
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


ACTIONS: dict[str, ActionHandler] = {"goes on holiday": _goes_on_holiday}
