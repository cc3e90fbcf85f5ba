"""What commands share: a saved model and where it runs, rows as they come, a file that is whole or not there. Knows no task."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeAlias

from tyro.conf import Positional, arg

from seqtext.errors import DataError, OptionsError, ResourceError, did_you_mean, one_of, shorten

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from seqtext.data.reading.text_files import Rows

Row: TypeAlias = Mapping[str, Any]
ROWS_AT_ONCE = 2000  # enough to fill batches of like length, little memory


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
        """The task, on its device.

        Raises:
            OptionsError: for threads or a device that cannot be, or a task that another command uses.
            SavedFileError: for a model that is damaged.
        """
        check_threads(self.threads)
        from seqtext.nn.precision import choose_device, set_threads
        from seqtext.tasks.saved import load_for

        set_threads(self.threads)
        task = load_for(command, self.run_folder)
        task.model.to(choose_device(self.device))
        return task


def check_threads(threads: int | None) -> None:
    """Refuses a number of threads below 1.

    Raises:
        OptionsError: for such a one.
    """
    if threads is not None and threads < 1:
        raise OptionsError(f"--threads is {threads}", expected="at least 1")


def keywords(options: DataclassInstance, of: type[DataclassInstance]) -> dict[str, Any]:
    """The part of a command's options that are the fields of a dataclass, which the task is called with."""
    return {field.name: getattr(options, field.name) for field in fields(of)}


def as_they_come(rows: Rows) -> Iterator[list[Row]]:
    """Rows in chunks: never is one kept waiting for the next that has not come yet."""
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_AT_ONCE or rows.lines.used_up:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


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


def open_target(output: str | None, stack: ExitStack) -> TextIO:
    """The terminal if None, or a temporary file that takes the name of `output` once it is whole.

    Raises:
        ResourceError: a file that cannot be written.
    """
    if output is None:
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]
        return sys.stdout
    path = Path(output).expanduser()
    special = path.exists() and not path.is_file()  # a device or a named pipe is written to, never replaced
    path = path if special else path.resolve()  # a link stays, the file it leads to is replaced
    part = path if special else path.with_name(f".{path.name}.part")
    try:
        file = part.open("w", encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise ResourceError(f"cannot be written ({error.strerror})", where=str(path.absolute())) from error

    def finish(kind: object, *_: object) -> None:
        try:
            file.close()  # may find the disk full
            if kind is None and not special:
                os.replace(part, path)
        finally:
            if not special:
                part.unlink(missing_ok=True)

    stack.push(finish)
    return file
