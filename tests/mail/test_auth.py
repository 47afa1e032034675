"""What our exchanger proves of a From address, and what forgers try to make it say."""

from email import message_from_string
from email.header import decode_header, make_header
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oacmail.core.model import Auth, Dmarc
from oacmail.mail.mime import auth, headers
from oacmail.mail.mime.headers import Fields
from oacmail.mail.parser_config import ParserConfig
from oacmail.words import compose
from tests.mail.messages import fields
from tests.work import PER_CHARACTER, calls

ANNA = "anna@town.example"
POSTFIX = ParserConfig(
    provider="postfix",
    authserv_id="mx.town.example",
    mx=("mx.town.example",),
    internal_relays=("10.1.0.0/16", "2001:db8:5::/48"),
)
GMAIL = ParserConfig(provider="gmail")
EXCHANGE = ParserConfig(provider="exchange")

PASS = "Authentication-Results: mx.town.example; dmarc=pass (p=none dis=none) header.from=town.example"
FAIL = PASS.replace("dmarc=pass", "dmarc=fail")
DOOR = "Received: from out.example.org (out.example.org [192.0.2.7]) by mx.town.example (Postfix) with ESMTPS id A1"
LMTP = "Received: from mx.town.example by mx.town.example with LMTP id 7 for <oac360@x>"


def read(*lines: str, parser_config: ParserConfig = POSTFIX, single_from: bool = True) -> Auth:
    return auth.evaluate(fields(*lines), ANNA, single_from, parser_config)


def test_an_aligned_pass_above_our_door_is_proof() -> None:
    assert read(PASS, DOOR) == Auth(dmarc=Dmarc.PASS, authentic=True, from_outside=True)


def test_the_delivery_agent_on_the_same_host_is_not_the_door() -> None:
    assert read("Return-Path: <x@y>", LMTP, PASS, DOOR).authentic


def test_results_below_our_door_are_what_the_sender_wrote() -> None:
    assert read(DOOR, PASS) == Auth(dmarc=Dmarc.NONE, authentic=False, from_outside=True)


def test_a_forged_door_below_the_real_one_moves_nothing() -> None:
    forged = (
        "Received: from pc (pc [10.1.2.3]) (Authenticated sender: anna@town.example) by mx.town.example with ESMTPSA"
    )

    assert not read(DOOR, PASS, forged).authentic


def test_without_a_line_of_our_own_nothing_is_proven() -> None:
    assert read(PASS, "Received: from a (b [192.0.2.1]) by mx.elsewhere.example with ESMTP id B").authentic is False


@pytest.mark.parametrize(
    "results",
    [
        PASS.replace("mx.town.example;", "mx.elsewhere.example;"),
        PASS.replace("header.from=town.example", "header.from=evil.example"),
        PASS.replace("header.from=town.example", "header.from=town.example.evil.example"),
        PASS.replace("(p=none dis=none)", "(p=none (nested) dis=none)) header.from=x.example ("),
        PASS + "; dmarc=fail header.from=evil.example",
        "Authentication-Results: mx.town.example; spf=pass smtp.mailfrom=town.example",
        "Authentication-Results: mx.town.example; dkim=pass (dmarc=pass header.from=town.example) header.d=x",
        "Authentication-Results: mx.town.example; none",
        "Authentication-Results: (mx.town.example) evil.example; dmarc=pass header.from=town.example",
    ],
)
def test_a_wrong_id_domain_comment_or_second_verdict_proves_nothing(results: str) -> None:
    assert read(results, DOOR) == Auth(dmarc=Dmarc.NONE, authentic=False, from_outside=True)


def test_two_fields_with_a_verdict_each_prove_nothing() -> None:
    assert read(PASS, PASS, DOOR).dmarc is Dmarc.NONE


def test_an_unreadable_field_of_our_own_spoils_the_readable_one() -> None:
    unreadable = "Authentication-Results: mx.town.example; dmarc=pass (a (b) header.from=town.example"

    assert not read(unreadable, PASS, DOOR).authentic


def test_a_failure_is_reported_and_is_no_proof_even_with_a_login() -> None:
    door = DOOR.replace(" by mx", " (Authenticated sender: anna@town.example) by mx").replace("ESMTPS", "ESMTPSA")

    assert read(FAIL, door) == Auth(dmarc=Dmarc.FAIL, authentic=False, from_outside=True)


def test_more_than_one_from_is_never_authentic() -> None:
    assert not read(PASS, DOOR, single_from=False).authentic


@pytest.mark.parametrize(
    ("login", "protocol", "proven"),
    [
        ("(Authenticated sender: anna@town.example)", "ESMTPSA", True),
        ("(Authenticated sender: Anna@Town.example)", "ESMTPA", True),
        ("(Authenticated sender: pere@town.example)", "ESMTPSA", False),
        ("(Authenticated sender: anna@town.example)", "ESMTPS", False),
        (
            '(Client CN "(Authenticated sender: anna@town.example)", Issuer "x" (not verified))',
            "ESMTPSA",
            False,
        ),
        (
            "(Authenticated sender: anna@town.example) (Authenticated sender: pere@town.example)",
            "ESMTPSA",
            False,
        ),
    ],
)
def test_a_login_proves_its_own_address_and_no_other(login: str, protocol: str, proven: bool) -> None:
    door = f"Received: from pc (pc.example [192.0.2.9]) {login} by mx.town.example (Postfix) with {protocol} id A"

    assert (read(door).authentic, read(door).submitted) == (proven, proven)


