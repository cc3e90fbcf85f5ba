"""How one locale writes names, amounts, measures, dates and times: the Unicode CLDR through Babel, never its raw keys.

`Wording` finds at the start what a locale has no name for, or one name for two of, and never writes either. It knows
nothing of phrases, topics or chance, and asks neither the clock nor the time zone nor the environment.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import date, time
from decimal import Decimal

from babel import Locale, UnknownLocaleError, localedata
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from seqtext.errors import DataError, did_you_mean, shorten

LENGTHS = ("length-centimeter", "length-meter", "length-kilometer")
AMOUNTS = ("mass-gram", "mass-kilogram", "volume-liter", "area-square-meter")
DURATIONS = ("duration-year", "duration-month", "duration-week", "duration-day", "duration-hour", "duration-minute")
TEMPERATURE, SPEED = "temperature-celsius", "speed-kilometer-per-hour"
# What nearly every locale with a CLDR of its own can name. The lists are part of the data: other lists, other rows.
_CITIES = {
    "Africa": "Addis_Ababa Cairo Casablanca Dakar Harare Johannesburg Kampala Khartoum Lagos Luanda Maputo Nairobi"
    " Tripoli",
    "America": "Bogota Buenos_Aires Caracas Chicago Denver Detroit Havana La_Paz Lima Los_Angeles Montevideo New_York"
    " Phoenix Recife Santiago Sao_Paulo Toronto Vancouver Winnipeg",
    "Asia": "Almaty Amman Baghdad Baku Bangkok Beirut Colombo Damascus Dhaka Dubai Irkutsk Jakarta Kabul Karachi Manila"
    " Omsk Riyadh Seoul Shanghai Tashkent Tbilisi Tehran Tokyo Vladivostok Yerevan",
    "Australia": "Adelaide Brisbane Darwin Melbourne Perth Sydney",
    "Europe": "Amsterdam Athens Belgrade Berlin Brussels Bucharest Budapest Copenhagen Dublin Helsinki Istanbul Lisbon"
    " London Madrid Minsk Moscow Oslo Paris Prague Riga Rome Sofia Stockholm Tallinn Vienna Vilnius Warsaw Zagreb"
    " Zurich",
}
_CODES = {
    "country": "AF AL AM AO AR AT AU AZ BD BE BG BO BR BW CA CH CL CM CN CO CR CU CY CZ DE DK DZ EC EE EG ES ET FI FR"
    " GE GH GR HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KZ LA LB LK LT LV LY MA MG ML MN MX MY MZ NA NG"
    " NI NL NO NP NZ OM PA PE PH PK PL PT PY QA RO RS RU RW SA SD SE SI SK SN SO SY TH TN TR TZ UA UG US UY UZ VE VN"
    " YE ZA ZM ZW",
    "city": " ".join(f"{region}/{city}" for region, cities in _CITIES.items() for city in cities.split()),
    "language": "af am ar az be bg bn bo br ca cs cy da de el en es et eu fa fi fr ga gu ha he hi hr hu hy id is it ja"
    " ka kk km kn ko la lo lt lv mg mk ml mn mr ms mt my ne nl pl ps pt qu ro ru sk sl so sq sr sv sw ta te th tr uk"
    " ur uz vi wo zh zu",
    "currency": "ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HUF IDR ILS INR JPY KES KRW MAD MXN NGN NOK"
    " NZD PEN PHP PKR PLN RON RUB SAR SEK THB TRY UAH USD VND ZAR",
    "unit": " ".join((*LENGTHS, *AMOUNTS, *DURATIONS, TEMPERATURE, SPEED)),
    "month": "1 2 3 4 5 6 7 8 9 10 11 12",
    "weekday": "0 1 2 3 4 5 6",  # from Monday
}
NAMES: dict[str, tuple[str, ...]] = {kind: tuple(codes.split()) for kind, codes in _CODES.items()}
_ENOUGH = 0.9  # of the names of each kind; a locale with fewer is a sketch
_RAW = re.compile(r"[{}¤∅]|\bM\d\d\b")  # placeholders, the sign of no currency, "not inherited", a month without a name
_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # of direction: for screens, not for texts
_SPACES = re.compile(r"\s+")


class MissingNameError(LookupError):
    """A name that the locale does not have, or that stands for two things there. Whoever draws names draws again."""


class Wording:
    """The names and formats of one locale.

    Every method returns plain text: composed (NFC), with ordinary spaces, without marks of direction. It raises a
    `MissingNameError` where the locale would show a raw key.

    Args:
        locale: a CLDR locale, with `-` or `_`.
        where: what messages call it.

    Raises:
        DataError: for an unknown locale, with the nearest one; for one that lacks over a tenth of the names of a kind.
    """

    def __init__(self, locale: str, *, where: str = "") -> None:
        self.locale = _find_locale(locale, where)
        self._rtl = self.locale.text_direction == "rtl"
        self._units = _find_units(self.locale)
        self.names = {kind: _distinct(found) for kind, found in self._find_names().items()}
        # Where a capital and its country share the name (Tunis in Croatian), one word would be two places.
        shared = set(self.names["country"].values()) & set(self.names["city"].values())
        for kind in ("country", "city"):
            self.names[kind] = {code: name for code, name in self.names[kind].items() if name not in shared}
        counts = {kind: (len(self.names[kind]), len(codes)) for kind, codes in NAMES.items()}
        few = [f"{found} of {asked} {kind} names" for kind, (found, asked) in counts.items() if found < _ENOUGH * asked]
        if few:
            raise DataError(
                f"locale {str(self.locale)!r} has only {', '.join(few)}",
                where=where,
                expected=f"{_ENOUGH:.0%} of each, all different",
                fix="choose a locale that the CLDR fills, such as en, de, fr, es, ru, ar, hi, ja or zh",
            )

    def _find_names(self) -> dict[str, dict[str, str | None]]:
        locale = self.locale
        months, days = locale.months["format"]["wide"], locale.days["stand-alone"]["wide"]
        untranslated = set(localedata.load("root")["days"]["format"]["wide"].values())
        return {
            "country": {code: locale.territories.get(code) for code in NAMES["country"]},
            "city": {zone: self._find_city(zone) for zone in NAMES["city"]},
            "language": {code: locale.languages.get(code) for code in NAMES["language"]},
            "currency": {code: self._sign(code) or locale.currencies.get(code) for code in NAMES["currency"]},
            "unit": {unit: patterns["other"].replace("{0}", "") for unit, patterns in self._units.items()},
            "month": {code: months[int(code)] for code in NAMES["month"]},
            "weekday": {code: days[int(code)] for code in NAMES["weekday"] if days[int(code)] not in untranslated},
        }

    def _find_city(self, zone: str) -> str | None:
        # The CLDR leaves a city out where it is spelt as in the key, which is a name in the Latin script only.
        named: str | None = self.locale.time_zones.get(zone, {}).get("city")
        latin = unicodedata.name(self.locale.territories.get("PE", "?")[0]).startswith("LATIN")
        return named or (zone.rpartition("/")[2].replace("_", " ") if latin else None)

    def _sign(self, code: str) -> str | None:
        """The sign that a currency has for itself, as € and ₹ are; abbreviations like CHF and kr are none."""
        symbol: str = self.locale.currency_symbols.get(code, code)
        return None if any(character.isalpha() for character in symbol) else symbol

    def _check(self, kind: str, code: str) -> None:
        if code not in self.names[kind]:
            raise MissingNameError(f"{kind} {code} in {self.locale}")

    def name(self, kind: str, code: str) -> str:
        """The name of a country, city, language, month or weekday."""
        self._check(kind, code)
        return self.names[kind][code]

    def amount(self, value: Decimal, code: str) -> str:
        """An amount of money with the currency's sign ("$5.00") or, for want of one, its name ("5.00 Swiss francs")."""
        self._check("currency", code)
        form = "standard" if self._sign(code) else "name"
        shown = value.quantize(Decimal(1).scaleb(-get_currency_precision(code)))  # "1.00" is a plural where "1" is none
        return _plain(format_currency(shown, code, locale=self.locale, format_type=form))

    def quantity(self, value: Decimal, unit: str) -> str:
        """So many of a unit ("3 hours")."""
        self._check("unit", unit)
        patterns = self._units[unit]
        pattern = patterns.get(self.locale.plural_form(value), patterns["other"])
        return _plain(pattern.replace("{0}", format_decimal(value, locale=self.locale)))

    def percent(self, value: Decimal) -> str:
        """So many hundredths ("12.5%")."""
        return _plain(format_percent(value / 100, locale=self.locale, decimal_quantization=False))

    def compact(self, value: Decimal) -> str:
        """A large number in a few characters ("35 million", "3500万")."""
        length = "long" if "long" in self.locale.compact_decimal_formats else "short"
        return _plain(format_compact_decimal(value, format_type=length, locale=self.locale, fraction_digits=1))

    def day(self, day: date) -> str:
        """A date with its year ("May 3, 2031")."""
        return _plain(format_date(day, "long", locale=self.locale))

    def month(self, month: date) -> str:
        """A month of a year ("May 2031")."""
        return _plain(format_skeleton("yMMMM", month, locale=self.locale))

    def days(self, first: date, last: date) -> str:
        """From one date to another of the same year ("May 3 – 9")."""
        return _plain(format_interval(first, last, "MMMd", locale=self.locale))

    def time(self, clock: time) -> str:
        """A time of the day ("9:15 AM")."""
        return _plain(format_time(clock, "short", locale=self.locale))

    def range(self, first: str, last: str) -> str:
        """From one thing to another ("3 – 5")."""
        return _plain(self.locale.interval_formats[None].replace("{0}", first).replace("{1}", last))

    def arrow(self, first: str, last: str) -> str:
        """From one thing to another, as a way or a change ("Oslo → Lima"); it points where the script runs."""
        return f"{first} {'←' if self._rtl else '→'} {last}"

    def listed(self, items: list[str], style: str = "standard") -> str:
        """An enumeration: `standard` for "A, B and C", `or` for "A, B or C"."""
        # Of Babel's styles these two are whole in every locale: "unit" repeats items in Arabic and fails in Spanish.
        return _plain(format_list(items, style, self.locale))


