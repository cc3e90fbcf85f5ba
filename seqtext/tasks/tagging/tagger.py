"""`Tagger`: words in, a tag for each out, at once or as they arrive. A `SeqToSeq` with its words and its tags.

Knows words and tags; reads no files but its own saved ones, and does not know how it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.batching.ragged import Ragged
from seqtext.batching.usual import Usual
from seqtext.data.text.encoding import chunked
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.data.text.word_tokenizer import WordTokenizer
from seqtext.errors import one_of, shorten
from seqtext.models.seq_to_seq import SeqToSeq
from seqtext.nn.losses import Loss, step_loss
from seqtext.nn.word_vectors import Words
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import restore, task_files, with_new_weights
from seqtext.tasks.starting import copy_weights
from seqtext.tasks.tagging.forms import Spelling
from seqtext.tasks.tagging.given import given_sentences
from seqtext.tasks.tagging.inference import Said, by_row, said_of_examples, said_of_rows
from seqtext.tasks.tagging.model import build_model
from seqtext.tasks.tagging.next_words import with_next_words
from seqtext.tasks.tagging.rows import EncodedTags, TagBatch
from seqtext.tasks.tagging.settings import TaggerConfig, Tagging
from seqtext.tasks.tagging.spans import count_spans, mark_spans
from seqtext.tasks.tagging.stream import TagStream
from seqtext.tasks.tagging.vocabulary import PIECES, WORDS, read_words

if TYPE_CHECKING:
    from datasets import Dataset

_DEFAULT = Tagging()
CHUNK = 2_000  # rows tagged at a time: enough to fill batches of like length, little memory

Tagged = list[tuple[Any, ...]]  # (word, tag) of each word of a row, or (word, tag, probability)


class Tagger(BaseTask):
    """Says a tag for every word.

    Args:
        config: settings, tags and characters.
        words: that have a vector of their own.
        pieces: that words are cut into besides, as the run reads that it was started from; or None.
    """

    config: TaggerConfig
    model: SeqToSeq
    auto_precision: Precision = "fp32"  # batches of a few hundred small products: half precision is no faster
    encodes_each_epoch = False
    usual = Usual(epochs=14, batch_rows=64, learning_rate=1e-2, optimizer="muon")

    def __init__(self, config: TaggerConfig, words: WordTokenizer, pieces: Tokenizer | None = None) -> None:
        self.config = config
        self.words, self.pieces = words, pieces
        self.spelling = Spelling(words, config.characters, pieces)
        self.copied = ""  # which weights came from another run, to print
        self.marks_spans = mark_spans(config.tags)
        self.model = build_model(config, len(words), len(pieces or ()))

    @property
    def selection_metric(self) -> str:
        """The validation figure that decides which epoch's weights are kept."""
        return self.config.select

    @property
    def lower_is_better(self) -> bool:
        """Of that figure."""
        return self.config.select == "loss"

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        config = self.config
        names = one_of(map(shorten, config.tags), 5).removeprefix("one of ")
        ahead = f"looks {config.look_ahead} words ahead" if config.look_ahead else "streams"
        units = f"{config.cell} of {config.hidden_size:,} units"
        reads = "reads whole sentences" if config.bidirectional else ahead
        return [f"{len(config.tags):,} tags: {names}", reads, units, f"{len(self.words):,} words"]

    # ---- made from data, or from another run

    @classmethod
    def from_data(
        cls,
        train: Any,
        *,
        token_column: str | None = None,
        tag_column: str | None = None,
        init_from: str | Path | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> Tagger:
        """A new tagger for a data set: takes words, characters and tags out of the rows, draws the weights.

        Args:
            train: training rows, as a data set, a data frame, a dict of columns or a list of dicts; nothing else may be given.
            token_column: of the words of each row; recognised if there is no doubt.
            tag_column: of the tags, likewise.
            init_from: a saved tagger, whose words and characters this one takes over; or any saved task of texts, a language model above
                all, into whose pieces words are cut besides. Weights are copied where they fit.
            seed: of the first weights.
            settings: fields of `TaggerSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if columns, words or tags cannot be used.
            OptionsError: for an unknown setting, or one that the run to start from contradicts.
        """
        from seqtext.tasks.tagging.prepare import prepare  # counts words: not needed to tag

        prepared = prepare(train, token_column, tag_column, init_from, settings)
        task = with_new_weights(lambda: cls(prepared.config, prepared.words, prepared.pieces), seed=seed)
        if prepared.weights is not None:
            task.copied = copy_weights(task.model, prepared.weights)
        return task

    # ---- raw in, raw out

    def __call__(self, texts: Any, *, probabilities: bool = _DEFAULT.probabilities) -> list[Tagged]:
        """The words of each text with their tags, in fp32, whatever the model was trained in: always a list, of one for one text.

        Args:
            texts: as `given_sentences` (tasks/tagging/given.py) takes them: texts, which are cut at white space, lists of words, or rows
                or a table that have the column of training. An empty text has no words.
            probabilities: as `seqtext.tasks.tagging.settings.Tagging` says: (word, tag, probability) then.

        Raises:
            DataError: if something in `texts` is neither a text nor a list of words.
            NumericsError: if the probabilities are not numbers.
        """
        return list(self.tag(texts, probabilities=probabilities))

    def tag(self, texts: Any, *, probabilities: bool = _DEFAULT.probabilities) -> Iterator[Tagged]:
        """Like calling, for any number of texts: they are taken in chunks, so a pipe of them needs little memory."""
        asked = Tagging(probabilities=probabilities)
        names = self.config.tags
        for chunk in chunked(given_sentences(texts, self.config.token_column), CHUNK):
            said = self.said([row for row in chunk if row])
            tags = [names[number] for number in said.tags.tolist()]
            sure = said.probabilities.tolist() if asked.probabilities else []
            start = 0
            for row in chunk:
                end = start + len(row)
                columns = [row, tags[start:end], *([sure[start:end]] if asked.probabilities else [])]
                yield list(zip(*columns, strict=True))
                start = end

    @torch.inference_mode()
    def said(self, rows: Sequence[Sequence[str]]) -> Said:
        """What is said of the words of some rows, each with a word at least; all at once."""
        forms, numbers = self.spelling.forms(rows)
        return said_of_rows(self.model, forms, Ragged.from_sequences(numbers))

    def stream(self) -> TagStream:
        """A text that arrives in pieces.

        Raises:
            OptionsError: for a tagger that reads whole sentences.
        """
        return TagStream(self)

    def open_stream(self, folder: str | Path) -> TagStream:
        """The stream that `TagStream.save` wrote, which goes on as if it had never stopped.

        Raises:
            SavedFileError: if it is damaged, or of another model.
            OptionsError: for a tagger that reads whole sentences.
        """
        return TagStream.open(self, folder)

    def words_of(self, rows: Sequence[Sequence[str]]) -> Words:
        """Some rows as what the model reads, on the CPU."""
        forms, numbers = self.spelling.forms(rows)
        ragged = Ragged.from_sequences(numbers)
        return forms.words(ragged.pad(torch.arange(len(rows))), torch.device("cpu"))

    # ---- what training asks for

    def rows(self, given: Any) -> Dataset:
        """As `as_rows` (data/rows/given.py), with the columns of words and tags."""
        from seqtext.data.rows.given import as_rows

        return as_rows(given, self.config.token_column, self.config.tag_column)

    def split(self, rows: Any, *, seed: int) -> tuple[Dataset, Dataset]:
        """Training and validation rows out of training rows alone: a seeded tenth, 2,500 at most."""
        from seqtext.data.tags.splits import hold_out_sentences

        return hold_out_sentences(self.rows(rows), self.config.token_column, seed=seed)

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> EncodedTags:
        """A split as ids, checked. Tags that the task does not have get ids behind those it has.

        Raises:
            DataError: naming the row that cannot be used.
        """
        from seqtext.tasks.tagging.encode import encode_rows  # reads data sets: not needed to tag

        return encode_rows(self, self.rows(rows))

    def losses(self, batch: TagBatch) -> Iterator[Loss]:
        """Cross entropy of the tags of all words; in training also of the words that come next."""
        hidden = self.model.hidden(batch.words)
        outputs = hidden.with_values(self.model.head(hidden.values))
        if not self.model.training:
            yield step_loss(outputs, batch.tags)
            return
        loss = step_loss(outputs, batch.tags, label_smoothing=self.config.label_smoothing)
        predicts = self.model.auxiliary is not None
        yield with_next_words(loss, self.model, hidden, batch.words.ids, self.config) if predicts else loss

    def validate(self, examples: EncodedTags, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss and accuracy over the words of a split, and F1 of spans where tags mark such.

        Tags the model does not know are mistakes, and have no loss.
        """
        said = said_of_examples(self.model, examples, map_pieces)
        true = examples.tags.values.numpy()
        there, known = true >= 0, (true >= 0) & (true < len(self.config.tags))
        loss = float(said.losses[known].mean()) if known.any() else float("nan")
        accuracy = float((said.tags == true)[there].mean()) if there.any() else 0.0
        figures = {"loss": loss, "accuracy": accuracy}
        if self.marks_spans:
            names = [*self.config.tags, *["?"] * (int(true.max(initial=0)) + 1 - len(self.config.tags)), "O"]
            lengths = examples.row_lengths.tolist()
            of_rows = [by_row([names[tag] for tag in tags.tolist()], lengths) for tags in (true, said.tags)]
            figures["span_f1"] = count_spans(of_rows[0], of_rows[1])[""].f1
        return figures

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        pieces = {} if self.pieces is None else {PIECES: self.pieces.model}
        return task_files(self, {WORDS: self.words.model, **pieces})

    @classmethod
    def from_saved(cls, saved: SavedTask) -> Tagger:
        """From the verified files of a model folder."""
        config = saved.config(TaggerConfig, task=cls.__name__)
        words, pieces = read_words(saved)
        return restore(saved, lambda: cls(config, words, pieces))
