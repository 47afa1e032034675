"""An enemy: put any bytes into a mail, and any mail into the mailbox by SMTP.

Our exchanger writes on top of it what it always writes; everything below is the enemy's. `oacmail` asks the command
line of a town as its admin would.
"""

from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from click.testing import CliRunner, Result

from oacmail import cli
from testbed.messages import arrived, as_bytes
from testbed.office import as_toml
from tests.world import OFFICE, World

EVIL = "mallory@evil.example"
QUESTION = "Bon dia, com puc demanar hora per al padró?"
Fields = Iterable[tuple[str, str | bytes]]


def message(world: World, fields: Fields = (), text: str | bytes = QUESTION) -> bytes:
    """A message whose fields take the place of the usual ones, repeated where `fields` repeats them.

    A value of "" leaves the field out; what is given goes out byte by byte, line breaks too.
    """
    usual = {
        "From": f"Mallory <{EVIL}>",
        "To": OFFICE,
        "Subject": "Hora per al padró",
        "Date": format_datetime(world.clock.now()),
        "Message-ID": f"<{len(world.mailbox.raws('INBOX'))}.mallory@evil.example>",
    }
    given = [(name, value if isinstance(value, bytes) else value.encode()) for name, value in fields]
    names = {name.lower() for name, _ in given}
    whole = [(name, value.encode()) for name, value in usual.items() if name.lower() not in names] + given
    head = b"".join(b"%s: %s\r\n" % (name.encode(), value) for name, value in whole if value)
    return head + b"\r\n" + (text if isinstance(text, bytes) else text.encode()) + b"\r\n"


def slip_in(
    world: World,
    raw: bytes,
    *,
    sender: str = EVIL,
    recipient: str = OFFICE,
    verdict: str = "",
    folder: str = "INBOX",
    at: datetime | None = None,
) -> int:
    """By SMTP, through our exchanger, with whatever it says of DMARC (`verdict`)."""
    return world.mailbox.append(
        folder, arrived(raw, sender, recipient, world.clock.true(), verdict), at or world.clock.now()
    )


def smuggle(world: World, raw: bytes, **more: Any) -> None:
    """`slip_in`, and a turn."""
    slip_in(world, raw, **more)
    world.turn()


def altered(mail: EmailMessage, **fields: str | None) -> bytes:
    """The bytes of a mail of ours with other values in its fields (`x_oacmail="…"`); None takes one out."""
    for name, value in fields.items():
        del mail[name.replace("_", "-")]
        if value is not None:
            mail[name.replace("_", "-")] = value
    return as_bytes(mail)


def outcomes(world: World, folder: str = "INBOX") -> list[str]:
    """The end of each message that came there, in the order of arrival; our own copies left out."""
    rows = world.rows("SELECT outcome FROM sightings WHERE folder = ? AND outcome IS NOT 'ours' ORDER BY uid", folder)
    return [row["outcome"] for row in rows]


def mails_out(world: World) -> list[EmailMessage]:
    """Everything that anybody received from us."""
    return [mail for box in world.relay.inboxes.values() for mail in box]


def everything_said(mail: EmailMessage) -> str:
    """All that a mail of ours shows or carries: fields and decoded parts, those of an attached message too."""
    said = [f"{name}: {value}" for part in mail.walk() for name, value in part.items()]
    for part in mail.walk():
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            said.append(data.decode("utf-8", "replace"))
    return "\n".join(said)


def oacmail(world: World, *words: str) -> Result:
    """A verb of the command line, in this process, on the town's own configuration and state."""
    path = world.root / "config.toml"
    path.write_text(as_toml(world.sections), "utf-8")
    return CliRunner().invoke(cli.oacmail, ["--config", str(path), *words])
