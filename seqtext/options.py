"""Options: frozen dataclasses that are flags with help, `options.yaml`, and the keywords of `fit`, from one definition.

Every field has its default and its help line here and nowhere else. Knows no torch, so that `--help` is quick.
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from numbers import Number
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from seqtext.errors import OptionsError, SavedFileError, did_you_mean, one_of, raise_together, shorten
from seqtext.saving.untrusted import parse_yaml

OptionsT = TypeVar("OptionsT")

Precision = Literal["auto", "fp32", "bf16", "fp16"]
OptimizerName = Literal["adamw", "muon"]


@dataclass(frozen=True)
class TrainingOptions:
    """How to train: each field is a keyword of `seqtext.fit`."""

    run: str | None = None
    """Folder for the model, its checkpoints and report. Default: a new folder under runs/."""
    overwrite: bool = False
    """Replace the run folder if it exists."""
    resume: bool = False
    """Go on from the newest checkpoint of the run folder, with the options of that run."""
    allow_inexact: bool = False
    """Go on although versions, hardware, rows or options are not those of the run; its model card then says so."""
    checkpoint_every: int | str = "5m"
    """Steps (500) or minutes (5m) between checkpoints; the end of an epoch is always one."""
    seed: int = 0
    """Seed of weights, order and dropout."""
    epochs: int = 4
    """Times every training row is seen."""
    batch_tokens: int = 8192
    """Most padded steps in a micro-batch."""
    batch_rows: int = 128
    """Most rows in a micro-batch."""
    gradient_accumulation: int = 1
    """Micro-batches an optimizer step; with several processes, of each of them."""
    optimizer: OptimizerName = "adamw"
    """adamw; or muon for the weights of recurrent and linear layers, which learns texts in fewer steps, with adamw for the rest."""
    learning_rate: float = 3e-3
    """Highest learning rate (AdamW's; Muon's is a fixed multiple of it)."""
    warmup: float = 0.05
    """Share of training in which the learning rate rises from zero; it then falls to zero along a cosine."""
    weight_decay: float = 0.01
    """On weight matrices only, times the learning rate."""
    max_grad_norm: float = 1.0
    """Gradients longer than this are scaled down to it."""
    ema_decay: float = 0.999
    """Of the moving average of the weights, which is what is validated and saved; 0 is none."""
    patience_epochs: int | None = None
    """Stop after this many epochs without a better validation. Default: never."""
    max_steps: int | None = None
    """Stop after this many optimizer steps."""
    max_minutes: float | None = None
    """Stop after this many minutes of training; the learning rate falls in time for it, so no two runs are the same."""
    precision: Precision = "auto"
    """auto takes bf16 where the hardware has it; losses and softmaxes are always fp32."""
    device: str = "auto"
    """auto takes a GPU where there is one; or cpu, cuda, cuda:1, mps."""
    threads: int | None = None
    """CPU threads. Default: as many as there are cores."""
    track: Literal["tensorboard", "wandb"] | None = None
    """Also log to this tracker (must be installed)."""

    def __post_init__(self) -> None:
        raise_together(self._faults())

    def _faults(self) -> list[str]:
        """What is wrong with the values, a line each; subclasses add theirs, so that all are told at once."""
        positive = ("epochs", "batch_tokens", "batch_rows", "gradient_accumulation", "learning_rate", "max_grad_norm")
        optional = ("patience_epochs", "max_steps", "max_minutes", "threads")
        faults = [
            f"--{name} is {getattr(self, name)}; expected more than 0"
            for name in positive
            if not getattr(self, name) > 0
        ]
        faults += [
            f"--{name} is {getattr(self, name)}; expected more than 0, or nothing"
            for name in optional
            if getattr(self, name) is not None and not getattr(self, name) > 0
        ]
        faults += [
            f"--{name} is {getattr(self, name)}; expected from 0 to below 1"
            for name in ("warmup", "ema_decay")
            if not 0 <= getattr(self, name) < 1
        ]
        if checkpoint_interval(self.checkpoint_every) is None:
            found = shorten(self.checkpoint_every)
            faults.append(f"--checkpoint_every is {found}; expected steps, as 500, or minutes, as 5m")
        if self.learning_rate == math.inf:
            faults.append("--learning_rate is inf; expected a number")
        if not 0 <= self.weight_decay < math.inf:
            faults.append(f"--weight_decay is {self.weight_decay}; expected 0 or more")
        if not 0 <= self.seed < 2**63:
            faults.append(f"--seed is {self.seed}; expected from 0 to below 2**63")
        if self.resume and self.overwrite:
            faults.append("--resume goes on with a run and --overwrite replaces it; give one of them")
        if self.resume and self.run is None:
            faults.append("--resume needs --run, the folder to go on with")
        return faults


@dataclass(frozen=True)
class RunOptions(TrainingOptions):
    """What every recipe takes beside the keywords of `fit`."""

    config: str | None = None
    """Take the options of this options.yaml; flags given here win."""
    seeds: int = 1
    """Train this many times with following seeds and print mean and standard deviation."""
    max_rows: int | None = None
    """Use at most this many training rows, drawn with the seed."""
    dry_run: bool = False
    """Make all checks, print the summary, do not train."""
    debug: bool = False
    """Show the traceback of an error."""

    def _faults(self) -> list[str]:
        faults = super()._faults()
        faults += [
            f"--{name} is {value}; expected at least 1"
            for name, value in (("seeds", self.seeds), ("max_rows", self.max_rows))
            if value is not None and value < 1
        ]
        if self.seeds > 1 and self.resume:
            faults.append("--seeds starts several runs and --resume goes on with one; resume the run of one seed")
        return faults


def checkpoint_interval(every: int | str) -> tuple[float, float] | None:
    """Steps and seconds between checkpoints, one of them infinite; None for what is neither steps nor minutes."""
    number, minutes = (every[:-1], True) if isinstance(every, str) and every.endswith("m") else (every, False)
    try:
        value = float(number) if minutes else float(int(number))
    except (ValueError, OverflowError):
        return None
    if not 0 < value < math.inf:
        return None
    return (math.inf, 60 * value) if minutes else (value, math.inf)


def parse(
    options: type[OptionsT],
    description: str,
    argv: Sequence[str] | None = None,
    *,
    defaults_for: Callable[[OptionsT], Mapping[str, Any]] | None = None,
) -> OptionsT:
    """Options from the command line, over those of `--config` or of the run to resume, over the defaults.

    Args:
        options: dataclass of the options.
        description: for `--help`.
        argv: the command line; the program's own if None.
        defaults_for: given what was asked for, defaults that suit it better than those of the dataclass. A file of options has all of
            its own.

    Raises:
        OptionsError: if the options file is wrong or options contradict each other. (tyro itself ends on unknown flags, with 2.)
    """
    import tyro

    argv = list(sys.argv[1:] if argv is None else argv)
    default, path = options(), _options_file(argv)
    if path:
        default = replace(read_options(options, path), overwrite=False, resume=False, allow_inexact=False)  # type: ignore[type-var]

    def read(default: OptionsT) -> OptionsT:
        return tyro.cli(options, args=argv, default=default, description=description, use_underscores=True)

    found = read(default)
    for name, value in () if path else vars(found).items():  # what a file has, a flag may take back
        if value == () and f"--{name}" in argv:
            raise OptionsError(f"--{name} has nothing behind it", fix="give it something, or leave it out")
    better = {} if path or defaults_for is None else defaults_for(found)
    return read(replace(default, **better)) if better else found  # type: ignore[type-var]


def training_arguments(options: TrainingOptions) -> dict[str, Any]:
    """The part of a recipe's options that are keywords of `fit`."""
    return {field.name: getattr(options, field.name) for field in fields(TrainingOptions)}


