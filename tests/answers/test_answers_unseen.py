"""What looks like an answer and is none: an out-of-office, and an answer that the office has never seen."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

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
