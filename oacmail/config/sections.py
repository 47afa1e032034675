"""The sections of config.toml, key by key, with the grammar and the error message of each type (docs/config.md).

Immutable, no unknown keys, no values in errors.
"""

import re
from collections.abc import Collection
from datetime import date, datetime, time
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import fields
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    Strict,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

from oacmail.core import model, policy
from oacmail.core.model import LANGUAGES
from oacmail.core.policy import mailbox
from oacmail.servers import address_and_port, is_address, is_loopback


class Section(BaseModel):
    """One table of the file. Sections with equal values are equal; a section cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)


def keys(kind: type) -> Collection[str]:
    """The keys of a section, which is a Section or a part of the policy; () for the type of a value."""
    return kind.model_fields if issubclass(kind, Section) else getattr(kind, "__struct_fields__", ())


# --- Types -----------------------------------------------------------------------------------------------------------
# A validator decides whether one value is well formed and converts it. It never opens a file, never uses the network
# and never repeats the value in its message, which may be a secret in the wrong place. A message is `problem: remedy`;
# `findings` adds the path.

_ADDRESS = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")
_HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[A-Z][A-Z0-9]{1,7}")
_SIZE = re.compile(r"(\d+) ?(kB|MB)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNITS = {"kB": 1_000, "MB": 1_000_000}


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
    """ "HH:MM" as a local time; "24:00" becomes `time.max`, as in core.policy."""
    hour = _text(value, '"08:00"')
    if hour == "24:00":
        return time.max
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


_INBOX = re.compile(r"(?i)^inbox(?![^/.])")
"""The folder where mail arrives, also as the parent of others, which servers list in capitals (RFC 9051, 5.1)."""


def _folder(value: object) -> str:
    name = _text(value, '"INBOX"')
    if not name.strip() or len(name) > 200 or _CONTROL.search(name):
        raise wrong("is not a folder name", 'write the name as the mail program shows it, like "Enviats"')
    return _INBOX.sub("INBOX", name)


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

Count = Annotated[policy.Count, Strict()]
Limit = Annotated[policy.Limit, Strict()]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
FlagOrServer = Annotated[Literal[True, False, "server"], BeforeValidator(_no_number)]


class Part:
    """Marks a section that is a part of the policy as it stands: the Struct in core declares its keys."""

    def __get_pydantic_core_schema__(self, kind: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        written = {time: Hour, str: Line}
        declared: dict[str, Any] = {
            key.name: (written.get(key.type, key.type), ... if key.required else key.default) for key in fields(kind)
        }
        section = create_model(kind.__name__, __base__=Section, __cls_kwargs__={"strict": True}, **declared)
        return no_info_after_validator_function(lambda read: kind(**dict(read)), handler(section))


# --- Sections --------------------------------------------------------------------------------------------------------
# The defaults follow the promise on the town's page (08:00 to 20:00, next business day). Rules that need two values of
# one section are here; rules that need two sections are in model.py.


def _not_own(values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Refuse the office's own addresses (context key `own`): mail to staff must not return as citizen mail."""
    own = (info.context or {}).get("own", frozenset())
    if not {*map(mailbox, values)}.isdisjoint(map(mailbox, own)):
        raise wrong(
            "names the office's own address or an alias of it",
            "write a person's address; the office cannot notify itself",
        )
    return values


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise wrong("names nobody", "write at least one address")
    return values


def _not_own_one(value: str, info: ValidationInfo) -> str:
    return _not_own((value,), info)[0]


Staff = Annotated[Addresses, AfterValidator(_not_own)]
RequiredStaff = Annotated[Staff, AfterValidator(_not_empty)]


if TYPE_CHECKING:
    Language = str
    Level = str
    BoardFolder = str
    Council = Section
else:
    Language = Literal[LANGUAGES]
    Level = Literal[tuple(map(str, model.Level))]
    BoardFolder = Literal[tuple(str(folder) for folder in model.BoardFolder if folder is not model.BoardFolder.INTAKE)]
    Council = create_model("Council", __base__=Section, **dict.fromkeys(LANGUAGES, (Line | None, None)))
    """The council's name in each language; None = derived from the town (words/dates.py)."""


