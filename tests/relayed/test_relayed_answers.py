"""An agent writes to a case's answer address: the person gets it from the office, or the agent hears why not."""

import re
from email.message import EmailMessage
from typing import Any

import pytest

from oacmail.core import tokens
from tests.relayed import relayed_answers
from tests.relayed.relayed_answers import TEXT
from tests.world import ANNA, OFFICE, PERE, SUPERVISOR, World, text_of

# --- what goes out ---------------------------------------------------------------------------------------


def test_what_an_agent_writes_to_the_answer_address_reaches_the_person_from_the_office(world: World) -> None:
    notice = relayed_answers.notice(world)
    theirs = world.received(ANNA)[0]["In-Reply-To"]
    mail = relayed_answers.mail(world, notice)
    mail["User-Agent"] = "Thunderbird"
    mail["X-Originating-IP"] = "10.1.2.3"
    relayed_answers.send(world, mail)
    (got,) = relayed_answers.relayed(world)
    assert got["From"] == f"OAC 360 <{OFFICE}>"
    assert got["To"] == ANNA
    number = world.case()["number"]
    assert re.fullmatch(rf"\[{number}-[A-Z0-9]{{3}}\] Re: No puc signar la instància", str(got["Subject"]))
    assert got["In-Reply-To"] == theirs
    assert theirs in got["References"]
    assert "idCAT Mòbil" in text_of(got)
    for field in ("Auto-Submitted", "X-Auto-Response-Suppress", "User-Agent", "X-Originating-IP", "Reply-To", "Sender"):
        assert got[field] is None
    assert "town.example" not in got.as_string()
    assert world.case()["status"] == "answered"


def test_her_reply_to_it_joins_the_case_and_asks_again(world: World) -> None:
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    world.citizen_asks(ANNA, "", "I si no en tinc, d'idCAT?", answers=relayed_answers.relayed(world)[0])
    assert world.case()["status"] == "open"


def test_the_next_answer_continues_her_last_message(world: World) -> None:
    notice = relayed_answers.notice(world)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    again = world.citizen_asks(ANNA, "", "I si no en tinc, d'idCAT?", answers=relayed_answers.relayed(world)[0])
    relayed_answers.send(world, relayed_answers.mail(world, notice, "Bon dia, demaneu-lo a l'oficina."))
    assert relayed_answers.relayed(world)[1]["In-Reply-To"] == again["Message-ID"]
    assert str(relayed_answers.relayed(world)[1]["Subject"]).count("Re:") == 1
    assert world.case()["status"] == "answered"


def test_a_copy_lies_in_sent_for_the_colleagues(world: World) -> None:
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    world.turn()
    assert world.mail("relayed")["copied_at"] is not None
    assert not world.reviews()


def test_it_bears_no_subject_of_somebody_else_whose_case_was_merged(world: World) -> None:
    notice = relayed_answers.notice(world)
    world.citizen_asks(PERE, "El meu divorci i el padró", "Bon dia, com canvio el padró?")
    first, second = (case["number"] for case in world.cases())
    world.order("merge", second, into=first)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    (got,) = relayed_answers.relayed(world)
    assert str(got["Subject"]).endswith("] Re: No puc signar la instància")
    assert len(str(got["References"]).split()) == 1


@pytest.mark.parametrize("html", ["", "<html><body><p>Bon dia, us adjunto la guia.</p></body></html>"])
def test_a_file_to_which_the_client_gives_a_content_id_is_kept(world: World, html: str) -> None:
    """As Gmail and Exchange do with every attachment."""
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    if html:
        mail.add_alternative(html, subtype="html")
    mail.add_attachment(b"%PDF-1.7 guia", "application", "pdf", filename="guia.pdf", cid="<f_m1abcd0>")
    relayed_answers.send(world, mail)
    (got,) = relayed_answers.relayed(world)
    (file,) = [part for part in got.walk() if part.get_content_disposition() == "attachment"]
    assert (file.get_filename(), file.get_content(), file["Content-ID"]) == ("guia.pdf", b"%PDF-1.7 guia", None)


