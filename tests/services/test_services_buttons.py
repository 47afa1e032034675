"""Buttons for the technical services: solved, an estimate, not ours. Each says one thing, of one case, by its addressee
alone, once; whatever else comes with a token changes nothing."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from testbed.messages import written_by
from tests.services.test_services_reply import FAULT, _deadlines, _told
from tests.world import AGENT, ANNA, FORMS, OPERATOR, PERE, TECHNICAL, World, buttons, text_of

TOWN = Callable[..., World]
SOLVED, ESTIMATE, NOT_OURS = "Ja està resolt", "Previsió (escriviu-hi el dia)", "No és cosa nostra"
OTHER = "tecnics2@town.example"


@pytest.fixture
def world(town: TOWN) -> World:
    return town(people={"technical": [TECHNICAL, OTHER], "forms": [FORMS]})


@pytest.fixture
def notice(world: World) -> EmailMessage:
    return derived(world, ANNA)


def derived(world: World, citizen: str) -> EmailMessage:
    """The mail that passes this citizen's case on."""
    world.citizen_asks(citizen, *FAULT)
    return world.received(TECHNICAL)[-1]


def by_services(world: World, link: str, **more: Any) -> EmailMessage:
    return world.press(link, **{"sender": TECHNICAL, **more})


def refusals(world: World) -> list[str]:
    return [event["data"] for event in world.events("order-refused")]


def nothing_happened(world: World, number: str = "OAC-2026-000001") -> None:
    assert world.case(number)["status"] == "derived"
    assert world.rows("SELECT solved_at, expected_on FROM cases WHERE number = ?", number) == [
        {"solved_at": None, "expected_on": None}
    ]
    assert len(_deadlines(world, "nudge")) == len(world.cases())
    assert {kind for citizen in (ANNA, PERE) for kind in world.kinds(citizen)} <= {"ack"}


def test_the_mail_that_passes_a_case_on_has_the_three_answers_as_links(world: World, notice: EmailMessage) -> None:
    links = buttons(notice)
    assert list(links) == ["Escriviu a la persona", SOLVED, ESTIMATE, NOT_OURS]
    assert len({urlsplit(links[label]).path for label in (SOLVED, ESTIMATE, NOT_OURS)}) == 3
    (other,) = world.received(OTHER)
    assert set(buttons(other).values()).isdisjoint(set(links.values()) - {links["Escriviu a la persona"]})


def test_a_reminder_has_them_too_and_a_list_for_each_of_its_cases(world: World, notice: EmailMessage) -> None:
    world.live("2026-11-27 12:00")
    (nudge,) = world.received(TECHNICAL, "nudge")
    by_services(world, buttons(nudge)[NOT_OURS])
    assert world.case()["status"] == "open"


def test_the_reminder_of_many_cases_has_three_links_a_case(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, deadline={"digest_above": 1})
    for citizen in (ANNA, PERE):
        derived(world, citizen)
    world.live("2026-11-27 12:00")
    (nudge,) = world.received(TECHNICAL, "nudge")
    page = text_of(nudge, "html")
    assert page.count(SOLVED) == 2
    assert "OAC-2026-000002" in page


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": "una altra cosa"},
        {"subject": ""},
        {"body": ""},
        {"body": "Enviat des del meu iPhone"},
        {"below": "\nSalutacions,\nPau, Serveis tècnics"},
        {"body": "Ja està arreglat, gràcies."},
    ],
)
def test_solved_stops_the_reminders_and_asks_an_agent_to_tell_the_citizen(
    world: World, notice: EmailMessage, changes: dict[str, str]
) -> None:
    before = world.kinds(ANNA)
    by_services(world, buttons(notice)[SOLVED], **changes)
    assert _deadlines(world, "nudge") == []
    assert len(_deadlines(world, "answer")) >= 1
    (mail,) = _told(world)
    assert "cal dir-ho a la persona" in str(mail["Subject"])
    assert world.kinds(ANNA) == before, "the machine never tells"


@pytest.mark.parametrize(
    "body", ["#previsio 3/12", "#previsio\r\n3/12\r\n", "#previsio  3 de desembre\r\n--\r\nPau", "3/12"]
)
def test_the_day_of_an_estimate_is_what_they_type(world: World, notice: EmailMessage, body: str) -> None:
    by_services(world, buttons(notice)[ESTIMATE], body=body)
    assert world.rows("SELECT expected_on FROM cases") == [{"expected_on": "2026-12-03"}]
    assert "donen una previsió" in str(_told(world)[0]["Subject"])


def test_an_estimate_without_a_day_is_put_before_the_agent_and_may_be_pressed_again(
    world: World, notice: EmailMessage
) -> None:
    by_services(world, buttons(notice)[ESTIMATE])
    nothing_happened(world)
    assert "cal llegir-ho" in str(_told(world)[0]["Subject"])
    by_services(world, buttons(notice)[ESTIMATE], body="#previsio 3/12")
    assert world.rows("SELECT expected_on FROM cases") == [{"expected_on": "2026-12-03"}]


