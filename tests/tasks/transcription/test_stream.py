"""Streams: any pieces give what the whole gives, the future changes nothing, streams do not meet, and a saved one goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.saving.folders import seal
from seqtext.tasks.transcription.stream import SpeechStream, push_together
from tests.tasks.transcription.transcribers import chatty, noise

SIZES = [1, 7, 160, 10_000]


@pytest.fixture(scope="module")
def task():
    return chatty()


def listened(stream: SpeechStream, sound: np.ndarray, size: int) -> list:
    found = [symbol for at in range(0, len(sound), size) for symbol in stream.listen(sound[at : at + size])]
    return found + stream.finish_listening()


@pytest.mark.fault(34)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rate", [8000, 11025])
def test_pieces_of_any_size_give_what_the_whole_gives(task, size, rate):
    sound = noise(1.3, rate=rate)[: -3 if size == 1 else None][: 3000 if size == 1 else None]
    [whole] = task([sound], rate=rate)
    assert len(whole.symbols) >= 3
    found = listened(task.stream(rate), sound, size)
    assert tuple(found) == whole.symbols
    stream = task.stream(rate)
    texts = [stream.push(sound[at : at + size]) for at in range(0, len(sound), size)]
    assert "".join([*texts, stream.finish()]) == whole.text


@pytest.mark.parametrize(
    "settings",
    [
        {"ahead": 2}, {"cell": "lstm"}, {"stack": 2, "skip": 2}, {"stack": 5, "skip": 1, "cell": "rnn"},
        {"normalisation": "running"}, {"normalisation": "running", "stack": 2, "ahead": 1},
    ],
)  # fmt: skip
def test_other_models_stream_too(settings, tmp_path):
    task = chatty(**settings)
    sound = noise(1.0, seed=1)
    [whole] = task([sound], rate=8000)
    assert len(whole.symbols) >= 2
    for size in (333, 10_000):
        assert tuple(listened(task.stream(), sound, size)) == whole.symbols
    stream = task.stream()
    first = stream.listen(sound[:3001])
    stream.save(tmp_path / "stream")
    again = task.open_stream(tmp_path / "stream")
    assert (*first, *again.listen(sound[3001:]), *again.finish_listening()) == whole.symbols


@pytest.mark.fault(35)
@pytest.mark.parametrize(("ahead", "normalisation"), [(0, "fixed"), (2, "fixed"), (0, "running")])
def test_what_comes_later_changes_no_bit_of_what_was_written(ahead, normalisation):
    task = chatty(ahead=ahead, normalisation=normalisation)
    sound, other = noise(1.0), noise(1.0, seed=9)
    cut = 4000
    first, second = task.stream(), task.stream()
    one, two = first.listen(sound[:cut]), second.listen(np.concatenate([sound[:cut], other]))
    assert one
    assert two[: len(one)] == one
    outputs = [task.outputs(np.concatenate([sound[:cut], rest])) for rest in (sound, other)]
    steps = cut // task.config.samples_per_step - ahead
    assert torch.equal(outputs[0][:steps], outputs[1][:steps])
    assert not torch.equal(outputs[0][steps:], outputs[1][steps:])


@pytest.mark.fault(35)
def test_streams_side_by_side_never_mix(task):
    sounds = [noise(0.6, seed=number) for number in range(8)]
    alone = [listened(task.stream(), sound, 240) for sound in sounds]
    interleaved = [task.stream() for _ in sounds]
    found: list[list] = [[] for _ in sounds]
    for at in range(0, len(sounds[0]), 240):
        for stream, sound, text in zip(interleaved, sounds, found, strict=True):
            text += stream.listen(sound[at : at + 240])
    assert [text + stream.finish_listening() for text, stream in zip(found, interleaved, strict=True)] == alone
    serial = task.stream()
    serial.listen(sounds[3])
    mixed, rest = task.stream(), task.stream()
    for at in range(0, len(sounds[3]), 100):
        rest.listen(sounds[4][at : at + 100])
        mixed.listen(sounds[3][at : at + 100])
    for name, part in serial.state.items():
        assert torch.equal(part, mixed.state[name]), name


def test_streams_pushed_together_write_what_each_writes_alone(task):
    sounds = [noise(0.5 + 0.1 * number, seed=number) for number in range(5)]
    alone = []
    for sound in sounds:
        stream = task.stream()
        alone.append([stream.push(sound[:1500]), stream.push(sound[1500:]), stream.finish()])
    together = [task.stream() for _ in sounds]
    first = push_together(together, [sound[:1500] for sound in sounds])
    second = push_together(together, [sound[1500:] for sound in sounds])
    assert [list(texts) for texts in zip(first, second, [stream.finish() for stream in together], strict=True)] == alone
    with pytest.raises(OptionsError, match="different streams of one model"):
        push_together([together[0], together[0]], [sounds[0], sounds[0]])


def test_the_state_never_grows(task):
    stream = task.stream(44100)
    sizes = set()
    for number in range(20):
        stream.push(noise(0.1, seed=number, rate=44100))
        sizes.add(stream.state_bytes)
    assert max(sizes) < 8000
    assert max(sizes) - min(sizes) < 2000


@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_saved_stream_goes_on_as_if_it_had_never_stopped(task, rate, tmp_path):
    sound = noise(1.0, rate=rate)
    cut = len(sound) // 2 + 3
    whole, stream = task.stream(rate), task.stream(rate)
    first = stream.push(sound[:cut].copy())
    stream.save(tmp_path / "stream")
    again = task.open_stream(tmp_path / "stream")
    whole_text = whole.push(sound[:cut]) + whole.push(sound[cut:]) + whole.finish()
    assert first + again.push(sound[cut:]) + again.finish() == whole_text
    assert len(whole_text) > 2
    for name, part in whole.state.items():
        assert torch.equal(part, again.state[name]), name


def test_a_saved_stream_of_another_model_or_damaged_is_refused(task, tmp_path):
    stream = task.stream()
    stream.push(noise(0.3))
    stream.save(tmp_path / "stream")
    with pytest.raises(SavedFileError, match="a stream of another model"):
        chatty(tail_ms=200).open_stream(tmp_path / "stream")
    other = chatty()
    with torch.no_grad():
        other.model.head.bias.add_(1)
    with pytest.raises(SavedFileError, match="a stream of another model"):
        other.open_stream(tmp_path / "stream")
    path = tmp_path / "stream" / "stream.json"
    found = json.loads(path.read_text())
    for change in ({"rate": "8000"}, {"half": "zz"}, {"sizes": {}}, {"rate": -1}, {"best": 99}, {"steps": 1.5}):
        path.write_text(json.dumps({**found, **change}))
        seal(tmp_path / "stream")
        with pytest.raises(SavedFileError, match="not the state of a stream"):
            task.open_stream(tmp_path / "stream")
    path.write_text("{}")
    with pytest.raises(SavedFileError):
        task.open_stream(tmp_path / "stream")


def test_bytes_are_16_bit_samples_and_may_end_inside_of_one(task):
    sound = (noise(0.8) * 20000).astype("<i2")
    stream, data = task.stream(), sound.tobytes()
    text = "".join(stream.push(data[at : at + 33]) for at in range(0, len(data), 33)) + stream.finish()
    other = task.stream()
    assert text == other.push(sound) + other.finish()
    floats = task.stream()
    assert text == floats.push(sound / 32768) + floats.finish()


def test_a_minute_of_silence_and_no_sound_at_all_are_legal(task):
    stream = task.stream()
    written = [stream.push(np.zeros(8000, dtype=np.float32)) for _ in range(60)]
    assert "".join(written[5:]) == ""  # a state that stands still writes nothing new
    assert isinstance(task.stream().finish(), str)


def test_what_is_no_samples_is_refused(task):
    stream = task.stream()
    for piece, told in (
        (np.array([0.0, np.nan]), r"the piece: sample 1 \(at 0.000 s\) is nan; expected numbers"),
        (np.zeros((2, 2)), r"found an array of shape \(2, 2\)"),
        ("seven", "expected samples of one channel"),
    ):
        with pytest.raises(DataError, match=told):
            stream.push(piece)
    stream.finish()
    with pytest.raises(OptionsError, match="push after finish; begin a new stream"):
        stream.push(np.zeros(3))
    with pytest.raises(OptionsError, match="finish after finish"):
        stream.finish()
    with pytest.raises(OptionsError, match="a rate of 10; expected 1,000 to"):
        task.stream(10)


def test_whole_numbers_are_the_same_sound_in_pieces_and_whole(task):
    whole = np.round(noise(0.5).clip(-1, 1) * 32767).astype(np.int16)
    [expected] = task([whole], rate=8000)
    assert expected.symbols
    for given in (whole, whole.tolist(), whole.astype(np.int64), whole.tobytes()):
        stream = task.stream(8000.0)
        assert stream.push(given) + stream.finish() == expected.text
    for rate in ("8000", 0, True):
        with pytest.raises(OptionsError, match="a rate of .*expected 1,000 to"):
            task.stream(rate)


def test_a_piece_that_is_refused_leaves_every_stream_as_it_was(task):
    streams = [task.stream(), task.stream()]
    push_together(streams, [b"\1", b"\1\0"])
    before = [{name: part.clone() for name, part in stream.state.items()} for stream in streams]
    with pytest.raises(DataError, match="is nan"):
        push_together(streams, [b"\0\0\0", np.array([np.nan])])
    with pytest.raises(OptionsError, match="2 streams and 1 pieces; expected a piece for each"):
        push_together(streams, [b"\0\0"])
    for stream, kept in zip(streams, before, strict=True):
        assert all(torch.equal(part, kept[name]) for name, part in stream.state.items())
    assert streams[0]._half == b"\1"


def test_saving_never_removes_what_is_somebodys(task, tmp_path):
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.wav").write_bytes(b"mine")
    (tmp_path / "note.txt").write_text("mine")
    task.stream().save(tmp_path / "stream")
    task.stream().save(tmp_path / "stream")  # its own may be replaced
    task.save_pretrained(tmp_path / "model")
    task.save_pretrained(tmp_path / "model")
    for save in (task.stream().save, task.save_pretrained):
        with pytest.raises(
            OptionsError, match=r"holds other files \('a.wav'\), which would be gone; choose a new folder"
        ):
            save(tmp_path / "recordings")
        with pytest.raises(OptionsError, match="note.txt: it is a file; expected a folder"):
            save(tmp_path / "note.txt")
    with pytest.raises(OptionsError, match="'config.json', 'model.safetensors'"):
        task.stream().save(tmp_path / "model")
    assert (tmp_path / "recordings" / "a.wav").read_bytes() + (tmp_path / "note.txt").read_bytes() == b"minemine"
