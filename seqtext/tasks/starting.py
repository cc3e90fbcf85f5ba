"""Starting from the weights of another run. Knows files and the names of parts, no task.

A new task may start from any saved one that has a tokenizer: it takes that tokenizer over, and copies each weight that has a place of the
same shape. Models name their parts alike for this: `embedding`, `backbone` and `head`; those of two sides as `SIDES` says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from torch import Tensor, nn

from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError
from seqtext.saving.configs import settings_of
from seqtext.saving.folders import read_tensors
from seqtext.tasks.saved import SavedTask, open_saved
from seqtext.tasks.saving import read_tokenizer

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Side = Literal["source", "target"]
# What the sides of a model that reads one text and writes another call the parts of a model that only reads or only writes.
SIDES: dict[Side, dict[str, str]] = {
    "source": {"embedding": "source_embedding", "backbone": "encoder"},
    "target": {"embedding": "embedding", "backbone": "backbone", "head": "head"},
}
# What the weights of what a run reads with are made for, by what a translator calls it.
_SIZES = {
    "cell": "cell",
    "embedding_size": "embedding_size",
    "hidden_size": "encoder_size",
    "num_layers": "encoder_layers",
}
SettingsT = TypeVar("SettingsT", bound="DataclassInstance")


def open_start(name: str | Path) -> SavedTask:
    """Opens a run to start from, of any task that has a tokenizer.

    Raises:
        OptionsError: if it has none.
        SavedFileError: as `open_saved`.
    """
    saved = open_saved(name)
    if saved.settings.get("tokens") == "words":
        raise OptionsError(
            f"--init_from {name} reads whole words, and other runs pieces of words",
            expected="a run that reads pieces",
            fix="train one with --tokens pieces, or leave --init_from out",
        )
    if "tokenizer.model" not in saved.files:
        raise OptionsError(
            f"--init_from {name} is a {saved.task}, which has no tokenizer to take over",
            expected="a run that was trained on texts",
            fix="give one, or leave --init_from out",
        )
    return saved


def with_tokenizer_of(wanted: SettingsT, source: SavedTask) -> SettingsT:
    """The settings wanted, with those that the tokenizer of the run to start from was made with.

    Raises:
        OptionsError: for one that contradicts it.
    """
    fixed = {"lowercase": source.value("lowercase", bool), "vocabulary_size": source.value("vocabulary_size", int)}
    return with_fixed(wanted, fixed, other_fix=", or pass --new_tokenizer")


def with_fixed(wanted: SettingsT, fixed: Mapping[str, Any], *, other_fix: str = "") -> SettingsT:
    """The settings wanted, with those that the run to start from decides.

    Args:
        wanted: settings, a dataclass with defaults; one that has its default may not have been set at all.
        fixed: what that run has, by the settings' names.
        other_fix: what else can be done where they contradict each other.

    Raises:
        OptionsError: for the first that is neither the default nor what the run has.
    """
    defaults = type(wanted)()
    for name, has in fixed.items():
        if (value := getattr(wanted, name)) not in (getattr(defaults, name), has):
            found = f"--{name} is {value}, but the run to start from has {has}"
            raise OptionsError(found, fix=f"leave --{name} out{other_fix}")
    return replace(wanted, **fixed)


def with_sizes_of(wanted: SettingsT, source: SavedTask) -> SettingsT:
    """The settings wanted, with the sizes that what a run reads with has: where nothing else is asked for, so that its weights fit."""
    has, default = source.settings, type(wanted)()
    sizes = {name: has[theirs if theirs in has else name] for name, theirs in _SIZES.items() if {theirs, name} & {*has}}
    taken = {name: size for name, size in sizes.items() if getattr(wanted, name) == getattr(default, name)}
    return settings_of(type(wanted), asdict(wanted) | taken)


def has_two_tokenizers(source: SavedTask) -> bool:
    """Whether a run reads with another tokenizer than it writes with."""
    return source.settings.get("shared_tokenizer") is False


def tokenizer_of(
    source: SavedTask,
    side: Side,
    *,
    whitespace: Literal["fold", "keep"] = "fold",
    clean: Literal["none", "html"] = "none",
) -> Tokenizer:
    """The tokenizer that a run reads with (`source`), or writes with (`target`); of many runs they are the same.

    White space and HTML are treated as the new run wants it: any tokenizer can spell them.

    Raises:
        SavedFileError: as `read_tokenizer`.
    """
    name = "source_tokenizer.model" if side == "source" and has_two_tokenizers(source) else "tokenizer.model"
    return read_tokenizer(
        source, lowercase=source.value("lowercase", bool), whitespace=whitespace, clean=clean, name=name
    )


def weights_of(source: SavedTask) -> dict[str, Tensor]:
    """All weights of a run, by their names in a model that reads both ways; both sides have an embedding, also where it is one.

    Raises:
        SavedFileError: if they cannot be read.
    """
    weights = read_tensors(source.file("model.safetensors"), where=str(source.folder / "model.safetensors"))
    if _has_sides(weights) and "embedding.weight" in weights:
        weights.setdefault("source_embedding.weight", weights["embedding.weight"])
    return turned_round(weights) if source.settings.get("directions") == "backward" else weights


def turned_round(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights with each direction in the place of the other: of a model that reads from the end alone, as one of both names them."""
    pairs = (("backbone.layers.", "backbone.reverse_layers."), ("head.", "reverse_head."))
    new = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    found = {name: next((old for old in new if name.startswith(old)), "") for name in weights}
    return {new.get(old, "") + name.removeprefix(old): weights[name] for name, old in found.items()}


