"""One step of a stream: how long it takes on one thread, and how large the state is, from the first step to the last.

    python benchmarks/streaming.py --quick               # some seconds
    python benchmarks/streaming.py                       # ten times as many steps, and many streams side by side

Sound is pushed in the pieces that a step reads, 20 ms each, through a transcriber of about a million parameters with random weights:
frames, model and the choice of a symbol. p50 and p99 in ms, to stay under 1 ms. The state must not grow. Beside it stands what one core
does with many streams pushed together. Of words that are tagged, `benchmarks/tagging.py` says the same, and how many in a second.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from seqtext.nn.precision import set_threads
from seqtext.tasks.saving import with_new_weights
from seqtext.tasks.transcription.settings import TranscriptionConfig
from seqtext.tasks.transcription.stream import push_together
from seqtext.tasks.transcription.transcriber import Transcriber


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    steps = 500 if parser.parse_args().quick else 5000
    set_threads(1)
    task = made()
    parameters = sum(parameter.numel() for parameter in task.model.parameters())
    print(
        f"transcriber of {parameters:,} parameters, a step every {1000 * task.config.seconds_per_step:g} ms, one thread"
    )
    of_one_stream(task, steps)
    for streams in (8, 64):
        of_many_streams(task, streams, steps // 20)


def made() -> Transcriber:
    """About a million parameters, as large as a transcriber of digits by default and half as much again."""
    flat = {"means": (0.0,) * 40, "deviations": (1.0,) * 40}
    config = TranscriptionConfig(alphabet=tuple("0123456789"), hidden_size=312, **flat)
    return with_new_weights(lambda: Transcriber(config), seed=0)


def of_one_stream(task: Transcriber, steps: int) -> None:
    """Each step by itself."""
    size = task.config.samples_per_step
    sound = np.random.default_rng(0).standard_normal((steps + 50, size)).astype(np.float32)
    stream = task.stream()
    times, sizes = [], set()
    for number, piece in enumerate(sound):
        started = time.perf_counter()
        stream.push(piece)
        if number >= 50:  # before, caches are filled
            times.append(1000 * (time.perf_counter() - started))
            sizes.add(stream.state_bytes)
    p50, p99 = np.percentile(times, [50, 99])
    [state] = sizes  # constant, or this fails
    print(f"one stream: p50 {p50:.3f} ms, p99 {p99:.3f} ms a step; a state of {state:,} bytes, always")


def of_many_streams(task: Transcriber, streams: int, steps: int) -> None:
    """Steps of many streams side by side."""
    size = task.config.samples_per_step
    draw = np.random.default_rng(0)
    opened = [task.stream() for _ in range(streams)]
    times = []
    for _ in range(steps + 3):
        pieces = list(draw.standard_normal((streams, size)).astype(np.float32))
        started = time.perf_counter()
        push_together(opened, pieces)
        times.append(time.perf_counter() - started)
    seconds = float(np.median(times[3:]))
    faster = streams * task.config.seconds_per_step / seconds
    print(f"{streams} streams together: {1000 * seconds:.2f} ms a step, {faster:,.0f} times the speed of time")


if __name__ == "__main__":
    main()
