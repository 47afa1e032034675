"""What an answer, thanks, a second message and silence do to a case and its deadlines (R16, R23, R24)."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, World, text_of

TOWN = Callable[..., World]


def _answered(world: World, sender: str = ANNA) -> EmailMessage:
    """A case that was answered on the day it came; the answer."""
    message = world.citizen_asks(sender)
    world.clock.forward(hours=1)
    return world.agent_replies(message)


def test_an_answer_in_sent_answers_the_case(world: World) -> None:
    _answered(world)
    assert world.case()["status"] == "answered"
    assert world.case()["answered_at"] == "2026-11-25T10:00:00+01:00"


@pytest.mark.parametrize(
    ("to", "headers", "status"),
    [(PERE, (("Cc", ANNA),), "answered"), (AGENT, (), "open")],
    ids=["to somebody else, with her in copy", "to a colleague alone"],
)
def test_a_reply_answers_if_it_goes_to_the_person(
    world: World, to: str, headers: tuple[tuple[str, str], ...], status: str
) -> None:
    message = world.citizen_asks(ANNA)
    world.see_in_sent(world.message(OFFICE, "", "Bon dia, a la seu.", to=to, answers=message, headers=headers))
    assert world.case()["status"] == status
    assert len(world.case()["messages"]) == 2


def test_a_second_answer_leaves_the_hour_of_the_first(world: World) -> None:
    answer = _answered(world)
    world.clock.forward(hours=1)
    world.see_in_sent(world.message(OFFICE, "", "Hi afegeixo un enllaç.", to=ANNA, answers=answer))
    assert (world.case()["status"], world.case()["answered_at"]) == ("answered", "2026-11-25T10:00:00+01:00")


def test_an_answer_that_came_back_in_copy_is_decided_by_the_one_in_sent(world: World) -> None:
    message = world.citizen_asks(ANNA)
    answer = world.message(OFFICE, "", "Bon dia, a la seu.", to=ANNA, answers=message, headers=(("Cc", OFFICE),))
    world.receive(answer, sender=ANNA)
    assert (world.case()["status"], world.reviews()) == ("open", ["from-our-address-unsigned"])
    world.see_in_sent(answer)
    assert (world.case()["status"], world.reviews()) == ("answered", [])


def test_without_a_provider_nobody_is_proven(town: TOWN) -> None:
    world = town(trust={"provider": "none"})
    message = world.citizen_asks(ANNA)
    mail = world.message(AGENT, "", "Bon dia, a la seu.", to=ANNA, answers=message, headers=(("Cc", OFFICE),))
    world.receive(mail, verdict=PASS)
    assert world.case()["status"] == "open"


def test_who_asks_as_a_guest_is_answered_when_the_guest_is(world: World) -> None:
    _answered(world)
    guests = world.citizen_asks(PERE, "", "Soc el fill. On trobo el formulari?", answers=world.received(ANNA)[0])
    assert (world.case()["status"], world.case()["citizen"]) == ("open", ANNA)
    world.clock.forward(hours=1)
    world.agent_replies(guests)
    assert world.case()["status"] == "answered"


def test_a_second_message_never_postpones_and_is_not_acknowledged(world: World) -> None:
    message = world.citizen_asks(ANNA)
    world.advance("2026-11-26 10:00")
    world.citizen_asks(ANNA, "", "Ah, i també us volia preguntar pel padró.", answers=message)
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert len(world.case()["messages"]) == 2
    assert world.kinds(ANNA) == ["ack"]


def test_the_same_text_again_within_three_days_joins_the_case(world: World) -> None:
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 10:00")
    world.citizen_asks(ANNA)
    assert len(world.case()["messages"]) == 2
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"


def test_a_new_question_after_an_answer_starts_a_deadline_and_is_acknowledged(world: World) -> None:
    answer = _answered(world)
    world.advance("2026-11-27 12:00")
    world.citizen_asks(ANNA, "", "I com ho faig amb el mòbil?", answers=answer)
    assert world.case()["status"] == "open"
    assert world.case()["due_at"] == "2026-11-30T20:00:00+01:00"
    assert world.kinds(ANNA) == ["ack", "ack"]
    assert "Responsable" not in text_of(world.received(ANNA)[1])
    world.live("2026-12-01 08:00")
    assert world.kinds(SUPERVISOR) == ["complex", "overdue"]  # she came back two working days later (R12)


def test_a_case_is_acknowledged_three_times_a_day_at_most(town: TOWN) -> None:
    world = town(ack={"per_address_hour": 0})
    answer = _answered(world)
    for turn in range(4):
        world.clock.forward(minutes=10)
        message = world.citizen_asks(ANNA, "", f"I una altra cosa: com es fa el pas {turn}?", answers=answer)
        world.clock.forward(minutes=10)
        answer = world.agent_replies(message)
    assert world.kinds(ANNA) == ["ack"] * 3
    world.advance("2026-11-26 09:00")
    world.citizen_asks(ANNA, "", "I avui, com es continua?", answers=answer)
    assert world.kinds(ANNA) == ["ack"] * 4


def test_thanks_closes_nothing_and_reopens_nothing(world: World) -> None:
    answer = _answered(world)
    world.citizen_asks(ANNA, "", "Moltes gràcies!", answers=answer)
    assert world.case()["status"] == "answered"
    assert world.kinds(ANNA) == ["ack"]
    world.order("close", world.case()["number"], reason="answered")
    world.citizen_asks(ANNA, "", "Gràcies de nou!", answers=answer)
    assert world.case()["status"] == "closed"


@pytest.mark.parametrize("subject", ["", "Re: Consulta", "Re: Gràcies"])
@pytest.mark.parametrize(
    "text",
    [
        "Moltes gràcies per la vostra rapidesa, ja fa tres setmanes que espero",
        "Moltes gràcies, tot perfecte. Continuo esperant.",
        "Gracias por su rapidez. Llevo dos meses esperando.",
        "Perfecto, muchas gracias. Nadie me ha llamado.",
        "Thank you so much for your prompt reply, only five weeks late",
        "Thanks, perfect. Nobody has called me yet.",
        "Gràcies per res",
        "Gràcies\n-- \nAnna\nPD: i quan obriu dissabte?",
        "Gracias\n-- \nAnna\n\nP.D. Falta el certificado de mi hijo",
        "Thanks!\n--\nAnna Puig\nP.S. the second form as well",
        "Moltes gràcies!\n__\nAnna\nN.B.: el segon rebut és d'una altra finca",
    ],
)
def test_thanks_with_an_open_question_or_a_question_below_the_signature_have_a_deadline(
    world: World, subject: str, text: str
) -> None:
    answer = _answered(world)
    world.citizen_asks(ANNA, subject, text, answers=answer)
    case = world.case()
    assert case["status"] == "open"
    assert case["due_at"] > case["answered_at"]


@pytest.mark.parametrize(
    "text",
    ["Gràcies Marta, adjunto el padró", "Gràcies. Us adjunto la factura.", "Gracias, te adjunto el recibo."],
)
def test_who_thanks_and_forgets_the_file_has_a_clock_and_is_told(world: World, text: str) -> None:
    world.citizen_asks(ANNA, "", text, answers=_answered(world))
    assert world.case()["status"] == "open"
    assert world.kinds(ANNA) == ["ack", "ack"]


@pytest.mark.parametrize("text", ["Gràcies pel document adjunt!", "Muchas gracias por todo."])
def test_who_thanks_for_a_file_of_ours_asks_nothing(world: World, text: str) -> None:
    world.citizen_asks(ANNA, "", text, answers=_answered(world))
    assert (world.case()["status"], world.kinds(ANNA)) == ("answered", ["ack"])


@pytest.mark.parametrize("refers", [True, False], ids=["to the answer", "to nothing"])
@pytest.mark.parametrize(
    "text",
    [
        "Moltes gràcies, us ho envio aquesta tarda.",
        "Gràcies! Demà passaré per l'oficina a portar-ho",
        "Gràcies, esperaré la vostra trucada",
        "Muchas gracias, ya lo he recibido todo. Mañana paso a recogerlo.",
        "Thanks, I will send you the missing form tomorrow",
    ],
)
def test_thanks_that_say_more_are_a_request_or_stand_in_the_next_summary(world: World, text: str, refers: bool) -> None:
    """The model's score alone took them for thanks, and nobody would have read them."""
    answer = _answered(world)
    world.clock.forward(hours=1)
    world.citizen_asks(ANNA, "" if refers else "Gràcies", text, answers=answer if refers else None)
    last = world.cases()[-1]  # a request in a new mail that names nothing has a case of its own
    assert last["status"] == "open" or world.reviews() == ["filed-thanks"]


