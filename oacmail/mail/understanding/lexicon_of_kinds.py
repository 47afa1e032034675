"""Terms that show the kind of a message: thanks, automatic text, the call-back form, phishing and fraud.

The data has the form of mail/understanding/lexicon.py.
"""

TABLES: tuple[tuple[str, float, str], ...] = (
    # --- only thanks -----------------------------------------------------------------------------------
    (
        "thanks:said",
        2,
        """
        gracies, moltes gracies, moltissimes gracies, mil gracies, gracies mil, merci, us ho agraeixo, us agraeixo,
        agraiment, agraida, agrait, molt agraida, molt agrait, gracias, muchas gracias, muchisimas gracias,
        mil gracias, graciass, agradecido, agradecida, muy agradecida, muy amables, muy amable, molt amables,
        molt amable, thanks, thank you, thank you so much, thanks so much, many thanks, merci beaucoup,
        mille mercis, mille merci, je vous remercie, agradecimiento, us devem una, deu us ho pagui, dios se lo
        pague, 👍, 🙏
        """,
    ),
    (
        "thanks:done",
        2,
        """
        ja funciona, ja esta, ja va, ja va be, ja esta resolt, ja esta solucionat, ja ho tinc, ja l'he pogut,
        solucionat, solucionada, resolt, fet, perfecte, perfecto, ya funciona, ya esta, ya va bien,
        ya esta solucionado, solucionado, arreglado, todo arreglado, resuelto, aclarado, aclarit, it works now,
        it works, that did the trick, all sorted, sorted, solved, podeu tancar, podeu tancar el cas,
        podeu tancar la consulta, damos por cerrada, pueden cerrar, me'n he sortit, me n'he sortit, rebut, recibido,
        tot presentat, ja ho he vist, ja ho veig, cap problema, pagado, pagat, no hace falta que vuelvan a llamar,
        ja podeu tancar, pueden cerrar la incidencia, nothing more needed, it all worked, c'est fait, rebut i entes,
        no hi ha res mes, no tienen que hacer nada mas, no cal que truqueu, ja no cal que em truqueu, no cal res
        mes, ho deixem aqui, tancat
        """,
    ),
    (
        "asks:more",
        1,
        """
        pero, encara, encara no, but, however, still, no funciona, no em deixa, no me deja, no puc, no puedo, no se,
        no entenc, no entiendo, error, falta, vull, quiero, voldria, volia, quisiera, querria, necessito,
        necessito que, necesito, necessitem, necesitamos, podeu, podrieu, podria, puc, pueden, podrian, podeis,
        puede, could you, can you, can i, would you, please, com ho, com puc, como puedo, com es, como se, on es,
        donde, quan, cuando, si us plau, sisplau, por favor, demano, pido, solicito, sollicito, us prego, ruego,
        una cosa mes, una cosa mas, una altra cosa, otra cosa, tambe, tambien, also, ara em, ahora me, dubte, duda,
        pregunta, question, em surt, me sale, em diu, me dice, truqueu, llamen, queixa, queja, urgent, urgente,
        esborreu, borren, on puc, quin, cual, which, how
        """,
    ),
    # people who still wait, or complain, and thank in irony
    (
        "waits:says",
        1,
        """
        espero, esperem, esperant, esperant-me, esperar, esperava, esperavem, vaig esperar, he esperat, continuo,
        continuem, segueixo, seguim, segueix, continua sense, sense resposta, sense noticies, sense resoldre, sense res,
        ningu, ningu no, mai, encara, encara no, encara res, ja fa, fa setmanes, fa mesos, setmanes, mesos,
        massa tard, tard, tardat, trigat, trigant, trigar, per res, per no, quina vergonya, vergonya, desastre,
        increible, de fa, ni una, res de nou,
        esperando, espere, esperamos, llevo, llevamos, sigo, seguimos, sigue sin, sigue igual, sin respuesta,
        sin noticias, sin resolver, nadie, nunca, todavia, aun, aun no, hace semanas, hace meses, semanas, meses,
        demasiado tarde, por nada, por no, verguenza, que verguenza, tardado, tardando, tardar, ni una sola, de nada
        sirve, no sirve,
        waiting, waited, wait, still, nobody, no one, never, not yet, yet, weeks, months, late, too late, for nothing,
        disaster, disgrace, shame, shameful, ridiculous, no answer, no reply, nothing happened, nothing has,
        j'attends, attends, toujours, personne, jamais, semaines, en retard, honte, pour rien
        """,
    ),
    # --- automatic text; the call-back form; spam ------------------------------------------------------
    (
        "auto:says",
        3,
        """
        aquest es un missatge automatic, aquesta es una resposta automatica, (resposta automatica),
        este es un mensaje automatico, esta es una respuesta automatica, (respuesta automatica),
        this is an automatic reply, this is an automated message, this is an automated reply, messaggio automatico,
        ceci est un message automatique, ceci est une reponse automatique, (missatge automatic), (mensaje automatico),
        resposta feta per un robot, questa e una risposta automatica,
        dies ist eine automatische antwort, respuesta que se envia sola, esta cuenta ya no se atiende,
        aquesta bustia ja no la consulto, no consulto aquesta bustia, este buzon no se revisara
        """,
    ),
    (
        "form:callback",
        3,
        """
        [truca'm], truca'm - nova, formulari truca'm, franja horaria, formulari de contacte, formulari web
        """,
    ),
    (
        "spam:lure",
        3,
        """
        btc, bitcoin, wallet below, factory price, moq, our catalogue, catalogue and best price, price list,
        backlinks, first page of google, google's top, seo, posicionamiento web, prestamo entre particulares,
        prestamos entre particulares, prets entre particuliers, pret rapide, sin aval, sin nomina, sin papeleo,
        asnef, sans justificatif, next of kin, compensation fund,
        atm card, processing fee, charity work, dear beloved, dear purchasing manager, trading bot, claim your spot,
        limited spots, has sido seleccionado, has estat seleccionat, tarjeta regalo,
        habilite las macros, desactive el antivirus,
        certificat digital en format .p12, foto del dni por delante, foto de su dni por ambas,
        usuario de banca online, las 16 cifras, les 16 xifres de la targeta, codi del dors, 100 backlinks,
        free audit, your password. i placed malware, i recorded you, i have recorded you, send the video,
        habiliten el contenido, habilite el contenido, habiliteu el contingut, free audit report,
        primera posicion de google, page one of google,
        sans heritier, designe beneficiaire, defunt client, ha vinto, loteria europea, lotteria europea, carta regalo,
        targeta regal, sense aval, prestec urgent,
        prestecs entre particulars,
        despeses de duana, gastos de aduana, lonely girl, my private photos,
        habilitar contingut, habilitar contenido, enable content,
        personne honnete, honest person,
        le adjuntamos la factura vencida, ultimos avisos
        """,
    ),
    (
        "spam:lure",
        2,
        """
        faci clic aqui, haga clic aqui, clicking the link below, en cliquant sur le lien, confirmi les seves dades,
        confirmar los datos de su tarjeta, actualice sus datos bancarios, actualitzi les seves dades,
        introduzca su tarjeta, introdueixi la targeta, la vostra targeta a, validi la seva identitat,
        verificar su identidad, confirmer vos identifiants, confirme su iban, confirmar mi cuenta,
        confirmer mon compte, su cuenta sera suspendida, votre compte sera suspendu, sera desactivada en,
        sera desactivat en, sera revocat, caduca hoy, caduca avui, en 24 hores, en 24 horas, en 48 horas,
        en el plazo de 48 h, dans les 24 heures, within 48 hours, you have 48 hours, ultimo aviso, darrer avis,
        estimado contribuyente, estimat contribuent, estimado usuario, estimat usuari, benvolgut usuari,
        estimado cliente, cher client, estimado empleado, la seva bustia ha superat, ha superat el limit,
        capacitat de bustia, mailbox is full, held messages, release messages, paquete esta retenido,
        paquet esta retingut, drets de duana, tasas aduaneras, reembolso pendiente, devolucio pendent,
        acciones legales, departament juridic, departamento juridico, kindly, dear sir/madam, dear friend,
        congratulations, waiting for your reply, we are manufacturer, manufacturer of, we are the factory,
        ce certificate, may i send, digital marketing, por 149 €, comission del, comissio del 30
        """,
    ),
    (
        "spam:lure",
        2,
        """
        primera posicio, primera pagina de google, errors que us fan perdre, articulos con enlaces, vendo base de datos,
        base de datos actualizada, base de datos de empresas, registrar a su nombre, obres de caritat, obras de caridad,
        difunt marit, difunto marido, million dollars, million euros, milions d'euros, millones de euros, lottery,
        loteria, inheritance, has ganado, has guanyat, you have won, claim your prize, premi en metallic,
        targetes regal, tarjetas regalo, gift card, gift cards, gestio confidencial, gestion confidencial,
        urgent i confidencial, urgente y confidencial, canviat el compte bancari, cambiado la cuenta bancaria,
        transferencia al numero nou, nuevo numero de cuenta, derecho a un reembolso, dret a un reemborsament,
        datos de su tarjeta, dades de la targeta, dades de la seva targeta, bank details, introduciendo su usuario,
        introdueixi la contrasenya, introduzca su contrasena, verifique sus datos, verifique su identidad,
        verifiqui la seva identitat, verifiqui les seves dades, verify your account, confirm your account,
        activitat sospitosa, actividad sospechosa, suspicious activity, unusual activity, compte suspes,
        cuenta suspendida, cuenta sera bloqueada, compte quedara bloquejat, limitado su tarjeta, cita garantizada,
        cites sense esperar, citas sin esperar, identifiquese con su banco, s'iniciara l'embargament,
        se iniciara el embargo, iniciara el embargo, abans de mitjanit, antes de medianoche, pulse aqui, haz clic aqui,
        clica aqui, click here, enllac segur, siguiente enlace, despeses en aquest enllac, dispositivo esta infectado,
        work from home, trabaja desde casa, dinero facil, ingresos extra, rentabilidad garantizada,
        inversion garantizada, criptomonedas, criptomonedes, crypto, credit rapid, credito rapido, prestamos rapidos,
        prestamo rapido, prestec rapid, western union, casino, apuestas, viagra, precio especial, oferta exclusiva,
        ultima oportunidad, last chance, insercion basica, guia de empresas, pago por bizum, manda pasaporte,
        derecho a la devolucion, saldo a su favor, saldo al seu favor, posicionament web, posicionamiento en google
        """,
    ),
)
