"""Decide whether a message contains nothing but thanks.

Closed tables in Catalan, Spanish, English and French decide, never a score, so that no training changes the result. A
single word outside the tables, a digit or a question mark, and the message is left to the model
(mail/understanding/scores.py). Names pass if they can be nothing else: the writer's own, and one word after a greeting
or thanks ("Gràcies, Marta"). "Gràcies per avançat" and a bare "sí" are not thanks: one asks, the other answers.
"""

import re
from collections.abc import Iterator, Set

from oacmail.core.routing.reply_prefixes import REPLY
from oacmail.mail.understanding import asking, features

_ONE_ANSWER = re.compile(rf"(?:{REPLY})(?:\[\d+\])?\s?:")


def _any(terms: str) -> str:
    """Put the longest terms first, since the first match is taken."""
    words = sorted((" ".join(term.split()) for term in terms.split(",") if term.strip()), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word) for word in words) + ")"


_FOR = _any("per, pel, pels, por, for, pour, de, d'")
_WHOSE = _any(
    """
    la, el, l', les, els, los, las, tot, tota, tots, toda, todo, aquesta, aquest, esta, este, su, sus, tu,
    vuestra, vuestro, la vostra, el vostre, les vostres, la seva, el seu, les seves, la teva, el teu, tota la,
    tota l', toda la, tanta, the, your, all your, all the, this, votre, vos, le
    """
)
_HOW = _any(
    """
    rapida, bona, gran, rapida i amable, pronta, quick, prompt, kind, fast, helpful, rapide
    """
)
_WHAT = _any(
    """
    tot, ajuda, resposta, respostes, atencio, informacio, info, rapidesa, gestio, gestions, feina, aclariment,
    aclariments, paciencia, amabilitat, interes, temps, suport, dedicacio, servei, explicacio, explicacions,
    molesties, confirmacio, avis, respondre, respondre'm, contestar, contestar-me, ajudar-me, atendre'm, avisar,
    avisar-me, todo, ayuda, respuesta, respuestas, atencion, informacion, rapidez, gestion, gestiones, trabajo,
    aclaracion, aclaraciones, amabilidad, tiempo, apoyo, dedicacion, servicio, explicacion, molestias,
    confirmacion, aviso, responder, responderme, contestarme, ayudarme, atenderme, avisarme, everything, help,
    reply, answer, response, support, time, information, patience, assistance, work, attention, kindness,
    letting me know, helping, helping me, tout, aide, reponse, attention, temps
    """
)
_REASON = rf"(?: {_FOR} ?(?:{_WHOSE} ?)?(?:{_HOW} )?{_WHAT}(?:(?: i| y| and| et) (?:{_WHOSE} ?)?(?:{_HOW} )?{_WHAT})*)"
_SAID = _any(
    """
    gracies, gracies mil, moltes gracies, moltissimes gracies, mil gracies, moltes merces, merci, us ho
    agraeixo, t'ho agraeixo, us ho agraeixo molt, us agraeixo, agraida, agrait, agraits, molt agraida, molt
    agrait, molt agraits, gracias, muchas gracias, muchisimas gracias, mil gracias, se lo agradezco, os lo
    agradezco, agradecido, agradecida, muy agradecido, muy agradecida, thanks, thank you, thank you so much,
    thank you very much, thanks so much, thanks a lot, thanks very much, many thanks, thx, merci beaucoup, merci
    bien, merci infiniment
    """
)
_POLITE = _any(
    """
    hola, bon dia, bona tarda, bona nit, bones, buenos dias, buenas tardes, buenas noches, buenas, hello, hi,
    good morning, good afternoon, good evening, dear, dear all, bonjour, bonsoir, benvolguts, benvolguda,
    benvolgut, estimada, estimat, estimats, senyor, senyora, senyors, senor, senora, senores, sr, sra, a tothom,
    a tots, a todos, ok, okay, okey, okei, vale, d'acord, de acuerdo, d'accord, perfecte, perfecto, perfecta,
    perfect, parfait, entesos, entes, entendido, genial, fantastic, fantastico, great, excellent, excelente,
    estupend, estupendo, molt be, muy bien, very good, recibido, received, ja funciona, ya funciona, it
    works now, ja esta, ya esta, fet, hecho, done, ara ja funciona, ja ho tinc, ya lo tengo, podeu tancar el
    cas, podeu tancar la consulta, sou un encant, sois un encanto, you've been lovely, de tot cor, de corazon,
    ja esta resolt, ja esta solucionat, ya esta resuelto, ya esta solucionado, resolt, solucionat, solucionado,
    resuelto, molt amable, molt amables, muy amable, muy amables, very kind, sou molt amables, son muy amables,
    de nou, una altra vegada, de nuevo, otra vez, again, i, y, and, et, per tot, a vosaltres, a vos, a voste, a
    vostes, a usted, a ustedes, a tu, a ti, igualment, igualmente, salutacions, salutacions cordials, cordials
    salutacions, una salutacio, una salutacio cordial, salut, atentament, ben cordialment, cordialment, saludos,
    saludos cordiales, un saludo, un saludo cordial, un cordial saludo, cordiales saludos, atentamente,
    cordialmente, una abracada, un abrazo, regards, best regards, kind regards, warm regards, best wishes, all
    the best, best, cheers, yours sincerely, sincerely, cordialement, bien cordialement, fins aviat, fins ara,
    fins una altra, adeu, adeu-siau, hasta pronto, hasta luego, bye, au revoir, que vagi be, que vagi molt be,
    que tingueu, que tingueu un, que tingueu una, que tingui un, que tengan, que tengan un, que tenga un, que
    paseis, que paseis un, have a, cap de setmana, bon cap de setmana, bon vespre, bones festes, bon nadal, bon
    estiu, bones vacances, fin de semana, buen fin de semana, feliz fin de semana, buena tarde, buen dia, feliz
    dia, felices fiestas, feliz navidad, nice day, good day, great day, nice weekend, good weekend, lovely
    weekend, bonne journee, bonne soiree, bon week-end
    """
)
_NEXT = re.compile(
    rf"(?P<said>{_SAID}{_REASON}?)(?!\w)|(?P<polite>{_POLITE})(?!\w)|(?P<word>[^\W\d_]+)|(?P<gap>(?:[^\w?¿]|_)+)"
)
_PROMISE = re.compile(
    r"""\b(?:
    (?:us|ho|us\ ho|os|os\ lo|le|les|lo|se\ lo|te|te\ lo)\ (?:envio|mando|porto|passo|faig|llevo|paso|hago)
    |(?:enviar|manar|mandar|passar|pasar|portar|llevar|trucar|llamar|esperar|tornar|volver|provar|probar|intentar|avisar
      |vindr|vendr|anir|far|har|dir)(?:e|em|emos)
    |(?:dema|manana)\ (?:hi\ )?(?:passo|vinc|vaig|paso|vengo|voy)
    |(?:quedo|quedem|quedamos|resto|restem)\ (?:a\ la\ espera|a\ l'espera|pendents?|pendientes?)
    |(?:espero|esperem|esperamos)\ (?:la|el|les|els|las|los|su|sus|vuestr[ao]|tu|que\ (?:em|me|us|ens|nos))
    |(?:i|we)(?:\ will|\ shall|'ll)|(?:looking|look)\ forward\ to\ (?:your|the)|(?:wait|waiting)\ for\ (?:your|the)
    )\b""",
    re.VERBOSE,
)
_LONGEST = 600  # characters: pure thanks are brief
_PARTICLES = frozenset({"de", "del", "dels", "la", "i", "y", "d", "l"})
_WORDS = re.compile(r"[^\W\d_]+")


