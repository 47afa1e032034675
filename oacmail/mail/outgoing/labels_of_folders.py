"""Name the folders of the board, in ca, es and en (docs/interfaces.md section 6)."""

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


def folder_names(language: str) -> dict[BoardFolder, str]:
    return {folder: names[LANGUAGES.index(language)] for folder, names in _NAMES.items()}
