"""What parsing costs: every file below the given paths is parsed once; prints rungs, mean, 95th centile and slowest.

Usage: python bench/parse.py PATH... (files, or directories that are walked). Exit code 1 if one raised.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from oacmail.mail.parse import parse
from oacmail.mail.parser_config import ParserConfig

PARSER_CONFIG = ParserConfig(
    own=frozenset({"oac360@castellbisbal.cat"}), provider="postfix", authserv_id="mx.example", mx=("mx.example",)
)


def files(paths: list[str]) -> list[Path]:
    found = (inner for path in map(Path, paths) for inner in (path.rglob("*") if path.is_dir() else (path,)))
    return sorted(path for path in found if path.is_file() and path.suffix not in (".jsonl", ".md"))


def main(paths: list[str]) -> int:
    costs: list[tuple[float, Path]] = []
    rungs: Counter[str] = Counter()
    for path in files(paths):
        raw = path.read_bytes()
        started = time.perf_counter()
        try:
            rungs[parse(raw, PARSER_CONFIG).rung] += 1
        except Exception as error:
            rungs[f"RAISED {type(error).__name__}"] += 1
            print(path, repr(error))
        costs.append((time.perf_counter() - started, path))
    costs.sort()
    mean = sum(cost for cost, _ in costs) / len(costs)
    print(dict(rungs), f"mean {mean * 1000:.2f} ms, 95 % {costs[int(len(costs) * 0.95)][0] * 1000:.2f} ms; slowest:")
    for cost, path in costs[:-6:-1]:
        print(f"  {cost * 1000:.1f} ms {path}")
    return any(name.startswith("RAISED") for name in rungs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
