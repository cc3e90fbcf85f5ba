"""`TopicClassifier`: texts in, topics with probabilities out. A `SeqToVec` with its tokenizer and its labels.

Knows texts and labels; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.padded import sent
from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.data.text.encoding import EncodingReport, encode_to_disk, texts_of
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.nn.embedding import TokenEmbedding
from seqtext.nn.losses import Loss, classification_loss
from seqtext.nn.precision import check_answers
from seqtext.nn.word_prediction import WordPrediction
from seqtext.options import Precision
from seqtext.tasks.classification.model import build_model
from seqtext.tasks.classification.rows import EncodedTexts, TextBatch, encoded_chunks, kept_part, mean_of_windows
from seqtext.tasks.classification.settings import Ranking, TopicConfig
from seqtext.tasks.saved import SavedTask, open_saved
from seqtext.tasks.saving import copy_weights, read_tokenizer, restore, task_files, with_new_weights, write_task

if TYPE_CHECKING:
    from datasets import Dataset

TOKENS_AT_ONCE = 16_384  # of a batch without gradients: little memory, and the matrix products are full
_DEFAULT = Ranking()


class Prediction(NamedTuple):
    """What the classifier says of one text: the likeliest label, its probability, and the likeliest labels with theirs."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]


class TopicClassifier:
    """Says which of its labels a text belongs to.

    Args:
        config: settings and labels.
        tokenizer: whose ids the model reads.
    """

    selection_metric = "accuracy"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = False
    auto_precision: Precision = "auto"  # half precision costs no accuracy here

    def __init__(self, config: TopicConfig, tokenizer: Tokenizer) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.copied = ""  # which weights came from another run, to print
        self.model = build_model(config, len(tokenizer))

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Dataset,
        *,
        text_column: str | None = None,
        label_column: str | None = None,
        init_from: str | Path | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> TopicClassifier:
        """A new classifier for a data set: trains the tokenizer, reads the labels, draws the weights.

        Args:
            train: training rows; nothing else may be given, or the tokenizer would see what it is tested on.
            text_column: recognised if there is no doubt.
            label_column: likewise.
            init_from: a saved task of texts, whose tokenizer this one takes over, and whose weights where they fit.
            seed: of the first weights.
            settings: fields of `TopicSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns or labels cannot be used.
            OptionsError: for an unknown setting, or one that the run to start from contradicts.
        """
        from seqtext.tasks.classification.prepare import prepare  # trains tokenizers: not needed to predict

        prepared = prepare(train, text_column, label_column, init_from, settings)
        task = with_new_weights(lambda: cls(prepared.config, prepared.tokenizer), seed=seed)
        if prepared.weights is not None:
            task.copied = copy_weights(task.model, prepared.weights)
        return task

    def use_columns(self, text: str | None, label: str | None) -> None:
        """Reads rows from other columns than those of training; None leaves one as it is."""
        config = self.config
        self.config = replace(config, text_column=text or config.text_column, label_column=label or config.label_column)

    # ---- raw in, raw out

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str], *, top_k: int = _DEFAULT.top_k) -> list[Prediction]:
        """The label of each text, in fp32, whatever the model was trained in.

        Args:
            texts: raw texts; an empty one is legal and gets the label the model gives to nothing.
            top_k: as `seqtext.tasks.classification.settings.Ranking` says, in `Prediction.top`.

        Raises:
            DataError: if something in `texts` is not a text, or `texts` is one.
            OptionsError: for a `top_k` below 1.
            NumericsError: if the probabilities are not numbers.
        """
        return list(self.predict(texts, top_k=top_k))

    def predict(
        self, texts: Iterable[str], *, top_k: int = _DEFAULT.top_k, report: EncodingReport | None = None
    ) -> Iterator[Prediction]:
        """Like calling, for any number of texts: they are taken in chunks, so a pipe of them needs little memory."""
        Ranking(top_k=top_k)  # checks the value
        for probabilities in self._map(texts, lambda batch: torch.softmax(self.logits(batch).float(), dim=-1), report):
            yield from self._predictions(probabilities, top_k)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, P): the vector of each text before the head, for search or to condition a generator."""
        parts = list(self._map(texts, lambda batch: mean_of_windows(self.model.encode(batch.tokens), batch), None))
        width = self.model.pooling.output_size
        return np.concatenate([part.numpy() for part in parts]) if parts else np.zeros((0, width), dtype=np.float32)

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the texts cut into other pieces."""
        return self.config.subword_sampling

    def split(self, rows: Dataset, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, with the share of each class kept."""
        from seqtext.data.rows.columns import check_one_split
        from seqtext.tasks.classification.splits import hold_out

        check_one_split(rows)
        return hold_out(rows, self.config.label_column, seed=seed)

    def encode(self, rows: Dataset, *, sampling_seed: int | None = None) -> EncodedTexts:
        """A split as ids and labels, checked.

        Raises:
            DataError: naming the row whose text or label cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(
        self, rows: Dataset, *, sampling_seed: int | None = None
    ) -> tuple[EncodedTexts, EncodingReport]:
        """As `encode`, with what was met."""
        from seqtext.data.reading.fingerprint import fingerprint
        from seqtext.data.rows.columns import check_one_split, check_texts, require
        from seqtext.data.rows.labels import Labels

        config = self.config
        check_one_split(rows)
        require({str(rows.split or "given"): rows}, config.text_column, config.label_column)
        check_texts(rows, config.text_column)
        tokens, report = encode_to_disk(
            lambda: texts_of(rows, config.text_column),
            self.tokenizer,
            keep=kept_part(config.max_length, config.long_texts),
            fingerprint=fingerprint(rows, [config.text_column]),
            sampling_seed=sampling_seed,
        )
        labels = Labels(config.labels).encode(rows, config.label_column).ids
        examples = EncodedTexts(tokens, labels, max_length=config.max_length)
        return examples, replace(report, in_windows=int((examples.windows > 1).sum()))

    def logits(self, batch: TextBatch) -> Tensor:
        """(B, C) of a batch."""
        return mean_of_windows(self.model(batch.tokens), batch)

    def loss(self, batch: TextBatch) -> Loss:
        """Cross entropy of the labels, and of the hidden words, a text's share of which weighs as much as its label's."""
        config, embedding, words = self.config, self._embedding, self._words
        tokens, hidden = embedding.hide(batch.tokens)
        outputs = self.model.read(tokens)
        loss = classification_loss(
            mean_of_windows(self.model.decide(outputs), batch),
            batch.labels,
            class_weights=self._weights(batch.labels.device),
            label_smoothing=config.label_smoothing,
        )
        if words is None or not self.model.training:
            return loss
        text = batch.text_at(hidden // tokens.values.shape[1])
        # Divided by the number of hidden words to expect, not by that of this draw: so micro-batches add up exactly.
        weights = (config.word_prediction / (config.word_dropout * sent(batch.lengths, text.device)))[text]
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

    def _weights(self, device: torch.device) -> Tensor | None:
        weights = self.config.class_weights
        return None if weights is None else torch.tensor(weights, device=device)

    @torch.inference_mode()
    def probabilities(self, examples: EncodedTexts, *, map_pieces: MapPieces = one_by_one) -> NDArray[np.float32]:
        """(R, C) of all rows of a split, in the order of the split."""
        self.model.eval()
        device = next(self.model.parameters()).device

        def of(rows: NDArray[np.int64]) -> Tensor:
            logits = self.logits(examples.batch(rows).to(device))
            return torch.softmax(logits.float(), dim=-1).cpu().double().flatten()

        pieces = examples.in_order_of_length(tokens=TOKENS_AT_ONCE)
        result = torch.empty(len(examples), len(self.config.labels))
        for rows, found in zip(pieces, map_pieces(pieces, of), strict=True):
            result[torch.from_numpy(rows)] = found.float().view(len(rows), -1)
        check_answers(result)
        return result.numpy()

    def evaluate(self, examples: EncodedTexts, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss and accuracy over a split. Labels the model does not know are mistakes, and have no loss."""
        probabilities = self.probabilities(examples, map_pieces=map_pieces)
        labels = examples.labels.numpy()
        known = labels < len(self.config.labels)
        true = probabilities[known, labels[known]]
        loss = -np.log(np.maximum(true, 1e-12), dtype=np.float64).mean() if len(true) else float("nan")
        return {"loss": float(loss), "accuracy": float((probabilities.argmax(axis=1) == labels).mean())}

    # ---- saved

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes config, weights and tokenizer as one verified folder."""
        write_task(folder, self.files())

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        return task_files(self, {"tokenizer.model": self.tokenizer.model})

    @classmethod
    def from_pretrained(cls, name: str | Path) -> TopicClassifier:
        """Opens a run folder, a model folder, or a model on the hub by its name.

        Raises:
            SavedFileError: if it is damaged, or not a topic classifier.
        """
        return cls.from_saved(open_saved(name))

    @classmethod
    def from_saved(cls, saved: SavedTask) -> TopicClassifier:
        """From the verified files of a model folder."""
        config = saved.config(TopicConfig, task=cls.__name__)
        tokenizer = read_tokenizer(saved, lowercase=config.lowercase)
        return restore(saved, lambda: cls(config, tokenizer))

    # ---- inside

    def _map(self, texts: Iterable[str], function: Any, report: EncodingReport | None) -> Iterator[Tensor]:
        """`function` of batches of like length, its results put back in the order of the texts, chunk by chunk."""
        device = next(self.model.parameters()).device
        self.model.eval()
        report = EncodingReport() if report is None else report
        for chunk in encoded_chunks(texts, self.tokenizer, self.config, report):
            examples = chunk.to(device)
            with torch.inference_mode():
                parts = [
                    (rows, function(examples.batch(rows)).cpu())
                    for rows in examples.in_order_of_length(tokens=TOKENS_AT_ONCE)
                ]
            order = np.argsort(np.concatenate([rows for rows, _ in parts]))
            yield torch.cat([part for _, part in parts])[torch.from_numpy(order)]

    def _predictions(self, probabilities: Tensor, top_k: int) -> Iterator[Prediction]:
        names = self.config.labels
        check_answers(probabilities)
        values, ids = probabilities.topk(min(top_k, len(names)), dim=-1)
        for row_values, row_ids in zip(values.tolist(), ids.tolist(), strict=True):
            top = tuple((names[i], value) for i, value in zip(row_ids, row_values, strict=True))
            yield Prediction(top[0][0], top[0][1], top)
