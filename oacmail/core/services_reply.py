"""What a reply of the technical services says of a derived case: solved, expected on a day, not theirs, or nothing
sure.

It reads words; what follows is decided in core/services.py. What cannot be read is never guessed.
"""

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from itertools import dropwhile

from msgspec import Struct

from oacmail.core import common_words
from oacmail.core.days_named import day_named, days_named, without_days
from oacmail.core.model import Verb, regex
from oacmail.core.order_words import folded, read_orders
from oacmail.core.policy import Workdays

# --- Services reply --------------------------------------------------------------------------------------------------
# A sentence is read as "solved" if all of its words are known, and only if nothing else in the reply doubts it: a
# question, a negation, a hedge, a promise or a reservation. A wrong "solved" would make the desk tell a citizen
# something untrue.


class Statement(StrEnum):
    """The same name is a fact of the notice to the agent (templates/*/services.txt.j2)."""

    SOLVED = "solved"
    EXPECTED = "expected"
    NOT_OURS = "not_ours"
    UNREAD = "unread"


class ServicesReply(Struct, frozen=True):
    """`day`: by when they expect to have it solved; only of `EXPECTED`."""

    said: Statement
    day: date | None = None


UNREAD = ServicesReply(Statement.UNREAD)
BY_ORDER = {Verb.SOLVED: Statement.SOLVED, Verb.NOT_OURS: Statement.NOT_OURS, Verb.UNTIL: Statement.EXPECTED}
_BY_NUMBER = {"1": Statement.SOLVED, "2": Statement.EXPECTED, "3": Statement.NOT_OURS}
_MARKED = regex(r"\(?([123])\)?(?:[).:,-]+(?=\s|$)|(?=\s|$))\s*(.*)")
_CHOSEN = regex(
    r"(?:l'|la )?(?:opcio|opcion|option|la|resposta|respuesta|answer|punt|punto|numero|number):?"
    r"\s\(?([123])\)?\.?(.*)"
)
_END = regex(r"(?<=[.!?;])\s+")
_SIGNED_MOST = 8  # words of a line of a signature
_MOST = 4_000  # characters that are read; a longer text is no answer to three questions


def read_services_reply(text: str, today: date, workdays: Workdays) -> ServicesReply:
    """`text`: what was written now (`Message.fresh`); `today`: the local day on which it arrived."""
    own = _unsigned(_own(text[:_MOST]), today, workdays)
    if own.lstrip().startswith("#"):
        return _by_order(own, today, workdays)
    sentences = _sentences(own)
    if not sentences or "?" in own:
        return UNREAD
    begun = list(dropwhile(_is_greeting, sentences))
    first, rest, apart = _marked(begun[0]) if begun else ("", "", False)
    if first:
        return _by_number(first, [*([rest] if rest else []), *begun[1:]], today, workdays, apart=apart)
    return _by_words(sentences, today, workdays)


def _by_order(text: str, today: date, workdays: Workdays) -> ServicesReply:
    """The day of an estimate may stand alone below the order."""
    orders = frozenset(read_orders(text))  # the line of a button and the same in words are one
    order = next(iter(orders)) if len(orders) == 1 else None
    after = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    if order is None or order.verb not in BY_ORDER or "?" in after or DOUBTS.search(folded(after)):
        return UNREAD
    said, argument = BY_ORDER[order.verb], folded(order.argument)
    if said is Statement.EXPECTED:
        below = folded(after.strip().partition("\n")[0])
        bare = all(word in BESIDE_A_DAY for word in WORD.findall(without_days(below)))
        return _expected(day_named(argument or (below if bare else ""), today, workdays))
    doubted = said is Statement.SOLVED and bool(argument) and not _is_greeting(argument)
    return UNREAD if doubted else ServicesReply(said)


def _by_number(number: str, rest: Sequence[str], today: date, workdays: Workdays, *, apart: bool) -> ServicesReply:
    """`rest`: what stands beside the number; `apart`: a sign or a line parts the two, so that it only explains the
    choice and counts as long as it takes nothing back."""
    said = _BY_NUMBER[number]
    if said is Statement.EXPECTED:
        text = " ".join(rest)
        doubted = NOT_A_DATE_OF_IT.search(without_days(text))
        return UNREAD if doubted else _expected(day_named(text, today, workdays))
    if all(map(_is_greeting, rest)) or (apart and not _takes_back(said, rest)):
        return ServicesReply(said)
    if said is Statement.SOLVED and all(map(_is_known, rest)):
        return ServicesReply(said)
    reply = _by_words(rest, today, workdays)
    return reply if reply.said is said else UNREAD


