"""Makes oacmail/mail/understanding/lang.json, the table of language scores, and measures it with whole writers left
out.

Usage: python bench/train_lang.py MAIL_DIR [--write]. MAIL_DIR holds NNNN.eml and labels.jsonl (one writer a file
number's thousand). Without --write it only measures: trained on the other writers, tested on this one.
"""

import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from oacmail.mail.mime import limits, normalize, parts
from oacmail.mail.understanding import lang, reply_text

HERE = Path(__file__).parent
TARGET = HERE.parent / "oacmail" / "mail" / "understanding" / "lang.json"
LEAST = 3  # rarer pieces are left out, so that the table holds no words of one writer
TOP = 4_000  # pieces kept for each language


def samples() -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = defaultdict(list)
    name = ""
    for line in (HERE / "lang_samples.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            blocks[name].append(line)
    return blocks


def messages(folder: Path) -> list[tuple[str, str, str, str]]:
    """(file, kind, language, what the person wrote)."""
    found = []
    for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        capped, _ = limits.cap(normalize.tidy((folder / label["file"]).read_bytes()))
        content = parts.Content(parts.tree(capped))
        found.append(
            (label["file"], label["kind"], label["language"], reply_text.split(content.text, content.forwarded).fresh)
        )
    return found


def train(texts: Iterable[tuple[str, str]]) -> dict[str, list[int]]:
    """Scores of each piece by language: ten times the logarithm of its likelihood relative to the average."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, text in texts:
        counts[name].update(lang.pieces(text))
    totals = {name: sum(counter.values()) for name, counter in counts.items()}
    everywhere = Counter(piece for counter in counts.values() for piece, times in counter.items() for _ in range(times))
    kept = {piece for name in counts for piece, _ in counts[name].most_common(TOP) if everywhere[piece] >= LEAST}
    table = {}
    for piece in sorted(kept):
        rates = [(counts[name][piece] + 0.3) / (totals[name] + 3000) for name in lang.NAMES]
        mean = sum(rates) / len(rates)
        table[piece] = [max(-lang.BIAS, min(lang.BIAS, round(10 * math.log(rate / mean)))) for rate in rates]
    return table


def corpus(mail: list[tuple[str, str, str, str]], without: str = "-") -> list[tuple[str, str]]:
    own = [(name, text) for name, blocks in samples().items() for text in blocks]
    return own + [(name, text) for file, _, name, text in mail if name in lang.ANSWERED and file[0] != without]


def measure(mail: list[tuple[str, str, str, str]]) -> None:
    for kinds in (("request",), ("request", "thanks"), ("request", "thanks", "auto_reply", "bulk", "spam", "bounce")):
        right = total = 0
        missed = []
        for writer in "012":
            table = lang.packed(train(corpus(mail, writer)))
            for file, kind, name, text in mail:
                if file[0] == writer and kind in kinds:
                    got = lang.detect(text, table=table)
                    total += 1
                    right += got == name
                    if got != name:
                        missed.append(f"{file}:{name}>{got}")
        print(f"{'+'.join(kinds)}: {right} of {total} = {right / total:.4f}", *missed)


def main(arguments: list[str]) -> None:
    mail = messages(Path(arguments[0]))
    measure(mail)
    if "--write" in arguments:
        table = train(corpus(mail))
        lines = ",\n".join(
            f"{json.dumps(piece, ensure_ascii=False)}:{json.dumps(row, separators=(',', ':'))}"
            for piece, row in table.items()
        )
        TARGET.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
        print(f"{TARGET}: {len(table)} pieces, {TARGET.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
