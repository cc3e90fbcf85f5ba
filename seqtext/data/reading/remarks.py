"""What a data set knows of how it was read: notes for the user, and columns left aside with what was wrong with them.

A column that cannot be read stops nobody who does not use it. Remarks travel in the data set's own info, so that they come
along wherever rows are selected; knows nothing of what columns mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seqtext.errors import DataError, one_of

if TYPE_CHECKING:
    import datasets

_MARK = "seqtext read it: "


@dataclass(frozen=True)
class Remarks:
    """What is to be told of some rows.

    Args:
        notes: a line each.
        left_aside: why a column is not there, as the error for whoever asks for it.
        files: the files that they are out of, one behind the other, each with its rows.
    """

    notes: tuple[str, ...] = ()
    left_aside: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, int], ...] = ()

    def renamed(self, old: str, new: str) -> Remarks:
        """The same of a file of another name: what is cached of one is true of all that hold the same."""
        left_aside = {column: error.replace(old, new) for column, error in self.left_aside.items()}
        return Remarks(tuple(note.replace(old, new) for note in self.notes), left_aside)

    def to_json(self) -> str:
        """As text, on one line."""
        return json.dumps({"notes": self.notes, "left_aside": dict(self.left_aside), "files": self.files})

    @classmethod
    def from_json(cls, text: str | bytes) -> Remarks:
        """The remarks that `to_json` wrote."""
        found = json.loads(text)
        return cls(tuple(found["notes"]), found["left_aside"], tuple(map(tuple, found.get("files", ()))))

    def all_notes(self, name: str) -> tuple[str, ...]:
        """The notes, and one more on all columns left aside.

        Args:
            name: what messages call the rows; what a reason begins with is not repeated.
        """
        if not self.left_aside:
            return self.notes
        columns = one_of(
            (f"{column!r} ({_reason(error, name, column)})" for column, error in self.left_aside.items()), 5
        )
        return (*self.notes, f"{name}: left aside: {columns.removeprefix('one of ')}")


def _reason(error: str, name: str, column: str) -> str:
    """What is wrong with a column, without what the note says anyway."""
    return (
        error.partition("; ")[0].removeprefix(f"{name}, ").removeprefix(f"{name}: ").replace(f", column {column!r}", "")
    )


def with_remarks(dataset: datasets.Dataset, remarks: Remarks) -> datasets.Dataset:
    """The data set, which knows them from now on."""
    if remarks != Remarks():
        dataset.info.description = _MARK + remarks.to_json()
    return dataset


def remarks_of(dataset: datasets.Dataset) -> Remarks:
    """What a data set knows of how it was read."""
    text = dataset.info.description or ""
    return Remarks.from_json(text.removeprefix(_MARK)) if text.startswith(_MARK) else Remarks()


def notes_of(*splits: datasets.Dataset) -> list[str]:
    """The notes on how some splits were read, each once."""
    return list(dict.fromkeys(note for split in splits for note in remarks_of(split).notes))


def refuse_left_aside(dataset: datasets.Dataset, columns: Iterable[str]) -> None:
    """Raises what is wrong with the first of some columns that was left aside, now that it is asked for.

    Raises:
        DataError: if there is such a one.
    """
    left_aside = remarks_of(dataset).left_aside
    for column in columns:
        if column in left_aside and column not in dataset.column_names:
            raise DataError(left_aside[column])
