"""Replies that carry our own mail without any mark of a quotation: our sentences are nobody's request."""

from collections.abc import Callable
from pathlib import Path
from textwrap import fill

import pytest

from oacmail.core import tokens
from tests.world import ANNA, World, text_of

TOWN = Callable[..., World]
DPO = "dpd@castellbisbal.example"
WRITES = {
    "ca": ("No puc signar", "Bon dia, com puc signar la instància amb l'idCAT? Em surt un error.", "Encara em falla."),
    "es": ("No puedo firmar", "Buenos días, ¿cómo puedo firmar la instancia? Me sale un error.", "Sigue fallando."),
    "en": ("I cannot sign", "Good morning, how can I sign the form? I get an error message here.", "It still fails."),
}


def _plain(text: str) -> str:
    return text


def _wrapped(text: str) -> str:
    return "\n".join(fill(line, 72) for line in text.split("\n"))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _reply(world: World, lang: str, shape: Callable[[str], str], words: str) -> None:
    """Reads our acknowledgement, answers below it when the agent has answered."""
    subject, text, _ = WRITES[lang]
    world.agent_replies(world.citizen_asks(ANNA, subject, text))
    world.advance("2026-11-25 12:00")
    ours = world.received(ANNA)[0]
    body = "\n\n".join(filter(None, (shape(text_of(ours).replace("\r\n", "\n")), words)))
    world.citizen_asks(ANNA, "", body, answers=ours)


def _fresh(world: World) -> str:
    (row,) = world.rows("SELECT fresh FROM messages WHERE role = 'citizen' ORDER BY id DESC LIMIT 1")
    return str(row["fresh"])


@pytest.mark.parametrize("shape", [_plain, _wrapped])
@pytest.mark.parametrize("lang", list(WRITES))
def test_our_clause_below_a_reply_asks_for_no_rights(world: World, lang: str, shape: Callable[[str], str]) -> None:
    _reply(world, lang, shape, WRITES[lang][2])
    assert world.received(DPO) == []
    assert world.rows("SELECT * FROM deadlines WHERE kind = 'rights'") == []
    assert WRITES[lang][2] in _fresh(world)
    assert "RGPD" not in _fresh(world)
    assert "GDPR" not in _fresh(world)
    assert len(_fresh(world)) < 60, "what is left is the person's own, and our greeting"


@pytest.mark.parametrize("shape", [_plain, _quoted])
def test_a_reply_of_nothing_but_our_mail_asks_for_no_rights(world: World, shape: Callable[[str], str]) -> None:
    _reply(world, "ca", shape, "")
    assert world.received(DPO) == []
    assert "RGPD" not in _fresh(world)


def test_so_it_is_with_a_towns_own_templates(town: TOWN, tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "ca"
    folder.mkdir(parents=True)
    clause = (
        "Tractem les vostres dades personals per respondre-us. Si voleu exercir els drets d'accés, rectificació, "
        "supressió, oposició o limitació del tractament, adreceu-vos a {{ rights_url }}."
    )
    (folder / "ack.txt.j2").write_text(
        f"Subject: [{{{{ token }}}}] Rebut\n\n{{{{ greeting }}}},\n\nHo hem rebut.\n\n{clause}\n"
    )
    world = town(office={"templates": str(tmp_path / "templates")})
    _reply(world, "ca", _wrapped, "Encara em falla.")
    assert "supressió, oposició" in " ".join(text_of(world.received(ANNA)[0]).split())
    assert world.received(DPO) == []
    assert _fresh(world).split("\n")[-1] == "Encara em falla."
    assert "supressió" not in _fresh(world)


def test_a_request_for_data_rights_below_our_clause_is_recognised(world: World) -> None:
    _reply(world, "ca", _plain, "Exerceixo el dret d'accés a les meves dades personals (RGPD): envieu-me'n una còpia.")
    assert len(world.received(DPO)) == 1


def test_answers_within_our_text_are_kept(world: World) -> None:
    def answered_within(text: str) -> str:
        return text.replace("\n\n", "\n\nAixò no ho entenc.\n\n", 2)

    _reply(world, "ca", answered_within, "Gràcies per tot, però encara em falla.")
    assert _fresh(world).count("Això no ho entenc.") == 2
    assert _fresh(world).endswith("Gràcies per tot, però encara em falla.")


# The comparison of a returned mail with the hash in its signature.

TEXT = "Bon dia,\nteniu el formulari aquí: https://www.vila.example/tramits?id=7.\nEquip de l'OAC"
REWRITTEN = TEXT.replace("https://www.vila.example/tramits?id=7", "https://gate.example/?u=https%3A%2F%2Fwww.vila")
EARLY = "78.dccf98172136b642.3dbefc685693fbca"


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (TEXT, ""),
        (REWRITTEN, ""),
        (TEXT.replace("tramits", "tra\n> mits"), ""),
        (f"www.vila.example\n{TEXT}", "www.vila.example"),
        (f"{REWRITTEN}\nhttps://a.example", tokens.LINK),
        (f"Quan?\n{TEXT}", "Quan?"),
    ],
)
def test_a_link_counts_as_one_wherever_it_leads(text: str, added: str) -> None:
    assert tokens.added_text(text, tokens.text_hash(TEXT)) == added


def test_a_hash_of_an_early_version_is_compared_with_its_links() -> None:
    assert tokens.added_text(TEXT, EARLY) == ""
    assert tokens.added_text(f"Quan? {TEXT}", EARLY) == "Quan?"
    assert tokens.added_text(TEXT.replace("id=7", "id=8"), EARLY) != ""
