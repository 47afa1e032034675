"""Cues for a fault of the town's platform, document or form, as patterns over folded text; see cues.py."""

_PEOPLE = (
    r"vei(?:na|ns|nes)?|vecin[oa]s?|company(?:s|a|es)?|companer[oa]s?|clients?|clientes|gestori?a?|marit|marido"
    r"|la meva dona|mi mujer|german[as]?|germa|herman[oa]s?|amig[oa]s?|amics|amigues|parella|pareja|soci[oa]?s?"
    r"|associe|colleagues?|neighbou?rs?|wife|husband|partner|sister|brother|friends?|mares|pares|madres|padres"
    r"|families|familias|parents|cunya\w*|cunad[oa]|sogr[ea]|suegr[oa]|altres (?:persones|entitats|empreses)"
)
_DAYS = (
    r"dilluns|dimarts|dimecres|dijous|divendres|dissabte|diumenge|lunes|martes|miercoles|jueves|viernes|sabado"
    r"|domingo|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
)
_DOCUMENT = (
    r"plecs?|pliegos?|annex\w*|anexos?|pdfs?|documents?|documentos?|formulari\w*|form|bases|anuncis?|anuncios?"
    r"|models?|modelos?|instruccions|plantill\w+|rebuts?|recibos?|enllac\w*|enlaces?|links?|justificants?|volants?"
)

_ONLINE = (
    r"webs?|la seu|la sede|su sede|oficina virtual|plataform\w+|sistem\w+|servidor\w*|servei electronic|pagin[ae]s?"
    r"|aplicaci\w+|apps?|site|server|carpeta|e-?tram|e-?notum|id-?cat|cl@ve|clave|autofirma|face|e-?fact|dehu|valid"
    r"|pscp|placsp|eacat|corr[eu]\w* electronic\w*|passarel\w+|pasarela|formulari\w*|tramit\w*|certificat\w*|signatura"
    r"|registre|registro|notificacio\w*|internet|xarxa|servei de pagament|cita previa|tpv"
)
_FALLEN = r"caigu(?:t|da|ts|des)|caid[oa]s?|es cau|se cae|tombad[oa]"

ELECTRONIC = (
    r"\b(?:webs?|la seu|seu electronica|sede|oficina virtual|plataform|portal|pagin|on-?line|internet|telematic"
    r"|electronic|digital|virtual|idcat|id-cat|cl@ve|clave pin|certificat|autofirma|sign[aeo]|firm[aeo]|form"
    r"|instanci|tramit|carpeta|notificaci|e-?notum|e-?tram|e-?fact|face\b|pdf|adjunt|anex|descarreg|descarg"
    r"|download|upload|puj[ao]|subir|cli[cqk]|boton?\b|pantall|screen|usuari|contrasen|password|pin\b|app|aplicaci"
    r"|navegador|browser|chrome|firefox|ordinador|ordenador|computer|portatil|tauleta|tablet|mobil|movil|e-?mail"
    r"|enlla|enlace|link|registr|sol.licit|solicit|presenta|justificant|factur|licitaci|licitar|plec|pliego|empadron"
    r"|padro|volant|error [0-9]|codi|document|impres|sobre digital|perfil del contract|subvenci|ajut|ayuda"
    r"|bec[aq]|inscri|matricul|site|server|servidor|impost|impuesto|tax[ae]s?\b|tasas?\b|ibi\b|rebut|recibo|pagar|pagament"
    r"|pago|cita\b|expedient|plusval|gual|vado|llicencia|licencia|adreca|domicili|cens\b|censo|termini|plazo)"
)
"""A message about a procedure, electronic or on paper, nearly always contains one of these."""

