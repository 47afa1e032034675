"""From the outbox to the relay: what may leave now, how many in a minute, and the result of each attempt."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from oacmail.core import calendar
from oacmail.core.effects import DeliveryResult
from oacmail.core.errors import (
    BudgetUnusable,
    LineEnded,
    Permanent,
    RelayError,
    StateError,
    Transient,
    Uncertain,
    quoted,
)
from oacmail.core.kinds import ALERTS, IN_SERVICE_HOURS
from oacmail.core.outbox import envelope_sender, wants_copy
from oacmail.core.ports import Outgoing, Transport
from oacmail.core.rate_limits import REFUSES, refuses_everybody
from oacmail.core.stored_values import OTHER_INSTANCE
from oacmail.core.tokens import RETURNED
from oacmail.core.watched import SHARED_BUDGET
from oacmail.engine.engine import Engine
from oacmail.engine.watch import ProblemFlag
from oacmail.host import WINDOW, BudgetFile
from oacmail.store.outbox import Due
from oacmail.store.store import SqliteStore

# --- Relay budget ----------------------------------------------------------------------------------------------------
# This town's own limit of a minute, and the budget that towns behind one relay share. Trouble with the shared budget
# delays mail for a minute; then the town counts for itself alone, records a problem, and goes on asking.

PATIENCE = timedelta(seconds=WINDOW)
_PORTION = 4
"""A town takes a quarter of what is free at a time: one with much to send leaves room for the others."""


class RelayBudget:
    """`per_minute`: 0 = no limit. `shared`: None = this town counts for itself."""

    def __init__(self, store: SqliteStore, per_minute: int, shared: BudgetFile | None) -> None:
        self.store, self.per_minute, self.shared = store, per_minute, shared
        self._since: datetime | None = None
        self._unusable = ProblemFlag(store, SHARED_BUDGET)

    def room(self, most: int, now: datetime) -> int:
        """How many mails may be tried now, up to `most`."""
        if not self.per_minute:
            return most
        own = min(most, self.per_minute - self.store.handed_over_since(now, WINDOW))
        shared = self.shared
        if shared is None or own <= 0:
            return own
        free = self._asked(lambda: shared.room(self.per_minute, now), own, now)
        return min(own, -(-free // _PORTION))

    def take(self, wanted: int, now: datetime) -> int:
        """Count these mails; return how many of them may leave."""
        shared = self.shared
        if shared is None or not wanted:
            return wanted
        return self._asked(lambda: shared.take(wanted, self.per_minute, now), wanted, now)

    def _asked(self, ask: Callable[[], int], alone: int, now: datetime) -> int:
        """The answer of the shared budget; without one 0 for a minute, then `alone`."""
        try:
            answer = ask()
        except BudgetUnusable as error:
            self._since = self._since or now
            if self._since <= now < self._since + PATIENCE:
                return 0
            self._unusable.set(True, now, str(error))
            return alone
        self._since = None
        self._unusable.set(False, now)
        return answer


# --- Delivery --------------------------------------------------------------------------------------------------------
# Mail to citizens waits until INBOX, Sent and Junk have been read since the last start or lost connection, since a
# copy there may prove that it was sent already. Mail to staff has no such copy and does not wait, but no notice is
# sent at night. Each attempt goes to core as `DeliveryResult`.

log = logging.getLogger(__name__)
BATCH = 20


class _WithdrawnError(Exception):
    """The row may no longer be sent."""


class Attempt(NamedTuple):
    """`result`: None = the mail was withdrawn before its first byte. `limit`: the relay named a limit of its own, which
    holds for all mail. `ended`: the connection did not outlive this mail."""

    result: DeliveryResult | None
    limit: Transient | None = None
    ended: LineEnded | None = None


class Delivery:
    """`citizens_may` is set once all folders were read.

    The result of a mail is written in one commit with the next one's `sending`, so that at most one row is uncertain at
    any moment; after the last mail of a batch, or if the relay has a problem, it has its own commit.
    """

    def __init__(self, engine: Engine, transport: Transport, per_minute: int, shared: BudgetFile | None = None) -> None:
        self.engine, self.transport = engine, transport
        self.citizens_may = self._interrupted = False
        self._unrecorded: DeliveryResult | None = None
        self._refuses = ProblemFlag(engine.store, REFUSES)
        self._budget = RelayBudget(engine.store, per_minute, shared)

    def drain(self) -> bool:
        """Send what is due, up to a batch; return True if there may be more. Raises RelayError, Transient, Fatal."""
        store, now, policy = self.engine.store, self.engine.now(), self.engine.policy
        if policy.shadow:
            return False
        if self._interrupted:
            self._record_last()
            store.recover()
        self._interrupted = True  # an exception from here on may leave a row that counts as being sent
        # What may leave now. Alerts are sent even while another daemon answers this mailbox.
        most = self._budget.room(BATCH, now)
        staff = None if self.citizens_may else policy.people.staff
        waits = () if calendar.in_hours(now, policy) else IN_SERVICE_HOURS
        only = ALERTS if store.recall(OTHER_INSTANCE) else ()
        due = store.due(now, most, staff, waits, only) if most > 0 else []
        due = due[: self._budget.take(len(due), now)]  # less than that, if other towns left no room meanwhile
        # Send mail by mail. If the relay refuses an envelope sender, mails with one of another form are still tried,
        # once; not if it refuses the login, or names a limit of all mail. A mail that ended the connection is put off
        # like any other; two in a row, and the relay is in trouble.
        trouble: dict[str, Transient] = {}
        ended: list[LineEnded] = []
        broke: list[str] = []
        left: list[str] = []
        for mail in due:
            self.engine.progress()
            envelope = envelope_sender(policy, mail.kind, mail.key, mail.message_id)
            sender = envelope.partition(f"+{RETURNED}")[0]
            stops = len(trouble) > 1 or len(ended) > 1 or any(error.at_least for error in trouble.values())
            if stops or sender in trouble:
                left.append(mail.key)
                continue
            if not mail.whole:
                self.engine.perform(DeliveryResult(key=mail.key, state="altered"))
                continue
            try:
                attempt = self._attempt(mail, envelope)
            except RelayError as error:
                trouble[sender] = error
                broke.append(mail.key)
            else:
                self._record_last()
                self._unrecorded = attempt.result
                ended = [*ended, attempt.ended] if attempt.ended else []
                if attempt.limit is not None:
                    trouble[sender] = attempt.limit
        self._record_last()
        if trouble or len(ended) > 1:
            store.put_behind(left, self.engine.now() - timedelta(seconds=1))
            store.put_behind(broke, self.engine.now())
            raise max((*trouble.values(), *ended), key=lambda error: error.at_least)
        self._interrupted = False
        if due:  # note whether the relay refuses all recipients, or accepts mail again
            self._refuses.set(refuses_everybody(policy, store.refused(policy, now)), now)
        return bool(due)

    def _record_last(self) -> None:
        if self._unrecorded is not None:
            self.engine.perform(self._unrecorded)
            self._unrecorded = None

    def _sending(self, key: str, *, copy_expected: bool) -> bool:
        """Return False if the row may no longer be sent."""
        store = self.engine.store
        if self._unrecorded is None:
            return store.sending(key, self.engine.now(), copy_expected=copy_expected)
        with store.together():
            self.engine.perform(self._unrecorded)
            ours = store.sending(key, self.engine.now(), copy_expected=copy_expected)
        self._unrecorded = None
        return ours

    def _attempt(self, mail: Due, envelope: str) -> Attempt:
        """Hand one mail over. Raises RelayError, StateError."""
        policy = self.engine.policy
        wanted = wants_copy(policy, mail.kind, mail.recipient)
        server_copies = wanted and policy.sending.self_copy == "server"
        outgoing = Outgoing(
            key=mail.key,
            envelope_from=envelope,
            recipient=mail.recipient,
            copy_to=policy.office.address if wanted and policy.sending.self_copy is True else "",
            mime=mail.mime,
        )
        expected = False

        def before_data(copy_accepted: bool) -> None:
            nonlocal expected
            expected = copy_accepted or server_copies
            if not self._sending(mail.key, copy_expected=expected):
                raise _WithdrawnError

        result, limit, ended = DeliveryResult(key=mail.key, state="sent"), None, None
        try:
            self.transport.send(outgoing, before_data)
        except _WithdrawnError:
            return Attempt(None)
        except (RelayError, StateError):
            raise
        except Uncertain as error:
            result = replace(result, state="uncertain", error=str(error))
        except Permanent as error:
            said = quoted(error.said, mail.recipient)
            text = ": ".join(filter(None, (str(error), said)))
            result = replace(result, state="refused", code=error.code, status=error.status, error=text, said=said)
        except Transient as error:
            limit, ended = error if error.at_least else None, error if isinstance(error, LineEnded) else None
            result = replace(result, state="later", error=str(error), limited=limit is not None)
        log.info("mail." + result.state, {"key": mail.key, "error": result.error or None})
        return Attempt(replace(result, copy_expected=expected), limit, ended)
