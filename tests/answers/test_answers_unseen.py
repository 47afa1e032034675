"""What looks like an answer and is none: an out-of-office, and an answer that the office has never seen."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from oacmail.cli.status import health
from testbed.messages import as_bytes
from testbed.relay import refused
from tests.e2e.clients import CLIENTS, MailProgram
from tests.orders.test_orders import transcripts
from tests.relayed import relayed_answers
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, World

# Header fields of autoresponders, or none; the subjects and texts that they use.
AUTOMATIC = [
    (("Auto-Submitted", "auto-replied (vacation)"), "Re: Signar", "Torno el dia 15."),
    (("X-Auto-Response-Suppress", "All"), "Resposta automàtica: Signar", "Soc fora de l'oficina fins dilluns."),
    (("X-Autorespond", "yes"), "Re: Signar", "Estoy de vacaciones."),
    (("Precedence", "auto_reply"), "Re: Signar", "I am out of office."),
    (("X-Vacation", "1"), "Fora de l'oficina", "Soc fora de l'oficina fins al 15."),
    (None, "Fora de l'oficina: Signar", "Soc fora fins dilluns 30."),
    (None, "Respuesta automática: Firmar", "Estaré fuera de la oficina hasta el lunes."),
    (None, "Out of office: Signar", "I am out of the office until Monday and will not read my mail."),
    (None, "Re: Signar", "Soc fora de l'oficina fins al 15 i no llegeixo el correu. Aquest és un missatge automàtic."),
    (None, "AUSENCIA", "Estoy ausente de la oficina. Este es un mensaje automático."),
]


def _asked(world: World) -> EmailMessage:
    return world.citizen_asks(ANNA)


@pytest.mark.parametrize("refers", [True, False])
@pytest.mark.parametrize(("mark", "subject", "text"), AUTOMATIC)
@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_no_out_of_office_is_an_answer(
    world: World, sender: str, mark: tuple[str, str] | None, subject: str, text: str, refers: bool
) -> None:
    asked = _asked(world)
    mail = world.message(
        sender, subject, text, to=ANNA, answers=asked if refers else None, headers=[mark] if mark else []
    )
    if sender == OFFICE:
        world.put_into_sent(mail)
    else:
        mail["Cc"] = OFFICE
        world.deliver(mail, verdict=PASS)
    world.turn()
    case = world.case()
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert "which_case" not in world.kinds(AGENT)


@pytest.mark.parametrize(
    "text",
    [
        "Bon dia, el certificat s'expedeix de manera automàtica des de la carpeta ciutadana.",
        "Bona tarda, la companya que porta el tema és fora fins dijous. Quan torni us truca.",
        "Fet!",
    ],
)
def test_a_persons_words_about_absence_are_an_answer(world: World, text: str) -> None:
    world.agent_replies(_asked(world), text)
    assert world.case()["status"] == "answered"


@pytest.mark.parametrize("text", ["Demà us ho mirem.", "Hem rebut la vostra documentació i us respondrem demà."])
@pytest.mark.parametrize(
    "subject",
    [
        "Re: Hem rebut la vostra consulta",
        "RE: [OAC] Hem rebut la vostra consulta",
        "Re: Us trucarem",
        "Re: We will call you",
    ],
)
@pytest.mark.parametrize("sender", [OFFICE, AGENT])
def test_an_answer_that_reads_as_a_receipt_and_names_no_absence_is_a_persons(
    world: World, sender: str, subject: str, text: str
) -> None:
    _asked(world)
    mail = world.message(sender, subject, text, to=ANNA)
    if sender == OFFICE:
        world.put_into_sent(mail)
    else:
        mail["Cc"] = OFFICE
        world.deliver(mail, verdict=PASS)
    world.turn()
    assert (world.case()["status"], world.reviews()) == ("answered", [])


# --- an answer from a personal address without the office in copy ----------------------------------------


def _quotes(style: str, agent: str = f"Marta Soler <{AGENT}>") -> str:
    styles = {
        "attribution": f"El dc., 25 nov. 2026 a les 9:30, {agent} va escriure:\n> Bon dia, porteu el DNI.",
        "wrapped": f"El dc., 25 nov. 2026 a les 9:30, Marta Soler\n<{AGENT}> va escriure:\n> Bon dia, porteu el DNI.",
        "block": f"________________________________\nDe: {agent}\nEnviat: dimecres, 25 de novembre de 2026 9:30\n"
        "Per a: Anna\nAssumpte: RE: Signar\n\nBon dia, porteu el DNI.",
        "none": "",
    }
    return styles[style]


def _replies(world: World, asked: EmailMessage, style: str, *, to: str = OFFICE, sender: str = ANNA) -> None:
    """She answers the agent's personal mail, which only she has, and now writes to the office."""
    mail = world.message(sender, f"Re: {asked['Subject']}", f"I on el porto?\n\n{_quotes(style)}", to=to,
        refs=[str(asked["Message-ID"]), "<personal@town.example>"],
    )  # fmt: skip
    world.receive(mail, verdict=f"dmarc=pass header.from={sender.partition('@')[2]}")


