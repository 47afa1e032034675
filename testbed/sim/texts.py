"""What the people of the simulated town write, in the three languages of the office."""

from collections.abc import Mapping
from datetime import time

from testbed.people import REGULARS, Language

Questions = Mapping[Language, tuple[tuple[str, str], ...]]
Choice = Mapping[Language, tuple[str, ...]]

# Subject and text of a question; the number {n} makes each one unique.
QUESTIONS: Questions = {
    "ca": (
        ("Instància {n}", "Bon dia, com puc signar la instància número {n} amb l'idCAT? No me'n surto."),
        ("Padró, full {n}", "Necessito un volant d'empadronament, full {n}. Com el puc demanar per internet?"),
        ("Beca menjador {n}", "Bona tarda, on es demana la beca menjador per al curs? L'expedient és el {n}."),
        ("Rebut {n} de l'IBI", "Bon dia, no trobo com pagar el rebut {n} de l'IBI a la seu electrònica. M'ajudeu?"),
        ("Notificació {n}", "He rebut un avís de l'e-NOTUM amb el número {n} i no puc obrir-lo. Què he de fer?"),
    ),
    "es": (
        ("Instancia {n}", "Buenos días, ¿cómo puedo firmar la instancia número {n} con el certificado?"),
        (
            "Padrón {n}",
            "Necesito un certificado de empadronamiento para el expediente {n}. ¿Cómo lo pido por internet?",
        ),
        (
            "Licitación {n}",
            "Buenas tardes, no consigo enviar el sobre digital de la licitación {n}. ¿Me pueden ayudar?",
        ),
        ("Recibo {n}", "Hola, ¿dónde se paga el recibo {n} de la tasa de basuras? La web da un error."),
    ),
    "en": (
        ("Application {n}", "Good morning, how can I sign the application number {n} with my certificate?"),
        ("Registration {n}", "Hello, I have moved here and need to register. My file is {n}. How do I do it online?"),
        ("Invoice {n}", "Good afternoon, where can I pay the invoice {n}? The website does not let me in."),
    ),
}
# A failing platform or form: clearly second level.
PLATFORM_FAULTS: Questions = {
    "ca": (
        ("Error 500, tràmit {n}", "Des d'ahir la seu electrònica dona error 500 en enviar el tràmit {n}, a tothom."),
        (
            "Formulari {n}",
            "Al formulari de justificació de la subvenció {n} la suma no quadra: és l'imprès del curs passat.",
        ),
    ),
    "es": (
        ("Error 503, {n}", "Desde ayer la sede electrónica da error 503 al enviar el trámite {n}, a todo el mundo."),
    ),
    "en": (("Error 500, {n}", "Since yesterday your portal gives error 500 when I submit form {n}, to everybody."),),
}
ADDITIONS: Choice = {
    "ca": ("M'he deixat de dir que el meu expedient és el {n}. Ho podeu mirar?",),
    "es": ("Se me olvidó decir que mi expediente es el {n}. ¿Lo pueden mirar?",),
    "en": ("I forgot to say that my file number is {n}. Could you have a look?",),
}
ANEW: Choice = {
    "ca": ("Gràcies, però ara em surt l'error {n} quan signo. Com ho puc arreglar?",),
    "es": ("Gracias, pero ahora me sale el error {n} al firmar. ¿Cómo lo arreglo?",),
    "en": ("Thank you, but now I get error {n} when I sign. How can I fix it?",),
}
THANKS: dict[Language, str] = {
    "ca": "Moltes gràcies, ja està resolt!",
    "es": "¡Muchas gracias, ya está resuelto!",
    "en": "Thank you very much, it is solved now!",
}
COMPLAINTS: Choice = {
    "ca": (
        "Ja us vaig dir que el termini era ahir. He perdut la beca.",
        "Us ho vaig enviar ahir i no he rebut res",
        "Vau dir que em trucaríeu ahir",
        "Ahir vaig venir i era tancat",
        "Genial, gràcies per res",
    ),
    "es": (
        "Ya os lo dije ayer, he perdido la ayuda por vuestra culpa",
        "Sigo esperando",
        "Nadie me ha llamado, gracias",
    ),
    "en": ("I told you yesterday the deadline was at 2 pm. I have lost the grant because of you.", "Still nothing."),
}
TERMS_TODAY: dict[Language, str] = {
    "ca": "Bon dia, no puc presentar la sol·licitud {n}. El termini acaba avui a les {hour} h. Què faig?",
    "es": "Buenos días, no puedo presentar la solicitud {n}. El plazo termina hoy a las {hour} h. ¿Qué hago?",
    "en": "Hello, I cannot submit application {n}. The deadline is today at {hour}:00. What can I do?",
}
CALL_ME: dict[Language, str] = {
    "ca": "Bon dia, em podeu trucar al {phone} {when}? És per l'expedient {n}.",
    "es": "Buenos días, ¿me pueden llamar al {phone} {when}? Es por el expediente {n}.",
    "en": "Good morning, could you call me on {phone} {when}? It is about file {n}.",
}
CALL_HOURS: dict[Language, tuple[tuple[str, time | None], ...]] = {
    "ca": (
        ("entre les 10 i les 12", time(14)),
        ("a partir de les 5 de la tarda", None),
        ("al matí", time(14)),
        ("", None),
    ),
    "es": (
        ("entre las 10 y las 12", time(14)),
        ("a partir de las 5 de la tarde", None),
        ("por la mañana", time(14)),
        ("", None),
    ),
    "en": (("between 10 am and 12 noon", time(14)), ("after 5 pm", None), ("in the morning", time(14)), ("", None)),
}
"""When somebody wants to be called, and by when on the due day; None: by its end."""
PRAISE: Choice = {
    "ca": ("Perfecte", "Tot bé", "👍"),
    "es": ("Muy bien todo", "Perfecto", "👍"),
    "en": ("Perfect", "All good"),
}
AWAY: dict[Language, str] = {
    "ca": "Sóc fora de l'oficina.",
    "es": "Estoy de vacaciones.",
    "en": "I am out of the office.",
}
ANSWERS: dict[Language, str] = {
    "ca": "Bon dia, ho heu de fer des de la seu electrònica, apartat de tràmits.",
    "es": "Buenos días, debe hacerlo desde la sede electrónica, apartado de trámites.",
    "en": "Good morning, please do it from the electronic office, under procedures.",
}


INTERNAL = "PARAULA-INTERNA"
"""In every text that agents write to the desk: no citizen may get it."""


def language(address: str) -> Language:
    return next((citizen.language for citizen in REGULARS if citizen.address == address), "ca")
