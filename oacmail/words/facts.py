"""The facts that each template gets (core/kinds.py), cleaned, with defaults for missing ones.

A fact that is not listed for a template does not reach it, but case, token and buttons: an acknowledgement cannot
repeat a citizen's subject or text, whatever a town's own template asks for. Citizens' text is shown without hidden
characters and clickable links.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from oacmail.core.calendar import SLOTS
from oacmail.core.effects import Send
from oacmail.core.kinds import KINDS, TEMPLATED
from oacmail.core.model import LANGUAGES, Topic
from oacmail.core.view import AgreedCall
from oacmail.words.compose import dead_links, many_lines, one_line
from oacmail.words.labels import group
from oacmail.words.redact import first_words

MAX_TEXT = 20_000  # characters of a citizen's text in a mail; the original contains the rest
_LAST_MOMENTS = ("due_at", "ends_at")

_ROW: Mapping[str, object] = {"case": "", "opened_at": None, "due_at": None, "status": "open", "topic": "other"}
_DERIVED: Mapping[str, object] = {
    "derived_at": None,
    "operator": "town",
    "platform": "",
    "ends_on": None,
    "ends_hour": None,
}
_LINE: Mapping[str, object] = {
    "short": "",
    **_ROW,
    "assignee": None,
    "ends_on": None,
    "ends_hour": None,
    "delayed": False,
    "unreached": False,
}
_ROWS: Mapping[str, Mapping[str, object]] = {
    "cases": {
        **{**_ROW, **_DERIVED, "expected_on": None, "level": 1},
        **dict.fromkeys(("overdue", "urgent", "delayed", "filed"), False),
    },
    **{f"{name}_cases": _LINE for name in ("overdue", "urgent", "due_today", "rest")},
    "rights_cases": {**_LINE, "month_ends": None, "ended": False},
    "derived_cases": {"short": "", **_DERIVED, "told": False, "update_on": None},
    **{f"calls_{half}": {"short": "", "call_hours": ()} for half in ("morning", "afternoon")},
    "incidents": {"case": "", "platform": "", "count": 0},
    "load": {"agent": "", "count": 0},
    "discrepancies": {"what": "", "where": "", "since": None, "detail": ""},
    "pointers": {"body": "", "address": "", "phone": ""},
    "pointer": {"body": "", "address": "", "phone": ""},
    "orders": {"verb": "", "detail": "", "case": "", "done": False, "reason": "", "more": ""},
    "buttons": {"verb": "", "case": "", "url": ""},
    "votes": {"score": 0, "url": ""},
    "review": {"ref": "", "short": "", "reason": "", "since": None},
    "set_aside": {"ref": "", "short": "", "reason": "", "since": None, "opening": ""},
}


def facts_of(send: Send, now: datetime, zone: ZoneInfo) -> dict[str, object]:
    """Return the facts of one mail: local times, no hidden characters."""
    defaults = KINDS[send.kind].facts
    own = {"opened_at": send.received_at, "received_at": send.received_at, "due_at": send.due_at, "date": now}
    given = {**own, **{name: value for name, value in send.facts.items() if value is not None}}
    facts = {name: _shown(name, given.get(name, default), zone) for name, default in defaults.items()}
    buttons = _shown("buttons", send.facts.get("buttons", ()), zone)
    return {**facts, "case": one_line(send.case or ""), "token": one_line(send.token), "buttons": buttons}


def _shown(name: str, value: object, zone: ZoneInfo) -> object:
    match value:
        case None | int():
            return value
        case str():
            return _STRINGS.get(name, one_line)(value)
        case datetime():
            local = value.astimezone(zone)
            # A day that ends at 24:00 is the day before that midnight.
            ends = name in _LAST_MOMENTS and local.time() == time.min
            return local - timedelta(minutes=1) if ends else local
        case Mapping():
            row = {**_ROWS.get(name, {}), **value}
            return {str(key): _shown(str(key), cell, zone) for key, cell in row.items()}
        case Sequence():
            return tuple(_shown(name, item, zone) for item in value)
        case _:
            return value


def _text(text: str) -> str:
    shown = dead_links(many_lines(text[:MAX_TEXT]))
    return f"{shown}\n[…]" if len(text) > MAX_TEXT else shown


_STRINGS: Mapping[str, Callable[[str], str]] = {"text": _text, "opening": first_words}
"""How citizens' texts are shown; any other is one line."""

