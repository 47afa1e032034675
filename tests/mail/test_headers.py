"""What comes in can never become a header field of its own, and ids go out byte for byte."""

from email import message_from_string
from email.header import decode_header, make_header
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oacmail.mail.mime import headers
from oacmail.mail.mime.headers import Fields
from oacmail.words import compose
from tests.work import PER_CHARACTER, calls

OUTLOOK = "<AM0PR04MB4883A1B2C3D4E5F60718293A4B5C6D7E8F9@AM0PR04MB4883.eurprd04.prod.outlook.com>"
ODD = st.text(st.one_of(st.characters(), st.sampled_from('\r\n\0\x85\u2028\u202e =?:;<>@"\\')))


def unfolded(field: str) -> str:
    return field.replace("\r\n", "")


def decoded(field: str) -> str:
    return str(make_header(decode_header(unfolded(field).partition(": ")[2])))


@given(ODD)
@example("x\r\nBcc: evil@example.org")
@example("x\x85Bcc: evil@example.org")
@example("=\r\n?utf-8?q?x=0ABcc:_evil?=")
@example("==??utf-8?q?=0D=0ABcc:?=")
@example("=\u202e?utf-8?b?DQpCY2M6?=")
def test_no_text_makes_a_second_field_or_an_encoded_word_of_its_own(text: str) -> None:
    field = compose.field("Subject", compose.unstructured(f"[OAC] {text}"))
    for policy in ({}, {"policy": default}):
        parsed = message_from_string(f"{field}\r\nbody", **policy)
        assert parsed.keys() == ["Subject"]
        assert parsed.get_payload() == "body"
    assert decoded(field) == compose.clean(f"[OAC] {text}")
    assert "=?" not in decoded(field)


@given(ODD)
def test_a_cleaned_text_is_short_one_line_and_stays_as_it_is(text: str) -> None:
    cleaned = compose.clean(text)
    assert len(cleaned) <= compose.LIMIT
    assert not set(cleaned) & set("\r\n\0\x85\u2028\u2029\u202e")
    assert compose.clean(cleaned) == cleaned


@given(ODD, ODD)
def test_no_address_that_is_accepted_holds_a_line_break(local: str, domain: str) -> None:
    try:
        address = compose.bare_address(f"{local}@{domain}")
    except ValueError:
        return
    assert address.isascii()
    assert address.isprintable()


@pytest.mark.parametrize(
    "address",
    [
        "anna@example.org",
        "a..b.@docomo.example",
        "o'neil+x@sub.example.cat",
        '"anna vila"@example.org',
        "x@[127.0.0.1]",
    ],
)
def test_an_address_goes_out_as_it_stands(address: str) -> None:
    assert compose.bare_address(address) == address


def test_a_domain_in_other_messages_goes_out_in_ascii() -> None:
    assert compose.bare_address("anna@plaça.cat") == "anna@xn--plaa-2oa.cat"
    assert compose.bare_address("anna@PLAÇA。cat") == "anna@xn--plaa-2oa.cat"


@pytest.mark.parametrize(
    ("domain", "ascii_form"),
    [("straße.example", "xn--strae-oqa.example"), ("STRAẞE.example", "xn--strae-oqa.example"),
     ("a.βόλος.example", "a.xn--nxasmm1c.example")],
)  # fmt: skip
def test_sharp_s_is_not_written_to_the_domain_of_a_stranger(domain: str, ascii_form: str) -> None:
    """RFC 3490 makes strasse.example of it, which belongs to somebody else (RFC 5894, section 7.2)."""
    assert compose.bare_address(f"anna@{domain}") == f"anna@{ascii_form}"


@pytest.mark.parametrize(
    "address",
    ["", "anna", "anna@", "@example.org", "a b@example.org", "a@b@c", "núria@example.org", "a@example.org\r\nBcc: x@y",
     "a@example.org,b@example.org", "<a@example.org>", "a@example.org\n", "a@" + "x" * 300, "a@" + "ç" * 300,
     "a@" + "ß" * 300],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        compose.bare_address(address)


def test_a_long_id_is_neither_folded_nor_encoded() -> None:
    assert compose.field("In-Reply-To", (compose.message_id(OUTLOOK),)) == f"In-Reply-To: {OUTLOOK}\r\n"


@pytest.mark.parametrize(
    "text",
    ["", "x@y", "<x>", "<x y@z>", "<x@y", "<x@y>\r\nBcc: z", "<x@y>\n", "<=?utf-8?q?x?=@y>", "<ç@y>", "<a@b> <c@d>",
     "<" + "x" * 950 + "@y>"],
)  # fmt: skip
def test_what_is_no_msg_id_is_left_out(text: str) -> None:
    assert compose.message_id(text) == ""


def test_references_keep_the_first_and_the_last_nine() -> None:
    refs = [f"<{n}@example.org>" for n in range(30)]
    kept = compose.references("<last@example.org>", [*refs, "no id", refs[29]])
    assert kept == (refs[0], *refs[22:30], "<last@example.org>")


def test_references_name_each_id_once_and_the_answered_one_last() -> None:
    assert compose.references("<a@x>", ["<a@x>", "<b@x>", "<b@x>"]) == ("<b@x>", "<a@x>")


def test_references_are_folded_between_ids_and_nowhere_else() -> None:
    ids = tuple(OUTLOOK.replace("AM0", f"{n:03}") for n in range(10))
    field = compose.field("References", compose.references("", ids))
    assert field == "References: " + "\r\n ".join(ids) + "\r\n"


def test_a_catalan_subject_keeps_its_token_readable() -> None:
    field = compose.field(
        "Subject", compose.unstructured("[OAC-2026-000123-K7Q] VENÇUT: sense resposta des de dilluns")
    )
    assert field.startswith("Subject: [OAC-2026-000123-K7Q] =?utf-8?b?")
    assert decoded(field) == "[OAC-2026-000123-K7Q] VENÇUT: sense resposta des de dilluns"


@given(st.text(st.sampled_from("ab çé€😀·"), max_size=200))
def test_encoded_words_are_short_and_so_are_their_lines(text: str) -> None:
    field = compose.field("Subject", compose.unstructured(f"¿{text}"))
    assert all(len(line) <= 76 for line in field.split("\r\n"))
    assert decoded(field) == compose.clean(f"¿{text}")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("OAC 360", "From: OAC 360 <oac@example.org>\r\n"),
        ("", "From: oac@example.org\r\n"),
        ('OAC "360", x@y', 'From: "OAC \\"360\\", x@y" <oac@example.org>\r\n'),
        ("Atenció", "From: =?utf-8?b?QXRlbmNpw7M=?= <oac@example.org>\r\n"),
    ],
)
def test_a_display_name_is_atoms_a_quoted_string_or_encoded(name: str, written: str) -> None:
    field = compose.field("From", compose.mailbox(name, "oac@example.org"))
    assert field == written
    parsed = message_from_string(f"{field}\r\n", policy=default)["From"].addresses
    assert [(address.display_name, address.addr_spec) for address in parsed] == [(name, "oac@example.org")]


