"""A split of pairs as ids on disk, each pair as an epoch sees it. Knows rows, tokenizers and how pairs are augmented, no models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from seqtext.data.text.encoding import EncodingReport, chunked, encode_to_disk, texts_of
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.tasks.translation.augmentation import Augmentation, Pair
from seqtext.tasks.translation.rows import PairRows

if TYPE_CHECKING:
    from datasets import Dataset

AT_ONCE = 1000  # pairs


def pairs_of(rows: Dataset, columns: tuple[str, str]) -> Iterator[Pair]:
    """The pairs of a split."""
    source, target = (chain.from_iterable(texts_of(rows, column)) for column in columns)
    return zip(source, target, strict=True)


def encode_pairs(
    rows: Dataset,
    columns: tuple[str, str],
    tokenizers: tuple[Tokenizer, Tokenizer],
    augmentation: Augmentation,
    *,
    max_length: int,
    epoch_seed: int | None,
    subword_sampling: bool,
) -> tuple[PairRows, EncodingReport, EncodingReport]:
    """A split as ids, with what was met in the sources and in the targets.

    Args:
        rows: with texts in both columns.
        columns: of source and target.
        tokenizers: of source and target.
        augmentation: of the pairs.
        max_length: tokens of a side that are kept.
        epoch_seed: of what is drawn for an epoch; None draws nothing.
        subword_sampling: whether words are then cut into other pieces too.
    """
    from seqtext.data.reading.fingerprint import fingerprint

    content = f"{fingerprint(rows, list(columns))}|{augmentation.kind}|{'|'.join(one.sha256 for one in tokenizers)}"

    def side(number: int) -> Iterator[list[str]]:
        return chunked((pair[number] for pair in augmentation(pairs_of(rows, columns), epoch_seed)), AT_ONCE)

    (source, read), (target, written) = (
        encode_to_disk(
            lambda number=number: side(number),  # type: ignore[misc]
            tokenizer,
            keep=slice(0, max_length),
            fingerprint=f"{content}|{number}",
            sampling_seed=2 * epoch_seed + number if epoch_seed is not None and subword_sampling else None,
            kept=epoch_seed is None,
        )
        for number, tokenizer in enumerate(tokenizers)
    )
    return PairRows(source, target), read, written
