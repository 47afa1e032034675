"""Read the outcome back: every mailbox over IMAP, and what the commands print with --json.

The story provides only the names to look for. This module checks nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from pathlib import Path

from testbed.demo import story
from testbed.demo.mail_server import DemoMailServer
from testbed.demo.mailbox import DemoMail, mailbox
from testbed.demo.office import DemoOffice, Row
from testbed.demo.town import LEDGER, SENT, DemoTown, UnansweredMail
from testbed.people import OFFICE, STAFF

_ESCALATIONS = ("overdue", "derived", "bounced", "term")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEvidence:
    """`boxes`: the mails of every mailbox by address, without the ledger and without `sent`, the office's folder of
    sent mail; `cases`: by citizen; `shown`: some in full, by number; `tried`: output of `oacmail try` for each
    unanswered mail, by Message-ID; `ended`: exit code and seconds after SIGTERM, None while the daemon runs; `peak`: kB
    of memory, 0 = unknown; `rebuilt`: how many rows the database had before it was deleted and rebuilt, and what
    differs; None = it was not."""

    written: Mapping[str, str]
    unanswered: tuple[UnansweredMail, ...]
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
    rebuilt: tuple[int, tuple[str, ...]] | None = None

    def acks(self, address: str) -> list[DemoMail]:
        return [mail for mail in self.boxes.get(address, ()) if mail.kind == "ack"]

    def notices(self, *kinds: str) -> list[tuple[str, DemoMail]]:
        """(recipient, mail) of all mails of these kinds."""
        return [(address, mail) for address, mails in self.boxes.items() for mail in mails if mail.kind in kinds]

    def escalations(self) -> list[tuple[str, DemoMail]]:
        """(recipient, mail) of all notices that a case needs somebody; also that a person has got an order."""
        told = [(who, mail) for who, mail in self.notices("transcript") if story.NO_ANSWER in mail.text]
        return [*self.notices(*_ESCALATIONS), *told]

    def message(self, message_id: str) -> DemoMail | None:
        """The mail in the office's mailbox, or None."""
        return next((mail for mail in self.boxes[OFFICE] if mail.message_id == message_id), None)

    def filed(self, message_id: str) -> Row | None:
        """The case of a message among the shown cases, or None."""
        cases = (
            case for case in self.shown.values() if message_id in (each["message_id"] for each in case["messages"])
        )
        return next(cases, None)

    def answers_to(self, message_id: str) -> list[DemoMail]:
        """Every mail of oacmail, in any mailbox, that refers to this one."""
        everybody = (mail for mails in self.boxes.values() for mail in mails if mail.kind)
        return [mail for mail in everybody if message_id in f"{mail.in_reply_to} {mail.references}"]


def collect(town: DemoTown, undone: tuple[str, ...], pid: int) -> DemoEvidence:
    """Read the outcome as it is now."""
    office, server = town.office, town.server
    boxes = _boxes(server, town)
    rows, outbox, review, status = office.ask(
        (("case", "list"), ("outbox", "list", "--all"), ("quarantine", "list"), ("status",))
    )
    made = DemoEvidence(
        written=dict(town.written),
        unanswered=tuple(town.unanswered),
        undone=undone,
        boxes=boxes,
        sent=_read(server, OFFICE, SENT),
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


def _boxes(server: DemoMailServer, town: DemoTown) -> dict[str, tuple[DemoMail, ...]]:
    citizens = [citizen.address for citizen in story.WRITERS]
    others = [parseaddr(unanswered.sender)[1].lower() for unanswered in town.unanswered]
    people = dict.fromkeys((OFFICE, *STAFF, *citizens, *others))
    return {address: _received(server, address) for address in people}


def _received(server: DemoMailServer, address: str) -> tuple[DemoMail, ...]:
    with mailbox(server, address) as box:
        return tuple(mail for folder in box.folders() if folder not in (SENT, LEDGER) for mail in box.mails(folder))


def _read(server: DemoMailServer, address: str, folder: str) -> tuple[DemoMail, ...]:
    with mailbox(server, address) as box:
        return box.mails(folder)


def _shown(office: DemoOffice, evidence: DemoEvidence) -> dict[str, Row]:
    """The cases behind an escalation and the cases of the unanswered mails, in full."""
    told = {mail.case for _, mail in evidence.escalations()}
    named = {unanswered.about for unanswered in evidence.unanswered}
    about = [citizen.address for citizen in story.WRITERS if citizen.name in named]
    numbers = sorted(told | {row["number"] for address in about for row in evidence.cases.get(address, ())})
    return {row["number"]: row for row in office.rows("case", "show", *numbers)} if numbers else {}


def _tried(office: DemoOffice, evidence: DemoEvidence) -> dict[str, Row]:
    """The output of `oacmail try` for the unanswered mails in INBOX, by Message-ID."""
    folder = office.root / "unanswered"
    folder.mkdir()
    paths: dict[str, str] = {}
    for position, unanswered in enumerate(evidence.unanswered):
        if (mail := evidence.message(unanswered.message_id)) is not None:
            path = folder / f"{position}.eml"
            path.write_bytes(mail.raw)
            paths[str(path)] = unanswered.message_id
    return {paths[row["file"]]: row for row in office.rows("try", *paths)} if paths else {}


def _peak(pid: int) -> int:
    """VmHWM of proc(5), in kB."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")), 0)
