"""Sentences that only machines write, and sentences that only people write: one table for each purpose.

Data for machine_words.py, which describes its use: regular expressions over folded text (no accents, lower case, single
spaces) in ca, es, en, fr, de, it and pt.
"""

import re

_AWAY = (
    r"\b(?:fora de l'oficina|fuera de la oficina|out of (?:the )?office"
    r"|(?:estic|estare|soc|em trobo|estoy|estare|me encuentro) (?:\w+ )?(?:fora|de vacances|de baixa|de permis"
    r"|absent|ausente|de vacaciones|de baja|de permiso|de viaje|disfrutando|conduint|conduciendo)|(?:romandr\w+"
    r"|estem|estarem|permanecer\w+|estaremos|estamos) (?:tanca\w+|cerrad\w+)|no (?:llegir\w*|consult\w+|mir\w*"
    r"|revis\w+|atend\w+|se revisara|leer\w*|leo|llegeixo) (?:\w+ )?(?:\w+ )?(?:correus?|correos?|bustia|buzon"
    r"|mails?|e-?mails?)|(?:buzon|bustia|cuenta|compte)\b.{0,20}\b(?:no|ya no|ja no) (?:se |la |lo |es |esta "
    r"|sera )?(?:revis|consult|atend|aten|llegi|lee)\w*|(?:acces|acceso) limita\w+ al? (?:correu|correo"
    r"|e-?mail|bustia|buzon)|limited access to"
    r"|ja no (?:treballo|formo part|forma part)|ya no (?:trabajo|forma parte|formo parte)|no longer (?:work|with"
    r"|employed)|m'he jubilat|me he jubilado|se ha jubilado|on (?:annual|maternity|paternity|parental|sick"
    r"|holiday)?\s?leave\b|(?:i'm|i am) (?:\w+ )?(?:away|offline|travelling|traveling|on holiday|on vacation)"
    r"|back (?:on|in the office|at my desk)|en conges?\b|absente? (?:du|jusqu)|serai absente?"
    r"|de retour (?:le|au)|abwesen\w+"
    r"|nicht im (?:buro|haus)|(?:im|in) urlaub|\burlaub|wieder (?:am|im|da)\b|fuori (?:ufficio|sede)"
    r"|in ferie|(?:saro|sono) assente|al mio rientro"
    r"|(?:contestare|respondre|atendre) .{0,40}(?:a mi regreso|quan torni|a la tornada)|faig vacances"
    r"|poc acces al correu|no tornare fins|no soc (?:a|al) (?:l'oficina|despatx|la feina)|estoy fuera"
    r"|cerramos del|left the company|en deplacement|nicht erreichbar|gaudeixo d|no (?:puc"
    r"|puedo) atend\w+ (?:el|su|tu) (?:vostre )?(?:missatge"
    r"|mensaje|correu|correo)"
    r"|encontro-me (?:de ferias|ausente)|tanca(?:t|ts|da|des) per vacances"
    r"|cerrad[ao]s? por vacaciones|geschlossen|chiuso per|ferme pour"
    r"|(?:absence du bureau|message d'absence)|(?:cabinet|bureau|etude|agence) (?:est|sera) ferme\w*|contest[oe] (?:els"
    r"|los) (?:correus|correos)|(?:llegim|mirem|revisem|consultem|leemos|revisamos|consultamos) (?:aquest|est)[ae]?"
    r" (?:bustia|buzon|correu|correo|compte|cuenta)"
    r"|(?:bustia|buzon) no l[ao] (?:llegeix|lee) ning\w+|he desconnectat el correu|he desconectado el correo"
    r"|casella (?:sara|verra)|estou (?:de ferias|ausente|fora)|fora do escritorio|temps parcial"
    r"|fora d'aquest horari|fuera de ese horario)"
)
_OFFICIAL = r"(?!notif|requer|resol|carta|liquid|sanci|citaci)"  # what an office sends and a citizen receives
_RECEIVED = (
    rf"\b(?:(?:hem|s'ha) (?:rebut|registrat) (?:correctament )?(?:el vostre|la vostra|la teva|el teu"
    rf"|la seva) {_OFFICIAL}"
    rf"|hemos (?:recibido|registrado) (?:correctamente )?(?:su|tu|vuestr[oa]) {_OFFICIAL}|(?:missatge"
    rf"|correu) s'ha rebut"
    r"|(?:peticio|sollicitud|consulta|incidencia|tiquet|missatge|correu|solicitud|ticket|mensaje|correo)\b.{0,40}"
    r"\b(?:ha (?:estat|sido)|s'ha|se ha|queda) (?:rebu[td]\w*|recibid\w*|registra\w+|crea\w+|obert\w*|abiert\w*)"
    r"|incidencia \S{3,20} registrada|(?:ticket|tiquet|case) \W{0,2}\w*\d{3,} (?:crea\w+|obert|abierto|aperto|opened)"
    r"|(?:comunicacio|sollicitud|comunicacion|solicitud)\b.{0,30}\b(?:ha tingut|ha tenido) entrada"
    r"|acusament de recepcio|accuse de reception|eingangsbestatigung|bei uns eingegangen"
    r"|(?:ticket|tiquet) ?#|sollicitud rebuda|solicitud recibida|ha sido recibida|ha estat rebuda"
    r"|(?:request|ticket|incident|case)\b.{0,30}\bhas been (?:created|opened|logged|registered)"
    r"|\bper sobre d'aquesta linia|encima de esta linea|above this line"
    r"|add (?:additional|further) comments|provide additional comments|anadir comentarios|afegir comentaris"
    r"|confirmem la recepcio|confirmamos la recepcion|ha rebut la vostra"
    r"|ha recibido su|we(?: have|'ve)? (?:received|got) your|your (?:request|message|e-?mail|enquiry)"
    r".{0,20} has been received|(?:get back to you|respond|reply) within \w+ (?:\w+ )?(?:hours?|days?)"
    r"|(?:thank you|thanks) for (?:reaching out|contacting|your (?:message|e-?mail|enquiry)|getting in touch|writing)"
    r"|gracies per (?:contactar|escriure|posar-vos|el vostre (?:missatge|correu))"
    r"|gracias por (?:contactar|escribir|ponerse|(?:su|tu) (?:mensaje|correo))"
    r"|(?:nous avons bien recu|a bien ete recue?)|ihre (?:nachricht|anfrage"
    r"|e-?mail)\b.{0,40}\b(?:erhalten|eingegangen)"
    r"|vielen dank fur ihre (?:nachricht|anfrage|e-?mail)|wir haben ihre (?:nachricht|anfrage|e-?mail)"
    r"|abbiamo ricevuto|grazie per averci|recebemos (?:a sua|o seu))"
)
_READ = (
    r"\b(?:acuse de recibo para el correo|ricevuta di (?:ritorno|lettura)"
    r"|(?:se elimino|was deleted|s'ha eliminat) (?:sin|without|sense) (?:haberse|being|haver-se)"
    r"|(?:aixo|esto|aquesta|esta|this) (?:es|is) (?:una|a) (?:confirmacio\w* de lectura|(?:return"
    r"|read) receipt))|^\W*(?:llegit|leido|read|lu|gelesen|letto|lido)\s?:|\b(?:missatge|mensaje|message|correu"
    r"|correo)\b.{0,60}\b(?:va ser|es va|fue|was|ha estat|ha sido|s'ha) (?:llegi[rt]|leido|read|mostrat|mostrado"
    r"|displayed|obert|abierto)"
)
_CHALLENGE = (
    r"\b(?:not a robot|no (?:sou|ets|es|eres) un robot|que (?:sou|ets|es|eres) (?:una persona|huma)"
    r"|complete (?:the )?delivery|confirm (?:that )?you (?:are|sent)|sender verification|verifi\w+ (?:del"
    r"|de) remitent|per lliurar el vostre missatge|para entregar su mensaje|esta retingut|esta retenido"
    r"|spam ?arrest|mail ?in ?black|boxbe|solution anti-?spam|vous authentifier|en cuarentena porque"
    r"|en quarantena perque"
    r"|only need to do this once|demandee qu'une seule fois|tendra que hacerlo una vez|so that it reaches me"
    r"|(?:mensaje|missatge) se (?:entregara|lliurara) (?:cuando|quan)|(?:escribio|ha escrit|heu escrit) a .{0,40}"
    r"(?:por primera vez|per primera vegada)|if (?:he|she|they|you) (?:does|do) not confirm"
    r"|being held because|awaiting verification|verify that you are|a real person|sera (?:lliurat"
    r"|entregado)|approved senders|llista de remitents)"
)
_ITSELF = (
    r"\b(?:(?:missatge|mensaje|message|correu|correo|resposta|respuesta|reply) (?:generat "
    r"|generado )?(?:automat\w+|que s'envia sol|que se envia sol)|automated (?:message|reply|e-?mail|response)"
    r"|automatic (?:message|reply|e-?mail)|(?:messaggio|mensagem) automatic\w|automatisch\w*|\bder server\b"
    r"|reponse automatique|risposta automatica|(?:feta|enviada|escrita|hecha) per un robot"
    r"|hecha por un robot|generat\w* automaticament|generad\w* automaticamente|genere\w* automatiquement"
    r"|generato automaticamente|automatically generated|(?:bustia|buzon|adreca|direccion|cuenta) no (?:es|esta)"
    r" (?:ates|atendid|supervisad|monitorit?zad)\w*|solo (?:para )?notificaciones|nomes (?:per a )?notificacions"
    r"|notification-only|not monitored|unattended mailbox"
    r"|no (?:respongueu|responguis|contesteu|responda|respondas|responder|conteste) (?:a )?(?:aquest|est)\w*"
    r"|(?:do not|don't) reply|ne (?:pas repondre|repondez pas)|nicht antworten|non rispondere)"
)
_UNDELIVERED = (
    r"\b(?:undeliver\w+|delivery (?:status|has failed|failed|failure|delayed|receipt|notification|report)"
    r"|(?:could not|couldn't|wasn't|was not|has not) be(?:en)? delivered|successfully delivered|returned to sender"
    r"|no s'ha pogut lliurar|no (?:s'ha )?lliurat|no se (?:ha podido|pudo|puede) entregar|no entregado"
    r"|address not found|user unknown|mailbox (?:full|unavailable)|mail system|[45][0-9][0-9][ -][45]\.\d\.\d+"
    r"|unzustellbar|nicht zugestellt|non remis|n'a pas pu etre|mancata consegna|nao entregue)"
)
_LEAVE = (
    r"\b(?:unsubscribe|opt.?out|view (?:it |this )?in (?:your )?browser|dona(?:r|'t|r-se|r-vos|u-vos)? de baixa"
    r"|(?:respon(?:eu|gui|guis)?|responda|respondre|reply|rispondere|rispondete) (?:amb |con "
    r"|with )?(?:la paraula |la palabra )?"
    r"\W?(?:baixa|baja|stop|cancella|unsubscribe)\b"
    r"|\bbaixes@|\bbajas@|per sortir-ne|essere cancellat\w|no (?:desitg\w+|desitja) rebre|ne plus recevoir"
    r"|(?:vols|voleu|quieres|quiere|desea) (?:deixar de rebre|dejar de recibir)|baixa en un clic"
    r"|baja en un clic|turn off (?:this|these)"
    r"|manage all notifications"
    r"|dar(?:se|te)? de baja|date de baja|no (?:desea|deseas|vols|voleu|vol|quiere|quieres) (?:recibir|rebre)"
    r"|te'n de baixa|cancella la subscripcio|cancela la suscripcion|cancellar la subscripcio"
    r"|cancelar (?:la )?suscripcion|(?:veure|ver)(?:'l|lo)? (?:al|en el"
    r"|en su) navegador|(?:se|vous) desabonner|desinscri\w+|abbestellen|cancella(?:re|ti)|cancelar a subscricao)"
)
_LIST = (
    r"\b(?:butlleti|boletin|newsletter|lettre d'information|notiziario|rundbrief|nota de premsa"
    r"|llista de distribucio|lista de distribucion|nota de prensa|comunicat de premsa|comunicado de prensa"
    r"|comunicato stampa|communique de presse|press release|mailing list)\b"
)
_BECAUSE = (
    r"\b(?:(?:you are receiving|you're receiving|you received|has recibido|ha recibido|heu rebut"
    r"|has rebut|reps|rebeu|recibe|recibes"
    r"|vous recevez) (?:this|este|aquest|cet?)\w*.{0,40}\b(?:because|porque|perque|ja que|ya que|car|parce)"
    r"|(?:rebeu|reps|recibe|recibes|reciben|ricevete|ricevi) (?:aquest|este|questo|questa)\w* .{0,20}\b(?:com a|como"
    r"|perche|in quanto)"
    r"|(?:t'hem enviat|t'enviem|us enviem|te enviamos|te escribimos|t'escrivim) (?:aquest \w+ "
    r"|este \w+ )?(?:perque|porque)"
    r"|notification settings|preferencies de|gestion\w+ (?:tus|sus|les) (?:notific|prefer|subscrip|suscrip)\w+"
    r"|manage your|al sommaire|au sommaire|unsere themen)"
)
_PROMISES = (
    r"\b(?:us (?:respondrem|contestarem|atendrem|informarem)|(?:te|li|els|et) (?:respondrem|contestarem)|t'informarem"
    r"|ens posarem en contacte|(?:te|le|les|os)? ?(?:responder|contestar|atender|informar)(?:emos|an)\b"
    r"|(?:le|te) respondera"
    r"|se pondra en contacto|es posara en contacte|we're on it"
    r"|siendo revisad\w|sera (?:lu|traite)|no (?:es necesario|cal) que (?:haga|facis|feu) (?:nada|res)"
    r"|le mantendremos|nos pondremos en contacto|en breve|sera atendid\w|sera ates\w|gestionara el nostre"
    r"|al mes aviat possible|a la mayor brevedad|lo antes posible|(?:will|aim to|be able to) (?:get back"
    r"|reply|respond)"
    r"|get back to you|being reviewed|as soon as possible|within \w+ (?:working |business )?(?:hours?|days?)"
    r"|nous vous repondrons|meilleurs delais|schnellstmoglich|melden uns|riceverai?|le rispondera"
    r"|rispondero|responderei"
    r"|al piu presto|(?:contestare|respondre|respondere|atendre|contactare|vere)\b.{0,60}\b(?:mensaje"
    r"|missatge|regreso"
    r"|correu|correo|torni|tornada|llegue)|(?:et|us|le|te) (?:responc|respondre|contestare"
    r"|contestar) (?:tan|en|quan|cuando)"
    r"|no cal que (?:hi )?respon\w+|termini de \d+|plazo de \d+)"
)
_UNTIL = (
    r"\b(?:(?:fins|hasta|until|till|jusqu|bis|fino|ate)\b|(?:a partir d|ab dem|from|depuis)\b.{0,25}\d"
    r"|(?:dal?|del?|entre el) \d"
    r".{0,30}\b(?:al?|i el|y el) \d|torno|tornare|vuelvo|volvere|a la vuelta|a mi regreso|quan torni"
    r"|back (?:on|in|at)"
    r"|when i(?:'m)? (?:return|back)|de retour|(?:mon|mio) (?:retour|rientro)|ab montag|wieder (?:im|am"
    r"|da|erreichbar)"
    r"|(?:im|in) dringend|quando regressar|si (?:es|us corre|te corre) (?:urgent|pressa)|(?:per"
    r"|para) (?:a )?(?:qualsevol"
    r"|cualquier|urgen)\w*|urgence|urgenze|contact(?:ar|eu|e|en|ez|a|i)?\b|direct enquiries|adre[cs]\w+|poseu-vos"
    r"|escri\w+ a\b|scrivere a|truqueu|enviarse a|esta semana|aquesta setmana|nicht weitergeleitet"
    r"|jubila\w+|conduciendo"
    r"|conduint)"
)
_USERS = (
    r"\b(?:si no (?:heu|has) (?:estat|sido) (?:vos|tu)|if (?:this|it) was(?:n't| not) you|se sei stato"
    r"|(?:vostre|teu|seu) compte"
    r"|tu cuenta|your account|tuo account|area de client|gestiona les teves|manage your|seg(?:ueix|ui"
    r"|uiu) l'enviament"
    r"|sigue el envio|(?:sig[au]\w*|seg\w+) el (?:paquete|paquet|pedido)|track your"
    r"|a l'app|en la app|us ha convidat|te ha invitado|llegeix mes|leer mas|read more)"
)
_HOPES = (
    r"\b(?:us hi esperem|us esperem a tots|os esperamos|inscripcions? (?:a|fins)|maxima difusi\w+|en feu difusio"
    r"|la reunio informativa|programa\b|dissabte .{0,60}diumenge)"
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
    r"|benvolguts i benvolgudes|estimadas y estimados|estimados y estimadas|benvolgudes (?:afa|ampa|entitat)\w*"
    r"|hola,? fam\w+"
    r"|se informa\b|s'informa\b|us informem|us comuniquem|els informem|les informamos|us fem arribar"
    r"|dear (?:members|customers|colleagues|residents|neighbours|parents|families)|chers? (?:membres|clients"
    r"|parents))|\b(?:circular \d+|nota informativa|us hi esperem|us esperem a tots|os esperamos|maxima difusi\w+"
    r"|en feu difusio)"
)
_NOTICE = (
    r"\b(?:(?:vostra|seva|teva|su|tu|your) (?:factura|invoice|bill|extracte|extracto"
    r"|statement)\b.{0,40}\b(?:disponible|available|ready)|(?:^|\. )\W*(?:factura|invoice) (?:disponible|available)"
    r"|(?:enviament|envio|paquet|paquete|parcel|package)\b.{0,40}\b(?:arriba|llega|se entrega|s'entrega|arrives"
    r"|will be delivered"
    r"|en reparto|en repartiment)|(?:new|nou|nuevo) (?:sign-?in|log-?in|inici de sessio"
    r"|inicio de sesion)|s'ha iniciat (?:la )?sessio|nuovo accesso al|nouvelle connexion a votre"
    r"|neue anmeldung (?:bei|in|auf) ihr"
    r"|has shared|ha compartit|ha compartido|s'ha compartit|se ha compartido"
    r"|new notifications?|(?:resum|resumen|report|informe|summary) (?:setmanal|mensual|semanal|diari\w*"
    r"|of the week|for the)|weekly (?:usage|summary|digest|report)|(?:parada|aturada|manteniment|mantenimiento"
    r"|maintenance)\b.{0,20}\b(?:programa\w+|scheduled)|scheduled (?:maintenance|reminder)"
    r"|(?:missatge|mensaje) de (?:veu|voz) (?:nou|nuevo|de)|(?:nou|nuevo) (?:missatge|mensaje) de (?:veu|voz)"
    r"|voice ?mail|anrufbeantworter|mailbox \d+ from"
    r"|(?:pedido|comanda)\b.{0,30}\b(?:de camino|de cami|en cami)|(?:pipeline|build|job)\b.{0,20}\b(?:failed|passed))"
)
_OFFER = (
    r"\b(?:renting|por \d+ ?€ ?(?:/|al |a la )mes|per \d+ ?€ al mes|desde \d+ ?(?:€|euros)|des de \d+ ?(?:€|euros)"
    r"|estudio gratuito|estudi gratuit|solicite su|demaneu pressupost|presupuesto sin compromiso|sense compromis"
    r"|\d+ ?% (?:de )?(?:descuento|descompte|dte|dto|off)|ofertas? (?:de|especial|exclusiva|limitada)"
    r"|per nomes \d+ ?(?:€|euros)|por solo \d+ ?(?:€|euros)|promoci\w+ valid\w|ultimes places|ultimas plazas"
    r"|reserva(?:'t)? (?:la )?(?:teva|vostra|tu|su) (?:visita|plaza|placa|cita)|reserveu (?:la )?placa"
    r"|puede (?:tambien )?interesarte|pot interessar"
    r"|comunicaciones comerciales|comunicacions comercials|prova gratuita|prueba gratuita|free trial|our products"
    r"|nuestros productos|els nostres productes|webinar)"
)
_PROGRAM = (
    r"\b(?:(?:powered|delivered|sent) by (?:jira|zendesk|freshdesk|intercom|hubspot|helpscout|zammad|otrs|osticket|glpi"
    r"|servicenow)|(?:entregado|enviado|lliurat|enviat|gestionat) (?:por|per|amb) (?:jira|zendesk|freshdesk)"
    r"|service-now|fritz!box|feedback-type: ?\w|(?:abuse|feedback) report"
    r"|your jira|via zendesk)"
)
BODY: tuple[tuple[str, str], ...] = (
    ("away", _AWAY),
    ("received", _RECEIVED),
    ("read", _READ),
    ("challenge", _CHALLENGE),
    ("says it is automatic", _ITSELF),
    ("undelivered", _UNDELIVERED),
    ("leave the list", _LEAVE),
    ("a list", _LIST),
    ("why it is sent", _BECAUSE),
    ("invitation", _INVITED),
    ("to many", _MANY),
    ("notice", _NOTICE),
    ("promises an answer", _PROMISES),
    ("until when, or whom else", _UNTIL),
    ("to its users", _USERS),
    ("hopes to see all", _HOPES),
    ("offer", _OFFER),
    ("a desk's program", _PROGRAM),
)
LEAVE = re.compile(_LEAVE)
SERVICE = re.compile(
    r"^(?:news(?:letters?)?|butlletins?|boletin(?:es)?|noti(?:fica|cia|cie)\w*|avis(?:os|a)?|alert\w*"
    r"|circulars?|mailer"
    r"|mailing|marketing|comunica\w*|actes|agenda|calendari?o?|meetings?|invitacion\w*|factur\w*|billing"
    r"|invoices?|promo\w*"
    r"|ofert[ae]s?|comercial|vendes|ventas|sales|subscri\w*|suscri\w*|updates?|events?|eventos)(?:$|[@._+-])"
)


