"""Messages that a second process parses ahead: the same results whatever happens to it, and it ends with the daemon."""

import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import cast

import pytest

from oacmail.core.model import Message
from oacmail.mail.parse import RawMessage
from oacmail.mail.parser_config import ParserConfig
from oacmail.parse_worker import MANY, ParseWorker
from tests.servers.waiting import PATIENCE, until

MESSAGES = sorted((Path(__file__).parent.parent / "corpus").glob("*.eml"))
UNREAD = [RawMessage(raw=path.read_bytes(), skipped=(), day="2026-11-25") for path in MESSAGES]
PARSER_CONFIG = ParserConfig(own=frozenset({"oac360@castellbisbal.cat"}), lessons={"padró": {"topic:census": 0.5}})
GROUPS = [slice(begin, begin + 20) for begin in range(0, len(UNREAD), 20)]


@cache
def _read() -> list[Message]:
    return [message.read(PARSER_CONFIG) for message in UNREAD]


@pytest.fixture
def beside() -> Iterator[ParseWorker]:
    made = ParseWorker()
    yield made
    made.end()


def _begun(beside: ParseWorker) -> "subprocess.Popen[bytes]":
    """The process of a first pass over all of the corpus."""
    beside.begin(PARSER_CONFIG, len(UNREAD))
    assert beside.process is not None
    return beside.process


def _asked(beside: ParseWorker) -> list[Message]:
    """Every message of the corpus, all asked for before the first answer is taken."""
    beside.begin(PARSER_CONFIG, len(UNREAD))
    answers = [(beside.ask(UNREAD[group]), len(UNREAD[group])) for group in GROUPS]
    read = [answer(at) for answer, count in answers for at in range(count)]
    beside.end()
    return read


def _waiting(beside: ParseWorker) -> int:
    """How many groups nobody has started."""
    return sum(not (group.parsed.running() or group.parsed.done()) for group in beside.asked)


def _not_here(message: RawMessage, parser_config: ParserConfig) -> Message:
    raise AssertionError(f"read by who works it: {message.day} {parser_config.prefix}")


