"""Mails as agents' programs write them: header fields, text and HTML, and how each quotes another mail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

from testbed.messages import message, text_of

Quote = Callable[[EmailMessage], str]


def _lines(mail: EmailMessage) -> str:
    return text_of(mail).strip()


def _html_lines(mail: EmailMessage) -> str:
    return escape(_lines(mail)).replace("\n", "<br>\n")


def _cited(mail: EmailMessage) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _lines(mail).split("\n"))


def _from(mail: EmailMessage) -> str:
    return str(mail["From"]).replace('"', "")


@dataclass(frozen=True, slots=True)
class MailProgram:
    """`quoted`, `quoted_html`: what it puts below a reply."""

    headers: Mapping[str, str]
    page: str
    quoted: Quote
    quoted_html: Quote

    def reply(self, sender: str, to: str, answered: EmailMessage, text: str) -> EmailMessage:
        """A reply in text and HTML, with its formatting (a bold word), above the quote."""
        body = f"{text}\n\n{self.quoted(answered)}\n"
        mail = message(sender, to, "", body, answers=answered, headers=self.headers)
        html = self.page.format(text=f"<b>{escape(text)}</b>", quote=self.quoted_html(answered))
        mail.add_alternative(html, subtype="html")
        return mail


def _outlook_head(mail: EmailMessage) -> str:
    return (
        f"De: {_from(mail)}\nEnviat: divendres, 27 de novembre de 2026 9:00\nPer a: Marta\nAssumpte: {mail['Subject']}"
    )


OUTLOOK = MailProgram(
    headers={"X-Mailer": "Microsoft Outlook 16.0", "Thread-Index": "AdpX", "X-Originating-IP": "[10.20.30.40]"},
    page='<html><head><meta name="Generator" content="Microsoft Word 15 (filtered medium)"></head><body lang="CA">'
    '<div class="WordSection1"><p class="MsoNormal">{text}<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
    "{quote}</div></body></html>",
    quoted=lambda mail: f"{'_' * 32}\n{_outlook_head(mail)}\n\n{_lines(mail)}",
    quoted_html=lambda mail: (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">'
        f"{escape(_outlook_head(mail)).replace(chr(10), '<br>')}</p></div></div><p>{_html_lines(mail)}</p>"
    ),
)
GMAIL = MailProgram(
    headers={"X-Gm-Message-State": "AOJu0Y"},
    page='<div dir="ltr">{text}</div><br>{quote}',
    quoted=lambda mail: f"Missatge de {_from(mail)} del dia dv., 27 de nov. 2026 a les 9:00:\n\n{_cited(mail)}",
    quoted_html=lambda mail: (
        f'<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Missatge de '
        f"{escape(_from(mail))} del dia dv., 27 de nov. 2026 a les 9:00:<br></div><blockquote class="
        f'"gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid">{_html_lines(mail)}</blockquote></div>'
    ),
)
APPLE = MailProgram(
    headers={"X-Mailer": "Apple Mail (2.3774.500.171.1.1)", "Mime-Version": "1.0 (Mac OS X Mail 16.0)"},
    page='<html><head></head><body style="overflow-wrap: break-word;">{text}<br id="lineBreakAtBeginningOfMessage">'
    "<div><br>{quote}</div></body></html>",
    quoted=lambda mail: f"> El 27 nov 2026, a les 9:00, {_from(mail)} va escriure:\n> \n{_cited(mail)}",
    quoted_html=lambda mail: (
        f'<blockquote type="cite"><div>El 27 nov 2026, a les 9:00, {escape(_from(mail))} va escriure:</div><br>'
        f"<div>{_html_lines(mail)}</div></blockquote>"
    ),
)
THUNDERBIRD = MailProgram(
    headers={"User-Agent": "Mozilla Thunderbird", "Content-Language": "ca"},
    page='<html><head><meta http-equiv="Content-Type" content="text/html"></head><body><p>{text}</p>{quote}</body>',
    quoted=lambda mail: f"El 27/11/26 a les 9:00, {_from(mail)} ha escrit:\n{_cited(mail)}",
    quoted_html=lambda mail: (
        f'<div class="moz-cite-prefix">El 27/11/26 a les 9:00, {escape(_from(mail))} ha escrit:<br></div>'
        f'<blockquote type="cite" cite="mid:{str(mail["Message-ID"]).strip("<>")}">{_html_lines(mail)}</blockquote>'
    ),
)
CLIENTS = {"Outlook": OUTLOOK, "Gmail": GMAIL, "Apple Mail": APPLE, "Thunderbird": THUNDERBIRD}
