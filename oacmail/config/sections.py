"""The sections about the office: [office], [people], [deadline], [escalation], [ack], [digest] and others.

The defaults follow the promise on the town's page (08:00 to 20:00, next business day). Rules that need two values of
one section are here; rules that need two sections are in model.py.
"""

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, field_validator

from oacmail.config.section import Section
from oacmail.config.types import (
    Address,
    Addresses,
    Count,
    Day,
    FilePath,
    Flag,
    FolderName,
    Hour,
    Limit,
    Line,
    Prefix,
    Url,
    Zone,
    wrong,
)
from oacmail.core.model import Topic as CaseTopic
from oacmail.core.policy import mailbox

Language = Literal["ca", "es", "en"]
Level = Literal["first", "second", "out_of_scope"]
BoardFolder = Literal["open", "assigned", "derived", "waiting", "answered", "closed", "automatic", "review"]


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


class Council(Section):
    """The council's name in each language; None = derived from the town (mail/outgoing/councils.py)."""

    ca: Line | None = None
    es: Line | None = None
    en: Line | None = None


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
    languages: tuple[Language, ...] = ("ca", "es", "en")
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
    """`agents`, `technical`, `forms` may be empty: rules.policy applies fallbacks (docs/interfaces.md section 4)."""

    supervisor: RequiredStaff
    operator: RequiredStaff
    agents: Staff = ()
    technical: Staff = ()
    forms: Staff = ()


class DeadlineSection(Section):
    business_days: Count = Field(default=1, le=365)
    day_end: Hour = time(20)
    remind_hours: Limit = Field(default=4, le=240)
    clock: Literal["receipt", "sent_if_plausible"] = "receipt"
    non_working_arrival: Literal["literal", "deemed_next_open"] = "literal"
    reopen_days: Limit = Field(default=10, le=3650)
    close_days: Limit = Field(default=10, le=3650)
    max_levels: Count = Field(default=3, le=30)
    digest_above: Count = 5


class EscalationSection(Section):
    auto_second_level: Flag = True
    auto_complex: Flag = True
    threshold: float = Field(default=0.8, ge=0, le=1, strict=True)
    complex_messages: Count = 3
    complex_days: Count = Field(default=2, le=365)
    nudge_days: Count = Field(default=2, le=365)
    update_days: Count = Field(default=5, le=365)
    incident_mails: Count = 3
    incident_minutes: Count = Field(default=60, le=10_080)


class AckSection(Section):
    """Limits for acknowledgements; 0 = no limit, for each key."""

    per_address_hour: Limit = 3
    per_address_day: Limit = 10
    per_domain_hour: Limit = 20
    per_domain_day: Limit = 50
    unverified_per_hour: Limit = 60
    max_age_hours: Limit = Field(default=72, le=8_760)


class BoardSection(Section):
    enabled: Flag = False
    root: FolderName = "OAC360"
    names: dict[BoardFolder, FolderName] = Field(default_factory=dict)


class SurveySection(Section):
    enabled: Flag = False
    per_address_days: Limit = Field(default=30, le=3650)


def _command(value: object) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word and "\0" not in word for word in words):
        raise wrong("is no command", 'write the program and its arguments, like ["/usr/local/bin/page-me", "oacmail"]')
    if words and not words[0].startswith("/"):
        raise wrong("begins with no absolute path", 'write where the program is, like "/usr/local/bin/page-me"')
    return tuple(words)


class CanarySection(Section):
    """`send_to`: None = the office's address. `alert_command`: empty = none."""

    enabled: Flag = False
    send_to: Address | None = None
    every_minutes: Count = Field(default=60, le=10_080)
    limit_minutes: Count = Field(default=5, le=10_080)
    alert_command: Annotated[tuple[str, ...], PlainValidator(_command)] = ()
    alert_seconds: Count = Field(default=30, le=300)


class MonitoringSection(Section):
    """`prometheus_file`: None = none is written."""

    prometheus_file: FilePath | None = None


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
    if not isinstance(value, str) or value not in [*CaseTopic]:
        raise wrong("is no topic", "write one of " + ", ".join(f'"{topic}"' for topic in CaseTopic))
    return value


class TopicSection(Section):
    """The town's own words for a topic (docs/understanding.md, "Labels"), compared without case and accents. A `*` at
    the end matches any ending."""

    name: Annotated[str, PlainValidator(_topic)]
    level: Level = "first"
    words: Annotated[tuple[Line, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = ()


class PointerSection(Section):
    """How to reach another body that is responsible where the town is not."""

    body: Line
    address: Line | None = None
    phone: Line | None = None
