"""What is copied: found in any text, hidden on both sides of a pair, and put back as it was."""

from __future__ import annotations

import time

import pytest

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.translation.augmentation import Augmentation, counterparts
from seqtext.tasks.translation.copying import PLACEHOLDERS, Copier, Glossary, Masked, copies_numbers, glossary_of
from seqtext.tasks.translation.given import read_glossary
from seqtext.tasks.translation.told import Told

TEXTS = [
    "a dog sees the house in room five and 0123456789, km.",
    "Ein Hund sieht das Haus im Zimmer fünf, k: $!?()@/-_",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS * 30, vocabulary_size=340, normaliser=Normaliser(), always=PLACEHOLDERS)


@pytest.fixture(scope="module")
def copier(tokenizer) -> Copier:
    return Copier(tokenizer, numbers=True)


def shown(text: str) -> str:
    return "".join(f"<{PLACEHOLDERS.index(one)}>" if one in PLACEHOLDERS else one for one in text)


@pytest.mark.parametrize(
    ("text", "masked", "copied"),
    [
        ("a dog", "a dog", []),
        ("in room 451.", "in room <0>.", ["451"]),
        ("1,000.50 to 12:30, 2026-11-28!", "<0> to <1>, <2>!", ["1,000.50", "12:30", "2026-11-28"]),
        ("at -2.5 or (+3), 5-6, 7 -8", "at <0> or (<1>), <2>, <3>", ["-2.5", "+3", "5-6", "7 -8"]),
        ("an A380 in 5km", "an <0> in <1>km", ["A380", "5"]),
        ("see https://a.b/c?d=1, or www.x.org.", "see <0>, or <1>.", ["https://a.b/c?d=1", "www.x.org"]),
        ("a dog (me@x.org) sees", "a dog (<0>) sees", ["me@x.org"]),
        ("the Привет мир dog", "the <0> dog", ["Привет мир"]),
        ("Привет, мир!", "<0>!", ["Привет, мир"]),
        ("a dog 你好!", "a dog <0>!", ["你好"]),
        (f"a {PLACEHOLDERS[3]} dog", "a <0> dog", [PLACEHOLDERS[3]]),
        (" ".join(f"{n} dogs" for n in range(12)), None, list("01234567")),
    ],
)
def test_what_is_copied(copier, text, masked, copied):
    made = copier.masked(text)
    assert list(made.stands_for.values()) == copied
    assert masked is None or shown(made.text) == masked
    assert made.put_back(made.text) == text


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("请访问https://example.org/a查看更多信息。", ["https://example.org/a"]),
        ("请写信给info@example.org，谢谢", ["info@example.org"]),
        ("info@example.org으로 보내, 제2차", ["info@example.org", "2"]),
        (
            "https://zh.wikipedia.org/wiki/北京 oder müller@straße.de",
            ["https://zh.wikipedia.org/wiki/北京", "müller@straße.de"],
        ),
        ("我在2008年去了北京。彼は1998年", ["2008", "1998"]),
        ("ב-2008, في2008", ["2008", "2008"]),
        ("in his mid-40s, Under-18s, G7-Staaten, Formel-1", ["40", "18", "G7", "1"]),
        (
            "COVID-19, A320-200, a B-52, H2O and iPhone5, not H2O-free",
            ["COVID-19", "A320-200", "B-52", "H2O", "iPhone5", "H2O"],
        ),
    ],
)
def test_words_beside_a_number_or_an_address_are_no_part_of_it(text, copied):
    known = Tokenizer.train([text] * 60, vocabulary_size=700, normaliser=Normaliser(), always=PLACEHOLDERS)
    assert list(Copier(known, numbers=True).masked(text).stands_for.values()) == copied


