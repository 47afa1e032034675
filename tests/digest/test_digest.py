"""The daily summary at eight: its numbers, and what a person should look at (template J)."""

from collections.abc import Callable
from email.message import EmailMessage

from tests.world import AGENT, ANNA, MARTA, PERE, World, text_of

TOWN = Callable[..., World]
SPAM = (
    "You won the lottery",
    "Dear friend, you won the lottery, claim your prize in bitcoin now, casino bonus, viagra, click here.",
)
FAULT = "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància. Som {}."
CALL = "Bon dia, em podeu trucar al 612 345 678 {}, si us plau? No puc signar la instància."


def test_suspected_spam_is_set_aside_and_names_nobody(town: TOWN) -> None:
    world = town(now="2026-11-26 21:00", digest={"to": [AGENT]})
    world.citizen_asks("prize@lottery.example", *SPAM)
    world.turn_at("2026-11-27 08:00")
    (summary,) = world.received(AGENT)
    (ref,) = [row["fingerprint"] for row in world.rows("SELECT fingerprint FROM reviews")]
    text = text_of(summary)
    assert str(summary["Subject"]) == "OAC 360 · dv. 27: 1 apartat"
    opening = "Dear friend, you won the lottery, claim your prize in …"
    line = f"- {ref[:8]} · possible correu brossa · dj. 26/11, 21 h · «{opening}»\n"
    assert line in text[text.index("Apartats, sense justificant") :]
    assert f"«{ref[:8]} és persona»" in text
    assert "lottery.example" not in summary.as_string()
    assert world.received("prize@lottery.example") == []


def test_a_day_on_which_nothing_was_set_aside_lists_none(town: TOWN) -> None:
    world = town(now="2026-11-26 21:00", digest={"to": [AGENT]})
    world.citizen_writes(ANNA)
    world.turn_at("2026-11-27 08:00")
    assert "Apartats" not in text_of(world.received(AGENT)[0])


def test_calls_are_counted_by_the_slot_and_no_number_is_shown(town: TOWN) -> None:
    world = town(now="2026-11-26 13:50", digest={"to": [AGENT]})
    for sender, when in ((ANNA, "al matí"), (PERE, "a la tarda"), (MARTA, "")):
        world.citizen_writes(sender, "Em podeu trucar?", CALL.format(when))
    world.turn()
    world.turn_at("2026-11-27 08:00")
    summary = world.received(AGENT)[-1]
    assert "3 trucades" in str(summary["Subject"])
    assert "- matí: 1\n- tarda: 2, 3\n" in text_of(summary)
    assert "612" not in text_of(summary)
    assert "678" not in text_of(summary)


def digest_of(world: World) -> EmailMessage:
    return world.received(AGENT, "digest")[-1]


def test_each_case_has_one_line_in_the_list_of_what_is_done_first(town: TOWN) -> None:
    world = town(now="2026-11-24 16:03", digest={"to": [AGENT]}, people={"agents": [AGENT]})
    world.citizen_asks(ANNA, "Certificat", "Bon dia, com puc renovar l'idCAT? Gràcies.")
    world.order("assign", "OAC-2026-000001", name="jordi")
    world.advance("2026-11-25 10:00")
    urgent = "Bon dia, no sé com presentar la subvenció. El termini s'acaba el 27 de novembre. Gràcies."
    world.citizen_writes(PERE, "Subvenció", urgent)
    world.citizen_writes(MARTA, "Carpeta", "Bon dia, on trobo la carpeta ciutadana? Gràcies.")
    world.live("2026-11-26 08:00")
    summary = digest_of(world)
    assert str(summary["Subject"]).startswith("OAC 360 · dj. 26: 1 vençut, 1 urgent, 1 avui")
    text = text_of(summary)
    assert "Vençuts:\n\n- 1 · certificat · rebut dt. 24/11, 16.03 h · jordi\n" in text
    assert "Urgents:\n\n- 2 · subvenció · el seu termini: dv. 27/11 · sense assignar\n" in text
    assert "Vencen avui:\n\n- 3 · carpeta · rebut dc. 25/11, 10 h · sense assignar\n" in text
    assert text.count("- 1 ·") == text.count("- 2 ·") == text.count("- 3 ·") == 1
    assert "Casos per respondre de cadascú: jordi 1, sense assignar 2." in text


def test_the_figures_are_those_of_the_last_working_day_and_after(town: TOWN) -> None:
    world = town(now="2026-11-26 10:00", digest={"to": [AGENT]})
    world.citizen_asks(PERE)
    world.advance("2026-11-27 09:00")  # a Friday
    world.agent_answers(world.citizen_asks(ANNA))
    world.advance("2026-11-28 12:00")
    world.citizen_writes(MARTA)
    world.live("2026-11-30 08:00")
    assert "Des de dv. 27/11: 2 peticions rebudes, 1 resposta, 1 dins de termini." in text_of(digest_of(world))


def test_a_subject_is_shorter_than_sixty_whatever_there_is(town: TOWN) -> None:
    world = town(now="2026-11-24 10:00", digest={"to": [AGENT]}, office={"name": "Oficina d'atenció a la ciutadania"})
    for number in range(25):
        world.citizen_writes(f"veina{number}@example.org", "Truqueu-me", CALL.format("al matí"))
    world.live("2026-11-26 08:00")
    subject = str(digest_of(world)["Subject"])
    assert subject == "Oficina d'atenció a la ciutadania · dj. 26: 25 vençuts"
    assert len(subject) < 60


def test_an_incident_is_one_line(town: TOWN) -> None:
    world = town(now="2026-11-25 09:00", digest={"to": [AGENT]})
    for writer in (ANNA, PERE, MARTA):
        world.citizen_writes(writer, "Error 500 a la seu", FAULT.format(writer))
    world.live("2026-11-26 08:00")
    assert "Incidències:\n\n- Seu electrònica · casos: 3 · el primer, 1\n" in text_of(digest_of(world))


def test_a_clock_that_was_ahead_stops_no_digest(town: TOWN) -> None:
    world = town(now="2026-11-26 21:00", digest={"to": [AGENT]})
    world.store.remember("digest", "2031-01-02", world.clock.now())
    world.turn_at("2026-11-27 08:00")
    assert world.kinds(AGENT) == ["digest"]
