"""The rows of one split out of several local files that have columns in common, memory-mapped, with what is to be told of them.

Knows nothing of which column is what, nor where the files come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seqtext.data.reading.arrow_copy import arrow_copy, remarks_in
from seqtext.data.reading.class_order import in_one_order
from seqtext.data.reading.dialect import AS_IT_IS, Dialect
from seqtext.data.reading.remarks import Remarks, remarks_of, with_remarks
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import datasets


def read_files(
    files: Sequence[Path],
    *,
    format: str | None = None,
    split: str | None,
    name: str,
    dialect: Dialect = AS_IT_IS,
) -> datasets.Dataset:
    """One split out of files, memory-mapped; columns that not all of them have, or of another type in one, are left aside.

    Args:
        files: text files, parquet or Arrow.
        format: as in `arrow_copy`.
        split: its name; None for rows that are of no split.
        name: what messages call it.
        dialect: how they are laid out, where they are tables of text.

    Raises:
        DataError: a file that cannot be read, or no column that all files have.
    """
    import datasets

    parts: list[datasets.Dataset] = []
    for file in files:
        info = datasets.DatasetInfo(dataset_name=name)
        copy = arrow_copy(file, format=format, dialect=dialect)
        try:
            part = datasets.Dataset.from_file(str(copy), info=info, split=split and datasets.NamedSplit(split))
        except (ValueError, TypeError, LookupError) as error:  # `datasets` refuses a name that has a NUL
            found = f"its columns cannot be had ({shorten(' '.join(str(error).split()))})"
            raise DataError(found, where=str(file), fix="rename them") from None
        parts.append(with_remarks(part, remarks_in(copy, str(file))))
    rows_of = tuple((str(file), len(part)) for file, part in zip(files, parts, strict=True))
    if len(parts) == 1:
        named = str(files[0]) == name  # then it is what messages call the rows anyway
        return parts[0] if named else with_remarks(parts[0], replace(remarks_of(parts[0]), files=rows_of))
    parts = in_one_order(parts)
    together, left_aside = _shared_columns(parts, [str(file) for file in files])
    whole = datasets.concatenate_datasets(together)
    whole.info.dataset_name = name
    known = [remarks_of(part) for part in parts]
    notes = dict.fromkeys(note for remarks in known for note in remarks.notes)
    before = {column: why for remarks in reversed(known) for column, why in remarks.left_aside.items()}
    new = Remarks((), {column: why for column, why in left_aside.items() if column not in before})
    return with_remarks(whole, Remarks((*notes, *new.all_notes(name)), {**left_aside, **before}, rows_of))


def _shared_columns(
    parts: Sequence[datasets.Dataset], names: Sequence[str]
) -> tuple[list[datasets.Dataset], dict[str, str]]:
    """The parts with the columns that all have in one type, in the order of the first, and why others are left aside.

    Raises:
        DataError: if there is no such column.
    """
    left_aside: dict[str, str] = {}
    for part, name in zip(parts[1:], names[1:], strict=True):
        for column in {**parts[0].features, **part.features}:
            there = column in part.column_names
            if there != (column in parts[0].column_names):
                lacks, has = (names[0], name) if there else (name, names[0])
                error = DataError(f"no column {column!r}", where=lacks, expected=f"the columns of {has}")
                left_aside.setdefault(column, str(error))
            elif there and not _same_type(parts[0].features[column], part.features[column]):
                found = f"the files differ in type: {part.features[column]}"
                fix = "write each column in one type in all files"
                expected = f"that of {names[0]}: {parts[0].features[column]}"
                left_aside.setdefault(
                    column, str(DataError(found, where=f"{name}, column {column!r}", expected=expected, fix=fix))
                )
    kept = [column for column in parts[0].column_names if column not in left_aside]
    if not kept:
        found = f"found the columns {', '.join(parts[-1].column_names)}"
        expected = f"those of {names[0]}: {', '.join(parts[0].column_names)}"
        raise DataError(found, where=names[-1], expected=expected)
    return [part if part.column_names == kept else part.select_columns(kept) for part in parts], left_aside


def _same_type(one: object, other: object) -> bool:
    """Whether two columns may be put together; what is null in one file is of any type."""
    from datasets import Value

    return one == other or Value("null") in (one, other)
