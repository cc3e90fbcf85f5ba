"""`LanguageModel`: texts in, how likely they are out; what other tasks of texts start from. A `NextToken` with its tokenizer.

Knows texts; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.batching.usual import Usual
from seqtext.data.text.encoding import EncodingReport, encode_to_disk, texts_of
from seqtext.data.text.given import given_texts
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import END
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.models.next_token import NextToken
from seqtext.nn.losses import Loss, perplexity
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.language_model.losses import cached_loss, stream_loss, window_loss
from seqtext.tasks.language_model.model import build_model
from seqtext.tasks.language_model.rows import StreamBatch, TextStream
from seqtext.tasks.language_model.scoring import AnyKind, TextScore, score_texts
from seqtext.tasks.language_model.settings import LanguageConfig, Scoring
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import read_tokenizer, restore, task_files, with_new_weights
from seqtext.tasks.starting import copy_weights

if TYPE_CHECKING:
    from datasets import Dataset

COUNTED_AT_ONCE = 10_000_000  # tokens
_DEFAULT = Scoring()
MOST_VALIDATED = 100_000  # tokens that an epoch is judged by
WAYS = {False: "forward", True: "backward"}
WORDS = "words.txt"  # the tokenizer of whole words; that of pieces has the name it has in all tasks


class LanguageModel(BaseTask):
    """Says how likely texts are, token after token.

    Args:
        config: its settings.
        tokenizer: whose ids the model reads and predicts.
    """

    config: LanguageConfig
    model: NextToken
    selection_metric = "loss"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "auto"  # half precision costs hardly any perplexity
    usual = Usual(
        epochs=6, batch_rows=32, learning_rate=1e-2, patience=3, optimizer="muon", warmup=0.02, batch_tokens=2048
    )

    def __init__(self, config: LanguageConfig, tokenizer: AnyKind) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.copied = ""  # which weights came from another run, to print
        self.model = build_model(config, len(tokenizer))

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        config = self.config
        units = f"{config.cell} of {config.hidden_size:,} units"
        return [str(config.directions), units, f"{len(self.tokenizer):,} {config.tokens}"]

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Any,
        *,
        text_column: str | Sequence[str] | None = None,
        init_from: str | Path | None = None,
        new_tokenizer: bool = False,
        seed: int = 0,
        **settings: Any,
    ) -> LanguageModel:
        """A new language model for a data set: trains the tokenizer, draws the weights.

        Args:
            train: training rows, as a data set, a data frame, a dict of columns or a list of dicts, or all splits of a data set, whose
                `train` is taken; nothing else may be given.
            text_column: recognised if there is no doubt; of several the texts are joined.
            init_from: a saved task of texts, whose tokenizer this one takes over, and whose weights where they fit.
            new_tokenizer: train a tokenizer all the same; pieces that both have keep their vectors, the others get the mean.
            seed: of the first weights.
            settings: fields of `LanguageSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if the texts cannot be used.
            OptionsError: for an unknown setting, or one that the run to start from contradicts.
        """
        from seqtext.data.rows.given import as_rows
        from seqtext.tasks.language_model.prepare import prepare  # trains tokenizers: not needed to score

        prepared = prepare(train, text_column, init_from, settings, new_tokenizer=new_tokenizer)
        task = with_new_weights(lambda: cls(prepared.config, prepared.tokenizer), seed=seed)
        # Half of what the first epochs would learn is how often each token comes: the output's bias begins there.
        shares = torch.from_numpy(task._log_shares(as_rows(train, prepared.config.text_column, split="train")))
        for head in filter(None, (task.model.head, task.model.reverse_head)):
            head.bias.data.copy_(shares)
        if prepared.weights is not None:
            task.copied = "; ".join(filter(None, [prepared.said, copy_weights(task.model, prepared.weights)]))
        return task

    def _log_shares(self, train: Any) -> NDArray[np.float32]:
        """(V,) natural logarithm of how often each token comes in training."""
        values = self.encode(train).tokens.values.numpy()
        counts = np.full(len(self.tokenizer), 0.1)
        for start in range(0, len(values), COUNTED_AT_ONCE):  # which takes eight bytes for each
            counts += np.bincount(values[start : start + COUNTED_AT_ONCE], minlength=len(counts))
        shares: NDArray[np.float32] = np.log(counts / counts.sum()).astype(np.float32)
        return shares

    # ---- raw in, raw out

    @torch.inference_mode()
    def __call__(
        self, texts: Any, *, by_token: bool = _DEFAULT.by_token, cache: int = _DEFAULT.cache
    ) -> list[TextScore]:
        """How likely each text is, by itself, in fp32, whatever the model was trained in.

        Args:
            texts: raw texts, as `given_texts` (data/text/given.py) takes them; an empty one is legal, and consists of its end.
            by_token, cache: as `seqtext.tasks.language_model.settings.Scoring` says.

        Raises:
            DataError: if something in `texts` is not a text, or there are none to be found.
            OptionsError: for a cache that is no whole number from 0 to 1,000,000.
        """
        scoring = Scoring(by_token=by_token, cache=cache)
        listed = list(given_texts(texts, self.config.text_column))
        if not listed:
            return []
        self.model.eval()
        return score_texts(self.model, self.tokenizer, listed, self.config.ways, scoring)

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the texts cut into other pieces."""
        return self.config.subword_sampling

    def rows(self, given: Any) -> Dataset:
        """As `as_rows` (data/rows/given.py), with the column of texts."""
        from seqtext.data.rows.given import as_rows

        return as_rows(given, self.config.text_column)

    def split(self, rows: Any, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, 2,500 at most."""
        from seqtext.data.rows.splits import hold_out_rows
        from seqtext.data.text.groups import groups_of_column

        rows = self.rows(rows)
        return hold_out_rows(rows, None, seed=seed, groups=groups_of_column(rows, self.config.text_column))

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> TextStream:
        """A split as one stream of ids, checked.

        Raises:
            DataError: naming the row whose text cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(self, rows: Any, *, sampling_seed: int | None = None) -> tuple[TextStream, EncodingReport]:
        """As `encode`, with what was met."""
        from seqtext.data.reading.fingerprint import fingerprint
        from seqtext.data.rows.columns import check_texts, require

        column = self.config.text_column
        rows = self.rows(rows)
        require({str(rows.split or "given"): rows}, column)
        check_texts(rows, column)
        tokens, report = encode_to_disk(
            lambda: texts_of(rows, column),
            self.tokenizer,
            keep=slice(None),
            fingerprint=fingerprint(rows, [column]),
            sampling_seed=sampling_seed,
            ending=END,
        )
        return TextStream(tokens, window=self.config.max_length, warm_up=self.config.warm_up), report

    def losses(self, batch: StreamBatch) -> Iterator[Loss]:
        """The loss of each direction, of the same tokens."""
        smoothing = self.config.label_smoothing if self.model.training else 0.0
        for reverse in self.config.ways:
            yield window_loss(self.model, batch, reverse=reverse, label_smoothing=smoothing)

    def validate(self, examples: TextStream, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss per token (natural logarithm), ends of texts among them, and its perplexity; of two directions the mean of both.

        Of many tokens some 100,000 are enough to choose by; `token_losses` takes all.
        """
        losses = self.token_losses(examples, map_pieces=map_pieces, most=MOST_VALIDATED)
        loss = sum(losses.values()) / len(losses)
        return {"loss": loss, "perplexity": perplexity(loss)}

    def cached_losses(self, examples: TextStream, *, cache: int) -> dict[str, tuple[float, float]]:
        """As `cached_loss`, of each direction by its name, looking back at `cache` tokens."""
        return {
            WAYS[reverse]: cached_loss(self.model, examples, reverse=reverse, cache=cache)
            for reverse in self.config.ways
        }

    def token_losses(
        self, examples: TextStream, *, map_pieces: MapPieces = one_by_one, most: int | None = None
    ) -> dict[str, float]:
        """As `stream_loss`, of each direction by its name."""
        return {
            WAYS[reverse]: stream_loss(self.model, examples, reverse=reverse, map_pieces=map_pieces, most=most)
            for reverse in self.config.ways
        }

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        name = WORDS if self.config.tokens == "words" else "tokenizer.model"
        return task_files(self, {name: self.tokenizer.model})

    @classmethod
    def from_saved(cls, saved: SavedTask) -> LanguageModel:
        """From the verified files of a model folder."""
        config = saved.config(LanguageConfig, task=cls.__name__)
        tokenizer: AnyKind
        if config.tokens == "words":
            tokenizer = WordTokenizer.from_bytes(saved.file(WORDS), Normaliser(lowercase=config.lowercase))
        else:
            tokenizer = read_tokenizer(saved, lowercase=config.lowercase)
        return restore(saved, lambda: cls(config, tokenizer))
