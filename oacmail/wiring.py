"""The composition root: from a checked configuration to the parts of the service and of a command.

It decides which part implements which port, which token key is accepted, and what needs both the configuration and the
engine: a year without holidays is recorded, a month that waits is published, a changed configuration is adopted. It
starts no thread and contacts no server.
"""

import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from oacmail import charts, host, oauth
from oacmail import config as settings
from oacmail.config import Config, secrets
from oacmail.core.deliverability import Leg, Look, OurMail, Travelled, delivering, examine
from oacmail.core.ends import KnownEnd
from oacmail.core.errors import ConfigError, Transient
from oacmail.core.model import domain_of
from oacmail.core.policy import Policy, Workdays
from oacmail.core.ports import Clock
from oacmail.core.report.figures import Month
from oacmail.core.stored_values import NO_MONTH_WAITS, SHADOW
from oacmail.core.tokens import envelope_senders, name_of_key
from oacmail.core.watched import OAUTH
from oacmail.engine.delivery import Delivery
from oacmail.engine.engine import TEMPLATES, Engine, Ticks
from oacmail.engine.intake import Intake
from oacmail.engine.watch import CanaryWatch, EndsWatch, GrantWatch, HostChecks, RecordsWatch, RefusalWatch
from oacmail.host import AdminProgram, BudgetFile, SystemClock
from oacmail.imap.connection import ImapSettings
from oacmail.imap.connection import certificate as imap_certificate
from oacmail.imap.mailbox import ImapMailbox
from oacmail.mail.parse import Parser
from oacmail.mail.parser_config import ParserConfig, TownWords
from oacmail.mail.understanding import scores
from oacmail.resolver import Resolver
from oacmail.servers import WITHOUT_END, Validity, validity_of_authorities
from oacmail.smtp import SmtpSettings, SmtpTransport
from oacmail.smtp import certificate as smtp_certificate
from oacmail.store import admin, connection, ledger, remembered
from oacmail.store.remembered import LOST
from oacmail.store.store import SqliteStore
from oacmail.words.dates import councils
from oacmail.words.renderer import OfficeProfile, Renderer
from oacmail.words.wording import wording
from oacmail.workdays import EveryDay, FallbackCalendar, OfficeCalendar, of_office

if TYPE_CHECKING:
    from oacmail import reporting

_MICROSOFT = "https://login.microsoftonline.com"
_NO_SECRET = (b"no mail is sent under this secret",)
_KEY_REMEDY = (
    "put the key back (from a backup: docs/loss.md), as the last line of the credential, of "
    "$OACMAIL_TOKEN_KEY or of state/token.key; if it is lost, stop the service and run `oacmail new-key`"
)
_KEY_MISSING = f"token: the key that signed the mail of this database is missing: {_KEY_REMEDY}"
_KEY_UNKNOWN = f"token: this is not the key that signed the mail of this database: {_KEY_REMEDY}"
_KEY_BELOW = (
    "token: a new key stands below the old one: the first line signs and the last one names this installation, so that "
    "our own mail would be taken for another installation's and nothing would be sent: write the new key above the old "
    "ones, and keep those"
)


def workdays(config: Config) -> OfficeCalendar | EveryDay:
    """Return the office's calendar. Raises ConfigError for a holiday file that cannot be read."""
    return of_office(config.office.calendar, config.office.holidays, config.office.closures)


def deadline_calendar(config: Config) -> Workdays:
    """Return the calendar for deadlines: it covers every year, so that no message is ever without a case."""
    calendar = workdays(config)
    return FallbackCalendar(calendar) if isinstance(calendar, OfficeCalendar) else calendar


def check_calendar(config: Config, engine: Engine) -> None:
    """Record as problems the years whose holidays are missing or provisional, so that the operator is alerted and the
    digest says so (docs/requirements.md section 2). Raises ConfigError, Transient."""
    now = engine.now()
    today = now.astimezone(config.office.timezone).date()
    found = workdays(config).horizon(today)
    for year in (today.year - 1, today.year, today.year + 1):
        for code in (f"calendar_missing:{year}", f"calendar_provisional:{year}"):
            engine.store.problem(code, code in found, now)


def rules(config: Config) -> Policy:
    """Return the policy for commands that evaluate and never send: no state, no secret."""
    return settings.policy(config, workdays=workdays(config), secrets=_NO_SECRET, instance="00000000")


