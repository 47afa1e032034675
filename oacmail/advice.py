"""What an admin does: about each warning and error of the log, and about what a server answers.

It decides nothing. ADVICE has one sentence an event, which stands in the line as `do`; events below a warning need
nothing. `meaning` explains an error of a server by the codes and class names of which our adapters and their libraries
make its text.
"""

import re
from collections.abc import Mapping

_NOTHING = "nothing: it is tried again by itself"
_STATUS = "see `oacmail status`"
_BY_CAUSE = "{do}"  # the remedy of the error that the line has
ADVICE: Mapping[str, str] = {
    "imap.down": _BY_CAUSE,
    "imap.still-down": _BY_CAUSE,
    "smtp.down": f"mail waits: {_BY_CAUSE}",
    "smtp.still-down": f"mail waits: {_BY_CAUSE}",
    "state.down": "look at the disk and at /var/lib/oacmail: space, owner, another program on the database",
    "stop.unrecorded": "nothing: the next start counts it as a crash",
    "reload.refused": "correct the configuration (`oacmail check`), then reload; the old one is in force",
    "reload.unrecorded": "look at the disk, then reload again",
    "loop.died": "systemd restarts the service; report this line",
    "tick.failed": f"{_STATUS}: it names the item, which is tried again every hour; report this line",
    "tick.batch-failed": "nothing: the items are tried one by one; report this line",
    "night.postponed": _NOTHING,
    "folder.new-epoch": "nothing: the folder was restored or renumbered, and is read again",
    "numbers.continued": "the database was lost: stop the service, then restore or rebuild it: `oacmail status`",
    "folder.unread": "check the permissions of the folder: `oacmail check --online`",
    "message.unreadable": "`oacmail quarantine list`",
    "message.failed": "`oacmail quarantine list`; report this line",
    "message.unfiled": "check the permissions of the folder of sent mail: `oacmail check --online`",
    "ledger.not-copied": "check the quota of the mailbox and the permissions of `imap.ledger`",
    "draft.unwritten": "check the permissions of the folder of drafts: `oacmail check --online`",
    "board.unplaced": "check the permissions of the board's folders: `oacmail check --online`",
    "board.moves-wait": "`oacmail board waiting`, then `oacmail board confirm` or `oacmail board undo`",
    "board.move-failed": "nothing: the message stays where it is; report this line",
    "template.broken": "`oacmail check` says where; the shipped template is used",
    "original.unfit": "nothing: the notice goes without the original; report this line",
    "canary.down": "look for the test mail in the relay's log and in junk: `oacmail check --online`",
    "canary.up": "nothing: a test mail is back",
    "oauth.down": "mail waits: write a new secret into its file, or `oacmail login`; see `oacmail status`",
    "oauth.up": "nothing: there is a token again",
    "oauth.not-renewed": "nothing if it ends soon; else `oacmail login`",
    "problem.degraded": f"{_STATUS}: it says what to do",
    "problem.recovered": "nothing: the problem has ended",
    "reader.gone": "nothing: messages are parsed by the service itself",
    "reader.failed": "nothing: messages are parsed by the service itself",
    "report.in-process": "nothing: the report is computed by the service itself",
    "report.no-charts": "nothing: the report is sent without charts; `reason` says why",
    "rebuild.message-failed": "look at this message in the mailbox; report this line",
    "library": "nothing, unless it comes again and again: report this line",
}

RENEW = "correct {server}.user, or renew the password in its file (no restart is needed)"