def test_html_and_files_and_images_are_kept(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    html = '<html><body><p>Bon dia, <b>Anna</b>:</p><img src="cid:logo@town.example"><p>Feu clic.</p></body></html>'
    mail.add_alternative(html, subtype="html")
    *_, page = mail.iter_parts()
    assert isinstance(page, EmailMessage)
    page.add_related(b"\x89PNG logo", "image", "png", cid="<logo@town.example>", filename="logo.png")
    mail.add_attachment(b"%PDF-1.7 guia", "application", "pdf", filename="guia d'ús.pdf")
    relayed_answers.send(world, mail)
    (got,) = relayed_answers.relayed(world)
    body = text_of(got, "html")
    assert "<b>Anna</b>" in body
    place = re.search(r'src="cid:([^"]+)"', body)
    assert place is not None
    parts = {part["Content-ID"]: part for part in got.walk() if part["Content-ID"]}
    assert parts[f"<{place[1]}>"].get_content() == b"\x89PNG logo"
    (file,) = [part for part in got.walk() if part.get_content_disposition() == "attachment"]
    assert (file.get_filename(), file.get_content()) == ("guia d'ús.pdf", b"%PDF-1.7 guia")
    assert "town.example" not in got.as_string()
    world.turn()
    assert world.mail("relayed")["copied_at"] is not None
    assert not world.reviews()


def test_the_agents_visiting_card_stays_here(world: World) -> None:
    """Thunderbird can attach it to each mail."""
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    for name, address in (("marta.vcf", SUPERVISOR.upper()), ("registre.vcf", "registre@castellbisbal.example")):
        card = f"BEGIN:VCARD\nEMAIL:{address}\nEND:VCARD\n"
        mail.add_attachment(card.encode(), "text", "vcard", filename=name)
    relayed_answers.send(world, mail)
    (got,) = relayed_answers.relayed(world)
    assert [part.get_filename() for part in got.iter_attachments()] == ["registre.vcf"]
    assert "town.example" not in got.as_string()


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("winmail.dat", "octet-stream", b"what Outlook packs"),
        ("dades.bin", "octet-stream", b"\x78\x9f\x3e\x22 and the notice below it"),
        ("nota.EML ", "octet-stream", b"From: cap@town.example\n\nnota interna"),
        ("nota.emlx", "octet-stream", b"88\nFrom: cap@town.example\n\nnota interna"),
        ("nota.oft", "vnd.ms-outlook", b"nota interna"),
    ],
)
def test_a_mail_in_a_file_goes_back_to_the_agent(world: World, name: str, kind: str, data: bytes) -> None:
    """It may hold the notice to which the agent replies."""
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    mail.add_attachment(data, "application", kind, filename=name)
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert world.received(SUPERVISOR, "not_relayed")


def test_the_agents_own_address_in_the_signature_becomes_the_offices(world: World) -> None:
    relayed_answers.send(
        world,
        relayed_answers.mail(world, relayed_answers.notice(world), TEXT + f"Escriviu-me a {SUPERVISOR.upper()}\n"),
    )
    (got,) = relayed_answers.relayed(world)
    assert f"Escriviu-me a {OFFICE}" in text_of(got)


def test_a_closed_case_is_reopened_as_its_refusal_says_before_a_mail_reaches_the_person(world: World) -> None:
    notice = relayed_answers.notice(world)

    def order(text: str, answers: EmailMessage) -> None:
        world.staff_says(SUPERVISOR, "", text, answers=answers)

    order("TANCA BROSSA", notice)
    assert world.case()["status"] == "closed"
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    (refusal,) = world.received(SUPERVISOR, "not_relayed")
    assert "responeu a aquest correu amb REOBRE" in text_of(refusal)
    assert "mailto:" not in text_of(refusal), "to which nothing may be sent yet"
    order("REOBRE", refusal)
    transcript = world.received(SUPERVISOR, "transcript")[-1]
    relayed_answers.send(world, relayed_answers.mail(world, transcript))
    assert len(relayed_answers.relayed(world)) == 1, "to the address that the transcript names"


