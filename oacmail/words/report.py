"""The words of the monthly report in ca, es and en: indicators, formulas, commitments, sentences. A table, and
nothing else.
"""

from collections.abc import Mapping

from oacmail.core.model import LANGUAGES

# --- Labels of commitments -------------------------------------------------------------------------------------------
#
# What the service commits itself to, by indicator, in ca, es and en. A table, and nothing else.


COMMITMENTS: Mapping[str, tuple[str, str, str]] = {
    "I1": (
        "Respondre totes les consultes el mateix dia o el següent dia hàbil",
        "Responder todas las consultas el mismo día o el siguiente día hábil",
        "Answer every enquiry on the same or the next working day",
    ),
    "I2": (
        "No deixar cap consulta sense resposta",
        "No dejar ninguna consulta sin respuesta",
        "Leave no enquiry unanswered",
    ),
    "I3": (
        "Respondre el mateix dia sempre que sigui possible",
        "Responder el mismo día siempre que sea posible",
        "Answer on the same day whenever possible",
    ),
    "I4": ("Respondre aviat", "Responder pronto", "Answer soon"),
    "I5": ("Atendre per tots els canals", "Atender por todos los canales", "Serve people by every channel"),
    "I6": (
        "Resoldre al primer nivell i al primer contacte",
        "Resolver en el primer nivel y en el primer contacto",
        "Solve at the first level and at the first contact",
    ),
    "I7": (
        "Derivar a l'Ajuntament el que depèn de les plataformes",
        "Derivar al Ayuntamiento lo que depende de las plataformas",
        "Pass on to the town hall what depends on the platforms",
    ),
    "I8": (
        "Dir el resultat de les incidències derivades en 5 dies hàbils",
        "Decir el resultado de las incidencias derivadas en 5 días hábiles",
        "Tell the outcome of what was passed on within 5 working days",
    ),
    "I9": (
        "Indicar qui hi pot ajudar quan no és cosa del servei",
        "Indicar quién puede ayudar cuando no corresponde al servicio",
        "Say who can help when it is not for this service",
    ),
    "I10": (
        "Trucar dins de la franja i del termini acordats",
        "Llamar dentro de la franja y del plazo acordados",
        "Call in the agreed slot and in time",
    ),
    "I11": (
        "Una satisfacció mínima de 4 sobre 5",
        "Una satisfacción mínima de 4 sobre 5",
        "Satisfaction of at least 4 of 5",
    ),
    "I12": (
        "Respondre les queixes i els suggeriments en 10 dies hàbils",
        "Responder las quejas y las sugerencias en 10 días hábiles",
        "Answer complaints and suggestions within 10 working days",
    ),
    "I13": (
        "Atendre en la llengua de la persona",
        "Atender en el idioma de la persona",
        "Serve people in their language",
    ),
    "I14": (
        "Confirmar la recepció en 5 minuts i no perdre cap missatge",
        "Confirmar la recepción en 5 minutos y no perder ningún mensaje",
        "Confirm receipt within 5 minutes and lose no message",
    ),
}


# --- Labels of report ------------------------------------------------------------------------------------------------
#
# Words of the monthly report in ca, es and en: indicators, formulas, measures, causes. A table, and nothing else.
#
# The names are those of Catalan service charters (cartes de serveis).


Words = Mapping[str, tuple[str, str, str]]

