"""What of an agent's mail is the agent's own: the cut above the quote, as clients write it, in text and HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core import sender
from oacmail.words import relayed
from oacmail.words.relayed import cut_html, cut_text

NOTICE = (
    "Cas OAC-2026-000123, rebut el 25 de novembre, venç avui. Encara no hi consta cap resposta.",
    "- Persona assignada: agent.de.guardia",
    "- Nivell d'atenció: primer nivell",
    "Responeu a la persona des de la bústia de l'OAC 360, com sempre.",
    "També podeu respondre a aquest correu amb una ordre a la primera línia.",
)
_PLAIN = "<br>".join(NOTICE)
CLIENTS = {
    "Outlook": (
        '<html><head><meta name="Generator" content="Microsoft Word 15">'
        "<style><!-- p.MsoNormal {margin:0cm} --></style></head><body lang=CA><div class=WordSection1>"
        "<p class=MsoNormal>Bon dia, <b>Anna</b>:<o:p></o:p></p><p class=MsoNormal>Ja ho teniu.<o:p></o:p></p>"
        "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        "<p class=MsoNormal><b>De:</b> OAC 360 &lt;oac360@town.example&gt;<br><b>Enviat:</b> divendres, 27 de novembre "
        f"de 2026 9:00<br><b>Assumpte:</b> VENÇUT<o:p></o:p></p></div></div><p>{_PLAIN}</p></div></body></html>"
    ),
    "Outlook on the web": (
        '<html><body><div class="elementToProof">Bon dia, <b>Anna</b>:</div><div>Ja ho teniu.</div>'
        '<div id="appendonsend"></div><hr tabindex="-1" style="display:inline-block; width:98%">'
        f'<div id="divRplyFwdMsg" dir="ltr"><b>De:</b> OAC 360</div><div>{_PLAIN}</div></body></html>'
    ),
    "Gmail": (
        '<div dir="ltr">Bon dia, <b>Anna</b>:<div>Ja ho teniu.</div></div><br><div class="gmail_quote">'
        '<div dir="ltr" class="gmail_attr">Missatge de OAC 360 &lt;<a href="mailto:oac360@town.example">oac360@town.'
        "example</a>&gt; del dia dv., 27 de nov. 2026 a les 9:00:<br></div><blockquote class="
        f'"gmail_quote" style="margin:0px;border-left:1px solid rgb(204,204,204)">{_PLAIN}</blockquote></div>'
    ),
    "Apple Mail": (
        '<html><body style="overflow-wrap: break-word;">Bon dia, <b>Anna</b>:<div>Ja ho teniu.<br '
        'id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>El 27 nov 2026, a les 9:00, OAC 360 '
        f"&lt;oac360@town.example&gt; va escriure:</div><br><div>{_PLAIN}</div></blockquote></div></div></body></html>"
    ),
    "Thunderbird": (
        "<html><body><p>Bon dia, <b>Anna</b>:</p><p>Ja ho teniu.</p><div class='moz-cite-prefix'>El 27/11/26 a les "
        f"9:00, OAC 360 ha escrit:<br></div><blockquote type='cite' cite='mid:1@x.example'>{_PLAIN}</blockquote></body>"
    ),
    "a program that marks only the quote": (
        "<html><body><p>Bon dia, <b>Anna</b>:</p><p>Ja ho teniu.</p><p>El 27/11/2026 a les 9:00, OAC 360 va "
        f'escriure:</p><blockquote style="border-left:2px solid #1010FF">{_PLAIN}</blockquote></body></html>'
    ),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_quote_of_every_client_is_cut_and_the_formatting_stays(client: str) -> None:
    cut = cut_html(CLIENTS[client])
    assert (cut.reason, "<b>Anna</b>" in cut.html) == ("", True)
    assert cut.text.split() == ["Bon", "dia,", "Anna:", "Ja", "ho", "teniu."]
    assert not sender.has_internal_text(cut.html, sender.internal_lines(NOTICE))
    assert "Generator" not in cut.html
    assert "mid:1" not in cut.html


@pytest.mark.parametrize(
    "html",
    [
        f'<blockquote type="cite">{_PLAIN}</blockquote><p>Bon dia, ja ho teniu.</p>',
        f'<blockquote type="cite">{NOTICE[0]}</blockquote><p>no.</p><blockquote type="cite">b</blockquote><p>ni</p>',
        f"<p>Bon dia</p><p>De: OAC 360<br>Enviat: 27 de novembre de 2026 9:00<br>Assumpte: VENÇUT</p><p>{_PLAIN}</p>",
        f"<p>Bon dia</p><p>-----Missatge original-----</p><p>{_PLAIN}</p>",
    ],
)
def test_an_unsure_cut_says_so(html: str) -> None:
    assert cut_html(f"<html><body>{html}</body></html>").reason


def test_indented_text_of_the_agent_stays() -> None:
    html = (
        '<div dir="ltr">Seguiu això:<blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>1. Entreu</div>'
        "</blockquote><div>Salutacions</div></div>"
    )
    cut = cut_html(html)
    assert (cut.reason, cut.text.split()) == ("", ["Seguiu", "això:", "1.", "Entreu", "Salutacions"])


def test_what_no_reader_sees_goes() -> None:
    html = (
        "<html><head><title>VENÇUT</title></head><body onload=x()><!-- nota interna --><p data-x='nota'>Bon dia</p>"
        "<p style='display:none'>secret</p><script>1</script><form><input value='nota'></form></body></html>"
    )
    cut = cut_html(html)
    for hidden in ("nota", "secret", "VEN", "script", "onload"):
        assert hidden not in cut.html
    assert cut.text == "Bon dia"


@pytest.mark.parametrize(
    "active",
    [
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java&#9;script:alert(1)">x</a>',
        '<a href="vbscript:x">x</a>',
        '<a href="data:text/html,<script>1</script>">x</a>',
        '<a href="file://servidor/agent/nota.docx">x</a>',
        '<img src="file:///C:/Users/agent/nota.png">',
        '<img src="\\\\servidor\\agent\\nota.png">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        '<img srcset="//servidor/agent 2x">',
        '<p style="background:url(//servidor/agent)">x</p>',
        "<style>@import '//servidor/agent';</style>",
        "<xmp><script>javascript</script></xmp>",
        "<noembed><img onerror=javascript></noembed>",
        "<form><input><select><option>javascript</option></select></form>",
    ],
)
def test_nothing_active_and_no_file_server_is_relayed(active: str) -> None:
    cut = cut_html(f"<html onclick='javascript'><body><p>Bon dia</p>{active}<p>Ja ho teniu.</p></body></html>")
    for bad in ("script", "servidor", "agent", "svg", "onclick", "data:"):
        assert bad not in cut.html
    assert cut.text.startswith("Bon dia")
    assert cut.text.endswith("Ja ho teniu.")


def test_ordinary_links_and_images_stay() -> None:
    kept = (
        '<a href="https://seu.example/a">a</a>', '<a href="mailto:oac@town.example">b</a>', '<a href="tel:900">c</a>',
        '<img src="cid:logo@x">', '<img src="data:image/png;base64,iVBO">', '<p style="color:red">d</p>',
    )  # fmt: skip
    cut = cut_html(f"<html><body>{''.join(kept)}</body></html>")
    for one in kept:
        assert one in cut.html


_WORDS = st.sampled_from(
    ["Bon dia", "Gràcies", "entreu a la seu", "ja està", "", "Salutacions,", "-- ", "Marta", "> ?"]
)
_WRAPS = st.sampled_from(
    [
        "{q}", "El 27/11/2026 a les 9:00, OAC 360 <oac360@town.example> va escriure:\n{q}", "{p}",
        "-----Missatge original-----\n{p}", "De: OAC 360 <oac360@town.example>\nEnviat: 27/11/2026 9:00\n{p}",
        "---------- Forwarded message ---------\nDe: OAC\n\n{p}", "________________________________\n{p}",
    ]
)  # fmt: skip


def _escapes(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>\n")


@given(above=st.lists(_WORDS, max_size=4), wrap=_WRAPS, below=st.lists(_WORDS, max_size=3), width=st.integers(20, 200))
def test_no_line_of_a_notice_is_in_what_is_relayed(above: list[str], wrap: str, below: list[str], width: int) -> None:
    """Either the cut is good, or it is known to be bad: by its own reason, or since an internal line is found."""
    body = "\n".join(line[at : at + width] for line in NOTICE for at in range(0, len(line), width))
    quoted = "\n".join(f"> {line}" for line in body.split("\n"))
    text = "\n".join([*above, wrap.format(q=quoted, p=body), *below])
    internal = sender.internal_lines(NOTICE)
    for cut in (cut_text(text), cut_html(f"<html><body><div>{_escapes(text)}</div></body></html>")):
        refused = cut.reason or sender.has_internal_text(cut.text, internal)
        assert refused or not any(line in sender.plain_line(f"{cut.text} {cut.html}") for line in internal)


def test_a_page_too_large_is_not_read() -> None:
    assert cut_html("x" * (relayed.LONGEST + 1)).reason == "too-large"
