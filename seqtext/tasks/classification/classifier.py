"""`TopicClassifier`: texts in, topics with probabilities out. A `SeqToVec` with its tokenizer and its labels.

Knows texts and labels; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import sent
from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.batching.usual import Usual
from seqtext.data.text.encoding import EncodingReport
from seqtext.data.text.given import given_texts
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.losses import Loss
from seqtext.nn.word_prediction import WordPrediction
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.classification.blend import FILE, Blend
from seqtext.tasks.classification.inference import of_each, opinions
from seqtext.tasks.classification.measures import chosen_thresholds
from seqtext.tasks.classification.model import NoModel, build_model, layer_rates
from seqtext.tasks.classification.predictions import LabelsPrediction, NumberPrediction, Prediction
from seqtext.tasks.classification.rows import EncodedTexts, TextBatch, encoded_chunks, mean_of_windows
from seqtext.tasks.classification.settings import Ranking, TopicConfig
from seqtext.tasks.classification.targets import ANumber, OneLabel, SeveralLabels, target_of
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import read_tokenizer, restore, task_files, with_new_weights
from seqtext.tasks.starting import copy_weights

if TYPE_CHECKING:
    from datasets import Dataset

_DEFAULT = Ranking()


class TopicClassifier(BaseTask):
    """Says which of its labels a text belongs to, or which of them it has, or which number: what `target` (targets.py) is.

    Args:
        config: settings and labels.
        tokenizer: whose ids the model reads.
    """

    config: TopicConfig
    model: SeqToVec | NoModel
    auto_precision: Precision = "auto"  # half precision costs no accuracy here
    usual = Usual(epochs=4)

    def __init__(self, config: TopicConfig, tokenizer: Tokenizer) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.copied = ""  # which weights came from another run, to print
        self.chosen: tuple[str, ...] = ()  # what was chosen from the training rows, and why; likewise
        self.blend: Blend | None = None  # the linear model beside, once there is one
        self.model = build_model(config, len(tokenizer))
        self.rates = layer_rates(config)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their ids."""
        return self.config.labels

    @property
    def target(self) -> OneLabel | SeveralLabels | ANumber:
        """What texts have: how it is learnt, measured and said."""
        return target_of(self.config)

    @property
    def selection_metric(self) -> str:
        """The validation figure that decides which epoch's weights are kept."""
        return self.config.select

    @property
    def lower_is_better(self) -> bool:
        """Of that figure."""
        return self.config.select in ("loss", "mae", "rmse")

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        units, pieces = f"{self.config.cell} of {self.config.hidden_size:,} units", f"{len(self.tokenizer):,} pieces"
        return [self.target.traits(), *(["linear"] if self.config.model == "linear" else [units, pieces])]

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Any,
        *,
        text_column: str | Sequence[str] | None = None,
        label_column: str | Sequence[str] | None = None,
        init_from: str | Path | None = None,
        new_tokenizer: bool = False,
        seed: int = 0,
        **settings: Any,
    ) -> TopicClassifier:
        """A new classifier for a data set: trains the tokenizer, reads the labels, draws the weights.

        Args:
            train: training rows, as a data set, a data frame, a dict of columns or a list of dicts; of several splits `train`.
            text_column: recognised if there is no doubt; of several the texts are joined.
            label_column: likewise; of several columns of yes and no, each is a label.
            init_from: a saved task of texts, whose tokenizer this one takes over, and whose weights where they fit.
            new_tokenizer: train a tokenizer all the same; pieces that both have keep their vectors, the others get the mean.
            seed: of the first weights.
            settings: fields of `TopicSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns or labels cannot be used.
            OptionsError: for an unknown setting, or one that the run to start from contradicts.
        """
        from seqtext.tasks.classification.prepare import prepare  # trains tokenizers: not needed to predict

        prepared = prepare(train, text_column, label_column, init_from, settings, new_tokenizer=new_tokenizer)
        task = with_new_weights(lambda: cls(prepared.config, prepared.tokenizer), seed=seed)
        task.chosen = prepared.chosen
        if prepared.weights is not None:
            task.copied = "; ".join(filter(None, [prepared.said, copy_weights(task.model, prepared.weights)]))
        return task

    # ---- raw in, raw out

    @torch.inference_mode()
    def __call__(self, texts: Any, *, top_k: int | None = _DEFAULT.top_k) -> list[Any]:
        """The label of each text, or what it has, in fp32, whatever the model was trained in: a list, of one prediction for one text.

        Args:
            texts: raw texts, as `given_texts` (data/text/given.py) takes them: a list, one text, a column, or rows or a table that have
                the column of training. An empty text is legal and gets the label the model gives to nothing.
            top_k: as `seqtext.tasks.classification.settings.Ranking` says, in `Prediction.top`.

        Raises:
            DataError: if something in `texts` is not a text, or there are none to be found.
            OptionsError: for a `top_k` below 1.
            NumericsError: if the probabilities are not numbers.
        """
        return list(self.predict(texts, top_k=top_k))

    def predict(
        self, texts: Any, *, top_k: int | None = _DEFAULT.top_k, report: EncodingReport | None = None
    ) -> Iterator[Prediction | LabelsPrediction | NumberPrediction]:
        """Like calling, for any number of texts: they are taken in chunks, so a pipe of them needs little memory."""
        Ranking(top_k=top_k)  # checks the value
        blend, target = self.blend, self.target
        linear = None if blend is None else lambda chunks: blend.opinions(chunks, target)
        report = EncodingReport() if report is None else report
        for chunk in encoded_chunks(self._given(texts), self.tokenizer, self.config, report, linear):
            yield from target.predictions(self.probabilities(chunk), top_k)

    def _given(self, texts: Any) -> Iterator[str]:
        return iter(given_texts(texts, self.config.text_column))

    def encode_texts(self, texts: Any) -> NDArray[np.float32]:
        """(N, P): the vector of each text before the head, for search or to condition a generator.

        Raises:
            OptionsError: if the model is a linear one alone, which has none.
        """
        if not isinstance(self.model, SeqToVec):
            raise OptionsError("a linear model has no vectors of texts", fix="train one with --model both")
        model, report = self.model, EncodingReport()
        parts = [
            of_each(model, chunk, lambda batch: mean_of_windows(model.encode(batch.tokens), batch))
            for chunk in encoded_chunks(self._given(texts), self.tokenizer, self.config, report)
        ]
        width = model.pooling.output_size
        return np.concatenate([part.numpy() for part in parts]) if parts else np.zeros((0, width), dtype=np.float32)

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the texts cut into other pieces."""
        return self.config.subword_sampling

    def rows(self, given: Any) -> Dataset:
        """As `as_rows` (data/rows/given.py), with the columns of texts, labels and a teacher's answers."""
        from seqtext.data.rows.given import as_rows

        config = self.config
        return as_rows(given, config.text_column, config.label_column, config.teacher_column)

    def split(self, rows: Any, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth of those with a label, the share of each class kept."""
        from seqtext.tasks.classification.columns import asked_of, target_column
        from seqtext.tasks.classification.splits import hold_out

        rows, config = self.rows(rows), self.config
        column = target_column(rows, config.label_column, asked_of(config))
        return hold_out(rows, column, text=config.text_column, teacher=config.teacher_column, seed=seed)

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> EncodedTexts:
        """A split as ids and labels, checked.

        Raises:
            DataError: naming the row whose text or label cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(self, rows: Any, *, sampling_seed: int | None = None) -> tuple[EncodedTexts, EncodingReport]:
        """As `encode`, with what was met."""
        from seqtext.tasks.classification.encode import encode_rows  # reads data sets: not needed to predict

        return encode_rows(self, self.rows(rows), sampling_seed=sampling_seed)

    def loss(self, batch: TextBatch) -> Loss:
        """That of what texts have and a teacher's answers, and of the hidden words, a text's share of which weighs as much."""
        assert isinstance(self.model, SeqToVec)
        config, embedding, words = self.config, self._embedding, self._words
        tokens, hidden = embedding.hide(batch.tokens)
        outputs = self.model.read(tokens)
        loss = self.target.loss(mean_of_windows(self.model.decide(outputs), batch), batch.labels, batch.taught)
        if words is None or not self.model.training:
            return loss
        text = batch.text_at(hidden // tokens.values.shape[1])
        # Divided by the number of hidden words to expect, not by that of this draw: so micro-batches add up exactly.
        weights = (config.word_prediction / (config.word_dropout * sent(batch.lengths, text.device).float()))[text]
        guessed, true = outputs.values.flatten(0, 1)[hidden], batch.tokens.values.flatten()[hidden]
        total, losses = words(guessed, true, embedding.weight, weights)
        rows = loss.rows.index_add(0, text, losses * weights)
        return Loss(loss.sum + total, loss.count, rows, auxiliary=total.detach())

    def losses(self, batch: TextBatch) -> Iterator[Loss]:
        """As `loss`, which is all there is of a batch."""
        yield self.loss(batch)

    @property
    def _embedding(self) -> TokenEmbedding:
        assert isinstance(self.model.embedding, TokenEmbedding)
        return self.model.embedding

    @property
    def _words(self) -> WordPrediction | None:
        assert isinstance(self.model.auxiliary, WordPrediction | None)
        return self.model.auxiliary

    @torch.inference_mode()
    def opinions(self, examples: EncodedTexts, *, map_pieces: MapPieces = one_by_one) -> Tensor:
        """(R, C) of all rows of a split, by both models, as `target` has them; in the order of the split."""
        recurrent = opinions(self.model, examples, self.target, map_pieces)
        if self.blend is None or examples.linear is None:
            return recurrent
        return self.blend(recurrent, examples.linear, self.target)

    def probabilities(self, examples: EncodedTexts, *, map_pieces: MapPieces = one_by_one) -> NDArray[np.float32]:
        """(R, C) of all rows of a split, in the order of the split; (R, 1) the numbers themselves, where texts have one."""
        return self.target.answers(self.opinions(examples, map_pieces=map_pieces))

    @torch.inference_mode()
    def complete(self, train: Dataset, validation: Dataset) -> str:
        """Fits the linear model on training rows, weighs it on validation rows, and chooses thresholds by these; says how in a line."""
        from seqtext.tasks.classification.blend_fit import fit_blend

        said = []
        if self.config.model != "rnn":
            self.blend, told = fit_blend(self, train, validation)
            said += [told] if told else []
        if isinstance(self.target, SeveralLabels):
            examples = self.encode(validation)
            true = examples.labels[:, : self.target.outputs].numpy()
            thresholds, own = chosen_thresholds(self.probabilities(examples), true)
            self.config = replace(self.config, thresholds=thresholds)
            few = f", {own:,} labels by themselves, the others by one for all" if own < len(thresholds) else ""
            said.append(f"thresholds chosen for the best F1 on the validation rows{few}")
        return "; ".join(said)

    def validate(self, examples: EncodedTexts, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss, and how good the answers are: the figures of `target`."""
        return self.target.figures(self.opinions(examples, map_pieces=map_pieces), examples.labels)

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        beside = {} if self.blend is None else self.blend.files()
        return task_files(self, {"tokenizer.model": self.tokenizer.model, **beside})

    @classmethod
    def from_saved(cls, saved: SavedTask) -> TopicClassifier:
        """From the verified files of a model folder."""
        config = saved.config(TopicConfig, task=cls.__name__)
        tokenizer = read_tokenizer(saved, lowercase=config.lowercase)
        task = restore(saved, lambda: cls(config, tokenizer))
        if FILE in saved.files:
            where = str(saved.folder / FILE)
            task.blend = Blend.of_bytes(saved.file(FILE), functions=task.target.functions, where=where)
        return task
