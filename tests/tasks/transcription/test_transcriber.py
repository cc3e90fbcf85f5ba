"""Transcribers: symbols out of texts, strings out of recordings, saved and opened again, the likeliest text of all ways to write it."""

from __future__ import annotations

import gc
from itertools import groupby, product

import numpy as np
import pytest
import torch

import seqtext
from seqtext.batching.ragged import Ragged
from seqtext.errors import DataError, OptionsError
from seqtext.tasks.transcription.alphabet import Alphabet, choose_symbols, normalised
from seqtext.tasks.transcription.decoding import beam_search, greedy
from seqtext.tasks.transcription.edits import compare
from seqtext.tasks.transcription.report.metrics import word_figures
from seqtext.tasks.transcription.rows import SoundRows
from seqtext.tasks.transcription.strings import one_by_one, put_together
from seqtext.tasks.transcription.transcriber import Transcriber
from tests.tasks.transcription.transcribers import SMALL, chatty, noise, rows, spoken


def test_few_words_that_come_often_are_symbols_and_else_characters():
    assert choose_symbols(["7", "3"] * 20, "auto") == (("3", "7"), "")
    assert choose_symbols(["seven", "three"] * 20, "auto") == (("seven", "three"), " ")
    assert choose_symbols(["7 3", "3"] * 20, "auto") == (("3", "7"), " ")
    assert choose_symbols(["731", "412", "99"], "auto")[0] == tuple("123479")
    assert choose_symbols([f"word{number} other" for number in range(500)], "auto")[1] == ""
    assert choose_symbols(["seven", "three"] * 3, "auto") == (("seven", "three"), " ")  # a folder for each word
    assert choose_symbols(["seven", "three"] * 2, "auto")[1] == ""
    assert choose_symbols(["731", "412"] * 3, "auto")[1] == ""  # other numbers may come
    assert choose_symbols(["seven", "three"] * 20, "characters")[0] == tuple("ehnrstv")
    assert choose_symbols(["731"], "words") == (("731",), " ")
    assert normalised(" A\u0308  b\n", lowercase=True) == "ä b"
    alphabet = Alphabet(("seven", "three"), " ")
    assert alphabet.decode(alphabet.encode("three seven three").tolist()) == "three seven three"


def test_strings_hold_every_recording_of_one_speaker_each_with_pauses_between():
    lengths, speakers = np.arange(50) * 10 + 500, np.arange(50) % 3
    made = put_together(lengths, speakers, rate=8000, most=7, tail=2400, draw=np.random.default_rng(0), speed=0.1)
    assert sorted(made.parts.tolist()) == list(range(50))
    assert (made.sizes >= lengths[made.parts] / 1.1 - 1).all()
    assert (made.sizes <= lengths[made.parts] / 0.9 + 1).all()
    counts = np.diff(made.starts)
    assert set(counts.tolist()) <= set(range(8))
    assert counts[-1] == 0  # silence alone
    for row, (first, last) in enumerate(zip(made.starts[:-1], made.starts[1:], strict=True)):
        parts = slice(first, last)
        assert len({*speakers[made.parts[parts]]}) <= 1
        ends = made.offsets[parts] + made.sizes[parts]
        assert (made.offsets[parts][1:] - ends[:-1] >= 0.05 * 8000 - 1).all()
        assert made.lengths[row] >= (ends[-1] if len(ends) else 0) + 2400
    again = put_together(lengths, speakers, rate=8000, most=7, tail=2400, draw=np.random.default_rng(0), speed=0.1)
    np.testing.assert_array_equal(made.offsets, again.offsets)


