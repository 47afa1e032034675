"""`dataclass`, as in the standard library but for what it costs at each start.

The standard one writes and compiles up to six functions for each class when its module is imported: a tenth of a start.
Here it writes `__init__` alone; comparison, hash and `repr` are functions of the fields' names. Type checkers see the
standard one, and they prove that nobody assigns to a field of a frozen class: the running program does not look.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen=False, eq=True, order=False, **options):
        def made(cls):
            cls.__doc__ = cls.__doc__ or cls.__name__  # otherwise the standard one asks for a signature
            result = dataclasses.dataclass(repr=False, eq=order, order=order, **options)(cls)
            fields = dataclasses.fields(result)
            result.__repr__ = _repr([field.name for field in fields if field.repr])
            if eq:
                result.__eq__ = _eq([field.name for field in fields if field.compare])
                hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
                result.__hash__ = _hash(hashed) if frozen else None
            return result

        return made


def _values(names: list[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _repr(names: list[str]) -> Callable[[object], str]:
    def repr_(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return repr_


def _eq(names: list[str]) -> Callable[[object, object], Any]:
    values = _values(names)

    def eq(self: object, other: object) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return eq


def _hash(names: list[str]) -> Callable[[object], int]:
    values = _values(names)
    return lambda self: hash(values(self))
