"""Explain a server error to an admin: what it means and what to do, by the codes and class names in its text."""

RENEW = "correct {server}.user, or renew the password in its file (no restart is needed)"

# (text in the error, meaning, remedy): the first match counts; {server} is imap or smtp
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    ("oauth.secret_file: ", "no token was asked for, because there is no secret", "fix that first"),
    (
        "AADSTS7000222",
        "the application's secret has ended",
        "make a new one in the Entra admin centre and write its value into the secret's file (no restart is needed)",
    ),
    (
        "OAuth: invalid_client",
        "the provider refuses the application's secret",
        "write the secret's value (not its ID) into the file of the secret (no restart is needed)",
    ),
    ("OAuth: invalid_tenant", "the provider does not know the tenant", "correct oauth.tenant"),
    (
        "OAuth: unauthorized_client",
        "the provider does not know the application, or it lacks its rights",
        "correct oauth.client_id, then follow docs/admin.md section 3 again",
    ),
    ("OAuth: invalid_grant", "the grant was revoked, or has ended", "run `oacmail login` (no restart is needed)"),
    ("OAuth: nobody", "nobody has signed in", "run `oacmail login`"),
    ("OAuth: the file", "the file of the secret is not the right one", "copy the JSON file of the console again"),
    ("OAuth: the provider", "the provider gives no token at present", "wait; else open HTTPS to it in the firewall"),
    ("OAuth: ", "the provider gives no token", "run `oacmail login`, and see docs/admin.md section 3"),
    (
        " with a token",
        "the server refuses the token",
        "let the application open the mailbox, with IMAP and SMTP AUTH on: docs/admin.md section 3; this may take half "
        "an hour",
    ),
    (
        ": throttled",
        "the provider limits how much is read from the mailbox",
        "wait: look for other programs that read it",
    ),
    (
        ": bandwidth limit",
        "the provider's limit of what is read from the mailbox in a day is reached",
        "wait, up to a day: look for other programs that read it",
    ),
    (
        ": too many connections",
        "too many programs have the mailbox open",
        "close mail programs that are not needed: Gmail allows 15 connections to a mailbox",
    ),
    (
        " limit of a day",
        "the provider's limit of mails in a day is reached",
        "wait: mail goes on by itself; look for others who send much from this mailbox",
    ),
    (
        " limit of a minute",
        "the provider's limit of mails in a minute is reached again and again",
        "wait: mail goes on by itself; lower smtp.per_minute, or look for others who send from this mailbox",
    ),
    (" 5.1.8", "the provider has blocked the sender", "unblock it at security.microsoft.com, Restricted entities"),
    *(
        (code, "this login may not send as the office", "let {server}.user send as office.address, or make them equal")
        for code in (" 5.7.60", " 5.2.252")
    ),
    (".password_file: ", "no login was tried, because there is no password", "fix that first"),
    ("AUTHENTICATIONFAILED", "the login is refused", RENEW),
    ("LoginError", "the login is refused", RENEW),
    ("SMTP AUTH: 5", "the login is refused", RENEW),
    (
        "mismatch",
        "its certificate is for another name",
        "set {server}.host to the name in the certificate",
    ),
    ("expired", "its certificate has expired", "ask the server's admin for a new one"),
    ("CertVerif", "its certificate is not trusted", "name its authority in {server}.ca_file"),
    ("gaierror", "its name cannot be resolved", "correct {server}.host, or fix the DNS"),
    ("SSLError", "the TLS handshake fails", "make {server}.port and {server}.security match: docs/config.md"),
    ("no message can be read", "it delivers no message", "ask the mail server's admin"),
    ("SMTP MAIL: 4", "it accepts no mail at present", "ask the relay's admin"),
    ("SMTP MAIL: 5", "it refuses mail from us", "ask the relay's admin"),
    ("IMAP SELECT: UIDVALIDITY", "a folder has just been made again", "run the command again"),
    (": error", "it refuses a command", "see the mail server's log, and the permissions of its folders"),
    ("", "it cannot be reached", "check {server}.host, port, security and the firewall"),
)

_SERVERS = {"IMAP ": "imap", "SMTP ": "smtp", "OAuth: ": "oauth"}  # how the error of each begins


def meaning(server: str, text: str) -> tuple[str, str]:
    """(meaning, remedy) of the error `text` of `server`, "imap" or "smtp"."""
    what, do = next((what, do) for sign, what, do in _MEANINGS if sign in text)
    return what, do.format(server=server)


def explained(text: str) -> str:
    """The error `text` as `where: meaning (text): remedy` if it is of a server; else as it is."""
    server = next((name for sign, name in _SERVERS.items() if text.startswith(sign)), "")
    if not server:
        return text
    what, do = meaning(server, text)
    return f"{server}: {what} ({text}): {do}"
