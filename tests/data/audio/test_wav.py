"""wav files of every width become the same samples, and each way in which one is none is told as what it is."""

from __future__ import annotations

import io
import struct
import sys
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.audio.sounds import given_sound, listed, read_sound, read_sound_file
from seqtext.data.audio.wav import as_samples, read_raw, read_wav, write_wav
from seqtext.errors import DataError

TONE = (0.5 * np.sin(np.arange(800) / 5)).astype(np.float32)


def encoded(samples: np.ndarray, *, subtype: str, format: str = "WAV", rate: int = 8000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype=subtype, format=format)
    return file.getvalue()


@pytest.mark.parametrize(
    ("subtype", "off"),
    [("PCM_U8", 1 / 120), ("PCM_16", 1 / 32000), ("PCM_24", 1e-6), ("PCM_32", 1e-7), ("FLOAT", 0), ("DOUBLE", 1e-8)],
)
@pytest.mark.parametrize("format", ["WAV", "WAVEX"])
def test_samples_are_read_of_every_width(subtype, off, format):
    sound = read_wav(encoded(TONE, subtype=subtype, format=format, rate=44100), where="x.wav")
    assert sound.rate == 44100
    assert sound.samples.dtype == np.float32
    np.testing.assert_allclose(sound.samples, TONE, atol=off)


def test_channels_are_mixed_and_further_chunks_skipped():
    both = np.stack([TONE, -TONE / 2], axis=1)
    np.testing.assert_allclose(read_wav(encoded(both, subtype="FLOAT"), where="x").samples, TONE / 4, atol=1e-7)
    plain = write_wav(TONE, 8000)
    listed_first = plain[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + plain[12:]
    np.testing.assert_array_equal(read_wav(listed_first, where="x").samples, read_wav(plain, where="x").samples)


def test_a_pipe_that_did_not_know_its_size_is_read_to_its_end():
    plain = bytearray(write_wav(TONE, 8000))
    for unsaid in (0xFFFFFFFF, 0):
        plain[40:44] = struct.pack("<I", unsaid)
        assert len(read_wav(bytes(plain), where="x").samples) == 800


def test_what_is_written_is_read_back():
    np.testing.assert_array_equal(read_wav(write_wav(TONE, 8000, exact=True), where="x").samples, TONE)
    np.testing.assert_allclose(read_wav(write_wav(TONE, 8000), where="x").samples, TONE, atol=1 / 60000)
    assert read_wav(write_wav(np.array([2.0, -2.0]), 8000), where="x").samples.tolist() == [32767 / 32768, -1.0]
    assert read_raw(struct.pack("<2h", 16384, -32768), 8000, where="-").samples.tolist() == [0.5, -1.0]


PLAIN = write_wav(TONE, 8000)
FLOAT = bytearray(write_wav(TONE, 8000, exact=True))
FLOAT[44 + 4 * 80 : 48 + 4 * 80] = struct.pack("<f", float("nan"))


def with_format(kind: int, channels: int = 1, rate: int = 8000, block: int = 2, bits: int = 16) -> bytes:
    return PLAIN[:20] + struct.pack("<HHIIHH", kind, channels, rate, 16000, block, bits) + PLAIN[36:]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "x.wav: the file is empty (0 bytes); expected a wav file"),
        (b"hello, this is text", "x.wav: not a wav file: it begins with b'hello, t'"),
        (PLAIN[:30], "x.wav: the wav file is cut off: its format has 10 bytes"),
        (PLAIN[:40], "x.wav: the wav file is cut off: it ends at byte 40, before any samples"),
        (PLAIN[:-100], "x.wav: the wav file is cut off: 1,500 of 1,600 bytes of samples"),
        (PLAIN[:-101], "x.wav: the wav file is cut off: 1,499 of 1,600 bytes of samples"),
        (write_wav(np.zeros(0), 8000), "x.wav: no samples; expected one at least"),
        (bytes(FLOAT), "x.wav: sample 80 (at 0.010 s) is nan; expected numbers"),
        (with_format(0x11), "x.wav: compressed (IMA ADPCM); expected samples as they are (PCM or float); ffmpeg"),
        (with_format(7), "x.wav: compressed (mu-law)"),
        (with_format(1, bits=12), "x.wav: 12 bits, 1 channels, 2 bytes a sample of all"),
        (with_format(1, channels=0, block=0), "x.wav: 16 bits, 0 channels"),
        (with_format(1, rate=0), "x.wav: 0 samples per second"),
    ],
)
@pytest.mark.fault(35)
def test_what_is_no_wav_is_told_as_what_it_is(data, told):
    with pytest.raises(DataError) as caught:
        read_wav(data, where="x.wav")
    assert str(caught.value).startswith(told)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255), st.integers(0, len(PLAIN)))
def test_a_damaged_file_is_read_or_refused_never_a_crash(place, value, length):
    data = bytearray(PLAIN)
    data[place % 48] = value
    with suppress(DataError):
        read_sound(bytes(data[:length]), where="x")


