"""A colleague forwards a person's message into the mailbox: the case is the person's, never the colleague's."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from testbed.database import differences, recorded
from testbed.messages import as_bytes
from tests.rebuild import rebuilding
from tests.relayed.relayed_answers import address
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, World, text_of

ASKED = "Bon dia,\n\ncom puc signar la instància amb l'idCAT?\n\nAnna Puig"
CLIENTS = {
    "Outlook (ca)": (
        "RV: Signar",
        "Us ho passo.\n\nMarta\n\n________________________________\nDe: Anna Puig <anna@example.org>\n"
        "Enviat: dimecres, 25 de novembre de 2026 8:50\nPer a: Marta\nAssumpte: Signar\n\n{asked}",
    ),
    "Outlook (es)": (
        "RV: Signar",
        "De: Anna Puig [mailto:anna@example.org]\nEnviado el: miércoles, 25 de noviembre de 2026 8:50\n"
        "Para: Marta Soler\nAsunto: Signar\n\n{asked}",
    ),
    "Outlook (en)": (
        "FW: Signar",
        "-----Original Message-----\nFrom: Anna Puig <anna@example.org>\nSent: Wednesday, November 25, 2026 8:50 AM\n"
        "To: Marta Soler <agent@town.example>\nSubject: Signar\n\n{asked}",
    ),
    "Gmail": (
        "Fwd: Signar",
        "---------- Forwarded message ---------\nDe: Anna Puig <anna@example.org>\nDate: dc., 25 de nov. 2026 8:50\n"
        "Subject: Signar\nTo: <agent@town.example>\n\n\n{asked}",
    ),
    "Apple Mail": (
        "Fwd: Signar",
        "> Inicio del mensaje reenviado:\n> \n> De: Anna Puig <anna@example.org>\n> Asunto: Signar\n"
        "> Fecha: 25 de noviembre de 2026, 8:50:00 CET\n> Para: agent@town.example\n> \n{quoted}",
    ),
    "Thunderbird": (
        "Fwd: Signar",
        "-------- Missatge reenviat --------\nAssumpte: \tSignar\nData: \tWed, 25 Nov 2026 08:50:00 +0100\n"
        "De: \tAnna Puig <anna@example.org>\nA: \tagent@town.example\n\n{asked}",
    ),
}


def _original(world: World, *, sender: str = f"Anna Puig <{ANNA}>", text: str = ASKED) -> EmailMessage:
    """What Anna wrote to the agent's own address."""
    return world.message(sender, "Signar", text, to=AGENT)


def _enclosing(world: World, original: EmailMessage, *, sender: str = AGENT) -> EmailMessage:
    mail = world.message(sender, "RV: Signar", "Us ho passo. Marta\n")
    mail.add_attachment(original)
    return mail


def _inline(world: World, client: str) -> EmailMessage:
    subject, text = CLIENTS[client]
    quoted = "\n".join(f"> {line}" for line in ASKED.splitlines())
    return world.message(AGENT, subject, text.format(asked=ASKED, quoted=quoted))


def _forward(world: World, mail: EmailMessage, *, verdict: str = PASS) -> None:
    world.receive(mail, verdict=verdict)


def _reply(world: World, question: EmailMessage, text: str, *, verdict: str = PASS) -> None:
    quoted = "\n".join(f"> {line}" for line in text_of(question).splitlines())
    said = f"{text}\n\nEl 25/11/2026, l'OAC 360 va escriure:\n{quoted}"
    world.receive(world.message(AGENT, "", said, answers=question), verdict=verdict)
    world.turn()


def test_an_attached_message_opens_the_case_of_its_writer_and_she_is_acknowledged(world: World) -> None:
    original = _original(world)
    _forward(world, _enclosing(world, original))
    case = world.case()
    assert (case["citizen"], case["subject"], case["status"]) == (ANNA, "Signar", "open")
    (ack,) = world.received(ANNA)
    assert (ack["X-Oacmail-Kind"], ack["In-Reply-To"]) == ("ack", original["Message-ID"])
    assert "town.example" not in ack.as_string()
    assert not world.received(AGENT)
    assert not world.reviews()
    (row,) = world.rows("SELECT fresh, lang, message_id FROM messages WHERE role = 'citizen'")
    assert "Us ho passo" not in row["fresh"]
    assert row["message_id"] == original["Message-ID"]