@pytest.mark.parametrize(
    "text",
    [
        "Muchas gracias, ya la tengo.",
        "Ja està signat i m'ha arribat el justificant. Moltíssimes gràcies!",
        "Gràcies a la Laura que m'ha trucat avui. Espero que tingueu molt bon estiu",
        "Solucionado, era el navegador. El envío ha llegado bien, gracias",
        "That's brilliant, all sorted. Thanks!",
    ],
)
def test_thanks_without_a_promise_stand_in_the_next_summary_at_most(world: World, text: str) -> None:
    answer = _answered(world)
    world.clock.forward(hours=1)
    world.citizen_asks(ANNA, "", text, answers=answer)
    assert set(world.reviews()) <= {"filed-thanks"}


def test_thanks_that_say_more_while_an_answer_is_due_stop_no_deadline(world: World) -> None:
    world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "", "Moltes gràcies, us ho envio aquesta tarda.", answers=world.received(ANNA)[0])
    assert set(world.reviews()) <= {"filed-thanks"}
    assert world.case()["status"] == "open"


def test_thanks_before_any_answer_stops_no_deadline(world: World) -> None:
    world.citizen_asks(ANNA)
    world.citizen_writes(ANNA, "", "Moltes gràcies!", answers=world.received(ANNA)[0])
    world.live("2026-11-27 08:00")
    assert world.kinds(SUPERVISOR) == ["overdue"]


