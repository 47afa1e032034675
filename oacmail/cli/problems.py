"""All problems that `status` can show, one row each: code, remedy, and how it is found.

To add a problem, add a row to PROBLEMS. A problem that the service records itself (`Store.problem`) has no `present`;
it also needs a name in `templates/catalogue.toml` for the alert. `status` sees the others in a `Snapshot`.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct

from oacmail import host
from oacmail.advice import meaning
from oacmail.config import Config
from oacmail.core import canary, ends, watched
from oacmail.store import connection, remembered
from oacmail.store.remembered import LOST
from oacmail.workdays import of_office

WARNING, CRITICAL = "warning", "critical"  # severities; only a critical problem makes `status` unhealthy
RESTARTING = timedelta(seconds=30)  # a lock that is free for less may mean a restart
CRASH_LOOP = 3  # crashes of the daemon within an hour
SILENT = timedelta(minutes=10)
NOT_TICKING = timedelta(minutes=5)  # ten ticks of the service
LOCKED_FOR = 2.0  # seconds: the daemon's own writes take a few milliseconds
UNPROVED = timedelta(days=2)
BACKUP_OLD = timedelta(days=2)
MOST_NAMED = 5  # cases in one line
BEING_WORKED = timedelta(minutes=2)  # a message without an outcome for longer means that the service is behind


class Snapshot(Struct, frozen=True, dict=True):
    """What one call of `status` knows. `counts`: the result of `health.health`."""

    config: Config
    counts: dict[str, Any]
    now: datetime

    @cached_property
    def state(self) -> Path:
        return self.config.office.state

    def older(self, patience: timedelta, since: str | None) -> bool:
        """Whether the time `since` (ISO 8601) is longer ago than `patience`; False for None (never)."""
        return since is not None and self.now - datetime.fromisoformat(since) > patience


class Problem(Struct, frozen=True):
    """`present` returns whether the problem exists now, or its full codes (`code:detail`) if there may be several.
    `warning`: does not make `status` unhealthy. `server`: `advice.meaning` explains the recorded cause."""

    code: str
    remedy: str
    present: Callable[[Snapshot], bool | Iterable[str]] | None = None
    warning: bool = False
    server: bool = False


def _does_not_run(snapshot: Snapshot) -> bool:
    """Whether the lock has been free for longer than a restart takes. Between passes of `once` it is always free."""
    if connection.is_held(snapshot.state):
        return False
    if snapshot.counts["runs"] == watched.ONCE:
        return _is_silent(snapshot)
    signs = [snapshot.counts[name] for name in ("started", "last_tick", "last_sync") if snapshot.counts[name]]
    return not signs or snapshot.older(RESTARTING, max(signs, key=datetime.fromisoformat))


def _is_silent(snapshot: Snapshot) -> bool:
    last = snapshot.counts["last_sync"]
    return last is None or snapshot.older(SILENT, last)


def _is_not_ticking(snapshot: Snapshot) -> bool:
    """Whether a running service, or the passes of `once`, no longer tick. `not-running` covers what no longer runs."""
    last, started = snapshot.counts["last_tick"], snapshot.counts["started"]
    if snapshot.counts["runs"] == watched.ONCE:
        return not _is_silent(snapshot) and (last is None or snapshot.older(SILENT, last))
    if not connection.is_held(snapshot.state):
        return False
    signs = [sign for sign in (last, started) if sign]
    return not signs or snapshot.older(NOT_TICKING, max(signs, key=datetime.fromisoformat))


def _clock_is_set_back(snapshot: Snapshot) -> bool:
    latest = snapshot.counts["latest"]
    return latest is not None and watched.is_set_back(snapshot.now, datetime.fromisoformat(latest))


def _unseen_answers(snapshot: Snapshot) -> Iterable[str]:
    if cases := snapshot.counts["unseen_answers"]:
        yield f"answers-unseen:{len(cases)} ({', '.join(cases[:MOST_NAMED])})"


def _horizon(code: str) -> Callable[[Snapshot], Iterable[str]]:
    def present(snapshot: Snapshot) -> Iterable[str]:
        office = snapshot.config.office
        today = snapshot.now.astimezone(office.timezone).date()
        codes = of_office(office.calendar, office.holidays, office.closures).horizon(today)
        return [full for full in codes if full.partition(":")[0] == code]

    return present


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        LOST,
        "the database is lost, and with it the open cases, or an older file was put in its place: stop the service, "
        "then `oacmail restore` with a backup or with that file, else move an oacmail.db that is there out of the way "
        "and run `oacmail rebuild` (docs/loss.md)",
    ),
    Problem("imap", "the mailbox cannot be read", server=True),
    Problem("smtp", "the relay accepts no mail", server=True),
    Problem("oauth", "the provider gives no token, and all mail waits", server=True),
    Problem("oauth-recovered", "the provider gives tokens again (a warning)", warning=True),
    Problem("mailbox-full", "the mailbox is full: delete or move old mail, or raise its quota"),
    Problem(
        "relay-refuses",
        "the relay took none of the last mails, to different domains, and they wait: see `oacmail outbox list`",
    ),
    Problem("sent-folder-missing", "no folder of sent mail was found, so answers are not seen: set imap.sent"),
    Problem(
        "answers-unseen",
        "people have quoted, since yesterday, answers of ours that lie in no folder that is read, so they count as no "
        "answer: find the mail program that stores them elsewhere (`oacmail check --answers`)",
        _unseen_answers,
        warning=True,
    ),
    Problem("folder-missing", "a folder of imap.watch does not exist: run `oacmail check --online` to see which"),
    Problem("folder-unread", "a folder of imap.watch cannot be opened: see the log, check its permissions"),
    Problem(
        "unfiled", "copies of our mail cannot be moved to the folder of sent mail: see the log, check its permissions"
    ),
    Problem(
        "ledger", "the copy of the ledger cannot be put into the mailbox: see the log, check quota and permissions"
    ),
    Problem("drafts", "draft answers cannot be put into the folder of drafts: see the log, check its permissions"),
    Problem(
        "board",
        "messages cannot be moved into the folders of the board, or its folders cannot be made: see the log, check the"
        " permissions, run `oacmail check --online`",
    ),
    Problem(
        "board-moves",
        "more than 20 messages were moved within a minute, and nothing has happened to their cases yet: `oacmail board "
        "confirm` carries it out, `oacmail board undo` puts them back",
    ),
    Problem(
        "templates", "one of your templates is broken, and the shipped one is used: run `oacmail check` to see where"
    ),
    Problem(
        "config-refused",
        "the configuration file is not in force: a running service keeps the old one, and if the file has an error the "
        "next start fails: correct it (`oacmail check`), then reload; [imap], [smtp], [oauth] and "
        "office.state need a restart",
    ),
    Problem(
        "not-running",
        "the service does not run: see `systemctl status oacmail` and `journalctl -u oacmail`, then start it",
        _does_not_run,
    ),
    Problem(
        "dies",
        "the service has crashed three times or more within an hour: see `journalctl -u oacmail`",
        lambda snapshot: len(watched.recent_crashes(snapshot.counts["crashes"], snapshot.now)) >= CRASH_LOOP,
    ),
    Problem(
        "mailbox-unread",
        "the service runs but has not read the mailbox for ten minutes: see the log",
        lambda snapshot: connection.is_held(snapshot.state) and _is_silent(snapshot),
    ),
    Problem(
        remembered.TICK_CODE,
        "this item raises an error and is tried again every hour; all others continue: see the log (tick.failed)",
    ),
    Problem(
        "not-ticking",
        "the service runs but has checked no deadline for five minutes: see the log (tick.failed)",
        _is_not_ticking,
    ),
    Problem(
        watched.SHARED_BUDGET,
        "the file smtp.shared_budget cannot be used, so this town counts its mail alone: see the log, check that the "
        "file exists and that the service may write it (docs/towns.md section 3)",
        warning=True,
    ),
    Problem(
        "unaccounted",
        "some messages have no outcome yet: the service is behind, or does not run: see the log, or start it",
        lambda snapshot: snapshot.older(BEING_WORKED, snapshot.counts["unaccounted_since"]),
    ),
    Problem(
        "canary",
        "the hourly test mail has not come back within canary.limit_minutes: look for it in the relay's log and in "
        "junk, run `oacmail check --online`",
    ),
    Problem(
        watched.RECORDS,
        "what the town publishes in the DNS makes receivers refuse or lose mail: run `oacmail check --online`, which "
        "says who changes which record to what",
    ),
    Problem(ends.CODE, "ends by itself, and what needs it stops then", warning=True),
    Problem(
        remembered.DRILL_CODE,
        "the last restore drill failed, so the backups may be of no use: make a new one (`oacmail backup`), then run "
        "`oacmail drill` on it",
    ),
    Problem(
        "backup-old",
        "no backup was made for two days: see `journalctl -u oacmail-backup`, and the free space of the backups' disk",
        lambda snapshot: snapshot.older(BACKUP_OLD, snapshot.counts["rotated"]),
        warning=True,
    ),
    Problem(
        canary.VERDICT,
        "so the receiver outside says of the test mail under this envelope sender, that it is not proven to be ours: "
        "receivers refuse such mail, or put it into junk; send the alert's text to the postmaster "
        "(docs/deliverability.md), and run `oacmail check --online`",
    ),
    Problem("alert-command", "canary.alert_command failed: run it by hand as the service's user, see the log"),
    Problem(
        "reconciliation",
        "the nightly proof found a message, a case or a mail that nothing accounts for: the lines below `reconciled` "
        "say which and where (docs/monitoring.md); it is repeated every hour until nothing is found",
    ),
    Problem(
        "not-reconciled",
        "the nightly proof has not been made for two days: the service must run at night, or read every folder at its "
        "next start",
        lambda snapshot: (
            bool(snapshot.counts["reconciled"]) and snapshot.older(UNPROVED, snapshot.counts["reconciled"]["at"])
        ),
    ),
    Problem(
        "quarantine",
        "a message could not be processed: see `oacmail quarantine list`, then `oacmail quarantine retry` or `done`",
        lambda snapshot: bool(snapshot.counts["unreadable"]),
    ),
    Problem(
        "uncertain",
        "the relay has not answered for a mail, which may have left or not: its copy, or the lack of one, will decide "
        "(`oacmail outbox list`)",
        lambda snapshot: bool(snapshot.counts["outbox"].get("uncertain")),
    ),
    Problem(
        "held",
        "mail is held: see `oacmail outbox list`, then retry or drop it",
        lambda snapshot: bool(snapshot.counts["outbox"].get("held")),
    ),
    Problem(
        "failed",
        "mail could not be delivered: see `oacmail outbox list`, then retry or drop it",
        lambda snapshot: bool(snapshot.counts["outbox"].get("failed")),
        warning=True,
    ),
    Problem(
        watched.REFUSED,
        "this domain refuses our mail (people refused/people written to in three days, and its last words): correct "
        "what it names, most often SPF, DKIM or DMARC (`oacmail check --online`), or ask the relay's admin; then "
        "`oacmail outbox list` and retry",
    ),
    Problem(
        "ack-budget",
        "acknowledgements wait because a limit of [ack] is reached (`oacmail outbox list`); they are sent when the "
        "limit allows, and `oacmail quarantine list` lists those above the limit of a day (a warning)",
        lambda snapshot: bool(snapshot.counts["over_budget"]),
        warning=True,
    ),
    Problem(
        "other-instance",
        "another oacmail answers this mailbox; this one sends only alerts, and its other mail waits: stop one of the "
        "two for good (a copied machine, a test, the old server), then restart the other",
        lambda snapshot: bool(snapshot.counts["other_instance"]),
    ),
    Problem(
        "shadow",
        "the service runs in shadow and sends nothing; to send, start it without --shadow (a warning)",
        lambda snapshot: bool(snapshot.counts["shadow"]),
        warning=True,
    ),
    Problem(
        "calendar_missing",
        "a year has no holidays: add it to the holiday file (office.holidays)",
        _horizon("calendar_missing"),
    ),
    Problem(
        "calendar_provisional",
        "a year's holidays are not official yet (a warning)",
        _horizon("calendar_provisional"),
        warning=True,
    ),
    # problems that the daemon may be unable to record
    Problem(
        watched.DISK,
        "the disk of the state directory is almost full: free some space; the service then continues by itself",
        lambda snapshot: host.free_space(snapshot.state) < watched.SPARE,
    ),
    Problem(
        watched.COPIES,
        "no copy of our mail has arrived for an hour, so nothing proves that it is sent: look for rules or a spam "
        "filter on the office's own mailbox (`oacmail check --online` tests it), or set smtp.self_copy",
    ),
    Problem(
        watched.CLOCK,
        "the clock once showed a later time than now: correct it (timedatectl); if it was ahead and is right now: "
        "`oacmail clock`; then check the due days given meanwhile",
        _clock_is_set_back,
    ),
    Problem(
        "database-locked",
        "another program keeps the database locked, so nothing can be written: end that program",
        lambda snapshot: connection.is_locked(snapshot.state / connection.FILE, LOCKED_FOR),
    ),
    # shown alone: without a usable database nothing else is known
    Problem("no-database", "the service has never run on this state directory: start it"),
    Problem("no-answer", "nothing is known of this town: run `oacmail --town NAME status`"),
    Problem(
        "state",
        "the database could not be written for some time: see the log, and the free space and owner of its disk",
    ),
    Problem("schema-newer", "this program does not start on this database"),
    Problem("database", "the database cannot be used: see the log"),
    Problem(
        "schema",
        "the database is older than the program: restart the service, which updates it, or stop it and run "
        "`oacmail migrate`",
    ),
)
_BY_CODE = {problem.code: problem for problem in PROBLEMS}
_UNKNOWN = Problem("", "see the log")
_SEE = "see the log, and `oacmail check --online`"


def present_codes(snapshot: Snapshot) -> list[str]:
    """The full codes of all present problems: the recorded ones first, then in the order of the table."""
    codes = list(snapshot.counts["problems"])
    for problem in PROBLEMS:
        here = problem.present(snapshot) if problem.present else False
        codes += ([problem.code] if here else []) if isinstance(here, bool) else here
    return list(dict.fromkeys(codes))


def of(code: str) -> Problem:
    """The row of a full code; for an unknown code a row that says `see the log`."""
    return _BY_CODE.get(code.partition(":")[0], _UNKNOWN)


def described(code: str, cause: str = "") -> dict[str, str]:
    """`code`, `severity` and `text` of a problem (docs/interfaces.md section 3); the text says what to do. The
    detail of a full code begins the text."""
    name, _, detail = code.partition(":")
    problem = of(code)
    text = problem.remedy + (f": {cause}" if cause else "")
    if problem.server:
        what, do = meaning(problem.code, cause)
        text = f"{problem.remedy}: {what} ({cause}): {do}" if cause else f"{problem.remedy}: {_SEE}"
    return {"code": name, "severity": severity(code), "text": f"{detail}: {text}" if detail else text}


def severity(code: str) -> str:
    return WARNING if of(code).warning else CRITICAL
