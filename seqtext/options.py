"""Options: frozen dataclasses that are flags with help, `options.yaml`, and the keywords of `fit`, from one definition.

Every field has its default and its help line here and nowhere else. Knows no torch, so that `--help` is quick.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from seqtext.errors import ForeignRunError, OptionsError, raise_together, shorten
from seqtext.grouped_help import show_help
from seqtext.other_names import check_names
from seqtext.saving.configs import read_options

OptionsT = TypeVar("OptionsT")

Precision = Literal["auto", "fp32", "bf16", "fp16"]
OptimizerName = Literal["adamw", "muon"]


MOST_EPOCHS, MOST_STEPS, MOST_BATCH, MOST_THREADS, MOST_SEEDS = 10**9, 10**12, 2**31 - 1, 1024, 1000


class Range(NamedTuple):
    """The numbers that an option may be.

    Attributes:
        expected: how a message names them.
        holds: whether a number is one of them; asked of no option that is None.
    """

    expected: str
    holds: Callable[[Any], bool]

    @property
    def or_nothing(self) -> Range:
        """The same for an option that may be left out."""
        return self._replace(expected=f"{self.expected}, or nothing")


POSITIVE = Range("more than 0", lambda value: value > 0)
NOT_NEGATIVE = Range("0 or more", lambda value: 0 <= value < math.inf)
AT_LEAST_1 = Range("at least 1", lambda value: value >= 1)
SEED = Range("from 0 to below 2**63", lambda seed: 0 <= seed < 2**63)
SHARE = Range("from 0 to below 1", lambda value: 0 <= value < 1)


def at_most(most: int) -> Range:
    """Up to `most`, which is far more than anybody needs, and few enough for what is counted with it."""
    return Range(f"at most {most:,}", lambda value: value <= most)


def up_to(most: int, *, least: int = 1) -> Range:
    """From `least` to `most`, both included."""
    return Range(f"{least} to {most}", lambda value: least <= value <= most)


def out_of_range(options: object, ranges: Mapping[Range, Sequence[str]]) -> list[str]:
    """A line for each option that is out of its range, or no number, or a fraction where a whole one is declared.

    Args:
        options: any object.
        ranges: with the names of the options that have them.
    """
    declared = {f.name: str(f.type) for f in fields(options)} if is_dataclass(options) else {}
    faults = []
    for name, range_ in [(name, range_) for range_, names in ranges.items() for name in names]:
        value, whole = getattr(options, name), declared.get(name) in ("int", "int | None")
        if value is not None and (not isinstance(value, Integral if whole else Real) or isinstance(value, bool)):
            faults.append(f"--{name} is {value!r}; expected a {'whole ' if whole else ''}number")
        elif value is not None and not range_.holds(value):
            faults.append(f"--{name} is {value}; expected {range_.expected}")
    return list(dict.fromkeys(faults))


def raise_faults(options: object) -> None:
    """Raises what the classes of some options find wrong with them, all of it at once.

    The `_faults` of each class are those of its own fields alone, so a class of several bases has nothing to repeat.

    Raises:
        OptionsError: if there is anything.
    """
    classes = [vars(kind) for kind in reversed(type(options).__mro__)]
    raise_together([fault for own in classes if "_faults" in own for fault in own["_faults"](options)])


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
    epochs: int | None = None
    """Times every training row is seen. Default: from the data, at least 1,500 steps where that takes no more than minutes."""
    batch_tokens: int = 8192
    """Most padded steps (tokens or readings) in a micro-batch."""
    batch_rows: int | None = None
    """Most rows in a micro-batch. Default: from the number of rows; small data needs small batches. More with more --batch_tokens."""
    gradient_accumulation: int = 1
    """Micro-batches per optimizer step, in each process."""
    optimizer: OptimizerName = "adamw"
    """adamw; or muon for the weights of recurrent and linear layers, which learns texts in fewer steps, with adamw for the rest."""
    learning_rate: float = 3e-3
    """Highest learning rate (AdamW's; Muon's is a fixed multiple of it)."""
    warmup: float = 0.05
    """Share of training in which the learning rate rises from zero; it then falls to zero along a cosine."""
    weight_decay: float = 0.01
    """Weight decay, of weight matrices only; it is multiplied by the learning rate."""
    max_grad_norm: float = 1.0
    """Gradients longer than this are scaled down to it."""
    ema_decay: float = 0.999
    """Decay of the moving average of the weights (EMA), which is what is validated and saved; 0 turns it off."""
    average_last: int = 0
    """Also validate the mean of the weights at the ends of the last K epochs, each a copy in memory and checkpoints; the better is kept."""
    patience_epochs: int | None = None
    """Stop after this many epochs without a better validation. Default: 3 where texts are written and --epochs is not given, else never."""
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
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                POSITIVE: (
                    *("epochs", "batch_tokens", "batch_rows", "gradient_accumulation"),
                    *("learning_rate", "max_grad_norm"),
                ),
                POSITIVE.or_nothing: ("patience_epochs", "max_steps", "max_minutes", "threads"),
                SHARE: ("warmup", "ema_decay"),
                NOT_NEGATIVE: ("weight_decay", "average_last"),
                SEED: ("seed",),
                at_most(MOST_EPOCHS): ("epochs", "average_last", "patience_epochs", "gradient_accumulation"),
                at_most(MOST_STEPS): ("max_steps",),
                at_most(MOST_BATCH): ("batch_tokens", "batch_rows"),
                at_most(MOST_THREADS): ("threads",),
            },
        )
        if checkpoint_interval(self.checkpoint_every) is None:
            found = shorten(self.checkpoint_every)
            faults.append(f"--checkpoint_every is {found}; expected steps, as 500, or minutes, as 5m")
        if self.learning_rate == math.inf:
            faults.append("--learning_rate is inf; expected a number")
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
    """Train this many times with consecutive seeds and print mean and standard deviation."""
    max_rows: int | None = None
    """Use at most this many training rows, drawn with the seed."""
    dry_run: bool = False
    """Make all checks and print the summary, but do not train."""
    debug: bool = False
    """Show the traceback of an error."""

    def _faults(self) -> list[str]:
        ranges = {
            AT_LEAST_1: ("seeds", "max_rows"),
            at_most(MOST_SEEDS): ("seeds",),
            at_most(MOST_STEPS): ("max_rows",),
        }
        faults = out_of_range(self, ranges)
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
        OptionsError: a flag by the name that others give it, an options file that is wrong, options that contradict each other. (tyro
            itself ends on other unknown flags, with 2.)
    """
    import tyro

    argv = list(sys.argv[1:] if argv is None else argv)
    check_names(argv, vars(options()))
    default, path = options(), _options_file(argv)
    if path:
        default = replace(_read_file(options, path, argv), overwrite=False, resume=False, allow_inexact=False)  # type: ignore[type-var]
    if "--help" in argv or "-h" in argv:
        show_help(options, default, description)

    def read(default: OptionsT) -> OptionsT:
        return tyro.cli(options, args=argv, default=default, description=description, use_underscores=True)

    found = read(default)
    for name, value in () if path else vars(found).items():  # what a file has, a flag may take back
        if value == () and f"--{name}" in argv:
            raise OptionsError(f"--{name} has nothing behind it", fix="give it something, or leave it out")
    better = {} if path or defaults_for is None else defaults_for(found)
    return read(replace(default, **better)) if better else found  # type: ignore[type-var]


