import hashlib
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from babel import Locale
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from seqtext.builtin import phrasebook
from seqtext.builtin.cldr import NAMES, Wording
from seqtext.builtin.phrasebook import TOPICS, Pair, Phrase, pairs, phrases
from seqtext.errors import DataError, OptionsError

SMALL = {"train": 300, "validation": 40, "test": 40}
# Keys of units, codes of currencies and zones, placeholders and their kind: what a text must never show.
RAW = re.compile(
    rf"[{{}}¤∅_]|\bM\d\d\b|\b({'|'.join(NAMES['currency'])})\b|\b({'|'.join(NAMES['unit'])})\b|[A-Z]\w+/[A-Z]"
)


@pytest.fixture(scope="module")
def english() -> dict[str, list[Phrase]]:
    return phrases()


@pytest.fixture(scope="module")
def english_german() -> dict[str, list[Pair]]:
    return pairs(train=6_000, validation=500, test=500)


def words(rows) -> set[str]:
    return {word for row in rows for word in re.findall(r"[^\W\d_]+", " ".join(row[:-1]))}


def test_sizes_and_topics(english):
    assert {split: len(rows) for split, rows in english.items()} == {
        "train": 12_000,
        "validation": 1_000,
        "test": 1_000,
    }
    assert len(TOPICS) >= 8
    for rows in english.values():
        counts = Counter(row.topic for row in rows)
        assert set(counts) == set(TOPICS)
        assert max(counts.values()) < 2 * min(counts.values())


def test_no_text_twice(english):
    texts = [row.text for rows in english.values() for row in rows]
    assert len(set(texts)) == len(texts)  # and so no text has two topics


def test_a_pair_is_one_to_one(english_german):
    rows = [row for split in english_german.values() for row in split]
    assert len({row.source for row in rows}) == len({row.target for row in rows}) == len(rows)


def test_held_out_are_combinations_not_words(english, english_german):
    for made in (english, english_german):
        assert words(made["validation"]) | words(made["test"]) <= words(made["train"])


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_held_out_are_combinations_not_names_however_few_the_rows(locale):
    made, names = phrases(locale=locale, train=60, validation=60, test=60), Wording(locale).names
    texts = {split: "\n".join(row.text for row in rows) for split, rows in made.items()}
    found = {
        split: {
            name for kind in ("country", "city", "language", "weekday") for name in names[kind].values() if name in text
        }
        for split, text in texts.items()
    }
    assert len(found["test"]) > 10
    assert found["test"] | found["validation"] <= found["train"]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("en", "de"),
        ("ja", "fr"),
        ("en", "zh"),
        ("ru", "es"),
        ("ar", "hi"),
        ("th", "pt-BR"),
        ("fa", "he"),
        ("ko", "zh_Hant"),
    ],
)
def test_any_two_well_filled_locales(source, target):
    made = pairs(source=source, target=target, **SMALL)
    rows = [row for split in made.values() for row in split]
    assert len(rows) == sum(SMALL.values())
    assert len({row.source for row in rows}) == len({row.target for row in rows}) == len(rows)
    assert {row.topic for row in rows} == set(TOPICS)
    for row in rows:
        for text in row[:2]:
            assert not RAW.search(text)
            assert text == " ".join(text.split())  # every space an ordinary one


def test_both_sides_of_a_pair_name_the_same_places(english_german):
    english, german = Wording("en").names["city"], Wording("de").names["city"]
    assert len(english_german["test"]) == 500
    for row in english_german["test"]:
        named = {code for code, name in english.items() if re.search(rf"\b{name}\b", row.source)}
        assert named == {code for code, name in german.items() if re.search(rf"\b{name}\b", row.target)}


def test_a_seed_says_the_same_in_every_locale(english, english_german):
    for split in ("validation", "test"):
        same = [row.source == phrase.text for row, phrase in zip(english_german[split], english[split], strict=False)]
        assert sum(same) > 0.98 * len(same)  # what a held-out row may name depends on what was trained on
    assert [row.source for row in english_german["train"]] == [row.text for row in english["train"][:6_000]]
    topics = {
        locale: [row.topic for row in phrases(locale=locale, **SMALL)["train"]] for locale in ("en", "de", "ja", "ar")
    }
    assert all(these == topics["en"] for these in topics.values())


def test_another_seed_combines_otherwise():
    one, other = (phrases(seed=seed, **SMALL) for seed in (0, 1))
    assert len({row.text for row in one["train"]} & {row.text for row in other["train"]}) < 30