def test_a_batch_holds_each_recording_at_its_place_and_silence_around():
    sounds = [noise(0.1, seed=number) for number in range(6)]
    samples = Ragged(
        torch.from_numpy(np.concatenate(sounds)), torch.tensor(np.cumsum([0] + [len(one) for one in sounds]))
    )
    symbols = Ragged.from_sequences([[1], [2], [1, 2], [], [2], [1]])
    lengths = samples.lengths.numpy()
    strings = put_together(
        lengths, np.zeros(6, dtype=np.int64), rate=8000, most=3, tail=800, draw=np.random.default_rng(1)
    )
    examples = SoundRows(samples, symbols, strings, 160)
    batch = examples.batch(np.arange(len(examples)))
    for row, (first, last) in enumerate(zip(strings.starts[:-1], strings.starts[1:], strict=True)):
        expected = np.zeros(strings.lengths[row], dtype=np.float32)
        for part in range(first, last):
            expected[strings.offsets[part] : strings.offsets[part] + strings.sizes[part]] = sounds[strings.parts[part]]
        found = batch.samples.values[row, : batch.samples.lengths[row]].numpy()
        np.testing.assert_array_equal(found, expected)
        said = [number for part in range(first, last) for number in symbols[int(strings.parts[part])].tolist()]
        assert batch.targets[row, : batch.target_lengths[row]].tolist() == said
    faster = one_by_one(lengths, tail=0, draw=np.random.default_rng(0), speed=0.2)
    tone = Ragged(torch.from_numpy(np.tile(spoken("a", 0, seconds=0.5)[:3200], 1)), torch.tensor([0, 3200]))
    played = SoundRows(tone, Ragged.from_sequences([[1]]), one_by_one(np.array([3200]), tail=0), 160)
    played.strings.speeds[0] = 1.1
    played.strings.sizes[0] = 2909
    heard = played.batch(np.array([0])).samples.values[0, 500:2500].numpy()
    loudest = np.abs(np.fft.rfft(heard * np.hanning(2000), 8000)).argmax()
    assert abs(loudest - 440) < 4  # 400 hertz, a tenth faster
    assert faster.speeds.min() >= 0.8


def test_the_beam_finds_the_likeliest_text_of_all_ways_to_write_it():
    for seed in range(5):
        logs = torch.randn(5, 3, generator=torch.Generator().manual_seed(seed)).log_softmax(-1).double().numpy()
        totals: dict[tuple[int, ...], float] = {}
        for path in product(range(3), repeat=5):
            text = tuple(symbol for symbol, _ in groupby(path) if symbol)
            totals[text] = totals.get(text, 0.0) + float(
                np.exp(sum(logs[step, symbol] for step, symbol in enumerate(path)))
            )
        found = beam_search(logs, 100)
        assert tuple(found.symbols) == max(totals, key=totals.__getitem__)
        assert found.steps == sorted(found.steps)
        assert len(found.steps) == len(found.symbols)
    assert greedy(np.array([1, 1, 0, 1, 2, 2, 0])) == ([1, 1, 2], [0, 3, 4])
    assert greedy(np.array([1, 2]), before=1) == ([2], [1])
    assert greedy(np.zeros(0, dtype=np.int64)) == ([], [])


def test_edits_are_the_fewest_and_say_what_stands_beside_what():
    found = compare(list("12345"), list("1345"))
    assert (found.substitutions, found.insertions, found.deletions, found.length) == (0, 0, 1, 5)
    assert (1, None) in found.pairs
    found = compare(list("123"), list("1993"))
    assert (found.substitutions, found.insertions, found.deletions) == (1, 1, 0)
    assert compare([], ["1"]).insertions == 1
    assert compare(["1"], []).deletions == 1
    assert compare([], []).total == 0


def test_saved_and_opened_it_writes_the_same(tmp_path):
    task = chatty()
    sounds = [noise(0.7, seed=number) for number in range(3)]
    first = task(sounds, rate=8000)
    assert any(one.text for one in first)
    task.save_pretrained(tmp_path / "model")
    again = seqtext.load(tmp_path / "model")
    assert isinstance(again, seqtext.Transcriber)
    assert again(sounds, rate=8000) == first
    assert again.config == task.config
    assert "4 symbols, 8,000 samples per second, an output every 20 ms" in repr(again)


