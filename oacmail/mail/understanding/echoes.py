"""Recognise our own acknowledgement in a message: its subject with a case token, or its last lines as new text.

A match proves nothing about the writer: anyone who saw the mail can repeat it. core/acknowledgement.py decides.
Quotes do not count: people leave the mail they answer below their own text.
"""

from oacmail.mail.understanding import features

# As in templates/<language>/ack.txt.j2; tests/mail/test_echoes.py checks that. Folded as features.fold does.
_SUBJECTS = (
    *("hem rebut la vostra consulta", "us trucarem", "hem rebut la vostra queixa", "hem rebut la vostra sollicitud"),
    *("hemos recibido su consulta", "le llamaremos", "hemos recibido su queja", "hemos recibido su solicitud"),
    *("we have received your enquiry", "we will call you", "we have received your complaint"),
    *("hem rebut el vostre missatge", "hemos recibido su mensaje", "we have received your message"),
    "we have received your request",
    # up to version 0.1.0
    *("gracies per la vostra opinio", "gracias por su opinion", "thank you for your feedback"),
)
_TEXTS = (
    *("aquest correu es automatic. proteccio de dades", "la resposta us l'enviara una persona. proteccio de dades"),
    *("este correo es automatico. proteccion de datos", "la respuesta se la enviara una persona. proteccion de datos"),
    *("this email is automatic. data protection", "a person will send you the answer. data protection"),
    # up to version 0.1.0
    "missatge automatic que no substitueix la resposta",
    "mensaje automatico que no sustituye a la respuesta",
    "automatic message; it does not replace our reply",
    "aquest missatge es automatic i no substitueix la resposta",
    "este mensaje es automatico y no sustituye a la respuesta",
    "this is an automatic message and does not replace our answer",
)


def repeats(subject: str, fresh: str, *, token: bool) -> bool:
    """True if the text repeats our acknowledgement. `token`: the subject contains something in the form of a case
    token, valid or not: the answer must not reveal to a stranger which."""
    title, text = features.fold(subject), features.fold(fresh)
    return (token and any(words in title for words in _SUBJECTS)) or any(words in text for words in _TEXTS)
