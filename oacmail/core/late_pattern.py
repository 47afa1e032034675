"""A regular expression that is compiled when it is first used, for words that only few messages need.

Compiling the words of the technical services takes as long as reading twenty messages. It decides nothing.
"""

import re
from typing import cast


class _LatePattern:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __getattr__(self, name: str) -> object:
        """Compile, and keep the method, so that the next call finds it as an attribute."""
        found: object = getattr(re.compile(self._pattern), name)
        setattr(self, name, found)
        return found


def late_pattern(pattern: str) -> re.Pattern[str]:
    """Return what has the methods of `re.compile(pattern)`. Raises re.error at its first use."""
    return cast("re.Pattern[str]", _LatePattern(pattern))
