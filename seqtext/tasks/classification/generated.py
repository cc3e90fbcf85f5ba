"""Texts of a saved generator beside labelled rows: asked for by label, they teach with an answer that is less sure than a label.

Knows labels, texts and what writes them; not whether they help, which validation rows say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from seqtext.data.rows.columns import Columns
from seqtext.data.rows.duplicates import rows_in_both
from seqtext.data.rows.labels import Labels
from seqtext.errors import OptionsError, one_of, shorten
from seqtext.tasks.classification.unlabelled import appended

if TYPE_CHECKING:
    from datasets import Dataset

WEIGHT = 0.8  # of the label that a text was asked for in its answer; the rest is spread over all
MOST = 1_000  # texts of a label


class _Written(Protocol):
    @property
    def text(self) -> str: ...


class Writes(Protocol):
    """A generator, as far as it is needed here."""

    @property
    def config(self) -> Any:
        """With `attributes`, and the `names` of each."""

    def __call__(self, request: Any, *, count: int, seed: int) -> Sequence[_Written]:
        """Texts."""


class Generated(NamedTuple):
    """Rows to learn from, generated ones behind the others, and what to say of that."""

    rows: Dataset
    told: str


def with_generated(
    train: Dataset, columns: Columns, generator: Writes, *, name: str, held_out: Sequence[Dataset], seed: int
) -> Generated:
    """Training rows, and as many texts of each label that the generator knows, 1,000 at most.

    Args:
        train: rows with one label each; some may have an answer instead.
        columns: the columns used, the text a single one.
        generator: that writes.
        name: what it is called.
        held_out: rows that none of the texts may be among.
        seed: of what is written.

    Raises:
        OptionsError: as `known_labels`.
    """
    import datasets

    labels = Labels.of(train, columns.label)
    attribute, known = known_labels(generator, labels.names, name=name)
    texts: list[str] = []
    ids: list[int] = []
    for number, (label, count) in enumerate(zip(labels.names, labels.counts, strict=True)):
        if label in known and count:
            written = generator(f"{attribute}:{label}", count=min(count, MOST), seed=seed)
            texts += [one.text for one in written if one.text.strip()]
            ids += [number] * (len(texts) - len(ids))
    of_text = datasets.Features({columns.text: train.features[columns.text]})
    rows = datasets.Dataset.from_dict({columns.text: texts}, features=of_text)
    fresh = np.ones(len(rows), dtype=bool)
    for part in held_out:
        fresh[rows_in_both(part, rows, columns.text)] = False
    answers = np.full((len(ids), len(labels.names)), (1 - WEIGHT) / len(labels.names), dtype=np.float32)
    answers[np.arange(len(ids)), ids] += WEIGHT
    places = np.flatnonzero(fresh)
    told = f"{len(places):,} texts of {name} beside {len(train):,} training rows, for {len(known)} of {len(labels.names)} labels"
    return Generated(appended(train, rows.select(places), answers[places], columns), told)


def known_labels(generator: Writes, labels: Sequence[str], *, name: str) -> tuple[str, set[str]]:
    """The attribute that has most of the labels among its names, and which these are.

    Args:
        generator: that is to write.
        labels: of the rows.
        name: what it is called.

    Raises:
        OptionsError: if it knows none of them.
    """
    found = {
        attribute: {*names} & {*labels}
        for attribute, names in zip(generator.config.attributes, generator.config.names, strict=True)
    }
    best = max(found, key=lambda attribute: len(found[attribute]), default="")
    if not found.get(best):
        names = [shorten(one) for names in generator.config.names for one in names]
        raise OptionsError(
            f"--augment_from {name} writes about {one_of(names, 5).removeprefix('one of ') if names else 'no labels'}",
            expected=f"some of the labels: {one_of(map(shorten, labels), 5).removeprefix('one of ')}",
            fix="give a generator that was trained on rows with these labels",
        )
    return best, found[best]
