"""The comparison of a returned mail with the hash in its signature."""

import pytest

from oacmail.core import tokens

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