def test_an_answer_from_the_shared_mailbox_to_it_counts(world: World) -> None:
    original = _original(world)
    _forward(world, _enclosing(world, original))
    world.agent_replies(original)
    assert world.case()["status"] == "answered"


def test_her_reply_to_the_acknowledgement_joins(world: World) -> None:
    _forward(world, _enclosing(world, _original(world)))
    world.citizen_asks(ANNA, "", "Encara espero.", answers=world.received(ANNA)[0])
    assert len(world.case()["messages"]) == 2


@pytest.mark.parametrize("client", CLIENTS)
def test_a_forward_as_text_opens_the_case_and_waits_with_the_acknowledgement(world: World, client: str) -> None:
    _forward(world, _inline(world, client))
    case = world.case()
    assert (case["citizen"], case["subject"], case["status"]) == (ANNA, "Signar", "open")
    assert case["due_at"] is not None
    assert not world.received(ANNA)
    (question,) = world.received(AGENT, "forwarded")
    assert ANNA in text_of(question), "what has to be confirmed stands there whole"
    assert world.reviews() == ["forwarded-unconfirmed"]
    (row,) = world.rows("SELECT fresh FROM messages")
    assert row["fresh"].startswith("Bon dia,")
    assert "Us ho passo" not in row["fresh"]

    _reply(world, question, "Sí")

    (ack,) = world.received(ANNA)
    assert ack["X-Oacmail-Kind"] == "ack"
    assert case["number"] in str(ack["Subject"])
    assert world.reviews() == []


@pytest.mark.parametrize(("said", "verdict"), [("No", PASS), ("Bon dia", PASS), ("Sí", "")])
def test_nobody_is_told_without_a_proven_yes(world: World, said: str, verdict: str) -> None:
    _forward(world, _inline(world, "Gmail"))
    _reply(world, world.received(AGENT, "forwarded")[0], said, verdict=verdict)
    assert not world.received(ANNA)
    assert "forwarded-unconfirmed" in world.reviews()


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("RV: Signar", "De: Anna Puig\nEnviat: dimecres, 25/11/2026 8:50\nPer a: Marta\nAssumpte: Signar\n\n{asked}"),
        ("Fwd: Signar", "---------- Forwarded message ---------\nDe: anna@example.org, pere@example.net\n"
         "Date: dc., 25 de nov. 2026\nSubject: Signar\n\n{asked}"),
    ],
)  # fmt: skip
def test_without_one_address_the_agent_is_asked_and_gives_it(world: World, subject: str, text: str) -> None:
    _forward(world, world.message(AGENT, subject, text.format(asked=ASKED)))
    assert not world.cases()
    assert world.reviews() == ["forwarded-by-whom"]
    (question,) = world.received(AGENT, "forwarded")

    _reply(world, question, f"És de {ANNA}")

    assert world.case()["citizen"] == ANNA
    assert [mail["X-Oacmail-Kind"] for mail in world.received(ANNA)] == ["ack"]
    assert world.reviews() == []


def test_the_agent_cannot_give_an_address_of_the_house(world: World) -> None:
    text = "De: Anna Puig\nEnviat: dimecres, 25 de novembre de 2026 8:50\nPer a: Marta\nAssumpte: Signar\n\nHola"
    _forward(world, world.message(AGENT, "RV: Signar", text))
    _reply(world, world.received(AGENT, "forwarded")[0], OFFICE)
    assert not world.cases()


def test_a_forward_of_a_forward_names_the_person_outside(world: World) -> None:
    inner = CLIENTS["Outlook (ca)"][1].format(asked=ASKED)
    text = (
        "---------- Forwarded message ---------\nDe: Cap <cap@town.example>\nDate: dc., 25 de nov. 2026\n"
        f"Subject: RV: Signar\nTo: <agent@town.example>\n\n{inner}"
    )
    _forward(world, world.message(AGENT, "Fwd: RV: Signar", text))
    assert world.case()["citizen"] == ANNA


