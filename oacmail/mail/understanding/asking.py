"""Whether a text asks, waits, complains, thanks or only closes, and the scores that it gives as votes."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from oacmail.core import common_words
from oacmail.core.common_words import NUMBERS
from oacmail.core.model import VoteWords, regex
from oacmail.mail.understanding import features, phrases, reply_text

# --- Asking ----------------------------------------------------------------------------------------------------------
# Tell what a text does, by closed tables of words: it asks, it ends a matter, it goes on.
#
# The tables guard people, whatever a model says: no message without words that end a matter is thanks, and none that
# goes on is (core/classification.py); what asks is no bare vote (`read_votes`); who has a wish
# sends no automatic reply (mail/understanding/machines.py). The tables are folded (features.fold), in Catalan,
# Spanish, English and French.

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
verguenza, tardado, tardando, tardar, de nada sirve, no sirve, help please, please help, ajuda si us plau, ajuda
sisplau, ajudeu, ajudeu-me, ayuda por favor, ayudenme, ayudeme, waiting, waited, wait, nobody, no one, never, not yet,
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
you molt muy so a lot all your the for tot tota tots tothom todo toda todos per por de del el la les us os lo
vosaltres ustedes un i y and et beaucoup maca macos guapa guapos majo maja majos crack cracks jefe reina senyora senyor
senyoreta senora senor noia equip equipo team guys igualment igualmente again
"""
_WHOSE = """
l' la el les els los las us os the this that your vostra vostre vuestra vuestro seva seu su sus tota tot toda todo all
gran bona buena tan rapida rapid rapido clara clar claro prompt quick
"""
_THANKED_FOR = """
ajuda ajudar ajudar-me ayuda ayudar ayudarme help helping atencio atencion attention resposta respuesta reply answer
answering replying contestar contestar-me contestarme respondre responder avis aviso avisar trucar llamar calling
rapidesa rapidez temps tiempo time paciencia patience amabilitat amabilidad kindness interes suport apoyo support
informacio informacion information info explicacio explicacion explicacions explicaciones explanation gestio gestion
feina trabajo work dedicacio dedicacion collaboracio colaboracion disponibilitat disponibilidad tracte trato servei
servicio service
"""
_WANTED = """
trucar trucada trucades truqueu truquin truqui truca llamar llamada llamen llame llamadme llamenme llameme llamame
call callback ring ajuda ajudar ajudeu ayuda ayudar ayudenme ayudeme help informacio informacion information info
explicacio explicacion explanation resposta contestar contesteu respuesta responder contesten answer reply cita previa
hora appointment horari horaris horario horarios certificat certificado certificate padro padron volant volante
empadronament empadronamiento
"""
_WITH_WANTED = "em me m ens nos l la el els les los las un una the an a al back"
_DENIES = """
no, not, n't, ni, tampoc, tampoco, sino, nunca, mai, never, nada, nothing, res, cap, ningu, nadie, pas
"""
_LOSSES = """
perd*, lost, lose, missed, deixar-me, dejarme, fatal, malament, mal, pitjor, peor, worse, embarg*, recarrec*, recargo*,
multa*, multat, penjat, colgado, cobrat, cobrad*, cobreu, cobren, culpa, queix*, quej*, denunci*, jutjat, juzgado,
caducat, caducad*, tancat, cerrad*, rebutja*, rechaza*, denega*, equivoca*, error*, falla*, tarde, quedo pendent, quedo
pendiente, us ho envio, us envio, vegades, veces, cops, setmanes, semanas, mes esperant, us adjunto, te adjunto, os
adjunto, le adjunto, les adjunto, adjunto el, adjunto la, adjunto els, adjunto los, un altre tema, otro tema, another
matter, another topic, un altre assumpte, otro asunto, altra pregunta, otra pregunta, another question, inutil*,
inept*, incompet*, pessim*, pesim*, useless, idiot*, imbecil*
"""
_DISPLEASED = (
    "[\U0001f44e\U0001f612\U0001f61e-\U0001f62d\U0001f641\U0001f644\U0001f92c\U0001f926\U0001f937\U0001f4a9\U0001f595\u2639]"
    r"|[:;=]-?\("
)
_TURNS = """
pero, tot i, tot i que, si be, si bien, aunque, although, though, malgrat, a pesar, tanmateix, no obstant, no obstante,
however, but, mais, encara, aun, todavia, still, toutefois, cependant, excepte, salvo, except, llastima, lastima,
contra, contradiu, contradice, per cert, por cierto, by the way, el que passa, lo que pasa, l'unic, l'unica, lo unico,
un detall, un detalle, ja que hi som, prou, pro, per avancat, per endavant, per anticipat, a la bestreta, de antemano,
por adelantado, por anticipado, in advance, d'avance, par avance, a l'espera, a la espera, look forward, looking
forward, espero, esperem, esperamos
"""


