"""What a model's weights take, compared with the memory that is free before they are made. Knows shapes, no batches."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import torch
from torch import nn

from seqtext.errors import ResourceError
from seqtext.saving.disk import megabytes

# To train: weights, their gradients, two moments of the optimizer and the moving average. What a batch takes comes on top.
COPIES = 5
_CGROUPS = (  # limits of a container, what it uses, and what part of that are copies of files, which make room: version 2, version 1
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
_OF_CONTAINER = Path("/sys/fs/cgroup")


def check_memory(model: nn.Module, device: torch.device, *, copies: int = 1) -> None:
    """Refuses a model whose weights alone do not fit; shapes on the meta device do.

    Args:
        model: counted, not touched.
        device: that will hold it.
        copies: of each weight that there will be, as `COPIES`.

    Raises:
        ResourceError: with what is needed and what is free.
    """
    parameters = sum(parameter.numel() for parameter in model.parameters())
    needed = 4 * copies * parameters
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else _free()
    if needed > free:
        what = "to train it" if copies > 1 else "for its weights"
        raise ResourceError(
            f"the model has {parameters:,} parameters, and {what} {megabytes(needed)} of memory are needed at least",
            expected=f"at most the {megabytes(free)} that are free on {device}",
            fix="lower --hidden_size, --num_layers, --embedding_size or --vocabulary_size",
        )


def _free() -> int:
    """Bytes this process may still take: of the machine, of its container, and of its own limit."""
    found = []
    if (lines := _read("/proc/meminfo")) and "MemAvailable:" in lines:
        found.append(int(lines.partition("MemAvailable:")[2].split()[0]) * 1024)
    else:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for most, used, of_files in _CGROUPS:
        limit, taken = _read(_OF_CONTAINER / most).strip(), _read(_OF_CONTAINER / used).strip()
        if limit.isdecimal() and taken.isdecimal():
            parts = [line.split() for line in _read((_OF_CONTAINER / most).with_name("memory.stat")).splitlines()]
            copies = next((int(part[1]) for part in parts if part[:1] == [of_files]), 0)
            found.append(int(limit) - int(taken) + copies)
    limit_of_process, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit_of_process != resource.RLIM_INFINITY and (sizes := _read("/proc/self/statm").split()):
        found.append(limit_of_process - int(sizes[0]) * os.sysconf("SC_PAGE_SIZE"))
    return max(0, min(found))


def _read(path: str | Path) -> str:
    """A file of the system's; "" where there is none."""
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
