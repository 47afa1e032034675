"""The sentences and headings of the monthly report in ca, es and en, by key. Only a table."""

from collections.abc import Mapping

from oacmail.core.model import LANGUAGES

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
