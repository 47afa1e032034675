"""The verbs `check`, everything that is wrong with its remedy (docs/interfaces.md section 2), and `login`, the first
OAuth token and the same check of both servers.

`check` collects the findings of the layers below and grades each as error or warning. It fixes nothing. Without
`--online` it contacts no server and writes nothing.
"""

import os
import sqlite3
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from secrets import token_hex
from socket import gethostname

import click
from msgspec.structs import asdict

from oacmail import config as settings
from oacmail import host, oauth, wiring
from oacmail.advice import meaning
from oacmail.cli import CONFIGURATION, TEMPORARY, permission_remedy, status
from oacmail.cli.answers import TEST, of_test
from oacmail.cli.answers import findings as answer_findings
from oacmail.cli.common import as_json, config_file, configured, print_json, safe, say, with_config
from oacmail.config import Config, loading, secrets
from oacmail.config.sections import SENT
from oacmail.core import tokens
from oacmail.core.board import BoardNames, agents_of
from oacmail.core.deliverability import Finding, Level, Travelled
from oacmail.core.effects import Send
from oacmail.core.ends import ENDED, RENEWAL, KnownEnd
from oacmail.core.errors import ConfigError, OacmailError, Refused, Transient
from oacmail.core.kinds import EnvelopeSender, MailKind
from oacmail.core.model import Folder, Outcome, Role, domain_of
from oacmail.core.policy import Policy
from oacmail.core.ports import MessageMeta, Outgoing, WatchedFolder
from oacmail.core.stored_values import TRAVELLED
from oacmail.core.watched import SPARE, is_set_back
from oacmail.imap.mailbox import ImapMailbox
from oacmail.mail.mime.auth import travelled
from oacmail.smtp import SmtpTransport
from oacmail.store import connection, remembered
from oacmail.workdays import OfficeCalendar

# --- Findings --------------------------------------------------------------------------------------------------------


def error(where: str, what: str, do: str) -> Finding:
    return Finding("error", where, what, do)


def warning(where: str, what: str, do: str) -> Finding:
    return Finding("warning", where, what, do)


def read(level: Level, line: str) -> Finding:
    """Parse a line `path: problem: remedy` of the layers below. The problem may contain colons."""
    where, _, rest = line.partition(": ")
    what, found, do = rest.rpartition(": ")
    return Finding(level, where, what if found else rest, do if found else "see docs/config.md")


# --- Offline ---------------------------------------------------------------------------------------------------------


TIGHT = 1_000_000_000  # bytes free on the disk of the state directory
OTHERS_ACCESS = 0o066  # read or write by group and others; search permission is harmless
_HORIZON = {
    "calendar_missing": (error, "are missing", "add the year to the file; until then no day of it is promised"),
    "calendar_provisional": (
        warning,
        "are not official yet",
        "compare with the official list, then mark it official in the file",
    ),
}


def _configuration(config: Config) -> Iterator[Finding]:
    if SENT not in config.imap.watch and config.imap.sent not in config.imap.watch:
        yield warning("imap.watch", "does not name the folder of sent mail, so answers are not seen", r'add "\\Sent"')
    if config.imap.provider == "generic" and (profile := loading.fitting(config.imap.host)):
        yield warning(
            "imap.provider",
            f"is not set, and {config.imap.host} belongs to a provider with a profile",
            f'write provider = "{profile}" (docs/provider.md): it sets hosts, OAuth and what else follows',
        )
    program = config.canary.alert_command[:1]
    if program and not os.access(program[0], os.X_OK):
        yield error(
            "canary.alert_command", "is no program that this user can run", "correct the path, or its permissions"
        )
    metrics = config.monitoring.prometheus_file
    if metrics and not os.access(metrics.parent, os.W_OK):
        yield error(
            "monitoring.prometheus_file",
            "this user cannot write into its folder",
            "use a file in the state directory, or allow the folder in the unit (docs/monitoring.md)",
        )


