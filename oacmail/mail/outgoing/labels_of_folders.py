"""Name the folders of the board, and why it asks for a review, in ca, es and en (docs/interfaces.md section 6)."""

from collections.abc import Mapping

from oacmail.core.model import LANGUAGES, BoardFolder

_NAMES: Mapping[BoardFolder, tuple[str, str, str]] = {
    BoardFolder.OPEN: ("1 Pendents", "1 Pendientes", "1 Pending"),
    BoardFolder.ASSIGNED: ("2 En curs", "2 En curso", "2 In progress"),
    BoardFolder.DERIVED: ("3 Nivell 2", "3 Nivel 2", "3 Level 2"),
    BoardFolder.WAITING: ("4 Espera resposta", "4 Espera respuesta", "4 Waiting for reply"),
    BoardFolder.ANSWERED: ("5 Resposts", "5 Respondidos", "5 Answered"),
    BoardFolder.CLOSED: ("6 Tancats", "6 Cerrados", "6 Closed"),
    BoardFolder.AUTOMATIC: ("8 Automàtics", "8 Automáticos", "8 Automatic"),
    BoardFolder.REVIEW: ("9 Per revisar", "9 Por revisar", "9 To review"),
}

REASONS: Mapping[str, tuple[str, str, str]] = {
    "deleted-from-the-mailbox": (
        "algú ha esborrat el missatge de la bústia, i el cas no s'ha tancat",
        "alguien ha borrado el mensaje del buzón, y el caso no se ha cerrado",
        "somebody deleted the message from the mailbox, and the case is not closed",
    ),
    "put-there-by-hand": (
        "algú l'ha posat entre els missatges per revisar",
        "alguien lo ha puesto entre los mensajes por revisar",
        "somebody put it among the messages to review",
    ),
}
"""Why the board puts a message on the review list."""


def folder_names(language: str) -> dict[BoardFolder, str]:
    return {folder: names[LANGUAGES.index(language)] for folder, names in _NAMES.items()}
