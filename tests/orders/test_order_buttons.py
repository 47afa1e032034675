"""Buttons: a link in a notice writes a mail whose token orders one thing, once, if the agent is proven."""

import re
from collections.abc import Callable

import pytest

from testbed.messages import written_by
from tests.orders.test_orders import late_case, reply, transcripts
from tests.world import AGENT, ANNA, OPERATOR, PERE, SUPERVISOR, World, buttons, links_of


def test_a_notice_has_three_to_five_links_as_the_standard_writes_them(world: World) -> None:
    links = {label: link for label, link in buttons(late_case(world)).items() if "+r-" not in link}
    assert 3 <= len(links) <= 5
    for link in links.values():
        assert len(link) < 500
        assert re.fullmatch(r"mailto:oac360\+o[a-z2-7]{32}@castellbisbal\.example\?subject=\S+&body=\S+", link)
        assert "%20" in link
        assert link.endswith("%0D%0A")
        assert "+" not in link.partition("?")[2]


@pytest.mark.parametrize(
    ("label", "column", "value"),
    [
        ("Me'l quedo", "assignee", "cap"),
        ("He trucat", "status", "answered"),
        ("Deriva a nivell 2", "status", "derived"),
        ("És brossa", "status", "closed"),
    ],
)
def test_a_button_does_what_it_says(world: World, label: str, column: str, value: str) -> None:
    world.press(buttons(late_case(world))[label])
    assert world.case()[column] == value
    assert "| fet |" in transcripts(world)[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "una altra cosa"},
        {"subject": ""},
        {"body": ""},
        {"below": "\n--\nMarta Soler\nOAC"},
        {"body": "#meu\r\n#nota Ja la conec"},
        {"body": "Enviat des del meu iPhone"},
    ],
)
def test_it_works_whatever_the_client_makes_of_subject_and_body(world: World, changes: dict[str, str]) -> None:
    world.press(buttons(late_case(world))["Me'l quedo"], **changes)
    assert world.case()["assignee"] == "cap"


def test_a_reason_may_be_added_to_the_line_of_the_button(world: World) -> None:
    world.press(buttons(late_case(world))["Deriva a nivell 2"], body="#deriva error 500 en signar")
    assert world.case()["status"] == "derived"


def test_without_plus_addresses_the_token_is_in_the_subject(town: Callable[..., World]) -> None:
    world = town(trust={"plus_addressing": False})
    link = buttons(late_case(world))["Me'l quedo"]
    assert link.startswith("mailto:oac360@castellbisbal.example?subject=")
    assert len(link) < 500
    world.press(link, body="")
    assert world.case()["assignee"] == "cap"


def _refused(world: World, why: str) -> None:
    (event,) = world.events("order-refused")
    assert f'"{why}"' in event["data"]


def test_a_button_is_good_once(world: World) -> None:
    link = buttons(late_case(world))["Me'l quedo"]
    world.press(link)
    reply(world, world.received(SUPERVISOR, "transcript")[-1], "#assigna agent")
    world.press(link)
    assert world.case()["assignee"] == "agent"
    _refused(world, "used-already")
    assert "ja s'ha fet servir" in transcripts(world)[-1]


def test_two_mails_with_the_same_button_at_once_order_once(world: World) -> None:
    link = buttons(late_case(world))["He trucat"]
    for number in range(2):
        world.staff_writes(SUPERVISOR, f"{number}", "", to=written_by(link)[0])
    world.turn()
    assert len(world.events("ordered")) == 1
    _refused(world, "used-already")


def test_after_ten_days_a_button_has_expired(world: World) -> None:
    link = buttons(late_case(world))["Me'l quedo"]
    world.advance("2026-12-08 09:00")
    world.press(link)
    assert world.case()["assignee"] is None
    _refused(world, "expired")
    assert "ha caducat" in transcripts(world)[-1]


def test_the_button_of_another_agent_orders_nothing(world: World) -> None:
    world.press(buttons(late_case(world))["Me'l quedo"], sender=AGENT)
    assert world.case()["assignee"] is None
    _refused(world, "not-yours")
    assert "d'una altra persona" in transcripts(world, AGENT)[0]
    assert world.received(OPERATOR) == []


