"""Options are one definition: flags with help, options.yaml and the keywords of `fit` agree, and say what is wrong with them."""

from __future__ import annotations

import ast
import inspect
import re
import runpy
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.cli import WHATEVER_THE_TASK
from seqtext.errors import OptionsError, SavedFileError
from seqtext.grouped_help import EVERYDAY
from seqtext.options import RunOptions, TrainingOptions, parse, training_arguments
from seqtext.other_names import _OTHERS
from seqtext.saving.configs import read_options, write_options
from seqtext.tasks.classification.settings import TopicSettings
from seqtext.tasks.known import TASKS, public
from tests.conftest import ROOT
from tests.in_process import run

OF_THE_TASK = ("batch_tokens", "optimizer", "learning_rate", "warmup")
OTHER = RunOptions(
    run="runs/ünknown [x]", overwrite=True, seed=7, epochs=2, batch_tokens=100, batch_rows=10, gradient_accumulation=3,
    learning_rate=1e-4, warmup=0.5, weight_decay=0.0, max_grad_norm=5.0, ema_decay=0.0, average_last=3,
    patience_epochs=1, max_steps=9, max_minutes=0.5, precision="fp32", device="cpu", threads=1, track="wandb", seeds=2, max_rows=5,
    optimizer="muon", dry_run=True, debug=True, allow_inexact=True, checkpoint_every="0.5m",
)  # fmt: skip


def flags_of(options: RunOptions) -> list[str]:
    """The command line that means these options."""
    flags = []
    for name, value in asdict(options).items():
        if isinstance(value, bool):
            flags.append(f"--{name}" if value else f"--no_{name}")
        elif value is not None:
            flags += [f"--{name}", str(value)]
    return flags


# ---- flags


def test_without_flags_the_options_are_the_defaults():
    assert parse(RunOptions, "", []) == RunOptions()


def test_every_field_is_a_flag():
    differing = [name for name, value in asdict(OTHER).items() if value != getattr(RunOptions(), name)]
    assert set(differing) >= {field.name for field in fields(RunOptions)} - {"resume", "config"}
    assert parse(RunOptions, "", flags_of(OTHER)) == OTHER


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--learning_rat", "1"], "--learning_rate"),
        (["--epochs", "many"], "Error parsing --epochs"),
        (["--precision", "fp8"], "Expected one of"),
        (["--epochs"], "--epochs"),
    ],
)
def test_a_flag_that_cannot_be_meant_ends_with_2_and_says_which(flags, told, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(RunOptions, "", flags)
    assert stop.value.code == 2
    assert told in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--batch_size", "32"], "no flag is called --batch_size; did you mean --batch_rows?"),
        (["--lr=0.1"], "no flag is called --lr; did you mean --learning_rate?"),
        (["--per-device-train-batch-size", "8"], "did you mean --batch_rows?"),
        (["--fp16"], "did you mean --precision fp16?"),
        (
            ["--lr", "1", "--epochs", "2", "--num_workers", "4"],
            "no flag is called --lr, --num_workers; did you mean --learning_rate for --lr, --threads for --num_workers?",
        ),
    ],
)
def test_names_of_other_toolkits_are_answered_with_ours(flags, told):
    with pytest.raises(OptionsError, match=re.escape(told)):
        parse(RunOptions, "", flags)


def test_help_has_groups_with_the_everyday_flags_first_and_every_flag_once_with_its_text():
    ended = run(lambda: parse(Both, "What it does.", ["--help"]), "recipe.py")
    assert ended.code == 0
    shown = ended.out
    assert "What it does." in shown
    titles = re.findall(r"─ (\w+) options ─", shown)
    assert titles[0] == "everyday"
    assert set(titles) == {"everyday", "model", "training", "run"}
    everyday = shown[: shown.index("─ model options ─")]
    assert "--epochs" in everyday
    assert "--warmup" not in everyday
    for one in fields(Both):
        assert len(re.findall(rf"│ --{one.name}[ ,]", shown)) == 1, one.name
    assert "Seed of weights, order and dropout. (default: 0)" in shown


def test_every_everyday_flag_is_one():
    recipe = runpy.run_path(str(ROOT / "recipes" / "topic_classification.py"))
    assert set(EVERYDAY) <= {field.name for field in fields(recipe["Options"])}


def test_nobody_is_sent_to_a_flag_that_is_not_there(capsys):
    with pytest.raises(SystemExit):
        parse(RunOptions, "", ["--hidden_dim", "8"])  # of models: these options have none
    assert "--hidden_size" not in capsys.readouterr().err


