"""What the service commits itself to, by indicator, in ca, es and en. A table, and nothing else."""

from collections.abc import Mapping

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
