"""SIGTERM and Ctrl-C end a pipe between two lines, never amid one. Knows nothing of what lines are."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar

from seqtext.errors import Stopped

T = TypeVar("T")


class Stopping:
    """Holds a signal back while a line is worked on."""

    def __init__(self) -> None:
        self.number = 0  # of the signal that came
        self.idle = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            self.before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def between(self, lines: Iterator[T]) -> Iterator[T]:
        """The lines.

        Raises:
            Stopped: where one of the signals comes, as soon as no line is worked on.
        """
        while True:
            if self.number:
                raise Stopped(number=self.number)
            self.idle = True
            try:
                line = next(lines)
            except StopIteration:
                return
            finally:
                self.idle = False
            yield line

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        if self.idle:
            raise Stopped(number=number)
