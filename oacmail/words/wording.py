"""Extract the sentences of our mails to citizens from the templates' source, with the places of variables.

Both the shipped templates and the town's own are read: either may have been sent. What earlier versions said is
still in people's mailboxes. A template that cannot be read is skipped here; `check` reports it.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from oacmail.core.kinds import TO_CITIZENS
from oacmail.core.model import LANGUAGES
from oacmail.mail.parser_config import Wording
from oacmail.mail.understanding.reply_text import HOLE, wording_of
from oacmail.shipped import shipped

_FORMER = tuple(
    text.replace("…", HOLE)
    for text in (
        """
Gràcies per la vostra opinió. Lamentem que l'atenció no hagi estat la que esperàveu. Perquè en quedi constància,
presenteu-ho també amb aquest formulari: … . Si teniu un termini: aquest correu no l'atura, perquè aquesta bústia no és
un registre. Missatge automàtic que no substitueix la resposta. Protecció de dades. Responsable: … . Finalitat: atendre
la vostra consulta i avaluar la qualitat del servei. Base jurídica: missió d'interès públic (art. 6.1.e RGPD). Hi té
accés l'empresa que presta el servei, com a encarregada del tractament; les dades no se cedeixen a ningú més, llevat
d'obligació legal. Podeu accedir-hi, rectificar-les, suprimir-les, oposar-vos al tractament o demanar-ne la limitació: …
""",
        """
Gracias por su opinión. Lamentamos que la atención no haya sido la que esperaba. Para que quede constancia, preséntelo
también con este formulario: … . Si tiene un plazo: este correo no lo detiene, porque este buzón no es un registro.
Mensaje automático que no sustituye a la respuesta. Protección de datos. Responsable: … . Finalidad: atender su consulta
y evaluar la calidad del servicio. Base jurídica: misión de interés público (art. 6.1.e RGPD). Tiene acceso a los datos
la empresa que presta el servicio, como encargada del tratamiento; no se ceden a nadie más, salvo obligación legal.
Puede acceder a ellos, rectificarlos, suprimirlos, oponerse al tratamiento o solicitar su limitación: …
""",
        """
Thank you for your feedback. We are sorry our service was not what you expected. To have it formally recorded, please
also use this form: … . If you have a deadline: this email does not stop it, because this mailbox is not an official
register. Automatic message; it does not replace our reply. Data protection. Controller: … . Purpose: answering your
enquiry and evaluating service quality. Legal basis: task in the public interest (GDPR art. 6.1.e). The company that
runs the service has access as processor; no other disclosure unless required by law. You may access, rectify or erase
your data, object to or restrict processing: …
""",
    )
)
"""Sentences of acknowledgements that no template has any more."""
_BREAK = "\n\n"
_A_PHRASE = 3  # spaces that make a constant a text and not a key


def wording(overrides: Path | None) -> Wording:
    """Return the sentences of all mails to citizens in all languages; `overrides` is the town's directory, or None."""
    return wording_of((*_shipped(), *_of_folder(overrides))) if overrides else _shipped_wording()


@cache
def _shipped_wording() -> Wording:
    return wording_of(_shipped())


@cache
def _shipped() -> tuple[str, ...]:
    return (*_of_folder(shipped("templates")), *_FORMER)


def _of_folder(folder: Path) -> tuple[str, ...]:
    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)  # parses and renders nothing
    files = (folder / lang / f"{name}.txt.j2" for lang in LANGUAGES for name in sorted(TO_CITIZENS))
    return tuple(text for file in files for text in _texts(environment, file))


def _texts(environment: Environment, file: Path) -> Iterator[str]:
    try:
        source = file.read_text(encoding="utf-8")
        tree = environment.parse(source)
    except (OSError, UnicodeDecodeError, TemplateSyntaxError):
        return
    aside: list[str] = []
    body = _flow(tree.body, aside)
    yield body.partition("\n")[2]  # without the subject
    yield from aside


def _flow(body: Iterable[nodes.Node], aside: list[str]) -> str:
    """Return the running text; branches go to `aside`, since only one of them is sent, and texts in expressions."""
    flow = ""
    for node in body:
        if isinstance(node, nodes.Output):
            flow += _flow(node.nodes, aside)
        elif isinstance(node, nodes.TemplateData):
            flow += node.data
        elif isinstance(node, nodes.Expr):
            constants = (constant.value for constant in node.find_all(nodes.Const))
            aside.extend(value for value in constants if isinstance(value, str) and value.count(" ") >= _A_PHRASE)
            flow += HOLE
        else:
            branches = [_flow(branch, aside) for branch in _branches(node)]
            aside.extend(branches)
            flow += _BREAK if any("\n" in branch.strip(" ") for branch in branches) else HOLE
    return flow


def _branches(node: nodes.Node) -> Iterator[Iterable[nodes.Node]]:
    """Yield the bodies of every node that encloses text."""
    for name in ("body", "else_"):
        yield getattr(node, name, None) or []
    for other in getattr(node, "elif_", None) or []:
        yield from _branches(other)
