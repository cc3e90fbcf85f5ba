"""One run, or the same run again with the seeds that follow, and how much its figures move. Knows any recipe's options.

What a recipe prints of one run it prints of each; then come mean and standard deviation, which are also in seeds.json.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from seqtext.errors import OptionsError
from seqtext.options import RunOptions
from seqtext.saving.folders import write_json
from seqtext.training.processes import started_processes
from seqtext.training.run_folder import RunFolder, new_run_path

OptionsT = TypeVar("OptionsT", bound=RunOptions)


class SeedFigure(NamedTuple):
    """A test figure of a run whose mean over several seeds is printed.

    Attributes:
        key: its name in the part `test` of report/metrics.json.
        name: its name when printed.
        digits: behind the point.
        percent: it is a share, printed in percent.
    """

    key: str
    name: str
    digits: int = 2
    percent: bool = False


def run_seeds(
    options: OptionsT,
    train_once: Callable[[OptionsT, RunFolder], Mapping[str, Any] | None],
    *,
    name: str,
    data: str,
    figures: tuple[SeedFigure, ...],
) -> None:
    """Trains once, or `options.seeds` times in folders `seed-N` beside each other.

    Args:
        options: of the recipe.
        train_once: trains in a folder, with options whose `seeds` is 1; gives what is in report/metrics.json, or None if nothing was
            trained.
        name: of the recipe; likewise the next, for the name of a folder under runs/ where `--run` names none.
        data: the data set or file that is trained on.
        figures: what is printed of all seeds, as far as the runs have it; mean and standard deviation in seeds.json are the first one's.

    Raises:
        OptionsError: a folder that is taken, before the first run, or that holds no run to resume.
    """
    folder = options.run or new_run_path(name, data)
    if options.seeds == 1:
        _run_one(options, RunFolder(folder), train_once)
        return
    runs = {seed: RunFolder(f"{folder}/seed-{seed}") for seed in range(options.seed, options.seed + options.seeds)}
    if RunFolder(folder).holds_run():
        raise OptionsError("the folder holds a single run", where=f"--run {folder}", fix="choose another --run")
    for run in runs.values():  # all of them before the first is trained
        run.check(overwrite=options.overwrite, resume=False)
    if options.dry_run:  # the others would say the same
        runs = dict([next(iter(runs.items()))])
    tests = []
    for seed, run in runs.items():
        print(f"\n==== seed {seed}")
        report = _run_one(replace(options, seed=seed, seeds=1, run=str(run.path)), run, train_once)
        tests += [report["test"]] if report and report["test"] else []
    if not tests:
        return
    figures = tuple(figure for figure in figures if figure.key in tests[0])
    values = {figure.key: [test[figure.key] for test in tests] for figure in figures}
    mean, std = mean_and_std(values[figures[0].key])
    write_json(Path(folder) / "seeds.json", {**values, "mean": mean, "standard_deviation": std})
    print()
    for figure in figures:
        print(_over_seeds(figure, values[figure.key]))


def _run_one(
    options: OptionsT, folder: RunFolder, train_once: Callable[[OptionsT, RunFolder], Mapping[str, Any] | None]
) -> Mapping[str, Any] | None:
    """One run, unless it is to be resumed and has ended."""
    folder.check(overwrite=options.overwrite, resume=options.resume)  # before anything that takes time
    processes = started_processes()  # those of torchrun, or this one alone
    if options.resume and processes.ask_first(lambda: folder.has_ended(options.epochs)):
        return None
    return train_once(options, folder)


def _over_seeds(figure: SeedFigure, values: list[float]) -> str:
    mean, std = mean_and_std(values)
    if figure.percent:
        spread = f"{mean:.{figure.digits}%}, standard deviation {100 * std:.{figure.digits}f} points"
    else:
        spread = f"{mean:.{figure.digits}f}, standard deviation {std:.{figure.digits}f}"
    return f"test {figure.name} over {len(values)} seeds: {spread}"


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1) of one figure over several seeds; the deviation of a single value is 0.

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("mean_and_std needs at least one value, got none")
    return statistics.fmean(values), float(statistics.stdev(values)) if len(values) > 1 else 0.0