def write_options(path: Path, options: Any) -> None:
    """Writes options as YAML, in the order of their definition."""
    import yaml

    from seqtext.saving.folders import write_text

    plain = to_plain(options)
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    if yaml.safe_load(text) != plain:  # PyYAML leaves U+0085 and its like unescaped, and then reads a blank
        text = yaml.safe_dump(plain, sort_keys=False)
    write_text(path, text)


def read_options(options: type[OptionsT], path: Path) -> OptionsT:
    """Options from a YAML file; each value is checked against its field.

    Raises:
        OptionsError: naming the file and the key that is unknown or of the wrong kind.
    """
    if path.exists() and not path.is_file():  # a pipe would never end
        raise OptionsError("not a file", where=str(path.absolute()), fix="give the options.yaml of a run")
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"), where=str(path))
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise OptionsError(found, where=str(path.absolute()), fix="give the options.yaml of a run") from error
    except ValueError as error:
        raise OptionsError(f"not YAML ({' '.join(str(error).split())})", where=str(path)) from error
    except SavedFileError as error:
        raise OptionsError(str(error)) from error
    try:
        return from_plain(options, values, where=str(path))
    except SavedFileError as error:
        raise OptionsError(str(error)) from error


def to_plain(value: Any) -> dict[str, Any]:
    """A dataclass as what JSON and YAML can hold: tuples become lists."""
    return {name: list(item) if isinstance(item, tuple) else item for name, item in asdict(value).items()}


