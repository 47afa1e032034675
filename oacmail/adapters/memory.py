"""Give freed memory back to the system: glibc keeps what a large piece of work has freed (malloc_trim(3))."""

import ctypes


def give_back() -> None:
    """Do nothing where the C library has no such call."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
