"""The story of the demo: who writes to a town hall in a day, and the expected outcome.

To let one more of the people write, add a row. An act begins when oacmail has finished everything before it.
"""

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from testbed.people import AGENT, CITIZENS, OFFICE, PAU, TECHNICAL, Resident

How = Literal[
    "answer",  # an agent, from the shared mailbox: SMTP, and a copy in Sent
    "answer in copy",  # an agent, from a personal address, with the office in Cc
    "call",  # an agent logs a telephone call: a line of a reply to the digest
    "a person",  # an agent says that what was set aside is a person's: in a reply to the digest, or to its notice
    "telephone",  # somebody who has not written calls; an agent notes it in a mail
    "order",  # an agent derives the case: a reply to its notice
    "press",  # the same by the button of the notice
    "drag",  # the same by moving the message into a folder of the board
    "order to the person",  # an agent writes an order on the citizen's own message, which goes to the citizen
    "services_reply",  # the technical services reply to the derivation
    "reply to the acknowledgement",
    "reply to the answer",
    "thanks",  # a reply to the answer that asks nothing
    "resend",  # the first message again, as impatient clients do
    "out of office",  # an automatic reply of the citizen answers the acknowledgement
    "read receipt",  # the citizen's client confirms that the answer was opened
    "bounce",  # the citizen's server could not deliver the answer
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCase:
    """The expected case of a citizen at the end. None = any value.

    `acks`: number of acknowledgements to the citizen; `languages`: of the first one; `messages`: on the case, from
    everybody.
    """

    languages: str
    status: str = "open"
    acks: int = 1
    messages: int = 1
    topic: str | None = None
    level: str | None = None
    intent: str | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class DemoCitizen:
    """A citizen who writes one message. `days_ago`: it arrived that long before oacmail starts. `aside`: it is set
    aside until an agent brings it in, as thanks that came just before oacmail starts, or by the filter of junk mail.
    `term`: how the office says when the citizen's own term ends, if that is today."""

    who: Resident
    subject: str
    text: str
    expected: ExpectedCase
    attachment: str = ""
    days_ago: int = 0
    aside: Literal["", "thanks", "junk"] = ""
    term: str = ""

    @property
    def name(self) -> str:
        return self.who.name

    @property
    def address(self) -> str:
        return self.who.address


@dataclass(frozen=True, slots=True)
class UnwantedSender:
    """A sender who must get no mail. `sender`: the From field; `expected_kind`: the kind or the reason for review."""

    name: str
    sender: str
    subject: str
    text: str
    expected_kind: str
    headers: tuple[tuple[str, str], ...] = field(default=())
    dmarc: str = "pass"


@dataclass(frozen=True, slots=True)
class StaffAction:
    """An action on the case of the citizen named `about`. `expected_kind`: of a mail that must get no answer, as
    for an UnwantedSender."""

    who: str
    how: How
    about: str
    text: str = ""
    expected_kind: str = ""


OFFICE_NAME = "Oficina Digital"
CALLER = "Dolors Vidal"
NO_ANSWER = "No consta com a resposta"
ZONE = ZoneInfo("Europe/Madrid")
_ALL = {citizen.name: citizen for citizen in CITIZENS}

WRITERS = (
    DemoCitizen(
        _ALL["Jordi Camps"],
        "No puc signar la instància",
        "Bon dia, fa dies que intento signar la instància genèrica amb l'idCAT i no me'n surto. Com ho faig?",
        days_ago=2,
        expected=ExpectedCase(languages="ca", overdue=True),
    ),
    DemoCitizen(
        _ALL["Lucía Navarro"],
        "Cita previa para el padrón",
        "Buenas tardes, ¿cómo pido cita previa por internet para empadronarme? Gracias.",
        days_ago=2,
        expected=ExpectedCase(languages="es", status="answered", messages=4),
    ),
    DemoCitizen(
        _ALL["Montserrat Vila"],
        "Instal·lar l'idCAT al Firefox",
        "Bona tarda, com puc instal·lar el certificat digital idCAT al Firefox per entrar a la seu electrònica?",
        expected=ExpectedCase(languages="ca", acks=2, messages=3, topic="certificate", level="first"),
    ),
    DemoCitizen(
        _ALL["Antonio Ruiz"],
        "Adjuntar documentos a la instancia",
        "Buenos días, ¿cómo puedo adjuntar dos documentos a la instancia genérica? Solo me deja subir uno.",
        expected=ExpectedCase(languages="es", status="answered", messages=2, topic="application", level="first"),
    ),
    DemoCitizen(
        _ALL["Emma Clarke"],
        "Proof of address",
        "Good morning, how can I get a proof of address from the municipal register online? Thank you, Emma",
        expected=ExpectedCase(languages="en", status="answered", messages=2, topic="folder"),
    ),
    DemoCitizen(
        _ALL["Jean Morel"],
        "Attestation de résidence",
        "Bonjour, je voudrais obtenir une attestation de résidence par internet. Comment dois-je faire ? Merci.",
        expected=ExpectedCase(languages="ca, en", topic="folder"),
    ),
    DemoCitizen(
        _ALL["Construccions Pla"],
        "Error 500 a l'oficina virtual",
        "Bon dia, des d'ahir l'oficina virtual dona error 500 en enviar l'oferta de la licitació, i a altres "
        "empreses també els passa. El termini s'acaba aviat. És un problema de la plataforma, ho podeu corregir?",
        expected=ExpectedCase(languages="ca", status="answered", messages=4, topic="procurement", level="second"),
    ),
    DemoCitizen(
        _ALL["Rosa Ferrer"],
        "El formulari de la subvenció suma malament",
        "Bona tarda, al formulari de justificació de la subvenció la suma no quadra: el document calcula malament "
        "l'IVA i és l'imprès del curs passat. Ho podeu corregir?",
        expected=ExpectedCase(languages="ca", status="derived", messages=3, topic="grant", level="second"),
    ),
    DemoCitizen(
        _ALL["Josep Roca"],
        "Truqueu-me, si us plau",
        "Bon dia, m'embolico amb la inscripció al casal. Truqueu-me al 600 000 000, millor al matí.",
        expected=ExpectedCase(languages="ca", status="answered", topic="enrolment", intent="callback"),
    ),
    DemoCitizen(
        _ALL["Carmen Ortega"],
        "Queja",
        "Quiero presentar una queja: llevo tres semanas esperando y nadie me dice nada. Es vergonzoso.",
        expected=ExpectedCase(languages="es", intent="complaint"),
    ),
    DemoCitizen(
        _ALL["Laia Soler"],
        "La impressora no va",
        "Hola, la impressora de casa no s'engega i l'ordinador em surt amb la pantalla blava. Què faig?",
        expected=ExpectedCase(languages="ca", status="answered", messages=2, level="out_of_scope"),
    ),
    DemoCitizen(
        _ALL["Nil Bosch"],
        "",
        "",
        attachment="captura de pantalla.png",
        expected=ExpectedCase(languages="ca, es"),
    ),
    DemoCitizen(
        _ALL["Pilar Gómez"],
        "",
        "Buenas, no encuentro dónde se paga el recibo del IBI por internet, ¿me lo pueden decir?",
        expected=ExpectedCase(languages="es", status="derived"),
    ),
    DemoCitizen(
        _ALL["Marc Serra"],
        "Notificació de l'e-NOTUM",
        "Bon dia, he rebut un avís de l'e-NOTUM i no puc obrir la notificació. El termini acaba AVUI a les 23:59. "
        "Què he de fer?",
        term="a les 23.59 h",
        expected=ExpectedCase(languages="ca", messages=2, topic="notification"),
    ),
    DemoCitizen(
        _ALL["Fatima Alaoui"],
        "Inscripció a l'escola bressol",
        "Bon dia, vull fer la inscripció de la meva filla a l'escola bressol i no trobo el formulari. On és?",
        expected=ExpectedCase(languages="ca", messages=3, topic="enrolment"),
    ),
    DemoCitizen(
        _ALL["David Price"],
        "Paying the car tax",
        "Hello, can I pay the car tax online with a foreign card? I could not find the page. Thanks, David",
        expected=ExpectedCase(languages="en", acks=2, messages=3),
    ),
    DemoCitizen(
        _ALL["Teresa Puig"],
        "Beca de menjador",
        "Bon dia, com puc saber l'estat de la sol·licitud de la beca de menjador a la carpeta ciutadana?",
        expected=ExpectedCase(languages="ca", messages=3),
    ),
    DemoCitizen(
        _ALL["Omar Benali"],
        "Licencia de obras",
        "Buenos días, ¿qué documentos hacen falta para pedir por internet la licencia de obras menores?",
        expected=ExpectedCase(languages="es", topic="application"),
    ),
    DemoCitizen(
        _ALL["Núria Tort"],
        "Volant d'empadronament",
        "Hola, necessito un volant d'empadronament. El puc descarregar des de la carpeta ciutadana?",
        expected=ExpectedCase(languages="ca", status="answered", messages=2, topic="folder"),
    ),
    DemoCitizen(
        _ALL["Biel Coll"],
        "Suggeriment per a la web",
        "Bona tarda, us suggereixo que la seu electrònica recordi l'idioma. Seria molt útil. Salutacions, Biel",
        expected=ExpectedCase(languages="ca", intent="suggestion"),
    ),
    DemoCitizen(
        _ALL["Quim Rovira"],
        "Gràcies",
        "Moltes gràcies!",
        aside="thanks",
        expected=ExpectedCase(languages="ca"),
    ),
    DemoCitizen(
        _ALL["Aina Grau"],
        "Bonificació de l'IBI",
        "Bon dia, com demano la bonificació de l'IBI per família nombrosa a la seu electrònica?",
        aside="junk",
        expected=ExpectedCase(languages="ca", topic="payment"),
    ),
)

STRANGERS = (
    UnwantedSender(
        "Newsletter",
        "Fira Digital <noreply@fira.example>",
        "Novetats de la Fira Digital",
        "Aquesta setmana: tres conferències i un taller. Inscriviu-vos-hi ara.",
        headers=(("List-Unsubscribe", "<https://fira.example/baixa>"), ("Precedence", "bulk")),
        expected_kind="bulk",
    ),
    UnwantedSender(
        "Spam",
        "Best Price <sales@seo-top.example>",
        "First page of Google, 100 backlinks",
        "Dear sir, we bring your site to the first page of Google. SEO, free audit, pay in bitcoin.",
        expected_kind="suspected-spam",
    ),
    UnwantedSender(
        "Our address, forged",
        f"{OFFICE_NAME} <{OFFICE}>",
        "Urgent: contrasenya de la bústia",
        "La vostra bústia ha caducat. Responeu a aquest correu amb la contrasenya.",
        dmarc="fail",
        expected_kind="from-our-address-unsigned",
    ),
)

AT_THE_DESK = (
    StaffAction(AGENT, "press", "Construccions Pla"),
    StaffAction(PAU, "order", "Rosa Ferrer", "L'imprès penjat és el del curs passat"),
    StaffAction(AGENT, "drag", "Pilar Gómez"),
    StaffAction(PAU, "call", "Josep Roca"),
    StaffAction(PAU, "a person", "Quim Rovira"),
    StaffAction(AGENT, "a person", "Aina Grau"),
    StaffAction(PAU, "telephone", CALLER, "600111333: vol saber on es paga la taxa de la grua"),
    StaffAction(AGENT, "answer", "Lucía Navarro", "Puede pedirla en la sede, apartado Cita previa."),
    StaffAction(AGENT, "answer", "Montserrat Vila", "Aneu a Preferències, Certificats, Importa."),
    StaffAction(PAU, "answer in copy", "Antonio Ruiz", "Pulse «Añadir otro documento» bajo el primero."),
    StaffAction(AGENT, "answer", "Emma Clarke", "Open Resident folder, then Register, then Download."),
    StaffAction(AGENT, "answer", "Laia Soler", "No és un tràmit de la seu: us hi ajudarà un tècnic."),
    StaffAction(PAU, "answer in copy", "Núria Tort", "Sí: Carpeta ciutadana, Padró, Descarrega."),
    StaffAction(AGENT, "answer", "David Price", "Yes: Payments, Pay without certificate, any card."),
    StaffAction(AGENT, "answer", "Teresa Puig", "Ho trobareu a Carpeta ciutadana, Els meus tràmits."),
)

AFTERWARDS = (
    StaffAction("Read receipt", "read receipt", "Lucía Navarro", expected_kind="auto_reply"),
    StaffAction("Thanks", "thanks", "Lucía Navarro", "Muchas gracias, ya la tengo.", expected_kind="filed-thanks"),
    StaffAction("Out of office", "out of office", "Rosa Ferrer", expected_kind="auto_reply"),
    StaffAction("Delivery report", "bounce", "Teresa Puig", expected_kind="bounce"),
    StaffAction(
        "David Price",
        "reply to the answer",
        "David Price",
        "Thank you. The page says that my card was refused, though. Can I pay at a bank instead?",
    ),
    StaffAction(
        "Montserrat Vila", "reply to the answer", "Montserrat Vila", "Ja us ho vaig enviar ahir i no he rebut res."
    ),
    StaffAction(
        "Marc Serra",
        "reply to the acknowledgement",
        "Marc Serra",
        "M'he deixat de dir que ho faig amb un mòbil Android i que em demana un codi per SMS.",
    ),
    StaffAction("Fatima Alaoui", "resend", "Fatima Alaoui"),
    StaffAction(TECHNICAL, "services_reply", "Construccions Pla", "Ja està resolt: hem reiniciat el servidor."),
)

AT_THE_END = (
    StaffAction(AGENT, "answer", "Construccions Pla", "Ja funciona i el termini s'ha ampliat un dia."),
    StaffAction(AGENT, "order to the person", "Fatima Alaoui", "TANCA DUPLICAT"),
)

ACTS = (
    ("the desk answers", AT_THE_DESK),
    ("the answers meet the world", AFTERWARDS),
    ("a person learns that it is solved", AT_THE_END),
)
