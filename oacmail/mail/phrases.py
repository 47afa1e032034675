"""The phrases by which mail clients mark what they add: attributions, separators, header blocks, signatures, notices.

Tables alone, in Catalan, Spanish, English and the languages of neighbours; fresh.py decides by them. Every pattern
is anchored and its gaps are bounded, so that a line of any length costs linear time.
"""

import re


def _any(*choices: str) -> str:
    return "(?:" + "|".join(choices) + ")"


_WROTE = _any(
    *("va escriure", "ha escrit", "escrigué", "escribi[óo]", "ha escrito", "wrote", "sent", "a écrit", "escreveu"),
    *("ha scritto", "schrieb", "geschrieben", "schreef", "geschreven", "napisał", "a scris", "skrev", "idatzi du"),
)
_ADDRESS = r"<[^<>\s]{1,254}@[^<>\s]{1,254}>"

# "El dl., 3 nov. 2025 a les 10:05, OAC 360 (<oac360@…>) va escriure:", wrapped or not
OPENER = re.compile(
    r"^\s*(?:\S{0,20}\s)?(?:el|en|al|on|le|il|em|am|op|w|in|dia|da|(?:missatge|mensaje) de)\b(?=[^\n]{0,300}[\d@])",
    re.I,
)
INTRO_END = re.compile(rf"\b{_WROTE}\b[^\n]{{0,200}}:\s*$|{_ADDRESS}\s*:\s*$|\bdel d[ií]a\b[^\n]{{0,80}}:\s*$", re.I)
ONE_LINE = re.compile(
    rf"^\s*(?:[^\n:]{{1,60}}\b{_WROTE}\b|[^\n]{{0,200}}[\d@<][^\n]{{0,200}}\b{_WROTE}\b[^\n]{{0,60}})\s*:\s*$"
    rf"|^\s*\d{{4}}[-/]\d\d?[-/]\d\d?\b[^\n]{{0,120}}(?:{_ADDRESS}|@)[^\n]{{0,20}}:\s*$",
    re.I,
)
SURE = re.compile(r"@|\b\d{1,2}[:.h]\d\d\b")  # an address or a time of day: no person writes that before a colon

SEPARATOR = re.compile(
    r"^\s*[-_*=]{2,}\s*"
    + _any(
        *("missatge (?:original|reenviat)", "mensaje (?:original|reenviado)", "correu (?:original|reenviat)"),
        *("correo (?:original|reenviado)", "original message", "forwarded message", "reply message"),
        *("message (?:d'origine|original|transféré)", "ursprüngliche nachricht", "messaggio originale"),
        "mensagem original",
    )
    + rf"\b[^\n]{{0,60}}$|^\s*-{{2,}}[^\n]{{1,100}}\b{_WROTE}\s*-{{2,}}\s*$"
    r"|^\s*(?:begin forwarded message|inici del missatge reenviat|inicio del mensaje reenviado)\s*:?\s*$",
    re.I,
)
FROM = re.compile(r"^\s*\*?(?:de|from|von|da)\s*:\*?\s*\S", re.I)
HEAD = re.compile(
    r"^\s*\*?"
    + _any(
        *("enviat(?: el)?", "enviado(?: el)?", "sent", "envoyé", "gesendet", "inviato", "data", "fecha", "date"),
        *("datum", "a", "per a", "para", "to", "à", "an", "cc", "c/c", "assumpte", "asunto", "subject", "objet"),
        *("betreff", "oggetto", "assunto"),
    )
    + r"\s*:\*?",
    re.I,
)
RULE = re.compile(r"^\s*[_*=]{10,}\s*$|^\s*-{20,}\s*$")

SIGNATURE = re.compile(r"^(?:-- ?|__+ ?|—)$")
CLIENT = re.compile(
    r"^\W{0,3}"
    + _any(
        "enviat (?:des d\\w*|amb)",
        "enviado (?:desde|con|através)",
        "sent (?:from|with) (?:my (?:iphone|phone|ipad|mobile|cell|samsung|galaxy|android|huawei|xiaomi|windows)"
        "|mail|yahoo|outlook|proton|samsung|gmail)",
        *("envoyé (?:de|depuis|à partir)", "gesendet von", "inviato da"),
        *("obteni?u?r? (?:l'|el )?outlook", "get outlook", "descarregu?\\w* outlook", "baixeu l'outlook"),
        "télécharge[rz] outlook",
    )
    + r"\b[^\n]{0,160}$",
    re.I,
)
DISCLAIMER = re.compile(
    r"^\W{0,4}"
    + _any(
        *("av[ií]s legal", "aviso legal", "avís de confidencialitat", "aviso de confidencialidad"),
        *(
            "cl[àá]usula de confidenciali(?:tat|dad)",
            "confidentiality notice",
            "disclaimer",
            "abans d'imprimir",
            "antes de imprimir",
            "before printing",
        ),
        *("please consider the environment", "penseu en el medi"),
        r"(?:aquest|el present) (?:missatge|correu)[^\n]{0,120}(?:confidencial|destinatari|s'adreça)",
        r"(?:este|el presente) (?:mensaje|correo)[^\n]{0,120}(?:confidencial|destinatario|dirige)",
        r"la informació(?:n)? con(?:tinguda|tenida) en (?:aquest|este) (?:missatge|correu|mensaje|correo)",
        r"th(?:is|e) (?:e-?mail|message|communication)[^\n]{0,120}(?:confidential|intended|privileged)",
        "protecció de dades ?: (?:us informem|d'acord|les vostres|en compliment)",
        "protección de datos ?: (?:le informamos|de acuerdo|sus datos|en cumplimiento)",
        *("(?:de acuerdo con|en cumplimiento d)[^\\n]{0,20} rgpd", "(?:d'acord amb|en compliment d)[^\\n]{0,20} rgpd"),
        *("no imprimiu aquest", "no imprima este"),
        "les vostres dades (?:personals )?(?:són|seran) tractades",
        "sus datos (?:personales )?(?:son|serán) tratados",
    ),
    re.I,
)
ARMOUR = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash:[^\n]*\n)*\n?"
    r"|^-----BEGIN PGP SIGNATURE-----\n[^-]*(?:-----END PGP SIGNATURE-----)?",
    re.M,
)
