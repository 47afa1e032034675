"""Whatever agents write, to whatever mail of ours: no note and no order line is in a mail to a citizen."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.enemy import everything_said
from tests.world import AGENT, ANNA, MARTA, OFFICE, PASS, PERE, STAFF, SUPERVISOR, World

SECRET = "xiuxiueig"  # in every note, reason and question that an agent writes; in no answer to a citizen
CITIZENS = (ANNA, PERE, MARTA)
POINTERS = [{"body": "Trànsit", "phone": "012"}]
LINES = (
    f"#nota {SECRET} de la casa",
    f"NOTA: {SECRET}, no ho digueu",
    f"1 nota {SECRET}",
    f"#deriva {SECRET} en signar",
    f"DERIVA: {SECRET} 500",
    f"TRUCADA: Anna, 612345678: {SECRET}",
    f"#volar {SECRET}",
    f"#foraabast {SECRET}",
    f"#assigna {SECRET}",
    f"{SECRET} sense cap ordre",
    "#foraabast trànsit",
    "#esborrany",
    "#meu",
    "TRUCAT",
    "NO CONTESTA",
    "TANCA BROSSA",
    "#tanca",
    "REOBRE",
    "#separa",
    "#fusiona 2",
    "2 tanca brossa",
    "1 n2 error",
    "CASTELLÀ",
    "#tema padró",
    "#nivell1",
)
ORDERS = st.lists(st.sampled_from(LINES), min_size=1, max_size=4).map("\n".join)
STEP = st.one_of(
    st.tuples(st.just("order"), st.sampled_from((SUPERVISOR, AGENT)), ORDERS, st.integers(0, 9)),
    st.tuples(st.just("new"), st.sampled_from((SUPERVISOR, AGENT)), ORDERS, st.sampled_from(("", "+cas"))),
    st.tuples(st.just("answer"), st.sampled_from(CITIZENS)),
    st.tuples(st.just("write"), st.sampled_from(CITIZENS)),
    st.tuples(st.just("wait"), st.integers(1, 30)),
)


def _play(world: World, step: tuple[Any, ...], asked: dict[str, Any]) -> None:
    match step:
        case ("order", sender, text, index):
            notices = [mail for mail in world.received(sender) if mail["X-Oacmail-Kind"]]
            if notices:
                mail = world.message(sender, "", text, answers=notices[index % len(notices)])
                del mail["To"]
                mail["To"] = OFFICE
                world.deliver(mail, verdict=PASS)
        case ("new", sender, text, detail):
            to = OFFICE.replace("@", f"{detail}@")
            world.staff_writes(sender, "Cas", text, to=to)
        case ("answer", citizen):
            if citizen in asked:
                world.agent_answers(asked[citizen])
        case ("write", citizen):
            asked[citizen] = world.citizen_writes(citizen)
        case ("wait", hours):
            world.clock.forward(hours=hours)
    world.turn()


@settings(max_examples=25)
@given(st.lists(STEP, min_size=2, max_size=10))
def test_no_note_and_no_order_line_reaches_a_citizen(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        world = World(Path(root), digest={"to": [AGENT]}, pointer=POINTERS)
        try:
            asked = {ANNA: world.citizen_writes(ANNA)}
            world.turn()
            world.live("2026-11-27 09:00", minutes=720)
            for step in steps:
                _play(world, step, asked)
            for address, mails in world.relay.inboxes.items():
                if address in STAFF:
                    continue
                assert address in CITIZENS
                for mail in mails:
                    said = everything_said(mail).lower()
                    assert SECRET not in said
                    assert not [line for line in LINES if line.startswith("#") and line.lower() in said]
        finally:
            world.stop()
