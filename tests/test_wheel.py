"""The wheel, built once and installed outside of the checkout: it holds the library and the recipes, and trains and predicts there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from seqtext.tasks.known import TASKS
from tests.conftest import ROOT, SMALL

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "seqtext", "recipes")  # what a clone has and a build needs


class Installed(NamedTuple):
    """A wheel, and an environment with nothing of the checkout in it."""

    wheel: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """A program of that environment, in an empty folder."""
        (self.folder / "empty").mkdir(exist_ok=True)
        program = str(self.folder / "bin" / command[0])
        options = {"env": self.environment, "cwd": self.folder / "empty", "capture_output": True, "text": True}
        done = subprocess.run([program, *command[1:]], **options)
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    """From a copy of the sources by way of a source distribution, as an index would offer it."""
    place = tmp_path_factory.mktemp("wheel")
    source, folder = place / "source", place / "environment"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, source)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    environment |= {"SEQTEXT_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1"}

    def python(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    offline = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    python("-c", f"from setuptools.build_meta import build_sdist; build_sdist({str(place)!r})")
    [archive] = place.glob("*.tar.gz")
    python("-m", "pip", "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(place), str(archive))
    [wheel] = place.glob("*.whl")
    python("-m", "venv", "--without-pip", str(folder))
    python("-m", "pip", "--python", str(folder / "bin" / "python"), "install", *offline, str(wheel))
    # What seqtext depends on comes from the environment of the tests: its .pth files, by which it finds the checkout, are not read.
    paths = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(wheel, folder, environment)


def test_the_wheel_holds_the_library_and_its_recipes_and_nothing_else(installed):
    with zipfile.ZipFile(installed.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert not [file for file in archive.infolist() if file.external_attr >> 28 == 0o12], "a link"
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        required = re.findall(r"^Requires-Dist: ([\w-]+)", archive.read(metadata).decode(), flags=re.MULTILINE)
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "seqtext").rglob("*.py")}
    recipes = {f"seqtext/recipes/{path.name}" for path in (ROOT / "recipes").glob("*.py")}
    assert len(recipes) >= len(TASKS)
    assert names == here | recipes | {"seqtext/py.typed"}
    assert {"torch", "scipy", "safetensors"} <= set(required)
    assert "accelerate" not in required


def test_from_nothing_to_a_trained_model_that_predicts_and_is_measured(installed):
    run, small = ["--run", "runs/demo"], [*SMALL, "--max_steps", "3", "--max_rows", "300", "--baselines", "fast"]
    trained = installed.run("seqtext", "train", "topics", *run, *small)
    assert "test" in trained.stdout
    folder = installed.folder / "empty" / "runs" / "demo"
    assert {"model", "report", "README.md", "manifest.json"} <= {path.name for path in folder.iterdir()}
    label, probability, text = installed.run("seqtext", "predict", "runs/demo", "Oslo → Lima · 3 hours").stdout.split(
        "\t"
    )
    assert label
    assert 0 < float(probability) <= 1
    assert text == "Oslo → Lima · 3 hours\n"
    assert "accuracy" in installed.run("seqtext", "evaluate", "runs/demo", "--data", "phrasebook").stdout
    assert installed.run("seqtext", "info", "runs/demo").stdout.startswith("TopicClassifier in runs/demo")


def test_every_recipe_travels_with_it_and_none_of_the_checkout(installed):
    modules = ["seqtext", *(f"seqtext.recipes.{task.script}" for task in TASKS)]
    code = f"import importlib\nfor name in {modules}: print(importlib.import_module(name).__file__)"
    found = installed.run("python", "-c", code).stdout.splitlines()
    assert len(found) == len(modules)
    assert all(Path(file).is_relative_to(installed.folder) for file in found), found
