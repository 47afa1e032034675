"""What the tests of the transport begin with: a mail, a transport without TLS, and what is done before DATA."""

from oacmail.core.ports import Outgoing
from oacmail.smtp import SmtpSettings, SmtpTransport
from tests.servers.ports import HOST

MIME = b"From: oac@castellbisbal.cat\r\nMessage-ID: <1@x>\r\nSubject: Hola\r\n\r\nBon dia\r\n.\r\n.punt\r\n"


def mail_to(to: str = "anna@example.cat", copy: str = "oac@castellbisbal.cat", mime: bytes = MIME) -> Outgoing:
    return Outgoing(key="ack:1", envelope_from="", recipient=to, copy_to=copy, mime=mime)


def transport_to(port: int, **more: float) -> SmtpTransport:
    return SmtpTransport(SmtpSettings(host=HOST, port=port, security="none", **more))  # type: ignore[arg-type]


def nothing(_: bool) -> None:
    """A `before_data` that has nothing to do."""


def never(_: bool) -> None:
    raise AssertionError("before_data must not be called")
