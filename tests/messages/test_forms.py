"""Web forms with a sender that is not configured: the person is never lost, the machine never answered."""

from collections.abc import Callable

import pytest

from oacmail.core.effects import Arrived
from oacmail.core.model import Folder
from oacmail.mail.parse import parse
from testbed.messages import as_bytes
from tests.world import ANNA, World

TOWN = Callable[..., World]
FORM = "no-reply@castellbisbal.example"
FILLED = (
    "Nom: Anna Puig\nCorreu electrònic: Anna@example.org\nTelèfon: 612 345 678\n\n"
    "Missatge: el formulari d'empadronament em surt en blanc.\n"
)


def _sent(world: World, subject: str, text: str, *, sender: str = FORM, **headers: str) -> bytes:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    mail = world.citizen_asks(sender, subject, text, headers=fields)
    return as_bytes(mail)


@pytest.mark.parametrize(
    ("subject", "text", "headers"),
    [
        ("[Web] Nova consulta", FILLED, {}),
        ("[Web] Nova consulta", FILLED, {"Auto_Submitted": "auto-generated", "Precedence": "bulk"}),
        ("Contacto", "Nombre y apellidos: Anna Puig\nTel.: 612 345 678\nConsulta: no puedo firmar", {}),
        ("[Web] Consulta", "Name: Anna Puig\n\nI cannot sign the form.", {"Reply_To": "Anna <anna@example.org>"}),
    ],
)
def test_a_form_of_an_unknown_sender_is_a_request_and_its_machine_gets_nothing(
    world: World, subject: str, text: str, headers: dict[str, str]
) -> None:
    _sent(world, subject, text, **headers)
    assert world.case()["citizen"] == ("" if "anna@" not in text.lower() + str(headers) else ANNA)
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00"
    assert world.reviews() == [f"form-sender-not-configured: {FORM}"]
    assert world.mails() == []


def test_the_answer_to_the_person_behind_the_form_counts(world: World) -> None:
    _sent(world, "[Web] Nova consulta", FILLED)
    form = world.message(ANNA, "[Web] Nova consulta", "")
    form.replace_header("Message-ID", world.case()["messages"][0]["message_id"])
    world.agent_replies(form)
    assert world.case()["status"] == "answered"


def test_what_may_be_a_form_waits_for_a_person_and_a_case_of_it_writes_to_nobody(world: World) -> None:
    raw = _sent(world, "[Web] Consulta", "Referència 2211, butlletí mensual.", Reply_To="info@puig.example")
    assert world.reviews() == [f"looks-like-a-form: {FORM}"]
    assert world.cases() == []

    arrived = Arrived(message=parse(raw), received_at=world.clock.now(), folder=Folder.INTAKE, forced=True)
    world.engine.perform(arrived, raw=raw)
    world.turn()
    assert world.case()["citizen"] == "info@puig.example"
    assert world.mails() == []


@pytest.mark.parametrize(
    ("sender", "text", "headers"),
    [
        (
            "requests@forgetme.example",
            "Delete what you hold on me.",
            {"Reply_To": ANNA, "Auto_Submitted": "auto-generated"},
        ),
        (
            "voicemail@pbx.example",
            "Caller: 655018273\nLength: 00:57\n--- transcript ---\nbuenos días a ver es que no me deja entrar en la "
            "sede con el certificado sale una pantalla blanca me llaman por favor gracias\n--- end of transcript ---",
            {"Auto_Submitted": "auto-generated", "Precedence": "bulk"},
        ),
        (
            "gateway@chat2mail.example",
            "[chat2mail] Xat reenviat\n[11:02] Lurdes: hola\n[11:03] Lurdes: m'ha arribat que tinc una notificació de "
            "l'ajuntament, l'obro des d'on? em demana contrasenya i no en tinc cap",
            {"List_Unsubscribe": "<https://chat2mail.example/baixa>", "Precedence": "bulk"},
        ),
        (
            "noreply@merceria.example",
            "Hola, ya sé que pone noreply, leo yo. Pago la tasa de la terraza en vuestra web y me da error después de "
            "poner el código. ¿Está pagada o no?",
            {},
        ),
        (
            "assistent@despatx.example",
            "El Sr. Guarner és fora fins al 22.\nSoc la seva assistent. Ha vist l'avís d'una notificació electrònica i "
            "no la pot obrir des d'allà. La puc obrir jo amb el meu certificat si m'apodera?",
            {"Auto_Submitted": "auto-replied"},
        ),
    ],
    ids=["a service for its user", "a voice message", "a chat", "a person at no-reply", "under an automatic answer"],
)
def test_a_person_who_writes_through_a_machine_has_a_case_and_the_machine_gets_nothing(
    world: World, sender: str, text: str, headers: dict[str, str]
) -> None:
    _sent(world, "Missatge", text, sender=sender, **headers)
    rights = world.case()["intent"] == "data_rights"
    assert world.case()["due_at"] == ("2026-12-25T20:00:00+01:00" if rights else "2026-11-26T20:00:00+01:00")
    assert world.reviews() == [f"form-sender-not-configured: {sender}"]
    assert sender not in {mail["recipient"] for mail in world.mails()}


def test_what_a_ticket_system_says_of_a_case_opens_no_other(world: World) -> None:
    """Its update repeats the citizen's words, under the number of the case and without References."""
    world.citizen_asks(ANNA)
    (ack,) = world.received(ANNA)
    text = "Nou comentari: bon dia, no puc signar la instància, la pàgina em surt en blanc. Què he de fer?"
    _sent(world, str(ack["Subject"]), text, sender="tickets@suport.example", Auto_Submitted="auto-generated")
    assert len(world.cases()) == 1


def test_a_case_made_by_hand_of_a_machines_message_writes_to_no_no_reply_address(world: World) -> None:
    raw = _sent(world, "La vostra factura", "Ja podeu consultar la factura.")
    assert world.cases() == []

    arrived = Arrived(message=parse(raw), received_at=world.clock.now(), folder=Folder.INTAKE, forced=True)
    world.engine.perform(arrived, raw=raw)
    world.turn()
    assert world.mails() == []


@pytest.mark.parametrize(
    ("subject", "text", "headers"),
    [
        ("Butlletí", FILLED, {"List_Id": "<veins.example.org>"}),
        ("Fora de l'oficina", "Nom: Anna\nTelèfon: 612 345 678", {"Auto_Submitted": "auto-replied"}),
        ("Re: Formulari", FILLED, {"In_Reply_To": "<1@office.example>", "Auto_Submitted": "auto-generated"}),
        ("La vostra factura", "Telèfon d'atenció: 900 100 200", {"Reply_To": "info@botiga.example"}),
        ("Incidència planificada", "Dissabte de 22:00 a 02:00 s'actualitzarà el registre.", {"Precedence": "bulk"}),
    ],
)
def test_lists_replies_and_notices_are_no_forms(world: World, subject: str, text: str, headers: dict[str, str]) -> None:
    _sent(world, subject, text, **headers)
    assert (world.cases(), world.reviews(), world.mails()) == ([], [], [])


def test_a_form_joins_no_case_of_the_person_whom_it_names(world: World) -> None:
    world.citizen_asks(ANNA, "Nova consulta")
    _sent(world, "Nova consulta", FILLED)
    assert len(world.cases()) == 2
