"""One voice for bad input: where it is, what was found, what was expected, what to do. Knows nothing of data or models.

A fault found in what the user gave us is a `SeqtextError`. `exit_on_error` turns it into one line on stderr and the exit code of
its kind; a traceback is for our own mistakes, or for `--debug`.
"""

from __future__ import annotations

import difflib
import errno
import io
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

MAX_FOUND = 80  # characters of the user's value that a message repeats
MAX_LINE = 4000  # characters of a line of a message
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
)  # what a terminal may take for a command, or for a line's end
_NO_MEMORY = (
    *(
        "can't allocate memory",
        "cannot allocate memory",
        "not enough memory",
        "out of memory",
        "could not create a primitive",
    ),
    *("unable to allocate", "malloc of size", "bad_alloc", "can't start new thread", "failed to map segment"),
)
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SeqtextError(Exception):
    """A fault in what was given to seqtext, said in one line.

    Attributes:
        exit_code: what a program that it ends leaves with.
        shared: True if all processes of a run raise it, so that one of them prints it.
        where: as given.
        told: all but that.

    Args:
        found: what is wrong, as a clause ("found 'spots'").
        where: file, row, column, option: as precise as is known.
        expected: what would have been right.
        fix: what the user can do about it.
    """

    exit_code = 2
    shared = False

    def __init__(self, found: str, *, where: str = "", expected: str = "", fix: str = "") -> None:
        tail = [f"expected {expected}" if expected else "", fix]
        self.where, self.told = where, "; ".join([found, *filter(None, tail)])
        super().__init__(f"{where}: {self.told}" if where else self.told)


class OptionsError(SeqtextError):
    """Options that cannot be meant: unknown, out of range, or at odds with each other."""


class ForeignRunError(OptionsError):
    """A run to resume whose options are not those of the recipe.

    Args:
        run: its folder.
        found: what is not.
        fix: what to do, where it is known which recipe made it.
    """

    def __init__(self, run: Path, found: str, *, fix: str = "") -> None:
        self.run, self.options_fault = run, found
        told = shlex.join(["seqtext", "info", str(run)])
        fix = fix or f"if another recipe made it, go on with that one; {told} says what it is"
        super().__init__(f"the run's options are not those of this recipe ({found})", fix=fix)


class DataError(SeqtextError):
    """Data that cannot be used as it is."""


class NoRowsError(DataError):
    """A source without a single row: nothing to train on, and nothing to answer."""


class SavedFileError(SeqtextError):
    """A saved model or run that is damaged, incomplete, or not ours. Nothing of it was executed."""

    exit_code = 3


class NumericsError(SeqtextError):
    """A loss, gradient or weight that is not finite. The update was not made."""

    exit_code = 4


class ResourceError(SeqtextError):
    """Memory, disk or a device that is not there."""

    exit_code = 5


