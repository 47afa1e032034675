"""Second-level messages on one platform within an hour are one incident: one alert, the list, the cases linked."""

from collections.abc import Callable

import pytest

from tests.world import SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]
FAULTS = (
    ("Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància."),
    ("No puc entrar a la seu", "La seu electrònica no funciona: surt un error 503 des de fa una hora."),
    ("Seu caiguda", "Bona tarda, la seu electrònica està caiguda i dona error 500 a tothom."),
    ("Oficina virtual", "L'oficina virtual dona error 500 en signar, també amb un altre ordinador."),
    ("Error del servidor", "La seu electrònica respon error intern del servidor 500 quan vull enviar la sol·licitud."),
)
ELSEWHERE = ("e-NOTUM", "Hola, l'e-NOTUM dona error 500 i no puc obrir la notificació de l'Ajuntament.")


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people={"technical": [TECHNICAL]})


def _write(world: World, *messages: tuple[str, str], minutes: int = 5) -> None:
    for subject, text in messages:
        place = len(world.rows("SELECT 1 FROM cases"))
        world.citizen_asks(f"veina{place}@casa{place}.example", subject, text)
        world.clock.forward(minutes=minutes)


def _incidents(world: World) -> list[str | None]:
    return [case["incident"] for case in world.cases()]


def test_five_messages_on_one_platform_are_one_incident_with_one_alert(world: World) -> None:
    _write(world, *FAULTS)
    numbers = [case["number"] for case in world.cases()]
    assert [case["level"] for case in world.cases()] == ["second"] * 5
    assert _incidents(world) == [numbers[0]] * 5
    for address in (TECHNICAL, SUPERVISOR):
        (alert,) = world.received(address, "incident")
        assert "Seu electrònica" in str(alert["Subject"])
        assert [number in text_of(alert) for number in numbers] == [True] * 3 + [False] * 2
        assert "veina" not in alert.as_string()
    assert "incident" in [event["kind"] for event in world.case(numbers[4])["events"]]


def test_two_messages_are_none(world: World) -> None:
    _write(world, *FAULTS[:2])
    assert _incidents(world) == [None, None]
    assert "incident" not in world.kinds(TECHNICAL)


def test_another_platform_does_not_count(world: World) -> None:
    _write(world, *FAULTS[:2], ELSEWHERE)
    assert _incidents(world) == [None] * 3


def test_messages_over_more_than_an_hour_are_none(world: World) -> None:
    _write(world, *FAULTS[:3], minutes=31)
    assert _incidents(world) == [None] * 3


def test_after_an_hour_of_silence_the_next_three_are_another_incident(world: World) -> None:
    _write(world, *FAULTS[:3])
    world.clock.forward(hours=2)
    _write(world, *FAULTS[2:])
    numbers = [case["number"] for case in world.cases()]
    assert _incidents(world) == [numbers[0]] * 3 + [numbers[3]] * 3
    assert world.kinds(TECHNICAL).count("incident") == 2


def test_the_office_sets_how_many_and_in_how_long(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, escalation={"incident_mails": 2, "incident_minutes": 5})
    _write(world, *FAULTS[:2], minutes=4)
    assert world.kinds(TECHNICAL).count("incident") == 1


def test_what_a_person_has_corrected_or_thrown_out_does_not_count(world: World) -> None:
    _write(world, *FAULTS[:2])
    first, second = (case["number"] for case in world.cases())
    world.order("set", first, level="first")
    world.order("close", second, reason="spam")
    _write(world, FAULTS[2])
    assert _incidents(world) == [None] * 3


def test_an_incident_may_take_more_messages_than_its_alert_lists(town: TOWN) -> None:
    often = {"incident_mails": 52, "incident_minutes": 600}
    world = town(people={"technical": [TECHNICAL]}, escalation=often)
    _write(world, *(FAULTS * 11)[:51], minutes=1)
    assert set(_incidents(world)) == {None}
    _write(world, FAULTS[0])
    assert len(set(_incidents(world))) == 1
    assert "incident" in world.kinds(TECHNICAL)


FORM = ("Error a la sol·licitud", "El formulari de la subvenció suma malament els imports i no em deixa continuar.")
UNNAMED = (
    ("Error 500", "Bon dia, em surt un error 500 en enviar la instància, també amb un altre ordinador."),
    ("No puc enviar la instància", "Surt error intern del servidor 500 quan vull enviar la sol·licitud."),
    ("Error 503", "Des de fa una hora surt un error 503 quan vull pagar la taxa."),
)


def test_who_names_no_platform_writes_of_none(world: World) -> None:
    _write(world, *UNNAMED)
    assert {(case["level"], case["platform"]) for case in world.cases()} == {("second", None)}
    assert _incidents(world) == [None] * 3
    assert "incident" not in world.kinds(TECHNICAL)


def test_a_form_that_is_wrong_is_no_platform_that_fails(world: World) -> None:
    about_the_seu = (FORM[0], FORM[1].replace("El formulari", "A la seu electrònica el formulari"))
    _write(world, *FAULTS[:2], about_the_seu)
    form = world.cases()[2]
    assert (form["level"], form["platform"], form["cause"]) == ("second", "Seu electrònica", "document_or_form")
    assert _incidents(world) == [None] * 3
    _write(world, FAULTS[2])
    first, second, form, third = world.cases()
    assert (second["incident"], form["incident"], third["incident"]) == (first["number"], None, first["number"])


def test_what_is_answered_or_closed_does_not_count(world: World) -> None:
    message = world.citizen_asks("veina@casa.example", *FAULTS[0])
    world.order("solved", world.case()["number"])
    world.agent_answers(message)
    _write(world, FAULTS[1])
    world.order("close", world.cases()[1]["number"], reason="contact")
    _write(world, FAULTS[2], FAULTS[3])
    assert _incidents(world) == [None] * 4
    _write(world, FAULTS[4])
    assert [bool(incident) for incident in _incidents(world)] == [False, False, True, True, True]
