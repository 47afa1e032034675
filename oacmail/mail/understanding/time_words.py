"""Words of time as tokens, and the clauses of a text in which they stand. It decides nothing of what is meant by
them.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from oacmail.core.common_words import GREETINGS, MONTHS, NUMBERS, WEEKDAYS
from oacmail.core.model import regex
from oacmail.mail.understanding import phrases

# --- Time tables -----------------------------------------------------------------------------------------------------
# The words by which people say when they can be called (ca, es, en, fr): one table for each purpose.
#
# Terms stand between commas, folded (features.fold); one that ends with * also matches what
# begins with it. An elided article is a word of its own ("de onze").

_WORKDAYS = " ".join(WEEKDAYS[:5]).split()

PARTS: dict[str, tuple[float, float, str]] = {  # part of the day -> (its first and last hour, its words)
    "morning": (8, 14, """
        mati, matins, matin, demati, dematins, morning, mornings, mananas, la manana, las mananas, esta manana, misma
        manana, de manana, franja manana, mattina, vormittags, dimineata,
        mananita, mananitas, de manha, cualquier manana, lunes manana, martes manana, miercoles manana, jueves manana,
        viernes manana
    """),
    "early": (8, 10, """
        primera hora, primerissima hora, primerisima hora, primera hora del mati, primera hora de la manana, first
        thing, early, ben d'hora, temprano, pronto por la manana
    """),
    "late morning": (11, 14, """
        ultima hora del mati, ultima hora de la manana, late morning, darrera hora del mati, fin de matinee
    """),
    "mid morning": (10, 12, "mig mati, mitjan mati, mitja mati, media manana, mid morning, mid-morning"),
    "dawn": (0, 8, "matinada, madrugada, primera hora de la matinada, primera hora de la madrugada"),
    "breakfast": (9, 11, "esmorzar, esmorzat, desayuno, desayunar, desayunado, breakfast, almorzar, almuerzo"),
    "noon": (12, 16, "migdia, mediodia, noon, midday, midi"),
    "lunch": (13, 15.5, """
        hora de dinar, hora de comer, hora del dinar, hora de la comida, pausa de dinar, pausa para comer, pausa
        del migdia, paro a comer, paro para comer, paro a dinar, paro per dinar, stop for lunch, lunchtime,
        lunch time, lunch hour, lunch break, pause de midi, pause dejeuner
    """),
    "meal": (14, 15, "dinar, dinat, comer, comido, comida, lunch, dejeuner, dino, dinem"),
    "nap": (15, 16, "siesta, sieste, migdiada, becaina, sobretaula, sobremesa"),
    "afternoon": (14, 20, """
        tarda, tardes, tarde, apres-midi, apres midi, afternoon, afternoons, pm, pomeriggio, nachmittags
    """),
    "early afternoon": (14, 16, """
        primera hora de la tarda, primera hora de la tarde, hora de la siesta, hora de la migdiada,
        early afternoon, early in the afternoon
    """),
    "mid afternoon": (16, 18, "mitja tarda, media tarde, mid afternoon, mid-afternoon"),
    "snack": (17, 18, "berenar, berenat, merendar, merendado, merienda"),
    "school": (16.5, 20, """
        sortint de la escola, surtin de la escola, sortida de la escola, saliendo del cole, salida del cole, salgan del
        cole, recojo a los ninos, recojo los ninos, recojo ninos, recogido a los ninos, recogido los ninos
    """),
    "late": (18, 20, "cap al tard, ultima hora, darrera hora, ultima hora de la tarda, ultima hora de la tarde"),
    "evening": (18, 22, "vespre, vespres, capvespre, evening, evenings, soir, soiree, seara, la sera, stasera"),
    "supper": (20, 22, "sopar, cenar, cena, dinner, supper"),
    "night": (20, 24, "nit, nits, noche, noches, night, nights, nuit"),
}  # fmt: skip
WORDS: dict[str, str] = {  # kind of token -> its words
    "call": """
        truqu*, truca*, telefon*, llam*, call, calls, calling, ring, phone, rappel*, appel*, contact*, parlar*, hablar*,
        avis*, localitz*, localiz*, trobar*, reach, franja, slot, chiam*, sunati, bellen, un toc, un toque, un truc
    """,
    "device": "telefon, telefons, telefono, telefonos",
    "from": """
        a partir de, a partir del, despres de, despres del, despues de, despues del, des de, des d', des del, desde,
        after, from, passades, passat, passada, pasadas, pasada, depuis, apres, nada mas, later, un cop, havent,
        des que, desde que, quan hagi, quan hagin, cuando haya, fins passades, en acabar de,
        al acabar de, acabant de, acabando de
    """,
    "until": """
        fins, fins a, fins al, fins que, hasta, hasta que, until, till, til, up to, abans, abans de, abans del, abans
        que, ans de, antes, antes de, antes del, antes que, antes de que, before, avant, jusqu'a, jusque, no later
        than, com a molt, com a molt tard, com a maxim, como mucho, como muy tarde, como maximo, a mes tardar, a mas
        tardar, no mes tard de, no mas tarde de, como mucho hasta, com a molt fins
    """,
    "between": "entre, between",
    "comma": "que es de, que es entre",
    "then": "despres, despues, luego, after that, afterwards, ensuite",
    "thence": """
        a partir de aqui, a partir de ahi, a partir de alli, a partir de aleshores, a partir de llavors, a partir de
        aquesta hora, a partir de aquella hora, a partir de esa hora, a partir de esta hora, a partir de entonces, de
        aleshores enca, de llavors enca, des de aleshores, des de llavors, des de aquella hora, des de aquesta hora,
        des de esa hora, desde entonces, desde esa hora, desde ese momento, despues de esa hora,
        despres de aquella hora, de ahi en adelante, de alla en endavant, de aqui en endavant, from then,
        from then on, from there on
    """,
    "already": "ja, ya, deja",
    "latest": "at the latest, at latest, au plus tard",
    "also": "tambe, tambien, also, too, aussi, igual de be, igual de bien",
    "thanks": "gracies, gracias, thanks, merci, saludos, salutacions",
    "must": """
        ha de ser, han de ser, hauria de ser, haura de ser, tindria que ser, tendria que ser, tendra que ser, tiene que
        ser, deberia ser, debe ser, must be, has to be, have to be, should be, needs to be, que sigui, que sea, que fos,
        que fuese, que fuera, doit etre
    """,
    "or": "o, or, ou, o be, o bien",
    "to": "a, al, i, y, to, and, et",
    "except": """
        menys, menos, excepte, excepto, salvo, tret, llevat, except, but not, apart from, bar, sauf,
    """
    + ", ".join(f"day but {day}" for day in _WORKDAYS),
    "not": """
        no va be, no va bien, no hace falta que, no cal que, no fa falta que, no es necesario que, no es necessari que,
        no, not, ni, never, mai, nunca, pas, imposible, impossible, tampoc, tampoco, don't, can't, cannot, won't, nao,
        nada, res, nothing, evit*,
        avoid, hopeless, nada de, res de, jamais
    """,
    "leave": """
        plego, plega, plegue*, plegui, surto, surt, surti, sortim, salgo, sale, salga, salimos, acabo, acaba, acabi,
        acabe, acabem, acabamos, termino, termina, arribo, arriba, arribi, arribem, llego, llega, llegue, llegamos,
        torno, torna, torni, tornem, vuelvo, vuelve, vuelva, volvemos, paro, finish, finishes, get off, get home, get
        back, gets off, gets home, back, knock off, off work, leave, sors, finis, rentre, ends
    """,
    "enter": """
        entro, entra, entrem, entrar,
        comenco, comenca, comencem, empiezo, empieza, empezamos, start, starts, obrim, obro, abro,
        abrimos, marxo, marxem, me'n vaig, me voy, salgo a ruta, surto a ruta, surto al
        pati, leave home, leave for, board, go up
    """,
    "busy": """
        treball*, trabaj*, work, works, working, dorm*, duerm*, dors, sleep*, classe, classes, class, clase, clases,
        teach*, reuni*, meeting, meetings, travaill*, condui*, conduzco, driving, drive, ocupa*, busy, entrevist*,
        quirofan*, opero, opera, repos*, cerramos, cerrado, cierra*, tanca*, tanqu*, closes, closed, estudi*, vaig,
        voy, anem, vamos, cuido, resem, escola, escuela, school, feina, faena, fabrica, factory, torn, turno,
        institut*, cours,
        horario de trabajo, horari de feina, horari de treball, jornada, complicat*, complicad*, se me complica,
        va malament, va mal, me viene mal, va fatal, me viene fatal, vaig de bolit, em costa, me cuesta, guardia,
        entreno, gimnas*, apaga*, desconnecta*, desconecta*, en silenci, en silencio, switched off,
        turned off,
        sense cobertura, sin cobertura, are blocked, blocked out, i'm out, i am out, we're out, away, soc fora,
        estic fora, estoy fuera, i'm with, estic amb, soc amb, estoy con
    """,
    "shift": "faig, fem, hago, hacemos, fa, hace, vaig de, voy de",
    "free": """
        pausa, pause, break, descans*, recreo, pati, disponib*, lliure*, libre, libres, available, free, puc, podem,
        pot, puedo, podemos, puede, can, parada, va be, van be, va bien, vagi be, vaya bien, viene bien,
        me viene, em va de, em va genial, em va perfecte, iria be,
        iria bien, estaria be, estaria bien, a poder ser, a ser posible, a ser possible, pudiera ser,
        pogues ser, tinc festa, tengo fiesta, libro, agradec*, agradezco, agrairi*, agraire, agraeix*,
        estona que, rato que, moment que, momento que, hora que, suit, suits, perfect*,
        parfait, convien*, ideal*, hi soc, hi som, hi es, quan vulgu*, quan pugu*,
        quan vagi*, agafar el telefon, agafar el mobil, coger el telefono, coger el movil,
        cuando quier*, cuando pued*, cuando gust*, cuando veng*, contest*, agafo, cojo, horari*, nomes, solo, solament*,
        only, podria ser, podria ser-me, pot ser, puede ser,
        moment, rato, estona, tranquil*, sempre, siempre, always, si us plau, sisplau, por favor, please,
        is good, is fine, is ok, are good, are fine, good for me, fine for me, works for me, no hi ha problema, cap
        problema, no hay problema, ningun problema, no problem
    """,
    "alike": """
        tant me fa, tant em fa, tant fa, tant se val, tant m'es, m'es igual, em es igual, m'es indiferent, indiferent,
        indistint*, me da igual, nos da igual, da igual, da lo mismo, me es igual, indiferente, tant li fa, don't mind
    """,
    "within": """
        entremig, entre mig, en mig, mentrestant, entre medias, entremedias, en medio, in between, en ese rato, en
        aquella estona, en aquesta estona, aquella estona, aquesta estona, aquella hora, aquella hora justa, ese hueco,
        aquell forat, aquest forat, that gap, llavors si, aleshores si, entonces si
    """,
    "better": "millor, mejor, better, best, plutot, mieux, prefer*, prefier*, mes aviat, mas bien",
    "place": """
        a casa, en casa, home, suelo estar, solemos estar, acostumo a ser, acostumo a estar, acostumo a ser-hi,
        despatx, despacho, oficina, office, mesa, taula, kitchen, la estudi, el estudi,
        el estudio, al estudio, mobil a la ma, movil en la mano, movil a mano, movil encima, mobil a sobre, pillas,
        pillais, pillan, pillareis, pillaras, em trobeu, m'hi trobeu, m'enganxeu, m'enganxareu, me encontrais, me
        encuentran, me encontraran, me encontraras, me encontrareis, em teniu, m'hi teniu, me teneis, me tienen, catch
        me, find me, get hold of me
    """,
    "when": "quan, cuando, when, quand, mentre, mientras, while",
    "because": """
        porque, perque, pq, xq, ja que, ya que, pues, because, since, as i, as we, as she, as he, car, que, q
    """,
    "therefore": """
        o sigui, o sigui que, o sigui q, o sea, o sea que, osea, aixi que, asi que, de manera que, so, per aixo, por
        eso, donc, es a dir, es decir
    """,
    "onward": "endavant, en endavant, cap endavant, adelante, en adelante, onward, onwards, en amunt,"
    " o mes tard, o una mica mes tard, o un poco mas tarde, o mas tarde, or later, or a bit later, ou plus tard",
    "deadline": """
        termini, plazo, deadline, cita, appointment, rendez-vous, error, fallo, accedir,
        acceder, signar, firmar, no funciona, no va, no em deixa entrar, no me deja entrar, web, portal,
        plataforma, no contesta ningu, no contesta nadie, nadie contesta, ningu contesta,
        seu electronica, sede electronica, sessio, sesion, codi, codigo, no puc entrar, no puedo entrar, obriu, abris,
        abren, obren,
        oficina obre, oficina abre, ajuntament obre, ayuntamiento abre
    """,
    "called": "ya llame, ya os llame, ya les llame, llame ayer, os llame, les llame yo, i called, i rang",
    "past": """
        llevo toda la manana, llevo toda la tarde, porto tot el mati, porto tota la tarda, ahir,
        ayer, yesterday, hier, des de ahir, desde ayer, des de aquest mati, desde esta manana,
        des de aquesta tarda, desde esta tarde, anit, anoche, last night
    """,
    "perfect": "he, hem, ha, han, va, vam, vaig, vau, van, heu, habeis, hemos",
    "sorry": "no perdo, no perdon, vull dir, quiero decir, mejor dicho, i mean",
    "day": """
        any, every, cada, qualsevol, cualquier, tot, tots, tothom, todo, todos, day, days, dia, dies, dias, weekdays,
        avui, hoy, today, dema, manana, tomorrow, demain, dema passat, pasado manana, mitja hora, media hora, half an
        hour, manana o tarde, tarde o manana, manana y tarde, entre semana, entre setmana, cap de setmana, fin de semana
    """,
    "week": "setmana, setmanes, setmana que ve, semana, semanas, semana que viene, week, weeks",
    "weekday": ", ".join(f"{day}, {day} que ve, {day} que viene" for day in _WORKDAYS) + ", dl, dm, dc, dj, dv",
    "greeting": ", ".join(GREETINGS) + ", buena tarde, bonsoir, bonne soiree",
    "article": """
        les, las, el, els, los, cap a, cap a les, hacia, sobre, cerca de, about, around, at, vers, a eso de, siguin, que
        siguen, sean, siguen, de, del, en, pel, pels, dels volts de
    """,
    "function": """
        por, per, in, the, on, le, la, du, me, em, es, c'est, it, is, i'm, we, you, us, je, j'ai, os, for, if, be, are,
        son, estan, would, should, m'es, m', seria, para, ustedes, vostes, entonces, una hora menos, una hora menys,
        esta, este, aquest, aquesta, aquell, aquella, this, si no, si,
        possible, posible
    """,
}  # fmt: skip


# --- Time words ------------------------------------------------------------------------------------------------------
# Split what a person says of times (ca, es, en, fr) into tokens: clock times, parts of the day, words of a grammar.
#
# mail/understanding/slots.py reads the sequence of their kinds. Text is folded (features.fold): one sentence. Minutes
# count from midnight.


class TimeToken(NamedTuple):
    """`kind`: one of `PARTS` and `WORDS`, or clock, phone, stop, comma, open, close, word. `start`, `end`: minutes of a
    part of the day, the same twice of a clock time. `text`: as written."""

    kind: str
    text: str
    start: int = 0
    end: int = 0


def _terms(words: str) -> list[str]:
    return [" ".join(term.split()) for term in words.split(",") if term.strip()]


_KINDS = {term: kind for kind, words in WORDS.items() for term in _terms(words)}
_KINDS |= {term: part for part, (_, _, words) in PARTS.items() for term in _terms(words)}
_HOURS_OF = {part: (int(start * 60), int(end * 60)) for part, (start, end, _) in PARTS.items()}
CALL = regex(rf"#|\b{phrases.pattern(_terms(WORDS['call']))}")
"""A request for a call, or a telephone: slots.py puts "#" for it."""
_TERM = regex(phrases.pattern(_KINDS))
_SIGNS = {"#": "phone", ",": "comma", "(": "open", ")": "close", "/": "or", "-": "to", "–": "to", "—": "stop"}
_PIECE = regex(r"(?P<word>[^\W_]+(?:'[^\W_]+)?)|[.!?;:…\n]+|[#,()/–—-]")
_SHORT = regex(
    r"\b(?:(?:[ld]|qu)'(?=\w)|[dx] (?=\w)|est(?:ic|oy) de (?=(?:mati|matins|mananas?|tard(?:a|e|es)|nits?|noches?)\b))"
    r"|(?:(?<=\bvoy de )|(?<=\bestoy de ))manana\b"
    r"|(?<=\btarde )de (?=manana\b)"
)
_WHOLE = {
    "l'": "la ",
    "d'": "de ",
    "qu'": "",
    "d ": "de ",
    "de ": "",
    "x ": "por ",
    "estic de ": "vaig de ",
    "estoy de ": "voy de ",
    "manana": "mananas",
}
_AGAIN = regex(r"(?:torn|v[uo]e?lv)\w* a (?!poder\b|estar\b|ser\b)\w{2,20}[aei]r\b")  # "torno a pujar"
_PERFECT = regex(r" (?!de )(?:\w{1,20} )?\w{1,20}(?:at|ut|it|ado|ido|ar|er|ir)\b")
_RUN = regex(r"[^\W_]+")
_DAY_WORDS = {word for words in WEEKDAYS for word in words.split()} | {
    *("avui", "hoy", "today", "dema", "manana", "tomorrow", "tarda", "tarde", "afternoon", "dies", "dias", "days")
}
_SHORT_NUMBER = regex(r"\d(?<!\d\d)\d?(?!\d)")
_NO_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
_STEMS = (*sorted((term[:-1] for term in _KINDS if term.endswith("*")), key=len, reverse=True),)
_BEGIN = {re.split(r"[^a-z]", term)[0] for term in _KINDS if not term.rstrip("*").isalpha()}
"""The first words of terms of several words."""


def tokens(text: str) -> list[TimeToken]:
    """Return the tokens of a folded text; white space between them is left out."""
    text = _SHORT.sub(lambda found: _WHOLE[found.group()], text)
    found: list[TimeToken] = []
    at = 0
    while (piece := _PIECE.search(text, at)) is not None:
        token, word, at = None, piece["word"], piece.start()
        if word is None:
            token = TimeToken(_SIGNS.get(piece[0], "stop"), piece[0])
        elif word[0].isdigit() or word.partition("'")[0] in _CLOCK_WORDS:
            token = _clock(text, at, found)
        token = token or _word(text, at, word)
        found.append(token)
        at += len(token.text)
    return found


def _word(text: str, at: int, word: str) -> TimeToken:
    term = word
    if word in _BEGIN or "'" in word or "_" in text:  # else it is a term by itself, or none
        found = _TERM.match(text, at)
        if found is None:
            return TimeToken("word", word)
        term = found.group()
    kind = _KINDS.get(term, "word")
    if kind == "word" and term.startswith(_STEMS):
        kind = _KINDS[next(stem for stem in _STEMS if term.startswith(stem)) + "*"]
    if kind == "perfect":
        kind = "past" if _PERFECT.match(text, at + len(term)) else "busy" if term == "vaig" else "word"
    if kind == "leave" and _AGAIN.match(text, at):
        kind = "enter"
    return TimeToken(kind, term, *_HOURS_OF.get(kind, (0, 0)))


# --- clock times ----------------------------------------------------------------------------------

_FRENCH_HOURS = ("une", "deux", "trois", "", "cinq", "", "sept", "huit", "neuf", "dix", "", "douze")
_HOURS = {
    name: hour
    for table in (NUMBERS[1:], _FRENCH_HOURS)
    for hour, names in enumerate(table, 1)
    for name in names.split()
    if name != "un"  # an article
}
_LATE_HOURS = ("treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf", "vingt")
_HOURS |= {f"{name} heures": hour for hour, name in enumerate(_LATE_HOURS, 13)}
_MINUTES = {
    word: minutes
    for minutes, words in {
        5: "cinc cinco five cinq pico", 10: "deu diez ten dix", 15: "quart cuarto quarter",
        20: "vint veinte twenty vingt", 30: "mitja media half demie demi",
    }.items()
    for word in words.split()
}  # fmt: skip
_NO_THINGS = (  # words with the ending of a plural that may follow an hour
    r"hores|horas|heures|us|ens|els|les|las|los|nos|os|es|is|has|pues|mes|mas|fins|llavors|despres|despues|tocades"
    r"|tocadas|passades|pasadas|clavades|gracies|gracias|adeus|salutacions|saludos|\w+mos"
)
_ONE_WORD = frozenset(name for name in _HOURS if name.isalpha())
_SAID = [*(_HOURS.keys() - _ONE_WORD), *(term for term, kind in _KINDS.items() if kind in PARTS), "manana"]
_TELLING = {max(_RUN.findall(term), key=len) for term in _SAID} | {"quart", "quarts", "quarter", "past", "twenty"}
_ALONE = rf"(?! (?!(?:{_NO_THINGS}|quarts|minutes|menys|menos|moins|hrs)\b)\w+s\b)"
_NUMBER = regex(rf"\d(?<![^\W_]\d)\d?(?!\d){_ALONE}")  # of one or two digits
_NAMED = regex(rf"\b(?:{'|'.join(sorted(_ONE_WORD))})\b{_ALONE}")
_NAME, _LITTLE = phrases.pattern(_HOURS), phrases.pattern(_MINUTES)
_CLOCK_WORDS = {_RUN.findall(name)[0] for name in ("un", "dos", "tres", "quarts", *_HOURS, *_MINUTES)}
_OF = r"(?:del |de la |du |in the |a la |al )"
_LATE = rf"{_OF}(?:tarda|tarde|vespre|noche|nit|migdia|mediodia|afternoon|evening|apres[- ]midi|soir)"
_EARLY = rf"{_OF}(?:mati|manana|matin|morning)"
_CLOCK = regex(
    rf"(?:(?P<quarter>un|dos|tres|[123])(?:/4| quarts?) (?:i (?:mig|cinc|deu) )?de (?P<next>{_NAME}|\d\d?\b)"
    rf"|quarts de (?P<about>{_NAME}|\d\d?\b)"
    rf"|(?P<past>{_LITTLE}) (?:minutes )?(?P<sign>past|to) (?P<of>{_NAME}|\d\d?\b)"
    rf"|(?P<named>{_NAME}|\d\d?)(?: ?h)? (?P<way>i|y|et|menys|menos|moins)(?: le| un)? (?P<little>{_LITTLE})"
    rf"|(?P<hour>\d\d?)(?:(?:[:.h]| h ?)(?P<minute>\d\d))?(?![\d/]|[.,:]\d)|(?P<word>{_NAME}))"
    r"(?P<unit> ?(?:h|hores|horas|hrs|heures?|o'clock|en punto?|a\.?m\.?|p\.?m\.?)(?![\w@]))?(?: i pico)?"
    rf"(?P<part> (?:{_LATE}|{_EARLY})\b)?"
)
_NOUN = regex(  # a bare number is no hour before a date or a plural ("fins a 12 terminis", "les tres entitats")
    r" ?(?:[%€/@]|(?<=\bo una )(?!de\b|del\b)\w"
    rf"|de (?:{'|'.join(MONTHS).replace(' ', '|')})\b|(?!(?:{_NO_THINGS})\b)\w+s\b)"
)
_TO_UNIT = regex(r" ?(?:-|a) ?\d{1,2}(?: ?h\b|[:.]\d\d)")
_RANGE = regex(r"(?: ?h)? ?(?:a|i|y|-|to|fins|hasta|al|(?:en|cap) (?:endavant|adelante))(?![a-z])")
_OPENS = 8
_QUARTERS = {"u": 1, "1": 1, "d": 2, "2": 2, "t": 3, "3": 3}
_LEADS = frozenset({"from", "until", "between"})


def _clock(text: str, at: int, before: list[TimeToken]) -> TimeToken | None:
    """Return the clock time at this place, None if there is none: one without unit and part needs a preposition."""
    found = _CLOCK.match(text, at) if at == 0 or not text[at - 1].isalnum() else None
    if found is None:
        return None
    minutes, sure = _minutes(found)
    if minutes > 24 * 60 or not (sure or found["unit"] or found["part"] or _is_led(before, text, found.end(), minutes)):
        return None
    return TimeToken("clock", found.group(), *(2 * (_of_day(minutes, found["unit"] or "", found["part"] or ""),)))


def _minutes(found: re.Match[str]) -> tuple[int, bool]:
    """Return the minutes as said, and whether only a clock time is said like this."""
    if found["next"]:
        return _hour(found["next"]) * 60 - 60 + 15 * _QUARTERS[found["quarter"][0]], True
    if found["about"]:
        return _hour(found["about"]) * 60 - 30, True
    if found["of"]:
        return _hour(found["of"]) * 60 + _MINUTES[found["past"]] * (1 if found["sign"] == "past" else -1), True
    if found["named"]:
        sign = -1 if found["way"] in ("menys", "menos", "moins") else 1
        return _hour(found["named"]) * 60 + sign * _MINUTES[found["little"]], found["little"] != "pico"
    word = found["word"] or ""
    return _hour(found["hour"] or word) * 60 + int(found["minute"] or 0), word.endswith("heures")


def _hour(word: str) -> int:
    return int(word) if word.isdigit() else _HOURS[word]


def _of_day(minutes: int, unit: str, part: str) -> int:
    """Return the minute of the day: without a part of the day, before eight means the afternoon."""
    late = unit.strip().startswith("p") or bool(re.fullmatch(rf" {_LATE}", part))
    early = unit.strip().startswith("a") or bool(re.fullmatch(rf" {_EARLY}", part))
    if late and minutes < 12 * 60 and not ("dia" in part and minutes >= 11 * 60):
        return minutes + 12 * 60
    return minutes + 12 * 60 if minutes < _OPENS * 60 and not early else minutes


def part_end(clock: TimeToken) -> int:
    """Return the minute at which the part of the day ends that a clock time names; else the day's last."""
    return 14 * 60 if re.search(rf" {_EARLY}$", clock.text) else 24 * 60


