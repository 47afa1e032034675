"""Learn the table of language scores (oacmail/mail/understanding/scores.py), and measure it with whole writers left
out.

Usage: python -m bench.train_lang: trained on the other writers of bench/mails.jsonl, tested on each. bench/train.py
writes the table that has learned from all.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from bench.examples import MAILS, mail
from bench.weights import weights_of
from oacmail.mail.mime import charset, parts
from oacmail.mail.understanding import reply_text, scores
from oacmail.mail.understanding.scores import Weights

SAMPLES = Path(__file__).parent / "lang_samples.txt"
LEAST = 3  # rarer pieces are left out, so that the table holds no words of one writer
TOP = 4_000  # pieces kept for each language
MOST = 60  # the largest score


def samples() -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = defaultdict(list)
    name = ""
    for line in SAMPLES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            blocks[name].append(line)
    return blocks


def messages() -> list[tuple[str, str, str, str]]:
    """(writer, kind, language, what the person wrote)."""
    found = []
    for row in map(json.loads, MAILS.read_text(encoding="utf-8").splitlines()):
        content = parts.Content(parts.tree(parts.cap_message(*charset.tidy(mail(row)))))
        fresh = reply_text.split(content.text, content.forwarded).fresh
        found.append((row["writer"], row["kind"], row["language"], fresh))
    return found


def train(texts: Iterable[tuple[str, str]]) -> Weights:
    """Scores of each piece by language: ten times the logarithm of its likelihood relative to the average."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, text in texts:
        for word in scores.LATIN_WORD.findall(text.lower().replace("’", "'")):
            counts[name].update(scores.language_pieces(word))
    totals = {name: sum(counter.values()) for name, counter in counts.items()}
    everywhere = Counter(piece for counter in counts.values() for piece, times in counter.items() for _ in range(times))
    kept = {piece for name in counts for piece, _ in counts[name].most_common(TOP) if everywhere[piece] >= LEAST}
    rows = {}
    for piece in kept:
        rates = [(counts[name][piece] + 0.3) / (totals[name] + 3000) for name in scores.NAMES]
        mean = math.fsum(rates) / len(rates)
        rows[piece] = [max(-MOST, min(MOST, round(10 * math.log(rate / mean)))) for rate in rates]
    return weights_of(scores.NAMES, [1.0] * len(scores.NAMES), rows)


def corpus(mails: Iterable[tuple[str, str, str, str]], without: str = "-") -> list[tuple[str, str]]:
    own = [(name, text) for name, blocks in samples().items() for text in blocks]
    return own + [(name, text) for writer, _, name, text in mails if name in scores.ANSWERED and writer != without]


def learn() -> Weights:
    return train(corpus(messages()))


def main() -> None:
    mails = messages()
    tables = {writer: train(corpus(mails, writer)) for writer in sorted({writer for writer, *_ in mails})}
    for kinds in (("request",), ("request", "thanks"), ("request", "thanks", "auto_reply", "bulk", "spam", "bounce")):
        asked = [(writer, name, text) for writer, kind, name, text in mails if kind in kinds]
        right = sum(scores.detect_language(text, table=tables[writer]) == name for writer, name, text in asked)
        print(f"{'+'.join(kinds)}: {right} of {len(asked)} = {right / len(asked):.4f}")


if __name__ == "__main__":
    main()
