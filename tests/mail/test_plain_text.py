"""What a person is shown of a stranger's text says only what it says."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.words.compose import dead_links, kept_together, many_lines, one_line
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
