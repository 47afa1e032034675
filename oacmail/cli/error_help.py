"""Explain a server error to an admin: what it means and what to do, by the codes and class names in its text."""

RENEW = "correct {server}.user, or renew the password in its file (no restart is needed)"

# (text in the error, meaning, remedy): the first match counts; {server} is imap or smtp
_MEANINGS: tuple[tuple[str, str, str], ...] = (
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
    ("", "it cannot be reached", "check {server}.host, port, security and the firewall"),
)


def meaning(server: str, text: str) -> tuple[str, str]:
    """(meaning, remedy) of the error `text` of `server`, "imap" or "smtp"."""
    what, do = next((what, do) for sign, what, do in _MEANINGS if sign in text)
    return what, do.format(server=server)
