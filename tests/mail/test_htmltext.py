"""HTML reads as a person sees it, and hostile HTML costs no more than its length."""

import pytest

from oacmail.mail.mime.text import html_to_text
from tests.work import PER_CHARACTER, calls


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


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "<div>",
            "<blockquote>",
            "<p>",
            "<b>",
            "<a href=x>",
            "<table><tr><td>",
            "<li>",
            "<!--",
            "<",
            "<a ",
            '<div a="',
        ),
        *("<span><p>", "<blockquote>x</b>", "</div>", "<b><p>", "<svg><a>", "<select><option>", "<h1><nobr>"),
        *('<b x="<"><p>', '<b {} "<"><p>', "<<b>b a={}><p>", "<div><table></div></table>", "<x{}>", "<b a={}><p>"),
    ],
)
def test_many_open_tags_cost_no_more_than_their_length(tag: str) -> None:
    html = "".join(tag.replace("{}", str(number)) for number in range(20_000))
    assert calls(lambda: html_to_text(html)) < PER_CHARACTER * len(html)
