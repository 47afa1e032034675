"""A term that ends today: the agents hear at once, and the person is told that writing to us does not stop it (R32)."""

import re
from pathlib import Path

import pytest

from testbed.relay import deferred
from tests.world import AGENT, ANNA, World, text_of

PHONE = "900 772 772"
FILE_AT = "https://www.castellbisbal.example/oficina"
OFFICE = {"online_office_url": FILE_AT}
TODAY = {
    "ca": "Bon dia, no puc presentar la sol·licitud de la beca. El termini acaba AVUI a les 14h. Què faig?",
    "es": "Buenos días, no puedo presentar la solicitud de la beca. El plazo termina hoy, antes de las 2. ¿Qué hago?",
    "en": "Good morning, I cannot submit the grant application. The deadline is today by 14:00. What can I do?",
}
SAID = {
    "ca": "El vostre termini s'acaba dimecres 25 de novembre a les 14 h: escriure'ns no l'atura. "
    f"Truqueu de seguida al {PHONE} (dies laborables de 8 a 20 h) o tramiteu-ho a l'Oficina virtual: {FILE_AT}",
    "es": "Su plazo termina el miércoles 25 de noviembre a las 14 h: escribirnos no lo detiene. "
    f"Llame enseguida al {PHONE} (días laborables de 8 a 20 h) o tramítelo en la Oficina virtual: {FILE_AT}",
    "en": "Your deadline ends on Wednesday 25 November at 2 pm: writing to us does not stop it. "
    f"Call {PHONE} at once (working days, 8 am–8 pm) or use the online office: {FILE_AT}",
}
AT_MIDNIGHT = "No puc presentar la beca i el termini s'acaba avui a mitjanit, ajuda!"
ANOTHER_DAY = re.compile(r"\b(?:avui|hoy|today|demà|tomorrow|ara|ahora|now)\b", re.IGNORECASE)


def _plain(text: str) -> str:
    return text.replace("\xa0", " ")


@pytest.mark.parametrize("lang", list(TODAY))
def test_the_person_is_told_first_to_call_at_once_and_the_agents_hear_the_hour_at_once(
    tmp_path: Path, lang: str
) -> None:
    world = World(tmp_path, office=OFFICE)
    world.citizen_asks(ANNA, "Beca", TODAY[lang])
    (ack,) = world.received(ANNA)
    assert SAID[lang] in _plain(text_of(ack)).split("\n\n")[1], "before anything else"
    (notice,) = world.received(AGENT, "term")
    assert "URGENT: el termini de la persona s'acaba dimecres 25 de novembre a les 14 h" in _plain(
        str(notice["Subject"])
    )
    assert (world.case()["ends_on"], world.case()["ends_hour"]) == ("2026-11-25", "14:00")


@pytest.mark.parametrize("now", ["2026-11-25 06:30", "2026-11-25 21:00", "2026-11-28 10:00"])
def test_outside_hours_the_agents_hear_at_once_and_the_person_when_somebody_picks_up(tmp_path: Path, now: str) -> None:
    world = World(tmp_path, now=now, office=OFFICE)
    world.citizen_asks(ANNA, "Beca", AT_MIDNIGHT)
    assert world.kinds(AGENT) == ["term"]
    said = _plain(text_of(world.received(ANNA)[0]))
    assert f"{PHONE} (dies laborables de 8 a 20 h)" in said
    assert f"tramiteu-ho a l'Oficina virtual: {FILE_AT}" in said


def test_a_further_message_that_names_it_tells_the_agents_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.citizen_asks(ANNA)
    assert "term" not in world.kinds(AGENT)
    for _ in range(2):
        world.clock.forward(minutes=5)
        world.citizen_asks(ANNA, "", "Us recordo que el termini s'acaba avui a les 13.30 h!", answers=first)
    assert world.kinds(AGENT).count("term") == 1
    assert world.case()["ends_hour"] == "13:30"


def test_a_message_that_was_answered_before_it_was_read_is_not_urgent(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.citizen_asks(ANNA)
    world.agent_replies(first)
    world.mailbox.refused = {"INBOX"}
    more = world.citizen_writes(ANNA, "", "I on se signa? El termini s'acaba avui a les 14 h!", answers=first)
    world.clock.forward(minutes=30)
    world.agent_replies(more)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], len(world.case()["messages"])) == ("answered", 4)
    assert "term" not in world.kinds(AGENT)