INDICATORS: Words = {
    "I1": (
        "Percentatge de consultes respostes dins del termini compromès",
        "Porcentaje de consultas respondidas dentro del plazo comprometido",
        "Share of enquiries answered within the promised time",
    ),
    "I2": (
        "Consultes sense resposta a final de mes",
        "Consultas sin respuesta a final de mes",
        "Enquiries without an answer at the end of the month",
    ),
    "I3": (
        "Percentatge de consultes respostes el mateix dia",
        "Porcentaje de consultas respondidas el mismo día",
        "Share of enquiries answered on the same day",
    ),
    "I4": (
        "Temps de resposta (hores de servei)",
        "Tiempo de respuesta (horas de servicio)",
        "Time to the first answer (service hours)",
    ),
    "I5": (
        "Nombre de consultes per canal i per tema",
        "Número de consultas por canal y por tema",
        "Number of enquiries by channel and topic",
    ),
    "I6": (
        "Percentatge de resolució en primer nivell i en el primer contacte",
        "Porcentaje de resolución en primer nivel y en el primer contacto",
        "Share solved at the first level and at the first contact",
    ),
    "I7": (
        "Incidències derivades a l'Ajuntament",
        "Incidencias derivadas al Ayuntamiento",
        "Problems passed on to the town hall",
    ),
    "I8": (
        "Temps mitjà de resolució de les incidències derivades",
        "Tiempo medio de resolución de las incidencias derivadas",
        "Mean time to solve the problems passed on",
    ),
    "I9": ("Consultes fora de l'abast", "Consultas fuera del alcance", "Enquiries outside the scope"),
    "I10": (
        "Compliment de les trucades convingudes",
        "Cumplimiento de las llamadas acordadas",
        "Agreed calls that were made",
    ),
    "I11": ("Grau de satisfacció", "Grado de satisfacción", "Satisfaction"),
    "I12": ("Queixes i suggeriments", "Quejas y sugerencias", "Complaints and suggestions"),
    "I13": ("Percentatge d'idiomes", "Porcentaje de idiomas", "Languages"),
    "I14": ("Qualitat del sistema", "Calidad del sistema", "Quality of the system"),
}
FORMULAS: Words = {
    "I1": (
        "primeres respostes dins de termini / consultes que vencien aquest mes (sense resposta = incompliment)",
        "primeras respuestas dentro de plazo / consultas que vencían este mes (sin respuesta = incumplimiento)",
        "first answers in time / enquiries due this month (no answer = missed)",
    ),
    "I2": (
        "casos vençuts i sense resposta a final de mes",
        "casos vencidos y sin respuesta a final de mes",
        "cases overdue and unanswered at the end of the month",
    ),
    "I3": (
        "respostes el dia d'arribada / consultes arribades en dia hàbil abans de l'hora de tancament",
        "respuestas el día de llegada / consultas llegadas en día hábil antes de la hora de cierre",
        "answers on the day of arrival / enquiries that arrived on a working day before closing time",
    ),
    "I4": (
        "hores de servei entre l'arribada i la primera resposta, de les consultes que vencien aquest mes",
        "horas de servicio entre la llegada y la primera respuesta, de las consultas que vencían este mes",
        "service hours from arrival to the first answer, of the enquiries due this month",
    ),
    "I5": (
        "consultes d'aquest mes que van obrir un cas, sense correu brossa ni duplicats; a part, les altres",
        "consultas de este mes que abrieron un caso, sin correo basura ni duplicados; aparte, las demás",
        "enquiries of this month that opened a case, without spam and duplicates; beside them, the others",
    ),
    "I6": (
        "tancats a primer nivell / tancats; tancats amb una sola resposta / tancats",
        "cerrados en primer nivel / cerrados; cerrados con una sola respuesta / cerrados",
        "closed at the first level / closed; closed with one answer / closed",
    ),
    "I7": (
        "casos derivats per primera vegada aquest mes",
        "casos derivados por primera vez este mes",
        "cases passed on for the first time this month",
    ),
    "I8": (
        "dies hàbils entre la derivació i el dia que la persona en sap el resultat",
        "días hábiles entre la derivación y el día en que la persona conoce el resultado",
        "working days from passing on to the day when the person knows the outcome",
    ),
    "I9": (
        "casos oberts aquest mes que no corresponen al servei",
        "casos abiertos este mes que no corresponden al servicio",
        "cases opened this month that are not for this service",
    ),
    "I10": (
        "trucades fetes dins de la franja i del termini / trucades demanades per correu que vencien aquest mes",
        "llamadas hechas dentro de la franja y del plazo / llamadas pedidas por correo que vencían este mes",
        "calls made in their slot and in time / calls asked for by mail that were due this month",
    ),
    "I11": (
        "mitjana de les valoracions rebudes aquest mes, de l'1 al 5",
        "media de las valoraciones recibidas este mes, del 1 al 5",
        "mean of the marks received this month, 1 to 5",
    ),
    "I12": (
        "missatges respostos en 10 dies hàbils / queixes i suggeriments amb aquest límit aquest mes",
        "mensajes respondidos en 10 días hábiles / quejas y sugerencias con este límite este mes",
        "messages answered within 10 working days / complaints and suggestions whose limit was this month",
    ),
    "I13": (
        "consultes per correu d'aquest mes en cada idioma / consultes per correu d'aquest mes",
        "consultas por correo de este mes en cada idioma / consultas por correo de este mes",
        "enquiries by mail this month in each language / enquiries by mail this month",
    ),
    "I14": (
        "justificants de recepció enviats en 5 minuts / justificants dels missatges d'aquest mes",
        "acuses de recibo enviados en 5 minutos / acuses de los mensajes de este mes",
        "acknowledgements sent within 5 minutes / acknowledgements of this month's messages",
    ),
}
MEASURES: Words = {
    "in_time": ("Respostes dins de termini", "Respuestas dentro de plazo", "Answered in time"),
    "in_time_count": (
        "Respostes dins de termini (nombre)",
        "Respuestas dentro de plazo (número)",
        "Answered in time (number)",
    ),
    "late_same_day": (
        "Respostes després de l'hora de tancament del dia de venciment",
        "Respuestas después de la hora de cierre del día de vencimiento",
        "Answered after closing time on the due day",
    ),
    "unanswered": ("Casos sense resposta", "Casos sin respuesta", "Cases without an answer"),
    "same_day": ("Respostes el mateix dia", "Respuestas el mismo día", "Answered on the same day"),
    "median": ("Mediana", "Mediana", "Median"),
    "mean": ("Mitjana", "Media", "Mean"),
    "p90": ("El 90 % es respon abans de", "El 90 % se responde antes de", "90% are answered within"),
    "not_answered": (
        "Sense resposta a final de mes, fora del càlcul",
        "Sin respuesta a final de mes, fuera del cálculo",
        "Unanswered at the end of the month, not included",
    ),
    "cases": ("Casos", "Casos", "Cases"),
    "further": (
        "Altres consultes, en casos que ja hi eren",
        "Otras consultas, en casos que ya existían",
        "Further enquiries, on cases that existed",
    ),
    "before": ("Variació respecte del mes anterior", "Variación respecto al mes anterior", "Change from last month"),
    "year_before": (
        "Variació respecte del mateix mes de l'any anterior",
        "Variación respecto al mismo mes del año anterior",
        "Change from the same month last year",
    ),
    "first_level": ("Tancats a primer nivell", "Cerrados en primer nivel", "Closed at the first level"),
    "one_contact": ("Tancats amb una sola resposta", "Cerrados con una sola respuesta", "Closed with one answer"),
    "derived": ("Casos derivats", "Casos derivados", "Cases passed on"),
    "derived_share": (
        "Respecte dels casos oberts aquest mes",
        "Respecto a los casos abiertos este mes",
        "Compared with the cases opened this month",
    ),
    "days": ("Dies hàbils, de mitjana", "Días hábiles, de media", "Working days, mean"),
    "still_open": (
        "Encara oberts després de 5 dies hàbils",
        "Todavía abiertos tras 5 días hábiles",
        "Still open after 5 working days",
    ),
    "out_of_scope": ("Casos fora de l'abast", "Casos fuera del alcance", "Cases outside the scope"),
    "called": ("Trucades fetes", "Llamadas hechas", "Calls made"),
    "not_located": (
        "No localitzats, després de trucar i escriure",
        "No localizados, tras llamar y escribir",
        "Not reached, after calling and writing",
    ),
    "satisfaction": ("Valoració global", "Valoración global", "Overall mark"),
    "four_or_more": ("Valoracions de 4 o 5", "Valoraciones de 4 o 5", "Marks of 4 or 5"),
    "response_rate": ("Enquestes respostes", "Encuestas respondidas", "Surveys answered"),
    "unsigned": (
        "Valoracions sense signatura, fora del càlcul",
        "Valoraciones sin firma, fuera del cálculo",
        "Unsigned marks, not included",
    ),
    "in_ten_days": ("Respostes en 10 dies hàbils", "Respuestas en 10 días hábiles", "Answered within 10 working days"),
    "opinions": ("Rebuts aquest mes", "Recibidos este mes", "Received this month"),
    "requests_by_mail": ("Consultes per correu", "Consultas por correo", "Enquiries by mail"),
    "answers_by_mail": ("Respostes per correu", "Respuestas por correo", "Answers by mail"),
    "acknowledged": (
        "Justificants de recepció en 5 minuts",
        "Acuses de recibo en 5 minutos",
        "Acknowledgements within 5 minutes",
    ),
    "returned_answers": ("Respostes retornades", "Respuestas devueltas", "Answers that came back"),
    "corrected_cases": ("Casos reclassificats", "Casos reclasificados", "Cases that were reclassified"),
    "rescued": (
        "Consultes recuperades del correu sospitós",
        "Consultas recuperadas del correo sospechoso",
        "Enquiries rescued from suspected spam",
    ),
}
CAUSES: Words = {
    "late_same_day": (
        "resposta el dia de venciment, després de l'hora de tancament",
        "respuesta el día de vencimiento, después de la hora de cierre",
        "answered on the due day after closing time",
    ),
    "late": ("resposta fora de termini", "respuesta fuera de plazo", "answered late"),
    "derived_late": ("derivació fora de termini", "derivación fuera de plazo", "passed on late"),
    "call_late": ("trucada fora de termini", "llamada fuera de plazo", "called late"),
    "returned_late": (
        "la resposta va ser retornada i la nova va arribar tard",
        "la respuesta fue devuelta y la nueva llegó tarde",
        "the answer came back and the new one was late",
    ),
    "unanswered": (
        "sense resposta a final de mes",
        "sin respuesta a final de mes",
        "no answer by the end of the month",
    ),
    "derived_untold": (
        "derivat sense dir-ho a la persona",
        "derivado sin decirlo a la persona",
        "passed on without telling the person",
    ),
    "outcome_untold": (
        "resolt sense dir-ho a la persona",
        "resuelto sin decirlo a la persona",
        "solved without telling the person",
    ),
    "call_not_made": ("trucada no feta", "llamada no hecha", "call not made"),
    "call_outside_slot": ("trucada fora de la franja", "llamada fuera de la franja", "called outside the slot"),
    "answered_by_mail": (
        "resposta per correu en lloc de trucada",
        "respuesta por correo en lugar de llamada",
        "answered by mail instead of a call",
    ),
    "returned_unanswered": (
        "la resposta va ser retornada i no se n'ha donat cap altra",
        "la respuesta fue devuelta y no se ha dado otra",
        "the answer came back and no other was given",
    ),
    "slow": ("resultat després de 5 dies hàbils", "resultado tras 5 días hábiles", "outcome after 5 working days"),
    "not_over": (
        "oberta des de fa més de 5 dies hàbils",
        "abierta desde hace más de 5 días hábiles",
        "open for more than 5 working days",
    ),
    "opinion_late": (
        "resposta després de 10 dies hàbils",
        "respuesta tras 10 días hábiles",
        "answered after 10 working days",
    ),
    "opinion_unanswered": ("sense resposta", "sin respuesta", "no answer"),
    "low_mean": ("valoració inferior a 4", "valoración inferior a 4", "mark below 4"),
}
TABLES: Words = {
    "causes": ("Causes de l'incompliment", "Causas del incumplimiento", "Causes of the breaches"),
    "channels": ("Casos per canal", "Casos por canal", "Cases by channel"),
    "topics": ("Casos per tema", "Casos por tema", "Cases by topic"),
    "derived_causes": ("Casos derivats per causa", "Casos derivados por causa", "Cases passed on by cause"),
    "operators": (
        "Casos derivats per operador de la plataforma",
        "Casos derivados por operador de la plataforma",
        "Cases passed on by the platform's operator",
    ),
    "platforms": ("Casos derivats per plataforma", "Casos derivados por plataforma", "Cases passed on by platform"),
    "pointers": (
        "Casos fora de l'abast, per orientació",
        "Casos fuera del alcance, por orientación",
        "Cases outside the scope, by who can help",
    ),
    "calls": ("Trucades que vencien aquest mes", "Llamadas que vencían este mes", "Calls due this month"),
    "marks": ("Distribució de les valoracions", "Distribución de las valoraciones", "Distribution of the marks"),
    "kinds": ("Queixes i suggeriments rebuts", "Quejas y sugerencias recibidas", "Complaints and suggestions received"),
    "requests": ("Consultes per idioma", "Consultas por idioma", "Enquiries by language"),
    "answers": ("Respostes per idioma", "Respuestas por idioma", "Answers by language"),
}
ROWS: Words = {
    "mail": ("Correu", "Correo", "Email"),
    "callback": ("Truca'm", "Truca'm", "Call-back (Truca'm)"),
    "telephone": ("Telèfon", "Teléfono", "Telephone"),
    "visit": ("Presencial", "Presencial", "In person"),
    "": ("Sense concretar", "Sin concretar", "Not named"),
    "no_pointer": ("Sense indicar qui se n'ocupa", "Sin indicar quién se ocupa", "Nobody named"),
    "called": ("Fetes en franja i termini", "Hechas en franja y plazo", "Made in slot and in time"),
    "not_located": ("No localitzats", "No localizados", "Not reached"),
    "failed": (
        "No fetes, o fora de franja o termini",
        "No hechas, o fuera de franja o plazo",
        "Not made, or not in slot or time",
    ),
    "grouped": ("Altres, agrupats", "Otros, agrupados", "Others, grouped"),
    **{str(mark): (str(mark), str(mark), str(mark)) for mark in range(1, 6)},
}
REPORT: Mapping[str, Words] = {
    "indicator": INDICATORS,
    "commitment": COMMITMENTS,
    "formula": FORMULAS,
    "measure": MEASURES,
    "cause_of_breach": CAUSES,
    "table": TABLES,
    "report_row": ROWS,
}


