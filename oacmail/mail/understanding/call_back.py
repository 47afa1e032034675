"""Find where and when the writer of a message can be called: the telephone of the text, else of the signature (R26).

This module does not decide whether a call is wanted (core/routing/classification.py).
"""

from collections.abc import Iterable

from oacmail.core.features import Callback, CallTime
from oacmail.mail.understanding import numerals, phones, slots


def find(text: str, lines: Iterable[str], signature: str = "", own: str = "") -> Callback | None:
    """Return the number to call and the time, None without a number. All is folded by features.fold.

    `text`: subject and new text; `lines`: the same as lines, read only if there is a number; `own`: the office's
    telephone, which never counts.
    """
    number = phones.phone(numerals.in_digits(text), own) or phones.phone(numerals.in_digits(signature), own)
    if not number:
        return None
    wish = slots.find(map(numerals.in_digits, lines))
    return Callback(phone=number, **wish._asdict())


def other_time(lines: Iterable[str]) -> CallTime | None:
    """Return the time that a brief text wishes, if it is less than the whole day; what it is the time of, only the case
    tells (core/cases/call_backs.py). `lines`: the new text, folded."""
    wish = slots.other(map(numerals.in_digits, lines))
    return wish if wish and (wish.slot != "any" or wish.hours) else None
