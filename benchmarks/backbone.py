"""One training step of the `Backbone`, forward and backward, against its own matrix products, the bare torch layer, and packing.

    python benchmarks/backbone.py --quick                  # one size, under a minute
    python benchmarks/backbone.py --hidden 256 512         # all cells, fp32 and bf16
    python benchmarks/backbone.py --device cuda            # two layers, batches of 64 and 512 rows

Prints a line for each cell, size and precision: the rate of the bare matrix products of such a step, in GFLOP/s (all steps at once for
the inputs, one step after the other for the recurrence, and the four products of the backward pass: what no implementation can
leave out); then, as shares of that rate, ours, torch's own module on the same padded batch with the same weights, and the same module on
packed rows, as most toolkits call it. 1 would be a step of products alone. The last column is ours over torch's: 1 or more is what we
want, though ours also blanks the padding and checks the lengths, which torch leaves to its caller. Only real steps count as work.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import get_args

import numpy as np
import torch
from made_up import token_lengths
from side_by_side import take_turns
from torch import Tensor, nn

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.padded import Padded
from seqtext.nn.backbone import Backbone, Cell
from seqtext.nn.precision import autocast, choose_device, choose_precision, exact_fp32, set_threads
from seqtext.options import Precision

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--cells", nargs="+", choices=get_args(Cell), default=["rnn", "gru", "lstm"])
    parser.add_argument("--hidden", nargs="+", type=int, help="default: 256 512, on a GPU 256 512 1024")
    parser.add_argument("--tokens", type=int, default=8192, help="padded steps of a batch on the CPU")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--quick", action="store_true", help="hidden 256 alone")
    options = parser.parse_args()
    device = choose_device(options.device)
    threads = set_threads(options.threads)
    gpu = device.type == "cuda"
    hidden = [256] if options.quick else options.hidden or ([256, 512, 1024] if gpu else [256, 512])
    precisions: list[Precision] = ["fp32"] if choose_precision("auto", device) == "fp32" else ["fp32", "bf16"]
    precisions += ["fp16"] if gpu else []
    batches = [rows_of_like_length(rows) for rows in (64, 512)] if gpu else [batch_of(options.tokens)]
    layers = 2 if gpu else 1  # several show what a stack of single layers costs against one module of several
    where = torch.cuda.get_device_name(device) if gpu else f"{threads} CPU threads"
    print(f"one training step, {layers} layer(s), {where}; shares of the rate of the matrix products alone, 1 is best")
    print("cell  hidden precision  rows steps  GFLOP/s    ours   torch  packed  ours / torch")
    worst = (float("inf"), "")
    for lengths in batches:
        for cell in options.cells:
            for size in hidden:
                for precision in precisions:
                    line, ratio = compare(cell, size, layers, lengths, precision, device, options.rounds)
                    print(line, flush=True)
                    worst = min(worst, (ratio, f"{cell} {size} {precision}, {len(lengths)} rows"))
    print(f"least share, ours over torch's: {worst[0]:.3f} ({worst[1]})")
    if not gpu:
        print("no GPU used: several layers, fp16 and batches of 64 and 512 rows are skipped (--device cuda)")


def batch_of(tokens: int) -> Tensor:
    """(B,) lengths of the middle batch of an epoch over news, as training makes them."""
    lengths = token_lengths(20_000)
    epoch = BatchPlan(lengths, tokens=tokens, seed=0).in_order_of_length()
    [rows] = epoch.step(len(epoch) // 2)
    return torch.from_numpy(lengths[rows].astype(np.int64))


def rows_of_like_length(rows: int) -> Tensor:
    """(rows,) lengths of neighbours in length, around the median of news."""
    lengths = np.sort(token_lengths(20_000))
    return torch.from_numpy(lengths[10_000 : 10_000 + rows].astype(np.int64))


def compare(
    cell: Cell, size: int, layers: int, lengths: Tensor, precision: Precision, device: torch.device, rounds: int
) -> tuple[str, float]:
    """A line of the table, and ours over torch's share."""
    torch.manual_seed(0)
    ours = Backbone(input_size=size, hidden_size=size, num_layers=layers, cell=cell).to(device)
    bare = MODULES[cell](size, size, num_layers=layers, batch_first=True).to(device)
    weights = {
        f"{name.removesuffix('0')}{n}": w for n, layer in enumerate(ours.layers) for name, w in layer.named_parameters()
    }
    bare.load_state_dict(weights)
    x = torch.randn(len(lengths), int(lengths.max()), size, device=device, requires_grad=True)
    dtype = TYPES[precision]
    gradient = torch.randn_like(x).to(dtype)
    batch = Padded(x, lengths)

    def trained(module: nn.Module, forward: Callable[[], Tensor]) -> Callable[[], None]:
        def step() -> None:
            module.zero_grad(set_to_none=True)
            x.grad = None
            with autocast(precision, device):
                y = forward()
            with exact_fp32():
                torch.autograd.backward(y, gradient.to(y.dtype))

        return step

    def packed() -> Tensor:
        rows = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(bare(rows)[0], batch_first=True)[0]

    times = take_turns(
        {
            "products": products(len(lengths), x.shape[1], size, GATES[cell], layers, dtype, device),
            "ours": trained(ours, lambda: ours(batch).values),
            "torch": trained(bare, lambda: bare(x)[0]),
            "packed": trained(bare, packed),
        },
        rounds=rounds,
        calls=10 if device.type == "cuda" else 1,
        device=device,
    )
    steps = len(lengths) * x.shape[1]
    real = int(lengths.sum()) / steps
    rate = layers * 3 * 2 * steps * GATES[cell] * size * 2 * size / times.median("products") / 1e9
    shares = "".join(f"{real * times.ratio('products', name):8.2f}" for name in ("ours", "torch", "packed"))
    ratio = times.ratio("torch", "ours")
    return f"{cell:<5} {size:6} {precision:>9} {len(lengths):5} {x.shape[1]:5} {rate:8.0f}{shares}{ratio:14.3f}", ratio


def products(
    rows: int, steps: int, size: int, gates: int, layers: int, dtype: torch.dtype, device: torch.device
) -> Callable[[], None]:
    """The matrix products of one training step and nothing else: into memory that is there already."""
    w, u = (torch.randn(gates * size, size, device=device).to(dtype) for _ in "wu")  # (gH, D), (gH, H)
    x, h = (torch.randn(steps * rows, size, device=device).to(dtype) for _ in "xh")  # (T*B, D), (T*B, H)
    g = torch.randn(steps * rows, gates * size, device=device).to(dtype)  # (T*B, gH), the gradient of the gates
    wide, narrow, square = torch.empty_like(g), torch.empty_like(x), torch.empty_like(w)

    def run() -> None:
        for _ in range(layers):
            torch.mm(x, w.t(), out=wide)
            for state, gate in zip(h.split(rows), wide.split(rows), strict=True):
                torch.mm(state, u.t(), out=gate)
            for gradient, state in zip(g.split(rows), narrow.split(rows), strict=True):
                torch.mm(gradient, u, out=state)
            torch.mm(g, w, out=narrow)
            torch.mm(g.t(), x, out=square)
            torch.mm(g.t(), h, out=square)

    return run


if __name__ == "__main__":
    main()
