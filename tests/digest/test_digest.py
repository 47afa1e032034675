"""The daily summary at eight: its numbers, and what a person should look at (template J)."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from testbed.relay import DOWN
from tests.orders.test_orders import reply, transcripts
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


# What is set aside by its text alone stands in the next daily summary, and `N és persona` brings it back.

ASIDE = "Apartats, sense justificant"
THANKS = "Moltes gràcies!"


def lines(mail: EmailMessage) -> list[str]:
    """The lines of what was set aside."""
    _, _, below = text_of(mail).partition(ASIDE)
    return [line for line in below.partition("Si un d'aquests")[0].splitlines() if line.startswith("- ")]


@pytest.fixture
def thanking(town: TOWN) -> World:
    """Anna has thanked on Wednesday at 12 for an answer."""
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    answer = world.agent_answers(world.citizen_asks(ANNA))
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, "Re: No puc signar la instància", THANKS, answers=answer)
    return world


@pytest.fixture
def thanked(thanking: World) -> World:
    """It is Thursday, and the summary has been sent."""
    thanking.live("2026-11-26 08:30")
    return thanking


def test_thanks_on_a_case_stand_in_the_next_summary_with_their_first_words(thanked: World) -> None:
    assert lines(digest_of(thanked)) == [f"- 1 · agraïment · dc. 25/11, 12 h · «{THANKS}»"]
    assert "1 apartat" in str(digest_of(thanked)["Subject"])


def test_it_stands_in_one_summary(thanked: World) -> None:
    thanked.live("2026-11-27 08:30")
    assert lines(digest_of(thanked)) == []
    assert thanked.reviews() == []


@pytest.mark.parametrize("ends", ["close", "answer"])
def test_it_stands_in_the_next_summary_whatever_became_of_its_case_since(town: TOWN, ends: str) -> None:
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    asked = world.citizen_asks(ANNA)
    ack = world.received(ANNA)[0]
    if ends == "close":
        world.agent_answers(asked)
        world.live("2026-12-10 10:00", minutes=240)  # ten working days: it closes at 20 h
    world.citizen_asks(ANNA, "Re: No puc signar la instància", THANKS, answers=ack)
    if ends == "answer":
        world.advance("2026-11-25 11:00")
        world.agent_answers(asked)
    world.live("2026-11-26 08:30" if ends == "answer" else "2026-12-11 08:30")
    assert world.case()["status"] == {"close": "closed", "answer": "answered"}[ends]
    assert [line.rpartition(" · ")[2] for line in lines(digest_of(world))] == [f"«{THANKS}»"]


def test_a_summary_that_was_never_sent_has_told_nobody(thanking: World) -> None:
    thanking.live("2026-11-26 07:30")
    thanking.relay.when(DOWN)
    thanking.live("2026-11-26 20:00")
    thanking.relay.recover()
    thanking.live("2026-11-27 08:30")
    assert lines(digest_of(thanking)) == [f"- 1 · agraïment · dc. 25/11, 12 h · «{THANKS}»"]


@pytest.mark.parametrize("later", ["2026-11-26 09:00", "2026-11-27 09:00"])
def test_it_is_a_person_starts_the_deadline_of_its_arrival_and_acknowledges_it(thanked: World, later: str) -> None:
    """Also in reply to yesterday's summary."""
    summary = digest_of(thanked)
    thanked.live(later)
    reply(thanked, summary, "1 és persona", sender=AGENT)
    case = thanked.case()
    assert case["status"] == "open"
    assert case["due_at"].startswith("2026-11-26")
    assert thanked.kinds(ANNA) == ["ack", "ack"]
    assert "Us respondrem com a molt tard" in text_of(thanked.received(ANNA)[-1])
    assert "petició d'una persona | fet" in transcripts(thanked, AGENT)[0]


def test_said_twice_it_is_acknowledged_once(thanked: World) -> None:
    for _ in range(2):
        reply(thanked, digest_of(thanked), "1 és persona\n1 és persona", sender=AGENT)
    assert thanked.kinds(ANNA) == ["ack", "ack"]
    assert len(thanked.rows("SELECT 1 FROM deadlines WHERE kind = 'answer' AND level = 0")) == 2


def test_it_is_a_person_makes_requests_of_what_that_summary_names_alone(thanked: World) -> None:
    """Not of thanks that an earlier one named."""
    thanked.live("2026-11-27 12:00")
    ack = thanked.received(ANNA)[0]
    thanked.citizen_writes(ANNA, "Re: No puc signar la instància", "Gràcies de nou.", answers=ack)
    thanked.live("2026-11-30 08:30")
    reply(thanked, digest_of(thanked), "1 és persona", sender=AGENT)
    assert thanked.rows("SELECT fresh FROM messages WHERE kind = 'thanks'") == [{"fresh": THANKS}]
    assert thanked.case()["due_at"].startswith("2026-11-30")


