"""sqlite-utils without numpy and pandas, which it imports where they are installed, and which we never give it.

The charts of the monthly report bring numpy with them. It would add 17 MB to the memory of the daemon, which draws
nothing (docs/benchmarks.md).
"""

import sys
from types import ModuleType
from typing import cast

_NOT_NEEDED = ("numpy", "pandas")
_HELD_BACK = [name for name in _NOT_NEEDED if name not in sys.modules]

# An entry None makes an import fail as if the package were not there (docs.python.org, "The import system", 5.3.1).
sys.modules.update(dict.fromkeys(_HELD_BACK, cast(ModuleType, None)))
try:
    from sqlite_utils import Database, Migrations
finally:
    for _name in _HELD_BACK:
        del sys.modules[_name]

__all__ = ["Database", "Migrations"]