def _find_locale(name: str, where: str) -> Locale:
    spelt = name.strip().replace("-", "_")
    try:
        locale = Locale.parse(spelt)
    except (UnknownLocaleError, ValueError):
        locale = None
    # Babel drops what it cannot read behind the language: zh_Hnat would become zh_Hans.
    if locale is not None and {*spelt.lower().split("_")[1:]} <= {*str(locale).lower().split("_")}:
        return _unshared(locale)
    # Somebody who writes "german" knows the language and not its code; "jp" is the country's.
    codes = {known.lower(): code for code, known in Locale.parse("en").languages.items() if localedata.exists(code)}
    code = codes.get(spelt.lower()) or _language_of(spelt.upper())
    fix = f"did you mean {code!r}?" if code else did_you_mean(spelt, localedata.locale_identifiers())
    expected = "a CLDR locale such as en, pt-BR or zh-Hant"
    raise DataError(f"unknown locale {shorten(name)}", where=where, expected=expected, fix=fix)


def _language_of(country: str) -> str | None:
    """The language that most of a country's people use, by its code; None for what is no country."""
    try:
        likely = Locale.parse(f"und_{country}")
    except (UnknownLocaleError, ValueError):
        return None
    return str(likely.language) if likely.territory == country else None


def _unshared(locale: Locale) -> Locale:
    """`locale` with its data read into tables of its own."""
    # Babel (2.18; python-babel/babel#1234) resolves what a locale inherits in place, in tables that all locales share:
    # after some were read, others give their months and weekdays for their own. So each is read into an empty cache.
    with localedata._cache_lock:
        kept = localedata._cache.copy()
        localedata._cache.clear()
        try:
            locale._data  # noqa: B018  (a property that reads the file)
        finally:
            localedata._cache.clear()
            localedata._cache.update(kept)
    return locale


