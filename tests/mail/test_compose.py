"""A mail of ours, read back with the email package of the Python that runs and of the other ones we support."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MultipartInvariantViolationDefect
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from oacmail.words.compose import Heading, clean, compose, references, seven_bit

OUTLOOK = "<AM0PR04MB4883A1B2C3D4E5F60718293A4B5C6D7E8F9@AM0PR04MB4883.eurprd04.prod.outlook.com>"
HEADING = Heading(
    office="OAC 360",
    sender="oac360@castellbisbal.example",
    recipient="anna@example.org",
    subject="[OAC-2026-000123-K7Q] Hem rebut la vostra consulta",
    message_id="<0f1e2d3c4b5a69788796a5b4c3d2e1f0@castellbisbal.example>",
    sent_at=datetime(2026, 11, 30, 8, 0, 1, 500000, tzinfo=UTC),
    automatic="auto-replied",
    kind="ack",
    signature="v=1; i=oac-castellbisbal; k=ack:" + "0a" * 32 + "; c=OAC-2026-000123; l=" + "0a" * 32 + "; s=00ff",
    language="ca",
    case="OAC-2026-000123",
    in_reply_to=OUTLOOK,
    refs=("<first@example.org>", OUTLOOK),
)
TEXT = "Bon dia,\n\nL'hem registrat: «col·legi», 900 772 772.\n.\nFrom ací\n" + "molt llarg " * 200
HTML = "<p>Bon dia</p>"


def read(mime: bytes) -> EmailMessage:
    parsed = message_from_bytes(mime, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def parts(mime: bytes) -> list[EmailMessage]:
    return [part for part in read(mime).walk() if isinstance(part, EmailMessage)]


def inside(mime: bytes) -> tuple[EmailMessage, EmailMessage]:
    """The mail itself, and what is attached to it."""
    top = read(mime)
    _, attached = top.iter_parts()
    assert isinstance(attached, EmailMessage)
    return top, attached


def wire_is_sound(mime: bytes) -> bool:
    lines = mime.split(b"\r\n")
    return b"\r" not in mime.replace(b"\r\n", b"") and not any(b"\n" in line or len(line) > 998 for line in lines)


def test_the_header_says_who_what_and_why() -> None:
    parsed = read(compose(HEADING, TEXT, HTML))
    assert {name: str(value) for name, value in parsed.items() if not name.startswith("Content-")} == {
        "Date": "Mon, 30 Nov 2026 08:00:01 +0000",
        "From": "OAC 360 <oac360@castellbisbal.example>",
        "To": "anna@example.org",
        "Subject": HEADING.subject,
        "Message-ID": HEADING.message_id,
        "In-Reply-To": OUTLOOK,
        "References": f"<first@example.org> {OUTLOOK}",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Oacmail": HEADING.signature,
        "X-Oacmail-Case": "OAC-2026-000123",
        "X-Oacmail-Kind": "ack",
        "MIME-Version": "1.0",
    }
    assert parsed["Content-Language"] == "ca"


def test_text_and_html_come_back_as_they_were_written() -> None:
    mime = compose(HEADING, TEXT, HTML)
    kinds = [part.get_content_type() for part in parts(mime)]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert parts(mime)[1].get_content().replace("\r\n", "\n").rstrip("\n") == TEXT
    assert parts(mime)[2].get_content().rstrip("\r\n") == HTML
    assert mime.isascii()
    assert wire_is_sound(mime)
    assert all(len(line) <= 78 for line in mime.split(b"\r\n") if OUTLOOK.encode() not in line)


def test_the_same_values_make_the_same_bytes() -> None:
    assert compose(HEADING, TEXT, HTML, b"From: a@b\n\nhi") == compose(HEADING, TEXT, HTML, b"From: a@b\n\nhi")


@pytest.mark.parametrize(
    ("original", "encoding"),
    [(b"From: a@example.org\r\nSubject: x\r\n\r\nHola\r\n", "7bit"), ("Subject: à\n\nadéu\n".encode(), "8bit")],
)
def test_an_original_goes_along_as_a_message(original: bytes, encoding: str) -> None:
    mime = compose(HEADING, TEXT, HTML, original)
    top, message = inside(mime)
    assert top.get_content_type() == "multipart/mixed"
    assert top["Content-Transfer-Encoding"] == encoding
    assert message.get_content_type() == "message/rfc822"
    assert message["Content-Transfer-Encoding"] == encoding
    assert original.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") in mime
    assert wire_is_sound(mime)


@pytest.mark.parametrize("original", [b"a: b\n\n" + b"x" * 999, b"a: b\n\nlone\rreturn", b"a: b\n\n\0"])
def test_an_original_that_cannot_travel_as_it_is_goes_as_base64(original: bytes) -> None:
    mime = compose(HEADING, TEXT, HTML, original)
    attached = parts(mime)[-1]
    assert attached.get_content_type() == "application/octet-stream"
    assert attached.get_filename() == "original.eml"
    assert attached.get_content() == original
    assert wire_is_sound(mime)


def test_an_original_that_holds_our_own_boundary_is_no_end() -> None:
    escalation = compose(HEADING, TEXT, HTML, b"a: b\n\ninner")
    nested = compose(HEADING, TEXT, HTML, escalation)
    assert inside(nested)[1].get_content_type() == "message/rfc822"
    assert escalation in nested


ADDRESSES = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,60}\.example", fullmatch=True)
IDS = st.from_regex(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,120}@[a-z0-9.-]{1,40}>", fullmatch=True)


def said(mime: bytes) -> dict[str, object]:
    """Every field as the email package reads it: unfolded, and decoded where it may hold encoded words."""
    parsed = BytesHeaderParser().parsebytes(mime)
    wrong = [defect for defect in parsed.defects if not isinstance(defect, MultipartInvariantViolationDefect)]
    assert not wrong  # the other one Python 3.11.2 finds in every header whose body is not read with it
    assert len(parsed.keys()) == len(set(parsed.keys()))
    read = {name: str(value).replace("\r\n", "").replace("\n", "") for name, value in parsed.items()}
    return read | {
        "Date": parsedate_to_datetime(read["Date"]),
        "From": [(str(make_header(decode_header(name))), address) for name, address in getaddresses([read["From"]])],
        "To": getaddresses([read["To"]]),
        "Subject": str(make_header(decode_header(read["Subject"]))),
        **dict.fromkeys(("MIME-Version", "Content-Type", "Content-Transfer-Encoding"), ""),
    }


@given(st.binary(max_size=300), st.text(max_size=300), st.text(max_size=300), ADDRESSES, st.lists(IDS, max_size=14))
def test_whatever_is_sent_is_sound_on_the_wire_and_reads_back(
    original: bytes, text: str, office: str, recipient: str, ids: list[str]
) -> None:
    answered = ids[0] if ids else ""
    heading = replace(
        HEADING,
        subject=f"x{text}",
        office=office,
        recipient=recipient,
        in_reply_to=answered,
        refs=tuple(ids),
        language="ca, es",
    )
    mime = compose(heading, text, text, original)
    assert wire_is_sound(mime)
    assert said(mime) == {
        "Date": HEADING.sent_at.replace(microsecond=0),
        "From": [(clean(office), HEADING.sender)],
        "To": [("", recipient)],
        "Subject": clean(f"x{text}"),
        "Message-ID": HEADING.message_id,
        **({"In-Reply-To": answered, "References": " ".join(references(answered, ids))} if ids else {}),
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Oacmail": HEADING.signature,
        "X-Oacmail-Case": HEADING.case,
        "X-Oacmail-Kind": "ack",
        "Content-Language": "ca, es",
        **dict.fromkeys(("MIME-Version", "Content-Type", "Content-Transfer-Encoding"), ""),
    }
    assert inside(mime)[1].get_content_type() in {"message/rfc822", "application/octet-stream"}


@pytest.mark.parametrize(
    "change", [{"recipient": "a b"}, {"message_id": "none"}, {"signature": "ç"}, {"subject": " \r\n "}]
)
def test_a_heading_that_cannot_be_written_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        compose(replace(HEADING, **change), TEXT, HTML)


def test_every_python_writes_the_same_bytes_and_leaves_long_ids_alone(snapshot: SnapshotAssertion) -> None:
    """The suite runs under each of them."""
    written = compose(HEADING, "Bon dia", "<p>Bon dia</p>")
    assert f"\r\nIn-Reply-To: {OUTLOOK}\r\n".encode() in written
    assert written.decode("ascii").split("\r\n") == snapshot


def test_each_of_several_originals_is_made_seven_bit() -> None:
    originals = (
        "Subject: à\r\n\r\nprimer\r\n".encode(),
        b"Subject: b\r\n\r\nsegon\r\n",
        "X: ü\r\n\r\ntercer\r\n".encode(),
    )
    mime = seven_bit(compose(HEADING, TEXT, HTML, *originals))
    assert mime.isascii()
    first, second, third = read(mime).iter_attachments()
    assert first.get_payload(decode=True) == originals[0]
    assert second.get_content_type() == "message/rfc822"
    assert third.get_payload(decode=True) == originals[2]
