"""`seqtext check`: the rows of a data set as a recipe would look at them before it trains; all faults of a kind together.

Knows no task: what is looked at, each task's `check.py` says. A copy without the rows at fault is written where it is asked for.
"""

from __future__ import annotations

import csv
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

from tyro.conf import Positional, arg

from seqtext.data.rows.named_columns import NamedColumns
from seqtext.errors import DataError, NoRowsError, OptionsError, did_you_mean, one_of, printable
from seqtext.tasks.known import TASKS, KnownTask
from seqtext.tasks.streams import cell_text, json_text
from seqtext.tasks.targets import open_target

if TYPE_CHECKING:
    import numpy as np
    from datasets import DatasetDict
    from numpy.typing import NDArray

    from seqtext.data.pairs.sources import PairSource
    from seqtext.data.reading.faulty_rows import ReadRow
    from seqtext.data.rows.faults import Checked

TAGS = "tags"  # what holds lists of words is for nothing else
BY_RECIPE = {task.recipe: task for task in TASKS}
# Lists of words first, then recordings and pairs, whose texts could be labels; last whatever holds texts.
GUESSED = sorted(
    TASKS,
    key=lambda task: {TAGS: -1, "digits": 0, "translation": 0, "generation": 2, "language": 3}.get(task.recipe, 1),
)
FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".json": "jsonl"}
FIRST = 5  # rows of a kind that are named


