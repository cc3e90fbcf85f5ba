"""Whatever a class is called, its name can be drawn, and two names stay two."""

import unicodedata

import pytest
from matplotlib import font_manager

from seqtext.reporting import lettering
from seqtext.reporting.lettering import LATIN, drawable


@pytest.fixture
def only_matplotlibs_fonts(monkeypatch):
    monkeypatch.setattr(lettering, "FALLBACKS", ())


def test_names_in_a_known_script_stay_as_they_are():
    names = ["World", "Sci/Tech", "Ελληνικά", "Спорт", "عربي"]
    shown = drawable(names)
    assert shown.names == names
    assert shown.families == [LATIN]
    assert shown.numbered == 0


@pytest.mark.usefixtures("only_matplotlibs_fonts")
def test_a_name_without_a_font_is_shown_by_its_number_and_what_is_left_of_it():
    shown = drawable(["World", "日本", "日本 (Japan)", "日本語"])
    assert shown.names == ["World", "#1", "#2 (Japan)", "#3"]
    assert shown.numbered == 3


def test_a_fallback_font_is_used_for_what_it_has(monkeypatch):
    monkeypatch.setattr(lettering, "FALLBACKS", ("Not Installed Anywhere", "STIXGeneral"))
    charmaps = [font_manager.get_font(font_manager.findfont(name)).get_charmap() for name in (LATIN, "STIXGeneral")]
    point = next(p for p in sorted(set(charmaps[1]) - set(charmaps[0])) if unicodedata.category(chr(p))[0] in "LS")
    shown = drawable([f"A{chr(point)}"])
    assert shown.names == [f"A{chr(point)}"]
    assert shown.families == [LATIN, "STIXGeneral"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\tc", "a b c"),
        ("bell\x07 and \u200bzero \ud800width", "bell and zero width"),
        ("", "(blank)"),
        (" \u200b ", "(blank)"),
        ("$x^2$ & $", r"\$x^2\$ & \$"),
        ("_private", "_private"),
        ("a rather long name of a class 17", "a rather l…class 17"),
    ],
)
def test_names_are_one_short_line_taken_literally(name, shown):
    assert drawable([name]).names == [shown]


def test_long_names_that_differ_at_the_end_stay_different():
    shown = drawable([f"category of products, part {part}" for part in range(20)])
    assert len(set(shown.names)) == 20
    assert max(map(len, shown.names)) <= 20


def test_a_wide_character_takes_two_columns(monkeypatch):
    monkeypatch.setattr(lettering, "_fonts_for", lambda needed: ([LATIN], set()))
    assert drawable(["日本語" * 4], longest=11).names == ["日本語…本語"]
