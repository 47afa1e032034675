"""The demo as a visitor runs it, and its checks: they must fail when an outcome is wrong."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oacmail import config as settings
from oacmail import wiring
from oacmail.core import calendar
from oacmail.core.errors import Transient
from testbed import people
from testbed.demo import children, story
from testbed.demo.children import Children
from testbed.demo.evidence import DemoEvidence
from testbed.demo.expectations import check_expectations
from testbed.demo.mail_server import DemoMailServer
from testbed.demo.mailbox import DemoMail
from testbed.demo.office import make_office
from testbed.demo.run import print_outcome
from testbed.demo.story import DemoCitizen, ExpectedCase, StaffAction
from testbed.demo.town import UnansweredMail, back_dated
from tests.servers.waiting import PATIENCE, until

DEMO = (sys.executable, "-m", "testbed.demo")
MARK = f"DEMO_TEST={uuid.uuid4()}"

# What a machine may hold that the demo must not touch: its start would fail, or its mail go astray.
STRANGE = {
    "OACMAIL_CONFIG": "/nowhere/config.toml",
    "OACMAIL_TOKEN_KEY": "short",
    "OACMAIL_IMAP_PASSWORD": "of another mailbox",
    "MAIL_ALIAS": "*:elsewhere@example.org",
    "NOTIFY_SOCKET": "/nowhere/notify",
}


def environment(folder: Path) -> dict[str, str]:
    name, _, value = MARK.partition("=")
    return {**os.environ, **STRANGE, "TMPDIR": str(folder), name: value}


def still_running() -> list[str]:
    """Command lines of the processes that descend from our demos."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # ended meanwhile, or not ours
            continue
    return found


# --- as a visitor sees it -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "config.toml").write_text("this is no configuration")
    return folder


@pytest.fixture(scope="module")
def shown(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(DEMO, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)


def test_every_expected_outcome_is_met(shown: "subprocess.CompletedProcess[str]") -> None:
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(r"^3\d\d expectations met, 0 missed", shown.stdout, re.MULTILINE)
    assert shown.stderr == ""


def test_it_fits_one_screen(shown: "subprocess.CompletedProcess[str]") -> None:
    lines = shown.stdout.splitlines()
    assert len(lines) <= 48
    assert max(map(len, lines)) <= 100
    assert "…" not in shown.stdout


@pytest.mark.parametrize(
    "line",
    [
        r"OAC-\d{4}-000001  Jordi Camps +certificate +first +OVERDUE +\w{3} \d\d 20:00  \d+ h, ca",
        r"OAC-\d{4}-\d{6}  Antonio Ruiz +application +first +answered +\w{3} \d\d 20:00  \d s, es",
        r"OAC-\d{4}-\d{6}  Jean Morel +folder +first +open +\w{3} \d\d 20:00  \d s, ca\+en",
        r"OAC-\d{4}-\d{6}  David Price +payment +first +open +\w{3} \d\d 20:00  \d s, en, 2 times",
        r"OAC-\d{4}-000001  Jordi Camps +to supervisor  no answer by \w{3} \d\d 20:00 +\+ message",
        r"OAC-\d{4}-\d{6}  Rosa Ferrer +to technical +level 2, document or form +\+ message",
        r"OAC-\d{4}-\d{6}  Pilar Gómez +payment +second +derived +\w{3} \d\d 20:00  \d s, es",
        r"OAC-\d{4}-\d{6}  Dolors Vidal +\w+ +\w+ +open +\w{3} \d\d 20:00  by telephone",
        r"OAC-\d{4}-\d{6}  Teresa Puig +to Marta, Pau +answer bounced: due \w{3} \d\d 20:00",
        r"OAC-\d{4}-\d{6}  Montserrat Vila +certificate +first +open +\w{3} \d\d 20:00  \d s, ca, 2 times",
        r"OAC-\d{4}-\d{6}  Quim Rovira +other +first +open +\w{3} \d\d 20:00  \d+ s, ca",
        r"OAC-\d{4}-\d{6}  Aina Grau +payment +first +open +\w{3} \d\d 20:00  \d+ s, ca",
        r"OAC-\d{4}-\d{6}  Marc Serra +to Marta, Pau  own term ends today, 23:59",
        r"OAC-\d{4}-\d{6}  Fatima Alaoui +to Marta, Pau  got an order, no answer",
        r"Thanks +thanks: a line of the next summary +no mail; case of Lucía Navarro",
        r"Newsletter +bulk: list-unsubscribe +no mail",
        r"Spam +waits for a person: suspected-spam +no mail",
        r"Our address, forged +waits for a person: from-our-address-unsigned +no mail",
        r"Out of office +auto_reply: auto-submitted: auto-replied +no mail; case of Rosa Ferrer",
    ],
)
def test_it_tells_the_story(shown: "subprocess.CompletedProcess[str]", line: str) -> None:
    assert re.search(f"^{line}$", shown.stdout, re.MULTILINE), shown.stdout


def test_it_leaves_no_process_and_no_file(shown: "subprocess.CompletedProcess[str]", folder: Path) -> None:
    assert shown.stdout
    assert still_running() == []
    assert [path.name for path in folder.iterdir()] == ["config.toml"]


def test_while_it_stays_the_mails_can_be_read_in_a_browser_and_ctrl_c_ends_all(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*DEMO, "--stay"], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as said:
        page = re.search(r"http://127\.0\.0\.1:\d+/", said.readline())
        assert page
        with urllib.request.urlopen(page[0], timeout=10 * PATIENCE) as answer:
            assert answer.status == 200
        until(lambda: [line for line in still_running() if line.rstrip().endswith(" run")], what="the daemon")
        process.send_signal(signal.SIGINT)
        process.wait()
    assert still_running() == []
    assert list(tmp_path.iterdir()) == []


def test_without_mail_devel_it_says_what_to_do() -> None:
    code = "import sys; sys.modules['mail_devel'] = None; from testbed.demo.__main__ import main; main([])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make demo" in done.stderr
    assert "Traceback" not in done.stderr


# --- at any hour --------------------------------------------------------------------------------------


def hours() -> Iterator[datetime]:
    """Each hour of a Saturday to Monday, of both changes of the clock, and of the turn of the year."""
    for first in ("2026-11-28", "2026-03-28", "2026-10-24", "2026-12-31"):
        start = datetime.fromisoformat(f"{first}T00:00").replace(tzinfo=story.ZONE).astimezone(UTC)
        yield from (start + timedelta(hours=hour) for hour in range(72))


def test_a_command_that_a_busy_machine_does_not_end_in_time_is_said_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "VERB_SECONDS", 0.0)
    with Children() as processes, pytest.raises(Transient, match="case did not end within 0 s"):
        make_office(tmp_path, DemoMailServer(1, 2, 0, "secret"), processes).rows("case", "list")


