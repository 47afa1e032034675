"""An agent writes to a case's answer address: the person gets it from the office, or the agent hears why not."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest

from oacmail.core import tokens
from testbed.relay import deferred, no_reply, refused
from tests.e2e.clients import CLIENTS
from tests.relayed import relayed_answers
from tests.relayed.relayed_answers import TEXT
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, TECHNICAL, World, text_of

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


# When a relayed answer counts, and what brings it back.


def test_it_counts_once_the_relay_has_taken_it_and_not_before(world: World) -> None:
    notice = relayed_answers.notice(world)
    refusal = world.relay.when(deferred(), to=ANNA)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert world.case()["answered_at"] is None
    assert world.mail("relayed")["state"] == "queued"
    world.relay.remove(refusal)
    world.clock.set(world.clock.now() + timedelta(hours=2))
    world.turn()
    assert world.case()["status"] == "answered"


def test_what_she_writes_while_it_waits_is_still_owed(world: World) -> None:
    notice = relayed_answers.notice(world)
    refusal = world.relay.when(deferred(), to=ANNA)
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.citizen_asks(ANNA, "", "I quant costa?", answers=world.received(ANNA)[0])
    world.relay.remove(refusal)
    world.clock.set(world.clock.now() + timedelta(hours=2))
    world.turn()
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["answered_at"] is not None
    assert world.case()["status"] == "open"


def test_a_report_that_it_did_not_arrive_opens_the_case_again(world: World) -> None:
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    assert world.case()["status"] == "answered"
    world.bounce(relayed_answers.relayed(world)[0])
    assert (world.case()["status"], world.case()["answered_at"]) == ("open", None)
    assert "bounced" in world.kinds(AGENT)


def test_an_answer_that_comes_back_takes_no_case_from_the_technical_services(world: World) -> None:
    world.citizen_asks(ANNA, "Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància.")
    (notice,) = world.received(AGENT, "second_level")
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert world.case()["status"] == "derived"
    world.bounce(relayed_answers.relayed(world)[0])
    assert (world.case()["status"], world.case()["answered_at"]) == ("derived", None)
    running = "met_at IS NULL AND withdrawn_at IS NULL"
    assert {row["kind"] for row in world.rows(f"SELECT kind FROM deadlines WHERE {running}")} == {
        "answer", "remind", "nudge",
    }  # fmt: skip
    world.live("2026-11-27 09:00")
    assert "nudge" in world.kinds(SUPERVISOR)


def test_the_same_mail_twice_and_after_a_restart_goes_once(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    relayed_answers.send(world, mail)
    world.restart()
    relayed_answers.send(world, mail)
    assert len(relayed_answers.relayed(world)) == 1


def test_a_signed_mail_that_is_sent_again_days_later_relays_nothing(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    del mail["Date"]
    mail["Date"] = format_datetime(world.clock.true() - timedelta(days=2))
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)


@pytest.mark.parametrize("lost", [True, False])
def test_if_the_relay_gives_no_reply_it_goes_once_and_counts_when_a_copy_proves_it(world: World, lost: bool) -> None:
    notice = relayed_answers.notice(world)
    world.relay.when(no_reply(lost=lost), kind="relayed", times=1)
    world.deliver(relayed_answers.mail(world, notice), verdict=PASS, sender=SUPERVISOR)
    world.sync()
    world.drain()
    assert world.mail("relayed")["state"] == "uncertain"
    assert world.case()["answered_at"] is None
    world.live("2026-11-27 09:05", minutes=5)
    world.live("2026-11-27 19:00", minutes=30)
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["status"] == "answered"


@pytest.mark.parametrize("point", ["before the first byte", "after the last byte"])
def test_a_kill_while_it_is_sent_sends_it_once(world: World, point: str) -> None:
    notice = relayed_answers.notice(world)
    world.deliver(relayed_answers.mail(world, notice), verdict=PASS, sender=SUPERVISOR)
    world.kill(point, world.turn)
    world.live("2026-11-27 09:05", minutes=5)
    world.live("2026-11-27 19:00", minutes=30)
    assert len(relayed_answers.relayed(world)) == 1
    assert world.case()["status"] == "answered"


def test_a_mail_that_the_relay_refuses_answers_nothing_and_the_agents_are_told(world: World) -> None:
    notice = relayed_answers.notice(world)
    world.relay.when(refused(), kind="relayed")
    relayed_answers.send(world, relayed_answers.mail(world, notice))
    assert world.mail("relayed")["state"] == "failed"
    assert world.case()["status"] == "open"
    assert "bounced" in world.kinds(AGENT)


def test_an_answer_to_a_late_reply_to_a_relayed_answer_belongs_to_the_case_of_that_reply(world: World) -> None:
    """The answer's References name our relayed mail too, but it replies to the citizen's message (RFC 5322, 3.6.4)."""
    relayed_answers.send(world, relayed_answers.mail(world, relayed_answers.notice(world)))
    first = world.case()["number"]
    world.live("2027-01-11 09:00", minutes=600)
    assert world.case()["status"] == "closed"
    late = world.citizen_asks(
        ANNA, "", "Ara em demana un altre document. Quin és?", answers=relayed_answers.relayed(world)[0]
    )
    (child,) = [case["number"] for case in world.cases() if case["number"] != first]
    world.agent_replies(late)
    assert world.case(child)["answered_at"] is not None


def test_an_answer_written_before_the_services_solved_it_does_not_tell_the_person_so(
    town: Callable[..., World],
) -> None:
    """Both lie in the mailbox when the service comes back."""
    world = town(people={"technical": [TECHNICAL]})
    world.citizen_asks(ANNA, "Error 500 a la seu", "Bon dia, la seu electrònica dona error 500 en enviar la instància.")
    (notice,) = world.received(AGENT, "second_level")
    world.obey("escalate", world.case()["number"])
    world.advance("2026-11-26 10:00")
    (derived,) = world.received(TECHNICAL)
    world.deliver(relayed_answers.mail(world, notice), verdict=PASS, sender=SUPERVISOR)
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.staff_writes(TECHNICAL, "", "Ja està resolt.", answers=derived)
    world.clock.set(world.clock.now() + timedelta(hours=1))
    world.turn()
    world.turn()
    assert len(relayed_answers.relayed(world)) == 1
    assert world.events("solved")
    assert world.case()["status"] == "derived"
    assert world.rows("SELECT 1 FROM deadlines WHERE kind = 'answer' AND met_at IS NULL AND withdrawn_at IS NULL")


# What an agent quotes in a relayed answer: the notice and what is internal reach no citizen.

ANSWER = "Bon dia, ja ho teniu."


@pytest.mark.parametrize("client", CLIENTS)
def test_the_notice_below_the_answer_is_cut(world: World, client: str) -> None:
    """In the text and in the page, and nothing tells of the agent's program."""
    notice = relayed_answers.notice(world)
    program = CLIENTS[client]
    sender, to = f"Marta <{SUPERVISOR}>", relayed_answers.address(notice)
    mail = program.reply(sender, to, notice, ANSWER)
    mail.replace_header("Date", world.clock.now())
    relayed_answers.send(world, mail)
    (got,) = relayed_answers.relayed(world)
    assert text_of(got).strip() == ANSWER
    page = text_of(got, "html")
    assert f"<b>{ANSWER}</b>" in page
    seen = got.as_string() + page
    internal = [line.strip("-> ") for line in text_of(notice).splitlines() if len(line) > 20]
    marks = [value for value in program.headers.values() if len(value) > 2]
    assert [hidden for hidden in (*internal, *marks, SUPERVISOR, "Marta") if hidden in seen] == []