FAULTS: tuple[tuple[str, str], ...] = (
    # a fault: others see it
    (
        "others see it",
        r"\b(?:li|els|ens|nos|les|le|lis|hi) (?:ha )?(?:passa|surt|fa|dona|pasa|sale|ocurre|sortit|passat"
        r"|pasado|va passar|diu|dice)\b.{0,25}\b(?:mateix|mateixa|igual|mismo|misma|exacte\w*|tambe|tambien)\b"
        r"|\bsame (?:thing|problem|error|page|message)|\bmeme (?:page|erreur|chose|probleme)|\b(?:a tothom"
        r"|a todo el mundo|tothom|everybody|everyone|a tots|a todos|ningu pot|nadie puede|nobody|no one can)\b"
        r"|\b(?:no (?:soc|som|soy|somos) l'?[ao]? ?(?:unic|unica|unics)|el unico|los unicos)\b",
    ),
    (
        "neither can they",
        rf"\b(?:{_PEOPLE})\b.{{0,60}}\b(?:tampoc|tampoco|igual|mateix|mismo|neither|same|tambe|tambien|also)\b",
    ),
    (
        "other people",
        rf"\b(?:{_PEOPLE})\b",
    ),
    (
        "how many of us",
        r"\b(?:som|ja som|somos|ya somos|erem|we are) (?:\w+ )?(?:dos|dues|tres|quatre|cuatro|cinc|cinco|sis"
        r"|set|\d+)\b",
    ),
    (
        "several devices",
        r"\b(?:dos|dues|tres|quatre|cuatro|cinc|cinco|[0-9]|diversos|diverses|varios|varias|diferents|diferentes"
        r"|distintos|several|different|two|three|four|altres|otros|otro|un altre|another|every|all|qualsevol"
        r"|cualquier|deux|trois) (?:\w+ )?(?:ordinador|ordenador|equip|navegador|browser|computer|device|mobil"
        r"|movil|telefon|program|certificat|aparell|dispositi|navigateur)",
    ),
    (
        "tried elsewhere",
        r"\b(?:chrome|firefox|edge|safari)\b.{0,40}\b(?:chrome|firefox|edge|safari)\b",
    ),
    # a fault: how the platform behaves
    (
        "server error",
        r"\b(?:error|http|erreur|codi|codigo|code)\W{0,3}(?:4\d\d|5\d\d)\b|\b(?:403|404|500|502|503"
        r"|504)\b(?! ?(?:eur|€))|\b(?:internal server|bad gateway|gateway time|service unavailable|forbidden"
        r"|not found|error intern\w*|base de (?:dades|datos)|nginx|err_\w+|(?:open)?ssl|(?:my)?sql|json|http_\w+)",
    ),
    (
        "error named",
        r"""[\"«“'(][^\"»”')]{0,60}\b(?:error|fallo|no disponible|unavailable|time ?out|excepcio\w*|denied"""
        r"|avortada|abortada|null|undefined)\b",
    ),
    (
        "error",
        r"\b(?:error|errors|errores|erreur|fallo|fallos|falla|errada)\b",
    ),
    (
        "down",
        rf"\b(?:{_ONLINE})\b[^.!?]{{0,40}}\b(?:{_FALLEN})\b|\b(?:{_FALLEN})\b[^.!?]{{0,25}}\b(?:{_ONLINE})\b"
        r"|\b(?:is down|went down|penja(?:t|da)|es penja"
        r"|se cuelga|colgad[oa]|crash\w*|no carrega|no carga|not load\w*|en blanc|en blanco|blank|aturad[ao]?"
        r"|bucle|dando vueltas|donant voltes|rodeta)\b",
    ),
    (
        "since",
        rf"\b(?:des d[e']|desde|since|depuis) ?(?:el |la |l'|this |que )?(?:ahir|ayer|{_DAYS}|aquest mati"
        r"|esta manana|yesterday|morning|canvi|cambio|migracio\w*|actualitz\w+|actualiz\w+|fa |hace |hier"
        r"|setmana passada|semana pasada)",
    ),
    (
        "somebody else's",
        r"\b(?:d'una altra|d'un altre|de otra|de otro|d'altres|de otros|someone else|somebody else"
        r"|another (?:person|company)|un tal|una tal|desconegu\w+|desconocid\w+|alien[as]?|ajen[oa]s?"
        r"|le altres|els altres licitadors|other bidders|strangers?|antics|anteriores) ?(?:persona|veina?"
        r"|empresa|contribu\w+|inquilin\w+)?",
    ),
    (
        "wrong document",
        rf"\b(?:{_DOCUMENT})\b.{{0,60}}\b(?:equivoca\w+|incorrect\w+|antic|antiga|antigu[oa]|any passat"
        r"|ano pasado|fa dos anys|no correspon\w*|un altre|otro|old|wrong|trenca\w+|roto|protegi\w+|malament"
        r"|mal|malmes\w*|danad[oa]|inexistent\w*|no existei?x?\w*|doesn't exist)\b",
    ),
    (
        "documents disagree",
        r"\bno (?:coincid\w+|quadr\w+|cuadr\w+|concord\w+|correspon\w*)|\b(?:diu|dice|says|posa"
        r"|pone) .{1,50}\b(?:i|y|and|pero) .{0,40}\b(?:diu|dice|says|posa|pone|surt|sale)\b",
    ),
    (
        "option missing",
        r"\bfalt(?:a|en|an)\b .{0,20}\b(?:camp|campo|casella|casilla|opcio|opcion|boto|boton|apartat|apartado"
        r"|field|option|annex)|\b(?:desapareg\w+|desapareci\w+|disappear\w*|missing)\b|\bno (?:inclou|incluye"
        r"|apareix|aparece|hi surt|existeix|existe|hi es|hi son)\b",
    ),
    (
        "form refuses",
        r"\bno (?:\w+ )?(?:deixa|accepta|acepta|admet|admite|permet|permite|reconeix|reconoce|agafa)\b"
        r"|\b(?:rebutj\w+|rechaz\w+|refus\w+|reject\w*)\b|\b(?:won't|doesn't|does not) (?:accept|let|allow)",
    ),
    (
        "wrong sum",
        r"\b(?:calcula|calculat|calculad\w+|suma|sumen|sumar|multiplic\w+|decimals?|decimales|coma|adds up"
        r"|total)\b.{0,60}\b(?:mal|malament|no|dues|doble|wrong|en vez|en comptes|en lloc|menys|equivoc\w+)\b",
    ),
    (
        "charged twice",
        r"\b(?:cobra\w*|charged?|carreg\w+|pagat|pagado|paid)\b.{0,30}\b(?:dues|dos|tres|two|three|twice"
        r"|doble)\b",
    ),
    (
        "pending though paid",
        r"\b(?:pagat|pagad[oa]|paid|cobrat|cobrad[oa])\b.{0,80}\b(?:pendent|pendiente|pending|impaga\w+"
        r"|unpaid)\b",
    ),
    (
        "the counter says so",
        r"\b(?:mostrador|taulell|finestreta|ventanilla|counter|clerk|funcionari\w*|tecnic\w*|informatic\w*"
        r"|al banc|el banc|el banco|the bank|gestoria)\b.{0,50}\b(?:diu\w*|dic\w+|dit|dicho|told|confirm\w+"
        r"|believes|said|surt\w*|sale\w*|ve be|veu)\b",
    ),
    (
        "please fix it",
        r"\b(?:corregi\w*|correg\w+|rectifi(?:qu|c)\w+|arregl\w+|revis(?:eu|in|en|ad|arho|arlo)\w*|fix|mend"
        r"|actualitz(?:eu|in)|solucion(?:in|en|eu|ad)|inform(?:eu|en) (?:als|a los)|passeu-ho|pasadlo"
        r"|ho sapigueu|us aviso|os aviso|les aviso|us informo|us comunico|perque ho sapig\w+"
        r"|para que lo sep\w+)\b",
    ),
    (
        "codes for words",
        r"\b[a-z]{2,}_[a-z0-9_]{2,}\b|\b\w+exception\b|\bundefined\b|\bnull\b|\bnan\b|\b[a-z]{2,4}-\d{3,5}\b",
    ),
    (
        "impossible date",
        r"\b(?:3[01]|31) d(?:e |')(?:febrer|febrero)|\b(?:data|fecha|date|hora|dia|any|ano"
        r"|year)\b.{0,30}\b(?:erroni\w*|errone\w*|equivocad\w+|incorrect\w+|impossible|imposible|no es bona"
        r"|anterior|passad[ao]|pasad[ao]|wrong)\b",
    ),
)
