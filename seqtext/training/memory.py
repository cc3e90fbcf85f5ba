"""`BatchMemory`: what a batch may take of a GPU's memory, estimated from those before it; and what to say where there is not enough.

Reads counters that the host keeps, so no step waits for them. Knows steps of rows, not what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.errors import ResourceError, memory_asked
from seqtext.training.protocols import Epoch, Examples

NEARLY = 0.9  # of the memory, beyond which a batch is said to be too large: what is free lies in pieces


class Counters(NamedTuple):
    """Bytes of a device: those in use now, the most that were, and those there are for this process."""

    now: int
    most: int
    capacity: int


def counters_of(device: torch.device) -> Callable[[], Counters] | None:
    """What reads a device's counters; None where there are none."""
    if device.type != "cuda":
        return None

    def read() -> Counters:
        free = torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
        return Counters(torch.cuda.memory_allocated(device), torch.cuda.max_memory_allocated(device), free)

    return read


class BatchMemory:
    """An estimate of how many steps (tokens or readings) a batch may have.

    Args:
        counters: see `counters_of`.
    """

    def __init__(self, counters: Callable[[], Counters] | None) -> None:
        self._counters = counters
        self._largest = 0  # steps of the largest batch so far

    def made(self, steps: int) -> None:
        """A batch of so many steps has been made, backward pass included."""
        self._largest = max(self._largest, steps)

    def most_steps(self) -> int | None:
        """How many steps are likely to fit; None where nobody knows."""
        if self._counters is None or not self._largest:
            return None
        found = self._counters()
        each = (found.most - found.now) / self._largest
        return int((NEARLY * found.capacity - found.now) / each) if each > 0 else None

    def note(self, examples: Examples, epoch: Epoch) -> str:
        """A sentence, if the largest batch of an epoch is not likely to fit; or ""."""
        if (most := self.most_steps()) is None:
            return ""
        largest = max(examples.steps_in(rows) for number in range(len(epoch)) for rows in epoch.step(number))
        if most >= largest:
            return ""
        return (
            f"a batch of {largest:,} {examples.unit}, as will come, may not fit into the memory of this device: about {max(most, 1):,}"
            " do, by those made so far; lower --batch_tokens to that, and raise --gradient_accumulation by as much"
        )

    @contextmanager
    def enough_for(self, examples: Examples, rows: NDArray[np.int64]) -> Iterator[None]:
        """Tells what a batch held where the memory was not enough for it.

        Raises:
            ResourceError: in place of torch's error.
        """
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if (asked := memory_asked(error)) is None:
                raise
            most = self.most_steps()
            enough = f" (about {max(most, 1):,} fit, by the batches before)" if most is not None else ""
            raise ResourceError(
                f"out of memory{asked} in a batch of {len(rows):,} rows with {examples.steps_in(rows):,} {examples.unit} together",
                fix=f"lower --batch_tokens{enough} or --batch_rows, and raise --gradient_accumulation by as much",
            ) from error
