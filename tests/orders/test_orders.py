"""Orders: what an agent writes on top of a reply to a notice happens to the case, and a transcript comes back."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import pytest

from tests.world import AGENT, ANNA, OFFICE, OPERATOR, PASS, SUPERVISOR, World, text_of


def late_case(world: World) -> EmailMessage:
    """A case that is overdue; returns the notice that the supervisor has."""
    world.citizen_asks(ANNA)
    for moment in ("2026-11-26 16:00", "2026-11-27 08:00", "2026-11-27 09:00"):  # the reminder, the escalation, now
        world.turn_at(moment)
    (notice,) = world.received(SUPERVISOR, "overdue")
    return notice


def reply(
    world: World, notice: EmailMessage, text: str, *, sender: str = SUPERVISOR, verdict: str = PASS, **more: str
) -> EmailMessage:
    mail = world.message(sender, "", text, answers=notice)
    for name, value in more.items():
        del mail[name]
        mail[name] = value
    world.receive(mail, verdict=verdict)
    return mail


def transcripts(world: World, address: str = SUPERVISOR) -> list[str]:
    return world.texts(address, "transcript")


def quoted(notice: EmailMessage) -> str:
    lines = text_of(notice).splitlines()
    return "\n\nEl 27/11/2026, l'OAC 360 va escriure:\n" + "\n".join(f"> {line}" for line in lines)


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("#mine", "assignee", "cap"),
        ("Meva.", "assignee", "cap"),
        ("#assigna agent", "assignee", "agent"),
        ("#asigna AGENT@town.example", "assignee", "agent"),
        ("DERIVA: error 500 en signar", "status", "derived"),
        ("Deriveu-lo", "status", "derived"),
        ("#nivel2", "status", "derived"),
        ("TRUCAT", "status", "answered"),
        ("Llamado", "status", "answered"),
        ("#called", "status", "answered"),
        ("#nivell 2: error 500 al formulari", "status", "derived"),
        ("Tanca brossa", "status", "closed"),
        ("és brossa!", "status", "closed"),
        ("#spam", "status", "closed"),
        ("Trucat, tanca", "status", "closed"),
        ("#trucat\n#tanca", "status", "closed"),
        ("#tema padró", "topic", "folder"),
        ("#TEMA Subvencions", "topic", "grant"),
        ("CASTELLÀ", "language", "es"),
        ("#idioma castellà\n#assigna a l'agent", "language", "es"),
        ("#idioma en", "language", "en"),
    ],
)
def test_what_an_agent_writes_on_top_of_a_notice_happens_to_the_case(
    world: World, text: str, column: str, value: str
) -> None:
    notice = late_case(world)
    reply(world, notice, text + quoted(notice))
    assert world.case()[column] == value
    (transcript,) = transcripts(world)
    assert "| fet |" in transcript
    assert "no fet" not in transcript


@pytest.mark.parametrize("text", ["#called no answer", "TRUCAT, NO CONTESTA", "#trucat\nNo contesta", "#trucat ningú"])
def test_a_call_that_reached_nobody_or_that_nobody_understands_meets_no_deadline(world: World, text: str) -> None:
    notice = late_case(world)
    reply(world, notice, text + quoted(notice))
    assert (world.case()["status"], world.case()["answered_at"]) == ("open", None)
    (transcript,) = transcripts(world)
    assert ("escriviu-hi «no contesta»" in transcript) == ("ningú" in text)


def test_a_call_in_vain_after_one_that_reached_the_person_says_that_the_case_stays_answered(world: World) -> None:
    notice = late_case(world)
    said = "El cas continua respost: si ningú no hi ha parlat, escriviu REOBRE"
    for text, status in (("NO CONTESTA", "open"), ("TRUCAT", "answered"), ("NO CONTESTA", "answered")):
        world.clock.forward(minutes=5)
        reply(world, notice, text)
        assert world.case()["status"] == status
    assert [said in told for told in transcripts(world)] == [False, False, True]


def test_a_note_is_on_the_case_and_in_no_mail_to_anybody(world: World) -> None:
    notice = late_case(world)
    before = len(world.received(ANNA))
    reply(world, notice, "#nota Ve cada setmana, cal paciència." + quoted(notice))
    (note,) = world.notes()
    assert "cal paciència" in note
    assert len(world.received(ANNA)) == before
    assert not [mail for mails in world.relay.inboxes.values() for mail in mails if "paciència" in mail.as_string()]


def test_each_order_is_done_or_refused_by_itself_and_the_transcript_says_why(world: World) -> None:
    notice = late_case(world)
    reply(world, notice, "#mine\n#tanca\n#assigna ningu\n#volar\n#tema certificat\n\nGràcies" + quoted(notice))
    case = world.case()
    assert (case["assignee"], case["status"], case["topic"]) == ("cap", "open", "certificate")
    (transcript,) = transcripts(world)
    assert "encara espera resposta" in transcript
    assert "cap agent amb aquest nom" in transcript
    assert "volar" in transcript
    assert transcript.count("no fet") == 3


def test_an_order_below_the_quote_is_not_done_and_its_writer_is_told_each_time(world: World) -> None:
    notice = late_case(world)
    for order in ("TANCA BROSSA", "#nota Ve cada setmana"):
        reply(world, notice, f"{quoted(notice).strip()}\n\n{order}\n\nEnviat des del meu iPhone")
    assert (world.case()["status"], world.notes()) == ("open", [])
    first, second = transcripts(world)
    assert "| tancar-lo com a brossa | no fet: és sota el text citat: escriviu-lo a dalt de tot |" in first
    assert "| desar la nota | no fet: és sota el text citat" in second


def test_a_topic_that_does_not_exist_is_answered_with_those_that_do(world: World) -> None:
    notice = late_case(world)
    reply(world, notice, "#tema horts urbans" + quoted(notice))
    (transcript,) = transcripts(world)
    assert "no fet: els temes són: certificat, instància," in transcript


def test_text_without_an_order_reaches_nobody_and_its_writer_is_told_each_time(world: World) -> None:
    notice = late_case(world)
    before = len(world.received(ANNA))
    for text in ("Bon dia, heu de portar el DNI.", "Bon dia, i també el padró."):
        reply(world, notice, text + quoted(notice))
    told = transcripts(world)
    assert ["no s'ha enviat a la persona" in transcript for transcript in told] == [True, True]
    assert len(world.received(ANNA)) == before
    assert world.case()["answered_at"] is None


@pytest.mark.parametrize(("words", "status"), [("\n\nJa ho tenim.", "answered"), ("", "open")])
def test_an_order_in_a_mail_that_also_goes_to_the_citizen_is_none(world: World, words: str, status: str) -> None:
    notice = late_case(world)
    reply(world, notice, "#tanca brossa" + words + quoted(notice), To=f"{OFFICE}, {ANNA}")
    assert not world.events("ordered")
    assert world.case()["status"] == status


def test_an_order_to_a_plus_address_of_the_office_is_one(world: World) -> None:
    notice = late_case(world)
    reply(world, notice, "#meu" + quoted(notice), To=OFFICE.replace("@", "+cas@"))
    assert world.case()["assignee"] == "cap"


def test_a_signed_order_that_is_sent_again_days_later_orders_nothing(world: World) -> None:
    notice = late_case(world)
    old = format_datetime(world.clock.true() - timedelta(days=2))
    reply(world, notice, "#tanca brossa" + quoted(notice), Date=old)
    assert world.case()["status"] == "open"
    (transcript,) = transcripts(world)
    assert "més d'un dia" in transcript


def test_the_same_order_delivered_twice_is_done_once(world: World) -> None:
    notice = late_case(world)
    world.receive(reply(world, notice, "TRUCAT" + quoted(notice)), verdict=PASS)
    assert len(world.events("ordered")) == 1
    assert len(transcripts(world)) == 1


def test_help_sends_the_list_of_orders(world: World) -> None:
    notice = late_case(world)
    reply(world, notice, "#ajuda" + quoted(notice))
    (transcript,) = transcripts(world)
    assert "TRUCAT" in transcript
    assert world.case()["status"] == "open"
    assert world.received(OPERATOR) == []
    assert world.received(AGENT)


CLIENTS = {
    "Outlook": (
        '<html><body><div class="WordSection1"><p class="MsoNormal">#meu<o:p></o:p></p>'
        '<p class="MsoNormal">{order}<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
        '<p class="MsoNormal">Marta Soler<br>OAC 360</p><div style="border:none;border-top:solid #E1E1E1 1.0pt">'
        '<p class="MsoNormal"><b>De:</b> OAC 360 &lt;oac360@castellbisbal.example&gt;<br>'
        "<b>Enviat:</b> divendres, 27 de novembre de 2026 9:00<br><b>Assumpte:</b> VENÇUT<o:p></o:p></p></div>"
        "<p>TANCA BROSSA</p></div></body></html>"
    ),
    "Gmail": (
        '<div dir="ltr"><div>#meu</div><div>{order}</div></div><br>'
        '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        "Missatge de OAC 360 del dia dv., 27 de nov. 2026 a les 9:00:<br></div><blockquote class="
        '"gmail_quote">TANCA BROSSA<br></blockquote></div>'
    ),
    "Apple Mail": (
        '<html><body style="overflow-wrap: break-word;">#meu<div>{order}'
        '<br id="lineBreakAtBeginningOfMessage"><div><br>'
        '<blockquote type="cite"><div>El 27 nov 2026, a les 9:00, OAC 360 va escriure:</div><br><div>TANCA BROSSA</div>'
        "</blockquote></div></div></body></html>"
    ),
    "Thunderbird": (
        "<html><body><p>#meu<br>{order}</p>"
        "<div class='moz-cite-prefix'>El 27/11/26 a les 9:00, OAC 360 ha escrit:<br></div>"
        "<blockquote type='cite'>TANCA BROSSA</blockquote></body></html>"
    ),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("alone", [True, False])
def test_orders_are_read_from_the_html_of_ordinary_clients(world: World, client: str, alone: bool) -> None:
    """`alone`: HTML without a text part."""
    notice = late_case(world)
    html = CLIENTS[client].format(order="TRUCAT")
    mail = world.message(SUPERVISOR, "", "#meu\nTRUCAT\n", answers=notice)
    if alone:
        mail.set_content(html, subtype="html")
    else:
        mail.add_alternative(html, subtype="html")
    world.receive(mail, verdict=PASS)
    case = world.case()
    assert (case["assignee"], case["status"]) == ("cap", "answered")
    assert "no fet" not in transcripts(world)[0]


def test_where_nobody_can_be_proven_an_order_is_refused_in_words_once_a_day(town: Callable[..., World]) -> None:
    """Notices name the orders; without `trust.provider` none counts."""
    world = town(trust={"provider": "none"})
    notice = late_case(world)
    for _ in range(2):
        reply(world, notice, "TRUCAT")
    assert (world.case()["status"], world.kinds(SUPERVISOR).count("remark")) == ("open", 1)


# Orders for the office alone, without a notice: on top of the person's own message, or of no case.


@pytest.mark.parametrize("subject", ["Re: No puc signar la instància", "RV: No puc signar la instància"])
def test_an_order_on_top_of_the_persons_own_message_is_carried_out(world: World, subject: str) -> None:
    asked = world.citizen_asks(ANNA)
    text = "TRUCAT\n\nDe: Anna <anna@example.org>\nAssumpte: No puc signar la instància\n\nBon dia, com puc signar?"
    world.staff_says(AGENT, subject, text, answers=asked)
    assert world.case()["status"] == "answered"
    assert "| OAC-2026-000001 | anotar la trucada | fet |" in world.texts(AGENT, "transcript")[0]


def test_an_order_about_no_case_is_refused_and_its_writer_hears_it(world: World) -> None:
    world.citizen_asks(ANNA)
    world.staff_says(AGENT, "Cas 99", "TRUCAT")
    assert world.case()["status"] == "open"
    assert "no fet: no se sap de quin cas parla" in world.texts(AGENT, "transcript")[0]
    assert not world.reviews()


def test_an_order_for_a_colleague_with_the_office_in_copy_is_the_colleagues(world: World) -> None:
    asked = world.citizen_asks(ANNA)
    mail = world.message(AGENT, "", "Tanca", to="cap@town.example", answers=asked)
    mail["Cc"] = OFFICE
    world.receive(mail, verdict=PASS)
    assert world.case()["status"] == "open"
    assert not world.texts(AGENT, "transcript")