def from_plain(kind: type[OptionsT], values: object, *, where: str) -> OptionsT:
    """A dataclass from what JSON or YAML held, each value checked against its field's type.

    Raises:
        SavedFileError: for what is no mapping, an unknown key, or a value of the wrong kind.
    """
    if not isinstance(values, Mapping):
        raise SavedFileError(f"found {shorten(values)}", where=where, expected="a mapping of option names to values")
    hints = get_type_hints(kind)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise SavedFileError(f"unknown key {shorten(name)}", where=where, fix=did_you_mean(str(name), hints))
        accepted = _accept(value, hints[name])
        if accepted is _REFUSED:
            raise SavedFileError(f"key {name!r} is {shorten(value)}", where=where, expected=_kind(hints[name]))
        checked[name] = accepted
    try:
        return kind(**checked)
    except TypeError as error:
        raise SavedFileError(f"incomplete ({error})", where=where) from error
    except OptionsError as error:
        raise SavedFileError(str(error), where=where) from error


def settings_of(kind: type[OptionsT], values: Mapping[str, Any]) -> OptionsT:
    """A dataclass from a caller's keywords, each value checked against its field's type.

    Raises:
        OptionsError: for an unknown name, with the nearest one, or a value of the wrong kind.
    """
    hints = get_type_hints(kind)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise OptionsError(f"unknown setting {name!r}", fix=did_you_mean(name, hints))
        checked[name] = _accept(value, hints[name])
        if checked[name] is _REFUSED:
            raise OptionsError(f"--{name} is {shorten(value)}", expected=_kind(hints[name]))
    return kind(**checked)


def _kind(hint: Any) -> str:
    """A type as a message names it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_kind, arguments))
    if origin is Literal:
        return one_of(map(str, arguments))
    if origin is tuple:
        return f"a list, each element {_kind(arguments[0])}"
    return "None" if hint is type(None) else str(hint) if origin else hint.__name__


_REFUSED = object()


def _accept(value: object, hint: Any) -> Any:
    """The value as the hint wants it (lists become tuples, whole numbers floats, numpy's numbers Python's), or `_REFUSED`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(value, Number) and hasattr(value, "item"):
        value = value.item()
    if origin in (Union, types.UnionType):
        return next((found for part in arguments if (found := _accept(value, part)) is not _REFUSED), _REFUSED)
    if origin is Literal:
        return value if any(type(value) is type(choice) and value == choice for choice in arguments) else _REFUSED
    if origin is tuple:
        items = [_accept(item, arguments[0]) for item in value] if isinstance(value, list | tuple) else [_REFUSED]
        return _REFUSED if any(item is _REFUSED for item in items) else tuple(items)
    if type(value) is int and not -(2**63) <= value < 2**63:  # no option means one, and a float may not hold it
        return _REFUSED
    if hint is float and type(value) is int:
        return float(value)
    return value if type(value) is hint or (hint is type(None) and value is None) else _REFUSED


def _options_file(argv: Sequence[str]) -> Path | None:
    """The file whose options are the defaults: `--config`'s, or that of the run to `--resume`."""
    given = {name: _value_of(argv, name) for name in ("--config", "--run")}
    if given["--config"]:
        return Path(given["--config"])
    if "--resume" in argv and given["--run"]:
        return Path(given["--run"]) / "options.yaml"
    return None


def _value_of(argv: Sequence[str], flag: str) -> str | None:
    """The value of a flag, given as `--flag value` or `--flag=value`."""
    for position, argument in enumerate(argv):
        if argument == flag and position + 1 < len(argv):
            return argv[position + 1]
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return None
