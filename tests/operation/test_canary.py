"""The canary: an hourly mail to ourselves over the outside, its time, and a second route when it does not come back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import cast

import pytest

from oacmail.cli import check
from oacmail.cli.status import health
from oacmail.core.ports import MessageMeta
from oacmail.engine import CanaryWatch
from oacmail.imap.mailbox import ImapMailbox
from oacmail.smtp import SmtpTransport
from testbed.mailbox import SimulatedMailbox
from testbed.relay import DOWN, refused
from tests.world import OFFICE, OPERATOR, World

ON = {"canary": {"enabled": True, "alert_command": ["/bin/true"]}}


class WatchedTown:
    """A town with a watch on its canaries, and what the admin's command was called with."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[tuple[str, ...]] = []
        self.fails = ""
        self.watch = CanaryWatch(engine=world.engine, run=self._run)

    def _run(self, words: Sequence[str]) -> str:
        self.calls.append(tuple(words))
        return self.fails

    def turn(self, *times: str) -> None:
        for at in times:
            self.world.turn_at(f"2026-11-25 {at}")
            self.world.sync()
            self.watch.look()

    def sent(self) -> list[str]:
        return [mail["key"] for mail in self.world.mails("probe")]


@pytest.fixture
def desk(town: Callable[..., World]) -> WatchedTown:
    return WatchedTown(town(**ON))


def test_each_hour_one_leaves_comes_back_and_status_shows_its_time(desk: WatchedTown) -> None:
    desk.turn("09:00", "09:30", "10:00")
    assert desk.sent() == ["canary:20261125T080000Z", "canary:20261125T090000Z"]
    assert health(desk.world.config, desk.world.clock.now())["canary"] == {
        "sent_at": "2026-11-25T10:00:00+01:00",
        "seconds": 0,
    }
    assert not desk.calls


def test_one_that_left_while_the_clock_was_ahead_holds_up_no_other(desk: WatchedTown) -> None:
    desk.turn("15:00", "09:00", "09:30", "10:00")
    assert desk.sent()[1:] == ["canary:20261125T080000Z", "canary:20261125T090000Z"]


def test_it_is_no_case_gets_no_answer_and_lies_in_sent(desk: WatchedTown) -> None:
    desk.turn("09:00", "09:01")
    assert desk.world.cases() == []
    assert [mail["kind"] for mail in desk.world.mails()] == ["probe"]
    assert any(b"k=canary:" in raw for raw in desk.world.mailbox.raws("Sent"))
    assert not desk.world.reviews()


def test_the_one_that_a_provider_has_put_into_sent_too_does_not_stay_in_the_inbox(town: Callable[..., World]) -> None:
    world = town(smtp={"self_copy": "server"}, **ON)
    world.relay.server_copies = world.relay.rewrites = True
    world.relay.copies = "held"  # it is in Sent before it has come back
    desk = WatchedTown(world)
    desk.turn("09:00")
    world.relay.release_copies()
    desk.turn("09:01")
    assert (world.mailbox.raws("INBOX"), len(world.mailbox.raws("Sent"))) == ([], 2)
    assert not world.reviews()


def test_none_is_sent_where_they_are_off(world: World) -> None:
    world.turn()
    assert not world.mails("probe")


def test_the_seconds_are_those_until_it_was_read(desk: WatchedTown) -> None:
    desk.world.tick()
    desk.world.drain()
    desk.turn("09:02")
    assert health(desk.world.config, desk.world.clock.now())["canary"]["seconds"] == 120


def test_one_that_does_not_come_back_runs_the_command_once_and_once_more_on_recovery(desk: WatchedTown) -> None:
    desk.turn("09:00")
    rule = desk.world.relay.when(refused(), kind="canary")
    desk.turn("10:00", "10:04", "10:06", "10:30", "11:00", "11:10")
    assert desk.calls == [("canary", "down", "2026-11-25T09:00:00+00:00")]
    assert "canary" in desk.world.problems()
    desk.world.relay.remove(rule)
    desk.turn("12:00", "12:01", "13:00")
    assert desk.calls[1:] == [("canary", "up", "2026-11-25T09:00:00+00:00")]
    assert "canary" not in desk.world.problems()


