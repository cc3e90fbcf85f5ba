"""Bytes that are no tokenizer of ours never reach the library: it is C++, and trusts what it reads."""

from __future__ import annotations

import io
import struct

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.tokenizer_bytes import check_model
from seqtext.errors import SavedFileError
from tests.conftest import topic_rows

TEXTS = topic_rows(200)["text"]


@pytest.fixture(scope="module")
def model() -> bytes:
    return Tokenizer.train(TEXTS, vocabulary_size=400, normaliser=Normaliser(lowercase=True)).model


def field(number: int, value: bytes | int) -> bytes:
    """A field of a protobuf message."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def piece(text: bytes, score: float = -1.0, kind: int = 1) -> bytes:
    return field(1, field(1, text) + b"\x15" + struct.pack("<f", score) + field(3, kind))


def foreign(**settings) -> bytes:
    sink = io.BytesIO()
    settings = {"vocab_size": 320, "byte_fallback": True, "hard_vocab_limit": False, "minloglevel": 3} | settings
    ids = {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3}
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(TEXTS), model_writer=sink, **ids | settings)
    return sink.getvalue()


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"normalization_rule_name": "nfkc"}, "a table of characters|normaliser"),
        ({"normalization_rule_name": "identity", "model_type": "bpe"}, "of type 2, not unigram"),
        ({"normalization_rule_name": "identity", "byte_fallback": False}, "it begins with"),
        ({"normalization_rule_name": "identity", "user_defined_symbols": ["<x>"]}, "it begins with|special"),
        ({"normalization_rule_name": "identity", "pad_id": 3, "eos_id": 0}, "it begins with"),
    ],
)
def test_a_model_of_another_kind_is_refused(settings, told):
    with pytest.raises(SavedFileError, match=f"^tokenizer: not a sentencepiece model of ours .*({told})"):
        check_model(foreign(**settings))


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("added", "told"),
    [
        (piece(b""), "a piece b''"),
        (piece(b"a\0b"), "a piece"),
        (piece(b"\xff"), "that is not UTF-8"),
        (piece(b"x" * 90) * 2, "a piece that is there twice"),
        (piece(b"new", float("nan")), "a score that is not finite"),
        (piece(b"new", kind=4), "a special piece among the others"),
        (piece(b"new", kind=6), "a special piece among the others"),
        (field(1, field(1, b"new") + field(9, 1)), "field 9 of a piece"),
        (field(2, field(3, 1)), "there twice"),
        (field(3, b""), "there twice"),
        (field(5, field(2, b"table")), "a table of characters"),
        (field(4, b""), "field 4"),
        (field(1, 3), "field 1 is a number"),
        (b"\x0a\x7f", "cut off"),
        (b"\x0b", "not in the format"),
        (b"\xff" * 12, "cut off, or not in the format"),
    ],
)
def test_a_model_with_something_else_in_it_is_refused(model, added, told):
    with pytest.raises(SavedFileError, match=told):
        check_model(model + added)


def test_a_model_of_ours_with_one_more_piece_is_one(model):
    more = Tokenizer(model + piece(b"quagga"), Normaliser(lowercase=True))
    assert more.pieces(more.encode(["quagga"])[0])[-1].endswith("quagga")


@pytest.mark.fault(67)
@settings(max_examples=200)
@given(st.data())
def test_whatever_passes_the_check_can_be_used(model, data):
    changed = bytearray(model)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        tokenizer = Tokenizer(bytes(changed), Normaliser(lowercase=True))
    except SavedFileError:
        return
    [ids] = tokenizer.encode(["The ship sails, 3 ☃ \U0001f600"])
    assert all(0 <= i < len(tokenizer) for i in ids)
    tokenizer.decode(ids)
    tokenizer.encode(TEXTS[:3], sampling_seed=1)


@pytest.mark.fault(67)
@pytest.mark.parametrize("size", [0, 1, 100, -1])
def test_a_model_that_was_cut_is_refused(model, size):
    with pytest.raises(SavedFileError):
        check_model(model[:size])
