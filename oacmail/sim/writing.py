"""Shared helpers of the action modules: build a mail for an action, deliver it and record it in the ground truth.

They choose no action.
"""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from random import Random

from oacmail.sim import compose
from oacmail.sim.plan import SimulatedAction
from oacmail.sim.town import SimulatedTown, short

ActionHandler = Callable[[SimulatedTown, SimulatedAction, Random], str]


def mail_of(
    town: SimulatedTown,
    action: SimulatedAction,
    subject: str,
    text: str,
    answers: EmailMessage | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    sender: str = "",
) -> EmailMessage:
    return compose.message(
        town.number(action), town.clock, sender or action.who, subject, text, to=town.office_address,
        answers=answers, headers=headers,
    )  # fmt: skip


def sent(town: SimulatedTown, sender: str, mail: EmailMessage, *, asks: bool, guest: bool = False) -> str:
    town.deliver(mail)
    town.truth.wrote(mail, sender, arrival(town), asks=asks, guest=guest)
    return f"message {short(str(mail['Message-ID']))} “{mail['Subject']}”"


def arrival(town: SimulatedTown) -> datetime:
    return town.clock.true().replace(microsecond=0)


def latest_of_ours(town: SimulatedTown, address: str, kind: str = "ack") -> EmailMessage | None:
    mails = town.relay.inboxes[address].last(kind)
    return mails[0] if mails else None
