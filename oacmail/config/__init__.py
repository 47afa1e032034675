"""config.toml as values: found, read, checked all at once, and handed to the core and the mail layer.

The only place that imports pydantic; whoever wants a quick start imports this package late. Secrets are read by
`oacmail.config.secrets` and are never part of a Config.
"""

from oacmail.config.loading import builtin, find, load, parse
from oacmail.config.model import Config
from oacmail.config.rules import parser_config, policy

__all__ = ["Config", "builtin", "find", "load", "parse", "parser_config", "policy"]
