"""What an error of a server means: read of the words that our adapters and their libraries write, in their places."""

import pytest

from oacmail.advice import explained, meaning

_CERT = "SSLCertVerificationError"
MEANT = {
    # ssl: `verify_message` of OpenSSL 3, of a name that of Python
    f"IMAP SELECT: {_CERT} Hostname mismatch, certificate is not valid for 'imap.town.example'.": "for another name",
    f"SMTP MAIL: {_CERT} IP address mismatch, certificate is not valid for '192.0.2.7'.": "for another name",
    f"IMAP SELECT: {_CERT} Hostname mismatch, certificate is not valid for 'expired.town.example'.": "for another name",
    f"IMAP SELECT: {_CERT} certificate has expired": "certificate has expired",
    f"SMTP MAIL: {_CERT} certificate is not yet valid": "not valid yet",
    f"IMAP SELECT: {_CERT} CA cert does not include key usage extension": "its authority's certificate lacks",
    f"IMAP SELECT: {_CERT} Basic Constraints of CA cert not marked critical": "its authority's certificate lacks",
    f"SMTP MAIL: {_CERT} invalid CA certificate": "its authority's certificate lacks",
    f"IMAP SELECT: {_CERT} Missing Authority Key Identifier": "its certificate lacks",
    f"IMAP SELECT: {_CERT} Missing Subject Key Identifier": "its certificate lacks",
    f"IMAP SELECT: {_CERT} unable to get local issuer certificate": "is not trusted",
    f"SMTP MAIL: {_CERT} self-signed certificate in certificate chain": "is not trusted",
    # of which only a word is that of another error
    f"IMAP SELECT: {_CERT} authority and subject key identifier mismatch": "is not trusted",
    f"IMAP SELECT: {_CERT} subject issuer mismatch": "is not trusted",
    f"IMAP SELECT: {_CERT} CRL has expired": "is not trusted",
    f"IMAP SELECT: {_CERT} CA certificate key too weak": "is not trusted",
    f"IMAP SELECT: {_CERT} Key usage keyCertSign invalid for non-CA cert": "is not trusted",
    f"IMAP SELECT: {_CERT} Authority Key Identifier marked critical": "is not trusted",
    "SMTP MAIL: SSLError WRONG_VERSION_NUMBER": "the TLS handshake fails",
    "IMAP SELECT: SSLError NO_CERTIFICATE_OR_CRL_FOUND": "holds no certificate",
    "IMAP SELECT: FileNotFoundError ENOENT": "the file of its authority is not there",
    "IMAP SELECT: gaierror EAI_NONAME": "its name cannot be resolved",
    "IMAP SELECT: ConnectionRefusedError ECONNREFUSED": "it cannot be reached",
    # IMAP answers (RFC 5530)
    "IMAP SELECT: LoginError [AUTHENTICATIONFAILED]": "the login is refused",
    "IMAP SELECT: LoginError [EXPIRED]": "the login is refused",
    "IMAP SELECT: LoginError": "the login is refused",
    "IMAP SELECT: LoginError [UNAVAILABLE]": "takes no login at present",
    "IMAP SELECT: LoginError [AUTHENTICATIONFAILED] with a token": "refuses the token",
    "IMAP CREATE: error [NOPERM]": "refuses a command",
    "IMAP SELECT: throttled": "limits how much is read",
    "IMAP SELECT: too many connections": "too many programs",
    # SMTP replies
    "SMTP AUTH: 535": "the login is refused",
    "SMTP AUTH: 535 with a token": "refuses the token",
    "SMTP RCPT: 535 5.7.3": "the login is refused",
    "SMTP MAIL: 550 5.1.8": "blocked the sender",
    "SMTP DATA: 554 5.2.252": "may not send as the office",
    "SMTP MAIL: 550 5.1.80": "refuses mail from us",
    "SMTP MAIL: 451 4.7.1": "accepts no mail at present",
    "SMTP MAIL: the relay does not accept our own address in this form": "refuses mail from us",
    "SMTP DATA: 554 5.2.0 limit of a day": "limit of mails in a day",
    # OAuth (RFC 6749 section 5.2; RFC 8628 section 3.5; Microsoft's codes)
    "OAuth: invalid_client AADSTS7000222": "secret has ended",
    "OAuth: invalid_client AADSTS7000215": "refuses the application's secret",
    "OAuth: invalid_grant AADSTS50173": "the grant was revoked",
    "OAuth: expired_token": "gives no token",
    "OAuth: the provider cannot be reached (SSLError)": "no token at present",
    "OAuth: the provider cannot be reached (FileNotFoundError)": "no token at present",
    "OAuth: nobody has signed in": "nobody has signed in",
}


@pytest.mark.parametrize(("error", "said"), MEANT.items())
def test_an_error_means_what_its_words_say_in_their_place(error: str, said: str) -> None:
    what, do = meaning(error[:4].lower(), error)
    assert said in what
    assert do


def test_a_text_of_no_server_is_left_as_it_is() -> None:
    assert explained("the grant has expired: IMAP LoginError") == "the grant has expired: IMAP LoginError"
