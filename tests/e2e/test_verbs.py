"""The verbs as an admin uses them on a real desk: what they do, what they print, how they end."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.office import NO_LIMITS
from tests.e2e import shapes
from tests.e2e.office import RunningOffice
from tests.servers.mail_servers import MailServers
from tests.servers.people import Citizen
from tests.servers.ports import free_port
from tests.servers.waiting import until

MakeOffice = Callable[..., RunningOffice]


@pytest.fixture(scope="module")
def desk(mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """A desk with a running daemon, for all who are content with a case of their own on it."""
    office = RunningOffice(mail_servers, tmp_path_factory.mktemp("desk"), ack=NO_LIMITS)
    with office.running():
        yield office
    assert office.indiscretions() == []


def _one_case(
    mail_servers: MailServers, desk: RunningOffice, subject: str = "Padró", text: str = "Com m'empadrono?"
) -> str:
    """The number of a citizen's new case, acknowledged; the daemon runs."""
    person = Citizen(mail_servers, "Laia Roca")
    person.write(desk.address, subject, text)
    person.wait_for_mail()
    (row,) = desk.rows("SELECT number FROM cases JOIN people p ON p.id = citizen_id WHERE address = ?", person.address)
    until(lambda: desk.rows("SELECT 1 FROM outbox WHERE recipient = ? AND copied_at > ''", person.address))
    return str(row["number"])


# --- shapes -----------------------------------------------------------------------------------------------


def test_every_json_shape_is_exactly_the_promised_one(
    mail_servers: MailServers, desk: RunningOffice, tmp_path: Path
) -> None:
    number = _one_case(mail_servers, desk)
    desk.oacmail("case", "assign", number, desk.agent.address)
    desk.oacmail("case", "log-call", number)
    archive = tmp_path / "archive"
    messages = [file.read_bytes() for file in (*desk.mailbox.files(), *desk.mailbox.files("Sent"))]
    archive.write_bytes(b"".join(b"From x\n" + message + b"\n\n" for message in messages))
    (tmp_path / "garbage").write_bytes(bytes(range(256)))
    (tmp_path / "call").write_bytes(b"From: a@b.cat\nSubject: Truqueu-me\n\nTruqueu-me al 612 345 678 de 9 a 12.\n")
    files = [str(tmp_path / name) for name in ("garbage", "call", "archive")]
    for words, shape, count in (
        (("case", "list"), shapes.CASE, 0),
        (("case", "show", number), shapes.CASE_SHOWN, 1),
        (("outbox", "list", "--all"), shapes.OUTBOX, 0),
        (("status",), shapes.STATUS, 1),
        (("try", *files), shapes.TRY, 3),
        (("replay", str(archive)), shapes.REPLAY, len(messages)),
        (("due", "2026-11-27T19:59", "2026-03-29T02:30"), shapes.DUE, 2),
    ):
        rows = desk.json(*words)
        assert len(rows) == count or (rows and not count), words  # 0: as many as there are
        assert [fault for row in rows for fault in shapes.faults(row, shape)] == [], words
    assert desk.json("try", files[1])[0]["callback"] == {"phone": "+34612345678", "slot": "morning"}


# --- a case in an admin's hands ---------------------------------------------------------------------------