def _by_words(sentences: Sequence[str], today: date, workdays: Workdays) -> ServicesReply:
    """What the sentences say, if all that is certain in them is one and the same."""
    certain = [sentence for sentence in sentences if not CONDITION.match(sentence)]
    found: list[ServicesReply] = []
    if any(map(_says_solved, certain)) and not any(map(DOUBTS.search, certain)):
        found.append(ServicesReply(Statement.SOLVED))
    if any(map(NOT_OURS.search, certain)) and not any(map(HEDGES.search, sentences)):
        found.append(ServicesReply(Statement.NOT_OURS))
    day = _day_expected(certain, today, workdays)
    if day is not None:
        found.append(_expected(day))
    return found[0] if len(found) == 1 else UNREAD


def _expected(day: date | None) -> ServicesReply:
    return UNREAD if day is None else ServicesReply(Statement.EXPECTED, day)


def _says_solved(sentence: str) -> bool:
    said = PASS_ON.sub(" ", HOUR.sub(" ", sentence))
    found = list(SOLVED.finditer(said))
    if not found or THEN.search(said[found[-1].end() :]):
        return False
    return _is_known(SOLVED.sub(" ", said))


def _takes_back(said: Statement, sentences: Sequence[str]) -> bool:
    """Whether what stands beside a chosen (1) or (3) doubts it. Beside a (1) it must tell of what is over, beside a (3)
    whose it is."""
    beside = [PHONE.sub(" ", sentence) for sentence in sentences if not _is_greeting(sentence)]
    if said is Statement.SOLVED:
        over = all(PAST.search(sentence) or SOLVED.search(sentence) or _is_known(sentence) for sentence in beside)
        return not over or any(DOUBTS.search(sentence) or GOES_ON.search(sentence) for sentence in beside)
    doubted = any(HEDGES.search(sentence) or OURS.search(sentence) for sentence in beside)
    return doubted or not any(WHOSE.search(sentence) or NOT_OURS.search(sentence) for sentence in beside)


def _is_known(sentence: str) -> bool:
    return all(word in KNOWN for word in WORD.findall(sentence))


def _day_expected(sentences: Sequence[str], today: date, workdays: Workdays) -> date | None:
    """The day of a sentence that speaks of the solution, or that says nothing but a day."""
    if len({day for sentence in sentences for day in days_named(sentence, today, workdays)}) != 1:
        return None
    dated = next(sentence for sentence in sentences if days_named(sentence, today, workdays))
    left = without_days(dated)
    bare = all(word in BESIDE_A_DAY for word in WORD.findall(left))
    others_speak = any(not _is_greeting(sentence) for sentence in sentences if sentence is not dated)
    if any(NOT_A_DATE_OF_IT.search(without_days(sentence)) for sentence in sentences):
        return None
    if (bare and not others_speak) or OF_THE_SOLUTION.search(left):
        return day_named(dated, today, workdays)
    return None


def _is_greeting(sentence: str) -> bool:
    return all(word in GREETINGS for word in WORD.findall(sentence))


def _marked(sentence: str) -> tuple[str, str, bool]:
    """(the number of the answer that it begins with, the rest, whether a sign or the end of the line parts them);
    ('', '', False) = it begins with none."""
    found = _MARKED.fullmatch(sentence) or _CHOSEN.fullmatch(sentence)
    if found is None or MEASURE.match(found[2].strip()):
        return "", "", False
    rest = found[2].strip(" .,:-–—")
    between = sentence[found.end(1) : found.end() - len(found[2].lstrip(" .,:-–—"))]
    return found[1], rest, not rest or bool(between.strip())


def _own(text: str) -> str:
    """The text without quoted lines and without what stands in our own mail, if a client has not marked it."""
    lines: list[str] = []
    for line in text.splitlines():
        plain = folded(line)
        if OF_OUR_MAIL.search(plain):
            break
        if not line.lstrip().startswith((">", "|")):
            lines.append(line)
    return "\n".join(lines).strip()


