"""Makes class names drawable: short, on one line, in fonts that have their characters, taken literally.

A name whose characters no installed font has is shown by its number, since a picture with empty boxes tells nothing and
matplotlib warns of each. Knows no figures; fonts are looked up, never fetched.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

LATIN = "DejaVu Sans"  # comes with matplotlib; also Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian
FALLBACKS = (  # whichever of these a machine has, in this order
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "IPAexGothic",
    "IPAGothic",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "Noto Sans CJK KR",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Nirmala UI",
    "Leelawadee UI",
    "FreeSans",
    "Arial Unicode MS",
)


class Lettering(NamedTuple):
    """Names as they can be drawn.

    Attributes:
        names: one per name given, with `$` escaped, so that matplotlib reads no formula into it.
        families: the fonts to draw them in, for `fontfamily`.
        numbered: how many are shown by their number, wholly or in part.
    """

    names: list[str]
    families: list[str]
    numbered: int


def drawable(names: Sequence[str], *, longest: int = 20) -> Lettering:
    """Names of at most `longest` columns (a wide character takes two) with the fonts they need."""
    plain = [_one_line(name) for name in names]
    needed = {ord(character) for name in plain for character in name}
    families, missing = _fonts_for(needed)
    shown = [_without(name, missing, number) for number, name in enumerate(plain)]
    numbered = sum(old != new for old, new in zip(plain, shown, strict=True))
    return Lettering([_shortened(name, longest).replace("$", r"\$") for name in shown], families, numbered)


def _one_line(name: str) -> str:
    """The name without line breaks and characters that show nothing."""
    spaced = " ".join(name.split())
    # Cc and Cf are controls, Cs half characters, Co and Cn have no shape; variation selectors only pick one.
    kept = (
        c
        for c in spaced
        if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"} and not "\ufe00" <= c <= "\ufe0f"
    )
    return "".join(kept) or "(blank)"


def _fonts_for(needed: Iterable[int]) -> tuple[list[str], set[int]]:
    """The font families that together draw the code points, and the code points that none of them has."""
    from matplotlib import font_manager

    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    families, missing = [LATIN], set(needed) - _code_points(LATIN)
    for family in FALLBACKS:
        if missing and family in installed and (found := missing & _code_points(family)):
            families.append(family)
            missing -= found
    return families, missing


def _code_points(family: str) -> set[int]:
    from matplotlib import font_manager

    return set(font_manager.get_font(font_manager.findfont(family)).get_charmap())


def _without(name: str, missing: set[int], number: int) -> str:
    """The name as it is, or its number and whatever of it can be drawn."""
    drawn = "".join(c for c in name if ord(c) not in missing)
    return name if drawn == name else f"#{number} {drawn.strip()}".strip()


def _shortened(name: str, longest: int) -> str:
    """The start and the end of a name that is too wide; names of one kind often differ at the end only."""
    if sum(map(_width, name)) <= longest:
        return name
    tail = _fitting(name[::-1], (longest - 1) // 2)[::-1]
    return f"{_fitting(name, longest - 1 - sum(map(_width, tail))).rstrip()}…{tail.lstrip()}"


def _fitting(name: str, columns: int) -> str:
    """As many first characters as fit."""
    used = 0
    for end, character in enumerate(name):
        used += _width(character)
        if used > columns:
            return name[:end]
    return name


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
