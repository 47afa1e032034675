"""Sentences, subjects and separators that mail servers write into their reports: one table for each purpose.

Data for delivery_status_text.py, which describes its use. Each entry is a regular expression, matched case-
insensitively against text with single spaces; apostrophes are written ' and match ’ as well.
"""

import re
from typing import Literal

Action = Literal["failed", "delayed", "delivered"]


def _any_of(*patterns: str, start: str = "", flags: int = 0) -> re.Pattern[str]:
    joined = "|".join(patterns).replace("'", "['’]")
    return re.compile(f"{start}(?:{joined})", re.IGNORECASE | flags)


# A server's From: name or address.
SENDERS = _any_of(
    r"mail(?:er)?[-_.]?daemon",
    r"mail delivery (?:sub)?system",
    r"post[-_. ]?master\b",
    r"microsoftexchange[0-9a-f]+@",
    r"\bmdaemon@",
    r"mail administrator",
    r"(?:internet )?mail delivery service",
    r"sistema de (?:entrega de )?correu|sistema de entrega de correo|mail-zustellsystem",
)

# The start of a report's subject.
SUBJECTS = _any_of(
    r"undeliver(?:ed|able)\b",
    r"deliver(?:y|ed) (?:failure|status|report|problem|error|has failed|notification)",
    r"(?:failure|error) notice",
    r"fail(?:ure|ed) (?:notice|mail|delivery)",
    r"permanent delivery failure",
    r"mail (?:delivery|failed|failure|error|system error|could not be)",
    r"returned (?:mail|e-?mail|message|to sender)",
    r"non-?deliver(?:y|able)|non delivery",
    r"delayed mail|warning: (?:message|could not send)",
    r"message (?:delivery|status|undeliverable|you sent blocked|could not be|delayed)",
    r"your message .{0,60}(?:could not|was not)",
    r"rejected: ",
    r"successful mail delivery",
    r"notice: mail delivery status",
    r"(?:user unknown|unknown user)",
    r"no es pot lliurar|no s'ha pogut lliurar|lliurament (?:fallit|endarrerit)|lliurat: ",
    r"el vostre missatge no s'ha|missatge (?:retornat|no lliurat|rebutjat)|correu retornat",
    r"no se (?:puede|pudo|ha podido) entregar|entrega (?:retrasada|fallida)",
    r"mensaje (?:no entregado|rechazado|devuelto)|(?:su|el) mensaje no (?:ha podido|pudo|se)",
    r"correo (?:no entregado|devuelto)|aviso de fallo",
    r"warning: .{1,120}\buser unknown|.{0,200}\(delivery (?:failed|failure)\)$",
    r"échec de la remise|message non (?:distribué|remis)|non remis",
    r"unzustellbar|nicht zustellbar",
    r"mancata consegna|mail non recapitat",
    start=r"(?:\*+ ?)?",
)

# What happened. A report of a delay may mention failure too ("will fail after …"), so the order counts.
SENTENCES: tuple[tuple[Action, re.Pattern[str]], ...] = (
    (
        "delivered",
        _any_of(
            r"(?:was|were|been) successfully (?:delivered|relayed)",
            r"s'ha lliurat correctament",
            r"se ha entregado correctamente",
        ),
    ),
    (
        "delayed",
        _any_of(
            r"this is a warning (?:message )?only",
            r"not yet been delivered",
            r"delivery (?:to .{0,80} )?(?:has been|is) delayed",
            r"could not be delivered for (?:the past |more than )?\d",
            r"could not send message for past",
            r"attempts will continue|will (?:be retried|continue to (?:be )?tr(?:y|ied)|keep trying|retry)",
            r"still being retried",
            r"encara no s'ha (?:pogut lliurar|lliurat)|s'ha endarrerit",
            r"(?:aún|todavía) no se ha (?:podido entregar|entregado)|se ha retrasado",
            r"reste en file d'attente",
        ),
    ),
    (
        "failed",
        _any_of(
            r"(?:could|can)(?: ?not|n't) be (?:delivered|completed|sent to)",
            r"(?:could|did|was|were|is|be|been)(?: not|n't) (?:be )?deliver(?:ed)?\b",
            r"not delivered to|(?:unable to|could not) deliver|not a valid (?:user|address|mailbox|recipient)",
            r"undeliver(?:able|ed)",
            r"delivery (?:to .{0,120} )?(?:has )?failed|(?:mail|message) delivery failed|delivery failure",
            r"error (?:while |in )?delivering (?:your|the|a) (?:mail|message)",
            r"recipients? failed|address(?:es|\(es\))? (?:had|failed|with) ?",
            r"(?:permanent|fatal) (?:fatal )?(?:delivery )?(?:errors?|failure)",
            r"(?:user|mailbox|recipient|address) (?:is )?(?:unknown|unavailable|disabled|full)",
            r"unknown (?:user|recipient|address|local)|no such (?:user|recipient|address)",
            r"over quota|quota exceeded|returned to sender|not listed in",
            r"(?:was|were) (?:automatically )?(?:rejected|blocked)",
            r"no s'ha(?:n)? (?:pogut )?lliura(?:r|t)|no es pot lliurar|error en lliurar",
            r"sense lliurar-lo|retornat al remitent",
            r"no (?:se )?(?:ha|han|he|pudo|puede) (?:podido )?(?:ser )?entreg(?:ar|ado)|no se ha entregado",
            r"error de entrega|ha sido rechazado",
            r"n'a (?:pas )?pu être (?:remis|distribué|livré)",
            r"konnte nicht zugestellt",
            r"non è stato recapitato|non è stato possibile (?:recapitare|consegnare)",
        ),
    ),
)

# Whose mail it was: only the server of a returned mail addresses its sender like this.
TO_THE_SENDER = _any_of(
    r"\byour (?:mail |e-?mail )?message|delivering your mail|a message that you sent|message you sent",
    r"(?:the )?(?:following|failed) (?:address|recipient|user|message to )",
    r"this is the mail system|this message was created automatically",
    r"el (?:vostre )?missatge|(?:el|su) mensaje|votre (?:courrier|message)|ihre nachricht",
)

# The line after which a server copies the returned mail.
RETURNED = _any_of(
    r"below (?:this|the next) line is a copy",
    r"(?:this is )?a?\s?copy of (?:the|your) message",
    r"(?:the )?(?:header of the )?original message(?: (?:headers?|follows|body))?[\s:.*<-]*$",
    r"(?:unsent|returned|undelivered) (?:message|mail)(?: follows)?[\s:.*<-]*$",
    r"message headers? follows?",
    r"start of returned message",
    r"(?:el )?missatge original|capçaleres del missatge",
    r"(?:el )?mensaje original|encabezados de(?:l)? mensajes?|por debajo de esta línea",
    r"message d'origine",
    start=r"^[ \t*>_|-]{0,80}",
    flags=re.MULTILINE,
)
