"""Find where and when the writer of a message can be called: the telephone, of the text or else of the signature, and
the time (R26).

This module does not decide whether a call is wanted (core/classification.py).
"""

from collections.abc import Iterable

from oacmail.core.model import Callback, CallTime
from oacmail.mail.understanding import numerals, phones, slots

_ANY_TIME = CallTime("any")


def find(text: str, lines: Iterable[str], signature: str = "", own: str = "") -> Callback | None:
    """Return the number to call and the time, None if neither is named. All is folded by features.fold.

    `text`: subject and new text; `lines`: the same as lines; `own`: the office's telephone, which never counts.
    """
    number = phones.phone(numerals.in_digits(text), own) or phones.phone(numerals.in_digits(signature), own)
    wish = slots.find(map(numerals.in_digits, lines))
    return Callback(phone=number or None, **wish._asdict()) if number or wish != _ANY_TIME else None


def other_time(lines: Iterable[str]) -> CallTime | None:
    """Return the time that a brief text wishes, if it is less than the whole day; what it is the time of, only the case
    tells (core/callbacks.py). `lines`: the new text, folded."""
    wish = slots.other(map(numerals.in_digits, lines))
    return wish if wish and (wish.slot != "any" or wish.hours) else None
