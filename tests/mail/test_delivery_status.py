"""Delivery reports: found by structure and by prose, never in a person's mail."""

from functools import partial

import pytest

from oacmail.core.model import DeliveryStatus
from oacmail.mail.understanding import machines
from tests.mail.messages import corpus, opened
from tests.work import PER_CHARACTER, calls


def found(name: str) -> DeliveryStatus | None:
    return machines.delivery_status(*opened(corpus(name)))


def test_a_standard_report_tells_whose_mail_came_back_and_why() -> None:
    seen = found("bounce-standard")

    assert seen is not None
    assert (seen.action, seen.status, seen.recipients) == ("failed", "5.1.1", ("jordi+oac@mail.example.net",))


def test_ids_and_marks_come_from_the_returned_mail_alone() -> None:
    seen = found("bounce-standard")

    assert seen is not None
    assert seen.about == ("<oac.0a1b2c@castellbisbal.example>",)
    assert seen.signatures == ("v=1; i=inst; k=ack:abc; s=deadbeef",)


def test_a_report_in_catalan_prose_names_the_mail_it_copies() -> None:
    seen = found("bounce-plain-catalan")

    assert seen == DeliveryStatus(
        action="failed",
        recipients=("pilar@correu.example.net",),
        about=("<oac.777@castellbisbal.example>",),
        status="5.2.2",
        said="Motiu: la bústia del destinatari està plena (5.2.2).",
    )


def test_a_delay_in_prose_is_a_delay_although_it_speaks_of_failure() -> None:
    seen = found("bounce-plain-delayed")

    assert seen is not None
    assert (seen.action, seen.recipients) == ("delayed", ("nuria@example.org",))


def test_a_report_without_any_mark_is_known_by_subject_and_opening() -> None:
    seen = found("bounce-unmarked-spanish")

    assert seen is not None
    assert (seen.action, seen.recipients, seen.about) == ("failed", ("amparo@hosting.example.net",), ())


@pytest.mark.parametrize(
    ("name", "action", "recipients", "about"),
    [
        ("bounce-full-mailbox-refuses", "failed", ("pilar@mail.example.net",), ("<oac.888@castellbisbal.example>",)),
        (
            "bounce-report-without-fields",
            "failed",
            ("anna@example.org", "pere@example.org"),
            ("<oac.889@castellbisbal.example>",),
        ),
        ("bounce-unmarked-appliance", "failed", ("factures@gestoria.example.net",), ()),
        ("bounce-null-from", "failed", ("rosa@mail.example.net",), ()),
        ("bounce-attempts-continue", "delayed", ("joan@mail.example.net",), ()),
    ],
)
def test_servers_that_keep_to_no_standard_are_understood(
    name: str, action: str, recipients: tuple[str, ...], about: tuple[str, ...]
) -> None:
    seen = found(name)

    assert seen is not None
    assert (seen.action, seen.recipients, seen.about) == (action, recipients, about)


@pytest.mark.parametrize("name", ["person-forwards-a-bounce", "person-quotes-a-bounce"])
def test_a_person_with_a_report_in_hand_is_no_mail_server(name: str) -> None:
    assert found(name) is None


@pytest.mark.parametrize("name", ["read-receipt", "abuse-report"])
def test_receipts_and_abuse_reports_are_no_delivery_reports(name: str) -> None:
    assert found(name) is None


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("Failed", "5.0.0", "failed"),
        ("delayed", "4.4.7", "delayed"),
        ("relayed", "2.0.0", "delivered"),
        ("expanded (to many)", "2.0.0", "delivered"),
        ("", "4.2.2", "delayed"),
        ("strange", "2.1.5", "delivered"),
        ("strange", "", "failed"),
    ],
)
def test_the_action_counts_and_where_it_is_strange_the_status_class(action: str, status: str, expected: str) -> None:
    raw = (
        b"Return-Path: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=R\r\n\r\n"
        b"--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        + f"Final-Recipient: rfc822; a@example.org\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--R--\r\n".encode()
    )

    seen = machines.delivery_status(*opened(raw))

    assert seen is not None
    assert seen.action == expected