@pytest.mark.parametrize(
    ("style", "to"),
    [("attribution", OFFICE), ("wrapped", OFFICE), ("block", OFFICE), ("none", f"{AGENT}, {OFFICE}")],
)
def test_her_reply_shows_an_answer_that_the_office_has_not_seen(world: World, style: str, to: str) -> None:
    asked = _asked(world)
    _replies(world, asked, style, to=to)
    (told,) = world.texts(AGENT, "unseen_answer")
    assert world.case()["number"] in told
    assert ANNA not in told
    assert world.case()["answered_at"] is None
    _replies(world, asked, style, to=to)
    assert len(world.texts(AGENT, "unseen_answer")) == 1


def test_a_reply_to_what_the_office_has_seen_tells_nobody(world: World) -> None:
    answer = world.agent_replies(_asked(world))
    text = f"I on el porto?\n\n{_quotes('attribution')}"
    world.citizen_asks(ANNA, "", text, answers=answer)
    assert not world.texts(AGENT, "unseen_answer")


def test_who_quotes_nobody_of_the_house_causes_no_notice(world: World) -> None:
    asked = _asked(world)
    text = f"I on el porto?\n\n{_quotes('attribution', f'Pere <{PERE}>')}"
    mail = world.message(ANNA, "", text, refs=[str(asked["Message-ID"]), "<x@example.net>"])
    world.receive(mail, verdict="dmarc=pass header.from=example.org")
    assert not world.texts(AGENT, "unseen_answer")


def test_of_many_agents_whom_she_wrote_to_the_first_three_are_told(town: Callable[..., World]) -> None:
    desk = [f"agent{number}@town.example" for number in range(5)]
    world = town(people={"agents": desk})
    asked = _asked(world)
    _replies(world, asked, "none", to=", ".join((*desk, OFFICE)))
    assert [mail["recipient"] for mail in world.mails("unseen_answer")] == desk[:3]
    assert [len(world.received(agent)) for agent in desk] == [1, 1, 1, 0, 0]


# --- an answer from the office's own address whose copy is in no folder that is watched -------------------


def _quotes_the_office(world: World, *refs: str, subject: str = "Re: Signar") -> None:
    mail = world.message(ANNA, subject, f"I on el porto?\n\n{_quotes('attribution', f'OAC 360 <{OFFICE}>')}", refs=refs)
    world.receive(mail, verdict="dmarc=pass header.from=example.org")


def test_a_reply_that_quotes_an_answer_of_ours_in_no_watched_folder_is_counted_and_named(
    town: Callable[..., World],
) -> None:
    world = town(digest={"to": [AGENT]})
    asked = _asked(world)
    _quotes_the_office(world, str(asked["Message-ID"]), "<sent-elsewhere@town.example>")
    case = world.case()
    assert len(world.events("answer-unseen")) == 1
    (found,) = [
        found for found in health(world.config, world.clock.now())["problems"] if found["code"] == "answers-unseen"
    ]
    assert found["severity"] == "warning"
    assert found["text"].startswith(f"1 ({case['number']}): ")
    world.live("2026-11-26 08:30", minutes=30)
    short = case["number"].rpartition("-")[2].lstrip("0")
    assert (
        f"Respostes nostres que no hem vist, citades en una rèplica: 1 ({short})." in world.texts(AGENT, "digest")[-1]
    )
    assert case["answered_at"] is None
    world.live("2026-11-30 08:30", minutes=30)
    assert "que no hem vist" not in world.texts(AGENT, "digest")[-1]
    assert "answers-unseen" not in {found["code"] for found in health(world.config, world.clock.now())["problems"]}


