"""The verb `status`: the health of the service and of all towns of the machine, read from the database alone, in
text, JSON, and the forms of Nagios and Prometheus. Exit 1 when unhealthy.
"""

import json
import multiprocessing
import os
import pwd
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from oacmail import config as settings
from oacmail.cli import problems
from oacmail.cli.common import configured, print_json, safe, table
from oacmail.config import Config
from oacmail.config.loading import SYSTEM
from oacmail.core.errors import ConfigError, Fatal, StateError
from oacmail.core.kinds import MailState
from oacmail.core.model import Status
from oacmail.shipped import version
from oacmail.store import connection
from oacmail.store import health as counted
from oacmail.store.remembered import LOST

# --- Towns -----------------------------------------------------------------------------------------------------------
# A town is looked at by a process of its own, with the rights of the town's own user: root reads no file of a town, and
# whatever breaks, hangs or dies there is the summary of that town alone. The process answers in JSON, of which nothing
# is executed.


LONGEST = 30.0  # seconds for one town
SYSTEMD = Path("/run/systemd/system")
"""Exists while systemd runs (sd_booted(3)). Without it, every town counts as in service."""
_OURS = frozenset(("office", "imap", "smtp", "people"))
_USER = "oacmail-"  # before the name of a town
_LIMIT = 10_000_000  # bytes of one answer

Summary = dict[str, Any]


class TownFile(Struct, frozen=True):
    """One file of the folder of configurations. `enabled`: systemd starts the town, or has started it."""

    name: str
    path: Path
    enabled: bool


def summaries(folder: Path) -> Iterator[tuple[TownFile, Summary]]:
    """The summary of each town in the order of names; that of a town out of service is empty."""
    paths = sorted(folder.glob("*.toml"))
    running = _in_service([path.stem for path in paths])
    for path in paths:
        town = TownFile(path.stem, path, running is None or path.stem in running)
        summary = _asked(town)
        if summary is not None:
            yield town, summary


def user_of(name: str) -> str:
    """The user as whom the unit of a town runs (systemd/oacmail@.service); `config` is the only town's file."""
    return "oacmail" if name == "config" else _USER + name


def town_of(path: Path) -> str:
    """The town whose user owns the path, or the nearest folder above it that exists; '' = no town's user does."""
    for place in (path, *path.parents):
        with suppress(OSError, KeyError):
            name = pwd.getpwuid(place.stat().st_uid).pw_name
            return "config" if name == user_of("config") else name.removeprefix(_USER) if name.startswith(_USER) else ""
    return ""


def other_town(file: Path, state: Path) -> str:
    """The town that the state folder of the configuration `file` belongs to, if that is another one: by a file beside
    it that names the same folder for another address, or by the folder's owner. '' = it is this town's."""
    own = _office(file)
    for other in sorted(file.parent.glob("*.toml")):
        theirs = _office(other)
        if theirs.get("address") != own.get("address") and other.parent / theirs.get("state", "") == state:
            return other.stem
    owner = town_of(state) if state.exists() and state.stat().st_uid != os.geteuid() else ""
    return owner if owner != file.stem else ""


def _office(file: Path) -> Mapping[str, str]:
    """[office] of a file; nothing of one that this user cannot read, or that is no configuration."""
    try:
        office = tomllib.loads(file.read_bytes().decode()).get("office", {})
    except (OSError, ValueError):
        return {}
    return {key: office[key] for key in ("address", "state") if isinstance(office.get(key), str)}


def _unit(name: str) -> str:
    return "oacmail.service" if name == "config" else f"oacmail@{name}.service"


def _in_service(names: list[str]) -> frozenset[str] | None:
    """The names whose unit is enabled, or active or failed; None if no systemd runs here."""
    if not SYSTEMD.is_dir() or not names:
        return None
    words = ["systemctl", "show", "--property=Id,UnitFileState,ActiveState", *map(_unit, names)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST, check=False)  # noqa: S603 - no shell
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in done.stdout.strip().split("\n\n")]
    used = {
        block["Id"]
        for block in blocks
        if block.get("UnitFileState", "").startswith("enabled") or block.get("ActiveState", "inactive") != "inactive"
    }
    return frozenset(name for name in names if _unit(name) in used)