def _unsigned(text: str, today: date, workdays: Workdays) -> str:
    """The text without the lines at its end that name its writer: a name, a post, an office, a telephone, a greeting.
    A line that may say something of the case ends them, and so does the first line."""
    lines = text.splitlines()
    while lines[1:] and _is_of_signature(lines[-1].strip(), today, workdays):
        lines.pop()
    return "\n".join(lines)


def _is_of_signature(line: str, today: date, workdays: Workdays) -> bool:
    plain = folded(line)
    if _is_greeting(plain) or CONTACT.search(plain):
        return True
    found = WORD.findall(line.replace("’", "'").replace("'", " "))
    if len(found) > _SIGNED_MOST or "?" in line or DOUBTS.search(plain) or days_named(plain, today, workdays):
        return False
    if any(said.search(plain) for said in (SOLVED, NOT_OURS, WHOSE)) or _MARKED.fullmatch(plain):
        return False
    return all(not word[0].islower() or folded(word) in IN_A_SIGNATURE for word in found)


def _sentences(text: str) -> list[str]:
    """Folded, with the lines joined that a client has broken: the next one goes on in lower case."""
    joined: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        goes_on = joined and line[:1].islower() and joined[-1] and joined[-1][-1] not in ".!?;:"
        if goes_on:
            joined[-1] += " " + line
        else:
            joined.append(line)
    whole = [YES.sub("ok", line.lower().replace("…", ".")) for line in joined]
    return [folded(part).strip(" .!;") for line in whole for part in _END.split(line) if folded(part).strip(" .!;-–—*")]


# --- Services vocabulary ---------------------------------------------------------------------------------------------
# All patterns are for folded text (core/order_words.py). A word that is missing here costs an agent a look; a word too
# many may cost a citizen the truth. Add to `DOUBTS` freely, to `SOLVED` and `KNOWN` only with labelled replies
# (tests/services/services_replies.py).

WORD = regex(r"[^\W_]+(?:[-'·.][^\W_]+)*")
YES = regex(r"\b(?:sí|si(?=,))")  # of lower-case text with its accents: "si" is a condition


def _any(*phrases: str) -> re.Pattern[str]:
    return regex(rf"\b(?:{'|'.join(phrases)})\b")


