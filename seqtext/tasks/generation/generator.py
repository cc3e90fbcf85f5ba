"""`TextGenerator`: a vector in (a topic, a style, a mixture, an example's own), texts out. A `VecToSeq` with its tokenizer and names.

Knows texts and names; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.batching.usual import Usual
from seqtext.data.text.encoding import EncodingReport
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import OptionsError
from seqtext.models.vec_to_seq import VecToSeq
from seqtext.nn.losses import Loss, perplexity
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.losses import mean_loss, window_losses
from seqtext.tasks.generation.model import ENCODER, build_model, row_vectors
from seqtext.tasks.generation.records import Records
from seqtext.tasks.generation.rows import GeneratorBatch, GeneratorRows, encode_rows
from seqtext.tasks.generation.settings import GeneratorConfig, Writing
from seqtext.tasks.generation.vectors import asked, components, raw_vectors, several
from seqtext.tasks.generation.writing import Generated, write
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import read_tokenizer, restore, task_files, with_new_weights
from seqtext.tasks.starting import copy_weights

if TYPE_CHECKING:
    from datasets import Dataset

_DEFAULT = Writing()


class TextGenerator(BaseTask):
    """Writes texts that have what a vector asks for.

    Args:
        config: settings and names.
        tokenizer: whose ids the model writes.
        encoder: the classifier whose vectors it was trained on, if it was.
        records: what it keeps of its training texts.
    """

    config: GeneratorConfig
    model: VecToSeq
    selection_metric = "loss"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "auto"  # half precision costs hardly any perplexity; texts are written in fp32
    usual = Usual(
        epochs=5, tokens=15_000_000, learning_rate=1e-2, patience=3, optimizer="muon", warmup=0.02, batch_tokens=2048
    )

    def __init__(
        self,
        config: GeneratorConfig,
        tokenizer: Tokenizer,
        encoder: TopicClassifier | None = None,
        records: Records | None = None,
    ) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.records = records or Records()
        self.copied = ""  # which weights came from another run, to print
        self.model = build_model(config, len(tokenizer))

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        config = self.config
        names = [f"{column} of {len(names):,}" for column, names in zip(config.attributes, config.names, strict=True)]
        vector = ", ".join(names) or (f"vectors of {config.vector_size:,}" if config.vector_size else "no vector")
        return [vector, f"{config.cell} of {config.hidden_size:,} units", f"{len(self.tokenizer):,} pieces"]

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Any,
        *,
        text_column: str | Sequence[str] | None = None,
        attributes: Sequence[str] | None = None,
        vector_column: str | None = None,
        vectors_from: str | Path | None = None,
        init_from: str | Path | None = None,
        new_tokenizer: bool = False,
        seed: int = 0,
        **settings: Any,
    ) -> TextGenerator:
        """A new generator for a data set: trains the tokenizer, reads the names, draws the weights.

        Args:
            train: training rows, as a data set, a data frame, a dict of columns or a list of dicts; of several splits `train`. Nothing
                else may be given.
            text_column: recognised if there is no doubt; of several the texts are joined.
            attributes: columns whose values make the vector; the label column if None and there is no doubt; none if empty.
            vector_column: a column of dense vectors instead.
            vectors_from: a saved topic classifier that makes the vectors from the texts instead.
            init_from: a saved task of texts, whose tokenizer this one takes over, and whose weights where they fit.
            new_tokenizer: train a tokenizer all the same; pieces that both have keep their vectors, the others get the mean.
            seed: of the first weights.
            settings: fields of `GeneratorSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns cannot be used.
            OptionsError: for an unknown setting, or ways to make vectors that rule each other out.
        """
        from seqtext.tasks.generation.prepare import prepare  # trains tokenizers: not needed to write

        columns = (text_column, attributes, vector_column)
        prepared = prepare(train, *columns, vectors_from, init_from, settings, new_tokenizer=new_tokenizer)
        parts = (prepared.config, prepared.tokenizer, prepared.encoder, prepared.records)
        task = with_new_weights(lambda: cls(*parts), seed=seed)
        # Half of what the first epochs would learn is how often each token comes: the output's bias begins there.
        task.model.head.bias.data.copy_(torch.from_numpy(prepared.tokenizer.log_shares()))
        if prepared.weights is not None:
            task.copied = "; ".join(filter(None, [prepared.said, copy_weights(task.model, prepared.weights)]))
        return task

    # ---- raw in, raw out

    @torch.inference_mode()
    def __call__(
        self,
        request: Any = None,
        *,
        count: int = _DEFAULT.count,
        seed: int = _DEFAULT.seed,
        like: str | None = _DEFAULT.like,
        prompt: str = _DEFAULT.prompt,
        temperature: float = _DEFAULT.temperature,
        top_k: int = _DEFAULT.top_k,
        top_p: float = _DEFAULT.top_p,
        min_p: float = _DEFAULT.min_p,
        guidance: float = _DEFAULT.guidance,
        repetition_penalty: float = _DEFAULT.repetition_penalty,
        no_repeat_ngram: int = _DEFAULT.no_repeat_ngram,
        words: Literal["known", "any"] | None = _DEFAULT.words,
        allow_copies: bool = _DEFAULT.allow_copies,
        max_length: int = _DEFAULT.max_length,
        watch: Callable[[int, str], None] | None = None,
    ) -> list[Generated]:
        """Texts for what is asked for. The keywords are the fields of `Writing` (generation/settings.py), which says what each means.

        Args:
            request: a name (`column:name` where several columns have it), names with weights, a raw vector (C,), a list of any of
                these or a column of names (`count` texts for each), or None for any text.
            watch: is told the place of a text in the answer and the text so far, whenever something of it was drawn; the texts are then
                written one after the other.

        Raises:
            OptionsError: what cannot be asked for, a prompt as long as the limit, or known words where there is no record of them.
        """
        writing = Writing(  # checks the values
            count=count, seed=seed, like=like, prompt=prompt, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p,
            guidance=guidance, repetition_penalty=repetition_penalty, no_repeat_ngram=no_repeat_ngram, words=words,
            allow_copies=allow_copies, max_length=max_length,
        )  # fmt: skip
        if like is not None:
            if request is not None:
                raise OptionsError("a request and like were both given", fix="give one of them")
            request = self.vector_like(like)
        requests = several(request)
        if not requests:
            return []
        wanted = [asked(one, self.config) for one in requests]
        mixtures = [None if vector is None else components(vector, self.config) for vector in wanted]
        vectors = [None if vector is None else raw_vectors(vector, self.config) for vector in wanted]
        self.model.eval()
        return write(
            self.model,
            self.tokenizer,
            [mixture for mixture in mixtures for _ in range(count)],
            writing,
            vectors=[vector for vector in vectors for _ in range(count)],
            guard=self.records.guard,
            words=self.records.words_for(words, self.config.new_words),
            watch=watch,
        )

    def mix(self, one: Any, other: Any, *, steps: int = 5, **choices: Any) -> list[Generated]:
        """Texts on the way from one vector to another, both ends among them.

        Args:
            one: as `request` of calling.
            other: likewise.
            steps: texts to write, at least 2.
            choices: as the keywords of calling.

        Raises:
            OptionsError: as calling.
        """
        if steps < 2:
            raise OptionsError(f"steps is {steps}", expected="at least 2")
        first, last = (asked(request, self.config) for request in (one, other))
        if first is None or last is None:
            raise OptionsError("nothing to mix", expected="two names or vectors")
        ways = [raw_vectors((1 - share) * first + share * last, self.config) for share in np.linspace(0, 1, steps)]
        return self(ways, **choices)

    def vector_like(self, text: str) -> NDArray[np.float32]:
        """(C,) the vector of an example.

        Raises:
            OptionsError: if the model's vectors are not made from texts.
        """
        if self.encoder is None:
            fix = "train with --vectors_from a topic classifier"
            raise OptionsError("the model cannot make the vector of a text", fix=fix)
        vector: NDArray[np.float32] = self.encoder.encode_texts([text])[0]
        return vector

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Whether every epoch sees the texts cut into other pieces."""
        return self.config.subword_sampling

    def rows(self, given: Any) -> Dataset:
        """As `as_rows` (data/rows/given.py), with the columns of texts and vectors."""
        from seqtext.data.rows.given import as_rows

        return as_rows(given, self.config.text_column, *self.config.columns)

    def split(self, rows: Any, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, 2,500 at most."""
        from seqtext.data.rows.splits import hold_out_rows
        from seqtext.data.text.groups import groups_of_column

        rows = self.rows(rows)
        evenly_by = self.config.attributes[0] if self.config.attributes else None
        return hold_out_rows(rows, evenly_by, seed=seed, groups=groups_of_column(rows, self.config.text_column))

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> GeneratorRows:
        """A split as ids and vectors, checked.

        Raises:
            DataError: naming the row whose text, attribute or vector cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(
        self, rows: Any, *, sampling_seed: int | None = None
    ) -> tuple[GeneratorRows, EncodingReport]:
        """As `encode`, with what was met."""
        from seqtext.data.rows.columns import check_texts, require

        config = self.config
        rows = self.rows(rows)
        require({str(rows.split or "given"): rows}, config.text_column, *config.columns)
        check_texts(rows, config.text_column)
        tokens, report = encode_rows(rows, config.text_column, self.tokenizer, sampling_seed=sampling_seed)
        return GeneratorRows(tokens, row_vectors(rows, self.config, self.encoder)), report

    def losses(self, batch: GeneratorBatch) -> Iterator[Loss]:
        """As `window_losses`, of this model."""
        return window_losses(self.model, batch, self.config)

    def validate(self, examples: GeneratorRows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss per token (natural logarithm), end tokens among them, and its perplexity; of models with a vector also without it."""
        with_vector = self.token_loss(examples, map_pieces=map_pieces)
        figures = {"loss": with_vector, "perplexity": perplexity(with_vector)}
        if self.config.vector_size:
            figures["perplexity_without_vector"] = perplexity(
                self.token_loss(examples, vectors=False, map_pieces=map_pieces)
            )
        return figures

    def token_loss(self, examples: GeneratorRows, *, vectors: bool = True, map_pieces: MapPieces = one_by_one) -> float:
        """As `mean_loss`, of this model."""
        return mean_loss(self.model, examples, self.config, vectors=vectors, map_pieces=map_pieces)

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        further = {"tokenizer.model": self.tokenizer.model}
        if self.encoder is not None:
            further |= {f"{ENCODER}{name}": data for name, data in self.encoder.files().items()}
        return task_files(self, further | self.records.files())

    @classmethod
    def from_saved(cls, saved: SavedTask) -> TextGenerator:
        """From the verified files of a model folder."""
        config = saved.config(GeneratorConfig, task=cls.__name__)
        tokenizer = read_tokenizer(saved, lowercase=config.lowercase, whitespace=config.whitespace, clean=config.clean)
        encoder = TopicClassifier.from_saved(saved.part(ENCODER)) if config.has_encoder else None
        records = Records.from_saved(saved, config, len(tokenizer))
        return restore(saved, lambda: cls(config, tokenizer, encoder, records))
