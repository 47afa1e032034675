"""A reply to a mail that lists several cases orders line by line, each about the case whose number it begins with."""

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.orders.test_orders import late_case, quoted, reply, transcripts
from tests.orders.test_orders_of_calls import agent_writes
from tests.world import AGENT, ANNA, MARTA, PERE, STAFF, SUPERVISOR, World, text_of


@pytest.fixture
def digest(world: World) -> EmailMessage:
    """The digest of a morning with three cases that wait for an answer."""
    world.restart(digest={"to": [AGENT]})
    for citizen in (ANNA, PERE, MARTA):
        world.citizen_writes(citizen, subject=f"Consulta de {citizen}")
    world.turn()
    world.live("2026-11-26 08:30")
    *_, last = world.received(AGENT, "digest")
    return last


def test_each_line_is_done_to_its_own_case_and_the_transcript_has_the_numbers(
    world: World, digest: EmailMessage
) -> None:
    text = (
        "1 tanca brossa\n2 agent\nOAC-2026-000003 n2 error 500 al formulari\n#2 nota Ve cada setmana\n9 tanca\n3 volar"
    )
    reply(world, digest, text + quoted(digest), sender=AGENT)
    first, second, third = world.cases()
    assert (first["status"], second["assignee"], third["status"]) == ("closed", "agent", "derived")
    (note,) = world.notes()
    assert "Ve cada setmana" in note
    (transcript,) = transcripts(world, AGENT)
    rows = [line for line in transcript.splitlines() if line.startswith("| OAC-")]
    assert [row.split(" | ")[0].strip("| ")[-1] for row in rows] == list("12323")
    assert "| 9 | tancar el cas | no fet: no hi ha cap altre cas amb aquest número |" in transcript


@pytest.mark.parametrize("language", ["ca", "es", "en"])
def test_the_line_that_a_digest_names_tells_the_person_that_the_case_was_passed_on(
    town: Callable[..., World], language: str
) -> None:
    fault = "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància."
    world = town(office={"languages": [language]}, digest={"to": [AGENT]}, people={"technical": ["tec@town.example"]})
    world.citizen_writes(ANNA, "Error 500 a la seu", fault)
    world.live("2026-11-26 08:30", minutes=240)
    *_, digest = world.received(AGENT, "digest")
    (line,) = re.findall(r"[«“](\d+ [A-Z]+)[»”]", text_of(digest))
    reply(world, digest, line, sender=AGENT)
    assert world.kinds(ANNA) == ["ack", "passed_on"]


def test_a_line_without_a_number_is_about_no_case(world: World, digest: EmailMessage) -> None:
    reply(world, digest, "tanca brossa" + quoted(digest), sender=AGENT)
    assert {case["status"] for case in world.cases()} == {"open"}
    assert "no se sap de quin cas parla" in transcripts(world, AGENT)[0]


def test_a_reply_to_the_transcript_goes_on_line_by_line(world: World, digest: EmailMessage) -> None:
    reply(world, digest, "1 agent", sender=AGENT)
    (transcript,) = world.received(AGENT, "transcript")
    reply(world, transcript, "2 trucat\nmeva", sender=AGENT)
    assert [case["status"] for case in world.cases()] == ["open", "answered", "open"]
    assert world.cases()[0]["assignee"] == "agent"


def test_the_transcript_of_several_cases_is_about_none_of_them(world: World, digest: EmailMessage) -> None:
    reply(world, digest, "Bon dia,\n\n1 agent\n2 tanca duplicat", sender=AGENT)
    (transcript,) = world.received(AGENT, "transcript")
    assert "OAC-" not in str(transcript["Subject"])
    assert "tancar el cas: duplicat | fet" in text_of(transcript)
    reply(world, transcript, "tanca brossa", sender=AGENT)
    assert [case["status"] for case in world.cases()] == ["open", "closed", "open"]
    assert "no se sap de quin cas parla" in transcripts(world, AGENT)[-1]


@pytest.mark.parametrize("unread", ["Bon dia, us passo els canvis:", "la 2 la porta en Pere"])
def test_a_line_that_cannot_be_read_is_not_done_and_drops_no_other(
    world: World, digest: EmailMessage, unread: str
) -> None:
    reply(world, digest, f"{unread}\n1 agent\n3 tanca brossa\n\nMarta" + quoted(digest), sender=AGENT)
    first, second, third = world.cases()
    assert (first["assignee"], second["status"], third["status"]) == ("agent", "open", "closed")
    (told,) = transcripts(world, AGENT)
    assert f"| ordre desconeguda: {unread[:40]}" in told
    assert told.count("| fet |") == 2


def test_numbers_in_a_reply_to_the_notice_of_one_case_are_no_orders(world: World) -> None:
    notice = late_case(world)
    reply(world, notice, "1 tanca brossa")
    assert world.case()["status"] == "open"
    assert world.events("ordered") == []


