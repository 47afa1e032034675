"""Two copies of one message, of which a list, a provider or a program has marked one: the mark is the copy's, and the
person loses nothing, in whichever order they come."""

from collections.abc import Callable
from copy import deepcopy
from email.message import EmailMessage
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.messages import as_bytes
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, World

TOWN = Callable[..., World]
ASKS = "Bon dia, com puc signar la instància amb l'idCAT? Em surt una pantalla en blanc."
CLEAN = ()
MARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "the person's own": CLEAN,
    "a group's": (("List-Id", "<info.castellbisbal.example>"), ("Precedence", "list")),
    "with List-Id": (("List-Id", "<info.castellbisbal.example>"),),
    "with Precedence: list": (("Precedence", "list"),),
    "in bulk": (("Precedence", "bulk"),),
    "a provider's forward": (("Auto-Submitted", "auto-generated"),),
    "an automatic answer": (("Auto-Submitted", "auto-replied"),),
    "junk": (("Precedence", "junk"),),
}
MARKED = [name for name in MARKS if MARKS[name]]


def copy_of(mail: EmailMessage, marks: tuple[tuple[str, str], ...]) -> EmailMessage:
    copy = deepcopy(mail)
    for name, value in marks:
        copy[name] = value
    return copy


def write(world: World, matter: str) -> EmailMessage:
    """A new message of Anna, or one that continues what she has asked before."""
    if matter == "new":
        return world.message(ANNA, "No puc signar la instància", ASKS)
    first = world.citizen_asks(ANNA, "El padró", "Bon dia, com demano un volant del padró?")
    if matter != "while the first waits":
        world.agent_replies(first, "Bon dia, el podeu demanar a la seu.")
    if matter == "by its subject":
        return world.message(ANNA, "Re: El padró", ASKS)
    return world.message(ANNA, "", ASKS, answers=first)


MATTERS = ("new", "by its reference", "by its subject", "while the first waits")


_CASES = """SELECT p.address, c.status, (SELECT count(*) FROM messages m
    WHERE m.case_id = c.id AND m.role = 'citizen') AS messages, (SELECT group_concat(due_at, ' ') FROM deadlines d
    WHERE d.case_id = c.id AND d.kind = 'answer' AND d.level = 0 AND met_at IS NULL AND withdrawn_at IS NULL) AS due
  FROM cases c JOIN people p ON p.id = c.citizen_id WHERE c.close_reason IS NOT 'duplicate' ORDER BY c.id"""


def ends(world: World) -> dict[str, object]:
    """What people see of it in the end: the cases, their messages and deadlines, the mails to her, what waits."""
    told = [mail["X-Oacmail-Kind"] for mail in world.received(ANNA)]
    return {"cases": world.rows(_CASES), "to her": told, "waits": world.reviews()}


def after(world: World, matter: str, *copies: str, folders: tuple[str, ...] = ("INBOX", "INBOX")) -> dict[str, object]:
    mail = write(world, matter)
    for name, folder in zip(copies, folders, strict=False):
        world.receive(copy_of(mail, MARKS[name]), verdict="dmarc=pass header.from=example.org", folder=folder)
        world.advance(f"2026-11-25 09:{world.clock.now().minute + 5:02}")
    return ends(world)


@pytest.mark.parametrize("matter", MATTERS)
@pytest.mark.parametrize("mark", MARKED)
def test_the_persons_own_copy_counts_after_one_that_was_marked(town: TOWN, mark: str, matter: str) -> None:
    alone = after(town(), matter, "the person's own")
    assert alone["waits"] == []
    assert after(town(), matter, mark, "the person's own") == alone
    assert after(town(), matter, "the person's own", mark) == alone


@given(
    pair=st.tuples(st.sampled_from(sorted(MARKS)), st.sampled_from(sorted(MARKS))),
    matter=st.sampled_from(MATTERS),
    folders=st.permutations(("INBOX", "INBOX", "Junk")),
)
def test_two_copies_end_in_the_same_case_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, pair: tuple[str, str], matter: str, folders: list[str]
) -> None:
    seen: list[dict[str, object]] = []
    places = list(zip(pair, folders, strict=False))
    for order in permutations(places):
        world = World(Path(tmp_path_factory.mktemp("town")))
        names, where = zip(*order, strict=True)
        seen.append(after(world, matter, *names, folders=where))
        world.stop()
    assert seen[0] == seen[1]


def test_a_groups_copy_before_the_answer_in_sent_leaves_the_answer_counted(world: World) -> None:
    question = world.citizen_asks(ANNA, "El padró", ASKS)
    answer = world.message(OFFICE, "", "Bon dia, ho heu de fer així.", to=ANNA, answers=question)
    world.receive(copy_of(answer, MARKS["a group's"]))
    assert world.case()["status"] == "open"
    world.mailbox.append("Sent", as_bytes(answer), world.clock.now(), seen=True)
    world.turn()
    assert world.case()["status"] == "answered"


def test_orders_that_a_group_has_sent_on_are_carried_out_from_the_agents_own_copy(world: World) -> None:
    world.citizen_asks(ANNA, "El padró", ASKS)
    order = world.message(AGENT, "Cas 1", "MEVA", to=OFFICE)
    world.receive(copy_of(order, MARKS["a group's"]), verdict=PASS)
    assert world.case()["assignee"] is None
    world.receive(order, verdict=PASS)
    assert world.case()["assignee"] is not None


def test_a_remark_without_proof_counts_once_its_proven_copy_comes(world: World) -> None:
    """A group rewrites what a signature covers; the agent's own copy has its proof."""
    question = world.citizen_asks(ANNA, "El padró", ASKS)
    answer = world.message(AGENT, "", "Bon dia, ho heu de fer així.", to=ANNA, answers=question)
    answer["Cc"] = OFFICE
    world.receive(answer, verdict="dmarc=none")
    assert world.case()["status"] == "open"
    world.receive(answer, verdict=PASS)
    assert world.case()["status"] == "answered"


def test_an_agent_has_answered_before_the_persons_own_copy_comes(world: World) -> None:
    """Nobody is told that an answer will come after it has come."""
    mail = world.message(ANNA, "No puc signar la instància", ASKS)
    mail["Reply-To"] = PERE
    world.receive(copy_of(mail, MARKS["in bulk"]))
    asked = copy_of(mail, CLEAN)
    asked.replace_header("From", PERE)
    world.agent_replies(asked)
    assert world.case()["status"] == "answered"
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert (world.case()["status"], world.kinds(ANNA)) == ("answered", [])


def test_a_case_that_was_closed_for_a_marked_copy_is_open_again_for_the_persons_own(world: World) -> None:
    mail = world.message(ANNA, "No puc signar la instància", ASKS)
    world.receive(copy_of(mail, MARKS["in bulk"]))
    world.obey("close", world.case()["number"], reason="spam")
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    assert world.kinds(ANNA) == ["ack"]


def test_a_machine_that_sends_twice_stays_a_machine(world: World) -> None:
    mail = world.message(PERE, "Butlletí de novembre", "Totes les novetats del mes, amb descomptes.")
    for mark in ("a group's", "with List-Id"):
        world.receive(copy_of(mail, MARKS[mark]))
    assert (world.cases(), world.mails()) == ([], [])


@pytest.fixture
def world(town: TOWN) -> World:
    return town()
