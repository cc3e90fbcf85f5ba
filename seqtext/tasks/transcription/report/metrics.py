"""How well a transcriber hears: words wrong, missing and too many, whole strings right, delays, each speaker. Knows a task, no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seqtext.data.audio.recordings import SPEAKER, TEXT
from seqtext.data.audio.splits import column_texts
from seqtext.tasks.transcription.alphabet import normalised, symbols_of
from seqtext.tasks.transcription.decoding import Written, greedy
from seqtext.tasks.transcription.edits import Edits, compare
from seqtext.tasks.transcription.encode import encode, single
from seqtext.tasks.transcription.hearing import normalised_frames
from seqtext.tasks.transcription.rows import SoundRows
from seqtext.tasks.transcription.settings import TranscriptionConfig
from seqtext.tasks.transcription.transcriber import STEPS_AT_ONCE, Transcriber

if TYPE_CHECKING:
    from datasets import Dataset

MOST_SCORED = 200  # symbols between which single ones are told apart


class Said(NamedTuple):
    """What is said in each string.

    Attributes:
        symbols: one by one.
        ends: seconds at which each has been said; None where nobody knows.
        speakers: who speaks; "" where nobody knows.
    """

    symbols: list[list[str]]
    ends: list[list[float]] | None
    speakers: list[str]


class Listened(NamedTuple):
    """Strings, what is said in them, and what was written.

    Attributes:
        examples: the strings.
        said: in each.
        written: by the model.
    """

    examples: SoundRows
    said: Said
    written: list[Written]

    def texts(self, alphabet: Sequence[str]) -> list[list[str]]:
        """The symbols that were written."""
        return [[alphabet[number - 1] for number in one.symbols] for one in self.written]


def listen(task: Transcriber, rows: Dataset, *, ends: list[list[float]] | None = None) -> Listened:
    """What a transcriber writes of the strings of some rows.

    Args:
        task: the transcriber.
        rows: of recordings.
        ends: seconds at which each symbol has been said, where it is known of recordings by themselves.
    """
    examples = encode(task.config, task.alphabet, rows, task._known)
    config, strings = task.config, examples.strings
    recordings = recorded_symbols(rows, config)
    who = column_texts(rows, SPEAKER)
    parts = [strings.parts[first:last] for first, last in zip(strings.starts[:-1], strings.starts[1:], strict=True)]
    said = [[symbol for part in some for symbol in recordings[part]] for some in parts]
    if config.joined > 1 and all(len(symbols) == 1 for symbols in recordings):
        over = (strings.offsets + strings.sizes) / config.rate
        ends = [over[first:last].tolist() for first, last in zip(strings.starts[:-1], strings.starts[1:], strict=True)]
    speakers = [who[some[0]] if len(some) else "" for some in parts]
    return Listened(examples, Said(said, ends, speakers), written_of(task, examples))


def recorded_symbols(rows: Dataset, config: TranscriptionConfig) -> list[list[str]]:
    """What is said in each recording, also in symbols that cannot be written."""
    texts = (normalised(text, lowercase=config.lowercase) for text in column_texts(rows, TEXT))
    return [symbols_of(text, config.separator) for text in texts]


@torch.inference_mode()
def written_of(task: Transcriber, examples: SoundRows) -> list[Written]:
    """What a stream would write of each string."""
    task.model.eval()
    found: list[Written] = [Written([], [])] * len(examples)
    plan = examples.plan(tokens=STEPS_AT_ONCE, seed=0, micro_batches=1, max_rows=1024)
    for [rows] in plan.in_order_of_length():
        outputs = task.model(normalised_frames(examples.batch(rows).to(task.device).samples, task.config))
        best = outputs.values.argmax(-1).cpu().numpy()
        for row, one, steps in zip(rows.tolist(), best, outputs.lengths.tolist(), strict=True):
            found[row] = greedy(one[:steps])
    return found


def word_figures(
    said: Sequence[Sequence[str]], written: Sequence[Sequence[str]], config: TranscriptionConfig
) -> dict[str, Any]:
    """Errors of words over all strings; a word is a symbol where symbols are words, and else what stands between blanks."""
    return _figures([compare(*pair) for pair in zip(_words(said, config), _words(written, config), strict=True)])


def string_figures(task: Transcriber, listened: Listened) -> dict[str, Any]:
    """`test` of report/metrics.json, but for single symbols."""
    said, written = listened.said, listened.texts(task.alphabet.symbols)
    figures = word_figures(said.symbols, written, task.config)
    if not task.config.words_are_symbols:
        edits = [compare(*pair) for pair in zip(said.symbols, written, strict=True)]
        figures["symbol_error_rate"] = sum(edit.total for edit in edits) / max(sum(edit.length for edit in edits), 1)
    figures["delay_ms"] = delays(task, listened)
    names = sorted({*said.speakers} - {""})
    if len(names) > 1:
        of_speaker = {name: [n for n, who in enumerate(said.speakers) if who == name] for name in names}
        figures["by_speaker"] = {
            name: word_figures([said.symbols[n] for n in places], [written[n] for n in places], task.config)
            for name, places in of_speaker.items()
        }
    return figures


def delays(task: Transcriber, listened: Listened) -> dict[str, float] | None:
    """Milliseconds from the end of a symbol to when it is written, of those that are right; None where ends are not known."""
    if listened.said.ends is None:
        return None
    config, symbols = task.config, task.alphabet.symbols
    found = []
    for said, ends, one in zip(listened.said.symbols, listened.said.ends, listened.written, strict=True):
        written = [symbols[number - 1] for number in one.symbols]
        for place, other in compare(said, written).pairs:
            if place is not None and other is not None and said[place] == written[other]:
                when = (one.steps[other] + 1 + config.ahead) * config.seconds_per_step
                found.append(1000 * (when - ends[place]))
    if not found:
        return None
    return {"median": float(np.median(found)), "p90": float(np.percentile(found, 90)), "symbols": len(found)}


def mistaken(task: Transcriber, listened: Listened) -> NDArray[np.int64]:
    """(C, C) how often each symbol was taken for which, of those that were written side by side."""
    numbers = {symbol: number for number, symbol in enumerate(task.alphabet.symbols)}
    counts = np.zeros((len(numbers), len(numbers)), dtype=np.int64)
    for said, written in zip(listened.said.symbols, listened.texts(task.alphabet.symbols), strict=True):
        for place, other in compare(said, written).pairs:
            if place is not None and other is not None and said[place] in numbers:
                counts[numbers[said[place]], numbers[written[other]]] += 1
    return counts


class Singles(NamedTuple):
    """Recordings of a single symbol each: which it is, and which is the likeliest of all."""

    true: NDArray[np.int64]
    chosen: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return float((self.true == self.chosen).mean())


@torch.inference_mode()
def singles(task: Transcriber, rows: Dataset) -> Singles | None:
    """Each recording by itself, one symbol of which is to be chosen: that with the highest probability over all ways to write it.

    None where recordings hold more, or symbols that cannot be written, or there are too many to try each.
    """
    symbols = recorded_symbols(rows, task.config)
    numbers = {symbol: number for number, symbol in enumerate(task.alphabet.symbols)}
    if not all(len(one) == 1 and one[0] in numbers for one in symbols) or not 1 < len(numbers) <= MOST_SCORED:
        return None
    task.model.eval()
    examples = single(task.config, task.alphabet, rows, task._known)
    chosen = np.zeros(len(examples), dtype=np.int64)
    plan = examples.plan(tokens=STEPS_AT_ONCE, seed=0, micro_batches=1, max_rows=64)
    for [some] in plan.in_order_of_length():
        outputs = task.model(normalised_frames(examples.batch(some).to(task.device).samples, task.config))
        chosen[some] = _likeliest(outputs.values, outputs.lengths, len(numbers)).cpu().numpy()
    return Singles(np.array([numbers[one[0]] for one in symbols]), chosen)


def _likeliest(logits: Tensor, lengths: Tensor, symbols: int) -> Tensor:
    """(B,) the single symbol, from 0, that is likeliest to be all that is written."""
    rows = len(logits)
    logs = F.log_softmax(logits.float(), dim=-1).repeat_interleave(symbols, dim=0).transpose(0, 1)
    targets = torch.arange(1, symbols + 1, device=logits.device).repeat(rows).unsqueeze(1)
    ones = torch.ones(rows * symbols, dtype=torch.int64)
    losses = F.ctc_loss(logs, targets, lengths.repeat_interleave(symbols), ones, reduction="none")
    return losses.view(rows, symbols).argmin(1)


def _words(texts: Sequence[Sequence[str]], config: TranscriptionConfig) -> list[list[str]]:
    if config.words_are_symbols:
        return [list(text) for text in texts]
    return ["".join(text).split() for text in texts]


def _figures(edits: Sequence[Edits]) -> dict[str, Any]:
    words = sum(edit.length for edit in edits)
    return {
        "strings": len(edits),
        "words": words,
        "word_error_rate": sum(edit.total for edit in edits) / max(words, 1),
        "substitutions": sum(edit.substitutions for edit in edits),
        "insertions": sum(edit.insertions for edit in edits),
        "deletions": sum(edit.deletions for edit in edits),
        "strings_right": sum(edit.total == 0 for edit in edits) / max(len(edits), 1),
    }


def told(figures: Mapping[str, Any]) -> str:
    """Errors of words as a clause."""
    kinds = ", ".join(f"{figures[kind]:,} {kind}" for kind in ("substitutions", "insertions", "deletions"))
    return (
        f"word error rate {figures['word_error_rate']:.2%} ({kinds}), {figures['strings_right']:.1%} of strings right"
    )
