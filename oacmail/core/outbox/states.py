"""The life of an outgoing mail as one table: event and state give the next state.

A pair that is not in the table changes nothing: an event that comes too late is no error. The store carries the table
out, and tests/adapters/test_states.py holds its SQL to it. It never decides that an event happens.
"""

from collections.abc import Mapping

from oacmail.core.outgoing import MailEvent, MailState

_S = MailState
_UNDER_WAY = (_S.CLAIMED, _S.SENDING)
IN_FLIGHT = (*_UNDER_WAY, _S.UNCERTAIN)
"""The relay may have the mail, or get it at this moment."""
LIVE = (_S.QUEUED, *IN_FLIGHT)
NOT_ENDED = (*LIVE, _S.HELD)
"""It may still leave."""
_WAITING_FOR_A_PERSON = (_S.QUEUED, _S.UNCERTAIN, _S.HELD, _S.FAILED)


def _all_to(after: MailState, *before: MailState) -> Mapping[MailState, MailState]:
    return dict.fromkeys(before, after)


FIRST = frozenset({_S.QUEUED, _S.SHADOW, _S.SENT})
"""The states in which a row begins: to be sent, written in shadow, known to have left before a restore."""

NEXT: Mapping[MailEvent, Mapping[MailState, MailState]] = {
    # --- the sender -------------------------------------------------------------------------------
    MailEvent.CLAIMED: _all_to(_S.CLAIMED, _S.QUEUED),
    MailEvent.RETURNED: _all_to(_S.QUEUED, _S.CLAIMED),
    MailEvent.HANDING_OVER: _all_to(_S.SENDING, _S.CLAIMED),
    # What was claimed has not been handed over; what was being sent may have left.
    MailEvent.RECOVERED: {_S.CLAIMED: _S.QUEUED, _S.SENDING: _S.UNCERTAIN},
    # --- the relay: an answer is for a mail under way; a copy that was seen before it proves more ---
    MailEvent.TAKEN: _all_to(_S.SENT, *_UNDER_WAY, _S.SENT),
    MailEvent.PUT_OFF: _all_to(_S.QUEUED, *_UNDER_WAY),
    MailEvent.REFUSED: _all_to(_S.FAILED, *_UNDER_WAY),
    MailEvent.NO_ANSWER: _all_to(_S.UNCERTAIN, *_UNDER_WAY),
    MailEvent.RELAY_AT_FAULT: _all_to(_S.QUEUED, _S.FAILED),
    # --- the mailbox ------------------------------------------------------------------------------
    # A copy proves that the relay took the mail, whatever was believed; a report or a person may have ended it since.
    MailEvent.COPY_SEEN: _all_to(_S.SENT, *LIVE, _S.HELD, _S.SENT),
    MailEvent.NAMED: _all_to(_S.SENT, _S.QUEUED, _S.UNCERTAIN, _S.HELD),
    MailEvent.REPORTED: _all_to(_S.FAILED, *_S),
    # --- the rules --------------------------------------------------------------------------------
    MailEvent.RESCHEDULED: _all_to(_S.QUEUED, _S.QUEUED),
    MailEvent.RESENT: _all_to(_S.QUEUED, _S.UNCERTAIN),
    MailEvent.HELD: _all_to(_S.HELD, _S.QUEUED, _S.UNCERTAIN),
    MailEvent.DROPPED: _all_to(_S.DROPPED, _S.QUEUED, _S.UNCERTAIN),
    # An uncertain one only if no copy can tell any more that it has left (adapters/store/apply/outbox.py).
    MailEvent.CANCELLED: _all_to(_S.DROPPED, _S.QUEUED, _S.UNCERTAIN),
    MailEvent.KEY_LOST: _all_to(_S.HELD, *LIVE),
    # --- a person ---------------------------------------------------------------------------------
    MailEvent.RETRIED_BY_HAND: _all_to(_S.QUEUED, *_WAITING_FOR_A_PERSON),
    MailEvent.DROPPED_BY_HAND: _all_to(_S.DROPPED, *_WAITING_FOR_A_PERSON),
}


def after(event: MailEvent, state: MailState) -> MailState:
    """The state after the event; the same one if the event does not apply."""
    return NEXT[event].get(state, state)


def applies(event: MailEvent, state: MailState) -> bool:
    return state in NEXT[event]