def only_thanks(subject: str, fresh: str, name: str, sender: str) -> bool:
    """True if `fresh` only thanks, under a subject that asks for nothing: none, that of a reply, or thanks.

    `name` and `sender` are the writer's; they identify a signature in the text.
    """
    if len(fresh) > _LONGEST:
        return False
    return _silent(subject) and _thanks(
        fresh, frozenset(_WORDS.findall(features.fold(f"{name} {sender.partition('@')[0]}")))
    )


def has_thanks(subject: str, fresh: str) -> bool:
    """True if `fresh` has a word of thanks, under a subject that asks for nothing."""
    return _silent(subject) and asking.thanks(features.fold(fresh))


def _silent(subject: str) -> bool:
    title = features.fold(subject).strip()
    return not title or bool(_ONE_ANSWER.match(title)) or _thanks(subject, frozenset())


def only_polite(text: str, name: str, sender: str) -> bool:
    """True if `text` says nothing but thanks, greetings and the writer's name, or nothing at all."""
    names = frozenset(_WORDS.findall(features.fold(f"{name} {sender.partition('@')[0]}")))
    return len(text) <= _LONGEST and all(_is_polite(line, names) for line in text.splitlines())


def promises(fresh: str) -> bool:
    """True if the writer says what they will do, or waits for something: somebody at the office must know."""
    return bool(_PROMISE.search(features.fold(fresh).replace("\u2019", "'")))


def _thanks(text: str, names: Set[str]) -> bool:
    """True if every line is a polite phrase and at least one thanks."""
    said = False
    for line in text.splitlines():
        if not _is_polite(line, names):
            return False
        said = said or any(kind == "said" for kind, _ in _read(features.fold(line)))
    return said


def _is_polite(line: str, names: Set[str]) -> bool:
    titled = {features.fold(word) for word in _WORDS.findall(line) if word.istitle()}
    return _names_alone(list(_read(features.fold(line))), names, titled)


def _read(line: str) -> Iterator[tuple[str, str]]:
    """Yield (said | polite | word, text) from left to right; a digit or a question mark counts as an unknown word."""
    at = 0
    while at < len(line):
        match = _NEXT.match(line, at)
        kind, word = (match.lastgroup or "", match.group()) if match else ("word", line[at])
        at += len(word)
        if kind != "gap":
            yield kind, word


def _names_alone(found: list[tuple[str, str]], names: Set[str], titled: Set[str]) -> bool:
    """True if all words outside the tables are names: the writer's, a word next to it, or one word after a polite
    phrase."""
    strange = [(at, word) for at, (kind, word) in enumerate(found) if kind == "word" and word not in names]
    strange = [(at, word) for at, word in strange if word not in _PARTICLES]
    if not strange:
        return True
    signed = any(kind == "word" and word in names for kind, word in found)
    hailed = len(strange) == 1 and strange[0][0] > 0 and found[strange[0][0] - 1][0] != "word"
    return (signed or hailed) and all(word in titled and not asking.asks(word) for _, word in strange)
