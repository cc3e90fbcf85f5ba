"""Devices and precisions: what "auto" means on this machine. Knows hardware, no models.

The kernel route is fixed, never timed at run time: every layer is one single-layer torch module on padded input.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from seqtext.errors import NumericsError, OptionsError, ResourceError
from seqtext.options import Precision

# Of the routes by device, precision, cell, layers and size: on CPUs this is the fastest that torch has in fp32 and bf16, for every cell and
# size that was measured (oneDNN's fused LSTM refuses packed input). On a GPU none was measured yet. What is known is that packed input
# never gets cuDNN's persistent kernels, that a single layer in fp16 can, and that a module of several layers overlaps them:
# `benchmarks/gpu.py --only backbone` says what a table of routes should hold.
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def check_answers(values: torch.Tensor) -> None:
    """Refuses answers that are no numbers: weights that are finite may still give such.

    Raises:
        NumericsError: if one is not finite.
    """
    if not bool(values.isfinite().all()):
        raise NumericsError("the model's answers are not finite numbers", fix="look at its weights, or train it again")


def choose_device(name: str = "auto") -> torch.device:
    """The device of a `--device` flag.

    Raises:
        OptionsError: for a name torch does not know.
        ResourceError: for a device that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise OptionsError(f"--device {name}", expected="auto, cpu, cuda, cuda:1 or mps") from error
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if (device.index or 0) >= counts.get(device.type, 0):
        raise ResourceError(
            f"--device {name}: this machine has {counts.get(device.type, 0)} device(s) of that kind",
            fix="use --device cpu or auto",
        )
    return device


def choose_precision(precision: Precision, device: torch.device, *, auto: Precision = "auto") -> Precision:
    """What `auto` is on this device: bf16 where the hardware computes in it, else fp32.

    Args:
        precision: what was asked for.
        device: where it is computed.
        auto: what the task means by `auto`, if it knows better than the hardware.

    Raises:
        ResourceError: for fp16 without a GPU, where torch lacks kernels for it.
    """
    precision = auto if precision == "auto" else precision
    if precision == "fp16" and device.type == "cpu":
        raise ResourceError("--precision fp16 needs a GPU", fix="use --precision bf16, auto or fp32")
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return "bf16" if has.get("avx512_bf16") or has.get("amx_bf16") else "fp32"
    return "fp32"


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The context in which matrix products run in `precision`."""
    if precision not in _AUTOCAST:
        return exact_fp32()
    return torch.autocast(device.type, dtype=_AUTOCAST[precision])


def autocast_fits_lstm(device: torch.device) -> bool:
    """Whether a fused LSTM can run as it stands: False under autocast on a CPU for which oneDNN has no LSTM in bf16.

    Torch takes oneDNN's there all the same and fails (2.13); such a layer has to leave autocast, and computes in fp32. That is what a
    CPU without AVX-512 does fastest anyway.
    """
    if device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return True
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def exact_fp32() -> AbstractContextManager[None]:
    """The context in which cuDNN's recurrent layers compute fp32 in fp32.

    Torch lets them round to TF32, which has 10 bits where fp32 has 23, unless asked not to; other matrix products it leaves exact. The
    forward pass of a backbone is always in it; a backward pass has to be put in it, since cuDNN reads the setting again.
    """
    # A compiler cannot trace a setting of the whole process; what it makes of the layers is not cuDNN's.
    return nullcontext() if torch.compiler.is_compiling() else _without_tf32()


@contextmanager
def _without_tf32() -> Iterator[None]:
    rnn: Any = torch.backends.cudnn.rnn
    before = rnn.fp32_precision
    rnn.fp32_precision = "ieee"
    try:
        yield
    finally:
        rnn.fp32_precision = before


@contextmanager
def default_float() -> Iterator[None]:
    """The context in which new weights are fp32, whatever dtype the caller has made torch's default."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _one_thread() -> None:
    """What a forked process has to do: the threads of its parent are not there, and whoever waits for them waits for ever."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_one_thread)


def set_threads(threads: int | None) -> int:
    """Sets the CPU threads if a number is given; returns how many there are."""
    if threads is not None:
        torch.set_num_threads(min(threads, os.cpu_count() or threads))
    return torch.get_num_threads()
