"""What an agent quotes in a relayed answer: the notice and what is internal reach no citizen."""

from email.message import EmailMessage

import pytest

from tests.e2e.clients import CLIENTS
from tests.relayed import relayed_answers
from tests.world import AGENT, ANNA, OFFICE, PASS, PERE, SUPERVISOR, World, text_of

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