def test_the_notice_below_a_mark_alone_is_cut(world: World) -> None:
    notice = relayed_answers.notice(world)
    quote = f"\n\n-----Missatge original-----\nDe: OAC 360\n\n{text_of(notice)}"
    relayed_answers.send(world, relayed_answers.mail(world, notice, ANSWER + quote, answers=notice))
    assert text_of(relayed_answers.relayed(world)[0]).strip() == ANSWER


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("> {first}\n\nNo és vençut.\n\n> {last}\n\nAixò tampoc.", "sota un correu citat"),
        ("El 27/11/2026 a les 9:00, OAC 360 va escriure:\n> {first}\n\nBon dia, ja està.", "sota un correu citat"),
        ("Bon dia,\n{whole}", "text intern"),
        ("Em surt això, què vol dir? {case}", "text intern"),
        ("El 27/11/2026 a les 9:00, OAC 360 va escriure:\n> {first}\n> {last}", "no hi heu escrit res"),
        ("", "no hi heu escrit res"),
        ("-- \nMarta Soler\nOAC 360", "no hi heu escrit res"),
        ("#nota que no truqui més\n\nBon dia", "conté una ordre"),
        ("Tanca.\n\nBon dia", "conté una ordre"),
        ("#volar\nBon dia", "conté una ordre"),
        ("Bon dia,\n\n#nota és la tercera vegada", "conté una ordre"),
    ],
)
def test_what_is_not_certain_goes_back_to_the_agent_and_reaches_nobody(world: World, text: str, why: str) -> None:
    notice = relayed_answers.notice(world)
    whole = "\n".join(line for line in text_of(notice).splitlines() if not line.startswith(">"))
    first, last = whole.splitlines()[0], whole.splitlines()[-1]
    before = len(world.received(ANNA))
    relayed_answers.send(
        world, relayed_answers.mail(world, notice, text.format(first=first, last=last, whole=whole, case=first))
    )
    assert len(world.received(ANNA)) == before
    (told,) = relayed_answers.refusals(world)
    assert why in told
    assert world.case()["status"] == "open"
    assert not world.events("ordered")
    assert not world.events("note")


