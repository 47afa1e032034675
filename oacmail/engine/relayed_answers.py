"""From an agent's bytes to the mail that goes to the person: what it would say, and its final form.

It reads the agent's message a second time, since only mail to an answer address needs this. It decides nothing.
"""

import re
from collections.abc import Callable
from datetime import datetime

from oacmail.core.effects import Send
from oacmail.core.lookup import files
from oacmail.core.model import AnswerText
from oacmail.core.policy import Office
from oacmail.core.ports.renderer import FrozenMail
from oacmail.mail.outgoing import answer_mail, answer_parts
from oacmail.mail.outgoing.compose import Heading, verify
from oacmail.mail.outgoing.headers import bare_address
from oacmail.mail.parse import parse

_IMAGE = re.compile(r"<img\b", re.IGNORECASE)


def answer_text(raw: bytes) -> AnswerText:
    answer = answer_parts.read(raw)
    shows = bool(answer.files) or bool(_IMAGE.search(answer.html))
    attaches = any(not file.place for file in answer.files)
    return AnswerText(text=answer.text, reason=answer.reason, has_files=shows, attaches=attaches)


def relayed(
    office: Office, send: Send, raw: bytes, message_id: str, sign: Callable[[str], str], now: datetime
) -> FrozenMail:
    """The final mail. Its signature covers its text and the names of its files, as they are read back.

    Raises ValueError if the mail does not read back as it was written.
    """
    answer = answer_parts.read(raw)
    agent = parse(raw).sender
    mime = answer_mail.mail(_heading(office, send, message_id, "v=0", now), answer, agent)
    text = parse(mime)
    heading = _heading(office, send, message_id, sign(text.text + files(text)), now)
    mime = answer_mail.mail(heading, answer, agent)
    wrong = verify(mime, heading)
    if wrong:
        raise ValueError(f"a relayed answer: {wrong}")
    return FrozenMail(message_id=message_id, mime=mime, length=len(text.text))


def _heading(office: Office, send: Send, message_id: str, signature: str, now: datetime) -> Heading:
    return Heading(
        office=office.name,
        sender=office.address,
        recipient=bare_address(send.recipient),
        subject=answer_mail.subject(str(send.facts["subject"]), send.token),
        message_id=message_id,
        sent_at=now,
        automatic=send.automatic,
        kind=send.kind,
        signature=signature,
        language="",
        case=send.case or "",
        in_reply_to=send.in_reply_to,
        refs=send.refs,
    )
