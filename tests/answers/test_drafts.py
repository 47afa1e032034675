"""Draft answers lie in the folder of drafts for an agent to send: none leaves by itself, and none counts."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from msgspec.structs import replace

from oacmail.core.errors import Transient
from oacmail.privacy.erasure import forget
from testbed.mailbox import SimulatedMailbox
from testbed.messages import written_by
from tests.orders.test_orders import late_case, reply, transcripts
from tests.orders.test_orders_of_calls import agent_writes
from tests.relayed.relayed_answers import TEXT, relayed
from tests.services.test_services_reply import FAULT, _reply, _told
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, TECHNICAL, World, buttons, links_of, text_of

TOWN = Callable[..., World]
CATALAN = "Bon dia, com puc signar la instància amb l'idCAT?"
SPANISH = "Buenos días, ¿cómo puedo firmar la instancia con el certificado? El programa me da un error."


def with_drafts(world: World, folder: str = "Drafts") -> World:
    world.mailbox.create_folder(folder)
    world.turn()
    return world


def drafts(world: World, folder: str = "Drafts") -> list[EmailMessage]:
    return [message_from_bytes(raw, policy=default) for raw in world.mailbox.raws(folder)]


def asked(world: World, subject: str = "No puc signar la instància", text: str = CATALAN) -> EmailMessage:
    """The citizen's message, once an agent has asked for a draft of its answer."""
    message = world.citizen_asks(ANNA, subject, text)
    world.live("2026-11-27 09:00")
    (notice,) = world.received(SUPERVISOR, "overdue")
    reply(world, notice, "#esborrany")
    return message


@pytest.mark.parametrize("folder", ["Drafts", "Esborranys", "Borradores"])
def test_a_draft_is_a_reply_to_the_citizens_message_that_only_lacks_an_agent(world: World, folder: str) -> None:
    message = asked(with_drafts(world, folder))
    (draft,) = drafts(world, folder)
    assert (draft["To"], OFFICE in str(draft["From"])) == (ANNA, True)
    assert draft["In-Reply-To"] == draft["References"] == message["Message-ID"]
    assert re.fullmatch(r"\[OAC-2026-000001-\w{3}\] Re: No puc signar la instància", str(draft["Subject"]))
    assert [name for name in draft if name.lower().startswith(("x-", "auto-"))] == []
    assert "Gràcies per escriure'ns" in text_of(draft)
    (stored,) = world.mailbox.folders[folder].messages.values()
    assert (stored.draft, stored.seen) == (True, False)
    assert "draft" not in world.kinds(SUPERVISOR)
    assert f"carpeta «{folder}»" in transcripts(world)[0]


def test_it_answers_the_last_message_of_the_citizen(world: World) -> None:
    with_drafts(world)
    first = world.citizen_asks(ANNA)
    second = world.citizen_writes(ANNA, "Re: No puc signar la instància", "Ara em surt un error 12.", answers=first)
    world.live("2026-11-27 09:00")
    (notice,) = world.received(SUPERVISOR, "overdue")
    reply(world, notice, "#esborrany")
    (draft,) = drafts(world)
    assert draft["In-Reply-To"] == second["Message-ID"]
    assert str(draft["References"]).split() == [first["Message-ID"], second["Message-ID"]]


def test_it_is_in_the_citizens_language(world: World) -> None:
    asked(with_drafts(world), "No puedo firmar", SPANISH)
    (draft,) = drafts(world)
    assert "Gracias por escribirnos" in text_of(draft)


def test_nothing_is_sent_and_nothing_counts_while_it_lies_there(world: World) -> None:
    asked(with_drafts(world))
    world.live("2026-12-02 12:00")
    assert world.kinds(ANNA) == ["ack"]
    assert [row for row in world.mails() if row["recipient"] == ANNA and row["kind"] != "ack"] == []
    case = world.case()
    assert (case["status"], case["answered_at"], len(case["messages"])) == ("open", None, 2)
    assert world.reviews() == []
    assert len(drafts(world)) == 1


def test_it_counts_as_the_answer_once_an_agent_has_sent_it(world: World) -> None:
    asked(with_drafts(world))
    (draft,) = drafts(world)
    sent = world.message(OFFICE, str(draft["Subject"]), text_of(draft).replace("[", ""), to=str(draft["To"]))
    sent["In-Reply-To"], sent["References"] = draft["In-Reply-To"], draft["References"]
    world.see_in_sent(sent)
    assert world.case()["status"] == "answered"


def test_a_crash_after_the_draft_is_in_its_folder_makes_no_second_one(world: World) -> None:
    with_drafts(world)
    notice = late_case(world)
    world.staff_writes(SUPERVISOR, "", "#esborrany", answers=notice)
    world.kill("before a draft is settled", world.turn)
    assert len(drafts(world)) == 1
    world.turn()
    world.turn()
    assert len(drafts(world)) == 1
    assert world.rows("SELECT mime, settled_at IS NOT NULL AS settled FROM drafts") == [{"mime": None, "settled": 1}]