def _table(*lists: str) -> str:
    return phrases.pattern({" ".join(term.split()) for terms in lists for term in terms.split(",")})


_WORDS = regex(rf"(?<!\w){_table(_ASKS, _WAITS)}")
_ENDS = regex(
    rf"(?<!\w)(?:{_table(_CLOSES, _ENDS_DENIED)}|gra?[cs]+i[ae]+s*|agra[id]\w*|agraeix\w*|agradec\w*|agradezco"
    r"|merci|merces|than[kx]\w*|thx|grazie|danke|obrigad\w*|cheers|perfect\w*|resolt\w*|resuelt\w*|solucionad\w*"
    r"|solucionat\w*|arreglad\w*|arreglat\w*|aclarit|aclarad\w*|solved|ok+)(?!\w)"
    "|[\U0001f44d\U0001f64f\U0001faf6\U0001f44c\U00002764\U0001f44f\U0001f389\U0001f60a]"
)
_HOW = f"(?:{'|'.join(_WHOSE.split())})"
_FOR = regex(
    rf"(?<!\w)(?:pe[rl]|por|for)(?: {_HOW}){{0,4}} ?(?:{'|'.join(_THANKED_FOR.split())})(?: {_HOW}){{0,2}}(?![\w-])"
)
_WORD = regex(r"\w+")
_IN_ENDS = phrases.words(f"{_CLOSES} {_ENDS_DENIED}")
_IN_THANKS = phrases.words(f"{_WHOSE} {_THANKED_FOR}")
_POLITE = common_words.POLITE.union(_BESIDE.split())
_WISHES = phrases.words(_WANTED)
_BESIDE_WISHES = common_words.POLITE.union(_WITH_WANTED.split())
_PLEASE = regex(rf"(?<!\w)(?:{common_words.PLEASE})(?!\w)")
_NO_DENIAL = regex(rf"(?<!\w){_table(_ENDS_DENIED)}(?!\w)")
_AGAINST = regex(rf"{_DISPLEASED}|(?<!\w){_table(_WAITS, _LOSSES)}|(?<!\w)(?:p\.? ?[ds]|n\.? ?b|postdata)\.?\s?[:.-]")
_ON = regex(rf"(?<!\w)(?:{_table(_ENDS_DENIED)}(?!\w)|(?P<on>{_table(_DENIES, _TURNS)})(?!\w))|(?P<too>n't\b|\?)")

