"""The validated configuration as values, and the mailbox to which an address belongs. The core never sees the file.

`config` builds it; `decide` and its handlers read it. Durations are in the units of their names; 0 means "no
limit" for every budget (docs/interfaces.md section 5). Deadlines, Escalation, Budgets, SurveyRules, CanaryRules and
Pointer are sections of the file as they stand: their keys, bounds and defaults are declared here alone.
"""

from collections.abc import Mapping
from datetime import date, time
from functools import cached_property, lru_cache
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo

from annotated_types import Ge, Le
from msgspec import Struct, field

from oacmail.core.model import LANGUAGES, BoardFolder

# --- Mailboxes -------------------------------------------------------------------------------------------------------
# Which addresses are one mailbox, by how providers deliver: the office's own, or one that has its share of a budget.

_ALIASES = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
}
_HYPHENATED = frozenset(["yahoo.com", "yahoo.es", "ymail.com"])  # a tag follows the hyphen, which no name there has


@lru_cache(256)  # the office's own are asked for each address of a message
def mailbox(address: str) -> str:
    """The mailbox behind an address: without its tag (`anna+padro@`, RFC 5233; `anna-padro@` at Yahoo), and without the
    dots that Gmail does not read."""
    local, _, host = address.lower().rpartition("@")
    domain = _ALIASES.get(host, host)
    name = local[:1] + local[1:].partition("+")[0]  # a name may begin with one, as a telephone number does
    if domain == "gmail.com":
        name = name.replace(".", "")
    if domain in _HYPHENATED:
        name = name.partition("-")[0]
    return f"{name}@{domain}"


# --- Policy ----------------------------------------------------------------------------------------------------------

Count = Annotated[int, Ge(1)]
"""A whole number, 1 or more."""
Limit = Annotated[int, Ge(0)]
"""A whole number, 0 or more; 0 = no limit, or never."""


class Workdays(Protocol):
    def is_working_day(self, day: date) -> bool:
        """Whether the office works on this local day. Raises LookupError for a year that has no calendar."""
        ...


class Office(Struct, frozen=True, kw_only=True, dict=True):
    address: str
    name: str
    aliases: tuple[str, ...] = ()
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Madrid"))
    languages: tuple[str, ...] = LANGUAGES
    language_policy: Literal["citizen", "catalan_first"] = "citizen"
    opens: time = time(8)
    closes: time = time(20)
    prefix: str = "OAC"
    plus_addressing: bool = True

    @cached_property
    def own(self) -> frozenset[str]:
        """All addresses of the office, bare and in lower case."""
        return frozenset((self.address, *self.aliases))

    def is_own(self, address: str) -> bool:
        """Whether it is the office's mailbox, however it is written: `office+anything@…` is delivered here."""
        return mailbox(address) in self._mailboxes

    @cached_property
    def _mailboxes(self) -> frozenset[str]:
        return frozenset(map(mailbox, self.own))


class People(Struct, frozen=True, kw_only=True, dict=True):
    """Staff addresses, bare and in lower case; the fallbacks of docs/interfaces.md section 4 are already applied.

    `dpo`: the data protection officer, who gets requests of data-protection rights.
    """

    supervisor: tuple[str, ...]
    operator: tuple[str, ...]
    agents: tuple[str, ...] = ()
    technical: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    dpo: str = ""

    @cached_property
    def staff(self) -> frozenset[str]:
        officer = (self.dpo,) if self.dpo else ()
        return frozenset((*self.supervisor, *self.operator, *self.agents, *self.technical, *self.forms, *officer))

    @cached_property
    def desk(self) -> frozenset[str]:
        """Who may give orders by mail."""
        return frozenset((*self.agents, *self.supervisor, *self.operator))

    def services(self, cause: str) -> tuple[str, ...]:
        """Addresses of staff for this cause; documents and forms have their own (docs/interfaces.md section 4)."""
        return self.forms if cause == "document_or_form" else self.technical


