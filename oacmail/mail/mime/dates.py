"""Read the Date field: RFC 5322 dates first (mail-parser also reads the obsolete forms), unusual forms after that.

This module decides what instant a Date field means. `core`, which has the server's date, decides whether it is
plausible. A date without a zone counts as UTC, like "-0000" in RFC 5322 section 3.3. Nothing raises, and missing
elements are not filled in.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from dateutil.parser import ParserError, parse
from mailparser.dates import parse_mail_date

_LONGEST = 100
_ZONES = {
    **{"GMT": 0, "UT": 0, "UTC": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3},
    **{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
}
_DEFAULTS = (datetime(2001, 2, 3), datetime(2004, 5, 6))


_MONTHS = {
    **dict.fromkeys(("gen", "gener", "ene", "enero", "janvier"), "Jan"),
    **dict.fromkeys(("febr", "febrer", "febrero"), "Feb"),
    **dict.fromkeys(("març", "marzo", "mars"), "Mar"),
    **dict.fromkeys(("abr", "abril"), "Apr"),
    **dict.fromkeys(("maig", "mayo", "mai"), "May"),
    **dict.fromkeys(("juny", "junio", "juin"), "Jun"),
    **dict.fromkeys(("jul", "juliol", "julio", "juillet"), "Jul"),
    **dict.fromkeys(("ag", "agost", "ago", "agosto"), "Aug"),
    **dict.fromkeys(("set", "setembre", "septiembre"), "Sep"),
    **dict.fromkeys(("octubre",), "Oct"),
    **dict.fromkeys(("novembre", "noviembre"), "Nov"),
    **dict.fromkeys(("des", "desembre", "dic", "diciembre"), "Dec"),
    **dict.fromkeys(("de", "d", "del", "a", "les", "las", "el", "h"), " "),
    **dict.fromkeys(("dilluns", "dimarts", "dimecres", "dijous", "divendres", "dissabte", "diumenge"), " "),
    **dict.fromkeys(("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"), " "),
    **dict.fromkeys(("dl", "dt", "dc", "dj", "dv", "ds", "dg", "lun", "mié", "jue", "vie", "sáb", "dom"), " "),
}
_WORD = re.compile(r"[^\W\d_]+['’]?")
_ISO = re.compile(r"\s*\d{4}\D")
_GMT_AND = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d)")  # "GMT+1": dateutil inverts the sign as POSIX does
# RFC 5322 has American names only and takes these as UTC
_EUROPEAN = re.compile(r":\d\d\s+\(?(?:CES?T|WES?T|BST)\)?\s*\Z")


def sent_at(value: str) -> datetime | None:
    """Return the instant of a Date field, aware and in UTC; None if it names none."""
    value = value[:_LONGEST]
    if not value.strip():
        return None
    known: datetime | None = None if _EUROPEAN.search(value) else parse_mail_date(value).value
    return known or _odd(_GMT_AND.sub("", value))


def _odd(value: str) -> datetime | None:
    value = _WORD.sub(_in_english, value)
    try:
        dayfirst = not _ISO.match(value)
        readings = {parse(value, default=to, tzinfos=_zone, dayfirst=dayfirst) for to in _DEFAULTS}
        when = readings.pop()
        return None if readings else (when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC))
    except (ParserError, ValueError, OverflowError, TypeError, ArithmeticError):
        return None


def _in_english(word: re.Match[str]) -> str:
    """Translate month and day names: some web forms write dates in Catalan or Spanish."""
    return _MONTHS.get(word[0].rstrip("'’").lower(), word[0])


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Return the zone by seconds east of UTC, else by name; None for an unknown name."""
    hours = _ZONES.get(name or "")
    if offset is None and hours is None:
        return None
    return timezone(timedelta(seconds=offset) if offset is not None else timedelta(hours=hours or 0))