def _find_units(locale: Locale) -> dict[str, dict[str, str]]:
    """The patterns of each unit by grammatical number ("{0} hour", "{0} hours")."""
    # Not Babel's `format_unit`: where a locale has a short form only, as Chinese and Japanese do for their whole words,
    # it writes "3 duration-hour". A short form that only repeats the root's is a symbol that nobody translated.
    found, symbols = {}, localedata.load("root")["unit_patterns"]
    for unit in NAMES["unit"]:
        long, short = (
            dict(locale._data["unit_patterns"].get(unit, {}).get(length, {})) for length in ("long", "short")
        )
        if "other" in long:
            found[unit] = long
        elif short.get("other") not in (None, symbols[unit]["short"]["other"]):
            found[unit] = short
    return found


def _distinct(found: dict[str, str | None]) -> dict[str, str]:
    """The names that are there, are no keys, and stand for one thing only."""
    names = {code: _plain(name) for code, name in found.items() if name and name != code and not _RAW.search(name)}
    times = Counter(names.values())
    return {code: name for code, name in names.items() if times[name] == 1}


def _plain(text: str) -> str:
    if _RAW.search(text):
        raise MissingNameError(text)
    return _SPACES.sub(" ", _MARKS.sub("", unicodedata.normalize("NFC", text))).strip()