class Stopped(KeyboardInterrupt):
    """Training ended by a signal, with everything saved.

    Args:
        message: what was saved and how to go on; if nothing is to be said of that, which signal it was.
        number: of the signal.
    """

    def __init__(self, message: str = "", *, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(message or f"stopped by {signal.Signals(number).name}")


def raise_together(faults: Sequence[str]) -> None:
    """Raises one `OptionsError` that lists all `faults`, so that they are mended in one go; nothing if there are none."""
    if faults:
        raise OptionsError(
            "\n  ".join(faults) if len(faults) == 1 else "\n  ".join([f"{len(faults)} options:", *faults])
        )


def shorten(value: object, limit: int = MAX_FOUND) -> str:
    """`repr` of a value, at most `limit` characters, safe to print: control characters are escaped."""
    text = repr(value if not isinstance(value, str) else value[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str, limit: int | None = None) -> str:
    """Text of a user's on one line of a terminal: what could be a command to it is spelt out, and what is too long is cut.

    Args:
        text: any.
        limit: characters that are kept of it; all if None.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def one_of(names: Iterable[str], limit: int = 12) -> str:
    """`"one of a, b, c"`, with a count where there are more than `limit`."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"one of {', '.join(names[:limit])}{more}" if names else "nothing (there are none)"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`"did you mean 'label'?"` for the name nearest to a misspelt one, or an empty string."""
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean {by_lower[close[0]]!r}?" if close else ""


def memory_asked(error: BaseException) -> str | None:
    """How much an allocation that failed asked for, to add to a message; None for another error.

    Torch has a class for a GPU that is full, and only words for a machine that is; the others have words of their own.
    """
    words, is_it = str(error), isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    if not is_it and not any(part in words.lower() for part in _NO_MEMORY):
        return None
    found = re.search(r"(?:[Tt]ried to|Unable to) allocate ([\d.]+ \w+)", words)
    return f" ({found[1]} were asked for)" if found else ""


def cannot_be_written(error: OSError, where: str) -> ResourceError:
    """What to raise where an output cannot be written."""
    return ResourceError(f"cannot be written ({error.strerror or error})", where=where)


@contextmanager
def exit_on_error(*, debug: bool = False, process: str = "") -> Iterator[None]:
    """Ends the program with one line on stderr and the error's exit code.

    Args:
        debug: lets the traceback through.
        process: number of this one among several that train together; "" for the first, or the only one.
    """
    told = f"error (process {process})" if process else "error"
    try:
        try:
            yield
        except SystemExit:  # of `--help`
            sys.stdout.flush()
            raise
        sys.stdout.flush()  # while a fault of it can still be told: at exit the interpreter would complain, and end with 120
    except SeqtextError as error:
        if debug:
            raise
        if not (error.shared and process):
            _tell(f"{told}: {error}")
        sys.exit(error.exit_code)
    except Stopped as stop:
        if not process:
            print(stop, file=sys.stderr)
        sys.exit(stop.exit_code)
    except KeyboardInterrupt as stop:
        if debug:
            raise
        print(f"\nstopped by Ctrl-C{f'; {stop}' if str(stop) else ''}", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left (`| head`): nothing went wrong
        _discard(sys.stdout, sys.stderr)
        sys.exit(0)
    except (MemoryError, RuntimeError, OSError, ImportError, SystemError) as error:
        if debug or (fault := _resource(error)) is None:
            raise
        _discard(*([sys.stdout] if isinstance(error, OSError) else []))
        _tell(f"{told}: {fault}")
        sys.exit(fault.exit_code)


def _resource(error: Exception) -> SeqtextError | None:
    """What an error of the system means, wherever it comes from: memory, disk, a name that cannot be; None for a mistake of ours."""
    if (asked := memory_asked(error)) is not None:
        fix = "end other programs, or use a smaller model or a machine with more memory"
        return ResourceError(f"out of memory{asked}", fix=fix)
    if "home directory" in str(error):  # of Path.expanduser
        return OptionsError(
            "a path begins with ~ and a name that nobody has here", fix="write ./~ for a file of such a name"
        )
    if not isinstance(error, OSError):
        return None
    if error.errno in NO_SPACE:
        return cannot_be_written(error, str(error.filename or "the output"))
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return OptionsError(f"no such name can be ({error.strerror})", where=shorten(str(error.filename or "")))
    return None


def _tell(message: str) -> None:
    """Prints a message, whatever stands in the names and values that it repeats."""
    print("\n".join(printable(line, MAX_LINE) for line in message.split("\n")), file=sys.stderr)


def _discard(*streams: TextIO) -> None:
    """What they still hold goes nowhere."""
    for stream in streams:
        with suppress(OSError):  # one that is no file holds nothing
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def further_process() -> str:
    """The number of this process among several that torchrun started; "" for the first, or the only one.

    A RANK without a WORLD_SIZE above 1, as job schedulers set it, says nothing.
    """
    rank, size = (os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE"))
    return rank if size.isdecimal() and int(size) > 1 and rank != "0" else ""


class _Closed(io.TextIOBase):
    """Stands for a standard output that was closed: an answer that goes nowhere must not look like one."""

    def write(self, text: str) -> int:
        raise ResourceError("standard output is closed", fix="leave >&- out, or give --output FILE")


def run_program(program: Callable[[], None], *, argv: Sequence[str] | None = None, trains: bool = True) -> None:
    """Runs a recipe's or the command line's `program` under `exit_on_error`; `--debug` anywhere in `argv` brings the traceback.

    Args:
        program: to run.
        argv: the command line; the program's own if None.
        trains: whether processes that torchrun started do it together: then only the first prints.
    """
    process = further_process() if trains else ""
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        _keep_free()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if process or (trains and sys.stdout is None):
        sys.stdout = _nowhere()
    elif sys.stdout is None:
        sys.stdout = _Closed()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file name need not be UTF-8, nor the terminal
        sys.stdout.reconfigure(errors="backslashreplace")
    with exit_on_error(debug="--debug" in (sys.argv if argv is None else argv), process=process):
        program()


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _keep_free() -> None:
    """Fills the numbers of standard streams that were closed: the next file to be opened would get one, and what is printed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(descriptor)
