"""What an agent hears of a mail that orders nothing: each time one short line, and no program keeps us writing."""

import pytest

from testbed.messages import as_bytes
from tests.orders.test_orders import late_case, quoted, reply, transcripts
from tests.world import AGENT, ANNA, OFFICE, PASS, SUPERVISOR, World, text_of

VANISHED = {
    "TANCCA": "no conté cap ordre",
    "#tancca": "| ordre desconeguda: tancca | no fet: no és a la llista |",
    "Podríeu tancar aquest cas, si us plau?": "no conté cap ordre",
    "Bon dia Anna,\n\nHeu de portar el DNI.\n\nMarta": "no s'ha enviat a la persona",
    "Bon dia\n\n-- \nMarta Soler\nTANCA BROSSA": "| no fet: és sota la signatura: escriviu-lo a dalt de tot |",
    "MEVA\n\nBon dia Anna,\n\nHeu de portar el DNI.": "La resta del text no s'ha enviat a ningú.",
}


def test_each_mail_of_a_day_without_an_order_or_with_a_text_beside_it_is_answered(world: World) -> None:
    notice = late_case(world)
    before = world.kinds(ANNA)
    for text in VANISHED:
        reply(world, notice, text + quoted(notice))
    told = transcripts(world)
    assert [said in text for said, text in zip(VANISHED.values(), told, strict=True)] == [True] * len(VANISHED)
    assert world.case()["status"] == "open"
    assert world.kinds(ANNA) == before


@pytest.mark.parametrize("text", ["MEVA", "MEVA\n\nMarta Soler\nOAC 360", "Meva, gràcies\n\nSalutacions"])
def test_an_order_above_a_signature_has_no_rest(world: World, text: str) -> None:
    notice = late_case(world)
    reply(world, notice, text + quoted(notice))
    (told,) = transcripts(world)
    assert "| fet |" in told
    assert "La resta" not in told


@pytest.mark.parametrize(
    ("subject", "text", "said"),
    [
        ("TANCA", "", "| no fet: és a l'assumpte: escriviu-lo a la primera línia del text |"),
        ("12 tanca", "Gràcies", "| no fet: és a l'assumpte"),
        ("El cas de la Maria", "El podríeu tancar?", "no conté cap ordre"),
        ("", "#tancca", "ordre desconeguda: tancca"),
    ],
)
def test_a_new_mail_of_an_agent_to_the_office_alone_is_answered(
    world: World, subject: str, text: str, said: str
) -> None:
    world.staff_says(AGENT, subject, text)
    (told,) = transcripts(world, AGENT)
    assert said in told


def test_a_mail_to_colleagues_with_the_office_in_copy_is_not(world: World) -> None:
    world.staff_says(AGENT, "Dilluns", "No hi seré.", to=f"{SUPERVISOR}, {OFFICE}")
    assert not transcripts(world, AGENT)


def test_a_person_who_answers_each_hint_in_new_words_is_answered_each_time(world: World) -> None:
    asked = late_case(world)
    for number in range(4):
        reply(world, asked, f"I el cas {'de la Maria ' * number}?")
        assert len(world.received(SUPERVISOR, "transcript")) == number + 1
        asked = world.received(SUPERVISOR, "transcript")[-1]


def test_a_person_who_answers_the_hint_to_a_text_that_read_automatic_is_answered(world: World) -> None:
    asked = late_case(world)
    reply(world, asked, "Sóc fora 3.")
    reply(world, world.received(SUPERVISOR, "transcript")[-1], "Sóc fora 4.")
    assert len(world.received(SUPERVISOR, "transcript")) == 1
    reply(world, world.received(SUPERVISOR, "transcript")[-1], "TANCCA")
    assert len(world.received(SUPERVISOR, "transcript")) == 2


@pytest.mark.parametrize("naming", [True, False])
@pytest.mark.parametrize(
    ("text", "most"), [("Ja no treballo aquí.", 6), ("Resposta automàtica: sóc fora de l'oficina fins dilluns.", 1)]
)
def test_a_program_that_answers_each_of_our_mails_without_a_mark_is_soon_answered_no_more(
    world: World, naming: bool, text: str, most: int
) -> None:
    asked = late_case(world)
    for _ in range(30):
        mail = world.message(SUPERVISOR, f"Re: {asked['Subject']}", text, answers=asked)
        del mail["References"]
        if not naming:
            del mail["In-Reply-To"]
        world.receive(mail, verdict=PASS)
        if world.received(SUPERVISOR, "transcript"):
            asked = world.received(SUPERVISOR, "transcript")[-1]
        world.clock.forward(minutes=1)
    assert 1 <= len(world.received(SUPERVISOR, "transcript")) <= most
    assert "no conté cap ordre" in text_of(world.received(SUPERVISOR, "transcript")[0])


# An agent's text about a case, sent to the office alone without an order: nothing is done, and its writer hears it.

TEXT = "Ja ho miraré demà, em falta l'informe.\n\nDe: Anna <anna@example.org>\nAssumpte: No puc signar\n\nBon dia"


def _told(world: World) -> list[str]:
    return transcripts(world, AGENT)


def test_its_writer_hears_each_time_that_nothing_was_done_with_the_list_of_orders(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    for text in (TEXT, f"I també la còpia.\n{TEXT}"):
        world.staff_says(AGENT, "", text, answers=asked)
    assert len(_told(world)) == 2
    for told in _told(world):
        assert "no s'ha enviat a la persona" in told
        assert "#nota text" in told
        assert "informe" not in told
    assert (world.case()["status"], world.kinds(ANNA)) == ("open", ["ack"])


def test_from_the_shared_mailbox_to_itself_the_agents_hear_it(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", TEXT, to=OFFICE, answers=asked)
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()
    assert len(_told(world)) == 1


def test_a_text_to_a_colleague_too_or_by_a_robot_is_not_commented(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    away = "Resposta automàtica: sóc fora de l'oficina fins dilluns. No llegiré el correu fins que torni."
    for text, to in ((TEXT, f"{OFFICE}, cap@town.example"), (away, OFFICE)):
        world.staff_says(AGENT, "Resposta automàtica", text, to=to, answers=asked)
    assert not _told(world)
    assert world.case()["status"] == "open"
