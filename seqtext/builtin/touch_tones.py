"""Telephone keys as they sound (ITU-T Q.23): strings of them in noise, by chance that depends on a seed. Knows no files and no models.

A key is two tones at once, one for its row and one for its column. Lengths and pauses are from what Q.24 says must be understood upwards;
how long, how loud, how much louder the high tone, how far off pitch, and when, is drawn anew for every key or string.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtext.errors import OptionsError

RATE = 8000  # samples per second, as on a telephone
LOW, HIGH = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0)  # hertz
KEYS = "123456789*0#"  # row by row
TONES = {key: (LOW[place // 3], HIGH[place % 3]) for place, key in enumerate(KEYS)}
MOST_STRINGS = 100_000

_OFF_PITCH = 0.015  # the most that a tone may be off
_TONE, _PAUSE = (0.045, 0.14), (0.045, 0.2)  # seconds
_EDGE = 0.3  # seconds of silence before and behind, at most; at least a tenth of it
_SOFTEST, _TWIST = 0.02, (-4.0, 8.0)  # height of a tone; decibels that the high one is louder by
_RISE = 0.004  # seconds in which a tone comes and goes


class Dialled(NamedTuple):
    """A string of keys.

    Attributes:
        keys: which, in their order; it may be empty.
        samples: (N,) from -1 to 1, 8,000 in a second.
        ends: where each key's tone ends, in samples.
        decibels: of the tones above the noise.
    """

    keys: str
    samples: NDArray[np.float32]
    ends: list[int]
    decibels: float


def touch_tones(
    count: int, *, seed: int = 0, decibels: tuple[float, float] = (0.0, 30.0), most: int = 10
) -> list[Dialled]:
    """Strings of keys in white noise; the first of a longer list are the same.

    Args:
        count: strings.
        seed: another one, other strings.
        decibels: least and most that the power of a key is above that of the noise, from 0 to 4,000 hertz.
        most: keys of a string; one in fifty has none.

    Raises:
        OptionsError: a number of strings or keys that cannot be had.
    """
    if not 1 <= count <= MOST_STRINGS or most < 1:
        raise OptionsError(f"{count} strings of up to {most} keys", expected=f"1 to {MOST_STRINGS:,}, of 1 or more")
    return [_dialled(np.random.default_rng((seed, number)), decibels, most) for number in range(count)]


def _dialled(draw: np.random.Generator, decibels: tuple[float, float], most: int) -> Dialled:
    length = 0 if draw.random() < 0.02 else int(draw.integers(1, most + 1))
    keys = "".join(KEYS[place] for place in draw.integers(0, len(KEYS), length))
    loudness = float(np.exp(draw.uniform(np.log(_SOFTEST), np.log(0.35))))
    parts = [np.zeros(int(RATE * draw.uniform(_EDGE / 10, _EDGE)))]
    ends: list[int] = []
    power = loudness**2
    for key in keys:
        tone = _tone(draw, key, loudness)
        power = float(np.square(tone).mean()) if not ends else power
        parts.append(tone)
        ends.append(sum(map(len, parts)))
        parts.append(np.zeros(int(RATE * draw.uniform(*_PAUSE))))
    parts.append(np.zeros(int(RATE * draw.uniform(_EDGE / 10, _EDGE))))
    clean = np.concatenate(parts)
    above = float(draw.uniform(*decibels))
    noise = draw.standard_normal(len(clean)) * np.sqrt(power * 10 ** (-above / 10))
    return Dialled(keys, np.clip(clean + noise, -1, 1).astype(np.float32), ends, above)


def _tone(draw: np.random.Generator, key: str, loudness: float) -> NDArray[np.float64]:
    """One key: both its tones, which come and go within some milliseconds."""
    time = np.arange(int(RATE * draw.uniform(*_TONE))) / RATE
    twist = 10 ** (draw.uniform(*_TWIST) / 20)
    waves = [
        height * np.sin(2 * np.pi * pitch * (1 + draw.uniform(-_OFF_PITCH, _OFF_PITCH)) * time + draw.uniform(0, 6.28))
        for pitch, height in zip(TONES[key], (1.0, twist), strict=True)
    ]
    edges = np.minimum(1, np.minimum(time, time[::-1]) / _RISE)
    wave: NDArray[np.float64] = (waves[0] + waves[1]) * edges * loudness / max(1.0, twist)
    return wave