@pytest.mark.parametrize("client", ["Gmail", "attached"])
@pytest.mark.parametrize("verdict", ["", "dmarc=fail header.from=town.example"])
def test_without_proof_a_forward_opens_nothing_and_nobody_is_told(world: World, client: str, verdict: str) -> None:
    mail = _enclosing(world, _original(world)) if client == "attached" else _inline(world, client)
    _forward(world, mail, verdict=verdict)
    assert not world.cases()
    assert not world.received(ANNA)


def test_a_strangers_forward_is_the_strangers_message(world: World) -> None:
    mail = _enclosing(world, _original(world), sender=PERE)
    _forward(world, mail, verdict="dmarc=pass header.from=example.net")
    assert [case["citizen"] for case in world.cases()] == [PERE]
    assert not world.received(ANNA)


def test_a_message_that_reached_the_office_too_has_one_case(world: World) -> None:
    original = _original(world)
    world.receive(original, verdict="dmarc=pass header.from=example.org")
    _forward(world, _enclosing(world, original))
    assert len(world.cases()) == 1
    assert len(world.received(ANNA)) == 1


def test_a_forwarded_robot_opens_no_case(world: World) -> None:
    robot = world.message("noreply@bank.example", "Avís", "Sóc fora.", headers=[("Auto-Submitted", "auto-generated")])
    _forward(world, _enclosing(world, robot))
    assert not world.cases()
    assert world.reviews() == ["staff-without-case"]


def test_forged_writers_inside_stay_within_the_budget_of_unverified_mail(world: World) -> None:
    """A whole forward writes to nobody more than ordinary mail in that name could."""
    for number in range(5):
        original = _original(world, text=f"{ASKED}\n\nPregunta {'abcde'[number]}.")
        original.replace_header("Subject", f"Pregunta {'abcde'[number]} de l'Anna")
        _forward(world, _enclosing(world, original))
    assert len(world.cases()) == 5
    assert len(world.received(ANNA)) == 3


def test_an_autoresponder_that_answers_our_question_gets_one_transcript(world: World) -> None:
    _forward(world, _inline(world, "Gmail"))
    (last,) = world.received(AGENT, "forwarded")
    for _ in range(3):
        world.staff_says(AGENT, "", "Soc de viatge fins dilluns.", answers=last)
        last = world.received(AGENT)[-1]
    assert world.kinds(AGENT).count("transcript") == 1


def test_on_the_board_the_named_writer_of_a_forward_gets_the_case_too(town: Callable[..., World]) -> None:
    world = town(board={"enabled": True})
    subject, text = CLIENTS["Outlook (ca)"]
    mail = world.message(AGENT, subject, text.format(asked=ASKED).replace(f" <{ANNA}>", ""))
    _forward(world, mail)
    world.turn()
    _reply(world, world.received(AGENT, "forwarded")[0], ANNA)
    world.turn()
    assert (world.case()["citizen"], world.case()["status"], world.reviews()) == (ANNA, "open", [])
    assert world.kinds(ANNA) == ["ack"]


# An agent forwards a case to somebody outside the desk, who replies to the office: it is filed on the case for the
# agents, and its writer is no citizen of it.

PLANNING = "urbanisme@castellbisbal.example"
SAYS = "La llicència d'aquest solar encara és a informe del tècnic."


def _forwarded(world: World, *, subject: str = "Rv: No puc signar la instància", to: str = PLANNING) -> EmailMessage:
    """Anna's case, whose message an agent forwards from the shared mailbox."""
    asked = world.citizen_asks(ANNA)
    refs = [str(asked["Message-ID"])]
    mail = world.message(OFFICE, subject, "Com està això?", to=to, refs=refs)
    world.see_in_sent(mail)
    return mail


def _replies(
    world: World, forward: EmailMessage, text: str = SAYS, *, sender: str = PLANNING, dmarc: str = "pass"
) -> EmailMessage:
    world.advance("2026-11-25 10:00")
    return world.citizen_asks(sender, "", text, answers=forward, dmarc=dmarc)


def _on_case(world: World) -> list[dict[str, Any]]:
    return world.rows("SELECT role, outcome, guest, rule FROM messages WHERE case_id IS NOT NULL AND fresh = ?", SAYS)


