"""Text that names a month, a quarter or a week, as moments: Jan-90, 1990M01, 1960Q1, 2015-W02. A period is its first day.

Knows text; days and clocks, `time_text` knows.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from seqtext.data.reading.moments import Times

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_FORMS = 20_000  # different periods: what has more is something else
_YEAR, _SHORT = r"(?P<year>[0-9]{4})", r"(?P<year>[0-9]{4}|'?[0-9]{2})"
_MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
_FORMS = {
    "a month and its year": (rf"{_MONTH}[-/ ]?{_SHORT}", rf"{_YEAR}[-/ ]?{_MONTH}", rf"{_YEAR}-?M(?P<month>[0-9]{{1,2}})"),
    "a quarter": (rf"{_YEAR}[-/: ]?[Qq](?P<quarter>[1-4])", rf"[Qq](?P<quarter>[1-4])[-/: ]?{_YEAR}"),
    "a week of ISO 8601": (rf"{_YEAR}-?W(?P<week>[0-9]{{2}})(?:-?(?P<day>[1-7]))?",),
}  # fmt: skip
LOOKS_LIKE_PERIOD = "|".join(re.sub(r"\?P<\w+>", "?:", pattern) for patterns in _FORMS.values() for pattern in patterns)


def periods(text: pa.ChunkedArray) -> tuple[Times, str] | None:
    """The first days of some periods, and what they were read as; None where any cell is no such period, or of another kind.

    Args:
        text: (N,) without blanks around it.
    """
    encoded = text.combine_chunks().dictionary_encode()
    forms = encoded.dictionary.to_pylist()
    if len(forms) > _MOST_FORMS:
        return None
    for name, patterns in _FORMS.items():
        days = [_first_day(form, patterns) for form in forms]
        if days and None not in days:
            first = np.array(days, dtype="datetime64[D]").astype("datetime64[s]")
            return first[encoded.indices.to_numpy()], name
    return None


def _first_day(form: str, patterns: tuple[str, ...]) -> date | None:
    for pattern in patterns:
        if match := re.fullmatch(pattern, form):
            found = match.groupdict()
            try:
                if "week" in found:
                    return date.fromisocalendar(int(found["year"]), int(found["week"]), int(found["day"] or 1))
                year = found["year"].lstrip("'")
                year = year if len(year) == 4 else str(datetime.strptime(year, "%y").year)
                if "quarter" in found:
                    return date(int(year), 3 * int(found["quarter"]) - 2, 1)
                month = found["month"] if "month" in found else str(_month(found["name"]))
                return date(int(year), int(month), 1)
            except ValueError:
                return None
    return None


def _month(name: str) -> int:
    """The number of an English month, by its name or first three letters; September also as Sept."""
    form = "%B" if len(name) > 4 or name.lower() in ("june", "july") else "%b"
    return datetime.strptime(name[:3] if form == "%b" else name, form).month
