"""Text as moments where it is not plain ISO 8601: names of zones, fractions of zero seconds, and the formats of dates that people use.

A format is taken where all rows fit it and no other; where days and months could be either, the message asks.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.moments import NOT_AT_ALL, Cells, Times, mask, more
from seqtext.data.reading.time_periods import LOOKS_LIKE_PERIOD, periods
from seqtext.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

# Names that stand for one offset wherever they are used. Others, such as IST, BST or CST, stand for several.
_ZONES = {
    "UTC": "Z", "GMT": "Z", "WET": "Z", "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00",
    "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "JST": "+09:00", "KST": "+09:00", "HKT": "+08:00", "SGT": "+08:00",
    "AEST": "+10:00", "AEDT": "+11:00", "ACST": "+09:30", "ACDT": "+10:30", "AWST": "+08:00", "NZST": "+12:00", "NZDT": "+13:00",
    "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00",
}  # fmt: skip
_NAMED_ZONE = r"[0-9] ?(?P<zone>[A-Za-z]{3,5})$"
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d", "%Y-%m", "%Y/%m", "%b-%Y", "%d-%b-%Y", "%d-%b-%y", "%d%b%Y",
)  # fmt: skip
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H%M%S", "%H%M", "%I:%M %p", "%I:%M:%S %p", "%H.%M", "%H.%M.%S", "%H-%M-%S")
_DIGITS = {"%H%M%S": 6, "%H%M": 4}
# Days whose month is a word among blanks: Jan 1 2000, January 1st, 2000, Sat, 1 Jan 2000; they are read as 1-Jan-2000.
_IN_WORDS = "a day, the name of its month and a year"
_MONTH = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?:[a-z]*)\.?"
_DAY, _WEEKDAY = r"([0-9]{1,2})(?:st|nd|rd|th)?\.?", r"^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?,? )?"
_MONTH_FIRST = rf"(?i){_WEEKDAY}{_MONTH} {_DAY},? ([0-9]{{4}}),?(\s|$)"
_DAY_FIRST = rf"(?i){_WEEKDAY}{_DAY} {_MONTH},? ([0-9]{{4}}|[0-9]{{2}}),?(\s|$)"
_SPLIT = r"^(?P<date>[^ ]+) *(?P<clock>.*)$"
_BEFORE_CLOCK = r"([0-9])T([0-9])"  # no T of a month's name
_MOST_FORMS = 200_000  # different dates, more than 500 years of them: what has more is something else
_LOOKS_LIKE_TIMES = (
    r"^(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})"
    r"|[0-9]{1,2}-[A-Za-z]{3}-[0-9]{2,4}|[0-9]{4}[-/][0-9]{2})(?:[ T].*)?$"
)
_LOOKS_LIKE_PERIODS = f"^(?:{LOOKS_LIKE_PERIOD})$"
_LOOKS_LIKE_CLOCK = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?(?: ?[AaPp][Mm])?$"


def tidied(text: pa.ChunkedArray, where: Cells) -> tuple[pa.ChunkedArray, list[str]]:
    """Times without fractions of zero seconds, and with offsets instead of the names of zones; and notes about the latter.

    Args:
        text: without blanks around it.
        where: what messages call the cells.

    Raises:
        DataError: the name of a zone that several zones share, or nobody knows.
    """
    import pyarrow.compute as pc

    text = pc.replace_substring_regex(text, r"(:[0-9]{2})[.,]0+([^0-9]|$)", r"\1\2")
    text = pc.replace_substring_regex(text, r"(:[0-9]{2}\.[0-9]{6})0+([^0-9]|$)", r"\1\2")
    text = pc.replace_substring_regex(text, r"([+\-][0-9:]+|Z) ?\[[A-Za-z_/+\-0-9]+\]$", r"\1")  # as Java writes them
    if not mask(pc.match_substring_regex(text, r"[A-Za-z\]]$")).any():
        return text, []
    found = pc.extract_regex(text, _NAMED_ZONE)
    names = pc.struct_field(found, [0])
    notes = []
    for name in [name for name in pc.unique(names).to_pylist() if name is not None]:
        offset = _ZONES.get(name.upper())
        if offset is None:
            _refuse_zone(name, text, mask(pc.fill_null(pc.equal(names, name), False)), where)
        else:
            text = pc.replace_substring_regex(text, rf"([0-9]) ?{name}$", rf"\1{offset}")
            if offset != "Z":
                notes.append(f"the zone {name} was read as the offset {offset} ({where.name})")
    return text, notes


def _refuse_zone(name: str, text: pa.ChunkedArray, wrong: NDArray[np.bool_], where: Cells) -> None:
    """Raises, unless what ends the text is something else: a month, noon."""
    row = int(wrong.argmax())
    cell = text[row].as_py()
    if not re.search(rf"[0-9]:[0-9]{{2}} ?{name}$", cell):
        return
    fix = "write the offset instead, such as +02:00"
    found = f"found {shorten(cell)}{more(wrong)}"
    raise DataError(found, where=where.row(row), expected=f"an offset from UTC: {name} is no zone, or several", fix=fix)


def recognised(text: pa.ChunkedArray, where: Cells) -> tuple[Times, str]:
    """The moments of text that is not ISO 8601, and the format that all of it is written in.

    Raises:
        DataError: none fits, or several do.
    """
    import pyarrow.compute as pc

    plain = _with_hyphens(text)
    parts = pc.extract_regex(pc.replace_substring_regex(plain, _BEFORE_CLOCK, r"\1 \2"), _SPLIT).combine_chunks()
    dates, clocks = (part.dictionary_encode() for part in (pc.struct_field(parts, [0]), pc.struct_field(parts, [1])))
    forms, times = dates.dictionary.to_pylist(), clocks.dictionary.to_pylist()
    forms, known = [form or "" for form in forms], [time or "" for time in times]
    fitting = [f for f in _DATES if all(_date(form, f) for form in forms[:1000])]
    fitting = [f for f in fitting if len(forms) <= _MOST_FORMS and all(_date(form, f) for form in forms)]
    clock_format = next((f for f in ("", *_CLOCKS) if all(not c or _clock(c, f) for c in known)), None)
    if not fitting or clock_format is None:
        raise _no_format(text, plain.to_pylist(), forms, known, where)
    formats = [f"{each} {clock_format}".strip() for each in fitting]
    if len(fitting) > 1:
        found = f"found {shorten(text[0].as_py())}, and no row tells which number is the month"
        fix = f"pass --time_format {' or '.join(map(repr, formats))}"
        raise DataError(
            found, where=where.row(0), expected="a time such as 2020-12-31 23:45 that the calendar has", fix=fix
        )
    days = np.array([_date(form, fitting[0]) for form in forms], dtype="datetime64[D]")
    seconds = np.array([_seconds(c, clock_format) for c in known], dtype=np.int64)
    moments: Times = days[dates.indices.to_numpy()].astype("datetime64[s]")
    form = formats[0] if plain.equals(text) else f"{_IN_WORDS} {clock_format}".strip()
    return moments + seconds[clocks.indices.to_numpy()].astype("timedelta64[s]"), form


def _with_hyphens(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days whose month is a word among blanks, written with hyphens."""
    import pyarrow.compute as pc

    text = pc.replace_substring_regex(text, _MONTH_FIRST, r"\2-\1-\3\4")
    return pc.replace_substring_regex(text, _DAY_FIRST, r"\1-\2-\3\4")


