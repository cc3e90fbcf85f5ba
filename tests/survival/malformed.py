"""Saved files from somebody with bad intentions: damaged or crafted, with a manifest that agrees, loaded under watch.

Nothing may crash, hang, run code, open a file elsewhere, or end in a traceback: it loads and works, or is refused in one line.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import stat
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqtext.errors import SeqtextError
from tests.survival.crafted import damage
from tests.survival.forked import Notes, in_child
from tests.survival.saved_things import Thing, make_all, things

HANGS = 5  # seconds of computing
_BLOCKS = 120  # seconds of waiting, on a busy machine, for nothing that will ever come
_MEMORY = 2**30  # bytes a file of a few kilobytes may make a process ask for
_CASE, _REFUSED, _LOADED, _WATCHING = 0, 1, 2, 3
_RUNS_CODE = ("pickle.", "marshal.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork")
_ELSEWHERE = (
    "socket.",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "shutil.",
    "ftplib.",
)
_CODE_OF_OURS = tuple(os.path.realpath(path) + "/" for path in (sys.prefix, sys.base_prefix, Path(__file__).parents[2]))


@dataclass
class Malformed:
    """What came of it: cases, how many were refused and how many loaded, and what must not be, a line each."""

    tried: int = 0
    refused: int = 0
    loaded: int = 0
    wrong: list[str] = field(default_factory=list)


def try_malformed(place: Path, *, count: int, seed: int, until: float, batch: int = 250) -> Malformed:
    """Loads many malformed things in children that are watched.

    Args:
        place: an empty folder.
        count: cases.
        seed: of them; case `n` is the same whatever ran before.
        until: when to begin no other batch, by `time.monotonic`.
        batch: cases of one child.
    """
    ended = in_child(lambda: make_all(place), output=place / "made.txt")
    assert ended.code == 0, ended.told
    result, case, journal = Malformed(), 0, place / "wrong.txt"
    while case < count and time.monotonic() < until:
        notes, last = Notes(), min(count, case + batch)
        journal.unlink(missing_ok=True)
        ended = in_child(
            lambda first=case, last=last, notes=notes: _cases(place, seed, first, last, notes, journal),
            output=place / "output.txt",
            limit=600,
        )
        result.wrong += journal.read_text(errors="replace").splitlines() if journal.exists() else []
        result.refused += notes[_REFUSED]
        result.loaded += notes[_LOADED]
        if ended.code == 0:
            case = last
        else:
            how = {-signal.SIGPROF: "hangs", -signal.SIGALRM: "waits for ever"}.get(
                ended.code, f"ends with {ended.code}"
            )
            result.wrong.append(f"case {notes[_CASE]}: {how}: {ended.told[-300:]}")
            assert notes[_WATCHING], ended.told
            case = notes[_CASE] + 1
            _mend(place)
    result.tried = case
    return result


def _mend(place: Path) -> None:
    """Puts the files back that a child left damaged."""
    for kept in (place / "kept").iterdir():
        _restore(things(place)[kept.name].folder, {path.name: path.read_bytes() for path in kept.iterdir()})


def _cases(place: Path, seed: int, first: int, last: int, notes: Notes, journal: Path) -> None:
    """Some cases, one after the other, in this process."""
    kinds = things(place)
    good = {name: {path.name: path.read_bytes() for path in thing.folder.iterdir()} for name, thing in kinds.items()}
    for name, files in good.items():
        (place / "kept" / name).mkdir(parents=True, exist_ok=True)
        _restore(place / "kept" / name, files)
        kinds[name].use()  # what is imported late is, before anybody watches
    os.chdir(place / "kept")
    watch = _Watch()
    _, used = resource.getrlimit(resource.RLIMIT_AS), int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (used * 4096 + _MEMORY, resource.RLIM_INFINITY))
    notes[_WATCHING] = 1
    for case in range(first, last):
        notes[_CASE] = case
        rng = random.Random(f"{seed} {case}")
        name = rng.choice(list(kinds))
        thing = kinds[name]
        what = damage(thing, good[name], rng, place / "canary")
        told = _load(thing, watch, notes)
        if (place / "canary").exists():
            told.append("code of the file ran")
            (place / "canary").unlink()
        with journal.open("a") as file:
            file.writelines(f"case {case}: {name}, {what}: {' '.join(line.split())[:300]}\n" for line in told)
        _restore(thing.folder, good[name])


def _load(thing: Thing, watch: _Watch, notes: Notes) -> list[str]:
    """Loads and uses a thing; gives what must not be."""
    told: list[str] = []
    watch.begin(thing.folder)
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    signal.setitimer(signal.ITIMER_REAL, _BLOCKS)
    try:
        thing.use()
        notes[_LOADED] += 1
    except SeqtextError as error:
        notes[_REFUSED] += 1
        if len(str(error)) > 2000:
            told.append(f"a message of {len(str(error))} characters")
    except Exception as error:
        told.append(f"traceback: {type(error).__name__}: {error}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        told += watch.end()
    return told


class _Watch:
    """Looks at what this process does while a file is loaded; a hook cannot be taken away, but closes its eyes."""

    def __init__(self) -> None:
        self._inside, self._seen = "", list[str]()
        sys.addaudithook(self._hook)

    def begin(self, folder: Path) -> None:
        """From now on only files of `folder` may be opened."""
        self._seen, self._inside = [], os.path.realpath(folder)

    def end(self) -> list[str]:
        """What was seen that must not be."""
        self._inside = ""
        return self._seen

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._inside:
            return
        if event.startswith((*_RUNS_CODE, *_ELSEWHERE)):
            self._seen.append(f"{event} {arguments!r:.100}")
        if event == "open" and isinstance(arguments[0], str | bytes):
            path = os.fsdecode(arguments[0])
            # A name without a slash is opened in the folder that is open: where this process stands there are no files.
            inside = "/" not in path or os.path.realpath(path).startswith(self._inside)
            reads = not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not inside and not (reads and os.path.realpath(path).startswith(_CODE_OF_OURS)):
                self._seen.append(f"open {path}")


def _restore(folder: Path, files: dict[str, bytes]) -> None:
    for path in folder.iterdir():
        if path.name not in files or not stat.S_ISREG(path.lstat().st_mode):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, data in files.items():
        path = folder / name  # which may have been made as large as the disk, so its size is looked at first
        if not path.exists() or path.stat().st_size != len(data) or path.read_bytes() != data:
            path.unlink(missing_ok=True)
            path.write_bytes(data)
