"""What a tagger can be set to: flags of its recipe, keywords of `Tagger.from_data`, and part of the saved config."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from seqtext.errors import OptionsError, shorten
from seqtext.options import NOT_NEGATIVE, SHARE, out_of_range, raise_faults, up_to

MOST_UNITS, MOST_LAYERS, MOST_TOKENS, MOST_AHEAD = 16_384, 64, 1_000_000, 64
MOST_CHARACTERS = 65_536

Select = Literal["accuracy", "span_f1", "loss"]


@dataclass(frozen=True)
class TaggerSettings:
    """Text form, model and loss of a tagger."""

    bidirectional: bool = False
    """Read each sentence from both ends: more accurate, but no tag is there before the sentence ends."""
    look_ahead: int = 0
    """Words that are read beyond a word before its tag is given. More words, later tags."""
    vocabulary_size: int = 30_000
    """Words with a vector of their own, whatever their letter case, those that come twice at least; all words are spelt besides."""
    max_length: int = 256
    """Most words of a row that gradients go through; longer rows are cut in training."""
    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    """Kind of recurrent cell."""
    embedding_size: int = 256
    """Features of a word's vector."""
    character_size: int = 32
    """Features of a character's vector."""
    spelling_size: int = 64
    """Units of the layer that reads the characters of a word, in each direction."""
    hidden_size: int = 256
    """Units of a layer that reads words, in each direction."""
    num_layers: int = 1
    """Recurrent layers that read words."""
    word_dropout: float = 0.2
    """Share of words read as unknown ones in training, by their spelling alone."""
    word_prediction: float = 0.2
    """Weight of a second loss of training: the word that comes next, of each direction. 0: none."""
    embedding_dropout: float = 0.3
    """Share of values of words' vectors zeroed in training."""
    input_dropout: float = 0.3
    """Share of input features zeroed in training, the same at all words of a row."""
    layer_dropout: float = 0.3
    """Share of features zeroed between layers likewise."""
    output_dropout: float = 0.3
    """Share of output features zeroed likewise."""
    label_smoothing: float = 0.1
    """Share of each tag spread over all tags."""
    select: Select | None = None
    """Validation figure that chooses the epoch. Default: accuracy; span_f1 where tags mark spans, as B-PER, I-PER and O do."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_TOKENS, least=5): ("vocabulary_size",),
                up_to(MOST_TOKENS): ("max_length",),
                NOT_NEGATIVE: ("word_prediction",),
                up_to(MOST_AHEAD, least=0): ("look_ahead",),
                up_to(MOST_UNITS): ("embedding_size", "character_size", "spelling_size", "hidden_size"),
                up_to(MOST_LAYERS): ("num_layers",),
                SHARE: (
                    *("word_dropout", "embedding_dropout", "input_dropout", "layer_dropout", "output_dropout"),
                    "label_smoothing",
                ),
            },
        )
        if self.bidirectional and self.look_ahead:
            faults.append(
                "--look_ahead is of a model that streams; --bidirectional reads the whole sentence: leave one out"
            )
        return faults


@dataclass(frozen=True)
class TaggerConfig(TaggerSettings):
    """The settings of a tagger and what it learnt about the data: all that is saved beside weights and words."""

    select: Select = "accuracy"
    """Validation figure that decides which epoch is kept."""
    tags: tuple[str, ...] = ()
    """The tags, in the order of their ids."""
    characters: str = ""
    """The characters that have a vector, in the order of their ids."""
    lowercase: bool = False
    """Whether the pieces that words are cut into besides, if they are, have their letter case folded."""
    token_column: str = "tokens"  # noqa: S105  (no secret: words)
    """Column the words were in."""
    tag_column: str = "tags"
    """Column the tags were in."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.tags) < 2 or len(set(self.tags)) != len(self.tags):
            twice = next((name for name, count in Counter(self.tags).items() if count > 1), None)
            found = f"{len(self.tags)} tags" + (f", {shorten(twice)} more than once" if twice is not None else "")
            raise OptionsError(found, expected="at least two different ones")
        if len(set(self.characters)) != len(self.characters) or len(self.characters) > MOST_CHARACTERS:
            raise OptionsError(f"{len(self.characters)} characters", expected="different ones")


@dataclass(frozen=True)
class Tagging:
    """What is said of each word: keywords of calling a `Tagger`, and flags of `seqtext tag`."""

    probabilities: bool = False
    """Also how likely each tag is."""
