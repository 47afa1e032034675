"""What a machine says of itself in the body: the marks without which no letter is taken for a machine's.

Decides nothing: a mark is a name that holds or does not. core/classify.py sets a letter without a machine's header
fields (mail/auto.py) aside only when one of these holds and the model says so too; so terse writing, a missing To or
an unknown name never count. Each mark is one that a stranger would accept as evidence; people use some of these
words as well, which is why a mark alone decides nothing either. Languages: ca, es, en, fr, de, it, pt.
"""

import re
from collections.abc import Iterator

from oacmail.core.model import Message
from oacmail.mail.features import fold

_AWAY = (
    r"\b(?:fora de l'oficina|fuera de la oficina|out of (?:the )?office|resposta automatica|respuesta automatica"
    r"|(?:estic|estare|soc|em trobo|estoy|estare|me encuentro) (?:\w+ )?(?:fora|de vacances|de baixa|de permis"
    r"|absent|ausente|de vacaciones|de baja|de permiso|de viaje|disfrutando|conduint|conduciendo)|(?:romandr\w+"
    r"|estem|estarem|permanecer\w+|estaremos|estamos) (?:tanca\w+|cerrad\w+)|no (?:llegir\w*|consult\w+|mir\w*"
    r"|revis\w+|atend\w+|se revisara|leer\w*|leo|llegeixo) (?:\w+ )?(?:\w+ )?(?:correus?|correos?|bustia|buzon"
    r"|mails?|e-?mails?)|(?:buzon|bustia|cuenta|compte)\b.{0,20}\b(?:no|ya no|ja no) (?:se |la |lo |es |esta "
    r"|sera )?(?:revis|consult|atend|aten|llegi|lee)\w*|(?:acces|acceso) limita\w+ al|limited access to"
    r"|ja no (?:treballo|formo part|forma part)|ya no (?:trabajo|forma parte|formo parte)|no longer (?:work|with"
    r"|employed)|m'he jubilat|me he jubilado|se ha jubilado|on (?:annual|maternity|paternity|parental|sick"
    r"|holiday)?\s?leave\b|(?:i'm|i am) (?:\w+ )?(?:away|offline|travelling|traveling|on holiday|on vacation)"
    r"|back (?:on|in the office|at my desk)|en conges?\b|absente? (?:du|jusqu)|de retour (?:le|au)|abwesen\w+"
    r"|nicht im (?:buro|haus)|(?:im|in) urlaub|\burlaub|wieder (?:am|im|da)\b|fuori (?:ufficio|sede)|in ferie"
    r"|casella (?:sara|verra)|estou (?:de ferias|ausente|fora)|fora do escritorio|temps parcial"
    r"|fora d'aquest horari|fuera de ese horario)"
)
_RECEIVED = (
    r"\b(?:hem rebut (?:correctament )?(?:el vostre|la vostra|la teva|el teu|la seva)"
    r"|hemos recibido (?:correctamente )?(?:su|tu|vuestr)|ha (?:estat|sido) (?:rebuda|recibida|registrad\w+)"
    r"|s'ha registrat|se ha registrado|confirmem la recepcio|confirmamos la recepcion|ha rebut la vostra"
    r"|ha recibido su|we (?:have )?(?:received|got) your|(?:thank you|thanks) for (?:contacting|your (?:message"
    r"|e-?mail|enquiry)|getting in touch|writing)|gracies per (?:contactar|escriure|posar-vos"
    r"|el vostre (?:missatge|correu))|gracias por (?:contactar|escribir|ponerse|su (?:mensaje|correo)"
    r"|tu (?:mensaje|correo))|(?:tiquet|ticket|incidencia|case|peticio|peticion)\W{0,3}(?:n\W{0,3}|num\w*\W)?(?:#"
    r"|\[|[a-z]{2,4}-?)?\d{3,}|nous avons bien recu|ihre (?:nachricht|anfrage|e-?mail)\b.{0,40}\b(?:erhalten"
    r"|eingegangen)|abbiamo ricevuto|recebemos (?:a sua|o seu))"
)
_READ = (
    r"^\W*(?:llegit|leido|read|lu|gelesen|letto|lido)\s?:|\b(?:missatge|mensaje|message|correu"
    r"|correo)\b.{0,60}\b(?:va ser|es va|fue|was|ha estat|ha sido|s'ha) (?:llegi[rt]|leido|read|mostrat|mostrado"
    r"|displayed|obert|abierto)"
)
_CHALLENGE = (
    r"\b(?:not a robot|no (?:sou|ets|es|eres) un robot|que (?:sou|ets|es|eres) (?:una persona|huma)"
    r"|complete (?:the )?delivery|confirm (?:that )?you (?:are|sent)|sender verification|verifi\w+ (?:del"
    r"|de) remitent|per lliurar el vostre missatge|para entregar su mensaje|approved senders|llista de remitents)"
)
_ITSELF = (
    r"\b(?:(?:missatge|mensaje|message|correu|correo|resposta|respuesta|reply) (?:generat "
    r"|generado )?(?:automat\w+|que s'envia sol|que se envia sol)|automated (?:message|reply|e-?mail|response)"
    r"|automatic (?:message|reply|e-?mail)|(?:messaggio|mensagem) automatic\w|automatisch\w*|\bder server\b"
    r"|no (?:respongueu|responguis|contesteu|responda|respondas|responder|conteste) (?:a )?(?:aquest|est)\w*"
    r"|(?:do not|don't) reply|ne (?:pas repondre|repondez pas)|nicht antworten|non rispondere)"
)
_UNDELIVERED = (
    r"\b(?:undeliver\w+|delivery (?:status|has failed|failed|failure|delayed|receipt|notification|report)"
    r"|(?:could not|couldn't|wasn't|was not|has not) be(?:en)? delivered|successfully delivered|returned to sender"
    r"|no s'ha pogut lliurar|no (?:s'ha )?lliurat|no se (?:ha podido|pudo|puede) entregar|no entregado"
    r"|address not found|user unknown|mailbox (?:full|unavailable)|mail system|[45]\d\d[ -][45]\.\d\.\d+"
    r"|unzustellbar|nicht zugestellt|non remis|n'a pas pu etre|mancata consegna|nao entregue)"
)
_LEAVE = (
    r"\b(?:unsubscribe|opt.?out|view (?:it |this )?in (?:your )?browser|dona(?:r|'t|r-se|r-vos|u-vos)? de baixa"
    r"|dar(?:se|te)? de baja|date de baja|no (?:desea|deseas|vols|voleu|vol|quiere|quieres) (?:recibir|rebre)"
    r"|se desabonner|desinscri\w+|abbestellen|cancella(?:re|ti)|cancelar a subscricao)"
)
_LIST = (
    r"\b(?:(?:butlleti|boletin|newsletter)\b|(?:you are receiving|you received|has recibido|ha recibido|heu rebut"
    r"|has rebut|reps|rebeu|recibe|recibes|vous recevez) (?:this|este|aquest|cet?)\w*.{0,40}\b(?:because|porque"
    r"|perque|ja que|ya que|car|parce)|notification settings|preferencies de|gestion\w+ (?:tus|sus|les) (?:notific"
    r"|prefer|subscrip|suscrip)\w+|manage your)"
)
_INVITED = (
    r"\b(?:(?:heu|ha|has|han) (?:estat|sido) (?:convida|invita)\w+|have been invited|(?:updated )?invitation:"
    r"|invitaci[o]n?:|cancel(?:led|ed|ada|lada|lat)\b\W|(?:this|aquest|este|esta|aquesta) (?:event|esdeveniment"
    r"|evento|reunio|reunion|meeting) (?:has|s'ha|se ha|ha)|going\?|se ha cancelado (?:el|la|este|esta)"
    r"|s'ha cancellat|unirse con|join (?:the )?(?:meeting|video|zoom|teams))"
)
_MANY = (
    r"(?:^| \. )\W{0,3}(?:(?:hola|bon dia|buenos dias|hello|hi|dear|hallo|bonjour),? (?:a )?(?:tothom|tots|totes"
    r"|todos|todas|all|everyone|everybody|team|equip|excursionistes|families|familias|veins|socis|companys"
    r"|companyes)|(?:benvolgu(?:ts|des)|estima(?:ts|des|dos|das)|apreciad[oa]s|querid[oa]s) (?:\w+ )?(?:soci|fam"
    r"|vei|vecin|compan|usuari|col|amic|amig|abonad|client|pares|mares|padres)\w*|benvolgudes i benvolguts"
    r"|se informa\b|s'informa\b|us informem|us comuniquem|els informem|les informamos|us fem arribar"
    r"|dear (?:members|customers|colleagues|residents|neighbours|parents|families)|chers? (?:membres|clients"
    r"|parents))|\b(?:circular \d+|nota informativa|us hi esperem|us esperem a tots|os esperamos|maxima difusi\w+"
    r"|en feu difusio)"
)
_NOTICE = (
    r"\b(?:(?:vostra|seva|teva|su|tu|your) (?:factura|invoice|bill|extracte|extracto"
    r"|statement)\b.{0,40}\b(?:disponible|available|ready)|(?:factura|invoice) (?:disponible|available)"
    r"|(?:enviament|envio|paquet|paquete|parcel|package)\b.{0,40}\b(?:arriba|llega|se entrega|s'entrega|arrives"
    r"|will be delivered|en reparto|en repartiment)|(?:new|nou|nuevo) (?:sign-?in|log-?in|inici de sessio"
    r"|inicio de sesion)|s'ha iniciat sessio|has shared|ha compartit|ha compartido|s'ha compartit|se ha compartido"
    r"|new notifications?|(?:resum|resumen|report|informe|summary) (?:setmanal|mensual|semanal|diari\w*"
    r"|of the week|for the)|weekly (?:usage|summary|digest|report)|(?:parada|aturada|manteniment|mantenimiento"
    r"|maintenance)\b.{0,20}\b(?:programa\w+|scheduled)|scheduled (?:maintenance|reminder))"
)
_OFFER = (
    r"\b(?:renting|por \d+ ?€ ?(?:/|al |a la )mes|per \d+ ?€ al mes|desde \d+ ?(?:€|euros)|des de \d+ ?(?:€|euros)"
    r"|estudio gratuito|estudi gratuit|solicite su|demaneu pressupost|presupuesto sin compromiso|sense compromis"
    r"|\d+ ?% (?:de )?(?:descuento|descompte|dte|dto|off)|ofertas? (?:de|especial|exclusiva|limitada)"
    r"|comunicaciones comerciales|comunicacions comercials|prova gratuita|prueba gratuita|free trial|our products"
    r"|nuestros productos|els nostres productes|webinar)"
)
_BODY = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("away", _AWAY),
        ("received", _RECEIVED),
        ("read", _READ),
        ("challenge", _CHALLENGE),
        ("says it is automatic", _ITSELF),
        ("undelivered", _UNDELIVERED),
        ("leave the list", _LEAVE),
        ("a list", _LIST),
        ("invitation", _INVITED),
        ("to many", _MANY),
        ("notice", _NOTICE),
        ("offer", _OFFER),
    )
)
_SERVICE = re.compile(
    r"^(?:news(?:letters?)?|butlletins?|boletin(?:es)?|noti(?:fica|cia|cie)\w*|avis(?:os|a)?|alert\w*|circulars?|mailer"
    r"|mailing|marketing|comunica\w*|actes|agenda|calendari?o?|meetings?|invitacion\w*|factur\w*|billing|invoices?|promo\w*"
    r"|ofertas?|comercial|vendes|ventas|sales|subscri\w*|suscri\w*|updates?|events?|eventos)(?:$|[@._+-])"
)


def marks(message: Message) -> Iterator[str]:
    """The names of the marks that hold, of subject, fresh text, sender and attachments."""
    text = f"{fold(_own_subject(message))} . {fold(message.fresh)}"
    below = fold(message.text[-1500:])
    for name, pattern in _BODY:
        if pattern.search(text) or (name == "leave the list" and pattern.search(below)):
            yield name
    if _SERVICE.match(message.sender):
        yield "a service's address"
    if any(part.mime == "text/calendar" or part.name.lower().endswith(".ics") for part in message.attachments):
        yield "calendar"


def _own_subject(message: Message) -> str:
    """Behind our case token stand our words: who answers "We have received your enquiry" has not received one."""
    places = (message.subject.upper().find(token) for token in message.tokens)
    return message.subject[: min((place for place in places if place >= 0), default=None)]
