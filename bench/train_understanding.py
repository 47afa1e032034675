"""Makes oacmail/mail/understanding/understanding.json, the weights of kind, topic, level and intent.

Usage: python -m bench.train_understanding MAIL_DIR [FILE.jsonl ...] (with scikit-learn: bench/requirements.txt). Learns
from all messages of MAIL_DIR, of bench/messages.jsonl, bench/voices.jsonl and further files of that form, and from all
phrases (bench/model.py). bench/understand.py measures it on writers left out.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bench.examples import everything
from bench.model import learn

TARGET = Path(__file__).parent.parent / "oacmail" / "mail" / "understanding" / "understanding.json"


def written(content: dict[str, Any]) -> str:
    """The JSON text, one piece a line."""
    pieces = (f"{json.dumps(piece)}:{json.dumps(row)}" for piece, row in content["pieces"].items())
    head = f'"fields": {json.dumps(content["fields"], indent=1)},\n"common": {json.dumps(content["common"])}'
    return f'{{{head},\n"pieces": {{\n' + ",\n".join(pieces) + "\n}}\n"


def main(folder: Path, *more: Path) -> None:
    content = learn(everything(folder, *more))
    TARGET.write_text(written(content), encoding="utf-8")
    print(f"{TARGET}: {len(content['pieces'])} pieces, {TARGET.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