def test_each_answer_that_we_have_not_seen_stands_in_one_summary_and_in_no_other(town: Callable[..., World]) -> None:
    world = town(digest={"to": [AGENT]})
    asked = _asked(world)
    world.live("2026-11-26 07:30", minutes=30)
    _quotes_the_office(world, str(asked["Message-ID"]), "<sent-elsewhere@town.example>")
    world.live("2026-11-28 08:30", minutes=30)
    assert ["que no hem vist" in text for text in world.texts(AGENT, "digest")] == [False, True, False]


def test_an_answer_not_seen_is_told_though_the_summary_of_a_day_did_not_leave(town: Callable[..., World]) -> None:
    world = town(digest={"to": [AGENT]})
    asked = _asked(world)
    rule = world.relay.when(refused(550, "5.1.1"), kind="digest")
    world.live("2026-11-26 07:00", minutes=30)
    _quotes_the_office(world, str(asked["Message-ID"]), "<sent-elsewhere@town.example>")
    world.live("2026-11-27 07:30", minutes=30)
    world.relay.remove(rule)
    world.live("2026-11-27 08:30", minutes=30)
    assert ["que no hem vist" in text for text in world.texts(AGENT, "digest")] == [False, True]


def test_a_reply_to_our_acknowledgement_or_answer_names_no_unseen_answer(world: World) -> None:
    asked = _asked(world)
    ack = world.received(ANNA)[0]
    _quotes_the_office(world, str(asked["Message-ID"]), str(ack["Message-ID"]))
    answer = world.agent_replies(asked)
    _quotes_the_office(world, str(asked["Message-ID"]), str(answer["Message-ID"]))
    assert world.events("answer-unseen") == []


@pytest.mark.parametrize("sender", [ANNA, PERE])
def test_a_reply_to_somebody_who_had_quoted_the_office_names_no_unseen_answer(world: World, sender: str) -> None:
    _asked(world)
    ours = world.received(ANNA, "ack")[0]
    between = world.message(PERE, "Re: Signar", "Truca'ls.", to=ANNA, answers=ours)
    text = (
        f"Encara no em va, què faig?\n\nEl dc., 25 nov. 2026 a les 9:10, Pere <{PERE}> va escriure:\n> Truca'ls.\n>\n"
        f"> El dc., 25 nov. 2026 a les 9:00, OAC 360 <{OFFICE}> va escriure:\n>> Hem rebut el vostre missatge.\n"
    )
    world.citizen_asks(sender, f"Re: {ours['Subject']}", text, answers=between)
    assert len(world.case()["messages"]) == 2
    assert world.events("answer-unseen") == []


def test_a_reply_to_a_mail_from_before_the_desk_began_names_no_unseen_answer(world: World) -> None:
    _quotes_the_office(world, "<years-ago@town.example>")
    assert world.events("answer-unseen") == []


# A mail to the person that says nothing meets no deadline, and the desk hears it; a word or a file makes an answer.

QUOTE = "\n\nEl 25/11/2026 9:00, Anna va escriure:\n> Bon dia, com puc signar\n> la instància amb l'idCAT?"


def _sent(world: World, mail: EmailMessage) -> None:
    world.mailbox.append("Sent", as_bytes(mail), world.clock.now())
    world.turn()


def _told(world: World) -> list[str]:
    return [told for told in transcripts(world, AGENT) if "no porta cap text vostre ni cap fitxer" in told]