def test_every_name_that_is_told_is_a_flag():
    recipes = [runpy.run_path(str(ROOT / "recipes" / f"{name}.py")) for name in ("topic_classification", "electricity")]
    known = {field.name for recipe in recipes for field in fields(recipe["Options"])}
    for ours in _OTHERS:
        assert ours.removeprefix("--").split()[0] in known, ours
    told = [name for names in _OTHERS.values() for name in names.split()]
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"epochs": 0}, "--epochs is 0; expected more than 0"),
        ({"learning_rate": float("nan")}, "--learning_rate is nan"),
        ({"learning_rate": float("inf")}, "--learning_rate is inf; expected a number"),
        ({"checkpoint_every": "x" * 9_999}, "--checkpoint_every is .{80}; expected steps"),
        ({"weight_decay": float("nan")}, "--weight_decay is nan"),
        ({"weight_decay": -1.0}, "--weight_decay is -1.0; expected 0 or more"),
        ({"warmup": 1.0}, "--warmup is 1.0; expected from 0 to below 1"),
        ({"ema_decay": -0.1}, "--ema_decay is -0.1"),
        ({"max_steps": 0}, "--max_steps is 0; expected more than 0, or nothing"),
        ({"threads": -1}, "--threads is -1"),
        ({"seed": -1}, "--seed is -1; expected from 0 to below 2\\*\\*63"),
        ({"seed": 2**63}, "--seed is 9223372036854775808"),
        ({"seeds": 0}, "--seeds is 0; expected at least 1"),
        ({"max_rows": 0}, "--max_rows is 0; expected at least 1"),
        ({"resume": True}, "--resume needs --run"),
        ({"resume": True, "run": "x", "overwrite": True}, "give one of them"),
        ({"resume": True, "run": "x", "seeds": 2}, "resume the run of one seed"),
    ],
)
def test_a_value_out_of_range_or_at_odds_with_another_is_named(values, told):
    with pytest.raises(OptionsError, match=told):
        RunOptions(**values)


def test_all_faults_are_told_in_one_message():
    with pytest.raises(OptionsError) as error:
        parse(RunOptions, "", ["--epochs", "0", "--warmup", "2", "--seeds", "0", "--resume", "--overwrite"])
    [head, *faults] = str(error.value).splitlines()
    assert head == "5 options:"
    for number, flag in enumerate(["--epochs", "--warmup", "--resume goes", "--resume needs", "--seeds"]):
        assert faults[number].startswith(f"  {flag}")


def test_each_class_of_several_tells_of_its_own_fields_and_none_twice():
    with pytest.raises(OptionsError) as error:
        Both(epochs=0, seeds=0, hidden_size=0)
    assert str(error.value).splitlines() == [
        "3 options:",
        "  --hidden_size is 0; expected 1 to 16384",
        "  --epochs is 0; expected more than 0",
        "  --seeds is 0; expected at least 1",
    ]


# ---- options.yaml


