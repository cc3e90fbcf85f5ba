"""Byte soup as data: files of every kind damaged, and loaded with a bound on time and memory. Knows formats only to write whole files.

Nothing may crash, hang, or end in a traceback: rows come out, or it is refused in one line. A damaged cached copy gives the same rows.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from seqtext.errors import SeqtextError
from tests.conftest import topic_rows, write_csv
from tests.survival.forked import Notes, in_child
from tests.survival.mutator import mutated

HANGS = 5  # seconds of computing
_BLOCKS = 60  # seconds of waiting, for what will never come
_MEMORY = 2 << 30  # bytes that a file of some kilobytes may make a process ask for
_CASE, _REFUSED, _LOADED = 0, 1, 2


@dataclass
class Soup:
    """What came of it: cases, how many were refused and how many gave rows, and what must not be, a line each."""

    tried: int = 0
    refused: int = 0
    loaded: int = 0
    wrong: list[str] = field(default_factory=list)


def try_soup(place: Path, *, count: int, seed: int, until: float, batch: int = 500) -> Soup:
    """Loads many damaged files in children; the arguments are those of `try_malformed`."""
    import time

    result, case, journal = Soup(), 0, place / "wrong.txt"
    while case < count and time.monotonic() < until:
        notes, last = Notes(), min(count, case + batch)
        journal.unlink(missing_ok=True)
        ended = in_child(
            lambda first=case, last=last, notes=notes: _cases(place / str(first), seed, first, last, notes, journal),
            output=place / "output.txt",
            limit=600,
        )
        result.wrong += journal.read_text(errors="replace").splitlines() if journal.exists() else []
        result.refused += notes[_REFUSED]
        result.loaded += notes[_LOADED]
        case = last
        if ended.code:
            how = {-signal.SIGPROF: "hangs", -signal.SIGALRM: "waits for ever"}.get(
                ended.code, f"ends with {ended.code}"
            )
            result.wrong.append(f"case {notes[_CASE]}: {how}: {ended.told[-300:]}")
            case = notes[_CASE] + 1
    result.tried = case
    return result


def make_all(place: Path) -> dict[str, Path]:
    """Whole data of each kind: by its name, what is loaded."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    place.mkdir(parents=True)
    rows = topic_rows(40)
    rows["text"][3] = 'a "quoted", cell\nof two lines ☃'
    write_csv(place / "a.csv", rows)
    (place / "a.tsv").write_text("text\tlabel\n" + "".join(f"ship {n}\t{n % 3}\n" for n in range(40)))
    lines = "".join(
        json.dumps({"text": text, "label": n % 3, "more": [n, None]}) + "\n" for n, text in enumerate(rows["text"])
    )
    (place / "a.jsonl").write_text(lines)
    (place / "a.txt").write_text("".join(f"a ship {n} é\n" for n in range(40)))
    (place / "b.txt").write_text("".join(f"__label__{n % 3} a ship {n}\n" for n in range(40)))
    (place / "a.csv.gz").write_bytes(gzip.compress((place / "a.csv").read_bytes()))
    features = datasets.Features(
        text=datasets.Value("string"), label=datasets.ClassLabel(names=sorted({*rows["label"]}))
    )
    labelled = datasets.Dataset.from_dict(
        {"text": rows["text"], "label": [n % 3 for n in range(40)]}, features=features
    )
    labelled.to_parquet(place / "a.parquet")
    pq.write_table(pa.table(rows), place / "b.parquet", compression="none")
    with pa.OSFile(str(place / "a.arrow"), "wb") as sink, pa.ipc.new_stream(sink, pa.table(rows).schema) as writer:
        writer.write_table(pa.table(rows))
    datasets.disable_progress_bars()
    labelled.save_to_disk(place / "saved")
    for name, file in (("csv-folder", "a.csv"), ("json-folder", "a.jsonl"), ("parquet-folder", "a.parquet")):
        (place / name).mkdir()
        shutil.copy(place / file, place / name / f"train{Path(file).suffix}")
    head = "configs:\n- config_name: default\n  data_files:\n  - {split: train, path: train.csv}\n"
    types = "dataset_info:\n  features:\n  - {name: text, dtype: string}\n  - {name: label, dtype: string}\n"
    (place / "csv-folder" / "README.md").write_text(f"---\n{head}{types}---\n# Data\n")
    (place / "json-folder" / "train.json").write_text(json.dumps([{"text": text} for text in rows["text"]]))
    (place / "json-folder" / "train.jsonl").unlink()
    for number in range(9):
        path = place / "classes" / "abc"[number % 3] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"a text {number}\n")
    return {path.name: path for path in sorted(place.iterdir())}


def _cases(place: Path, seed: int, first: int, last: int, notes: Notes, journal: Path) -> None:
    """Some cases, one after the other, in this process."""
    os.environ["SEQTEXT_CACHE"], os.environ["HF_DATASETS_CACHE"] = str(place / "cache"), str(place / "datasets")
    data = make_all(place / "data")
    loaded: dict[str, list[list[object]]] = {}
    copies: dict[str, list[Path]] = {}
    for name, path in data.items():  # what is imported late is, before anybody watches
        before = _copies(place)
        loaded[name] = _rows(path)
        copies[name] = sorted(_copies(place) - before)
    whole_copies = _copies(place)
    contents = [path.read_bytes() for path in sorted((place / "data").rglob("*")) if path.is_file()]
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, resource.RLIM_INFINITY))
    for case in range(first, last):
        notes[_CASE] = case
        rng = random.Random(f"{seed} {case}")
        name = rng.choice(list(data))
        is_copy = rng.random() < 0.1 and bool(copies[name])
        files = copies[name] if is_copy else _files(data[name])
        path = rng.choice(files)
        whole = path.read_bytes()
        path.write_bytes(mutated(whole, rng, contents))
        told = _load(lambda name=name: _rows(data[name]), notes, loaded[name] if is_copy else None)
        with journal.open("a") as file:
            file.writelines(f"case {case}: {name}, {path.name}: {' '.join(line.split())[:300]}\n" for line in told)
        if not is_copy:
            path.write_bytes(whole)
        for path in _copies(place) - whole_copies:  # of damaged data that could be read
            path.unlink()


def _copies(place: Path) -> set[Path]:
    """The copies in the cache."""
    return set((place / "cache" / "arrow").iterdir()) if (place / "cache" / "arrow").is_dir() else set()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def _rows(path: Path) -> list[list[object]]:
    """All values of the training rows, by column, as whoever trains on them reads them."""
    from seqtext.data.reading.column_arrays import column_arrays
    from seqtext.data.reading.fingerprint import fingerprint
    from seqtext.data.reading.sources import load

    rows = load(path).splits["train"]
    fingerprint(rows)
    return [[v for array in column_arrays(rows, column) for v in array.to_pylist()] for column in rows.column_names]


def _load(use: Callable[[], list[list[object]]], notes: Notes, wanted: list[list[object]] | None) -> list[str]:
    """Loads data; gives what must not be."""
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    signal.setitimer(signal.ITIMER_REAL, _BLOCKS)
    try:
        found = use()
        notes[_LOADED] += 1
        return [] if wanted in (None, found) else ["other rows of a damaged copy"]
    except SeqtextError as error:
        notes[_REFUSED] += 1
        if wanted is not None:
            return [f"a damaged copy stops: {error}"]
        return [f"a message of {len(str(error))} characters"] if len(str(error)) > 2000 else []
    except BaseException as error:
        return [f"traceback: {type(error).__name__}: {error}"]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
