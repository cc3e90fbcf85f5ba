"""`Translator`: texts in, their translations out. An `EncoderDecoder` with its tokenizers.

Knows texts; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.pieces import MapPieces, one_by_one, total_of
from seqtext.batching.usual import Usual
from seqtext.data.text.encoding import EncodingReport
from seqtext.data.text.given import given_texts
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.models.encoder_decoder import EncoderDecoder
from seqtext.nn.losses import Loss, perplexity
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import restore, task_files, with_new_weights
from seqtext.tasks.starting import copy_weights
from seqtext.tasks.translation.copying import copier_of
from seqtext.tasks.translation.encoding import PairEncoder
from seqtext.tasks.translation.ensemble import translations
from seqtext.tasks.translation.greedy_bleu import greedy_bleu
from seqtext.tasks.translation.length_penalty import best_length_penalty
from seqtext.tasks.translation.model import build_model, read_tokenizers
from seqtext.tasks.translation.rows import PairBatch, PairPlan, PairRows
from seqtext.tasks.translation.scoring import PairScore, score_given
from seqtext.tasks.translation.settings import Search, TranslatorConfig
from seqtext.tasks.translation.writing import Translation

if TYPE_CHECKING:
    from datasets import Dataset

TOKENS_AT_ONCE = 16_384  # of a side of a batch without gradients
_DEFAULT = Search()


class Translator(BaseTask):
    """Translates texts.

    Args:
        config: settings, and where the texts were.
        source_tokenizer: whose ids the model reads; the same as `tokenizer` if it is shared.
        tokenizer: whose ids the model writes.
    """

    config: TranslatorConfig
    model: EncoderDecoder
    auto_precision: Precision = "auto"  # half precision costs hardly any loss; texts are written in fp32
    usual = Usual(epochs=10, learning_rate=1e-2, patience=3, optimizer="muon", warmup=0.02)

    def __init__(self, config: TranslatorConfig, source_tokenizer: Tokenizer, tokenizer: Tokenizer) -> None:
        self.config = config
        self.source_tokenizer = source_tokenizer
        self.tokenizer = tokenizer
        self.copied = ""  # which weights came from another run, to print
        self.copier = copier_of(config, source_tokenizer, tokenizer)
        self._encoder = PairEncoder(config, (source_tokenizer, tokenizer), self.copier)
        self.model = build_model(config, len(source_tokenizer), len(tokenizer))

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        config = self.config
        attention = f"attention {config.attention}" if config.attention else "no attention"
        pieces = f"{len(self.tokenizer):,} pieces"
        if not config.shared_tokenizer:
            pieces = f"{len(self.source_tokenizer):,} and {pieces}"
        units = f"{config.cell} of {config.encoder_size:,} and {config.hidden_size:,} units"
        return [f"{config.source_column} to {config.target_column}", units, attention, pieces]

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Any,
        *,
        source_column: str = "source",
        target_column: str = "target",
        languages: tuple[str, str] = ("", ""),
        init_from: str | Path | None = None,
        new_tokenizer: bool = False,
        seed: int = 0,
        **settings: Any,
    ) -> Translator:
        """A new translator for a data set: trains the tokenizers, draws the weights.

        Args:
            train: training rows, as a data set, a data frame, a dict of columns or a list of dicts; of several splits `train`. Nothing
                else may be given.
            source_column: the texts to read.
            target_column: the texts to write.
            languages: what the two are called.
            init_from: a saved task of texts, whose tokenizer this one takes over, and whose weights where they fit.
            new_tokenizer: train a tokenizer all the same; pieces that both have keep their vectors, the others get the mean.
            seed: of the first weights.
            settings: fields of `TranslatorSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns cannot be used.
            OptionsError: for an unknown setting, or one that does not fit the run to start from.
        """
        from seqtext.tasks.translation.prepare import prepare  # trains tokenizers: not needed to translate

        prepared = prepare(
            train, source_column, target_column, languages, init_from, settings, new_tokenizer=new_tokenizer
        )
        task = with_new_weights(lambda: cls(prepared.config, prepared.source_tokenizer, prepared.tokenizer), seed=seed)
        # How often each token comes need not be learnt: the output's bias begins there.
        task.model.head.bias.data.copy_(torch.from_numpy(prepared.tokenizer.log_shares()))
        if prepared.weights is not None:
            task.copied = "; ".join(filter(None, [prepared.said, copy_weights(task.model, prepared.weights)]))
        return task

    # ---- raw in, raw out

    def __call__(
        self,
        texts: Any,
        *,
        beam: int = _DEFAULT.beam,
        n_best: int = _DEFAULT.n_best,
        length_penalty: float | None = _DEFAULT.length_penalty,
        max_ratio: float = _DEFAULT.max_ratio,
        no_repeat_ngram: int | None = _DEFAULT.no_repeat_ngram,
        prefix: str = _DEFAULT.prefix,
        min_score: float = _DEFAULT.min_score,
        sample: bool = _DEFAULT.sample,
        temperature: float = _DEFAULT.temperature,
        seed: int = _DEFAULT.seed,
        glossary: Mapping[str, str] | None = None,
        others: Sequence[Translator] = (),
        attention: bool = False,
    ) -> list[Translation]:
        """Translations, in the order of the texts; each the same whatever stands beside it.

        The other keywords are the fields of `Search` (translation/settings.py), which says what each means.

        Args:
            texts: as `given_texts` (data/text/given.py) takes them: a list, one text, a column, or rows or a table that have the column
                of the sources.
            glossary: terms, as they are written in the sources, and what each is to be in the translation.
            others: translators that write together with this one, with the mean of all probabilities.
            attention: whether to say where the model looked; a model without attention says None.

        Raises:
            OptionsError: for what cannot be asked for, such as a glossary of a model that copies nothing, or others of other tokens.
            DataError: for what is no text, by its place.
            NumericsError: if the model's scores are not numbers.
        """
        search = Search(  # checks the values
            beam=beam, n_best=n_best, length_penalty=length_penalty, max_ratio=max_ratio, no_repeat_ngram=no_repeat_ngram, prefix=prefix,
            min_score=min_score, sample=sample, temperature=temperature, seed=seed,
        )  # fmt: skip
        given = list(given_texts(texts, self.config.source_column))
        return translations([self, *others], given, search, glossary=glossary, attention=attention)

    def score(self, sources: Any, targets: Any, *, by_token: bool = False) -> list[PairScore]:
        """How likely each target is, given its source.

        Args:
            sources: texts, as `given_texts` (data/text/given.py) takes them.
            targets: as many, likewise.
            by_token: whether to say it of each token too.

        Raises:
            DataError: for what is no text, by its place, or other numbers of the two.
        """
        self.model.eval()
        return score_given(self, sources, targets, by_token=by_token)

    # ---- what training asks for

    @property
    def selection_metric(self) -> str:
        """The validation figure that decides which epoch's weights are kept."""
        return self.config.select

    @property
    def lower_is_better(self) -> bool:
        """Of that figure."""
        return self.config.select == "loss"

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the pairs otherwise: augmented, or cut into other pieces."""
        return self._encoder.draws

    def rows(self, given: Any) -> Dataset:
        """As `as_rows` (data/rows/given.py), with the columns of both sides."""
        from seqtext.data.rows.given import as_rows

        return as_rows(given, self.config.source_column, self.config.target_column)

    def split(self, rows: Any, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, 2,500 at most."""
        from seqtext.data.rows.splits import hold_out_rows
        from seqtext.data.text.groups import groups_of_column

        rows = self.rows(rows)
        return hold_out_rows(
            rows, None, seed=seed, groups=groups_of_column(rows, self.config.source_column, near=False)
        )

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> PairRows:
        """A split as ids, checked.

        Raises:
            DataError: naming the row whose text cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(
        self, rows: Any, *, sampling_seed: int | None = None
    ) -> tuple[PairRows, EncodingReport, EncodingReport]:
        """As `encode`, with what was met in the sources and in the targets."""
        from seqtext.data.rows.columns import check_texts, require

        columns = (self.config.source_column, self.config.target_column)
        rows = self.rows(rows)
        require({str(rows.split or "given"): rows}, *columns)
        for column in columns:
            check_texts(rows, column)
        return self._encoder(rows, columns, epoch_seed=sampling_seed)

    def loss(self, batch: PairBatch) -> Loss:
        """Cross entropy of the targets; label smoothing and hidden words only in training."""
        model = self.model
        reading = model.embedding if model.source_embedding is None else model.source_embedding
        outputs = model(model.embedding.hide(batch.tokens)[0], model.initial_state(reading.hide(batch.source)[0]))
        real, rows_of_real = batch.tokens.real
        total, losses = model.head.loss(
            outputs.values.flatten(0, 1)[real],
            model.embedding.weight,
            batch.targets.flatten()[real],
            label_smoothing=self.config.label_smoothing if model.training else 0.0,
        )
        rows = losses.new_zeros(len(batch.rows)).index_add_(0, rows_of_real, losses)
        return Loss(total, losses.new_full((), len(losses)), rows)

    def losses(self, batch: PairBatch) -> Iterator[Loss]:
        """The loss of a batch, which is read as a whole."""
        yield self.loss(batch)

    @torch.inference_mode()
    def validate(self, examples: PairRows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss per token of the targets (natural logarithm), end tokens among them, and its perplexity; without label smoothing.

        Where the epoch is chosen by BLEU, also that of the greedy translations, on tokens of `bleu` (translation/bleu.py).
        """
        self.model.eval()

        def of(rows: NDArray[np.int64]) -> Tensor:
            loss = self.loss(examples.batch(rows).to(self.device))
            return torch.tensor([float(loss.sum), float(loss.count)], dtype=torch.float64)

        longest = int(examples.lengths.max(initial=1))
        plan: PairPlan = examples.plan(tokens=max(TOKENS_AT_ONCE, longest), seed=0, micro_batches=1, max_rows=1024)
        pieces = [rows for [rows] in plan.in_order_of_length()]
        total, count = total_of(map_pieces(pieces, of), figures=2)
        mean = total / max(count, 1.0)
        figures = {"loss": mean, "perplexity": perplexity(mean)}
        if self.config.select == "bleu":
            figures["bleu"] = greedy_bleu(self.model, self.config, self.tokenizer, examples, pieces, map_pieces)
        return figures

    def complete(self, train: Any, validation: Any) -> str:
        """Chooses the length penalty of the search on validation pairs, once the weights are chosen."""
        columns = (self.config.source_column, self.config.target_column)
        rows = self.rows(validation)
        penalty, said = best_length_penalty(self, *(list(rows[column]) for column in columns))
        if said:
            self.config = replace(self.config, length_penalty=penalty)
        return said

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        further = {"tokenizer.model": self.tokenizer.model}
        if not self.config.shared_tokenizer:
            further["source_tokenizer.model"] = self.source_tokenizer.model
        return task_files(self, further)

    @classmethod
    def from_saved(cls, saved: SavedTask) -> Translator:
        """From the verified files of a model folder."""
        config = saved.config(TranslatorConfig, task=cls.__name__)
        tokenizers = read_tokenizers(saved, shared=config.shared_tokenizer, lowercase=config.lowercase)
        return restore(saved, lambda: cls(config, *tokenizers))