@dataclass(frozen=True, kw_only=True)
class Check(NamedColumns):
    """The faults of a data set, before anything is trained on it: seqtext check train.csv --fix drop --output clean.csv"""

    data: Positional[Annotated[str, arg(metavar="DATA")]]
    """A file (csv, tsv, jsonl, txt, parquet, conllu; gz), a folder, or a data set on the hub."""
    task: str | None = None
    """What it is for: topics, generation, language, translation, tags, digits or electricity. Default: recognised by the columns."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub."""
    data_config: str | None = None
    """Configuration of a data set that has several."""
    fix: Literal["drop"] | None = None
    """drop leaves out the rows at fault, and writes the others to --output."""
    output: str | None = None
    """File to write: csv, tsv or jsonl by its name."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Checks all rows.

        Raises:
            DataError: if there are faults, once all are printed, unless they were left out.
            OptionsError: for flags that cannot be meant.
            ResourceError: if the copy cannot be written.
        """
        self._check()
        if pairs := self._folder_of_lines():
            named = replace(self, task="translation", source=pairs.source, target=pairs.target)
            named._look([], pairs.splits, None)
            return
        with tempfile.TemporaryDirectory() as folder:
            self._look(*self._load(Path(folder)))

    def _look(self, unread: list[ReadRow], splits: DatasetDict, numbers: list[int] | None) -> None:
        """Prints what is wrong with the rows that `_load` found."""
        from seqtext.data.rows.faults import checked

        task = BY_RECIPE[self.task] if self.task else self._guessed(splits)
        part = task.part("check")
        roles = part.columns(next(iter(splits.values())), self)
        columns = ", ".join(f"{what} in {column!r}" for what, column in roles.items())
        print(printable(f"{self.data}: {columns} (as for seqtext train {task.recipe})"))
        alone = len(splits) == 1
        found = [
            checked("" if alone else name, rows, part.faults(rows, self), numbers=numbers, unread=unread)
            for name, rows in splits.items()
        ]
        if self.fix and not alone:
            raise OptionsError(f"{self.data} has {len(splits)} splits", expected="one file to write a copy of")
        is_text = not any(map(_holds_bytes, next(iter(splits.values())).features.values()))
        if self.fix and not is_text:
            fix = "mend or remove the files that are named without --fix"
            raise OptionsError(f"{self.data} holds recordings, which no table of text can", fix=fix)
        stops = self._say(found, part, splits, renumbered=numbers is not None)
        wrong = sum(len(split.at_fault) for split in found)
        if self.fix == "drop" and not stops:
            self._write(found[0])
            return
        if wrong or stops:
            fix = "mend what was named"
            if wrong and not is_text:
                fix = "mend or remove the files that were named"
            elif wrong and not stops and alone:
                copy = shlex.join(["seqtext", "check", self.data, "--fix", "drop", "--output", "clean.csv"])
                fix = f"mend these rows, or write a copy without them: {copy}"
            total = sum(len(split.numbers) for split in found) + len(unread)
            raise DataError(f"{wrong:,} of {total:,} rows are at fault", where=self.data, fix=fix)
        print("no faults")

    def _check(self) -> None:
        if self.task is not None and self.task not in BY_RECIPE:
            fix = did_you_mean(self.task, BY_RECIPE)
            raise OptionsError(f"--task is {self.task}", expected=one_of(BY_RECIPE), fix=fix)
        if (self.fix is None) != (self.output is None):
            raise OptionsError("--fix drop and --output go together", fix="give both, or neither")
        if self.output is not None and Path(self.output).suffix.lower() not in FORMATS:
            raise OptionsError(f"--output is {self.output}", expected=f"a name that ends in {one_of(FORMATS)[7:]}")

    # ---- in

    def _folder_of_lines(self) -> PairSource | None:
        """The pairs of a folder with two files of lines for each split; None of anything else."""
        from seqtext.data.pairs.line_folders import parallel_files_in
        from seqtext.data.pairs.sources import load_pairs
        from seqtext.data.reading.local_paths import at_home

        place = at_home(self.data)
        if not place.is_dir() or not parallel_files_in(place, self.source, self.target):
            return None
        return load_pairs(self.data, source=self.source, target=self.target)

    def _load(self, folder: Path) -> tuple[list[ReadRow], DatasetDict, list[int] | None]:
        """The rows of a text file that cannot be read; the others as splits; and these rows' numbers, where some are missing."""
        from seqtext.data.audio.options import SoundDataOptions
        from seqtext.data.audio.recordings import holds_recordings, load_recordings
        from seqtext.data.reading.local_paths import at_home
        from seqtext.data.reading.sources import BUILT_IN, load
        from seqtext.data.tags.sources import load_tagged  # reads what `load` does, and files with a word per line

        if holds_recordings(at_home(self.data)):
            return [], load_recordings(SoundDataOptions(data=self.data)).splits, None
        words = self.task == TAGS or (self.task is None and self.data.partition(":")[0] not in BUILT_IN)
        try:
            return (
                [],
                (load_tagged if words else load)(
                    self.data, revision=self.revision, config=self.data_config, needs=()
                ).splits,
                None,
            )
        except DataError as error:
            if isinstance(error, NoRowsError) or (form := self._format()) is None:
                raise
            left = folder / ("left.jsonl" if form == "jsonl" else "left.csv")
            unread, numbers = self._readable(left, form)
            if not unread or not len(numbers):
                raise
            return unread, load(left, needs=()).splits, numbers

    def _format(self) -> str | None:
        """The format of a file of text whose rows can be told apart; None of anything else."""
        from seqtext.data.tags.column_files import form_of

        path = Path(self.data).expanduser()
        if path.is_file() and self.task in (None, TAGS) and form_of(str(path)) is not None:
            return None  # which has a word per line
        return FORMATS.get(Path(path.name.lower().removesuffix(".gz")).suffix) if path.is_file() else None

    def _readable(self, target: Path, form: str) -> tuple[list[ReadRow], list[int]]:
        """Writes the rows that can be read; gives the others, and the numbers of those."""
        from seqtext.data.reading.faulty_rows import read_rows
        from seqtext.data.reading.text_files import open_rows

        unread, numbers = [], []
        with open_rows(self.data, format=form) as opened:
            columns = opened.columns
        with target.open("w", encoding="utf-8", newline="") as file:
            write = _writer(file, form, columns)
            for row in read_rows(self.data, form):
                if row.cells is None:
                    unread.append(row)
                    continue
                numbers.append(row.number)
                write(row.cells)
        return unread, numbers

    def _guessed(self, splits: DatasetDict) -> KnownTask:
        rows = next(iter(splits.values()))
        for task in GUESSED:
            if task.recipe == TAGS and self.text_column:  # of any text and any label, words and tags could be made
                continue
            try:
                task.part("check").columns(rows, self)
                return task
            except (DataError, OptionsError):
                continue
        expected, fix = "those that a recipe recognises", f"pass --task, {one_of(BY_RECIPE)}"
        found = f"found the columns {', '.join(map(repr, rows.column_names[:12]))}"
        raise DataError(found, where=self.data, expected=expected, fix=fix)

    # ---- looked at

    def _say(self, checked: list[Checked], part: Any, splits: DatasetDict, *, renumbered: bool) -> bool:
        """Prints faults, notes and warnings; whether there is a fault that no dropped row mends."""
        from seqtext.data.rows.faults import told_of

        stops = False
        for split in checked:
            for fault in split.faults:
                stops |= not len(fault.rows)
                print(printable(f"fault: {_rows(split.name, fault.rows)}{fault.told}"))
        try:
            left = type(splits)({name: split.left for name, split in zip(splits, checked, strict=True)})
            for line in part.told(left, self) if not stops and "train" in left else ():
                print(printable(f"note: {line}"))
        except DataError as error:
            print(printable(f"fault: {told_of(error) if renumbered else error}"))
            stops = True
        return stops

    # ---- out

    def _write(self, split: Checked) -> None:
        """The rows without faults, as they stood: a file of text is read once more."""
        form = FORMATS[Path(str(self.output)).suffix.lower()]
        dropped = set(split.at_fault.tolist())
        with ExitStack() as stack:
            columns, rows = self._rows(split, stack)
            target = stack.enter_context(open_target(self.output, self.data))
            write = _writer(target.file, form, columns)
            for number, cells in rows:
                if number not in dropped:
                    write(cells)
        kept = len(split.left)
        print(f"dropped {len(dropped):,} rows; the other {kept:,} are in {self.output}")

    def _rows(self, split: Checked, stack: ExitStack) -> tuple[tuple[str, ...], Iterator[tuple[int, Any]]]:
        from seqtext.data.reading.faulty_rows import read_rows
        from seqtext.data.reading.text_files import open_rows

        if form := self._format():
            columns = stack.enter_context(open_rows(self.data, format=form)).columns
            return columns, ((row.number, row.cells) for row in read_rows(self.data, form) if row.cells is not None)
        columns = tuple(split.rows.column_names)
        return columns, ((number, tuple(row.values())) for number, row in enumerate(split.rows, start=1))


def _holds_bytes(feature: object) -> bool:
    return type(feature).__name__ == "Audio" or (isinstance(feature, dict) and "bytes" in feature)


def _writer(file: TextIO, form: str, columns: Sequence[str]) -> Callable[[Sequence[object]], object]:
    """A function that writes the cells of a row; of a table the header is written at once."""
    if form == "jsonl":
        return lambda cells: file.write(json_text(dict(zip(columns, cells, strict=True)), theirs=True) + "\n")
    table = csv.writer(file, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
    table.writerow(columns)
    return lambda cells: table.writerow([cell_text(cell) for cell in cells])


def _rows(split: str, rows: NDArray[np.int64]) -> str:
    """Which rows have a fault, in words."""
    if not len(rows):
        return ""
    where = f" of split {split!r}" if split else ""
    first = ", ".join(map(str, rows[:FIRST].tolist()))
    some = (
        f"row {first}" if len(rows) == 1 else f"{len(rows):,} rows, {'the first ' if len(rows) > FIRST else ''}{first}"
    )
    return f"{some}{where}: "