def test_thanks_for_an_answer_to_somebody_else_are_not_put_on_the_writers_own_case(world: World) -> None:
    """The answer to Pere went to Anna in copy; her own case has nothing to do with it."""
    world.citizen_writes(ANNA)
    message = world.citizen_asks(PERE, "Llicència d'obres", "Quins papers calen per a la llicència d'obres?")
    own, other = world.cases()
    answer = world.agent_replies(message)
    for refers_to in (answer, message):
        world.citizen_asks(ANNA, "", "Moltes gràcies!", answers=refers_to)
    assert world.reviews() == ["thanks-without-a-case"] * 2
    lengths = [len(case["messages"]) for case in world.cases()]
    assert lengths == [len(own["messages"]), len(other["messages"]) + 1]


def test_thanks_that_name_nothing_known_go_to_the_writers_latest_case(world: World) -> None:
    world.citizen_asks(ANNA)
    world.citizen_asks(ANNA, "Gràcies", "Moltes gràcies!")
    assert len(world.case()["messages"]) == 2
    assert world.reviews() == ["filed-thanks"]


@pytest.mark.parametrize("subject", ["", "Re: No puc signar la instància", "Gràcies"])
@pytest.mark.parametrize("text", ["Moltes gràcies, ja està resolt!", "¡Muchas gracias, ya está resuelto!"])
def test_thanks_in_a_new_mail_without_references_start_no_deadline(world: World, subject: str, text: str) -> None:
    """A client that drops In-Reply-To, or a person who writes a new mail."""
    _answered(world)
    world.citizen_asks(ANNA, subject, text)
    assert [case["status"] for case in world.cases()] == ["answered"]
    assert world.reviews() == ["filed-thanks"]


def test_an_answered_case_closes_by_itself_silently_after_ten_working_days(world: World) -> None:
    _answered(world)
    world.live("2026-12-10 19:59", minutes=360)  # 8 December is a holiday: the tenth day is 10 December
    assert world.case()["status"] == "answered"
    world.live("2026-12-10 20:00")
    assert world.case()["status"] == "closed"
    assert world.kinds(ANNA) == ["ack"]


def test_a_later_answer_starts_the_ten_days_again(world: World) -> None:
    answer = _answered(world)
    world.advance("2026-12-09 10:00")
    message = world.citizen_asks(ANNA, "", "Encara no em funciona, què més puc fer?", answers=answer)
    world.advance("2026-12-10 10:00")
    world.agent_answers(message)
    world.live("2026-12-11 12:00", minutes=240)
    assert world.case()["status"] == "answered"
    world.live("2026-12-24 20:00", minutes=600)
    assert world.case()["status"] == "closed"


