"""An agent forwards a case to somebody outside the desk, who replies to the office: it is filed on the case for the
agents, and its writer is no citizen of it."""

from email.message import EmailMessage
from typing import Any

import pytest

from testbed.messages import as_bytes
from tests.rebuild import rebuilding
from tests.relayed.relayed_answers import address
from tests.world import AGENT, ANNA, OFFICE, PERE, World, text_of

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
    before = rebuilding.taken(world)
    rebuilding.lose(world)
    rebuilding.rebuild(world)
    assert rebuilding.difference(before, rebuilding.taken(world)) == []


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
