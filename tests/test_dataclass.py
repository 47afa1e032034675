"""Our `dataclass` does what that of the standard library does, but for `__init__` and the check of frozen fields."""

import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field
from itertools import product
from typing import Any, ClassVar

import pytest

from oacmail.dataclass import dataclass


def _classes(kind: Callable[..., Any]) -> list[Any]:
    """The same classes, made by one of the two."""

    @kind(frozen=True, slots=True, kw_only=True)
    class Value:
        """Fields of each sort."""

        shared: ClassVar[int] = 1
        name: str = "a"
        secret: str = field(default="b", repr=False)
        cached: int = field(default=3, compare=False)
        lessons: Any = field(default_factory=dict, hash=False)

    @kind(frozen=True, slots=True)
    class Longer(Value):
        more: int = 5

    @kind(slots=True)
    class Changing:
        name: str = "a"

    @kind(frozen=True)
    class Empty:
        pass

    @kind(slots=True, eq=False)
    class Alone:
        name: str = "a"

    @kind(frozen=True, slots=True, order=True)
    class Ordered:
        number: int = 1

    return [Value, Longer, Changing, Empty, Alone, Ordered]


OURS, STANDARD = _classes(dataclass), _classes(dataclasses.dataclass)
GIVEN: list[dict[str, Any]] = [{}, {"name": "c"}, {"secret": "c"}, {"cached": 4}, {"lessons": {"a": 1}}, {"more": 6}]
GIVEN += [{"number": 2}]


def _made(classes: list[Any]) -> list[Any]:
    """Two of each class for each of the values that it can be given."""
    return [
        cls(**given)
        for cls, given, _ in product(classes, GIVEN, "12")
        if given.keys() <= {one.name for one in dataclasses.fields(cls)}
    ]


def _hash(value: object) -> str:
    try:
        hash(value)
    except TypeError:
        return "unhashable"
    return "of its identity" if type(value).__hash__ is object.__hash__ else "of its fields"


def test_equality_repr_and_order_are_those_of_the_standard_one() -> None:
    ours, standard = _made(OURS), _made(STANDARD)
    assert [a == b for a, b in product(ours, ours)] == [a == b for a, b in product(standard, standard)]
    assert [repr(a) for a in ours] == [repr(a) for a in standard]
    assert not any("'b'" in repr(a) for a in ours)
    assert [_hash(a) for a in ours] == [_hash(a) for a in standard]
    assert OURS[-1](number=1) < OURS[-1](number=2) <= OURS[-1](number=2)


def test_what_is_equal_has_the_same_hash() -> None:
    hashable = [a for a in _made(OURS) if _hash(a) != "unhashable"]
    assert all(hash(a) == hash(b) for a, b in product(hashable, hashable) if a == b)
    assert len(set(hashable)) < len(hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What a process sends to another."""

    name: str
    rest: tuple[int, ...] = ()


def test_a_value_survives_the_way_to_another_process() -> None:
    handed = Handed(name="a", rest=(1, 2))
    assert pickle.loads(pickle.dumps(handed)) == handed
    assert dataclasses.replace(handed, name="b") == Handed(name="b", rest=(1, 2))
    with pytest.raises(TypeError):
        Handed("a")  # type: ignore[call-arg]