def test_a_case_nobody_has_answered_never_closes_by_itself(world: World) -> None:
    world.citizen_writes(ANNA)
    world.live("2027-01-20 12:00", minutes=720)
    assert world.case()["status"] == "open"


def test_with_close_days_nought_no_case_closes_by_itself(town: TOWN) -> None:
    world = town(deadline={"close_days": 0})
    _answered(world)
    world.live("2027-01-20 12:00", minutes=1440)
    assert world.case()["status"] == "answered"


@pytest.mark.parametrize(
    ("moment", "cases"),
    [("2026-12-24 23:59", 1), ("2026-12-28 00:01", 2)],  # closed on 10 December; the tenth day is the 24th
)
def test_a_reply_reopens_a_closed_case_for_ten_working_days_and_opens_a_child_after_them(
    world: World, moment: str, cases: int
) -> None:
    answer = _answered(world)
    world.live("2026-12-10 20:00", minutes=600)
    assert world.case()["status"] == "closed"
    world.advance(moment)
    world.citizen_asks(ANNA, "", "Torna a fallar, em podeu ajudar?", answers=answer)
    found = world.cases()
    assert len(found) == cases
    assert found[-1]["status"] == "open"
    if cases == 2:
        assert world.rows("SELECT parent FROM cases")[1]["parent"] == found[0]["number"]
        assert found[0]["status"] == "closed"


def test_a_question_that_crossed_the_answer_keeps_its_own_deadline(world: World) -> None:
    first = world.citizen_asks(ANNA)
    world.clock.forward(hours=1)
    answer = world.agent_replies(first)
    world.citizen_asks(ANNA, "", "I amb el mòbil, com es fa?", answers=answer)
    world.clock.forward(minutes=30)
    world.citizen_asks(PERE)
    world.agent_replies(first, "Hi afegeixo una cosa.", at="2026-11-25 09:30")  # written before she asked again
    anna = next(case for case in world.cases() if case["citizen"] == ANNA)
    assert anna["status"] == "open"
    assert anna["due_at"] == "2026-11-26T20:00:00+01:00"


def test_an_answer_whose_client_has_a_slow_clock_answers_what_it_names(world: World) -> None:
    message = world.citizen_asks(ANNA)
    world.clock.forward(minutes=5)
    world.agent_replies(message, at="2026-11-25 08:30")
    assert world.case()["status"] == "answered"
    assert world.case()["answered_at"] == "2026-11-25T09:00:00+01:00"


def test_a_logged_call_meets_the_promise_at_its_own_time(world: World) -> None:
    world.citizen_asks(ANNA)
    world.advance("2026-11-27 07:00")
    world.obey("log-call", world.case()["number"], at="2026-11-26T18:00:00+01:00")
    assert world.case()["answered_at"] == "2026-11-26T18:00:00+01:00"
    world.live("2026-11-27 12:00")
    assert world.kinds(SUPERVISOR) == []


def test_an_answer_met_before_its_question_still_answers_it(world: World) -> None:
    """Both lie unread, in two folders: the day of arrival gives the order."""
    world.mailbox.away = True
    message = world.citizen_writes(ANNA)
    world.clock.forward(minutes=30)
    world.agent_answers(message)
    world.mailbox.away = False
    world.clock.forward(minutes=30)
    world.turn()
    assert world.case()["status"] == "answered"


def test_words_of_a_machine_on_an_answered_case_move_nothing_and_a_person_looks(world: World) -> None:
    answer = _answered(world)
    world.clock.forward(hours=1)
    world.citizen_asks(
        ANNA,
        "",
        "Aquest és un missatge automàtic. Sóc fora i tornaré el dia 15. Per a urgències, truqueu a la centraleta.",
        answers=answer,
    )
    assert world.case()["status"] == "answered"
    assert world.reviews() == ["filed-automatic"]
    assert len(world.cases()) == 1