def report_policy(config: Config) -> Policy:
    """Return the policy for the monthly report: no secret, and a calendar that covers every year, as for deadlines."""
    return settings.policy(config, workdays=deadline_calendar(config), secrets=_NO_SECRET, instance="00000000")


def live_policy(config: Config, *, shadow: bool = False, first: bool = False) -> Policy:
    """Return the policy with the installation's own secret. `first` and errors: as of `tokens`."""
    token = tokens(config, first=first)
    return settings.policy(
        config, workdays=deadline_calendar(config), secrets=token, instance=secrets.instance(token), shadow=shadow
    )


def tokens(config: Config, *, first: bool = False) -> tuple[bytes, ...]:
    """Return the token secrets that sign and verify. Raises ConfigError, Transient, NoDatabase.

    `first`: the first start may be near, which creates state/token.key; all else creates nothing without a database.
    For a database that was signed with another key none is created or accepted.
    """
    if wrong := wrong_key(config):
        raise ConfigError((wrong,))
    found = secrets.tokens(config)
    if not found:
        if not first:
            connection.refuse_missing(config.office.state)
        if not (config.office.state / connection.FILE).exists():
            connection.expect(config.office.state)
        secrets.make(config)
        found = secrets.tokens(config)
    return found


def wrong_key(config: Config) -> str:
    """Return why the service would not start with the existing keys, '' if it would. Raises ConfigError, Transient."""
    found = secrets.tokens(config)
    names, used = remembered.compare_keys(config.office.state)
    if not found:
        return _KEY_MISSING if names or used else ""
    if not knows_key(names, found):
        return _KEY_UNKNOWN
    # The last key, which names the installation, is new to the database; one above it is not.
    return _KEY_BELOW if names and name_of_key(found[-1]) not in names else ""


def knows_key(names: Set[str], token: tuple[bytes, ...]) -> bool:
    """True if one of these keys signed the mail of a database that knows keys of these names.

    A database of an early version knows none and accepts the first key it is given.
    """
    return bool(token) and (not names or not names.isdisjoint(map(name_of_key, token)))


def new_key(config: Config, now: datetime) -> int | None:
    """Continue with a key that the database does not know; return the number of held acknowledgements, or None if it
    knows the key. Raises ConfigError, Transient (a daemon runs, no database)."""
    connection.refuse_missing(config.office.state)
    found = secrets.tokens(config)
    store = SqliteStore(config.office.state, found)
    try:
        if knows_key(remembered.known_keys(store.con), found):
            return None
        if not found:
            secrets.make(config)
            found = secrets.tokens(config)
        store.signed_with(map(name_of_key, found), now)
        ledger.begin(store.con, found)  # the entries so far are signed with the lost key
        ledger.seal_mails(store.con, found, anew=True)
        store.record(found)
        return admin.key_lost(store.con, now)
    finally:
        store.close()


def renderer(config: Config, policy: Policy) -> Renderer:
    """Return the renderer. Dates for people come from the strict calendar: no estimated day is promised."""
    return Renderer(office_profile(config, replace(policy, workdays=workdays(config))))


def own_templates(config: Config, made: Renderer) -> list[str]:
    """Return what is wrong with the town's own templates, one line each; `oacmail check` covers the shipped ones."""
    return made.problems() if config.office.templates else []


def office_profile(config: Config, policy: Policy) -> OfficeProfile:
    """Return what the templates may say about the office."""
    office = config.office
    council = office.council.model_dump(exclude_none=True) if office.council else {}
    return settings.part_of(
        OfficeProfile,
        office,
        policy=policy,
        host=socket.gethostname(),
        council={**councils(office.town), **council},
        overrides=office.templates,
    )


def parser_config(config: Config) -> ParserConfig:
    """Return what the parser needs to know about the office, with the sentences of its own mails. Raises Fatal if the
    installed weights cannot be read: a parser that goes on without them would read every mail as nothing."""
    scores.shipped_weights()
    office = config.office
    return settings.part_of(
        ParserConfig,
        config.trust,
        own=frozenset((office.address, *office.aliases)),
        prefix=office.prefix,
        town=office.town,
        phone=office.phone,
        language=office.languages[0],
        timezone=office.timezone,
        topics=tuple(settings.part_of(TownWords, topic) for topic in config.topic),
        wording=wording(office.templates),
    )