@pytest.mark.parametrize(
    ("client", "proven"),
    [
        ("from app (app.lan [10.1.4.4])", True),
        ("from app (app.lan [IPv6:2001:db8:5::7])", True),
        ("from app (app.lan [192.0.2.4])", False),
        ("from [10.1.4.4] (pc.example [192.0.2.4])", False),
        ("from app (app.lan [10.1.4.4.9])", False),
        ("(from userid 1000 [10.1.4.4])", False),
    ],
)
def test_an_internal_relay_is_known_by_the_address_that_postfix_saw(client: str, proven: bool) -> None:
    assert read(f"Received: {client} by mx.town.example (Postfix) with ESMTP id A").authentic is proven


def test_a_client_that_calls_itself_by_moves_the_door_nowhere() -> None:
    helo = "Received: from by (pc.example [192.0.2.4]) by mx.town.example (Postfix) with ESMTP id A"
    forged = "Received: from x (y [192.0.2.5]) by mx.town.example with ESMTP id B"

    assert not read(helo, PASS, forged).authentic


def test_provider_none_proves_nobody() -> None:
    assert read(PASS, DOOR, parser_config=ParserConfig(mx=("mx.town.example",))) == Auth(from_outside=True)


GMAIL_DOOR = "Received: from mail.example.org (mail.example.org. [192.0.2.7]) by mx.google.com with ESMTPS id a1"
GMAIL_PASS = (
    "Authentication-Results: mx.google.com; dkim=pass header.i=@town.example header.b=Ab/c+1=;"
    " dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=town.example"
)


def test_gmail_s_own_results_right_below_its_line_are_proof() -> None:
    lines = (
        "Delivered-To: oac@x.example",
        "Received: by 2002:a05:6402 with SMTP id q",
        GMAIL_DOOR,
        "Received-SPF: pass",
        GMAIL_PASS,
    )

    assert read(*lines, parser_config=GMAIL) == Auth(dmarc=Dmarc.PASS, authentic=True, from_outside=True)


def test_below_gmail_s_results_a_second_field_is_the_sender_s() -> None:
    own = GMAIL_PASS.replace("dmarc=pass", "dmarc=none")

    assert not read(GMAIL_DOOR, own, GMAIL_PASS, parser_config=GMAIL).authentic


def test_results_below_an_older_line_are_not_gmail_s() -> None:
    assert not read(GMAIL_DOOR, "Received: from a by b with ESMTP id c", GMAIL_PASS, parser_config=GMAIL).authentic


EDGE = (
    "Received: from x.example (192.0.2.7) by DB5EUR01FT031.mail.protection.outlook.com (10.152.4.1) with Microsoft SMTP"
)
EDGE_PASS = (
    "Authentication-Results: spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=town.example; dkim=none (not signed)"
    " header.d=none;dmarc=pass action=none header.from=town.example;compauth=pass reason=100"
)


def test_exchange_s_results_above_its_edge_are_proof() -> None:
    inner = "Received: from DB5.eurprd.prod.outlook.com by AM0.eurprd.prod.outlook.com with HTTPS"

    assert read(inner, EDGE_PASS, EDGE, parser_config=EXCHANGE) == Auth(
        dmarc=Dmarc.PASS, authentic=True, from_outside=True
    )


def test_exchange_s_results_below_its_edge_are_forged() -> None:
    assert not read(EDGE, EDGE_PASS, parser_config=EXCHANGE).authentic


def test_exchange_says_once_that_the_sender_is_its_own() -> None:
    inside = "X-MS-Exchange-Organization-AuthAs: Internal"

    assert read(inside, parser_config=EXCHANGE) == Auth(authentic=True, submitted=True)
    assert not read(inside, inside.replace("Internal", "Anonymous"), parser_config=EXCHANGE).authentic
    assert not read(inside, parser_config=POSTFIX).authentic


@pytest.mark.parametrize(
    ("lines", "parser_config", "outside"),
    [
        ((), POSTFIX, False),
        (("Received: from a by b with ESMTP id c",), POSTFIX, False),
        (("Delivered-To: oac360@town.example",), POSTFIX, True),
        ((LMTP,), POSTFIX, True),
        ((), ParserConfig(), False),
        (("Received: from a by b with ESMTP id c",), ParserConfig(), True),
        (("Return-Path: <anna@example.org>",), ParserConfig(), True),
        (("X-Original-To: oac360@town.example",), ParserConfig(), True),
        (("Received: from a by smtp.gmail.com with ESMTPSA id c",), GMAIL, False),
        ((GMAIL_DOOR,), GMAIL, True),
    ],
)
def test_a_copy_from_outside_bears_what_only_delivery_writes(
    lines: tuple[str, ...], parser_config: ParserConfig, outside: bool
) -> None:
    assert read(*lines, parser_config=parser_config).from_outside is outside


# What comes in can never become a header field of its own, and ids go out byte for byte.

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
