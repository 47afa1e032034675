"""The table of the states of outgoing mail, held against the schema and every statement of the store, on SQLite."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from oacmail.core.effects import Decision, DropOutgoing, Effect, ImportSent, Send, SendWithoutOriginal, UpdateOutbox
from oacmail.core.kinds import FIRST, NEXT, MailEvent, MailKind, MailState
from oacmail.store import SqliteStore, admin
from oacmail.store.outbox import LIVE
from oacmail.words.compose import FinalMail

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
MOMENT, CASE, KEY = "2026-11-25T08:00:00+00:00", "OAC-2026-000001", "ack:5f1e"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path)
    opened.con.execute("INSERT INTO people(id, address) VALUES(1, 'anna@example.org')")
    opened.con.execute(
        """INSERT INTO cases(id, number, opened_by, citizen_id, status, kind, topic, level, intent, lang, subject,
        subject_key, opened_at, touched_at) VALUES(1, ?, '5f1e', 1, 'open', 'request', 'other', 'first', 'question',
        'ca', '', '', ?, ?)""",
        (CASE, MOMENT, MOMENT),
    )
    yield opened
    opened.close()


def _row_in(store: SqliteStore, state: MailState) -> None:
    store.con.execute(
        """INSERT INTO outbox(id, key, message_id, case_id, kind, recipient, domain, bare_id, length, state, next_at,
        created_at) VALUES(1, ?, '<1@office.example>', 1, 'ack', 'anna@example.org', 'example.org',
        '<2@office.example>', 1, ?, ?, ?)""",
        (KEY, state, MOMENT, MOMENT),
    )
    store.con.execute("INSERT INTO mails(id, mime, bare) VALUES(1, x'00', x'00')")


def _states(store: SqliteStore) -> dict[str, str]:
    return {row["key"]: row["state"] for row in store.con.execute("SELECT key, state FROM outbox")}


def _apply(store: SqliteStore, effect: Effect, *, shadow: bool = False) -> None:
    frozen = FinalMail(message_id="<9@office.example>", mime=b"1", length=1, bare=None, bare_id=None)
    with store.turn() as turn:
        turn.apply(Decision(effects=(effect,), because=()), now=NOW, mails={"warned:1": frozen}, shadow=shadow)


_BY_A_STATEMENT_OF_ITS_OWN: Mapping[MailEvent, Callable[[SqliteStore], object]] = {
    MailEvent.CLAIMED: lambda store: store.claim(NOW, 10, None),
    MailEvent.RETURNED: lambda store: store.unclaim([KEY], NOW),
    MailEvent.HANDING_OVER: lambda store: store.sending(KEY, NOW, copy_expected=True),
    MailEvent.RECOVERED: lambda store: store.recover(),
    MailEvent.KEY_LOST: lambda store: admin.key_lost(store.con, NOW),
    MailEvent.CANCELLED: lambda store: _apply(store, DropOutgoing(case=CASE, kinds=(MailKind.ACK,))),
}


@pytest.mark.parametrize(("event", "state"), list(product(MailEvent, MailState)))
def test_the_store_does_to_each_state_what_the_table_says(
    store: SqliteStore, event: MailEvent, state: MailState
) -> None:
    _row_in(store, state)
    if event in _BY_A_STATEMENT_OF_ITS_OWN:
        _BY_A_STATEMENT_OF_ITS_OWN[event](store)
    else:
        _apply(store, UpdateOutbox(key=KEY, event=event))
    assert _states(store) == {KEY: NEXT[event].get(state, state)}


def test_the_table_names_every_event_and_every_state_is_reached() -> None:
    assert set(NEXT) == set(MailEvent)
    assert FIRST | {reached for states in NEXT.values() for reached in states.values()} == set(MailState)


def test_what_is_not_under_way_leaves_by_a_person_a_proof_or_a_relay_that_recovers() -> None:
    live = {MailState(name) for name in re.findall(r"'(\w+)'", LIVE)}
    out = {
        event
        for event, states in NEXT.items()
        if any(before not in live and reached in live for before, reached in states.items())
    }
    assert out == {MailEvent.RETRIED_BY_HAND, MailEvent.RELAY_AT_FAULT}


def test_a_row_begins_in_one_of_the_first_states(store: SqliteStore) -> None:
    send = Send(key="warned:1", kind=MailKind.WARNED, lang="ca", recipient="anna@example.org", release=NOW)
    for shadow in (False, True):
        _apply(store, send, shadow=shadow)
        assert set(_states(store).values()) == {"shadow" if shadow else "queued"}
        store.con.execute("DELETE FROM mails")
        store.con.execute("DELETE FROM outbox")
    sent = ImportSent(
        key="ack:7c", kind=MailKind.ACK, case=CASE, message="7c", refs=(), message_id="<7c@office.example>",
        recipient="anna@example.org", sent_at=NOW,
    )  # fmt: skip
    _apply(store, sent)
    assert _states(store) == {"ack:7c": "sent"}
    store.con.execute("DELETE FROM outbox")
    _row_in(store, MailState.FAILED)
    _apply(store, SendWithoutOriginal(key=KEY, next_at=NOW))
    assert _states(store)[f"{KEY}:bare"] == "queued"
