"""Words that several readers look for, in Catalan, Spanish and English, without accents and in lower case.

There is one table for each purpose, and each reader adds what counts in its place alone. This module decides nothing.
"""

GREETINGS = (
    *("bon dia", "bona tarda", "bones tardes", "bona nit", "bones nits", "bon vespre"),
    *("buenos dias", "buenas tardes", "buenas noches", "good morning", "good afternoon", "good evening"),
)
"""With a time of day, which says nothing of when something is to happen."""
_HAILS = "hola hello hi dear"
_THANKS = """
gracies gracias moltes molta moltissimes muchas mucha muchisimas mil merci thanks thank you many very much
"""
_CLOSING = """
salutacio salutacions salut saludo saludos cordial cordials cordiales cordialment cordialmente atentament atentamente
una abracada abrazo kind best regards
"""
CLOSING = frozenset((_THANKS + _CLOSING).split())
POLITE = CLOSING.union(_HAILS.split(), " ".join(GREETINGS).split())
"""Single words that people greet, thank and close with: they say nothing of a matter."""
PLEASE = "(?:moltes |muchas |many )?(?:gracies|gracias|thanks|thank you)|si us plau|sisplau|per favor|por favor|please"
"""A pattern of what may follow an order or a wish."""
WEEKDAYS = (
    *("dilluns lunes monday", "dimarts martes tuesday", "dimecres miercoles wednesday", "dijous jueves thursday"),
    *("divendres viernes friday", "dissabte sabado saturday", "diumenge domingo sunday"),
)
MONTHS = (
    *("gener enero january", "febrer febrero february", "marc marzo march", "abril april", "maig mayo may"),
    *("juny junio june", "juliol julio july", "agost agosto august", "setembre septiembre setiembre september"),
    *("octubre october", "novembre noviembre november", "desembre diciembre december"),
)
NUMBERS = (
    *("zero cero nought", "un una one", "dos dues two", "tres three", "quatre cuatro four", "cinc cinco five"),
    *("sis seis six", "set siete seven", "vuit ocho eight", "nou nueve nine", "deu diez ten", "onze once eleven"),
    "dotze doce twelve",
)
"""By their value."""
