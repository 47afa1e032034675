"""Terms and their meaning for this desk in Catalan, Spanish and English (a little French), as data.

Each table is (group:label, weight, terms): weight 3 is explicit, 2 strong, 1 a hint. Terms are folded (no accents, l·l
as ll, see features.fold) and separated by commas; "*" at the end matches any ending. The names of platforms and bodies,
and of their operators, are those of the desk's glossary (mail/understanding/operators.py: seu, idCAT, e-NOTUM, PSCP …).
A term of the group "none" has no meaning and prevents a shorter term inside it from matching.
"""

TABLES: tuple[tuple[str, float, str], ...] = (
    # --- topic -----------------------------------------------------------------------------------------
    (
        "topic:certificate",
        3,
        """
        idcat, idcat mobil, idcat movil, l'idcat, cl@ve, cl@ve pin, clave permanente, clave pin, fnmt, dnie,
        dni electronic, dni electronico, autofirma, l'autofirma, certificat digital, certificado digital,
        digital certificate, digital certificates, certificats digitals, certificado electronico,
        certificat electronic, certificat de representant, certificado de representante, certificat numerique,
        firma digital, firma electronica, signatura digital, signatura electronica, electronic signature, el valid,
        t-cat, certificat caducat, certificado caducado, magatzem de certificats, renovar el certificat,
        renovar el certificado, installar el certificat, instalar el certificado, representa, lector de targetes,
        lector de dni, entrar amb certificat, entrar con certificado, identificar-me, identificar-se,
        identificacio digital, certificat de la fnmt, certificat d'empresa
        """,
    ),
    (
        "topic:certificate",
        1.5,
        """
        certificat, certificats, certificado, certificados, certificate, signar, firmar, signatura, firma, pin, puk,
        identificacio, identificacion, contrasenya, contrasena, password, iniciar sessio, log in, login, sign in,
        entrar a la seu, entrar en la sede, usuari i contrasenya, no puc entrar, no puedo entrar, clave, validar-me,
        navegador, firefox
        """,
    ),
    (
        "topic:application",
        3,
        """
        instancia generica, instancia, instancies, instancias, registre electronic, registro electronico,
        justificant de registre, justificant d'entrada, numero de registre, allegacio, allegacions, alegacion,
        alegaciones, generic application, comunicacio previa, comunicacion previa, presentar una instancia,
        presentar instancia, llicencia d'obres, licencia de obras, llicencia de via publica,
        ocupacio de via publica, comunicacio d'obres, obra menor, obras menores, declaracio responsable,
        declaracion responsable, exposo, exposo i demano, adjuntar documents, adjuntar documentos, afegir document,
        presentar un escrit, presentar un escrito, registrar una sollicitud, registrar una solicitud,
        rebut de registre, recibo de registro
        """,
    ),
    (
        "topic:application",
        1.5,
        """
        sollicitud, solicitud, sollicituds, solicitudes, adjuntar, adjunts, annexos, annexar, registre, registro,
        presentar, tramit, formulari, formulario, llicencia, licencia, application, application form, attach,
        upload, gual, vado, esborrany, borrador, justificant, escrit, impres, planols, planos
        """,
    ),
    (
        "topic:grant",
        3,
        """
        subvencio, subvencions, subvencion, subvenciones, ajut, ajuts, l'ajut, d'ajut, d'ajuts, els ajuts, beca,
        beques, becas, grant, grants, compte justificatiu, justificacio de la subvencio,
        justificacion de la subvencion, bases reguladores, bono social, bono alquiler, convocatoria d'ajuts,
        convocatoria de subvencions, resolucio provisional, subvention, ajuda economica, ayuda economica,
        ayuda de libros, ayuda para libros, ayuda de material escolar, bdns, kit digital
        """,
    ),
    (
        "topic:grant",
        1.5,
        """
        convocatoria, bases, justificacio, justificacion, justificar, ayudas, ayuda de, ayuda para, la ayuda,
        annex economic, pressupost de l'activitat, entitat sense anim de lucre, memoria justificativa, pressupost,
        entitats
        """,
    ),
    (
        "topic:procurement",
        3,
        """
        licitacio, licitacions, licitacion, licitaciones, licitador, licitadors, sobre digital,
        plataforma de contractacio, plataforma de contratacion, plataforma de serveis de contractacio, pscp,
        perfil del contractant, perfil del contratante, plec, plecs, pliego, pliegos, pcap, ppt, deuc, ute, reli,
        rolece, tender, tenders, tender documents, oferta economica, elicita, contracte menor, contrato menor,
        concurs public, concurso publico, paraula clau, paraules clau, palabra clave, mesa de contractacio, lot 1,
        lot 2, lot 3, appel d'offres, placsp, adjudicacio, adjudicatari, adjudicataria
        """,
    ),
    (
        "topic:procurement",
        1.5,
        """
        oferta, ofertes, l'oferta, la oferta, contractacio, contratacion, contracte, contrato, sobre a, sobre b,
        sobre c, bid, lot, lote
        """,
    ),
    (
        "topic:notification",
        3,
        """
        e-notum, enotum, l'e-notum, notificacio, notificacions, notificacion, notificaciones,
        notificacio electronica, notificacions electroniques, notificacion electronica, notification, notifications,
        avis de notificacio, avisos de notificacio, aviso de notificacion, dehu, posada a disposicio,
        puesta a disposicion, correu d'avis, avisos, requeriment
        """,
    ),
    ("topic:notification", 1.5, "avis, aviso, sms, requerimiento, multa, termini de deu dies, bustia electronica"),
    (
        "topic:enrolment",
        3,
        """
        inscripcio, inscripcions, inscripcion, inscripciones, d'inscripcio, d'inscripcions, preinscripcio,
        preinscripcion, casal, casals, escola bressol, guarderia, escola de musica, matricula, matricular, enrol,
        enrolment, enroll, registration for the course, extraescolars, extraescolares, apuntar al, apuntar-me,
        apuntar-lo, apuntar-la, apuntarme, apuntar a mi, inscriure, inscribir, inscribirme, curs de natacio,
        colonies, esplai, llista d'espera, lista de espera, places lliures, plazas libres, summer camp, inscription,
        creche
        """,
    ),
    (
        "topic:enrolment",
        1.5,
        """
        curs, cursos, curso, taller, tallers, natacio, natacion, torn, monitor, places, plaza, plazas, apuntar,
        apuntat, apuntada, activitat, course, fill, filla, hijo, hija, escola, escuela, nens, excursio, excursion,
        piscina
        """,
    ),
    (
        "topic:folder",
        3,
        """
        carpeta ciutadana, carpeta ciudadana, carpeta del ciutada, citizen folder, la carpeta, mi carpeta,
        meva carpeta, padro, padron, volant, volante, volant de convivencia, volant d'empadronament,
        volante de empadronamiento, certificat d'empadronament, certificat de padro, certificado de empadronamiento,
        certificado de padron, certificat de convivencia, certificado de convivencia, certificat historic,
        empadronament, empadronamiento, empadronat, empadronada, proof of address, proof of registration,
        empadronar, registre municipal d'habitants, attestation de residence, certificat de residence,
        estat de l'expedient, estado del expediente, els meus expedients, mis expedientes
        """,
    ),
    (
        "topic:folder",
        1.5,
        """
        carpeta, expedient, expedients, expediente, expedientes, csv, codi segur de verificacio, baixar el document,
        descarregar, descargar
        """,
    ),
    (
        "topic:payment",
        3,
        """
        passarella de pagament, pasarela de pago, ibi, l'ibi, taxa, la taxa, taxes, tasa, tasas, tribut, tributs,
        tributos, impost, impostos, impuesto, impuestos, domiciliar, domiciliacio, domiciliacion, autoliquidacio,
        l'autoliquidacio, autoliquidacion, plusvalua, plusvalia, fraccionar, fraccionament, fraccionamiento,
        recarrec, recargo, calendari del contribuent, calendari fiscal, pagar, pagament, pagaments, pago, pagos,
        payment, pay, orgt, bizum, cobrat dues vegades, cobrado dos veces, tpv, nrc, carta de pagament,
        carta de pago, rebut pendent, recibo
        """,
    ),
    (
        "topic:payment",
        1.5,
        """
        rebut, rebuts, recibos, banc, banco, targeta, tarjeta, compte bancari, cuenta bancaria, iban, emissora,
        emisora, import, importe, cobrament, cobro, vehicle, escombraries, brossa, residus, direct debit, deute,
        codi de barres
        """,
    ),
    (
        "topic:appointment",
        3,
        """
        cita previa, cita, cites, citas, demanar cita, pedir cita, demanar hora, pedir hora, appointment,
        appointments, sistema de cites, sistema de cita, anullar la cita, anular la cita, canviar la cita,
        cambiar la cita, calendari de cites, rendez-vous, confirmacio de cita, hora amb, localitzador
        """,
    ),
    (
        "topic:appointment",
        1,
        """
        hora lliure, hores lliures, calendari, calendario, no hi ha hores, anullar, tramits generals, taulell
        """,
    ),
    # --- level: a fault of the town's platform, document or form ---------------------------------------
    (
        "level:second",
        3,
        """
        net::err*, err_*, ora-*, stack trace, exception, undefined, ha desaparegut, han desaparegut, desaparegut de,
        ha desaparecido, han desaparecido, ja no hi surt, ya no sale en, canvi de versio, cambio de version,
        des de la migracio, dades d'altres, datos de otros, datos de otra empresa, dades equivocades,
        datos equivocados, datos erroneos, nombre de otro, el nom d'un altre, expedients d'una persona,
        no era l'unic, erem tres, tots cinc, tots quatre, als companys, a mis companeros, els clients,
        nuestros clientes, m'han dit que es la web, dicen que es la web, es un error de la web, error de la web,
        problema de la web, problema del sistema, problema de la plataforma, la suma no, no suma, formules malament,
        calcula malament, calcula mal, mal sumat, data anterior, fecha anterior, any equivocat, curs passat,
        no deixa enviar, no permite enviar, no permet enviar, la plataforma rebutja, no te cap opcio,
        no hi ha cap opcio, llista buida, lista vacia, sense numero, surt desquadrada, sense estils,
        no arriba a ningu, no ha arribat a ningu, no llega a nadie, no s'envia el correu, error 500, error 501,
        error 502, error 503, error 504, error 404, http 500, http 404, http 503,
        bad gateway, gateway timeout, internal server error, service unavailable, servei no disponible,
        servicio no disponible, servei temporalment no disponible, err_connection_refused, nullpointerexception,
        error intern, error interno, error inesperat, error inesperado, error del servidor, error en el servidor,
        error de servidor, server error, pagina no trobada, pagina no encontrada, page not found,
        manteniment no planificat, plataforma caiguda,
        plataforma caida, web caiguda, web caida, caiguda de la plataforma, enllac trencat, enlace roto,
        broken link, enllac no funciona, falta un camp, falta un campo, falta una casella, passa el mateix,
        passa igual, pasa lo mismo, pasa igual, els passa, li passa, les pasa, le pasa, same problem,
        same thing happens, same error, a tots ens, a tothom, a todos nos, ningu pot, nadie puede, nobody can,
        diversos ordinadors, varios ordenadores, dos ordinadors, tres ordinadors, tres equips, tres equipos,
        dos ordenadores, several computers, different computers, dos navegadors, tres navegadors,
        varios navegadores, different browsers, diferents navegadors, tots els navegadors, document equivocat,
        plec equivocat, annex equivocat, dades d'una altra persona, d'altres persones, datos de otra persona,
        de un altre, bucle, surt en blanc, sale en blanco, en blanc, en blanco, no admet, no accepta, no acepta,
        doesn't accept, does not accept, error de la plataforma, error del formulari, mal funcionament,
        mal funcionamiento, la plataforma no funciona, la sede no funciona, la seu no funciona, la web no funciona,
        la web no va, s'ha penjat, es penja, se cuelga, traduit malament, mal calculat, mal calculado,
        dues vegades el mateix, cobrat dues vegades, cobrat tres vegades, cobrado dos veces, charged twice,
        temps d'espera esgotat, timeout, time out, times out, sessio caducada, fora de rang, data erronia,
        data incorrecta, fecha incorrecta, amb error
        """,
    ),
    (
        "level:second",
        1.5,
        """
        des d'ahir, desde ayer, since yesterday, des de dilluns, des d'aquest mati, desde esta manana, l'any passat,
        camp obligatori, campo obligatorio, desplegable, falta l'opcio, no te l'opcio, no hi ha l'opcio,
        els informatics, els tecnics, los tecnicos, informeu els tecnics, ho corregiu, ho corregeixin, lo corrijan,
        corregir, corregeixin, errada, error en la, error en el, error al, error en, codi d'error, dona error,
        da error, surt error, sale error, no carrega, no carga, doesn't load, not loading, no s'obre, no se abre,
        is down, penjada, una veina, el vei, la veina, mi vecina, mi vecino, my neighbour,
        altres persones, otras personas, altra empresa, otra empresa, grup de whatsapp, companys de feina,
        incidencia, tecnica, no quadra, no cuadra, no coincideix, no coincide, buit, buida, vacio, vacia, equivocat,
        equivocada, mal posat, enllac, enlace, versio antiga
        """,
    ),
    # --- level: the own device, another body, no procedure at all --------------------------------------
    (
        "level:out",
        4,
        """
        impressora, impresora, printer, escaner, l'escaner, scanner, tinta, cartutx, cartucho, router, wifi,
        antivirus, l'antivirus, no s'engega, no engega, no s'encen, no enciende, won't turn on, pantalla blava,
        pantallazo azul, pantalla azul, pantalla negra, pantalla trencada, teclat, teclado, ratoli, memoria plena,
        almacenamiento, emmagatzematge, word, excel, libreoffice, gmail, hotmail, formatear, formatejar,
        portatil va lent, ordinador lent, ordenador lento, fibra, companyia telefonica, la compania, la companyia,
        televisor, tablet, tableta, tauleta, el meu correu personal, own computer, windows 7
        """,
    ),
    (
        "level:out",
        4,
        """
        hisenda, hacienda, agencia tributaria, aeat, la renta, la renda, declaracio de la renda,
        declaracion de la renta, model 303, modelo 303, modelo 100, income tax, tax agency, seguretat social,
        seguridad social, social security, tgss, inss, vida laboral, sepe, el paro, l'atur, dgt, transit, trafico,
        servei catala de transit, itv, l'itv, policia, comissaria, extranjeria, estrangeria, jutjat, juzgado,
        ministeri, ministerio, departament d'educacio, institut, universitat, universidad, la uni, la meva salut,
        metge, medico, ambulatorio, ambulatori, registre de la propietat, registro de la propiedad,
        antecedents penals, antecedentes penales, delitos sexuales, delictes sexuals, notari, de rubi, a rubi,
        sabadell, terrassa, martorell, sant cugat, molins de rei, cerdanyola, barcelona, diputacio, diputacion,
        un altre ajuntament, otro ayuntamiento, another town, kit digital, renovar el passaport,
        renovar el pasaporte, beca equitat, beca mec, lloguer de la generalitat, de la generalitat, carter,
        bono social electrico, bo social
        """,
    ),
    (
        "level:out",
        4,
        """
        fanal, farola, street lamp, vorera, voreres, acera, contenidor, contenidors, contenedor, contenedores,
        escombriaires, basura, brigada, arbre, arbol, soroll, sorolls, ruido, ruidos, noise, bar de sota,
        bar de abajo, gronxadors, parc infantil, parque infantil, autobus, bus, bus escolar, deixalleria, deixalles,
        gat perdut, lost cat, gos, gossos, perro, perros, excrements, caques, semafor, semaforo, pas de vianants,
        aparcar, aparcament gratuit, factura de l'aigua, factura de la luz, factura del agua, companyia d'aigua,
        habitatge social, vivienda, lloguer d'un pis, piscina d'estiu, bancs al passeig
        """,
    ),
    # --- intent ----------------------------------------------------------------------------------------
    (
        "intent:callback",
        3,
        """
        feu-me una trucada, fer-me una trucada, solicitud de llamada, nos llamen, me llamara, me llamase,
        em poguessiu telefonar, em poguessiu trucar, demande d'appel, rogamos nos llamen, torneu-ho a provar algun,
        truqueu-me, truqui'm, truquin-me, truca'm, truqueu al, truqueu-me al, em podeu trucar, em podrieu trucar,
        em podrien trucar, em poden trucar, ens podeu trucar, podeu trucar-me, podrieu trucar-me,
        us faria res trucar, que em truqu*, que algu em truqu*, algu em pot trucar, algu ens podria trucar,
        em pots trucar, em truquen, em truqueu, si em truqueu, si ens truqueu, em truquessiu, em truquessin,
        ens poguessiu trucar, trucar-nos, trucar-me, em poguessin telefonar, em poguessin trucar, em truquin,
        em telefon*, peticio de trucada, peticio de truc*, demano una trucada, torneu a trucar, tornar a trucar,
        torneu-me a trucar, llamenme, llamadme, llamame, me pueden llamar, pueden llamarme, podrian llamarme,
        me podrian llamar, me podriais llamar, me podeis llamar, nos podeis llamar, nos pueden llamar,
        puede llamarme, podria llamarme, pueden llamar, que me llam*, alguien me puede llamar, que me llamen,
        que alguien nos llamase, que nos llam*, les agradeceria una llamada, agradeceria una llamada,
        llamada por favor, solicito llamada, necesito una llamada, llamarme, volver a llamar, call me, call me back,
        ring me, phone me, someone phone me, someone call me, could you call, give me a call, please call, call us,
        callback, m'appeler, me rappeler, rappelez-moi, appelez-moi, que m'ho expliquin per telefon,
        atiendan por telefono, per telefon em va, contacto telefonico
        """,
    ),
    ("intent:callback", 1, "trucada, llamada, phone call, per telefon, por telefono, by phone"),
    (
        "intent:nocall",
        4,
        """
        no em truqueu, no cal que em truqueu, no cal que truqueu, no me llamen, no hace falta que me llamen,
        no llamen, no need to call, millor per correu, mejor por correo, per escrit si us plau
        """,
    ),
    (
        "intent:complaint",
        3,
        """
        em queixo, pongo esta queja, n'estic tip, n'estic tipa, estic tip de, estem farts, impresentable,
        irresponsabilitat, un calvari, se rien de, falta de consideracio, falta de consideracion,
        decepcionado, decepcionada, enganyada, enganyat, enganado, enganada, greuge, not good enough, vergonyos,
        vergonzoso, ja n'hi ha prou, es de riure, queixa formal, queja formal, formal complaint, em vull queixar,
        vull queixar-me, queixar-me, quejarme, me quiero quejar, quiero quejarme, vull presentar una queixa,
        presentar una queixa, poner una queja, presentar una queja, quiero poner una reclamacion,
        poner una reclamacion, presentar una reclamacion, que consti la meva queixa, que consti,
        que quedi constancia, que conste, quede registrada mi queja, com a queixa, mi queja, la meva queixa,
        i'd like to complain, i want to complain, complaint about, queixa per, queixa pel, queixa de, queixa sobre,
        queja por, queja sobre, queja de, disconformitat, disconforme, vergonya, verguenza, presa de pel,
        tomadura de pelo, indignat, indignats, indignada, indignado, indignante, indignant, inadmissible,
        inadmisible, intolerable, lamentable, unacceptable, disgraceful, ridicul, fart de, farta de, harto de,
        harta de, esteu de broma, no hi ha dret, no es justo, no es just, exigeixo, exijo, plainte, mal atesa,
        mal ates, mal atendida, mal atendido, mal servei, maleducada, maleducat
        """,
    ),
    (
        "intent:complaint",
        2,
        """
        queixa, queja, complaint, reclamacion, reclamacio, empipat, empipada, enfadada, enfadat, enfadado,
        disappointed, decepcionat, me parece fatal, em sembla fatal, ja no se que fer,
        perdre el temps, perder el tiempo, burla
        """,
    ),
    (
        "none:complaint",
        0,
        """
        formulari de queixes, formulari de queixa, formulari de queixes i suggeriments, queixes i suggeriments,
        formulario de quejas, formulario de reclamacion, complaint form, formulaire de reclamation, queixa d'un vei,
        estat d'una queixa, reclamacio patrimonial, reclamacion patrimonial, sense cap queixa, no es una queixa,
        no es cap queixa, no es queja, no vull queixar-me, bustia de suggeriments, buzon de sugerencias
        """,
    ),
    (
        "intent:suggestion",
        3,
        """
        m'agradaria que, seria molt util, podria millorar, com a idea, como idea, estaria molt be,
        es nomes una opinio, deixo com a proposta, lo dejo como propuesta, aniria molt be que, idees per,
        a small suggestion, suggeriment, suggeriments, suggereixo, us suggereixo, suggerir, suggeriria, sugerencia,
        sugerencias, sugiero, sugerir, sugeriria, suggestion, suggest, i suggest, may i suggest, proposo,
        us proposo, proposar, proposaria, propongo, les propongo, os propongo, proponer, una proposta,
        propuesta de mejora, proposta de millora, una idea, idea per, idea para, seria bo que, estaria be que,
        estaria bien que, seria util, seria fantastic, it would be nice, it would be great, it would be helpful,
        je propose, per que no feu, per que no poseu, por que no ponen
        """,
    ),
    (
        "intent:suggestion",
        1.5,
        """
        proposta, propuesta, millora, mejora, podrieu afegir, podrian anadir, aniria be que, iria bien que,
        com fan els, com fan a
        """,
    ),
    (
        "intent:rights",
        3,
        """
        s'eliminin, elimineu les fotos, que l'esborreu, m'esborreu, droit a l'effacement, derecho al borrado,
        retiro aquest consentiment, registro de accesos, registre d'accessos, quien ha consultado, qui ha consultat,
        retiro el consentimiento, dret a l'oblit, que supriman, supriman su, dret d'acces, dret de supressio,
        dret de rectificacio, dret d'oposicio, dret de portabilitat, drets arco, drets d'oposicio,
        derecho de acceso, derecho de supresion, derecho de rectificacion, derecho de oposicion, derecho al olvido,
        derechos arco, right of access, right to erasure, right to be forgotten, subject access request,
        droit d'acces, exerceixo, exercir el meu dret, exercir els meus drets, exercici de drets, exercici del dret,
        en exercici del dret, ejerzo, ejercer mi derecho, ejercicio de derechos, ejercicio del derecho, article 15,
        article 16, article 17, article 18, article 20, article 21, articulo 15, articulo 16, articulo 17,
        articulo 18, art. 15, art. 16, art. 17, delegat de proteccio de dades, delegado de proteccion de datos,
        data protection officer, esborreu les meves dades, esborrar les meves dades, suprimiu les meves dades,
        supressio de les meves dades, copia de les meves dades, borren mis datos, borrar mis datos, que borren,
        supriman mis datos, supresion de mis datos, copia de mis datos, que eliminen mis datos, eliminen mis datos,
        delete my data, erase my data, delete all my data, copy of my data, copy of all my data,
        rectificacio de les dades, rectificacio de les meves dades, rectificacion de mis datos,
        retiro el consentiment, retirada del consentiment, retiro mi consentimiento, m'oposo, me opongo,
        gdpr request
        """,
    ),
    (
        "intent:rights",
        0.7,
        """
        rgpd, gdpr, reglament general de proteccio de dades, reglamento general de proteccion de datos,
        reglament (ue) 2016/679, lopdgdd, dades personals, datos personales, personal data, mis datos, meves dades,
        proteccio de dades, proteccion de datos, apdcat
        """,
    ),
)