_UNTRUSTED = r"^(?:IMAP|SMTP) \w+: SSLCertVerificationError"
# (pattern of the error, meaning, remedy): the first match counts; {server} is imap or smtp. A pattern says where its
# words stand: the rest of an error may have any word, as the name in a certificate.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (r"^oauth\.secret_file: ", "no token was asked for, because there is no secret", "fix that first"),
    (
        r"^OAuth: .*\bAADSTS7000222\b",
        "the application's secret has ended",
        "make a new one in the Entra admin centre and write its value into the secret's file (no restart is needed)",
    ),
    (
        r"^OAuth: invalid_client\b",
        "the provider refuses the application's secret",
        "write the secret's value (not its ID) into the file of the secret (no restart is needed)",
    ),
    (r"^OAuth: invalid_tenant\b", "the provider does not know the tenant", "correct oauth.tenant"),
    (
        r"^OAuth: unauthorized_client\b",
        "the provider does not know the application, or it lacks its rights",
        "correct oauth.client_id, then follow docs/provider.md again",
    ),
    (r"^OAuth: invalid_grant\b", "the grant was revoked, or has ended", "run `oacmail login` (no restart is needed)"),
    ("^OAuth: nobody has signed in", "nobody has signed in", "run `oacmail login`"),
    (
        "^OAuth: the file of the secret ",
        "the file of the secret is not the right one",
        "copy the JSON file of the console again",
    ),
    ("^OAuth: the provider ", "the provider gives no token at present", "wait; else open HTTPS to it in the firewall"),
    ("^OAuth: ", "the provider gives no token", "run `oacmail login`, and see docs/provider.md"),
    (
        " with a token$",
        "the server refuses the token",
        "let the application open the mailbox, with IMAP and SMTP AUTH on: docs/provider.md; this may take half "
        "an hour",
    ),
    (
        "^IMAP [^:]+: throttled$",
        "the provider limits how much is read from the mailbox",
        "wait: look for other programs that read it",
    ),
    (
        "^IMAP [^:]+: bandwidth limit$",
        "the provider's limit of what is read from the mailbox in a day is reached",
        "wait, up to a day: look for other programs that read it",
    ),
    (
        "^IMAP [^:]+: too many connections$",
        "too many programs have the mailbox open",
        "close mail programs that are not needed: Gmail allows 15 connections to a mailbox",
    ),
    (
        r"^SMTP \w+: \d.* limit of a day$",
        "the provider's limit of mails in a day is reached",
        "wait: mail goes on by itself; look for others who send much from this mailbox",
    ),
    (
        r"^SMTP \w+: \d.* limit of a minute$",
        "the provider's limit of mails in a minute is reached again and again",
        "wait: mail goes on by itself; lower smtp.per_minute, or look for others who send from this mailbox",
    ),
    (
        r"^SMTP \w+: \d{3} 5\.1\.8\b",
        "the provider has blocked the sender",
        "unblock it at security.microsoft.com, Restricted entities",
    ),
    (
        r"^SMTP \w+: \d{3} (?:5\.7\.60|5\.2\.252)\b",
        "this login may not send as the office",
        "let {server}.user send as office.address, or make them equal",
    ),
    (r"^(?:imap|smtp)\.password_file: ", "no login was tried, because there is no password", "fix that first"),
    (
        r"^IMAP \w+: LoginError \[(?:UNAVAILABLE|LIMIT|INUSE|SERVERBUG)\]$",
        "it takes no login at present",
        "wait: it is tried again by itself; else ask the mail server's admin",
    ),
    (
        r"^IMAP \w+: (?:LoginError\b|\w+ \[AUTHENTICATIONFAILED\]$)|^SMTP AUTH: 5|^SMTP \w+: 53[0458]\b",
        "the login is refused",
        RENEW,
    ),
    (
        f"{_UNTRUSTED} (?:Hostname|IP address) mismatch, ",
        "its certificate is for another name",
        "set {server}.host to the name in the certificate",
    ),
    (f"{_UNTRUSTED} certificate has expired$", "its certificate has expired", "ask the server's admin for a new one"),
    (
        f"{_UNTRUSTED} certificate is not yet valid$",
        "its certificate is not valid yet",
        "compare the clock of this machine with the server's",
    ),
    (
        f"{_UNTRUSTED} (?:CA cert does not include key usage|Basic Constraints of CA cert not marked|invalid CA cert|"
        "key usage does not include certificate signing|Path length given without key usage)",
        "its authority's certificate lacks what RFC 5280 demands",
        "make that certificate again with keyUsage = critical, keyCertSign, cRLSign and basicConstraints = critical, "
        "CA:TRUE, and put it into {server}.ca_file",
    ),
    (
        f"{_UNTRUSTED} Missing (?:Authority|Subject) Key Identifier$",
        "its certificate lacks what RFC 5280 demands",
        "have it issued again with subjectKeyIdentifier and authorityKeyIdentifier",
    ),
    (
        r"^(?:IMAP|SMTP) \w+: FileNotFoundError\b",
        "the file of its authority is not there",
        "correct {server}.ca_file, or put the file there",
    ),
    (
        r": SSLError NO_CERTIFICATE",
        "the file of its authority holds no certificate",
        "put its PEM text into {server}.ca_file",
    ),
    (_UNTRUSTED, "its certificate is not trusted", "name its authority in {server}.ca_file"),
    (r"^(?:IMAP|SMTP) \w+: gaierror\b", "its name cannot be resolved", "correct {server}.host, or fix the DNS"),
    (
        r"^(?:IMAP|SMTP) \w+: SSLError\b",
        "the TLS handshake fails",
        "make {server}.port and {server}.security match: docs/config.md",
    ),
    ("^IMAP FETCH: no message can be read$", "it delivers no message", "ask the mail server's admin"),
    (r"^SMTP MAIL: 4\d\d\b", "it accepts no mail at present", "ask the relay's admin"),
    (
        r"^SMTP MAIL: (?:5\d\d\b|the relay does not accept our own address)",
        "it refuses mail from us",
        "ask the relay's admin",
    ),
    ("^IMAP SELECT: UIDVALIDITY ", "a folder has just been made again", "run the command again"),
    (r"^IMAP [^:]+: error\b", "it refuses a command", "see the mail server's log, and the permissions of its folders"),
    (
        r"^SMTP (?:RCPT|DATA): ",
        "it ends the connection at recipients that it should take or refuse",
        "ask the relay's admin; `oacmail outbox list` names them",
    ),
    ("", "it cannot be reached", "check {server}.host, port, security and the firewall"),
)

_SERVERS = {"IMAP ": "imap", "SMTP ": "smtp", "OAuth: ": "oauth"}  # how the error of each begins


def advice(event: str, error: str) -> str:
    """What to do about an event of the log with this error; '' where nothing is to be said."""
    return ADVICE.get(event, "").replace(_BY_CAUSE, meaning(event.partition(".")[0], error)[1])


def meaning(server: str, text: str) -> tuple[str, str]:
    """(meaning, remedy) of the error `text` of `server`, "imap" or "smtp"."""
    what, do = next((what, do) for pattern, what, do in _MEANINGS if re.search(pattern, text))
    return what, do.format(server=server)


def explained(text: str) -> str:
    """The error `text` as `where: meaning (text): remedy` if it is of a server; else as it is."""
    server = next((name for sign, name in _SERVERS.items() if text.startswith(sign)), "")
    if not server:
        return text
    what, do = meaning(server, text)
    return f"{server}: {what} ({text}): {do}"
