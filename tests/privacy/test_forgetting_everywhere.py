"""One person in every place that a mail about them can reach: after the erasure no byte of theirs is left there."""

from collections.abc import Callable

import pytest

from oacmail.privacy.erasure import forget
from oacmail.store.connection import FILE
from oacmail.store.erase import wipe
from tests.orders.test_orders_of_calls import agent_writes
from tests.privacy.killed import KilledHere, dying
from tests.privacy.test_forgetting import left_in
from tests.relayed import relayed_answers
from tests.world import AGENT, ANNA, PASS, PERE, TECHNICAL, World

NAME, WORD = "Neus Torrentfonda", "quaranta-dos"


def erased(world: World, address: str) -> set[tuple[str, str]]:
    """What is left in the files of the database of the words that only this person brought."""
    assert forget(world.store.con, world.policy, address, world.engine.now(), by="admin", even_open=True).found
    wipe(world.store.con)
    return left_in(world.config.office.state, ("Torrentfonda", "612345678", "quaranta-dos"))


def test_the_order_by_which_a_call_was_noted(world: World) -> None:
    agent_writes(world, f"#trucada {NAME}, 612345678: paga {WORD} rebuts")
    assert erased(world, "tel:+34612345678") == set()


def test_orders_about_several_cases_in_one_mail(world: World) -> None:
    for who in (ANNA, PERE):
        world.citizen_writes(who)
    world.turn()
    agent_writes(world, f"1 NOTA: la senyora {NAME}, 612345678, paga {WORD} rebuts\n2 NOTA: demà torna")
    assert erased(world, ANNA) == set()


@pytest.mark.parametrize("named", ["oac-2026-000001", ANNA.upper()])
def test_a_mail_of_an_agent_that_names_the_case_or_the_address_and_orders_nothing(world: World, named: str) -> None:
    world.citizen_asks(ANNA)
    agent_writes(world, f"Pel que fa a {named}: la {NAME}, 612345678, paga {WORD} rebuts.")
    agent_writes(world, f"Pel que fa a l'OAC-2026-0000011 i jo{ANNA}: demà torna.")
    assert world.rows("SELECT DISTINCT case_id FROM messages WHERE role = 'agent'") == [{"case_id": None}]
    assert erased(world, ANNA) == set()
    (kept,) = world.rows("SELECT fresh FROM messages WHERE role = 'agent' AND fresh <> ''")
    assert kept["fresh"] == f"Pel que fa a l'OAC-2026-0000011 i jo{ANNA}: demà torna."


@pytest.mark.parametrize("into", [1, 2])
def test_an_answer_on_a_case_that_was_merged_with_somebody_elses(world: World, into: int) -> None:
    asked = world.citizen_writes(ANNA, text=f"Bon dia, com pago {WORD} rebuts? {NAME}, 612345678")
    world.citizen_writes(PERE, text="Bon dia, quan obriu?")
    world.turn()
    world.order("merge", f"OAC-2026-00000{3 - into}", into=f"OAC-2026-00000{into}")
    world.agent_answers(asked, f"Bon dia, {NAME}: els {WORD} rebuts, al 612345678.")
    world.turn()
    assert erased(world, ANNA) == set()


def test_a_forward_by_a_colleague_who_enclosed_the_message(world: World) -> None:
    original = world.message(f"{NAME} <{ANNA}>", f"Els {WORD} rebuts", "Bon dia, com els pago? 612345678", to=AGENT)
    wrapper = world.message(AGENT, f"RV: Els {WORD} rebuts", f"Us envio el de la {NAME}")
    wrapper.add_attachment(original)
    world.deliver(wrapper, verdict=PASS)
    world.turn()
    assert [case["citizen"] for case in world.cases()] == [ANNA]
    assert erased(world, ANNA) == set()


def test_the_services_reply_about_a_derived_case(town: Callable[..., World]) -> None:
    world = town(people={"technical": [TECHNICAL]})
    asked = world.citizen_writes(ANNA, text=f"Bon dia, la seu no em deixa pagar {WORD} rebuts: {NAME}, 612345678")
    world.turn()
    agent_writes(world, "1 DERIVA: plataforma: no deixa pagar")
    (notice,) = [mail for mail in world.received(TECHNICAL) if mail["X-Oacmail-Case"]]
    reply = world.message(
        TECHNICAL, f"Re: {notice['Subject']}", f"Parleu amb la {NAME}, 612345678, dels {WORD} rebuts", answers=notice
    )
    world.deliver(reply, verdict=PASS)
    world.turn()
    assert asked["From"]
    assert erased(world, ANNA) == set()


def test_the_source_of_an_answer_that_was_sent_on(world: World) -> None:
    overdue = relayed_answers.notice(world)
    relayed_answers.send(
        world, relayed_answers.mail(world, overdue, f"Bon dia, {NAME}: els {WORD} rebuts, al 612345678.")
    )
    assert relayed_answers.relayed(world)
    assert erased(world, ANNA) == set()


def test_an_erasure_that_is_killed_anywhere_is_done_or_not_begun(world: World) -> None:
    world.citizen_writes(ANNA, text=f"Bon dia, com pago {WORD} rebuts? {NAME}, 612345678")
    world.turn()
    agent_writes(world, f"1 NOTA: la senyora {NAME}, 612345678")
    count, whole = statements_of_an_erasure(world, 10**9, dry_run=True), list(world.store.con.iterdump())
    assert count > 40
    for moment in range(0, count, count // 40):
        with pytest.raises(KilledHere):
            statements_of_an_erasure(world, moment)
        assert list(world.store.con.iterdump()) == whole
    statements_of_an_erasure(world, 10**9)
    wipe(world.store.con)
    assert left_in(world.config.office.state, (NAME.split()[1], "612345678", WORD)) == set()


def statements_of_an_erasure(world: World, most: int, *, dry_run: bool = False) -> int:
    """Erase in a process that dies after so many statements; return how many there were."""
    file = world.config.office.state / FILE
    with dying(file, world.policy.secrets, most) as con:
        forget(con, world.policy, ANNA, world.engine.now(), by="admin", even_open=True, dry_run=dry_run)
        return most - con.left
