"""`check --answers`: an admin at a terminal, and an agent who answers the test message from several mail programs."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from oacmail.cli.answers import TEST
from testbed.messages import as_bytes
from tests.e2e.clients import APPLE, GMAIL, OUTLOOK, MailProgram
from tests.e2e.forked import ROOT
from tests.e2e.impatient import SHORT_PATIENCE
from tests.e2e.office import IMPATIENT, RunningOffice
from tests.e2e.watching import at_desk, opened
from tests.servers.mail_servers import MailServers
from tests.servers.people import Agent
from tests.servers.waiting import until


class Terminal:
    """The verb with an admin who types; `agent` has the mailbox open."""

    def __init__(self, desk: RunningOffice, agent: Agent, environ: Mapping[str, str]) -> None:
        self.desk, self.agent = desk, agent
        self.paper = desk.root / "terminal"
        command = [sys.executable, "-m", IMPATIENT, "--config", str(desk.config), "check", "--answers"]
        with self.paper.open("w") as paper:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.PIPE,
                stdout=paper,
                stderr=paper,
                text=True,
            )
        self.says("is in the mailbox")
        (code,) = re.findall(r"please answer \((\w+)\)", self.paper.read_text())
        (self.question,) = (message for message in desk.mailbox.messages() if message[TEST] == code)

    def types(self, line: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def answers(self, program: str, client: MailProgram, folder: str = "Sent", sender: str = "") -> None:
        self.types(program)
        mail = client.reply(sender or self.desk.address, str(self.question["From"]), self.question, "Prova")
        self.agent.append(as_bytes(mail), folder)
        self.types()
        self.says(f"{program}: ")

    def says(self, text: str) -> None:
        until(lambda: text in self.paper.read_text(), 90, what=text)

    def ends(self) -> tuple[int, str]:
        self.types()
        return self.process.wait(90), self.paper.read_text()


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    with opened(mail_servers, tmp_path_factory.mktemp("desk"), office={"dpo": "dpd@castellbisbal.cat"}) as desk:
        yield desk


@pytest.fixture
def terminal(desk: RunningOffice, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    with at_desk(desk) as agent:
        for folder in {"Drafts", "Elementos de Marta"} - set(agent.folders()):
            agent.create(folder)
        at_it = Terminal(desk, agent, getattr(request, "param", {}))
        yield at_it
        at_it.process.kill()


def test_answers_from_three_programs_are_seen_and_make_no_case(terminal: Terminal) -> None:
    for name, client in (("Outlook", OUTLOOK), ("Gmail", GMAIL), ("Apple Mail", APPLE)):
        terminal.answers(name, client)
    code, said = terminal.ends()
    assert code == 0, said
    assert "no problems found" in said
    assert [f"{name}: seen in Sent after " in said for name in ("Outlook", "Gmail", "Apple Mail")] == [True] * 3
    assert terminal.desk.cases() == []
    status = terminal.desk.status()
    assert (status["quarantine"], status["unaccounted"]) == (0, 0)
    assert terminal.desk.agent.inbox() + terminal.desk.supervisor.inbox() == []


@pytest.mark.parametrize("terminal", [SHORT_PATIENCE], indirect=True, ids=["short"])
def test_an_answer_in_another_folder_or_in_none_is_an_error_with_the_setting_of_its_program(terminal: Terminal) -> None:
    terminal.answers("a webmail", GMAIL, "Elementos de Marta")
    terminal.answers("a telephone", APPLE, "INBOX")
    terminal.answers("a tablet", APPLE, "Drafts")
    for program in ("Outlook 365", "Thunderbird"):
        terminal.types(program)
        terminal.types()
    code, said = terminal.ends()
    lines = re.findall(r"error +(.*?): its answer is in (.*?): (.*)", said)
    assert (code, "seen in" in said) == (1, False)
    assert [(program, where.split(" after ")[0]) for program, where, _ in lines] == [
        ("a webmail", "Elementos de Marta, a folder that is not read"),
        ("a telephone", "INBOX, and no copy of it is in Sent"),
        ("a tablet", "Drafts, so it was not sent"),
        ("Outlook 365", "no folder of the mailbox"),
        ("Thunderbird", "no folder of the mailbox"),
    ]
    assert "MessageCopyForSentAsEnabled" in lines[3][2]
    assert "Copies & Folders" in lines[4][2]


def test_an_answer_as_the_agent_or_that_names_no_message_is_seen_with_a_warning(terminal: Terminal) -> None:
    terminal.answers("Apple Mail", APPLE, sender="marta@castellbisbal.cat")
    del terminal.question["Message-ID"]
    terminal.answers("a telephone", OUTLOOK)
    code, said = terminal.ends()
    assert code == 0, said
    assert "it sends as marta@castellbisbal.cat" in said
    assert "does not say which message it answers" in said
    assert [f"{name}: seen in Sent" in said for name in ("Apple Mail", "a telephone")] == [True] * 2


@pytest.mark.parametrize("terminal", [SHORT_PATIENCE], indirect=True, ids=["short"])
def test_a_service_that_reads_nothing_more_has_not_seen_the_answer(terminal: Terminal) -> None:
    terminal.desk.signal(signal.SIGSTOP)
    terminal.answers("Outlook", OUTLOOK)
    code, said = terminal.ends()
    terminal.desk.signal(signal.SIGCONT)
    assert (code, "the service has not read it within" in said) == (1, True)