def test_the_worker_parses_messages_like_the_caller(beside: ParseWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(UNREAD) > MANY
    expected = _read()
    monkeypatch.setattr(RawMessage, "read", _not_here)
    beside.begin(PARSER_CONFIG, len(UNREAD))
    answers = [(beside.ask(UNREAD[group]), len(UNREAD[group])) for group in GROUPS]
    until(lambda: not _waiting(beside), what="the other has begun with the last group")
    assert [answer(at) for answer, count in answers for at in range(count)] == expected


def test_the_worker_parses_with_the_configuration_of_each_pass(
    beside: ParseWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = [RawMessage(raw=b"Subject: x\r\n\r\n", skipped=(), day="")]
    monkeypatch.setattr(RawMessage, "read", _not_here)
    languages = []
    for language in ("ca", "es", "es", "ca"):
        beside.begin(ParserConfig(language=language), MANY)
        answer = beside.ask(empty)
        until(lambda: beside.asked[-1].parsed.done(), what="the other has parsed it")
        languages.append(answer(0).lang)
    assert languages == ["ca", "es", "es", "ca"]


def test_the_caller_parses_messages_that_the_worker_has_not_begun(beside: ParseWorker) -> None:
    process = _begun(beside)
    process.send_signal(signal.SIGSTOP)
    answers = [(beside.ask(UNREAD[group]), len(UNREAD[group])) for group in GROUPS]
    until(lambda: _waiting(beside) < len(GROUPS), what="the other has been given the first group")
    rest = [answer(at) for answer, count in answers[1:] for at in range(count)]
    process.send_signal(signal.SIGCONT)
    assert [*(answers[0][0](at) for at in range(20)), *rest] == _read()
    assert process.poll() is None


def test_after_the_first_pass_the_worker_has_ended_and_messages_are_still_read(beside: ParseWorker) -> None:
    process = _begun(beside)
    assert _asked(beside) == _read()
    assert process.poll() is not None
    elsewhere = ParserConfig(prefix="AJT")
    beside.begin(elsewhere, MANY)
    answers = beside.ask(UNREAD)
    assert [answers(at) for at in range(len(UNREAD))] == [message.read(elsewhere) for message in UNREAD]


def test_a_first_pass_with_few_messages_starts_none_for_a_later_one(beside: ParseWorker) -> None:
    beside.begin(PARSER_CONFIG, 3)
    answers = beside.ask(UNREAD[:3])
    assert [answers(at) for at in range(3)] == _read()[:3]
    beside.end()
    assert _asked(beside) == _read()
    assert beside.process is None


def test_few_messages_start_no_worker(beside: ParseWorker) -> None:
    beside.begin(PARSER_CONFIG, MANY - 1)
    answers = beside.ask(UNREAD[:3])
    assert [answers(at) for at in range(3)] == _read()[:3]
    assert beside.process is None


def test_it_is_no_fork_of_a_process_with_threads(beside: ParseWorker) -> None:
    """Python 3.12 and newer warn of one: it may wait for ever for a lock that another thread had."""
    done = Event()
    Thread(target=done.wait).start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert _asked(beside) == _read()
    finally:
        done.set()
    assert beside.process is not None


def test_a_worker_killed_before_it_was_needed_delays_nobody(beside: ParseWorker) -> None:
    _begun(beside).kill()
    assert _asked(beside) == _read()


def test_a_worker_that_dies_halfway_delays_nobody_and_is_reported(
    beside: ParseWorker, caplog: pytest.LogCaptureFixture
) -> None:
    process = _begun(beside)
    first = beside.ask(UNREAD[GROUPS[0]])
    read = [first(at) for at in range(20)]
    process.send_signal(signal.SIGSTOP)  # a fast worker would have answered everything before it is killed
    answers = [(beside.ask(UNREAD[group]), len(UNREAD[group])) for group in GROUPS[1:]]
    until(lambda: _waiting(beside) < len(answers), what="the first of them is under way")
    process.kill()
    rest = [answer(at) for answer, count in answers for at in range(count)]
    assert read + rest == _read()
    until(lambda: caplog.messages, what="the report")
    assert caplog.messages == ["reader.gone"]


def test_a_worker_without_an_answer_is_given_up() -> None:
    beside = ParseWorker(longest=0.2)
    process = _begun(beside)
    process.send_signal(signal.SIGSTOP)
    assert _asked(beside) == _read()
    assert process.wait(20 * PATIENCE) == -signal.SIGKILL


def test_answers_left_over_are_no_concern_of_the_next_pass(beside: ParseWorker) -> None:
    beside.begin(PARSER_CONFIG, len(UNREAD))
    forgotten = [beside.ask(UNREAD[group]) for group in GROUPS]
    beside.end()
    assert _asked(beside) == _read()
    assert forgotten[-1](0) == _read()[GROUPS[-1]][0]


OWNER = """
import sys
from oacmail.parse_worker import MANY, ParseWorker
from oacmail.mail.parser_config import ParserConfig
made = ParseWorker()
made.begin(ParserConfig(), MANY)
print(made.process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_it_ends_with_us_however_we_end(end: signal.Signals | None) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with owner:
        assert owner.stdout is not None
        other = int(owner.stdout.readline())
        assert Path(f"/proc/{other}").exists()
        if end is not None:
            owner.send_signal(end)
        owner.communicate()
    until(lambda: not _runs(other), 20.0, what="the other has ended")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_fault_over_one_message_is_that_messages_alone_and_its_text_is_printed_nowhere(
    beside: ParseWorker, capfd: pytest.CaptureFixture[str]
) -> None:
    process = _begun(beside)
    answers = beside.ask([*UNREAD[:2], cast("RawMessage", "Anna Puig, DNI 12345678Z")])
    until(lambda: not _waiting(beside), what="the other has begun with the group")
    assert [answers(at) for at in range(2)] == _read()[:2]
    with pytest.raises(AttributeError):
        answers(2)
    until(lambda: process.poll() is not None, what="the other has ended over the fault")
    assert "12345678Z" not in "".join(capfd.readouterr())


def test_a_fault_of_ours_over_a_message_keeps_nobody_waiting(
    beside: ParseWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _begun(beside)
    process.send_signal(signal.SIGSTOP)
    answers = [beside.ask(UNREAD[group]) for group in GROUPS[:3]]
    until(lambda: _waiting(beside) < 3, what="the other has been given the first group")
    monkeypatch.setattr(RawMessage, "read", _not_here)
    with pytest.raises(AssertionError, match="read by who works it"):
        answers[2](0)
    monkeypatch.undo()
    assert answers[2](1) == _read()[GROUPS[2]][1]
    assert process.poll() is None


def test_where_no_process_can_be_had_messages_are_read_by_who_works_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*words: object, **options: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(subprocess, "Popen", full)
    parsing = ParseWorker()
    parsing.begin(PARSER_CONFIG, len(UNREAD))
    answers = parsing.ask(UNREAD)
    assert [answers(at) for at in range(len(UNREAD))] == _read()