def test_a_question_while_a_guest_waits_has_its_own_deadline_that_no_answer_to_the_guest_ends(world: World) -> None:
    answer = _answered(world)
    shown = world.received(ANNA)[0]
    guests = world.citizen_asks(PERE, "", "Sóc el veí: a mi també em falla. Què he de fer?", answers=shown)
    world.clock.forward(minutes=30)
    world.citizen_asks(ANNA, "", "I com ho faig amb el mòbil?", answers=answer)
    assert world.kinds(ANNA) == ["ack", "ack"]
    world.clock.forward(minutes=30)
    world.agent_replies(guests)
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    world.live("2026-11-27 12:00")
    assert len(world.mails("overdue")) == 1
    assert world.received(PERE) == []


# --- on a case that waits for the person ------------------------------------------------------------------


def _waiting_for_anna(world: World) -> EmailMessage:
    """The agent's answer, which asks her something."""
    asked = world.citizen_asks(ANNA, "Volant", "Bon dia, com demano un volant del padró?")
    answer = world.agent_replies(asked, "Bon dia, en quin nucli és el pis?")
    world.staff_says(AGENT, world.case()["number"], "#espera")
    assert world.case()["status"] == "waiting"
    return answer


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Gràcies; el pis és a Vilanoveta.", "open"),
        ("Gracias; la dirección es calle Mayor 3.", "open"),
        ("Moltes gràcies, el NIF és 12345678Z.", "open"),
        ("Thanks, the flat is in Vilanoveta.", "open"),
        ("Moltes gràcies!", "waiting"),
        ("D'acord, gràcies.", "waiting"),
        ("Moltíssimes gràcies per la vostra ajuda.", "waiting"),
        ("Gràcies per la resposta tan ràpida.\n\nAnna", "waiting"),
        ("Muchas gracias por su atención, un saludo, Anna", "waiting"),
        ("Thanks for your quick reply!", "waiting"),
        ("Gràcies. Vilanoveta.", "open"),
        ("Gràcies per la resposta que no arriba.", "open"),
        ("Gràcies per no respondre.", "open"),
        ("Ajuda, si us plau. Gràcies.", "open"),
        ("Help please, thanks", "open"),
    ],
)
def test_what_a_person_says_beside_thanks_is_what_the_case_waits_for(town: TOWN, text: str, status: str) -> None:
    world = town(now="2026-11-25 09:00")
    answer = _waiting_for_anna(world)
    world.advance("2026-11-25 11:00")
    world.citizen_asks(ANNA, "", text, answers=answer)
    assert len(world.case()["messages"]) == 4
    assert world.case()["status"] == status
    assert world.reviews() == ([] if status == "open" else ["filed-thanks"])


def test_who_answers_what_the_office_asked_makes_no_complex_case(town: TOWN) -> None:
    world = town(now="2026-11-25 09:00")
    answer = _waiting_for_anna(world)
    world.advance("2026-12-10 11:00")
    world.citizen_asks(ANNA, "", "El pis és a Vilanoveta.", answers=answer)
    assert world.case()["status"] == "open"
    assert world.mails("complex") == []


def test_the_reminder_of_a_case_that_waits_does_not_say_that_nothing_came(town: TOWN) -> None:
    world = town(now="2026-11-25 09:00")
    answer = _waiting_for_anna(world)
    world.staff_says(AGENT, world.case()["number"], "#espera 1/12")
    world.citizen_asks(ANNA, "", "Fet, gràcies.", answers=answer)
    world.live("2026-12-01 09:00")
    (told,) = world.texts(AGENT, "wait")
    assert "que després ha escrit un missatge que sembla que no demana res: mireu-lo" in told
    assert "no ha arribat" not in told


def test_reminder_and_overdue_notice_tell_of_a_message_that_seems_to_ask_nothing(town: TOWN) -> None:
    world = town(now="2026-11-25 09:00")
    world.citizen_asks(ANNA, "Volant", "Bon dia, com demano un volant del padró?")
    world.citizen_asks(ANNA, "", "Ja me n'he sortit, no cal que respongueu. Gràcies!", answers=world.received(ANNA)[0])
    world.live("2026-11-27 09:00")
    (reminder,), (overdue,) = world.texts(AGENT, "remind"), world.texts(SUPERVISOR, "overdue")
    for text in (reminder, overdue):
        assert "La persona ha escrit després un missatge que sembla que no demana res: mireu-lo" in text
    assert "espera resposta" not in reminder