def test_other_files_are_read_where_the_library_is_there(tmp_path, monkeypatch):
    flac = encoded(TONE, subtype="PCM_16", format="FLAC", rate=16000)
    (tmp_path / "a.flac").write_bytes(flac)
    sound = read_sound_file(tmp_path / "a.flac")
    assert sound.rate == 16000
    np.testing.assert_allclose(sound.samples, TONE, atol=1 / 30000)
    with pytest.raises(DataError, match="cannot be read as sound"):
        read_sound(flac[:50], where="a.flac")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(
        DataError, match=r"not a wav file, and soundfile is not installed; expected wav; pip install 'seqtext\[audio\]'"
    ):
        read_sound(flac, where="a.flac")
    assert len(read_sound(PLAIN, where="a.wav").samples) == 800  # needs none


def test_sounds_come_as_python_holds_them(tmp_path):
    (tmp_path / "a.wav").write_bytes(PLAIN)
    of_hub = {"array": TONE.tolist(), "sampling_rate": 8000, "path": None}
    for sound in (str(tmp_path / "a.wav"), tmp_path / "a.wav", PLAIN, of_hub, {"bytes": PLAIN, "path": "a.wav"}):
        assert given_sound(sound, where="sound 1").rate == 8000
    np.testing.assert_array_equal(given_sound(TONE, where="sound 1", rate=8000).samples, TONE)
    with pytest.raises(DataError, match="samples, but not how many there are in a second; give rate=8000"):
        given_sound(TONE, where="sound 1")
    for wrong in (None, 7, TONE.reshape(2, -1), ["a"]):
        with pytest.raises(DataError, match="samples of one channel"):
            given_sound(wrong, where="sound 1", rate=8000)
    with pytest.raises(DataError, match=r"no such file or folder.*expected a file of sound"):
        read_sound_file(tmp_path / "b.wav")
    for one in ("a.wav", PLAIN, TONE):
        with pytest.raises(DataError, match=r"put it into a list: \[sound\]"):
            listed(one)


def test_samples_are_those_of_a_file_whatever_their_type_and_none_is_taken_for_another():
    whole = np.round(TONE * 32767).astype(np.int16)
    expected = whole / np.float32(32768)
    for one in (
        whole,
        whole.tolist(),
        whole.astype(np.int64),
        whole.astype(np.int32) * 65536,
        expected.astype(float),
    ):
        np.testing.assert_array_equal(as_samples(one, 8000, where="x"), expected)
    np.testing.assert_array_equal(given_sound(whole, where="x", rate=8000).samples, expected)
    unsigned = ((expected * 127) + 128).astype(np.uint8)
    assert abs(as_samples(unsigned, 8000, where="x") - expected).max() < 0.02
    assert len(as_samples([], 8000, where="x")) == 0
    for wrong, told in (
        ([40_000, -1], "found the whole number 40,000; expected whole numbers of 16 bit"),
        (whole.astype(float), r"sample 1 .* is \d+; expected -1 to 1; divide whole numbers of 16 bit by 32,768"),
        (TONE.astype(float) * 1e300, "expected -1 to 1"),
        (TONE > 0, "found samples of type bool"),
        (TONE.astype(complex), "found samples of type complex128"),
    ):
        with pytest.raises(DataError, match=told):
            as_samples(wrong, 8000, where="x")
    np.testing.assert_allclose(as_samples(whole.astype(float) / 32768, 8000, where="x"), expected)  # the advice, obeyed
    with pytest.raises(DataError, match="expected -1 to 1"):
        read_wav(write_wav(TONE * 1e30, 8000, exact=True), where="x")
    with pytest.raises(DataError, match="no samples; expected one at least"):
        given_sound(TONE[:0], where="x", rate=8000)
    for rate in (0, 3, -8000, 8000.5, "8000", True, 10**9):
        with pytest.raises(DataError, match="a rate of .*expected 1,000 to 768,000"):
            given_sound(TONE, where="x", rate=rate)
    assert given_sound(TONE, where="x", rate=8000.0).rate == 8000


def test_a_column_of_a_table_is_a_list_of_sounds(tmp_path):
    paths = [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    assert listed(np.array(paths)) == listed(pd.Series(paths)) == paths


def test_an_empty_sound_is_not_what_stands_behind_it_and_a_long_one_says_its_size_elsewhere():
    plain = bytearray(write_wav(TONE, 8000))
    for unsaid in (0x7FFFF000, 0x80000000):  # those of sox and arecord
        plain[40:44] = struct.pack("<I", unsaid)
        assert len(read_wav(bytes(plain), where="x").samples) == 800
    with pytest.raises(DataError, match="no samples"):
        read_wav(write_wav(TONE[:0], 8000) + b"LIST" + struct.pack("<I", 4) + b"INFO", where="x")
    plain[40:44] = struct.pack("<I", 0xFFFFFFFF)
    size = b"ds64" + struct.pack("<I", 28) + struct.pack("<QQQI", 0, 1600, 800, 0)
    long = b"RF64" + bytes(plain[4:12]) + size + bytes(plain[12:])
    assert len(read_wav(long + b"LIST\x04\0\0\0abcd", where="x").samples) == 800
    with pytest.raises(DataError, match="cut off: 1,590 of 1,600 bytes"):
        read_wav(long[:-10], where="x")