def test_what_came_two_days_ago_is_overdue_and_escalated_at_once_at_any_hour(tmp_path: Path) -> None:
    config = settings.load(make_office(tmp_path, DemoMailServer(1, 2, 0, "secret"), Children()).config)
    policy = wiring.rules(config)
    late = next(citizen for citizen in story.WRITERS if citizen.days_ago)
    for now in hours():
        came = back_dated(late, now)
        due = calendar.answer_due(came, policy)
        assert due <= now
        assert calendar.escalation_at(due, 1, policy) <= now < calendar.escalation_at(due, 2, policy)
        assert now - came < timedelta(hours=config.ack.max_age_hours)
        assert calendar.in_hours(now, policy)
        assert calendar.answer_due(now, policy) > now


# --- it sees what is wrong ----------------------------------------------------------------------------

NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)
ANNA = DemoCitizen(
    people.Resident("Anna", people.ANNA),
    subject="El meu tràmit",
    text="Com ho faig?",
    expected=ExpectedCase(languages="ca"),
)
NUMBER = "OAC-2026-000001"


def mail(message_id: str, **changes: Any) -> DemoMail:
    usual: dict[str, Any] = {
        **{"sender": ANNA.address, "subject": ANNA.subject, "text": ANNA.text, "in_reply_to": "", "references": ""},
        **{"automatic": False, "language": "", "kind": "", "case": "", "carries_message": False},
        **{"arrived": NOON, "seen": False, "raw": b""},
    }
    return DemoMail(message_id=message_id, **{**usual, **changes})


ACK = mail(
    "<ack@office>",
    sender=people.OFFICE,
    subject=f"[{NUMBER}-K7Q] Hem rebut la vostra consulta",
    text="Us respondrem demà.",
    in_reply_to="<message@anna>",
    language="ca",
    kind="ack",
    case=NUMBER,
)
CASE = {
    **{"number": NUMBER, "citizen": ANNA.address, "status": "open", "overdue": False, "messages": 1},
    **{"topic": "other", "level": "first", "intent": "question", "due_at": "2026-11-26T20:00:00+01:00"},
}
SPAM = UnansweredMail(who="Spam", sender="x@spam.example", message_id="<spam@x>", expected_kind="suspected-spam")
WORLD = DemoEvidence(
    written={"Anna": "<message@anna>"},
    unanswered=(SPAM,),
    undone=(),
    boxes={
        people.OFFICE: (mail("<message@anna>", folder="Casos/1 Pendents"), mail("<spam@x>")),
        ANNA.address: (ACK,),
        "x@spam.example": (),
    },
    sent=(),
    cases={ANNA.address: (CASE,)},
    shown={},
    review=({"message_id": "<spam@x>", "reason": "suspected-spam"},),
    outbox=({"message_id": "<ack@office>", "state": "sent", "recipient": ANNA.address},),
    tried={},
    status={"unaccounted": 0, "ok": True},
    log='{"event": "started", "level": "info"}',
    ended=(0, 0.4),
)


def missed(world: DemoEvidence) -> list[str]:
    return [each.name for each in check_expectations(world, (ANNA,), ()) if not each.met]


