"""All problems that `status` can show, one row each: its code, what to do, and how it is found.

To add a problem, add a row to PROBLEMS. A problem that the service records itself (`Store.problem`) has no `found`; it
also needs a name in `mail/outgoing/labels.py`, for the alert. Everything else is found from a `Look` when `status` is
called.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from oacmail import wiring
from oacmail.adapters import disk
from oacmail.adapters.store import connection, tick_failures
from oacmail.cli.error_help import meaning
from oacmail.config import Config
from oacmail.engine import host_checks, run_history

RESTARTING = timedelta(seconds=30)  # how long a free lock may be that of a restart
DEATHS = 3  # of the daemon within an hour
SILENT = timedelta(minutes=10)
NOT_TICKING = timedelta(minutes=5)  # ten ticks of the service
LOCKED_FOR = 2.0  # seconds: the daemon's own writes take a few milliseconds
BEING_WORKED = timedelta(minutes=2)  # a message without an outcome for longer is behind


@dataclass(frozen=True)
class Look:
    """What can be known at one call of `status`. `counts`: the row of `listing.health`."""

    config: Config
    counts: dict[str, Any]
    now: datetime

    @cached_property
    def state(self) -> Path:
        return wiring.state(self.config)

    def older(self, patience: timedelta, since: str | None) -> bool:
        """Whether the moment `since` (ISO 8601, None = never) is further away than `patience`; never is not."""
        return since is not None and self.now - datetime.fromisoformat(since) > patience


@dataclass(frozen=True, slots=True)
class Problem:
    """`found`: whether the problem exists now, or its full codes (`code:detail`) if there may be several. `warning`:
    does not make `status` unhealthy. `server`: the recorded cause is explained by `troubles.meaning`."""

    code: str
    remedy: str
    found: Callable[[Look], bool | Iterable[str]] | None = None
    warning: bool = False
    server: bool = False


def _does_not_run(look: Look) -> bool:
    """A free lock, but for the moments of a restart. Between two passes of `once` the lock is free as a rule."""
    if connection.is_held(look.state):
        return False
    if look.counts["runs"] == run_history.ONCE:
        return _is_silent(look)
    signs = [look.counts[name] for name in ("started", "last_tick", "last_sync") if look.counts[name]]
    return not signs or look.older(RESTARTING, max(signs, key=datetime.fromisoformat))


def _is_unread(look: Look) -> bool:
    return connection.is_held(look.state) and _is_silent(look)


def _is_silent(look: Look) -> bool:
    last = look.counts["last_sync"]
    return last is None or look.older(SILENT, last)


def _dies(look: Look) -> bool:
    return len(run_history.recent(look.counts["deaths"], look.now)) >= DEATHS


def _is_not_ticking(look: Look) -> bool:
    """Of a service that runs, or of passes of `once`; a service that does not run has a problem of its own."""
    last, started = look.counts["last_tick"], look.counts["started"]
    if look.counts["runs"] == run_history.ONCE:
        return last is None or look.older(SILENT, last)
    if not connection.is_held(look.state):
        return False
    signs = [sign for sign in (last, started) if sign]
    return not signs or look.older(NOT_TICKING, max(signs, key=datetime.fromisoformat))


def _clock_is_set_back(look: Look) -> bool:
    latest = look.counts["latest"]
    return latest is not None and host_checks.is_set_back(look.now, datetime.fromisoformat(latest))


def _horizon(code: str) -> Callable[[Look], Iterable[str]]:
    def found(look: Look) -> Iterable[str]:
        today = look.now.astimezone(look.config.office.timezone).date()
        return [one for one in wiring.workdays(look.config).horizon(today) if one.partition(":")[0] == code]

    return found


PROBLEMS: tuple[Problem, ...] = (
    Problem("imap", "the mailbox cannot be read", server=True),
    Problem("smtp", "the relay takes no mail", server=True),
    Problem(
        "mailbox-full", "the mailbox has no room for messages and copies: delete or move old mail, or raise its quota"
    ),
    Problem(
        "relay-refuses",
        "the relay refuses mail to everybody, and all waits: `oacmail outbox list`, ask whoever runs it",
    ),
    Problem("sent-folder-missing", "no folder of sent mail was found: answers cannot be seen: set imap.sent"),
    Problem("folder-missing", "a folder of imap.watch does not exist: `oacmail check --online` names it"),
    Problem("folder-unread", "a folder of imap.watch cannot be opened: see the log, and the rights on it"),
    Problem(
        "unfiled", "copies of our mail cannot be moved to the folder of sent mail: see the log, and the rights on it"
    ),
    Problem("templates", "a template of yours is broken and the shipped one is used: `oacmail check` says where"),
    Problem(
        "config-refused",
        "the configuration as it is written is not in force: a running service keeps the old one, and with an error in "
        "it the next start fails: correct it (`oacmail check`), then reload; [imap], [smtp] and office.state need a "
        "restart",
    ),
    Problem(
        "not-running",
        "the service does not run: `systemctl status oacmail`, `journalctl -u oacmail`, then start it",
        _does_not_run,
    ),
    Problem(
        "dies",
        "the service has died three times or more within an hour: `journalctl -u oacmail` says why",
        _dies,
    ),
    Problem(
        "mailbox-unread", "the service runs, and has not read the mailbox for ten minutes: see the log", _is_unread
    ),
    Problem(
        tick_failures.CODE,
        "this raises and is tried again every hour; everything else goes on: see the log (tick.failed)",
    ),
    Problem(
        "not-ticking",
        "the service runs, and has looked at no deadline for five minutes: see the log (tick.failed)",
        _is_not_ticking,
    ),
    Problem(
        "unaccounted",
        "messages without an outcome: the service is behind, or stopped",
        lambda look: look.older(BEING_WORKED, look.counts["unaccounted_since"]),
    ),
    Problem(
        "quarantine",
        "a message could not be worked: `oacmail quarantine list`",
        lambda look: bool(look.counts["unreadable"]),
    ),
    Problem(
        "held",
        "mails are held: `oacmail outbox list`, then retry or drop",
        lambda look: bool(look.counts["outbox"].get("held")),
    ),
    Problem(
        "failed",
        "mails could not be delivered: `oacmail outbox list`",
        lambda look: bool(look.counts["outbox"].get("failed")),
        warning=True,
    ),
    Problem(
        "ack-budget",
        "acknowledgements wait, since a limit of [ack] is reached (`oacmail outbox list`); they leave when there is "
        "room, and those that are not sent on the same day are listed by `oacmail quarantine list` (a warning)",
        lambda look: bool(look.counts["over_budget"]),
        warning=True,
    ),
    Problem(
        "other-instance",
        "another oacmail answers this mailbox; this one sends only alerts, and its mail waits: stop one of the two "
        "for good (a copied machine, a trial, the old server), then restart the other",
        lambda look: bool(look.counts["other_instance"]),
    ),
    Problem(
        "shadow",
        "the service runs in shadow and sends nothing; to let it speak, start it without --shadow (a warning)",
        lambda look: bool(look.counts["shadow"]),
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
    # what the daemon may not even be able to write down
    Problem(
        host_checks.DISK,
        "hardly any room is left on the disk of the state directory: make room, it goes on by itself",
        lambda look: disk.free(look.state) < host_checks.SPARE,
    ),
    Problem(
        host_checks.COPIES,
        "no copy of our mail has come back for an hour, so nothing proves that it leaves: look for rules or a spam "
        "filter on the office's own mailbox (`oacmail check --online` tries it), or set smtp.self_copy",
    ),
    Problem(
        host_checks.CLOCK,
        "the clock has shown a later time than now: mend it (timedatectl), and look at the due days given since",
        _clock_is_set_back,
    ),
    Problem(
        "database-locked",
        "another program keeps the database locked, and nothing can be written: end that program",
        lambda look: connection.is_locked(look.state / connection.FILE, LOCKED_FOR),
    ),
    # instead of all others: there is nothing to look at
    Problem("no-database", "the service has never run on this state directory: start it"),
    Problem("state", "the database could not be written for a while: see the log"),
    Problem("schema-newer", "this program does not start on it"),
    Problem("database", "the database cannot be used: see the log"),
    Problem("schema", "the database is older than the program: `oacmail migrate`"),
)
_BY_CODE = {problem.code: problem for problem in PROBLEMS}
_UNKNOWN = Problem("", "see the log")


def found(look: Look) -> list[str]:
    """The full codes of all problems of this moment: the recorded ones first, then in the order of the table."""
    codes = list(look.counts["problems"])
    for problem in PROBLEMS:
        here = problem.found(look) if problem.found else False
        codes += ([problem.code] if here else []) if isinstance(here, bool) else here
    return list(dict.fromkeys(codes))


def of(code: str) -> Problem:
    """The row of a full code; a row that only says `see the log` for a code that has none."""
    return _BY_CODE.get(code.partition(":")[0], _UNKNOWN)


def explained(code: str, cause: str = "") -> str:
    """`code: what it is, and what to do`."""
    problem = of(code)
    if not problem.server:
        return f"{code}: {problem.remedy}" + (f": {cause}" if cause else "")
    if not cause:
        return f"{code}: {problem.remedy}: see the log, and `oacmail check --online`"
    what, do = meaning(code, cause)
    return f"{code}: {problem.remedy}: {what} ({cause}): {do}"