def test_a_term_of_another_day_is_no_urgent_notice_and_its_hour_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.citizen_asks(ANNA, "Beca", "Com presento la beca? El termini s'acaba divendres a les 15 h.")
    assert "term" not in world.kinds(AGENT)
    assert (world.case()["ends_on"], world.case()["ends_hour"]) == ("2026-11-27", "15:00")
    assert "s'acaba divendres 27 de novembre a les 15 h" in _plain(text_of(world.received(ANNA)[0]))


@pytest.mark.parametrize(
    ("kept", "merged"), [("divendres", "divendres a les 15 h"), ("dissabte", "divendres a les 15 h")]
)
def test_of_two_merged_cases_the_earlier_term_counts_with_its_hour(tmp_path: Path, kept: str, merged: str) -> None:
    world = World(tmp_path)
    for end in (kept, merged):
        world.citizen_writes(ANNA, f"Beca {end}", f"Com presento la beca? El termini s'acaba {end}.")
    world.turn()
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    case = world.case("OAC-2026-000001")
    assert (case["ends_on"], case["ends_hour"]) == ("2026-11-27", "15:00")


def test_an_hour_of_the_kept_case_stands_against_a_later_one_of_the_same_day(tmp_path: Path) -> None:
    world = World(tmp_path)
    for end in ("14 h", "18 h"):
        world.citizen_writes(ANNA, f"Beca {end}", f"Com presento la beca? El termini s'acaba divendres a les {end}.")
    world.turn()
    world.order("merge", "OAC-2026-000002", into="OAC-2026-000001")
    assert world.case("OAC-2026-000001")["ends_hour"] == "14:00"


def test_the_hour_goes_with_the_case_to_the_technical_services(tmp_path: Path) -> None:
    world = World(tmp_path, people={"technical": ["tic@town.example"]})
    world.citizen_asks(ANNA, "Error 500 a la seu", "La seu dona error 500 i el termini acaba avui a les 14 h!")
    world.obey("escalate", world.case()["number"])
    (card,) = world.received("tic@town.example")
    assert "Termini de la persona: 25 de novembre de 2026 a les 14 h" in _plain(text_of(card))
    told = _plain(text_of(world.received(ANNA)[-1]))
    assert "quin dia s'acaba" not in told, "the person has named the day"


def _after_midnight(world: World) -> str:
    """What the acknowledgement says that leaves then."""
    assert world.kinds(AGENT).count("term") == 1, "the agents do not wait"
    world.live("2026-11-26 01:00", minutes=31)
    return _plain(text_of(world.received(ANNA)[-1]))


def test_an_acknowledgement_that_waits_for_its_budget_past_midnight_names_the_day(tmp_path: Path) -> None:
    world = World(tmp_path, now="2026-11-25 19:30", office=OFFICE)
    for number in range(3):
        world.citizen_writes(ANNA, f"Tràmit {number}", f"Com es fa el tràmit {number}?")
    world.citizen_asks(ANNA, "Beca", AT_MIDNIGHT)
    said = _after_midnight(world)
    assert "s'acaba dimecres 25 de novembre a les 24 h: escriure'ns no l'atura" in said
    assert not ANOTHER_DAY.findall(said)


def test_an_acknowledgement_that_the_relay_puts_off_past_midnight_names_the_day(tmp_path: Path) -> None:
    world = World(tmp_path, now="2026-11-25 19:30", office=OFFICE)
    busy = world.relay.when(deferred(), to=ANNA)
    world.citizen_writes(ANNA, "Beca", AT_MIDNIGHT)
    world.live("2026-11-25 23:50", minutes=31)
    assert world.received(ANNA) == []
    world.relay.remove(busy)
    world.advance("2026-11-26 00:00")
    said = _after_midnight(world)
    assert "s'acaba dimecres 25 de novembre a les 24 h: escriure'ns no l'atura" in said
    assert not ANOTHER_DAY.findall(said)
