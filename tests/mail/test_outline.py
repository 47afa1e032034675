"""The shape of a plain text: what is a list, a table, a quotation, and that a stranger's text is only ever the last."""

from hypothesis import given
from hypothesis import strategies as st

from oacmail.mail.mime.text import Block, outline, quoted

TEXT = """Bon dia,

Dues línies
d'un paràgraf.


- una
- dues

| Cas | Venç |
| 123 | dilluns |

> citat
>
> | no és | taula |"""


def test_the_blocks_of_a_text() -> None:
    assert outline(TEXT) == (
        Block("paragraph", ("Bon dia,",)),
        Block("paragraph", ("Dues línies", "d'un paràgraf.")),
        Block("list", ("una", "dues")),
        Block("table", ("Cas | Venç |", "123 | dilluns |")),
        Block("quote", ("citat", "", "| no és | taula |")),
    )


def test_a_table_has_rows_of_cells() -> None:
    assert outline(TEXT)[3].rows == (("Cas", "Venç"), ("123", "dilluns"))


@given(st.text(st.sampled_from("ab |->\n")))
def test_a_quoted_text_is_one_quotation_whatever_it_holds(text: str) -> None:
    blocks = outline(f"Abans\n\n{quoted(text)}\n\nDesprés")
    assert [block.kind for block in blocks] == ["paragraph", "quote", "paragraph"]
    assert [line.rstrip() for line in blocks[1].lines] == [line.rstrip() for line in text.split("\n")]
