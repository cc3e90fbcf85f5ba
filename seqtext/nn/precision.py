"""Devices and precisions: what "auto" means on this machine. Knows hardware, no models.

The kernel route is fixed, never timed at run time: every layer is one single-layer torch module on padded input. In fp32 and bf16, on
CPU and CUDA, that is the fastest call torch has (oneDNN's fused LSTM and cuDNN's persistent kernels both refuse packed input).
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import torch

from seqtext.errors import OptionsError, ResourceError
from seqtext.options import Precision

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """The device of a `--device` flag; also turns TF32 off, so that fp32 means fp32.

    Raises:
        OptionsError: for a name torch does not know.
        ResourceError: for a device that is not there.
    """
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
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


def choose_precision(precision: Precision, device: torch.device) -> Precision:
    """What `auto` is on this device: bf16 where the hardware computes in it, else fp32.

    Raises:
        ResourceError: for fp16 without a GPU, where torch lacks kernels for it.
    """
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
    """The context in which matrix products run in `precision`; nothing for fp32."""
    if precision not in _AUTOCAST:
        return nullcontext()
    return torch.autocast(device.type, dtype=_AUTOCAST[precision])


def set_threads(threads: int | None) -> int:
    """Sets the CPU threads if a number is given; returns how many there are."""
    if threads is not None:
        torch.set_num_threads(min(threads, os.cpu_count() or threads))
    return torch.get_num_threads()