def _is_led(before: list[TimeToken], text: str, end: int, minutes: int) -> bool:
    """Whether what stands before a bare number, or a range after it, makes it an hour."""
    if _NOUN.match(text, end):
        return False
    if _TO_UNIT.match(text, end):
        return True
    last, second = (*reversed(before[-2:]), *2 * (TimeToken("stop", ""),))[:2]
    if last.text in ("de", "del") or last.kind in ("stop", "comma", "phone", "open"):
        return _RANGE.match(text, end) is not None
    if last.kind in ("to", "or"):
        return second.kind in ("clock", "noon")
    if last.text == "la":  # "és la una", "cap a la 13:30"; not "l'extensió és la 4"
        return minutes == 60 or second.kind in _LEADS | {"article", "to"}
    return last.kind in _LEADS or (last.kind == "article" and last.text not in ("el", "els", "los", "en"))


# --- Clauses ---------------------------------------------------------------------------------------------------------
# Find the sentences of a message that may say when a call suits, and split them into clauses.
#
# mail/understanding/slots.py reads the times in them. Hours elsewhere belong to the problem. Text is folded, its
# telephones are digits.

_REACH = 2  # sentences around a request for a call
_MOST = 8  # sentences with such a request
_BRIEF = 6  # sentences
_LONGEST = 8_000  # characters that are read
_SPANISH = r"\b[6-9](?:[ .,()/·_\n-]{0,3}\d){8}(?!\d)"
_HOUR = r"\d{1,2}(?:[:.h]\d\d)?"  # before a telephone: "a las 10. 612 30 45 78"
_EXT = r"(?: ?\(?ext(?:ensi\w*)?\.? ?\d{1,5}\)?)?"
_PHONE = regex(
    rf"(?=[+\d])(?:(?<![\d+]){_SPANISH}|(?!{_HOUR}\W{{1,3}}{_SPANISH})\+?\d(?:[ .()/·_\n-]{{0,3}}\d){{7,14}}){_EXT}"
)
_SENTENCE = regex(r"\s(?:(?<=[.!?…]\s)\s*|(?<=\n))")
_STILL_OPEN = 8  # tokens at the end of a clause that the next one continues
_DAYS = frozenset({"day", "week", "weekday"})
SKIPPED = _DAYS | {"article", "to", "word", "function", "already", "also", "thanks"}
_CLAUSE_ENDS = frozenset({"stop", "comma", "because", "therefore", "open", "close"})
_ASKED = frozenset({"call", "phone", "free", "better", "alike"})
_TIMES = frozenset({"from", "until", "between", "clock", *PARTS})
_FEW = 3  # tokens
_BARE = frozenset({"before", "abans", "antes", "avant", "after", "apres", "later"})
WAYS = {"from": "from", "until": "until", "between": "between", "leave": "from", "enter": "until"}
"""Kind of token -> what it makes of the time that follows."""


