"""How eight ordinary mail clients write an answer: where the answer stands, and how the message below it is quoted.

Each style takes the answer and the message and returns the body. The forms are those that the programs produce in the
languages of the office; nothing is delivered here.
"""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

Style = Callable[[str, EmailMessage], str]


def _written(mail: EmailMessage) -> datetime:
    return datetime.strptime(str(mail["Date"])[:31], "%a, %d %b %Y %H:%M:%S %z")


def _text(mail: EmailMessage) -> str:
    return str(mail.get_content()).rstrip("\n")


def _quoted(mail: EmailMessage) -> str:
    return "\n".join(f"> {line}" for line in _text(mail).splitlines())


def _outlook(words: tuple[str, str, str, str], rule: str) -> Style:
    """The original stands whole below its header (`De: … Enviat: …`), without quote marks."""

    def style(answer: str, mail: EmailMessage) -> str:
        values = (mail["From"], f"{_written(mail):%d/%m/%Y %H:%M}", mail["To"], mail["Subject"])
        head = "\n".join(f"{word}: {value}" for word, value in zip(words, values, strict=True))
        return f"{answer}\n\n{rule}\n{head}\n\n{_text(mail)}\n"

    return style


def _attributed(line: str, *, below: bool = True) -> Style:
    """An attribution and the quoted original, below or above the answer."""

    def style(answer: str, mail: EmailMessage) -> str:
        quote = f"{_written(mail).strftime(line).replace('WHO', str(mail['From']))}\n{_quoted(mail)}"
        return f"{answer}\n\n{quote}\n" if below else f"{quote}\n\n{answer}\n"

    return style


STYLES: tuple[tuple[str, Style], ...] = (
    ("Outlook, Catalan", _outlook(("De", "Enviat el", "Per a", "Assumpte"), "_" * 32)),
    ("Outlook, Spanish", _outlook(("De", "Enviado el", "Para", "Asunto"), "-----Mensaje original-----")),
    ("Gmail, Catalan", _attributed("Missatge de WHO del dia %d/%m/%Y a les %H:%M:")),
    ("Gmail, Spanish", _attributed("El %d/%m/%Y a las %H:%M, WHO escribió:")),
    ("Apple Mail", _attributed("On %d %b %Y, at %H:%M, WHO wrote:")),
    ("Thunderbird", _attributed("El %d/%m/%y a les %H:%M, WHO ha escrit:", below=False)),
    ("Roundcube", _attributed("El %Y-%m-%d %H:%M, WHO escribió:")),
    ("a telephone", lambda answer, _: f"{answer}\n\nEnviat des del meu iPhone\n"),
)
