"""What our exchanger proves of a From address, and what forgers try to make it say."""

import pytest

from oacmail.core.model import Auth, Dmarc
from oacmail.mail.mime import auth
from oacmail.mail.parser_config import ParserConfig
from tests.mail.messages import fields

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
