"""Cues for help with use, for out of scope, and for what the writer wants; see cues.py."""

OWN_TOWN = "aquestavila"
"""Replaces the office's own town in the text that the patterns match (mail/understanding/cues.py)."""

WISHES: tuple[tuple[str, str], ...] = (
    # help with use
    (
        "how to",
        r"\b(?:com|como|how|comment) (?:ho|es|puc|puedo|podem|podemos|se|do|can|faig|hago|fem|he|tinc|to|hem"
        r"|accedeixo|accedo|entro|lo|m'|em|i|should|fer|demano|pido|canvio|cambio|obtinc)\b",
    ),
    (
        "where is it",
        r"\b(?:on|donde|where|ou) (?:es|ho|puc|puedo|trobo|he|hem|esta|la|lo|el|is|can|do|son|se|est|tinc"
        r"|tengo)\b",
    ),
    (
        "what must i",
        r"\b(?:quin(?:s|a|es)?|cual(?:es)?|which|que) (?:\w+ )?(?:he|hem|tinc|tengo|tenemos|debo|hay|cal|calen"
        r"|hi ha|necessit\w+|necesit\w+|poso|pongo|must|should|do i|document\w*)\b|\b(?:cal|hay que|he de"
        r"|tengo que|haig de|do i (?:need|have)|should i)\b",
    ),
    (
        "may one",
        r"\b(?:es pot|es poden|se puede|se pueden|puc|puedo|podem|podemos|can i|can we|may i|hi ha manera"
        r"|hay forma|serveix|sirve|is it possible|puis-je)\b(?<!no puc)(?<!no puedo)(?<!no podem)(?<!no podemos)"
        r"(?<!no es pot)(?<!no se puede)(?<!no ho puc)(?<!no hi puc)(?<!no em puc)(?<!no lo puedo)(?<!no me puedo)",
    ),
    (
        "does not know",
        r"\bno (?:ho |lo |en |hi )?(?:se|entenc|entiendo|trobo|encuentro|recordo|recuerdo|veig|veo|m'aclareixo"
        r"|me aclaro|me'n surto|consegueixo|consigo|aconsegueixo)\b|\b(?:don't|do not|can't|cannot) (?:know"
        r"|understand|find|remember|see)\b|\b(?:dubtes?|dudas?|question)\b",
    ),
    (
        "own mistake",
        r"\b(?:m'he equivocat|me he equivocado|em vaig equivocar|me equivoque|by mistake|per error meu"
        r"|sense voler|sin querer|oblida\w+|olvid\w+|forgot\w*|he perdut|he perdido|lost my|potser (?:no|he"
        r"|soc|ho)|quizas|tal vez|a lo mejor|no se si|first time|primer cop|primera vegada|primera vez)\b",
    ),
    (
        "expired",
        r"\b(?:caduca\w*|caducad[oa]|revoca\w+|expired|bloquejad\w*|bloquead\w*|contrasenya|contrasena"
        r"|password|pin|puk)\b",
    ),
    (
        "works elsewhere",
        r"\b(?:a la feina|en el trabajo|al mobil|en el movil|a l'ordinador|a l'altre|al meu|en otro|at work"
        r"|on my phone)\b.{0,25}\b(?:si|be|bien|fine|works|funciona|va be)\b",
    ),
    # out of scope
    (
        "own device",
        r"\b(?:impress?or[ae]?s?|printer|scanner|escaner|router|wi-?fi|antivirus|virus|windows \w+|word|excel"
        r"|powerpoint|outlook|gmail|hotmail|icloud|thunderbird|teclat|teclado|keyboard|ratoli|raton|camera"
        r"|camara|bateria|carregador|cargador|ventilador|ram|disc dur|disco duro|usb|pendrive"
        r"|llapis de memoria|sim|puk|google play|app store|portatil|laptop|tauleta|tablet|televisor|tele"
        r"|cobertura|fibra|adsl|pantalla (?:trencada|rota|negra|blava)|no s'enge\w+|no (?:s'encen|enciende"
        r"|arrenca|arranca)|whatsapp|facebook|compte de correu|cuenta de correo|memoria|formatejar"
        r"|formatear)\b",
    ),
    (
        "another body",
        r"\b(?:hisenda|hacienda|agencia tributaria|aeat|renda|renta|seguretat social|seguridad social"
        r"|social security|tgss|inss|sepe|soc|atur|paro|dgt|transit|trafico|itv|policia|guardia civil|mossos"
        r"|comissaria|comisaria|extranjeria|estrangeria|immigration office|jutjat|juzgado|registre civil"
        r"|registro civil|ministeri\w*|ministry|departament d\w*|conselleria|generalitat|icaen|moves"
        r"|consell comarcal|diputacio|diputacion|consolat|consulado|consulate|universitat|universidad|institut"
        r"|hospital|metge|medico|cap|ambulatori\w*|catsalut|mutua|notari\w*|cadastre|catastro"
        r"|registre de la propietat|registro de la propiedad|rolece|placsp|dehu|passaport|pasaporte|passport"
        r"|endesa|naturgy|aigues|renfe|correos|bo social|bono social)\b",
    ),
    (
        "another town",
        rf"\b(?:ajuntament|ayuntamiento|town hall|mairie|web) d(?:e |')(?!{OWN_TOWN}|l[ae]?\b|la\b)\w+"
        r"|\b(?:un altre|otro|another|other) (?:ajuntament|ayuntamiento|municipi\w*|town|poble|pueblo)\b",
    ),
    (
        "in the street",
        r"\b(?:fanals?|farolas?|street ?lamps?|voreres?|aceras?|pavement|contenidors?|contenedor\w*"
        r"|escombriaires|brigada|arbres?|arbol\w*|tree|sorolls?|ruidos?|noise|gronxador\w*|parc infantil"
        r"|parque infantil|autobus|bus|deixalleria|gats?|gos|gossos|perr[oa]s?|dogs?|semafor\w*"
        r"|pas de vianants|aparca\w*|parking|clavegueram|rates|ratas|mosquits|mosquitos|obres al carrer"
        r"|obres del carrer|inundacio|fuga d'aigua|lladr\w*|robar)\b",
    ),
    (
        "the town's own",
        r"\b(?:la seu|seu electronica|oficina virtual|sede|carpeta ciuta\w*|carpeta ciuda\w*|instancia"
        r"|e-?notum|sobre digital|(?:vostra|vuestra|seva|su|your|votre) (?:web|pagina|plataforma|seu|sede|site"
        r"|website|portal|page|e-office)|el vostre (?:web|formulari|sistema|portal)|vuestro (?:formulario"
        rf"|sistema|portal)|{OWN_TOWN})\b",
    ),
    # what the writer wants
    (
        "a name for the ill",
        r"\b(?:queix\w*|quej[ao]\w*|complain\w*|reclam\w+|protest\w*|disconform\w+|plainte)\b",
    ),
    (
        "ill-tempered",
        r"\b(?:vergony\w+|verguenz\w+|vergonz\w+|indigna\w+|inadmis\w+|inaccepta\w+|inacepta\w+|unacceptable"
        r"|intolera\w+|lamentable\w*|impresenta\w+|desastre|disaster|fart|farta|fartes|farts|harto|harta|tip"
        r"|tipa|presa de pel|tomadura|burla|penos\w*|pesim\w*|fatal|ridicul\w*|absurd\w*|injust\w*"
        r"|poca serietat|poca seriedad|falta de respe\w+|manca de respe\w+|maleducad\w*|rude|mal tract\w*"
        r"|disgrace\w*|appalling|ridiculous|unhappy|decep\w+|disappoint\w*)\b",
    ),
    (
        "shouting",
        r"!{2,}|\?{2,}|!\?",
    ),
    (
        "an idea",
        r"\b(?:suggeri\w+|suggere\w+|suger\w+|sugier\w+|suggest\w*|propos\w+|propon\w+|una idea|idees|ideas"
        r"|millora|mejora|improve\w*|estaria be|estaria bien|aniria be|iria bien|seria (?:util|bo|bueno"
        r"|fantastic\w*|millor|mejor|ideal|genial|un detall)|would be (?:nice|great|helpful|useful)"
        r"|podrieu (?:posar|afegir|fer|oferir|enviar)|podrian (?:poner|anadir|hacer|ofrecer|enviar)"
        r"|per que no (?:feu|poseu|obriu)|por que no (?:hacen|ponen|abren)|us animo|trobo que haur\w+)\b",
    ),
    (
        "a right",
        r"\b(?:rgpd|gdpr|lopdgdd|lopd|dades personals|datos personales|personal data|donnees (?:personnelles"
        r"|me concernant)|proteccio de dades|proteccion de datos|drets? d[e'] ?(?:acces|rectificacio|supressio"
        r"|oposicio|oblit|portabilitat|limitacio)|derechos? (?:de|al) (?:acceso|rectificacion|supresion"
        r"|oposicion|olvido|portabilidad|limitacion)|right (?:of|to) (?:access|erasure|be forgotten"
        r"|rectification)|delegat de proteccio|dpo|consentiment|consentimiento|consent)\b",
    ),
    (
        "claims",
        r"\b(?:exerc\w+|ejerz\w+|ejerc\w+|exercise|en virtut|en virtud|a l'empara|al amparo|article \d+"
        r"|articulo \d+|art\. ?\d+|esborr(?:eu|in|ar)|suprim\w+|elimin(?:eu|in|en|ar)|borr(?:en|ad|ar)|erase"
        r"|delete)\b",
    ),
    (
        "call me",
        r"\b(?:truc|truq|llam|telefone|appel|rappel)\w*\b|\b(?:call|ring|phone) (?:me|us|back)\b|\bcallback\b"
        r"|\bper telefon\b|\bpor telefono\b|\bby phone\b",
    ),
    (
        "will call",
        r"\b(?:vaig|he|hem|ja us he|us vaig|va|les|os) (?:trucar|trucat|llamado|llame)\b|\b(?:i|we) (?:called"
        r"|phoned)\b|\bno (?:em |me |cal que |hace falta que )?(?:truqu|llam)\w+\b",
    ),
)
