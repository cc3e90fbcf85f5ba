"""wav files to samples and back: 8, 16, 24 and 32 bit, and floating point. Knows bytes; nothing of where they came from.

Read here and not by a library, so that a file that is cut off, compressed or not a wav is told as what it is.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.data.audio.frame_shape import LEAST_RATE, MOST_RATE
from seqtext.errors import DataError

Samples = NDArray[np.float32]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3"}
_UNSAID = 0x7FFFF000  # bytes, or more, or 0: what programs write that do not know yet how long the sound will be
_BEHIND = (b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"fact", b"smpl", b"JUNK")  # chunks that may follow the samples
LOUDEST = 256.0  # of samples from -1 to 1: far beyond what is clipped, and far below whole numbers of 16 bit
_ODD = (np.uint16, np.uint32, np.uint64)  # whole numbers that no recorder gives
PLAIN = "ffmpeg -i FILE -c:a pcm_s16le plain.wav writes it as one"


class Sound(NamedTuple):
    """Samples of one channel, from -1 to 1, and how many there are in a second."""

    samples: Samples
    rate: int


class _Format(NamedTuple):
    kind: int
    channels: int
    rate: int
    block: int  # bytes of a sample of all channels
    bits: int


def is_wav(data: bytes) -> bool:
    """Whether bytes say that they are a wav file."""
    return data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE"


def read_wav(data: bytes, *, where: str) -> Sound:
    """The samples of a wav file, several channels mixed to one.

    Args:
        data: the whole file.
        where: what messages call it.

    Raises:
        DataError: what is empty, no wav file, cut off, compressed, of a width that there is not, or has samples that are no numbers.
    """
    if not data:
        raise DataError("the file is empty (0 bytes)", where=where, expected="a wav file", fix="record it again")
    if not is_wav(data):
        raise DataError(
            f"not a wav file: it begins with {data[:8]!r}", where=where, expected="RIFF ... WAVE", fix=PLAIN
        )
    layout: _Format | None = None
    long = 0
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        body = place + 8
        if name == b"fmt ":
            layout = _format(data[body : body + size], size, where)
        elif name == b"ds64":  # of a file that may be beyond 4 GB
            long = int.from_bytes(data[body + 8 : body + 16], "little")
        elif name == b"data":
            if layout is None:
                raise DataError("samples without a format before them", where=where, expected="a fmt chunk, then data")
            return _sound(data, body, long if long and size == 0xFFFFFFFF else size, layout, where)
        place = body + size + size % 2
    raise _cut_off(where, f"it ends at byte {len(data):,}, before any samples")


def read_raw(data: bytes, rate: int, *, where: str) -> Sound:
    """Samples without a head: 16 bit, little-endian, one channel; half a sample at the end is an error.

    Raises:
        DataError: an odd number of bytes.
    """
    if len(data) % 2:
        raise DataError(f"{len(data):,} bytes, half a sample at the end", where=where, expected="16-bit samples")
    samples: Samples = np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(32768)
    return Sound(samples, rate)


def write_wav(samples: NDArray[np.floating], rate: int, *, exact: bool = False) -> bytes:
    """A wav file of one channel: of 16 bit, where what is beyond -1 and 1 is clipped; or of the samples as they are."""
    if exact:
        kind, size, whole = _FLOAT, 4, np.asarray(samples, dtype="<f4").tobytes()
    else:
        scaled = np.clip(np.round(np.asarray(samples, dtype=np.float64) * 32768), -32768, 32767)
        kind, size, whole = _PCM, 2, scaled.astype("<i2").tobytes()
    layout = (16, kind, 1, rate, size * rate, size, 8 * size)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(whole), b"WAVE", b"fmt ", *layout)
    return head + struct.pack("<4sI", b"data", len(whole)) + whole


def as_samples(given: Any, rate: int, *, where: str) -> Samples:
    """Samples of one channel as Python code holds them, as a file's would be read.

    Args:
        given: (N,) from -1 to 1; or whole numbers of 8, 16 or 32 bit, as their type says: others are taken for such of 16.
        rate: samples per second, for messages.
        where: what messages call them.

    Raises:
        DataError: what is no such thing, or has samples that are no numbers, or far too large ones.
    """
    try:
        values = np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        values = np.asarray(None)
    expected = "samples of one channel, (N,)"
    if values.dtype.kind not in "iuf" or values.dtype in _ODD:
        found = type(given).__name__ if values.dtype.kind in "OUS" else f"samples of type {values.dtype}"
        raise DataError(f"found {found}", where=where, expected=expected)
    if values.ndim != 1:
        raise DataError(f"found an array of shape {tuple(values.shape)}", where=where, expected=expected)
    if values.dtype == np.uint8:  # the only width without a sign
        values = (values.astype(np.float32) - 128) / 128
    elif values.dtype.kind == "i":
        largest = 2**15 if values.dtype.itemsize == 8 else 2 ** (8 * values.dtype.itemsize - 1)
        if len(values) and not -largest <= int(values.min()) <= int(values.max()) < largest:
            found = f"found the whole number {max(values.tolist(), key=abs):,}"
            raise DataError(found, where=where, expected="whole numbers of 16 bit, or samples from -1 to 1")
        values = values / largest
    check_samples(values, rate, where=where)
    return values.astype(np.float32)


def check_samples(samples: NDArray[np.floating], rate: int, *, where: str) -> None:
    """Refuses samples that are no numbers, or too large to be any of a sound.

    Raises:
        DataError: with the moment of the first.
    """
    if not (np.abs(samples) <= LOUDEST).all():
        wrong = ~(np.abs(samples) <= LOUDEST).reshape(len(samples), -1).all(axis=1)
        first = int(wrong.argmax())
        values = samples[first].reshape(-1)
        value = next(float(one) for one in values if not abs(one) <= LOUDEST)
        found = f"sample {first:,} (at {first / rate:.3f} s) is {value:g}"
        fix = "record or convert it again"
        if np.isfinite(value):
            fix = "divide whole numbers of 16 bit by 32,768, or record it again"
            raise DataError(found, where=where, expected="-1 to 1", fix=fix)
        raise DataError(found, where=where, expected="numbers", fix=fix)


def _format(chunk: bytes, size: int, where: str) -> _Format:
    """What a format chunk says, once it can be."""
    if size < 16 or len(chunk) < 16:
        raise _cut_off(where, f"its format has {len(chunk)} bytes")
    kind, channels, rate, _, block, bits = struct.unpack("<HHIIHH", chunk[:16])
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = int.from_bytes(chunk[24:26], "little")
    if kind not in (_PCM, _FLOAT):
        name = _COMPRESSED.get(kind, f"format {kind:#x}")
        raise DataError(f"compressed ({name})", where=where, expected="samples as they are (PCM or float)", fix=PLAIN)
    widths = (8, 16, 24, 32) if kind == _PCM else (32, 64)
    if bits not in widths or not channels or block != channels * bits // 8:
        found = f"{bits} bits, {channels} channels, {block} bytes a sample of all"
        raise DataError(found, where=where, expected=f"{', '.join(map(str, widths))} bits", fix=PLAIN)
    if not LEAST_RATE <= rate <= MOST_RATE:
        expected = f"{LEAST_RATE:,} to {MOST_RATE:,}"
        raise DataError(f"{rate:,} samples per second", where=where, expected=expected, fix=PLAIN)
    return _Format(kind, channels, rate, block, bits)


def _sound(data: bytes, start: int, size: int, layout: _Format, where: str) -> Sound:
    """The samples of a data chunk."""
    there = len(data) - start
    if (size == 0 and data[start : start + 4] not in _BEHIND) or (size > there and _UNSAID <= size <= 0xFFFFFFFF):
        size = there - there % layout.block
    if size > there or size % layout.block:
        found = f"{there:,} of {size:,} bytes of samples" if size > there else f"{size:,} bytes, no whole samples"
        raise _cut_off(where, found)
    if not size:
        raise DataError("no samples", where=where, expected="one at least", fix="record it again")
    values = _numbers(memoryview(data)[start : start + size], layout).reshape(-1, layout.channels)
    check_samples(values, layout.rate, where=where)
    return Sound(values.mean(axis=1, dtype=np.float64).astype(np.float32), layout.rate)


def _numbers(data: memoryview, layout: _Format) -> NDArray[np.floating]:
    """All samples as numbers from -1 to 1, channels side by side."""
    found: NDArray[np.floating]
    if layout.kind == _FLOAT:
        found = np.frombuffer(data, dtype=f"<f{layout.bits // 8}")
    elif layout.bits == 8:  # the only width without a sign
        found = (np.frombuffer(data, dtype=np.uint8).astype(np.float32) - 128) / 128
    elif layout.bits == 24:
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(
            -1, 3
        )  # the highest three bytes of four: the sign is theirs
        found = wide.view("<i4")[:, 0].astype(np.float64) / 2**31
    else:
        found = np.frombuffer(data, dtype=f"<i{layout.bits // 8}").astype(np.float64) / 2 ** (layout.bits - 1)
    return found


def _cut_off(where: str, found: str) -> DataError:
    return DataError(
        f"the wav file is cut off: {found}", where=where, expected="all of it", fix="copy or record it again"
    )