# --- who may ---------------------------------------------------------------------------------------------


def test_without_proof_nothing_goes_and_the_agent_is_told(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    relayed_answers.send(world, mail, verdict="")
    assert not relayed_answers.relayed(world)
    assert world.case()["status"] == "open"
    assert "remark" in world.kinds(SUPERVISOR)


@pytest.mark.parametrize("sender", [ANNA, PERE])
def test_a_citizens_mail_to_it_is_an_ordinary_mail_of_theirs(world: World, sender: str) -> None:
    notice = relayed_answers.notice(world)
    mail = world.message(sender, "Una altra cosa", "Quin horari feu avui?", to=relayed_answers.address(notice))
    world.receive(mail, verdict=f"dmarc=pass header.from={sender.partition('@')[2]}")
    assert not relayed_answers.relayed(world)
    assert [case["citizen"] for case in world.cases()] == [ANNA, sender]


@pytest.mark.parametrize("header", [("Auto-Submitted", "auto-replied"), ("X-Autoreply", "yes"), ("Precedence", "bulk")])
def test_an_automatic_mail_is_never_relayed(world: World, header: tuple[str, str]) -> None:
    mail = relayed_answers.mail(
        world, relayed_answers.notice(world), "Sóc fora de l'oficina fins dilluns.", headers=[header]
    )
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert world.case()["status"] == "open"


def test_an_unmarked_out_of_office_is_not_relayed_either(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world), "Sóc fora de l'oficina fins dilluns.")
    del mail["Subject"]
    mail["Subject"] = "Resposta automàtica: VENÇUT"
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert world.case()["status"] == "open"


def test_a_changed_address_leads_nowhere(world: World) -> None:
    notice = relayed_answers.notice(world)
    address = relayed_answers.address(notice)
    mail = world.message(SUPERVISOR, "Resposta", TEXT, to=address.replace("-000001-", "-000002-"))
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert world.reviews() == ["staff-without-case"]


def test_a_plain_reply_to_a_notice_reaches_nobody(world: World) -> None:
    notice = relayed_answers.notice(world)
    before = len(world.received(ANNA))
    world.staff_says(SUPERVISOR, "", TEXT, answers=notice)
    assert len(world.received(ANNA)) == before
    assert "+r-" not in f"{notice['From']} {notice['Reply-To']} {notice['To']} {notice['Cc']}"


@pytest.mark.parametrize("first", ["Sent", "INBOX"])
def test_it_may_be_written_from_the_shared_mailbox_too(world: World, first: str) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world), sender=OFFICE)
    for folder in sorted(("Sent", "INBOX"), key=lambda name: name != first):
        if folder == "Sent":
            world.put_into_sent(mail)
        else:
            world.deliver(mail, sender=OFFICE)
        world.turn()
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["status"] == "answered"
    assert not world.reviews()


def test_without_plus_addresses_or_proof_no_notice_offers_it(town: Any) -> None:
    for trust in ({"plus_addressing": False}, {"provider": "none"}):
        world = town(trust=trust)
        world.citizen_asks(ANNA, dmarc="")
        world.live("2026-11-27 09:00")
        (notice,) = world.received(SUPERVISOR, "overdue")
        assert "mailto:" not in text_of(notice)


def test_of_a_person_without_an_address_the_agent_hears_to_telephone(world: World) -> None:
    mail = world.message(SUPERVISOR, "trucada", "TRUCADA: Joan Mir, 612345678: on es paga l'IBI?")
    relayed_answers.send(world, mail)
    (opened,) = world.received(SUPERVISOR, "transcript")
    assert "mailto:" not in text_of(opened), "the offer would lead nowhere"
    to = tokens.answer_address(world.policy, world.case()["number"])
    relayed_answers.send(world, world.message(SUPERVISOR, "Resposta", "Bon dia, es paga al banc.", to=to))
    (refusal,) = relayed_answers.refusals(world)
    assert "la persona no ha deixat cap adreça de correu" in refusal
    assert "per telèfon" in refusal
    assert "mailto:" not in refusal
    assert world.case()["status"] == "open"
