"""Damages files as disks, cables and editors do: bits flipped, parts cut, spliced, swapped, zeroed. Knows no formats."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from seqtext.commands.verify import parts_of
from seqtext.errors import SavedFileError


def mutated(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Bytes that are not `data`, but made of it.

    Args:
        data: of a file; may be empty.
        rng: decides where and how.
        others: contents of other files, to splice from.
    """
    while True:
        changed = rng.choice(_KINDS)(bytearray(data), rng, rng.choice([data, *others]))
        if changed != data:
            return bytes(changed)


def _flip(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _cut(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    start, stop = _span(data, rng)
    return rng.choice([data[:start], data[stop:], data[:start] + data[stop:]])


def _splice(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    start, stop = _span(data, rng)
    low, high = _span(other, rng)
    return data[:start] + other[low:high] + data[rng.choice([start, stop]) :]


def _swap(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    if len(data) < 2:
        return data
    size = rng.choice([1, 1, 2, 16, 512])
    one, two = rng.randrange(len(data)), rng.randrange(len(data))
    first, second = data[one : one + size], data[two : two + size]
    data[one : one + size], data[two : two + size] = second, first
    return data


def _blank(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    start, stop = _span(data, rng)
    data[start:stop] = bytes([rng.choice([0, 255, 32])]) * (stop - start)
    return data


def _grow(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    return data + rng.choice([b"\0", b"\n", b" ", other, rng.randbytes(rng.choice([1, 8, 4096]))])


def _become(data: bytearray, rng: random.Random, other: bytes) -> bytearray:
    return bytearray(other)


_KINDS = (_flip, _flip, _flip, _cut, _splice, _swap, _blank, _grow, _become)


def _span(data: bytes | bytearray, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice([1, 2, 7, 64, 512, len(data)]))


@dataclass
class Mutated:
    """What came of it: copies tried, and those that nothing was found wrong with, a line each."""

    tried: int = 0
    accepted: list[str] = field(default_factory=list)


def try_copies(run: Path, *, count: int, seed: int, until: float) -> Mutated:
    """Damages one file of a finished run at a time and looks whether it is found, by `seqtext verify` and by whoever loads it.

    Args:
        run: a copy of a run that may be damaged.
        count: copies.
        seed: of the damage.
        until: when to stop, by `time.monotonic`.
    """
    rng, result = random.Random(seed), Mutated()
    files = {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file() and path.name != ".lock"}
    contents = list(files.values())
    whole = [part for part in parts_of(run) if part.fault or part.uncovered]
    assert not whole, whole
    while result.tried < count and time.monotonic() < until:
        path = rng.choice(list(files))
        path.write_bytes(mutated(files[path], rng, contents))
        result.tried += 1
        if not any(part.fault for part in parts_of(run)):
            result.accepted.append(f"copy {result.tried}: {path.relative_to(run)} passes verify")
        if (place := path.parent) != run and _loads(place):
            result.accepted.append(f"copy {result.tried}: {path.relative_to(run)} is read")
        path.write_bytes(files[path])
    return result


def _loads(folder: Path) -> bool:
    from seqtext.saving.folders import read_folder

    try:
        read_folder(folder)
    except SavedFileError:
        return False
    return True
