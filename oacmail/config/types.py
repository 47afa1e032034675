"""The types of values in config.toml, each with its grammar and its error message.

A validator decides whether one value is well formed and converts it. It never opens a file, never uses the network and
never repeats the value in its message, which may be a secret in the wrong place. A message is `problem: remedy`;
`findings` adds the path.
"""

import re
from datetime import date, datetime, time
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from oacmail.hosts import is_address

_ADDRESS = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")
_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[A-Z][A-Z0-9]{1,7}")
_SIZE = re.compile(r"(\d+) ?(kB|MB)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNITS = {"kB": 1_000, "MB": 1_000_000}

END_OF_DAY = time.max
"""Represents 24:00, as in core.policy."""


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """The error of every validator: `what` is the problem, `remedy` is what the admin should do."""
    return PydanticCustomError("oacmail", "{what}: {remedy}", {"what": what, "remedy": remedy})


def _text(value: object, example: str) -> str:
    if not isinstance(value, str):
        raise wrong("is not a text", f"write it in quotes, like {example}")
    return value


def _address(value: object) -> str:
    """A bare address in lower case (RFC 5321 section 4.1.2, dot-string only, ASCII)."""
    address = _text(value, '"name@example.cat"').strip().lower()
    if not _ADDRESS.fullmatch(address) or ".." in address or ".@" in address or address.startswith("."):
        raise wrong("is not a mail address", 'write only the address, like "name@example.cat" (no name, no < >)')
    return address


def _line(value: object) -> str:
    line = _text(value, '"Oficina"').strip()
    if not line or len(line) > 200 or _CONTROL.search(line):
        raise wrong("is empty, too long or holds control characters", "write one line of at most 200 characters")
    return line


def _hour(value: object) -> time:
    """ "HH:MM" as a local time; "24:00" becomes END_OF_DAY."""
    hour = _text(value, '"08:00"')
    if hour == "24:00":
        return END_OF_DAY
    if not _HOUR.fullmatch(hour):
        raise wrong("is not a time of day", 'write hours and minutes, like "08:00"; the end of the day is "24:00"')
    return time.fromisoformat(hour)


def _url(value: object) -> str:
    url = _text(value, '"https://www.example.cat/"')
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or re.search(r"[\s<>\"]", url)
        or "@" in parts.netloc
    ):
        raise wrong("is not a web address", 'write it in full, like "https://www.example.cat/page"')
    return url


def _host(value: object) -> str:
    host = _text(value, '"mail.example.cat"').strip()
    if not _HOST.fullmatch(host) and not is_address(host):
        raise wrong("is not a host name", 'write the name alone, like "mail.example.cat", without scheme or port')
    return host.lower()


def _zone(value: object) -> ZoneInfo:
    name = _text(value, '"Europe/Madrid"')
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise wrong(
            "is not a known time zone", 'write a name like "Europe/Madrid"; if that is unknown, install tzdata'
        ) from error


def _prefix(value: object) -> str:
    prefix = _text(value, '"OAC"')
    if not _PREFIX.fullmatch(prefix):
        raise wrong("cannot begin a case number", 'write 2 to 8 capital letters or digits, a letter first, like "OAC"')
    return prefix


def _network(value: object) -> str:
    try:
        return str(ip_network(_text(value, '"10.1.0.0/16"'), strict=False))
    except ValueError as error:
        raise wrong("is not a network", 'write an IP address or a network, like "10.1.0.0/16"') from error


def _size(value: object) -> int:
    """Bytes, from a number or a text such as "5 MB" (10**6) or "500 kB" (10**3)."""
    if isinstance(value, str) and (found := _SIZE.fullmatch(value)):
        value = int(found[1]) * _UNITS[found[2]]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise wrong("is not a size", 'write a number of bytes, or a text like "5 MB"')
    return value


def _path(value: object, info: ValidationInfo) -> Path:
    """An absolute path. A relative one starts at the folder of the file (context key `base`)."""
    text = _text(value, '"/var/lib/oacmail"')
    if not text.strip() or _CONTROL.search(text):
        raise wrong("is not a path", 'write a path, like "/var/lib/oacmail"')
    base: Path = (info.context or {}).get("base") or Path()
    return (base / Path(text).expanduser()).absolute()


def _day(value: object) -> date:
    """A date, as a TOML date or a text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(_text(value, '"2026-12-24"'))
    except ValueError as error:
        raise wrong("is not a date", "write it as 2026-12-24") from error


def _folder(value: object) -> str:
    name = _text(value, '"INBOX"')
    if not name.strip() or len(name) > 200 or _CONTROL.search(name):
        raise wrong("is not a folder name", 'write the name as the mail program shows it, like "Enviats"')
    return "INBOX" if name.upper() == "INBOX" else name


def _listed(value: object) -> object:
    """A single text counts as a list of one."""
    return [value] if isinstance(value, str) else value


def _no_number(value: object) -> object:
    """Pydantic's Literal takes 1 for true and 0 for false, since they are equal in Python."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise wrong("is a number", 'write true, false or "server"')
    return value


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each value once, in the given order: a person may hold several roles, but not one role twice."""
    return tuple(dict.fromkeys(values))


Address = Annotated[str, PlainValidator(_address)]
Line = Annotated[str, PlainValidator(_line)]
Hour = Annotated[time, PlainValidator(_hour)]
Url = Annotated[str, PlainValidator(_url)]
Host = Annotated[str, PlainValidator(_host)]
Zone = Annotated[ZoneInfo, PlainValidator(_zone)]
Prefix = Annotated[str, PlainValidator(_prefix)]
Network = Annotated[str, PlainValidator(_network)]
Size = Annotated[int, PlainValidator(_size)]
FilePath = Annotated[Path, PlainValidator(_path)]
Day = Annotated[date, PlainValidator(_day)]
FolderName = Annotated[str, PlainValidator(_folder)]

Addresses = Annotated[tuple[Address, ...], BeforeValidator(_listed), AfterValidator(_once)]
Hosts = Annotated[tuple[Host, ...], BeforeValidator(_listed), AfterValidator(_once)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_listed), AfterValidator(_once)]

Count = Annotated[int, Field(ge=1, strict=True)]
"""A whole number, 1 or more."""
Limit = Annotated[int, Field(ge=0, strict=True)]
"""A whole number, 0 or more; 0 = no limit, or never."""
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
FlagOrServer = Annotated[Literal[True, False, "server"], BeforeValidator(_no_number)]
