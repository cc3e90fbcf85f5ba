"""What a transcriber has to beat: of telephone keys the Goertzel detector, of single words a logistic regression on averaged frames."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.padded import Padded
from seqtext.builtin.touch_tones import HIGH, KEYS, LOW
from seqtext.data.audio.frames import frames_of
from seqtext.reporting.baseline import Baseline
from seqtext.tasks.transcription.encode import heard_once
from seqtext.tasks.transcription.report.metrics import recorded_symbols
from seqtext.tasks.transcription.transcriber import Transcriber

if TYPE_CHECKING:
    from datasets import Dataset

STRETCHES = 8  # of time, over each of which frames are averaged
_BLOCK, _STEP = 205, 51  # samples of 8,000 in a second: the usual block, and a quarter of it
_SHARE = 0.25  # of a block's power that both tones together have at least
_ABOVE = 2.0  # times the next tone of its group that the strongest has at least


def goertzel(samples: Sequence[NDArray[np.float32]]) -> Baseline[list[list[str]]]:
    """Keys by the power at their seven pitches, in blocks of 26 ms: a key is written where two blocks in a row have it."""
    started = time.perf_counter()
    found = [_keys(one) for one in samples]
    description = "Goertzel detector: the power at the seven pitches in blocks of 205 samples, two in a row"
    return Baseline("Goertzel detector", description, found, time.perf_counter() - started)


def _keys(samples: NDArray[np.float32]) -> list[str]:
    padded = np.concatenate([samples, np.zeros(_BLOCK, dtype=np.float32)])
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK)[::_STEP].astype(np.float64)
    angles = 2 * np.pi * np.array([*LOW, *HIGH])[:, None] * np.arange(_BLOCK) / 8000
    waves = np.exp(-1j * angles)  # what the recursion of Goertzel comes to at the end of a block
    power = np.abs(blocks @ waves.T) ** 2 * 2 / _BLOCK  # (n, 7), in units of the block's own sum of squares
    low, high = power[:, : len(LOW)], power[:, len(LOW) :]
    total = np.maximum(np.square(blocks).sum(1), 1e-9)
    share = (low.max(1) + high.max(1)) / total
    clear = [np.sort(group, axis=1)[:, -1] > _ABOVE * np.sort(group, axis=1)[:, -2] for group in (low, high)]
    keys = np.where((share > _SHARE) & clear[0] & clear[1], low.argmax(1) * len(HIGH) + high.argmax(1), -1)
    written: list[str] = []
    last = -1  # the key that is held
    for before, now in pairwise(keys.tolist()):
        if now == before and now != last:
            last = int(now)
            if last >= 0:
                written.append(KEYS[last])
    return written


def logistic_regression(task: Transcriber, train: Dataset, test: Dataset) -> Baseline[NDArray[np.int64]] | None:
    """Single symbols by the frames of a recording, averaged over eight stretches of time. None where training recordings hold more."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    started = time.perf_counter()
    numbers = {symbol: number for number, symbol in enumerate(task.alphabet.symbols)}
    symbols = recorded_symbols(train, task.config)
    if not all(len(one) == 1 for one in symbols):
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(_averages(task, train), [numbers[one[0]] for one in symbols])
    chosen = np.asarray(model.predict(_averages(task, test)), dtype=np.int64)
    description = (
        f"logistic regression on frames averaged over {STRETCHES} stretches of time, of {len(train):,} recordings"
    )
    return Baseline("logistic regression", description, chosen, time.perf_counter() - started)


def _averages(task: Transcriber, rows: Dataset) -> NDArray[np.float64]:
    """(R, 8 M)"""
    samples = heard_once(rows, task.config.rate, task._known).samples
    found = []
    for row in range(len(samples)):
        one = samples[row].unsqueeze(0)
        frames = frames_of(Padded(one, torch.tensor([one.shape[1]])), task.config.frames).values[0].double().numpy()
        cuts = np.linspace(0, len(frames), STRETCHES + 1).astype(int)
        parts = [frames[first : max(last, first + 1)].mean(0) for first, last in pairwise(cuts.tolist())]
        found.append(np.nan_to_num(np.concatenate(parts), nan=float(frames.mean())))
    return np.stack(found)
