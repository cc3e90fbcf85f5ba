"""What commands share: a saved model and where it runs, rows as they come, a file that is whole or not there. Knows no task."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, TypeAlias

from tyro.conf import Positional, arg

from seqtext.errors import (
    DataError,
    NoRowsError,
    OptionsError,
    did_you_mean,
    one_of,
    shorten,
)
from seqtext.options import MOST_THREADS

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from seqtext.data.reading.dialect import Dialect
    from seqtext.data.reading.text_files import Rows

Row: TypeAlias = Mapping[str, Any]
Errors: TypeAlias = Literal["strict", "replace"]
ROWS_AT_ONCE = 2000  # enough to fill batches of like length, little memory
CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")  # what could be a command to a terminal
_ESCAPES = {code: f"\\u{code:04x}" for code in range(127, 160)}  # JSON escapes the others itself


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """A saved model, and where it is to run."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    threads: int | None = None
    """CPU threads. Default: as many as there are cores."""
    device: str = "cpu"
    """auto, cpu, cuda, cuda:1 or mps."""
    debug: bool = False
    """Show the traceback of an error."""

    def open(self, command: str) -> Any:
        """The task, as `open_all`."""
        [task] = self.open_all(command)
        return task

    def open_all(self, command: str, further: Sequence[str] = ()) -> list[Any]:
        """The task, and those of further runs, on the device.

        Raises:
            OptionsError: for threads or a device that cannot be, or a task that another command uses.
            SavedFileError: for a model that is damaged.
        """
        check_threads(self.threads)
        from seqtext.nn.precision import choose_device, set_threads
        from seqtext.tasks.saved import load_for

        set_threads(self.threads)
        tasks = [load_for(command, run) for run in (self.run_folder, *further)]
        for task in tasks:
            task.model.to(choose_device(self.device))
        return tasks


def check_threads(threads: int | None) -> None:
    """Refuses a number of threads that cannot be.

    Raises:
        OptionsError: for such a one.
    """
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        expected = "at least 1" if threads < 1 else f"at most {MOST_THREADS:,}"
        raise OptionsError(f"--threads is {threads}", expected=expected)


def keywords(options: DataclassInstance, of: type[DataclassInstance]) -> dict[str, Any]:
    """The part of a command's options that are the fields of a dataclass, which the task is called with."""
    return {field.name: getattr(options, field.name) for field in fields(of)}


def open_input(
    source: str | None,
    stack: ExitStack,
    *,
    format: str | None,
    split: str | None = None,
    dialect: Dialect | None = None,
    errors: Errors = "strict",
) -> Rows | None:
    """The rows of a file, folder or data set of the hub, or of the pipe (None or -); None if there are none: nothing to answer.

    Raises:
        OptionsError: a standard input that is closed.
        DataError: what cannot be read.
    """
    from seqtext.data.reading import inputs
    from seqtext.data.reading.dialect import AS_IT_IS

    given = standard_input() if source in (None, "-") else str(source)
    try:
        opened = inputs.open_input(given, format=format, split=split, dialect=dialect or AS_IT_IS, errors=errors)
        return stack.enter_context(opened)
    except NoRowsError:
        return None


def standard_input() -> BinaryIO:
    """The bytes of the pipe.

    Raises:
        OptionsError: if it is closed.
    """
    if sys.stdin is None:
        raise OptionsError("standard input is closed", fix="leave <&- out, or give a file")
    return sys.stdin.buffer


def as_they_come(rows: Rows | None, output: str | None, *, at_once: int = ROWS_AT_ONCE) -> Iterator[list[Row]]:
    """Rows in chunks: never is one kept waiting for the next that has not come yet. On a terminal a bar says how far they are.

    Args:
        rows: of `open_input`.
        output: file that answers go to; on the terminal they are the progress themselves.
        at_once: rows of a chunk at most.
    """
    if rows is None:
        return
    from tqdm import tqdm

    quiet = not sys.stderr.isatty() or (output is None and sys.stdout.isatty())
    with tqdm(total=rows.size, unit="B", unit_scale=True, leave=False, disable=quiet) as bar, suppress(NoRowsError):
        chunk: list[Row] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == at_once or rows.lines.used_up:
                yield chunk
                bar.update(rows.lines.offset - bar.n)
                chunk = []
        if chunk:
            yield chunk
    if rows.lines.replaced:
        told = f"{rows.lines.replaced:,} characters stand for bytes that are no UTF-8 (--errors replace)"
        print(f"note: {told}", file=sys.stderr)


def column_of(rows: Rows, asked: str | None, trained: str, *, flag: str) -> str:
    """The column asked for, or the one of training, or the only one.

    Args:
        rows: that have it.
        asked: its name, if it was given.
        trained: that of training.
        flag: which names it.

    Raises:
        DataError: if there is none of that name, or it cannot be read.
    """
    alone = rows.columns[0] if len(rows.columns) == 1 else trained
    wanted = asked or (trained if trained in rows.columns or trained in rows.left_aside else alone)
    if wanted in rows.columns:
        return wanted
    if wanted in rows.left_aside:
        raise DataError(rows.left_aside[wanted])
    fix = did_you_mean(wanted, rows.columns) or f"pass {flag} NAME"
    raise DataError(f"no column {wanted!r}", where=rows.name, expected=one_of(rows.columns), fix=fix)


def texts_in(chunk: Sequence[Row], column: str, *, before: int, where: str) -> list[str]:
    """The texts of some rows.

    Args:
        chunk: the rows.
        column: of the texts.
        before: how many rows came before these.
        where: what messages call the rows.

    Raises:
        DataError: a cell that is no text, with its row.
    """
    from seqtext.data.reading.json_lines import Repeated

    for number, row in enumerate(chunk, start=before + 1):
        text = row[column]
        if not isinstance(text, str):
            twice = f"the key {column!r} stands twice in the object"
            found = twice if isinstance(text, Repeated) else f"found {shorten(text)} ({type(text).__name__})"
            raise DataError(found, where=f"{where}, row {number}, column {column!r}", expected="text")
    return [row[column] for row in chunk]


def tell(notes: Iterable[str]) -> None:
    """Prints notes for the user where they disturb no output."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def one_line(text: str) -> str:
    """A text as one line, whatever white space and controls stand in it."""
    return " ".join(text.translate(CONTROLS).split())


def json_text(
    value: object,
    *,
    indent: int | None = None,
    default: Callable[[Any], object] | None = None,
    theirs: bool = False,
) -> str:
    """JSON as it is read by people too: letters as they are, what could be a command to a terminal as an escape.

    Numbers that are none are a mistake, except in values of `theirs` that came in so.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=theirs, default=default)
    return text.translate(_ESCAPES)


def free_names(added: Mapping[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """What is added to a row, under names that are not the input's, whose columns are kept as they are."""

    def free(name: str) -> str:
        while name in taken:
            name += "_by_seqtext"
        return name

    return {free(name): value for name, value in added.items()}


def cell_text(value: object, *, default: Callable[[Any], object] | None = None) -> str:
    """A value in a table: text as it is, nothing as nothing, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=default)
