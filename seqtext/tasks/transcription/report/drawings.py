"""Which utterance and which noise the pictures of a transcriber's report show. How they are drawn, `pictures` knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqtext.reporting.class_pictures import confusion_matrix
from seqtext.tasks.transcription.hearing import normalised_frames
from seqtext.tasks.transcription.report.metrics import Listened, mistaken
from seqtext.tasks.transcription.report.pictures import in_noise, utterance
from seqtext.tasks.transcription.transcriber import Transcriber

MOST_CONFUSED = 60  # symbols of a picture of which was taken for which
USUAL_SYMBOLS = 4  # of the utterance that is drawn


def draw(task: Transcriber, listened: Listened, noise: Mapping[str, Any] | None, folder: Path) -> list[str]:
    """Draws all that there is into `folder`; returns the names of the files.

    Args:
        task: with the chosen weights, on the CPU.
        listened: test strings.
        noise: `noise` of report/metrics.json, or None.
        folder: report/ of the run.
    """
    drawn = ["utterance.png"]
    draw_utterance(task, listened, folder / drawn[0])
    counts = mistaken(task, listened)
    if 1 < len(counts) <= MOST_CONFUSED and counts.sum():
        confusion_matrix(counts, task.alphabet.symbols, folder / "confusion.png", unit="symbols")
        drawn.append("confusion.png")
    if noise is not None:
        in_noise(noise["decibels"], noise["strings_right"], folder / "noise.png")
        drawn.append("noise.png")
    return drawn


@torch.inference_mode()
def draw_utterance(task: Transcriber, listened: Listened, path: Path) -> None:
    """The first string of about the usual number of symbols."""
    lengths = np.array([len(said) for said in listened.said.symbols])
    row = int(np.abs(lengths - USUAL_SYMBOLS).argmin())
    batch = listened.examples.batch(np.array([row]))
    frames = normalised_frames(batch.samples, task.config)
    hidden = task.model.hidden(frames)
    probabilities = task.model.head(hidden.values).softmax(-1)[0]
    found = task.transcript(listened.written[row])
    utterance(
        frames.values[0].numpy(),
        hidden.values[0].numpy(),
        probabilities.numpy(),
        task.alphabet.symbols,
        [(symbol.seconds, symbol.text) for symbol in found.symbols],
        probabilities.shape[0] * task.config.seconds_per_step,
        path,
        text=task.config.separator.join(listened.said.symbols[row]),
    )
