"""Complaints, suggestions and data-protection requests: who else is notified, which deadline runs (R28, section 4)."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.world import AGENT, ANNA, PASS, PERE, SUPERVISOR, World, text_of

TOWN = Callable[..., World]
DPO = "dpd@castellbisbal.example"
COMPLAINT = "Vull posar una queixa: fa dies que ningú no em respon i el tracte que he rebut ha estat pèssim."
SUGGESTION = "Us voldria fer un suggeriment: estaria bé que la web tingués un cercador de tràmits. És una proposta."
RIGHTS = "D'acord amb el RGPD, exerceixo el dret d'accés i demano còpia de les meves dades personals que teniu."


def _writes(world: World, subject: str, text: str) -> EmailMessage:
    return world.citizen_asks(ANNA, subject, text)


def _parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


@pytest.mark.parametrize(
    ("intent", "subject", "text"),
    [("complaint", "Queixa", COMPLAINT), ("suggestion", "Suggeriment", SUGGESTION)],
)
def test_the_manager_gets_a_copy_and_the_deadline_runs_on(world: World, intent: str, subject: str, text: str) -> None:
    _writes(world, subject, text)
    (ack,), (copy,) = world.received(ANNA), world.received(SUPERVISOR)
    assert world.case()["intent"] == intent
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert "https://www.castellbisbal.example/queixes" in text_of(ack)
    assert ("Ens sap greu el que ens expliqueu." in text_of(ack)) is (intent == "complaint")
    assert f"Número de cas: {world.case()['number']}" in text_of(ack)
    assert copy["X-Oacmail-Kind"] == "opinion"
    assert "message/rfc822" in _parts(copy)
    assert text in text_of(copy).replace("> ", "").replace("\n", " ")


def test_a_complaint_by_night_reaches_the_manager_as_the_citizen_is_told(town: TOWN) -> None:
    world = town(now="2026-11-25 23:30")
    _writes(world, "Queixa", COMPLAINT)
    assert "Ho hem traslladat a la persona responsable" in text_of(world.received(ANNA)[0])
    assert world.kinds(SUPERVISOR) == ["opinion"]


def test_a_complaint_on_a_case_reaches_the_manager_too(world: World) -> None:
    message = _writes(world, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
    world.clock.forward(hours=1)
    world.citizen_asks(ANNA, "", COMPLAINT, answers=message)
    (copy,) = world.received(SUPERVISOR)
    assert "rebut el 25 de novembre a les 9 h" in text_of(copy)
    assert "cal respondre'l com a molt tard el 26 de novembre a les 20 h" in text_of(copy)
    assert world.kinds(ANNA) == ["ack"]
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"


def test_a_complaint_on_a_case_that_is_overdue_names_the_day_that_has_passed(world: World) -> None:
    message = _writes(world, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
    world.live("2026-11-27 09:00")
    world.citizen_asks(ANNA, "", COMPLAINT, answers=message)
    (copy,) = world.received(SUPERVISOR, "opinion")
    assert "calia respondre'l com a molt tard el 26 de novembre a les 20 h" in text_of(copy)


def test_a_request_of_rights_goes_to_the_officer_with_a_calendar_month(world: World) -> None:
    _writes(world, "Dret d'accés", RIGHTS)
    (ack,), (copy,) = world.received(ANNA), world.received(DPO)
    assert world.case()["intent"] == "data_rights"
    assert world.case()["due_at"] == "2026-12-25T20:00:00+01:00", "one clock: what the person was told"
    assert "Rebreu resposta en el termini d'un mes" in text_of(ack)
    assert "com a molt tard el 25 de desembre de 2026" in text_of(copy)
    assert "message/rfc822" in _parts(copy)
    assert _rights(world) == ["2026-12-25T19:00:00Z", "2026-12-18T19:00:00Z"]


def _rights(world: World) -> list[str]:
    rows = world.rows(
        "SELECT due_at FROM deadlines WHERE kind = 'rights' AND met_at IS NULL AND withdrawn_at IS NULL"
        " AND fired_at IS NULL ORDER BY level"
    )
    return [row["due_at"] for row in rows]


def test_a_request_of_rights_runs_one_clock_that_agents_and_supervisor_see(town: TOWN) -> None:
    """Nobody is told that it is late while the month runs; the summary names it until an agent closes it."""
    world = town(digest={"to": [AGENT]})
    message = _writes(world, "Dret d'accés", RIGHTS)
    world.live("2026-12-01 09:00", minutes=120)
    assert "overdue" not in world.kinds(SUPERVISOR)
    digest = world.received(AGENT)[-1]
    assert "1 de drets" in str(digest["Subject"])
    line = "- 1 · el mes acaba dv. 25/12 · rebut dc. 25/11, 9 h · sense assignar"
    assert f"Drets de protecció de dades:\n\n{line}" in text_of(digest)
    assert text_of(digest).count("- 1 · ") == 1, "it stands in one list"
    world.agent_answers(message, "Bon dia, ho hem passat a la unitat responsable.")
    world.live("2026-12-02 09:00", minutes=120)
    assert "- 1 · el mes acaba dv. 25/12" in text_of(world.received(AGENT)[-1])
    world.live("2026-12-29 09:00", minutes=360)
    digest = world.received(AGENT)[-1]
    assert "- 1 · el mes va acabar dv. 25/12" in text_of(digest), "an ordinary answer ends nothing"
    world.order("close", world.case()["number"], reason="contact")
    world.live("2026-12-30 09:00", minutes=360)
    assert "drets" not in str(world.received(AGENT)[-1]["Subject"])


def test_a_question_beside_a_request_of_rights_stands_where_it_is_due(town: TOWN) -> None:
    world = town(digest={"to": [AGENT]})
    message = _writes(world, "Dret d'accés", RIGHTS)
    world.agent_replies(message, "Bon dia, ho hem passat a la unitat responsable.")
    world.advance("2026-11-25 12:00")
    asked = world.citizen_writes(ANNA, "", "I com puc signar la instància amb l'idCAT?", answers=message)
    world.live("2026-11-27 09:00")
    digest = text_of(world.received(AGENT)[-1])
    assert "Vençuts:\n\n- 1 · " in digest
    assert "- 1 · el mes acaba dv. 25/12" in digest
    world.agent_answers(asked)
    world.live("2026-11-30 09:00")
    digest = text_of(world.received(AGENT)[-1])
    assert digest.count("- 1 · ") == 1, "the month alone runs"


def test_who_says_that_it_is_of_rights_or_is_none_gives_it_the_clock_of_what_it_is(world: World) -> None:
    _writes(world, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
    number = world.case()["number"]
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    world.order("set", number, intent="data_rights")
    assert world.case()["due_at"] == "2026-12-25T20:00:00+01:00"
    world.order("set", number, intent="question")
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"


def test_the_month_of_the_last_of_january_ends_with_february(town: TOWN) -> None:
    world = town(now="2026-01-30 09:00")
    _writes(world, "Dret d'accés", RIGHTS)
    assert _rights(world)[0] == "2026-02-28T19:00:00Z"


def test_an_ordinary_answer_leaves_the_month_running_and_the_officer_is_reminded(world: World) -> None:
    world.agent_answers(_writes(world, "Dret d'accés", RIGHTS))
    world.live("2026-12-17 09:00", minutes=360)
    assert world.case()["status"] == "answered"
    assert world.kinds(DPO) == ["rights"]
    world.live("2026-12-21 09:00", minutes=360)
    assert world.kinds(DPO) == ["rights", "rights_due"]
    assert "s'acaba el termini" in world.subjects(DPO)[-1]
    world.live("2026-12-29 09:00", minutes=360)
    assert world.kinds(DPO) == ["rights", "rights_due", "rights_due"]
    assert "el termini ha acabat" in world.subjects(DPO)[-1]


def test_who_closes_the_case_ends_the_month(world: World) -> None:
    _writes(world, "Dret d'accés", RIGHTS)
    world.order("close", world.case()["number"], reason="answered")
    assert _rights(world) == []
    assert len(world.rows("SELECT 1 FROM deadlines WHERE kind = 'rights' AND met_at IS NOT NULL")) == 1
    world.live("2026-12-29 09:00", minutes=720)
    assert world.kinds(DPO) == ["rights"]


def test_the_officers_answer_is_mail_of_the_office(world: World) -> None:
    _writes(world, "Dret d'accés", RIGHTS)
    answer = world.citizen_asks(DPO, "", "Rebut, ho mirem.", answers=world.received(DPO)[0])
    assert str(answer["From"]) == DPO
    assert world.kinds(DPO) == ["rights"]
    assert len(world.case()["messages"]) == 2
    assert world.rows("SELECT role, outcome FROM messages WHERE message_id = ?", answer["Message-ID"]) == [
        {"role": "technical", "outcome": "staff"}
    ]


def test_an_intent_set_by_a_person_takes_the_same_actions(world: World) -> None:
    _writes(world, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
    number = world.case()["number"]
    for _ in range(2):
        world.obey("set", number, intent="data_rights")
    assert world.kinds(DPO) == ["rights"]
    assert _rights(world)[0] == "2026-12-25T19:00:00Z"


def test_a_request_that_a_person_says_is_none_of_rights_ends_the_month_and_it_runs_again_if_it_was(
    world: World,
) -> None:
    _writes(world, "Dret d'accés", RIGHTS)
    number = world.case()["number"]
    world.order("set", number, intent="question")
    assert _rights(world) == []
    world.clock.forward(minutes=5)
    world.order("set", number, intent="data_rights")
    assert _rights(world) == ["2026-12-25T19:00:00Z", "2026-12-18T19:00:00Z"]


POINTER = {"body": "Consorci AOC", "address": "https://www.aoc.cat/", "phone": "900 905 490"}
PRINTER = "La impressora de casa no imprimeix i l'ordinador va molt lent, crec que té un virus. Què faig?"


def test_who_seems_out_of_scope_is_dismissed_by_nobody_and_the_agents_get_the_pointers(town: TOWN) -> None:
    world = town(pointer=[POINTER])
    _writes(world, "Impressora", PRINTER)
    (ack,), (table,) = world.received(ANNA), world.received(AGENT)
    assert world.case()["level"] == "out_of_scope"
    assert (world.case()["status"], world.case()["due_at"]) == ("open", "2026-11-26T20:00:00+01:00")
    assert "Us respondrem com a molt tard" in text_of(ack)
    assert "AOC" not in text_of(ack)
    assert "| Consorci AOC | https://www.aoc.cat/ | 900 905 490 |" in text_of(table)


def test_an_office_without_referrals_shows_none(world: World) -> None:
    _writes(world, "Impressora", PRINTER)
    assert world.received(AGENT) == []


def test_an_ordinary_question_is_copied_to_nobody(world: World) -> None:
    _writes(world, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
    assert [world.kinds(address) for address in (SUPERVISOR, AGENT, DPO)] == [[], [], []]


# Passwords, codes and certificates that people send: both sides are warned, nobody sees them (R34).

PIN = "El PIN de la targeta és 4821."
WARNING = "En el vostre missatge hi havia un certificat, una contrasenya o un codi."


def _further(world: World, text: str, sender: str = ANNA) -> None:
    """A first message, and another one on its case that is not acknowledged."""
    world.citizen_asks(ANNA)
    world.clock.forward(minutes=5)
    world.citizen_asks(sender, "", text, answers=world.received(ANNA)[0])


def test_a_further_message_that_is_not_acknowledged_is_warned_of_by_itself(world: World) -> None:
    _further(world, f"Encara no puc signar. {PIN}")
    assert world.kinds(ANNA) == ["ack", "warned"]
    assert WARNING in text_of(world.received(ANNA)[-1])
    assert world.kinds(AGENT) == ["secret"]
    assert "4821" not in "".join(text_of(mail) for mail in (*world.received(ANNA), *world.received(AGENT)))


def test_a_secret_in_a_thank_you_is_warned_of_too(world: World) -> None:
    _further(world, f"Moltes gràcies per tot! {PIN}")
    assert world.kinds(ANNA) == ["ack", "warned"]
    assert world.kinds(AGENT) == ["secret"]


def test_the_writer_is_warned_once_a_day(world: World) -> None:
    _further(world, f"Encara no puc signar. {PIN}")
    world.clock.forward(minutes=5)
    world.citizen_asks(ANNA, "", f"I tampoc amb l'altra, com ho he de fer? {PIN}", answers=world.received(ANNA)[0])
    assert world.kinds(ANNA) == ["ack", "warned"]
    assert world.kinds(AGENT) == ["secret", "secret"]


def test_one_acknowledgement_says_it_where_one_goes(world: World) -> None:
    world.citizen_asks(ANNA, "Signatura", f"Bon dia, no puc signar la instància. {PIN}")
    assert world.kinds(ANNA) == ["ack"]
    assert "Heu enviat una contrasenya, codi o certificat: canvieu-lo." in text_of(world.received(ANNA)[0])


def test_a_stranger_who_joins_a_case_gets_nothing(world: World) -> None:
    _further(world, f"Encara no puc signar. {PIN}", PERE)
    assert world.received(PERE) == []
    assert world.kinds(AGENT) == ["secret"]


def test_the_author_alone_is_warned_and_not_a_guest_of_the_case(world: World) -> None:
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    world.citizen_asks(PERE, "", "Soc el veí: ho puc signar jo per ella?", answers=ack)
    world.clock.forward(minutes=5)
    world.citizen_asks(ANNA, "", f"Encara no puc signar. {PIN}", answers=ack)
    assert [(mail["To"], mail["Cc"], mail["Bcc"]) for mail in world.received(ANNA)[1:]] == [(ANNA, None, None)]
    assert world.received(PERE) == []
    assert [mail["recipient"] for mail in world.mails("warned")] == [ANNA]


def test_the_officer_is_reminded_of_no_request_that_an_unread_order_ends(world: World) -> None:
    world.agent_answers(_writes(world, "Dret d'accés", RIGHTS))
    (copy,) = world.received(DPO)
    world.live("2026-12-18 19:50", minutes=360)
    world.deliver(world.message(SUPERVISOR, "", "#tanca", answers=copy), verdict=PASS)
    world.mailbox.away = True
    world.turn_at("2026-12-18 20:10")
    assert world.kinds(DPO) == ["rights"]
    world.mailbox.away = False
    world.turn_at("2026-12-21 09:00")
    assert (world.case()["status"], world.kinds(DPO)) == ("closed", ["rights"])
