"""The column of what texts have, label, labels or number: found, read as numbers, and what there is to tell of it before training.

Knows rows and columns; no tokens and no models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.joined_columns import joined, parts_of
from seqtext.data.reading.label_codes import coded
from seqtext.data.reading.label_forms import Form
from seqtext.data.reading.label_lists import coded_lists, forced_form, form_of
from seqtext.data.reading.numbers import Decimal
from seqtext.data.rows.columns import Columns, choose, require
from seqtext.data.rows.label_sets import EncodedSets, LabelSets, about_sets, without_list
from seqtext.data.rows.labels import EncodedLabels, Labels, about_labels, check_same_classes, without_label
from seqtext.data.rows.target_numbers import EncodedNumbers, TargetNumbers, choose_number, without_number
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.classification.settings import Kind, TopicConfig

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

IN_DRAWING: dict[Kind, str] = {"label": " by class", "labels": " by label", "number": " by size"}
BANDS = 10  # of numbers, by which rows are drawn evenly

Unlabelled = Literal["error", "drop"]


class Asked(NamedTuple):
    """What texts have, as far as somebody says so.

    Attributes:
        target: label, labels or number; recognised if None.
        form: how several labels are written; likewise.
        decimal: mark of numbers in text.
        missing: cells that stand for a number that is not known.
    """

    target: Kind | None = None
    form: Form | None = None
    decimal: Decimal = "."
    missing: tuple[str, ...] = ()


UNASKED = Asked()


def asked_of(config: TopicConfig) -> Asked:
    """What the texts of a classifier have."""
    return Asked(config.target, config.label_form, config.decimal, config.missing)


class TargetColumn(Protocol):
    """A column of what texts have."""

    @property
    def kind(self) -> Kind:
        """What that is."""

    @property
    def column(self) -> str:
        """Its name."""

    def answers(
        self, rows: Dataset, *, unlabelled: Unlabelled = "error"
    ) -> EncodedLabels | EncodedSets | EncodedNumbers:
        """Of rows like those of training.

        Raises:
            DataError: naming the row that has none, or what cannot be used.
        """

    def strata(self, rows: Dataset) -> NDArray[np.int64]:
        """(R,) ids by which rows are drawn evenly; -1 for a row without an answer.

        Raises:
            DataError: naming the row whose answer cannot be used.
        """

    def there(self, rows: Dataset) -> NDArray[np.bool_]:
        """(R,) rows that have an answer."""

    def missing(self, rows: Dataset, place: NDArray[np.int64]) -> DataError:
        """The error of rows at some places, which have no answer."""

    def about(self, splits: DatasetDict) -> tuple[list[str], list[str]]:
        """Notes and warnings about a data set."""

    def check_held_out(self, train: Dataset, parts: Sequence[Dataset]) -> None:
        """Sees to it that what is left in training is enough to learn from, and has what the parts taken out of it have.

        Raises:
            DataError: if there were too few rows for that.
        """


def choose_columns(
    data: Mapping[str, Dataset] | Dataset,
    asked: Asked,
    *,
    text: str | Sequence[str] | None = None,
    label: str | Sequence[str] | None = None,
) -> Columns:
    """The columns of texts, and of what they have; several of yes and no for each label are called by one name, as texts that are joined.

    Raises:
        DataError: a name that is not there, none or several columns that could be meant, a cell that is no text.
    """
    splits = data if isinstance(data, Mapping) else {"": data}
    text, label = (joined(one) if one else None for one in (text, label))
    if asked.target in ("label", "number") and len(parts_of(label or "")) > 1:
        fix = "name one column, or leave --target out: then each column of yes and no is a label"
        found = f"--label_column names {len(parts_of(label or ''))} columns, and --target is {asked.target}"
        raise OptionsError(found, fix=fix)
    train = splits["train"] if "train" in splits else next(iter(splits.values()))
    if asked.target == "number" and label is None:
        require(splits, *filter(None, [text]))
        label = choose_number(train, text=text)
    return choose(splits, text=text, label=label, several=asked.target != "label")


def target_column(train: Dataset, column: str, asked: Asked) -> LabelColumn | SetsColumn | NumberColumn:
    """The column of what texts have, read as training rows show it, unless somebody says how.

    Raises:
        DataError: a column that cannot be read.
    """
    if asked.target == "number":
        return NumberColumn(column, TargetNumbers(asked.decimal, asked.missing), train)
    if asked.target == "label":
        return LabelColumn(column, train)
    form = asked.form or (form_of if asked.target is None else forced_form)(train, column)
    return LabelColumn(column, train) if form is None else SetsColumn(column, form, train)


@dataclass(frozen=True)
class LabelColumn:
    """One label a text."""

    column: str
    train: Dataset
    kind: Kind = "label"

    def answers(self, rows: Dataset, *, unlabelled: Unlabelled = "error") -> EncodedLabels:  # noqa: D102
        return Labels.of(self.train, self.column).encode(rows, self.column, unlabelled=unlabelled)

    def strata(self, rows: Dataset) -> NDArray[np.int64]:  # noqa: D102
        return coded(rows, self.column).codes

    def there(self, rows: Dataset) -> NDArray[np.bool_]:  # noqa: D102
        return coded(rows, self.column).codes >= 0

    def missing(self, rows: Dataset, place: NDArray[np.int64]) -> DataError:  # noqa: D102
        return without_label(rows, self.column, place)

    def about(self, splits: DatasetDict) -> tuple[list[str], list[str]]:  # noqa: D102
        check_same_classes(splits, self.column)
        Labels.of(splits["train"], self.column)  # of which there must be two
        return about_labels(splits, self.column)

    def check_held_out(self, train: Dataset, parts: Sequence[Dataset]) -> None:  # noqa: D102
        codes = [coded(rows, self.column) for rows in (train, *parts)]
        trained, *taken = ({part.values[code] for code in np.flatnonzero(part.counts)} for part in codes)
        if len(trained) < 2 or not all(trained & classes for classes in taken):
            raise _too_few(train, parts, self.column, "rows of two classes to be left")


@dataclass(frozen=True)
class SetsColumn:
    """Several labels a text, or none."""

    column: str
    form: Form
    train: Dataset
    kind: Kind = "labels"

    def answers(self, rows: Dataset, *, unlabelled: Unlabelled = "error") -> EncodedSets:  # noqa: D102
        return LabelSets.of(self.train, self.column, self.form).encode(rows, self.column, unlabelled=unlabelled)

    def strata(self, rows: Dataset) -> NDArray[np.int64]:
        """The rarest label of each row, so that rare ones are on either side; one id more for rows that have none."""
        found = coded_lists(rows, self.column, self.form)
        counts = found.members.sum(axis=0)
        by_rarity = np.argsort(counts, kind="stable")
        rarest = np.where(found.members.any(axis=1), by_rarity[found.members[:, by_rarity].argmax(axis=1)], len(counts))
        return np.where(found.missing, -1, rarest).astype(np.int64)

    def check(self, rows: Dataset) -> None:
        """Sees to it that each row has a list that can be read.

        Raises:
            DataError: if one has none.
        """
        if len(lost := np.flatnonzero(~self.there(rows))):
            raise without_list(rows, self.column, lost)

    def there(self, rows: Dataset) -> NDArray[np.bool_]:  # noqa: D102
        return ~coded_lists(rows, self.column, self.form).missing

    def missing(self, rows: Dataset, place: NDArray[np.int64]) -> DataError:  # noqa: D102
        return without_list(rows, self.column, place)

    def about(self, splits: DatasetDict) -> tuple[list[str], list[str]]:  # noqa: D102
        return about_sets(splits, self.column, self.form)

    def check_held_out(self, train: Dataset, parts: Sequence[Dataset]) -> None:  # noqa: D102
        try:
            known = {*LabelSets.of(train, self.column, self.form).names}
        except DataError as error:
            raise _too_few(train, parts, self.column, "a label that some rows have and others have not") from error
        for found in (coded_lists(rows, self.column, self.form) for rows in parts):
            present = {found.values[place] for place in np.flatnonzero(found.members.any(axis=0))}
            if present and not present & known:
                raise _too_few(train, parts, self.column, "labels that come in several rows")


@dataclass(frozen=True)
class NumberColumn:
    """A number a text."""

    column: str
    numbers: TargetNumbers
    train: Dataset
    kind: Kind = "number"

    def answers(self, rows: Dataset, *, unlabelled: Unlabelled = "error") -> EncodedNumbers:  # noqa: D102
        return self.numbers.encode(rows, self.column, unlabelled=unlabelled)

    def strata(self, rows: Dataset) -> NDArray[np.int64]:
        """Bands of as many rows each, or of one number where few differ, so that each part has large and small ones."""
        values = self.numbers.read(rows, self.column)
        there = ~np.isnan(values)
        bounds = np.zeros(0)
        if there.any():
            bounds = np.unique(np.quantile(values[there], np.linspace(0, 1, BANDS + 1)[1:-1]))
        return np.where(there, np.searchsorted(bounds, values), -1).astype(np.int64)

    def check(self, rows: Dataset) -> None:
        """Sees to it that each row has a number.

        Raises:
            DataError: if one has none.
        """
        self.numbers.encode(rows, self.column)

    def there(self, rows: Dataset) -> NDArray[np.bool_]:  # noqa: D102
        return ~np.isnan(self.numbers.read(rows, self.column))

    def missing(self, rows: Dataset, place: NDArray[np.int64]) -> DataError:  # noqa: D102
        return without_number(rows, self.column, place)

    def about(self, splits: DatasetDict) -> tuple[list[str], list[str]]:  # noqa: D102
        self.numbers.scale(splits["train"], self.column)
        return [], []

    def check_held_out(self, train: Dataset, parts: Sequence[Dataset]) -> None:  # noqa: D102
        try:
            self.numbers.scale(train, self.column)
        except DataError as error:
            raise _too_few(train, parts, self.column, "rows of different numbers to be left") from error


def _too_few(train: Dataset, parts: Sequence[Dataset], column: str, expected: str) -> DataError:
    rows = len(train) + sum(map(len, parts))
    return DataError(
        f"{rows:,} rows are too few to take rows to validate and to test out of them",
        where=f"{place_of(train)}, column {column!r}",
        expected=expected,
        fix="give more rows, or a file for each with --validation and --test",
    )