@pytest.mark.parametrize(
    "text", ["", " \n\n", QUOTE, "\n-- \nMarta Soler\nOAC 360\n" + QUOTE, "Enviat des del meu iPhone\n" + QUOTE]
)
def test_a_mail_without_a_word_of_its_own_is_no_answer(world: World, text: str) -> None:
    world.agent_replies(_asked(world), text)
    world.turn()
    case = world.case()
    assert (case["status"], case["answered_at"]) == ("open", None)
    assert len(_told(world)) == 1
    world.live("2026-11-27 09:00")
    assert world.case()["overdue"]


@pytest.mark.parametrize("program", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("text", ["", "Sí."])
def test_so_it_is_in_the_html_of_ordinary_clients(world: World, program: MailProgram, text: str) -> None:
    _sent(world, program.reply(OFFICE, ANNA, _asked(world), text))
    assert world.case()["status"] == ("answered" if text else "open")
    assert len(_told(world)) == (0 if text else 1)


def test_the_agent_who_wrote_it_with_the_office_in_copy_hears_it(world: World) -> None:
    world.staff_says(AGENT, "", QUOTE, to=f"{ANNA}, {OFFICE}", answers=_asked(world))
    assert world.case()["status"] == "open"
    assert len(_told(world)) == 1


@pytest.mark.parametrize("text", ["", "-- \nMarta Soler\n"])
def test_a_file_alone_is_an_answer(world: World, text: str) -> None:
    mail = world.message(OFFICE, "", text, to=ANNA, answers=_asked(world))
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="volant.pdf")
    _sent(world, mail)
    assert world.case()["status"] == "answered"
    assert not _told(world)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", '<img src="data:image/png;base64,iVBORw0KGgo=">'),
        ("", '<img src="https://town.example/pas1.png">'),
        ("Ja està fet.", ""),
    ],
)
def test_an_image_in_the_html_or_a_text_beside_an_empty_page_is_an_answer(world: World, text: str, html: str) -> None:
    mail = world.message(OFFICE, "", text, to=ANNA, answers=_asked(world))
    mail.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
    _sent(world, mail)
    assert world.case()["status"] == "answered"
    assert not _told(world)


@pytest.mark.parametrize(
    ("text", "subject"), [(f"{QUOTE}\n\nAmb l'idCAT Mòbil.", ""), (QUOTE.replace("Anna", "Tècnics"), "RV: Signatura")]
)
def test_words_below_the_quote_and_a_forward_of_others_words_are_an_answer(
    world: World, text: str, subject: str
) -> None:
    _sent(world, world.message(OFFICE, subject, text, to=ANNA, answers=_asked(world)))
    assert world.case()["status"] == "answered"
    assert not _told(world)


def test_an_empty_new_mail_to_a_person_with_several_cases_asks_for_none(world: World) -> None:
    for subject in ("Padró", "Beca menjador"):
        world.citizen_asks(ANNA, subject=subject, text=f"Com demano això: {subject}?")
    _sent(world, world.message(OFFICE, "", "", to=ANNA))
    assert len(_told(world)) == 1
    assert "which_case" not in world.kinds(AGENT)


@pytest.mark.parametrize("program", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    "text",
    ["#meu", "#resolt", "#nota Trucar-la dilluns.\n\n#meu" + QUOTE, "#meu\n\n-- \nMarta Soler\nOAC 360\n" + QUOTE],
)
def test_orders_alone_in_a_mail_to_the_person_are_no_answer(world: World, program: MailProgram, text: str) -> None:
    _sent(world, program.reply(OFFICE, ANNA, _asked(world), text))
    world.turn()
    case = world.case()
    assert (case["status"], case["answered_at"], case["assignee"]) == ("open", None, None)
    (told,) = transcripts(world, AGENT)
    assert "No consta com a resposta: escriviu-li." in told


@pytest.mark.parametrize("text", ["#meu\n\nSí, amb l'idCAT.", "Sí.\n#meu", "#1 de la cua sou vós.", "Resolt."])
def test_words_beside_orders_are_an_answer(world: World, text: str) -> None:
    world.agent_replies(_asked(world), text)
    assert world.case()["status"] == "answered"
    assert not _told(world)


def test_orders_below_the_quote_alone_are_no_answer_and_the_agents_hear_it(world: World) -> None:
    world.agent_replies(_asked(world), QUOTE.strip() + "\n\n#meu")
    assert world.case()["status"] == "open"
    (told,) = transcripts(world, AGENT)
    assert "ha rebut el text «#meu». No consta com a resposta" in told


