"""Who writes to the office: citizens, machines, and whoever writes in their name.

Each action takes the town, the action and its random generator. It returns what happened as text for the story, or ''
if it was not possible (no answer to give thanks for). What asks for something is recorded as asking; of praise and of a
wish of language the ground truth keeps that nothing may follow from it; of a vote, who gave it about which case.
"""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from random import Random

from oacmail.core.errors import Transient
from oacmail.privacy.erasure import forget
from oacmail.store.connection import FILE
from oacmail.store.erase import wipe
from testbed.messages import links_of
from testbed.people import NEIGHBOURS, REGULARS
from testbed.relay import Inbox
from testbed.sim import texts
from testbed.sim.expected_due import require
from testbed.sim.ground_truth import Vote, WrittenMessage
from testbed.sim.plan import SimulatedAction
from testbed.sim.texts import language
from testbed.sim.town import SimulatedTown, short
from testbed.sim.writing import ActionHandler, answer_to, arrival, latest_of_ours, mail_of, sent

_LANGUAGES = ("català", "castellano", "English")
_OPEN = timedelta(days=29)
_WORDS = ("{score}", "{score}, gràcies", "Us poso un {score}.", "{score}\n\nEnviat des del meu iPhone")
_COUNTS = timedelta(days=30)
_DOUBT = timedelta(days=1)
_FAULTS = {lang: tuple(text for _, text in pairs) for lang, pairs in texts.PLATFORM_FAULTS.items()}
_Chosen = Callable[[SimulatedTown, str, Random], EmailMessage | None]


# --- questions ---------------------------------------------------------------------------------------


def _question(town: SimulatedTown, action: SimulatedAction, rng: Random, pairs: texts.Questions) -> EmailMessage:
    subject, text = rng.choice(pairs[language(action.who)])
    number = str(10_000 + action.number)
    return mail_of(town, action, subject.format(n=number), text.format(n=number))


def _asks(pairs: texts.Questions) -> ActionHandler:
    """In a message of its own."""
    return lambda town, action, rng: sent(town, action.who, _question(town, action, rng, pairs), asks=True)


