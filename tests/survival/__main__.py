"""`python -m tests.survival PART`: what a run promises, tried as often as is asked, with a table of what came of it.

python -m tests.survival saves                    every file operation of a save, killed or failing
python -m tests.survival kills --count 500        also: terms, copies, malformed, soup, nan, rows
python -m tests.survival all --full --minutes 600 the campaign; make survival
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# Before torch and datasets: one thread, so that a fork is safe, and no network.
os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "MPLBACKEND": "agg"}

IN_CI = {"kills": 20, "saves": 1, "copies": 1000, "malformed": 500, "soup": 2500, "nan": 20, "terms": 3, "rows": 60}
FULL = {
    "kills": 500,
    "saves": 1,
    "copies": 50_000,
    "malformed": 50_000,
    "soup": 50_000,
    "nan": 200,
    "terms": 100,
    "rows": 3000,
}
FULL_IN_SAVES = 150


class Row(NamedTuple):
    """A line of the table: what was tried, what came of it, and what must not be, a line each."""

    what: str
    figure: str
    wrong: list[str]


def kills(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """Kills at random moments and file operations."""
    from tests.survival.kills import kill_runs

    in_saves = FULL_IN_SAVES * count // FULL["kills"] if full else 0
    found = kill_runs(place, count=count, in_saves=in_saves, seed=seed, until=until, recipes=recipes)
    figure = f"{found.kills} kills, {found.in_saves} during a save; {found.finished} runs ended, {len(found.different)} faults"
    rows = f"{found.rows_wrong} rows repeated or missed, all epochs"
    wrong = [f"{found.rows_wrong} rows"] if found.rows_wrong else []
    return [Row("runs killed", figure, found.different), Row("rows after a kill", rows, wrong)]


def terms(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """SIGTERM at random moments."""
    import signal

    from tests.survival.kills import kill_runs

    found = kill_runs(place, count=count, in_saves=0, seed=seed, until=until, recipes=recipes, stop_with=signal.SIGTERM)
    exits = sorted(found.exits) or [0.0]
    p99 = exits[min(len(exits) - 1, int(0.99 * len(exits)))]
    figure = f"{found.kills} sent, to the end p50 {exits[len(exits) // 2]:.2f} s, p99 {p99:.2f} s; {found.finished} runs ended"
    return [Row("SIGTERM", figure, found.different)]


def saves(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """Every operation of a save."""
    from tests.survival.saves import try_saves

    found = try_saves(place, until=until, full=full)
    figure = f"{found.operations} operations, {found.tried} faults tried; {len(found.without)} left no whole checkpoint"
    return [Row("file operations of a save", figure, [*found.without, *found.wrong])]


def copies(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """Damaged copies of a run."""
    from tests.survival.harness import Harness
    from tests.survival.mutator import try_copies

    rows, recipes = [], recipes if full else recipes[:1]
    for recipe in recipes:
        (place / recipe).mkdir(parents=True)
        harness = Harness(place / recipe, recipe)
        assert (start := harness.start()).ended.code == 0, start.ended.told
        found = try_copies(harness.run, count=-(-count // len(recipes)), seed=seed, until=until)
        rows.append(Row(f"damaged copies, {recipe}", f"{found.tried}, {len(found.accepted)} accepted", found.accepted))
    return rows


def malformed(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """Malformed files with a manifest that agrees."""
    from tests.survival.malformed import try_malformed

    found = try_malformed(place, count=count, seed=seed, until=until)
    figure = f"{found.tried}: {found.refused} refused, {found.loaded} loaded and worked, {len(found.wrong)} faults"
    return [Row("malformed files", figure, found.wrong)]


def soup(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """Damaged data of every kind."""
    from tests.survival.soup import try_soup

    found = try_soup(place, count=count, seed=seed, until=until)
    figure = f"{found.tried}: {found.refused} refused, {found.loaded} loaded, {len(found.wrong)} faults"
    return [Row("byte soup as data", figure, found.wrong)]


def nan(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """A NaN in a module's output."""
    from tests.survival.not_finite import try_not_finite

    found = try_not_finite(place, count=count, seed=seed, until=until)
    figure = f"{found.stopped} of {found.tried} stopped before the update, the row named"
    return [Row("NaN at (module, step, row)", figure, found.wrong)]


def rows(place: Path, count: int, seed: int, until: float, full: bool, recipes: list[str]) -> list[Row]:
    """A fault in a random row of data."""
    from tests.survival.planted import try_rows

    done = try_rows(place, count=count, seed=seed, until=until)
    wrong = [
        f"{one.recipe}, {one.kind}, {one.path} {one.row}: {one.ended.err or one.ended.out}"
        for one in done
        if not one.found
    ]
    return [Row("faults at random rows", f"{len(done) - len(wrong)} of {len(done)} told with file and row", wrong)]


PARTS: dict[str, Callable[[Path, int, int, float, bool, list[str]], list[Row]]] = {
    "saves": saves, "kills": kills, "terms": terms, "copies": copies, "malformed": malformed, "soup": soup, "nan": nan, "rows": rows,
}  # fmt: skip


def warm_up() -> None:
    """Imports what the children need, and computes nothing: imports are most of the time of so small a run."""
    import pkgutil

    import datasets  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import sacrebleu  # noqa: F401
    import safetensors.torch  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch

    import seqtext

    for module in pkgutil.walk_packages(seqtext.__path__, "seqtext."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    torch.set_num_threads(1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.survival", description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--count", type=int, help="how often; default: as in CI")
    parser.add_argument("--full", action="store_true", help="as often as the campaign")
    parser.add_argument("--minutes", type=float, default=60.0, help="for each part, after which it begins nothing more")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipes", nargs="+", help="default: all")
    parser.add_argument(
        "--folder", type=Path, help="to work in; default: a new one, in memory where there is such a place"
    )
    options = parser.parse_args()
    warm_up()
    from tests.survival.kills import all_recipes

    memory = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    faults = 0
    with tempfile.TemporaryDirectory(
        dir=options.folder or memory, prefix="survival-", ignore_cleanup_errors=True
    ) as root:
        for part in PARTS if options.part == "all" else [options.part]:
            count = options.count or (FULL if options.full else IN_CI)[part]
            started, used = time.monotonic(), sum(os.times()[:4])
            place = Path(root) / part
            place.mkdir()
            until = started + 60 * options.minutes
            for row in PARTS[part](place, count, options.seed, until, options.full, options.recipes or all_recipes()):
                print(f"{'FAULT' if row.wrong else 'ok':<6}{row.what:<38}{row.figure}")
                for line in row.wrong[:20]:
                    print(f"        {' '.join(line.split())}")
                faults += len(row.wrong)
            seconds = f"{time.monotonic() - started:.0f} s, {sum(os.times()[:4]) - used:.0f} s of computing"
            print(f"      {part}: {seconds}", flush=True)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
