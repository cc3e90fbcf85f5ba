"""Small data and a small trained run that many tests look at; nothing here needs a network or a GPU."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before torch is imported: threads that wait for each other must not take the cores of whatever runs beside them.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Nor may those of NumPy and SciPy, who wait as OpenBLAS does, by turning round: they made every linear baseline five times as dear.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Before datasets is imported: tests never ask the hub, and leave nothing in the user's caches.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

import datasets
import hypothesis
import pytest
import torch

from seqtext.reporting import estimate
from tests.undrawn import draw_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

# However the tests were started: a shell without a terminal ignores SIGINT in what it starts in the background, and so would we and
# every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Speed is never asserted in a test: on a busy machine any example can take long.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
TOPICS = {
    "sea": "the ship sails over waves towards an island harbour while gulls follow",
    "town": "a tram passes the market square and people cross the street to the theatre",
    "wood": "under old oak trees a deer drinks from the brook and owls wait for dusk",
}
SMALL = [
    *("--epochs", "3", "--hidden_size", "24", "--embedding_size", "24", "--batch_tokens", "600"),
    *("--vocabulary_size", "500", "--threads", "2", "--learning_rate", "0.01"),
]

# Files that train for long, kill processes or start many of them: `make quick` leaves them out.
SLOW = (
    *(
        "survival/*",
        "test_wheel.py",
        "test_docs.py",
        "test_first.py",
        "tasks/*/test_recipe.py",
        "tasks/translation/test_command.py",
        "tasks/translation/test_odd_lines.py",
    ),
    *(
        "commands/test_train.py",
        "commands/test_cli_processes.py",
        "training/test_processes.py",
        "training/test_signals.py",
    ),
    *("training/test_resume_exact.py", "training/test_fit.py", "builtin/test_phrasebook.py"),
    *("training/test_fit.py", "training/test_no_waits.py", "training/test_run_folder.py", "nn/test_backbone.py"),
    *("builtin/*", "commands/test_evaluate.py", "commands/test_runs_of_other_tasks.py", "commands/test_cli.py"),
    *("tasks/*/report/*", "tasks/*/test_faults.py", "tasks/translation/test_translations.py", "tasks/test_*.py"),
    *(
        "tasks/generation/test_g*.py",
        "tasks/forecasting/test_forecaster.py",
        "tasks/language_model/*",
        "tasks/transcription/*",
        "tasks/tagging/*",
    ),
    *("tasks/classification/test_teacher.py", "commands/test_streams.py", "commands/test_faults_of_data.py"),
    *("benchmarks/*", "data/test_your_data.py"),
)


# These come first, the longest before the others, so that no process of the test has one of them left when the others are done.
LONGEST = (
    "survival/test_survival.py",
    "test_docs.py",
    "training/test_processes.py",
    "tasks/translation/test_recipe.py",
    "training/test_resume_exact.py",
    "tasks/classification/test_recipe.py",
    "test_wheel.py",
    "training/test_fit.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = Path(__file__).parent
    order = {place / file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))
    for item in items:
        if any(item.path.relative_to(place).match(pattern) for pattern in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="session")
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["SEQTEXT_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    estimate.WARM_STEPS, estimate.TIMED_STEPS = 0, 1  # nobody rests anything on how long an epoch takes here
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


def topic_rows(rows: int, seed: int = 0) -> dict[str, list[str]]:
    """Texts of words of one of three topics, with words of the others mixed in."""
    import random

    rng = random.Random(seed)
    texts, labels = [], []
    for number in range(rows):
        label = list(TOPICS)[number % 3]
        own = rng.choices(TOPICS[label].split(), k=rng.randint(4, 12))
        other = rng.choices(" ".join(TOPICS.values()).split(), k=2)
        texts.append(" ".join(own + other))
        labels.append(label)
    return {"text": texts, "label": labels}


# Folders of tests that make many runs; pictures are looked at where they are made, and in one run of each task.
UNDRAWN = ("tasks", "commands", "training")


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing is drawn in these folders but by fixtures of a module, in `report/`, and where a test asks for it."""
    parts = request.path.relative_to(Path(__file__).parent).parts
    asked = "drawn" in request.fixturenames or request.node.get_closest_marker("draws")
    with pytest.MonkeyPatch.context() as patch:
        if parts[0] in UNDRAWN and "report" not in parts and not asked:
            draw_nothing(patch.setattr)
        yield


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that a test saves, to read what is in them."""
    from matplotlib.figure import Figure

    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


@pytest.fixture(scope="session")
def topics() -> datasets.DatasetDict:
    return datasets.DatasetDict(
        {
            name: datasets.Dataset.from_dict(topic_rows(rows, seed), split=name)
            for name, rows, seed in (("train", 300, 1), ("validation", 60, 2), ("test", 60, 3))
        }
    )


def python(*arguments: str, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
    """A program as a user starts it: in its own process, its output as text."""
    result = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, **options)
    if check:
        assert result.returncode == 0, result.stderr + result.stdout
    return result


def write_csv(path: Path, rows: dict[str, list[str]]) -> Path:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows)
        writer.writerows(zip(*rows.values(), strict=True))
    return path


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the recipe on csv files, in its smallest form."""
    place = tmp_path_factory.mktemp("run")
    for name, rows, seed in (("train", 300, 1), ("test", 60, 3)):
        write_csv(place / f"{name}.csv", topic_rows(rows, seed))
    from seqtext.training.run_lock import RunLock
    from tests.in_process import run, succeeded

    script = "recipes/topic_classification.py"
    files = ["--train", place / "train.csv", "--test", place / "test.csv"]
    flags = [*files, *SMALL, "--run", place / "small"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        succeeded(run(lambda: runpy.run_path(script, run_name="__main__"), script, *flags))
    RunLock(place / "small").release()  # as the end of a process does
    return place / "small"
