"""The errors that the program raises on purpose. Each is temporary unless it is proven permanent.

Adapters translate foreign exceptions into these exactly once. Error texts carry codes, classes and places, never a
citizen's words or address.
"""

import re

_LONGEST = 160  # characters of another server's words: a line of an alert
# A name begins after a sign that is none of a name, so that a long word without "@" is read once.
_NAMED = re.compile(r"(?<![^\s<>()\[\]\"':;,=])[^\s<>()\[\]\"':;,=@]*(?:@|%40)[^\s<>()\[\]\"':;,]+", re.IGNORECASE)

_HOST_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")  # of a name of a host; that of a status code is before a digit


def quoted(text: str, recipient: str = "") -> str:
    """What another server said, fit for a log and an alert: one line, cut, without links, addresses and the name in
    `recipient`, by which servers mean a mailbox too."""
    name = recipient.rpartition("@")[0]
    masked = _HOST_DOT.sub("[.]", _NAMED.sub("…", text).replace("://", "[://]"))
    if name:
        masked = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", masked, flags=re.IGNORECASE)
    line = "".join(char if char.isprintable() else " " for char in masked)
    return " ".join(line.split())[:_LONGEST]


class OacmailError(Exception):
    """Base of all errors that we raise on purpose."""


class Transient(OacmailError):
    """A later attempt may succeed: the network, a lock, a busy server. Nothing was lost.

    `at_least`: seconds to wait before the next attempt; 0 = as the caller's back-off says. `named`: the server itself
    names them, so that they are kept each time. `problem`: the code of the problem that this error is a sign of; '' =
    that of the server which was asked.
    """

    at_least: float = 0.0
    named: bool = False
    problem: str = ""


LOGIN_PAUSE = 60.0  # fail2ban's usual jails ban an address after 5 refused logins within 10 minutes


class UnreadableMessage(Transient):
    """The server works and has the message `uid`, but does not deliver it, not even alone."""

    def __init__(self, uid: int) -> None:
        super().__init__(f"IMAP FETCH: UID {uid} cannot be read")
        self.uid = uid


class FolderUnreadable(Transient):
    """The server can be reached and shows the office's own folders; another folder cannot be opened."""


class StateError(Transient):
    """The database cannot be used at the moment: another program has locked it, or its disk is full. No server is at
    fault, and no mail can be queued."""


class RelayError(Transient):
    """The relay is unavailable: no connection, no login, or a refusal before RCPT. No mail is at fault."""


class LineEnded(Transient):
    """The relay had taken the sender, and closed the connection or fell silent at this mail's recipient or DATA. No
    byte of the mail was handed over; other mails leave on a new connection."""


class BudgetUnusable(Transient):
    """The budget that several towns share cannot be read or written at this moment."""


class Uncertain(OacmailError):
    """The mail was handed over and no reply came: the relay may or may not have accepted it."""


class Permanent(OacmailError):
    """The relay refused this mail permanently by an explicit reply (5xx after RCPT or DATA).

    `code` is the SMTP reply code, `status` the enhanced status code (RFC 3463) or '', `said` the rest of the reply as
    it stands: it may name people, and is no part of the error's text.
    """

    def __init__(self, where: str, code: int, status: str = "", said: str = "") -> None:
        super().__init__(f"{where}: {code} {status}".strip())
        self.where, self.code, self.status, self.said = where, code, status, said


class WrongUsage(OacmailError):
    """An argument is not what the command takes: exit 2. The text says what it takes."""


class NoDatabase(OacmailError):
    """The service has never run on this state directory, or its database is lost: nothing to show or to change, exit
    1."""


class Fatal(OacmailError):
    """The process must end: a damaged database, or another daemon on the same state directory."""


class Refused(OacmailError):
    """A command does not fit the case or the mail. The text gives the reason and a command that fits.

    `reason`: a short code for the transcript of an order by mail (templates/catalogue.toml, `refused`).
    """

    def __init__(self, text: str, reason: str = "not-now") -> None:
        super().__init__(text)
        self.reason = reason


class ConfigError(OacmailError):
    """The configuration is wrong. `findings` are complete lines `path: what is wrong: what to do`; exit 78."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings
