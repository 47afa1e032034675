"""What an admin does beside the running daemon, and what others do to its folders."""

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from oacmail import wiring
from oacmail.core.effects import AdminCommand, DeliveryResult, OutboxCommand, Send
from oacmail.core.errors import Refused, Transient
from oacmail.core.kinds import MailKind
from oacmail.core.model import Folder
from oacmail.core.outbox import envelope_sender
from oacmail.core.ports import FolderRead, WatchedFolder
from oacmail.store import admin, command_line, health
from oacmail.words.compose import FinalMail
from oacmail.words.renderer import Renderer
from oacmail.workdays import SHIPPED
from testbed.relay import deferred, refused
from tests.world import ANNA, MADRID, OPERATOR, PERE, SUPERVISOR, World, local

TOWN = Callable[..., World]


# --- orders -------------------------------------------------------------------------------------------


def test_a_closed_case_is_not_handed_to_the_technical_services(world: World) -> None:
    world.citizen_asks(ANNA)
    number = world.case()["number"]
    world.order("close", number, reason="spam")
    with pytest.raises(Refused, match="reopen"):
        world.order("escalate", number)
    assert world.case()["status"] == "closed"


def test_an_answered_case_is_open_again_when_one_that_waits_is_merged_into_it(world: World) -> None:
    message = world.citizen_writes(ANNA)
    world.citizen_asks(PERE)
    world.agent_replies(message)
    answered, waiting = (case["number"] for case in world.cases())
    world.order("merge", waiting, into=answered)
    assert [case["status"] for case in world.cases()] == ["open", "closed"]


@pytest.mark.parametrize(("verb", "words"), [("log-call", {}), ("close", {"reason": "contact"})])
def test_nobody_answers_before_anybody_has_asked(world: World, verb: str, words: dict[str, str]) -> None:
    world.citizen_asks(ANNA)
    with pytest.raises(Refused, match="before the case was opened"):
        world.order(verb, world.case()["number"], at=local("2026-11-25 08:59").isoformat(), **words)
    assert world.case()["answered_at"] is None


