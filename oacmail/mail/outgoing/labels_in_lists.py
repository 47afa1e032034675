"""Name topics and languages in the lines of lists, where a telephone has room for one word, in ca, es and en.

`labels.label` uses this table.
"""

from collections.abc import Mapping

IN_LISTS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "short_topic": {
        "certificate": ("certificat", "certificado", "certificate"),
        "application": ("instància", "instancia", "application"),
        "grant": ("subvenció", "subvención", "grant"),
        "procurement": ("licitació", "licitación", "procurement"),
        "notification": ("notificació", "notificación", "notification"),
        "enrolment": ("inscripció", "inscripción", "enrolment"),
        "folder": ("carpeta", "carpeta", "folder"),
        "payment": ("pagament", "pago", "payment"),
        "appointment": ("cita", "cita", "appointment"),
        "other": ("altres", "otros", "other"),
    },
    "in_language": {
        "ca": ("en català", "en catalán", "in Catalan"),
        "es": ("en castellà", "en castellano", "in Spanish"),
        "en": ("en anglès", "en inglés", "in English"),
        "fr": ("en francès", "en francés", "in French"),
        "other": ("en una altra llengua", "en otro idioma", "in another language"),
        "": ("llengua desconeguda", "idioma desconocido", "language unknown"),
    },
}
