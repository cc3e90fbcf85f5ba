"""What commands share: a saved model and where it runs, rows as they come, a file that is whole or not there. Knows no task."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, TextIO, TypeAlias

from tyro.conf import Positional, arg

from seqtext.errors import NO_SPACE, NoRowsError, OptionsError, cannot_be_written
from seqtext.options import MOST_THREADS
from seqtext.saving.atomic import beside, move_in

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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


# ---- in


def open_input(source: str | None, stack: ExitStack, *, format: str | None, errors: Errors = "strict") -> Rows | None:
    """The rows of a file, or of the pipe (None or -); None if there are none, which is answered with nothing.

    Raises:
        OptionsError: a standard input that is closed.
        DataError: what cannot be read.
    """
    from seqtext.data.reading.text_files import open_rows

    if is_pipe := source in (None, "-"):
        standard_input()
    try:
        return stack.enter_context(
            open_rows(sys.stdin.buffer if is_pipe else str(source), format=format, errors=errors)
        )
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


# ---- out


class Target:
    """Where answers go.

    Args:
        file: to write to.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._rows = self._bytes = 0  # that are whole

    def flush(self, rows: int) -> None:
        """Answers of so many rows are whole: they reach a reader, and outlast Ctrl-C."""
        self.file.flush()
        self._rows += rows
        with suppress(OSError):  # of a test's stream
            self._bytes = os.fstat(self.file.fileno()).st_size

    def keep(self, temporary: Path, path: Path) -> str:
        """Puts what is whole under a name beside the output's; says so, or "" where there is nothing."""
        part = path.with_name(f"{path.name}.part")
        try:
            if self._rows:
                os.truncate(temporary, self._bytes)
                temporary.chmod(0o644)
                temporary.replace(part)
                return f"the answers to the first {self._rows:,} rows are in {part}"
        except OSError as error:
            return f"what was done could not be kept in {part} ({error.strerror})"
        return ""


@contextmanager
def open_target(output: str | None) -> Iterator[Target]:
    """The terminal if None, or a file that takes the name of `output` once it is whole. Ctrl-C keeps what is whole as `output.part`.

    Raises:
        ResourceError: a file that cannot be written.
    """
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")
        yield Target(_Shown(sys.stdout) if sys.stdout.isatty() else sys.stdout)  # type: ignore[arg-type]
        return
    path = Path(output).expanduser()
    special = path.exists() and not path.is_file()  # a device or a named pipe is written to, never replaced
    path = path if special else path.resolve()  # a link stays, the file it leads to is replaced
    with ExitStack() as stack:
        try:
            place = path if special else stack.enter_context(beside(path, folder=False))
            file = place.open("w", encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            raise cannot_be_written(error, str(path.absolute())) from error
        target = Target(file)
        try:
            with file:  # whose end may find the disk full
                yield target
            if not special:
                place.chmod(0o644)
                move_in(place, path)
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt("" if special else target.keep(place, path)) from stop
        except OSError as error:
            if error.errno not in NO_SPACE and error.filename != str(place):
                raise
            raise cannot_be_written(error, str(path.absolute())) from error


class _Shown:
    """A terminal that gets no commands out of somebody's texts."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.translate({**CONTROLS, ord("\n"): "\n", ord("\t"): "\t"}))

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


def one_line(text: str) -> str:
    """A text as one line, whatever white space and controls stand in it."""
    return " ".join(text.translate(CONTROLS).split())


def json_text(value: object, *, indent: int | None = None) -> str:
    """JSON as it is read by people too: letters as they are, what could be a command to a terminal as an escape."""
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False).translate(_ESCAPES)


def cell_text(value: object) -> str:
    """A value in a table: text as it is, nothing as nothing, anything else as JSON."""
    return (value or "") if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
