"""Find the labelled fields of a web form's mail: "Nom: …", "Telèfon: …", "E-mail: …", each on its own line.

This module decides which kinds of field a text has; core/sender.py decides what follows. The work is linear.
"""

import re

_MOST = 200  # lines that are read: a form begins with its fields
_LABELS = {
    "name": r"nom|nom i cognoms?|nom complet|cognoms?|nombre|nombre y apellidos?|nombre completo|apellidos?|name"
    r"|first name|last name|full name|contact name|remitent|remitente|sol·licitant|solicitante|persona de contact[eo]"
    r"|nom et pr[ée]nom",
    "address": r"e-?mail|mail|correu|correu electr[òo]nic|correo|correo electr[óo]nico"
    r"|adre[çc]a (?:electr[òo]nica|de correu)|direcci[óo]n (?:electr[óo]nica|de correo)|e-?mail address"
    r"|email de contact[eo]",
    "phone": r"tel[èée]fone?o?|tel|tel[èée]fono? de contact[eo]|m[òóo]bil|m[óo]vil|phone|phone number|telephone|mobile",
    "text": r"missatge|mensaje|message|consulta|comentaris?|comentarios?|comments?|assumpte|asunto|subject|motiu|motivo"
    r"|tema|descripci[óo]n?|pregunta|petici[óo]n?|question",
}
_FIELD = {
    name: re.compile(
        rf"^\W{{0,4}}(?:(?:el|la|su|tu|your|vostre|vostra) )?(?:{labels})\.?\s?(?:\([^)\n]{{1,40}}\))?\s?\*?\s?[:=]",
        re.I,
    )
    for name, labels in _LABELS.items()
}

_TITLE = re.compile(
    r"^\W{0,3}(?:\[?web\b|formulari\w*|contact[eo]?\b[^\n]{0,20}\bweb|(?:nou|nova|nuev[oa]|new) "
    r"(?:missatge|mensaje|message|consulta|contact[eo]?|sol·licitud|solicitud|submission|formulari\w*))"
    r"|\b(?:formulari\w*|contact form|web ?form|bústia ciutadana|buzón ciudadano|des del web|desde la web)\b",
    re.I,
)
_CALL_FORM = re.compile(
    r"\[truca['’]m\]|truca['’]m - nova|"
    r"\b(?:formulari truca['’]m|franja hor[àa]ria|formulari de contacte|formulari web)\b",
    re.I,
)


def is_call_form(text: str) -> bool:
    """True if a text has the words of the call-back form."""
    return _CALL_FORM.search(text) is not None


def is_title(subject: str) -> bool:
    """True if a subject names a web form."""
    return _TITLE.search(subject[:200]) is not None


def sorts(text: str) -> frozenset[str]:
    """Return which of name, address, phone and text are labels at the start of a line."""
    lines = [line[:120] for line in text.split("\n", _MOST)[:_MOST]]
    return frozenset(name for name, label in _FIELD.items() if any(label.match(line) for line in lines))