def part_of(options: Any, kind: type[Any]) -> dict[str, Any]:
    """The options that one of their classes has, as keywords."""
    return {field.name: getattr(options, field.name) for field in fields(kind)}


def training_arguments(options: TrainingOptions) -> dict[str, Any]:
    """The part of a recipe's options that are keywords of `fit`."""
    return part_of(options, TrainingOptions)


def _options_file(argv: Sequence[str]) -> Path | None:
    """The file whose options are the defaults: `--config`'s, or that of the run to `--resume`."""
    given = {name: _value_of(argv, name) for name in ("--config", "--run")}
    if given["--config"]:
        return Path(given["--config"])
    if "--resume" in argv and given["--run"]:
        return Path(given["--run"]) / "options.yaml"
    return None


def _read_file(options: type[OptionsT], path: Path, argv: Sequence[str]) -> OptionsT:
    """The options of a file. Of a run to resume, the user named the folder alone, and messages do too."""
    if _value_of(argv, "--config"):
        return read_options(options, path)
    if not path.exists():
        where = f"--run {path.parent}"
        raise OptionsError("there is no run to go on with", where=where, fix="leave --resume out to start one")
    try:
        return read_options(options, path)
    except OptionsError as error:
        raise ForeignRunError(path.parent, str(error)) from error


def _value_of(argv: Sequence[str], flag: str) -> str | None:
    """The value of a flag, given as `--flag value` or `--flag=value`."""
    for position, argument in enumerate(argv):
        if argument == flag and position + 1 < len(argv):
            return argv[position + 1]
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return None
