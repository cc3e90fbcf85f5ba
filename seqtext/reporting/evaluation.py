"""What `seqtext evaluate` is whatever the task: its flags, the split that is measured, and the folder of figures and predictions.

Knows splits and files; what is measured, and what one prediction says, each task's `report/evaluate.py` decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from tyro.conf import Positional, arg

from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.table_options import TableOptions
from seqtext.errors import DataError, OptionsError, one_of, raise_together
from seqtext.options import AT_LEAST_1, MOST_STEPS, MOST_THREADS, at_most, out_of_range

if TYPE_CHECKING:
    import datasets

    from seqtext.data.reading.dialect import Dialect
    from seqtext.data.reading.sources import Source

GIVEN = "the rows given"  # what figures call rows that no file holds
FILES = ("metrics.json", "predictions.jsonl")  # of an evaluation's folder, beside its manifest


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(TableOptions):
    """Flags of `seqtext evaluate` that all tasks have."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    data: Annotated[tuple[str, ...], arg(metavar="DATA")] = ()
    """What to measure on."""
    split: str | None = None
    """Split to measure on. Default: test, or the only one there is, as of a single file."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub."""
    data_config: str | None = None
    """Configuration of a data set that has several."""
    max_rows: int | None = None
    """Measure on at most this many rows, drawn with a fixed seed. Default: all."""
    output: str | None = None
    """Folder to write: metrics.json, and predictions.jsonl, a line for each row."""
    overwrite: bool = False
    """Replace the folder of an earlier evaluation."""
    json: bool = False
    """Print the figures as JSON, as in metrics.json."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    threads: int | None = None
    """CPU threads. Default: as many as there are cores."""
    debug: bool = False
    """Show the traceback of an error."""

    def __post_init__(self) -> None:
        raise_together(self._faults())

    def _faults(self) -> list[str]:
        """What is wrong with the values, a line each; a task's flags add theirs."""
        ranges = {
            AT_LEAST_1: ("max_rows", "threads"),
            at_most(MOST_STEPS): ("max_rows",),
            at_most(MOST_THREADS): ("threads",),
        }
        return [*out_of_range(self, ranges), *self.table_faults()]


class Measured(NamedTuple):
    """What was measured.

    Attributes:
        figures: as in report/metrics.json of a run: `test`, `baselines` and `data`, whose notes and warnings are printed.
        predictions: what the model said of each row, to be written as JSON lines.
    """

    figures: dict[str, Any]
    predictions: Iterable[Mapping[str, Any]]


class MeasuredRows(NamedTuple):
    """The rows to measure on, and where they came from.

    Attributes:
        splits: all of the data set, the measured one among them.
        split: its name.
        source: what figures call it.
    """

    splits: datasets.DatasetDict
    split: str
    source: str

    @property
    def rows(self) -> datasets.Dataset:
        """Those of the split."""
        return self.splits[self.split]

    @property
    def notes(self) -> list[str]:
        """What is to be told of how they were read."""
        return notes_of(self.rows)

    @property
    def train(self) -> datasets.Dataset | None:
        """The split `train` beside the measured one, if there is one."""
        return None if self.split == "train" else self.splits.get("train")


def load_measured(
    options: EvaluateOptions, given: Any = None, *columns: str, dialect: Dialect | None = None
) -> MeasuredRows:
    """The rows of `--data` and `--split`, or those that Python code gave.

    Args:
        options: of the command.
        given: rows as `given_splits` takes them, in the place of `--data`; or None.
        columns: that are needed of these.
        dialect: how tables are laid out, where the options do not say it all.

    Raises:
        DataError: data that is not there or cannot be read, or without that split.
        OptionsError: no data, or several.
    """
    if given is not None:
        return measured_rows(options, GIVEN, given_splits(given, *columns))
    source = load_asked(options, dialect)
    return measured_rows(options, source.name, source.splits, source.revision)