def test_a_note_that_an_agent_repeats_reaches_no_citizen(world: World) -> None:
    notice = relayed_answers.notice(world)
    world.order("note", world.case()["number"], text="Ve cada setmana, cal paciència")
    relayed_answers.send(
        world, relayed_answers.mail(world, notice, "Bon dia,\nVe cada setmana; cal paciencia.\nFins aviat.")
    )
    assert not relayed_answers.relayed(world)
    assert "text intern" in relayed_answers.refusals(world)[0]


SIGNED = "\n\nMarta Soler\nOficina d'Atenció Ciutadana 360\nAjuntament de Castellbisbal, avinguda de Pau Casals\n"


def test_the_signature_of_an_order_may_stand_in_an_answer(world: World) -> None:
    """No mark separates it from the text, so it looks like a remark."""
    notice = relayed_answers.notice(world)
    world.receive(world.message(SUPERVISOR, "", f"#meu{SIGNED}", answers=notice), verdict=PASS)
    relayed_answers.send(world, relayed_answers.mail(world, notice, f"Bon dia, ja està.{SIGNED}"))
    assert len(relayed_answers.relayed(world)) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_colleague_wrote_about_the_case_reaches_no_citizen(world: World, times: int) -> None:
    notice = relayed_answers.notice(world)
    remark = world.message(AGENT, "", "Aquesta senyora ja va trucar tres vegades ahir.", answers=notice, to=OFFICE)
    world.receive(remark, verdict=PASS)
    for _ in range(times):
        text = "Bon dia,\nAquesta senyora ja va trucar tres vegades ahir.\nSalutacions"
        relayed_answers.send(world, relayed_answers.mail(world, notice, text))
    assert not relayed_answers.relayed(world)
    assert len(relayed_answers.refusals(world)) == times


FOOTER = (
    "Ajuntament de Castellbisbal\nAvinguda Pau Casals, 9 · 08755 Castellbisbal\nAbans d'imprimir, penseu en el medi"
)


def _remarks(world: World, *texts: str) -> EmailMessage:
    """A colleague writes among the house: first about Anna's case, then about Pere's; returns the notice on Anna's."""
    notice = relayed_answers.notice(world)
    world.citizen_asks(PERE, "Padró", "Com demano un volant de padró?")
    for number, text in enumerate(texts, 1):
        world.staff_says(AGENT, f"cas {number}", text, to=OFFICE)
    return notice


