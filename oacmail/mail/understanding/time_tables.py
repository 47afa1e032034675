"""The words by which people say when they can be called (ca, es, en, fr): one table for each purpose.

Data for time_words.py. Terms stand between commas, folded (features.fold); one that ends with * also matches what
begins with it. An elided article is a word of its own ("de onze").
"""

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
        menys, menos, excepte, excepto, salvo, tret, llevat, except, but not, apart from, bar, sauf
    """,
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
        setmana, semana, avui, hoy, today, dema, manana, tomorrow, demain,
        dema passat, pasado manana, mitja hora, media hora, half an hour, manana o tarde, tarde o manana, manana y
        tarde, entre semana, entre setmana, cap de setmana, fin de semana
    """,
    "weekday": """
        dilluns, dimarts, dimecres, dijous, divendres, lunes, martes, miercoles, jueves, viernes, dl, dm, dc, dj, dv,
        monday, tuesday, wednesday, thursday, friday
    """,
    "greeting": """
        bon dia, bona tarda, bones tardes, buenas tardes, buena tarde, bona nit, buenas noches, buenos dias, good
        morning, good afternoon, good evening, bon vespre, bonsoir, bonne soiree
    """,
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