@pytest.mark.parametrize("token", ["a\r\nb", "ç", "x" * 901])
def test_a_token_that_no_field_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="no field can hold"):
        compose.field("X-Oacmail", (token,))


# Address fields are read before anything in them is decoded.


def _from(*values: str) -> tuple[str, str, bool]:
    return headers.sender(Fields.from_pairs(("From", value) for value in values))


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        ("Anna <Anna@X.cat>", "anna@x.cat", "Anna"),
        ("anna@x.cat", "anna@x.cat", ""),
        ("anna@x.cat (Anna Puig)", "anna@x.cat", "Anna Puig"),
        ('"Puig, Anna" <anna@x.cat>', "anna@x.cat", "Puig, Anna"),
        ('"anna@x.cat" <evil@x.com>', "evil@x.com", "anna@x.cat"),
        ("=?iso-8859-1?Q?Nu=F1ez=2C_Pep?= <p@x.es>", "p@x.es", "Nuñez, Pep"),
        ("N\udcfaria <n@x.cat>", "n@x.cat", "Núria"),
        ("<@relay.x,@b.y:anna@x.cat>", "anna@x.cat", ""),
        ("Anna (de casa <evil@x>) <anna@x.cat>", "anna@x.cat", "Anna"),
        ("'anna@x.cat' <anna@x.cat>", "anna@x.cat", "anna@x.cat"),
        ('"a b"@x.cat', '"a b"@x.cat', ""),
    ],
)
def test_one_mailbox_is_one_sender(value: str, address: str, name: str) -> None:
    assert _from(value) == (address, name, True)


@pytest.mark.parametrize(
    ("values", "address"),
    [
        (("a@x.cat", "b@x.cat"), "a@x.cat"),
        (("a@x.cat, b@x.cat",), "a@x.cat"),
        (("agents: a@x.cat;",), "a@x.cat"),
        (("=?utf-8?b?<anna@x.cat>?= <evil@x.com>",), "evil@x.com"),
        (("anna@x.cat <evil@x.com>",), "evil@x.com"),
        (("Anna <anna@x.cat> <evil@x.com>",), "evil@x.com"),
        (('"Anna <anna@x.cat>',), "anna@x.cat"),
        (("Puig, Anna <anna@x.cat>",), "anna@x.cat"),
        (("MAILER-DAEMON",), ""),
        (("undisclosed-recipients:;",), ""),
        (("a@x.cat b@x.cat",), ""),
        (("",), ""),
        ((), ""),
    ],
)
def test_anything_else_proves_nobody(values: tuple[str, ...], address: str) -> None:
    found, _, single = _from(*values)
    assert (found, single) == (address, False)


def test_lists_give_bare_addresses_each_once_and_no_more_than_asked() -> None:
    assert headers.address_list(["Pep <P@x.cat>, p@x.cat, veïns: a@x.cat, b@x.cat;", "c@x.cat"]) == (
        "p@x.cat",
        "a@x.cat",
        "b@x.cat",
        "c@x.cat",
    )
    assert len(headers.address_list([", ".join(f"a{n}@x.cat" for n in range(2000))])) == headers.MOST_ADDRESSES


def test_a_display_name_has_no_controls_and_no_direction_marks() -> None:
    assert _from('"An\u202ena\x1b[31m" <a@x.cat>')[1] == "An na [31m"


@pytest.mark.parametrize("hostile", ["<", "(", '"', "a,", ":", '\\"', "<a@b.c>", "(a", "=?"])
def test_a_hostile_field_costs_no_more_than_its_length(hostile: str) -> None:
    assert calls(lambda: _from(hostile * (64_000 // len(hostile)))) < PER_CHARACTER * 64_000
