"""A finding of `check`: level, place, problem and remedy. It decides nothing."""

from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`where`: a key of the configuration, or a path, or one word such as `clock`."""

    level: Level
    where: str
    what: str
    do: str

    def row(self) -> dict[str, str]:
        """The line of `check --json`."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level:7}  {self.where}: {self.what}: {self.do}"


def error(where: str, what: str, do: str) -> Finding:
    return Finding("error", where, what, do)


def warning(where: str, what: str, do: str) -> Finding:
    return Finding("warning", where, what, do)


def read(level: Level, line: str) -> Finding:
    """Parse a line `path: problem: remedy` of the layers below. The problem may contain colons."""
    where, _, rest = line.partition(": ")
    what, found, do = rest.rpartition(": ")
    return Finding(level, where, what if found else rest, do if found else "see docs/config.md")