def test_digits_in_a_reply_to_a_list_of_the_old_year_are_of_that_year(town: Callable[..., World]) -> None:
    world = town(now="2026-12-30 10:00", digest={"to": [AGENT]})
    for citizen in (ANNA, PERE):
        world.citizen_writes(citizen, subject=f"Consulta de {citizen}")
    world.turn()
    world.live("2026-12-31 08:30")
    *_, last = world.received(AGENT, "digest")
    world.advance("2027-01-04 08:00")
    world.citizen_asks(MARTA, "Cita", "Com demano cita prèvia?")
    reply(world, last, "1 tanca brossa\n2 fusiona 1", sender=AGENT)
    assert {case["number"]: case["status"] for case in world.cases()} == {
        "OAC-2026-000001": "closed",
        "OAC-2026-000002": "open",
        "OAC-2027-000001": "open",
    }
    assert "OAC-2027" not in transcripts(world, AGENT)[-1]


def test_merge_moves_the_messages_and_split_gives_one_a_case_of_its_own(world: World, digest: EmailMessage) -> None:
    reply(world, digest, "1 fusiona 2", sender=AGENT)
    first, second, _ = world.cases()
    assert (first["status"], len(second["messages"])) == ("closed", 2)
    reply(world, digest, "2 separa\n2 fusiona 77", sender=AGENT)
    *_, fourth = world.cases()
    assert (fourth["citizen"], fourth["status"], len(fourth["messages"])) == (ANNA, "open", 1)


# Orders about mail in review, which the digest names by its reference: a person's message, or spam after all.

SPAM = (
    "Dear winner, claim your bitcoin prize now!!! Free money, viagra, casino: click http://win.example http://x.example"
)


@pytest.fixture
def suspect(world: World) -> tuple[str, EmailMessage]:
    """(reference, digest) of a message of Pere that is suspected to be spam."""
    world.restart(digest={"to": [AGENT]})
    world.citizen_asks(PERE, subject="You won bitcoin", text=SPAM, dmarc="")
    assert world.reviews() == ["suspected-spam"]
    world.live("2026-11-26 08:30")
    *_, digest = world.received(AGENT, "digest")
    (row,) = world.rows("SELECT fingerprint FROM reviews")
    ref = row["fingerprint"][:8]
    assert ref in text_of(digest)
    return ref, digest


@pytest.mark.parametrize(
    "order", ["{} és persona", "ÉS PERSONA {}", "#persona {}", "{}: es persona", "IT IS A PERSON {}"]
)
def test_it_is_a_person_makes_a_case_with_its_acknowledgement(
    world: World, suspect: tuple[str, EmailMessage], order: str
) -> None:
    ref, digest = suspect
    reply(world, digest, order.format(ref), sender=AGENT)
    case = world.case()
    assert (case["citizen"], case["status"]) == (PERE, "open")
    assert world.kinds(PERE) == ["ack"]
    assert world.reviews() == []
    assert f"| {case['number']} | tractar-lo com a petició d'una persona | fet |" in transcripts(world, AGENT)[0]


def test_said_twice_it_is_one_case(world: World, suspect: tuple[str, EmailMessage]) -> None:
    ref, digest = suspect
    for _ in range(2):
        reply(world, digest, f"{ref} és persona\n{ref} és persona", sender=AGENT)
    assert len(world.cases()) == 1
    assert world.kinds(PERE) == ["ack"]


@pytest.mark.parametrize("order", ["{} tanca brossa", "TANCA BROSSA {}", "{} és brossa"])
def test_spam_ends_the_entry_and_nobody_gets_a_mail(
    world: World, suspect: tuple[str, EmailMessage], order: str
) -> None:
    ref, digest = suspect
    reply(world, digest, order.format(ref), sender=AGENT)
    assert world.reviews() == []
    assert world.cases() == []
    assert world.kinds(PERE) == []
    assert len(world.events("review-closed")) == 1


@pytest.mark.parametrize("order", ["{} meva", "{} tanca", "00000000 és persona", "{}ff és persona", "és persona"])
def test_any_other_order_or_reference_leaves_the_entry_alone(
    world: World, suspect: tuple[str, EmailMessage], order: str
) -> None:
    ref, digest = suspect
    reply(world, digest, order.format(ref), sender=AGENT)
    assert world.reviews() == ["suspected-spam"]
    assert world.cases() == []
    assert "no fet" in transcripts(world, AGENT)[0]


def test_without_proof_the_entry_stays(world: World, suspect: tuple[str, EmailMessage]) -> None:
    ref, digest = suspect
    reply(world, digest, f"{ref} és persona", sender=AGENT, verdict="")
    assert "suspected-spam" in world.reviews()
    assert world.cases() == []


