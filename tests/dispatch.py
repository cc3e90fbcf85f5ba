"""Operators that would wait on a GPU, counted on the CPU."""

from __future__ import annotations

from collections import Counter

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# What hands a value, or a size that depends on values, to the host.
WAITS = {"_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "unique_dim", "_unique2", "equal", "bincount"}


class Waits(TorchDispatchMode):
    """Counts them, and indexing by truth values, which has to count these first."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        indices = args[1] if name in ("index", "index_put", "index_put_", "_index_put_impl_") else ()
        if name in WAITS or any(index is not None and index.dtype == torch.bool for index in indices):
            self.found[name] += 1
        return func(*args, **(kwargs or {}))