def _secrets(config: Config) -> Iterator[Finding]:
    lines = secrets.findings(config)
    yield from (read("error", line) for line in lines)
    if not lines and (wrong := wiring.wrong_key(config)):
        yield read("error", wrong)


def _templates(config: Config) -> Iterator[Finding]:
    """Render every template in every language, the town's own in each branch."""
    try:
        problems: Sequence[str] = wiring.renderer(config, wiring.rules(config)).problems()
    except ConfigError as wrong:
        problems = wrong.findings
    yield from (read("error", line) for line in problems)


def _calendar(config: Config) -> Iterator[Finding]:
    try:
        calendar = wiring.workdays(config)
    except ConfigError:
        return  # _templates reports it: rendering needs the calendar too
    today = datetime.now(config.office.timezone).date()
    for code in calendar.horizon(today):
        kind, _, year = code.partition(":")
        make, what, remedy = _HORIZON[kind]
        yield make("office.holidays", f"the holidays of {year} {what}", remedy)
    if isinstance(calendar, OfficeCalendar):
        differences = chain.from_iterable(calendar.cross_check(year) for year in sorted(calendar.years))
        for difference in differences:
            if not difference.expected:
                do = "compare with the official list; oacmail uses the holiday file"
                yield warning("office.holidays", str(difference), do)


def _ends(config: Config) -> Iterator[Finding]:
    try:
        yield from _near(config, wiring.ends_of_files(config, datetime.now(config.office.timezone).date()))
    except ConfigError:
        return  # _templates reports it: rendering needs the calendar too
    application = config.uses_oauth and config.oauth.flow == "application"
    if application and config.imap.provider == "microsoft365" and config.oauth.secret_ends is None:
        what = "is not set, so nothing warns before the application's secret ends, and then all mail waits"
        yield warning("oauth.secret_ends", what, "write the day that the Entra admin centre shows beside the secret")


def _near(config: Config, found: Iterable[KnownEnd]) -> Iterator[Finding]:
    today = datetime.now(config.office.timezone).date()
    for end in found:
        step = end.step(today)
        if step is not None:
            make = error if step == ENDED else warning
            yield make(end.what, f"{'has ended' if step == ENDED else 'ends'} on {end.on}", RENEWAL[end.what])


def _folder(config: Config) -> Iterator[Finding]:
    state = config.office.state
    if not state.exists():
        above = next(folder for folder in state.parents if folder.exists())
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            yield warning("office.state", f"{state} does not exist yet", "nothing: the first start creates it")
        else:
            yield error(
                "office.state",
                f"{state} does not exist and cannot be created",
                "create it, owned by the service's user",
            )
        return
    if not state.is_dir():
        yield error("office.state", f"{state} is not a folder", "move it away, or name another folder")
        return
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        yield error("office.state", f"{state} cannot be written by this user", "chown it to the service's user")
    elif state.stat().st_uid != os.geteuid():
        yield warning("office.state", f"{state} belongs to another user", "run `sudo oacmail check`")
    if state.stat().st_mode & OTHERS_ACCESS:
        yield warning("office.state", f"others can read {state}", f"run `chmod 700 {state}`")
    free = host.free_space(state)
    if free < TIGHT:
        make = error if free < SPARE else warning
        yield make("office.state", f"{free // 1_000_000} MB are free on the disk of {state}", "free some space")