def test_a_draft_that_waits_while_the_server_is_away_is_not_made_once_somebody_has_answered(world: World) -> None:
    with_drafts(world)
    world.mailbox.refused.add("Drafts")
    message = asked(world)
    assert drafts(world) == []
    assert "drafts" in world.problems()
    world.clock.set(world.clock.now().replace(hour=12))
    world.agent_replies(message)
    world.mailbox.refused.clear()
    world.turn()
    assert drafts(world) == []
    assert "drafts" not in world.problems()


def test_without_a_folder_of_drafts_the_agent_gets_it_by_mail(world: World) -> None:
    asked(world)
    (mail,) = world.received(SUPERVISOR, "draft")
    assert "Gràcies per escriure'ns" in text_of(mail)
    assert "us arriba en un altre correu" in transcripts(world)[0]


def test_a_caller_without_an_address_has_no_draft_to_send(world: World) -> None:
    agent_writes(with_drafts(world), "#trucada Anna, 612345678: on pago la multa?\n#esborrany")
    assert drafts(world) == []
    assert "draft" in world.kinds(AGENT)


def test_in_shadow_nothing_is_written_into_the_mailbox(world: World) -> None:
    with_drafts(world)
    notice = late_case(world)
    ours = world.engine.policy
    world.engine.policy = replace(ours, shadow=True)
    reply(world, notice, "#esborrany")
    world.engine.policy = ours
    world.turn()
    assert drafts(world) == []


def test_what_the_services_have_solved_is_told_by_a_draft(town: TOWN) -> None:
    world = with_drafts(town(people={"technical": [TECHNICAL]}))
    message = world.citizen_asks(ANNA, *FAULT)
    (notice,) = world.received(TECHNICAL)
    _reply(world, notice, "1")
    (draft,) = drafts(world)
    assert draft["In-Reply-To"] == message["Message-ID"]
    assert "OAC-2026-000001 ja està resolta" in text_of(draft)
    (mail,) = _told(world)
    assert "carpeta «Drafts»" in text_of(mail)
    assert "Bon dia,\n\nEls serveis tècnics" not in text_of(mail)
    world.live("2026-11-25 10:00")
    assert len(drafts(world)) == 1


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ("#esborrany", "és als serveis tècnics de l'Ajuntament i encara no en tenim la solució. [Digueu"),
        ("#previsio 3/12\n#esborrany", "encara no en tenim la solució. La previsió és dijous 3 de desembre. [Digueu"),
        ("RESOLT\n#esborrany", "ja està resolta"),
    ],
)
def test_the_draft_on_a_derived_case_says_what_is_known(town: TOWN, orders: str, said: str) -> None:
    world = with_drafts(town(people={"technical": [TECHNICAL]}))
    world.citizen_asks(ANNA, *FAULT)
    (notice,) = world.received(AGENT, "second_level")
    reply(world, notice, orders, sender=AGENT)
    (draft,) = drafts(world)
    assert said in text_of(draft)


def test_the_drafts_of_two_cases_are_two(world: World) -> None:
    with_drafts(world)
    world.citizen_writes(ANNA)
    world.citizen_asks(PERE, "Padró", "Bon dia, com demano un volant de padró?")
    world.live("2026-11-27 09:00")
    for number in ("000001", "000002"):
        (one,) = [mail for mail in world.received(SUPERVISOR) if f"OAC-2026-{number}" in str(mail["Subject"])]
        reply(world, one, "#esborrany")
    assert {str(draft["To"]) for draft in drafts(world)} == {ANNA, PERE}


def test_a_draft_that_waits_is_forgotten_with_its_person(world: World) -> None:
    with_drafts(world)
    world.mailbox.refused.add("Drafts")
    asked(world)
    assert len(world.rows("SELECT key FROM drafts WHERE mime IS NOT NULL")) == 1
    world.order("close", world.case()["number"], reason="spam")
    forget(world.store.con, world.policy, ANNA, world.engine.now(), by="admin")
    assert world.rows("SELECT key FROM drafts") == []
    world.mailbox.refused.clear()
    world.turn()
    assert drafts(world) == []


