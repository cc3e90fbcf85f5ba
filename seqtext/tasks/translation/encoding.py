"""A split of pairs as ids on disk, each pair as an epoch sees it. Knows rows, tokenizers and how pairs are augmented, no models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from seqtext.data.text.encoding import EncodingReport, chunked, encode_to_disk, texts_of
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.tasks.translation.augmentation import Augmentation, Pair, counterparts
from seqtext.tasks.translation.copying import Copier
from seqtext.tasks.translation.rows import PairRows
from seqtext.tasks.translation.settings import TranslatorConfig

if TYPE_CHECKING:
    from datasets import Dataset

AT_ONCE = 1000  # pairs


def pairs_of(rows: Dataset, columns: tuple[str, str]) -> Iterator[Pair]:
    """The pairs of a split."""
    source, target = (chain.from_iterable(texts_of(rows, column)) for column in columns)
    return zip(source, target, strict=True)


class PairEncoder:
    """Encodes splits of pairs, each pair as an epoch sees it.

    Args:
        config: of the translator.
        tokenizers: of source and target.
        copier: puts placeholders where something is copied; None if nothing is.
    """

    def __init__(
        self, config: TranslatorConfig, tokenizers: tuple[Tokenizer, Tokenizer], copier: Copier | None
    ) -> None:
        self._config, self._tokenizers, self._copier = config, tokenizers, copier
        self._copying = config.copying if copier is not None else 0.0
        self._small_letters = 0.0 if config.lowercase else config.case_augmentation
        self._words: dict[str, str] | None = None

    @property
    def draws(self) -> bool:
        """Whether every epoch sees the pairs otherwise: augmented, or cut into other pieces."""
        return self._config.subword_sampling or self._copying + self._small_letters > 0

    def __call__(
        self, rows: Dataset, columns: tuple[str, str], *, epoch_seed: int | None
    ) -> tuple[PairRows, EncodingReport, EncodingReport]:
        """A split as ids, with what was met in the sources and in the targets.

        Args:
            rows: with texts in both columns. The first that something is drawn for are those of training, which show what words go
                together.
            columns: of source and target.
            epoch_seed: of what is drawn for an epoch; None draws nothing.
        """
        from seqtext.data.reading.fingerprint import fingerprint

        augmentation = Augmentation(self._copier, {})
        if epoch_seed is not None:
            if self._words is None and self._copying:
                self._words = counterparts(pairs_of(rows, columns))
            shares = {"copying": self._copying, "small_letters": self._small_letters}
            augmentation = Augmentation(self._copier, self._words or {}, **shares)
        kinds = "|".join([augmentation.kind, *(one.sha256 for one in self._tokenizers)])
        content = f"{fingerprint(rows, list(columns))}|{kinds}"

        def side(number: int) -> Iterator[list[str]]:
            return chunked((pair[number] for pair in augmentation(pairs_of(rows, columns), epoch_seed)), AT_ONCE)

        cut_anew = epoch_seed if self._config.subword_sampling else None
        (source, read), (target, written) = (
            encode_to_disk(
                lambda number=number: side(number),  # type: ignore[misc]
                tokenizer,
                keep=slice(0, self._config.max_length),
                fingerprint=f"{content}|{number}",
                sampling_seed=None if cut_anew is None else 2 * cut_anew + number,
                kept=epoch_seed is None,
            )
            for number, tokenizer in enumerate(self._tokenizers)
        )
        return PairRows(source, target), read, written
