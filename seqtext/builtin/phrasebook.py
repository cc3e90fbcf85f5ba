"""Short phrases with topics in every well-filled locale of the CLDR: to classify, to generate by topic, to translate.

A phrase is one to three notes, and its topic is that of the first note outside brackets. `cldr.py` has the words; this
file combines them, by chance that depends on a seed and on nothing else. It knows nothing of files, tokens or models.

    topic       a note of it is                              such as
    travel      the way from one place to another            Oslo → Lima
    places      an enumeration of countries or of cities     Peru, Japan, and Ghana
    languages   languages spoken, or translated              Peru: Quechua and Spanish
    money       a price, a range of prices, an exchange      €4.00 – €9.00
    calendar    a date, a month, a range of dates            May 3 – 9
    hours       weekdays and times of the day                Lima: Monday – Friday, 9:00 AM – 5:30 PM
    weather     temperature, wind or both                    12 degrees Celsius, 30 kilometers per hour
    sizes       lengths, areas, masses, volumes              3 meters × 5 meters
    durations   how long something takes                     2 hours and 15 minutes
    statistics  shares and large numbers, and their change   Ghana: 12% → 15%

"Oslo → Lima · €400.00 – €900.00" is about travel and names a price; "€400.00 – €900.00 · Oslo → Lima" is about money.
A bag of words sees which notes are there, and not which of them comes first. Pairs of neighbouring words help little, since an aside
stands on either side of what it belongs to; nor do short runs of characters. Reading from end to end decides every phrase.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple, TypeVar

from seqtext.builtin.cldr import AMOUNTS, DURATIONS, LENGTHS, NAMES, SPEED, TEMPERATURE, MissingNameError, Wording
from seqtext.errors import OptionsError

_ATTEMPTS = 1_000  # draws of one row before it is given up
_T = TypeVar("_T")


class Phrase(NamedTuple):
    """A text and what it is about."""

    text: str
    topic: str


class Pair(NamedTuple):
    """The same phrase in two locales, and what it is about."""

    source: str
    target: str
    topic: str


def phrases(
    *, locale: str = "en", seed: int = 0, train: int = 12_000, validation: int = 1_000, test: int = 1_000
) -> dict[str, list[Phrase]]:
    """Phrases of one locale, no text twice.

    Held out are combinations: each country, month, unit and so on in "validation" and "test" is in "train" too. Row n of one seed and
    size says the same in every locale, but for the few rows that one of them has to draw again.

    Args:
        locale: a CLDR locale such as `en`, `pt-BR` or `zh_Hant`.
        seed: another one, other combinations.
        train: rows of the split of that name; so `validation` and `test`.

    Raises:
        DataError: for a locale that is unknown, or has too few names.
        OptionsError: for a number of rows that cannot be had.
    """
    made = make_rows([Wording(locale)], seed, {"train": train, "validation": validation, "test": test})
    return {split: [Phrase(row.texts[0], row.topic) for row in rows] for split, rows in made.items()}


def pairs(
    *,
    source: str = "en",
    target: str = "de",
    seed: int = 0,
    train: int = 12_000,
    validation: int = 1_000,
    test: int = 1_000,
) -> dict[str, list[Pair]]:
    """The same phrases in two locales; over all splits no source has two targets, and no target two sources.

    Args:
        source: the locale to translate from.
        target: the locale to translate to.
        seed: as in `phrases`; so are the sizes, and what is held out.
        train: rows of the split of that name; so `validation` and `test`.

    Raises:
        DataError: for a locale that is unknown, or has too few names.
        OptionsError: for a number of rows that cannot be had, or the same locale twice.
    """
    wordings = [Wording(source, where="source"), Wording(target, where="target")]
    if wordings[0].locale == wordings[1].locale:
        raise OptionsError(f"found {source!r} as source and as target", where="phrasebook", expected="two locales")
    made = make_rows(wordings, seed, {"train": train, "validation": validation, "test": test})
    return {split: [Pair(row.texts[0], row.texts[1], row.topic) for row in rows] for split, rows in made.items()}


class _Pen:
    """Writes one phrase in one locale, with the names that it may use, and remembers those it used.

    Chance never depends on the locale: pens with the same `key` and `names` write the same phrase in each.
    """

    def __init__(self, key: str, wording: Wording, names: Mapping[str, Sequence[str]]) -> None:
        self.say = wording
        self.used: set[tuple[str, str]] = set()
        self._names = names
        self._random = random.Random(key)  # noqa: S311  (no secret; a string is hashed alike whatever PYTHONHASHSEED)

    def pick(self, *choices: _T) -> _T:
        return self._random.choice(choices)

    def sample(self, choices: Sequence[_T], count: int) -> list[_T]:
        return self._random.sample(choices, count)

    def numbers(self, low: int, high: int, count: int) -> list[Decimal]:
        """Different whole numbers from `low` to `high`, ascending."""
        return [Decimal(number) for number in sorted(self.sample(range(low, high + 1), count))]

    def codes(self, kind: str, count: int = 1, among: Sequence[str] = ()) -> list[str]:
        """Different codes of a kind, remembered as used; so whoever draws them has to write them."""
        known = [code for code in self._names[kind] if not among or code in among]
        if len(known) < count:
            raise MissingNameError(f"{count} of kind {kind}")
        codes = self.sample(known, count)
        self.used.update((kind, code) for code in codes)
        return codes

    def names(self, kind: str, count: int = 1) -> list[str]:
        return [self.say.name(kind, code) for code in self.codes(kind, count)]

    def places(self, count: int = 1) -> list[str]:
        return self.names(self.pick("country", "city"), count)

    def days(self, count: int) -> list[date]:
        """Days of one year, ascending."""
        year = self.pick(*range(2000, 2040))
        return sorted(date(year, int(*self.codes("month")), self.pick(*range(1, 29))) for _ in range(count))

    def times(self, count: int) -> list[str]:
        quarters = map(int, self.numbers(0, 95, count))  # of an hour: few, so that each is met often
        return [self.say.time(time(quarter // 4, quarter % 4 * 15)) for quarter in quarters]

    def change(self, one: str, other: str) -> str:
        """An arrow, up or down."""
        return self.say.arrow(*self.pick((one, other), (other, one)))

    def by(self, one: str, other: str) -> str:
        return f"{one} × {other}"

    def values(
        self, write: Callable[[Decimal], str], low: int, high: int, *relations: Callable[[str, str], str]
    ) -> str:
        """One value from `low` to `high`, or two in one of the `relations`."""
        relation = self.pick(None, *relations)
        one, *other = [write(number) for number in self.numbers(low, high, 2 if relation else 1)]
        return relation(one, *other) if relation else one

    def somewhere(self, note: str) -> str:
        """Now and then says where a note holds, so that a place alone is no sign of travel."""
        return f"{self.places()[0]}: {note}" if self.pick(True, False, False) else note


def _travel(pen: _Pen) -> str:
    return pen.say.arrow(*pen.places(2))


def _places(pen: _Pen) -> str:
    return pen.say.listed(pen.places(pen.pick(2, 2, 3)), pen.pick("standard", "or"))


def _languages(pen: _Pen) -> str:
    if pen.pick(True, False, False):
        return pen.say.arrow(*pen.names("language", 2))
    return pen.somewhere(pen.say.listed(pen.names("language", pen.pick(1, 2, 2, 3))))


def _money(pen: _Pen) -> str:
    scale, rest = pen.pick((1, Decimal(0)), (1, Decimal("0.4")), (10, Decimal(0)))
    if pen.pick(True, False, False):
        numbers, codes = pen.numbers(1, 200, 2), pen.codes("currency", 2)
        return pen.change(*(pen.say.amount(number * scale, code) for number, code in zip(numbers, codes, strict=True)))
    (code,) = pen.codes("currency")
    return pen.somewhere(pen.values(lambda n: pen.say.amount(n * scale + rest, code), 1, 200, pen.say.range))


def _calendar(pen: _Pen) -> str:
    if pen.pick(True, False):
        return pen.somewhere(pen.say.days(*pen.days(2)))
    return pen.somewhere(pen.pick(pen.say.day, pen.say.month)(*pen.days(1)))


def _hours(pen: _Pen) -> str:
    days = pen.say.range(*pen.names("weekday", 2)) if pen.pick(True, False) else pen.names("weekday")[0]
    return pen.somewhere(f"{days}, {pen.say.range(*pen.times(2))}")


def _weather(pen: _Pen) -> str:
    def measured(unit: str, low: int, high: int) -> str:
        (known,) = pen.codes("unit", among=[unit])
        return pen.values(lambda n: pen.say.quantity(n, known), low, high, pen.say.range, pen.change)

    temperature, wind = (TEMPERATURE, -9, 35), (SPEED, 5, 90)
    return pen.somewhere(", ".join(measured(*each) for each in pen.pick([temperature], [wind], [temperature, wind])))


def _sizes(pen: _Pen) -> str:
    (unit,), scale = pen.codes("unit", among=pen.pick(LENGTHS, AMOUNTS)), pen.pick(1, 1, 2)
    relations = [pen.say.range, *([pen.by] if unit in LENGTHS else [])]
    return pen.values(lambda n: pen.say.quantity(n / scale, unit), 2, 60, *relations)


def _durations(pen: _Pen) -> str:
    if pen.pick(True, False):
        units = sorted(pen.codes("unit", 2, DURATIONS), key=DURATIONS.index)
        return pen.say.listed([pen.say.quantity(pen.numbers(1, 30, 1)[0], unit) for unit in units])
    (unit,) = pen.codes("unit", among=DURATIONS)
    return pen.values(lambda n: pen.say.quantity(n, unit), 1, 60, pen.say.range)


def _statistics(pen: _Pen) -> str:
    scale = pen.pick(Decimal(1), Decimal("0.5"), Decimal(1_000), Decimal(1_000_000))
    write = pen.say.percent if scale <= 1 else pen.say.compact
    return pen.somewhere(pen.values(lambda n: write(n * scale), 1, 99, pen.say.range, pen.change))


_NOTES: dict[str, Callable[[_Pen], str]] = {
    "travel": _travel,
    "places": _places,
    "languages": _languages,
    "money": _money,
    "calendar": _calendar,
    "hours": _hours,
    "weather": _weather,
    "sizes": _sizes,
    "durations": _durations,
    "statistics": _statistics,
}
TOPICS: tuple[str, ...] = tuple(_NOTES)
# The topic is that of {0}. A quarter of the phrases a bag of words can do, the framed ones not even one of characters.
_FORMS = (
    *5 * ("{0}",),
    *4 * ("{0} · {1}",),
    *1 * ("{0} · {1} · {2}",),
    *2 * ("{0} ({1})", "({1}) {0}"),
    *6 * ("{weekday} · {0} · {1} · {time}",),
)


class _Row(NamedTuple):
    texts: tuple[str, ...]  # one for each locale
    topic: str
    used: set[tuple[str, str]]  # names, as (kind, code)


def _write(pen: _Pen) -> Phrase:
    form = pen.pick(*_FORMS)
    frame = {"weekday": pen.names("weekday")[0], "time": pen.times(1)[0]} if "{time}" in form else {}
    topics = pen.sample(TOPICS, form.count("{") - len(frame))
    return Phrase(form.format(*(_NOTES[topic](pen) for topic in topics), **frame), topics[0])


def make_rows(wordings: Sequence[Wording], seed: int, sizes: Mapping[str, int]) -> dict[str, list[_Row]]:
    """The rows of each split, by its name and size, in some wordings at once: as `phrases` and `pairs` have them."""
    if sizes["train"] < 1 or min(sizes.values()) < 0:
        found = ", ".join(f"{split}={size}" for split, size in sizes.items())
        raise OptionsError(f"found {found}", where="phrasebook", expected="train of 1 or more, the others of 0 or more")
    names: Mapping[str, Sequence[str]] = NAMES
    taken: list[set[str]] = [set() for _ in wordings]
    made: dict[str, list[_Row]] = {}
    for split, size in sizes.items():
        made[split] = [_draw(f"{seed} {split} {row}", wordings, names, taken) for row in range(size)]
        if split == "train":
            used = {name for row in made[split] for name in row.used}
            names = {kind: [code for code in codes if (kind, code) in used] for kind, codes in NAMES.items()}
    return made


def _draw(key: str, wordings: Sequence[Wording], names: Mapping[str, Sequence[str]], taken: Sequence[set[str]]) -> _Row:
    """A row whose texts are new in every locale; now they are `taken`."""
    # Chance of its own for every row: where a locale lacks a name, this row is drawn again and no other moves.
    for attempt in range(_ATTEMPTS):
        pens = [_Pen(f"{key} {attempt}", wording, names) for wording in wordings]
        try:
            written = [_write(pen) for pen in pens]
        except MissingNameError:
            continue
        if not any(phrase.text in texts for phrase, texts in zip(written, taken, strict=True)):
            for phrase, texts in zip(written, taken, strict=True):
                texts.add(phrase.text)
            return _Row(tuple(phrase.text for phrase in written), written[0].topic, pens[0].used)
    found = f"no new phrase in {_ATTEMPTS} draws for row {key.partition(' ')[2]}"
    raise OptionsError(found, where="phrasebook", fix="ask for fewer rows, or for more rows to train on")