# --- Servers ---------------------------------------------------------------------------------------------------------
# From the configuration to both adapters. Passwords and tokens are read when an adapter logs in.


def token_source(config: Config) -> oauth.TokenSource | None:
    """Return the source of access tokens, which both servers share; None if no server takes any.

    Raises ConfigError if the provider's library is not installed.
    """
    if not config.uses_oauth:
        return None
    if extra := oauth.library_missing(config.imap.provider):
        raise ConfigError(
            (f"imap.provider: the library for its tokens is not installed: run `pip install 'oacmail[{extra}]'`",)
        )
    return oauth.source(oauth_settings(config))


def oauth_settings(config: Config) -> oauth.OauthSettings:
    """Return the settings for a configuration that `uses_oauth`."""
    return settings.part_of(
        oauth.OauthSettings,
        config.oauth,
        provider=config.imap.provider,
        user=config.imap.user,
        authority=config.oauth.authority or _MICROSOFT,
        ca_file=str(config.oauth.ca_file) if config.oauth.ca_file else None,
        secret=lambda: secrets.oauth_secret(config),
        grant=lambda: secrets.grant(config),
        keep=lambda text: secrets.keep_grant(config, text),
    )


def _login(config: Config, server: Literal["imap", "smtp"], given: oauth.TokenSource | None) -> dict[str, Any]:
    """Return what the settings of both servers need beside their section: at each login, the password or a token is
    asked for."""
    ca_file = getattr(config, server).ca_file
    trusted = {"ca_file": str(ca_file) if ca_file else None}
    if not config.takes_token(server):
        return {**trusted, "password": lambda: secrets.password(config, server)}
    tokens = given or token_source(config)
    assert tokens is not None
    return {**trusted, "password": tokens.current, "other_token": tokens.after}


def mailbox(config: Config, given: oauth.TokenSource | None = None) -> ImapMailbox:
    """`given`: the source of tokens that both servers share; by default one of its own."""
    return ImapMailbox(_imap_settings(config, given))


def transport(config: Config, given: oauth.TokenSource | None = None) -> SmtpTransport:
    """`given`: as for `mailbox`."""
    return SmtpTransport(_smtp_settings(config, given))


def _imap_settings(config: Config, given: oauth.TokenSource | None) -> ImapSettings:
    return settings.part_of(ImapSettings, config.imap, **_login(config, "imap", given))


def _smtp_settings(config: Config, given: oauth.TokenSource | None) -> SmtpSettings:
    return settings.part_of(SmtpSettings, config.smtp, **_login(config, "smtp", given))


# --- Records ---------------------------------------------------------------------------------------------------------


def look_at_records(config: Config, policy: Policy, travelled: Travelled | None, met: tuple[str, str]) -> Look | None:
    """Examine the records in the DNS that our mail depends on; None = monitoring.dns_server is empty. `met`: name and
    address of the relay that we hand mail to, which is the one that delivers if it is of the town's own."""
    server = config.monitoring.dns_server
    if server == "":
        return None
    office = policy.office
    relay = (travelled and travelled.relay) or delivering([Leg(*met, by=met[0])], domain_of(office.address))
    mail = OurMail(
        address=office.address,
        receives=tuple(dict.fromkeys(map(domain_of, (office.address, *office.aliases)))),
        envelopes=tuple(dict.fromkeys(envelope_senders(policy).values())),
        relay_host=config.smtp.host,
        provider=config.imap.provider,
        signatures=travelled.signatures if travelled else None,
        relay=relay,
    )
    return examine(mail, Resolver(server or "").lookup)


# --- Ends ------------------------------------------------------------------------------------------------------------


def ends_of_files(config: Config, today: date) -> list[KnownEnd]:
    """Return what ends by itself and is known without a connection. Raises ConfigError, Transient."""
    ends: list[KnownEnd] = []
    for section in ("imap", "smtp", "oauth"):
        file = getattr(config, section).ca_file
        try:
            found = validity_of_authorities(str(file)) if file else None
        except OSError:
            continue  # the connection tells of it
        ends += _end(config, f"{section}.ca_file", found)
    if config.uses_oauth and config.oauth.secret_ends is not None:
        ends.append(KnownEnd(what="oauth.secret", on=config.oauth.secret_ends))
    if config.uses_oauth and config.oauth.flow == "person" and (until := oauth.grant_ends(secrets.grant(config))):
        ends.append(KnownEnd(what="oauth.grant", on=until))
    if until := workdays(config).covers_until(today):
        ends.append(KnownEnd(what="office.holidays", on=until))
    return ends


