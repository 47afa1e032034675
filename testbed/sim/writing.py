"""How the people of the town write: a mail for an action, what eight ordinary mail clients make of an answer, and the
mails that the signed buttons of our mails write. Nobody decides here what is done.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from random import Random

from testbed.messages import buttons, text_of
from testbed.sim.plan import SimulatedAction
from testbed.sim.town import SimulatedTown, short

ActionHandler = Callable[[SimulatedTown, SimulatedAction, Random], str]
Style = Callable[[str, EmailMessage], str]
"""Takes the answer and the message below it, and returns the text as a client writes it."""
_NUMBER = re.compile(r"[A-Z]+-\d{4}-\d{6}")
_VALID, _EXPIRED = timedelta(days=9), timedelta(days=11)  # a button works for ten days; nobody presses one just then


# --- a mail of an action ------------------------------------------------------------------------------


def mail_of(
    town: SimulatedTown,
    action: SimulatedAction,
    subject: str,
    text: str,
    answers: EmailMessage | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    sender: str = "",
) -> EmailMessage:
    return town.message(
        sender or action.who, subject, text, answers=answers, headers=headers, number=town.number(action)
    )


def sent(
    town: SimulatedTown,
    sender: str,
    mail: EmailMessage,
    *,
    asks: bool,
    guest_of: str = "",
    call_before: time | None = None,
) -> str:
    town.deliver(mail)
    town.truth.wrote(mail, sender, arrival(town), asks=asks, guest_of=guest_of, call_before=call_before)
    return f"message {short(str(mail['Message-ID']))} “{mail['Subject']}”"


def arrival(town: SimulatedTown) -> datetime:
    return town.clock.true().replace(microsecond=0)


def shown(mail: EmailMessage) -> EmailMessage:
    """What a client quotes of it."""
    quoted = EmailMessage()
    for name in ("From", "Date", "To", "Subject"):
        quoted[name] = str(mail[name])
    quoted.set_content(text_of(mail))
    return quoted


def answer_to(town: SimulatedTown, address: str, rng: Random) -> EmailMessage | None:
    """The last answer of an agent to this person: directly, or relayed by the office."""
    direct = town.truth.answers_to(address)
    relayed = town.relay.inboxes[address].last("relayed")
    if relayed and (not direct or rng.random() < 0.5):
        return relayed[0]
    return direct[-1].mail if direct else None


def latest_of_ours(town: SimulatedTown, address: str, kind: str = "ack") -> EmailMessage | None:
    mails = town.relay.inboxes[address].last(kind)
    return mails[0] if mails else None


# --- mail clients -------------------------------------------------------------------------------------


def _date_of(mail: EmailMessage) -> datetime:
    return datetime.strptime(str(mail["Date"])[:31], "%a, %d %b %Y %H:%M:%S %z")


def _plain(mail: EmailMessage) -> str:
    return str(mail.get_content()).rstrip("\n")


def _quoted(mail: EmailMessage) -> str:
    return "\n".join(f"> {line}" for line in _plain(mail).splitlines())


def _outlook(words: tuple[str, str, str, str], rule: str) -> Style:
    """The original stands whole below its header (`De: … Enviat: …`), without quote marks."""

    def style(answer: str, mail: EmailMessage) -> str:
        values = (mail["From"], f"{_date_of(mail):%d/%m/%Y %H:%M}", mail["To"], mail["Subject"])
        head = "\n".join(f"{word}: {value}" for word, value in zip(words, values, strict=True))
        return f"{answer}\n\n{rule}\n{head}\n\n{_plain(mail)}\n"

    return style


def _attributed(line: str, *, below: bool = True) -> Style:
    """An attribution and the quoted original, below or above the answer."""

    def style(answer: str, mail: EmailMessage) -> str:
        quote = f"{_date_of(mail).strftime(line).replace('WHO', str(mail['From']))}\n{_quoted(mail)}"
        return f"{answer}\n\n{quote}\n" if below else f"{quote}\n\n{answer}\n"

    return style


STYLES: tuple[tuple[str, Style], ...] = (
    ("Outlook, Catalan", _outlook(("De", "Enviat el", "Per a", "Assumpte"), "_" * 32)),
    ("Outlook, Spanish", _outlook(("De", "Enviado el", "Para", "Asunto"), "-----Mensaje original-----")),
    ("Gmail, Catalan", _attributed("Missatge de WHO del dia %d/%m/%Y a les %H:%M:")),
    ("Gmail, Spanish", _attributed("El %d/%m/%Y a las %H:%M, WHO escribió:")),
    ("Apple Mail", _attributed("On %d %b %Y, at %H:%M, WHO wrote:")),
    ("Thunderbird", _attributed("El %d/%m/%y a les %H:%M, WHO ha escrit:", below=False)),
    ("Roundcube", _attributed("El %Y-%m-%d %H:%M, WHO escribió:")),
    ("a telephone", lambda answer, _: f"{answer}\n\nEnviat des del meu iPhone\n"),
)


# --- buttons ------------------------------------------------------------------------------------------


def chosen_button(
    town: SimulatedTown, rng: Random, people: Sequence[str], kinds: Sequence[str], labels: Sequence[str]
) -> tuple[EmailMessage, str, str] | None:
    """A recent mail to one of these people that has one of the buttons: (mail, label, link)."""
    boxes = [town.relay.inboxes[one] for one in dict.fromkeys(people)]
    mails = [mail for box in boxes for kind in kinds for mail in box.last(kind, 3)]
    if not mails:
        return None
    mail = rng.choice(mails)
    if _VALID <= town.clock.true() - mail["Date"].datetime <= _EXPIRED:
        return None
    links = {label: link for label, link in buttons(mail).items() if label in labels}
    if not links:
        return None
    label = rng.choice(sorted(links))
    return mail, label, links[label]


def press(town: SimulatedTown, action: SimulatedAction, link: str, sender: str, typed: str) -> str:
    """Return the number of the case that the subject of the link names."""
    mail = town.message_by_link(sender, link, below=typed, number=town.number(action))
    town.deliver(mail, verdict="pass")
    found = _NUMBER.search(str(mail["Subject"]))
    return found[0] if found else ""


def says(town: SimulatedTown, rng: Random, mail: EmailMessage, link: str, others: str) -> tuple[str, bool]:
    """Who presses the button, and whether that says anything: the addressee does so once, and while it works."""
    addressee = str(mail["To"])
    fresh = town.clock.true() - mail["Date"].datetime < _VALID
    if others not in ("", addressee) and rng.random() < 0.15:
        return others, False
    first = link not in town.pressed
    town.pressed.add(link)
    return addressee, fresh and first
