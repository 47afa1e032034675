"""The daily summary at eight: its numbers, and what a person should look at (template J)."""

from collections.abc import Callable

from tests.engine.world import AGENT, ANNA, MARTA, PERE, World, text_of

TOWN = Callable[..., World]
SPAM = (
    "You won the lottery",
    "Dear friend, you won the lottery, claim your prize in bitcoin now, casino bonus, viagra, click here.",
)
CALL = "Bon dia, em podeu trucar al 612 345 678 {}, si us plau? No puc signar la instància."


def test_suspected_spam_is_a_list_of_its_own_that_names_nobody(town: TOWN) -> None:
    world = town(now="2026-11-26 21:00", digest={"to": [AGENT]})
    world.citizen_writes("prize@lottery.example", *SPAM)
    world.turn()
    world.advance("2026-11-27 08:00")
    world.turn()
    (summary,) = world.received(AGENT)
    (ref,) = [row["fingerprint"] for row in world.rows("SELECT fingerprint FROM reviews")]
    text = text_of(summary)
    assert str(summary["Subject"]).endswith("1 per revisar com a possible brossa")
    assert f"- {ref}: 26 de novembre a les 21 h" in text[text.index("Possible correu brossa") :]
    assert "lottery" not in summary.as_string()
    assert world.received("prize@lottery.example") == []


def test_a_day_without_suspects_lists_none(town: TOWN) -> None:
    world = town(now="2026-11-26 21:00", digest={"to": [AGENT]})
    world.citizen_writes(ANNA)
    world.advance("2026-11-27 08:00")
    world.turn()
    assert "Possible correu brossa" not in text_of(world.received(AGENT)[0])


def test_calls_are_counted_by_the_slot_and_no_number_is_shown(town: TOWN) -> None:
    world = town(now="2026-11-26 13:50", digest={"to": [AGENT]})
    for sender, when in ((ANNA, "al matí"), (PERE, "a la tarda"), (MARTA, "")):
        world.citizen_writes(sender, "Em podeu trucar?", CALL.format(when))
    world.turn()
    world.advance("2026-11-27 08:00")
    world.turn()
    summary = world.received(AGENT)[-1]
    assert "trucades: 1 al matí, 2 a la tarda" in str(summary["Subject"])
    assert "612" not in text_of(summary)
    assert "678" not in text_of(summary)