def as_one_side(weights: Mapping[str, Tensor], side: Side) -> dict[str, Tensor]:
    """Weights of a side of a model, as a model that only reads or only writes names them. Those of such a model stay as they are."""
    if not _has_sides(weights):
        return dict(weights)
    return {name: value for own, theirs in SIDES[side].items() for name, value in _renamed(weights, theirs, own)}


def as_two_sides(weights: Mapping[str, Tensor], sides: Collection[Side]) -> dict[str, Tensor]:
    """Weights of a model that only reads or only writes, as some sides of another name them. Those of two sides stay as they are."""
    if _has_sides(weights):
        return dict(weights)
    parts = [pair for side in sides for pair in SIDES[side].items()]
    return {name: value for theirs, own in parts for name, value in _renamed(weights, theirs, own)}


def without_parts(weights: Mapping[str, Tensor], parts: Collection[str]) -> dict[str, Tensor]:
    """Weights but for those of some parts."""
    return {name: value for name, value in weights.items() if _part(name) not in parts}


def copy_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> str:
    """Copies each weight that has a place of its name and shape in a model; says in a line which parts these are, and which are new.

    Of a recurrent layer something is copied only if its kind of cell and its number of units are the same, which its recurrent weights
    show: input weights of a GRU may have the shape of those of an LSTM.
    """
    own = model.state_dict()

    def fits(name: str) -> bool:
        return name in own and name in weights and own[name].shape == weights[name].shape

    def belongs(name: str) -> bool:
        layer, _, ending = name.rpartition(".")
        return fits(name) and (not ending.endswith("_l0") or fits(f"{layer}.weight_hh_l0"))

    fitting = {name: value for name, value in weights.items() if belongs(name)}

    def left_out_matrices(names: Collection[str]) -> bool:
        """Whether only biases of a part were copied; matrices that are tied are the embedding's."""
        matrices = [name for name in names if own[name].ndim > 1] or ["embedding.weight"]
        return not any(name in fitting for name in matrices) and all(
            own[name].ndim < 2 for name in names if name in fitting
        )

    model.load_state_dict(fitting, strict=False)
    copied, new = [], []
    for part in dict.fromkeys(map(_part, own)):
        names = [name for name in own if _part(name) == part]
        left = [name for name in names if name not in fitting]
        if len(left) == len(names):
            misfit = next((name for name in names if name in weights and weights[name].shape != own[name].shape), None)
            new.append(
                part + ("" if misfit is None else f" (theirs does not fit: {_sizes(weights[misfit], own[misfit])})")
            )
        elif left_out_matrices(names):
            copied.append(f"{part} (bias alone)")
        else:
            copied.append(part + _share(part, names, left))
    return f"{', '.join(copied) or 'nothing'} copied; {', '.join(new) or 'nothing'} new"


def _sizes(theirs: Tensor, own: Tensor) -> str:
    """Both shapes, to tell why one is not the other's."""
    return " and not ".join("x".join(map(str, weight.shape)) for weight in (theirs, own))


def _share(part: str, names: Collection[str], left: Collection[str]) -> str:
    """How much of a part was copied, to add to its name; nothing for all of it."""
    reverse = {name for name in names if name.startswith(f"{part}.reverse_layers.")}
    forward = {name for name in names if name.startswith(f"{part}.layers.")} if reverse else set()
    for name, other in (("forward", reverse), ("reverse", forward)):
        if other and other <= set(left):
            return f" ({name} direction{', in part' if set(left) - other else ''})"
    return " (in part)" if left else ""


def _has_sides(weights: Mapping[str, Tensor]) -> bool:
    return any(_part(name) == "encoder" for name in weights)


def _part(name: str) -> str:
    return name.partition(".")[0]


def _renamed(weights: Mapping[str, Tensor], theirs: str, own: str) -> list[tuple[str, Tensor]]:
    """The weights of a part, under another name of it."""
    return [(own + name[len(theirs) :], value) for name, value in weights.items() if _part(name) == theirs]
