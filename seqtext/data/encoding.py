"""From texts to `Ragged` ids on disk: in chunks, cached by content, with what was met on the way. Knows no labels and no models."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from seqtext.batching.ragged import Ragged, write_ragged
from seqtext.data.cache import cache_folder
from seqtext.data.tokenizer import BEGIN, Tokenizer


@dataclass
class EncodingReport:
    """What encoding met: counts of texts, and of ids that spell unknown characters in bytes."""

    texts: int = 0
    empty: int = 0
    cut: int = 0
    tokens: int = 0
    byte_tokens: int = 0

    @property
    def byte_share(self) -> float:
        """The share of ids that are bytes."""
        return self.byte_tokens / max(self.tokens, 1)


def encode_chunk(
    texts: list[str],
    tokenizer: Tokenizer,
    *,
    keep: slice,
    report: EncodingReport,
    sampling_seed: int | None = None,
) -> list[list[int]]:
    """Ids of some texts, each cut to `keep`, counted in `report`."""
    rows = tokenizer.encode(texts, sampling_seed=sampling_seed)
    report.texts += len(rows)
    report.empty += sum(row == [BEGIN] for row in rows)
    kept = [row[keep] for row in rows]
    report.cut += sum(len(short) < len(row) for short, row in zip(kept, rows, strict=True))
    return kept


def encode_to_disk(
    chunks: Callable[[], Iterable[list[str]]],
    tokenizer: Tokenizer,
    *,
    keep: slice,
    fingerprint: str,
    sampling_seed: int | None = None,
) -> tuple[Ragged, EncodingReport]:
    """Ids of all texts as a memory-mapped `Ragged`, made once per content, tokenizer and cut.

    Args:
        chunks: called when the ids are not in the cache; gives the texts in lists.
        tokenizer: with its normaliser.
        keep: the part of each text's ids that is kept.
        fingerprint: of the content of the texts.
        sampling_seed: draws another segmentation; such ids are not kept, since every epoch draws its own.
    """
    root = cache_folder("encoded")
    parts = (fingerprint, tokenizer.sha256, str(tokenizer.normaliser), str(keep))
    target = root / hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    if sampling_seed is None and target.is_dir():
        return Ragged.open(target), EncodingReport(**json.loads((target / "report.json").read_text()))
    temporary = Path(tempfile.mkdtemp(dir=root))
    try:
        report = EncodingReport()
        write_ragged(temporary, _arrays(chunks(), tokenizer, keep, report, sampling_seed))
        (temporary / "report.json").write_text(json.dumps(asdict(report)))
        if sampling_seed is not None:
            return Ragged.open(temporary), report  # the mapping outlives the file, whose name goes now
        try:
            os.rename(temporary, target)
        except OSError:  # another process was first, with the same content
            return Ragged.open(target), report
        return Ragged.open(target), report
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _arrays(
    chunks: Iterable[list[str]], tokenizer: Tokenizer, keep: slice, report: EncodingReport, seed: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number, texts in enumerate(chunks):
        chunk_seed = None if seed is None else _mix(seed, number)
        rows = encode_chunk(texts, tokenizer, keep=keep, report=report, sampling_seed=chunk_seed)
        lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
        values = np.fromiter((i for row in rows for i in row), dtype=np.int32, count=int(lengths.sum()))
        report.tokens += len(values)
        report.byte_tokens += tokenizer.count_bytes(values)
        yield values, lengths


def _mix(seed: int, number: int) -> int:
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
