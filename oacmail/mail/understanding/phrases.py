"""Words of the domain in a text: the trie that finds them in one pass, our office's phrases, and the platforms with
their operators.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from oacmail.core.model import Platform, regex

# --- Trie ------------------------------------------------------------------------------------------------------------
# Compile many terms into one regular expression that tries each place of a text once.
#
# A plain alternation of a thousand terms costs fifty times as much. This section does not decide what a term means.


def pattern(terms: Iterable[str]) -> str:
    """The leftmost and longest of `terms` matches, as whole words; a term "truqu*" also matches what begins with it."""
    return _tree([*terms]) + r"(?!\w)"


def _tree(terms: Sequence[str]) -> str:
    if len(terms) == 1:  # nothing branches any more
        return re.escape(terms[0].removesuffix("*")) + r"\w*" * terms[0].endswith("*")
    heads: dict[str, list[str]] = {}
    for term in terms:
        heads.setdefault(term[:1], []).append(term[1:])
    ends = {"": "", "*": r"\w*"}
    choices = [re.escape(head) + _tree(tails) for head, tails in sorted(heads.items()) if head not in ends]
    choices += [ends[head] for head in ("*", "") if head in heads]
    return f"(?:{'|'.join(choices)})" if choices[1:] else choices[0]  # a group takes long to compile


# --- Words -----------------------------------------------------------------------------------------------------------
# A text without any word of a table need not be searched for it.

_LETTERS = regex(r"[^\W\d_]+")
_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}


@lru_cache(maxsize=8)  # a message's text is asked for by each who reads it
def words(folded: str) -> frozenset[str]:
    """Return the words of a folded text, without signs and digits."""
    return frozenset(folded.translate(_NO_LETTERS).split() if folded.isascii() else _LETTERS.findall(folded))


# --- Phrases ---------------------------------------------------------------------------------------------------------
# Phrases that mail clients add: attributions, separators, header blocks, signatures, notices.
#
# Tables in Catalan, Spanish, English and neighbouring languages; reply_text.py uses them. Every pattern is anchored
# and its gaps are bounded, so that a line of any length takes linear time.


def _any(*choices: str) -> str:
    return "(?:" + "|".join(choices) + ")"


_WRITTEN = (
    *("va escriure", "ha escrit", "escrigué", "escribió", "escribio", "ha escrito", "wrote", "sent", "a écrit"),
    *("escreveu", "ha scritto", "schrieb", "geschrieben", "schreef", "geschreven", "napisał", "a scris", "skrev"),
    *("idatzi du", "написал", "написав", "пише", "пишет", "escribiu", "scrisse"),
)
_WROTE = _any(*_WRITTEN)
_ADDRESS = r"< ?[^<>\s]{1,254}@[^<>\s]{1,254}>"

_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b"
_DAY = _any(
    *("dl", "dm", "dc", "dj", "dv", "ds", "dg", "lun", "mar", "mi[eé]", "jue", "vie", "s[aá]b", "dom", "mon", "tue"),
    *("wed", "thu", "fri", "sat", "sun", "mer", "jeu", "ven", "sam", "dim", "mo", "di", "mi", "do", "fr", "sa", "so"),
)

# "El dl., 3 nov. 2025 a les 10:05, Oficina (<oficina@…>) va escriure:", wrapped or not; "2025-11-03 10:05 OAC <…>:"
OPENER = regex(
    r"^(?:(?:\W{1,3}\s)?(?:el|en|al|on|le|il|em|am|op|w|in|dia|da|(?:missatge|mensaje) (?:de|citad[oa] por)"
    r"|quoting|citant|citando|zitat von|selon|cita de)\b(?=[^\n]{0,300}[\d@])"
    rf"|(?:a )?{_DATE}|\d\d? (?:de )?\w{{3,10}}\.? (?:de )?\d{{4}}\b|{_DAY}[.,]{{1,2}} \d)",
    re.I,
)
INTRO_END = regex(rf"\b{_WROTE}\b[^\n]{{0,200}}:\s*$|{_ADDRESS}\)?\s*:\s*$|\bdel d[ií]a\b[^\n]{{0,80}}:\s*$", re.I)
# On one line; the last choice needs no verb: a time, then an address, then a colon, in any language.
ONE_LINE = regex(
    rf"^\s*(?:[^\n:]{{1,60}}\b{_WROTE}\b|[^\n]{{0,200}}[\d@<][^\n]{{0,200}}\b{_WROTE}\b[^\n]{{0,60}})\s*:\s*$"
    rf"|^\s*\d{{4}}[-/]\d\d?[-/]\d\d?\b[^\n]{{0,120}}(?:{_ADDRESS}|@)[^\n]{{0,20}}:\s*$"
    rf"|^[^\n]{{0,60}}\d\d?:\d\d[^\n]{{0,120}}(?:{_ADDRESS}|@\S{{1,253}}(?=:))[^\n]{{0,40}}:\s*$",
    re.I,
)
DATED = regex(rf"^\s*{_DATE}[^\n]{{0,120}}{_ADDRESS}\s*$")  # old Gmail: no verb, no colon; a quote must follow
# "Oficina <oficina@…> va escriure el dia dl., 3 nov. 2025", wrapped or not
NAMED = regex(rf"^[^\n<>:]{{1,60}}\(?{_ADDRESS}\)?,?\s(?:{_WROTE})\b", re.I)
# The same attributions without a colon. LAST: the end of the last line; BARE: a whole one before a quoted line;
# PRINTED: a whole one before text without quote marks, which must contain address, time and verb.
LAST = regex(rf"(?:>|\d|\b(?:{_WROTE}|escriure|escrit|écrit|scritto|geschrieben))[\s)]{{0,3}}$", re.I)
LAST_ENDS = frozenset(word[-3:] for word in _WRITTEN)
"""The last letters of such a line that ends with a letter."""
BARE = regex(rf"\b{_WROTE}\b[^\n]{{0,200}}$|{_ADDRESS}[^\n]{{0,80}}$", re.I)
PRINTED = regex(rf"(?=[^\n]{{0,400}}\b\d\d?[:.h]\d\d\b)[^\n]{{0,400}}{_ADDRESS}\)?,?\s(?:{_WROTE})\s*$", re.I)
# The second line of an attribution whose first line is only a name
ADDRESSED = regex(rf"^\s*\(?{_ADDRESS}\)?,?\s(?:{_WROTE})\b", re.I)
# An attribution on the same line as the new text: "D'acord. On Mon, 3 Nov 2025 at 10:05, OAC wrote:"
RUN_IN = regex(
    rf"(?<=[^\s-])[-\s]{{1,6}}(?=(?:On|El|Le|Il|Em|Am) (?:{_DAY}|\d)[^\n]{{5,200}}\b{_WROTE}\b[^\n]{{0,60}}:\s*$)", re.I
)
SURE = regex(r"@|\b\d{1,2}[:.h]\d\d\b")  # an address or a time of day: people do not write these before a colon

SEPARATOR = regex(
    r"^\s*[-_*=]{2,}\s*"
    + _any(
        r"(?:missatge|correu|resposta) (?:original|reenviat)|(?:mensaje|correo|respuesta) (?:original|reenviado)",
        r"original (?:message|appointment)|forwarded message|reply message|message (?:d['’]origine|original|transféré)",
        r"(?:ursprüngliche|weitergeleitete|antwort|original-?) ?nachricht|messaggio (?:originale|inoltrato)",
        r"mensagem (?:original|encaminhada)|oorspronkelijk bericht|oprindelig meddelelse|ursprungligt meddelande",
        r"opprinnelig melding|mesaj original|исходное сообщение|пересылаемое сообщение",
    )
    + rf"\b[^\n]{{0,60}}$|^\s*-{{2,}}[^\n]{{1,100}}\b{_WROTE}\s*-{{2,}}\s*$|^\s*"
    + _any(
        "(?:begin )?forwarded message|inici del missatge reenviat|inicio del mensaje reenviado",
        "début du message réexpédié|inizio messaggio inoltrato|anfang der weitergeleiteten (?:nachricht|e-?mail)",
        "início da mensagem (?:re)?encaminhada",
    )
    + r"\s*:\s*$"
    # help desks: "##- Please type your reply above this line -##"
    + r"|^\W{1,8}+(?:[^\n]{0,40}\b)?(?:reply|respo\w*|respuesta|escri\w*|contest\w*)\b[^\n]{0,30}"
    + r"\b(?:above|sobre|encima|damunt)\b[^\n]{0,20}\bl(?:ine|[íi]nia|[íi]nea)\b[^\n]{0,20}$",
    re.I,
)
FROM = regex(r"^\s*\*?(?:de|from|von|da|fra|från|van|от)\s*:\*?\s*\S", re.I)
HEAD = regex(
    r"^\s*\*?"
    + _any(
        "enviat(?: el)?|per a|a|data|dia|assumpte|tema|respondre a|enviado(?: el| em)?|para|fecha|asunto|responder a",
        "sent|to|date|subject|reply-to|cc|c/c|envoyé(?: le)?|à|pour|objet|sujet|gesendet|an|datum|betreff",
        "inviato(?: il)?|oggetto|assunto|sendt|til|emne|skickat|till|ämne|verzonden|aan|onderwerp|отправлено|кому|тема",
    )
    + r"\s*:\*?",
    re.I,
)
# Two header lines prove a block if they contain what only programs write: an address, a date with the time of day.
PARTY = regex(r"^\s*\*?\w{1,12}\s*:\*?\s[^\n]{0,200}@")
MOMENT = regex(r"^\s*\*?\w{1,12}(?: el| le| il)?\s*:\*?\s[^\n]{0,80}\d{4}[^\n]{0,20}\d\d?\W{0,2}[:.]\W?\d\d", re.I)
RULE = regex(r"(?i)^\s*message du \d[\d/. :h]{4,30}$|^\s*[_*=]{10,}\s*$|^\s*-{20,}\s*$|^\s*-{5,}[^\n-]{3,60}-{5,}\s*$")
# "Responc a sota" means that the answers are inside the other's text, which Outlook does not mark.
BELOW = regex(
    r"\b"
    + _any(
        "responc|respondo|contesto|comento|je réponds|ich antworte|rispondo|i(?: have|'ve)? (?:answered|replied)",
        "(?:les meves|mis|my|mes|meine|le mie|as minhas) (?:respost[ae]s|respuestas|comentari[os]s?|answers|replies",
        "comments|réponses|antworten|risposte)|answers|replies",
    )
    + r"\b[^\n.]{0,30}\b"
    + _any(
        "entre l[íi]n(?:i|e)[ae]s|a sota|m[ée]s avall|abajo|in-?line|below|ci-dessous|dans le texte|unten|im text",
        "sotto|(?:dins|sobre|damunt) (?:el |l')(?:teu )?(?:text|correu)|(?:en|sobre) (?:su|tu) (?:texto|correo)",
        "nel testo|em baixo|en (?:vermell|blau|verd|rojo|azul|verde|rouge|bleu|majúscules|mayúsculas)",
        "in (?:red|blue|green|rot|blau|rosso|blu)",
    )
    + r"\b",
    re.I,
)

SIGNATURE = regex(r"^(?:-- ?|__+ ?|—)$")
# "PD: …", "P. D.", "P.S.", "N. B. -", "Postdata": a postscript below the signature belongs to the new text.
POSTSCRIPT = regex(
    r"^\W{0,4}(?:(?:p\.?\s?){1,2}[ds]|n\.?\s?b|post-?\s?(?:data|scriptum)|posdata)\b\W{0,5}\w",
    re.I,
)
_DEVICE = _any(
    "iphone|ipad|ios|android|samsung|galaxy|huawei|xiaomi|redmi|blackberry|windows|outlook|gmail|yahoo|proton|gmx|web[.-]de",
    "aquamail|bluemail|fairemail|k-9|e?-?mail|correus?|correos?|courriel|posta|m[òóo]bil|m[óo]vil|tel[èée]fono?|telemóvel",
    "phone|mobile|cell|device|dispositiu|dispositivo|smartphone|handy|tablet|tauleta|tableta|orange|movistar|vodafone",
    "poco|oppo|realme|oneplus|pixel|motorola|nokia|courrier|messagerie|appareil|t[ée]l[ée]phone|telefonul|mobiltelefon",
)
_SENT = _any(
    "enviat|enviado|sent|envoy[ée]|gesendet|inviato|verzonden|verstuurd|trimis|wysłan[eo]|skickat|sendt|отправлено",
    "надіслано",
)
_FROM_A = _any(
    "des d|desde|dende|amb|mitjançant|con|a ?trav|mediante|do|[aà] partir|from|with|via|de|depuis|avec|von|mit|über|da",
    "vanaf|z|från|fra|с|з",
)
# A program by its shape: words with capitals, and nothing else. What citizens send with is no program of theirs.
_BRAND = r"(?-i:[A-Z])[\w.+-]{0,20}(?: (?-i:[A-Z0-9])[\w.+-]{0,20}){0,3}"
_FOR = r"(?:per a|per|para|for|pour|für)"
_NOT_OURS = (
    r"(?!auto ?firma|idcat|cl[@a]ve|seu\b|sede|hacienda|agencia|certificat|dni|casa|compte|cuenta|ordinador|ordenador)"
)
# The line that a telephone or a program adds. It must be the whole line: people begin sentences with it as well.
CLIENT = regex(
    r"^\W{0,3}"
    + _any(
        rf"(?:(?:missatge|mensaje|correo|correu|mensagem) )?{_SENT} {_FROM_A}"
        rf"[^\n,;:?]{{0,30}}\b{_DEVICE}\b[\w +()./'’-]{{0,40}}",
        rf"{_SENT} {_FROM_A} (?:mi|my|mon|ma|el meu|la meva|il mio|meinem) {_NOT_OURS}(?:[\w'-]+ ){{0,4}}[\w'-]+",
        rf"{_SENT} (?!de ){_FROM_A} {_NOT_OURS}{_BRAND}(?: {_FOR} \w{{1,12}})?",
        r"(?:diese nachricht wurde )?von meinem [^\n]{1,60} gesendet|outlook für \w+ (?:beziehen|herunterladen)",
        r"yahoo mail ?: ?[^\n]{1,80}|provenance ?: (?:courrier|outlook) pour windows",
        r"发自我的 ?\w{1,20}|أرسلت من [^\n]{1,40}",
        r"(?:obt[eé]n(?:iu|ir|er|ga)?|get|baixeu|baixa|desc[aà]rreg\w*|descarg\w*|t[ée]l[ée]charge[rz]?|obtenez|obter"
        rf"|scarica|ottieni|holen sie sich) (?:l['’]|el |o )?{_BRAND} {_FOR} (?:l['’])?(?:ios|android|windows|mac)\b"
        r"[^\n]{0,20}",
        r"(?:(?:lliure de|libre de|sense|sin|(?:garanti )?sans) virus|virus-free|virenfrei)\b[^\n]{0,40}"
        r"(?:www|avast|avg)[^\n]{0,40}",
    )
    + r"(?:\W{0,3}https?://\S{1,120})?\W{0,3}$",
    re.I,
)
_HEADS = """
mis men cor env sen ges inv ver tri wys ski отп над die von out yah pro 发自我 أرس obt get bai des tél tel sca ott hol
lli lib sin gar san vir
"""
CLIENT_HEADS = frozenset(_HEADS.split())
"""The first letters of such a line that begins with a letter."""
DISCLAIMER = regex(
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
ARMOUR = regex(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash:[^\n]*\n)*\n?"
    r"|^-----BEGIN PGP SIGNATURE-----\n[^-]*(?:-----END PGP SIGNATURE-----)?",
    re.M,
)


# --- Platforms -------------------------------------------------------------------------------------------------------
# Find the platforms that a message names, and the operator of each (docs/requirements.md section 3).
#
# This section decides nothing; core/derivation.py says who is responsible. Patterns are folded (features.fold).
# The result has the platforms' own names, which are the same in every language, never the citizen's words.

# operator -> (platform, how people write it)
_PLATFORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "town": (
        (
            "Seu electrònica",
            r"seu electronica|la seu|oficina virtual|sede electronica|la sede|e-office"
            r"|la (?:vostra|seva) (?:web|pagina)|su (?:web|pagina)|vuestra (?:web|pagina)"
            r"|your (?:web ?site|site|portal)",
        ),
        ("Registre electrònic", r"registre electronic|registro electronico"),
        ("Carpeta ciutadana", r"carpeta ciuta\w+|carpeta ciuda\w+|citizen folder"),
        ("Cita prèvia", r"cita previa|sistema de cit\w+"),
        ("Padró", r"padro|padron|volant|volante"),
    ),
    "aoc": (
        ("idCAT Mòbil", r"idcat mobil|idcat movil"),
        ("idCAT", r"idcat"),
        ("VÀLid", r"valid(?=\W)"),
        ("e-NOTUM", r"e-?notum"),
        ("e-TRAM", r"e-tram"),
        ("e.FACT", r"e\.?fact(?!ur)"),
        ("Representa", r"representa"),
        ("Seu-e", r"seu-e"),
        ("e-TAULER", r"e-tauler"),
        ("EACAT", r"eacat"),
        ("Via Oberta", r"via oberta"),
    ),
    "generalitat": (
        (
            "PSCP",
            r"pscp|plataforma de (?:serveis de )?contractacio(?: publica)?"
            r"|plataforma de (?:servicios de )?contratacion",
        ),
        ("Sobre Digital", r"sobre digital"),
        ("eLicita", r"elicita"),
        ("Oferta telemàtica", r"oferta telematica"),
        ("RAISC", r"raisc"),
    ),
    "age": (
        ("Cl@ve", r"cl@ve\w*|clave (?:pin|permanente|movil)"),
        ("FNMT", r"fnmt"),
        ("DNIe", r"dnie|dni electronic\w?"),
        ("AutoFirma", r"auto ?firma|@firma"),
        ("DEHú", r"dehu"),
        ("PLACSP", r"placsp"),
        ("ROLECE", r"rolece"),
        ("BDNS", r"bdns"),
        ("Apodera", r"apodera\b"),
        ("FACe", r"face\b(?!book)"),
    ),
    "orgt": (("ORGT", r"orgt|organisme de gestio tributaria|diputacio(?:n)? de barcelona"),),
}
_NAMED = tuple((whose, name) for whose, platforms in _PLATFORMS.items() for name, _ in platforms)
_SPELLED = [pattern for platforms in _PLATFORMS.values() for _, pattern in platforms]
_ANY_PLATFORM = regex(rf"(?<!\w)(?:{'|'.join(_SPELLED)})")  # without groups the engine looks at first letters alone
_PLATFORM = regex("|".join(f"({spelled})" for spelled in _SPELLED))
_SUBJECT = 2.0


def named(subject: str, text: str) -> Iterator[Platform]:
    """Yield each platform that the folded `subject` and `text` name, once."""
    sums: dict[tuple[str, str], float] = {}
    for part, weight in ((subject, _SUBJECT), (text, 1.0)):
        for found in _ANY_PLATFORM.finditer(part):
            which = _PLATFORM.match(part, found.start())
            named = _NAMED[((which and which.lastindex) or 1) - 1]
            sums[named] = sums.get(named, 0.0) + weight
    yield from (Platform(*named, weight) for named, weight in sums.items())
