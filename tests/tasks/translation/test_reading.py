"""Texts as they are read: split where they are too long, in small letters where they are in capitals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.tasks.translation.letter_case import in_capitals, in_small_letters
from seqtext.tasks.translation.reading import split


def at_most(count: int):
    return lambda text: len(text.split()) <= count


def test_sentences_first_then_clauses_then_words():
    text = "One two three. Four five! Six seven, eight nine ten: eleven. x"
    parts = [part.strip() for part in split(text, at_most(3))]
    assert parts == ["One two three.", "Four five!", "Six seven,", "eight nine ten:", "eleven.", "x"]
    assert [part.strip() for part in split("a b c d e f g", at_most(3))] == ["a b c", "d e f", "g"]
    assert split("x" * 10, lambda text: len(text) <= 4) == ["xx", "xxx", "xx", "xxx"]
    assert split("一二。三四。", lambda text: len(text) <= 3) == ["一二。", "三四。"]
    asked = ["هل ذهبت إلى السوق اليوم؟ ", "نعم، ذهبت مع أخي الكبير؟"]
    assert split("".join(asked), at_most(6)) == asked


def test_what_fits_stays_whole():
    assert split("One. Two.", at_most(9)) == ["One. Two."]
    assert split(" \n ", at_most(0)) == []


@given(st.text(alphabet="ab .,!\n。", max_size=60), st.integers(1, 5))
def test_nothing_but_blanks_is_lost(text, most):
    parts = split(text, lambda part: len(part) <= most)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(len(part) <= most for part in parts)


@pytest.mark.parametrize(
    ("text", "loud"),
    [("A MAN IS WALKING A DOG.", True), ("NASA", False), ("NASA USA", False), ("A man is", False), ("一二三四", False),
     ("INTERNATIONALES", True), ("МУЖЧИНА ИДЕТ ДОМОЙ", True),
     ("我非常喜欢和朋友一起看NBA的比赛", False), ("그는 어제 친구들과 KBS 방송을 보았다", False),
     ("أحب مشاهدة قناة BBC مع أصدقائي", False), ("123 456 789 000", False), ("", False)],
)  # fmt: skip
def test_capitals_are_more_than_an_abbreviation(text, loud):
    assert in_capitals(text) == loud


def test_small_letters_but_for_the_first():
    assert in_small_letters("A MAN IN ROOM 5.") == "A man in room 5."
    assert in_small_letters("(ÄRGER") == "(Ärger"
    assert in_small_letters("123") == "123"