def test_several_cases_are_shown_at_once_and_one_that_does_not_exist_is_named(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    numbers = [_one_case(mail_servers, desk), _one_case(mail_servers, desk)]
    done = desk.oacmail("case", "show", *numbers, "999999", "--json", code=1)
    assert [json.loads(line)["number"] for line in done.stdout.splitlines()] == numbers
    assert "-999999: `oacmail case list`" in done.stderr


def test_a_correction_is_learned_and_the_next_like_message_is_read_by_it(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    asked = ("Hort municipal", "Bon dia, voldria demanar una parcel·la a l'hort municipal del torrent. Com ho faig?")
    like = ("Hort", "Bona tarda, com es demana una parcel·la d'hort municipal?")
    before = _one_case(mail_servers, desk, *asked)
    assert desk.case(_one_case(mail_servers, desk, *like))["topic"] != "enrolment"

    desk.oacmail("case", "set", before, "--topic", "enrolment")
    shown = desk.oacmail("learn").stdout

    assert re.search(r"^topic +1 +\d+ +\d+ +\d+ +learned$", shown, re.MULTILINE), shown
    assert desk.case(_one_case(mail_servers, desk, *like))["topic"] == "enrolment"


def test_a_case_is_assigned_noted_corrected_called_and_every_reason_can_be_read(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    number = _one_case(mail_servers, desk)
    digits = str(int(number[-6:]))
    desk.oacmail("case", "assign", digits, desk.agent.address)
    desk.oacmail("case", "note", digits, "Espera el DNI")
    desk.oacmail("case", "set", digits, "--topic", "certificate", "--level", "second", "--language", "es")
    desk.oacmail("case", "log-call", digits, "no-answer")
    assert desk.case(number)["answered_at"] is None
    desk.oacmail("case", "log-call", digits)
    case = desk.case(number)
    assert (case["assignee"], case["topic"], case["level"], case["language"]) == (
        desk.agent.address.partition("@")[0],
        "certificate",
        "second",
        "es",
    )
    assert case["status"] == "answered"
    assert case["answered_at"] is not None
    assert {"note", "corrected", "call-not-reached", "answered", "ordered"} <= {one["kind"] for one in case["events"]}
    why = desk.oacmail("why", digits).stdout
    assert "Espera el DNI" in why
    assert "deadline answer 0" in why


def test_a_message_judged_spam_becomes_a_case_by_hand_and_is_acknowledged(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    seller = Citizen(mail_servers, "Best SEO")
    text = (
        "Dear sir, we offer SEO services, 100 backlinks, first page of Google. Special price. Pay in bitcoin, casino."
    )
    sent = seller.write(desk.address, "Get first page of Google, cheap SEO backlinks", text)
    until(lambda: desk.rows("SELECT 1 FROM messages WHERE message_id = ?", sent), what="it is judged")
    assert [(item["reason"], item["case"]) for item in _waiting(desk, sent)] == [("suspected-spam", None)]
    said = desk.oacmail("case", "open", sent).stderr
    (ack,) = seller.wait_for_mail()
    assert _waiting(desk, sent) == []
    (case,) = [case for case in desk.cases() if case["citizen"] == seller.address]
    assert case["number"] in str(ack["Subject"])
    assert case["number"] in said
    assert desk.oacmail("case", "open", "<nobody@nowhere>", code=1).stderr


def test_a_doubtful_message_without_an_id_and_one_too_large_to_be_kept_become_cases_by_hand(
    mail_servers: MailServers, office: MakeOffice
) -> None:
    desk, plain, large = office(imap={"max_bytes": "20 kB"}), Citizen(mail_servers), Citizen(mail_servers)
    head = "From: {}\nSubject: Special offer: casino bonus, cheap SEO backlinks\n"
    body = "\nDear sir, cheap SEO backlinks, first page of Google, casino bonus, pay in bitcoin.\n"
    desk.oacmail("once")
    desk.mailbox.deliver((head.format(plain.address) + body).encode())
    parts = 'Content-Type: multipart/mixed; boundary="b"\n\n--b\n', "--b\nContent-Type: image/png\n\n", "--b--\n"
    desk.mailbox.deliver((head.format(large.address) + parts[0] + body + parts[1] + "x" * 70 * 500 + parts[2]).encode())
    desk.oacmail("once")
    waiting = desk.json("quarantine", "list")
    assert [(item["reason"], item["message_id"] or None) for item in waiting] == [("suspected-spam", None)] * 2
    for item in waiting:
        desk.oacmail("case", "open", item["ref"])
    assert {case["citizen"] for case in desk.cases()} == {plain.address, large.address}
    assert desk.json("quarantine", "list") == []
    assert desk.rows("SELECT count(*) AS n FROM messages")[0]["n"] == 2


def test_spam_that_a_person_has_looked_at_leaves_the_list_and_nothing_else_happens(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    seller = Citizen(mail_servers, "Best SEO")
    text = "Dear sir, cheap SEO backlinks, first page of Google. Special price. Pay in bitcoin, casino."
    sent = seller.write(desk.address, "Cheap SEO backlinks", text)
    until(lambda: desk.rows("SELECT 1 FROM messages WHERE message_id = ?", sent), what="it is judged")
    (item,) = _waiting(desk, sent)
    assert "case open" in desk.oacmail("quarantine", "retry", "no-such-ref", code=1).stderr
    desk.oacmail("quarantine", "done", item["ref"])
    assert _waiting(desk, sent) == []
    assert not [case for case in desk.cases() if case["citizen"] == seller.address]
    assert desk.oacmail("quarantine", "done", item["ref"], code=1).stderr
    desk.wait_until_accounted()


def _waiting(desk: RunningOffice, message_id: str) -> list[dict[str, Any]]:
    return [item for item in desk.json("quarantine", "list") if item["message_id"] == message_id]


def test_a_failed_mail_is_sent_again_or_dropped_by_hand(mail_servers: MailServers, desk: RunningOffice) -> None:
    lost = Citizen(mail_servers, user=mail_servers.new_user("ningu") + "-refused")
    desk.mailbox.deliver(b"From: %s\nSubject: Gos\n\nOn inscric el gos?" % lost.address.encode())
    failed = "SELECT key FROM outbox WHERE recipient = ? AND state = 'failed'"
    (row,) = until(lambda: desk.rows(failed, lost.address), what="the refusal")
    assert desk.json("status")[0]["ok"]  # a warning
    desk.oacmail("outbox", "retry", row["key"])
    key = row["key"]
    until(lambda: [line["key"] for line in desk.log_lines("mail.refused")].count(key) == 2, what="it is tried again")
    until(lambda: desk.rows(failed, lost.address), what="the second refusal is recorded")
    desk.oacmail("outbox", "drop", row["key"])
    assert [mail for mail in desk.json("outbox", "list") if mail["key"] == row["key"]] == []
    assert desk.oacmail("outbox", "drop", row["key"], code=1).stderr
    assert desk.oacmail("outbox", "retry", "ack:nothing", code=1).stderr


# --- backup, restore, schema ------------------------------------------------------------------------------


def test_a_backup_of_the_running_desk_serves_a_new_state_that_sends_nothing_again(
    mail_servers: MailServers, office: MakeOffice, tmp_path: Path
) -> None:
    desk, before, after = office(), Citizen(mail_servers), Citizen(mail_servers)
    saved = tmp_path / "saved.db"
    with desk.running():
        before.write(desk.address, "Ajut de lloguer", "Com demano l'ajut de lloguer?")
        before.wait_for_mail()
        desk.oacmail("backup", str(saved))
        assert saved.stat().st_mode & 0o777 == 0o600
        assert "already exists" in desk.oacmail("backup", str(saved), code=2).stderr
        assert "does not exist" in desk.oacmail("backup", str(tmp_path / "nowhere" / "saved"), code=2).stderr
        after.write(desk.address, "Ajut de menjador", "Com demano l'ajut de menjador?")
        after.wait_for_mail()
        until(lambda: len(desk.mailbox.messages("Sent")) == 2, what="both copies in Sent")
        numbers = {case["citizen"]: case["number"] for case in desk.cases()}
    key = (desk.root / "state" / "token.key").read_text()
    desk.change(office={"state": "elsewhere"})
    desk.oacmail("restore", str(saved), "--yes")
    desk.state = desk.root / "elsewhere"
    assert (desk.state / "token.key").read_text() == key
    assert (desk.state / "token.key").stat().st_mode & 0o777 == 0o600
    assert key.strip().encode() not in (desk.state / "oacmail.db").read_bytes()
    with desk.running():
        desk.wait_for_cases(2)
        desk.passes()
        assert {case["citizen"]: case["number"] for case in desk.cases()} == numbers
        assert {mail["state"] for mail in desk.json("outbox", "list", "--all")} == {"sent"}
        assert all(len(desk.case(number)["outgoing"]) == 1 for number in numbers.values())
        desk.wait_until_accounted()
    assert [len(person.inbox()) for person in (before, after)] == [1, 1]


def test_migrate_lists_the_steps_and_changes_nothing_without_confirmation(office: MakeOffice) -> None:
    desk = office()
    listed = desk.oacmail("migrate", "--list").stdout
    assert listed.startswith("pending")
    assert not (desk.root / "state").exists()
    assert desk.oacmail("migrate", "--dry-run").stdout == listed
    assert not (desk.root / "state").exists()
    desk.oacmail("migrate")
    assert "pending" not in desk.oacmail("migrate", "--list").stdout
    assert desk.oacmail("migrate", "--dry-run").stdout == ""


# --- how they end -----------------------------------------------------------------------------------------


def test_status_is_unhealthy_before_the_first_start_and_healthy_after_it(office: MakeOffice) -> None:
    desk = office()
    assert shapes.faults(desk.json("status", code=1)[0], shapes.STATUS) == []
    ill = desk.oacmail("status", code=1).stdout
    assert ill.startswith("UNHEALTHY")
    assert "never run" in ill
    desk.oacmail("once")
    assert desk.oacmail("status").stdout.startswith("healthy")


def test_a_missing_file_is_2_and_a_server_out_of_reach_is_75(office: MakeOffice) -> None:
    desk = office()
    for words in ("try /nowhere/message.eml", "replay /nowhere/archive", "restore /nowhere/backup --yes"):
        assert "no such file" in desk.oacmail(*words.split(), code=2).stderr
    desk.change(imap={"port": free_port()})
    assert "temporary" in desk.oacmail("once", code=75).stderr
    desk.config.rename(desk.root / "moved.toml")
    assert "no such file" in desk.oacmail("status", code=2).stderr


def test_before_the_first_start_lists_are_empty_and_what_is_named_is_not_found(office: MakeOffice) -> None:
    desk = office()
    for words in ("case list --json", "outbox list --json", "quarantine list --json"):
        empty = desk.oacmail(*words.split())
        assert empty.stdout == ""
        assert "never run" in empty.stderr
    assert desk.oacmail("case", "list").stdout.startswith("number")
    assert desk.oacmail("board", "waiting").stdout.startswith("0 ")
    creating = ("export a@x.cat", "forget a@x.cat", "certificate x.json")
    for words in ("case show 1", "case reopen 1", "why 1", "report 2026-10", "quarantine retry x", "learn", *creating):
        assert "never run" in desk.oacmail(*words.split(), code=1).stderr
    assert not desk.state.exists()


@pytest.mark.parametrize("when", ["9999-12-31 23:59", "0001-01-01", "9999-12-31T23:59:00-12:00"])
def test_a_moment_at_the_end_of_time_is_2_and_says_which_years_count(office: MakeOffice, when: str) -> None:
    assert "give a year from 1970 to 2199" in office().oacmail("due", when, code=2).stderr


def test_a_pipe_is_no_mail_to_try(office: MakeOffice, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.eml"
    os.mkfifo(pipe)
    assert "save the message to a file first" in office().oacmail("try", str(pipe), code=2).stderr


_NO_SUCH = ("export anna", "forget anna --yes", "report 9999-12", "report 1969-12", "report 2026-13")


def test_wrong_words_are_2_and_a_case_that_does_not_exist_is_1(office: MakeOffice) -> None:
    desk = office()
    desk.oacmail("once")
    for words in ("case close 1", "case set 1", "case show abc", "due ahir", "try .", "fly", *_NO_SUCH):
        desk.oacmail(*words.split(), code=2)
    for words in ("case show 77", "why 77", "case note 77 hola", "quarantine retry x"):
        assert desk.oacmail(*words.split(), code=1).stderr
    desk.oacmail("report", "2199-12")
    assert "is no backup of oacmail: name" in desk.oacmail("restore", str(desk.config), "--yes", code=1).stderr
    assert "error: /proc/oacmail: No such" in desk.oacmail("backup", "/proc/oacmail", code=1).stderr


def test_nothing_that_a_message_says_moves_the_terminal_and_json_stays_one_line_a_row(
    mail_servers: MailServers, desk: RunningOffice
) -> None:
    anna = Citizen(mail_servers)
    evil = "\x1b]0;pwned\x07\x1b[2J\u202egnp.exe\u2028 final\x9b31m"
    head = f"From: {anna.address}\nMessage-ID: <evil@x>\nContent-Type: text/plain; charset=utf-8\n"
    desk.mailbox.deliver(f"{head}Subject: {evil}\n\nTinc un dubte {evil}\n".encode())
    anna.wait_for_mail()
    (case,) = [case for case in desk.cases() if case["citizen"] == anna.address]
    verbs = ("case list", f"case show {case['number']}", f"why {case['number']}", "outbox list --all")
    printed = "".join(desk.oacmail(*words.split()).stdout for words in (*verbs, *(f"{verb} --json" for verb in verbs)))
    assert [char for char in printed if char in "\x1b\x07\u202e\u2028\x9b"] == []
    for line in desk.oacmail("case", "show", case["number"], "--json").stdout.splitlines():
        assert json.loads(line)