def ends_of_servers(config: Config) -> tuple[list[KnownEnd], list[str]]:
    """Return what ends of the servers that answer, and the names of what could not be looked at."""
    asked: list[tuple[str, Callable[[], Validity | None]]] = [
        ("imap.certificate", lambda: imap_certificate(_imap_settings(config, None))),
        ("smtp.certificate", lambda: smtp_certificate(_smtp_settings(config, None))),
    ]
    if config.uses_oauth and config.oauth.flow == "application" and config.imap.provider == "google":
        asked.append(("oauth.key", lambda: oauth.key_validity(oauth_settings(config))))
    ends: list[KnownEnd] = []
    unseen: list[str] = []
    for what, ask in asked:
        try:
            found = ask()
        except Transient:
            unseen.append(what)
            continue
        ends += _end(config, what, found)
    return ends, unseen


def _all_ends(config: Config, today: date) -> tuple[list[KnownEnd], list[str]]:
    of_servers, unseen = ends_of_servers(config)
    return [*ends_of_files(config, today), *of_servers], unseen


def _end(config: Config, what: str, found: Validity | None) -> Sequence[KnownEnd]:
    if found is None or found.ends >= WITHOUT_END:
        return ()
    begins, on = (datetime.fromtimestamp(at, config.office.timezone).date() for at in (found.begins, found.ends))
    return (KnownEnd(what=what, on=on, begins=begins),)


# --- Parts -----------------------------------------------------------------------------------------------------------


class Parts(Struct):
    """All parts of a daemon, connected and not yet running."""

    config: Config
    engine: Engine
    store: SqliteStore
    mailbox: ImapMailbox
    transport: SmtpTransport
    intake: Intake
    delivery: Delivery
    host_checks: HostChecks
    ticks: Ticks
    canary: CanaryWatch
    refusals: RefusalWatch
    grant: GrantWatch
    records: RecordsWatch
    ends: EndsWatch

    def close(self) -> None:
        self.mailbox.close()
        self.transport.close()
        self.store.close()


def engine(config: Config, store: SqliteStore, *, shadow: bool = False, clock: Clock | None = None) -> Engine:
    """Return an engine on an open store."""
    policy = live_policy(config, shadow=shadow, first=True)
    return Engine(
        policy=policy,
        store=store,
        renderer=renderer(config, policy),
        clock=clock or SystemClock(),
        parser_config=parser_config(config),
    )


def assemble(config: Config, *, shadow: bool = False, parsing: Parser | None = None) -> Parts:
    """Open and lock the state directory. Raises ConfigError, Transient (another daemon), Fatal.

    `parsing` is the parser; by default messages are parsed in the calling thread.
    """
    secrets.refuse_missing(config)
    lost = connection.is_lost(config.office.state)
    store = SqliteStore(config.office.state, tokens(config, first=True))
    try:
        core = engine(config, store, shadow=shadow)
        if lost:
            store.problem(LOST, True, core.now())
        store.remember(SHADOW, "yes" if shadow else "", core.now())
        given = token_source(config)
        box, relay = mailbox(config, given), transport(config, given)
        intake = Intake(
            engine=core,
            mailbox=box,
            backlog=timedelta(days=config.imap.backlog_days),
            parsing=parsing or Parser(),
            ledger_folder=config.imap.ledger,
        )
        delivery = Delivery(
            engine=core,
            transport=relay,
            per_minute=config.smtp.per_minute,
            shared=shared_budget(config),
        )
    except BaseException:
        store.close()
        raise

    def alert(words: Sequence[str]) -> str:
        return _alert_command(parts.config).run(words)

    parts = Parts(
        config=config,
        engine=core,
        store=store,
        mailbox=box,
        transport=relay,
        intake=intake,
        delivery=delivery,
        host_checks=HostChecks(engine=core, free=lambda: host.free_space(config.office.state)),
        ticks=Ticks(engine=core),
        canary=CanaryWatch(engine=core, run=alert),
        refusals=RefusalWatch(core),
        grant=GrantWatch(engine=core, run=alert, since=lambda: store.problems().get(OAUTH)),
        # What they look at is that of the configuration in force, which a reload replaces.
        records=RecordsWatch(
            engine=core, look=lambda seen: look_at_records(parts.config, core.policy, seen, relay.met)
        ),
        ends=EndsWatch(engine=core, look=lambda today: _all_ends(parts.config, today)),
    )
    return parts


