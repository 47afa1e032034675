"""The world of the engine tests, with an enemy."""

from tests.engine.conftest import town, world

__all__ = ["town", "world"]