class OfficeSection(Section):
    address: Address
    state: FilePath
    town: Line
    complaints_form_url: Url
    privacy_url: Url
    rights_url: Url
    dpo: Annotated[Address, AfterValidator(_not_own_one)]
    council: Council | None = None
    online_office_url: Url | None = None
    name: Line = "OAC 360"
    aliases: Addresses = ()
    timezone: Zone = Field(default="Europe/Madrid", validate_default=True)
    languages: tuple[Language, ...] = LANGUAGES
    language_policy: Literal["citizen", "catalan_first"] = "citizen"
    hours: tuple[Hour, Hour] = (time(8), time(20))
    calendar: Literal["ES-CT", "none"] = "ES-CT"
    holidays: FilePath | None = None
    closures: tuple[Day, ...] = ()
    prefix: Prefix = "OAC"
    phone: Line = "900 772 772"
    website: Url | None = None
    templates: FilePath | None = None
    tax_operator: Literal["town", "orgt"] = "town"
    processor: Line | None = None

    @field_validator("languages")
    @classmethod
    def _one_at_least(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if not languages or len(set(languages)) != len(languages):
            raise wrong("is empty or names a language twice", 'write each once, the default first, like ["ca", "es"]')
        return languages

    @field_validator("hours", mode="before")
    @classmethod
    def _two(cls, hours: object) -> object:
        if not isinstance(hours, list | tuple) or len(hours) != 2:
            raise wrong("has not two hours", 'write when it opens and closes, like ["08:00", "20:00"]')
        return hours

    @field_validator("hours")
    @classmethod
    def _opens_before_it_closes(cls, hours: tuple[time, time]) -> tuple[time, time]:
        if hours[0] >= hours[1]:
            raise wrong("closes before it opens", 'write the opening hour first, like ["08:00", "20:00"]')
        return hours


class PeopleSection(Section):
    """`agents`, `technical`, `forms` may be empty: config.policy applies fallbacks (docs/interfaces.md section 4)."""

    supervisor: RequiredStaff
    operator: RequiredStaff
    agents: Staff = ()
    technical: Staff = ()
    forms: Staff = ()


class BoardSection(Section):
    enabled: Flag = False
    root: FolderName = "OAC360"
    names: dict[BoardFolder, FolderName] = Field(default_factory=dict)


def _command(value: object) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word and "\0" not in word for word in words):
        raise wrong("is no command", 'write the program and its arguments, like ["/usr/local/bin/page-me", "oacmail"]')
    if words and not words[0].startswith("/"):
        raise wrong("begins with no absolute path", 'write where the program is, like "/usr/local/bin/page-me"')
    return tuple(words)


class CanarySection(policy.CanaryRules, frozen=True, kw_only=True):
    """`alert_command`: empty = none."""

    send_to: Address = ""
    alert_command: Annotated[tuple[str, ...], PlainValidator(_command)] = ()
    alert_seconds: Annotated[Count, Field(le=300)] = 30


def _dns_server(value: object) -> str:
    server = _text(value, '"9.9.9.9"').strip()
    try:
        if server:
            address_and_port(server, 53)
    except ValueError as error:
        raise wrong("is not the address of a DNS server", 'write an IP address, like "9.9.9.9"') from error
    return server


class MonitoringSection(Section):
    """`prometheus_file`: None = none is written. `dns_server`: None = the system's; '' = the DNS is not asked."""

    prometheus_file: FilePath | None = None
    dns_server: Annotated[str, PlainValidator(_dns_server)] | None = None


class DigestSection(Section):
    """`to`: None = the agents; empty = no digest."""

    to: Staff | None = None
    at: Hour = time(8)

    @field_validator("at")
    @classmethod
    def _within_a_day(cls, at: time) -> time:
        if at == time.max:
            raise wrong("is the end of the day", 'write "00:00" or a later hour of the day')
        return at


class ReportSection(Section):
    to: Staff = ()


class PrivacySection(Section):
    original_days: Limit = Field(default=60, le=36_500)
    retention_months: Count = Field(default=12, le=1200)
    purge: Flag = False
    backup_days: Limit = Field(default=0, le=36_500)
    forget_mailbox: Flag = False


def _topic(value: object) -> str:
    if not isinstance(value, str) or value not in [*model.Topic]:
        raise wrong("is no topic", "write one of " + ", ".join(f'"{topic}"' for topic in model.Topic))
    return value


