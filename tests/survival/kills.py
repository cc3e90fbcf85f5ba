"""Runs that are killed again and again, at seeded moments, and must end as if nobody had touched them."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqtext.commands.verify import parts_of
from seqtext.saving.atomic import is_temporary
from tests.survival.harness import RECIPES, Harness, Start, Stop, state_of

MOST_IN_A_ROW = 6  # kills before a run is left alone until its end


@dataclass
class Kills:
    """What came of it.

    Attributes:
        kills: that came before the run's end.
        in_saves: of them while a model or checkpoint was being written.
        finished: runs that were killed and went on to their end.
        different: what was not as in the uninterrupted run, a line each.
        rows_wrong: training rows that a step of the final run saw, or did not see, other than in the uninterrupted one.
        exits: seconds from SIGTERM to the end, of each that was sent in time.
    """

    kills: int = 0
    in_saves: int = 0
    finished: int = 0
    different: list[str] = field(default_factory=list)
    rows_wrong: int = 0
    exits: list[float] = field(default_factory=list)


def kill_runs(
    place: Path,
    *,
    count: int,
    in_saves: int,
    seed: int,
    until: float,
    recipes: list[str],
    stop_with: int = signal.SIGKILL,
) -> Kills:
    """Kills runs of the recipes in turn until there were enough kills, and enough of them during saves, or the time is over.

    Args:
        place: an empty folder.
        count: kills to reach.
        in_saves: of them while something is being saved.
        seed: of the moments.
        until: when to begin no other run, by `time.monotonic`.
        recipes: their names.
        stop_with: SIGKILL, or SIGTERM, which a run answers by saving.
    """
    rng, result = random.Random(seed), Kills()
    runs: dict[str, _Run] = {}
    number = 0
    while result.kills < count or result.in_saves < in_saves:
        recipe = recipes[number % len(recipes)]
        if recipe not in runs:
            runs[recipe] = _Run(place / recipe, recipe, rng, stop_with, result)
        runs[recipe].once(count, in_saves)
        number += 1
        if time.monotonic() > until:
            break
    return result


class _Run:
    """One recipe, and how it ends when nobody touches it."""

    def __init__(self, place: Path, recipe: str, rng: random.Random, stop_with: int, result: Kills) -> None:
        place.mkdir(parents=True)
        self._journal = place / "rows.jsonl"
        self._harness = Harness(place, recipe, prepare=lambda: _keep_journal(self._journal))
        self._rng, self._stop_with, self._result = rng, stop_with, result
        whole = self._harness.start()
        assert whole.ended.code == 0, whole.ended.told
        self._seconds, self._operations = whole.ended.seconds, whole.operations
        self._state, self._rows = state_of(self._harness.run), _rows(self._journal)

    def once(self, count: int, in_saves: int) -> None:
        """One run from its start to its end, killed on the way."""
        harness, result = self._harness, self._result
        harness.fresh()
        self._journal.unlink(missing_ok=True)
        start = None
        for number in range(self._rng.randint(1, MOST_IN_A_ROW)):
            if result.kills >= count and result.in_saves >= in_saves:
                break
            start = harness.start(resume=harness.holds_run(), stop=self._moment(number))
            self._count(start)
            if start.ended.code == 0:
                break
        if start is None or start.ended.code:
            start = harness.start(resume=harness.holds_run())
        if start.ended.code:
            result.different.append(
                f"{harness.recipe}: going on ended with {start.ended.code}: {start.ended.told[-600:]}"
            )
            return
        result.finished += 1
        result.different += [f"{harness.recipe}: {name}" for name in _differences(self._state, state_of(harness.run))]
        result.different += [f"{harness.recipe}: {part.fault}" for part in parts_of(harness.run) if part.fault]
        left = [path for path in harness.run.rglob(".*") if is_temporary(path)]
        result.different += [f"{harness.recipe}: {path} is left" for path in left]
        result.rows_wrong += _wrong_rows(self._rows, _rows(self._journal))

    def _moment(self, number: int) -> Stop:
        if self._stop_with == signal.SIGKILL and number % 2:
            return Stop(at=self._rng.randint(1, self._operations // 2))
        # The later a start, the less of the run is left: a signal that comes after its end is none.
        return Stop(self._stop_with, after=self._rng.uniform(0, self._seconds / (1 + number)))

    def _count(self, start: Start) -> None:
        result, name = self._result, self._harness.recipe
        left = any(is_temporary(path) for path in self._harness.run.rglob(".*"))
        if self._stop_with == signal.SIGKILL:
            result.kills += start.killed
            result.in_saves += start.killed and (start.in_save or left)
            wrong = start.ended.code not in (0, -signal.SIGKILL)
        else:
            sent = start.ended.seconds_after > 0
            result.kills += sent
            result.exits += [start.ended.seconds_after] if sent else []
            # Before training begins nobody has anything to save, and the signal ends the process as any other.
            wrong = start.ended.code not in (0, 128 + self._stop_with, -self._stop_with)
        if wrong:
            result.different.append(f"{name}: ended with {start.ended.code}: {start.ended.told[-600:]}")


def _keep_journal(path: Path) -> None:
    """Writes down the rows of every step, in the child."""
    from seqtext.training.step import Stepper

    plain, file = Stepper.__call__, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def noted(self: Stepper, examples: Any, micro_batches: Any, step: int, **more: Any) -> Any:
        rows = [int(row) for batch in micro_batches for row in batch]
        if self.optimizer.param_groups[0]["highest_rate"]:  # not those steps whose time alone is taken, before training
            os.write(file, f"{json.dumps([step, rows])}\n".encode())
        return plain(self, examples, micro_batches, step, **more)

    Stepper.__call__ = noted  # type: ignore[method-assign]


def _rows(journal: Path) -> dict[int, list[int]]:
    """The rows of each step, as it was made last: a step behind the newest checkpoint is made again."""
    return dict(json.loads(line) for line in journal.read_text().splitlines())


def _wrong_rows(expected: dict[int, list[int]], found: dict[int, list[int]]) -> int:
    wrong = 0
    for step in expected.keys() | found.keys():
        one, other = expected.get(step, []), found.get(step, [])
        wrong += len(set(one) ^ set(other)) or int(one != other)
    return wrong


def _differences(expected: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            yield f"{name} is not as in the uninterrupted run"


def all_recipes() -> list[str]:
    """Names of the recipes that are run."""
    return list(RECIPES)