def _asked(town: TownFile) -> Summary | None:
    """What the town's own process says; None: the file is no town's configuration."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, town), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(LONGEST):
            return _empty("no-answer", f"after {LONGEST:.0f} s")
        answer: Summary | None = json.loads(ours.recv_bytes(_LIMIT))
    except (EOFError, OSError, ValueError) as error:
        return _empty("no-answer", type(error).__name__)
    finally:
        process.kill()
        process.join()
        ours.close()
    return answer


def _answer(answers: Connection, town: TownFile) -> None:
    """The child: become the town's user, look, answer."""
    summary: Summary | None
    try:
        known = _become(user_of(town.name))
        try:
            sections = set(tomllib.loads(town.path.read_bytes().decode()))
        except (OSError, ValueError):
            sections = {*_OURS}  # what cannot be read may be a town
        if _OURS.isdisjoint(sections):  # other TOML, such as a holiday file
            summary = None
        elif not town.enabled:
            summary = _empty()
        elif not known:
            no_user = f"there is no user {user_of(town.name)}: create it (docs/towns.md section 1)"
            summary = _empty("config-refused", no_user)
        else:
            summary = health(settings.load(town.path), datetime.now(UTC))
    except ConfigError as wrong:
        summary = _empty("config-refused", "; ".join(wrong.findings))
    except Exception as error:
        summary = _empty("no-answer", f"{type(error).__name__}: {error}")
    answers.send_bytes(json.dumps(summary, default=str).encode())


def _become(name: str) -> bool:
    """Take the rights of this user, if we are root; False if there is no such user, and then those of `nobody`."""
    if os.geteuid() != 0:
        return True
    try:
        user, known = pwd.getpwnam(name), True
    except KeyError:
        user, known = pwd.getpwnam("nobody"), False
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    return known


# --- Monitoring ------------------------------------------------------------------------------------------------------
# What is wrong is decided by problems.py. Nagios: one line of text and performance data
# (https://www.monitoring-plugins.org/doc/guidelines.html). Prometheus: the text format 0.0.4, for the textfile
# collector of node_exporter. Metrics are times and not ages, since an age in a file stops when the service stops.


OK, WARNING, CRITICAL, UNKNOWN = range(4)
"""Exit codes of a Nagios plugin."""
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_LONGEST = 900  # NRPE 2 cuts at 1024 bytes, with the performance data

StatusSummary = Mapping[str, Any]


def nagios(summary: StatusSummary) -> tuple[str, int]:
    """The line and the exit code: 2 with a critical problem, 1 with a warning, else 0."""
    found = sorted(summary["problems"], key=lambda problem: problem["severity"] == problems.WARNING)
    if not found:
        text, code = f"{summary['cases']['open']} open, {summary['overdue']} overdue", OK
    else:
        code = CRITICAL if found[0]["severity"] == problems.CRITICAL else WARNING
        text = f"{', '.join(problem['code'] for problem in found)}: {found[0]['text']}"
    # `label=value[unit];warning;critical;minimum`; U = not known
    performance = [
        f"{name}={'U' if (age := summary[f'{name}_seconds']) is None else f'{age}s'};;{limit.total_seconds():.0f};0"
        for name, limit in (("sync_age", problems.SILENT), ("tick_age", problems.NOT_TICKING))
    ]
    performance += [
        f"oldest_waiting={summary['oldest_waiting_seconds']}s;;;0",
        f"open={summary['cases']['open']};;;0",
        f"overdue={summary['overdue']};;;0",
        f"held={summary['outbox']['held']};;0;0",
        f"unaccounted={summary['unaccounted']};;;0",
        f"quarantine={summary['quarantine']};;;0",
    ]
    return f"{_state(code, text)} | {' '.join(performance)}", code


def _state(code: int, text: str) -> str:
    """One line without `|`, which begins the performance data."""
    return safe(f"OACMAIL {_WORDS[code]} - {' '.join(text.split())}".replace("|", "/"))[:_LONGEST]