WISH = regex(
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
    """True if a folded text waits, tells of a loss, blames, frowns or sends something, or has a postscript or another
    matter: its writer is not done, however politely it ends."""
    return _AGAINST.search(_NO_DENIAL.sub(" ", folded)) is not None


def names_wish(folded: str, names: str) -> bool:
    """True if a folded text only names what its writer wants ("trucar si us plau", "ajuda", "cita prèvia"), beside
    courtesy and its writer's `names`. What thanks are given for ("per la trucada") or what came ("recibido el
    certificado") has other words beside it."""
    said = phrases.words(_PLEASE.sub(" ", folded)) - _BESIDE_WISHES - phrases.words(names)
    return bool(said) and _WISHES.issuperset(said)


def adds_nothing(folded: str, names: str) -> bool:
    """True if a folded text has no word beside greetings, its writer's `names`, those that end a matter and what people
    give thanks for, and no question mark."""
    polite = _POLITE.union(phrases.words(names))
    if "?" in folded or not all(map(_ENDS.search, phrases.words(folded) - polite - _IN_ENDS - _IN_THANKS)):
        return False
    return polite.issuperset(_WORD.findall(_ENDS.sub(" ", _FOR.sub(" ", folded))))


def goes_on(folded: str) -> bool:
    """True if a folded text asks, denies or turns ("?", "no", "però", "tot i que") outside the words that end a matter
    ("no cal res més"): whoever thanks and goes on is not done."""
    return any(found.lastgroup for found in _ON.finditer(folded))


# --- Vote words ------------------------------------------------------------------------------------------------------
# Read a reply to a survey as a person would: "5 moltes gràcies", "4/5", "cinc", "Un 10!"; in ca, es and en.
#
# A mark stands alone in its sentence, or beside words of praise and blame; a number that counts something ("5 dies",
# "2 vegades") is none. Ten is the top mark of every school here, so a bare ten is five; nought is one. A mark between
# two of ours, two different ones, or one on a scale that the writer names ("8/10") is unclear: nobody converts or
# invents one. A reply without a mark is read like any other message.

LONGEST = 2_000  # characters that are looked at: nobody hides a mark in an essay
UNCLEAR = 0
_KEYCAP = regex("([0-9])\ufe0f?\u20e3")
_STARS = regex("(?:[\u2b50\u2605\U0001f31f]\ufe0f?\\s?){1,5}(?:\u2606\\s?){0,5}")
_STAR = regex("[\u2b50\u2605\U0001f31f]")
_VOTE_ENDS = regex(  # begins with a sign, so that the engine jumps from one to the next
    r"[.!?;:\u2026,\u2013\u2014-](?:(?<=[.!?;:\u2026])(?<![.!?;:\u2026].)[.!?;:\u2026]*(?=\s|$)"
    r"|(?<=\s[-\u2013\u2014])[-\u2013\u2014]*(?=\s)|(?<=,)(?=\s|$))"
)
_VOTE_WORD = regex(r"[^\W\d_]+")
_SPOKEN = regex(r"[^\W_]")
_VALUES = {"u": 1, "uno": 1} | {word: value for value, words in enumerate(NUMBERS[:11]) for word in words.split()}
_ARTICLES = frozenset(["un", "u", "uno", "una", "one"])  # a mark only where nothing else is said
_LEAD = (
    "nota puntuacio puntuacion valoracio valoracion score rating mark vot voto vote la el the meva mi my es is seria"
    " would be us os li le i jo yo dono poso doy pongo give you an a un una de amb con with resposta respuesta servei"
    " servicio service atencio atencion per por for pel"
)
_TAIL = (
    "moltes? molta? moltissimes gracies gracias merci much[ao]s? muchisimas muy mil thanks? many very perfect\\w*"
    " excel\\w* genial fantastic\\w* tot todo all be bien ok per por for i y and pero but perque porque because com"
    " como gran great good bo bon bona buen[ao]? well satisf\\w* content\\w* encanta\\w* sou sois son ha han heu us os"
    " no mal malament fatal terrible pesim\\w* horr\\w* massa demasiad\\w* poc poca poco vergony\\w* verguenz\\w*"
)
_NUMBER = r"\d{1,3}(?:[.,]\d{1,2})?|" + "|".join(sorted(_VALUES, key=len, reverse=True))
_OF = r"(?:\s?/\s?|\s(?:de|sobre|out of|of|over)\s)(?P<of>100|20|10|5|cinco|cinc|five|deu|diez|ten)"
_OURS = ("5", "cinco", "cinc", "five")
_UNIT = r"\s(?:estrell(?:a|es|as)|stars?|punts?|puntos?|points?)"
_MARK = regex(
    rf"(?:(?:{_LEAD.replace(' ', '|')})\s){{0,8}}(?P<mark>{_NUMBER})"
    rf"(?:(?P<between>\s?-\s?|\s(?:o|or|i|a|y|to)\s)(?:{_NUMBER}))?"
    rf"(?:(?:{_OF}|{_UNIT})(?:\s(?P<rest>.*))?|\s(?P<said>(?:{_TAIL.replace(' ', '|')})(?:\W.*)?))?"
)
_LABEL = regex(rf"(?:(?:{_LEAD.replace(' ', '|')})(?:\s|$))+")
_BETTER = regex(
    r"\b(?:es pot|podria|podrieu|se puede|podrian?|could(?: be)?|can be)\s(?:millorar|mejorar|better|improved?)\b"
)


def read_votes(fresh: str, name: str, sender: str, *, asked: bool) -> VoteWords | None:
    """`name` and `sender` are the writer's, whose signature says nothing. `asked`: a link of a survey gave the mark;
    without it a text that gives no mark is no vote: None."""
    scores: set[int] = set()
    rest: list[str] = []  # what else it says
    marks: list[str] = []  # as they were written
    for sentence, end in _sentences(fresh[:LONGEST]):
        folded = _bare(sentence)
        found = _MARK.fullmatch(folded)
        value = _value(found) if found else None
        if found is None or value is None:
            rest.append(sentence + end)
            continue
        scores.add(value)
        marks.append(folded)
        rest.append((found["rest"] or found["said"] or "") + (end if "?" in end else ""))
    if not scores and not asked:
        return None
    words = "\n".join(line for line in rest if not _LABEL.fullmatch(_bare(features.fold(line)))) + fresh[LONGEST:]
    if marks and _ARTICLES.issuperset(marks) and _bare(words):
        scores, words = set(), fresh
    score = next(iter(scores)) if len(scores) == 1 else UNCLEAR
    return VoteWords(score=score, unclear=bool(scores) and score == UNCLEAR, beside=_beside(words, name, sender))


def _bare(text: str) -> str:
    """Return the text without signs around it."""
    first, last = _SPOKEN.search(text), _SPOKEN.search(text[::-1])
    return text[first.start() : len(text) - last.start()] if first and last else ""


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Yield each sentence, folded, with what ends it; a row of stars is their number."""
    stars = _STARS.sub(lambda row: f" {len(_STAR.findall(row[0]))} ", _KEYCAP.sub(r"\1", text))
    for line in features.folded_lines(unicodedata.normalize("NFKC", stars)):
        start = 0
        for mark in _VOTE_ENDS.finditer(line):
            yield line[start : mark.start()], mark.group()
            start = mark.end()
        yield line[start:], ""


def _value(found: re.Match[str]) -> int | None:
    """Return the score, UNCLEAR, or None if the number is no mark."""
    mark, of = found["mark"], found["of"]
    number = float(_VALUES[mark]) if mark in _VALUES else float(mark.replace(",", "."))
    if (number > 10 and not of) or (mark == "0" and found["said"]):
        return None
    if found["between"] or not number.is_integer() or (of and of not in _OURS):
        return UNCLEAR
    number = 5 if number == 10 and not of else number
    return max(int(number), 1) if number <= 5 else UNCLEAR


def _beside(words: str, name: str, sender: str) -> Literal["", "thanks", "words", "asks"]:
    signature = frozenset(_VOTE_WORD.findall(features.fold(f"{name} {sender.partition('@')[0]}")))
    folded = features.fold(words)
    if signature.issuperset(_VOTE_WORD.findall(folded)):
        return ""
    if asks(_BETTER.sub(" ", folded)) or reply_text.still_fails(folded):
        return "asks"
    return "thanks" if closes(folded) and not goes_on(folded) else "words"