# A person with a problem or a wish. Absence notes use the first person too, so this test does not apply to them.
PERSON = re.compile(
    r"\b(?:(?:llevo|llevamos|porto|portem) \w+ (?:dias|semanas|meses|dies|setmanes|mesos)|m'ha|m'han|em (?:surt"
    r"|diu|dona|demana|apareix|va|posa|deixa|podeu|poden)|no em|no puc|no trobo|he rebut"
    r"|he (?:intentat|provat)|vull|voldria|volia|necessit[oe]m?|us vaig|adjunt(?:o|em|amos)|us envi[oe]m?"
    r"|les envio|tramit(?:eu|en) |solicitamos|demanem|em van|em va|ens (?:surt|diu|dona"
    r"|demana)|no ens"
    r"|no (?:hem )?pod(?:em|ut)|hem (?:intentat|presentat|provat)|exigeixo|la meva|el meu|les meves|els meus"
    r"|me (?:ha|han|sale|dice|da|pide|llega|llego|aparece|deja|dijeron)|no me|no puedo|no encuentro|he recibido"
    r"|he (?:intentado|probado)|quiero|quisiera|queria|necesit(?:o|amos)|les escribi|nos (?:sale|dice|da|deja|pide)"
    r"|no (?:hemos )?pod(?:emos|ido)|hemos (?:intentado|presentado|probado)|exijo|mis? (?:cuenta|certificado|tramite"
    r"|solicitud|dni|recibo|hij[oa]|buzon|correo)|i (?:got|received|can't|cannot|need|want|tried|wrote)|my (?:account"
    r"|mailbox|certificate|application|son|daughter)|j'ai|je (?:ne|n'|voudrais|souhaite)|ich (?:kann nicht|mochte"
    r"|brauche|bekomme)|non riesco|vorrei|ho (?:ricevuto|provato)|nao consigo|gostaria|recebi)\b"
)
# An absent person has no request: a match cancels every indicator.
WISH = re.compile(
    r"\b(?:em cal|ens cal|necessit[oe]m?|vull|volem|voldri\w+|necesit(?:o|amos)|me hace falta|quiero"
    r"|queremos|quisiera"
    r"|i (?:need|want|would like)|je (?:voudrais|souhaite)|j'aimerais|ich (?:mochte|brauche)|vorrei|gostaria"
    r"|com (?:ho|puc|podem|es) |como puedo|que he de|diu que|dice que|em surt|em demana|em reclama"
    r"|me pide|m'agradaria|me sale|no em deixa|no me deja|es pot"
    r"|puc (?:fer|anar|venir|recollir)|podeu (?:dir|explicar|ajudar)|pueden (?:decir|ayudar))\b"
)
