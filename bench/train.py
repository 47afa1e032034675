"""Make oacmail/mail/understanding/weights.bin: all that the program has learned from the labelled messages of bench/.

Usage: make train (with scikit-learn: bench/requirements.txt). The same messages give the same bits, whatever the number
of cores, the order of hashes and the version of Python. bench/understand.py measures it on writers left out.
"""

from pathlib import Path

from bench import train_lang
from bench.examples import everything
from bench.model import learn
from bench.weights import packed
from oacmail.mail.understanding import scores

TARGET = Path(scores.__file__).with_name(scores.NAME)


def main() -> None:
    tables = {"language": train_lang.learn(), **learn(everything())}
    TARGET.write_bytes(packed(tables))
    sizes = ", ".join(f"{name} {len(table.rows)} x {len(table.columns)}" for name, table in tables.items())
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes; {sizes}")


if __name__ == "__main__":
    main()
