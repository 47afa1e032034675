"""Tell whether a fault that a message describes is one of a document or form, or of a platform (R11).

This module counts nouns of both; it never says whether there is a fault (mail/understanding/scores.py). Text is folded.
"""

import re

_PAPER = re.compile(
    r"\b(?:formulari\w*|forms?|formularios?|pdfs?|documents?|documentos?|annex\w*|anexos?|plantill\w+|models?|modelos?"
    r"|camps?|campos?|fields?|casell\w+|casillas?|box|desplegables?|dropdown|opcio\w*|opcion\w*|option|imports?|importes?"
    r"|rebuts?|recibos?|certificats? d|volants?|volantes?|errat|errad[ao]|equivocad[ao]|equivocat)\b"
)
_PLATFORM = re.compile(
    r"\b(?:error (?:\d{3}|intern\w*|del? servidor)|50[0-4]|404|bad gateway|servidor|server|caigu\w+|caid[ao]|down"
    r"|blanc|blanco|blank|carrega\w*|carga\w*|loading|loads?|penja\w*|colgad[ao]|timeout|sessio|sesion|session|web|pagina"
    r"|page|seu|sede|portal|plataforma|platform|passarel\w+|pasarela|cobr\w+|tpv|enlla[cç]\w*|enlace|link|boto|boton|button)\b"
)


def of_paper(folded: str) -> bool:
    """True if the text speaks more of documents and forms than of a platform."""
    return len(_PAPER.findall(folded)) > len(_PLATFORM.findall(folded))
