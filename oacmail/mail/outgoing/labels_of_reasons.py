"""Name the reasons for which a message or a case is on the review list, in ca, es and en.

`labels.label` uses this table. In a reason such as `looks-like-a-form: ADDRESS` the label contains the text after the
colon. A reason without an entry is shown by its own name.
"""

from collections.abc import Mapping

from oacmail.mail.outgoing import labels_of_folders

REASONS: Mapping[str, tuple[str, str, str]] = {
    **labels_of_folders.REASONS,
    "suspected-spam": ("possible correu brossa", "posible correo no deseado", "suspected spam"),
    "dmarc-fail": (
        "remitent no verificat (DMARC): sense justificant",
        "remitente no verificado (DMARC): sin acuse de recibo",
        "sender not verified (DMARC): not acknowledged",
    ),
    "no-address-to-answer": (
        "sense adreça per respondre",
        "sin dirección para responder",
        "no address to answer to",
    ),
    "thanks-without-a-case": (
        "agraïment sense cas conegut",
        "agradecimiento sin caso conocido",
        "thanks without a known case",
    ),
    "in-junk": ("a la carpeta de correu brossa", "en la carpeta de correo no deseado", "in the junk folder"),
    "filed-thanks": ("agraïment", "agradecimiento", "thanks"),
    "filed-automatic": ("sembla automàtic", "parece automático", "looks automatic"),
    "survey-comment": (
        "comentari en una valoració",
        "comentario en una valoración",
        "comment in a rating",
    ),
    "survey-unclear": (
        "valoració que no s'entén",
        "valoración que no se entiende",
        "a rating that cannot be understood",
    ),
    "survey-without-a-case": (
        "valoració d'un cas que ja no consta",
        "valoración de un caso que ya no consta",
        "a rating of a case that is no longer known",
    ),
    "looks-automatic": (
        "sembla un correu automàtic",
        "parece un correo automático",
        "looks like an automatic mail",
    ),
    "form-sender-not-configured": (
        "formulari web ({}), sense justificant: aviseu qui administra el sistema",
        "formulario web ({}), sin acuse de recibo: avise a quien administra el sistema",
        "a web form ({}), not acknowledged: tell whoever runs the system",
    ),
    "looks-like-a-form": (
        "pot ser un formulari web ({}): si ho és, aviseu qui administra el sistema",
        "puede ser un formulario web ({}): si lo es, avise a quien administra el sistema",
        "may be a web form ({}): if so, tell whoever runs the system",
    ),
    "from-our-own-people": (
        "escrit per personal de la casa: sense justificant",
        "escrito por personal de la casa: sin acuse de recibo",
        "written by our own staff: not acknowledged",
    ),
    "echoes-our-mail": (
        "repeteix un correu nostre des d'una altra adreça: sense justificant",
        "repite un correo nuestro desde otra dirección: sin acuse de recibo",
        "repeats a mail of ours from another address: not acknowledged",
    ),
    "answers-us-from-its-domain": (
        "respon un correu nostre des d'una altra adreça del mateix domini: sense justificant",
        "responde a un correo nuestro desde otra dirección del mismo dominio: sin acuse de recibo",
        "answers a mail of ours from another address of the same domain: not acknowledged",
    ),
    "acknowledgement-not-found": (
        "sense còpia del justificant de recepció: potser no es va enviar",
        "sin copia del acuse de recibo: quizá no se envió",
        "no copy of its acknowledgement was found: it may not have been sent",
    ),
    "first-seen-late": (
        "vist amb retard: sense justificant",
        "visto con retraso: sin acuse de recibo",
        "first seen late: not acknowledged",
    ),
    "same-mail-again-and-again": (
        "el mateix correu repetit: sense justificant",
        "el mismo correo repetido: sin acuse de recibo",
        "the same mail again and again: not acknowledged",
    ),
    "from-our-address-unsigned": (
        "porta la nostra adreça i no és nostre",
        "lleva nuestra dirección y no es nuestro",
        "bears our address and is not ours",
    ),
    "over-budget": (
        "límit diari de justificants superat: sense justificant",
        "límite diario de acuses superado: sin acuse de recibo",
        "over the day's limit of acknowledgements: not acknowledged",
    ),
    "in-sent-but-came-by-smtp": (
        "és a la carpeta d'enviats però va arribar de fora",
        "está en la carpeta de enviados pero llegó de fuera",
        "lies in the sent folder but came from outside",
    ),
    "signed-by-another-installation": (
        "és a la carpeta d'enviats amb la signatura d'un altre oacmail",
        "está en la carpeta de enviados con la firma de otro oacmail",
        "lies in the sent folder with the signature of another oacmail",
    ),
    "forwarded-unconfirmed": (
        "reenviat per un company: falta que confirmi l'adreça, sense justificant",
        "reenviado por un compañero: falta que confirme la dirección, sin acuse de recibo",
        "forwarded by a colleague who has not confirmed the address: not acknowledged",
    ),
    "forwarded-by-whom": (
        "reenviat per un company: falta l'adreça de la persona",
        "reenviado por un compañero: falta la dirección de la persona",
        "forwarded by a colleague: the person's address is missing",
    ),
    "which-case": (
        "correu nou a una persona amb més d'un cas obert: falta saber quin respon",
        "correo nuevo a una persona con más de un caso abierto: falta saber cuál responde",
        "new mail to a person with several open cases: which one does it answer?",
    ),
    "staff-without-case": (
        "correu del personal sense cas conegut",
        "correo del personal sin caso conocido",
        "mail from staff without a known case",
    ),
}
