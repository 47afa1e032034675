"""The cases as the next order of the same mail finds them: what the orders above it have changed or opened.

It repeats in memory what the store writes after all orders are decided. It decides nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from oacmail.core.case_effects import MergeCases, SplitCase
from oacmail.core.effects import (
    Effect,
    EndDeadlines,
    OpenCase,
    StartDeadline,
    UpdateCase,
)
from oacmail.core.model import Status
from oacmail.core.routing.derivation import hour_of
from oacmail.core.view import CaseView, Deadline

_FIELDS = frozenset(
    (
        *(
            "status",
            "topic",
            "level",
            "intent",
            "lang",
            "assignee",
            "answered_at",
            "closed_at",
            "cause",
            "close_reason",
        ),
        *("solved_at", "told_at", "expected_on", "ends_on", "ends_hour"),
    )
)
_DAYS = frozenset(("expected_on", "ends_on"))


@dataclass(frozen=True, slots=True)
class OrderedCases:
    """`cases` by number; `current`: the number of the case that a line without a number is about, None = of none;
    `serial`: the next case serial of the year; `moved`: messages that were split off, and cases that were merged."""

    cases: Mapping[str, CaseView]
    current: str | None
    serial: int
    moved: frozenset[str] = frozenset()

    def named(self, number: str) -> CaseView | None:
        """The case of this number, or the one into which that case was merged before (core/view.py)."""
        case = self.cases.get(number)
        return self.cases.get(case.number, case) if case is not None else None

    def after(self, effects: Iterable[Effect]) -> "OrderedCases":
        """What is left after these effects. A case that they open is the current one."""
        cases, current, serial, moved = dict(self.cases), self.current, self.serial, self.moved
        for effect in effects:
            match effect:
                case OpenCase():
                    cases[effect.number] = _opened(effect)
                    current, serial = effect.number, serial + 1
                case SplitCase():
                    serial += 1
                    moved |= {effect.message}
                case MergeCases() if effect.into in cases and effect.case in cases:
                    cases[effect.into] = _merged(cases[effect.into], cases[effect.case])
                    cases[effect.case] = replace(cases[effect.case], deadlines=())
                    moved |= {effect.case}
                case UpdateCase() | EndDeadlines() | StartDeadline() if effect.case in cases:
                    cases[effect.case] = _changed(cases[effect.case], effect)
        return OrderedCases(cases, current, serial, moved)


def after(case: CaseView, effects: Iterable[Effect]) -> CaseView:
    """The case as the next command finds it."""
    return OrderedCases({case.number: case}, case.number, 0).after(effects).cases[case.number]


def _opened(effect: OpenCase) -> CaseView:
    reading = effect.reading
    return CaseView(
        number=effect.number,
        status=Status.OPEN,
        citizen=effect.citizen,
        participants=frozenset({effect.citizen}),
        subject="",
        topic=str(reading.topic or "other"),
        level=str(reading.level or "first"),
        intent=str(reading.intent or "question"),
        lang=reading.language,
        assignee=None,
        opened_at=effect.opened_at,
        touched_at=effect.opened_at,
        answered_at=None,
        closed_at=None,
        first_message=effect.opened_by,
        phone=reading.callback.phone if reading.callback else None,
        slot=reading.callback.slot if reading.callback else None,
        call_hours=reading.callback.hours if reading.callback else (),
    )


def _merged(into: CaseView, case: CaseView) -> CaseView:
    theirs = case.others if case.own & into.own else case.own | case.others
    return replace(
        into,
        deadlines=(*into.deadlines, *case.deadlines),
        participants=into.participants | case.participants | {case.citizen},
        reply_to=into.reply_to | case.reply_to,
        others=into.others | (theirs - into.own),
    )


def _changed(case: CaseView, effect: UpdateCase | EndDeadlines | StartDeadline) -> CaseView:
    match effect:
        case UpdateCase(columns=columns):
            known = {name: _value(name, value) for name, value in columns.items() if name in _FIELDS}
            return replace(case, **known)  # type: ignore[arg-type]
        case EndDeadlines():
            return replace(
                case, deadlines=tuple(deadline for deadline in case.deadlines if not _ends(effect, deadline))
            )
        case StartDeadline():
            started = Deadline(
                started_by=effect.started_by,
                kind=effect.kind,
                level=effect.level,
                started_at=effect.started_at,
                due_at=effect.due_at,
            )
            return replace(case, deadlines=(*case.deadlines, started))


def _value(column: str, value: object) -> object:
    """As a view has it: of a day, the column holds the ISO date, of an hour its text."""
    if not isinstance(value, str):
        return value
    return date.fromisoformat(value) if column in _DAYS else hour_of(value) if column == "ends_hour" else value


def _ends(effect: EndDeadlines, deadline: Deadline) -> bool:
    named = not effect.started_by or deadline.started_by in effect.started_by
    named = named and effect.level in (None, deadline.level)
    return named and deadline.kind in effect.kinds and deadline.started_at <= effect.at