def test_it_is_a_person_brings_back_what_an_answer_has_followed(town: TOWN) -> None:
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    asked = world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Re: No puc signar la instància", THANKS, answers=world.received(ANNA)[0])
    world.advance("2026-11-25 11:00")
    world.agent_answers(asked)
    world.live("2026-11-26 08:30")
    reply(world, digest_of(world), "1 és persona", sender=AGENT)
    assert (world.case()["status"], world.kinds(ANNA)) == ("open", ["ack", "ack"])


def test_it_is_a_person_acknowledges_a_guest_too(town: TOWN) -> None:
    world = town(now="2026-11-25 16:00", digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    world.citizen_writes(PERE, "Re: No puc signar la instància", THANKS, answers=world.received(ANNA)[0])
    world.live("2026-11-26 08:30")
    assert world.kinds(PERE) == []
    reply(world, digest_of(world), "1 és persona", sender=AGENT)
    assert (world.kinds(PERE), world.kinds(ANNA)) == (["ack"], ["ack"])
    assert "dijous 26 de novembre" in text_of(world.received(PERE)[0]).replace("\xa0", " ")
    assert len(world.rows("SELECT 1 FROM deadlines WHERE kind = 'answer' AND level = 0")) == 2


def test_the_acknowledgement_is_in_the_language_of_its_writer(town: TOWN) -> None:
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    asked = world.citizen_asks(PERE, "Padrón", "Buenos días, ¿cómo puedo pedir el certificado del padrón?")
    world.citizen_writes(PERE, "Re: Padrón", "¡Muchísimas gracias por todo!", answers=world.agent_answers(asked))
    world.live("2026-11-26 08:30")
    reply(world, digest_of(world), "1 és persona", sender=AGENT)
    assert "Le responderemos" in text_of(world.received(PERE)[-1])


def test_thanks_while_an_answer_is_due_are_a_line_too(town: TOWN) -> None:
    world = town(now="2026-11-25 16:30", digest={"to": [AGENT]})
    asked = world.citizen_asks(ANNA)
    world.citizen_writes(ANNA, "Re: No puc signar la instància", THANKS, answers=world.received(ANNA)[0])
    world.live("2026-11-25 16:45")
    world.citizen_writes(ANNA, "Re: No puc signar la instància", "Gràcies de nou.", answers=asked)
    world.live("2026-11-26 08:30")
    assert [line.rpartition(" · ")[2] for line in lines(digest_of(world))] == [f"«{THANKS}»", "«Gràcies de nou.»"]
    reply(world, digest_of(world), "1 és persona", sender=AGENT)
    assert {row["kind"] for row in world.rows("SELECT kind FROM messages WHERE role = 'citizen'")} == {"request"}
    assert world.kinds(ANNA) == ["ack"]  # it names the day of the answer that is due


def test_an_absence_by_its_subject_alone_is_a_line(town: TOWN) -> None:
    world = town(now="2026-11-25 10:00", digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    absent = "Resposta automàtica: [OAC] Hem rebut la vostra consulta"
    world.citizen_asks(ANNA, absent, "Seré fora fins dilluns.", answers=world.received(ANNA)[0])
    world.live("2026-11-26 08:30")
    assert lines(digest_of(world)) == ["- 1 · sembla automàtic · dc. 25/11, 10 h · «Seré fora fins dilluns.»"]


def test_it_is_a_person_acknowledges_a_case_that_never_was(town: TOWN) -> None:
    world = town(now="2026-11-25 16:00", digest={"to": [AGENT]})
    world.citizen_writes("gestio@empresa.example", dmarc="fail")
    world.live("2026-11-26 08:30")
    assert world.reviews() == ["dmarc-fail"]
    for _ in range(2):
        reply(world, digest_of(world), "1 és persona", sender=AGENT)
    assert world.kinds("gestio@empresa.example") == ["ack"]
    assert world.reviews() == []


# Nobody who waits is set aside in silence: short replies that complain, deny, add a fact or ask without a question
# mark are acknowledged; plain thanks are filed.

COMPLAINTS = (
    "Ja us vaig dir que el termini era ahir. He perdut la beca.",
    "Us ho vaig enviar ahir i no he rebut res",
    "Vau dir que em trucaríeu ahir",
    "Ahir vaig venir i era tancat",
    "Ya os lo dije ayer, he perdido la ayuda por vuestra culpa",
    "I told you yesterday the deadline was at 2 pm. I have lost the grant because of you.",
    "Gràcies. I si no tinc contracte?",
    "Gracias de corazón, pero la ayuda no ha llegado",
    "Agraïm la resposta, si bé no respon al que preguntàvem.",
    "Not solved.",
    "Gràcies per contestar, tot i que el PDF és d'una altra persona",
    "Ahir vam reservar de 10 a 11 per a la trucada.",
)


def _answered(tmp_path: Path) -> World:
    world = World(tmp_path)
    question = world.citizen_asks(ANNA)
    world.advance("2026-11-25 11:00")
    world.agent_replies(question)
    return world


@pytest.mark.parametrize("text", COMPLAINTS)
def test_a_short_reply_of_a_person_who_waits_is_acknowledged(tmp_path: Path, text: str) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", text, answers=ack)
    assert world.kinds(ANNA) == ["ack", "ack"]
    assert (world.case()["status"], world.case()["due_at"][:10]) == ("open", "2026-11-26")


@pytest.mark.parametrize(
    "text",
    ["Moltes gràcies, ja ho tinc!", "Perfecte, ja funciona. Gràcies", "muchas gracias por todo", "No cal res més."],
)
def test_plain_thanks_cause_no_mail(tmp_path: Path, text: str) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    world.citizen_asks(ANNA, f"Re: {ack['Subject']}", text, answers=ack)
    assert (world.kinds(ANNA), world.case()["status"]) == (["ack"], "answered")


def _with_our_text_below(world: World, ack: EmailMessage, subject: str, *, html: bool) -> None:
    """The acknowledgement stands below the writer's words without any mark of a quote."""
    mail = world.message(ANNA, subject, "", answers=None if subject.startswith("Fwd") else ack)
    own = "Gràcies. I si no tinc contracte?"
    body = ack.get_body(("html",) if html else ("plain",))
    assert body is not None
    if html:
        whole = str(body.get_content()).replace("<body", f"<body><p>{own}</p><div", 1)
        mail.set_content(whole, subtype="html")
    else:
        mail.set_content(f"{own}\n\n{body.get_content()}")
    world.deliver(mail, verdict="dmarc=pass header.from=example.org")


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("mark", ["Re", "Fwd"])
def test_a_question_above_our_text_without_a_mark_is_acknowledged(tmp_path: Path, mark: str, html: bool) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    _with_our_text_below(world, ack, f"{mark}: {ack['Subject']}", html=html)
    world.turn()
    assert world.kinds(ANNA) == ["ack", "ack"]


def _twice(world: World, mail: EmailMessage, between: Callable[[], None]) -> None:
    """A copy that Anna's domain disowns, then the message itself."""
    world.receive(mail, verdict="dmarc=fail header.from=example.org")
    between()
    world.deliver(mail, verdict="dmarc=pass header.from=example.org")


def _open_answers(world: World) -> int:
    """How many answers are due."""
    rows = "SELECT 1 FROM deadlines WHERE kind = 'answer' AND level = 0 AND met_at IS NULL AND withdrawn_at IS NULL"
    return len(world.rows(rows))


def test_a_message_after_its_forged_copy_has_its_deadline_also_without_acknowledgement(tmp_path: Path) -> None:
    world = World(tmp_path)
    mail = world.message(ANNA, "Padró", "Bon dia, com demano un volant de padró?")

    def forged() -> None:
        world.order("close", world.case()["number"], reason="spam")
        world.mailbox.refused = {"INBOX"}

    _twice(world, mail, forged)
    world.live("2026-11-30 09:00", minutes=600)
    world.mailbox.refused = set()
    world.turn()
    assert (world.case()["status"], _open_answers(world)) == ("open", 1)
    assert (world.reviews(), world.kinds(ANNA)) == (["first-seen-late"], [])


@pytest.mark.parametrize("closed", [False, True])
def test_a_reply_after_its_forged_copy_is_acknowledged(tmp_path: Path, closed: bool) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    mail = world.message(ANNA, f"Re: {ack['Subject']}", "I com signo el segon full?", answers=ack)

    def forged() -> None:
        assert (world.kinds(ANNA), world.reviews()) == (["ack"], ["dmarc-fail"])
        if closed:
            world.order("close", world.case()["number"], reason="spam")

    _twice(world, mail, forged)
    world.turn()
    assert (world.case()["status"], _open_answers(world)) == ("open", 1)
    assert (world.kinds(ANNA), world.reviews()) == (["ack", "ack"], [])


def test_a_reply_that_was_answered_after_its_forged_copy_causes_nothing(tmp_path: Path) -> None:
    world = _answered(tmp_path)
    (ack,) = world.received(ANNA)
    world.advance("2026-11-25 12:00")
    mail = world.message(ANNA, f"Re: {ack['Subject']}", "I com signo el segon full?", answers=ack)

    def answered() -> None:
        world.clock.forward(minutes=5)
        world.agent_replies(mail)

    _twice(world, mail, answered)
    world.turn()
    assert (world.case()["status"], world.kinds(ANNA)) == ("answered", ["ack"])
