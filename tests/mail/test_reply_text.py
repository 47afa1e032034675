"""The new text of a reply (the messages are in tests/corpus)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oacmail.core import sender
from oacmail.mail.understanding import reply_text
from oacmail.words import relayed
from oacmail.words.relayed import cut_html, cut_text
from tests.work import PER_CHARACTER, calls


@pytest.mark.parametrize("text", ["", " \n", "Hola", "--\nNúria", "> cita", "Enviat des del meu iPhone", "AVÍS LEGAL"])
def test_a_message_is_never_trimmed_to_nothing(text: str) -> None:
    assert reply_text.split(text).fresh == text.strip()


def test_an_answer_above_inside_and_below_is_kept() -> None:
    text = "Bon dia, responc a sota.\n\n> Quin?\n\nAquest.\n\n> Quan?\n\nDemà.\n"
    assert reply_text.split(text).fresh == text.strip()


def test_the_attribution_belongs_to_the_quote() -> None:
    written = reply_text.split("Sí.\n\nOn Mon, 3 Nov 2025 at 10:05, OAC <oac360@x.cat> wrote:\n> Segur?\n")
    assert written == reply_text.ReplyText("Sí.", "On Mon, 3 Nov 2025 at 10:05, OAC <oac360@x.cat> wrote:\n> Segur?")


def test_a_person_may_write_like_a_header_block_or_an_attribution() -> None:
    text = "Hola,\n\nDe: Castellbisbal estant\n\nEl meu veí ha escrit:\n\nNo hi ha llum.\n\nGràcies"
    assert reply_text.split(text).fresh == text


def test_a_line_like_a_telephone_s_that_says_more_is_a_person_s() -> None:
    text = "Enviat amb l'idCAT, em surt un error.\nSent from my desk, is much easier than my phone."
    assert reply_text.split(text).fresh == text


@pytest.mark.parametrize(
    "line", ["Enviat des de la Seu electrònica", "Enviat amb Cl@ve", "Enviado desde Hacienda", "Enviado desde mi casa"]
)
def test_what_a_person_sent_from_or_with_is_no_line_of_a_program(line: str) -> None:
    assert reply_text.split(f"El tràmit:\n\n{line}").fresh.endswith(line)


def test_answers_announced_within_the_other_s_text_are_kept() -> None:
    text = "Responc a sota.\n\nDe: OAC <oac@x.cat>\nEnviat: 3/11/2025 10:05\nPer a: jo\n\nQuin any?\nEl 2024."
    assert reply_text.split(text).fresh == text
    assert "oac@x.cat" in reply_text.split(text).quoted


def test_a_text_that_was_forwarded_as_attachment_counts_only_alone() -> None:
    assert reply_text.split("", "De l'altre").fresh == "De l'altre"
    assert reply_text.split("Meu", "De l'altre").fresh == "Meu"


@pytest.mark.parametrize(
    "line",
    [
        "a:",
        "> a\nb",
        "-- ",
        "De: a",
        ">",
        "On 3:05 a@b wrote:",
        "a@b:",
        "",
        "El 3:05 <a@b>:",
        "a El 3 b wrote:",
        "Enviat des del ",
        "a" * 5_000,
    ],
)
def test_parting_takes_linear_time(line: str) -> None:
    assert calls(lambda: reply_text.split(f"{line}\n" * 8_000)) < PER_CHARACTER * (len(line) + 1) * 8_000


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé de mon iPhone",
        "Envoye de mon iPhone",
        "Envoyé à partir de Outlook pour iOS",
        "Envoyé à partir d'Outlook pour Android<https://aka.ms/AAb9ysg>",
        "Envoyé à partir de Courrier pour Windows",
        "Envoyé à partir de mon mobile Free",
        "Provenance : Courrier pour Windows",
        "Verzonden vanaf mijn iPhone",
        "Trimis de pe telefonul meu Samsung Galaxy.",
        "Отправлено с iPhone",
        "发自我的iPhone",
        "أرسلت من الـ iPhone",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.",
        "Enviado desde mi POCO",
    ],
)
def test_the_line_that_a_client_adds_is_not_the_writers(line: str) -> None:
    assert reply_text.split(f"Merci.\n\n{line}\n").fresh == "Merci."


@pytest.mark.parametrize(
    "line",
    [
        "Envoyé par courrier recommandé le 3 novembre",
        "Envoyé de Paris, mon dossier est resté sans réponse",
        "Enviat per correu certificat el dia 3",
        "Enviat el 3/11 a les 10:05",
    ],
)
def test_how_a_person_has_sent_something_is_his_own_line(line: str) -> None:
    assert reply_text.split(f"Merci.\n\n{line}\n").fresh == f"Merci.\n\n{line}"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Nov 3, 2025 at 10:05 AM OAC 360 <oac360@x.cat>\nwrote",
        "El lun, 3 nov 2025 a las 10:05, OAC 360 (<oac360@x.cat>) escribió",
        "El 3/11/25 a las 10:05,\nOAC 360 escribió",
        "Missatge de OAC 360 <oac360@x.cat> del dia dl., 3 de nov.\n2025 a les 10:05",
        "OAC 360 <oac360@x.cat> va escriure el dia dl., 3 nov. 2025\na les 10:05",
        "3 nov 2025 10:05 OAC 360 <oac360@x.cat>",
        "Am 03.11.2025 um 10:05 schrieb OAC 360 <oac360@x.cat>",
        "El dl., 3 nov. 2025, 10:05, OAC 360\nva escriure",
        "A 03-11-2025 10:05, OAC 360 escribió",
        "Quoting OAC 360 <oac360@x.cat>",
        "OAC 360\n<oac360@x.cat> va escriure:",
    ],
)
def test_an_attribution_without_a_colon_or_over_two_lines_belongs_to_the_quote(attribution: str) -> None:
    assert reply_text.split(f"Sí.\n\n{attribution}\n\n> Segur?\n").fresh == "Sí."


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Nov 3, 2025 at 10:05 AM OAC 360 <oac360@x.cat> wrote",
        "El dl., 3 nov. 2025 a les 10:05, OAC 360 <oac360@x.cat> va\nescriure",
        "On Monday, November 3rd, 2025 at 10:05 AM,\nOAC 360 <oac360@x.cat> wrote",
        "Le lun. 3 nov. 2025 à 10:05,\nOAC 360 <oac360@x.cat> a écrit :",
        "OAC 360 <oac360@x.cat> va escriure el dia dl., 3 nov. 2025\na les 10:05:",
    ],
)
def test_so_does_one_above_a_text_that_nothing_marks_as_quoted(attribution: str) -> None:
    written = reply_text.split(f"Sí.\n\n{attribution}\n\nSegur?\n")
    assert (written.fresh, written.quoted) == ("Sí.", f"{attribution}\n\nSegur?\n")


@pytest.mark.parametrize(
    "line",
    [
        "El 3 de novembre a les 10:05 vaig escriure a l'OAC <oac360@x.cat>",
        "El meu veí em va escriure el dia 3 de novembre a les 10:05",
        "On Monday I saw what you wrote",
        "El veí ha escrit",
    ],
)
def test_a_persons_sentence_without_a_colon_is_no_attribution(line: str) -> None:
    assert reply_text.split(f"Bon dia.\n\n{line}\n\nQuè he de fer?").fresh == f"Bon dia.\n\n{line}\n\nQuè he de fer?"


def test_a_persons_sentence_above_a_quote_is_no_attribution_by_its_date_alone() -> None:
    text = "El 3 de novembre a les 10:05 no funcionava\n\n> Com ho feu?\n"
    assert reply_text.split(text).fresh == "El 3 de novembre a les 10:05 no funcionava"


# What of an agent's mail is the agent's own: the cut above the quote, as clients write it, in text and HTML.

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
