"""What a translator can be set to: flags of its recipe, keywords of `Translator.from_data`, and part of the saved config."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Literal

from seqtext.errors import raise_together, shorten
from seqtext.options import SEED, SHARE, out_of_range, raise_faults, up_to

MOST_UNITS, MOST_LAYERS, MOST_TOKENS, MOST_HEADS = 16_384, 64, 1_000_000, 256
MOST_RATIO = 100  # tokens written for one that is read; memory for them is taken before the first
MOST_TEMPERATURE = 100
NO_REPEAT = 4  # pieces of a run that does not come twice
MOST_CHARACTERS = 20_000  # of a text that are read: what is longer is cut
LEAST_LIMIT = 10  # tokens a translation may have, however short its source


@dataclass(frozen=True)
class TranslatorSettings:
    """Text form, model and loss of a translator."""

    vocabulary_size: int | None = None
    """Pieces of a tokenizer. Default: 8,000, or fewer where the corpus has no more; 400 if texts are single words."""
    shared_tokenizer: bool = True
    """One tokenizer for both sides, or else one per side."""
    lowercase: bool = False
    """Fold case before tokenizing, on both sides: translations are lower case then."""
    max_length: int = 256
    """Tokens of a text that are read, and in training written; what is longer is cut, and counted."""
    subword_sampling: bool = False
    """Cut words into other pieces every epoch (subword regularisation)."""
    case_augmentation: float = 0.05
    """Share of training pairs whose source is read in small letters, drawn anew every epoch; texts in capitals are read so too."""
    copying: float = 0.1
    """Share of training pairs with placeholders for words, so that the model learns to copy numbers, names and addresses; 0 is none."""
    cell: Literal["rnn", "gru", "lstm"] = "gru"
    """Kind of recurrent cell, of encoder and decoder."""
    embedding_size: int = 256
    """Features of a token's vector."""
    encoder_size: int = 256
    """Units of an encoder layer, in each direction; also what attention compares, over all heads."""
    encoder_layers: int = 2
    """Layers of the encoder."""
    bidirectional: bool = True
    """Read the source from both ends."""
    hidden_size: int = 512
    """Units of a decoder layer."""
    num_layers: int = 2
    """Layers of the decoder; attention stands behind the first."""
    attention: Literal["dot", "scaled_dot", "additive"] | None = "scaled_dot"
    """How source steps are compared with the decoder's state; None hands over the state alone (encoder-decoder without attention)."""
    heads: int = 1
    """Heads of the attention."""
    tied: Literal["none", "two_way", "three_way"] = "three_way"
    """Two-way writes with the weights of the target's embedding; three-way reads the source with them too."""
    word_dropout: float = 0.0
    """Share of tokens, on both sides, that are hidden in training."""
    embedding_dropout: float = 0.1
    """Share of embedding values zeroed in training."""
    input_dropout: float = 0.1
    """Share of features of both embeddings zeroed in training, the same at all steps of a text."""
    layer_dropout: float = 0.2
    """Share of features zeroed between layers, and between encoder and attention, likewise."""
    output_dropout: float = 0.2
    """Share of output features zeroed likewise."""
    label_smoothing: float = 0.1
    """Share of each target spread over all tokens."""
    select: Literal["loss", "bleu"] = "loss"
    """Which epoch is kept: that of the lowest loss on the validation pairs, or of the best BLEU of their greedy translations."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_TOKENS): ("vocabulary_size", "max_length"),
                up_to(MOST_UNITS): ("embedding_size", "encoder_size", "hidden_size"),
                up_to(MOST_LAYERS): ("encoder_layers", "num_layers"),
                up_to(MOST_HEADS): ("heads",),
                SHARE: (
                    *("word_dropout", "embedding_dropout", "input_dropout", "layer_dropout", "output_dropout"),
                    *("label_smoothing", "case_augmentation", "copying"),
                ),
            },
        )
        if 1 <= self.heads <= MOST_HEADS and self.encoder_size % self.heads:
            faults.append(
                f"--heads is {self.heads}; expected a divisor of --encoder_size, which is {self.encoder_size}"
            )
        if self.tied == "three_way" and not self.shared_tokenizer:
            faults.append("--tied three_way needs one tokenizer for both sides; give --tied two_way, or share it")
        return faults


@dataclass(frozen=True)
class TranslatorConfig(TranslatorSettings):
    """The settings of a translator and where its texts were: all that is saved beside weights and tokenizers."""

    vocabulary_size: int = 8_000
    """Pieces that a tokenizer was asked for."""
    source_column: str = "source"
    """Column the texts to read were in."""
    target_column: str = "target"
    """Column the texts to write were in."""
    languages: tuple[str, str] = ("", "")
    """What the data called the languages."""
    copies_numbers: bool = True
    """Whether targets have the numbers of their sources as they are."""
    has_capitals: bool = False
    """Whether texts all in capitals are among the sources that were learnt from."""
    repeats_runs: bool = False
    """Whether more than one in a hundred of the targets that were learnt from has a run of four tokens twice."""
    length_penalty: float | None = None
    """Of the search, as it was best on the validation pairs; None if nobody looked."""
    longest_source: int | None = None
    """Tokens of the longest sources that were learnt from, one in a thousand left out; texts that are longer are translated in parts."""


@dataclass(frozen=True)
class Search:
    """How translations are searched for: keywords of calling a `Translator`, and flags of `seqtext translate`."""

    beam: int = 5
    """Hypotheses that are kept for each text; 1 is greedy, and about three times as fast."""
    n_best: int = 1
    """How many translations to give of each text, at most; fewer where those of a beam are the same text in other tokens."""
    length_penalty: float | None = None
    """0 favours short translations, more than 1 long ones (Wu et al. 2016). Default: what was best on the validation pairs, else 1."""
    max_ratio: float = 2.0
    """A translation has at most so many tokens for each of its source, and 10 more."""
    no_repeat_ngram: int | None = None
    """No run of so many tokens twice in a sentence; 0 is any. Default: 4, or any if the targets of the training pairs repeat runs too."""
    prefix: str = ""
    """How each translation begins."""
    min_score: float = 0.0
    """Leave a text untranslated, and marked, if the model is less sure of a token of its translation than this, on average, from 0 to 1."""
    sample: bool = False
    """Draw translations instead of searching for the likeliest: less alike, as back-translation wants them."""
    temperature: float = 1.0
    """Of what is drawn: below 1 keeps to likelier words."""
    seed: int = 0
    """Of what is drawn."""

    def __post_init__(self) -> None:
        from seqtext.models.beam_search import search_faults  # imports torch, which `seqtext translate --help` must not

        beam = self.n_best if self.sample and isinstance(self.n_best, int) else self.beam
        penalty = 1.0 if self.length_penalty is None else self.length_penalty
        run = NO_REPEAT if self.no_repeat_ngram is None else self.no_repeat_ngram
        faults = search_faults(LEAST_LIMIT, beam, penalty, run, self.n_best)
        if not isinstance(self.max_ratio, Real) or not 0 <= self.max_ratio <= MOST_RATIO:
            faults.append(f"--max_ratio is {shorten(self.max_ratio)}; expected from 0 to {MOST_RATIO}")
        if not isinstance(self.min_score, Real) or not 0 <= self.min_score <= 1:
            faults.append(f"--min_score is {shorten(self.min_score)}; expected from 0 to 1")
        if not isinstance(self.temperature, Real) or not 0 < self.temperature <= MOST_TEMPERATURE:
            faults.append(
                f"--temperature is {shorten(self.temperature)}; expected more than 0, at most {MOST_TEMPERATURE}"
            )
        elif self.temperature != 1 and not self.sample:
            faults.append(
                f"--temperature is {self.temperature}, and nothing is drawn; give --sample too, or leave it out"
            )
        if not isinstance(self.prefix, str):
            faults.append(f"--prefix is {shorten(self.prefix)}; expected text")
        if isinstance(self.seed, bool) or not isinstance(self.seed, Integral) or not SEED.holds(self.seed):
            faults.append(f"--seed is {shorten(self.seed)}; expected a whole number {SEED.expected}")
        elif self.seed and not self.sample:
            faults.append(f"--seed is {self.seed}, and nothing is drawn; give --sample too, or leave it out")
        raise_together(faults)

    def for_model(self, config: TranslatorConfig) -> Search:
        """The same, with what was learnt about the data where nothing was asked for."""
        penalty, run = config.length_penalty, 0 if config.repeats_runs else NO_REPEAT
        return replace(
            self,
            length_penalty=(1.0 if penalty is None else penalty)
            if self.length_penalty is None
            else self.length_penalty,
            no_repeat_ngram=run if self.no_repeat_ngram is None else self.no_repeat_ngram,
        )

    def limit(self, source_tokens: int) -> int:
        """Tokens that the translation of a source may have."""
        return LEAST_LIMIT + int(self.max_ratio * source_tokens)
