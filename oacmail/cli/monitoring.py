"""The summary of `status` in the forms of Nagios and Prometheus, and the metrics file of the daemon.

It decides names, units and exit codes of both forms, and never what is wrong: problems.py does. Nagios: one line of
text and performance data (https://www.monitoring-plugins.org/doc/guidelines.html). Prometheus: the text format 0.0.4,
for the textfile collector of node_exporter. Metrics are times and not ages, since an age in a file stops when the
service stops.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from oacmail.cli import problems
from oacmail.cli.common import safe

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
    return f"{_state(code, text)} | {' '.join(_performance(summary))}", code


def unknown(reason: str) -> str:
    """The line when there is no summary."""
    return _state(UNKNOWN, reason)


def _state(code: int, text: str) -> str:
    """One line without `|`, which begins the performance data."""
    return safe(f"OACMAIL {_WORDS[code]} - {' '.join(text.split())}".replace("|", "/"))[:_LONGEST]


def _performance(summary: StatusSummary) -> Iterator[str]:
    """`label=value[unit];warning;critical;minimum`; U = not known."""
    for name, limit in (
        ("sync_age", problems.SILENT),
        ("tick_age", problems.NOT_TICKING),
    ):
        age = summary[f"{name}_seconds"]
        yield f"{name}={'U' if age is None else f'{age}s'};;{limit.total_seconds():.0f};0"
    yield f"oldest_waiting={summary['oldest_waiting_seconds']}s;;;0"
    yield f"open={summary['cases']['open']};;;0"
    yield f"overdue={summary['overdue']};;;0"
    yield f"held={summary['outbox']['held']};;0;0"
    yield f"unaccounted={summary['unaccounted']};;;0"
    yield f"quarantine={summary['quarantine']};;;0"


@dataclass(frozen=True, slots=True)
class Metric:
    """One gauge. `samples`: (labels, value) from a summary; a sample that is not known is left out."""

    name: str
    help: str
    samples: Iterable[tuple[Mapping[str, str], float]]


def metrics(summary: StatusSummary) -> tuple[Metric, ...]:
    """All metrics, in the order of docs/monitoring.md."""
    present = {problem["code"] for problem in summary["problems"]}
    rows = {problem.code: problems.severity(problem.code) for problem in problems.PROBLEMS}
    return (
        Metric("info", "Version of the program and of the database.", [(_versions(summary), 1)]),
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
        *_proofs(summary["reconciled"], summary["canary"]),
    )


def _proofs(reconciled: StatusSummary | None, canary: StatusSummary | None) -> tuple[Metric, ...]:
    proof, back = reconciled or {"at": None, "found": ()}, canary or {"sent_at": None, "seconds": None}
    return (
        Metric("reconciled_timestamp_seconds", "When the nightly proof was last made.", _at(proof["at"])),
        Metric("reconciled_findings", "What the last nightly proof found.", _one(len(proof["found"]))),
        Metric("canary_sent_timestamp_seconds", "When the last test mail that is back was sent.", _at(back["sent_at"])),
        Metric("canary_seconds", "How long that test mail was on its way.", _one(back["seconds"])),
    )


def _versions(summary: StatusSummary) -> dict[str, str]:
    return {"version": summary["version"], "schema": summary["schema"] or ""}


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


def write(path: Path, text: str) -> None:
    """Replace the file at once, readable by all: node_exporter never sees half of it. Raises OSError."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
