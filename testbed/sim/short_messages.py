"""Citizens who wait write short: complaints, a wish of language, a term that ends today, a call at an hour, mail that a
filter puts into the junk folder, a Reply-To elsewhere, praise instead of a number.

What asks for something is recorded as asking; of praise and of a wish of language the ground truth keeps that nothing
may follow from it but the mail that was asked for.
"""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from random import Random

from testbed.sim import population
from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, answer_to, arrival, latest_of_ours, mail_of, sent

_LANGUAGES = ("català", "castellano", "English")
_OPEN = timedelta(days=29)


def _complains(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    about = answer_to(town, action.who, rng) or latest_of_ours(town, action.who)
    if about is None:
        return ""
    text = rng.choice(population.COMPLAINTS[population.language(action.who)])
    return sent(town, action.who, mail_of(town, action, "", text, about), asks=True)


def _wishes_a_language(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    mail = mail_of(town, action, "", rng.choice(_LANGUAGES), ours)
    if not _forgot(town, ours["X-Oacmail-Case"]):
        town.truth.starts_nothing.add(str(mail["Message-ID"]))
    return sent(town, action.who, mail, asks=False)


def _forgot(town: SimulatedTown, case: object) -> bool:
    """Whether a restored database may not know this case: a reply to it opens one."""
    return town.restored_at is not None and (town.down or str(case) not in town.database.numbers())


def _names_a_term(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Of today, at an hour or at the end of the day."""
    text = population.TERMS_TODAY[population.language(action.who)]
    later = range(town.clock.true().astimezone(town.zone).hour + 1, 24)
    hour = rng.choice(later) if later else 0
    mail = mail_of(town, action, f"Termini {action.number}", text.format(n=action.number, hour=hour or 24))
    return sent(town, action.who, mail, asks=True)


def _wants_a_call(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    when, before = rng.choice(population.CALL_HOURS[population.language(action.who)])
    phone = f"6{rng.randrange(10**8):08d}"
    text = population.CALL_ME[population.language(action.who)].format(phone=phone, when=when, n=action.number)
    mail = mail_of(town, action, f"Trucada {action.number}", text)
    story = sent(town, action.who, mail, asks=True)
    town.truth.written[str(mail["Message-ID"])].call_before = before
    return story


def _lands_in_junk(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    subject, text = rng.choice(population.QUESTIONS[population.language(action.who)])
    number = str(10_000 + action.number)
    mail = mail_of(town, action, subject.format(n=number), text.format(n=number))
    town.deliver(mail, folder="Junk")
    town.truth.in_junk.add(str(mail["Message-ID"]))
    town.truth.wrote(mail, action.who, arrival(town), asks=True)
    return f"message {short(str(mail['Message-ID']))} “{mail['Subject']}”"


def _answers_go_elsewhere(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """A stranger in this person's name, from a server that proves nothing, under the subject of the case."""
    written = town.truth.of(action.who)
    if not written:
        return ""
    mail = mail_of(
        town, action, f"Re: {written[-1].mail['Subject']}", "Ja teniu la resposta del meu cas?",
        headers=(("Reply-To", "impostor@elsewhere.example"),), sender="avi@unsigned.example",
    )  # fmt: skip
    return sent(town, "avi@unsigned.example", mail, asks=True)


def _praises(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Words in place of a number, while the survey is open."""
    surveys = [(one, town.relay.inboxes[one.address].last("survey")) for one in population.CITIZENS]
    asked = [(one, mails[0]) for one, mails in surveys if mails]
    if not asked:
        return ""
    citizen, survey = rng.choice(asked)
    age = arrival(town) - parsedate_to_datetime(str(survey["Received"]).rpartition("; ")[2])
    forgotten = town.restored_at is not None and (
        town.down or str(survey["X-Oacmail-Case"]) not in town.database.surveyed()
    )
    if age > _OPEN or forgotten:
        return ""
    text = rng.choice(population.PRAISE[citizen.language])
    mail = town.message(citizen.address, "", text, answers=survey, number=town.number(action))
    town.truth.starts_nothing.add(str(mail["Message-ID"]))
    return sent(town, citizen.address, mail, asks=False)


def _brings_in(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """An agent answers the card of a message in the junk folder."""
    agent = town.present_agents()[0]
    card = latest_of_ours(town, agent, "in_junk")
    if card is None:
        return ""
    mail = mail_of(town, action, "", "és persona", card, sender=agent)
    town.deliver(mail, verdict="pass")
    return f"{short(str(card['Message-ID']))} is a person's"


ACTIONS: dict[str, ActionHandler] = {
    "complains shortly": _complains,
    "wishes a language": _wishes_a_language,
    "names a term of today": _names_a_term,
    "wants a call": _wants_a_call,
    "lands in the junk folder": _lands_in_junk,
    "has answers go elsewhere": _answers_go_elsewhere,
    "praises instead of a number": _praises,
    "brings in from the junk folder": _brings_in,
}