def test_the_towns_footer_below_colleagues_mails_is_nothing_internal(world: World) -> None:
    """Without `-- ` above it nothing marks it in one mail; below mails about two cases it is no news."""
    said = ("Aquesta senyora ja va trucar tres vegades ahir.", "El Pere sempre demana el mateix, i ja sap com va.")
    notice = _remarks(world, *(f"{text}\n\n{FOOTER}" for text in said))
    relayed_answers.send(
        world, relayed_answers.mail(world, notice, f"Bon dia, Anna,\n\nJa ho teniu arreglat.\n\n{FOOTER}")
    )
    assert len(relayed_answers.relayed(world)) == 1


@pytest.mark.parametrize("other", ["El Pere sempre demana el mateix, i ja sap com va.", ""])
def test_what_stands_above_such_a_footer_reaches_no_citizen(world: World, other: str) -> None:
    said = "Aquesta senyora ja va trucar tres vegades ahir."
    notice = _remarks(world, f"{said}\n\n{FOOTER}", f"{other}\n\n{FOOTER}".strip())
    relayed_answers.send(world, relayed_answers.mail(world, notice, f"Bon dia,\n{said}\n\n{FOOTER}"))
    assert not relayed_answers.relayed(world)


def test_the_persons_own_words_may_be_repeated(world: World) -> None:
    notice = relayed_answers.notice(world, text="Com puc signar la instància de la llar d'infants amb l'idCAT?")
    said = "Pregunteu com puc signar la instància de la llar d'infants amb l'idCAT. Així:"
    relayed_answers.send(world, relayed_answers.mail(world, notice, said))
    assert len(relayed_answers.relayed(world)) == 1


def test_what_was_refused_may_be_sent_again_without_the_quote(world: World) -> None:
    notice = relayed_answers.notice(world)
    relayed_answers.send(
        world, relayed_answers.mail(world, notice, f"Bon dia, ja està tot arreglat.\n{text_of(notice)}")
    )
    relayed_answers.send(world, relayed_answers.mail(world, notice, "Bon dia, ja està tot arreglat."))
    assert len(relayed_answers.relayed(world)) == 1


@pytest.mark.parametrize("other", [AGENT, PERE])
@pytest.mark.parametrize("field", ["To", "Cc"])
def test_with_other_recipients_nothing_goes(world: World, other: str, field: str) -> None:
    """A colleague who replies to all would write to the person."""
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    before = {field: str(mail[field] or "")}
    del mail[field]
    mail[field] = f"{before[field]}, {other}".strip(", ")
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert "altres adreces" in relayed_answers.refusals(world)[0]


def test_a_mail_that_also_goes_to_the_person_directly_is_the_answer_itself(world: World) -> None:
    mail = relayed_answers.mail(world, relayed_answers.notice(world))
    mail["Cc"] = ANNA
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert not relayed_answers.refusals(world)
    assert world.case()["status"] == "answered"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("multipart/encrypted", "xifrat"),
        ("application/pkcs7-mime", "xifrat"),
        ("multipart/signed", "xifrat"),
        ("application/ms-tnef", "winmail"),
        ("message/rfc822", "correu adjunt"),
    ],
)
def test_a_protected_or_enclosed_mail_is_refused(world: World, kind: str, why: str) -> None:
    notice = relayed_answers.notice(world)
    mail = relayed_answers.mail(world, notice, "Bon dia, ja està.")
    if kind == "message/rfc822":
        mail.add_attachment(notice)
    elif kind.startswith("multipart/"):
        mail.make_mixed()
        mail.set_type(kind)
    else:
        mail.add_attachment(b"0\x82", *kind.split("/"), filename="smime.p7m")
    relayed_answers.send(world, mail)
    assert not relayed_answers.relayed(world)
    assert why in relayed_answers.refusals(world)[0]