@settings(deadline=None)
@given(
    st.builds(
        RunOptions,
        run=st.none() | st.text(),
        seed=st.integers(0, 2**63 - 1),
        learning_rate=st.floats(1e-300, 1e300),
        max_minutes=st.none() | st.floats(1e-300, allow_nan=False),
        precision=st.sampled_from(["auto", "fp32", "bf16", "fp16"]),
        track=st.none() | st.sampled_from(["tensorboard", "wandb"]),
        device=st.text() | st.sampled_from(["null", "yes", "1", "1e3", "2020-01-01", "~", "a\udce9.csv"]),
        debug=st.booleans(),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, options):
    path = tmp_path_factory.getbasetemp() / "options.yaml"
    write_options(path, options)
    assert read_options(RunOptions, path) == options


@dataclass(frozen=True)
class Both(RunOptions, TopicSettings):
    """As a recipe's."""


def test_a_config_is_taken_back_and_flags_win_over_it(tmp_path):
    path = tmp_path / "options.yaml"
    given_then = Both(seed=3, epochs=9, learning_rate=0.5, pooling=("max", "last"), lowercase=True, debug=True)
    write_options(path, given_then)
    for form in (["--config", str(path)], [f"--config={path}"]):
        assert parse(Both, "", form) == replace(given_then, config=str(path))
        flags = [*form, "--epochs", "1", "--no_lowercase", "--pooling", "mean"]
        taken = parse(Both, "", flags)
        assert taken == replace(given_then, config=str(path), epochs=1, lowercase=False, pooling=("mean",))


def test_a_config_may_name_few_options_and_whole_numbers_where_others_are_meant(tmp_path):
    path = tmp_path / "few.yaml"
    path.write_text("learning_rate: 1\nmax_minutes: 2\npooling: [max]\nrun: null\n")
    options = parse(Both, "", ["--config", str(path)])
    assert (options.learning_rate, options.max_minutes, options.pooling) == (1.0, 2.0, ("max",))
    assert options == replace(Both(config=str(path)), learning_rate=1.0, max_minutes=2.0, pooling=("max",))


def test_overwriting_and_resuming_are_not_taken_from_a_config(tmp_path):
    path = tmp_path / "options.yaml"
    write_options(path, replace(OTHER, config=None))
    assert OTHER.overwrite
    assert not parse(RunOptions, "", ["--config", str(path)]).overwrite


def test_defaults_may_depend_on_what_is_asked_for_and_flags_and_files_win_over_them(tmp_path):
    def read(*flags):
        found = parse(
            RunOptions, "", flags, defaults_for=lambda asked: {"epochs": 2, "batch_rows": 7} if asked.seed == 1 else {}
        )
        return found.epochs, found.batch_rows

    plain = RunOptions()
    assert read() == (plain.epochs, plain.batch_rows)
    assert read("--seed", "1") == (2, 7)
    assert read("--seed", "1", "--epochs", str(plain.epochs)) == (plain.epochs, 7)
    write_options(tmp_path / "o.yaml", replace(plain, seed=1))
    assert read("--config", str(tmp_path / "o.yaml")) == (plain.epochs, plain.batch_rows)


@dataclass(frozen=True)
class ManyFiles(RunOptions):
    """With a flag that takes any number of values."""

    train: tuple[str, ...] = ()
    """Files."""


def test_a_flag_with_nothing_behind_it_is_told_but_takes_back_what_a_file_has(tmp_path):
    with pytest.raises(OptionsError, match="--train has nothing behind it; give it something, or leave it out"):
        parse(ManyFiles, "", ["--train", "--seed", "1"])
    assert parse(ManyFiles, "", ["--train", "a", "b"]).train == ("a", "b")
    write_options(tmp_path / "options.yaml", ManyFiles(train=("a",)))
    assert parse(ManyFiles, "", ["--config", str(tmp_path / "options.yaml"), "--train"]).train == ()


def test_resuming_takes_the_options_of_the_run(tmp_path):
    write_options(tmp_path / "options.yaml", RunOptions(run="where it was made", seed=5, epochs=4))
    options = parse(RunOptions, "", ["--resume", "--run", str(tmp_path)])
    assert options == RunOptions(run=str(tmp_path), seed=5, epochs=4, resume=True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("sed: 1\n", r"unknown key 'sed'; did you mean 'seed'\?"),
        ("1: 1\n", "unknown key 1"),
        ("seed: x\n", "key 'seed' is 'x'; expected int"),
        ("seed: true\n", "key 'seed' is True; expected int"),
        ("seed: 1.0\n", "key 'seed' is 1.0; expected int"),
        ("seed: 1" + "0" * 4000, "key 'seed' is 1.{,99}; expected int"),
        ("learning_rate: 1" + "0" * 400, "key 'learning_rate' is 1.{,99}; expected float"),
        ("checkpoint_every: " + "x" * 9_999, "--checkpoint_every is .{80}; expected steps"),
        ("debug: 1\n", "key 'debug' is 1; expected bool"),
        ("learning_rate: fast\n", "key 'learning_rate' is 'fast'; expected float"),
        ("max_steps: [1]\n", r"key 'max_steps' is \[1\]; expected int | None"),
        ("run: 3\n", "key 'run' is 3; expected str | None"),
        ("precision: fp8\n", "key 'precision' is 'fp8'; expected one of auto, fp32, bf16, fp16"),
        ("pooling: [max, min]\n", "key 'pooling' is "),
        ("pooling: max\n", "key 'pooling' is 'max'"),
        ("- 1\n", r"found \[1\]; expected a mapping of option names to values"),
        ("", "found None; expected a mapping"),
        ("seed: [1\n", "not YAML"),
        ("[" * 100_000, "not YAML"),
        ("seed: !!python/object/apply:os.getpid []\n", "not YAML"),
        (b"seed: \xff\n", "not YAML"),
        ("epochs: 0\nseeds: 0\n", "2 options:\n  --epochs is 0.*\n  --seeds is 0"),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused_by_file_and_key(content, told, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(OptionsError, match=f"(?s)^{path}: {told}"):
        read_options(Both, path)


@pytest.mark.parametrize(("name", "told"), [("nix.yaml", r"cannot be read \(No such file.*\)"), ("", "not a file")])
def test_a_config_that_cannot_be_opened_is_refused_by_its_whole_path(name, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    with pytest.raises(OptionsError, match=rf"^{path}: {told}; give the options.yaml of a run"):
        parse(RunOptions, "", ["--config", name or "."])


def test_a_saved_config_out_of_range_is_the_fault_of_the_file():
    from seqtext.saving.configs import from_plain

    with pytest.raises(SavedFileError, match=r"^config.json: --hidden_size is 0"):
        from_plain(TopicSettings, {"hidden_size": 0}, where="config.json")


# ---- one definition


def test_the_keywords_of_fit_are_the_training_options_with_the_same_defaults():
    from seqtext.training.fit import fit

    keywords = {
        name: parameter.default
        for name, parameter in inspect.signature(fit).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    # A recipe writes options.yaml and the report itself, and says what is else what is usual for the task.
    ours = {"recorded": None, "report": False, "test": None, **dict.fromkeys(OF_THE_TASK)}
    assert training_arguments(RunOptions()) | ours == keywords
    assert training_arguments(OTHER) == {field.name: getattr(OTHER, field.name) for field in fields(TrainingOptions)}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.script)
def test_python_trains_a_task_as_its_recipe_does(task):
    options = runpy.run_path(str(ROOT / "recipes" / f"{task.script}.py"))["Options"]
    defaults = {field.name: field.default for field in fields(options)}
    usual = public(task.name).usual
    if isinstance(usual, property):  # of a forecaster, by what it starts from
        usual = usual.fget(SimpleNamespace(copied="", config=SimpleNamespace(model="plain")))
    assert {name: getattr(usual, name) for name in OF_THE_TASK} == {name: defaults[name] for name in OF_THE_TASK}


FILES = [
    "seqtext/options.py",
    "seqtext/reporting/evaluation.py",
    *(f"seqtext/commands/{name}.py" for name in WHATEVER_THE_TASK if name != "evaluate"),
    *(f"seqtext/tasks/{task.folder}/{part}.py" for task in TASKS for part in ("settings", "command")),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "seqtext").rglob("report/evaluate.py"))),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "seqtext" / "data").rglob("options.py"))),
    *(f"recipes/{task.script}.py" for task in TASKS),
]
CLASSES = {
    (file, node.name): node
    for file in FILES
    for node in ast.parse(Path(ROOT, file).read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef) and node.decorator_list
}


