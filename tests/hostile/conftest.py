"""The town of the engine's tests, with enemies in it."""

from tests.engine.conftest import town, world

__all__ = ["town", "world"]