def test_the_reply_is_filed_on_the_case_and_the_agent_gets_it(world: World) -> None:
    forward = _forwarded(world)
    before = (world.case(), world.rows("SELECT * FROM deadlines"))
    _replies(world, forward)
    assert _on_case(world) == [{"role": "technical", "outcome": "staff", "guest": 0, "rule": "third-person"}]
    assert world.case()["status"] == "open"
    assert (world.case()["due_at"], world.rows("SELECT * FROM deadlines")) == (before[0]["due_at"], before[1])
    (notice,) = world.received(AGENT, "services")
    assert SAYS in text_of(notice)
    assert "serveis tècnics" not in text_of(notice) + str(notice["Subject"])
    assert world.received(PLANNING) == []
    assert world.kinds(ANNA) == ["ack"]
    assert world.reviews() == []


def test_the_agent_who_has_the_case_is_told_alone(world: World) -> None:
    second = "anna.puig@town.example"
    world.restart(people={"agents": [AGENT, second]})
    forward = _forwarded(world)
    world.order("assign", world.case()["number"], name="anna.puig")
    _replies(world, forward)
    assert (world.kinds(AGENT), world.kinds(second)) == ([], ["assigned", "services"])


def test_an_answered_case_stays_answered_and_the_citizen_is_told_nothing(world: World) -> None:
    forward = _forwarded(world)
    world.order("log-call", world.case()["number"])
    _replies(world, forward)
    assert world.case()["status"] == "answered"
    assert len(world.received(AGENT, "services")) == 1
    assert world.kinds(ANNA) == ["ack"]


@pytest.mark.parametrize("text", ["Moltes gràcies, ja està resolt!", "#tanca", "RESOLT", "5"])
def test_nothing_that_the_third_person_writes_changes_the_case(world: World, text: str) -> None:
    forward = _forwarded(world)
    before = world.rows("SELECT status, answered_at, closed_at, score, lang, level FROM cases")
    _replies(world, forward, text)
    assert world.rows("SELECT status, answered_at, closed_at, score, lang, level FROM cases") == before
    assert len(world.received(AGENT, "services")) == 1
    assert world.received(PLANNING) == []


def test_the_third_person_takes_no_part_in_the_case(world: World) -> None:
    """A later mail with the number of the case opens one of their own, as any stranger's does."""
    forward = _forwarded(world)
    _replies(world, forward)
    tag = str(world.received(ANNA)[0]["Subject"]).partition("]")[0] + "]"
    world.citizen_asks(PLANNING, f"Re: {tag} No puc signar", "Quan em respondreu?")
    assert [case["citizen"] for case in world.cases()] == [ANNA, PLANNING]


@pytest.mark.parametrize(("sender", "dmarc"), [(PERE, "pass"), (PLANNING, "fail")])
def test_who_did_not_get_the_forward_or_is_disowned_is_no_third_person(world: World, sender: str, dmarc: str) -> None:
    forward = _forwarded(world)
    _replies(world, forward, sender=sender, dmarc=dmarc)
    assert [case["citizen"] for case in world.cases()] == [ANNA, sender]
    assert world.received(AGENT, "services") == []


def test_the_address_alone_is_no_evidence(world: World) -> None:
    _forwarded(world)
    world.citizen_asks(PLANNING, "Rv: No puc signar la instància", SAYS)
    assert [case["citizen"] for case in world.cases()] == [ANNA, PLANNING]


def test_a_forward_of_what_the_citizen_wrote_after_an_answer_asks_too(world: World) -> None:
    answer = world.agent_replies(world.citizen_asks(ANNA))
    again = world.citizen_asks(ANNA, "", "I amb el mòbil, com ho he de fer?", answers=answer)
    refs = [*str(again["References"]).split(), str(again["Message-ID"])]
    forward = world.message(OFFICE, "Rv: No puc signar la instància", "Com està això?", to=PLANNING, refs=refs)
    world.see_in_sent(forward)
    _replies(world, forward)
    assert [row["rule"] for row in _on_case(world)] == ["third-person"]