def test_the_operator_gets_the_mail_beside(desk: WatchedTown) -> None:
    desk.turn("09:00")
    desk.world.relay.when(refused(), kind="canary")
    desk.turn("10:00", "10:06", "10:12", "10:30", "11:30")
    assert desk.world.kinds(OPERATOR) == ["alert"]


def test_a_mailbox_that_cannot_be_read_is_an_outage_too(desk: WatchedTown) -> None:
    desk.turn("09:00", "10:00")
    desk.world.mailbox.away = True
    desk.turn("11:00", "11:07")
    assert [call[1] for call in desk.calls] == ["down"]
    desk.world.mailbox.away = False
    desk.turn("11:20")
    assert [call[1] for call in desk.calls] == ["down", "up"]


def test_a_service_that_was_stopped_gets_the_limit_again(desk: WatchedTown) -> None:
    desk.world.tick()
    desk.world.drain()
    desk.world.advance("2026-11-25 09:30")
    again = WatchedTown(desk.world)
    again.watch.look()
    again.turn("09:31")
    assert not again.calls


def test_while_none_can_leave_only_one_waits(desk: WatchedTown) -> None:
    desk.world.relay.when(DOWN)
    desk.turn(*(f"{hour:02}:00" for hour in range(9, 15)))
    assert len(desk.sent()) == 1
    assert [call[1] for call in desk.calls] == ["down"]


def test_a_command_that_fails_is_a_problem_of_status(desk: WatchedTown) -> None:
    desk.fails = "exit code 3"
    desk.turn("09:00")
    desk.world.relay.when(refused(), kind="canary")
    desk.turn("10:00", "10:06")
    assert "alert-command" in desk.world.problems()
    assert any("exit code 3" in one["text"] for one in health(desk.world.config, desk.world.clock.now())["problems"])


def test_it_goes_to_the_address_that_forwards_to_us(town: Callable[..., World]) -> None:
    world = town(canary={"enabled": True, "send_to": "retorn@elsewhere.example"})
    world.turn()
    (mail,) = world.received("retorn@elsewhere.example")
    assert mail["To"] == "retorn@elsewhere.example"
    assert OFFICE in str(mail["From"])
    assert not [raw for raw in world.mailbox.raws("INBOX") if b"k=canary:" in raw]


def test_the_nightly_proof_does_not_miss_one_that_somebody_deleted(desk: WatchedTown) -> None:
    desk.turn("09:00", "09:01")
    desk.world.mailbox.open("Sent")
    for uid in sorted(desk.world.mailbox.bearing("X-Oacmail-Kind", "probe")):
        desk.world.mailbox.expunge("Sent", uid)
    desk.world.advance("2026-11-26 03:01")
    desk.world.compare = True
    desk.world.sync()
    assert health(desk.world.config, desk.world.clock.now())["reconciled"]["found"] == []


# The test message of `check --online`, which a running service files while it is looked for.

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


class FiledMeanwhile(SimulatedMailbox):
    """Between the search in INBOX and its answer the service moves the message to Sent."""

    def metas(self, uids: Sequence[int] | None = None) -> Sequence[MessageMeta]:
        for uid in list(self.folders["INBOX"].messages):
            self.file("INBOX", [uid], "Sent", seen=True)
        return super().metas(uids)


def test_a_message_that_is_filed_while_it_is_looked_for_is_found_in_its_new_folder() -> None:
    box = FiledMeanwhile()
    box.append("INBOX", b"X-Oacmail-Kind: probe 5f1e0a2b\r\n\r\nHola\r\n", NOW)
    post = check.TestMail(cast(ImapMailbox, box), cast(SmtpTransport, None), "", tuple(box.watched()))
    found = post.arrival("X-Oacmail-Kind", "5f1e0a2b")
    assert found is not None
    assert (found[0].name, found[1].internal_date) == ("Sent", NOW)
