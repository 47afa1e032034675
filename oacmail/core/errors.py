"""The errors of the house, and the one question asked of each: may it pass by itself?

Adapters translate foreign exceptions into these exactly once. What is not proven permanent is temporary.
Messages carry codes, classes and places, never a citizen's words or address.
"""


class OacmailError(Exception):
    """Base of all errors that we raise on purpose."""


class Transient(OacmailError):
    """It may work later: the network, a lock, a busy server. Wait and try again; nothing was lost.

    `at_least`: seconds before the next try; 0 = the caller's own back-off, which begins at once.
    """

    at_least: float = 0.0


LOGIN_PAUSE = 60.0  # fail2ban's usual jails ban an address after 5 refused logins within 10 minutes


class UnreadableMessage(Transient):
    """The server is well and the message `uid` is there, but it cannot be read, not even alone."""

    def __init__(self, uid: int) -> None:
        super().__init__(f"IMAP FETCH: UID {uid} cannot be read")
        self.uid = uid


class FolderUnreadable(Transient):
    """The mailbox is well and the office's own folders were read; another watched folder could not be opened."""


class StateError(Transient):
    """The database cannot be used for now: another program holds it locked, or its disk is full. No server is to
    blame, and nobody can be told by mail."""


class RelayError(Transient):
    """The relay itself is unwell or away: refused before RCPT, no line, no login. No mail is to blame."""


class Uncertain(OacmailError):
    """The message was handed over and no answer came: the relay may or may not have taken it."""


class Permanent(OacmailError):
    """This one mail was refused for good by an explicit answer (5xx after RCPT or DATA).

    `code` is the SMTP reply code, `status` the enhanced status code (RFC 3463) or ''.
    """

    def __init__(self, where: str, code: int, status: str = "") -> None:
        super().__init__(f"{where}: {code} {status}".strip())
        self.where, self.code, self.status = where, code, status


class Fatal(OacmailError):
    """The process cannot go on and must end: a damaged database, another daemon on the same state."""


class ConfigError(OacmailError):
    """The configuration is wrong. `findings` are complete lines `path: what is wrong: what to do`; exit 78."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings
