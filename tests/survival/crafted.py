"""Damages a saved thing as somebody would who knows the formats: values, heads of tensors, names, pickles; and mends the manifest."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from seqtext.saving.manifest import MANIFEST, Entry, manifest_bytes
from tests.survival.mutator import mutated
from tests.survival.saved_things import Thing

# Values that a config, a head of tensors or a manifest may hold, all of which are legal JSON to Python but for the last.
_VALUES = [
    *(
        "null",
        "true",
        "0",
        "-1",
        "1",
        "2",
        "3",
        "64",
        "16384",
        "1e999",
        "-1e999",
        "NaN",
        "1e308",
        "0.5",
        "9" * 30,
        "9" * 5000,
    ),
    *(
        "1000000000",
        "-9223372036854775809",
        "18446744073709551616",
        '""',
        '"rnn"',
        '"gru"',
        '"os.system"',
        '"../../etc/passwd"',
    ),
    *(
        '"/dev/zero"',
        '"\\ud800"',
        '"\\u0000"',
        '"\\u001b[2J"',
        '"<script>"',
        "\"__import__('os')\"",
        "[]",
        "{}",
        "[[]]",
        '["a","a"]',
    ),
    *(
        "[1e999]",
        "[null]",
        '{"_target_": "os.system", "py/object": "os.system"}',
        "[" * 60 + "]" * 60,
        "[" * 5000 + "]" * 5000,
    ),
    *('["last"]', '["a", "b", "c"]', '"' + "x" * 100_000 + '"', "[" + ",".join(["0.5"] * 3) + "]", "{", "", "'x'"),
]
_NAMES = [
    "../elsewhere",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "\0",
    "manifest.json",
    "config.json",
    "x" * 300,
    "\ud800",
    "C:x",
]


def damage(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """Damages one of a thing's files, whose contents are `files`; says how."""
    how = rng.choice(_WAYS if thing.listed else [_bytes, _bytes, _text, _special])
    return f"{how.__name__[1:]} of {how(thing, files, rng, canary)}"


def _bytes(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """Any bytes."""
    name = _file(thing, files, rng)
    data = mutated(files[name], rng, list(files.values()))
    return _write(thing, files, name, data)


def _text(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """Values of YAML and of a log."""
    name = _file(thing, files, rng)
    lines = files[name].split(b"\n")
    for _ in range(rng.choice([1, 1, 3])):
        place = rng.randrange(len(lines))
        key = lines[place].partition(b":")[0]
        bomb = b"[" + b",".join([b"*a"] * 9) + b"]"
        value = rng.choice(
            [*(v.encode("utf-8", "surrogatepass") for v in _VALUES), b"&a [x]", bomb, b"!!python/name:os.system x"]
        )
        lines[place] = key + b": " + value
    return _write(thing, files, name, b"\n".join(lines))


def _value(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """A value of JSON, or a key twice, gone, or new."""
    name = rng.choice([name for name in files if name.endswith(".json") and name != MANIFEST])
    return _write(thing, files, name, _changed_json(files[name], rng))


def _head(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """The head of a safetensors file."""
    name = rng.choice([name for name in files if name.endswith(".safetensors")])
    data = files[name]
    (size,) = struct.unpack("<Q", data[:8])
    head, body = data[8 : 8 + size], data[8 + size :]
    changed = _changed_json(head, rng)
    length = rng.choice([len(changed)] * 6 + [0, 2**63 - 1, 2**64 - 1, len(changed) + 8, len(data)])
    return _write(thing, files, name, struct.pack("<Q", length) + changed + body)


def _numbers(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """Numbers of tensors: not finite, or huge."""
    name = rng.choice([name for name in files if name.endswith(".safetensors")])
    data = bytearray(files[name])
    (size,) = struct.unpack("<Q", data[:8])
    place = rng.randrange(8 + size, len(data) - 4) // 4 * 4
    data[place : place + 4] = struct.pack("<f", rng.choice([float("nan"), float("inf"), -float("inf"), 3e38, -3e38]))
    return _write(thing, files, name, bytes(data))


def _pickle(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """A pickle that leaves a canary, bare, in a zip as torch's, or behind a head."""

    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return (open, (str(canary), "w"))

    data = pickle.dumps(Harmful(), protocol=rng.randrange(6))
    if rng.random() < 0.5:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("archive/data.pkl", data)
            archive.writestr("archive/version", "3\n")
        data = packed.getvalue()
    name = _file(thing, files, rng)
    return _write(thing, files, name, rng.choice([data, struct.pack("<Q", 2) + b"{}" + data, files[name] + data]))


def _listing(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """What the manifest says."""
    names, entries = list(files), _entries(files)
    kind = rng.randrange(5)
    if kind == 0:
        (thing.folder / MANIFEST).write_bytes(_changed_json(files[MANIFEST], rng))
    elif kind == 1:
        name = rng.choice(names)
        entries[rng.choice(_NAMES)] = entries.pop(name) if name in entries else Entry(1, "0" * 64)
        (thing.folder / MANIFEST).write_bytes(manifest_bytes(entries))
    elif kind == 2:
        name = rng.choice(list(entries))
        entries[name] = Entry(rng.choice([0, 1, 2**40, 2**62]), entries[name].sha256)
        (thing.folder / MANIFEST).write_bytes(manifest_bytes(entries))
    elif kind == 3:
        del entries[rng.choice(list(entries))]
        (thing.folder / MANIFEST).write_bytes(manifest_bytes(entries))
    else:  # two files change places, and the manifest agrees
        one, other = rng.choice(list(entries)), rng.choice(list(entries))
        swapped = {**files, one: files[other], other: files[one]}
        for name in (one, other):
            (thing.folder / name).write_bytes(swapped[name])
        (thing.folder / MANIFEST).write_bytes(manifest_bytes(_entries(swapped)))
    return MANIFEST


def _special(thing: Thing, files: dict[str, bytes], rng: random.Random, canary: Path) -> str:
    """A pipe, a link, a folder or a file full of holes in the place of a file."""
    name = rng.choice(list(files)) if thing.listed else "metrics.jsonl"
    path = thing.folder / name
    path.unlink()
    kind = rng.choice(
        ["pipe", "link", "device", "loop", "folder", "holes", "gone"] if thing.listed else ["gone", "folder"]
    )
    if kind == "pipe":
        os.mkfifo(path)
    elif kind in ("link", "device", "loop"):
        path.symlink_to({"link": "/etc/hostname", "device": "/dev/zero", "loop": name}[kind])
    elif kind == "folder":
        path.mkdir()
    elif kind == "holes":
        with path.open("wb") as file:
            file.truncate(2**40)
        if name != MANIFEST and rng.random() < 0.5:
            entries = {**_entries(files), name: Entry(2**40, "0" * 64)}
            (thing.folder / MANIFEST).write_bytes(manifest_bytes(entries))
    return f"{name} ({kind})"


_Way = Callable[[Thing, dict[str, bytes], random.Random, Path], str]
_WAYS: list[_Way] = [
    _bytes,
    _bytes,
    _bytes,
    _value,
    _value,
    _value,
    _head,
    _head,
    _numbers,
    _pickle,
    _listing,
    _special,
]


def _file(thing: Thing, files: dict[str, bytes], rng: random.Random) -> str:
    return rng.choice([name for name in files if name != MANIFEST])


def _write(thing: Thing, files: dict[str, bytes], name: str, data: bytes) -> str:
    """Writes a file, and a manifest that agrees with it."""
    (thing.folder / name).write_bytes(data)
    if thing.listed:
        (thing.folder / MANIFEST).write_bytes(manifest_bytes(_entries({**files, name: data})))
    return name


def _entries(files: dict[str, bytes]) -> dict[str, Entry]:
    return {name: Entry(len(data), sha256(data).hexdigest()) for name, data in files.items() if name != MANIFEST}


def _changed_json(data: bytes, rng: random.Random) -> bytes:
    """JSON with one to three values replaced by text, which need not be JSON."""
    value, marks = json.loads(data), {}
    for number in range(rng.choice([1, 1, 1, 2, 3])):
        place = value
        while isinstance(place, dict | list) and place:
            key: Any = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
                place = inner
                continue
            mark = f"@{number}@"
            marks[mark] = rng.choice(_VALUES)
            change = rng.random()
            if change < 0.75 or isinstance(place, list):
                place[key] = mark
            elif change < 0.85:
                del place[key]
            else:
                place[rng.choice([*_NAMES[:3], "x", key])] = mark
            break
    text = json.dumps(value)
    if rng.random() < 0.05 and isinstance(value, dict) and value:
        key = rng.choice(list(value))
        text = f"{{{json.dumps(key)}: 0, {text[1:]}"
    for mark, new in marks.items():
        text = text.replace(json.dumps(mark), new)
    return text.encode("utf-8", "surrogatepass")
