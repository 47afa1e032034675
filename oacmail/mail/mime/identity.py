"""What a message is recognised by in any mailbox: servers and copying tools keep Message-ID, Date and From, and change
size, UID, INTERNALDATE and other fields.

This module reads no body and decides nothing.
"""

import hashlib

from oacmail.mail.mime import addresses, dates, message_ids, normalize
from oacmail.mail.mime.fields import Fields

LONGEST = 20_000  # octets of the fields


def identity(fields: bytes) -> str:
    """Return the hex sha256 of Message-ID (else the address in From) and the instant in Date; '' if either is missing.

    `fields`: these three fields, or the whole head. Other people's mail under the same Message-ID has another Date.
    """
    read = Fields.from_pairs(normalize.pairs(normalize.tidy(fields[:LONGEST].rstrip() + b"\n\n")))
    name = message_ids.message_id(read) or addresses.sender(read)[0]
    sent_at = dates.sent_at(read.first("date"))
    if not name or sent_at is None:
        return ""
    return hashlib.sha256(f"{name} {sent_at.isoformat()}".encode("utf-8", "surrogateescape")).hexdigest()
