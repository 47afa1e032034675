"""Tell whether a text asks for something, waits for something or reports trouble, by closed tables of words.

They guard people: what asks is no bare vote (mail/understanding/vote_words.py), and who has a wish sends no automatic
reply (mail/understanding/auto_subjects.py), whatever a model says. The tables are
folded (features.fold), in Catalan, Spanish, English and French.
"""

import re

from oacmail.mail.understanding import trie

_ASKS = """
pero, encara, but, however, still, no funciona, no em deixa, no me deja, no puc, no puedo, no se, no entenc, no
entiendo, error, falta, vull, quiero, voldria, volia, quisiera, querria, necessito, necesito, necessitem,
necesitamos, podeu, podrieu, podria, puc, pueden, podrian, podeis, puede, could you, can you, can i, would you,
please, com ho, com puc, como puedo, com es, como se, on es, donde, quan, cuando, si us plau, sisplau, por favor,
demano, pido, desitjo, deseo, solicito, sollicito, us prego, ruego, una cosa mes, una cosa mas, una altra cosa,
otra cosa, tambe,
tambien, also, ara em, ahora me, dubte, duda, pregunta, question, em surt, me sale, em diu, me dice, truqueu,
truqueu-me, truqui'm, truqui-ho, llamen, llamenme, llamadme, call me, queixa, queja, reclamacio, reclamacion,
urgent, urgente, esborreu, borren, on puc, quin, cual, which, how, how do
"""
_WAITS = """
espero, esperem, esperant, esperar, esperava, esperavem, he esperat, continuo, continuem, segueixo, seguim, segueix,
sense resposta, sense noticies, sense resoldre, sense res, ningu, mai, ja fa, fa setmanes, fa mesos, setmanes, mesos,
massa tard, tard, tardat, trigat, trigant, trigar, per res, per no, vergonya, desastre, increible, de fa, ni una,
res de nou, esperando, espere, esperamos, llevo, llevamos, sigo, seguimos, sigue sin, sigue igual, sin respuesta,
sin noticias, sin resolver, nadie, nunca, todavia, aun, hace semanas, hace meses, semanas, meses, demasiado tarde,
por nada, por no, verguenza, tardado, tardando, tardar, de nada sirve, no sirve, waiting, waited, wait, nobody, no one,
never, not yet, yet, weeks, months, late, for nothing, disaster, disgrace, shame, shameful, ridiculous, no answer,
no reply, nothing happened, nothing has, j'attends, attends, toujours, personne, jamais, semaines, en retard, honte,
pour rien, caigut, caiguda, caido, caida, no va, no carrega, no carga, espatllat, averiado
"""
_AWAITS = """
a l'espera de, a l'espera d'una, a l'espera d'un, en espera de, en espera d'una, per endavant, per avancat, per
anticipat, a la bestreta, gracies anticipades, a la espera de, por adelantado, de antemano, por anticipado, por
anticipada, gracias anticipadas, in advance, look forward to your, looking forward to your, look forward to hearing,
looking forward to hearing, await your, awaiting your, dans l'attente de, d'avance, par avance
"""


def _table(*lists: str) -> str:
    return trie.pattern({" ".join(term.split()) for terms in lists for term in terms.split(",")})