_REPAIRED = (
    r"(?:resolt|arreglat|solucionat|corregit|reparat|esmenat|restablert|resuelt|arreglad|solucionad|corregid|reparad|"
    r"subsanad|restablecid)"
)
_LEFT = r"(?:(?:ha |han |s'ha )?(?:queda|queden|quedan|quedat|quedado) )?"
SOLVED = _any(
    rf"{_LEFT}{_REPAIRED}(?:a|o|s|es|as|os)?",
    *("solved", "resolved", "fixed", "repaired"),
    r"(?:ja|torna a|ya|vuelve a) funcionar?(?: tot| todo)?(?: be| bien| correctamente?)?",
    r"(?:it )?(?:now works|works (?:now|again)|is working (?:now|again)|is back (?:up|online))",
)
"""What ends a problem, said as done."""
_SOMEBODY = (
    r"(?:(?: a)? (?:la persona|l'interessada|la ciutadana|el ciutada|l'usuari|la usuaria|el ciudadano|la ciudadana|"
    r"el usuario)(?: interessada| interesada)?)?"
)
PASS_ON = _any(
    r"(?:i |y )?(?:ja |ya )?(?:ho |lo )?(?:podeu|pueden|puede) "
    rf"(?:avisar|dir-ho|dir-li|comunicar(?:-ho)?|decirlo|decirselo|comunicar(?:se)?lo){_SOMEBODY}",
    r"(?:i |y )?(?:ja |ya )?(?:es |se |ho |lo )?(?:pot|poden|podra|podran|puede|pueden|podeu) "
    r"(?:tornar(?:-ho)? a |volver a )?(?:provar|enviar|presentar|fer|probar|hacer)(?:-ho|lo)?",
    r"(?:and )?(?:please )?tell (?:them|the (?:citizen|user|person))(?: to try again)?",
    r"(?:and )?(?:they|you|the (?:citizen|user|person)) can try again",
)
"""What the desk may do now that it is solved."""
PAST = _any(
    r"hem|he|han?|s'han?|havien?|hi havia|eren?|estaven?|teniem|vam|van? \w+(?:[aei]r|re)|hemos|habian?|estaban?"
    r"|teniamos|fue|fueron|\w{2,}(?:ava|aven|aba|aban)|was|were|had|(?:we|i|they|it) (?:have |has )?\w+ed|did"
    r"|\w{3,}(?:at|ada|ado)"
)
"""What tells of something as done or over."""
GOES_ON = _any(
    "hi ha|hay|there (?:is|are)|tenim|tenemos|surt|surten|sale|salen|dona|donen|da"
    "|queda(?! resol|n? arregl|n? soluc|n? correg)|queden|quedan|reman|caduca|caduquen"
    r"|(?:hem|he|han|ho) (?:passat|obert|demanat|traslladat|enviat|reportat) (?:al|a|un|una|el|ho)|reclama\w*"
    "|(?:hemos|he|han) (?:pasado|abierto|pedido|trasladado|enviado|reportado) (?:al|a|un|una|el|lo)|abierto"
    "|(?:passed|sent|reported|opened|asked|forwarded) (?:it|them|the|a|this)|waiting|remains?|keeps?"
)
"""What goes on or is left to others, beside a chosen (1): it is perhaps not over."""
THEN = _any("i", "y", "and")
"""After "solved" it begins something else."""
_KNOWN = """
ja ya esta estan es ha han hem he s'ha s'han se hemos sido estat sigut haver donem damos por ho proveidor
proveedor per fi al fin ara ahora mateix mismo avui hoy ahir ayer aquest aquesta este mati manana tarda tarde fa
hace una un estona rato hora horas hores minuts minutos i y and a la el els les los las lo l' de del d' us os en
des desde tot totalment completament definitivament totalmente completamente definitivamente todo tots todos amb
con normalitat normalidad correctament correctamente be bien it is has have been was now this that the we
already today yesterday all completely reiniciat reiniciado restarted ok bon dia bona bones tardes hola buenos
buenas dias gracies gracias moltes muchas salutacions saludos saludo cordials cordialment atentament hello hi
thanks thank you regards d'acord problema incidencia error errada l'error l'errada fallada fallo averia l'averia
cas caso case tiquet ticket issue problem bug fault 400 401 403 404 408 413 429 500 501 502 503 504 formulari
formulario form document documento impres impreso l'impres plantilla template pagina page web seu sede
electronica e-office plataforma platform tema portal servei servicio service servidor server base dades datos
tramit tramite instancia l'instancia certificat certificado signatura firma pagament pago carpeta enllac
l'enllac enlace link e-notum notificacions suma notificaciones enviament envio d'aquest d'aquesta
"""
KNOWN = frozenset(_KNOWN.split())
"""What may stand beside it. Any other word makes the sentence uncertain."""
HOUR = regex(r"\b(?:a |at )?(?:les |las )?\d{1,2}(?:[:.]\d\d)? ?h\b\.?")
HEDGES = _any(
    "potser|semblen?|semblaria|creiem|crec|suposem|suposo|pensem|penso|diria|diriem|segurament|probablement"
    r"|possiblement|dubt\w*|pero|tot i que|no ho sabem|no se si|no es que|no diem que|quiza|quizas|tal vez|parecen?"
    r"|creemos|creo|suponemos|pensamos|diria|seguramente|probablemente|posiblemente|dud\w*|aunque|no sabemos|maybe"
    "|perhaps|seems?|think|believe|guess|probably|likely|not sure|but|although|si no ens equivoquem"
)
"""Words of somebody who is not certain, or who takes back what was said."""
_RESERVATION = _any(
    # negation, rest, reservation
    r"no|ni|sense|encara|excepte|menys|llevat|nomes|falten?|pendents?|mentre|mentrestant|provisional\w*"
    r"|temporal\w*|parcial\w*|de moment|per ara|en part|a mitges|gairebe|quasi|mig|quan|fins|si|tampoc"
    "|pegat|altres?|resta|aun|todavia|salvo|excepto|menos|solo|solamente|pendientes?|mientras|por ahora"
    r"|en parte|a medias|casi|cuando|hasta|tampoco|parche|otr[oa]s?|resto|not|never|\w+n't|yet|still"
    r"|except|only|pending|partly|partially|temporar\w+|almost|when|until|if|unless|for now|workaround"
    "|other|rest"
    # wishes, duties, work in progress
    r"|hauri\w*|deuri\w*|esper\w+|confi[eo]m|volem|cal|caldra|intent\w+|revis\w+|mirant\w*|mirem"
    r"|treball\w+|provant\w*|comprov\w+|verific\w+|confirm\w+|deberi\w*|confiamos|queremos|hay que"
    r"|mirando\w*|trabaj\w+|probando\w*|comprob\w+|should|would|could|might|hope|trying|check\w*|test\w*"
    r"|working on|verify|investigat\w+|looking|will|going to|about to"
    # it fails again
    r"|falla|fallen|fallan|fallat|fallado|continuen?|continuan?|segueix|sigue|torna a (?!funcionar)\w+"
    r"|ha tornat|vuelve a (?!funcionar)\w+|fails?|failing|again(?= fail)|reobr\w+|reabr\w+|reopen\w*"
    # the future
    r"|[^\W\d_]{2,}(?:rem|ran|reu|remos)|sera|estara|quedara|tindra|tendra|dema|resoldra|resolvera"
    "|arreglara|solucionara|corregira|funcionara|tomorrow"
)
DOUBTS = regex(f"{HEDGES.pattern}|{_RESERVATION.pattern}")
"""What makes "solved" uncertain, wherever it stands in the reply."""
CONDITION = regex(r"(?:i |y |and )?(?:si|per si|por si|en cas|en caso|if|in case)\b")
"""How a sentence begins that says what to do in a case that has not come about."""
NOT_OURS = _any(
    r"no (?:es|son) (?:cap )?(?:cosa|feina|competencia|assumpte|tema|problema|cosa|asunto|trabajo) (?:nostr|nuestr)\w+"
    "|no (?:es|son) (?:nostr|nuestr)[aeo]s?|no es (?:de la|dins de la) (?:nostra|nuestra) (?:competencia|feina)"
    "|no es de nuestra competencia|no ens (?:correspon|pertoca|toca|competeix|afecta)"
    "|no nos (?:corresponde|compete|toca|afecta)|no depen de nosaltres|no depende de nosotros"
    "|no ho (?:portem|gestionem)(?: nosaltres)?|no lo (?:llevamos|gestionamos)(?: nosotros)?"
    "|no som(?: nosaltres)?(?: els)? (?:responsables|competents)"
    "|no somos(?: nosotros)?(?: los)? (?:responsables|competentes)|no es(?: cap)? plataforma nostra"
    "|(?:is |are |it's |that's )?not (?:ours|our (?:job|problem|responsibility|system|platform|department|business))"
    "|isn't ours|does(?:n't| not) (?:belong to|depend on) us|not for us"
)
WHOSE = regex(
    r"\b(?:aixo |aquest cas |esto |este caso |it |this |this case )?"
    r"(?:es (?:cosa |competencia |feina |assumpte |asunto |un tema |un problema )?(?:de |d'|del )"
    r"|(?:correspon|corresponde|pertany|pertenece) (?:a |al )|depen de|depende de"
    r"|(?:ho|lo|la|els|les|los|las|el) (?:porta|porten|gestiona|gestionen|gestionan|lleva|llevan)\b"
    r"|(?:is|belongs to) (?:the |from )?\w|(?:de )?(?:l')?aoc\b)"
)
"""How people say whose it is, beside a chosen (3)."""
OURS = _any("nostr\\w+", "nuestr\\w+", "ours?", "nosaltres", "nosotros", "us", "fa", "hace", "\\d+")
"""Beside `WHOSE`, a word that may say the contrary."""
OF_THE_SOLUTION = _any(
    r"previst\w*|previsio|preve\w+|estim\w+|tindrem|tindra|estara|estaran|quedara|sera|resoldr\w+|arreglar\w+"
    r"|solucionar\w+|corregir\w+|esperem|confiem|calculem|a partir|abans|fins|per al?|pel|per|a punt|llest\w*"
    r"|publicar\w+|pujar\w+|desplegar\w+|farem|previsto|prevision|tendremos|tendra|resolver\w+|esperamos|confiamos"
    r"|calculamos|antes|hasta|para(?: el)?|listo|lista|publicaremos|subiremos|haremos|expect\w*|eta|by|will|plan\w*"
    r"|scheduled|estimate\w*|ready|due|should"
)
"""A word of a sentence whose day is that of the solution."""
NOT_A_DATE_OF_IT = _any(
    # negation and the past
    r"no|ni|not|\w+n't|never|des de|d'enca|desde|since|vam|vau|van|va|passat|ahir|ayer|yesterday|fue|fuimos|was|were"
    "|last|era|hem|heu|han|hemos|han"
    # the writer is away until that day
    r"|absen\w+|ausen\w+|fora|fuera|baixa|baja|permis\w*|oficina|office|leave"
    # another thing happens on that day
    r"|mirar\w*|mirem|revis\w+|reuni\w*|reunim|truca\w*|contact\w+|dir\w*|diem|diremos|inform\w+|contest\w+|respon\w*"
    r"|respost\w*|respuest\w*|parl\w+|pregunt\w+|consult\w+|sabrem|sabremos|comencar\w*|comencem|empez\w+|vacan\w+"
    r"|vacac\w+|festi\w+|torn\w+|volv\w+|vuelv\w+|termini|plazo|deadline|look\w*|meet\w*|call\w*|answer\w*|reply|tell"
    r"|know|start\w*|holiday\w*|back|away|check\w*|review\w*|entre|between|o|or|visit\w+|llam\w+|habl\w+|avis\w+"
    r"|escriu\w+|escrib\w+|write|prov(?!eid|eed)\w+|prob\w+|test\w*"
)
"""A word that says that the day is not the one by which the case is solved."""
_BESIDE_A_DAY = (
    "el la l' dia per pel al para a per-al del de on by the cap aquest este this vinent abans antes before ok"
)
BESIDE_A_DAY = frozenset(_BESIDE_A_DAY.split())
PHONE = regex(r"(?<!\d)(?:\+\d{2} ?)?\d(?:[ .-]?\d){6,12}(?!\d)")
CONTACT = regex(
    r"^-{2,}$|^_{2,}$|@[\w-]+\.|\bwww\.|https?:|^(?:tel|tlf|telf|telefon|telefono|phone|mobil|movil|mobile|fax|ext)\b"
    r"|(?<!\d)(?:\+\d{2} ?)?[6-9]\d{2}(?:[ .-]?\d){6}(?!\d)|\b0\d{4}\b"
    r"|^(?:c/|carrer|calle|placa|plaza|av\.|avinguda|avenida)"
    r"|^(?:enviat|enviado|sent) (?:des de|des del|desde|from) "
)
"""A line of a signature by which its writer is reached, or what a telephone adds to a mail."""
_IN_A_SIGNATURE = """
de d del dels en l i y and of the la el els les las los
tecnic tecnica tecnico tecnics tecnicos cap jefe jefa head servei servicio service departament departamento
department area unitat unidad unit informatica sistemes sistemas systems tic telecomunicacions ajuntament projectes
proyectos ayuntamiento responsable coordinador coordinadora administrador administradora suport soporte support
enginyer enginyera ingeniero ingeniera analista programador programadora regidoria seccio seccion oficina
administracio administracion town city hall council
"""
IN_A_SIGNATURE = frozenset(_IN_A_SIGNATURE.split())
"""What may stand in lower case in a line that names a person, a post or an office."""
GREETINGS = common_words.POLITE.union(["ok", "d'acord", "perfecte", "perfecto", "perfect", "vale", "fins", "ara"])
MEASURE = regex(r"(?:de |d'|dies|dias|days|h\b|hor|min|setman|seman|week|i \d|o \d|y \d|or \d|and \d|/)")
"""What follows a number that is a date or a quantity, and no answer."""
OF_OUR_MAIL = regex(
    r"\[[a-z][a-z0-9]{1,7}-\d{4}-\d{6}|^(?:de|from|enviat|enviado|sent|per a|para|to|assumpte|asunto|subject):\s"
    r"|^-{3,}|^_{5,}|\b(?:va escriure|escribio|wrote):$"
    r"|aquestes tres respostes|estas tres respuestas|these three answers"
    r"|^(?:us vam derivar aquests? cas|les derivamos est(?:e|os) caso|(?:this case was|these cases were) passed on to)"
)
"""A line of a mail of ours, or above it: there the reply ends, whatever a client has made of it."""
