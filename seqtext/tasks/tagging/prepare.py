"""What a new tagger starts from: columns, tags, words and characters, out of training rows alone or another run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from seqtext.data.rows.given import as_rows
from seqtext.data.tags.columns import TaggedColumns, check_tagged, choose_tagged, words_of
from seqtext.data.tags.splits import tag_counts
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.errors import DataError, OptionsError
from seqtext.saving.configs import settings_of
from seqtext.tasks.saved import SavedTask, open_saved
from seqtext.tasks.starting import (
    as_one_side,
    open_start,
    tokenizer_of,
    weights_of,
    with_fixed,
    with_sizes_of,
    without_parts,
)
from seqtext.tasks.tagging.forms import word_form
from seqtext.tasks.tagging.settings import MOST_CHARACTERS, TaggerConfig, TaggerSettings
from seqtext.tasks.tagging.spans import mark_spans
from seqtext.tasks.tagging.vocabulary import read_words

if TYPE_CHECKING:
    from datasets import Dataset

# What the weights of another tagger fix; the other settings may differ from it.
_FIXED = (
    *("cell", "embedding_size", "character_size", "spelling_size", "hidden_size", "num_layers", "bidirectional"),
    *("vocabulary_size",),
)


class Prepared(NamedTuple):
    """A tagger's config, words and pieces, and another run's weights or None."""

    config: TaggerConfig
    words: WordTokenizer
    pieces: Tokenizer | None
    weights: dict[str, Tensor] | None


def prepare(
    train: Any,
    token_column: str | None,
    tag_column: str | None,
    init_from: str | Path | None,
    settings: Mapping[str, Any],
) -> Prepared:
    """Everything but new weights; the arguments are those of `Tagger.from_data`.

    Raises:
        DataError: if columns, words or tags cannot be used.
        OptionsError: for an unknown setting, or one that the run to start from contradicts.
        SavedFileError: if that run is damaged.
    """
    source = None if init_from is None else _open(init_from)
    wanted = settings_of(TaggerSettings, settings)
    rows: Dataset = as_rows(train, token_column, tag_column, split="train")
    columns = choose_tagged(rows, tokens=token_column, tags=tag_column)
    check_tagged({"train": rows}, columns)
    tags = tuple(sorted(tag_counts(rows, columns.tags)))
    if len(tags) < 2:
        found = f"found {len(tags)} different tags in {columns.tags!r}"
        raise DataError(found, where="the rows", expected="two at least", fix="name another column of tags")
    pieces: Tokenizer | None = None
    lowercase = False
    if source is not None and source.task == "Tagger":
        theirs = source.config(TaggerConfig, task="Tagger")
        wanted = with_fixed(wanted, {name: getattr(theirs, name) for name in _FIXED})
        words, pieces = read_words(source)
        characters, lowercase = theirs.characters, theirs.lowercase
    else:
        words, characters = _learnt(rows, columns, wanted.vocabulary_size)
        if source is not None:
            wanted = with_sizes_of(wanted, source)
            pieces, lowercase = tokenizer_of(source, "source"), source.value("lowercase", bool)
    wanted = replace(wanted, select=wanted.select or ("span_f1" if mark_spans(tags) else "accuracy"))
    if wanted.select == "span_f1" and not mark_spans(tags):
        raise OptionsError("--select is span_f1, and the tags mark no spans", expected="accuracy or loss")
    config = TaggerConfig(
        **asdict(wanted), tags=tags, characters=characters, lowercase=lowercase,
        token_column=columns.tokens, tag_column=columns.tags,
    )  # fmt: skip
    return Prepared(config, words, pieces, None if source is None else _weights(source, config))


def _learnt(rows: Dataset, columns: TaggedColumns, size: int) -> tuple[WordTokenizer, str]:
    """The words that have a vector, and the characters; of a character that comes once the unknown one is learnt."""
    clean, counts = Normaliser(), Counter[str]()

    def sentences() -> Any:
        for chunk in words_of(rows, columns.tokens):
            for sentence in chunk:
                forms = [word_form(word, clean) for word in sentence]
                for form in forms:
                    counts.update(form)
                yield " ".join(forms)

    words = WordTokenizer.train(sentences(), vocabulary_size=size, normaliser=Normaliser(lowercase=True))
    characters = sorted((-count, character) for character, count in counts.items() if count > 1)
    return words, "".join(character for _, character in characters[:MOST_CHARACTERS])


def _open(name: str | Path) -> SavedTask:
    """A run to start from: a tagger, or any that reads texts in pieces.

    Raises:
        OptionsError: for a run of numbers or sounds, or of whole words.
    """
    source = open_saved(name)
    return source if source.task == "Tagger" else open_start(name)


def _weights(source: SavedTask, config: TaggerConfig) -> dict[str, Tensor]:
    """Another run's weights; a tagger's head goes along where it gives the same tags, any other's embedding is of pieces."""
    weights = weights_of(source)
    if source.task != "Tagger":
        reads = without_parts(as_one_side(weights, "source"), ["head", "auxiliary"])
        return {("embedding.pieces.weight" if name == "embedding.weight" else name): w for name, w in reads.items()}
    theirs = source.config(TaggerConfig, task=source.task)
    return weights if theirs.tags == config.tags else without_parts(weights, ["head"])
