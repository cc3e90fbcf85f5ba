"""From texts to `Ragged` ids on disk: in chunks, cached by content, with what was met on the way. Knows no labels and no models."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqtext.batching.ragged import Ragged, write_ragged
from seqtext.data.reading.cache import cache_folder, no_space
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import BEGIN, LONGEST_TEXT, TRAINING_CHARACTERS

if TYPE_CHECKING:
    from datasets import Dataset

Item = TypeVar("Item")
_MEASURED = 20_000  # texts, to know how many characters all have


class AnyTokenizer(Protocol):
    """Texts to ids: what encoding and summaries need of a tokenizer, of pieces or of words."""

    normaliser: Normaliser
    sha256: str

    def encode(
        self, texts: Sequence[str], *, keep: slice = slice(None), sampling_seed: int | None = None
    ) -> list[list[int]]:
        """Ids of each text; an empty one is the single id `BEGIN`."""
        ...

    def count_bytes(self, ids: NDArray[np.int32]) -> int:
        """How many ids spell unknown characters, or stand for unknown words."""
        ...

    def commonest_unknown(self, texts: Iterable[str], count: int = 10) -> list[str]:
        """What is most often unknown, to name in a warning."""
        ...


@dataclass
class EncodingReport:
    """What encoding met: counts of texts, and of ids that spell unknown characters in bytes.

    Attributes:
        texts: encoded.
        empty: of them without a character.
        cut: of them longer than what is kept.
        in_windows: of them longer than what is read at once, and read in several windows.
        tokens: ids of all texts.
        byte_tokens: of them that are bytes.
    """

    texts: int = 0
    empty: int = 0
    cut: int = 0
    in_windows: int = 0
    tokens: int = 0
    byte_tokens: int = 0

    @property
    def byte_share(self) -> float:
        """The share of ids that are bytes."""
        return self.byte_tokens / max(self.tokens, 1)


def encode_chunk(
    texts: list[str],
    tokenizer: AnyTokenizer,
    *,
    keep: slice,
    report: EncodingReport,
    sampling_seed: int | None = None,
) -> list[list[int]]:
    """Ids of some texts, each cut to `keep`, counted in `report`."""
    rows = tokenizer.encode(texts, keep=keep, sampling_seed=sampling_seed)
    report.texts += len(rows)
    report.empty += sum(row == [BEGIN] for row in rows)
    kept = [row[keep] for row in rows]
    report.cut += sum(len(short) < len(row) for short, row in zip(kept, rows, strict=True))
    return kept


def encode_to_disk(
    chunks: Callable[[], Iterable[list[str]]],
    tokenizer: AnyTokenizer,
    *,
    keep: slice,
    fingerprint: str,
    sampling_seed: int | None = None,
    ending: int | None = None,
    kept: bool = True,
) -> tuple[Ragged, EncodingReport]:
    """Ids of all texts as a memory-mapped `Ragged`, made once per content, tokenizer and cut; made again if they were changed since.

    Args:
        chunks: called when the ids are not in the cache; gives the texts in lists.
        tokenizer: with its normaliser.
        keep: the part of each text's ids that is kept.
        fingerprint: of the content of the texts.
        sampling_seed: draws another segmentation; such ids are not kept, since every epoch draws its own.
        ending: id put behind each text, which makes them one stream; an empty text is then this id alone.
        kept: whether the cache is to have them; not if the texts are those of one epoch.

    Raises:
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    root = cache_folder("encoded")
    parts = [fingerprint, tokenizer.sha256, str(tokenizer.normaliser), str(keep)]
    parts += [] if ending is None else [f"ending {ending}"]
    target = root / hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    kept = kept and sampling_seed is None
    if kept and (report := _kept(target)):
        return Ragged.open(target), report
    try:
        with tempfile.TemporaryDirectory(dir=root, ignore_cleanup_errors=True) as name:
            temporary, report = Path(name), EncodingReport()
            write_ragged(temporary, _arrays(chunks(), tokenizer, keep, report, sampling_seed, ending))
            ids = Ragged.open(temporary)  # the mapping outlives the name, and the file where it goes
            if kept:
                made = {"report": asdict(report), "sha256": _sha256(temporary)}
                (temporary / "report.json").write_text(json.dumps(made))
                shutil.rmtree(target, ignore_errors=True)  # if there is one, it is damaged
                with suppress(OSError):  # another process was first, with the same content
                    temporary.rename(target)
            return ids, report
    except OSError as error:
        raise no_space(error) from None


def _kept(folder: Path) -> EncodingReport | None:
    """What was met when a folder's ids were made; None if there are none, or not those that were written."""
    try:
        found = json.loads((folder / "report.json").read_bytes())
        return EncodingReport(**found["report"]) if found["sha256"] == _sha256(folder) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _sha256(folder: Path) -> list[str]:
    """Hashes of values and starts: a changed id would be trained on silently, and hashing costs little beside one epoch."""
    hashes = []
    for path in sorted(folder.glob("*.bin")):
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashes


def _arrays(
    chunks: Iterable[list[str]],
    tokenizer: AnyTokenizer,
    keep: slice,
    report: EncodingReport,
    seed: int | None,
    ending: int | None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number, texts in enumerate(chunks):
        chunk_seed = None if seed is None else _mix(seed, number)
        rows = encode_chunk(texts, tokenizer, keep=keep, report=report, sampling_seed=chunk_seed)
        if ending is not None:
            rows = [[ending] if row == [BEGIN] else [*row, ending] for row in rows]
        lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
        values = np.fromiter((i for row in rows for i in row), dtype=np.int32, count=int(lengths.sum()))
        report.tokens += len(values)
        report.byte_tokens += tokenizer.count_bytes(values)
        yield values, lengths


def _mix(seed: int, number: int) -> int:
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


def chunked(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of at most `size` items, as they come."""
    chunk: list[Item] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def learning_texts(rows: Dataset, column: str, *, most: float = TRAINING_CHARACTERS) -> Iterator[str]:
    """The texts that a tokenizer learns from.

    Args:
        rows: of training.
        column: of the texts.
        most: characters that it looks at; of more, rows spread evenly, since files are often sorted by class or language.
    """
    some = spread(rows, _MEASURED)
    lengths = [min(len(text), LONGEST_TEXT) for chunk in texts_of(some, column) for text in chunk if text]
    there = sum(lengths) * len(rows) / max(len(some), 1)
    if there > most:
        rows = spread(rows, int(len(rows) * 0.95 * most / there))  # a little less, or the last rows would be missed
    return (text for chunk in texts_of(rows, column) for text in chunk)


def spread(rows: Dataset, count: int) -> Dataset:
    """So many rows, spread evenly; all if there are no more."""
    if len(rows) <= count:
        return rows
    return rows.select(np.linspace(0, len(rows) - 1, max(count, 1)).astype(np.int64))


def texts_of(rows: Dataset, column: str) -> Iterator[list[str]]:
    """The texts of a column in lists, without a copy of the column."""
    from seqtext.data.reading.column_arrays import column_arrays

    return (array.to_pylist() for array in column_arrays(rows, column))
