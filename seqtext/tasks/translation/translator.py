"""`Translator`: texts in, their translations out. An `EncoderDecoder` with its tokenizers.

Knows texts; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.batching.pieces import MapPieces, one_by_one, total_of
from seqtext.data.text.encoding import EncodingReport, encode_to_disk, list_of_texts, texts_of
from seqtext.data.text.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from seqtext.errors import raise_together, shorten
from seqtext.models.beam_search import search_faults
from seqtext.models.transduction import Transduced, transduce
from seqtext.nn.losses import Loss, perplexity
from seqtext.options import Precision
from seqtext.saving.configs import to_plain
from seqtext.saving.folders import atomic_folder, parse_tensors, save_tensors
from seqtext.tasks.saved import SavedTask, open_saved
from seqtext.tasks.translation.model import build_model, read_tokenizers
from seqtext.tasks.translation.rows import PairBatch, PairPlan, PairRows
from seqtext.tasks.translation.settings import TranslatorConfig

if TYPE_CHECKING:
    from datasets import Dataset

MOST_RATIO = 100  # tokens written for one that is read; memory for them is taken before the first
TOKENS_AT_ONCE = 16_384  # of a side of a batch without gradients
BANNED = (PAD, UNKNOWN, BEGIN)  # never written
LEAST_LIMIT = 10  # tokens a translation may have, however short its source


class Translation(NamedTuple):
    """One text in the other language.

    Attributes:
        text: always there, in one line; empty for an empty source.
        score: what candidates are ranked by: log-probability with an end, over the length penalty.
        log_probability: natural logarithm, of all tokens that were written, the end token among them if it came.
        ended: False if the length limit came first.
        alternatives: further texts with their scores, best first; different from `text` and from each other.
        source_tokens: how many were read, the end token left out.
        cut: whether the source was longer than the model reads, and its end left out.
        attention: (T, S) fp32, what each written token took from each read one, or None.
        source_pieces: S tokens as the model sees them, the end token last; none for an empty source.
        target_pieces: T tokens likewise; the end token last, if it came.
    """

    text: str
    score: float
    log_probability: float
    ended: bool
    alternatives: tuple[tuple[str, float], ...]
    source_tokens: int
    cut: bool
    attention: NDArray[np.float32] | None
    source_pieces: tuple[str, ...]
    target_pieces: tuple[str, ...]


NOTHING = Translation("", 0.0, 0.0, True, (), 0, False, None, (), ())  # of an empty text


class Translator:
    """Translates texts.

    Args:
        config: settings, and where the texts were.
        source_tokenizer: whose ids the model reads; the same as `tokenizer` if it is shared.
        tokenizer: whose ids the model writes.
    """

    selection_metric = "loss"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "auto"  # half precision costs hardly any loss; texts are written in fp32

    def __init__(self, config: TranslatorConfig, source_tokenizer: Tokenizer, tokenizer: Tokenizer) -> None:
        self.config = config
        self.source_tokenizer = source_tokenizer
        self.tokenizer = tokenizer
        self.copied = ""  # which weights came from another run, to print
        self.model = build_model(config, len(source_tokenizer), len(tokenizer))

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Dataset,
        *,
        source_column: str = "source",
        target_column: str = "target",
        init_from: str | Path | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> Translator:
        """A new translator for a data set: trains the tokenizers, draws the weights.

        Args:
            train: training rows; nothing else may be given.
            source_column: the texts to read.
            target_column: the texts to write.
            init_from: a saved task with the same kind of tokenizer, whose weights this one starts from where they fit.
            seed: of the first weights.
            settings: fields of `TranslatorSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns cannot be used.
            OptionsError: for an unknown setting, or one that does not fit the run to start from.
        """
        from seqtext.tasks.translation.prepare import prepare  # trains tokenizers: not needed to translate

        prepared = prepare(train, source_column, target_column, init_from, settings)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's generator alone
            torch.manual_seed(seed)
            task = cls(prepared.config, prepared.source_tokenizer, prepared.tokenizer)
        # How often each token comes need not be learnt: the output's bias begins there.
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

    def __call__(
        self,
        texts: Iterable[str],
        *,
        beam: int = 5,
        n_best: int = 1,
        length_penalty: float = 1.0,
        max_ratio: float = 2.0,
        no_repeat_ngram: int = 0,
        attention: bool = False,
    ) -> list[Translation]:
        """Translations, in the order of the texts; each the same whatever stands beside it.

        Args:
            texts: any number.
            beam: hypotheses that are kept for each text; 1 is greedy.
            n_best: the best and so many less one alternatives, at most; the same text is not given twice.
            length_penalty: 0 favours short texts, more than 1 long ones (Wu et al. 2016).
            max_ratio: a translation has at most so many tokens for each of its source, and 10 more.
            no_repeat_ngram: no run of so many tokens twice; 0 is any.
            attention: whether to say where the model looked; a model without attention says None.

        Raises:
            OptionsError: for what cannot be asked for.
            DataError: for what is no text, by its place.
            NumericsError: if the model's scores are not numbers.
        """
        faults = search_faults(LEAST_LIMIT, beam, length_penalty, no_repeat_ngram, n_best)
        if not isinstance(max_ratio, Real) or not 0 <= max_ratio <= MOST_RATIO:
            faults.append(f"--max_ratio is {shorten(max_ratio)}; expected from 0 to {MOST_RATIO}")
        raise_together(faults)
        whole = self.source_tokenizer.encode(list_of_texts(texts))
        kept = [ids[: self.config.max_length] for ids in whole]
        there = [place for place, ids in enumerate(kept) if ids != [BEGIN]]
        self.model.eval()
        found = transduce(
            self.model,
            [[*kept[place], END] for place in there],
            limits=[LEAST_LIMIT + int(max_ratio * len(kept[place])) for place in there],
            begin=BEGIN,
            end_id=END,
            banned=BANNED,
            beam=beam,
            length_penalty=length_penalty,
            no_repeat_ngram=no_repeat_ngram,
            n_best=max(n_best, beam) if n_best > 1 else n_best,  # of the same text in other pieces one is left
            weights=attention,
        )
        result = [NOTHING] * len(kept)
        for place, one in zip(there, found, strict=True):
            result[place] = self._translation(kept[place], one, n_best, cut=len(kept[place]) < len(whole[place]))
        return result

    def _translation(self, source: list[int], found: Transduced, n_best: int, *, cut: bool) -> Translation:
        best = found.candidates[0]
        texts: dict[str, float] = {}
        for candidate in found.candidates:
            # White space is folded as it was in what the model has learnt from: a blank more makes no other text.
            texts.setdefault(" ".join(self.tokenizer.decode(candidate.ids).split()), candidate.score)
        text, *others = list(texts)[:n_best]
        return Translation(
            text=text,
            score=best.score,
            log_probability=best.log_probability,
            ended=best.ended,
            alternatives=tuple((other, texts[other]) for other in others),
            source_tokens=len(source),
            cut=cut,
            attention=found.weights,
            source_pieces=tuple(self.source_tokenizer.pieces([*source, END])),
            target_pieces=tuple(self.tokenizer.pieces([*best.ids, *([END] if best.ended else [])])),
        )

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
        return hold_out_rows(rows, None, seed=seed)

    def encode(self, rows: Dataset, *, sampling_seed: int | None = None) -> PairRows:
        """A split as ids, checked.

        Raises:
            DataError: naming the row whose text cannot be used.
        """
        return self.encode_with_report(rows, sampling_seed=sampling_seed)[0]

    def encode_with_report(
        self, rows: Dataset, *, sampling_seed: int | None = None
    ) -> tuple[PairRows, EncodingReport, EncodingReport]:
        """As `encode`, with what was met in the sources and in the targets."""
        from seqtext.data.reading.fingerprint import fingerprint
        from seqtext.data.rows.columns import check_one_split, check_texts, require

        columns = (self.config.source_column, self.config.target_column)
        check_one_split(rows)
        require({str(rows.split or "given"): rows}, *columns)
        sides = []
        for number, (column, tokenizer) in enumerate(
            zip(columns, (self.source_tokenizer, self.tokenizer), strict=True)
        ):
            check_texts(rows, column)
            sides.append(
                encode_to_disk(
                    lambda column=column: texts_of(rows, column),  # type: ignore[misc]
                    tokenizer,
                    keep=slice(0, self.config.max_length),
                    fingerprint=fingerprint(rows, [column]),
                    sampling_seed=None if sampling_seed is None else 2 * sampling_seed + number,
                )
            )
        (source, read), (target, written) = sides
        return PairRows(source, target), read, written

    def loss(self, batch: PairBatch) -> Loss:
        """Cross entropy of the targets; label smoothing and hidden words only in training."""
        model = self.model
        reading = model.embedding if model.source_embedding is None else model.source_embedding
        outputs = model(model.embedding.hide(batch.tokens)[0], model.initial_state(reading.hide(batch.source)[0]))
        real = batch.tokens.mask
        total, losses = model.head.loss(
            outputs.values[real],
            model.embedding.weight,
            batch.targets[real],
            label_smoothing=self.config.label_smoothing if model.training else 0.0,
        )
        rows = torch.zeros(len(batch.rows), device=losses.device).index_add_(0, real.nonzero()[:, 0], losses)
        return Loss(total, torch.tensor(float(len(losses)), device=losses.device), rows)

    def losses(self, batch: PairBatch) -> Iterator[Loss]:
        """The loss of a batch, which is read as a whole."""
        yield self.loss(batch)

    @torch.inference_mode()
    def evaluate(self, examples: PairRows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss of a target's token in nats, end tokens among them, and its perplexity; without label smoothing."""
        self.model.eval()

        def of(rows: NDArray[np.int64]) -> Tensor:
            loss = self.loss(examples.batch(rows).to(self.device))
            return torch.tensor([float(loss.sum), float(loss.count)], dtype=torch.float64)

        longest = int(examples.lengths.max(initial=1))
        plan: PairPlan = examples.plan(tokens=max(TOKENS_AT_ONCE, longest), seed=0, micro_batches=1, max_rows=1024)
        total, count = total_of(map_pieces([rows for [rows] in plan.in_order_of_length()], of), figures=2)
        mean = total / max(count, 1.0)
        return {"loss": mean, "perplexity": perplexity(mean)}

    # ---- saved

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes config, weights and tokenizers as one verified folder."""
        with atomic_folder(Path(folder)) as place:
            config = {"task": type(self).__name__, **to_plain(self.config)}
            text = json.dumps(config, indent=1, ensure_ascii=False) + "\n"
            (place / "config.json").write_text(text, encoding="utf-8")
            save_tensors(place / "model.safetensors", self.model.state_dict())
            (place / "tokenizer.model").write_bytes(self.tokenizer.model)
            if not self.config.shared_tokenizer:
                (place / "source_tokenizer.model").write_bytes(self.source_tokenizer.model)

    @classmethod
    def from_pretrained(cls, name: str | Path) -> Translator:
        """Opens a run folder, a model folder, or a model on the hub by its name.

        Raises:
            SavedFileError: if it is damaged, or not a translator.
        """
        return cls.from_saved(open_saved(name))

    @classmethod
    def from_saved(cls, saved: SavedTask) -> Translator:
        """From the verified files of a model folder."""
        config = saved.config(TranslatorConfig, task=cls.__name__)
        tokenizers = read_tokenizers(saved, shared=config.shared_tokenizer, lowercase=config.lowercase)
        with torch.device("meta"):  # shapes only: nothing large is allocated before the file's own shapes agree
            task = cls(config, *tokenizers)
        where = str(saved.folder / "model.safetensors")
        weights = parse_tensors(saved.file("model.safetensors"), task.model.state_dict(), where=where)
        task.model.load_state_dict(weights, assign=True)
        task.model.eval()
        return task
