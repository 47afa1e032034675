"""Words that people greet, thank and close with, in Catalan, Spanish and English, without accents and in lower case.

They say nothing of a matter. Each reader adds what else says nothing there. This module decides nothing.
"""

_GREETING = """
hola bon bona bones dia tarda tardes nit nits buenos buenas dias noches hello hi dear good morning afternoon
"""
_THANKS = """
gracies gracias moltes molta moltissimes muchas mucha muchisimas mil merci thanks thank you many very much
"""
_CLOSING = """
salutacio salutacions salut saludo saludos cordial cordials cordiales cordialment cordialmente atentament atentamente
una abracada abrazo kind best regards
"""
CLOSING = frozenset((_THANKS + _CLOSING).split())
WORDS = CLOSING.union(_GREETING.split())
PLEASE = "(?:moltes |muchas |many )?(?:gracies|gracias|thanks|thank you)|si us plau|sisplau|per favor|por favor|please"
"""A pattern of what may follow an order or a wish."""
