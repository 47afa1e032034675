"""Faults of the simulated town: relay, mail server, clock, disk and process, each caused by an action of the plan.

A fault that lasts schedules its own end. No fault may lose a message, send a mail twice or deceive anybody;
`invariants` checks this.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from random import Random

from oacmail.core.stored_values import LEDGER_COPIED
from oacmail.store import admin, connection, writing
from testbed.people import REGULARS
from testbed.relay import DOWN, NO_COPY, DeliveryOutcome, deferred, no_reply, refused
from testbed.service import KILL_POINTS
from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short

FaultHandler = Callable[[SimulatedTown, SimulatedAction, Random], str]


def _hours(rng: Random, least: float, most: float) -> timedelta:
    return timedelta(minutes=round(rng.uniform(least, most) * 60))


# --- the relay ----------------------------------------------------------------------------------------


def _lasting(town: SimulatedTown, action: SimulatedAction, outcome: DeliveryOutcome, lasts: timedelta) -> str:
    rule = town.relay.when(outcome)
    return town.start_fault(action.what, lasts, lambda: town.relay.remove(rule))


def _is_down(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _lasting(town, action, DOWN, _hours(rng, 0.2, 30))


def _puts_off(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    outcome = rng.choice((deferred(450), deferred(451, "DATA"), deferred(421)))
    return _lasting(town, action, outcome, _hours(rng, 0.2, 20))


def _next_mails(town: SimulatedTown, rng: Random, outcome: DeliveryOutcome, times: int) -> str:
    """Give the next mails to one citizen this outcome; the relay shows no sign of it before."""
    to = rng.choice([citizen.address for citizen in REGULARS])
    town.relay.when(outcome, to=to, times=times)
    return f"{outcome.end} {outcome.code if outcome.code != TAKEN_CODE else ''} for the next {times} to {to}".replace(
        "  ", " "
    )


TAKEN_CODE = 250


def _refuses_one(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    fates = (refused(550), refused(554, "5.7.1", "DATA"), refused(552, "5.2.2", "DATA"))
    return _next_mails(town, rng, rng.choice(fates), 1)


def _line_is_lost(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _next_mails(town, rng, no_reply(lost=False), rng.randint(1, 2))


def _swallows(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _next_mails(town, rng, no_reply(lost=True), 1)


def _no_copy(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _next_mails(town, rng, NO_COPY, 1)


def _copies_late(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    town.relay.copies = "held"

    def brought() -> None:
        town.relay.copies = "delivered"
        town.relay.release_copies()

    return town.start_fault(action.what, _hours(rng, 0.1, 2), brought)


# --- the mail server ----------------------------------------------------------------------------------


def _away(town: SimulatedTown, action: SimulatedAction, rng: Random, lasts: timedelta) -> str:
    if town.mailbox.away:
        return ""
    town.mailbox.away = True
    since = town.clock.true()

    def back() -> None:
        town.mailbox.away = False
        town.unread.append((since, town.clock.true()))

    return town.start_fault(action.what, lasts, back)


def _away_hours(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _away(town, action, rng, _hours(rng, 0.2, 14))


def _away_days(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    return _away(town, action, rng, _hours(rng, 20, 96))


def _folder_unreadable(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.mailbox.refused:
        return ""
    folder, since = rng.choice(("INBOX", "Sent")), town.clock.true()
    town.mailbox.refused = {folder}

    def opened() -> None:
        town.mailbox.refused = set()
        town.unread.append((since, town.clock.true()))

    return f"{folder} {town.start_fault(action.what, _hours(rng, 0.2, 30), opened)}"


def _mailbox_restored(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.snapshot is None or town.down or town.relay.copies == "held":
        return ""
    town.mailbox.restore(town.snapshot)
    town.mailbox_restored_at = town.clock.true()
    town.drop_lost_messages()
    town.backup = None  # a mail that both have lost has no proof of sending left
    return "as it was last night"


def _renumbered(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    folder = rng.choice(("INBOX", "Sent"))
    town.mailbox.renew(folder)
    return folder


def _message_unreadable(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Make a new message unreadable on the server."""
    if town.down:
        return ""
    known = town.database.message_ids()
    messages = town.mailbox.folders["INBOX"].messages
    fresh = [uid for uid, message in messages.items() if town.id_of(message.raw) not in known]
    if not fresh:
        return ""
    messages[fresh[-1]].bad = True
    return f"message {short(town.id_of(messages[fresh[-1]].raw))}"


# --- the machine --------------------------------------------------------------------------------------


def _database_restored(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.backup is None or town.down or town.relay.copies == "held":
        return ""
    since, path = town.backup
    town.stop()
    now, state = town.clock.now(), town.config.office.state
    admin.restore(state, path, now, town.policy.secrets)
    with closing(connection.connect(state / connection.FILE)) as con, connection.transaction(con):
        writing.remember(con, LEDGER_COPIED, "", now)  # as where the copy does not fit: it is replaced
    town.start()
    town.restored, town.restored_at = town.restored + 1, town.clock.true()
    answers = town.truth.answers
    town.truth.answers = [answer for answer in answers if answer.mail is not None or answer.at < since]
    town.drop_lost_messages()
    return f"as it was at {since.astimezone(town.zone):%a %d %b %H:%M}"


def _clock_jumps(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.clock.skew:
        return ""
    skew, since = _hours(rng, 1, 9) * rng.choice((-1, 1)), town.clock.true()
    town.clock.skew = skew

    def right() -> None:
        town.clock.skew = timedelta(0)
        town.skews.append((since - abs(skew), town.clock.true() + abs(skew)))
        town.healthy_since = town.clock.true() + max(
            skew, timedelta(0)
        )  # items deferred by the skew wait for their time

    lasts = town.start_fault(action.what, _hours(rng, 0.5, 12), right)
    return f"by {skew / timedelta(hours=1):+.1f} h {lasts}"


def _killed(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    """Kill the service when a turn next reaches this point."""
    town.kill_at = rng.choice(KILL_POINTS)
    return ""


def _stopped(town: SimulatedTown, action: SimulatedAction, rng: Random) -> str:
    if town.down:
        return ""
    town.down = True
    town.stop()

    def started() -> None:
        town.down = False
        town.start()

    since = town.clock.true()
    lasts = town.start_fault(action.what, _hours(rng, 3, 96), started)
    town.unread.append((since, since + timedelta(hours=96)))
    return lasts


FAULTS: Mapping[str, FaultHandler] = {
    "the relay is down": _is_down,
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
