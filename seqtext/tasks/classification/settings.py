"""What a topic classifier can be set to: flags of its recipe, keywords of `TopicClassifier.from_data`, and part of the saved config."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from typing import Literal

from seqtext.data.reading.label_forms import Form
from seqtext.errors import OptionsError, shorten
from seqtext.options import NOT_NEGATIVE, POSITIVE, SHARE, Range, out_of_range, raise_faults, up_to

Kind = Literal["label", "labels", "number"]  # what a text has
Select = Literal["accuracy", "macro_f1", "loss", "micro_f1", "average_precision", "r2", "mae", "rmse", "spearman"]
LongTexts = Literal["head", "tail", "mean"]
NumberLoss = Literal["squared", "huber"]
UNEVEN = (
    5  # times the rows of the rarest class that the commonest has: beyond, accuracy is mostly that of the common ones
)
MOST_TEMPERATURE = 1000.0
PART = Range("from 0 to 1", lambda value: 0 <= value <= 1)

# Of the config: what a linear model alone is made, read and said by.
_OF_LINEAR = {
    *("model", "target", "labels", "label_form", "thresholds", "mean", "deviation", "decimal", "missing"),
    *("text_column", "label_column", "teacher_column", "teacher_values"),
}
MOST_UNITS, MOST_LAYERS, MOST_TOKENS = 16_384, 64, 1_000_000


@dataclass(frozen=True)
class TopicSettings:
    """Text form, model and loss of a topic classifier."""

    model: Literal["both", "rnn", "linear"] = "both"
    """The recurrent model with a linear one beside it (TF-IDF of words and characters), or one of them alone."""
    target: Kind | None = None
    """One label a text, labels (any number of them) or a number. Default: labels where the label column plainly has several, else label."""
    vocabulary_size: int | None = None
    """Pieces of the tokenizer, or fewer where the corpus has no more. Default: 16,000; single words 400, or what their characters need."""
    lowercase: bool = True
    """Fold case before tokenizing."""
    max_length: int | None = None
    """Most tokens of a text that the model reads at once. Default: as many as nine of ten texts have, from 256 to 1,024, if affordable."""
    long_texts: LongTexts | None = None
    """What is read of longer texts: the head, the tail, or everything, in windows (mean). Default: what tells most of the labels."""
    subword_sampling: bool = True
    """Cut words into other pieces every epoch (subword regularisation)."""
    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    """Kind of recurrent cell."""
    activation: Literal["tanh", "relu"] = "tanh"
    """Activation of the plain (Elman) rnn cell; gru and lstm have their own."""
    embedding_size: int = 256
    """Features of a token's vector."""
    hidden_size: int = 256
    """Units of a layer, in each direction."""
    num_layers: int = 1
    """Recurrent layers."""
    bidirectional: bool = True
    """Read each text from both ends."""
    pooling: tuple[Literal["last", "mean", "max"], ...] = ("last", "mean", "max")
    """How the outputs of all steps become one vector: the last one, mean, maximum; several are concatenated."""
    residual: bool = False
    """Add each layer's input to its output."""
    layer_norm: bool = False
    """Normalise each layer's output."""
    word_dropout: float = 0.2
    """Share of tokens replaced by the unknown token in training."""
    word_prediction: float = 0.5
    """Weight of a second loss, predicting the tokens that word dropout hid, which helps on a small corpus; 0 turns it off."""
    embedding_dropout: float = 0.5
    """Share of embedding values zeroed in training."""
    layer_dropout: float = 0.3
    """Share of values zeroed between layers in training."""
    head_dropout: float = 0.5
    """Share of pooled values zeroed in training."""
    label_smoothing: float = 0.1
    """Share of each label spread over all classes."""
    # ULMFiT's 1 / 2.6 was 3.7 points worse than 1 behind a language model of a few minutes, and 0.2 better, which is chance, behind one of
    # 26 minutes: so it stays a choice.
    layer_rate: float = 1.0
    """Learning rate of each layer as a share of that of the one above; below 1, layers that were taken over change less (ULMFiT: 0.385)."""
    balance_classes: bool = False
    """Weight rows so that every class counts the same."""
    select: Select | None = None
    """Validation figure that chooses the epoch. Default: accuracy (macro_f1 if classes are uneven), average_precision of labels, r2."""
    number_loss: NumberLoss | None = None
    """Error of a number that is learnt from. Default: squared; huber where a number lies over 5 deviations from the mean."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of the numbers to predict, in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a number to predict as not known, beside the empty one and nan."""
    teacher_column: str | None = None
    """Column of another model's answers to learn from: a list of a number for each class a row, or numbers by the names of the classes."""
    teacher_values: Literal["auto", "probabilities", "logits"] = "auto"
    """What these numbers are; auto takes them for logits where most rows have negative ones."""
    teacher_temperature: float = 1.0
    """Temperature at which teacher and model are compared: above 1, what the teacher thinks of unlikely classes counts for more."""
    teacher_weight: float = 0.5
    """Share of the teacher's answer in the loss of a row that also has a label; rows without a label learn from the answer alone."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_TOKENS): ("vocabulary_size", "max_length"),
                up_to(MOST_UNITS): ("embedding_size", "hidden_size"),
                up_to(MOST_LAYERS): ("num_layers",),
                SHARE: ("word_dropout", "embedding_dropout", "layer_dropout", "head_dropout", "label_smoothing"),
                NOT_NEGATIVE: ("word_prediction",),
                POSITIVE: ("layer_rate", "teacher_temperature"),
                Range(f"at most {MOST_TEMPERATURE:g}", lambda value: value <= MOST_TEMPERATURE): (
                    "teacher_temperature",
                ),
                PART: ("teacher_weight",),
            },
        )
        if self.activation != "tanh" and self.cell != "rnn":
            faults.append(f"--activation is {self.activation}, which only --cell rnn takes, and --cell is {self.cell}")
        if self.target in ("labels", "number") and (self.teacher_column is not None or self.balance_classes):
            flag = "--balance_classes" if self.balance_classes else "--teacher_column"
            faults.append(f"{flag} is of texts that have one label each, and --target is {self.target}")
        if not self.pooling or len(set(self.pooling)) != len(self.pooling):
            faults.append(
                f"--pooling is {' '.join(self.pooling)[:80] or 'empty'}; expected last, mean, max, each at most once"
            )
        return faults


@dataclass(frozen=True)
class TopicConfig(TopicSettings):
    """The settings of a classifier and what it learnt about the data: all that is saved beside weights and tokenizer."""

    vocabulary_size: int = 16_000
    """Pieces that the tokenizer was asked for."""
    max_length: int = 256
    """Most tokens of a text that the model reads at once."""
    long_texts: LongTexts = "head"
    """What is read of longer texts."""
    select: Select = "accuracy"
    """Validation figure that decides which epoch is kept."""
    labels: tuple[str, ...] = ()
    """Names of the classes, in the order of their ids; none of a number."""
    target: Kind = "label"
    """What a text has."""
    label_form: Form | None = None
    """How the label column writes several labels a row."""
    thresholds: tuple[float, ...] | None = None
    """Of several labels: the probability from which on a text has each; chosen on validation rows."""
    number_loss: NumberLoss = "squared"
    """Error of a number that is learnt from."""
    mean: float = 0.0
    """Of the numbers of training rows, by which they are standardised."""
    deviation: float = 1.0
    """Likewise."""
    text_column: str = "text"
    """Column the texts were in."""
    label_column: str = "label"
    """Column the labels were in."""
    class_weights: tuple[float, ...] | None = None
    """How much a row of each class counts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        least = {"label": 2, "labels": 1, "number": 0}[self.target]
        if len(self.labels) < least or len(set(self.labels)) != len(self.labels):
            twice = next((name for name, rows in Counter(self.labels).items() if rows > 1), None)
            found = f"{len(self.labels)} labels" + (f", {shorten(twice)} more than once" if twice is not None else "")
            raise OptionsError(found, expected=f"at least {'two' if least == 2 else 'one'} different names")
        if (self.target == "labels") != (self.label_form is not None) or (self.target == "number" and self.labels):
            raise OptionsError(f"target {self.target!r} with {len(self.labels)} labels of form {self.label_form!r}")
        if self.thresholds is not None and (
            len(self.thresholds) != len(self.labels) or not all(0 <= one <= 1 for one in self.thresholds)
        ):
            raise OptionsError(f"{len(self.thresholds)} thresholds", expected="one from 0 to 1 per label")
        if not (math.isfinite(self.mean) and math.isfinite(self.deviation) and self.deviation > 0):
            raise OptionsError(f"mean {self.mean}, deviation {self.deviation}", expected="finite numbers")
        if self.class_weights is not None and len(self.class_weights) != len(self.labels):
            found = f"{len(self.class_weights)} class weights"
            raise OptionsError(found, expected=f"{len(self.labels)}, one per label")

    @property
    def unused(self) -> set[str]:
        """Of a linear model all that a recurrent one is made and trained by."""
        return {field.name for field in fields(self)} - _OF_LINEAR if self.model == "linear" else set()


@dataclass(frozen=True)
class Ranking:
    """What is said of each text: keywords of calling a `TopicClassifier`, and flags of `seqtext predict`."""

    top_k: int | None = 1
    """How many of the likeliest labels to give; None is all. Where a text may have several: beside those that it has, unless it is 1."""

    def __post_init__(self) -> None:
        if self.top_k is not None and self.top_k < 1:
            raise OptionsError(f"--top_k is {self.top_k}", expected="at least 1")
