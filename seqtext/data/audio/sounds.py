"""Sounds from files and bytes: wav by itself, flac, ogg and mp3 where `soundfile` is installed. Knows no transcripts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from seqtext.data.audio.frame_shape import LEAST_RATE, MOST_RATE, is_rate
from seqtext.data.audio.wav import PLAIN, Sound, as_samples, check_samples, is_wav, read_wav
from seqtext.data.reading.local_paths import existing_file
from seqtext.errors import DataError

ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au")
_BEGINNINGS = (b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")
EXTRA = "pip install 'seqtext[audio]'"


def read_sound_file(path: str | Path) -> Sound:
    """The samples of a file of sound.

    Raises:
        DataError: one that is not there, or that `read_sound` refuses.
    """
    found = existing_file(path, expected="a file of sound")
    return read_sound(found.read_bytes(), where=str(path))


def read_sound(data: bytes, *, where: str) -> Sound:
    """The samples of the bytes of a file, several channels mixed to one.

    Args:
        data: the whole file.
        where: what messages call it.

    Raises:
        DataError: what is no sound, is damaged, or needs a library that is not there.
    """
    if is_wav(data) or not data.startswith(_BEGINNINGS):
        return read_wav(data, where=where)
    try:
        import soundfile
    except (ImportError, OSError):  # the library below it may be missing too
        fix = f"{EXTRA}, or {PLAIN}"
        raise DataError(
            "not a wav file, and soundfile is not installed", where=where, expected="wav", fix=fix
        ) from None
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        told = " ".join(str(error).split())[:120]
        raise DataError(f"cannot be read as sound ({told})", where=where, expected="wav, flac, ogg or mp3") from None
    if not len(samples):
        raise DataError("no samples", where=where, expected="one at least", fix="record it again")
    check_samples(samples, rate, where=where)
    return Sound(samples.mean(axis=1, dtype=np.float64).astype(np.float32), int(rate))


def given_sound(given: Any, *, where: str, rate: int | None = None) -> Sound:
    """A sound as Python code holds it.

    Args:
        given: a path; the bytes of a file; what a hub's column of sounds holds, a dict with `array` and `sampling_rate`, or with `bytes` or
            `path`; or samples of one channel, where `rate` says how many there are in a second.
        where: what messages call it.
        rate: of samples.

    Raises:
        DataError: what is none of these, or cannot be read.
    """
    if isinstance(given, Sound):
        return given
    if isinstance(given, str | Path):
        return read_sound_file(given)
    if isinstance(given, bytes | bytearray | memoryview):
        return read_sound(bytes(given), where=where)
    if isinstance(given, dict):
        if given.get("bytes") is not None:
            return read_sound(given["bytes"], where=given.get("path") or where)
        if given.get("array") is not None:
            return given_sound(given["array"], where=where, rate=given.get("sampling_rate"))
        if given.get("path"):
            return read_sound_file(given["path"])
    if not (hasattr(given, "__array__") or isinstance(given, list | tuple)):
        found = f"found {type(given).__name__}"
        expected = "a path, the bytes of a file, or samples of one channel with their rate"
        raise DataError(found, where=where, expected=expected)
    if rate is None:
        fix = "give rate=8000, or a dict with array and sampling_rate"
        raise DataError("samples, but not how many there are in a second", where=where, fix=fix)
    if not is_rate(rate):
        expected = f"{LEAST_RATE:,} to {MOST_RATE:,} samples per second"
        raise DataError(f"a rate of {rate!r:.40}", where=where, expected=expected, fix="give that of the recording")
    samples = as_samples(given, rate, where=where)
    if not len(samples):
        raise DataError("no samples", where=where, expected="one at least", fix="record it again")
    return Sound(samples, int(rate))


def listed(sounds: Any) -> list[Any]:
    """Several sounds as a list; one by itself is refused, since a list of samples is no list of sounds.

    Raises:
        DataError: for one sound.
    """
    one = isinstance(sounds, str | Path | bytes | bytearray | dict | Sound)
    if getattr(sounds, "ndim", 2) == 1:  # of samples; one of anything else, as a column of a table is, is a list
        one = getattr(getattr(sounds, "dtype", None), "kind", "f") in "iuf"
    if one or not hasattr(sounds, "__iter__"):
        found = f"found {type(sounds).__name__}"
        raise DataError(found, where="the sounds", expected="a list of sounds", fix="put it into a list: [sound]")
    return list(sounds)
