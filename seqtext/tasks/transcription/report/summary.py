"""What is known before a transcriber is trained: recordings, symbols, frames, model. All of it is printed, and all of `--dry_run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtext.data.audio.encoding import Heard
from seqtext.data.audio.splits import SoundSplits, column_texts
from seqtext.options import TrainingOptions
from seqtext.reporting.summary import counted, encode_splits, summarise
from seqtext.tasks.transcription.encode import heard_once
from seqtext.tasks.transcription.report.metrics import recorded_symbols
from seqtext.tasks.transcription.settings import TranscriptionConfig
from seqtext.tasks.transcription.transcriber import Transcriber

if TYPE_CHECKING:
    from datasets import Dataset

SHOWN = 40  # symbols that are named
LONG = 60.0  # seconds: a recording that is longer asks for much memory


def transcription_summary(
    task: Transcriber, data: SoundSplits, options: TrainingOptions
) -> tuple[list[str], dict[str, Any]]:
    """The summary as lines to print, and the part of it that goes to report/metrics.json.

    Raises:
        DataError: naming a recording that cannot be used.
        ResourceError: for a device, precision or tracker that is not there.
    """
    encoded, seconds = encode_splits(task, task.encode, data, options)
    config, examples = task.config, encoded["train"]
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    rows = {name: len(part) for name, part in splits.items()}
    heard = {name: heard_once(part, config.rate, task._known) for name, part in splits.items()}
    lengths = heard["train"].samples.lengths.numpy() / config.rate
    low, median, high, most = np.percentile(lengths, [5, 50, 95, 100])
    warnings = list(data.warnings)
    for name, part in splits.items():
        warnings += odd_recordings(name, part, heard[name], config)
    if most > LONG:
        warnings.append(
            f"the longest training recording has {most:.0f} s, and is read at once: cut it, or mind the memory"
        )
    notes = [*data.notes, *other_rates(heard.values(), config.rate)]
    speakers = {name: len({*column_texts(part, "speaker")} - {""}) for name, part in splits.items()}
    strings = (
        [f"strings     of 1 to {config.joined} recordings, other ones every epoch: {len(examples):,} in the first"]
        if config.joined > 1
        else []
    )
    lines, figures = summarise(
        task,
        examples,
        encoded["validation"],
        options,
        first=[
            f"recordings  {counted(rows)}"
            + (f"; {speakers['train']} speakers in training" if speakers["train"] else ""),
            f"            {lengths.sum() / 60:,.1f} minutes of training; one has {median:.2f} s (median), {low:.2f} to {high:.2f}"
            f" (90 % of them), {most:.2f} at most",
            f"symbols     {len(config.alphabet)}: {' '.join(config.alphabet[:SHOWN])}",
            *strings,
            f"frames      {config.bands} bands every {config.hop_ms} ms of {config.window_ms} ms, {config.rate:,} samples per second",
            f"outputs     every {1000 * config.seconds_per_step:g} ms, of {config.stack} frames"
            + (f", {1000 * config.ahead * config.seconds_per_step:g} ms behind" if config.ahead else ""),
        ],
        batch=f"{options.batch_tokens * config.seconds_per_step * options.gradient_accumulation:,.0f} s of sound",
        notes=notes,
        warnings=warnings,
        encoding_seconds=seconds,
    )
    return lines, {
        "rows": rows,
        "minutes": {name: float(part.samples.lengths.sum()) / config.rate / 60 for name, part in heard.items()},
        "speakers": speakers,
        "test_recordings_in_train": data.duplicates,
        **figures,
    }


def odd_recordings(name: str, rows: Dataset, heard: Heard, config: TranscriptionConfig) -> list[str]:
    """What the user should look at in a split: symbols that the model cannot write, and silence."""
    told = []
    unknown = {symbol for one in recorded_symbols(rows, config) for symbol in one} - {*config.alphabet}
    if unknown:
        some = ", ".join(map(repr, sorted(unknown)[:10]))
        told.append(f"split {name!r}: {len(unknown):,} symbols that are not in training, and never written: {some}")
    if heard.silent:
        told.append(f"split {name!r}: {heard.silent:,} recordings are silent throughout")
    return told


def other_rates(heard: Iterable[Heard], rate: int) -> list[str]:
    """A line where recordings had other rates than the model hears."""
    others = Counter[int]()
    for part in heard:
        others.update({other: count for other, count in part.rates.items() if other != rate})
    told = ", ".join(f"{count:,} of {other:,}" for other, count in sorted(others.items()))
    return [f"resampled to {rate:,} samples per second: recordings {told}"] if others else []