def _database(config: Config) -> Iterator[Finding]:
    if connection.is_lost(config.office.state):
        yield error(
            "database", "is lost, and the token key is still there", "restore a backup, or run `oacmail rebuild`"
        )
    if not (config.office.state / connection.FILE).exists():
        return
    try:
        with connection.open_readonly(config.office.state, as_it_is=True) as con, connection.named_faults():
            try:
                connection.refuse_newer(con)
            except ConfigError as newer:
                yield error("database", *newer.findings[0].removeprefix("state: the database ").split(": ", 1))
            _, pending = connection.schema(con)
            if pending:
                what = f"{len(pending)} steps behind this program"
                yield warning("database", what, "restart the service, or stop it and run `oacmail migrate`")
            if (result := con.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                yield error("database", f"is damaged: {result}", "stop the service and restore the last backup")
            # No recorded time may be in the future: a clock that ran ahead has promised wrong days.
            latest, now = remembered.latest_time(con), datetime.now(UTC)
            if latest and is_set_back(now, latest):
                what = f"the database holds a time {(latest - now).total_seconds():.0f} s ahead of now"
                do = "correct the clock (timedatectl); if it was ahead and is right now: `oacmail clock`"
                yield error("clock", what, do)
            yield from renamed_findings(config, con)
    except OacmailError as wrong:
        yield error("office.state", f"the database cannot be read: {wrong}", "restore the last backup")


def board_names(config: Config) -> Iterator[Finding]:
    """Yields two folders with one name, and two agents with one folder."""
    policy = wiring.rules(config)
    if policy.board is None:
        return
    twice = [name for name, count in Counter(policy.board.names.values()).items() if count > 1]
    if twice:
        yield error("board.names", f"two folders have the name {twice[0]}", "give each its own name")
    short = Counter(address.partition("@")[0] for address in policy.people.agents)
    for name, count in short.items():
        if count > 1:
            what = f"{count} agents are called {name} before the @, so they share a folder of the board"
            yield error("people.agents", what, "give them addresses that differ before the @")


def renamed_findings(config: Config, con: sqlite3.Connection) -> Iterator[Finding]:
    """Yields each former address that is no alias, and each former prefix."""
    own = wiring.rules(config).office
    rows = con.execute(
        """SELECT DISTINCT p.address FROM messages m JOIN people p ON p.id = m.author_id
        WHERE m.role = ? AND m.outcome = ? ORDER BY 1""",
        (Role.OURS, Outcome.OURS),
    )
    for (address,) in rows:
        if not own.is_own(address):
            what = f"our earlier mail is from {address}, which is no longer an address of the office"
            yield warning("office.aliases", what, "add it, else a message from it counts as a citizen's")
    rows = con.execute("SELECT substr(number, 1, instr(number, '-') - 1), count(*) FROM cases GROUP BY 1 ORDER BY 1")
    for prefix, count in rows:
        if prefix != own.prefix:
            what = f"there are cases numbered {prefix}-… ({count}): no mail finds one by its number now"
            yield warning("office.prefix", what, f'write prefix = "{prefix}" again (docs/config.md)')


_OFFLINE: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _configuration,
    board_names,
    _secrets,
    _templates,
    _calendar,
    _ends,
    _folder,
    _database,
)


# --- Online ----------------------------------------------------------------------------------------------------------
# `check --online`: logs in to both servers and sends up to three test messages to the office's own mailbox.
#
# The first is signed like all our mail: a running daemon files it, and its arrival proves that self-copies arrive. The
# second is marked as automatic and goes to a plus-address named after the folder of sent mail: a server that delivers
# it into that folder lets anybody write there. The third goes from and to the address under which acknowledgements
# leave if their refusals are to come home.


MOST_NAMES = 20  # folders named in one finding
PATIENCE = 30.0  # seconds to wait for a test message
CLOCKS_MAY_DIFFER = 60.0  # seconds between the mail server and us
MARK = "X-Oacmail"
_OTHERS = 'write "bounce" where plus-addresses arrive, else "office"'
_OPTIONAL: Mapping[tuple[str, ...], str] = {
    ("IDLE",): "new mail is noticed only every imap.poll_seconds",
    ("MOVE", "UIDPLUS"): "copies of our own mail stay in INBOX instead of Sent",
    ("SPECIAL-USE",): "the folder of sent mail is found only by its name",
}


