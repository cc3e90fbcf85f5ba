"""Labels of a classification: the names found in the training split, and any split's column as ids of these names.

No label is ever ignored: a row without one stops, or is dropped and counted. A label that training never saw gets an id
after the known ones, so that it counts as a mistake. Knows one column; not texts, not models.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.label_codes import OF_A_SPLIT, ONE_OF_SEVERAL, Coded, coded, name_rows, plain_name
from seqtext.errors import DataError, did_you_mean, one_of, shorten

if TYPE_CHECKING:
    import datasets

SHOWN = 5  # groups of names, or combinations, that a warning lists
FEW_VALUES = 100  # of a column, among which -1 may be a class
FEW_ROWS = 4  # of a class, on average: fewer, and hardly anything can be learnt or measured of it


class EncodedLabels(NamedTuple):
    """The labels of one split.

    Attributes:
        ids: int64, one per row that is kept.
        rows: int64, which rows of the split these are (from 0).
        names: what the ids stand for: the names of the training split, then those it never had.
        dropped: rows without a label that were left out.
        warnings: for the user, one line each.
    """

    ids: NDArray[np.int64]
    rows: NDArray[np.int64]
    names: tuple[str, ...]
    dropped: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Labels:
    """The classes of a task.

    Args:
        names: the name of each id.
        counts: training rows of each id; empty where they are not known, as in a saved model.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...] = ()

    @classmethod
    def of(cls, train: datasets.Dataset, column: str) -> Labels:
        """The labels of a training split: the names of a class column in its order, or else the values found, sorted.

        Raises:
            DataError: a column that holds no labels, or only one class.
        """
        codes = coded(train, column)
        present = np.flatnonzero(codes.counts)
        if len(present) < 2:
            found = [f"only {shorten(codes.values[code])}, in {codes.counts[code]:,} rows" for code in present]
            where = f"{place_of(train)}, column {column!r}"
            fix = "is it the right column, and are the rows complete?"
            raise DataError(
                f"found {(found or ['no labels'])[0]}", where=where, expected="two classes at least", fix=fix
            )
        return cls(names=codes.values, counts=tuple(codes.counts.tolist()))

    def encode(
        self,
        dataset: datasets.Dataset,
        column: str,
        *,
        unlabelled: Literal["error", "drop"] = "error",
        where: str | None = None,
    ) -> EncodedLabels:
        """A split's column as ids, matched by name, whatever the column's own ids are.

        Args:
            dataset: the split.
            column: of classes, text, whole numbers, or true and false.
            unlabelled: rows whose label is None, -1 or empty stop, or are left out and counted.
            where: what messages call the rows; what they know of themselves if not given.

        Raises:
            DataError: rows without a label; -100, 1.5, ids without a name; no row with a known label.
        """
        codes = coded(dataset, column, where=where)
        where = f"{where or place_of(dataset)}, column {column!r}"
        unknown = np.flatnonzero(codes.codes < 0)
        rows = np.flatnonzero(codes.codes >= 0)
        if len(unknown) and (unlabelled == "error" or not len(rows)):
            raise without_label(dataset, column, unknown, where=where)
        table, names = self._table(codes, where)
        ids = table[codes.codes[rows]]
        return EncodedLabels(ids, rows, names, len(unknown), tuple(self._warnings(ids, rows, names, where)))

    def _table(self, codes: Coded, where: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """The id of each code, and the names with those that training never had."""
        id_of = {name: id_ for id_, name in enumerate(self.names)}
        # 3 and 3.0, True and true, and a name between blanks are the same in two splits; unless both are names of training.
        plain = Counter(map(_same_name, self.names))
        alone = {_same_name(name): name for name in self.names if plain[_same_name(name)] == 1}
        values = [value if value in id_of else alone.get(_same_name(value), value) for value in codes.values]
        present = [values[code] for code in np.flatnonzero(codes.counts)]
        if not any(value in id_of for value in present):
            found = f"found only labels that are not in training: {one_of(map(shorten, present))}"
            expected = one_of(map(shorten, self.names))
            raise DataError(found, where=where, expected=expected, fix="write both splits with the same labels")
        for value in present:
            id_of.setdefault(value, len(id_of))
        # Classes that are declared but in no row have no id unless training has them; no code refers to them.
        return np.array([id_of.get(value, -1) for value in values], dtype=np.int64), tuple(id_of)

    def _warnings(
        self, ids: NDArray[np.int64], rows: NDArray[np.int64], names: tuple[str, ...], where: str
    ) -> Iterator[str]:
        """A line for each label that occurs here and in no row of training."""
        counts = np.bincount(ids, minlength=len(names))
        trained = self.counts or [1] * len(self.names)
        for id_ in np.flatnonzero(counts).tolist():
            if id_ < len(trained) and trained[id_]:
                continue
            close = did_you_mean(names[id_], self.names) if id_ >= len(self.names) else ""
            shown = f"{shorten(names[id_])} in {name_rows(rows[ids == id_])}"
            yield f"{where}: the label {shown} never occurs in training: counted as a mistake" + (
                f"; {close}" * bool(close)
            )


def about_labels(splits: Mapping[str, datasets.Dataset], column: str) -> tuple[list[str], list[str]]:
    """Notes and warnings about the labels of a data set: blanks left out; names that may mean one class, or several; classes of few rows.

    Args:
        splits: by name; all but `train` are looked at for blanks alone.
        column: of the labels.

    Raises:
        DataError: a column that holds no labels.
    """
    notes: list[str] = []
    warnings: list[str] = []
    for split, rows in splits.items():
        codes = coded(rows, column)
        if codes.trimmed:
            notes.append(f"split {split!r}: blanks around {codes.trimmed:,} labels of column {column!r} are left out")
        if split == "train":
            counts = {name: int(count) for name, count in zip(codes.values, codes.counts, strict=True) if count}
            warnings += [*_nearly_alike(counts), *_several_in_one(counts)]
            if len(counts) > 2 and sum(counts.values()) < FEW_ROWS * len(counts):
                warnings.append(
                    f"{len(counts):,} classes in {sum(counts.values()):,} training rows: hardly anything can be learnt of a class"
                )
    return notes, warnings


def _nearly_alike(counts: Mapping[str, int]) -> Iterator[str]:
    """A warning of classes whose names differ only in case, blanks or the form of a character."""
    groups = defaultdict(list)
    for name in counts:
        groups[" ".join(unicodedata.normalize("NFKC", name).casefold().split())].append(name)
    alike = [names for names in groups.values() if len(names) > 1]
    if alike:
        told = "; ".join(
            " and ".join(f"{shorten(name)} ({counts[name]:,} rows)" for name in names) for names in alike[:SHOWN]
        )
        more = f"; and {len(alike) - SHOWN:,} more" if len(alike) > SHOWN else ""
        yield f"labels that differ only in case or blanks are different classes: {told}{more}; if they are one, write them alike"


def _several_in_one(counts: Mapping[str, int]) -> Iterator[str]:
    """A warning of names that are several labels in one cell: made of fewer parts than there are names, which come in several of them."""
    for mark in (";", "|", ","):
        split = {name: [part.strip() for part in name.split(mark)] for name in counts}
        several = [name for name, parts in split.items() if len(parts) > 1]
        parts = {part for found in split.values() for part in found}
        if several and "" not in parts and len(parts) < len(counts):
            shown = ", ".join(map(shorten, several[:SHOWN]))
            yield (
                f"labels that look like several in one, each combination a class of its own: {shown};"
                f" each row may have several labels; {ONE_OF_SEVERAL}"
            )
            return


def check_same_classes(splits: Mapping[str, datasets.Dataset], column: str) -> None:
    """Sees to it that a class column has the same names in the same order in all splits that name its classes.

    Raises:
        DataError: two orders; prints both.
    """
    orders = {split: getattr(dataset.features[column], "names", None) for split, dataset in splits.items()}
    named = {split: names for split, names in orders.items() if names}
    first = next(iter(named), "")
    for split, names in named.items():
        if names != named[first]:
            where = f"{place_of(splits[split])}, column {column!r}"
            found = f"found the classes in the order {', '.join(names)}"
            expected = f"that of split {first!r}: {', '.join(named[first])}"
            fix = "write both with the same names in the same order"
            raise DataError(found, where=where, expected=expected, fix=fix)


def _same_name(label: str) -> str:
    """What two labels have in common that are the same written otherwise: `plain_name`, and true and false in any letter case."""
    plain = plain_name(label)
    return plain.lower() if plain.lower() in ("true", "false") else plain


def _few_values(dataset: datasets.Dataset, column: str) -> set[str]:
    """The values of a column of numbers or texts; none where it has more than a few, or those of classes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = dataset.data.column(column)
    if hasattr(dataset.features[column], "names") or pa.types.is_nested(cells.type):
        return set()
    found = pc.unique(cells).to_pylist()
    return {plain_name(str(value)) for value in found} if len(found) < FEW_VALUES else set()


def without_label(
    dataset: datasets.Dataset, column: str, rows: NDArray[np.int64], *, where: str | None = None
) -> DataError:
    """The error of rows (from 0) that have no label."""
    total, where = len(dataset), where or f"{place_of(dataset)}, column {column!r}"
    found = f"found no label (None, -1 or empty) in {name_rows(rows, dataset)} of {total:,}"
    if len(rows) == total:
        fix = OF_A_SPLIT
    else:
        fix = "--unlabelled drop leaves these rows out and counts them"
        if "-1" in _few_values(dataset, column):
            fix += "; if -1 is a class, write it as a name, such as negative, and the other classes too"
    return DataError(found, where=where, expected="a label in every row", fix=fix)