_GOES_ON = """
pero, but, however, encara, todavia, aun, still, falta, el que passa, lo que pasa, per cert, por cierto, sense, sin,
demano, pido, error, ningu, nadie, call me, do call, truqueu, truqui, truquin
"""
_GOES_BACK = """
toutefois, cependant, mais, par contre, altra cosa, otra cosa, otro tema, l'unic, l'unica, lo unico, unica cosa, nomes
que, solo que, excepte, salvo, ja que, ya que, by the way, one thing, one more, only, except, though, tampoc, tampoco,
continua, continuen, torna a, vuelve a, prou, borrad, esborreu, no esta, no hi es, no surt, no sale, no apareix, no
aparece, no va, no em, no me, ara surt, ara surten, ara posa, ara em, ara diu, ara hi, ara nomes, ahora pone, ahora
sale, ahora salen, ahora me, ahora dice, ahora solo, now, que faig, que hago, what, nothing, forgot, oblidat,
olvidado, cuanto, cuantos, quant, quants, un detall, un detalle, no ha funcionat, no ha funcionado, no va funcionar, no
funciono, no ha anat, no ha servit, no ha servido, didn't work, did not work, n'a pas marche, n'a pas fonctionne
"""
_CLOSES = """
no cal que, no cal res, no cal fer, no cal cap, ja no cal, no fa falta, no hace falta, no need, nothing further,
nothing more, nothing else, podeu tancar, poden tancar, pueden cerrar, podeis cerrar, puede cerrar, pot tancar, podeu
arxivar, pueden archivar, tanqueu, cierren, cerrad, per tancat, por cerrado, archivamos, arxivem, deixeu-ho, dejadlo,
dejenlo, oblideu, oblideu-ho, olvidadlo, olvidenlo, retiro la, retiro el, retiro lo, je retire, you can close,
enhorabona, enhorabuena, felicitats, felicitar, felicidades, bones festes, felices fiestas, feliz navidad, bon nadal,
merry christmas, deu us ho pagui, dios se lo pague, dios os lo pague, de part meva, de la meva part, de part de, de
mi parte, de parte de, ja he, ja hem, ja m'han, ja ens han, ja esta, ja hi soc, ja ho tinc, ja ho he, ja surt, ja
surten, ja puc, ya he, ya hemos, ya me han, ya nos han, ya esta, ya lo tengo, ya lo he, ya sale, ya salen, ya puedo,
he pogut, hem pogut, he podido, hemos podido, tout est regle, sorted, it worked, va funcionar, ha funcionat, ha
funcionado, ha entrado, ha entrat, a la primera, rebut, recibido, received, fet, hecho, done, entes, entesos, entendido
"""
_WORDS = re.compile(rf"(?<!\w){_table(_ASKS, _WAITS)}")
_PATIENCE = (
    r" (?:per|por|for|pour) (?:(?:la|seva|vostra|su|vuestra|your|votre) ){0,2}"
    r"(?:paciencia|comprensio|comprension|patience|understanding|comprehension)\b"
)
_EXPECTS = re.compile(rf"(?<!\w){_table(_AWAITS)}(?!{_PATIENCE})")
_BACK = re.compile(rf"(?<!\w){_table(_GOES_BACK)}|\btruqu\w*")
_ENDS = re.compile(rf"(?<!\w){_table(_CLOSES)}")
_TURNS = re.compile(
    rf"(?<!\w){_table(_GOES_ON, _WAITS)}"
    r"|\b(?:sigue\w*|segueix\w*|llamen\w*|llamad\w*|truqu\w+|rappelez\w*"
    r"|no (?:em|me|ens|nos) (?:deixa|deja|va|surt|sale))\b"
)
_THANKS = re.compile(
    r"\b(?:graci\w*|agrai\w*|agradec\w*|agradezco|merci\w*|merces|thank\w*|thx|grazie|danke|obrigad\w*|cheers"
    r"|ja (?:funciona|esta|va|ho (?:tinc|veig|he)|l'he|m'ha|puc|surt|ha)|ya (?:funciona|esta|va|lo (?:tengo|veo|he)|ha)"
    r"|solucionad\w*|solucionat\w*|resolt\w*|resuelt\w*|arreglad\w*|arreglat\w*|aclarit|aclarad\w*|perfecte\w*"
    r"|perfect[oa]?|solved|sorted|works now|it works|me'n he sortit|me n'he sortit)\b|[\U0001f44d\U0001f64f]"
)

WISH = re.compile(
    r"\b(?:em cal|ens cal|necessit[oe]m?|vull|volem|voldri\w+|necesit(?:o|amos)|me hace falta|quiero"
    r"|queremos|quisiera"
    r"|i (?:need|want|would like)|je (?:voudrais|souhaite)|j'aimerais|ich (?:mochte|brauche)|vorrei|gostaria"
    r"|com (?:ho|puc|podem|es) |como puedo|que he de|diu que|dice que|em surt|em demana|em reclama"
    r"|me pide|m'agradaria|me sale|no em deixa|no me deja|es pot"
    r"|puc (?:fer|anar|venir|recollir)|podeu (?:dir|explicar|ajudar)|pueden (?:decir|ayudar))\b"
)


def asks(folded: str) -> bool:
    """True if a folded text has a question mark, or a word of asking, waiting or trouble."""
    return "?" in folded or _WORDS.search(folded) is not None or awaits(folded)


def awaits(folded: str) -> bool:
    """True if a folded text waits for an answer, or thanks for it in advance: who does so has asked for something.
    Machines thank in advance for patience."""
    return _EXPECTS.search(folded) is not None


def turns(folded: str) -> bool:
    """True if a folded text has a word after which people who thank go on to ask ("però", "still", "truqueu-me")."""
    return "?" in folded or _TURNS.search(folded) is not None


def goes_back(folded: str) -> bool:
    """True if a folded text turns, or has a word with which people come back to a matter ("lo único", "toutefois"). A
    circumstance for the model, and a guard of few words: those that come back are no thanks."""
    return turns(folded) or _BACK.search(folded) is not None


def closes(folded: str) -> bool:
    """True if a folded text has words with which people end a matter ("no cal que", "ja he pogut", "podeu tancar"). A
    circumstance for the model: alone it ends nothing."""
    return _ENDS.search(folded) is not None


def thanks(folded: str) -> bool:
    """True if a folded text has a word of thanks, or says that something is solved."""
    return _THANKS.search(folded) is not None
