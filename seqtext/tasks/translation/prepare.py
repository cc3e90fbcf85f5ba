"""What a new translator starts from: columns, tokenizers and config, out of training rows alone or another run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from torch import Tensor

from seqtext.data.rows.columns import check_texts, require
from seqtext.data.rows.given import as_rows
from seqtext.data.text.encoding import learning_texts, spread, texts_of
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.suited_pieces import suited_pieces
from seqtext.data.text.tokenizer import TRAINING_CHARACTERS, Tokenizer
from seqtext.errors import OptionsError
from seqtext.saving.configs import settings_of
from seqtext.tasks.other_tokenizer import under_other_tokenizer
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.starting import (
    Side,
    as_two_sides,
    has_two_tokenizers,
    open_start,
    tokenizer_of,
    weights_of,
    with_tokenizer_of,
    without_parts,
)
from seqtext.tasks.translation.copying import PLACEHOLDERS, copies_numbers
from seqtext.tasks.translation.letter_case import in_capitals
from seqtext.tasks.translation.settings import NO_REPEAT, TranslatorConfig, TranslatorSettings

if TYPE_CHECKING:
    from datasets import Dataset

PIECES = 8_000  # of a tokenizer
LOOKED_AT = 20_000  # pairs, spread evenly, that show what the data are
ALMOST_ALL = 0.999  # of the sources
MOST_REPEATED = 0.01  # share of the targets that may have a run twice by chance
MOST_CAPITALS = 0.01  # share of the sources that are no use to learn capitals from


class Prepared(NamedTuple):
    """Config, the tokenizers of source and target, which may be one, another run's weights or None, and what is to be said of these."""

    config: TranslatorConfig
    source_tokenizer: Tokenizer
    tokenizer: Tokenizer
    weights: dict[str, Tensor] | None
    said: str = ""


def prepare(
    train: Any,
    source_column: str,
    target_column: str,
    languages: tuple[str, str],
    init_from: str | Path | None,
    settings: Mapping[str, Any],
    *,
    new_tokenizer: bool = False,
) -> Prepared:
    """Everything but the weights; the arguments are those of `Translator.from_data`.

    Raises:
        DataError: if columns cannot be used.
        OptionsError: for an unknown setting, or a run to start from whose tokenizers do not fit.
    """
    wanted = settings_of(TranslatorSettings, settings)
    train = as_rows(train, source_column, target_column, split="train")
    columns = (source_column, target_column)
    require({"train": train}, *columns)
    if source_column == target_column:
        raise OptionsError(f"source and target are both column {source_column!r}", expected="different columns")
    for column in columns:
        check_texts(train, column)
    source = None if init_from is None else open_start(init_from)
    taken: dict[Side, Tokenizer] = {}
    if source is not None:
        wanted = wanted if new_tokenizer else with_tokenizer_of(wanted, source)
        taken = {side: tokenizer_of(source, side) for side in _sides(source, wanted)}
    size = wanted.vocabulary_size or suited_pieces(
        train, columns, Normaliser(lowercase=wanted.lowercase), of_texts=PIECES
    )
    wanted = replace(wanted, vocabulary_size=size)
    sides = _tokenizers(train, columns, size, wanted, {} if new_tokenizer else taken)
    config = TranslatorConfig(
        **asdict(wanted),
        source_column=source_column,
        target_column=target_column,
        languages=languages,
        **_learnt(train, columns, sides, wanted.max_length),
    )
    if source is None:
        return Prepared(config, *sides, None)
    weights = _weights(source, list(taken))
    return Prepared(config, *sides, *(_under_others(weights, taken, sides) if new_tokenizer else (weights, "")))