def online_findings(config: Config) -> Iterator[Finding]:
    """Yields the findings of both servers. An error of one server does not hide the findings of the other."""
    given = wiring.token_source(config)
    box, relay = wiring.mailbox(config, given), wiring.transport(config, given)
    try:
        watched = yield from _mailbox(config, box)
        if watched:
            yield from board_online(config, box)
        policy = wiring.live_policy(config, first=True)  # which signs the test message
        sender = yield from _relay(config, policy, relay)
        shown: Travelled | None = None
        if watched and sender is not None:
            post = TestMail(box, relay, sender, watched)
            if config.smtp.self_copy:
                shown = yield from _copies(config, policy, post)
            sent = next((folder.name for folder in watched if folder.role is Folder.SENT), "")
            if sent.isascii() and sent.isalnum() and (yield from _plus(config, post, sent)):
                yield from _returns(config, policy, post)
        yield from _near(config, wiring.ends_of_servers(config)[0])
        yield from _records(config, policy, shown.or_else(_shown(config)) if shown else _shown(config), relay.met)
    except OacmailError as failure:
        yield error("online", f"the test ended early: {failure}", "try again, then see the servers' logs")
    finally:
        box.close()
        relay.close()


class TestMail:
    """Sends a test message to the office's mailbox and finds the folder where it arrives."""

    def __init__(self, box: ImapMailbox, relay: SmtpTransport, sender: str, watched: tuple[WatchedFolder, ...]) -> None:
        self._box, self._relay, self._sender, self.watched = box, relay, sender, watched

    def send(self, recipient: str, mime: bytes) -> None:
        mail = Outgoing(key="check", envelope_from=self._sender, recipient=recipient, copy_to="", mime=mime)
        self._relay.send(mail, lambda _: None)

    def under(self, sender: str) -> "TestMail":
        """The same, with another envelope sender."""
        return TestMail(self._box, self._relay, sender, self.watched)

    def reaches(self, office: str, target: str) -> tuple[WatchedFolder | None, str]:
        """The folder in which a mail from `office` to `target` arrives, None = in none; and why it was refused, '' = it
        was not."""
        value, text = token_hex(8), "This is a test message of oacmail. You may delete it."
        mail = of_test(office, target, value, "this message may be deleted", text)
        try:
            self.send(target, mail.as_bytes())
        except OacmailError as refused:
            return None, str(refused)
        found = self.arrival(TEST, value)
        return (found[0] if found else None), ""

    def read(self, uid: int) -> bytes:
        """The message that has just arrived; b'' = it is gone."""
        fetched = self._box.fetch([uid]).get(uid)
        return fetched.raw if fetched else b""

    def arrival(self, field: str, value: str) -> tuple[WatchedFolder, MessageMeta] | None:
        """The folder and meta of the message with `value` in this header field; None = not within PATIENCE."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for folder in self.watched:
                self._box.open(folder.name)
                found = sorted(self._box.bearing(field, value))
                if found and (metas := self._box.metas(found)):  # a running service may file it in between
                    return folder, metas[0]
            self._box.wait(1.0)
        return None


def _mailbox(config: Config, box: ImapMailbox) -> Generator[Finding, None, tuple[WatchedFolder, ...]]:
    """Returns the folders to watch; () if the mailbox cannot be reached."""
    try:
        watched, missing, offers = tuple(box.watched()), box.missing(), box.offers()
        names, software = box.names() if missing else (), box.software()
        for folder in watched:
            box.open(folder.name)
    except Transient as failure:
        yield _unreachable("imap", failure)
        return ()
    # Names that the provider's profile has are found without a server, by `check` itself.
    unnamed = config.imap.provider == "generic" and not loading.fitting(config.imap.host)
    if unnamed and (profile := loading.fitting("", software)):
        yield warning(
            "imap.provider",
            f"the server is {software}, for which there is a profile",
            f'write provider = "{profile}" unless it is a server of your own (docs/provider.md)',
        )
    yield from (_missing(config, name, names) for name in missing)
    if junk := box.junk_by_name():
        yield warning(
            "imap.junk",
            f"the folder {junk} is read as the junk folder because of its name",
            f'write junk = "{junk}" if it is, else name it in imap.watch',
        )
    if not box.drafts():
        yield warning(
            "imap",
            "no folder of drafts was found: draft answers go to the agent by mail",
            "create the folder Drafts, Esborranys or Borradores in a mail program",
        )
    for words, without in _OPTIONAL.items():
        if offers.isdisjoint(words):
            yield warning(
                "imap",
                f"the server does not offer {' or '.join(words)}: {without}",
                "nothing: oacmail works without it",
            )
    return watched


def _missing(config: Config, name: str, names: Sequence[str]) -> Finding:
    """The finding for a folder name that `ImapMailbox.missing` returns."""
    there = f"the folders are {', '.join(names[:MOST_NAMES])}" + (" and more" if len(names) > MOST_NAMES else "")
    if name == (config.imap.sent or "Sent"):
        wanted = f"the folder {name} does not exist" if config.imap.sent else "no folder of sent mail was found"
        return error(
            "imap.sent",
            f"{wanted}, so answers are not seen; {there}",
            "name one of them in imap.sent, or create the folder Sent in a mail program and name that",
        )
    return error("imap.watch", f"the folder {name} does not exist; {there}", "correct the name, or create the folder")


def _relay(config: Config, policy: Policy, relay: SmtpTransport) -> Generator[Finding, None, str | None]:
    """Returns the envelope sender that acknowledgements can use; None if the relay cannot be used."""
    office = config.office.address
    wanted = tokens.envelope_senders(policy)[EnvelopeSender.ACK]
    try:
        if not (refused := relay.try_envelope(wanted, office)):
            return wanted
        plain = relay.try_envelope(office, office)
    except Transient as failure:
        yield _unreachable("smtp", failure)
        return None
    if plain:
        yield error("smtp", f"the relay refuses mail from {office} to itself ({plain})", "ask the relay's admin")
        return None
    named = f'"{config.smtp.ack_envelope}"'
    yield error("smtp.ack_envelope", f"the relay refuses the envelope sender of {named} ({refused})", _OTHERS)
    return office


def _unreachable(server: str, failure: Transient) -> Finding:
    """The finding for a server error. Its text holds only codes and class names, never content."""
    what, do = meaning(server, str(failure))
    return error(server, f"{what} ({failure})", do)


def _copies(config: Config, policy: Policy, post: TestMail) -> Generator[Finding, None, Travelled | None]:
    """Checks that a message to ourselves arrives, as self-copies must, and that the servers' clocks agree with ours.
    Returns what the message shows of its way; None = nothing."""
    key, now = f"{tokens.TRIAL}{token_hex(8)}", datetime.now(UTC).replace(microsecond=0)
    send = Send(key=key, kind=MailKind.PROBE, lang=policy.office.languages[0], recipient=policy.office.address)
    sign = partial(tokens.sign_mail, policy, "", send, now)
    mail = wiring.renderer(config, policy).render(send, tokens.message_id(policy, key), sign, now)
    post.send(policy.office.address, mail.mime)
    found = post.arrival(MARK, key)
    if found is None:
        yield error(
            "smtp.self_copy",
            f"a mail to {policy.office.address} did not come back within {PATIENCE:.0f} s",
            "look for it in the relay's log and in other folders (rules, junk); otherwise set self_copy = false",
        )
    elif abs((found[1].internal_date - now).total_seconds()) > CLOCKS_MAY_DIFFER:
        ahead = (found[1].internal_date - now).total_seconds()
        yield warning(
            "clock", f"the mail server's clock is {ahead:.0f} s from ours", "correct the wrong clock: timedatectl"
        )
    domain, host = domain_of(policy.office.address), gethostname()
    return travelled(post.read(found[1].uid), domain, host) if found else None


def _shown(config: Config) -> Travelled | None:
    """What the last copy that the service has read shows of its way; None = there was none."""
    if not (config.office.state / connection.FILE).exists():
        return None
    with connection.open_readonly(config.office.state, as_it_is=True) as con:
        return Travelled.from_text(remembered.value(con, TRAVELLED))


def _records(config: Config, policy: Policy, shown: Travelled | None, met: tuple[str, str]) -> Iterator[Finding]:
    """Checks what the town publishes in the DNS. What did not answer is named, and is no finding."""
    seen = wiring.look_at_records(config, policy, shown, met)
    if seen is None:
        say("monitoring.dns_server is empty: the records in the DNS (SPF, DKIM, DMARC, MX) were not looked at")
        return
    yield from seen.findings
    if seen.unseen:
        say(f"not looked at, since the DNS gave no answer: {', '.join(seen.unseen)}")


def _plus(config: Config, post: TestMail, sent: str) -> Generator[Finding, None, bool]:
    """Checks that nobody can write into Sent from outside (Dovecot's lmtp_save_to_detail_mailbox). Returns whether
    plus-addresses arrive."""
    local, _, domain = config.office.address.rpartition("@")
    target = f"{local}+{sent}@{domain}"
    folder, refused = post.reaches(config.office.address, target)
    if folder is None and config.trust.plus_addressing:
        what = f"{target} is refused ({refused})" if refused else f"a mail to {target} did not arrive"
        yield warning("trust.plus_addressing", what, "set plus_addressing = false")
    elif folder is not None and folder.role is Folder.SENT:
        yield error(
            "imap",
            f"a mail to {target} is delivered into {sent}: anybody can write there from outside",
            "switch off lmtp_save_to_detail_mailbox at the server",
        )
    return folder is not None


def _returns(config: Config, policy: Policy, post: TestMail) -> Iterator[Finding]:
    """Checks whether a refused acknowledgement can come home: the relay takes our mail under the address for it, and
    mail to that address arrives. Who has chosen another envelope is not asked again."""
    chosen = "ack_envelope" in config.smtp.model_fields_set
    if not policy.office.plus_addressing or (chosen and config.smtp.ack_envelope != "bounce"):
        return
    target = tokens.return_address(policy, tokens.message_id(policy, f"{tokens.TRIAL}return"))
    folder, refused = post.under(target).reaches(config.office.address, target)
    if folder is not None and folder.role is Folder.INTAKE:
        if not chosen:
            what = "a mail to such an address arrives, so that a refused acknowledgement could come home"
            yield warning("smtp.ack_envelope", what, 'write "bounce"')
    elif chosen:
        why = f" ({refused})" if refused else ""
        what = f"a mail from and to {target} did not arrive{why}, so that no refusal comes home"
        yield error("smtp.ack_envelope", what, 'write "null", or let plus-addresses arrive in INBOX')


def board_online(config: Config, box: ImapMailbox) -> Iterator[Finding]:
    """Makes the folders that do not exist, as the service does. Raises Transient."""
    policy = wiring.rules(config)
    if policy.board is None:
        return
    if not box.can_move():
        what = "the server offers neither MOVE nor UIDPLUS: messages cannot be moved into the folders of their cases"
        yield error("board.enabled", what, "set board.enabled = false, or use another mail server")
    tree = box.tree()
    folders = BoardNames(board=policy.board, separator=tree.separator, prefix=tree.prefix)
    wanted = folders.fixed(agents_of(policy.people.agents)).keys()
    refused = [name for name in sorted(wanted - tree.names) if not box.create(name)]
    if refused:
        what = f"the server refuses to make the folder {refused[0]}" + (" and others" if len(refused) > 1 else "")
        yield error("board.root", what, "give the account the right to make folders, or name another root")


# --- Verbs -----------------------------------------------------------------------------------------------------------


@click.command()
@click.option(
    "--online", is_flag=True, help="Also log in, send the office up to three test messages, and look at the DNS."
)
@click.option("--answers", is_flag=True, help="Also ask for one answer from each mail program in use: is it seen?")
@as_json
@click.pass_context
def check(ctx: click.Context, online: bool, answers: bool, as_json: bool) -> None:
    """List everything that is wrong, with its remedy. Exit 1 if a finding is an error."""
    try:
        config = configured(ctx)
    except ConfigError as wrong:
        show((read("error", line) for line in wrong.findings), as_json)
        sys.exit(CONFIGURATION)
    found = chain(_findings(config, config_file(ctx), online), _of_answers(config) if answers else ())
    sys.exit(1 if show(found, as_json) else 0)


def _of_answers(config: Config) -> Iterator[Finding]:
    try:
        yield from answer_findings(config)
    except Transient as failure:
        yield _unreachable("imap", failure)


def _findings(config: Config, file: Path, online: bool) -> Iterator[Finding]:
    # Values that are missing or still those of the shipped file; one finding per key.
    text = file.read_text("utf-8")
    lines = loading.findings(config)
    named = {line.partition(":")[0] for line in lines}
    shipped = loading.as_shipped(config, settings.builtin(), text)
    yield from (read("error", line) for line in (*lines, *(shipped[path] for path in shipped if path not in named)))
    for section, key in settings.retired(tomllib.loads(text)):
        yield warning(f"{section}.{key}", "no longer has any effect", "remove it")
    if other := status.other_town(file.absolute(), config.office.state):
        what = f'{config.office.state} is the state of the town "{other}"'
        yield error("office.state", what, f"write a folder of its own, such as /var/lib/oacmail/{file.stem}")
        return  # what follows would look at the cases of that town
    yield from chain.from_iterable(_guarded(part, config) for part in _OFFLINE)
    if online:
        yield from online_findings(config)
        say(
            f"if both servers let it in, this check has sent up to three messages to {config.office.address}, "
            'with "oacmail check" in the subject; you may delete them'
        )


def _guarded(part: Callable[[Config], Iterator[Finding]], config: Config) -> Iterator[Finding]:
    """A path that this user cannot read becomes a finding, and the other checks continue."""
    try:
        yield from part(config)
    except PermissionError as refused:
        yield error(str(refused.filename), "this user cannot read it", permission_remedy(str(refused.filename)))


def show(found: Iterator[Finding], as_json: bool) -> int:
    """Print the findings. Returns the number of errors."""
    errors = count = 0
    for finding in found:
        count, errors = count + 1, errors + (finding.level == "error")
        if as_json:
            print_json([asdict(finding)])
        else:
            click.echo(safe(finding))
    if not (as_json or count):
        click.echo("no problems found")
    return errors


@click.command()
@with_config
def login(config: Config) -> None:
    """Get the first OAuth token, then check both servers. Exit 1 if the provider or a server refuses."""
    if not config.uses_oauth:
        raise Refused("the configuration uses passwords, so there is nothing to log in to: docs/provider.md")
    source = wiring.token_source(config)
    # What a sign-in does not end is refused before it.
    if missing := tuple(line for line in secrets.oauth_findings(config) if not line.startswith("oauth: ")):
        raise ConfigError(missing)
    try:
        if config.oauth.flow == "person":  # the grant is stored, and no access token
            who = oauth.sign_in(wiring.oauth_settings(config), _show_page, sys.stdin.readline)
            say(f"signed in{f' as {safe(who)}' if who else ''}")
        assert source is not None
        source.current()
    except Transient as refused:
        what, do = meaning("imap", str(refused))
        say(f"{what} ({refused}): {do}")
        sys.exit(1 if isinstance(refused, oauth.GrantRefused) else TEMPORARY)
    say("the provider gives tokens; now both servers are checked")
    if show(online_findings(config), False):
        sys.exit(1)
    say("both servers accept the token; next: start the service, or restart it")


def _show_page(page: str, code: str) -> None:
    if code:
        text = (
            f"Open {page} in any browser, type the code {code}, and sign in as a person who may open the mailbox.\n"
            "oacmail waits until you have done so …"
        )
    else:
        text = (
            f"Open this page in any browser, and sign in to the mailbox:\n\n{page}\n\n"
            "At the end the browser cannot open a page at 127.0.0.1: that is right. Copy that page's address here:"
        )
    click.echo(text, err=True)