def helps(class_: ast.ClassDef) -> Iterator[tuple[str, str | None]]:
    """Each field of a class with what stands behind it."""
    for node, after in pairwise([*class_.body, ast.Pass()]):
        if isinstance(node, ast.AnnAssign):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            yield ast.unparse(node.target), str(after.value.value) if is_text else None


def inherited(class_: ast.ClassDef) -> dict[str, str]:
    """The help of fields that the classes below have."""
    found: dict[str, str] = {}
    bases = {ast.unparse(base) for base in class_.bases}
    for base in (node for (_, name), node in CLASSES.items() if name in bases):
        found |= inherited(base) | {name: told for name, told in helps(base) if told}
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_option_says_what_it_is_and_once(file):
    classes = [node for (where, _), node in CLASSES.items() if where == file]
    assert classes
    for class_ in classes:
        below = inherited(class_)
        for name, told in helps(class_):
            assert told or name in below, f"{file}: {class_.name}.{name} has no help"
            assert told is None or told.rstrip().endswith("."), f"{file}: {class_.name}.{name}: help is a sentence"
            assert told is None or "\n" not in told, f"{file}: {class_.name}.{name}: help is one line"
            assert told != below.get(name, ""), f"{file}: {class_.name}.{name} repeats the help it inherits"


def test_a_run_of_another_recipe_is_said_to_be_one(tmp_path):
    (tmp_path / "options.yaml").write_text("feedback: tokens\n", encoding="utf-8")
    told = r"the run's options are not those of this recipe \(.*unknown key 'feedback'\); .*; seqtext info .* says what it is"
    with pytest.raises(OptionsError, match=told):
        parse(RunOptions, "", ["--resume", "--run", str(tmp_path)])
    with pytest.raises(OptionsError, match=r"--run .*none: there is no run to go on with; leave --resume out"):
        parse(RunOptions, "", ["--resume", "--run", str(tmp_path / "none")])
