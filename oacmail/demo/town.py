"""The town while the story is played: who can be written to, what was written, and how each deed is done.

Agents use what any client offers: SMTP, APPEND to Sent, a read mark; an admin's orders go by the command line. It
keeps the Message-IDs that were sent, and judges nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email.message import Message
from email.policy import SMTP

from oacmail.demo import messages, story
from oacmail.demo.cast import DemoCitizen, How, StaffAction, Stranger
from oacmail.demo.mailbox import DemoMail, mailbox
from oacmail.demo.office import DemoOffice
from oacmail.demo.post import DemoRelay

_CITIZENS = {citizen.name: citizen for citizen in story.CITIZENS}
SENT = "Sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A mail that must not be answered. `judged`: see cast.Stranger and cast.Deed."""

    who: str
    sender: str
    message_id: str
    judged: str
    about: str = ""


@dataclass(slots=True)
class DemoTown:
    """`written`: Message-ID of the message of each citizen, by name; `silent`: what nobody may answer."""

    post: DemoRelay
    office: DemoOffice
    written: dict[str, str] = field(default_factory=dict)
    silent: list[Silent] = field(default_factory=list)
    _numbers: dict[str, str] = field(default_factory=dict)

    # --- messages ----------------------------------------------------------------------------------

    def furnish(self) -> None:
        """The office's mailbox before oacmail comes: a folder of sent mail, and messages that nobody has read."""
        with mailbox(self.post, story.OFFICE) as box:
            box.create(SENT)
            for citizen in story.CITIZENS:
                if citizen.days_ago:
                    box.append(
                        "INBOX", self._message(citizen).as_bytes(policy=SMTP), at=back_dated(citizen, datetime.now(UTC))
                    )

    def write(self) -> None:
        """Everybody writes."""
        for citizen in story.CITIZENS:
            if not citizen.days_ago:
                self.post.deliver(self._message(citizen))
        for stranger in story.STRANGERS:
            self._intrude(stranger)

    def _message(self, citizen: DemoCitizen) -> Message:
        mail = messages.message(
            messages.named(citizen.name, citizen.address),
            story.OFFICE,
            citizen.subject,
            citizen.text,
            attachment=citizen.attachment,
        )
        self.written.setdefault(citizen.name, str(mail["Message-ID"]))
        return mail

    def _intrude(self, stranger: Stranger) -> None:
        mail = messages.message(
            stranger.sender, story.OFFICE, stranger.subject, stranger.text, headers=stranger.headers
        )
        self.post.deliver(mail, dmarc=stranger.dmarc)
        self._note_silent(stranger.name, mail, stranger.judged)

    def _note_silent(self, who: str, mail: Message, judged: str, about: str = "") -> None:
        self.silent.append(
            Silent(who=who, sender=str(mail["From"]), message_id=str(mail["Message-ID"]), judged=judged, about=about)
        )

    # --- deeds ------------------------------------------------------------------------------------

    def do(self, deed: StaffAction) -> None:
        _DEEDS[deed.how](self, deed, _CITIZENS[deed.about])

    def number(self, citizen: DemoCitizen) -> str:
        """Of her case, as the admin finds it. Raises LookupError."""
        if citizen.address not in self._numbers:
            self._numbers = {row["citizen"]: row["number"] for row in self.office.rows("case", "list")}
        return self._numbers[citizen.address]

    def answer(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        with mailbox(self.post, story.OFFICE) as box:
            asked = box.open(self.written[citizen.name])
            mail = messages.reply(messages.named(story.OFFICE_NAME, story.OFFICE), asked, deed.text)
            self.post.submit(mail)
            box.append(SENT, mail.as_bytes(policy=SMTP), seen=True)

    def answer_in_copy(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        with mailbox(self.post, story.OFFICE) as box:
            asked = box.open(self.written[citizen.name])
        sender = messages.named(story.STAFF[deed.who], deed.who)
        self.post.deliver(messages.reply(sender, asked, deed.text, headers=(("Cc", story.OFFICE),)))

    def call(self, _: StaffAction, citizen: DemoCitizen) -> None:
        self.office.verb("case", "log-call", self.number(citizen))

    def derive(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        self.office.verb("case", "escalate", self.number(citizen), "--cause", deed.cause, "--why", deed.text)

    def report(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        number = self.number(citizen)
        with mailbox(self.post, deed.who) as box:
            asked = next((mail for mail in box.mails() if mail.case == number), None)
        if asked is None:
            raise LookupError(f"no mail about {number}")
        self.post.deliver(messages.reply(messages.named(story.STAFF[deed.who], deed.who), asked, deed.text))

    def reply_to_ack(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        self.post.deliver(self._reply(deed, citizen, self._held(citizen, automatic=True)))

    def reply_to_answer(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        self.post.deliver(self._reply(deed, citizen, self._held(citizen, automatic=False)))

    def thanks(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        mail = self._reply(deed, citizen, self._held(citizen, automatic=False))
        self.post.deliver(mail)
        self._note_silent(deed.who, mail, deed.judged, deed.about)

    def _reply(self, deed: StaffAction, citizen: DemoCitizen, to: DemoMail) -> Message:
        sender = messages.named(citizen.name, citizen.address)
        return messages.reply(sender, to, deed.text, recipient=story.OFFICE)

    def resend(self, _: StaffAction, citizen: DemoCitizen) -> None:
        self.post.deliver(self._message(citizen))

    def out_of_office(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        sender = messages.named(citizen.name, citizen.address)
        self._robot(deed, messages.out_of_office(sender, self._held(citizen, automatic=True)))

    def read_receipt(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        sender = messages.named(citizen.name, citizen.address)
        self._robot(deed, messages.read_receipt(sender, self._held(citizen, automatic=False)))

    def bounce(self, deed: StaffAction, citizen: DemoCitizen) -> None:
        self._robot(deed, messages.delivery_report(self._held(citizen, automatic=False), citizen.address))

    def _robot(self, deed: StaffAction, mail: Message) -> None:
        self.post.deliver(mail, null_sender=True)
        self._note_silent(deed.who, mail, deed.judged, deed.about)

    def _held(self, citizen: DemoCitizen, *, automatic: bool) -> DemoMail:
        """Her first acknowledgement, or the last answer of a person."""
        with mailbox(self.post, citizen.address) as box:
            held = [mail for mail in box.mails() if mail.automatic is automatic]
        if not held:
            raise LookupError(f"{citizen.name} holds no {'acknowledgement' if automatic else 'answer'}")
        return held[0 if automatic else -1]


_DEEDS: dict[How, Callable[[DemoTown, StaffAction, DemoCitizen], None]] = {
    "answer": DemoTown.answer,
    "answer in copy": DemoTown.answer_in_copy,
    "call": DemoTown.call,
    "derive": DemoTown.derive,
    "report": DemoTown.report,
    "reply to the acknowledgement": DemoTown.reply_to_ack,
    "reply to the answer": DemoTown.reply_to_answer,
    "thanks": DemoTown.thanks,
    "resend": DemoTown.resend,
    "out of office": DemoTown.out_of_office,
    "read receipt": DemoTown.read_receipt,
    "bounce": DemoTown.bounce,
}


def back_dated(citizen: DemoCitizen, now: datetime) -> datetime:
    """When her message came: so many days ago at ten in the morning, by the clock on the office's wall."""
    day = now.astimezone(story.ZONE).date() - timedelta(days=citizen.days_ago)
    return datetime.combine(day, time(10), story.ZONE).astimezone(UTC)
