"""Several labels a row: the names found in the training split, and any split's column as a yes or no for each of these names.

A row with an empty list has none of them; a row without a list has no answer, and stops or is dropped. A label that training never saw
comes after the known ones, so that it counts as missed. Knows one column; not texts, not models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.reading.label_codes import OF_A_SPLIT, name_rows
from seqtext.data.reading.label_forms import MARKS, Form
from seqtext.data.reading.label_lists import CodedLists, coded_lists, is_written
from seqtext.errors import DataError, did_you_mean, one_of, shorten

if TYPE_CHECKING:
    import datasets

SHOWN = 5  # names that a line lists


class EncodedSets(NamedTuple):
    """The labels of one split.

    Attributes:
        members: (R, N) which of the N names each row that is kept has.
        rows: (R,) which rows of the split these are (from 0).
        names: those of the training split, then those it never had.
        dropped: rows without a list that were left out.
        warnings: for the user, one line each.
    """

    members: NDArray[np.bool_]
    rows: NDArray[np.int64]
    names: tuple[str, ...]
    dropped: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class LabelSets:
    """The labels of a task whose rows may have several.

    Args:
        names: of the labels, in the order of the outputs.
        form: how the column writes them.
    """

    names: tuple[str, ...]
    form: Form

    @classmethod
    def of(cls, train: datasets.Dataset, column: str, form: Form) -> LabelSets:
        """The labels that training rows have.

        Raises:
            DataError: a column that holds no labels, or none that some rows have and others have not.
        """
        found = coded_lists(train, column, form)
        counts = found.members[~found.missing].sum(axis=0)
        if not ((counts > 0) & (counts < (~found.missing).sum())).any():
            where = f"{place_of(train)}, column {_shown(column)}"
            all_alike = f"all rows have the labels {one_of(map(shorten, found.values)).removeprefix('one of ')}"
            told = all_alike if counts.any() else "no row has a label"
            fix = "is it the right column, and are the rows complete?"
            raise DataError(told, where=where, expected="a label that some rows have and others have not", fix=fix)
        used = [name for name, count in zip(found.values, counts, strict=True) if count or form == "yes_no"]
        return cls(tuple(used), form)

    def encode(
        self, dataset: datasets.Dataset, column: str, *, unlabelled: Literal["error", "drop"] = "error"
    ) -> EncodedSets:
        """A split's column as a yes or no for each name, matched by name.

        Args:
            dataset: the split.
            column: as training had it.
            unlabelled: rows without a list stop, or are left out and counted.

        Raises:
            DataError: rows without a list; lists that cannot be read; labels of which training had none.
        """
        where = f"{place_of(dataset)}, column {_shown(column)}"
        found = self.read(dataset, column)
        missing, rows = np.flatnonzero(found.missing), np.flatnonzero(~found.missing)
        if len(missing) and (unlabelled == "error" or not len(rows)):
            raise without_list(dataset, column, missing)
        members, names = self._by_name(found, where)
        return EncodedSets(members[rows], rows, names, len(missing), tuple(self._warnings(found, where)))

    def read(self, dataset: datasets.Dataset, column: str) -> CodedLists:
        """A split's column in the form that training has, unless another reads more labels there that training knows: the rows of
        another file may write the same labels in another way.

        Raises:
            DataError: lists that cannot be read in the form of training.
        """
        found = coded_lists(dataset, column, self.form)
        if self.form == "yes_no" or {*found.values} <= {*self.names} or not is_written(dataset, column):
            return found
        others = [self._read_otherwise(dataset, column, form) for form in ("list", *MARKS) if form != self.form]
        return max([found, *filter(None, others)], key=self._known)

    def _read_otherwise(self, dataset: datasets.Dataset, column: str, form: Form) -> CodedLists | None:
        try:
            return coded_lists(dataset, column, form)
        except DataError:
            return None

    def _known(self, found: CodedLists) -> int:
        """Labels of all rows that training knows, less those that it does not."""
        known = np.array([1 if value in {*self.names} else -1 for value in found.values], dtype=np.int64)
        return int((found.members.sum(axis=0) * known).sum())

    def _answered(self, values: tuple[str, ...], where: str) -> tuple[str, ...]:
        """What the answers of yes and no are to: columns by their names, in whatever order; lists by their places."""
        places = tuple(map(str, range(len(values))))
        if {*values} == {*self.names}:
            return values
        if places not in (values, self.names):
            told = f"found the columns {one_of(map(shorten, values)).removeprefix('one of ')}"
            fix = "name the columns that training had with --label_column"
            raise DataError(told, where=where, expected=one_of(map(shorten, self.names)), fix=fix)
        return self.names

    def _by_name(self, found: CodedLists, where: str) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
        """(R, N) in the order of the names of training, with those that it never had behind."""
        if self.form == "yes_no" and len(found.values) != len(self.names):
            told, expected = f"found lists of {len(found.values)}", f"{len(self.names)}, as in training"
            raise DataError(told, where=where, expected=expected, fix="write both splits alike")
        names = self._answered(found.values, where) if self.form == "yes_no" else found.values
        present = [name for name, count in zip(names, found.members.sum(axis=0), strict=True) if count]
        new = [name for name in present if name not in {*self.names}]
        if present and len(new) == len(present):
            told = (
                f"found only labels that are not in training: {one_of(map(shorten, present)).removeprefix('one of ')}"
            )
            expected = one_of(map(shorten, self.names))
            raise DataError(told, where=where, expected=expected, fix="write both splits with the same labels")
        ordered = (*self.names, *new)
        place = {name: number for number, name in enumerate(ordered)}
        members = np.zeros((len(found.members), len(ordered)), dtype=np.bool_)
        kept = [number for number, name in enumerate(names) if name in place]
        members[:, [place[names[number]] for number in kept]] = found.members[:, kept]
        return members, ordered

    def _warnings(self, found: CodedLists, where: str) -> Iterator[str]:
        """A line for each label that occurs here and in no row of training."""
        if self.form == "yes_no":
            return
        known = {*self.names}
        for number, name in enumerate(found.values):
            if name not in known and found.members[:, number].any():
                close = did_you_mean(name, self.names)
                shown = f"{shorten(name)} in {name_rows(np.flatnonzero(found.members[:, number]))}"
                told = f"{where}: the label {shown} never occurs in training: counted as missed"
                yield told + (f"; {close}" if close else "")


def about_sets(splits: dict[str, datasets.Dataset], column: str, form: Form) -> tuple[list[str], list[str]]:
    """Notes and warnings about the labels of a data set: how they are read, repeats in a list, rows without any.

    Raises:
        DataError: a column that cannot be read.
    """
    notes, warnings, sets = [], [], LabelSets.of(splits["train"], column, form)
    for split, rows in splits.items():
        found = sets.read(rows, column)
        if split == "train":
            notes.append(_read_as(found, column, form))
        if repeats := np.flatnonzero(found.repeats).tolist():
            shown = name_rows(np.array(repeats), rows)
            warnings.append(
                f"split {split!r}: a label stands more than once in the list of {shown}; it is counted once"
            )
    return notes, warnings


def _read_as(found: CodedLists, column: str, form: Form) -> str:
    """How a column is read, in words."""
    how = {
        "list": "a list of labels",
        "yes_no": "a yes or no for each label" + ("" if len(parts_of(column)) > 1 else ", called by its place, from 0"),
    }
    none = int((~found.members.any(axis=1) & ~found.missing).sum())
    of_none = f"; {none:,} of {len(found.members):,} rows have none" if none else ""
    read = how.get(form, f"labels with {form!r} between them")
    other = "" if form in how else " (--target label makes each combination a class of its own)"
    is_read = "is read" if len(parts_of(column)) == 1 else "are read"
    return f"column{'s' * (is_read == 'are read')} {_shown(column)} {is_read} as {read}{of_none}{other}"


def without_list(dataset: datasets.Dataset, column: str, rows: NDArray[np.int64]) -> DataError:
    """The error of rows (from 0) whose labels are not known."""
    found = f"found no list (None or empty) in {name_rows(rows, dataset)} of {len(dataset):,}"
    fix = "--unlabelled drop leaves these rows out and counts them; where a text has none of the labels, write []"
    if len(parts_of(column)) > 1:
        fix = fix.partition(";")[0]
    if len(rows) == len(dataset):
        fix = OF_A_SPLIT
    return DataError(
        found, where=f"{place_of(dataset)}, column {_shown(column)}", expected="labels in every row", fix=fix
    )


def _shown(column: str) -> str:
    return ", ".join(map(repr, parts_of(column)))
