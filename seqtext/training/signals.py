"""Ctrl-C and SIGTERM while training: the step is finished and saved first. Knows signals, neither steps nor files.

A second signal leaves at once: what is being written then is not moved in, and the checkpoint before it stands.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

WAITING = b"\nstopping after this step; a second time leaves at once\n"
LEAVING = b"\nleft at once; the last checkpoint stands\n"


class Interrupted(BaseException):
    """A signal came while nothing was under way that has to be finished."""


class StopSignals:
    """Notes the first SIGINT or SIGTERM, and ends the process on the second, while it is entered.

    A signal that is ignored stays ignored, as SIGINT is in what a script starts in the background. Outside the main thread, where Python
    takes no signals, nothing is done.

    Attributes:
        received: the number of the signal that came; None as long as none did.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._at_once = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *fault: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Where a signal need not wait, since what runs here is done again on resume: it raises.

        Nothing that undoes itself may stand inside: the exception comes between any two instructions.

        Raises:
            Interrupted: if a signal comes, or has come.
        """
        self._at_once = True
        try:
            if self.received is not None:
                raise Interrupted
            yield
        finally:
            self._at_once = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        # `print` may be at work in the very line that was interrupted; `os.write` can be called at any time.
        if self.received is not None:
            os.write(2, LEAVING)
            os._exit(128 + number)
        self.received = number
        os.write(2, WAITING)
        if self._at_once:
            raise Interrupted
