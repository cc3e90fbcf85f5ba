"""Which columns of a data set are what, as far as they are named: flags of `seqtext check`. Imports nothing heavy, for `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class NamedColumns:
    """Which columns are what, as far as they are named."""

    text_column: tuple[str, ...] = ()
    """Column of the texts, or several, which are joined. Default: recognised where there is no doubt."""
    label_column: tuple[str, ...] = ()
    """Column of the labels or numbers, likewise; several of yes and no are a label each."""
    source: str | None = None
    """Column or language to translate from, likewise."""
    target: str | None = None
    """Column or language to translate to, likewise; for topics what a text has: label, labels or number."""
    time_column: tuple[str, ...] = ()
    """Column of the timestamps, or several, likewise; none if there are none."""
    value_column: tuple[str, ...] = ()
    """Column to forecast, or several, likewise."""
    series_column: tuple[str, ...] = ()
    """Column that names the series of each row, or several."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are not ISO 8601."""