def test_a_draft_that_the_server_refuses_holds_up_no_other(world: World) -> None:
    class Picky(SimulatedMailbox):
        def append_draft(self, folder: str, raw: bytes) -> None:
            if f"To: {ANNA}".encode() in raw:
                raise Transient("IMAP APPEND: NO")
            super().append_draft(folder, raw)

    with_drafts(world)
    world.citizen_writes(ANNA)
    world.citizen_asks(PERE, "Padró", "Bon dia, com demano un volant de padró?")
    world.live("2026-11-27 09:00")
    world.mailbox.__class__ = Picky
    for number in ("000001", "000002"):
        (one,) = [mail for mail in world.received(SUPERVISOR) if f"OAC-2026-{number}" in str(mail["Subject"])]
        reply(world, one, "#esborrany")
    assert [str(draft["To"]) for draft in drafts(world)] == [PERE]
    assert "drafts" in world.problems()
    world.mailbox.__class__ = SimulatedMailbox
    world.turn()
    assert sorted(str(draft["To"]) for draft in drafts(world)) == [ANNA, PERE]
    assert "drafts" not in world.problems()


# Which notices offer to write to the person: one about a case, and each line of a list, unless there is no address.

CALL = "#trucada Núria Font, 612345678: vol saber on es paga la multa"
WRITE = "Escriviu a la persona"


def _links(mail: EmailMessage) -> list[str]:
    """The answer addresses in the HTML of a mail."""
    return [written_by(link)[0] for label, link in links_of(mail) if label == WRITE]


def _late(world: World, kind: str) -> EmailMessage:
    world.live("2026-11-27 09:00")
    (mail,) = world.received(SUPERVISOR, kind)
    return mail


def test_a_case_of_a_telephone_call_offers_no_mail_to_a_person_without_an_address(world: World) -> None:
    agent_writes(world, CALL)
    notice = _late(world, "overdue")
    assert WRITE not in buttons(notice)
    assert "mailto:" not in text_of(notice)
    assert "He trucat" in buttons(notice)


def test_a_case_of_a_message_still_does(world: World) -> None:
    world.citizen_writes(ANNA)
    assert WRITE in buttons(_late(world, "overdue"))


def test_each_line_of_the_list_of_late_cases_leads_to_its_person(town: TOWN) -> None:
    world = town(deadline={"digest_above": 1})
    for citizen in (ANNA, PERE):
        world.citizen_asks(citizen)
    agent_writes(world, CALL)
    listed = _late(world, "overdue_digest")
    to = _links(listed)
    assert len(to) == len(set(to)) == 2, "not the caller, who has no address"
    answer = world.message(f"Marta Soler <{SUPERVISOR}>", "Resposta", TEXT, to=to[1])
    world.receive(answer, verdict=PASS, sender=SUPERVISOR)
    assert len(relayed(world, PERE)) == 1
    assert relayed(world) == []


def test_each_line_of_a_list_of_notices_leads_to_its_person(town: TOWN) -> None:
    world = town()
    people = [f"veí{number}@example.org".replace("í", "i") for number in range(8)]
    for person in people:
        world.citizen_writes(person, "Queixa", "Em vull queixar del tracte que he rebut, és una vergonya.")
    world.turn()
    world.live("2026-11-25 12:00", minutes=20)
    (listed,) = world.received(SUPERVISOR, "notice_list")
    assert len(_links(listed)) == text_of(listed).count("| OAC-2026-") > 1


def test_a_list_of_the_services_does_not(town: TOWN) -> None:
    world = town(people={"technical": [TECHNICAL]}, deadline={"digest_above": 1})
    for citizen in (ANNA, PERE):
        world.citizen_asks(citizen, "Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en signar.")
    world.live("2026-11-27 12:00")
    nudges = world.received(TECHNICAL, "nudge")
    assert [_links(mail) for mail in nudges] == [[]] * len(nudges) != []


def test_the_offer_follows_a_case_that_is_opened_in_the_same_turn(world: World) -> None:
    world.citizen_asks(ANNA, "Queixa", "Em vull queixar del tracte que he rebut, és una vergonya.")
    (notice,) = world.received(SUPERVISOR, "opinion")
    assert WRITE in buttons(notice)


def _transcript(world: World, order: str, asked: EmailMessage) -> EmailMessage:
    reply(world, asked, order)
    return world.received(SUPERVISOR, "transcript")[-1]


@pytest.mark.parametrize("order", ["TANCA DUPLICAT", "TANCA BROSSA", "#fusiona 1"])
def test_the_transcript_of_an_order_that_closes_a_case_offers_no_mail_that_would_come_back(
    world: World, order: str
) -> None:
    world.citizen_writes(PERE)
    asked = world.citizen_asks(ANNA)
    assert _links(_transcript(world, "#nota abans", asked))
    closed = _transcript(world, order, asked)
    assert {case["number"]: case["status"] for case in world.cases()}["OAC-2026-000002"] == "closed"
    assert "mailto:" not in text_of(closed)
    assert _links(closed) == []


def test_the_transcript_of_an_order_that_reopens_a_case_offers_to_write_to_its_person(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    assert _links(_transcript(world, "TANCA DUPLICAT", asked)) == []
    assert _links(_transcript(world, "#nota Va venir", asked)) == [], "of a case that was closed before"
    assert len(_links(_transcript(world, "REOBRE", asked))) == 1