def test_a_row_never_depends_on_its_neighbours():
    task = chatty()
    examples = task.encode(rows(12))
    every = task.validate(examples)
    batch = examples.batch(np.arange(len(examples)))
    [whole] = task.losses(batch)
    for row in range(len(examples)):
        [alone] = task.losses(examples.batch(np.array([row])))
        torch.testing.assert_close(alone.rows[0], whole.rows[row], atol=1e-4, rtol=1e-4)
    assert every["loss"] == pytest.approx(float(whole.sum.detach() / whole.count), rel=1e-4)


def test_recordings_come_as_python_holds_them():
    plain = [{"audio": spoken("a", n), "sampling_rate": 8000, "text": "a" if n % 2 else "b"} for n in range(30)]
    task = Transcriber.from_data(plain, **SMALL)
    assert task.config.alphabet == ("a", "b")
    assert task.config.joined == 7
    of_hub = {
        "audio": [{"array": spoken("a", n).tolist(), "sampling_rate": 8000} for n in range(30)],
        "text": ["a", "b"] * 15,
    }
    assert Transcriber.from_data(of_hub, **SMALL).config.alphabet == ("a", "b")
    with pytest.raises(DataError, match="row 2, column 'text': found None"):
        Transcriber.from_data([plain[0], {"audio": spoken("a", 1)}], **SMALL)
    with pytest.raises(DataError, match="nothing is said in any of 3 recordings"):
        Transcriber.from_data([{**row, "text": ""} for row in plain[:3]], **SMALL)
    with pytest.raises(OptionsError, match="unknown.*hiden_size"):
        Transcriber.from_data(plain, hiden_size=3)


def test_the_commonest_rate_is_heard_and_others_are_resampled():
    task = Transcriber.from_data(rows(20, rate=16000), **SMALL)
    assert task.config.rate == 16000
    assert Transcriber.from_data(rows(20, rate=48000), **SMALL).config.rate == 16000
    low = Transcriber.from_data(rows(20), **SMALL)
    assert low.config.rate == 8000
    examples = low.encode(rows(4, rate=16000))
    assert abs(int(examples.samples.lengths[0]) - len(spoken("a", 0))) < 3


def test_a_recording_too_short_for_its_text_is_refused_before_training():
    short = [{"audio": spoken("a", n, seconds=0.5), "sampling_rate": 8000, "text": "abc"} for n in range(4)]
    short[2] = {"audio": np.zeros(320, dtype=np.float32) + 0.1, "sampling_rate": 8000, "text": "abcabcabcabcaa"}
    task = Transcriber.from_data(short, **{**SMALL, "tail_ms": 0, "symbols": "characters"})
    with pytest.raises(DataError, match=r"row 3.*0.04 s are 1 steps, too few for the 15 that 'abcabcabcabcaa' needs"):
        task.encode(short, sampling_seed=1)


def test_words_that_are_letters_count_as_wholes_and_strings_of_digits_do_not():
    words = transcribers_config(["seven", "three", "zero"], joined=1)
    assert (words.separator, words.words_are_symbols) == ("", False)
    assert word_figures([list("seven")], [list("sefen")], words)["word_error_rate"] == 1
    digits = transcribers_config(["731", "420"], joined=1)
    assert word_figures([list("731")], [list("721")], digits)["word_error_rate"] == pytest.approx(1 / 3)
    letters = transcribers_config(list("abcd") * 12)
    assert (letters.joined, letters.words_are_symbols) == (7, True)


def transcribers_config(texts: list[str], **settings):
    sound = {"array": noise(0.3), "sampling_rate": 8000}
    return Transcriber.from_data([{"audio": sound, "text": text} for text in texts], **SMALL, **settings).config


def test_a_dict_of_columns_of_different_lengths_is_refused():
    with pytest.raises(DataError, match="columns of different lengths: 'audio' 1, 'text' 2"):
        Transcriber.from_data({"audio": ["a.wav"], "text": ["a", "b"]})


def test_a_beam_over_a_long_sound_follows_few_texts():
    best = np.random.default_rng(0).integers(0, 3, 2_000)
    logs = np.log(np.full((2_000, 3), 0.01) + 0.97 * np.eye(3)[best])
    found = beam_search(logs, 4)
    assert found == greedy(best)
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one).__name__ == "_Text"]
