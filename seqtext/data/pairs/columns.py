"""Which columns are source and target: two columns of text, or two languages of a column `translation`, by name.

Chosen by the caller, or recognised where only one choice can be meant; the rows then have the columns `source` and
`target`, checked. Knows names and types of columns, not what is written in them.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.reading.column_arrays import place_of
from seqtext.data.reading.remarks import refuse_left_aside, remarks_of
from seqtext.data.rows.columns import check_texts, is_text, require, text_columns
from seqtext.errors import DataError, did_you_mean, one_of

if TYPE_CHECKING:
    import datasets

TOPIC = "topic"  # kept where there is one: figures are then given for each
LOOKED_AT = 100  # rows, for columns of numbers
FLAGS = "pass --source NAME --target NAME"


class Pairs(NamedTuple):
    """Splits of pairs.

    Attributes:
        splits: with the columns `source`, `target` and, where there was one, `topic`.
        source: what the source was called: a column or a language.
        target: likewise.
    """

    splits: datasets.DatasetDict
    source: str
    target: str


def choose_pairs(splits: datasets.DatasetDict, *, source: str | None = None, target: str | None = None) -> Pairs:
    """The pairs of all splits.

    Args:
        splits: `train`, or else the first, decides.
        source: the column or language to translate from; without, recognised if there is no doubt.
        target: the one to translate to, likewise.

    Raises:
        DataError: a name that is not there, with the nearest one; no or several choices; a cell that is no text.
    """
    import datasets

    decides = splits["train"] if "train" in splits else next(iter(splits.values()))
    column = _column_of_languages(decides)
    texts = text_columns(decides)
    if column is not None and not {source, target} & set(texts):
        require(splits, column)
        names = _languages(decides, column)
        chosen = _both(source, target, names, decides, what=f"languages of column {column!r}")
        for split in splits.values():
            _has_languages(split, column, chosen)
        prefix = f"{column}."
    else:
        chosen = _both(source, target, texts, decides, what="columns of text")
        require(splits, *chosen)
        prefix = ""
    made = datasets.DatasetDict()
    for name, rows in splits.items():
        flat = rows.select_columns([column, *_topic(rows)]).flatten() if prefix else rows
        for side in chosen:
            check_texts(flat, f"{prefix}{side}", where=place_of(rows), flag="--source NAME --target NAME")
        topic = [] if TOPIC in chosen and not prefix else _topic(rows)
        kept = flat.select_columns([f"{prefix}{side}" for side in chosen] + topic)
        made[name] = kept.rename_columns({f"{prefix}{chosen[0]}": SOURCE, f"{prefix}{chosen[1]}": TARGET})
    return Pairs(made, *chosen)


def names_of_texts(rows: datasets.Dataset) -> list[str]:
    """What a pair can be chosen from: columns of text, and the languages of a column of texts by language."""
    column = _column_of_languages(rows)
    return [*text_columns(rows), *(_languages(rows, column) if column else [])]


def _both(
    source: str | None, target: str | None, names: Sequence[str], rows: datasets.Dataset, *, what: str
) -> tuple[str, str]:
    """The two names, each given or the only one left."""
    where = place_of(rows)
    for name, flag in ((source, "--source"), (target, "--target")):
        if name is not None and name not in names:
            refuse_left_aside(rows, [name])
            found = f"{flag} {name} is none of the {what}"
            raise DataError(found, where=where, expected=one_of(names), fix=did_you_mean(name, names) or FLAGS)
    if source is not None and source == target:
        raise DataError(f"{source!r} is both source and target", where=where, expected="two", fix=FLAGS)
    if source is None and target is None and {SOURCE, TARGET} <= set(names):
        return SOURCE, TARGET
    if source is None and target is None and (first := _without_header(rows, names)):
        return first
    if (source is None) != (target is None) and len(names) == 2:
        [left] = [name for name in names if name not in (source, target)]
        return (source or left), (target or left)
    if source is None and target is None and len(names) == 2:
        one, other = map(shlex.quote, names)
        fix = f"pass --source {one} --target {other}, or the other way round"
        fix += "; if these are a pair of texts, pass --no_header" if all(" " in name for name in names) else ""
        raise DataError(
            f"which of the {what} {names[0]}, {names[1]} is source, which target, is not clear", where=where, fix=fix
        )
    if source is None or target is None:
        if len(names) < 2:
            refuse_left_aside(rows, remarks_of(rows).left_aside)
        raise DataError(f"found the {what} {', '.join(names) or '(none)'}", where=where, expected="two", fix=FLAGS)
    return source, target


def _without_header(rows: datasets.Dataset, names: Sequence[str]) -> tuple[str, str] | None:
    """The pair of a table without a header, as such are often published: two texts, perhaps with numbers and whose they are.

    Two columns of texts that are no numbers, or the first two of three; None if that is not what it is.
    """
    if list(names) != [str(number + 1) for number in range(len(names))]:
        return None
    texts = [name for name in names if not all(str(cell).strip().isdigit() for cell in rows[:LOOKED_AT][name])]
    return (texts[0], texts[1]) if len(texts) in (2, 3) else None


def _column_of_languages(rows: datasets.Dataset) -> str | None:
    """The column whose cells are texts by language: the one called `translation`, or the only one."""
    found = [name for name, feature in rows.features.items() if _fields(feature)]
    return "translation" if "translation" in found else found[0] if len(found) == 1 else None


def _fields(feature: object) -> list[str]:
    """The languages of a column's cells; none if they are no texts by language."""
    import datasets

    if isinstance(feature, datasets.Translation):
        return list(feature.languages)
    return list(feature) if isinstance(feature, dict) and all(map(is_text, feature.values())) else []


def _languages(rows: datasets.Dataset, column: str) -> list[str]:
    return _fields(rows.features[column])


def _has_languages(rows: datasets.Dataset, column: str, chosen: Sequence[str]) -> None:
    there = _languages(rows, column)
    for name in chosen:
        if name not in there:
            where = f"{place_of(rows)}, column {column!r}"
            raise DataError(f"no language {name!r}", where=where, expected=f"as in train; it has {', '.join(there)}")


def _topic(rows: datasets.Dataset) -> list[str]:
    return [TOPIC] if TOPIC in rows.column_names and is_text(rows.features[TOPIC]) else []
