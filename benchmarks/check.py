"""How long `seqtext check` takes over a file of texts and labels, start included; wanted: at most 10 s for 100 MB.

    python benchmarks/check.py --quick     # 10 MB
    python benchmarks/check.py             # 100 MB
    python benchmarks/check.py --faults 50 # with rows that cannot be read
    python benchmarks/check.py --format jsonl

Prints seconds for the file as it is, and seconds for 100 MB at the same rate.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = (
    "ship",
    "harbour",
    "market",
    "tram",
    "oak",
    "brook",
    "deer",
    "theatre",
    "wave",
    "gull",
    "street",
    "owl",
    "island",
)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--faults", type=int, default=0, help="rows that lack a cell")
    parser.add_argument("--format", choices=["csv", "jsonl"], default="csv")
    parser.add_argument("--quick", action="store_true", help="10 MB")
    options = parser.parse_args()
    size = 10 if options.quick else options.megabytes
    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder) / f"rows.{options.format}", size * 1_000_000, options.faults)
        environment = {**os.environ, "SEQTEXT_CACHE": str(Path(folder) / "cache")}
        started = time.perf_counter()
        ended = subprocess.run([sys.executable, "-m", "seqtext.cli", "check", str(path)], env=environment, text=True)
        seconds = time.perf_counter() - started
    if ended.returncode != (2 if options.faults else 0):
        sys.exit(f"it ended with {ended.returncode}")
    print(f"{size} MB in {seconds:.1f} s: {seconds * 100 / size:.1f} s for 100 MB")


def made(path: Path, size: int, faults: int) -> Path:
    """A file of at least so many bytes; of its rows some lack a cell."""
    drawn = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        if path.suffix == ".csv":
            file.write("text,label\n")
        rows, wrong = 0, set(drawn.sample(range(size // 250), faults))
        while file.tell() < size:
            text = " ".join(drawn.choices(WORDS, k=35))
            label = WORDS[rows % 4]
            if rows in wrong:
                file.write(f"{text}\n")
            elif path.suffix == ".csv":
                file.write(f'"{text}, {rows}",{label}\n')
            else:
                file.write(f'{{"text": "{text}, {rows}", "label": "{label}"}}\n')
            rows += 1
    return path


if __name__ == "__main__":
    main()