def test_an_answer_to_another_address_of_a_citizen_is_no_forward(world: World) -> None:
    """Who replies to it may wait for an answer: the case that it opens has a deadline."""
    forward = _forwarded(world, subject="Re: No puc signar la instància")
    _replies(world, forward)
    assert [case["citizen"] for case in world.cases()] == [ANNA, PLANNING]


def test_who_has_a_case_of_their_own_is_its_citizen(world: World) -> None:
    """An agent answers Pere by forwarding what Anna was told; he still waits."""
    world.citizen_asks(PERE, "Segell de temps", "Què és el segell de temps?")
    forward = _forwarded(world, to=PERE)
    _replies(world, forward, "Ho he provat i encara em surt l'error. Què més puc fer?", sender=PERE)
    assert [case["citizen"] for case in world.cases()] == [PERE, ANNA, PERE]
    assert world.kinds(PERE) == ["ack", "ack"]
    assert world.received(AGENT, "services") == []


def test_who_gets_the_offices_own_answer_forwarded_asks_for_themselves(world: World) -> None:
    """Anna's other address: what is forwarded there is for her, and she may have another question."""
    answer = world.agent_replies(world.citizen_asks(ANNA))
    other = "anna.puig@correu.example"
    mail = world.message(OFFICE, "Rv: No puc signar la instància", "Us ho reenvio.", to=other, answers=answer)
    world.see_in_sent(mail)
    _replies(world, mail, "Encara no em funciona. Què he de fer?", sender=other)
    assert [(case["citizen"], case["status"]) for case in world.cases()] == [(ANNA, "answered"), (other, "open")]
    assert world.kinds(other) == ["ack"]


def test_a_forward_that_arrives_by_smtp_names_nobody(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    refs = [str(asked["Message-ID"])]
    forged = world.message(OFFICE, "Rv: Consulta", "Com està?", to=PLANNING, refs=refs)
    world.deliver(forged)
    world.receive(forged, folder="Sent")
    _replies(world, forged)
    assert [case["citizen"] for case in world.cases()] == [ANNA, PLANNING]


def test_the_reply_follows_a_case_that_was_merged(world: World) -> None:
    forward = _forwarded(world)
    world.citizen_asks(ANNA, "Beca menjador", "Quan surt la beca?")
    first, second = (case["number"] for case in world.cases())
    world.order("merge", first, into=second)
    _replies(world, forward)
    assert [
        row["number"]
        for row in world.rows(
            "SELECT number FROM cases JOIN messages m ON m.case_id = cases.id WHERE m.rule = 'third-person'"
        )
    ] == [second]


def test_what_the_third_person_wrote_is_never_relayed_to_the_citizen(world: World) -> None:
    forward = _forwarded(world)
    _replies(world, forward)
    to = address(world.received(AGENT, "services")[0])
    world.staff_says(AGENT, "Re", f"Bon dia,\n\n{SAYS}", to=to)
    assert world.kinds(ANNA) == ["ack"]
    assert "not_relayed" in world.kinds(AGENT)


def test_a_rebuild_files_it_alike(world: World) -> None:
    forward = _forwarded(world)
    _replies(world, forward)
    world.advance("2026-11-25 11:00")
    world.citizen_asks(PERE, "Beca menjador", "Quan surt la beca?")  # her acknowledgement proves the notice sent
    before = recorded(world.store.con)
    rebuilding.lose(world)
    rebuilding.rebuild(world)
    assert differences(before, recorded(world.store.con)) == []


def test_a_rebuild_keeps_the_case_of_a_reply_that_was_read_before_the_forward(world: World) -> None:
    """The client stores its copy in Sent late; by then the writer has a number and a deadline."""
    asked = world.citizen_asks(ANNA)
    refs = [str(asked["Message-ID"])]
    forward = world.message(OFFICE, "Rv: Consulta", "Com està?", to=PLANNING, refs=refs)
    written = world.clock.now()
    _replies(world, forward)
    assert world.kinds(PLANNING) == ["ack"]
    world.mailbox.append("Sent", as_bytes(forward), written, seen=True)
    world.turn()
    before = [(case["number"], case["citizen"], case["due_at"]) for case in world.cases()]
    rebuilding.lose(world)
    rebuilding.rebuild(world)
    assert [(case["number"], case["citizen"], case["due_at"]) for case in world.cases()] == before