# --- Report words ----------------------------------------------------------------------------------------------------
#
# The sentences and headings of the monthly report in ca, es and en, by key. Only a table.


_TABLE: Mapping[str, tuple[str, str, str]] = {
    "title": (
        "Informe mensual del servei: {month}",
        "Informe mensual del servicio: {month}",
        "Monthly service report: {month}",
    ),
    "final": (
        "Xifres definitives a {cutoff}. Volums per mes d'arribada, compliment per mes de venciment i satisfacció per "
        "mes de resposta.",
        "Cifras definitivas a {cutoff}. Volúmenes por mes de llegada, cumplimiento por mes de vencimiento y "
        "satisfacción por mes de respuesta.",
        "Final figures as of {cutoff}. Volumes by month of arrival, compliance by month of the due day, satisfaction "
        "by month of the vote.",
    ),
    "provisional": (
        "Xifres provisionals: el mes encara no s'ha tancat.",
        "Cifras provisionales: el mes aún no se ha cerrado.",
        "Provisional figures: the month is not closed yet.",
    ),
    "grouped": (
        "Versió per publicar: els nombres de l'1 al 4 s'agrupen o s'oculten, i no hi ha números de cas.",
        "Versión para publicar: los números del 1 al 4 se agrupan o se ocultan, y no hay números de caso.",
        "Version for publication: numbers from 1 to 4 are grouped or hidden, and there are no case numbers.",
    ),
    "made": ("Generat: {at}.", "Generado: {at}.", "Made: {at}."),
    "published": ("Publicat: {at}.", "Publicado: {at}.", "Published: {at}."),
    "no_pictures": (
        "Els gràfics no s'han pogut dibuixar; totes les dades són a les taules.",
        "Los gráficos no se han podido dibujar; todos los datos están en las tablas.",
        "The charts could not be drawn; all data are in the tables.",
    ),
    "lead_none": (
        "Aquest mes no vencia cap consulta.",
        "Este mes no vencía ninguna consulta.",
        "No enquiry was due this month.",
    ),
    "lead_few": (
        "Aquest mes vencien menys de 5 consultes; la proporció no es publica.",
        "Este mes vencían menos de 5 consultas; la proporción no se publica.",
        "Fewer than 5 enquiries were due this month; the share is not published.",
    ),
    "lead_all": (
        "Totes les consultes que vencien aquest mes ({n}) es van respondre dins del termini.",
        "Todas las consultas que vencían este mes ({n}) se respondieron dentro del plazo.",
        "All enquiries due this month ({n}) were answered in time.",
    ),
    "lead_some": (
        "Consultes respostes dins del termini compromès: {share} de {n}. Objectiu: {target}.",
        "Consultas respondidas dentro del plazo comprometido: {share} de {n}. Objetivo: {target}.",
        "Enquiries answered within the promised time: {share} of {n}. Target: {target}.",
    ),
    "lead_alarm": (
        "Atenció: és per sota del 95 %, el llindar d'alarma.",
        "Atención: está por debajo del 95 %, el umbral de alarma.",
        "Attention: this is below 95%, the alarm threshold.",
    ),
    "lead_same_day": (
        "Respostes després de l'hora de tancament del dia de venciment, comptades com a tardanes: {n}.",
        "Respuestas después de la hora de cierre del día de vencimiento, contadas como tardías: {n}.",
        "Answered after closing time on the due day, counted as late: {n}.",
    ),
    "lead_unanswered": (
        "Casos sense resposta a final de mes: {n}.",
        "Casos sin respuesta a final de mes: {n}.",
        "Cases without an answer at the end of the month: {n}.",
    ),
    "lead_volume": (
        "Consultes rebudes: {n}. Queixes i suggeriments: {opinions}.",
        "Consultas recibidas: {n}. Quejas y sugerencias: {opinions}.",
        "Enquiries received: {n}. Complaints and suggestions: {opinions}.",
    ),
    "lead_mark": (
        "Satisfacció: {mark} de 5 ({n} valoracions). Objectiu: {target}.",
        "Satisfacción: {mark} de 5 ({n} valoraciones). Objetivo: {target}.",
        "Satisfaction: {mark} of 5 ({n} marks). Target: {target}.",
    ),
    "lead_no_mark": (
        "Satisfacció: mostra insuficient ({n} valoracions; en calen 5).",
        "Satisfacción: muestra insuficiente ({n} valoraciones; se necesitan 5).",
        "Satisfaction: insufficient sample ({n} marks; 5 are needed).",
    ),
    "to_do": ("Què cal fer aquest mes: {what}", "Qué hay que hacer este mes: {what}", "What to do this month: {what}"),
    "to_do_nothing": (
        "Què cal fer aquest mes: res més que continuar igual; s'han assolit tots els objectius.",
        "Qué hay que hacer este mes: nada más que seguir igual; se han alcanzado todos los objetivos.",
        "What to do this month: nothing but carry on; all targets were met.",
    ),
    "to_do_unknown": (
        "Què cal fer aquest mes: encara no se'n pot dir res; no hi ha prou dades.",
        "Qué hay que hacer este mes: todavía no se puede decir nada; no hay datos suficientes.",
        "What to do this month: nothing can be said yet; there are too few data.",
    ),
    "to_do_I2": (
        "respondre abans que res els casos que a final de mes esperaven resposta: {n}{cases}.",
        "responder antes que nada los casos que a final de mes esperaban respuesta: {n}{cases}.",
        "first answer the cases that waited for an answer at the end of the month: {n}{cases}.",
    ),
    "to_do_I8": (
        "reclamar als serveis tècnics els casos que hi són des de fa més de 5 dies hàbils: {n}{cases}.",
        "reclamar a los servicios técnicos los casos que llevan allí más de 5 días hábiles: {n}{cases}.",
        "ask the technical services for the cases that they have had for more than 5 working days: {n}{cases}.",
    ),
    "to_do_I1": (
        "respondre dins de termini; es va fer en un {result}{cause}.",
        "responder dentro de plazo; se hizo en un {result}{cause}.",
        "answer in time; {result} of the enquiries were{cause}.",
    ),
    "to_do_I10": (
        "trucar dins de la franja acordada; es va fer en un {result}{cause}.",
        "llamar dentro de la franja acordada; se hizo en un {result}{cause}.",
        "call within the agreed slot; {result} of the calls were{cause}.",
    ),
    "to_do_I12": (
        "respondre les queixes i els suggeriments en 10 dies hàbils; es va fer en un {result}.",
        "responder las quejas y las sugerencias en 10 días hábiles; se hizo en un {result}.",
        "answer complaints and suggestions within 10 working days; {result} of them were.",
    ),
    "to_do_I11": (
        "llegir els casos valorats per sota de 4 i veure què hi va fallar; la mitjana és de {result}.",
        "leer los casos valorados por debajo de 4 y ver qué falló; la media es de {result}.",
        "read the cases with marks below 4 and see what went wrong; the mean is {result}.",
    ),
    "to_do_other": (
        "millorar {name}: {result} (objectiu: {target}).",
        "mejorar {name}: {result} (objetivo: {target}).",
        "improve {name}: {result} (target: {target}).",
    ),
    "summary": ("Resum dels indicadors", "Resumen de los indicadores", "Summary of the indicators"),
    "indicator": ("Indicador", "Indicador", "Indicator"),
    "commitment": ("Compromís", "Compromiso", "Commitment"),
    "formula": ("Fórmula", "Fórmula", "Formula"),
    "target": ("Objectiu", "Objetivo", "Target"),
    "result": ("Resultat", "Resultado", "Result"),
    "difference": ("Diferència", "Diferencia", "Difference"),
    "achieved": ("Grau d'assoliment", "Grado de cumplimiento", "Achieved"),
    "causes": ("Causes de l'incompliment", "Causas del incumplimiento", "Causes of the breach"),
    "complaints": ("Queixes rebudes", "Quejas recibidas", "Complaints received"),
    "actions": ("Accions de millora", "Acciones de mejora", "Improvements"),
    "from_day": ("Data d'implementació", "Fecha de implementación", "In force from"),
    "measure": ("Mesura", "Medida", "Measure"),
    "n": ("Nombre de casos del càlcul (n)", "Número de casos del cálculo (n)", "Number of cases (n)"),
    "number": ("Nombre", "Número", "Number"),
    "share": ("%", "%", "%"),
    "before": ("Mes anterior", "Mes anterior", "Last month"),
    "year_before": ("Fa un any", "Hace un año", "A year ago"),
    "details": ("Altres mesures", "Otras medidas", "Other measures"),
    "breaches": (
        "Casos que no han assolit l'objectiu",
        "Casos que no han alcanzado el objetivo",
        "Cases that missed the target",
    ),
    "case": ("Cas", "Caso", "Case"),
    "cause": ("Causa", "Causa", "Cause"),
    "late_by": ("Retard", "Retraso", "Late by"),
    "trend": ("Evolució de dotze mesos", "Evolución de doce meses", "Trend over twelve months"),
    "by_month": ("Indicadors principals, per mes", "Indicadores principales, por mes", "Main indicators, by month"),
    "item": ("Apartat", "Apartado", "Item"),
    "content": ("Contingut", "Contenido", "Content"),
    "month": ("Mes", "Mes", "Month"),
    "corrections": ("Correccions", "Correcciones", "Corrections"),
    "corrections_why": (
        "Xifres ja publicades que ara es calculen d'una altra manera. La xifra publicada no es canvia.",
        "Cifras ya publicadas que ahora se calculan de otra manera. La cifra publicada no se cambia.",
        "Published figures that are computed otherwise by now. The published figure itself is not changed.",
    ),
    "old": ("Publicat", "Publicado", "Published"),
    "new": ("Corregit", "Corregido", "Corrected"),
    "why": ("Motiu", "Motivo", "Reason"),
    "reclassified": ("casos reclassificats", "casos reclasificados", "cases were reclassified"),
    "withdrawn": ("correu brossa o duplicats", "correo basura o duplicados", "spam or duplicates"),
    "noted_late": (
        "respostes anotades o llegides després",
        "respuestas anotadas o leídas después",
        "answers noted or read later",
    ),
    "unknown": ("no consta", "no consta", "not known"),
    "met": ("Assolit", "Alcanzado", "Met"),
    "missed": ("No assolit", "No alcanzado", "Missed"),
    "too_few": ("Mostra insuficient", "Muestra insuficiente", "Insufficient sample"),
    "no_data": ("Sense dades", "Sin datos", "No data"),
    "no_target": ("Sense objectiu", "Sin objetivo", "No target"),
    "none": ("cap", "ninguna", "none"),
    "chart_in_time": (
        "Respostes dins de termini, per mes",
        "Respuestas dentro de plazo, por mes",
        "Answered in time, by month",
    ),
    "chart_cases": ("Consultes rebudes, per mes", "Consultas recibidas, por mes", "Enquiries received, by month"),
    "chart_topics": ("Consultes per tema", "Consultas por tema", "Enquiries by topic"),
    "chart_alt": (
        "{title}: {values}. Les mateixes dades són a la taula «{table}».",
        "{title}: {values}. Los mismos datos están en la tabla «{table}».",
        "{title}: {values}. The same data are in the table “{table}”.",
    ),
    "privacy": (
        "Aquest informe no conté dades personals: els casos s'hi identifiquen només pel número.",
        "Este informe no contiene datos personales: los casos se identifican solo por su número.",
        "This report contains no personal data: cases are named by their number alone.",
    ),
    "subject": ("Informe, {month}: {what}", "Informe, {month}: {what}", "Report, {month}: {what}"),
    "subject_share": ("{share} en termini", "{share} en plazo", "{share} in time"),
    "subject_few": ("menys de 5 consultes", "menos de 5 consultas", "fewer than 5 enquiries"),
    "subject_none": ("cap consulta per respondre", "ninguna consulta por responder", "no enquiry due"),
    "attached": (
        "Us adjuntem la pàgina completa, amb tots els indicadors i casos, i les dades en CSV.",
        "Se adjuntan la página completa, con todos los indicadores y casos, y los datos en CSV.",
        "The whole page with all indicators and cases, and the data as CSV, are attached.",
    ),
    "cohort_note": (
        "Sense resposta compta com a incompliment. El tall és el final del mes.",
        "Sin respuesta cuenta como incumplimiento. El corte es el final del mes.",
        "No answer counts as a breach. The cut-off is the end of the month.",
    ),
}


def said(key: str, lang: str, **values: object) -> str:
    """Raises KeyError for a key that is not in the table."""
    return _TABLE[key][LANGUAGES.index(lang)].format(**values)
