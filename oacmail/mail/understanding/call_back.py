"""Find where and when the writer of a message can be called: the telephone of the text, else of the signature (R26).

This module does not decide whether a call is wanted (core/routing/classification.py).
"""

from collections.abc import Iterable

from oacmail.core.features import Callback, Slot
from oacmail.mail.understanding import numerals, phones, slots


def find(text: str, lines: Iterable[str], signature: str = "", own: str = "") -> Callback | None:
    """Return the number to call and the slot, None without a number. All is folded by features.fold.

    `text`: subject and new text; `lines`: the same as lines, read only if there is a number; `own`: the office's
    telephone, which never counts.
    """
    number = phones.phone(numerals.in_digits(text), own) or phones.phone(numerals.in_digits(signature), own)
    if not number:
        return None
    time = slots.find(map(numerals.in_digits, lines))
    return Callback(phone=number, slot=time.slot, outside=time.outside)


def other_slot(lines: Iterable[str]) -> Slot | None:
    """Return the morning or the afternoon if a brief text wishes one and names no number; what it is the time of, only
    the case tells (core/cases/call_backs.py). `lines`: the new text, folded."""
    time = slots.other(map(numerals.in_digits, lines))
    return time.slot if time and time.slot != "any" else None
