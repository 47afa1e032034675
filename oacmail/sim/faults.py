"""What goes wrong in the town: relay, mail server, clock, disk and process, each by a deed of the plan.

A misfortune that lasts lays its own end on the heap. None of them may cost a message, send a mail twice or fool
anybody: that is what `invariants` watch.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

from oacmail.adapters.store import admin
from oacmail.sim.cast import CITIZENS
from oacmail.sim.office import POINTS
from oacmail.sim.plan import SimulatedAction
from oacmail.sim.relay import DOWN, NO_COPY, Fate, later, refused, silence
from oacmail.sim.town import SimulatedTown, short

Misfortune = Callable[[SimulatedTown, SimulatedAction, Random], str]


def _hours(chance: Random, least: float, most: float) -> timedelta:
    return timedelta(minutes=round(chance.uniform(least, most) * 60))


# --- the relay ----------------------------------------------------------------------------------------


def _lasting(town: SimulatedTown, deed: SimulatedAction, fate: Fate, lasts: timedelta) -> str:
    rule = town.relay.when(fate)
    return town.goes_wrong(deed.what, lasts, lambda: town.relay.lift(rule))


def _down(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    return _lasting(town, deed, DOWN, _hours(chance, 0.2, 30))


def _puts_off(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    fate = chance.choice((later(450), later(451, "DATA"), later(421)))
    return _lasting(town, deed, fate, _hours(chance, 0.2, 20))


def _next_mails(town: SimulatedTown, chance: Random, fate: Fate, times: int) -> str:
    """The next mails to somebody meet this; nothing tells before that."""
    to = chance.choice([citizen.address for citizen in CITIZENS])
    town.relay.when(fate, to=to, times=times)
    return f"{fate.end} {fate.code if fate.code != TAKEN_CODE else ''} for the next {times} to {to}".replace("  ", " ")


TAKEN_CODE = 250


def _refuses_one(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    fates = (refused(550), refused(554, "5.7.1", "DATA"), refused(552, "5.2.2", "DATA"))
    return _next_mails(town, chance, chance.choice(fates), 1)


def _line_is_lost(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    return _next_mails(town, chance, silence(lost=False), chance.randint(1, 2))


def _swallows(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    return _next_mails(town, chance, silence(lost=True), 1)


def _no_copy(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    return _next_mails(town, chance, NO_COPY, 1)


def _copies_late(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    town.relay.copies = "kept"

    def brought() -> None:
        town.relay.copies = "brought"
        town.relay.bring()

    return town.goes_wrong(deed.what, _hours(chance, 0.1, 2), brought)


# --- the mail server ----------------------------------------------------------------------------------


def _away(town: SimulatedTown, deed: SimulatedAction, chance: Random, lasts: timedelta) -> str:
    if town.mailbox.away:
        return ""
    town.mailbox.away = True
    since = town.clock.true()

    def back() -> None:
        town.mailbox.away = False
        town.unread.append((since, town.clock.true()))

    return town.goes_wrong(deed.what, lasts, back)


def _away_hours(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    return _away(town, deed, chance, _hours(chance, 0.2, 14))


def _away_days(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    return _away(town, deed, chance, _hours(chance, 20, 96))


def _folder_unreadable(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    if town.mailbox.refused:
        return ""
    folder, since = chance.choice(("INBOX", "Sent")), town.clock.true()
    town.mailbox.refused = {folder}

    def opened() -> None:
        town.mailbox.refused = set()
        town.unread.append((since, town.clock.true()))

    return f"{folder} {town.goes_wrong(deed.what, _hours(chance, 0.2, 30), opened)}"


def _mailbox_restored(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    if town.snapshot is None or town.down or town.relay.copies == "kept":
        return ""
    town.mailbox.restore(town.snapshot)
    town.forget_what_is_lost()
    town.backup = None  # what both have forgotten nothing can prove
    return "as it was last night"


def _renumbered(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    folder = chance.choice(("INBOX", "Sent"))
    town.mailbox.renew(folder)
    return folder


def _message_unreadable(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    """The server cannot give out a message that has just come."""
    if town.down:
        return ""
    known = town.ids_in_the_database()
    messages = town.mailbox.boxes["INBOX"].messages
    fresh = [uid for uid, message in messages.items() if town.id_of(message.raw) not in known]
    if not fresh:
        return ""
    messages[fresh[-1]].bad = True
    return f"message {short(town.id_of(messages[fresh[-1]].raw))}"


# --- the machine --------------------------------------------------------------------------------------


def _database_restored(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    if town.backup is None or town.down or town.relay.copies == "kept":
        return ""
    since, path = town.backup
    town.stop()
    admin.restore(town.config.office.state, path, town.clock.now())
    town.start()
    town.restored, town.restored_at = town.restored + 1, town.clock.true()
    answers = town.ledger.answers
    town.ledger.answers = [answer for answer in answers if answer.mail is not None or answer.at < since]
    town.forget_what_is_lost()
    return f"as it was at {since.astimezone(town.zone):%a %d %b %H:%M}"


def _clock_jumps(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    if town.clock.skew:
        return ""
    skew, since = _hours(chance, 1, 9) * chance.choice((-1, 1)), town.clock.true()
    town.clock.skew = skew

    def right() -> None:
        town.clock.skew = timedelta(0)
        town.skews.append((since - abs(skew), town.clock.true() + abs(skew)))
        town.well_since = town.clock.true() + max(skew, timedelta(0))  # what was put off by it waits for its moment

    lasts = town.goes_wrong(deed.what, _hours(chance, 0.5, 12), right)
    return f"by {skew / timedelta(hours=1):+.1f} h {lasts}"


def _killed(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    """At the next turn that comes to this point."""
    town.doom = chance.choice(POINTS)
    return ""


def _stopped(town: SimulatedTown, deed: SimulatedAction, chance: Random) -> str:
    if town.down:
        return ""
    town.down = True
    town.stop()

    def started() -> None:
        town.down = False
        town.start()

    since = town.clock.true()
    lasts = town.goes_wrong(deed.what, _hours(chance, 3, 96), started)
    town.unread.append((since, since + timedelta(hours=96)))
    return lasts


MISFORTUNES: Mapping[str, Misfortune] = {
    "the relay is down": _down,
    "the relay puts off": _puts_off,
    "the relay refuses one mail": _refuses_one,
    "the line is lost after the data": _line_is_lost,
    "the relay swallows a mail": _swallows,
    "copies come late": _copies_late,
    "no copy is taken": _no_copy,
    "the mailbox is away": _away_hours,
    "the mailbox is away for days": _away_days,
    "a folder cannot be read": _folder_unreadable,
    "the mailbox is restored": _mailbox_restored,
    "a folder is renumbered": _renumbered,
    "the database is restored": _database_restored,
    "the clock jumps": _clock_jumps,
    "the service is killed": _killed,
    "the service is stopped for days": _stopped,
    "a message cannot be read": _message_unreadable,
}