def _no_format(text: pa.ChunkedArray, cells: list[str], forms: list[str], clocks: list[str], where: Cells) -> DataError:
    """The error of the first cell that does not fit the format that most cells have, where there is one."""
    dates, times = forms[:1000], [clock for clock in clocks[:1000] if clock]
    date_format = max(_DATES, key=lambda f: sum(_date(form, f) is not None for form in dates))
    clock_format = max(_CLOCKS, key=lambda f: sum(_clock(clock, f) is not None for clock in times)) if times else ""
    both = f"{date_format} {clock_format}".strip()

    def fits(cell: str) -> bool:
        day, _, clock = re.sub(_BEFORE_CLOCK, r"\1 \2", cell).partition(" ")
        return _date(day, date_format) is not None and (not clock or _clock(clock.strip(), clock_format) is not None)

    row = next((row for row, cell in enumerate(cells) if not fits(cell)), 0)
    expected = "a time such as 2020-12-31 23:45 that the calendar has"
    if any(map(fits, cells[:1000])):
        expected = f"a time written as {both!r}, as other rows have it, that the calendar has"
    fix = f"correct the cell, pass --time_format, {NOT_AT_ALL}"
    if re.search(r"[T ]24:00(:00)?$", cells[row]):
        fix = "write 24:00 as 00:00 of the next day"
    return DataError(f"found {shorten(text[row].as_py())}", where=where.row(row), expected=expected, fix=fix)


def _date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def _clock(text: str, form: str) -> time | None:
    if form in _DIGITS and len(text) != _DIGITS[form]:  # Python reads 1530 as 15:03:00
        return None
    try:
        return datetime.strptime(text, form).time()
    except ValueError:
        return None


def _seconds(text: str, form: str) -> int:
    clock = _clock(text, form) if text else None
    return 0 if clock is None else clock.hour * 3600 + clock.minute * 60 + clock.second


def look_like_times(cells: pa.Array) -> bool:
    """Whether text looks like dates, with a clock's time behind them or without, or months, in each cell that is not empty."""
    import pyarrow as pa

    return any(_all_match(cells, pattern) for pattern in (_LOOKS_LIKE_TIMES, _MONTH_FIRST, _DAY_FIRST)) or (
        _all_match(cells, _LOOKS_LIKE_PERIODS) and periods(pa.chunked_array([_trimmed(cells)])) is not None
    )


def look_like_clocks(cells: pa.Array) -> bool:
    """Whether text looks like the time of a clock without a date, in each cell that is not empty."""
    return _all_match(cells, _LOOKS_LIKE_CLOCK)


def _all_match(cells: pa.Array, pattern: str) -> bool:
    import pyarrow.compute as pc

    trimmed = _trimmed(cells)
    return bool(len(trimmed)) and bool(pc.all(pc.match_substring_regex(trimmed, pattern)).as_py())


def _trimmed(cells: pa.Array) -> pa.Array:
    """Text without blanks around it, of the cells that are not empty."""
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(cells).drop_null()
    return trimmed.filter(pc.not_equal(trimmed, ""))