class Metric(Struct, frozen=True):
    """One gauge. `samples`: (labels, value) from a summary; a sample that is not known is left out."""

    name: str
    help: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def metrics(summary: StatusSummary) -> tuple[Metric, ...]:
    """All metrics, in the order of docs/monitoring.md."""
    present = {problem["code"] for problem in summary["problems"]}
    rows = {problem.code: problems.severity(problem.code) for problem in problems.PROBLEMS}
    versions = {"version": summary["version"], "schema": summary["schema"] or ""}
    proof = summary["reconciled"] or {"at": None, "found": ()}
    canary = summary["canary"] or {"sent_at": None, "seconds": None}
    looked = summary["records"] or {"at": None, "found": ()}

    def count(level: str) -> int:
        return sum(finding["level"] == level for finding in looked["found"])

    return (
        Metric("info", "Version of the program and of the database.", [(versions, 1)]),
        Metric("healthy", "1 if no problem is critical.", _one(int(summary["ok"]))),
        Metric("shadow", "1 if the service sends and moves nothing.", _one(int(summary["shadow"]))),
        Metric(
            "problem",
            "1 if this problem is present.",
            [({"code": code, "severity": severity}, int(code in present)) for code, severity in rows.items()],
        ),
        Metric("cases", "Cases by status.", _by("status", summary["cases"])),
        Metric("cases_overdue", "Cases whose answer is overdue.", _one(summary["overdue"])),
        Metric("outbox_mails", "Outgoing mail by state.", _by("state", summary["outbox"])),
        Metric(
            "outbox_oldest_waiting_seconds",
            "Age of the oldest mail that waits to be sent; 0 = none waits.",
            _one(summary["oldest_waiting_seconds"]),
        ),
        Metric("unaccounted_messages", "Messages without a recorded outcome.", _one(summary["unaccounted"])),
        Metric("quarantine_messages", "Messages that wait for a person.", _one(summary["quarantine"])),
        Metric(
            "refused_share",
            "Of the people of this domain to whom mail went in the last three days, the share whose mail was refused.",
            [({"domain": one["domain"]}, one["refused"] / one["people"]) for one in summary["refusals"]],
        ),
        Metric("last_sync_timestamp_seconds", "When the mailbox was last read.", _at(summary["last_sync"])),
        Metric("last_tick_timestamp_seconds", "When deadlines were last checked.", _at(summary["last_tick"])),
        Metric(
            "last_backup_timestamp_seconds", "When a backup by rotation was last made.", _at(summary["last_backup"])
        ),
        Metric(
            "drill_timestamp_seconds",
            "When a backup was last restored as a drill.",
            _at((summary["drill"] or {}).get("at")),
        ),
        Metric("reconciled_timestamp_seconds", "When the nightly proof was last made.", _at(proof["at"])),
        Metric("reconciled_findings", "What the last nightly proof found.", _one(len(proof["found"]))),
        Metric("records_timestamp_seconds", "When the records in the DNS were last looked at.", _at(looked["at"])),
        Metric(
            "records_findings",
            "What that look found, by level.",
            [({"level": level}, count(level)) for level in ("error", "warning")] if looked["at"] else [],
        ),
        Metric(
            "end_timestamp_seconds",
            "When this ends by itself.",
            [
                ({"what": end["what"]}, value)
                for end in summary["ends"]
                for _, value in _at(f"{end['on']}T00:00:00+00:00")
            ],
        ),
        Metric(
            "canary_sent_timestamp_seconds", "When the last test mail that is back was sent.", _at(canary["sent_at"])
        ),
        Metric("canary_seconds", "How long that test mail was on its way.", _one(canary["seconds"])),
        Metric(
            "canary_verdict",
            "1 if the receiver outside takes the test mail under this envelope sender for ours, 0 if not.",
            [({"envelope": one["envelope"]}, int(one["ok"])) for one in summary["verdicts"]],
        ),
    )


def _one(value: float | None) -> list[tuple[Mapping[str, str], float]]:
    return [] if value is None else [({}, value)]


def _by(label: str, counts: Mapping[str, int]) -> list[tuple[Mapping[str, str], float]]:
    return [({label: str(name)}, count) for name, count in counts.items()]


def _at(time: str | None) -> list[tuple[Mapping[str, str], float]]:
    return _one(None if time is None else datetime.fromisoformat(time).timestamp())


def prometheus(summary: StatusSummary, office: str) -> str:
    """The metrics as text. Every sample has the label `office`, its address: several towns may share one machine."""
    return "".join(line + "\n" for metric in metrics(summary) for line in _lines(metric, office))


def _lines(metric: Metric, office: str) -> Iterator[str]:
    name = f"oacmail_{metric.name}"
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} gauge"
    for labels, value in metric.samples:
        shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in {"office": office, **labels}.items())
        yield f"{name}{{{shown}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


