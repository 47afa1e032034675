"""Every text and blob column of the schema: personal, derived from personal data, or free of it.

`tests/adapters/test_personal_columns.py` compares the tables below with the schema: a new column has no place until
somebody decides here what becomes of it. The erasure reads ERASED; the other tables are for people. This module never
touches a database.
"""

from collections.abc import Mapping

ERASED: Mapping[str, Mapping[str, str]] = {
    "cases": {"phone": "NULL", "subject": "''", "subject_key": "''"},
    "messages": {
        "message_id": "''",
        "because": "'[]'",
        "subject": "''",
        "subject_key": "''",
        "fresh": "''",
        "body_hash": "''",
        "reply_to": "''",
        "original": "NULL",
        "attachments": "'[]'",
    },
    "outbox": {
        "message_id": "'<erased.' || id || '@invalid>'",
        "alias": "NULL",
        "bare_id": "NULL",
        "last_error": "NULL",
    },
    "mails": {"mime": "x''", "bare": "NULL"},
}
"""Table -> column -> what it holds afterwards, as an SQL expression. The row stays: the indicators count it."""

ROWS: Mapping[str, Mapping[str, str]] = {
    "people": {
        "address": "becomes erased.ID@invalid (RFC 2606), which no mail can reach",
        "name": "erased with the address",
        "lang": "erased with the address",
    },
    "outbox": {
        "recipient": "becomes erased.ID@invalid if it was the person's",
        "domain": "becomes invalid, likewise",
        "mailbox": "becomes empty, likewise",
    },
    "originals": {"sha256": "the row is deleted", "bytes": "the row is deleted"},
    "refs": {"ref": "the rows that name the message, and those of the message, are deleted"},
    "notes": {"text": "the row is deleted"},
    "drafts": {"message_id": "the row is deleted", "mime": "the row is deleted"},
    "kv": {
        "key": "the rows about the address or the message are deleted",
        "value": "likewise; lessons are learned again without the person's messages",
    },
}
"""Personal columns that are erased by rows: `erase.py` says which."""

DERIVED: Mapping[str, Mapping[str, str]] = {
    "cases": {"opened_by": "fingerprint"},
    "messages": {"fingerprint": "keeps the message in the mailbox from being processed as a new one"},
    "reviews": {"fingerprint": "fingerprint"},
    "sightings": {"fingerprint": "fingerprint", "identity": "hash of Message-ID and Date of the baseline's mail"},
    "board_places": {"fingerprint": "fingerprint"},
    "board_messages": {"fingerprint": "fingerprint"},
    "votes": {"message": "fingerprint"},
    "deadlines": {"armed_by": "fingerprint, or the key of an order"},
    "events": {"fingerprint": "fingerprint"},
    "outbox": {"key": "kind and fingerprint; of notices also a hash of the colleague's address"},
    "drafts": {"key": "kind and fingerprint"},
    "tick_failures": {"item": "fingerprint or key; deleted at the next tick that succeeds"},
    "forgotten": {"person": "keyed hash of an address, with which a restored backup is erased again"},
}
"""Hashes from which nobody can read a person, and which the desk needs afterwards."""

FREE: Mapping[str, tuple[str, ...]] = {
    "people": (),
    "cases": (
        *("number", "parent", "status", "kind", "topic", "level", "intent", "lang", "slot", "call_hours", "incident"),
        *("assignee", "operator", "platform", "cause", "board_folder", "close_reason"),  # `assignee` names staff
        *("opened_at", "touched_at", "answered_at", "closed_at", "ends_on", "ends_hour", "erased_at"),
        *("solved_at", "told_at", "expected_on"),
    ),
    "messages": (
        *("role", "outcome", "kind", "rule", "lang", "rung", "folder", "sent_at", "received_at", "erased_at"),
    ),
    "reviews": ("reason", "at", "done_at"),
    "folders": ("name", "role", "started_at", "synced_at", "compared_at"),
    "sightings": ("folder", "internal_date", "first_seen", "outcome", "error", "wanted", "retry_at"),
    "board_places": ("folder", "internal_date"),
    "board_messages": ("folder", "internal_date", "target", "word"),
    "deadlines": ("kind", "armed_at", "due_at", "met_at", "fired_at", "void_at"),
    "outbox": (
        *("kind", "state", "budget", "released_at", "copied_at", "next_at", "data_at", "sent_at", "created_at"),
        *("refused_at", "erased_at"),
    ),
    "events": ("at", "kind", "data"),  # `data` names staff, and nobody else: tests/engine/events.py
    "votes": ("at",),
    "kv": ("at",),
    "tick_failures": ("case", "since", "retry_at", "error"),
    "drafts": ("created_at", "settled_at"),
    "forgotten": ("at", "key"),
    "reports": ("month", "published_at", "figures"),  # counts, and case numbers with the cause of a breach
    "report_corrections": ("month", "indicator", "measure", "at", "why"),
}
"""Times, labels, states, numbers, and names of staff and folders."""


def setting(table: str) -> str:
    """`column = expression, …` for an UPDATE of this table."""
    return ", ".join(f"{column} = {value}" for column, value in ERASED[table].items())
