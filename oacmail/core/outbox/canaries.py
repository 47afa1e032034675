"""When the next canary is sent, and that one has come back. It never decides what follows if it does not."""

from datetime import datetime, timedelta

from oacmail.core.canary import BACK, KEY, SENT, key_of, moment_of
from oacmail.core.effects import Effect, Remember, Send
from oacmail.core.model import Folder
from oacmail.core.outgoing import MailKind
from oacmail.core.policy import Policy
from oacmail.core.routing.signature import Signature
from oacmail.core.view import TickView


def canary(policy: Policy, tick: TickView, now: datetime) -> tuple[Effect, ...]:
    """The next one, `canary.every_minutes` after the last; while that one has not left, none: a relay that is back
    again would get them all at once. One that a clock far ahead has sent holds up no other."""
    last = tick.canary
    if last is None or last.waits:
        return ()
    if last.key and timedelta(0) <= now - moment_of(last.key) < policy.canary.every:
        return ()
    key = key_of(now)
    send = Send(
        key=key,
        kind=MailKind.PROBE,
        lang=policy.office.languages[0],
        recipient=policy.canary.send_to or policy.office.address,
        facts={"canary": True},
        release=now,
    )
    return (send, Remember(name=SENT, value=key))


def came_back(folder: Folder, signed: Signature) -> tuple[Effect, ...]:
    """A signed copy in INBOX: it has travelled. One in Sent or Junk may never have left, or is where nobody reads."""
    arrived = signed.key.startswith(KEY) and folder is Folder.INTAKE
    return (Remember(name=BACK + signed.key, value=signed.key),) if arrived else ()