@pytest.mark.parametrize("run", ["x", "a.", "a-", "é_", "a+", "9a", "x.com.", "a@"])
def test_a_long_run_is_looked_through_once(copier, run):
    began = time.process_time()
    copier.spans(run * (20_000 // len(run)))
    assert time.process_time() - began < 0.5  # 0.06; or seconds, if each character began anew


def test_where_numbers_are_translated_they_are_left_to_the_model(tokenizer):
    assert shown(Copier(tokenizer, numbers=False).masked("451 dogs at www.x.org").text) == "451 dogs at <0>"


def test_a_text_that_is_lowered_for_the_model_keeps_the_case_of_what_is_copied(tokenizer):
    copier = Copier(Tokenizer(tokenizer.model, Normaliser(lowercase=True)), numbers=True)
    assert list(copier.masked("A Dog at HTTPS://X.org/Y").stands_for.values()) == ["HTTPS://X.org/Y"]


def test_of_a_pair_what_stands_on_both_sides_has_the_same_placeholder(copier):
    source, target = copier.masked_pair("room 12 and 7 and 12, 5 dogs", "7 und Zimmer 12, fünf Hunde")
    assert (shown(source), shown(target)) == ("room <0> and <1> and 12, 5 dogs", "<1> und Zimmer <0>, fünf Hunde")


def test_whether_numbers_are_copied_is_learnt_from_the_pairs():
    same = [(f"{n} dogs", f"{n} Hunde") for n in range(30)]
    other = [(f"$1,{n}00.50", f"1.{n}00,50 $") for n in range(1, 31)]
    words = [(f"{n} dogs", "viele Hunde") for n in range(30)]
    assert copies_numbers(same + words)
    assert not copies_numbers(other)
    assert not copies_numbers(same[:8] + other)
    assert copies_numbers(other[:3]), "too few to tell"
    assert copies_numbers([(f"In {n} he went.", f"他在{n}年去了。") for n in range(1900, 1930)])


def test_terms_of_a_glossary_are_whole_words_and_the_longest(copier):
    glossary = Glossary({"dog": "Köter", "hot dog": "Wurst"})
    made = copier.masked("a hot dog, a dog, dogs", glossary)
    assert shown(made.text) == "a <0>, a <1>, dogs"
    assert list(made.stands_for.values()) == ["Wurst", "Köter"]
    assert glossary_of({}, copies=False) is None
    with pytest.raises(OptionsError, match="has not learnt to carry terms over; train it with --copying"):
        glossary_of({"dog": "Hund"}, copies=False)
    with pytest.raises(OptionsError, match="glossary is 'g.tsv'; expected a dict of terms"):
        glossary_of("g.tsv", copies=True)
    with pytest.raises(OptionsError, match="a glossary with ' ' among its terms"):
        glossary_of({"dog": " "}, copies=True)


def test_terms_of_scripts_without_blanks_stand_anywhere():
    glossary = Glossary({"你好": "hello", "USB线": "cable", "C++": "Cpp"})
    found = glossary.found("a你好dog, 一USB线b, MUSB线, C++ (C++) C++11")
    assert list(found.values()) == ["hello", "cable", "Cpp", "Cpp"]
    assert glossary.terms_in("MUSB线 C++11") == set()


def test_a_term_within_a_number_or_an_address_is_none(copier):
    glossary = Glossary({"12": "zwölf", "apple": "Apfel", "dog": "Köter", "12 dogs": "ein Rudel"})
    masked = copier.masked("12.50 dogs, dog@foo.org and https://x.org/apple. 12, dog, 12 dogs", glossary)
    assert shown(masked.text) == "<0> dogs, <1> and <2>. <3>, <4>, <5>"
    copied = ["12.50", "dog@foo.org", "https://x.org/apple"]
    assert [*masked.stands_for.values()] == [*copied, "zwölf", "Köter", "ein Rudel"]
    assert glossary.terms_in("https://x.org/apple and 12.50") == set()
    assert glossary.terms_in("12.50 or 12") == {"12"}
    compounds = Glossary({"G7": "a", "A380": "b", "Covid-19": "c", "Rennen": "d", "北京": "e", "2008": "f"})
    text = "G7-Staaten, A380- und, Covid-19-related, Formel-1-Rennen, 我们在北京2008年奥运会上"
    assert [*compounds.found(text).values()] == [*"abcdef"]


def test_a_term_within_a_longer_one_is_no_term_that_no_text_has(copier):
    told = Told({"dog": "Köter", "hot dog": "Wurst", "dogs": "Hunde", "hot": "warm"})
    told.add(["a hot dog"], [])
    assert [*told.lines()] == ["note: no text has 'dogs' of the glossary"]


def test_terms_are_found_however_their_letters_are_composed(copier, tmp_path):
    composed, apart = "Caf\u00e9", "Cafe\u0301"
    for term in (composed, apart):
        for text in (composed, apart):
            masked = copier.masked(f"a {text}", Glossary({term: "Haus"}))
            assert (shown(masked.text), [*masked.stands_for.values()]) == ("a <0>", ["Haus"])
            told = Told({term: "Haus", "dog": "Hund"})
            told.add([f"a {text}"], [])
            assert [*told.lines()] == ["note: no text has 'dog' of the glossary"]
    with pytest.raises(OptionsError, match="among its terms"):
        glossary_of({"\x01": "Hund"}, copies=True)
    (tmp_path / "terms.tsv").write_text(f"{composed}\tHaus\n{apart}\tBaum\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2.*is 'Baum', and 'Haus' above"):
        read_glossary(str(tmp_path / "terms.tsv"))


@pytest.mark.parametrize(
    ("kept", "prefix", "expected"),
    [
        ("5", "Am 15 und 5", "Am 15 und <0>"),
        ("5", "5,5 und 1.5 und 5.", "5,5 und 1.5 und <0>."),
        ("Hund", "Hundert Hund", "Hundert <0>"),
        ("Caf\u00e9", "Cafe\u0301 da", "<0> da"),
        ("😀", "a😀b", "a<0>b"),
        ("漢字", "日本漢字", "日本<0>"),
        ("https://a.b/c?d=1", "(https://a.b/c?d=1)", "(<0>)"),
    ],
)
def test_a_prefix_has_placeholders_for_what_it_has_as_a_whole(kept, prefix, expected):
    masked = Masked(PLACEHOLDERS[0], {PLACEHOLDERS[0]: kept})
    assert shown(masked.put_in(prefix)) == expected


def test_words_that_go_together_are_found_and_others_are_not():
    nouns = {"house": "Haus!!", "green": "grün!!", "tree": "Baum!!"}
    pairs = [(f"{one} with {two}", f"{nouns[one]} mit {nouns[two]}") for one in nouns for two in nouns] * 3
    words = counterparts((source, target.replace("!!", "chen")) for source, target in pairs)
    assert words == {"house": "Hauschen", "green": "grünchen", "tree": "Baumchen"}


def test_an_epoch_is_a_function_of_its_seed_and_hides_the_same_on_both_sides(copier):
    pairs = [("a dog sees the house.", "Ein Hund sieht das Haus."), ("the house", "das Haus")] * 100
    augment = Augmentation(copier, {"house": "Haus"}, copying=0.5, small_letters=0.3)
    first = list(augment(pairs, 1))
    assert first == list(augment(pairs, 1)) != list(augment(pairs, 2))
    for source, target in first:
        assert sorted(set(source) & set(PLACEHOLDERS)) == sorted(set(target) & set(PLACEHOLDERS))
    changed = sum(any(mark in source for mark in PLACEHOLDERS) for source, _ in first)
    assert 60 < changed < 140
    assert ("a dog sees the <0>.", "Ein Hund sieht das <0>.") in [(shown(a), shown(b)) for a, b in first]
    assert list(augment(pairs, None)) == pairs
    capitals = [("A DOG", "EIN HUND")] * 50
    assert 3 < sum(source == "a dog" for source, _ in augment(capitals, 3)) < 30
