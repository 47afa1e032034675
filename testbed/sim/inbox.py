"""What one person received, oldest first. A mail is parsed when somebody looks at it: most are never looked at."""

import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import overload

_KIND = re.compile(rb"^X-Oacmail-Kind: *([^\r\n]*)", re.MULTILINE)


class Inbox(Sequence[EmailMessage]):
    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._mails: list[bytes | EmailMessage] = []

    def add(self, mime: bytes) -> None:
        found = _KIND.search(mime.partition(b"\r\n\r\n")[0])
        self._kinds.append(found[1].decode() if found else "")
        self._mails.append(mime)

    def last(self, kind: str, most: int = 1) -> list[EmailMessage]:
        """The last mails of this kind of ours, at most so many."""
        places = [place for place, one in enumerate(self._kinds) if one == kind][-most:]
        return [self._read(place) for place in places]

    def __len__(self) -> int:
        return len(self._mails)

    @overload
    def __getitem__(self, index: int) -> EmailMessage: ...
    @overload
    def __getitem__(self, index: slice) -> list[EmailMessage]: ...
    def __getitem__(self, index: int | slice) -> EmailMessage | list[EmailMessage]:
        if isinstance(index, slice):
            return [self._read(place) for place in range(len(self._mails))[index]]
        return self._read(range(len(self._mails))[index])

    def _read(self, place: int) -> EmailMessage:
        mail = self._mails[place]
        if isinstance(mail, bytes):
            parsed = message_from_bytes(mail, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self._mails[place] = mail = parsed
        return mail