def _replies(choice: texts.Choice, to: _Chosen) -> ActionHandler:
    """Below a mail that the person has; not possible without one."""

    def replies(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
        about = to(town, action.who, rng)
        if about is None:
            return ""
        text = rng.choice(choice[language(action.who)]).format(n=action.number)
        return sent(town, action.who, mail_of(town, action, "", text, about), asks=True)

    return replies


def _ours(town: SimulatedTown, address: str, rng: Random) -> EmailMessage | None:
    return latest_of_ours(town, address)


def _answer_or_ours(town: SimulatedTown, address: str, rng: Random) -> EmailMessage | None:
    return answer_to(town, address, rng) or latest_of_ours(town, address)


def _thanks(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """In a reply, or in a new mail."""
    answer = answer_to(town, action.who, rng)
    if answer is None:
        return ""
    text = texts.THANKS[language(action.who)]
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
    old = messages[-1]
    mail = mail_of(town, action, str(old.mail["Subject"]), str(old.mail.get_content()))
    return sent(town, action.who, mail, asks=old.asks, call_before=old.call_before)


def _names_the_number(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    text = rng.choice(texts.ADDITIONS[language(action.who)]).format(n=action.number)
    return sent(town, action.who, mail_of(town, action, f"Cas {town.token_of(ours)}", text), asks=True)


def _is_away(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    marks = (("Auto-Submitted", "auto-replied"),)
    town.deliver(mail_of(town, action, "", texts.AWAY[language(action.who)], ours, marks), envelope="")
    return "an automatic reply"


def _shows_a_neighbour(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    ours = latest_of_ours(town, action.who)
    if ours is None:
        return ""
    neighbour = rng.choice(NEIGHBOURS)
    text = "Bon dia, soc qui l'ajuda: quina documentació li cal portar?"
    mail = mail_of(town, action, "", text, ours, sender=neighbour)
    return sent(town, neighbour, mail, asks=True, guest_of=action.who)


# --- short messages ----------------------------------------------------------------------------------


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
    text = texts.TERMS_TODAY[language(action.who)]
    later = range(town.clock.true().astimezone(town.zone).hour + 1, 24)
    hour = rng.choice(later) if later else 0
    mail = mail_of(town, action, f"Termini {action.number}", text.format(n=action.number, hour=hour or 24))
    return sent(town, action.who, mail, asks=True)


def _wants_a_call(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    when, before = rng.choice(texts.CALL_HOURS[language(action.who)])
    phone = f"6{rng.randrange(10**8):08d}"
    text = texts.CALL_ME[language(action.who)].format(phone=phone, when=when, n=action.number)
    mail = mail_of(town, action, f"Trucada {action.number}", text)
    return sent(town, action.who, mail, asks=True, call_before=before)


def _lands_in_junk(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    mail = _question(town, action, rng, texts.QUESTIONS)
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
    surveys = [(one, town.relay.inboxes[one.address].last("survey")) for one in REGULARS]
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
    text = rng.choice(texts.PRAISE[citizen.language])
    mail = town.message(citizen.address, "", text, answers=survey, number=town.number(action))
    town.truth.starts_nothing.add(str(mail["Message-ID"]))
    return sent(town, citizen.address, mail, asks=False)


# --- surveys -----------------------------------------------------------------------------------------


def _votes(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    boxes = [(one.address, mail) for one in REGULARS for mail in town.relay.inboxes[one.address].last("survey", 2)]
    if not boxes:
        return ""
    citizen, survey = rng.choice(boxes)
    at = arrival(town)
    age = at - parsedate_to_datetime(str(survey["Received"]).rpartition("; ")[2])
    if abs(age - _COUNTS) < _DOUBT:  # The service's clock, not the true one, sets the end of the thirty days.
        return ""
    if town.restored_at is not None and not town.down and str(survey["X-Oacmail-Case"]) not in town.database.surveyed():
        return ""
    voter = citizen if rng.random() < 0.85 else rng.choice(NEIGHBOURS)
    score = rng.choice((5, 5, 4, 4, 3, 2, 1))
    by_link = rng.random() < 0.5
    if by_link:
        links = {label[0]: link for label, link in links_of(survey)}
        mail = town.message_by_link(voter, links[str(score)], number=town.number(action))
    else:
        text = rng.choice(_WORDS).format(score=score)
        mail = town.message(voter, "", text, answers=survey, number=town.number(action))
    town.deliver(mail)
    town.truth.wrote(mail, voter, at, asks=False, guest_of=citizen if voter != citizen else "")
    case, late = str(survey["X-Oacmail-Case"]), age > _COUNTS
    if not late:
        town.truth.votes.append(Vote(case, score, at, str(mail["Message-ID"]), own=voter == citizen))
    return f"{case}: {voter} gives {score} by {'link' if by_link else 'number'}{', too late' if late else ''}"


# --- erasure -----------------------------------------------------------------------------------------


def _is_forgotten(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.down or town.clock.skew:
        return ""
    who = rng.choice([citizen.address for citizen in REGULARS])
    con, now = town.store.con, town.engine.now()
    before, read = town.database.counted(), town.database.message_ids()
    try:
        done = forget(con, town.policy, who, now, by="admin")
        open_ = bool(done.holds)
        if open_:
            done = forget(con, town.policy, who, now, by="admin", even_open=True)
    except Transient:
        return ""
    if not done.found:
        return ""
    wipe(con)
    require(open_ or town.database.counted() == before, "an erasure changes nothing that is counted", lambda: who)
    town.truth.forget(who, read)
    town.relay.inboxes[who] = Inbox()
    town.backup = None  # `restore` would erase her again (oacmail/privacy/erasure.py)
    require(not _left(town.config.office.state, who), "nothing of a forgotten person is in the database", lambda: who)
    return f"{who}{', with open cases' if open_ else ''}"


def _left(state: Path, who: str) -> list[str]:
    """The files of the database in which her address still stands. A database that a restore has set aside is one of
    the backups, for which `oacmail forget` has an option."""
    files = [state / (FILE + end) for end in ("", "-wal", "-shm")]
    return [path.name for path in files if path.exists() and who.encode() in path.read_bytes().lower()]


# --- machines ----------------------------------------------------------------------------------------


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
    return frozenset(citizen.address for citizen in REGULARS)


ACTIONS: dict[str, ActionHandler] = {
    "writes": _asks(texts.QUESTIONS),
    "adds to it": _replies(texts.ADDITIONS, _ours),
    "asks anew": _replies(texts.ANEW, answer_to),
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
    "complains shortly": _replies(texts.COMPLAINTS, _answer_or_ours),
    "wishes a language": _wishes_a_language,
    "names a term of today": _names_a_term,
    "wants a call": _wants_a_call,
    "lands in the junk folder": _lands_in_junk,
    "has answers go elsewhere": _answers_go_elsewhere,
    "praises instead of a number": _praises,
    "answers a survey": _votes,
    "reports a fault": _asks(texts.PLATFORM_FAULTS),
    "insists on a fault": _replies(_FAULTS, _ours),
    "is forgotten": _is_forgotten,
}
