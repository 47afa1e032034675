"""The words by which the technical services say in Catalan, Spanish and English that a case is solved, expected or not
theirs, and the words that make it uncertain. All patterns are for folded text (core/routing/orders.py).

A word that is missing here costs an agent a look; a word too many may cost a citizen the truth. Add to `DOUBTS` freely,
to `SOLVED` and `KNOWN` only with labelled replies (tests/core/services_replies.py).
"""

import re

from oacmail.core.late_pattern import late_pattern
from oacmail.core.routing import polite_words

WORD = late_pattern(r"[^\W_]+(?:[-'·.][^\W_]+)*")
YES = late_pattern(r"\b(?:sí|si(?=,))")  # of lower-case text with its accents: "si" is a condition


def _any(*phrases: str) -> re.Pattern[str]:
    return late_pattern(rf"\b(?:{'|'.join(phrases)})\b")


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
    *(
        "hem",
        "he",
        "han?",
        "s'han?",
        "havien?",
        "hi havia",
        "eren?",
        "estaven?",
        "teniem",
        "vam",
        "van? \\w+(?:[aei]r|re)",
    ),
    *(
        "hemos",
        "habian?",
        "estaban?",
        "teniamos",
        "fue",
        "fueron",
        "\\w{2,}(?:ava|aven|aba|aban)",
        "was",
        "were",
        "had",
    ),
    *("(?:we|i|they|it) (?:have |has )?\\w+ed", "did", "\\w{3,}(?:at|ada|ado)"),
)
"""What tells of something as done or over."""
GOES_ON = _any(
    *("hi ha", "hay", "there (?:is|are)", "tenim", "tenemos", "surt", "surten", "sale", "salen", "dona", "donen", "da"),
    *("queda(?! resol|n? arregl|n? soluc|n? correg)", "queden", "quedan", "reman", "caduca", "caduquen"),
    *("(?:hem|he|han|ho) (?:passat|obert|demanat|traslladat|enviat|reportat) (?:al|a|un|una|el|ho)", "reclama\\w*"),
    *("(?:hemos|he|han) (?:pasado|abierto|pedido|trasladado|enviado|reportado) (?:al|a|un|una|el|lo)", "abierto"),
    *("(?:passed|sent|reported|opened|asked|forwarded) (?:it|them|the|a|this)", "waiting", "remains?", "keeps?"),
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
HOUR = late_pattern(r"\b(?:a |at )?(?:les |las )?\d{1,2}(?:[:.]\d\d)? ?h\b\.?")
HEDGES = _any(
    *("potser", "semblen?", "semblaria", "creiem", "crec", "suposem", "suposo", "pensem", "penso", "diria", "diriem"),
    *(
        "segurament",
        "probablement",
        "possiblement",
        "dubt\\w*",
        "pero",
        "tot i que",
        "no ho sabem",
        "no se si",
        "no es que",
    ),
    *("no diem que", "quiza", "quizas", "tal vez", "parecen?", "creemos", "creo", "suponemos", "pensamos", "diria"),
    *("seguramente", "probablemente", "posiblemente", "dud\\w*", "aunque", "no sabemos", "maybe", "perhaps", "seems?"),
    *("think", "believe", "guess", "probably", "likely", "not sure", "but", "although", "si no ens equivoquem"),
)
"""Words of somebody who is not certain, or who takes back what was said."""
DOUBTS = late_pattern(
    "|".join(
        pattern.pattern
        for pattern in (
            HEDGES,
            _any(
                # negation, rest, reservation
                *(
                    "no",
                    "ni",
                    "sense",
                    "encara",
                    "excepte",
                    "menys",
                    "llevat",
                    "nomes",
                    "falten?",
                    "pendents?",
                    "mentre",
                ),
                *("mentrestant", "provisional\\w*", "temporal\\w*", "parcial\\w*", "de moment", "per ara", "en part"),
                *("a mitges", "gairebe", "quasi", "mig", "quan", "fins", "si", "tampoc", "pegat", "altres?", "resta"),
                *("aun", "todavia", "salvo", "excepto", "menos", "solo", "solamente", "pendientes?", "mientras"),
                *(
                    "por ahora",
                    "en parte",
                    "a medias",
                    "casi",
                    "cuando",
                    "hasta",
                    "tampoco",
                    "parche",
                    "otr[oa]s?",
                    "resto",
                ),
                *("not", "never", "\\w+n't", "yet", "still", "except", "only", "pending", "partly", "partially"),
                *("temporar\\w+", "almost", "when", "until", "if", "unless", "for now", "workaround", "other", "rest"),
                # wishes, duties, work in progress
                *(
                    "hauri\\w*",
                    "deuri\\w*",
                    "esper\\w+",
                    "confi[eo]m",
                    "volem",
                    "cal",
                    "caldra",
                    "intent\\w+",
                    "revis\\w+",
                ),
                *("mirant\\w*", "mirem", "treball\\w+", "provant\\w*", "comprov\\w+", "verific\\w+", "confirm\\w+"),
                *("deberi\\w*", "confiamos", "queremos", "hay que", "mirando\\w*", "trabaj\\w+", "probando\\w*"),
                *("comprob\\w+", "should", "would", "could", "might", "hope", "trying", "check\\w*", "test\\w*"),
                *("working on", "verify", "investigat\\w+", "looking", "will", "going to", "about to"),
                # it fails again
                *("falla", "fallen", "fallan", "fallat", "fallado", "continuen?", "continuan?", "segueix", "sigue"),
                *(
                    "torna a (?!funcionar)\\w+",
                    "ha tornat",
                    "vuelve a (?!funcionar)\\w+",
                    "fails?",
                    "failing",
                    "again(?= fail)",
                ),
                *("reobr\\w+", "reabr\\w+", "reopen\\w*"),
                # the future
                *("[^\\W\\d_]{2,}(?:rem|ran|reu|remos)", "sera", "estara", "quedara", "tindra", "tendra", "dema"),
                *("resoldra", "resolvera", "arreglara", "solucionara", "corregira", "funcionara", "tomorrow"),
            ),
        )
    )
)
"""What makes "solved" uncertain, wherever it stands in the reply."""
CONDITION = late_pattern(r"(?:i |y |and )?(?:si|per si|por si|en cas|en caso|if|in case)\b")
"""How a sentence begins that says what to do in a case that has not come about."""
NOT_OURS = _any(
    r"no (?:es|son) (?:cap )?(?:cosa|feina|competencia|assumpte|tema|problema|cosa|asunto|trabajo) (?:nostr|nuestr)\w+",
    r"no (?:es|son) (?:nostr|nuestr)[aeo]s?",
    *(r"no es (?:de la|dins de la) (?:nostra|nuestra) (?:competencia|feina)", r"no es de nuestra competencia"),
    *(r"no ens (?:correspon|pertoca|toca|competeix|afecta)", r"no nos (?:corresponde|compete|toca|afecta)"),
    *(r"no depen de nosaltres", r"no depende de nosotros", r"no ho (?:portem|gestionem)(?: nosaltres)?"),
    *(r"no lo (?:llevamos|gestionamos)(?: nosotros)?", r"no som(?: nosaltres)?(?: els)? (?:responsables|competents)"),
    *(r"no somos(?: nosotros)?(?: los)? (?:responsables|competentes)", r"no es(?: cap)? plataforma nostra"),
    r"(?:is |are |it's |that's )?not (?:ours|our (?:job|problem|responsibility|system|platform|department|business))",
    *(r"isn't ours", r"does(?:n't| not) (?:belong to|depend on) us", r"not for us"),
)
WHOSE = late_pattern(
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
    *("previst\\w*", "previsio", "preve\\w+", "estim\\w+", "tindrem", "tindra", "estara", "estaran", "quedara", "sera"),
    *("resoldr\\w+", "arreglar\\w+", "solucionar\\w+", "corregir\\w+", "esperem", "confiem", "calculem", "a partir"),
    *(
        "abans",
        "fins",
        "per al?",
        "pel",
        "per",
        "a punt",
        "llest\\w*",
        "publicar\\w+",
        "pujar\\w+",
        "desplegar\\w+",
        "farem",
    ),
    *("previsto", "prevision", "tendremos", "tendra", "resolver\\w+", "esperamos", "confiamos", "calculamos", "antes"),
    *(
        "hasta",
        "para(?: el)?",
        "listo",
        "lista",
        "publicaremos",
        "subiremos",
        "haremos",
        "expect\\w*",
        "eta",
        "by",
        "will",
    ),
    *("plan\\w*", "scheduled", "estimate\\w*", "ready", "due", "should"),
)
"""A word of a sentence whose day is that of the solution."""
NOT_A_DATE_OF_IT = _any(
    # negation and the past
    *("no", "ni", "not", "\\w+n't", "never", "des de", "d'enca", "desde", "since", "vam", "vau", "van", "va", "passat"),
    *("ahir", "ayer", "yesterday", "fue", "fuimos", "was", "were", "last", "era", "hem", "heu", "han", "hemos", "han"),
    # the writer is away until that day
    *("absen\\w+", "ausen\\w+", "fora", "fuera", "baixa", "baja", "permis\\w*", "oficina", "office", "leave"),
    # another thing happens on that day
    *(
        "mirar\\w*",
        "mirem",
        "revis\\w+",
        "reuni\\w*",
        "reunim",
        "truca\\w*",
        "contact\\w+",
        "dir\\w*",
        "diem",
        "diremos",
    ),
    *(
        "inform\\w+",
        "contest\\w+",
        "respon\\w*",
        "respost\\w*",
        "respuest\\w*",
        "parl\\w+",
        "pregunt\\w+",
        "consult\\w+",
    ),
    *("sabrem", "sabremos", "comencar\\w*", "comencem", "empez\\w+", "vacan\\w+", "vacac\\w+", "festi\\w+", "torn\\w+"),
    *(
        "volv\\w+",
        "vuelv\\w+",
        "termini",
        "plazo",
        "deadline",
        "look\\w*",
        "meet\\w*",
        "call\\w*",
        "answer\\w*",
        "reply",
    ),
    *(
        "tell",
        "know",
        "start\\w*",
        "holiday\\w*",
        "back",
        "away",
        "check\\w*",
        "review\\w*",
        "entre",
        "between",
        "o",
        "or",
    ),
    *(
        "visit\\w+",
        "llam\\w+",
        "habl\\w+",
        "avis\\w+",
        "escriu\\w+",
        "escrib\\w+",
        "write",
        "prov(?!eid|eed)\\w+",
        "prob\\w+",
        "test\\w*",
    ),
)
"""A word that says that the day is not the one by which the case is solved."""
_BESIDE_A_DAY = (
    "el la l' dia per pel al para a per-al del de on by the cap aquest este this vinent abans antes before ok"
)
BESIDE_A_DAY = frozenset(_BESIDE_A_DAY.split())
PHONE = late_pattern(r"(?<!\d)(?:\+\d{2} ?)?\d(?:[ .-]?\d){6,12}(?!\d)")
CONTACT = late_pattern(
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
GREETINGS = polite_words.WORDS.union(["ok", "d'acord", "perfecte", "perfecto", "perfect", "vale", "fins", "ara"])
MEASURE = late_pattern(r"(?:de |d'|dies|dias|days|h\b|hor|min|setman|seman|week|i \d|o \d|y \d|or \d|and \d|/)")
"""What follows a number that is a date or a quantity, and no answer."""
OF_OUR_MAIL = late_pattern(
    r"\[[a-z][a-z0-9]{1,7}-\d{4}-\d{6}|^(?:de|from|enviat|enviado|sent|per a|para|to|assumpte|asunto|subject):\s"
    r"|^-{3,}|^_{5,}|\b(?:va escriure|escribio|wrote):$"
    r"|aquestes tres respostes|estas tres respuestas|these three answers"
    r"|^(?:us vam derivar aquests? cas|les derivamos est(?:e|os) caso|(?:this case was|these cases were) passed on to)"
)
"""A line of a mail of ours, or above it: there the reply ends, whatever a client has made of it."""
