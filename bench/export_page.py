"""The page of the copy that a person gets of their data, as HTML, made of a case that a small town has worked.

Its rows are long on purpose: an address of one word, a text of several lines, a note, a call, a vote and a mailbox.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from oacmail.core.model import LANGUAGES, MessageRef
from oacmail.privacy.erasure import FoundMessage
from oacmail.privacy.export import Archive, archive_page, export
from tests.world import World, local

PERSON = "mariaassumptapuigdomenechvilanovadelatorredelcampanar@associaciodeveins.example.org"
TEXT = """Bon dia,

no puc obrir https://seu.example.org/tramits/llicencies/obres/menors?expedient=2026-000123456789&pas=signatura
ni descarregar el justificant.

Gràcies"""


def pages() -> Iterator[tuple[str, str]]:
    """Name and HTML in each language."""
    with tempfile.TemporaryDirectory(prefix="export-page-") as folder:
        copy = _copy(World(Path(folder) / "town"))
        for lang in LANGUAGES:
            yield f"export-{lang}", archive_page(replace(copy, language=lang))


def _copy(world: World) -> Archive:
    message = world.citizen_writes(PERSON, "Llicència d'obres menors: no puc signar la instància", TEXT)
    world.turn()
    number = world.case()["number"]
    world.order("note", number, text="Ha trucat al taulell; la signatura caduca divendres.")
    world.agent_answers(message, "Bon dia, ho heu de fer així.")
    world.turn()
    world.order("close", number, reason="answered")
    world.store.con.execute(
        "INSERT INTO votes(message, case_id, score, signed, at) SELECT 'x', id, 5, 1, closed_at FROM cases"
    )
    ref = MessageRef(folder="INBOX", uidvalidity=1, uid=1)
    found = [FoundMessage(ref=ref, raw=bytes(message), named_in=("From",), theirs=True, shared=False)]
    at = local("2026-11-26 09:00")
    copy = export(
        world.store.con,
        world.policy,
        PERSON,
        at,
        mailbox=found,
        backups=[("/var/backups/oacmail/2026-11-25T03-00-00Z-oacmail-castellbisbal.db", "2026-11-25")],
    )
    world.stop()
    assert copy is not None
    return copy
