"""Parses N mutations of the strange messages in tests/corpus; prints rungs and the slowest. Exit code 1 if one raised.

Usage: python bench/fuzz.py N [SEED] [PATH...] (default: tests/corpus). The mutator is the tests' own.
"""

import random
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from oacmail.mail.parse import parse  # noqa: E402
from oacmail.mail.parser_config import ParserConfig  # noqa: E402
from tests.mail.mutate import mutate  # noqa: E402

PARSER_CONFIG = ParserConfig(
    own=frozenset({"oac360@castellbisbal.cat"}), provider="postfix", authserv_id="mx.example", mx=("mx.example",)
)


def main(arguments: list[str]) -> int:
    rounds = int(arguments[0])
    chance = random.Random(int(arguments[1]) if len(arguments) > 1 else 360)
    paths = [Path(path) for path in arguments[2:]] or [ROOT / "tests" / "corpus"]
    messages = [path.read_bytes() for folder in paths for path in sorted(folder.rglob("*")) if path.is_file()]
    seen: Counter[str] = Counter()
    slowest = 0.0
    for number in range(rounds):
        raw = mutate(chance.choice(messages), chance)
        started = time.perf_counter()
        try:
            seen[parse(raw, PARSER_CONFIG).rung] += 1
        except Exception as error:
            seen[f"RAISED {type(error).__name__}"] += 1
            Path(f"/tmp/fuzz-{number}.eml").write_bytes(raw)
        slowest = max(slowest, time.perf_counter() - started)
    print(dict(seen), f"slowest {slowest * 1000:.1f} ms")
    return any(name.startswith("RAISED") for name in seen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