def shared_budget(config: Config) -> BudgetFile | None:
    return BudgetFile(config.smtp.shared_budget) if config.smtp.shared_budget else None


def _alert_command(config: Config) -> AdminProgram:
    return AdminProgram(config.canary.alert_command, config.canary.alert_seconds)


def publish_report(
    config: Config,
    engine: Engine,
    draw: "reporting.Draw" = charts.draw,
    only: Month | None = None,
    compute: "reporting.Compute | None" = None,
) -> str:
    """Publish the oldest month that is over and not published; return it, '' if there is none. Raises Transient.

    `only`: publish this one, or none; without it, nothing from a database that replaces a lost one. The figures are
    computed and drawn by other processes; a kill before the last step leaves nothing behind. If no month waits, that is
    noted until this one is over, since it is asked at each tick.
    """
    now = engine.now()
    this = str(Month.of(now, engine.policy.office.timezone))
    if only is None and engine.store.recall(NO_MONTH_WAITS) == this:
        return ""
    from oacmail import reporting  # what is needed once a month would slow each start down
    from oacmail.words.report_forms import report_page

    with connection.open_readonly(config.office.state) as con:
        if only is None and LOST in remembered.problems(con):
            return ""
        month = reporting.next_month(con, engine.policy, now, only)
        if month is None:
            if reporting.oldest_unpublished(con, engine.policy, now) is None:
                engine.store.remember(NO_MONTH_WAITS, this, now)
            return ""
    made = (compute or reporting.elsewhere)(config.office.state / connection.FILE, engine.policy, month, now)
    engine.perform(reporting.ready(made, engine.policy, report_page, draw))
    return str(month)


def send_year(config: Config, engine: Engine, year: int, draw: "reporting.Draw" = charts.draw) -> bool:
    """Send the evaluation of a year that is over to report.to, once. False: it is not over, or was sent before."""
    from oacmail import reporting
    from oacmail.store.reports import was_sent
    from oacmail.words.report_forms import report_page

    with connection.open_readonly(config.office.state) as con:
        made = reporting.make_year(con, engine.policy, year, engine.now())
        if not made.final or was_sent(con, made.month):
            return False
    engine.perform(reporting.ready(made, engine.policy, report_page, draw))
    return True


@contextmanager
def open_writable(config: Config) -> Iterator[sqlite3.Connection]:
    """Open the database for an admin's command next to a running daemon. Raises NoDatabase, Transient."""
    with _store_for_command(config) as store:
        store.record(secrets.tokens(config))
        yield store.con


@contextmanager
def engine_for_command(config: Config) -> Iterator[Engine]:
    """Yield an engine for a single turn next to a running daemon, which sends what it queues unless in shadow mode.

    Raises NoDatabase, Transient.
    """
    with _store_for_command(config) as store:
        yield engine(config, store, shadow=bool(store.recall(SHADOW)))


@contextmanager
def _store_for_command(config: Config) -> Iterator[SqliteStore]:
    connection.refuse_missing(config.office.state)
    with closing(SqliteStore(config.office.state, beside=True)) as store:
        yield store


def reload(parts: Parts, config: Config) -> None:
    """Replace rules and templates between two turns. Raises ConfigError, Transient.

    Servers and state directory stay as they are: Transient names them if they changed.
    """
    old = parts.config
    servers = [(one.imap, one.smtp, one.oauth, one.office.state) for one in (old, config)]
    if servers[0] != servers[1]:
        raise Transient("reload: [imap], [smtp], [oauth] or office.state changed: restart the service for these")
    policy = live_policy(config, shadow=parts.engine.policy.shadow)
    fresh = renderer(config, policy)
    if problems := own_templates(config, fresh):
        raise ConfigError(tuple(problems))
    parts.engine.adopt(policy, fresh)
    parts.store.problem(TEMPLATES, False, parts.engine.now())
    parts.engine.parser_config = parser_config(config)
    parts.config = config
