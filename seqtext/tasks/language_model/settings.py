"""What a language model can be set to: flags of its recipe, keywords of `LanguageModel.from_data`, and part of the saved config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqtext.options import SHARE, out_of_range, raise_faults, up_to

MOST_UNITS, MOST_LAYERS, MOST_TOKENS = 16_384, 64, 1_000_000

Tokens = Literal["pieces", "words"]
Directions = Literal["forward", "backward", "both"]


@dataclass(frozen=True)
class LanguageSettings:
    """Text form, model and loss of a language model."""

    tokens: Tokens = "pieces"
    """What is predicted: pieces of words, which any text can be cut into; or whole words between blanks, as papers count them."""
    directions: Directions | None = None
    """Predict the next token, the one before, or both, each in its half of one bidirectional layer. Default: both; forward for words."""
    vocabulary_size: int | None = None
    """Pieces of the tokenizer, or words; lowered where the corpus is too small. Default: 16,000 pieces, 50,000 words."""
    lowercase: bool = False
    """Fold case before tokenizing."""
    subword_sampling: bool = False
    """Cut words into other pieces every epoch (subword regularisation)."""
    max_length: int = 64
    """Tokens of a window, through which gradients go back (truncated backpropagation)."""
    warm_up: int = 32
    """Tokens read before each window, without gradients, so that it begins with a state."""
    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    """Kind of recurrent cell."""
    embedding_size: int = 256
    """Features of a token's vector."""
    hidden_size: int | None = None
    """Units of a layer, in each direction. Default: 256 with both directions, as classifiers have; 512 with one, as generators."""
    num_layers: int = 1
    """Recurrent layers; both directions have one."""
    tied: bool = True
    """Predict with the weights of the embedding."""
    word_dropout: float = 0.0
    """Share of tokens read as the unknown one in training."""
    embedding_dropout: float | None = None
    """Share of the vocabulary whose vectors are zeroed in training, wherever they stand in a batch. Default: 0.2 to 0.1, by the tokens."""
    input_dropout: float | None = None
    """Share of input features zeroed in training, the same at all steps of a window. Default: 0.4 to 0.2, the fewer tokens the more."""
    layer_dropout: float = 0.2
    """Share of features zeroed between layers likewise."""
    output_dropout: float | None = None
    """Share of output features zeroed likewise. Default: 0.5 to 0.3."""
    weight_dropout: float = 0.0
    """Share of recurrent weights zeroed in training, others at every step of training, the same at all tokens."""
    label_smoothing: float = 0.0
    """Share of each target spread over all tokens."""
    sampled_softmax: int | None = None
    """Tokens that a training step scores the right one against, half of them drawn; 0: all. Default: 4,096 of more than 8,192, else all."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_TOKENS): ("vocabulary_size", "max_length"),
                up_to(MOST_TOKENS, least=0): ("warm_up",),
                up_to(MOST_TOKENS, least=0).or_nothing: ("sampled_softmax",),
                up_to(MOST_UNITS): ("embedding_size", "hidden_size"),
                up_to(MOST_LAYERS): ("num_layers",),
                SHARE: ("word_dropout", "layer_dropout", "weight_dropout", "label_smoothing"),
                SHARE.or_nothing: ("embedding_dropout", "input_dropout", "output_dropout"),
            },
        )
        if self.directions == "both" and self.num_layers > 1:
            faults.append(
                f"--directions both has one layer, and --num_layers is {self.num_layers}: a second layer would see what the first"
                " predicts; give --directions forward, or leave --num_layers out"
            )
        if self.subword_sampling and self.tokens == "words":
            faults.append("--subword_sampling cuts words into pieces, and --tokens is words; leave one of them out")
        if self.sampled_softmax == 1:
            faults.append("--sampled_softmax is 1; expected 2 or more, or 0 for all tokens")
        if self.sampled_softmax and self.label_smoothing:
            faults.append(
                "--label_smoothing is spread over all tokens, of which --sampled_softmax sees some; leave one of them out"
            )
        return faults


@dataclass(frozen=True)
class LanguageConfig(LanguageSettings):
    """The settings of a language model and what it learnt about the data: all that is saved beside weights and tokenizer."""

    directions: Directions = "forward"
    """Which way the model reads."""
    vocabulary_size: int = 16_000
    """Pieces or words that the tokenizer was asked for."""
    hidden_size: int = 512
    """Units of a layer, in each direction."""
    embedding_dropout: float = 0.0
    """Share of the vocabulary whose vectors are zeroed in training."""
    input_dropout: float = 0.0
    """Share of input features zeroed likewise."""
    output_dropout: float = 0.0
    """Share of output features zeroed likewise."""
    sampled_softmax: int = 0
    """Tokens that a step of training compares the right one with; 0 for all."""
    text_column: str = "text"
    """Column the texts were in."""

    @property
    def ways(self) -> tuple[bool, ...]:
        """The directions, each by whether it reads from the end."""
        return {"forward": (False,), "backward": (True,), "both": (False, True)}[self.directions]


@dataclass(frozen=True)
class Scoring:
    """What is said of each text: keywords of calling a `LanguageModel`, and flags of `seqtext score`."""

    by_token: bool = False
    """Also how likely each token was."""
    cache: int = 0
    """Tokens of the text itself that are looked back at, 0 for none: what came in a like place is likelier to come again."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        return out_of_range(self, {up_to(MOST_TOKENS, least=0): ("cache",)})