@pytest.mark.fault(49, 62)
def test_same_bytes_whatever_the_environment():
    made = "pairs(source='en', target='hi', seed=3, train=300, validation=40, test=40)"
    code = f"from seqtext.builtin.phrasebook import pairs; print({made})"
    digests = set()
    for hash_seed, language, zone in [("0", "C", "UTC"), ("7", "de_DE.UTF-8", "Pacific/Apia")]:
        surroundings = {
            "PYTHONHASHSEED": hash_seed,
            "LANG": language,
            "LC_ALL": language,
            "TZ": zone,
            "PYTHONUTF8": "1",
        }
        run = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | surroundings, capture_output=True, check=True
        )
        digests.add(hashlib.sha256(run.stdout).hexdigest())
    here = str(pairs(source="en", target="hi", seed=3, train=300, validation=40, test=40)) + "\n"
    assert digests == {hashlib.sha256(here.encode()).hexdigest()}


def test_a_locale_read_before_changes_nothing():
    # Babel resolves what a locale inherits in tables that all share: after Levantine Arabic, German had its months.
    before = Wording("de")
    Locale.parse("apc").days["stand-alone"]["wide"][0]
    Locale.parse("apc").months["stand-alone"]["wide"][5]
    after = Wording("de")
    assert after.names == before.names
    assert after.name("weekday", "0") == "Montag"


def test_reading_a_phrase_in_order_decides_every_topic(english):
    languages = set(Wording("en").names["language"].values())
    signs = {
        "hours": r"[A-Z]\w+day\b",
        "weather": r"\d .*(Celsius|per hour)",
        "statistics": r"%|\d (thousand|million)",
        "durations": r"\d (year|month|week|day|hour|minute)",
        "sizes": r"\d (square |kilo|centi)?(meter|gram|liter)",
        "calendar": r" \d{4}$|[A-Z][a-z]{2,3} \d",
        "money": r"\d",
    }

    def read(text: str) -> str:
        notes = re.sub(r"\([^()]*\)", "", text).strip().split(" · ")
        first = notes[1] if len(notes) == 4 else notes[0]  # four only between a weekday and a time
        note = first.rpartition(": ")[2]
        for topic, sign in signs.items():
            if re.search(sign, note):
                return topic
        if re.split(r",? and |,? or |, | → ", note)[0] in languages:
            return "languages"
        return "travel" if "→" in note else "places"

    wrong = [row for rows in english.values() for row in rows if read(row.text) != row.topic]
    assert wrong == []


def test_between_weekday_and_time_both_orders_have_the_same_short_runs_of_characters():
    (frame,) = {form for form in phrasebook._FORMS if "{time}" in form}
    runs = []
    for notes in (["Oslo → Lima", "12%"], ["12%", "Oslo → Lima"]):
        text = frame.format(*notes, weekday="Friday", time="9:00 AM")
        runs.append(Counter(text[start : start + size] for size in (1, 2, 3) for start in range(len(text) - size + 1)))
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("locale", "unit", "longest", "rows"),
    [("en", "word", 2, 4_000), ("en", "char", 3, 12_000), ("zh", "char", 3, 4_000)],
)
def test_a_bag_of_words_does_not_solve_it(english, locale, unit, longest, rows):
    made = english if locale == "en" else phrases(locale=locale, train=rows, validation=0)
    bags = TfidfVectorizer(analyzer=unit, ngram_range=(1, longest), sublinear_tf=True)
    texts, topics = zip(*made["train"][:rows], strict=True)
    guess = LogisticRegression(C=10, max_iter=300).fit(bags.fit_transform(texts), topics)
    held_out, expected = zip(*made["test"], strict=True)
    accuracy = guess.score(bags.transform(held_out), expected)
    assert 0.4 < accuracy < 0.9  # chance is 0.1; what we promise is 0.95 at most


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zu", r"locale 'zu' has only 5 of 15 unit names; expected 90% of each"),
        ("ug", r"locale 'ug' has only 0 of \d+ city names"),
        ("tlh", r"unknown locale 'tlh'"),
        ("de-1996", "unknown locale 'de-1996'"),
        ("zh-Hnat", r"unknown locale 'zh-Hnat'; expected a CLDR locale .*; did you mean 'zh_Hant'\?"),
        ("German", r"unknown locale 'German'; .* did you mean 'de'\?"),
        ("", "unknown locale ''"),
    ],
)
def test_refused_locales(name, message):
    with pytest.raises(DataError, match=message):
        phrases(locale=name)
    with pytest.raises(DataError, match=message):
        pairs(target=name)


def test_refused_options(monkeypatch):
    with pytest.raises(OptionsError, match=r"found 'de' as source and as target; expected two locales"):
        pairs(source="de", target="DE")
    with pytest.raises(OptionsError, match="found train=0, validation=1000, test=1000; expected train of 1 or more"):
        phrases(train=0)
    monkeypatch.setattr(phrasebook, "_ATTEMPTS", 1)
    with pytest.raises(OptionsError, match=r"no new phrase in 1 draws for row train \d+; ask for fewer rows"):
        phrases()