def boxes(**changes: tuple[DemoMail, ...]) -> Callable[[DemoEvidence], Mapping[str, Any]]:
    names = {"office": people.OFFICE, "anna": ANNA.address, "spammer": "x@spam.example"}
    return lambda world: {"boxes": {**world.boxes, **{names[name]: mails for name, mails in changes.items()}}}


def row(name: str, **changes: Any) -> Callable[[DemoEvidence], Mapping[str, Any]]:
    return lambda world: {name: ({**getattr(world, name)[0], **changes},)}


def test_a_world_as_it_should_be_misses_nothing() -> None:
    assert missed(WORLD) == []
    said: list[str] = []
    assert print_outcome(WORLD, check_expectations(WORLD, (ANNA,), ()), 12.3, said.append) == 0
    assert f"{NUMBER}  anna@example.org  other  first  open    Thu 26 20:00  0 s, ca" in said


BROKEN: dict[str, tuple[Callable[[DemoEvidence], Mapping[str, Any]], str]] = {
    "no acknowledgement": (boxes(anna=()), "Anna: 1 acknowledgement in the mailbox"),
    "two acknowledgements": (boxes(anna=(ACK, ACK)), "Anna: 1 acknowledgement in the mailbox"),
    "lost on the way": (boxes(anna=()), "no mail was lost or came twice"),
    "another language": (boxes(anna=(replace(ACK, language="es"),)), "Anna: acknowledged in ca"),
    "slow": (
        boxes(anna=(replace(ACK, arrived=NOON + timedelta(minutes=5)),)),
        "Anna: acknowledged within seconds",
    ),
    "quotes her": (
        boxes(anna=(replace(ACK, text=ANNA.text),)),
        "Anna: the acknowledgement repeats nothing of the message",
    ),
    "no case": (lambda _: {"cases": {}}, "Anna: one case"),
    "wrong state": (
        lambda _: {"cases": {ANNA.address: ({**CASE, "status": "closed"},)}},
        "Anna: the case is open",
    ),
    "overdue": (
        lambda _: {"cases": {ANNA.address: ({**CASE, "overdue": True},)}},
        "Anna: the case is not overdue",
    ),
    "spam answered": (boxes(spammer=(replace(ACK, in_reply_to="<spam@x>"),)), "Spam: got no mail"),
    "spam unseen": (lambda _: {"review": ()}, "Spam: on the review list"),
    "message deleted": (boxes(office=(mail("<spam@x>"),)), "no message was deleted"),
    "message in a wrong folder": (
        boxes(office=(mail("<message@anna>", folder="Casos/5 Resposts"), mail("<spam@x>"))),
        "each message lies in the folder of its case",
    ),
    "message marked": (
        boxes(office=(mail("<message@anna>", seen=True), mail("<spam@x>"))),
        "no message was marked by oacmail",
    ),
    "mail stuck": (row("outbox", state="queued"), "every mail has left"),
    "supervisor troubled": (
        lambda world: {"boxes": {**world.boxes, people.SUPERVISOR: (replace(ACK, kind="overdue"),)}},
        "the supervisor has what was overdue, and nothing else",
    ),
    "unaccounted": (lambda _: {"status": {"unaccounted": 1, "ok": False}}, "every message is accounted for"),
    "address in the log": (lambda _: {"log": f'{{"event": "{ANNA.address}"}}'}, "the log holds no address"),
    "error in the log": (lambda _: {"log": '{"level": "error"}'}, "the log holds no error"),
    "killed": (lambda _: {"ended": (-9, 6.1)}, "the daemon ended by itself within 5 s of SIGTERM"),
    "not done": (lambda _: {"undone": ("Anna: answer: no message",)}, "Anna: answer: no message"),
}


@pytest.mark.parametrize(("change", "name"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_is_missed_by_name_and_ends_in_1(
    change: Callable[[DemoEvidence], Mapping[str, Any]], name: str
) -> None:
    world = replace(WORLD, **change(WORLD))
    said: list[str] = []
    assert name in missed(world)
    assert print_outcome(world, check_expectations(world, (ANNA,), ()), 12.3, said.append) == 1
    assert f"  MISSED  {name}" in said


@pytest.mark.parametrize(
    ("scene", "names"),
    [
        ({"aside": "thanks"}, ["shown to both agents by the digest", "acknowledged after an agent said so"]),
        ({"aside": "junk"}, ["shown to both agents by the in_junk", "acknowledged after an agent said so"]),
        ({"term": "a les 14 h"}, ["both agents know the hour of the term", "told to call at once"]),
    ],
)
def test_a_scene_that_nobody_was_told_of_is_missed(scene: dict[str, Any], names: list[str]) -> None:
    found = check_expectations(WORLD, (replace(ANNA, **scene),), ())
    assert {f"Anna: {name}" for name in names} <= {each.name for each in found if not each.met}


def test_an_order_that_a_person_got_and_no_agent_heard_of_is_missed() -> None:
    sent = StaffAction(who=people.AGENT, how="order to the person", about="Anna", text="TANCA DUPLICAT")
    found = check_expectations(WORLD, (ANNA,), (sent,))
    assert "Anna: told to the agents only if it is no answer" in [each.name for each in found if not each.met]
