"""Tell what a text does, by closed tables of words: it asks, it ends a matter, it goes on.

The tables guard people, whatever a model says: no message without words that end a matter is thanks, and none that goes
on is (core/classification.py); what asks is no bare vote (mail/understanding/vote_words.py); who has a wish
sends no automatic reply (mail/understanding/auto_subjects.py). The tables are folded (features.fold), in Catalan,
Spanish, English and French.
"""

import re

from oacmail.core import polite_words
from oacmail.mail.understanding import trie

_ASKS = """
pero, encara, but, however, still, doesn't work, does not work, not working, can't log, can't access, can't get,
no funciona, no em deixa, no me deja, no puc, no puedo, no se, no entenc, no
entiendo, error, falta, vull, quiero, voldria, volia, quisiera, querria, necessito, necesito, necessitem, necesitamos,
podeu, podrieu, podria, puc, pueden, podrian, podeis, puede, could you, can you, can i, would you, please, com ho, com
puc, como puedo, com es, como se, on es, donde, quan, cuando, si us plau, sisplau, por favor, demano, pido, desitjo,
deseo, solicito, sollicito, us prego, ruego, una cosa mes, una cosa mas, una altra cosa, otra cosa, tambe, tambien,
also, ara em, ahora me, dubte, duda, pregunta, question, em surt, me sale, em diu, me dice, truqueu, truqueu-me,
truqui'm, truqui-ho, llamen, llamenme, llamadme, call me, queixa, queja, reclamacio, reclamacion, urgent, urgente,
esborreu, borren, on puc, quin, cual, which, how, how do
"""
_WAITS = """
espero, esperem, esperant, esperar, esperava, esperavem, he esperat, continuo, continuem, segueixo, seguim, segueix,
sense resposta, sense noticies, sense resoldre, sense res, ningu, mai, ja fa, fa setmanes, fa mesos, setmanes, mesos,
massa tard, tard, tardat, trigat, trigant, trigar, per res, per no, vergonya, desastre, increible, de fa, ni una, res de
nou, esperando, espere, esperamos, llevo, llevamos, sigo, seguimos, sigue sin, sigue igual, sin respuesta, sin noticias,
sin resolver, nadie, nunca, todavia, aun, hace semanas, hace meses, semanas, meses, demasiado tarde, por nada, por no,
verguenza, tardado, tardando, tardar, de nada sirve, no sirve, waiting, waited, wait, nobody, no one, never, not yet,
yet, weeks, months, late, for nothing, disaster, disgrace, shame, shameful, ridiculous, no answer, no reply, nothing
happened, nothing has, j'attends, attends, toujours, personne, jamais, semaines, en retard, honte, pour rien, caigut,
caiguda, caido, caida, no va, no carrega, no carga, espatllat, averiado
"""
_CLOSES = """
molt amable, molt amables, muy amable, muy amables, tan amable, tan amables, so kind, very kind, much obliged, shukran,
grs, grcs, grcies, un sol, un cel, un encant, un encanto, un crack, uns cracks, uns sols, l'enquesta feta, genial,
fantastic, fantastico, estupend, estupendo, great, lovely, brilliant, tot be, tot molt be, tot correcte, tot ok, tot en
ordre, tot perfecte, todo bien, todo muy bien, todo ok, todo correcto, todo en orden, todo perfecto, all good, all done,
all fine, entesos, entes, entendido, d'acord, de acuerdo, ok, okey, okay, vale, va be, molt be, muy bien, conforme,
conformes, rebut, recibido, recibida, received, sorted, it work, it works, works now, work now, it worked, ja va, ya va,
ja esta, ya esta, ja surt, ja surten, ya sale, ya salen, ja puc, ya puedo, ja ho tinc, ya lo tengo, ja hi soc, he pogut,
hem pogut, he podido, hemos podido, va funcionar, ha funcionat, ha funcionado, ha entrat, ha entrado, a la primera, tout
est regle, podeu tancar, poden tancar, pot tancar, pueden cerrar, podeis cerrar, puede cerrar, you can close, podeu
arxivar, pueden archivar, tanqueu, cierren, cerrad, per tancat, por cerrado, archivamos, arxivem, deixeu-ho, dejadlo,
dejenlo, oblideu, oblideu-ho, olvidadlo, olvidenlo, retiro la, retiro el, retiro lo, je retire, enhorabona, enhorabuena,
felicitats, felicitar, felicidades, bon cap de setmana, buen fin de semana, bones festes, bones vacances, bona pasqua,
bon nadal, felices fiestas, feliz navidad, feliz verano, feliz dia, merry christmas, deu us ho pagui, dios se lo pague,
dios os lo pague, dios les bendiga, un plaer, un placer, encantat, encantada, content, contenta, contents, contento,
contentos, satisfet, satisfeta, satisfets, satisfecho, satisfecha, satisfechos, satisfied, helpful, excellent,
excellents, excelente, excelentes, magnific, magnifica, magnifico, molt bona, muy buena, bona atencio, buena atencion,
sou genials, guai, correcte, correcto, de part meva, de la meva part, de part de, de mi parte, de parte de, fet, feta,
hecho, done, me'n he sortit, me n'he sortit, have a nice day, have a great day, have a good day, have a nice weekend, ja
funciona, ya funciona, ara funciona, ahora funciona, ja m'ha funcionat, ya me ha funcionado
"""
_ENDS_DENIED = """
no cal que, no cal res, no cal fer, no cal cap, ja no cal, no cal, no fa falta, no hace falta, no need, nothing further,
nothing more, nothing else, res mes, nada mas, cap problema, sense problema, sense problemes, sin problema, sin
problemas, no problem, no worries, de res, de nada, no hi ha de que, cap pressa, sense pressa, sense presses,
sin prisa, no hurry, no passa res, no pasa nada, cap de setmana
"""
_BESIDE = """
you molt muy so a lot all your the for help tot tota tots tothom todo toda todos per por de del el la les us os lo
vosaltres ustedes un i y and et beaucoup
"""
_DENIES = """
no, not, n't, ni, tampoc, tampoco, sino, nunca, mai, never, nada, nothing, res, cap, ningu, nadie, pas
"""
_LOSSES = """
perd*, lost, lose, missed, deixar-me, dejarme, fatal, malament, mal, pitjor, peor, worse, embarg*, recarrec*, recargo*,
multa*, multat, penjat, colgado, cobrat, cobrad*, cobreu, cobren, culpa, queix*, quej*, denunci*, jutjat, juzgado,
caducat, caducad*, tancat, cerrad*, rebutja*, rechaza*, denega*, equivoca*, error*, falla*, tarde, quedo pendent, quedo
pendiente, us ho envio, us envio, vegades, veces, cops, setmanes, semanas, mes esperant, us adjunto, te adjunto, os
adjunto, le adjunto, les adjunto, adjunto el, adjunto la, adjunto els, adjunto los
"""
_TURNS = """
pero, tot i, tot i que, si be, si bien, aunque, although, though, malgrat, a pesar, tanmateix, no obstant, no obstante,
however, but, mais, encara, aun, todavia, still, toutefois, cependant, excepte, salvo, except, llastima, lastima,
contra, contradiu, contradice, per cert, por cierto, by the way, el que passa, lo que pasa, l'unic, l'unica, lo unico,
un detall, un detalle, ja que hi som, prou, pro, per avancat, per endavant, per anticipat, a la bestreta, de antemano,
por adelantado, por anticipado, in advance, d'avance, par avance, a l'espera, a la espera, look forward, looking
forward, espero, esperem, esperamos
"""


