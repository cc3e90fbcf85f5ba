"""Making windows: as a share of the step they feed, and end to end beside a DataLoader of copied windows; one reading streamed.

    python benchmarks/windows.py --quick                 # under a minute
    python benchmarks/windows.py                         # a longer series, more steps
    python benchmarks/windows.py --readings 50000000     # memory of a series that long (ours alone materialises nothing)

The model is the default one. Beside ours stands what is usually written: a TensorDataset of all windows, copied out of the series, and a
shuffling DataLoader, feeding the same training step; windows per second of both, end to end, and the memory each needs beyond the
series itself. Making windows should take less than 3 % of a step. Then readings are pushed one by one, on one thread, through a
model that carries its state, as `seqtext forecast --follow` does: p50 and p99 in ms, to stay under 1 ms.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from side_by_side import take_turns
from torch.utils.data import DataLoader, TensorDataset

from seqtext.batching.padded import Padded
from seqtext.batching.window_plan import WindowPlan
from seqtext.data.series.series import SeriesSet, whole
from seqtext.nn.precision import choose_device, set_threads
from seqtext.options import TrainingOptions
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.windows import ForecastBatch
from seqtext.training.step import Stepper, make_optimizer

DEFAULT = TrainingOptions()


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--window", type=int, default=96)
    parser.add_argument("--rows", type=int, default=128, help="windows per step")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pushed", type=int, default=5_000, help="readings streamed")
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--quick", action="store_true", help="100,000 readings, 3 rounds, 1,000 readings streamed")
    options = parser.parse_args()
    if options.quick:
        options.readings, options.rounds, options.pushed = 100_000, 3, 1_000
    set_threads(options.threads)
    series = waves(options.readings)
    compare(series, options.window, options.rows, options.rounds, choose_device(options.device))
    set_threads(1)
    follow(series, options.window, options.pushed)


def waves(readings: int) -> SeriesSet:
    """A day's wave with noise: what is in it does not matter to its speed."""
    step = np.arange(readings)
    values = np.sin(step * (2 * np.pi / 96)) + 0.1 * np.random.default_rng(0).standard_normal(readings)
    return SeriesSet(("waves",), values, np.array([0, readings]))


def compare(series: SeriesSet, window: int, rows: int, rounds: int, device: torch.device) -> None:
    """Shares, rates and memory."""
    task = Forecaster.from_data(whole(series), window=window)
    task.model.to(device).train()
    windows = task.encode(whole(series)).to(device)
    plan = windows.plan(tokens=rows * window, seed=0, micro_batches=1, max_rows=rows)
    assert isinstance(plan, WindowPlan)
    epoch, steps = plan.epoch(0), iter(range(10**9))
    optimizer = make_optimizer(task.model, learning_rate=0.0, weight_decay=0.0)
    stepper = Stepper(task, optimizer, precision="fp32", device=device, max_grad_norm=1.0, seed=0)

    def ours() -> None:
        number = next(steps) % (len(epoch) - 1)
        stepper(windows, epoch.step(number), number)

    def making() -> None:
        for rows in epoch.step(next(steps) % (len(epoch) - 1)):
            windows.batch(rows)

    copied = windows.series.values.unfold(
        0, window + 1, 1
    ).clone()  # (R, W + 1): every window, every reading W + 1 times
    loader = DataLoader(TensorDataset(copied[:, :-1], copied[:, -1:]), batch_size=rows, shuffle=True, drop_last=True)
    batches = iter(loader)
    lengths = torch.full((rows,), window)

    class Materialised:
        """Gives the step a batch that the loader made."""

        def batch(self, _: object) -> ForecastBatch:
            nonlocal batches
            try:
                x, y = next(batches)
            except StopIteration:
                batches = iter(loader)
                x, y = next(batches)
            return ForecastBatch(Padded(x.unsqueeze(-1), lengths), y.unsqueeze(1), None, None, torch.arange(rows))

    materialised, none = Materialised(), [np.zeros(rows, dtype=np.int64)]

    def theirs() -> None:
        stepper(materialised, none, 0)  # type: ignore[arg-type]

    times = take_turns({"ours": ours, "making": making, "theirs": theirs}, rounds=rounds, calls=10, device=device)
    rate, step = rows / times.median("ours"), times.median("ours")
    print(f"{len(windows):,} windows of {window} readings, {rows} a step of {1e3 * step:.1f} ms")
    print(f"making windows: {times.ratio('making', 'ours'):.2%} of a step (target below 3 %)")
    print(f"end to end: {rate:,.0f} windows per second, {times.ratio('theirs', 'ours'):.2f} times the DataLoader's")
    beside = copied.numel() * copied.element_size()
    print(f"memory beyond the series: ours 0 MB, materialised {beside / 1e6:,.0f} MB ({window + 1} times the series)")


def follow(series: SeriesSet, window: int, pushed: int) -> None:
    """One reading after the other, on one thread."""
    task = Forecaster.from_data(whole(series), window=window, context="stateful")
    stream = task.stream()
    seconds = np.empty(pushed)
    for number, value in enumerate(series.values[:pushed].tolist()):
        started = time.perf_counter()
        stream.push(value)
        seconds[number] = time.perf_counter() - started
    p50, p99 = np.percentile(seconds[pushed // 10 :] * 1e3, [50, 99])
    print(f"one reading streamed, state carried, one thread: p50 {p50:.3f} ms, p99 {p99:.3f} ms (target below 1 ms)")


if __name__ == "__main__":
    main()
