"""Small transcribers and recordings for tests: weights that write often, whatever they hear."""

from __future__ import annotations

from pathlib import Path

import datasets
import numpy as np
import torch

from seqtext.data.audio.recordings import Recording, recording_rows
from seqtext.data.audio.wav import write_wav
from seqtext.tasks.transcription.transcriber import Transcriber

SMALL = {"hidden_size": 12, "embedding_size": 10, "num_layers": 2, "bands": 16, "tail_ms": 100}
PITCHES = {"a": 400, "b": 700, "c": 1100, "d": 1700}


def spoken(word: str, seed: int, *, rate: int = 8000, seconds: float = 0.12) -> np.ndarray:
    """A word that is one tone, in a little noise."""
    draw = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds * draw.uniform(0.8, 1.2))) / rate
    wave = 0.3 * np.sin(2 * np.pi * PITCHES[word] * time) * np.minimum(1, np.minimum(time, time[::-1]) / 0.01)
    return (wave + 0.003 * draw.standard_normal(len(time))).astype(np.float32)


def rows(count: int = 40, *, seed: int = 0, rate: int = 8000) -> datasets.Dataset:
    """Recordings of single words by two speakers."""
    words = [list(PITCHES)[number % 4] for number in range(count)]
    return recording_rows(
        [
            Recording(
                write_wav(spoken(word, 1000 * seed + number, rate=rate), rate),
                "",
                word,
                "ann" if number % 8 < 4 else "bob",
            )
            for number, word in enumerate(words)
        ]
    )


def write_recordings(folder: Path, takes: int = 20) -> Path:
    """A folder of such recordings, named by word, speaker and take."""
    folder.mkdir(parents=True, exist_ok=True)
    for word in PITCHES:
        for number, who in enumerate(("ann", "bob")):
            for take in range(takes):
                seed = hash_free(word, number, take)
                (folder / f"{word}_{who}_{take}.wav").write_bytes(write_wav(spoken(word, seed), 8000))
    return folder


def hash_free(word: str, who: int, take: int) -> int:
    """A seed that is the same in every process."""
    return ord(word) * 1000 + who * 100 + take


def chatty(**settings) -> Transcriber:
    """A transcriber whose random weights write a symbol every few steps."""
    task = Transcriber.from_data(rows(), **{**SMALL, **settings})
    task.model.eval()
    with torch.no_grad():
        for layer in task.model.backbone.layers:
            layer.get_parameter("weight_ih_l0").mul_(4)
        outputs = task.outputs(noise(1.0, seed=99))
        scale = 4 / outputs.std(0)  # every symbol, and nothing, is now the likeliest as often as any other
        task.model.head.weight.mul_(scale.unsqueeze(1))
        task.model.head.bias.mul_(scale).sub_(outputs.mean(0) * scale)
    return task


def noise(seconds: float, seed: int = 0, rate: int = 8000) -> np.ndarray:
    """Something that makes it write."""
    draw = np.random.default_rng(seed)
    count = int(seconds * rate)
    wave = draw.standard_normal(count) * np.repeat(draw.uniform(0, 0.3, count // 400 + 1), 400)[:count]
    return wave.astype(np.float32)