class Clause:
    """The tokens up to the next sign or conjunction, their kinds, and the kind of the one before them."""

    def __init__(self, opened_by: str, tokens: list[TimeToken]) -> None:
        self.opened_by, self.tokens = opened_by, tokens
        self.kinds = {token.kind for token in tokens}

    @property
    def is_of_the_problem(self) -> bool:
        if self.kinds.isdisjoint({"past", "called", "deadline"}):
            return False
        kinds = [token.kind for token in self.tokens if token.kind not in ("function", "article")]
        past = "past" in self.kinds and not self.kinds & {"phone", "better"}
        past = past or "called" in kinds or ("past", "call") in pairwise(kinds)  # "em vau trucar a les 10 al 612 …"
        wish = self.kinds & {"phone", "better", "call", "free"}
        return past or (
            "deadline" in self.kinds
            and "busy" not in self.kinds
            and (not wish or (wish == {"free"} and "not" in self.kinds))
        )

    @property
    def open_way(self) -> str:
        """The way of a time that the next clause names: "quan surti de la granja, que serà a les sis"."""
        times = [at for at, token in enumerate(self.tokens) if token.kind in ("clock", *PARTS)]
        open_tokens = self.tokens[times[-1] + 1 :] if times else self.tokens
        ways = [WAYS[open_token.kind] for open_token in open_tokens[-_STILL_OPEN:] if open_token.kind in WAYS]
        return ways[0] if ways else ""

    @property
    def is_cut_short(self) -> bool:
        """Whether it ends with a bound whose time follows: "fins que marxo, a la una"."""
        if self.kinds.isdisjoint({"enter", "leave", "until"}):
            return False
        kinds = [token.kind for token in self.tokens if token.kind not in ("function", "word")]
        bounds = [token.text for token in self.tokens if token.kind in ("clock", "until", *PARTS)]
        return kinds[-1:] == ["enter"] or kinds[-1:] == ["leave"] or bounds[-1:] in (["fins que"], ["hasta que"])

    @property
    def dangling(self) -> str:
        """The way that ends it without a time of its own: "I start at two, so before that"."""
        last = next((token for token in reversed(self.tokens) if token.kind not in ("function", "word")), None)
        other = self.opened_by == "because" or self.kinds & {"clock", "leave", "enter", "busy", *PARTS}
        return last.kind if last and last.text in _BARE and not other else ""

    @property
    def is_no(self) -> bool:
        """Whether it refuses the time of the clause before: "in the afternoon, impossible"."""
        return self.opened_by in ("therefore", "comma") and {"not"} <= self.kinds <= {"not", "function"}

    @property
    def is_of_a_part(self) -> bool:
        """Whether it names a part of every day and nothing else: "els matins"."""
        parts = [token.text for token in self.tokens if token.kind in PARTS]
        return len(parts) == 1 and parts[0].endswith("s") and self.kinds <= {"article", "function", "to", *PARTS}

    @property
    def is_occupation(self) -> bool:
        """Whether it says in a few words what a part of the day is for: "els matins, jutjats"."""
        few = len(self.tokens) <= _FEW and self.opened_by in ("comma", "stop")
        return few and self.kinds <= {"word", "busy", "article", "function"} and bool(self.kinds & {"word", "busy"})

    @property
    def gives_hours(self) -> bool:
        """Whether it is a range of hours and nothing else: ", de 8 a 14"."""
        return self.kinds <= {"article", "function", "to", "clock"}

    def is_of_work(self, before: "Clause") -> bool:
        """Whether it gives only the hours of an occupation named before it: "treballo a torns: de 6 a 14"."""
        follows = self.opened_by == "stop" and before.opened_by != "because" and before.is_busy
        return follows and self.gives_hours and before.kinds.isdisjoint(_ASKED | _TIMES)

    @property
    def prefers(self) -> bool:
        """Whether it prefers a telephone and names no time: "mine is better, and I can any morning"."""
        return "better" in self.kinds and not self.kinds & {"clock", *PARTS}

    @property
    def is_asked(self) -> bool:
        """Whether it speaks of the call: it names one, a telephone, when the writer is free, or when it has to be. The
        telephone of a busy writer asks for nothing: "a la tarda soc a classe i tinc el telèfon apagat"."""
        kinds = [token.kind for token in self.tokens if token.kind not in ("function", "article", "to")]
        must = any(first == "must" and second in _TIMES for first, second in pairwise(kinds))
        return (
            must or bool(self.kinds & _ASKED) or (bool(self.kinds & {"place", "device"}) and "busy" not in self.kinds)
        )

    @property
    def is_call(self) -> bool:
        """Whether it names the hour of a call: "call me at five"."""
        return {"call", "clock"} <= self.kinds and "not" not in self.kinds

    @property
    def excepts(self) -> bool:
        """Whether it ends with an exception whose time follows: "any hour except when I fetch them, from four on"."""
        kinds = [token.kind for token in self.tokens]
        return "except" in kinds and not {"clock", *_DAYS, *PARTS} & set(kinds[kinds.index("except") :])

    @property
    def is_of_a_weekday(self) -> bool:
        """Whether it speaks of single days of the week: "els dimarts al matí no puc", not "de dilluns a divendres"."""
        said = [token for token in self.tokens if token.kind != "function"]
        ranges = any(to.text in ("a", "al", "to", "-") and day.kind == "weekday" for to, day in pairwise(said))
        return "weekday" in self.kinds and not ranges

    @property
    def is_busy(self) -> bool:
        if self.kinds.isdisjoint({"busy", "shift"}):
            return False
        kinds = [token.kind for token in self.tokens]
        before = kinds[: kinds.index("busy")] if "busy" in kinds else []
        bounds = [kind for kind in before if kind not in SKIPPED][-1:] in (["until"], ["from"])  # "before I go to work"
        if kinds.count("clock") == 1 and {("clock", "already"), ("already", "not")} & set(pairwise(kinds)):
            return False  # "a les cinc ja soc a classe", "tanquem a la una i ja no obrim": the time before that is free
        shift = any(kind == "shift" and part in ("morning", "afternoon", "night") for kind, part in pairwise(kinds))
        return shift or ("busy" in kinds and not bounds and not {"when", "enter"} & set(before))