# --- Status ----------------------------------------------------------------------------------------------------------


_COUNTED = (
    *("shadow", "unaccounted", "quarantine", "last_sync", "last_tick", "reconciled", "canary", "verdicts", "records"),
    *("ends", "purged", "drill"),
)
"""What the summary shows as the database counts it."""
LISTED = 20
"""Findings of the nightly proof that are shown to people."""


@click.command()
@click.option("--json", "form", flag_value="json", help="One JSON object; every key is always there.")
@click.option("--nagios", "form", flag_value="nagios", help="One line with performance data; exit 0, 1, 2 or 3.")
@click.option("--prometheus", "form", flag_value="prometheus", help="Metrics for the textfile collector; exit 0.")
@click.option("--all", "every", is_flag=True, help="A line for each town of this machine; also with --json.")
@click.pass_context
def status(ctx: click.Context, form: str | None, every: bool) -> None:
    """Show cases, mail, the mailbox, and every problem with its remedy."""
    if every:
        sys.exit(_all_towns(ctx, form))
    if form == "nagios":
        sys.exit(_as_plugin(ctx))
    try:
        config = configured(ctx)
        summary = health(config, datetime.now(UTC))
    except ConfigError as wrong:  # monitoring reads this summary, so print one
        if form != "prometheus":
            _show(_empty("config-refused", "; ".join(wrong.findings)), form)
        raise
    if form == "prometheus":
        click.echo(prometheus(summary, config.office.address), nl=False)
        return
    _show(summary, form)
    sys.exit(0 if summary["ok"] else 1)


def _as_plugin(ctx: click.Context) -> int:
    """Print the line of a Nagios plugin and return its exit code. Whatever prevents a summary is UNKNOWN: any other
    code would be read as a state of the service."""
    try:
        line, code = nagios(health(configured(ctx), datetime.now(UTC)))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, ConfigError):
            reason = "; ".join(error.findings)
        elif isinstance(error, click.ClickException):
            reason = error.format_message()
        line, code = _state(UNKNOWN, reason), UNKNOWN
    click.echo(line)
    return code


def _all_towns(ctx: click.Context, form: str | None) -> int:
    """Print a line for each configuration beside the one that counts; return 1 if a town in service is unhealthy."""
    if form not in (None, "json"):
        raise click.UsageError("--all prints lines for people, or --json")
    folder = (settings.find(ctx.find_root().obj) or SYSTEM).parent
    rows = list(summaries(folder))
    if not rows:
        raise ConfigError((f"{folder}: holds no configuration of a town: name the folder's file with --config",))
    if form == "json":
        print_json({"town": town.name, "enabled": town.enabled, **row, "ok": _is_well(town, row)} for town, row in rows)
    else:
        table(("town", "state", "cases", "problems"), (_cells(town, row) for town, row in rows))
    return 0 if all(_is_well(town, row) for town, row in rows) else 1


def _is_well(town: TownFile, summary: Mapping[str, Any]) -> bool:
    return bool(summary["ok"]) or not town.enabled