def test_of_several_recipients_the_worst_outcome_is_reported_with_its_own_addresses() -> None:
    raw = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=R\r\n\r\n"
        b"--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; good@example.org\r\nAction: delivered\r\n\r\n"
        b"Final-Recipient: rfc822; Bad@Example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--R--\r\n"
    )

    seen = machines.delivery_status(*opened(raw))

    assert seen is not None
    assert (seen.action, seen.recipients) == ("failed", ("bad@example.org",))


def test_a_report_whose_boundary_is_broken_is_still_a_report() -> None:
    raw = (
        b"Return-Path: <>\r\nFrom: MAILER-DAEMON@relay.example.org\r\nSubject: Returned mail\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=no\r\n\r\n<<< No Message >>>"
    )

    assert machines.delivery_status(*opened(raw)) is not None


def test_a_person_who_declares_a_status_part_without_a_server_s_mark_is_a_person() -> None:
    raw = (
        b"Return-Path: <anna@example.org>\r\nFrom: anna@example.org\r\nSubject: mireu\r\n"
        b"Content-Type: multipart/mixed; boundary=R\r\n\r\n--R\r\nContent-Type: text/plain\r\n\r\nhola\r\n"
        b"--R\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; a@example.org\r\nAction: failed\r\n\r\n--R--\r\n"
    )

    assert machines.delivery_status(*opened(raw)) is None


def test_an_automatic_reply_with_null_sender_is_no_report() -> None:
    raw = (
        b"Return-Path: <>\r\nAuto-Submitted: auto-replied\r\nFrom: a@example.org\r\nSubject: Fora de l'oficina\r\n\r\n"
        b"No hi soc. Mail could not be delivered last week, sorry.\r\n"
    )

    assert machines.delivery_status(*opened(raw)) is None


def test_a_report_of_a_known_server_with_raw_bytes_in_its_from_is_read(caplog: pytest.LogCaptureFixture) -> None:
    raw = (
        b"Return-Path: <>\r\nFrom: Administraci\xf3 <postmaster@relay.example.org>\r\nSubject: Undelivered Mail\r\n\r\n"
        b"Your message could not be delivered to <a@example.org>.\r\n"
    )

    seen = machines.delivery_status(*opened(raw))

    assert seen is not None
    assert seen.recipients == ("a@example.org",)
    assert not caplog.records


def test_nothing_in_a_hostile_report_raises() -> None:
    pieces = [b"Content-Type: multipart/report; report-type*=utf-8''delivery-status; boundary=R\r\n\r\n--R\r\n"]
    pieces += [
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff\xfe\x00\r\n--R"
    ] * 40
    raw = b"Return-Path: <>\r\nX-Failed-Recipients: \xff\r\n" + b"".join(pieces)

    machines.delivery_status(*opened(raw))


def test_a_report_of_nothing_but_lines_costs_no_more_than_its_length() -> None:
    raw = b"Return-Path: <>\r\nSubject: Undelivered Mail\r\n\r\n"
    for lines in (b"\n" * 300_000, b"> \n" * 100_000):
        found = opened(raw + lines)
        assert calls(partial(machines.delivery_status, *found)) < PER_CHARACTER * len(lines)


def test_the_report_of_dragonfly_mail_agent_names_address_and_mail() -> None:
    assert found("bounce-dragonfly") == DeliveryStatus(
        action="failed",
        recipients=("nuria@example.org",),
        about=("<oac.55@castellbisbal.cat>",),
        status="5.1.1",
        said="550 5.1.1 <nuria@example.org>: Recipient address rejected",
    )


def test_a_postmaster_is_one_however_the_name_is_written() -> None:
    assert found("bounce-post-master") == DeliveryStatus(
        action="failed", recipients=("nuria@example.org",), status="5.1.1", said="550 5.1.1 User unknown"
    )
