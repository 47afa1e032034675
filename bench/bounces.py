"""Measure delivery reports: how many are found with the right address and verdict, and false alarms among people.

Usage: make bounces CORPORA=DIR MAIL=DIR (or python -m bench.bounces DIR MAIL). DIR holds flufl_bounce and
perl_bounceparser with an oracle.jsonl each, and folders of people's mail; MAIL holds labelled messages with
labels.jsonl. A report is found if the message has one (mail/understanding/machines.py). What falls short is
named.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oacmail.core.model import DeliveryStatus, Message
from oacmail.mail.parse import parse

PEOPLE = ("talon", "redmine", "patchwork", "notmuch", "perl_mail_thread")


@dataclass(frozen=True, slots=True)
class Case:
    """One message. `addresses` and `action`: None where the oracle has no value."""

    path: Path
    is_report: bool
    addresses: frozenset[str] | None = None
    action: str | None = None


def flufl(corpus: Path) -> Iterator[Case]:
    for row in _rows(corpus):
        if row["kind"] == "bounce":
            permanent, temporary = row["expected_permanent"], row["expected_temporary"]
            action = "failed" if permanent else "delayed"
            yield Case(corpus / row["file"], True, _addresses(permanent or temporary), action)


def perl(corpus: Path) -> Iterator[Case]:
    for row in _rows(corpus):
        if "expected_is_bounce" in row:
            named = _addresses(row["expected_addresses"]) if "expected_addresses" in row else None
            action = {"5": "failed", "4": "delayed"}.get(row.get("expected_smtp_code", "")[:1])
            if row.get("expected_reason") == "user_unknown":
                action = "failed"
            yield Case(corpus / row["file"], row["expected_is_bounce"], named, action)


def people(corpora: Path, mail: Path) -> Iterator[Case]:
    for path in sorted(path for name in PEOPLE for path in (corpora / name).rglob("*") if path.is_file()):
        if path.suffix in (".eml", ".msg", ".mbox", ".mail") or (path.suffix == "" and path.parent.name != "tmp"):
            yield Case(path, False)
    for row in _rows(mail, "labels.jsonl"):
        if row["kind"] != "bounce":
            yield Case(mail / row["file"], False)


def labelled(mail: Path) -> Iterator[Case]:
    return (Case(mail / row["file"], True) for row in _rows(mail, "labels.jsonl") if row["kind"] == "bounce")


def _rows(directory: Path, name: str = "oracle.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / name).read_text("utf-8").splitlines()]


def _addresses(listed: list[str]) -> frozenset[str]:
    return frozenset(address.lower() for address in listed)


def measure(name: str, cases: list[Case]) -> None:
    read = [(case, parse(case.path.read_bytes())) for case in cases]
    reports = [(case, message.delivery_status) for case, message in read if case.is_report]
    found = [(case, report) for case, report in reports if report is not None]
    named = [(case, report) for case, report in found if case.addresses is not None]
    told = [(case, report) for case, report in found if case.action is not None]
    false = [(case, message) for case, message in read if not case.is_report and message.delivery_status is not None]
    right = [case for case, report in named if frozenset(report.recipients) == case.addresses]
    judged = [case for case, report in told if report.action == case.action]
    counts = (f"{len(found)} of {len(reports)}", f"{len(right)} of {len(named)}", f"{len(judged)} of {len(told)}")
    print(" | ".join((f"| {name}", *counts, f"{len(false)} of {len(read) - len(reports)} |")))
    _name_misses(reports, false)


def _name_misses(reports: list[tuple[Case, DeliveryStatus | None]], false: list[tuple[Case, Message]]) -> None:
    for case, report in reports:
        if report is None:
            print(f"    not found: {case.path.name}")
        elif case.addresses is not None and frozenset(report.recipients) != case.addresses:
            print(f"    address: {case.path.name}: {sorted(case.addresses)}, read {sorted(report.recipients)}")
        if report is not None and case.action is not None and report.action != case.action:
            print(f"    verdict: {case.path.name}: {case.action}, read {report.action}")
    for case, message in false:
        print(f"    false alarm: {case.path.name}: {message.reasons}")


def main(corpora: Path, mail: Path) -> None:
    print("| messages | found | right address | right verdict | false alarms |\n| --- | --- | --- | --- | --- |")
    measure("flufl_bounce", list(flufl(corpora / "flufl_bounce")))
    measure("perl_bounceparser", list(perl(corpora / "perl_bounceparser")))
    measure("labelled messages", list(labelled(mail)))
    measure("people", list(people(corpora, mail)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