@pytest.mark.parametrize(
    ("verb", "words", "why"),
    [
        ("log-call", {"at": "2026-11-25T10:00:00+01:00"}, "in the future"),
        ("close", {"reason": "thanks"}, "waits for an answer"),
        ("reopen", {}, "already open"),
        ("merge", {"into": "OAC-2026-000001"}, "no other case"),
        ("set", {"topic": "weather"}, "topic: one of"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(world: World, verb: str, words: dict[str, str], why: str) -> None:
    world.citizen_asks(ANNA)
    with pytest.raises(Refused, match=why):
        world.order(verb, "OAC-2026-000001", **words)


def test_a_contact_before_the_persons_last_question_does_not_close_the_case(world: World) -> None:
    message = world.citizen_asks(ANNA)
    number = world.case()["number"]
    world.advance("2026-11-25 11:00")
    world.citizen_asks(ANNA, "", "I com puc pagar l'IBI d'aquest any?", answers=message)
    world.advance("2026-11-25 12:00")
    at = local("2026-11-25 10:00").isoformat()
    with pytest.raises(Refused, match="is owed"):
        world.order("close", number, reason="contact", at=at)
    assert world.case()["status"] == "open"
    world.order("log-call", number, at=at)
    assert world.case()["due_at"] == "2026-11-26T20:00:00+01:00", "the later question keeps a deadline"
    with pytest.raises(Refused, match="is owed"):
        world.order("close", number, reason="contact", at=at)
    world.order("close", number, reason="contact")
    assert world.case()["status"] == "closed"


@pytest.mark.parametrize(
    ("reason", "answered"), [("answered", True), ("contact", True), ("spam", False), ("duplicate", False)]
)
def test_closing_with_a_reason_meets_the_promise_only_by_a_contact_and_sends_nothing(
    world: World, reason: str, answered: bool
) -> None:
    world.citizen_asks(ANNA)
    world.clock.forward(minutes=5)
    world.obey("close", "OAC-2026-000001", reason=reason)
    case = world.case()
    assert (case["status"], case["answered_at"] is not None, case["overdue"]) == ("closed", answered, False)
    assert world.kinds(ANNA) == ["ack"]


def test_thanks_close_a_case_that_was_answered_and_it_can_be_reopened(world: World) -> None:
    world.citizen_asks(ANNA)
    number = world.case()["number"]
    world.clock.forward(minutes=5)
    world.order("log-call", number)
    world.order("close", number, reason="thanks")
    assert world.case()["status"] == "closed"
    world.order("reopen", number)
    case = world.case()
    assert (case["status"], case["closed_at"], case["due_at"]) == ("open", None, "2026-11-26T20:00:00+01:00")


# --- one mail of the outbox ---------------------------------------------------------------------------


def _outbox(world: World, verb: Literal["retry", "drop"], key: str) -> None:
    world.engine.perform(OutboxCommand(verb=verb, key=key, by="admin"))


def _ordered(world: World) -> list[dict[str, Any]]:
    return [event["data"] for event in world.case()["events"] if event["kind"] == "ordered"]


def test_a_refused_mail_is_sent_again_by_hand_and_the_log_of_the_case_says_who_ordered_it(world: World) -> None:
    world.relay.when(refused(550), kind="ack", times=1)
    world.citizen_asks(ANNA)
    key = world.mail()["key"]
    assert world.mail()["state"] == "failed"
    _outbox(world, "retry", key)
    world.turn()
    assert world.kinds(ANNA) == ["ack"]
    assert _ordered(world) == [{"verb": "outbox retry", "mail": "ack", "by": "admin"}]


def test_a_mail_that_waits_is_dropped_by_hand_and_the_log_of_the_case_says_so(world: World) -> None:
    world.relay.when(deferred(450), kind="ack")
    world.citizen_asks(ANNA)
    _outbox(world, "drop", world.mail()["key"])
    world.live("2026-11-25 12:00")
    assert world.mail()["state"] == "dropped"
    assert world.kinds(ANNA) == []
    assert _ordered(world) == [{"verb": "outbox drop", "mail": "ack", "by": "admin"}]


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_mail_that_has_left_takes_no_order_and_the_log_stays_as_it_is(
    world: World, verb: Literal["retry", "drop"]
) -> None:
    world.citizen_asks(ANNA)
    with pytest.raises(Refused, match="the mail is sent"):
        _outbox(world, verb, world.mail()["key"])
    with pytest.raises(Refused, match="no mail ack:nothing"):
        _outbox(world, verb, "ack:nothing")
    assert _ordered(world) == []


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_a_mail_that_does_not_exist_takes_no_order(world: World, verb: Literal["retry", "drop"]) -> None:
    with pytest.raises(Refused, match="no mail ack:nothing"):
        _outbox(world, verb, "ack:nothing")


def test_an_answer_of_the_relay_that_comes_after_the_copy_undoes_nothing(world: World) -> None:
    world.citizen_asks(ANNA)
    key = world.mail()["key"]
    world.turn()
    for state in ("refused", "later", "uncertain"):
        world.engine.perform(DeliveryResult(key=key, state=state, code=451))
    world.turn()
    assert world.mail()["state"] == "sent"
    assert world.kinds(ANNA) == ["ack"]
    assert world.mails("bounced") == []


# --- the review list ----------------------------------------------------------------------------------


def test_a_doubtful_message_that_is_tried_again_still_waits_for_a_person(world: World) -> None:
    world.citizen_asks(ANNA, "Gràcies", "Moltes gràcies!")
    ((ref, reason),) = [(row["ref"], row["reason"]) for row in command_line.review(world.store.con, MADRID)]
    whole = admin.find_review(world.store.con, ref)
    assert whole is not None
    assert admin.retry_message(world.store.con, whole, world.clock.now())
    assert world.reviews() == []
    world.turn()
    assert world.reviews() == [reason]
    assert world.rows("SELECT outcome FROM sightings WHERE fingerprint = ?", whole) == [{"outcome": "quarantined"}]


# --- shadow -------------------------------------------------------------------------------------------


def test_what_is_ordered_while_the_daemon_runs_in_shadow_is_never_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OACMAIL_IMAP_PASSWORD", "invented")
    world.citizen_asks(ANNA)
    world.store.close()
    wiring.assemble(world.config, shadow=True).close()
    with wiring.engine_for_command(world.config) as engine:
        engine.perform(AdminCommand(verb="escalate", case="OAC-2026-000001", by="admin"))
    with closing(wiring.assemble(world.config)) as parts:
        states = parts.store.con.execute("SELECT state FROM outbox WHERE kind = 'derived'").fetchall()
    assert [row["state"] for row in states] == ["shadow"]
    with wiring.engine_for_command(world.config) as engine:
        assert not engine.policy.shadow, "the daemon that came after it speaks again"


def test_a_reload_sends_from_the_new_address_of_the_office(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OACMAIL_IMAP_PASSWORD", "invented")
    world.stop()
    with closing(wiring.assemble(world.config)) as parts:
        office = world.config.office.model_copy(update={"address": "oficina@town.example"})
        wiring.reload(parts, world.config.model_copy(update={"office": office}))
        assert envelope_sender(parts.engine.policy, MailKind.OVERDUE, "overdue:1", "") == "oficina@town.example"


def test_a_reload_changes_what_is_watched_and_the_program_that_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OACMAIL_IMAP_PASSWORD", "invented")
    world.stop()
    holidays, told = tmp_path / "festius.toml", tmp_path / "told"
    holidays.write_text(SHIPPED.read_text("utf-8").partition("[2027]")[0], "utf-8")
    program = tmp_path / "tell"
    program.write_text(f'#!/bin/sh\necho "$1" >> {told}\n')
    program.chmod(0o700)
    with closing(wiring.assemble(world.config)) as parts:
        office = world.config.office.model_copy(update={"holidays": holidays})
        canary = replace(world.config.canary, alert_command=(str(program),))
        wiring.reload(parts, world.config.model_copy(update={"office": office, "canary": canary}))
        found, _ = parts.ends.look(date(2026, 11, 25))
        assert {end.what: end.on for end in found} == {"office.holidays": date(2026, 12, 31)}
        assert [watch.run(("canary",)) for watch in (parts.canary, parts.grant)] == ["", ""]
    assert told.read_text() == "canary\n" * 2


# --- folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read_at"),
    [
        ("Enviats", "2026-11-25 10:00"),  # named otherwise: the old name holds nothing up
        ("Sent", "2026-11-25 10:00"),
        (None, "2026-11-25 09:00"),  # gone: an answer may lie there
    ],
)
def test_the_mailbox_counts_as_read_when_the_folders_that_are_watched_now_were_read(
    world: World, sent: str | None, read_at: str
) -> None:
    world.advance("2026-11-25 10:00")
    now = world.clock.now()
    watched = [WatchedFolder(name="INBOX", role=Folder.INTAKE)]
    watched += [WatchedFolder(name=sent, role=Folder.SENT)] if sent else []
    for folder in watched:
        world.store.begin_folder(folder, 1, 1, now)
    world.store.watching(watched)
    read = [FolderRead(name=folder.name, uidvalidity=1, uidnext=1, compared=False) for folder in watched]
    world.store.synced(read, now)
    assert health.health(world.store.con, MADRID)["last_sync"] == local(read_at).isoformat()


def test_a_copy_that_cannot_be_moved_is_reported_and_holds_no_mail_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise Transient("IMAP MOVE: NO")

    with monkeypatch.context() as rights:
        rights.setattr(world.mailbox, "file", refused)
        world.citizen_asks(ANNA)
        assert world.problems() == {"unfiled"}
        world.citizen_asks(PERE)
    assert [world.kinds(who) for who in (ANNA, PERE)] == [["ack"], ["ack"]]
    world.turn()
    assert world.problems() == set()
    assert len(world.mailbox.raws("Sent")) == 2


# --- what is remembered -------------------------------------------------------------------------------


def test_an_outage_that_is_over_leaves_nothing_behind(world: World) -> None:
    world.mailbox.away = True
    world.live("2026-11-25 09:10", minutes=5)
    assert world.kinds(OPERATOR) == ["alert"]
    world.mailbox.away = False
    world.turn()
    assert world.rows("SELECT key FROM kv WHERE key GLOB 'alert:*' OR key GLOB 'problem:*'") == []


# --- what cannot be shown -----------------------------------------------------------------------------


class Squeamish(Renderer):
    """A renderer that fails over every original, as a bug of ours would over a strange one."""

    def __init__(self, shipped: Renderer) -> None:
        self._right = shipped

    def render(
        self, send: Send, message_id: str, sign: Callable[[str], str], now: datetime, *originals: bytes
    ) -> FinalMail:
        if originals:
            raise ValueError("strange")
        return self._right.render(send, message_id, sign, now, *originals)

    def draft(self, answer: Send, message_id: str, now: datetime) -> FinalMail:
        return self._right.draft(answer, message_id, now)


def test_an_original_that_cannot_be_shown_stops_no_escalation(world: World) -> None:
    world.engine.renderer = Squeamish(world.engine.renderer)
    world.citizen_asks(ANNA)
    world.live("2026-11-27 08:30", minutes=30)
    assert world.kinds(SUPERVISOR) == ["overdue"]
