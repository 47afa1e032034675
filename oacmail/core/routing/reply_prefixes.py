"""The prefixes that mail clients put before a subject when people reply or forward, as alternatives of a pattern.

They are those of clients in Catalan, Spanish, English, French, German, Italian, Portuguese and the Nordic languages.
The rare ones are also words of their own ("Ref: 2026/17"): a match proves a reply only where a wrong one does no harm.
"""

REPLY = "re|r|aw|sv|res|rif"
FORWARD = "fwd?|rv|wg|tr|i|enc"
RARE_REPLY = "rep|réf|ref|vs|antw|resp|resposta|respuesta"
RARE_FORWARD = "fs|reenv?|reenviat|reenviado"
