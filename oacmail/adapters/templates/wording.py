"""Extract the sentences of our mails to citizens from the templates' source, with the places of variables.

Both the shipped templates and the town's own are read: either may have been sent. A template that cannot be read is
skipped here; `check` reports it.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from oacmail.core.model import LANGUAGES
from oacmail.core.outbox.kinds import TO_CITIZENS
from oacmail.mail.parser_config import Wording
from oacmail.mail.understanding.own_words import HOLE, wording_of
from oacmail.shipped import shipped

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
    return _of_folder(shipped("templates"))


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
    """Return the running text; branches go to `aside`, since only one of them is sent."""
    return "".join(_said(node, aside) for node in body)


def _said(node: nodes.Node, aside: list[str]) -> str:
    if isinstance(node, nodes.Output):
        return "".join(_part(child, aside) for child in node.nodes)
    branches = [_flow(branch, aside) for branch in _branches(node)]
    aside.extend(branches)
    return _BREAK if any("\n" in branch.strip(" ") for branch in branches) else HOLE


def _part(node: nodes.Node, aside: list[str]) -> str:
    if isinstance(node, nodes.TemplateData):
        return str(node.data)
    constants = (constant.value for constant in node.find_all(nodes.Const))
    aside.extend(value for value in constants if isinstance(value, str) and value.count(" ") >= _A_PHRASE)
    return HOLE


def _branches(node: nodes.Node) -> Iterator[Iterable[nodes.Node]]:
    """Yield the bodies of every node that encloses text."""
    for name in ("body", "else_"):
        yield getattr(node, name, None) or []
    for other in getattr(node, "elif_", None) or []:
        yield from _branches(other)
