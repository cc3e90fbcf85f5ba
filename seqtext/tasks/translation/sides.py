"""Where a table has the sources and the targets: in columns, or in a column `translation` of texts by language. Knows rows, no models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from seqtext.errors import DataError, did_you_mean, one_of, shorten
from seqtext.tasks.streams import Row, column_of, texts_in

if TYPE_CHECKING:
    from seqtext.data.reading.text_files import Rows
    from seqtext.tasks.translation.settings import TranslatorConfig

BY_LANGUAGE = "translation"  # the column of texts by language, as data sets of the hub have it


class Side(NamedTuple):
    """A column of texts, or a language of the column `translation`.

    Attributes:
        name: of the column, or the language.
        flag: which says it.
        by_language: whether it is a language.
    """

    name: str
    flag: str
    by_language: bool

    def texts(self, chunk: Sequence[Row], *, before: int, where: str) -> list[str]:
        """The texts of some rows.

        Args:
            chunk: the rows.
            before: how many rows came before these.
            where: what messages call the rows.

        Raises:
            DataError: a cell that is no text, or has none in the language, with its row.
        """
        if self.by_language:
            chunk = [self._alone(row, f"{where}, row {number}") for number, row in enumerate(chunk, start=before + 1)]
        return texts_in(chunk, self.name, before=before, where=where)

    def _alone(self, row: Row, where: str) -> Row:
        cell, where = row[BY_LANGUAGE], f"{where}, column {BY_LANGUAGE!r}"
        if not isinstance(cell, Mapping):
            raise DataError(f"found {shorten(cell)}", where=where, expected="texts by language")
        if self.name not in cell:
            fix = did_you_mean(self.name, cell) or f"pass {self.flag} LANGUAGE"
            raise DataError(f"no language {self.name!r}", where=where, expected=one_of(cell), fix=fix)
        return {self.name: cell[self.name]}


def columns_of_training(config: TranslatorConfig, there: Sequence[str]) -> tuple[str, str] | None:
    """What source and target were called when the model was trained, by the first of its names for them that a table has."""
    for names in ((config.source_column, config.target_column), config.languages):
        if set(names) <= set(there):
            return names
    return None


def language_side(rows: Rows, asked: str | None, language: str, *, flag: str) -> Side | None:
    """The side that is a language of the column `translation`; None if the table has none, or a column was asked for.

    Args:
        rows: of the table.
        asked: what was asked for.
        language: what the model calls it.
        flag: which names it.

    Raises:
        DataError: if neither says which language.
    """
    if BY_LANGUAGE not in rows.columns or asked in rows.columns:
        return None
    if not (asked or language):
        raise DataError("texts by language", where=rows.name, fix=f"pass {flag} LANGUAGE")
    return Side(asked or language, flag, by_language=True)


def source_side(rows: Rows, asked: str | None, config: TranslatorConfig) -> Side:
    """Where the texts to translate are.

    Raises:
        DataError: if there is no such column, or it is not clear which it is.
    """
    flag, usual, language = "--text_column", config.source_column, config.languages[0]
    if usual not in rows.columns and (found := language_side(rows, asked, language, flag=flag)):
        return found
    if usual not in {*rows.columns, *rows.left_aside} and language in rows.columns:
        usual = language
    return Side(column_of(rows, asked, usual, flag=flag), flag, by_language=False)
