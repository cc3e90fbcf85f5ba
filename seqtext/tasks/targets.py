"""Where a command's answers go: the terminal, which gets no commands out of somebody's texts, or a file that is whole or not there."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import TextIO

from seqtext.data.reading.local_paths import at_home
from seqtext.data.reading.packed import without_packing
from seqtext.errors import NO_SPACE, OptionsError, SeqtextError, Stopped, cannot_be_written
from seqtext.saving.atomic import beside, move_in
from seqtext.tasks.streams import CONTROLS


class Target:
    """Where answers go.

    Args:
        file: to write to.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._rows = self._bytes = 0  # that are whole

    def flush(self, rows: int) -> None:
        """What is written is whole, answers of so many more rows: it reaches a reader, and outlasts signals and faulty rows."""
        self.file.flush()
        self._rows += rows
        with suppress(OSError):  # of a test's stream
            self._bytes = os.fstat(self.file.fileno()).st_size

    def keep(self, temporary: Path, path: Path) -> str:
        """Puts what is whole under a name beside the output's; says so, or "" where there is nothing."""
        part = path.with_name(f"{path.name}.part")
        try:
            if self._bytes:
                os.truncate(temporary, self._bytes)
                temporary.chmod(0o644)
                temporary.replace(part)
                what = f"the answers to the first {self._rows:,} rows are" if self._rows else "what was written is"
                return f"{what} in {part}"
        except OSError as error:
            return f"what was done could not be kept in {part} ({error.strerror})"
        return ""


@contextmanager
def open_target(output: str | None, *read: str | None) -> Iterator[Target]:
    """The terminal if None, or a file that takes the name of `output` once it is whole.

    Ctrl-C, SIGTERM, or a row that is at fault, keeps what is whole as `output.part`.

    Args:
        output: name of the file.
        read: names of what is read and not written again, some of which may be no files.

    Raises:
        OptionsError: a name as of a packed file, which none of these is, or of a file that would be lost.
        ResourceError: a file that cannot be written.
    """
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")
        yield Target(_Shown(sys.stdout) if sys.stdout.isatty() else sys.stdout)  # type: ignore[arg-type]
        return
    path = Path(output).expanduser()
    special = path.exists() and not path.is_file()  # a device or a named pipe is written to, never replaced
    if not special and (plain := without_packing(path.name)) != path.name:
        fix = f"call it {plain}, and pack it once it is there"
        raise OptionsError(f"--output {output}: what is written is not packed", fix=fix)
    if not special and any(_is(path, one) for one in read if one is not None):
        raise OptionsError(f"--output {output} is what is read, which it would replace", fix="give it another name")
    path = path if special else path.resolve()  # a link stays, the file it leads to is replaced
    with ExitStack() as stack:
        try:
            place = path if special else stack.enter_context(beside(path, folder=False))
            file = place.open("w", encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            raise cannot_be_written(error, str(path.absolute())) from error
        target = Target(file)
        try:
            with file, _terminated():  # whose end may find the disk full
                yield target
            if not special:
                place.chmod(0o644)
                move_in(place, path)
        except KeyboardInterrupt as stop:
            kept = "" if special else target.keep(place, path)
            if isinstance(stop, Stopped):
                stop.args = ("; ".join(filter(None, [str(stop), kept])),)
                raise
            raise KeyboardInterrupt(kept) from stop
        except SeqtextError as error:  # a faulty row behind others
            if not special and (kept := target.keep(place, path)):
                error.args = (f"{error}; {kept}",)
            raise
        except OSError as error:
            if error.errno not in NO_SPACE and error.filename != str(place):
                raise
            raise cannot_be_written(error, str(path.absolute())) from error


@contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM ends what is done as Ctrl-C does, unless somebody else listens to it.

    Raises:
        Stopped: where it comes.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number=number)

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _is(path: Path, name: str) -> bool:
    """Whether a name is that of a file, or of the folder that it is in."""
    with suppress(OSError, ValueError):  # a long text is no name of a file
        return path.exists() and any(place.samefile(at_home(name)) for place in (path, path.parent))
    return False


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