def test_a_case_that_was_closed_as_spam_by_mistake_is_open_again(world: World) -> None:
    world.restart(digest={"to": [AGENT]})
    world.citizen_asks(PERE)
    world.live("2026-11-26 08:30")
    *_, digest = world.received(AGENT, "digest")
    reply(world, digest, "1 tanca brossa", sender=AGENT)
    reply(world, digest, "1 és persona", sender=AGENT)
    assert world.case()["status"] == "open"


# What is not the town's matter: the order that tells the person who can help, and drafts for the agent.

POINTERS = [
    {"body": "Agència Tributària de Catalunya", "address": "https://atc.example/", "phone": "012"},
    {"body": "Agència Tributària", "phone": "060"},
    {"body": "Trànsit", "address": "https://transit.example/"},
]


@pytest.fixture
def pointing(town: Callable[..., World]) -> World:
    return town(pointer=POINTERS)


@pytest.mark.parametrize(
    "order", ["#foraabast trànsit", "#outofscope Transit", "#fueraambito TRÀNSIT", "#foraabast agència tributària"]
)
def test_the_person_is_told_who_can_help_and_that_is_the_answer(pointing: World, order: str) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, order)
    case = pointing.case()
    assert (case["status"], case["level"], case["due_at"] is not None) == ("answered", "out_of_scope", True)
    assert case["answered_at"] is not None
    (told,) = pointing.received(ANNA, "referred")
    assert ("transit.example" in text_of(told)) == ("agència" not in order)
    assert ("060" in text_of(told)) == ("agència" in order)
    assert "| fet |" in transcripts(pointing)[0]


@pytest.mark.parametrize("order", ["#foraabast Renfe", "#foraabast ag"])
def test_a_body_that_is_not_in_the_table_changes_nothing(pointing: World, order: str) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, order)
    assert (pointing.case()["status"], pointing.case()["level"]) == ("open", "first")
    assert pointing.kinds(ANNA) == ["ack"]
    assert "cap organisme amb aquest nom" in transcripts(pointing)[0]


def test_without_a_body_the_level_changes_and_the_agent_gets_a_draft_with_the_table(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "Fora d'abast")
    assert (pointing.case()["status"], pointing.case()["level"]) == ("open", "out_of_scope")
    (draft,) = pointing.texts(SUPERVISOR, "draft")
    assert all(row["body"] in draft for row in POINTERS)
    assert pointing.kinds(ANNA) == ["ack"]


def test_a_caller_without_an_address_gets_no_mail_and_the_agent_the_draft(pointing: World) -> None:
    agent_writes(pointing, "#trucada Anna, 612345678: on pago la multa?\n#foraabast trànsit")
    assert pointing.case()["status"] == "open"
    assert "draft" in pointing.kinds(AGENT)
    assert set(pointing.relay.inboxes) <= set(STAFF)


def test_a_referral_that_does_not_arrive_is_no_answer(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "#foraabast trànsit")
    (told,) = pointing.received(ANNA, "referred")
    pointing.bounce(told)
    case = pointing.case()
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert case["due_at"] == "2026-11-30T20:00:00+01:00"


@pytest.mark.parametrize(("text", "word"), [("Com puc signar la instància amb l'idCAT?", "Aquest esborrany"),
                                            ("¿Cómo puedo firmar la instancia con el certificado?", "Este borrador"),
                                            ("How can I sign the form, please?", "This draft")])  # fmt: skip
def test_a_draft_is_in_the_persons_language_and_goes_to_the_agent_alone(world: World, text: str, word: str) -> None:
    world.citizen_asks(ANNA, text=text)
    world.live("2026-11-27 09:00")
    (notice,) = world.received(SUPERVISOR, "overdue")
    reply(world, notice, "Esborrany")
    (draft,) = world.texts(SUPERVISOR, "draft")
    assert word in draft
    assert world.case()["status"] == "open"
    assert world.kinds(ANNA) == ["ack"]


def test_closing_the_case_keeps_the_mail_that_has_answered_it(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "#foraabast trànsit\n#tanca")
    assert pointing.case()["status"] == "closed"
    assert pointing.kinds(ANNA) == ["ack", "referred"]


def test_a_referral_that_comes_back_opens_the_case_that_was_closed_after_it(pointing: World) -> None:
    notice = late_case(pointing)
    reply(pointing, notice, "#foraabast trànsit\n#tanca")
    (told,) = pointing.received(ANNA, "referred")
    pointing.bounce(told)
    assert (pointing.case()["status"], pointing.case()["answered_at"]) == ("open", None)
    assert pointing.case()["due_at"] == "2026-11-30T20:00:00+01:00"
    assert "bounced" in pointing.kinds(AGENT)