def clauses(sentence: list[TimeToken]) -> Iterator[Clause]:
    """Yield the clauses of a sentence that are not empty."""
    opened_by, clause = "", list[TimeToken]()
    for token in sentence:
        if _begins(token, clause, opened_by):
            yield Clause(opened_by, clause)
            opened_by, clause = "", [token]
        elif token.kind in _CLAUSE_ENDS:
            if clause:
                yield Clause(opened_by, clause)
            opened_by, clause = token.kind, []
        else:
            clause.append(token)
    if clause:
        yield Clause(opened_by, clause)


def _begins(token: TimeToken, clause: list[TimeToken], opened_by: str) -> bool:
    """Whether a clause begins here without a sign, as in dictated text: "don't ring this one I'm driving ring my wife",
    "que a la tarda soc a la vinya al 600 11 22 33"."""
    if token.kind not in ("phone", "better", "call") and token.text not in ("pero", "but"):
        return False
    kinds = {before.kind for before in clause}
    if token.kind == "phone":
        return (
            opened_by == "because" and not kinds.isdisjoint({"clock", *PARTS}) and kinds.isdisjoint(_ASKED | {"place"})
        )
    if token.text in ("pero", "but"):  # "no hi sento gaire però al matí hi ha la meva dona"
        return "not" in kinds and kinds.isdisjoint({"clock", *PARTS})
    if token.kind == "better":
        return "busy" in kinds and not kinds.isdisjoint({"clock", *PARTS})
    said = "busy" in kinds and "call" in kinds
    return said and token.kind == "call" and {"when", "not"}.isdisjoint(before.kind for before in clause[-3:])


