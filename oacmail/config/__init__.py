"""config.toml as values: finds, reads and validates the file, builds the core's Policy.

Only this package imports pydantic; a module that must start quickly imports it late. `oacmail.config.secrets` reads
secrets; they are never part of a Config.
"""

from oacmail.config.loading import builtin, find, load, parse, retired
from oacmail.config.model import Config, part_of, policy

__all__ = ["Config", "builtin", "find", "load", "parse", "part_of", "policy", "retired"]