def _cells(town: TownFile, summary: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if not town.enabled:
        return town.name, "off", "", ""
    state = "healthy" if summary["ok"] else "UNHEALTHY"
    return town.name, state, f"{summary['cases']['open']} open, {summary['overdue']} overdue", "; ".join(lines(summary))


def health(config: Config, now: datetime) -> dict[str, Any]:
    """The summary of `status --json` (docs/interfaces.md section 3)."""
    state = config.office.state
    if not (state / connection.FILE).exists():
        return _empty(LOST if connection.is_lost(state) else "no-database")
    try:
        with connection.open_readonly(config.office.state, as_it_is=True) as con:
            connection.refuse_newer(con)
            applied, pending = connection.schema(con)
            if pending:
                return _empty("schema")
            counts = counted.health(con, config.office.timezone)
            late = counted.overdue_and_waiting(con, now)
            counts["unseen_answers"] = counted.unseen_answers(con, now - timedelta(days=1))
            refusals = counted.refusals(con, now)
    except ConfigError as newer:
        return _empty("schema-newer", "; ".join(newer.findings))
    except (StateError, Fatal) as fault:
        return _empty("database", str(fault))
    codes = problems.present_codes(problems.Snapshot(config=config, counts=counts, now=now))
    return _empty() | {
        "ok": all(problems.severity(code) == problems.WARNING for code in codes),
        "cases": dict.fromkeys(Status, 0) | counts["cases"],
        "overdue": late["overdue"],
        "outbox": dict.fromkeys(MailState, 0) | counts["outbox"],
        "oldest_waiting_seconds": late["waiting"],
        **{name: counts[name] for name in _COUNTED},
        "refusals": refusals,
        "sync_age_seconds": _age(counts["last_sync"], now),
        "tick_age_seconds": _age(counts["last_tick"], now),
        "last_backup": counts["rotated"],
        "schema": applied[-1] if applied else None,
        "problems": [problems.described(code, counts["causes"].get(code, "")) for code in codes],
    }


def _age(since: str | None, now: datetime) -> int | None:
    """Whole seconds since then, never below 0; None if it never happened."""
    return None if since is None else max(0, int((now - datetime.fromisoformat(since)).total_seconds()))


def _empty(problem: str = "", cause: str = "") -> dict[str, Any]:
    """The summary when nothing but this problem is known: every key, with the value of nothing."""
    return {
        "ok": False,
        "version": version(),
        "shadow": False,
        "cases": dict.fromkeys(Status, 0),
        "overdue": 0,
        "outbox": dict.fromkeys(MailState, 0),
        "oldest_waiting_seconds": 0,
        "unaccounted": 0,
        "quarantine": 0,
        "ends": [],
        **dict.fromkeys(("last_sync", "sync_age_seconds", "last_tick", "tick_age_seconds", "reconciled", "canary")),
        **dict.fromkeys(("records", "purged", "last_backup", "drill", "schema")),
        "verdicts": [],
        "refusals": [],
        "problems": [problems.described(problem, cause)] if problem else [],
    }


def lines(summary: Mapping[str, Any]) -> list[str]:
    """`code: text` of each problem."""
    return [f"{problem['code']}: {problem['text']}" for problem in summary["problems"]]


def _show(summary: dict[str, Any], form: str | None) -> None:
    if form == "json":
        print_json([summary])
        return
    click.echo("healthy" if summary["ok"] else "UNHEALTHY")
    for name in ("cases", "outbox"):
        counts = ", ".join(f"{count} {state}" for state, count in summary[name].items() if count) or "none"
        click.echo(f"{name:12} {counts}")
    for name in ("overdue", "unaccounted", "quarantine", "last_sync", "last_tick", "last_backup", "schema", "version"):
        click.echo(f"{name:12} {safe(summary[name])}")
    proof = summary["reconciled"] or {"at": None, "found": ()}
    click.echo(f"{'reconciled':12} {safe(proof['at'])}")
    for finding in proof["found"][:LISTED]:
        click.echo(f"  - {finding['what']}: {safe(finding['where'])} {finding['at'] or ''}".rstrip())
    if more := len(proof["found"][LISTED:]):
        click.echo(f"  - and {more} more: see --json")
    if (drill := summary["drill"]) is not None:
        click.echo(f"{'drill':12} {drill['result']}, {safe(drill['at'])}")
    if (canary := summary["canary"]) is not None:
        click.echo(f"{'canary':12} back after {canary['seconds']} s, sent {safe(canary['sent_at'])}")
    for one in summary["verdicts"]:
        said = " ".join(f"{name}={one[name] or 'missing'}" for name in ("spf", "dkim", "dmarc"))
        click.echo(
            f"{'verdict':12} {one['envelope']} envelope, {safe(one['receiver'])}: {safe(said)}, {safe(one['at'])}"
        )
    for end in summary["ends"]:
        click.echo(f"{'ends':12} {end['on']} {end['what']}")
    if (looked := summary["records"]) is not None:
        click.echo(f"{'records':12} {safe(looked['at'])}")
        for finding in looked["found"]:
            click.echo(f"  - {safe(': '.join(finding[name] for name in ('level', 'where', 'what', 'do')))}")
    if (purged := summary["purged"]) is not None:
        click.echo(f"{'purged':12} {purged['cases']} cases, {purged['copies']} copies, {safe(purged['at'])}")
    for one in summary["refusals"]:
        click.echo(
            f"{'refusals':12} {safe(one['domain'])}: {one['refused']} of {one['people']} people: {safe(one['text'])}"
        )
    for line in lines(summary):
        click.echo(f"  ! {safe(line)}")