class Deadlines(Struct, frozen=True, kw_only=True):
    business_days: Annotated[Count, Le(365)] = 1
    day_end: time = time(20)  # time.max stands for 24:00
    remind_hours: Annotated[Limit, Le(240)] = 4
    clock: Literal["receipt", "sent_if_plausible"] = "receipt"
    non_working_arrival: Literal["literal", "deemed_next_open"] = "literal"
    reopen_days: Annotated[Limit, Le(3650)] = 10
    close_days: Annotated[Limit, Le(3650)] = 10
    max_levels: Annotated[Count, Le(30)] = 3
    digest_above: Count = 5


class Escalation(Struct, frozen=True, kw_only=True):
    auto_second_level: bool = True
    auto_complex: bool = True
    threshold: Annotated[float, Ge(0), Le(1)] = 0.8
    complex_messages: Count = 3
    complex_days: Annotated[Count, Le(365)] = 2
    nudge_days: Annotated[Count, Le(365)] = 2
    update_days: Annotated[Count, Le(365)] = 5
    incident_mails: Count = 3
    incident_minutes: Annotated[Count, Le(10_080)] = 60


class Budgets(Struct, frozen=True, kw_only=True):
    per_address_hour: Limit = 3
    per_address_day: Limit = 10
    per_domain_hour: Limit = 20
    per_domain_day: Limit = 50
    unverified_per_hour: Limit = 60
    max_age_hours: Annotated[Limit, Le(8_760)] = 72


class Sending(Struct, frozen=True, kw_only=True):
    """`ack_envelope`: docs/config.md."""

    self_copy: Literal[True, False, "server"] = True
    ack_envelope: Literal["null", "bounce", "office"] = "null"
    give_up_days: int = 3
    uncertain_seconds: int = 900


class Digest(Struct, frozen=True, kw_only=True):
    """`to` empty = no digest."""

    to: tuple[str, ...] = ()
    at: time = time(8)


class SurveyRules(Struct, frozen=True, kw_only=True):
    """`per_address_days`: no address is asked again before; 0 = once for each case."""

    enabled: bool = False
    per_address_days: Annotated[Limit, Le(3650)] = 30


class CanaryRules(Struct, frozen=True, kw_only=True):
    """`send_to`: an address that forwards to the office, '' = the office's own; `receiver`: the first word of its
    server's Authentication-Results, '' = as known of its domain. `limit_minutes`: until it is back."""

    enabled: bool = False
    send_to: str = ""
    receiver: str = ""
    every_minutes: Annotated[Count, Le(10_080)] = 60
    limit_minutes: Annotated[Count, Le(10_080)] = 5


class Pointer(Struct, frozen=True, kw_only=True):
    """How to reach another body; '' = no such way."""

    body: str
    address: str = ""
    phone: str = ""


class Board(Struct, frozen=True, kw_only=True):
    """Mail folders as the agents' board (docs/interfaces.md section 6). `root`: the parent folder, its levels separated
    by "/" whatever the server uses; `names`: of the folders below it, all but INTAKE."""

    root: str
    names: Mapping[BoardFolder, str]


class Policy(Struct, frozen=True, kw_only=True):
    """`secrets`: the first token secret signs, all verify. `instance`: this installation's public name.

    `provable`: the provider can prove who wrote a mail (trust.provider is not "none").
    `form_senders`: addresses of the call-back form, whose mails are requests. `call_attempts`: this many calls in
    vain in the slot, and a mail, count as an answer. `tax_operator`: who collects local taxes
    (core/derivation.py). `report_to`: who gets the monthly report. `board`: None = messages
    stay where they lie.
    """

    office: Office
    people: People
    workdays: Workdays
    secrets: tuple[bytes, ...]
    instance: str
    deadlines: Deadlines = Deadlines()
    escalation: Escalation = Escalation()
    budgets: Budgets = Budgets()
    sending: Sending = Sending()
    digest: Digest = Digest()
    canary: CanaryRules = CanaryRules()
    survey: SurveyRules = SurveyRules()
    report_to: tuple[str, ...] = ()
    provable: bool = False
    form_senders: frozenset[str] = frozenset()
    call_attempts: int = 2
    tax_operator: str = "town"
    pointers: tuple[Pointer, ...] = ()
    board: Board | None = None
    shadow: bool = False
