"""Which rows a classifier learns from, as flags of its recipe. Knows no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seqtext.data.reading.options import TextDataOptions
from seqtext.options import MOST_STEPS, POSITIVE, Range, RunOptions, at_most, out_of_range
from seqtext.tasks.start_options import StartOptions

if TYPE_CHECKING:
    from datasets import Dataset

_TRAIN_AND_VALIDATE = Range("2 or more: one to train on and one to validate", lambda rows: rows >= 2)


@dataclass(frozen=True)
class LabelledOptions(TextDataOptions, RunOptions, StartOptions):
    """Rows with labels."""

    label_column: tuple[str, ...] = ()
    """Column of the labels or numbers, or several of yes and no, one for each label. Default: recognised where there is no doubt."""
    per_class: int | None = None
    """Use this many labelled rows of each class, drawn with the seed: validation rows are some of them, the others are left aside."""
    unlabelled: Literal["error", "drop", "use"] = "error"
    """Rows without a label stop the run, are left out and counted, or teach too: those that --per_class does not draw are among them."""
    unlabelled_data: str | None = None
    """Further texts without labels that teach too: a data set or file, as --data takes them (one text a line in txt)."""
    pretraining_epochs: int | None = None
    """Times that the language model of the texts without labels reads them. Default: as many as take some minutes, 6 at most."""
    self_training: bool = True
    """Spread the labels to the rows without one by naive Bayes, and learn from that too, where it finds more hidden labels than without."""
    augment_from: str | None = None
    """Saved text generator (or hub model) whose texts of each label are learnt from too; kept only if validation gains by them."""
    compare_scratch: bool = False
    """Train a model of the same sizes without a start too, for as long, and keep the better one by the validation rows."""

    def further_texts(self) -> list[Dataset]:
        """The rows of --unlabelled_data.

        Raises:
            DataError: nothing of that name, or anything that cannot be read.
        """
        from seqtext.data.reading.sources import load

        return [] if self.unlabelled_data is None else [load(self.unlabelled_data).splits["train"]]

    @property
    def has_start(self) -> bool:
        """Whether there is something to start from: a run, or a language model of texts without labels."""
        return self.init_from is not None or self.has_more_texts

    @property
    def has_more_texts(self) -> bool:
        """Whether texts without labels are to teach."""
        return self.unlabelled == "use" or self.unlabelled_data is not None

    def _faults(self) -> list[str]:
        ranges = {
            _TRAIN_AND_VALIDATE: ("per_class",),
            at_most(MOST_STEPS): ("per_class",),
            POSITIVE.or_nothing: ("pretraining_epochs",),
        }
        faults = out_of_range(self, ranges)
        if self.per_class is not None and self.max_rows is not None:
            faults.append("--per_class and --max_rows both say how many rows are used; give one of them")
        if self.compare_scratch and not self.has_start:
            faults.append(
                "--compare_scratch compares with a start, and there is none; give --init_from, or leave it out"
            )
        if self.pretraining_epochs is not None and not self.has_more_texts:
            faults.append(
                "--pretraining_epochs is of a language model of texts without labels; give --unlabelled use, or leave it out"
            )
        return faults
