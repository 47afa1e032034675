"""An agent's mail to a case's answer address, for the tests of what becomes of it."""

import re
from email.message import EmailMessage
from typing import Any

from tests.world import ANNA, PASS, SUPERVISOR, World, text_of

TEXT = "Bon dia, Anna,\n\nEntreu a la seu amb l'idCAT Mòbil i torneu-ho a provar.\n\n-- \nMarta Soler\nOAC 360\n"


def address(notice: EmailMessage) -> str:
    found = re.search(r"mailto:(oac360\+r-[^?\s]+)\?", text_of(notice))
    assert found is not None
    return found[1]


def notice(world: World, *, text: str = "Bon dia, com puc signar la instància?") -> EmailMessage:
    """A case that is overdue; the notice that the supervisor has."""
    world.citizen_asks(ANNA, text=text)
    world.live("2026-11-27 09:00")
    (notice,) = world.received(SUPERVISOR, "overdue")
    return notice


def mail(world: World, notice: EmailMessage, text: str = TEXT, **more: Any) -> EmailMessage:
    sender = more.pop("sender", f"Marta Soler <{SUPERVISOR}>")
    return world.message(sender, "Resposta", text, to=address(notice), **more)


def send(world: World, mail: EmailMessage, *, verdict: str = PASS) -> None:
    world.receive(mail, verdict=verdict, sender=SUPERVISOR)


def relayed(world: World, address: str = ANNA) -> list[EmailMessage]:
    return world.received(address, "relayed")


def refusals(world: World, address: str = SUPERVISOR) -> list[str]:
    return world.texts(address, "not_relayed")
