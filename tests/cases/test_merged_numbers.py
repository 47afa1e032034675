"""The number of a case that was merged: people still write it, and what they write is about the case that goes on."""

from tests.relayed.relayed_answers import address
from tests.world import AGENT, ANNA, OFFICE, PERE, World, text_of


def _new_mail(world: World, subject: str, text: str, *, to: str = OFFICE) -> None:
    world.staff_says(AGENT, subject, text, to=to)


def _merged(world: World, second: str = ANNA) -> str:
    """Two cases, the second merged into the first. The answer address of the second, from a mail of before."""
    world.citizen_writes(ANNA)
    world.citizen_asks(second, "Padró", "Bon dia, com demano un volant de padró?")
    world.advance("2026-11-25 10:00")
    _new_mail(world, "cas 2", "#nota Vol el volant per a un lloguer")
    before = address(world.received(AGENT, "transcript")[-1])
    assert "2026-000002" in before
    _new_mail(world, "cas 2", "#fusiona 1")
    world.advance("2026-11-25 11:00")
    return before


def test_orders_that_name_it_are_carried_out_on_the_other_case(world: World) -> None:
    _merged(world)
    _new_mail(world, "cas 2", "#meu\n#trucat")
    first, second = world.cases()
    assert (first["status"], first["assignee"]) == ("answered", "agent")
    assert (second["status"], second["answered_at"], second["assignee"]) == ("closed", None, None)
    assert "| OAC-2026-000001 | anotar la trucada | fet |" in text_of(world.received(AGENT, "transcript")[-1])


def test_a_new_mail_to_the_person_that_names_it_answers_the_other_case(world: World) -> None:
    _merged(world)
    world.see_in_sent(world.message(OFFICE, "Cas 2: padró", "Bon dia, aquí el teniu.", to=ANNA))
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]


def test_a_new_mail_that_names_both_answers_the_one_that_goes_on(world: World) -> None:
    _merged(world)
    world.see_in_sent(world.message(OFFICE, "Casos 1 i 2: padró, cas 2 i cas 1", "Aquí el teniu.", to=ANNA))
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]


def test_a_mail_to_its_answer_address_answers_the_other_case(world: World) -> None:
    _new_mail(world, "Padró", "Bon dia, aquí el teniu.", to=_merged(world))
    world.turn()
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]
    assert world.kinds(ANNA)[-1] == "relayed"


def test_the_answer_address_of_another_person_is_closed_with_that_persons_case(world: World) -> None:
    """It never becomes the address of the person whose case goes on; the agent hears why nothing was sent."""
    _new_mail(world, "Padró", "Bon dia, aquí el teniu.", to=_merged(world, PERE))
    assert "relayed" not in world.kinds(PERE) + world.kinds(ANNA)
    (told,) = world.texts(AGENT, "not_relayed")
    assert "el cas és tancat" in told
    assert [case["status"] for case in world.cases()] == ["open", "closed"]


def test_the_transcript_of_the_merge_offers_to_answer_the_case_that_goes_on(world: World) -> None:
    _merged(world)
    assert "OAC-2026-000001" in str(world.received(AGENT, "transcript")[-1]["Subject"])
    _new_mail(world, "Padró", "Bon dia, aquí el teniu.", to=address(world.received(AGENT, "transcript")[-1]))
    world.turn()
    assert [case["status"] for case in world.cases()] == ["answered", "closed"]
    assert world.kinds(ANNA)[-1] == "relayed"


def test_the_transcript_of_several_merges_offers_to_answer_the_case_that_goes_on(world: World) -> None:
    for subject in ("Instància", "Padró", "Beca"):
        world.citizen_asks(ANNA, subject, f"Bon dia, una pregunta sobre un tràmit: {subject}.")
    _new_mail(world, "avui", "2 fusiona 1\n3 fusiona 1")
    assert [case["status"] for case in world.cases()] == ["open", "closed", "closed"]
    assert "2026-000001" in address(world.received(AGENT, "transcript")[-1])


def test_the_transcript_of_a_merge_of_two_people_offers_to_write_to_neither(world: World) -> None:
    """Which of them "the person" is would not be clear."""
    _merged(world, PERE)
    told = text_of(world.received(AGENT, "transcript")[-1])
    assert "són de dues persones" in told
    assert "mailto:" not in told


def test_the_transcript_of_a_merge_whose_case_is_reopened_at_once_is_about_that_case(world: World) -> None:
    world.citizen_writes(ANNA)
    world.citizen_asks(ANNA, "Padró", "Bon dia, com demano un volant de padró?")
    _new_mail(world, "cas 2", "#fusiona 1\n#reobre")
    assert "OAC-2026-000002" in str(world.received(AGENT, "transcript")[-1]["Subject"])