class Sentence:
    """A folded sentence, split into tokens and clauses where it is read for times or days. `asked`: it has a request
    for a call, or a telephone."""

    def __init__(self, text: str, asked: bool = False) -> None:
        self.text, self.asked = text, asked
        self._words = text.translate(_NO_WORDS).split() if text.isascii() else _RUN.findall(text)

    @property
    def may_tell(self) -> bool:
        """Whether it may have a clock time or a part of the day: it has the longest word of one, or a number that does
        not count things ("fa dues setmanes")."""
        return (
            not _TELLING.isdisjoint(self._words)
            or _NUMBER.search(self.text) is not None
            or (not _ONE_WORD.isdisjoint(self._words) and _NAMED.search(self.text) is not None)
        )

    @property
    def may_name_a_day(self) -> bool:
        """Whether it may name a day (core/days_named.py), and not only a week or a month."""
        return not _DAY_WORDS.isdisjoint(self._words) or _SHORT_NUMBER.search(self.text) is not None

    @cached_property
    def tokens(self) -> list[TimeToken]:
        return tokens(self.text)

    @cached_property
    def clauses(self) -> list[Clause]:
        return [*clauses(self.tokens)]


def every(lines: Iterable[str]) -> list[Sentence]:
    """Return the sentences of what is read, if they are few; else none."""
    sentences = [part for part in _SENTENCE.split("\n".join(lines)[:_LONGEST]) if not part.isspace()]
    return [*map(Sentence, sentences)] if len(sentences) <= _BRIEF else []


def near(lines: Iterable[str]) -> list[Sentence]:
    """Return the sentences near a request for a call or a telephone."""
    text = _PHONE.sub(" # ", "\n".join(lines)[:_LONGEST])
    sentences = [part for part in _SENTENCE.split(text) if not part.isspace()]
    anchors = [at for at, sentence in enumerate(sentences) if CALL.search(sentence)][:_MOST]
    beside = {anchor + step for anchor in anchors for step in range(-_REACH, _REACH + 1)}
    return [Sentence(sentences[at], at in anchors) for at in sorted(beside) if 0 <= at < len(sentences)]