def _table(*lists: str) -> str:
    return trie.pattern({" ".join(term.split()) for terms in lists for term in terms.split(",")})


_WORDS = re.compile(rf"(?<!\w){_table(_ASKS, _WAITS)}")
_ENDS = re.compile(
    rf"(?<!\w)(?:{_table(_CLOSES, _ENDS_DENIED)}|gra?[cs]+i[ae]+s*|agra[id]\w*|agraeix\w*|agradec\w*|agradezco"
    r"|merci|merces|than[kx]\w*|thx|grazie|danke|obrigad\w*|cheers|perfect\w*|resolt\w*|resuelt\w*|solucionad\w*"
    r"|solucionat\w*|arreglad\w*|arreglat\w*|aclarit|aclarad\w*|solved|ok+)(?!\w)"
    "|[\U0001f44d\U0001f64f\U0001faf6\U0001f44c\U00002764\U0001f44f\U0001f389\U0001f60a]"
)
_WORD = re.compile(r"\w+")
_POLITE = polite_words.WORDS.union(_BESIDE.split())
_NO_DENIAL = re.compile(rf"(?<!\w){_table(_ENDS_DENIED)}(?!\w)")
_AGAINST = re.compile(rf"(?<!\w){_table(_WAITS, _LOSSES)}|(?<!\w)(?:p\.? ?[ds]|n\.? ?b|postdata)\.?\s?[:.-]")
_ON = re.compile(rf"(?<!\w){_table(_DENIES, _TURNS)}(?!\w)|n't\b|\?")

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
    return "?" in folded or _WORDS.search(folded) is not None


def closes(folded: str) -> bool:
    """True if a folded text has words of thanks or words with which people end a matter ("gràcies", "ja he pogut", "no
    cal que", "podeu tancar")."""
    return _ENDS.search(folded) is not None


def complains(folded: str) -> bool:
    """True if a folded text waits, tells of a loss, blames or sends something, or has a postscript: its writer is not
    done, however politely it ends."""
    return _AGAINST.search(_NO_DENIAL.sub(" ", folded)) is not None


def adds_nothing(folded: str) -> bool:
    """True if a folded text has no word beside greetings and those that end a matter, and no question mark."""
    return "?" not in folded and _POLITE.issuperset(_WORD.findall(_ENDS.sub(" ", folded)))


def goes_on(folded: str) -> bool:
    """True if a folded text asks, denies or turns ("?", "no", "però", "tot i que") outside the words that end a matter
    ("no cal res més"): whoever thanks and goes on is not done."""
    return _ON.search(_NO_DENIAL.sub(" ", folded)) is not None