class TopicSection(Section):
    """The town's own words for a topic (docs/reading.md, "Labels"), compared without case and accents. A `*` at
    the end matches any ending."""

    name: Annotated[str, PlainValidator(_topic)]
    level: Level = "first"
    words: Annotated[tuple[Line, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = ()


# --- Servers ---------------------------------------------------------------------------------------------------------
# Unencrypted connections to other machines are refused here, so no later code checks again. Passwords stand in no
# section (secrets.py reads them).

SENT = "\\Sent"
"""Stands for the folder of sent mail in `imap.watch`, whatever its name."""

Security = Literal["tls", "starttls", "none"]
Auth = Literal["password", "xoauth2", "oauthbearer"]
Provider = Literal["generic", "microsoft365", "google"]


def _encrypted_unless_local(security: Security, info: ValidationInfo) -> Security:
    host = info.data.get("host")
    if security == "none" and host is not None and not is_loopback(host):
        raise wrong(
            "would send the password unencrypted to another machine",
            'write "tls" or "starttls"; "none" is for localhost only',
        )
    return security


class ImapSection(Section):
    provider: Provider = "generic"
    host: Host
    user: Line
    port: Port = 993
    security: Security = "tls"
    auth: Auth = "password"
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    watch: tuple[FolderName, ...] = ("INBOX", SENT)
    sent: FolderName | None = None
    junk: FolderName | None = None
    ledger: FolderName | Literal[""] = "oacmail"
    idle_minutes: Count = Field(default=9, le=29)
    poll_seconds: Count = 60
    max_bytes: Size = 5_000_000
    backlog_days: Limit = Field(default=0, le=3650)

    _security = field_validator("security")(_encrypted_unless_local)

    @field_validator("watch")
    @classmethod
    def _inbox_once(cls, watch: tuple[str, ...]) -> tuple[str, ...]:
        if "INBOX" not in watch:
            raise wrong('does not name "INBOX", where mail arrives', 'add "INBOX"')
        if len(set(watch)) != len(watch):
            raise wrong("names a folder twice", "name each folder once")
        return watch

    @field_validator("ledger")
    @classmethod
    def _of_its_own(cls, ledger: str, info: ValidationInfo) -> str:
        watched = {*info.data.get("watch", ()), SENT, info.data.get("sent"), info.data.get("junk")}
        if ledger in watched:
            raise wrong("is a folder that is watched", 'name a folder of its own, as "oacmail"')
        return ledger


class SmtpSection(Section):
    host: Host
    port: Port = 587
    security: Security = "starttls"
    user: Line | None = None
    auth: Auth = "password"
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    per_minute: Limit = 30
    shared_budget: FilePath | None = None
    give_up_days: Count = Field(default=3, le=365)
    self_copy: FlagOrServer = True
    ack_envelope: Literal["null", "bounce", "office"] = "null"
    uncertain_seconds: Count = Field(default=900, le=86_400)

    _security = field_validator("security")(_encrypted_unless_local)

    @field_validator("shared_budget")
    @classmethod
    def _needs_a_limit(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None and info.data.get("per_minute") == 0:
            raise wrong("has no limit to share, since smtp.per_minute is 0", "set smtp.per_minute to that of the relay")
        return path


class OauthSection(Section):
    """`flow`: "application" = the mail program has rights of its own; "person" = somebody signs in once."""

    flow: Literal["application", "person"] = "application"
    tenant: Line | None = None
    client_id: Line | None = None
    secret_file: FilePath | None = None
    secret_ends: Day | None = None
    authority: Url | None = None
    ca_file: FilePath | None = None


class TrustSection(Section):
    authserv_id: Host | None = None
    mx: Hosts = ()
    internal_relays: Networks = ()
    plus_addressing: Flag = True
    provider: Literal["postfix", "gmail", "exchange", "none"] = "none"

    @field_validator("provider")
    @classmethod
    def _postfix_needs_both_keys(cls, provider: str, info: ValidationInfo) -> str:
        """`postfix` trusts Authentication-Results of `authserv_id` above the Received line of `mx`: it needs both."""
        if provider == "postfix" and not (info.data.get("authserv_id", "?") and info.data.get("mx", "?")):
            raise wrong(
                'is "postfix", and trust.authserv_id or trust.mx is missing',
                'add both: the name in your server\'s Authentication-Results and the name after "by" in its Received',
            )
        return provider


class CallbackSection(Section):
    form_senders: Addresses = ()
    attempts: Count = 2