_SAMPLE_TABLE = {"caption": "Resum", "head": ("Indicador", "Resultat"), "rows": (("I1", "98,3 %"), ("I2", "0"))}
_SAMPLE_PAGE = {
    **dict.fromkeys(("title", "office", "charts", "no_pictures", "note", "attached", "privacy", "breaches_title"), "…"),
    **dict.fromkeys(("corrections_title", "corrections_why"), "…"),
    **dict.fromkeys(("summary", "short_trend", "corrections"), _SAMPLE_TABLE),
    "lang": "ca",
    "to_do": "…",
    "lead": ("…",),
    "status": ("…",),
    "missed": (_SAMPLE_TABLE,),
    "pictures": ({"name": "cases", "alt": "Consultes rebudes, per mes: nov. 26 40"},),
}
_THEN = datetime(2026, 11, 26, 19, tzinfo=UTC)
_TODAY = date(2026, 11, 30)
"""The day on which samples are rendered (words/renderer.py)."""
_SAMPLE_ROW = {"case": "OAC-2026-000123", "opened_at": _THEN, "due_at": _THEN, "status": "derived", "level": 2}
_SAMPLE_LINE = {**_SAMPLE_ROW, "short": "123", "topic": "grant", "assignee": None}
_SAMPLE_BUTTON = {"verb": "mine", "url": "mailto:desk+o@town.example?subject=%23meu&body=%23meu%0D%0A"}
_SAMPLE_VOTES = tuple(
    {"score": score, "url": f"mailto:desk+v@town.example?subject={score}&body={score}%0D%0A"} for score in range(1, 6)
)
_SAMPLE_CARD = {
    **{"opened_at": _THEN, "due_at": _THEN, "topic": "grant", "assignee": "anna", "text": "Bon dia\n\n| a |"},
    **{"intent": "callback", "slot": "any", "call_hours": ((540, 780), (960, 1080))},
}
_SAMPLE_SECOND = {
    "opened_at": _THEN,
    "due_at": _THEN,
    "topic": "notification",
    "operator": "aoc",
    "platform": "e-NOTUM",
    "urgent": True,
    "ends_on": date(2026, 11, 27),
    "ends_hour": time(14),
    "words": ("error 502", "bad gateway"),
}
_SAMPLE_DERIVED = {"derived_at": _THEN, "platform": "e-NOTUM", "operator": "aoc", "ends_on": date(2026, 11, 27)}
_SAMPLE_CALLS: tuple[Mapping[str, object], ...] = (
    {"slot": "morning", "call_hours": ((600, 720),)},
    {"slot": "any", "call_hours": ((540, 780), (960, 1080))},
    {"slot": "afternoon", "call_hours": ((1020, 1200),)},
    {"slot": "morning", "call_hours": ((660, 660),)},
)
_SAMPLE_CALL = AgreedCall(begins=_THEN, ends=_THEN + timedelta(hours=2), hours=((600, 720),))
_SAMPLES: Mapping[str, tuple[Mapping[str, object], ...]] = MappingProxyType(
    {
        "ack": (
            {},
            {"first": False, "secret": True},
            {"empty": True},
            {"missing": True, "ends_on": _TODAY + timedelta(days=1), "ends_hour": time(14)},
            *({"ends_on": _TODAY, "ends_hour": hour} for hour in (None, time(14))),
            {"first": False, "still_fails": True},
            {"road": "nothing", "first": False, "new_language": True},
            *({"road": "callback", "slot": slot, "phone3": "678", "call_day": _THEN.date()} for slot in SLOTS),
            *(
                {"road": "callback", "phone3": "678", "call_day": _THEN.date(), "call": _SAMPLE_CALL, **call}
                for call in _SAMPLE_CALLS
            ),
            {"road": "callback", "slot": "afternoon", "outside": True, "phone3": "678", "call_day": _THEN.date()},
            *({"road": "no_number", "slot": slot} for slot in SLOTS),
            {"road": "no_number", "slot": "any", "call_hours": ((540, 1020),)},
            *({"road": road} for road in ("complaint", "suggestion", "data_rights")),
        ),
        "overdue": (
            {},
            {**_SAMPLE_CARD, "level": 2, "unread": ("Sent", "INBOX"), "buttons": (_SAMPLE_BUTTON,), "unreached": True},
            {**_SAMPLE_CARD, "answered_at": _THEN - timedelta(days=2), "wrote_again": True, "filed": True},
            {**_SAMPLE_CARD, "answered_at": _THEN - timedelta(days=2)},
            {**_SAMPLE_CARD, "answered_at": _THEN - timedelta(days=2), "not_to_all": True},
        ),
        "overdue_digest": ({"cases": (_SAMPLE_ROW,) * 2, "unread": ("Sent",)}, {"cases": (_SAMPLE_ROW,)}),
        "term": (
            {"opened_at": _THEN, "due_at": _THEN, "ends_on": _TODAY},
            {
                "opened_at": _THEN,
                "due_at": _THEN,
                "ends_on": _TODAY,
                "topic": "grant",
                "intent": "callback",
                "ends_hour": time(14),
                **_SAMPLE_CALLS[0],
            },
        ),
        "remind": (
            {"cases": ({**_SAMPLE_ROW, "filed": True},)},
            {"cases": (_SAMPLE_ROW, {**_SAMPLE_ROW, "urgent": True, "ends_on": date(2026, 11, 27)}), "urgent": True},
        ),
        "digest": (
            {},
            {
                "date": date(2026, 11, 30),
                "waiting": 5,
                "overdue": 1,
                "overdue_cases": ({**_SAMPLE_LINE, "delayed": True, "unreached": True},),
                "urgent": 1,
                "urgent_cases": ({**_SAMPLE_LINE, "ends_on": date(2026, 11, 27)},),
                "due_today": 1,
                "due_today_cases": ({**_SAMPLE_LINE, "assignee": "anna"},),
                "rights": 2,
                "rights_cases": (
                    {**_SAMPLE_LINE, "month_ends": date(2026, 12, 24)},
                    {
                        **_SAMPLE_LINE,
                        "short": "98",
                        "month_ends": date(2026, 11, 28),
                        "ended": True,
                        "assignee": "anna",
                    },
                ),
                "rest": 2,
                "rest_cases": (_SAMPLE_LINE, _SAMPLE_LINE),
                "calls": 3,
                "calls_morning": ({"short": "121", "call_hours": ((600, 720),)},),
                "calls_afternoon": ({"short": "122"}, {"short": "123"}),
                "review": ({"ref": "5f1e0a2b", "reason": "looks-automatic: bulk", "since": _THEN},),
                "unreached": 3,
                "unreached_cases": ("118", "119", "123"),
                "aside": 2,
                "set_aside": (
                    {"ref": "a07c0a2b", "reason": "suspected-spam", "since": _THEN, "opening": "Guanyeu 100 € ara"},
                    {"ref": "b1130a2b", "short": "124", "reason": "filed-thanks", "since": _THEN},
                ),
                "problems": ("calendar_provisional:2027", "imap"),
                "derived": 5,
                "derived_cases": (
                    {"short": "120", **_SAMPLE_DERIVED, "told": True, "update_on": date(2026, 12, 3)},
                    {"short": "124", "derived_at": _THEN},
                ),
                "more_derived": 3,
                "untold": ("124",),
                "updates_today": ("119",),
                "suggested": ("122",),
                "incidents": ({"case": "120", "platform": "e-NOTUM", "count": 4},),
                "load": ({"agent": "anna", "count": 1}, {"agent": "", "count": 4}),
                "since": date(2026, 11, 27),
                "arrived": 12,
                "answered": 1,
                "in_time": 1,
                "junk": 41,
                "unseen": ("98", "101"),
                "proved_at": _THEN,
                "proved_cases": 49,
                "proved_messages": 212,
                "proved_mails": 180,
            },
            {
                "waiting": 301,
                "rights": 1,
                "rights_cases": ({**_SAMPLE_LINE, "month_ends": date(2026, 12, 24)},),
                "more_rights": 2,
                "rest": 301,
                "rest_cases": (_SAMPLE_LINE,),
                "more_rest": 300,
                "review": ({"ref": "5f1e0a2b", "reason": "dmarc-fail", "since": _THEN, "short": "7"},),
                "unreached": 1,
                "unreached_cases": ("7",),
                "more_review": 20,
                "aside": 5,
                "set_aside": ({"ref": "a07c0a2b", "reason": "thanks-without-a-case", "since": _THEN, "opening": "👍"},),
                "more_set_aside": 4,
                "proved_at": _THEN,
                "proof_missed": True,
                "proof_partial": True,
                "unaccounted": 1,
                "discrepancies": (
                    {"what": "message", "where": "INBOX", "since": _THEN},
                    {"what": "case", "where": "118"},
                    {"what": "row", "where": "119", "detail": 'cases: status: "open" -> "closed"'},
                ),
                "more_discrepancies": 3,
                "purged_at": _THEN,
                "purged_cases": 1,
                "purged_copies": 12,
            },
        ),
        "alert": (
            {"code": "imap", "since": _THEN},
            {"code": "imap", "since": _THEN, "lines": ("INBOX",)},
            {"code": "verdict:empty", "since": _THEN, "lines": ("mx.google.com: spf=none dkim=fail dmarc=fail",)},
            {"code": "refused:example.org", "since": _THEN, "lines": ("3/4: 550 5.7.26 not accepted",)},
            {"code": "oauth-recovered", "since": _THEN},
        ),
        "bounced": (
            {"what": "answer", "domain": "example.org", "code": 550},
            {"what": "ack", "domain": "example.org", "said": "5.7.26 Unauthenticated email is not accepted"},
            {"what": "ack"},
        ),
        "remark": ({"received_at": _THEN},),
        "in_junk": ({"ref": "5f1e0a2b", "received_at": _THEN, "opening": "Bon dia, no tinc dret a la beca?"}, {}),
        "transcript": (
            {},
            {
                "orders": (
                    {"verb": "mine", "case": "OAC-2026-000123", "done": True},
                    {"verb": "topic", "detail": "x", "reason": "no-such-value"},
                )
            },
            {"orders": ({"verb": "draft", "case": "OAC-2026-000123", "done": True},), "drafted": "mail"},
            {"orders": ({"verb": "draft", "done": True},), "drafted": "folder", "folder": "Esborranys"},
            {"orders": ({"verb": "mine", "reason": "goes-outside"},), "reached": "MEVA", "no_answer": True},
            {"orders": ({"verb": "close", "reason": "goes-outside"},), "reached": "Tanca", "to_person": True},
            {"orders": ({"verb": "mine", "done": True},), "rest": True},
            {
                "orders": tuple({"verb": "first_level", "done": True, "more": more} for more in group("after")),
                "drafted": "folder",
                "folder": "Esborranys",
                "services": ("serveis@town.example",),
            },
            {"orders": ({"verb": "first_level", "done": True, "more": "undone-person"},), "moved": "1 Pendents"},
        ),
        "moved_back": ({"folder": "6 Tancats", "reason": "waits"},),
        "answered_twice": ({"first_at": _THEN, "second_at": _THEN + timedelta(minutes=4)},),
        "secret": ({"received_at": _THEN},),
        "forwarded": ({"address": "anna@example.org", "received_at": _THEN}, {"doubt": "none"}, {"doubt": "several"}),
        "unseen_answer": ({"received_at": _THEN},),
        "answers_elsewhere": ({"address": "an…@example.org", "received_at": _THEN},),
        "not_relayed": tuple({"reason": reason} for reason in ("orders", "internal", "no-address", "closed")),
        "which_case": (
            {"received_at": _THEN, "cases": (_SAMPLE_ROW,) * 2, "subject": "Padró"},
            {"cases": (_SAMPLE_ROW,)},
        ),
        "complex": ({}, _SAMPLE_CARD),
        "opinion": (_SAMPLE_CARD, {**_SAMPLE_CARD, "intent": "suggestion", "late": True}),
        "rights": ({**_SAMPLE_CARD, "ends_at": _THEN},),
        "rights_due": ({"opened_at": _THEN, "ends_at": _THEN}, {"opened_at": _THEN, "ends_at": _THEN, "ended": True}),
        "not_reached": ({"phone3": "678"}, {}),
        "survey": ({}, {"silent": True, "reopen_on": _THEN.date(), "votes": _SAMPLE_VOTES}),
        "low_score": (
            {"score": 1, "opened_at": _THEN},
            {"score": 2, "opened_at": _THEN, "assignee": "anna", "signed": False},
        ),
        "derived": (
            {},
            {**_SAMPLE_SECOND, "text": "Bon dia\n\n| a |", "cause": "document_or_form", "why": "Error 500"},
            {**_SAMPLE_SECOND, "cause": "platform", "affected": 4},
        ),
        "second_level": ({}, {**_SAMPLE_SECOND, "derived": True}),
        "nudge": (
            {"cases": (_SAMPLE_ROW,)},
            {
                "cases": (
                    {**_SAMPLE_ROW, **_SAMPLE_DERIVED, "expected_on": date(2026, 11, 26)},
                    {**_SAMPLE_ROW, "operator": "aoc"},
                )
            },
        ),
        "passed_on": (
            {"followup": date(2026, 12, 3)},
            {"cause": "platform", "ends_on": date(2026, 11, 27), "call": replace(_SAMPLE_CALL, cancelled=True)},
            {"cause": "document_or_form"},
        ),
        "progress": (
            {"followup": date(2026, 12, 3)},
            {"nudged": True},
            {"nudged": True, "expected_on": date(2026, 12, 1)},
            {"expected_on": date(2026, 12, 1)},
        ),
        "services": (
            *(
                {"said": said, "due_at": _THEN, "text": "Ja està arreglat"}
                for said in ("unread", "late", "not_ours", "third-person")
            ),
            {"said": "unread", "due_at": _THEN, "text": "", "refused": "expired"},
            {"said": "expected", "expected_on": date(2026, 12, 3), "update_on": date(2026, 12, 2), "text": "3/12"},
            {"said": "expected", "expected_on": date(2026, 12, 3), "text": "3/12"},
        ),
        "solved": (
            *({"due_at": _THEN, "text": "1", "draft": (lang,)} for lang in LANGUAGES),
            {"due_at": _THEN, "text": "1", "drafted": "folder", "folder": "Drafts"},
        ),
        "wait": ({"opened_at": _THEN, "due_at": _THEN}, {"opened_at": _THEN, "filed": True}),
        "assigned": (
            {**_SAMPLE_CARD, "by": "pere", "urgent": True, "ends_on": date(2026, 11, 27), "unreached": True},
            {"opened_at": _THEN, "assignee": "anna", "by": "board"},
        ),
        "call": (
            {"call": _SAMPLE_CALL, "call_day": _THEN.date(), **_SAMPLE_CALLS[0]},
            {"call": _SAMPLE_CALL, "call_day": _THEN.date(), **_SAMPLE_CALLS[0], "moved": True},
            *(
                {"call": replace(_SAMPLE_CALL, cancelled=True), "call_day": _THEN.date(), "off": off, "assignee": to}
                for off, to in (("ended", ""), ("reassigned", "pere"), ("reassigned", ""))
            ),
        ),
        "away": (
            {"who": "anna", "received_at": _THEN, "cases": (_SAMPLE_ROW,), "text": "Sóc fora fins dilluns."},
            {"who": "anna", "received_at": _THEN, "text": "Sóc fora fins dilluns."},
        ),
        "referred": (
            {"pointer": {"body": "Consorci AOC", "address": "https://www.aoc.cat/", "phone": "900 905 490"}},
            {"pointer": {"body": "060", "phone": "060"}},
        ),
        "draft": (
            {"outcome": "solved"},
            {"outcome": "taken_back"},
            *({"topic": topic} for topic in Topic),
            *({"intent": intent} for intent in ("callback", "complaint", "suggestion", "data_rights")),
            {"case_level": "second"},
            *({"case_level": "second", "cause": cause} for cause in ("platform", "document_or_form")),
            {"case_level": "second", "status": "derived", "cause": "document_or_form"},
            {
                "case_level": "second",
                "status": "derived",
                "expected_on": date(2026, 12, 3),
                "ends_on": date(2026, 12, 1),
            },
            {"case_level": "out_of_scope", "pointers": ({"body": "060", "phone": "060"},)},
        ),
        "incident": (
            {"platform": "Seu electrònica", "since": _THEN, "count": 2, "cases": (_SAMPLE_ROW,) * 2},
            {"platform": "e-NOTUM", "operator": "aoc", "since": _THEN, "count": 60, "cases": (_SAMPLE_ROW,)},
        ),
        "notice_list": (
            {"what": "opinion", "count": 2, "cases": (_SAMPLE_ROW,) * 2},
            {"what": "in_junk", "count": 12},
            {"what": "rights", "count": 300, "cases": (_SAMPLE_ROW,), "more": 299, "text": "Bon dia\n\n| a |"},
        ),
        "pointers": (
            {
                "opened_at": _THEN,
                "due_at": _THEN,
                "pointers": (
                    {"body": "Consorci AOC", "address": "https://www.aoc.cat/", "phone": "900 905 490"},
                    {"body": "060", "phone": "060"},
                ),
            },
        ),
        "report": ({"subject": "Informe, novembre de 2026: 98,3 % en termini", "text": "…", "page": _SAMPLE_PAGE},),
        "probe": ({}, {"canary": True}),
    }
)
SAMPLES: Mapping[str, tuple[Mapping[str, object], ...]] = {
    kind: _SAMPLES.get(kind, ({},)) for kind in sorted(TEMPLATED)
}
"""The facts of one mail each, with which `check` renders the templates: with all of a kind, each branch runs."""