def test_an_order_beside_a_file_is_an_answer_and_nobody_hears_that_it_is_none(world: World) -> None:
    mail = world.message(OFFICE, "", "#meu", to=ANNA, answers=_asked(world))
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="model.pdf")
    _sent(world, mail)
    assert world.case()["status"] == "answered"
    (said,) = transcripts(world, AGENT)
    assert "La persona ha rebut el text «#meu».\n" in said
    assert not _told(world)


# The person in Bcc: the client keeps the field in its copy in Sent, so that the answer is seen. In mail that arrives
# it proves nothing.


@pytest.mark.parametrize("subject", ["", "La vostra pregunta"])
@pytest.mark.parametrize("to", [OFFICE, "undisclosed-recipients:;", AGENT, "urbanisme@town.example"])
def test_an_answer_with_the_person_in_blind_copy_alone_is_an_answer(world: World, to: str, subject: str) -> None:
    """As a reply (an empty subject), and as a new mail."""
    asked = world.citizen_asks(ANNA)
    answers = None if subject else asked
    mail = world.message(OFFICE, subject, "Ja està fet.", to=to, answers=answers)
    mail["Bcc"] = f"Anna Puig <{ANNA}>"
    world.see_in_sent(mail)
    assert world.case()["status"] == "answered"
    assert world.kinds(AGENT) == []


def test_its_copy_in_the_inbox_which_has_no_such_field_takes_nothing_from_it(world: World) -> None:
    """The office writes to itself and to her; the copy in INBOX is read in a pass of its own, before that in Sent."""
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "Ja està fet.", to=OFFICE, answers=asked)
    world.receive(mail)
    mail["Bcc"] = ANNA
    world.see_in_sent(mail)
    assert world.case()["status"] == "answered"
    assert world.reviews() == []


@pytest.mark.parametrize("verdict", [PASS, ""])
def test_in_mail_that_arrives_the_field_proves_nothing(world: World, verdict: str) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(AGENT, "", "Ja està fet.", to=OFFICE, answers=asked)
    mail["Bcc"] = ANNA
    world.receive(mail, verdict=verdict)
    assert world.case()["status"] == "open"


def test_an_answer_to_somebody_else_in_blind_copy_is_none(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "Ja està fet.", to=OFFICE, answers=asked)
    mail["Bcc"] = PERE
    world.see_in_sent(mail)
    assert world.case()["status"] == "open"


def test_an_order_on_top_of_a_mail_that_she_gets_in_blind_copy_is_not_done(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(OFFICE, "", "#nivell2 no signa\n\nBon dia.", to=OFFICE, answers=asked)
    mail["Bcc"] = ANNA
    world.see_in_sent(mail)
    assert world.case()["status"] == "answered"
    assert "no fet" in transcripts(world, AGENT)[0]


@pytest.mark.parametrize("text", ["1 trucat", "#nota parlat amb el gestor\n\n> Bon dia"])
def test_a_blind_copy_to_a_colleague_takes_nothing_from_an_order_of_the_mailbox_to_itself(
    world: World, text: str
) -> None:
    """Some clients send one of every mail to a colleague, or to its writer."""
    asked = world.citizen_asks(ANNA)
    answers = None if text.startswith("1") else asked
    mail = world.message(OFFICE, "Nota", text, to=OFFICE, answers=answers)
    mail["Bcc"] = AGENT
    world.see_in_sent(mail)
    (told,) = transcripts(world, AGENT)
    assert "| fet" in told


@pytest.mark.parametrize("blind", [AGENT, "arxiu@town.example"])
def test_a_blind_copy_does_not_keep_an_answer_from_the_person(world: World, blind: str) -> None:
    to = relayed_answers.address(relayed_answers.notice(world))
    mail = world.message(OFFICE, "Resposta", relayed_answers.TEXT, to=to)
    mail["Bcc"] = blind
    world.see_in_sent(mail)
    assert len(relayed_answers.relayed(world)) == 1
    assert "not_relayed" not in world.kinds(AGENT)
