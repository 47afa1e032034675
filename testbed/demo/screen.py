"""The outcome on one screen: a hundred columns, about forty-five lines, all of it from the evidence."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from oacmail.core.review import FILED_THANKS
from testbed.demo import story
from testbed.demo.evidence import DemoEvidence
from testbed.demo.expectations import BY_TELEPHONE, Expectation, errors
from testbed.demo.mailbox import DemoMail
from testbed.demo.office import Row
from testbed.demo.town import UnansweredMail
from testbed.people import OFFICE, STAFF

WIDTH = 100
_ERRORS_SHOWN = 3
_LEVELS = {"first": "first", "second": "second", "out_of_scope": "out"}
_NAMES = {
    **STAFF,
    **{citizen.address: citizen.name for citizen in story.WRITERS},
    f"{BY_TELEPHONE}+34600111333": story.CALLER,
}
_NOT_SHOWN: Row = {"citizen": "?", "due_at": None, "ends_hour": None, "events": (), "messages": ()}
_COLUMNS = ("case", "citizen", "about", "level", "status", "answer due", "acknowledged")


def lines(evidence: DemoEvidence, expectations: Sequence[Expectation], seconds: float) -> Iterator[str]:
    """The whole screen, no line longer than WIDTH."""
    for line in _all(evidence, expectations, seconds):
        yield line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _all(evidence: DemoEvidence, expectations: Sequence[Expectation], seconds: float) -> Iterator[str]:
    messages, mails = len(evidence.boxes[OFFICE]), sum(row["state"] == "sent" for row in evidence.outbox)
    came = f"{messages} messages came, {mails} mails of oacmail left,"
    yield f"{story.OFFICE_NAME}: a day in {seconds:.0f} seconds. {came}"
    yield "agents answered from their own mail program. What now lies in the mailboxes and in the database:"
    yield ""
    yield from _table(_COLUMNS, [_row(evidence, rows[0]) for rows in _in_order(evidence)])
    yield from ("", "Escalated, and why")
    yield from _table((), list(_escalated(evidence)))
    yield from ("", "Not answered, on purpose")
    yield from _table((), [_left_alone(evidence, unanswered) for unanswered in evidence.unanswered])
    yield ""
    yield from _verdict(evidence, expectations)


def _in_order(evidence: DemoEvidence) -> list[tuple[Row, ...]]:
    return sorted(evidence.cases.values(), key=lambda rows: str(rows[0]["number"]))


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    cells = [headings, *rows] if headings else list(rows)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))] if cells else []
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


# --- cases --------------------------------------------------------------------------------------------


def _row(evidence: DemoEvidence, case: Row) -> tuple[str, ...]:
    status = "OVERDUE" if case["overdue"] else case["status"]
    name, intent = _name(case["citizen"]), case["intent"]
    about = case["topic"] if intent == "question" else intent
    return (
        case["number"],
        name,
        about,
        _LEVELS.get(case["level"], "-"),
        status,
        _day(case["due_at"]),
        _acknowledged(evidence, case),
    )


def _name(address: str) -> str:
    return _NAMES.get(address, address)


def _day(text: str | None) -> str:
    return f"{datetime.fromisoformat(text).astimezone(story.ZONE):%a %d %H:%M}" if text else "-"


def _acknowledged(evidence: DemoEvidence, case: Row) -> str:
    acks = evidence.acks(case["citizen"])
    if case["citizen"].startswith(BY_TELEPHONE):
        return "by telephone"
    message = evidence.message(acks[0].in_reply_to) if acks else None
    if message is None:
        return "NO"
    again = f", {len(acks)} times" if len(acks) > 1 else ""
    return f"{_span(acks[0].arrived - message.arrived)}, {acks[0].language.replace(', ', '+')}{again}"


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 600 else f"{seconds // 3600} h"


# --- escalations --------------------------------------------------------------------------------------


def _escalated(evidence: DemoEvidence) -> Iterator[tuple[str, ...]]:
    """A line for each case and reason, with all recipients."""
    told: dict[tuple[str, str], list[tuple[str, DemoMail]]] = {}
    for recipient, mail in evidence.escalations():
        told.setdefault((mail.case, mail.kind), []).append((recipient, mail))
    for (number, kind), mails in sorted(told.items()):
        case = evidence.shown.get(number, _NOT_SHOWN)
        people = ", ".join(dict.fromkeys(_name(recipient) for recipient, _ in mails))
        message = "+ message" if all(mail.carries_message for _, mail in mails) else ""
        yield (number, _name(case["citizen"]), f"to {people}", _REASONS[kind](case), message)


def _late(case: Row) -> str:
    return f"no answer by {_day(_event(case, 'overdue').get('due_at'))}"


def _derived(case: Row) -> str:
    cause = str(_event(case, "escalated").get("cause") or "no cause named").replace("_", " ")
    told = any(message["role"] == "technical" for message in case["messages"]) and case["status"] == "answered"
    return f"level 2, {cause}" + (": citizen answered" if told else "")


def _bounced(case: Row) -> str:
    return f"answer bounced: due {_day(case['due_at'])}"


def _term(case: Row) -> str:
    return f"own term ends today, {case['ends_hour']}"


def _no_answer(_: Row) -> str:
    return "got an order, no answer"


_REASONS = {
    "overdue": _late,
    "derived": _derived,
    "bounced": _bounced,
    "term": _term,
    "transcript": _no_answer,
}


def _event(case: Row, kind: str) -> Row:
    """The data of the first event of this kind, or {}."""
    return next((event["data"] for event in case["events"] if event["kind"] == kind), {})


# --- unanswered mails ----------------------------------------------------------------------


def _left_alone(evidence: DemoEvidence, unanswered: UnansweredMail) -> tuple[str, ...]:
    answers, case = evidence.answers_to(unanswered.message_id), evidence.filed(unanswered.message_id)
    got = f"{len(answers)} MAILS" if answers else "no mail"
    return (
        unanswered.who,
        _taken_for(evidence, unanswered),
        got + (f"; case of {_name(case['citizen'])}" if case else ""),
    )


def _taken_for(evidence: DemoEvidence, unanswered: UnansweredMail) -> str:
    review = [row["reason"] for row in evidence.review if row["message_id"] == unanswered.message_id]
    if review == [FILED_THANKS]:
        return "thanks: a line of the next summary"
    if review:
        return f"waits for a person: {', '.join(review)}"
    row = evidence.tried.get(unanswered.message_id, {"kind": "not read", "because": ()})
    return f"{row['kind']}: " + "".join(row["because"][:1]).removeprefix("kind: ")


# --- the end ------------------------------------------------------------------------------------------


def _verdict(evidence: DemoEvidence, expectations: Sequence[Expectation]) -> Iterator[str]:
    missed = [each.name for each in expectations if not each.met]
    memory = f"; the daemon took {evidence.peak / 1024:.0f} MB at most" if evidence.peak else ""
    yield f"{len(expectations) - len(missed)} expectations met, {len(missed)} missed{memory}"
    for name in missed:
        yield f"  MISSED  {name}"
    for line in errors(evidence.log)[: _ERRORS_SHOWN if missed else 0]:
        yield f"  LOG     {line}"
