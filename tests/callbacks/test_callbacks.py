"""Call-back requests: the offered slot, their own deadline, and two calls without success (R25-R27)."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.world import AGENT, ANNA, PERE, SUPERVISOR, TECHNICAL, World, text_of

TOWN = Callable[..., World]
SUBJECT = "Em podeu trucar?"


def _asks_for_a_call(world: World, when: str = "", number: str = "al 612 345 678") -> EmailMessage:
    text = f"Bon dia, no puc signar la instància. Em podeu trucar {number}{when}, si us plau? Gràcies, Anna"
    return world.citizen_asks(ANNA, SUBJECT, text)


@pytest.mark.parametrize(
    ("when", "due", "offer"),
    [
        (" al matí", "2026-12-01T14:00:00+01:00", "dimarts 1 de desembre, de 8 a 14 h"),
        (" a la tarda", "2026-12-01T20:00:00+01:00", "dilluns 30 de novembre, de 14 a 20 h"),
        ("", "2026-12-01T20:00:00+01:00", "dilluns 30 de novembre, de 14 a 20 h"),
    ],
    ids=["morning", "afternoon", "any"],
)
def test_the_first_fitting_slot_is_offered_and_binds_the_due_day(town: TOWN, when: str, due: str, offer: str) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, when)
    (ack,) = world.received(ANNA)
    assert world.case()["intent"] == "callback"
    assert world.case()["due_at"] == due
    assert str(ack["Subject"]).endswith("Us trucarem")
    assert f"Us trucarem {offer}, al telèfon acabat en 678." in text_of(ack)
    assert "612" not in text_of(ack)


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("Em podeu trucar demà a la tarda al 612 345 678?", "dimarts 1 de desembre, de 14 a 20 h"),
        ("Em podeu trucar al 612 345 678? Demà a la tarda estic lliure.", "dimarts 1 de desembre, de 14 a 20 h"),
        ("Voldria que em truquéssiu dimarts, al 612 345 678.", "dimarts 1 de desembre, de 8 a 20 h"),
        ("¿Me pueden llamar mañana por la tarde al 612 345 678?", "martes 1 de diciembre, de 14 a 20 h"),
        ("Please call me tomorrow afternoon on 612 345 678.", "dimarts 1 de desembre, de 14 a 20 h"),
        ("Em podeu trucar dimecres a la tarda al 612 345 678?", "dimarts 1 de desembre, de 14 a 20 h"),
        ("Truqueu-me dijous que ve a les 17 al 612 345 678.", "dimarts 1 de desembre, cap a les 17"),
        ("Em podeu trucar l'1/12 al 612 345 678?", "dimarts 1 de desembre, de 8 a 20 h"),
        ("Em podeu trucar el 1-12-2026 al 612 345 678?", "dimarts 1 de desembre, de 8 a 20 h"),
        ("Em podeu trucar d'aquí a dos dies al 612 345 678?", "dimarts 1 de desembre, de 8 a 20 h"),
        ("Em podeu trucar a la tarda al 612 345 678? El termini s'acaba demà.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar a la tarda al 612 345 678? Demà no hi soc.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Truqueu-me a la tarda al 612 345 678, perquè demà marxo.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Truqueu-me avui a la tarda al 612 345 678, demà treballo.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Truqueu-me avui o demà a la tarda al 612 345 678.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar a la tarda al 612 345 678? Soc fora fins dimarts.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Truqueu-me qualsevol tarda menys dimarts al 612 345 678.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar a la tarda al 612 345 678 per l'avís que dimarts caduca?", "dilluns 30 de novembre"),
        ("Call me any day but Tuesday on 612 345 678.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar al 612 345 678 per la cita de demà?", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar demà al 612 345 678 per la cita?", "dimarts 1 de desembre, de 8 a 20 h"),
        ("¿Me pueden llamar para darme cita para mañana? 612 345 678", "lunes 30 de noviembre, de 14 a 20 h"),
        ("Mañana tengo juicio, así que llámenme al 612 345 678.", "lunes 30 de noviembre, de 14 a 20 h"),
        ("Demà marxo de viatge, truqueu-me al 612 345 678.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar al 612 345 678, demà mateix?", "dimarts 1 de desembre, de 8 a 20 h"),
        ("¿Pueden llamarme en la tarde de mañana al 612 345 678?", "martes 1 de diciembre, de 14 a 20 h"),
        ("Em podeu trucar al 612 345 678? Millor demà.", "dimarts 1 de desembre, de 8 a 20 h"),
        ("Em podeu trucar al 612 345 678? Demà millor que avui.", "dimarts 1 de desembre, de 8 a 20 h"),
        ("Em podeu trucar al 612 345 678? Millor avui que demà.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Demà vindré a l'oficina, em podeu trucar abans al 612 345 678?", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Em podeu trucar al 612 345 678 per donar-me hora per demà?", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Voldria hora per demà, em podeu trucar al 612 345 678?", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Aquesta setmana faig nits: truqueu-me a la tarda, 612 345 678.", "dilluns 30 de novembre, de 14 a 20 h"),
        ("Please call me on 612 345 678, any day this week.", "Monday 30 November, between 2 and 8 pm"),
        ("Em podeu trucar demà o dimecres al 612 345 678?", "dimarts 1 de desembre, de 8 a 20 h"),
        ("Truqueu-me aquesta tarda o demà al matí al 612 345 678.", "dilluns 30 de novembre, de 14 a 20 h"),
    ],
)
def test_a_first_message_that_names_the_day_of_the_call_is_offered_that_day_or_the_last_that_we_promise(
    town: TOWN, text: str, offer: str
) -> None:
    world = town(now="2026-11-30 08:50")
    world.citizen_asks(ANNA, SUBJECT, f"Bon dia, no puc signar la instància. {text}")
    assert offer in text_of(world.received(ANNA)[0])
    assert world.case()["due_at"] == "2026-12-01T20:00:00+01:00"


def test_the_spanish_morning_is_not_taken_for_tomorrow(town: TOWN) -> None:
    for text in ("a media mañana", "esta misma mañana", "en horario de mañana", "por la mañana"):
        world = town(now="2026-11-30 07:50")
        world.citizen_asks(ANNA, "Llamada", f"Buenos días, no puedo firmar. ¿Me pueden llamar {text} al 612 345 678?")
        assert "lunes 30 de noviembre" in text_of(world.received(ANNA)[0])


def test_who_names_no_slot_is_called_at_any_hour_of_the_next_open_day(town: TOWN) -> None:
    world = town(now="2026-11-27 21:00")
    _asks_for_a_call(world)
    assert "Us trucarem dilluns 30 de novembre, de 8 a 20 h" in text_of(world.received(ANNA)[0])


def test_who_asks_for_a_call_after_closing_gets_the_nearest_slot_and_is_told_so(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " a partir de les nou del vespre")
    ack = text_of(world.received(ANNA)[0])
    assert "Us trucarem dilluns 30 de novembre, de 14 a 20 h" in ack
    assert "A l'hora demanada no truquem." in ack


def test_a_slot_that_is_over_when_we_read_is_offered_no_more(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    text = "Bon dia, em podeu trucar al 612 345 678 al matí, si us plau? No puc signar la instància."
    world.citizen_writes(ANNA, SUBJECT, text)
    world.turn_at("2026-12-01 15:00")
    assert "Us trucarem dimecres 2 de desembre, de 8 a 14 h" in text_of(world.received(ANNA)[0])
    assert world.case()["due_at"] == "2026-12-01T14:00:00+01:00"


def test_who_takes_calls_at_any_hour_is_offered_the_rest_of_the_day_on_which_the_call_is_due(town: TOWN) -> None:
    world = town(now="2026-11-30 17:00")
    world.citizen_writes(ANNA, SUBJECT, "Bon dia, em podeu trucar al 612 345 678, si us plau? No puc signar.")
    world.turn_at("2026-12-01 16:10")
    assert "Us trucarem dimarts 1 de desembre, de 14 a 20 h" in text_of(world.received(ANNA)[0])
    assert world.case()["due_at"] == "2026-12-01T20:00:00+01:00"


def test_whom_we_have_called_is_told_of_a_new_question_the_day_of_its_answer_and_no_call(town: TOWN) -> None:
    world = town(now="2026-11-26 11:00")
    _asks_for_a_call(world, " al matí")
    world.advance("2026-11-27 10:00")
    world.obey("log-call", world.case()["number"])
    world.advance("2026-11-30 17:00")
    again = "Gràcies, però ara em surt l'error 297. Com ho arreglo?"
    world.citizen_asks(ANNA, "", again, answers=world.received(ANNA)[0])
    for at in ("2026-12-01 07:30", "2026-12-01 16:10"):
        world.advance(at)
        world.citizen_asks(ANNA, "", "castellano", answers=world.received(ANNA)[-1])
        told = text_of(world.received(ANNA)[-1])
        assert "Le responderemos como muy tarde el martes 1 de diciembre." in told
        assert "Le llamaremos" not in told


def test_a_call_wished_after_the_question_is_never_put_off_beyond_the_answer(town: TOWN) -> None:
    world = town(now="2026-11-30 10:00")
    world.citizen_asks(ANNA)
    world.advance("2026-12-01 09:00")
    wish = "Em podeu trucar al 612 345 678 al matí?"
    world.citizen_asks(ANNA, "", wish, answers=world.received(ANNA)[0])
    world.advance("2026-12-01 15:00")
    world.citizen_asks(ANNA, "", "castellano", answers=world.received(ANNA)[0])
    told = text_of(world.received(ANNA)[-1])
    assert world.rows("SELECT intent, slot FROM cases") == [{"intent": "callback", "slot": "morning"}]
    assert "Le responderemos como muy tarde el martes 1 de diciembre." in told
    assert "Le llamaremos" not in told


def test_a_citizen_without_a_number_is_asked_for_it_and_the_deadline_runs(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, number="")
    (ack,) = world.received(ANNA)
    assert world.case()["due_at"] == "2026-12-01T20:00:00+01:00"
    assert str(ack["Subject"]).endswith("Hem rebut la vostra consulta")
    assert "Responeu: a quin número us truquem" in text_of(ack)


@pytest.mark.parametrize(
    ("when", "slot", "due", "told"),
    [
        ("a la tarda", "afternoon", "2026-12-01T20:00:00+01:00", "Us trucarem dilluns 30 de novembre, de 14 a 20 h"),
        ("al matí", "morning", "2026-12-01T14:00:00+01:00", "Us trucarem dimarts 1 de desembre, de 8 a 14 h"),
    ],
)
def test_who_sends_the_number_that_was_missing_hears_when_the_call_comes(
    town: TOWN, when: str, slot: str, due: str, told: str
) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, number="")
    world.clock.forward(minutes=30)
    world.citizen_asks(ANNA, "", f"És el 612 345 678, millor {when}.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT phone, slot FROM cases") == [{"phone": "+34612345678", "slot": slot}]
    assert world.case()["due_at"] == due
    assert told in world.texts(ANNA)[-1]


def test_an_agent_hears_whether_a_call_in_vain_counts_and_when_the_person_is_told(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    for at, said in (
        ("2026-11-30 15:00", "Fora de la franja demanada: no compta com a intent"),
        ("2026-12-01 09:00", "| fet |"),
        ("2026-12-01 10:00", "La persona en rep un avís, que compta com a resposta"),
    ):
        world.advance(at)
        world.staff_says(AGENT, world.case()["number"], "NO CONTESTA")
        assert said in world.texts(AGENT, "transcript")[-1]
    assert world.kinds(ANNA) == ["ack", "not_reached"]


def test_who_was_not_reached_need_not_give_the_number_again(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    _calls(world, "2026-12-01 09:00", "2026-12-01 11:00")
    world.citizen_asks(ANNA, "", "Perdoneu, ara ja puc. Truqueu-me a la tarda.", answers=world.received(ANNA)[-1])
    assert "Us trucarem dimarts 1 de desembre, de 14 a 20 h, al telèfon acabat en 678." in world.texts(ANNA)[-1]
    assert world.rows("SELECT phone, slot FROM cases") == [{"phone": "+34612345678", "slot": "afternoon"}]


def test_who_was_not_reached_and_names_no_time_is_promised_an_answer_and_asked_for_no_number(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, " al matí")
    _calls(world, "2026-12-01 09:00", "2026-12-01 11:00")
    world.citizen_asks(ANNA, "", "Perdoneu. Em podeu tornar a trucar, si us plau?", answers=world.received(ANNA)[-1])
    assert "Us respondrem com a molt tard dimecres 2 de desembre." in world.texts(ANNA)[-1]
    assert "No hi hem trobat cap telèfon" not in world.texts(ANNA)[-1]


@pytest.mark.parametrize(
    ("lang", "asks", "asked"),
    [
        ("ca", "Em podríeu trucar al matí? Ja teniu el meu telèfon.", "a quin número us truquem al matí (8–14 h)?"),
        (
            "es",
            "¿Me pueden llamar por la tarde? Mi teléfono ya lo tienen ustedes.",
            "¿a qué número le llamamos por la tarde (14–20 h)?",
        ),
        ("en", "Could you please call me between 9 and 5? You have my number.", "which number should we call?"),
        (
            "en",
            "Could somebody please call me? You have my number.",
            "call, in the morning (8 am–2 pm) or the afternoon (2–8 pm)?",
        ),
    ],
)
def test_who_names_a_time_and_no_number_is_asked_for_the_number_alone(
    town: TOWN, lang: str, asks: str, asked: str
) -> None:
    begins = {
        "ca": "Bon dia, no puc signar la instància de l'ajut",
        "es": "Buenos días, no puedo firmar la instancia de la ayuda",
        "en": "Good morning, I cannot sign the form for the grant",
    }
    world = town(now="2026-11-30 09:00")
    world.citizen_asks(ANNA, "Trucada", f"{begins[lang]}. {asks}")
    assert asked in " ".join(text_of(world.received(ANNA)[0]).split())
    assert world.case()["intent"] == "callback"


def test_the_time_that_came_without_a_number_binds_and_agents_see_it_and_the_later_number_keeps_it(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50", digest={"to": [AGENT]})
    _asks_for_a_call(world, "entre les 10 i les 12", number="")
    kept = {"slot": "morning", "call_hours": "10:00-12:00"}
    assert world.rows("SELECT phone, slot, call_hours FROM cases") == [{"phone": None, **kept}]
    assert world.case()["due_at"] == "2026-12-01T14:00:00+01:00"
    world.live("2026-12-01 08:30")
    assert "- matí: 1 (10–12 h)" in text_of(world.received(AGENT)[-1])
    world.citizen_asks(ANNA, "", "És el 612 345 678.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT phone, slot, call_hours FROM cases") == [{"phone": "+34612345678", **kept}]
    assert world.case()["due_at"] == "2026-12-01T14:00:00+01:00"


def test_a_reply_that_names_the_time_and_still_no_number_is_kept(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, number="")
    world.citizen_asks(ANNA, "", "A la tarda, gràcies.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT intent, phone, slot FROM cases") == [
        {"intent": "callback", "phone": None, "slot": "afternoon"}
    ]


def test_another_number_for_the_call_keeps_the_slot_that_was_promised(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " al matí")
    world.citizen_asks(ANNA, "", "Perdoneu, truqueu-me millor al 611 223 344.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT phone, slot FROM cases") == [{"phone": "+34611223344", "slot": "morning"}]
    assert world.case()["due_at"] == "2026-12-01T14:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "slot", "due"),
    [
        ("Millor a la tarda, si pot ser. Gràcies!", "afternoon", "20:00"),
        ("A la tarda, gràcies.", "afternoon", "20:00"),
        ("Gràcies, el portal no funciona a la tarda.", "morning", "14:00"),
    ],
)
def test_a_reply_that_names_another_slot_alone_changes_it_and_the_time_of_the_same_day(
    town: TOWN, text: str, slot: str, due: str
) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " al matí")
    world.citizen_asks(ANNA, "", text, answers=world.received(ANNA)[0])
    assert world.rows("SELECT phone, slot FROM cases") == [{"phone": "+34612345678", "slot": slot}]
    assert world.case()["due_at"] == f"2026-12-01T{due}:00+01:00"


@pytest.mark.parametrize(
    ("first", "when", "text", "due"),
    [
        (" a la tarda", "2026-11-30 17:00", "Millor al matí.", "14:00"),
        (" a la tarda", "2026-12-01 10:00", "Millor al matí.", "20:00"),  # it has begun
        (" al matí", "2026-12-01 13:00", "Millor a la tarda.", "20:00"),
        (" al matí", "2026-12-01 15:00", "Millor a la tarda.", "14:00"),  # it is late
        (" al matí", "2026-11-30 17:00", "Truqueu-me al 611 223 344 a la tarda, si us plau.", "20:00"),
    ],
)
def test_the_new_slot_binds_on_the_due_day_unless_it_has_begun_or_the_call_is_late(
    town: TOWN, first: str, when: str, text: str, due: str
) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, first)
    world.live(when)
    world.citizen_asks(ANNA, "", text, answers=world.received(ANNA)[0])
    assert world.case()["due_at"] == f"2026-12-01T{due}:00+01:00"


def test_a_call_moved_to_the_afternoon_is_not_late_before_its_slot_and_is_reminded_within_it(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " al matí")
    world.citizen_writes(ANNA, "", "Millor a la tarda.", answers=world.received(ANNA)[0])
    world.live("2026-12-01 15:00")
    assert "overdue" not in world.kinds(SUPERVISOR)
    assert "remind" not in world.kinds(AGENT)
    world.live("2026-12-01 17:00")
    assert "remind" in world.kinds(AGENT)
    world.live("2026-12-02 09:00")
    assert "overdue" in world.kinds(SUPERVISOR)


def test_a_call_moved_after_its_reminder_is_reminded_of_again_at_its_new_time(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " al matí")
    world.turn_at("2026-12-01 10:00")
    assert world.kinds(AGENT) == ["remind"]
    world.advance("2026-12-01 11:00")
    world.citizen_asks(ANNA, "", "Millor a la tarda.", answers=world.received(ANNA)[0])
    assert world.kinds(AGENT) == ["remind"]
    world.turn_at("2026-12-01 16:00")
    world.turn()
    assert world.kinds(AGENT) == ["remind", "remind"]
    assert "dt. 1/12, 20 h" in text_of(world.received(AGENT)[-1])
    assert world.rows("SELECT 1 FROM deadlines WHERE kind = 'remind' AND fired_at IS NULL") == []


def test_a_call_that_stays_due_at_the_same_time_is_not_reminded_of_again(town: TOWN) -> None:
    """Of a call at any hour and one in the afternoon, the day ends at the same time."""
    world = town(now="2026-11-30 09:00", deadline={"remind_hours": 8})
    world.citizen_asks(PERE)
    _asks_for_a_call(world, "")
    world.turn_at("2026-12-01 12:00")
    assert world.kinds(AGENT) == ["remind"]
    world.advance("2026-12-01 13:00")
    world.citizen_asks(ANNA, "", "Millor a la tarda.", answers=world.received(ANNA)[0])
    world.turn()
    assert world.kinds(AGENT) == ["remind"]


def test_a_case_of_a_question_gets_no_slot(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "", "Millor a la tarda, si pot ser.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT intent, slot FROM cases") == [{"intent": "question", "slot": None}]


def test_a_call_that_is_due_goes_along_when_its_case_is_merged(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00", digest={"to": [AGENT]})
    world.citizen_asks(ANNA)
    world.citizen_asks("anna@feina.example", SUBJECT, "Em podeu trucar al 612 345 678 al matí? No puc signar.")
    question, call = (case["number"] for case in world.cases())
    world.order("merge", call, into=question)
    rows = world.rows("SELECT intent, phone, slot FROM cases WHERE number = ?", question)
    assert rows == [{"intent": "callback", "phone": "+34612345678", "slot": "morning"}]
    world.live("2026-12-01 08:30")
    assert "- matí: 1" in text_of(world.received(AGENT)[-1])


def test_a_message_that_asks_for_a_call_after_the_answer_is_offered_a_slot_too(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    answer = world.agent_replies(world.citizen_asks(ANNA))
    world.advance("2026-11-30 13:50")
    world.citizen_asks(ANNA, "", "No me'n surto. Em podeu trucar al 612 345 678 al matí?", answers=answer)
    assert "Us trucarem dimarts 1 de desembre, de 8 a 14 h" in text_of(world.received(ANNA)[-1])
    assert world.case()["due_at"] == "2026-12-01T14:00:00+01:00"


# --- hours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "when", "said"),
    [
        ("ca", "entre les 10 i les 12", "de desembre, entre les 10 i les 12; si no podem, entre les 8 i les 14 h, al"),
        ("ca", "a partir de les 5", "de novembre, a partir de les 17; si no podem, entre les 14 i les 20 h, al"),
        ("ca", "a dos quarts d'onze", "de desembre, cap a les 10.30; si no podem, entre les 8 i les 14 h, al"),
        ("ca", "abans de les onze", "de desembre, abans de les 11; si no podem, entre les 8 i les 14 h, al"),
        ("ca", "abans de dinar", "de desembre, de 8 a 14 h, al"),
        (
            "ca",
            "de 9 a 11 o de 16 a 18",
            "de novembre, entre les 16 i les 18; si no podem, entre les 14 i les 20 h, al",
        ),
        (
            "es",
            "entre las 10 y las 12",
            "de diciembre, entre las 10 y las 12; si no podemos, de 8 a 14 h, al",
        ),
        ("en", "after 5 pm", "November, from 5 pm; if we cannot, between 2 and 8 pm, on"),
    ],
)
def test_the_hours_that_a_person_names_are_offered_with_the_slot_that_binds(
    town: TOWN, lang: str, when: str, said: str
) -> None:
    asks = {
        "ca": f"Bon dia, no puc signar la instància. Em podeu trucar al 612 345 678 {when}, si us plau? Gràcies",
        "es": f"Buenos días, no puedo firmar la instancia. ¿Me pueden llamar al 612 345 678 {when}? Muchas gracias",
        "en": f"Good morning, I cannot sign the form. Could you please call me on 612 345 678 {when}? Thank you",
    }
    world = town(now="2026-11-30 13:50")
    world.citizen_asks(ANNA, SUBJECT, asks[lang])
    assert said in " ".join(text_of(world.received(ANNA)[0]).split())
    assert "A l'hora demanada no truquem." not in text_of(world.received(ANNA)[0])


def test_hours_that_are_over_when_we_read_are_promised_no_more(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    world.citizen_writes(ANNA, SUBJECT, "Bon dia, em podeu trucar al 612 345 678 entre les 10 i les 12? No puc signar.")
    world.turn_at("2026-12-01 12:30")
    assert "Us trucarem dimarts 1 de desembre, de 8 a 14 h" in text_of(world.received(ANNA)[0])


def test_agents_see_the_hours_in_the_summary_and_with_the_case(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00", digest={"to": [AGENT]})
    _asks_for_a_call(world, " entre les 10 i les 12")
    assert world.rows("SELECT slot, call_hours FROM cases") == [{"slot": "morning", "call_hours": "10:00-12:00"}]
    world.live("2026-12-01 08:30")
    assert "- matí: 1 (10–12 h)" in text_of(world.received(AGENT)[-1])
    world.obey("assign", world.case()["number"], name="agent")
    assert "Petició de trucada (Truca'm) · matí (10–12 h)" in text_of(world.received(AGENT, "assigned")[-1])


def test_a_reply_that_names_hours_alone_changes_them(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " al matí")
    world.citizen_asks(ANNA, "", "Millor entre les 10 i les 12.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT slot, call_hours FROM cases") == [{"slot": "morning", "call_hours": "10:00-12:00"}]
    world.citizen_asks(ANNA, "", "Perdoneu, truqueu-me al 611 223 344.", answers=world.received(ANNA)[0])
    assert world.rows("SELECT slot, call_hours FROM cases") == [{"slot": "morning", "call_hours": "10:00-12:00"}]


# --- calls --------------------------------------------------------------------------------------------


def _calls(world: World, *times: str) -> None:
    for at in times:
        world.advance(at)
        world.obey("log-call", world.case()["number"], outcome="no-answer")


def test_two_calls_in_vain_to_a_number_that_the_message_did_not_tell_are_an_answer_too(town: TOWN) -> None:
    world = town(now="2026-11-30 13:50")
    _asks_for_a_call(world, number="")
    _calls(world, "2026-11-30 15:00", "2026-12-01 09:00")
    assert world.kinds(ANNA) == ["ack", "not_reached"]
    assert "Us hem trucat 2 vegades i no hem pogut parlar amb vós." in text_of(world.received(ANNA)[-1])
    assert world.case()["status"] == "answered"


def test_calls_without_success_on_a_derived_case_tell_nobody_that_it_was_passed_on(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00", people={"technical": [TECHNICAL]})
    text = "Bon dia, la seu electrònica dona error 500 en signar. Truqueu-me al 612345678 a la tarda."
    world.citizen_asks(ANNA, "Error 500 a la seu", text)
    assert world.case()["status"] == "derived"
    _calls(world, "2026-11-30 15:00", "2026-11-30 17:00")
    assert world.kinds(ANNA) == ["ack", "not_reached"]
    assert world.rows("SELECT told_at FROM cases") == [{"told_at": None}]
    assert world.rows("SELECT 1 FROM deadlines WHERE kind = 'update'") == []
    assert world.rows("SELECT kind FROM deadlines WHERE kind = 'nudge' AND withdrawn_at IS NULL AND met_at IS NULL")
    world.live("2026-12-04 12:00")
    assert "progress" not in world.kinds(ANNA), "no news of what nobody has told her"


def test_two_calls_without_success_and_a_mail_that_says_how_to_reach_us_are_the_answer(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " a la tarda")
    _calls(world, "2026-11-30 15:00")
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["status"] == "open"
    _calls(world, "2026-11-30 17:00")
    assert world.kinds(ANNA) == ["ack", "not_reached"]
    mail = world.received(ANNA)[-1]
    assert "Us hem trucat 2 vegades al telèfon acabat en 678 i no hem pogut parlar amb vós." in text_of(mail)
    assert mail["In-Reply-To"]
    assert (world.case()["status"], world.case()["answered_at"]) == ("answered", "2026-11-30T17:00:00+01:00")
    assert "not-located" in [event["data"].get("by") for event in world.case()["events"]]
    world.live("2026-12-02 09:00")
    assert world.kinds(ANNA) == ["ack", "not_reached"]


def test_a_call_outside_the_slot_is_noted_and_does_not_count(town: TOWN) -> None:
    world = town(now="2026-11-30 09:00")
    _asks_for_a_call(world, " a la tarda")
    _calls(world, "2026-11-30 10:00", "2026-11-30 11:00", "2026-11-30 15:00")
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["status"] == "open"


def test_calls_on_a_case_that_asked_for_none_never_answer_it(world: World) -> None:
    world.citizen_asks(ANNA)
    _calls(world, "2026-11-25 10:00", "2026-11-25 11:00", "2026-11-25 12:00")
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["answered_at"] is None


# --- the form -----------------------------------------------------------------------------------------

FORM = "formulari@adtende.example"
_FILLED = "Nom: Anna Puig\n{}Telèfon: 612 345 678\nFranja: matí\nMotiu: no puc signar la instància"


def _form(town: TOWN) -> World:
    return town(now="2026-11-30 13:50", callback={"form_senders": [FORM]})


def _filled_in(world: World, line: str = "Correu electrònic: Anna@example.org\n", **headers: str) -> None:
    marks = {"Auto-Submitted": "auto-generated", **{name.replace("_", "-"): value for name, value in headers.items()}}
    world.citizen_asks(FORM, "Truca'm", _FILLED.format(line), headers=tuple(marks.items()))


def test_the_forms_mail_is_the_request_of_the_person_named_in_it(town: TOWN) -> None:
    world = _form(town)
    _filled_in(world)
    assert world.case()["citizen"] == ANNA
    assert (world.case()["intent"], world.case()["due_at"]) == ("callback", "2026-12-01T14:00:00+01:00")
    assert "Us trucarem dimarts 1 de desembre, de 8 a 14 h" in text_of(world.received(ANNA)[0])
    assert world.received(FORM) == []


def test_reply_to_goes_before_what_stands_in_the_form(town: TOWN) -> None:
    world = _form(town)
    _filled_in(world, Reply_To="pere@example.net")
    assert world.case()["citizen"] == "pere@example.net"


def test_a_form_that_names_nobody_waits_for_a_person_and_its_machine_gets_nothing(town: TOWN) -> None:
    world = _form(town)
    _filled_in(world, line="")
    assert world.reviews() == ["no-address-to-answer"]
    assert world.case()["due_at"] == "2026-12-01T14:00:00+01:00"
    assert world.received(FORM) == []


def test_who_sends_the_form_twice_has_one_case_and_is_a_member_of_it(town: TOWN) -> None:
    world = _form(town)
    for _ in range(2):
        _filled_in(world)
    world.citizen_asks(ANNA, "", "Millor a la tarda, si pot ser.", answers=world.received(ANNA)[0])
    assert len(world.case()["messages"]) == 3
    assert world.rows("SELECT DISTINCT guest FROM messages WHERE role = 'citizen'") == [{"guest": 0}]
    assert world.kinds(ANNA) == ["ack", "ack"]
    assert "Us trucarem dimarts 1 de desembre, de 14 a 20 h" in text_of(world.received(ANNA)[1])


def test_two_people_who_fill_in_the_form_alike_have_two_cases(town: TOWN) -> None:
    world = _form(town)
    _filled_in(world)
    _filled_in(world, line="Correu electrònic: pere@example.net\n")
    assert [case["citizen"] for case in world.cases()] == [ANNA, "pere@example.net"]
