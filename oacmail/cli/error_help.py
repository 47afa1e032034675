"""What an error of a server means to an admin, and what to do: by the codes and classes that it says of itself."""

RENEW = "correct {server}.user, or renew the password in its file (no restart is needed)"

# what it says, the first that fits; what that means; what to do, where {server} is imap or smtp
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (".password_file: ", "it was not tried, for want of a password", "mend that first"),
    ("AUTHENTICATIONFAILED", "the login is refused", RENEW),
    ("LoginError", "the login is refused", RENEW),
    ("SMTP AUTH: 5", "the login is refused", RENEW),
    (
        "mismatch",
        "its certificate bears another name",
        "write as {server}.host the name that stands in the certificate",
    ),
    ("expired", "its certificate has expired", "ask whoever runs the server for a new one"),
    ("CertVerif", "its certificate is not believed", "name the authority in {server}.ca_file"),
    ("gaierror", "its name is not known", "correct {server}.host, or mend the DNS"),
    ("SSLError", "it speaks no TLS of that kind", "let {server}.port and {server}.security fit: docs/config.md"),
    ("no message can be read", "it gives out no message", "ask whoever runs the mail server"),
    ("SMTP MAIL: 4", "it takes no mail for now", "ask whoever runs the relay"),
    ("SMTP MAIL: 5", "it refuses mail from us", "ask whoever runs the relay"),
    ("", "it cannot be reached", "check {server}.host, port, security and the firewall"),
)


def meaning(server: str, text: str) -> tuple[str, str]:
    """(what it means, what to do) of an error of `server`, "imap" or "smtp"."""
    what, do = next((what, do) for sign, what, do in _MEANINGS if sign in text)
    return what, do.format(server=server)