def load_asked(options: EvaluateOptions, dialect: Dialect | None = None) -> Source:
    """The data set of `--data`. The rows of a single file are of no split: messages call them by its name.

    Raises:
        DataError: data that is not there or cannot be read.
        OptionsError: no data, or several.
    """
    from seqtext.data.reading.sources import Source, load, load_table

    name, dialect = only_name(options.data), dialect or options.dialect
    if Path(name).expanduser().is_file() and not (options.revision or options.data_config):
        import datasets

        rows = load_table(name, flag="", expected="a file of rows", dialect=dialect)
        return Source(name, datasets.DatasetDict(train=rows))
    return load(name, revision=options.revision, config=options.data_config, needs=(), dialect=dialect)


def given_splits(given: Any, *columns: str) -> datasets.DatasetDict:
    """Rows that Python code gave, as splits: those of a `DatasetDict`, or the only one.

    Args:
        given: as `as_rows` (data/rows/given.py) takes them, or all splits of a data set.
        columns: that are needed.

    Raises:
        DataError: for what holds no rows.
    """
    import datasets

    from seqtext.data.rows.given import as_rows

    return given if isinstance(given, datasets.DatasetDict) else datasets.DatasetDict(given=as_rows(given, *columns))


def only_name(data: Sequence[str]) -> str:
    """The one name of `--data`.

    Raises:
        OptionsError: none, or several.
    """
    if not data:
        raise OptionsError(
            "no data to measure on", fix="name it with --data: a file, a folder, or a data set on the hub"
        )
    if len(data) > 1:
        raise OptionsError(f"--data names {len(data)} things", expected="one", fix="evaluate one after the other")
    return data[0]


def measured_rows(
    options: EvaluateOptions, name: str, splits: datasets.DatasetDict, revision: str | None = None
) -> MeasuredRows:
    """The split asked for: `test` if none is, or the only one there is.

    Raises:
        DataError: if it is not there.
    """
    alone = len(splits) == 1
    split = options.split or (next(iter(splits)) if alone else "test")
    if split not in splits:
        raise DataError(f"no split {split!r}", where=name, expected=one_of(splits), fix="pass --split NAME")
    named = name if alone else f"{name}, split {split}"
    return MeasuredRows(splits, split, f"{named} at {revision}" if revision else named)


def chosen_line(figures: Mapping[str, Any]) -> Iterator[str]:
    """How the model was chosen, as far as the figures say it: those of a run's own report."""
    if "training" in figures:
        yield f"model chosen: {figures['training']['selection']}"


def check_output(options: EvaluateOptions) -> None:
    """Refuses an `--output` that cannot be meant, before anything is measured.

    Raises:
        OptionsError: what is there already, unless it is an evaluation and `--overwrite` was given.
    """
    if options.output is None:
        if options.overwrite:
            raise OptionsError("--overwrite replaces the folder of --output", fix="give --output, or leave it out")
        return
    from seqtext.saving.manifest import MANIFEST

    folder, where = Path(options.output).expanduser(), f"--output {options.output}"
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OptionsError("it is a file", where=where, expected="a folder, or a name that is free")
    found = sorted(path.name for path in folder.iterdir())
    if found and set(found) != {*FILES, MANIFEST}:  # somebody's folder, which --overwrite is not meant for either
        holds = f"the folder holds other files ({', '.join(found[:3])})"
        raise OptionsError(holds, where=where, fix="choose a new folder")
    if found and not options.overwrite:
        fix = "choose another --output, or --overwrite to replace it"
        raise OptionsError("the folder already holds an evaluation", where=where, fix=fix)


def write_evaluation(folder: str | Path, measured: Measured) -> None:
    """Figures and predictions as one folder, whole or not at all.

    Raises:
        ResourceError: if it cannot be written.
    """
    from seqtext.saving.folders import atomic_folder

    with atomic_folder(Path(folder).expanduser()) as place:
        figures = json.dumps(measured.figures, indent=1, ensure_ascii=False, allow_nan=False)
        (place / FILES[0]).write_text(figures + "\n", encoding="utf-8")
        with (place / FILES[1]).open("w", encoding="utf-8", newline="\n") as file:
            for line in measured.predictions:
                file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
