"""Streams: the same tags however a text is cut, as soon as they can be said, and no stream knows of another."""

from __future__ import annotations

import json

import pytest
import torch

from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.saving.folders import seal
from seqtext.tasks.tagging.stream import push_together
from tests.tasks.tagging.taggers import made, sentences

TEXT = "  Ann can see\u2003the owl .\nZoë  " + " ".join(word for row in sentences(6, 5)["tokens"] for word in row)
KINDS = [{}, {"num_layers": 2, "cell": "gru"}, {"look_ahead": 2}, {"cell": "rnn", "look_ahead": 1}]


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_pieces_of_any_size_give_what_the_whole_gives(settings, size):
    task = made(**settings)
    stream, found = task.stream(), []
    for start in range(0, len(TEXT), size):
        found += stream.push(TEXT[start : start + size])
    assert found + stream.finish() == task(TEXT)[0]
    assert stream.push(TEXT) + stream.finish() == task(TEXT)[0]  # it begins anew


def test_a_word_is_tagged_when_it_is_finished():
    stream = made().stream()
    assert stream.push("The old ma") == made()("The old")[0]
    assert stream.push("") == []
    assert stream.push("n") == []
    assert [word for word, _ in stream.push(" ")] == ["man"]
    assert stream.push("  \n") == []
    assert stream.finish() == []


def test_with_a_look_ahead_tags_come_so_many_words_later():
    task = made(look_ahead=2)
    stream = task.stream()
    assert [len(stream.push(f"{word} ")) for word in ["a", "b", "c", "d"]] == [0, 0, 1, 1]
    assert [word for word, _ in stream.finish()] == ["c", "d"]


def test_streams_side_by_side_are_as_one_after_the_other():
    task = made()
    texts = [" ".join(words) for words in sentences(4, 7)["tokens"]]
    streams, found = [task.stream() for _ in texts], [[] for _ in texts]
    for at in range(max(map(len, texts))):
        for stream, text, of_text in zip(streams, texts, found, strict=True):
            of_text += stream.push(text[at : at + 1])
    assert [of_text + stream.finish() for of_text, stream in zip(found, streams, strict=True)] == task(texts)


def test_what_is_kept_does_not_grow():
    task = made(num_layers=2)
    stream = task.stream()
    stream.push("Ann ")
    before = [part.shape for part in stream.state]
    stream.push("can see " * 50)
    assert [part.shape for part in stream.state] == before


def test_a_long_word_in_small_pieces_is_one_word():
    stream = made().stream()
    for _ in range(20_000):
        assert stream.push("a") == []
    [(word, _)] = stream.finish()
    assert word == "a" * 20_000


def test_a_tagger_of_whole_sentences_has_none():
    with pytest.raises(OptionsError, match="a tagger that reads from both ends has no streams"):
        made(bidirectional=True).stream()


@pytest.mark.parametrize("settings", KINDS)
def test_streams_pushed_together_say_what_each_says_alone(settings):
    task = made(**settings)
    texts = [" ".join(words) for words in sentences(5, 7)["tokens"]] + ["", "  ", "owl"]
    alone, together = [task.stream() for _ in texts], [task.stream() for _ in texts]
    for cut in (slice(0, 11), slice(11, 12), slice(12, None)):
        pieces = [text[cut] for text in texts]
        assert push_together(together, pieces) == [
            stream.push(piece) for stream, piece in zip(alone, pieces, strict=True)
        ]
    assert [stream.finish() for stream in together] == [stream.finish() for stream in alone]
    with pytest.raises(OptionsError, match="different streams of one tagger"):
        push_together([alone[0], alone[0]], ["a ", "b "])
    with pytest.raises(OptionsError, match="streams of several taggers"):
        push_together([alone[0], made().stream()], ["a ", "b "])
    with pytest.raises(DataError, match="the piece: found bytes; expected a text"):
        alone[0].push(b"owl ")
    with pytest.raises(DataError, match="the piece: found NoneType"):
        push_together(alone[:2], ["owl", None])
    with pytest.raises(OptionsError, match="2 streams and 1 pieces; expected a piece for each"):
        push_together(alone[:2], ["owl"])
    assert alone[0].finish() == []  # a piece that was refused leaves all as they were


@pytest.mark.parametrize("settings", KINDS)
@pytest.mark.parametrize("cut", [0, 1, 17, 60])
def test_a_saved_stream_goes_on_as_if_it_had_never_stopped(settings, cut, tmp_path):
    task = made(**settings)
    whole, stream = task.stream(), task.stream()
    first = stream.push(TEXT[:cut])
    stream.save(tmp_path / "stream")
    assert whole.push(TEXT[:cut]) == first
    again = task.open_stream(tmp_path / "stream")
    assert again.push(TEXT[cut:]) == whole.push(TEXT[cut:])
    assert all(map(torch.equal, again.state, whole.state))
    assert again.finish() == whole.finish()


def test_a_saved_stream_of_another_model_or_damaged_is_refused(tmp_path):
    task = made(look_ahead=1)
    stream = task.stream()
    stream.push("Ann can see th")
    stream.save(tmp_path / "stream")
    other = made(look_ahead=1)
    with torch.no_grad():
        other.model.head.bias.add_(1)
    for wrong in (made(look_ahead=2), other):
        with pytest.raises(SavedFileError, match="a stream of another model"):
            wrong.open_stream(tmp_path / "stream")
    path = tmp_path / "stream" / "stream.json"
    found = json.loads(path.read_text())
    changes = {"rest": 3, "begun": False, "waiting": ["a", "b"], "further": 1}
    for change in [*changes.items(), ("waiting", ["a b"]), ("rest", " ")]:
        path.write_text(json.dumps({**found, **dict([change])}))
        seal(tmp_path / "stream")
        with pytest.raises(SavedFileError, match=r"stream\.(json|safetensors)"):
            task.open_stream(tmp_path / "stream")
    path.write_text("{")
    with pytest.raises(SavedFileError):
        task.open_stream(tmp_path / "stream")
