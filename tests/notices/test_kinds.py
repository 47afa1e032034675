"""The table of the kinds of outgoing mail: complete, and in step with templates, facts, texts and the schema."""

from contextlib import closing
from pathlib import Path

import pytest

from oacmail.core.kinds import (
    IN_SERVICE_HOURS,
    KINDS,
    LIMITED_NOTICES,
    OF_THE_DAY,
    TEMPLATED,
    Audience,
    CancelledBy,
    EnvelopeSender,
    IfUncertain,
    IfUndelivered,
    MailKind,
    cancelled_by,
    of_key,
    of_name,
)
from oacmail.core.model import LANGUAGES
from oacmail.shipped import shipped
from oacmail.store import views
from oacmail.store.connection import connect, migrate
from oacmail.store.outbox import LIMITED
from oacmail.words import facts
from oacmail.words.labels import label
from oacmail.words.renderer import ANSWER_DRAFT


def test_every_kind_has_one_row() -> None:
    assert list(KINDS) == list(dict.fromkeys(KINDS))
    assert set(KINDS) == set(MailKind)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_has_a_template_in_each_language_and_every_template_a_kind(lang: str) -> None:
    templates = {file.name.removesuffix(".txt.j2") for file in (shipped("templates") / lang).glob("*.txt.j2")}
    assert templates == {kind.value for kind in TEMPLATED} | {ANSWER_DRAFT, "solved_answer"}


def test_every_sample_is_of_a_kind_that_has_a_template() -> None:
    assert facts._SAMPLES.keys() <= TEMPLATED


def test_every_notice_that_a_list_may_name_has_a_heading_for_it() -> None:
    unnamed = [kind for kind in LIMITED_NOTICES if label("notice", kind, "ca", "l'Oficina") == kind]
    assert not unnamed


def test_every_kind_that_is_reported_undelivered_has_a_name_for_people() -> None:
    told = [how.removeprefix("as_") for how in IfUndelivered if how is not IfUndelivered.NOBODY]
    assert not [how for how in told if label("mail", how, "en", "the office") == how]


@pytest.mark.parametrize("kind", KINDS)
def test_mail_to_citizens_is_never_sent_twice_on_suspicion_but_for_the_acknowledgement(kind: MailKind) -> None:
    rules = KINDS[kind]
    if rules.audience is Audience.CITIZEN:
        others = {MailKind.ACK: IfUncertain.RESEND_ALWAYS, MailKind.SURVEY: IfUncertain.DROP}
        assert rules.if_uncertain is others.get(kind, IfUncertain.HOLD)
        assert rules.about_case
        assert kind not in IN_SERVICE_HOURS
    else:
        assert rules.envelope is EnvelopeSender.OFFICE
        assert rules.if_uncertain in (IfUncertain.RESEND, IfUncertain.DROP)


def test_what_is_out_of_date_tomorrow_waits_for_no_opening() -> None:
    assert set(IN_SERVICE_HOURS) > OF_THE_DAY


def test_an_answer_leaves_the_acknowledgement_in_the_queue_and_closing_does_not() -> None:
    assert MailKind.ACK not in cancelled_by(CancelledBy.ANSWER)
    assert MailKind.ACK in cancelled_by(CancelledBy.CLOSE)


def test_the_indexes_of_the_schema_serve_the_kinds_that_the_limits_count(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "db")) as con:
        migrate(con)
        query = f"EXPLAIN QUERY PLAN SELECT count(*) FROM outbox WHERE {LIMITED} AND mailbox = ? AND released_at > ?"
        plan = " ".join(row["detail"] for row in con.execute(query, ("", "")))
    assert "outbox_budget_of" in plan


@pytest.mark.parametrize(("query", "index"), [(views.JUNK, "messages_in_junk"), (views.LAST_SENT, "outbox_digests")])
def test_the_indexes_of_the_schema_serve_the_digest(tmp_path: Path, query: str, index: str) -> None:
    with closing(connect(tmp_path / "db")) as con:
        migrate(con)
        rows = con.execute(f"EXPLAIN QUERY PLAN {query}", ("",) * query.count("?"))
        plan = " ".join(row["detail"] for row in rows)
    assert index in plan


@pytest.mark.parametrize(
    ("key", "kind"),
    [("ack:5f1e", MailKind.ACK), ("urgent:2026-11-25:0f", MailKind.REMIND), ("held:ack:5f1e", MailKind.ALERT)],
)
def test_a_key_tells_the_kind(key: str, kind: MailKind) -> None:
    assert of_key(key) is kind


def test_an_unknown_kind_fails_at_once() -> None:
    with pytest.raises(ValueError, match="no-such-kind"):
        of_name("no-such-kind")
