"""Receivers that judge our mail: every refusal is told within one period of the canary, and nothing else ever is.

The cells: DMARC none, quarantine, reject x DKIM good, broken, absent x SPF aligned or not x the envelope of
acknowledgements empty, plus, plain x refused at RCPT, at DATA, later by a report, in silence. How a receiver refuses
differs only where it refuses: under reject, where neither DKIM nor SPF proves the mail.

`make matrix DAYS=90` lives that many days in each cell where nothing is wrong; here it is a morning.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any, Literal

import pytest

from oacmail.engine.watch import CanaryWatch, RefusalWatch
from testbed.receiver import DOMAIN, NAME, OUTSIDE, PlayedReceiver, Policy, Refusal, Signature
from tests.world import AGENT, OFFICE, OPERATOR, World

DAYS = int(os.environ.get("OACMAIL_MATRIX_DAYS", "0"))
Envelope = Literal["null", "bounce", "office"]
Cell = tuple[Policy, Signature, bool, Envelope, Refusal]
PERSON = f"veina@{DOMAIN}"
LIMIT = timedelta(minutes=6)  # canary.limit_minutes is 5: the next look


def _cells() -> Iterator[Cell]:
    policies: tuple[Policy, ...] = ("none", "quarantine", "reject")
    signatures: tuple[Signature, ...] = ("good", "broken", "absent")
    envelopes: tuple[Envelope, ...] = ("null", "bounce", "office")
    refusals: tuple[Refusal, ...] = ("RCPT", "DATA", "report", "silence")
    for policy, signature, aligned, envelope in product(policies, signatures, (True, False), envelopes):
        refuses = policy == "reject" and signature != "good" and not aligned
        for refusal in refusals if refuses else refusals[-1:]:
            yield policy, signature, aligned, envelope, refusal


CELLS = {" ".join(map(str, cell)): cell for cell in _cells()}
GOOD = {name: cell for name, cell in CELLS.items() if cell[1] == "good" or cell[2]}
BAD = {name: cell for name, cell in CELLS.items() if name not in GOOD}


class Town:
    """A town, the receiver of a cell, and the watches of its service."""

    def __init__(self, world: World, cell: Cell) -> None:
        policy, signature, aligned, _, refusal = cell
        self.world = world
        self.receiver = PlayedReceiver(
            world.relay, world.mailbox, world.clock, OFFICE, policy, signature, aligned, refusal
        )
        self.watches = (CanaryWatch(engine=world.engine, run=lambda _words: ""), RefusalWatch(world.engine))

    def hour(self) -> None:
        """The canary of the hour leaves and comes back or not, and the service looks."""
        world, begins = self.world, self.world.clock.now()
        for moment in (begins, begins + LIMIT):
            world.clock.set(moment)
            world.turn()
            self.receiver.bring()
            world.sync()
            for watch in self.watches:
                watch.look()
        world.clock.set(begins + timedelta(hours=1))

    def told(self) -> set[str]:
        """What anybody is told of mail that does not arrive: problems, and refusals at their case."""
        refused = {f"{mail['kind']} refused" for mail in self.world.mails() if mail["state"] == "failed"}
        return self.world.problems() | {kind for kind in refused if kind != "probe refused"}


@pytest.fixture
def make(town: Callable[..., World]) -> Callable[[Cell], Town]:
    def made(cell: Cell) -> Town:
        canary: dict[str, Any] = {"enabled": True, "send_to": OUTSIDE, "receiver": NAME, "limit_minutes": 5}
        world = town(canary=canary, smtp={"ack_envelope": cell[3]}, digest={"to": [AGENT]})
        return Town(world, cell)

    return made


def test_the_table_has_every_cell() -> None:
    """216 combinations, of which those differ by the way of refusing that refuse."""
    assert (len(CELLS), len(GOOD), len(BAD)) == (72, 36, 36)


@pytest.mark.parametrize("name", BAD)
def test_every_refusal_is_told_within_one_period_of_the_canary(name: str, make: Callable[[Cell], Town]) -> None:
    policy, _, _, envelope, refusal = BAD[name]
    town = make(BAD[name])
    town.world.citizen_writes(PERSON)
    town.hour()
    own = {"null": "empty", "bounce": "plus", "office": "plain"}[envelope]
    if policy != "reject":
        assert town.told() == {f"verdict:{own}"}
        return
    comes_home = refusal in ("RCPT", "DATA") or (refusal == "report" and envelope != "null")
    assert town.told() == {"canary", *(["ack refused"] if comes_home else [])}
    assert len(town.world.received(AGENT, "bounced")) == comes_home
    town.world.clock.set(town.world.clock.now() + LIMIT)
    town.world.turn()
    assert town.world.received(OPERATOR, "alert")


@pytest.mark.parametrize("name", GOOD)
def test_where_nothing_is_wrong_nobody_is_told_anything(name: str, make: Callable[[Cell], Town]) -> None:
    town = make(GOOD[name])
    for hour in range(24 * DAYS or 3):
        if hour % 24 == 0:
            town.world.citizen_writes(f"veina{hour}@{DOMAIN}")
        town.hour()
        assert town.told() == set(), f"hour {hour}"
    assert town.world.received(OPERATOR, "alert") == []
    assert town.world.received(AGENT, "bounced") == []
    assert len([mail for mail in town.world.mails("ack") if mail["state"] == "sent"]) == max(DAYS, 1)