@pytest.mark.parametrize("verdict", ["", "dmarc=fail header.from=town.example"])
def test_a_button_without_proof_of_the_agent_orders_nothing(world: World, verdict: str) -> None:
    world.press(buttons(late_case(world))["És brossa"], verdict=verdict)
    assert world.case()["status"] == "open"
    _refused(world, "unproven")
    assert transcripts(world) == []


def _other(token: str, at: int) -> str:
    return token[:at] + ("b" if token[at] != "b" else "c") + token[at + 1 :]


@pytest.mark.parametrize("at", [len("mailto:oac360+o") + place for place in (6, 9, 12, 20, 31)])
def test_a_forged_token_orders_nothing_and_the_operator_is_told_once_a_day(world: World, at: int) -> None:
    link = _other(buttons(late_case(world))["Me'l quedo"], at)
    for _ in range(2):
        world.press(link)
    assert world.case()["assignee"] is None
    assert len(world.events("order-refused")) == 2
    assert [str(mail["X-Oacmail-Kind"]) for mail in world.received(OPERATOR)] == ["alert"]
    assert "no és nostre" in transcripts(world)[0]


@pytest.mark.parametrize("body", ["#tanca brossa", "TANCA BROSSA", "#nota x\n#tanca brossa"])
def test_a_button_carries_no_other_order(world: World, body: str) -> None:
    world.press(buttons(late_case(world))["Me'l quedo"], body=body)
    assert (world.case()["status"], world.case()["assignee"]) == ("open", None)
    assert world.events("note") == []
    _refused(world, "other-order")


def test_a_button_in_a_reply_about_another_case_orders_nothing(world: World) -> None:
    world.citizen_asks(PERE)
    world.live("2026-11-27 09:00")
    notices = world.received(SUPERVISOR, "overdue")
    (first,) = notices
    world.citizen_asks(ANNA)
    world.live("2026-12-01 09:00")
    overdue = world.received(SUPERVISOR, "overdue")
    second = next(mail for mail in overdue if mail["X-Oacmail-Case"] != first["X-Oacmail-Case"])
    link = buttons(second)["Me'l quedo"]
    reply(world, first, "", To=written_by(link)[0])
    assert {case["assignee"] for case in world.cases()} == {None}
    _refused(world, "other-case")


def test_a_citizen_who_was_sent_a_notice_writes_her_own_mail_with_its_button(world: World) -> None:
    link = buttons(late_case(world))["És brossa"]
    world.press(link, sender=PERE, verdict="dmarc=pass header.from=example.net", body="Bon dia, com demano hora?")
    first, second = world.cases()
    assert (first["status"], second["citizen"]) == ("open", PERE)
    _refused(world, "not-yours")


def test_reminders_have_buttons_for_each_of_their_cases(world: World) -> None:
    for citizen in (ANNA, PERE):
        world.citizen_writes(citizen)
    world.turn()
    world.live("2026-11-26 17:00")
    (notice,) = world.received(AGENT, "remind")
    links = [link for label, link in links_of(notice) if label == "Me'l quedo"]
    assert len(links) == 2
    world.press(links[1], sender=AGENT)
    assert [case["assignee"] for case in world.cases()] == [None, "agent"]


def test_the_digest_has_buttons_for_what_is_due(world: World) -> None:
    world.restart(digest={"to": [AGENT]})
    for citizen in (ANNA, PERE):
        world.citizen_writes(citizen)
    world.turn()
    world.live("2026-11-26 08:30")
    *_, digest = world.received(AGENT, "digest")
    links = [link for label, link in links_of(digest) if label == "He trucat"]
    assert len(links) == 2
    world.press(links[0], sender=AGENT)
    assert sorted(case["status"] for case in world.cases()) == ["answered", "open"]


def test_without_a_server_that_proves_agents_there_are_no_buttons(town: Callable[..., World]) -> None:
    world = town(trust={"provider": "none"})
    assert not [link for link in buttons(late_case(world)).values() if "+o" in link]


def test_no_mail_to_a_citizen_or_to_the_services_has_a_button(world: World) -> None:
    notice = late_case(world)
    reply(world, notice, "#deriva")
    for address, mails in world.relay.inboxes.items():
        if address not in (SUPERVISOR, AGENT, OPERATOR):
            assert not [mail for mail in mails if buttons(mail)]
