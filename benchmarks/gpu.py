"""All that a GPU was to be fast at, measured in the minutes that one is there: a table, and the same as JSON.

    python benchmarks/gpu.py                              # all parts, under six minutes on an H200
    python benchmarks/gpu.py --only backbone decoding     # some of them
    python benchmarks/gpu.py --quick                      # each with fewer sizes and rounds
    python benchmarks/gpu.py --device cpu                 # the same code with sizes for a CPU, whose figures mean nothing

Every figure stands beside what is wanted of it. A part that fails, or that comes to the end of its time, is told in the last lines, and
the others go on. What the parts do is in `gpu_parts.py`.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import seqtext  # noqa: F401 - before torch, whose memory it sets up

# isort: split
import torch
from gpu_parts import PARTS, Figure, Machine

from seqtext.errors import exit_on_error
from seqtext.nn.precision import choose_device
from seqtext.saving.atomic import beside, move_in


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu: small sizes")
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).parent / "gpu.json", help="where figures are written"
    )
    options = parser.parse_args()
    with exit_on_error():
        measure(choose_device(options.device), options.only, quick=options.quick, path=options.json)


def measure(device: torch.device, parts: Sequence[str], *, quick: bool, path: Path) -> None:
    """Some parts, one after the other; the file is whole after each."""
    machine = Machine(device, small=device.type == "cpu", quick=quick)
    found: dict[str, Any] = {**about(device), "figures": {}, "seconds": {}, "incomplete": {}}
    print(f"{found['device']}, torch {found['torch']}, CUDA {found['cuda']}, cuDNN {found['cudnn']}")
    for name in parts:
        print(f"\n{name}: {PARTS[name].about}", flush=True)
        started = time.perf_counter()
        figures = found["figures"][name] = []
        try:
            for figure in PARTS[name].measure(machine):
                figures.append({key: value for key, value in asdict(figure).items() if value not in ("", None, {})})
                print(line(figure), flush=True)
                if time.perf_counter() - started > PARTS[name].seconds:
                    found["incomplete"][name] = f"left at the end of its {PARTS[name].seconds} s"
                    break
        except Exception as error:  # whatever it is, the other parts are still worth their minutes
            found["incomplete"][name] = f"{type(error).__name__}: {str(error)[:300]}"
        found["seconds"][name] = round(time.perf_counter() - started, 1)
        write(path, found)
        if device.type == "cuda":
            torch.cuda.empty_cache()
    for name, reason in found["incomplete"].items():
        print(f"\n{name} is not complete: {reason}", end="")
    print(f"\n{sum(found['seconds'].values()):.0f} s; written to {path}")


def about(device: torch.device) -> dict[str, Any]:
    """What figures are of."""
    gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if gpu else f"{platform.processor() or platform.machine()} (CPU)",
        "torch": torch.__version__,
        "cuda": torch.version.cuda if gpu else None,
        "cudnn": torch.backends.cudnn.version() if gpu else None,
    }


def line(figure: Figure) -> str:
    """A row of the table."""
    wanted = f"  (wanted: {figure.wanted})" if figure.wanted else ""
    details = ", ".join(f"{name} {shown(value)}" for name, value in figure.details.items())
    return f"  {figure.what:<52} {shown(figure.value):>10} {figure.unit}{wanted}{f'  [{details}]' if details else ''}"


def shown(value: object) -> str:
    """A number to three digits."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def write(path: Path, found: dict[str, Any]) -> None:
    """The figures so far, as a whole file."""
    with beside(path, folder=False) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        move_in(temporary, path)


if __name__ == "__main__":
    main()
