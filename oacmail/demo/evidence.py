"""What became of it all, read back: from everybody's mailbox over IMAP, and from what the verbs print with --json.

Nothing here comes from the story but the names of those to look for. It judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from pathlib import Path

from oacmail.demo import story
from oacmail.demo.mailbox import DemoMail, mailbox
from oacmail.demo.office import DemoOffice, Row
from oacmail.demo.post import DemoRelay
from oacmail.demo.town import SENT, DemoTown, Silent

_ESCALATIONS = ("overdue", "derived", "bounced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`boxes`: everybody's INBOX by address; `sent`: the office's folder of sent mail; `cases`: by citizen; `shown`:
    some in full, by number; `tried`: the verdict on each silent mail by its Message-ID; `ended`: exit code and
    seconds after SIGTERM, None while it runs; `peak`: kB of memory, 0 = unknown."""

    written: Mapping[str, str]
    silent: tuple[Silent, ...]
    undone: tuple[str, ...]
    boxes: Mapping[str, tuple[DemoMail, ...]]
    sent: tuple[DemoMail, ...]
    cases: Mapping[str, tuple[Row, ...]]
    shown: Mapping[str, Row]
    review: tuple[Row, ...]
    outbox: tuple[Row, ...]
    tried: Mapping[str, Row]
    status: Row
    log: str
    peak: int = 0
    ended: tuple[int, float] | None = None

    def acks(self, address: str) -> list[DemoMail]:
        return [mail for mail in self.boxes.get(address, ()) if mail.kind == "ack"]

    def notices(self, *kinds: str) -> list[tuple[str, DemoMail]]:
        """(recipient, mail) of the mails of these kinds to anybody."""
        return [(address, mail) for address, mails in self.boxes.items() for mail in mails if mail.kind in kinds]

    def message(self, message_id: str) -> DemoMail | None:
        """The mail as it lies in the office's INBOX."""
        return next((mail for mail in self.boxes[story.OFFICE] if mail.message_id == message_id), None)

    def filed(self, message_id: str) -> Row | None:
        """The case on which a message lies, of those that were looked into."""
        lies = (case for case in self.shown.values() if message_id in (each["message_id"] for each in case["messages"]))
        return next(lies, None)

    def answers_to(self, message_id: str) -> list[DemoMail]:
        """Every mail of ours, in whosever mailbox, that refers to this one."""
        everybody = (mail for mails in self.boxes.values() for mail in mails if mail.kind)
        return [mail for mail in everybody if message_id in f"{mail.in_reply_to} {mail.references}"]


def gathered(town: DemoTown, undone: tuple[str, ...], pid: int) -> Evidence:
    """The outcome as it can be read now."""
    office, post = town.office, town.post
    boxes = _boxes(post, town)
    rows, outbox, review, status = office.ask(
        (("case", "list"), ("outbox", "list", "--all"), ("quarantine", "list"), ("status",))
    )
    made = Evidence(
        written=dict(town.written),
        silent=tuple(town.silent),
        undone=undone,
        boxes=boxes,
        sent=_read(post, story.OFFICE, SENT),
        cases={row["citizen"]: tuple(each for each in rows if each["citizen"] == row["citizen"]) for row in rows},
        shown={},
        review=tuple(review),
        outbox=tuple(outbox),
        tried={},
        status=status[0],
        log=office.log(),
        peak=_peak(pid),
    )
    return replace(made, shown=_shown(office, made), tried=_tried(office, made))


def _boxes(post: DemoRelay, town: DemoTown) -> dict[str, tuple[DemoMail, ...]]:
    citizens = [citizen.address for citizen in story.CITIZENS]
    others = [parseaddr(silent.sender)[1].lower() for silent in town.silent]
    people = dict.fromkeys((story.OFFICE, *story.STAFF, *citizens, *others))
    return {address: _read(post, address, "INBOX") for address in people}


def _read(post: DemoRelay, address: str, folder: str) -> tuple[DemoMail, ...]:
    with mailbox(post, address) as box:
        return box.mails(folder)


def _shown(office: DemoOffice, world: Evidence) -> dict[str, Row]:
    """The cases to look into: those behind an escalation, and those that a robot's mail is about."""
    told = {mail.case for _, mail in world.notices(*_ESCALATIONS)}
    named = {silent.about for silent in world.silent}
    about = [citizen.address for citizen in story.CITIZENS if citizen.name in named]
    numbers = sorted(told | {row["number"] for address in about for row in world.cases.get(address, ())})
    answers = office.ask([("case", "show", number) for number in numbers])
    return {number: rows[0] for number, rows in zip(numbers, answers, strict=True) if rows}


def _tried(office: DemoOffice, world: Evidence) -> dict[str, Row]:
    """What `oacmail try` says of the very bytes in INBOX."""
    folder = office.root / "silent"
    folder.mkdir()
    paths: dict[str, str] = {}
    for position, silent in enumerate(world.silent):
        if (mail := world.message(silent.message_id)) is not None:
            path = folder / f"{position}.eml"
            path.write_bytes(mail.raw)
            paths[str(path)] = silent.message_id
    return {paths[row["file"]]: row for row in office.rows("try", *paths)} if paths else {}


def _peak(pid: int) -> int:
    """VmHWM of proc(5), in kB."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")), 0)
