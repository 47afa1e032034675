"""What a person is shown of a stranger's text says only what it says."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.mail.mime.text import Block, html_to_text, outline, quoted
from oacmail.words.compose import dead_links, kept_together, many_lines, one_line
from oacmail.words.redact import MOST, first_words
from tests.work import PER_CHARACTER, calls


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    shown = many_lines(text).replace("\n", "") + one_line(text)
    assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c\u200b\ufeff")


def test_lines_are_kept_where_they_may_be() -> None:
    assert many_lines("a\r\nb\rc\u2028d\x1b[31m \n\n") == "a\nb\nc\nd [31m"
    assert one_line("a\r\n b\t\u202ec") == "a b c"


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("HTTPS://www.example.org/a", "HTTPS[://]www[.]example[.]org/a"),
        ("www.example.org", "www[.]example[.]org"),
        ("https://evil.example:8443/a.b", "https[://]evil[.]example:8443/a.b"),
        ("veg. multes.example.org/paga.php", "veg. multes[.]example[.]org/paga.php"),
        ("mailto:oac@example.org?subject=x", "mailto[:]oac@example.org?subject=x"),
        ("evil.example:8443/paga", "evil[.]example:8443/paga"),
        ("evil.example?id=3", "evil[.]example?id=3"),
        ("Entreu a seu-multes.example.", "Entreu a seu-multes[.]example."),
        ("EVIL.COM i Evil.Com, evil.com.multes.xyz", "EVIL[.]COM i Evil[.]Com, evil[.]com[.]multes[.]xyz"),
        ("(evil.example)", "(evil[.]example)"),
        ("//evil.example/a", "//evil[.]example/a"),
        ("ftp.evil i FTP.evil.example/x", "ftp[.]evil i FTP[.]evil[.]example/x"),
        ("\\\\evil\\share i \\\\evil.example\\a.exe", "[\\\\]evil\\share i [\\\\]evil[.]example\\a.exe"),
        ("volant.pdf i foto.final.JPG", "volant.pdf i foto.final.JPG"),
        ("volant.pdf/evil", "volant[.]pdf/evil"),
        ("anna.puig@mail.example.org", "anna.puig@mail.example.org"),
        ("Gràcies.Bon dia. Sr.Puig", "Gràcies.Bon dia. Sr.Puig"),
        ("a les 8.30 h, art. 32.4, 1.234,50 €", "a les 8.30 h, art. 32.4, 1.234,50 €"),
        ("S.A./27.11.2026", "S.A./27.11.2026"),
        ("de 8 a 20 h: //", "de 8 a 20 h: //"),
        ("anna@example.org", "anna@example.org"),
    ],
)
def test_links_are_shown_dead(link: str, shown: str) -> None:
    assert dead_links(link) == shown


@pytest.mark.parametrize("text", ["a." * 50_000, "a.b-" * 25_000, "www." * 25_000, "://" * 30_000, "\\\\a" * 30_000])
def test_hostile_links_cost_no_more_than_their_length(text: str) -> None:
    assert calls(lambda: dead_links(text)) < PER_CHARACTER * len(text)


def test_no_line_breaks_inside_an_hour_a_telephone_number_a_law_or_the_name() -> None:
    text = "OAC 360: 900 772 772, dies laborables de 8 a 20 h (art. 32.4 Llei 39/2015), cas 7 hores"
    together = "OAC_360: 900_772_772, dies laborables de 8 a 20_h (art._32.4 Llei_39/2015), cas 7 hores"
    assert kept_together(text, "OAC 360") == together.replace("_", "\u00a0")


# HTML reads as a person sees it, and hostile HTML costs no more than its length.


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Bon dia,</p><p>Adéu</p>", "Bon dia,\n\nAdéu"),
        ("<div>a<br>b</div><div>c</div>", "a\nb\nc"),
        ("sol&middot;licitud&nbsp;d&#39;ajut", "sol·licitud d'ajut"),
        ("<b>A</b>juntament", "Ajuntament"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<ul><li>u</li><li>dos</li></ul>", "- u\n- dos"),
        ("a<script>x()</script><style>p{}</style><!-- no -->b", "ab"),
        ("<head><title>no</title></head><body>sí</body>", "sí"),
        ('<div style="display: none">no</div>sí', "sí"),
        ('<a href="https://x.example">la web</a>', "la web"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("sí<blockquote>a<blockquote>b</blockquote></blockquote>no", "sí\n\n> a\n>\n> > b\n>\nno"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_html_reads_as_it_is_seen(html: str, text: str) -> None:
    assert html_to_text(html) == text


# The shape of a plain text: what is a list, a table, a quotation, and that a stranger's text is only ever the last.

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


# The first words of a message for a line of the daily summary: words, and nothing that opens anything.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Moltes gràcies!\n\nAnna", "Moltes gràcies! Anna"),
        ("", ""),
        ("👍", "👍"),
        ("Sóc l'Anna, DNI 12345678Z, telèfon 612 34 56 78", "Sóc l'Anna, DNI […] telèfon […]"),
        ("Escriviu a anna.puig@example.org o a www.example.org/a", "Escriviu a […] o a […]"),
        ("Mireu example.org, \\\\host\\share, host:80/x o https://a.example", "Mireu […] o […]"),
        ("la contrasenya: gatet\nGràcies", "la contrasenya: […] Gràcies"),
        ("El PIN és 4821. El codi: AB-12", "El PIN és […] El codi: […]"),
        ("<b>Hola</b> *bold* `code` | a | [a](b)", "[…] a […]"),
        ("Us\u202eho vaig\u200b enviar ahir", "Usho vaig enviar ahir"),
        ("¿Y mi beca? «Nada»…", "¿Y mi beca? «Nada»…"),
    ],
)
def test_only_words_are_shown(text: str, shown: str) -> None:
    assert first_words(text) == shown


def test_it_is_short_and_cut_between_two_words() -> None:
    said = first_words("Us ho vaig enviar ahir i no he rebut res, i avui s'acaba el termini de la beca")
    assert said == "Us ho vaig enviar ahir i no he rebut res, i avui s'acaba el …"
    assert len(first_words("a" * 400)) == 1
    assert all(len(first_words("ab " * many)) <= MOST + 2 for many in range(40))
