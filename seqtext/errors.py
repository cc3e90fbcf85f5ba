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
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

MAX_FOUND = 80  # characters of the user's value that a message repeats


class SeqtextError(Exception):
    """A fault in what was given to seqtext, said in one line.

    Attributes:
        exit_code: what a program that it ends leaves with.
        shared: True if all processes of a run raise it, so that one of them prints it.

    Args:
        found: what is wrong, as a clause ("found 'spots'").
        where: file, row, column, option: as precise as is known.
        expected: what would have been right.
        fix: what the user can do about it.
    """

    exit_code = 2
    shared = False

    def __init__(self, found: str, *, where: str = "", expected: str = "", fix: str = "") -> None:
        head = f"{where}: {found}" if where else found
        tail = [f"expected {expected}" if expected else "", fix]
        super().__init__("; ".join([head, *(part for part in tail if part)]))


class OptionsError(SeqtextError):
    """Options that cannot be meant: unknown, out of range, or at odds with each other."""


class DataError(SeqtextError):
    """Data that cannot be used as it is."""


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
        message: what was saved and how to go on.
        number: of the signal.
    """

    def __init__(self, message: str, *, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(message)


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


def memory_asked(error: Exception) -> str | None:
    """How much an allocation that failed asked for, to add to a message; None for another error.

    Torch has a class for a GPU that is full, and only words for a machine that is.
    """
    words = ("can't allocate memory", "not enough memory", "out of memory")
    if not isinstance(error, MemoryError) and not any(part in str(error) for part in words):
        return None
    found = re.search(r"[Tt]ried to allocate ([\d.]+ \w+)", str(error))
    return f" ({found[1]} were asked for)" if found else ""


@contextmanager
def exit_on_error(*, debug: bool = False) -> Iterator[None]:
    """Ends the program with one line on stderr and the error's exit code; `debug` lets the traceback through."""
    try:
        try:
            yield
        except SystemExit:  # of `--help`
            _flush()
            raise
        _flush()
    except SeqtextError as error:
        if debug:
            raise
        if not (error.shared and _process()):
            print(f"error{_process()}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Stopped as stop:
        if not _process():
            print(stop, file=sys.stderr)
        sys.exit(stop.exit_code)
    except KeyboardInterrupt:
        if debug:
            raise
        print("\nstopped by Ctrl-C", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output left (`| head`): nothing went wrong
        _discard(sys.stdout, sys.stderr)
        sys.exit(0)
    except (MemoryError, RuntimeError) as error:
        if debug or (asked := memory_asked(error)) is None:
            raise
        print(f"error{_process()}: out of memory{asked}; use smaller batches or a smaller model", file=sys.stderr)
        sys.exit(ResourceError.exit_code)
    except OSError as error:
        if debug or error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _discard(sys.stdout)
        print(f"error: {error.filename or 'the output'}: cannot be written ({error.strerror})", file=sys.stderr)
        sys.exit(ResourceError.exit_code)


def _flush() -> None:
    """Writes what is buffered while a fault of it can still be told: at exit the interpreter would complain, and end with 120."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _discard(*streams: TextIO) -> None:
    """What they still hold goes nowhere."""
    for stream in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _process() -> str:
    """Which of several processes this is, to add to what it says; "" for the first, or the only one."""
    rank = os.environ.get("RANK", "0")
    return "" if rank == "0" else f" (process {rank})"


def run_program(program: Callable[[], None], *, argv: Sequence[str] | None = None) -> None:
    """Runs a recipe's or the command line's `program` under `exit_on_error`; `--debug` anywhere in `argv` brings the traceback.

    Of several processes that torchrun started only the first prints.
    """
    if _process():
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file name need not be UTF-8, nor the terminal
        sys.stdout.reconfigure(errors="backslashreplace")
    with exit_on_error(debug="--debug" in (sys.argv if argv is None else argv)):
        program()
