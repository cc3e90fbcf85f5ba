"""Normaliser and tokenizer: nothing is lost, nothing crashes, the same everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import BEGIN, END, Tokenizer
from seqtext.errors import DataError, OptionsError, SavedFileError
from tests.conftest import ROOT

WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "many",
    "small",
    "red",
    "boats",
    "sail",
    "home",
    "from",
    "green",
    "islands",
]
CORPUS = [" ".join(np.random.default_rng(i).choice(WORDS, 8)) + f" {i}." for i in range(400)]
any_text = st.text(st.characters(), max_size=40)  # surrogates, controls, everything


@pytest.fixture(scope="module", params=["fold", "keep"])
def tokenizer(request) -> Tokenizer:
    return Tokenizer.train(CORPUS, vocabulary_size=400, normaliser=Normaliser(whitespace=request.param))


@given(text=any_text)
def test_decoding_gives_back_the_normalised_text(tokenizer, text):
    [ids] = tokenizer.encode([text])
    assert tokenizer.decode(ids) == tokenizer.normaliser(text)


@pytest.mark.fault(22, 23)
@given(text=any_text)
@pytest.mark.parametrize("normaliser", [Normaliser(), Normaliser(whitespace="keep"), Normaliser(lowercase=True)])
def test_normalising_twice_is_normalising_once_and_leaves_no_controls(normaliser, text):
    once = normaliser(text)
    assert normaliser(once) == once
    assert unicodedata.is_normalized("NFC", once)
    kept = "\t\n" if normaliser.whitespace == "keep" else ""
    assert not [c for c in once if unicodedata.category(c) in ("Cc", "Cs") and c not in kept]


@pytest.mark.fault(22, 23)
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\u2028b\x85c\x0bd", "a b c d"),
        ("caf\u0065\u0301", "café"),
        ("nul\x00 bell\x07", "nul bell"),
        ("\ud800x", "\ufffdx"),
        ("\u200dzwj \u202eמ", "\u200dzwj \u202eמ"),
        ("  many   spaces  ", "many spaces"),
        ("a▁b", "a_b"),
    ],
)
def test_normalised_by_hand(raw, expected):
    assert Normaliser()(raw) == expected


@pytest.mark.fault(21)
def test_empty_texts_have_one_step(tokenizer):
    assert tokenizer.encode(["", "  ", "\x00"])[0] == [BEGIN]
    assert Tokenizer(tokenizer.model, Normaliser()).encode(["   "]) == [[BEGIN]]


@pytest.mark.fault(29)
def test_training_is_the_same_twice_and_lowers_a_vocabulary_that_is_too_large():
    first = Tokenizer.train(CORPUS, vocabulary_size=5000, normaliser=Normaliser())
    second = Tokenizer.train(iter(CORPUS), vocabulary_size=5000, normaliser=Normaliser())
    assert first.model == second.model
    assert len(first) < 5000


def test_sampling_is_seeded_and_decodes_to_the_same_text(tokenizer):
    texts = CORPUS[:50]
    one, same, other = (tokenizer.encode(texts, sampling_seed=seed) for seed in (1, 1, 2))
    assert one == same != other
    assert one != tokenizer.encode(texts)
    assert [tokenizer.decode(ids) for ids in other] == texts


def test_sampling_is_the_same_in_another_process(tokenizer):
    """A pinned draw: what depended on the process would fail it sooner or later."""
    ids = [i for row in tokenizer.encode(CORPUS[:50], sampling_seed=1) for i in row]
    code = (
        "import sys; from seqtext.data.text.tokenizer import Tokenizer; from seqtext.data.text.normaliser import Normaliser\n"
        "tokenizer = Tokenizer(sys.stdin.buffer.read(), Normaliser())\n"
        f"texts = {CORPUS[:50]!r}\n"
        "print([i for row in tokenizer.encode(texts, sampling_seed=1) for i in row])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], input=tokenizer.model, capture_output=True, check=True, cwd=ROOT
    )
    assert json.loads(ended.stdout) == ids


def test_the_likeliest_segmentation_of_each_word_is_that_of_the_text(tokenizer):
    texts = ["  the quick  fox ", "a dog", "fox", " x ", "дом the", "the\u00a0fox 12 jumps", " ", "   "]
    assert tokenizer.encode(texts, sampling_seed=0, alpha=1e6) == tokenizer.encode(texts)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.integers(0, 2**40))
def test_whatever_is_drawn_is_the_same_text(tokenizer, texts, seed):
    plain = tokenizer.encode(texts)
    for ids, other, text in zip(tokenizer.encode(texts, sampling_seed=seed), plain, texts, strict=True):
        assert tokenizer.decode(ids) == tokenizer.decode(other), text


@pytest.mark.fault(30)
def test_digits_are_split_and_foreign_characters_spelt_in_bytes(tokenizer):
    assert [piece for piece in tokenizer.pieces(tokenizer.encode(["2026"])[0]) if piece != "▁"] == ["2", "0", "2", "6"]
    ids = np.array(tokenizer.encode(["дом"])[0], dtype=np.int32)
    assert tokenizer.count_bytes(ids) == 6
    assert set(tokenizer.commonest_unknown(["дом и сад", "the fox"])) == set("домисад")


@pytest.mark.fault(27)
def test_ids_are_never_those_of_special_tokens(tokenizer):
    ids = [i for row in tokenizer.encode(["<s> </s> <unk> <pad>"]) for i in row]
    assert min(ids) > END


@pytest.mark.fault(29)
def test_what_cannot_be_trained_on_is_said():
    with pytest.raises(DataError, match="no text to train a tokenizer on: all are empty"):
        Tokenizer.train(["", " "], vocabulary_size=100, normaliser=Normaliser())
    with pytest.raises(OptionsError, match=r"--vocabulary_size 20 is too small .* at least \d+"):
        Tokenizer.train(CORPUS, vocabulary_size=20, normaliser=Normaliser())


@pytest.mark.fault(67)
@pytest.mark.parametrize("texts", [["the quick brown fox jumps over lazy dogs", "äéĥïñöřšť"], ["東京", "大阪城"]])
@pytest.mark.parametrize("always", ["", "①②③④"])
def test_the_size_that_is_advised_is_enough(always, texts):
    texts = texts * 50
    with pytest.raises(OptionsError) as caught:
        Tokenizer.train(iter(texts), vocabulary_size=262, normaliser=Normaliser(), always=always)
    size = int(re.search(r"at least (\d+)", str(caught.value))[1])
    assert 262 < len(Tokenizer.train(iter(texts), vocabulary_size=size, normaliser=Normaliser(), always=always)) <= size


def test_what_is_no_tokenizer_is_refused():
    with pytest.raises(SavedFileError, match="not a sentencepiece model"):
        Tokenizer(b"no model", Normaliser())


@pytest.mark.fault(28)
def test_special_ids_other_than_ours_are_refused():
    import io

    import sentencepiece

    sink = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=sink,
        vocab_size=100,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        minloglevel=3,
    )
    with pytest.raises(
        SavedFileError, match="it begins with '<unk>', '<s>', '</s>', .*, not with <pad>, <unk>, <s>, </s>"
    ):
        Tokenizer(sink.getvalue(), Normaliser())


def test_how_often_ids_come_is_about_what_is_counted(topics):
    texts = topics["train"]["text"][:]
    tokenizer = Tokenizer.train(iter(texts), vocabulary_size=400, normaliser=Normaliser())
    shares = np.exp(tokenizer.log_shares())
    ids = np.concatenate([np.array(row) for row in tokenizer.encode(texts)])
    counted = np.bincount(ids, minlength=len(tokenizer)) / len(ids)
    assert shares.shape == (len(tokenizer),)
    assert shares[END] == pytest.approx(0.02)
    often = counted > 0.01
    assert shares[often] == pytest.approx(counted[often], rel=0.5)
    assert shares[~often].max() < 2 * shares[often].min() + 0.02


# ---- memory is bounded, whatever the texts


@pytest.mark.fault(75)
def test_texts_without_blanks_keep_little_memory_however_many_they_are(monkeypatch):
    tokenizer = Tokenizer.train(CORPUS, vocabulary_size=400, normaliser=Normaliser())
    monkeypatch.setattr("seqtext.data.text.tokenizer._BYTES_KEPT", 50_000)
    drawn = np.random.default_rng(0)
    texts = ["".join(drawn.choice(WORDS, 40)) for _ in range(50)] + [f"{word}{n}" for n in range(50) for word in WORDS]
    tokenizer.encode(texts, sampling_seed=1)
    kept = tokenizer._segmentations
    assert max(len(word) for word, _ in kept) <= 64
    assert sum(one.ids.nbytes for one in kept.values()) + 600 * len(kept) < 60_000
    assert [tokenizer.decode(ids) for ids in tokenizer.encode(texts, sampling_seed=2)] == texts


def test_what_is_drawn_does_not_depend_on_what_is_kept(monkeypatch):
    one, other = (Tokenizer.train(CORPUS, vocabulary_size=400, normaliser=Normaliser()) for _ in range(2))
    expected = [one.encode(CORPUS, sampling_seed=seed) for seed in range(3)]
    monkeypatch.setattr("seqtext.data.text.tokenizer._BYTES_KEPT", 0)
    assert [other.encode(CORPUS, sampling_seed=seed) for seed in range(3)] == expected
    assert len({json.dumps(rows) for rows in expected}) == 3


@pytest.mark.fault(25)
@pytest.mark.parametrize("sampling_seed", [None, 3])
@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize("keep", [slice(0, 20), slice(-20, None)])
def test_of_a_long_text_only_what_is_kept_is_looked_at_and_is_what_it_was(monkeypatch, keep, blank, sampling_seed):
    tokenizer = Tokenizer.train(CORPUS, vocabulary_size=400, normaliser=Normaliser())
    text = blank.join(np.random.default_rng(5).choice(WORDS, 20_000).tolist())
    seen = []
    near = tokenizer._near
    monkeypatch.setattr(tokenizer, "_near", lambda *given: seen.append(near(*given)) or seen[-1])
    [ids] = tokenizer.encode([text], keep=keep, sampling_seed=sampling_seed)
    assert len(ids) > 20  # so that it counts as cut
    assert len(seen[0]) < 2000
    if sampling_seed is None:
        [whole] = tokenizer.encode([text])
        assert ids[keep] == whole[keep]
        assert len(whole) > 20_000


def test_a_word_too_long_to_draw_is_cut_the_likeliest_way():
    tokenizer = Tokenizer.train(CORPUS, vocabulary_size=400, normaliser=Normaliser())
    word = "".join(np.random.default_rng(5).choice(WORDS, 2_000).tolist())
    assert tokenizer.encode([word], sampling_seed=1) == tokenizer.encode([word])