def _learnt(
    train: Dataset, columns: tuple[str, str], tokenizers: tuple[Tokenizer, Tokenizer], max_length: int
) -> dict[str, Any]:
    """What some training pairs show of the data: a part of the config."""
    some = spread(train, LOOKED_AT)
    source, target = (chain.from_iterable(texts_of(some, column)) for column in columns)
    pairs = list(zip(source, target, strict=True))
    read, written = (
        one.encode([pair[side] for pair in pairs], keep=slice(0, max_length)) for side, one in enumerate(tokenizers)
    )
    repeated = sum(_repeats(ids) for ids in written)
    capitals = sum(in_capitals(text) for text, _ in pairs)
    return {
        "copies_numbers": copies_numbers(pairs),
        "has_capitals": capitals > MOST_CAPITALS * len(pairs),
        "repeats_runs": repeated > MOST_REPEATED * len(pairs),
        "longest_source": min(int(np.quantile(list(map(len, read)), ALMOST_ALL, method="higher")), max_length),
    }


def _repeats(ids: list[int]) -> bool:
    """Whether a run that a search would not write again comes twice."""
    runs = [tuple(ids[at : at + NO_REPEAT]) for at in range(len(ids) - NO_REPEAT + 1)]
    return len(set(runs)) < len(runs)


def _sides(source: SavedTask, wanted: TranslatorSettings) -> list[Side]:
    """Which sides take a run's tokenizer and weights over.

    Both where the run has as many tokenizers as are wanted. A run that knows one language, to which one of two tokenizers is to go, gives
    it to the side that does the same: to the target if it writes texts, to the source if it only reads them.

    Raises:
        OptionsError: for a translator that has another number of tokenizers.
    """
    shared, other = not has_two_tokenizers(source), "shared_tokenizer" in source.settings
    if shared == wanted.shared_tokenizer:
        return ["source", "target"]
    if not other:
        return ["target" if source.writes else "source"]
    found = f"{source.folder} has {'one tokenizer for both sides' if shared else 'a tokenizer for each side'}"
    raise OptionsError(found, fix="pass --shared_tokenizer" if shared else "pass --no_shared_tokenizer --tied two_way")


def _weights(source: SavedTask, sides: list[Side]) -> dict[str, Tensor]:
    """Another run's weights, as the parts of some sides; without its head if this gives no tokens."""
    weights = as_two_sides(weights_of(source), sides)
    return weights if source.writes else without_parts(weights, ["head"])


def _under_others(
    weights: dict[str, Tensor], taken: dict[Side, Tokenizer], own: tuple[Tokenizer, Tokenizer]
) -> tuple[dict[str, Tensor], str]:
    """Weights of each side's pieces under its new tokenizer, and what is to be said of that."""
    found: dict[str, Tensor] = {}
    told: list[str] = []
    for side, theirs in taken.items():
        moved, said = under_other_tokenizer(weights, theirs, own[0 if side == "source" else 1])
        found |= {name: moved[name] for name in moved if name.startswith("source_embedding.") == (side == "source")}
        told.append(f"{side}: {said}")
    return found, "; ".join(told)


def _tokenizers(
    train: Dataset, columns: tuple[str, str], size: int, wanted: TranslatorSettings, taken: dict[Side, Tokenizer]
) -> tuple[Tokenizer, Tokenizer]:
    """Tokenizers of source and target: those taken over, and new ones. A new shared one sees both sides in turns, since it looks
    at so many characters and no more."""

    def trained(texts: Iterable[str]) -> Tokenizer:
        normaliser = Normaliser(lowercase=wanted.lowercase)
        always = PLACEHOLDERS if wanted.copying else ""
        return Tokenizer.train(texts, vocabulary_size=size, normaliser=normaliser, always=always)

    most = TRAINING_CHARACTERS / (2 if wanted.shared_tokenizer else 1)
    source, target = (learning_texts(train, column, most=most) for column in columns)
    if wanted.shared_tokenizer:
        shared = taken.get("target") or trained(
            text for pair in zip_longest(source, target, fillvalue="") for text in pair
        )
        return shared, shared
    return taken.get("source") or trained(source), taken.get("target") or trained(target)
