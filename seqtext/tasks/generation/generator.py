"""`TextGenerator`: a vector in (a topic, a style, a mixture, an example's own), texts out. A `VecToSeq` with its tokenizer and names.

Knows texts and names; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.batch_plan import BatchPlan
from seqtext.batching.pieces import MapPieces, one_by_one, total_of
from seqtext.data.text.encoding import EncodingReport
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from seqtext.errors import OptionsError
from seqtext.models.copy_guard import CopyGuard
from seqtext.models.guided import Guided
from seqtext.models.sampling import sample
from seqtext.nn.backbone import State
from seqtext.nn.losses import Loss, perplexity
from seqtext.options import Precision
from seqtext.saving.configs import to_plain
from seqtext.saving.folders import atomic_folder, parse_tensors, save_tensors
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.generation.model import GUARD, build_model, read_guard, row_vectors
from seqtext.tasks.generation.rows import GeneratorBatch, GeneratorRows, encode_rows
from seqtext.tasks.generation.settings import GUIDANCE, TEMPERATURE, GeneratorConfig
from seqtext.tasks.generation.vectors import asked, components, raw_vectors
from seqtext.tasks.generation.writing import Generated, as_texts, prompt_ids, state_before
from seqtext.tasks.saved import SavedTask, open_saved

if TYPE_CHECKING:
    from datasets import Dataset

TOKENS_AT_ONCE = 16_384  # of a batch without gradients
BANNED = (PAD, UNKNOWN, BEGIN)  # never written


class TextGenerator:
    """Writes texts that have what a vector asks for.

    Args:
        config: settings and names.
        tokenizer: whose ids the model writes.
        encoder: the classifier whose vectors it was trained on, if it was.
        guard: the runs of its training texts, if it keeps a record of them.
    """

    selection_metric = "loss"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "auto"  # half precision costs hardly any perplexity; texts are written in fp32

    def __init__(
        self,
        config: GeneratorConfig,
        tokenizer: Tokenizer,
        encoder: TopicClassifier | None = None,
        guard: CopyGuard | None = None,
    ) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.guard = guard
        self.copied = ""  # which weights came from another run, to print
        self.model = build_model(config, len(tokenizer))

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Dataset,
        *,
        text_column: str | None = None,
        attributes: Sequence[str] | None = None,
        vector_column: str | None = None,
        vectors_from: str | Path | None = None,
        init_from: str | Path | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> TextGenerator:
        """A new generator for a data set: trains the tokenizer, reads the names, draws the weights.

        Args:
            train: training rows; nothing else may be given.
            text_column: recognised if there is no doubt.
            attributes: columns whose values make the vector; the label column if None and there is no doubt; none if empty.
            vector_column: a column of dense vectors instead.
            vectors_from: a saved topic classifier that makes the vectors from the texts instead.
            init_from: a saved task with the same kind of tokenizer, whose weights this one starts from where they fit.
            seed: of the first weights.
            settings: fields of `GeneratorSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns cannot be used.
            OptionsError: for an unknown setting, or ways to make vectors that rule each other out.
        """
        from seqtext.tasks.generation.prepare import prepare  # trains tokenizers: not needed to write

        prepared = prepare(train, text_column, attributes, vector_column, vectors_from, init_from, settings)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's generator alone
            torch.manual_seed(seed)
            task = cls(prepared.config, prepared.tokenizer, prepared.encoder, prepared.guard)
        # Half of what the first epochs would learn is how often each token comes: the output's bias begins there.
        task.model.head.bias.data.copy_(torch.from_numpy(prepared.tokenizer.log_shares()))
        if prepared.weights is not None:
            task.copied = task.copy_from(prepared.weights)
        return task

    def copy_from(self, weights: dict[str, Tensor]) -> str:
        """Copies every weight that has a place of the same shape here; says which parts these are."""
        own = self.model.state_dict()
        fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
        self.model.load_state_dict(fitting, strict=False)
        copied = dict.fromkeys(name.split(".")[0] for name in fitting)
        new = dict.fromkeys(name.split(".")[0] for name in own if name not in fitting)
        return f"{', '.join(copied) or 'nothing'} copied; {', '.join(new) or 'nothing'} new"

    # ---- raw in, raw out

    @torch.inference_mode()
    def __call__(
        self,
        request: Any = None,
        *,
        count: int = 1,
        like: str | None = None,
        prompt: str = "",
        temperature: float = TEMPERATURE,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        guidance: float = GUIDANCE,
        repetition_penalty: float = 1.0,
        no_repeat_ngram: int = 0,
        allow_copies: bool = False,
        max_length: int = 128,
        seed: int = 0,
    ) -> list[Generated]:
        """Texts for what is asked for.

        Args:
            request: a name (`column:name` where several columns have it), names with weights, a raw vector (C,), a list of any of
                these (`count` texts for each), or None for any text.
            count: texts to write.
            like: a text whose vector to take, where the vectors are those of a classifier.
            prompt: the beginning of each text; it is part of the text.
            temperature: 0 always takes the likeliest token.
            top_k: only the k likeliest tokens; 0 is all.
            top_p: only the likeliest tokens that make up this share (nucleus sampling, Holtzman et al. 2020).
            min_p: only tokens at least this share as likely as the likeliest.
            guidance: how far to push from any text towards what is asked for (Ho and Salimans 2022); 1 is not at all.
            repetition_penalty: divides the logits of tokens written before; 1 is none.
            no_repeat_ngram: no run of so many tokens twice; 0 is any.
            allow_copies: write runs of training texts too that the model keeps a record of, to leave them out.
            max_length: tokens of a text, its prompt included; at most 100,000.
            seed: of all draws. A text depends on its vector, the seed and its place, never on the other texts.

        Raises:
            OptionsError: what cannot be asked for, or a prompt as long as the limit.
        """
        if like is not None:
            if request is not None:
                raise OptionsError("a request and like were both given", fix="give one of them")
            request = self.vector_like(like)
        requests = request if isinstance(request, list) else [request]
        if count < 1:
            raise OptionsError(f"count is {count}", expected="at least 1")
        if not requests:
            return []
        if not math.isfinite(guidance):
            raise OptionsError(f"guidance is {guidance}", expected="a finite number")
        wanted = [asked(one, self.config) for one in requests]
        parts = [None if vector is None else components(vector, self.config) for vector in wanted]
        vectors = [vector for vector in wanted for _ in range(count)]
        mixtures = [mixture for mixture in parts for _ in range(count)]
        beginning = prompt_ids(self.tokenizer, prompt, max_length)
        self.model.eval()
        writer = Guided(self.model, guidance=guidance)
        decoded = sample(
            writer,
            state_before(writer, mixtures, beginning),
            begin=torch.tensor([[BEGIN, *beginning]] * len(vectors), device=self.device),
            rows=np.arange(len(vectors)),
            seed=seed,
            end_id=END,
            banned=BANNED,
            max_length=max_length - len(beginning),
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            no_repeat_ngram=no_repeat_ngram,
            guard=None if allow_copies else self.guard,
        )
        given = [None if vector is None else raw_vectors(vector, self.config) for vector in vectors]
        return as_texts(decoded, self.tokenizer, beginning, given)

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

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embedding.weight.device

    def split(self, rows: Dataset, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, 2,500 at most."""
        from seqtext.data.rows.columns import check_one_split
        from seqtext.data.rows.splits import hold_out_rows

        check_one_split(rows)
        return hold_out_rows(rows, self.config.attributes[0] if self.config.attributes else None, seed=seed)

    def encode(self, rows: Dataset, *, sampling_seed: int | None = None) -> GeneratorRows:
        """A split as ids and vectors, checked.

        Raises:
            DataError: naming the row whose text, attribute or vector cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(
        self, rows: Dataset, *, sampling_seed: int | None = None
    ) -> tuple[GeneratorRows, EncodingReport]:
        """As `encode`, with what was met."""
        from seqtext.data.rows.columns import check_one_split, check_texts, require

        config = self.config
        check_one_split(rows)
        require({str(rows.split or "given"): rows}, config.text_column, *config.columns)
        check_texts(rows, config.text_column)
        tokens, report = encode_rows(rows, config.text_column, self.tokenizer, sampling_seed=sampling_seed)
        return GeneratorRows(tokens, row_vectors(rows, self.config, self.encoder)), report

    def loss(
        self, batch: GeneratorBatch, state: State | None = None, *, gone: Tensor | None = None
    ) -> tuple[Loss, State]:
        """Cross entropy of a window of texts, and the state behind it, cut off from its past.

        Args:
            batch: a window of each text.
            state: behind the window before; None at the start of the texts.
            gone: (B, 1) True where "any" stands for the vector; None for nowhere.
        """
        vectors = batch.vectors
        if vectors is not None and gone is not None:
            vectors = torch.where(gone, self.model.no_vector, vectors)
        if state is None:
            state = self.model.initial_state(vectors, len(batch.rows))
        else:
            state = self.model.resume(vectors, state)
        outputs, after = self.model(batch.tokens, state)
        real = batch.tokens.mask
        total, losses = self.model.head.loss(
            outputs.values[real],
            self.model.embedding.weight,
            batch.targets[real],
            label_smoothing=self.config.label_smoothing if self.model.training else 0.0,
        )
        row = real.nonzero()[:, 0]
        rows = torch.zeros(len(batch.rows), device=losses.device).index_add_(0, row, losses)
        count = torch.tensor(float(len(losses)), device=losses.device)
        return Loss(total, count, rows), tuple(part.detach() for part in after)

    def losses(self, batch: GeneratorBatch) -> Iterator[Loss]:
        """The losses of a batch's windows, each to be backpropagated before the next (truncated backpropagation)."""
        state: State | None = None
        gone = self._gone(batch)
        for window, places, there in batch.windows(self.config.max_length):
            if state is not None:
                state = self.model.select(state, places.to(self.device))
            loss, state = self.loss(window, state, gone=None if gone is None else gone[there.to(gone.device)])
            rows = torch.zeros(len(batch.rows), device=self.device)
            yield replace(loss, rows=rows.index_copy_(0, there.to(self.device), loss.rows))

    @torch.inference_mode()
    def evaluate(self, examples: GeneratorRows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss a token in nats, end tokens among them, and its perplexity; of models with a vector also without it."""
        with_vector = self.token_loss(examples, map_pieces=map_pieces)
        figures = {"loss": with_vector, "perplexity": perplexity(with_vector)}
        if self.config.vector_size:
            figures["perplexity_without_vector"] = perplexity(
                self.token_loss(examples, vectors=False, map_pieces=map_pieces)
            )
        return figures

    @torch.inference_mode()
    def token_loss(self, examples: GeneratorRows, *, vectors: bool = True, map_pieces: MapPieces = one_by_one) -> float:
        """Mean loss a token in nats over a split, with the vectors or with "any" in their place."""
        self.model.eval()

        def of(rows: NDArray[np.int64]) -> Tensor:
            batch = examples.batch(rows).to(self.device)
            if not vectors and batch.vectors is not None:
                batch = batch._replace(vectors=self.model.no_vector.expand_as(batch.vectors))
            windows = [(float(loss.sum), float(loss.count)) for loss in self.losses(batch)]
            return torch.tensor(windows, dtype=torch.float64).sum(0)

        plan = BatchPlan(examples.lengths, tokens=max(TOKENS_AT_ONCE, int(examples.lengths.max(initial=1))), seed=0)
        total, count = total_of(map_pieces([rows for [rows] in plan.in_order_of_length()], of), figures=2)
        return total / max(count, 1.0)

    def _gone(self, batch: GeneratorBatch) -> Tensor | None:
        """(B, 1) texts that "any" stands for the vector of, in training: the same in all their windows."""
        if batch.vectors is None or not self.model.training or not self.config.vector_dropout:
            return None
        return torch.rand(len(batch.rows), 1, device=batch.vectors.device) < self.config.vector_dropout

    # ---- saved

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes config, weights, tokenizer, record of training texts and the classifier that makes vectors, as one verified folder."""
        with atomic_folder(Path(folder)) as place:
            config = {"task": type(self).__name__, **to_plain(self.config)}
            text = json.dumps(config, indent=1, ensure_ascii=False) + "\n"
            (place / "config.json").write_text(text, encoding="utf-8")
            save_tensors(place / "model.safetensors", self.model.state_dict())
            (place / "tokenizer.model").write_bytes(self.tokenizer.model)
            if self.encoder is not None:
                for name, data in self.encoder.files().items():
                    (place / f"encoder-{name}").write_bytes(data)
            if self.guard is not None:
                save_tensors(place / GUARD, {"bits": self.guard.bits})

    @classmethod
    def from_pretrained(cls, name: str | Path) -> TextGenerator:
        """Opens a run folder, a model folder, or a model on the hub by its name.

        Raises:
            SavedFileError: if it is damaged, or not a text generator.
        """
        return cls.from_saved(open_saved(name))

    @classmethod
    def from_saved(cls, saved: SavedTask) -> TextGenerator:
        """From the verified files of a model folder."""
        config = saved.config(GeneratorConfig, task=cls.__name__)
        tokenizer = Tokenizer(saved.file("tokenizer.model"), Normaliser(lowercase=config.lowercase))
        encoder = TopicClassifier.from_saved(saved.part("encoder-")) if config.has_encoder else None
        guard = read_guard(saved, config.no_copy_ngram) if config.no_copy_ngram else None
        with torch.device("meta"):  # shapes only: nothing large is allocated before the file's own shapes agree
            task = cls(config, tokenizer, encoder, guard)
        where = str(saved.folder / "model.safetensors")
        weights = parse_tensors(saved.file("model.safetensors"), task.model.state_dict(), where=where)
        task.model.load_state_dict(weights, assign=True)
        task.model.eval()
        return task