def test_not_ours_gives_the_case_back(world: World, notice: EmailMessage) -> None:
    by_services(world, buttons(notice)[NOT_OURS])
    assert world.case()["status"] == "open"
    assert "no és cosa seva" in str(_told(world)[0]["Subject"])


def test_what_the_button_says_and_the_mail_doubts_is_put_before_the_agent(world: World, notice: EmailMessage) -> None:
    by_services(world, buttons(notice)[SOLVED], below="\nNo, encara no funciona del tot.")
    nothing_happened(world)
    assert "cal llegir-ho" in str(_told(world)[0]["Subject"])


def test_without_plus_addresses_the_token_is_in_the_subject(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, trust={"plus_addressing": False})
    by_services(world, buttons(derived(world, ANNA))[NOT_OURS], body="")
    assert world.case()["status"] == "open"


def test_where_nobody_can_be_proven_there_are_no_buttons(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, trust={"provider": "none"})
    assert buttons(derived(world, ANNA)) == {}


# --- hostile: nothing happens, and it is recorded --------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "verdict", "why"),
    [
        (OTHER, "dmarc=pass header.from=town.example", "not-yours"),
        (AGENT, "dmarc=pass header.from=town.example", "not-yours"),
        (TECHNICAL, "", "unproven"),
        (TECHNICAL, "dmarc=fail header.from=town.example", "unproven"),
        (ANNA, "dmarc=pass header.from=example.org", "forged"),
    ],
)
@pytest.mark.parametrize("label", [SOLVED, NOT_OURS])
def test_a_forwarded_button_says_nothing(
    world: World, notice: EmailMessage, label: str, sender: str, verdict: str, why: str
) -> None:
    by_services(world, buttons(notice)[label], sender=sender, verdict=verdict)
    nothing_happened(world)
    assert any(f'"{why}"' in refused or '"not-yours"' in refused for refused in refusals(world))


def test_a_button_of_the_services_is_good_once(world: World, notice: EmailMessage) -> None:
    """A replay after the desk has passed the case on again; the same mail at other times as well."""
    link = buttons(notice)[NOT_OURS]
    by_services(world, link)
    world.obey("escalate", world.case()["number"])
    for _ in range(3):
        by_services(world, link)
    assert world.case()["status"] == "derived"
    assert ["used-already" in refused for refused in refusals(world)] == [True] * 3
    assert len([mail for mail in _told(world) if "ja s'ha fet servir" in text_of(mail)]) == 1


def test_after_ten_days_it_has_expired_and_the_agent_reads_it(world: World, notice: EmailMessage) -> None:
    world.advance("2026-12-09 09:00")
    by_services(world, buttons(notice)[SOLVED])
    assert world.rows("SELECT solved_at FROM cases") == [{"solved_at": None}]
    assert "expired" in refusals(world)[0]
    assert "ha caducat" in text_of(_told(world)[-1])


def test_the_token_of_another_case_says_nothing_of_either(world: World, notice: EmailMessage) -> None:
    derived(world, PERE)
    subject = unquote(urlsplit(buttons(world.received(TECHNICAL)[-1])[SOLVED]).query.partition("&")[0])
    by_services(world, buttons(notice)[SOLVED], subject=subject.removeprefix("subject="))
    nothing_happened(world)
    nothing_happened(world, "OAC-2026-000002")
    assert "other-case" in refusals(world)[0]


def test_another_order_in_the_mail_says_nothing(world: World, notice: EmailMessage) -> None:
    by_services(world, buttons(notice)[SOLVED], body="#nonostre")
    nothing_happened(world)
    assert "other-order" in refusals(world)[0]


def test_a_forged_token_says_nothing_and_the_operator_is_told(world: World, notice: EmailMessage) -> None:
    link = buttons(notice)[SOLVED]
    token = written_by(link)[0].partition("+")[2].partition("@")[0]
    by_services(world, link.replace(token, token[:-8] + ("aaaaaaaa" if token[-8:] != "aaaaaaaa" else "bbbbbbbb")))
    nothing_happened(world)
    assert "forged" in refusals(world)[0]
    assert "alert" in world.kinds(OPERATOR)


def test_the_button_of_an_agent_says_nothing_by_the_services(world: World, notice: EmailMessage) -> None:
    (second,) = world.received(AGENT, "second_level")
    by_services(world, buttons(second)["És de primer nivell"])
    nothing_happened(world)
    assert "not-yours" in refusals(world)[0]


def test_two_buttons_in_one_mail_say_nothing(world: World, notice: EmailMessage) -> None:
    links = [buttons(notice)[label] for label in (SOLVED, NOT_OURS)]
    to = ", ".join(written_by(link)[0] for link in links)
    world.receive(world.message(TECHNICAL, "", "", to=to), verdict="dmarc=pass header.from=town.example")
    nothing_happened(world)
    assert "other-order" in refusals(world)[0]
