"""Recognise our own acknowledgement in a message: its subject with a case token, or its last paragraph as new text.

A match proves nothing about the writer: anyone who saw the mail can repeat it. core/cases/acknowledgement.py decides.
Quotes do not count: people leave the mail they answer below their own text.
"""

from oacmail.mail.understanding import features

# As in templates/<language>/ack.txt.j2; tests/mail/test_echoes.py checks that. Folded as features.fold does.
_SUBJECTS = (
    *("hem rebut la vostra consulta", "us trucarem", "gracies per la vostra opinio", "hem rebut la vostra sollicitud"),
    *("hemos recibido su consulta", "le llamaremos", "gracias por su opinion", "hemos recibido su solicitud"),
    *(
        "we have received your enquiry",
        "we will call you",
        "thank you for your feedback",
        "we have received your request",
    ),
)
_TEXTS = (
    "missatge automatic que no substitueix la resposta",
    "mensaje automatico que no sustituye a la respuesta",
    "automatic message; it does not replace our reply",
    # up to version 0.1.0
    "aquest missatge es automatic i no substitueix la resposta",
    "este mensaje es automatico y no sustituye a la respuesta",
    "this is an automatic message and does not replace our answer",
)


def repeats(subject: str, fresh: str, *, token: bool) -> bool:
    """True if the text repeats our acknowledgement. `token`: the subject contains something in the form of a case
    token, valid or not: the answer must not reveal to a stranger which."""
    title, text = features.fold(subject), features.fold(fresh)
    return (token and any(words in title for words in _SUBJECTS)) or any(words in text for words in _TEXTS)
