"""What the house rests on: files import lower floors only, programs import late, and nothing saved can run code."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import seqtext
from seqtext.tasks.known import TASKS, public
from tests.conftest import ROOT

FLOORS = {
    "cli.py": 7, "commands": 7, "tasks": 6, "reporting": 5, "training": 4, "models": 3, "nn": 2, "data": 2,
    "batching": 1, "builtin": 1, "saving": 0, "options.py": 0, "other_names.py": 0, "grouped_help.py": 0, "errors.py": 0,
}  # fmt: skip
LIBRARY = sorted((ROOT / "seqtext").rglob("*.py"))
RECIPES = sorted((ROOT / "recipes").glob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in [*LIBRARY, *RECIPES]}


def name_of(path: Path) -> str:
    """The module a file is."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in LIBRARY}


def imported(nodes: Iterator[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and name of each module that is imported; of `from a import b`, `a.b` where that is a module of ours."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in MODULES else str(node.module)


def when_imported(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the file is imported: neither in functions nor for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from (inner for other in node.orelse for inner in [other, *when_imported(other)])
            continue
        yield node
        yield from when_imported(node)


def floor_of(module: str) -> int | None:
    """The floor of one of our modules; None for the package itself, which anybody may ask for its version."""
    if module == "seqtext":
        return None
    part = module.split(".")[1]
    return FLOORS[part] if part in FLOORS else FLOORS[f"{part}.py"]


# ---- floors


def test_every_file_and_folder_has_its_floor():
    there = {
        path.name for path in (ROOT / "seqtext").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"__init__.py", "recipes"} == set(FLOORS)  # recipes is a link: how they travel in the wheel


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_its_own_floor_and_lower_ones(path):
    here = floor_of(name_of(path))
    for line, module in imported(ast.walk(TREES[path])):
        if module.split(".")[0] != "seqtext" or here is None:
            continue
        there = floor_of(module)
        assert there is None or there <= here, f"{path}:{line}: floor {here} imports {module} of floor {there}"


def test_a_task_does_not_know_how_it_is_trained_or_reported():
    files = [path for path in (ROOT / "seqtext" / "tasks").rglob("*.py") if path.parent.name != "report"]
    assert len(files) > 20
    for path in files:
        for line, module in imported(when_imported(TREES[path])):
            assert not module.startswith(("seqtext.training", "seqtext.reporting")), f"{path}:{line}: {module}"
            assert ".report." not in module, f"{path}:{line}: {module}"


def test_what_all_tasks_share_names_none_of_them():
    folders = [path.name for path in (ROOT / "seqtext" / "tasks").iterdir() if (path / "__init__.py").exists()]
    assert sorted(folders) == sorted(task.folder for task in TASKS)
    for floor in ("training", "reporting"):
        files = list((ROOT / "seqtext" / floor).glob("*.py"))
        assert len(files) > 5
        for path in files:
            text = path.read_text(encoding="utf-8")
            assert not [task.name for task in TASKS if task.name in text or f"tasks.{task.folder}" in text], path


def test_tasks_are_not_told_apart_by_what_they_have():
    parts = {name for task in TASKS for name in dir(public(task.name))} | {
        "config",
        "tokenizer",
        "model",
        "encoder",
        "output",
    }
    assert {"probabilities", "vector_like", "forecasts"} < parts
    asked = [
        (path.relative_to(ROOT), node.lineno, ast.literal_eval(node.args[1]))
        for path in LIBRARY
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hasattr"
    ]
    assert asked, "the check finds none of those that ask other things"
    for path, line, name in asked:
        assert path.parts[1] not in ("tasks", "commands", "cli.py"), f"{path}:{line}: hasattr"
        assert name.startswith("__") or name not in parts, f"{path}:{line}: which task is it? ask tasks/known.py"


def test_tasks_stand_alone_but_for_the_generator_whose_vectors_a_classifier_can_make():
    known = {
        (task.folder, module.split(".")[2])
        for task in TASKS
        for path in (ROOT / "seqtext" / "tasks" / task.folder).rglob("*.py")
        for _, module in imported(ast.walk(TREES[path]))
        if re.match(r"seqtext\.tasks\.\w+\.", module)
    }
    assert {pair for pair in known if len(set(pair)) == 2} == {("generation", "classification")}


def test_no_file_imports_itself_by_a_detour():
    graph = {
        name: {module for _, module in imported(when_imported(TREES[path])) if module in MODULES} - {"seqtext"}
        for name, path in MODULES.items()
    }
    done: set[str] = set()

    def visit(module: str, way: list[str]) -> None:
        assert module not in way, " -> ".join([*way[way.index(module) :], module])
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, [*way, module])
            done.add(module)

    for module in graph:
        visit(module, [])


def test_packages_import_nothing_so_that_importing_one_module_costs_only_that():
    assert len(LIBRARY) > 100
    for path in LIBRARY:
        if path.name == "__init__.py":
            found = {module for _, module in imported(when_imported(TREES[path])) if "seqtext" in module}
            assert found == ({"seqtext.errors", "seqtext.tasks.known"} if path.parent.name == "seqtext" else set()), (
                path
            )


def test_recipes_are_never_imported():
    files = [path for folder in ("seqtext", "recipes", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    assert {name.name for name in files} >= {"fit.py", "translation.py", "conftest.py"}
    for path in files:
        tree = TREES.get(path) or ast.parse(path.read_text(encoding="utf-8"))
        for line, module in imported(ast.walk(tree)):
            assert module.split(".")[0] != "recipes", f"{path}:{line}"


# ---- nothing runs code

RUNNING_CODE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {
    *("eval", "exec", "compile", "__import__", "torch.load", "torch.jit.load"),
    *(
        "yaml.load",
        "yaml.unsafe_load",
        "yaml.full_load",
        "importlib.import_module",
        "importlib.__import__",
        "runpy.run_path",
    ),
    *(
        "os.system",
        "os.popen",
        "subprocess.run",
        "subprocess.Popen",
        "numpy.load",
        "pandas.read_pickle",
        "torch.hub.load",
    ),
}
# Where a module is imported by a name that is put together: out of a list in the source, never out of a saved file.
BY_NAME = {
    "seqtext/__init__.py": ["_HOMES[name]"],
    "seqtext/cli.py": ["f'seqtext.commands.{name}'"] * 2,
    "seqtext/commands/train.py": ["f'seqtext.recipes.{RECIPES[name].script}'"],
    "seqtext/tasks/known.py": ["f'seqtext.tasks.{self.folder}.{module}'"],
}
KEYWORDS = {"trust_remote_code", "allow_pickle", "weights_only"}


def forbidden(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of what could run code that came with data."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for alias in node.names:
                whole = f"{module}.{alias.name}" if module else alias.name
                aliases[alias.asname or alias.name] = whole
                if whole.split(".")[0] in RUNNING_CODE or whole in CALLS:
                    yield node.lineno, whole
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            first, _, rest = ast.unparse(node).partition(".")
            whole = ".".join(filter(None, [aliases.get(first, first), rest]))
            if whole in CALLS:
                yield node.lineno, whole
        if isinstance(node, ast.keyword | ast.arg) and node.arg in KEYWORDS:
            yield getattr(node, "lineno", 0), str(node.arg)


@pytest.mark.fault(63)
@pytest.mark.parametrize("path", [*LIBRARY, *RECIPES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_can_run_code_that_came_with_data(path):
    found = {name for _, name in forbidden(TREES[path])}
    allowed = {"importlib.import_module"} if str(path.relative_to(ROOT)) in BY_NAME else set()
    assert found <= allowed


@pytest.mark.parametrize("name", BY_NAME)
def test_names_of_modules_are_put_together_in_these_ways_alone(name):
    calls = [
        ast.unparse(node.args[0])
        for node in ast.walk(TREES[ROOT / name])
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module"
    ]
    assert calls == BY_NAME[name]


def test_what_is_put_into_them_is_a_constant_of_the_source():
    [table] = [
        node.value
        for node in ast.walk(TREES[ROOT / "seqtext/__init__.py"])
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES"
    ]
    assert isinstance(table, ast.Dict)
    assert all(isinstance(value, ast.Constant) for value in table.values)
    made = [node for node in ast.walk(TREES[ROOT / "seqtext/tasks/known.py"]) if isinstance(node, ast.Call)]
    entries = [node for node in made if ast.unparse(node.func) == "KnownTask"]
    assert len(entries) == len(TASKS) > 3
    for entry in entries:
        assert all(ast.literal_eval(keyword.value) for keyword in entry.keywords)


def test_type_checkers_see_the_public_names_where_they_are():
    tree = TREES[ROOT / "seqtext/__init__.py"]
    [told] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {alias.asname: node.module for node in told.body for alias in node.names if alias.name == alias.asname}
    assert seen == seqtext._HOMES


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import pickle", "pickle"),
        ("from pickle import loads", "pickle.loads"),
        ("import torch\ntorch.load(x)", "torch.load"),
        ("import torch as t\nread = t.load", "torch.load"),
        ("from torch import load as l", "torch.load"),
        ("eval('1')", "eval"),
        ("def f():\n  exec(text)", "exec"),
        ("import yaml\nyaml.load(file)", "yaml.load"),
        ("import importlib\nimportlib.import_module(name)", "importlib.import_module"),
        ("from importlib import import_module as get\nget(name)", "importlib.import_module"),
        ("import numpy as np\nnp.load(x)", "numpy.load"),
        ("load_dataset(name, trust_remote_code=True)", "trust_remote_code"),
        ("np.load(x, allow_pickle=True)", "allow_pickle"),
    ],
)
def test_the_check_sees_it_in_every_disguise(code, name):
    assert name in [found for _, found in forbidden(ast.parse(code))]


def test_the_check_lets_harmless_namesakes_pass():
    code = '"""pickle, torch.load, eval("""\nimport yaml\nmodel.eval()\nyaml.safe_load(x)\nre.compile(x)\ntask.load(x)'
    assert list(forbidden(ast.parse(code))) == []


# ---- late imports


def modules_after(code: str, *arguments: str) -> list[set[str]]:
    """The modules loaded at each `mark()` of a program in its own process."""
    head = "import io, json, sys\nmarks, out = [], sys.stdout\nmark = lambda: marks.append(sorted(sys.modules))\n"
    command = [sys.executable, "-c", f"{head}{code}\njson.dump(marks, out)", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return [set(names) for names in json.loads(result.stdout)]


HELP = """
from seqtext.cli import COMMANDS, main
for command in [[], *([name] for name in COMMANDS)]:
    sys.argv, sys.stdout = ["seqtext", *command, "--help"], io.StringIO()
    try:
        main()
    except SystemExit as stop:
        assert not stop.code
    assert "usage: seqtext" in sys.stdout.getvalue()
    mark()
import seqtext, seqtext.options, seqtext.saving.folders
mark()
from seqtext.tasks.known import TASKS
for task in TASKS:
    assert task.part("report.evaluate").Evaluate
mark()
"""
HEAVY = {"torch", "numpy", "datasets", "pyarrow", "sklearn", "matplotlib", "sentencepiece", "huggingface_hub"}


def test_help_is_instant_since_nothing_heavy_is_imported_for_it():
    marks = modules_after(HELP)
    assert len(marks) > 3
    for loaded in marks:
        assert not loaded & HEAVY


PREDICT = """
from seqtext.cli import main
sys.argv, sys.stdout = ["seqtext", "predict", sys.argv[1], "the ship"], io.TextIOWrapper(io.BytesIO())
main()
mark()
"""


def test_predicting_imports_no_data_sets_no_training_and_no_pictures(run_folder):
    [loaded] = modules_after(PREDICT, str(run_folder))
    assert "torch" in loaded
    assert not loaded & {
        "datasets",
        "pyarrow",
        "pandas",
        "sklearn",
        "scipy",
        "matplotlib",
        "babel",
        "yaml",
        "sympy",
        "torch._dynamo",
    }
    assert not [
        name for name in loaded if name.startswith(("seqtext.training", "seqtext.reporting", "seqtext.builtin"))
    ]
