"""What happens when a mail of ours comes back: the copy that proves the sending (docs/design.md, "Mail in doubt").

Ours is what bears our signature for this recipient and Date and has not grown. A first copy settles its outbox row,
a second is a duplicate; a copy that the database does not know says that the database was restored; one that another
process has sent meanwhile says that two daemons serve one mailbox. What only claims to be ours goes to review.
"""

from dataclasses import replace
from types import MappingProxyType

from oacmail.core import budget
from oacmail.core.effects import Arrived, Attach, Decision, Effect, File, Import, Mark, Note, Remember, Review
from oacmail.core.model import Auto, Folder, Kind, Message, Outcome, Role
from oacmail.core.policy import Policy
from oacmail.core.tokens import MARKS, TRIAL, OwnMark, is_foreign
from oacmail.core.view import MailView, View

GROWTH = 400  # characters; a citizen who redirects our mail with a question on top writes more than a disclaimer does
OTHER_INSTANCE = "other-instance"


def grown(message: Message, mail: MailView | None) -> bool:
    """Whether the visible text is longer than ours: then it is somebody's letter that carries our mail."""
    return mail is not None and len(message.text) > mail.length + GROWTH


def written_on_top(policy: Policy, message: Message) -> Message:
    """The citizen's letter that our mail has grown into: its marks of a machine are ours, and often its From too."""
    writer = message.to[0] if message.sender in policy.office.own and message.to else message.sender
    words = {key: weight for key, weight in message.words.items() if not key.startswith("mark:")}
    return replace(message, auto=Auto.NONE, reasons=(), report=None, sender=writer, words=MappingProxyType(words))


def on_ours(policy: Policy, view: View, inp: Arrived, mark: OwnMark) -> Decision:
    mail = next((mail for mail in view.mails if mail.key == mark.key), None)
    if mark.run != view.run and not mark.key.startswith(TRIAL) and _is_of_this_run(view, inp):
        return _other_instance(mark.run, _told_by_another(inp, mark, mail))
    if mail is None:
        return _restored(inp, mark)
    if mail.copied:
        return Decision(effects=(_attach(mark, Outcome.DUPLICATE),), because=("our-mail-again",))
    return _first_copy(inp, mark, mail)


def _attach(mark: OwnMark, outcome: Outcome) -> Attach:
    return Attach(role=Role.OURS, outcome=outcome, kind=Kind.AUTO_REPLY, case=mark.case or None, rule="our-mail")


def _first_copy(inp: Arrived, mark: OwnMark, mail: MailView) -> Decision:
    message_id = inp.message.message_id
    rewritten = message_id if message_id and message_id != mail.message_id else None
    effects: list[Effect] = [
        _attach(mark, Outcome.OURS),
        Mark(key=mail.key, state="copied", alias=rewritten, sent_at=inp.received_at),
    ]
    if inp.folder is Folder.INTAKE:
        effects.append(File(folder=Folder.SENT))
    return Decision(effects=tuple(effects), because=("our-mail-copy",))


def _restored(inp: Arrived, mark: OwnMark) -> Decision:
    recipient = inp.message.to[0] if inp.message.to else ""
    effects: list[Effect] = [
        _attach(mark, Outcome.OURS),
        Import(
            key=mark.key,
            kind=mark.key.partition(":")[0],
            case=mark.case,
            letter=mark.letter,
            refs=inp.message.refs,
            message_id=inp.message.message_id,
            recipient=recipient,
            sent_at=inp.received_at,
        ),
        Note(kind="imported", case=mark.case or None, data={"domain": budget.registrable(recipient)}),
    ]
    if inp.folder is Folder.INTAKE:
        effects.append(File(folder=Folder.SENT))
    return Decision(effects=tuple(effects), because=("our-mail-unknown: database restored",))


def _is_of_this_run(view: View, inp: Arrived) -> bool:
    """Sent and arrived since this process began. What an earlier process of this house sent is older, also where the
    database was restored or its clock set back: then both moments would have to be wrong."""
    since, sent_at = view.run_since, inp.message.sent_at
    return since is not None and sent_at is not None and min(sent_at, inp.received_at) > since


def signed_by_another(policy: Policy, view: View, inp: Arrived) -> Decision | None:
    """A mail in Sent, from our address, under a secret that is none of ours: in that folder nobody writes but the
    house. Since this process began it is a second daemon's, before that one of a secret that is gone."""
    message = inp.message
    ours = policy.office.is_own(message.sender) and message.auto is not Auto.NONE
    raw = next((raw for raw in message.marks[:MARKS] if is_foreign(policy, raw)), None)
    if not ours or raw is None:
        return None
    if _is_of_this_run(view, inp):
        return _other_instance(_named(raw), ())
    attach = Attach(role=Role.OURS, outcome=Outcome.OURS, kind=Kind.AUTO_REPLY, rule="our-mail-of-another-secret")
    return Decision(effects=(attach,), because=("our-mail-of-another-secret",))


def _named(raw: str) -> str:
    return raw.partition("i=")[2][:8]


def _told_by_another(inp: Arrived, mark: OwnMark, mail: MailView | None) -> list[Effect]:
    """Its recipient has had this mail: ours of the same key must not follow. The other's case numbers are not ours."""
    if mail is not None:
        return [] if mail.copied else [Mark(key=mail.key, state="copied", sent_at=inp.received_at)]
    message = inp.message
    recipient = message.to[0] if message.to else ""
    return [
        Import(
            key=mark.key,
            kind=mark.key.partition(":")[0],
            case="",
            letter="",
            refs=(),
            message_id=message.message_id,
            recipient=recipient,
            sent_at=inp.received_at,
        )
    ]


def _other_instance(name: str, told: list[Effect] | tuple[()]) -> Decision:
    """Stops the sending until the next start (engine/delivery.py)."""
    attach = Attach(role=Role.OURS, outcome=Outcome.OURS, kind=Kind.AUTO_REPLY, rule=OTHER_INSTANCE)
    note = Note(kind=OTHER_INSTANCE, data={"instance": name})
    effects = (attach, *told, Remember(name=OTHER_INSTANCE, value=name or "early"), note)
    return Decision(effects=effects, because=(OTHER_INSTANCE,))


def claims_to_be_ours() -> Decision:
    """From our own address, outside Sent, without our signature: never acknowledged, ignored or an answer."""
    attach = Attach(role=Role.OURS, outcome=Outcome.QUARANTINED, kind=Kind.REQUEST, rule="from-our-address-unsigned")
    return Decision(
        effects=(attach, Review(reason="from-our-address-unsigned")), because=("from-our-address-unsigned",)
    )
