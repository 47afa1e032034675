"""Shared helpers of the action modules: build a mail for an action, deliver it and record it in the ground truth.

They choose no action.
"""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from random import Random

from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short

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
    return town.message(
        sender or action.who, subject, text, answers=answers, headers=headers, number=town.number(action)
    )


def sent(town: SimulatedTown, sender: str, mail: EmailMessage, *, asks: bool, guest_of: str = "") -> str:
    town.deliver(mail)
    town.truth.wrote(mail, sender, arrival(town), asks=asks, guest_of=guest_of)
    return f"message {short(str(mail['Message-ID']))} “{mail['Subject']}”"


def arrival(town: SimulatedTown) -> datetime:
    return town.clock.true().replace(microsecond=0)


def shown(mail: EmailMessage) -> EmailMessage:
    """What a client quotes of it."""
    quoted = EmailMessage()
    for name in ("From", "Date", "To", "Subject"):
        quoted[name] = str(mail[name])
    body = mail.get_body(("plain",))
    quoted.set_content(str(body.get_content()) if body is not None else "")
    return quoted


def answer_to(town: SimulatedTown, address: str, rng: Random) -> EmailMessage | None:
    """The last answer of an agent to this person: directly, or relayed by the office."""
    direct = town.truth.answers_to(address)
    relayed = town.relay.inboxes[address].last("relayed")
    if relayed and (not direct or rng.random() < 0.5):
        return relayed[0]
    return direct[-1].mail if direct else None


def latest_of_ours(town: SimulatedTown, address: str, kind: str = "ack") -> EmailMessage | None:
    mails = town.relay.inboxes[address].last(kind)
    return mails[0] if mails else None
