"""What a text generator can be set to: flags of its recipe, keywords of `TextGenerator.from_data`, and part of the saved config."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seqtext.errors import OptionsError, raise_together, shorten
from seqtext.options import AT_LEAST_1, SEED, SHARE, at_most, out_of_range, raise_faults, up_to

if TYPE_CHECKING:
    from seqtext.models.choosing import Filters

MOST_UNITS, MOST_LAYERS, MOST_TOKENS = 16_384, 64, 1_000_000
LARGEST = sys.float_info.max  # whole numbers may be larger
MOST_COUNT = 100_000  # texts of a request, which are all made before the first is given


@dataclass(frozen=True)
class GeneratorSettings:
    """Text form, model and loss of a text generator."""

    vocabulary_size: int | None = None
    """Pieces of the tokenizer. Default: 8,000, or fewer where the corpus has no more; 400 if texts are single words such as names."""
    lowercase: bool = False
    """Fold case before tokenizing."""
    whitespace: Literal["fold", "keep"] = "fold"
    """fold makes each run of blanks, tabs and line ends one blank; keep writes them as they are: for poems, dialogue and code."""
    clean: Literal["none", "html"] = "none"
    """html makes characters of the entities that crawled texts carry, also of those that lost their & (#36; quot;), and takes out tags."""
    max_length: int = 128
    """Tokens read at once; longer texts are read in windows that carry the state."""
    subword_sampling: bool = False
    """Cut words into other pieces every epoch (subword regularisation)."""
    feedback: Literal["tokens", "zeros"] = "tokens"
    """What each step reads: the token before, or zeros, so that the vector at the first step is the only input."""
    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    """Kind of recurrent cell."""
    embedding_size: int = 256
    """Features of a token's vector."""
    hidden_size: int = 512
    """Units of a layer."""
    num_layers: int = 1
    """Recurrent layers."""
    tied: bool = True
    """Write with the weights of the embedding."""
    # With 0.1, as is common for pictures, "any" was 1.2 % behind a model of news without vectors.
    vector_dropout: float = 0.25
    """Share of training rows whose vector is replaced by a learnt "any", which guidance needs."""
    embedding_dropout: float | None = None
    """Share of the vocabulary whose vectors are zeroed in training, wherever they stand. Default: 0.05 of many tokens to 0.2 of few."""
    input_dropout: float | None = None
    """Share of input features zeroed in training, the same at all steps of a text. Default: 0.05 of many tokens to 0.4 of few."""
    layer_dropout: float = 0.3
    """Share of features zeroed between layers likewise."""
    output_dropout: float | None = None
    """Share of output features zeroed likewise. Default: 0.2 of many tokens to 0.5 of few."""
    label_smoothing: float = 0.0
    """Share of each target spread over all tokens."""
    no_copy_ngram: int | None = None
    """Runs of so many tokens are never copied from training texts; 0: off. Default: 8 if half the texts have 32 tokens or more, else 0."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        return out_of_range(
            self,
            {
                up_to(MOST_TOKENS): ("vocabulary_size", "max_length"),
                up_to(MOST_UNITS): ("embedding_size", "hidden_size"),
                up_to(MOST_LAYERS): ("num_layers",),
                SHARE: ("vector_dropout", "layer_dropout", "label_smoothing"),
                SHARE.or_nothing: ("embedding_dropout", "input_dropout", "output_dropout"),
                up_to(MOST_TOKENS, least=0).or_nothing: ("no_copy_ngram",),
            },
        )


@dataclass(frozen=True)
class VectorOptions:
    """Where the vectors of training rows come from: one of these ways, or else the label column."""

    vector: Literal["attributes", "none"] = "attributes"
    """What texts are written from; none is a language model."""
    attributes: tuple[str, ...] = ()
    """Columns whose values make the vector. Default: the label column, where there is no doubt."""
    vector_column: str | None = None
    """Column of dense vectors, instead."""
    vectors_from: str | None = None
    """Run of a topic classifier that makes the vectors from the texts, instead."""

    @property
    def ways(self) -> list[object]:
        """All of them, true where asked for."""
        return [self.attributes, self.vector_column, self.vectors_from, self.vector == "none"]

    def _faults(self) -> list[str]:
        several = "--attributes, --vector_column, --vectors_from and --vector none rule each other out"
        return [several] if sum(map(bool, self.ways)) > 1 else []


@dataclass(frozen=True)
class GeneratorConfig(GeneratorSettings):
    """The settings of a generator and what it learnt about the data: all that is saved beside weights and tokenizer."""

    vocabulary_size: int = 8_000
    """Pieces that the tokenizer was asked for."""
    text_column: str = "text"
    """Column the texts were in."""
    attributes: tuple[str, ...] = ()
    """Columns whose values the vector holds, a place for each value."""
    names: tuple[tuple[str, ...], ...] = ()
    """Values of each of these columns, in the order of their places."""
    shares: tuple[float, ...] = ()
    """Share of the training rows with each value: what stands for an attribute that is not asked for."""
    vector_column: str | None = None
    """Column of dense vectors, instead."""
    has_encoder: bool = False
    """Whether the vectors are those of a saved classifier, which is kept with the model."""
    means: tuple[float, ...] = ()
    """Mean of each feature of dense vectors over the training rows."""
    scales: tuple[float, ...] = ()
    """Standard deviation of each likewise."""
    new_words: float | None = None
    """Share of words in further texts that would be new, as estimated from those that come once; None without a record of words."""

    def __post_init__(self) -> None:
        super().__post_init__()
        places = sum(map(len, self.names))
        if len(self.attributes) != len(self.names) or places != len(self.shares) or not all(self.names):
            raise OptionsError(f"{len(self.attributes)} attributes with {places} values, {len(self.shares)} shares")
        if len(self.means) != len(self.scales) or not all(
            map(math.isfinite, (*self.means, *self.scales, *self.shares))
        ):
            raise OptionsError("means and scales that do not fit, or a number that is not finite")
        if self.scales and min(self.scales) <= 0:
            raise OptionsError("a scale that is not above 0")
        if self.feedback == "zeros" and not self.vector_size:
            fix = "give --vector attributes, or --feedback tokens"
            raise OptionsError("--feedback zeros reads nothing but the vector, and there is none", fix=fix)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the vectors are made of."""
        return self.attributes if self.vector_column is None else (self.vector_column,)

    @property
    def vector_size(self) -> int:
        """Features of the vector, C; 0 for none."""
        return len(self.shares) or len(self.means)


@dataclass(frozen=True)
class Writing:
    """How texts are written: keywords of calling a `TextGenerator`, and flags of `seqtext generate`."""

    count: int = 1
    """Texts to write; as many for each, where several things are asked for."""
    seed: int = 0
    """Seed of all draws: the same seed writes the same texts. A text depends on its vector, the seed and its place alone."""
    like: str | None = None
    """A text whose vector to take, where a classifier makes the vectors."""
    prompt: str = ""
    """The beginning of each text; it is part of the text."""
    # Temperature and guidance are the point of the recipe's sweep on news where a judge sees the topic nearly always, and texts differ
    # from each other nearly as much as real ones do.
    temperature: float = 0.9
    """Below 1 likely tokens become likelier; 0 always takes the likeliest."""
    top_k: int = 0
    """Only the k likeliest tokens; 0 is all."""
    top_p: float = 1.0
    """Only the likeliest tokens that make up this share (nucleus sampling, Holtzman et al. 2020)."""
    min_p: float = 0.0
    """Only tokens at least this share as likely as the likeliest."""
    guidance: float = 2.0
    """How far to push from any text towards what is asked for (Ho and Salimans 2022); 1 is not at all."""
    repetition_penalty: float = 1.0
    """Divides the logits of tokens written before; 1 is none."""
    no_repeat_ngram: int = 0
    """No run of so many tokens twice; 0 is any."""
    words: Literal["known", "any"] | None = None
    """Write only words that training texts or the prompt have, or any. Default: known, but any where names are listed."""
    allow_copies: bool = False
    """Write runs of training texts too that the model keeps a record of, to leave them out."""
    max_length: int = 128
    """Tokens of a text at most, its prompt included; up to 100,000."""

    def __post_init__(self) -> None:
        from seqtext.models.sampling import length_faults  # imports torch, which `seqtext generate --help` must not

        ranges = {AT_LEAST_1: ("count",), at_most(MOST_COUNT): ("count",), SEED: ("seed",)}
        faults = out_of_range(self, ranges)
        if not abs(self.guidance) <= LARGEST:  # nor NaN
            faults.append(f"--guidance is {shorten(self.guidance)}; expected a finite number")
        if self.words not in (None, "known", "any"):
            faults.append(f"--words is {self.words}; expected known or any")
        raise_together([*faults, *self.filters.faults(), *length_faults(self.max_length)])

    @property
    def filters(self) -> Filters:
        """How the next token is chosen."""
        from seqtext.models.choosing import Filters

        return Filters(**{name: getattr(self, name) for name in Filters._fields})
