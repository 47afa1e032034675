"""Name the cues of a fault for people who read why a message was sent to second level, in ca, es and en.

`labels.label` uses this table. A cue without an entry is shown by its own name (cues_of_faults.py).
"""

from collections.abc import Mapping

CUES: Mapping[str, tuple[str, str, str]] = {
    "others see it": ("a altres persones els passa igual", "a otras personas les ocurre igual", "others see it too"),
    "neither can they": ("els altres tampoc no poden", "los demás tampoco pueden", "the others cannot either"),
    "other people": ("parla d'altres persones", "habla de otras personas", "speaks of other people"),
    "how many of us": ("diu quants en són", "dice cuántos son", "says how many they are"),
    "several devices": ("amb diversos equips", "con varios equipos", "on several devices"),
    "tried elsewhere": (
        "provat amb diversos navegadors",
        "probado con varios navegadores",
        "tried in several browsers",
    ),
    "server error": ("error del servidor", "error del servidor", "server error"),
    "error named": ("diu quin error surt", "dice qué error sale", "names the error"),
    "error": ("error", "error", "error"),
    "nothing electronic": (
        "cap paraula de tràmits electrònics",
        "ninguna palabra de trámites electrónicos",
        "no word of electronic procedures",
    ),
    "down": ("no funciona o està caigut", "no funciona o está caído", "down or not working"),
    "since": ("diu des de quan", "dice desde cuándo", "says since when"),
    "somebody else's": (
        "surten dades d'una altra persona",
        "salen datos de otra persona",
        "shows somebody else's data",
    ),
    "wrong document": ("document equivocat", "documento equivocado", "wrong document"),
    "documents disagree": ("els documents no coincideixen", "los documentos no coinciden", "documents disagree"),
    "option missing": ("falta una opció", "falta una opción", "an option is missing"),
    "form refuses": (
        "el formulari no accepta la dada",
        "el formulario no acepta el dato",
        "the form rejects the value",
    ),
    "wrong sum": ("calcula malament", "calcula mal", "miscalculates"),
    "charged twice": ("cobrat dues vegades", "cobrado dos veces", "charged twice"),
    "pending though paid": ("pagat i encara pendent", "pagado y aún pendiente", "paid and still pending"),
    "the counter says so": ("ho diuen a l'atenció presencial", "lo dicen en ventanilla", "the counter says so"),
    "please fix it": ("demana que s'arregli", "pide que se arregle", "asks for a fix"),
    "codes for words": ("surten codis en lloc de text", "salen códigos en lugar de texto", "codes instead of words"),
    "impossible date": ("data impossible", "fecha imposible", "impossible date"),
}
