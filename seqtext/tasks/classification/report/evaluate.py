"""`seqtext evaluate` of a classifier: accuracy and F1 on a split of any data set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from seqtext.errors import DataError, OptionsError, one_of


@dataclass(frozen=True)
class Evaluate:
    """Accuracy, macro F1 and figures per class, in fp32."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    data: str
    """Data set: name on the hub, folder, file, or phrasebook[:locale]."""
    split: str | None = None
    """Split to measure on. Default: test, or the only one there is, as of a single file."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub."""
    data_config: str | None = None
    """Configuration of a data set that has several."""
    text_column: str | None = None
    """Default: the one the model was trained on."""
    label_column: str | None = None
    """Default: the one the model was trained on."""
    unlabelled: Literal["error", "drop"] = "error"
    """Rows without a label stop the evaluation, or are left out and counted."""
    json: bool = False
    """Print the figures as JSON, with the confusion matrix."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1 or mps."""
    threads: int | None = None
    """CPU threads. Default: as many as there are cores."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Loads, measures, prints."""
        from seqtext.data.reading.sources import load as load_data
        from seqtext.data.rows.columns import require
        from seqtext.data.rows.labels import Labels
        from seqtext.nn.precision import choose_device, set_threads
        from seqtext.tasks.classification.report.metrics import classification_metrics
        from seqtext.tasks.saved import load

        if self.threads is not None and self.threads < 1:
            raise OptionsError(f"--threads is {self.threads}", expected="at least 1")
        set_threads(self.threads)
        classifier = load(self.run_folder)
        device = choose_device(self.device)
        classifier.model.to(device)
        source = load_data(self.data, revision=self.revision, config=self.data_config, needs=())
        split = self.split or (next(iter(source.splits)) if len(source.splits) == 1 else "test")
        if split not in source.splits:
            raise DataError(
                f"no split {split!r}", where=self.data, expected=one_of(source.splits), fix="pass --split NAME"
            )
        rows = source.splits[split]
        classifier.use_columns(self.text_column, self.label_column)
        require({split: rows}, classifier.config.text_column, fix="pass --text_column NAME")
        require({split: rows}, classifier.config.label_column, fix="pass --label_column NAME")
        labels = Labels(classifier.config.labels).encode(
            rows, classifier.config.label_column, unlabelled=self.unlabelled
        )
        if labels.dropped:
            rows = rows.select(labels.rows)
        probabilities = classifier.probabilities(classifier.encode(rows).to(device))
        metrics = classification_metrics(
            probabilities.argmax(axis=1), labels.ids, labels.names, known=range(len(classifier.config.labels))
        )
        if self.json:
            print(json.dumps(metrics.to_json(), ensure_ascii=False, indent=1))
            return
        print(
            f"{source.name}, split {split}: {metrics.rows:,} rows"
            + (f" at {source.revision}" if source.revision else "")
        )
        print(f"accuracy {metrics.accuracy:.2%}, macro F1 {metrics.macro_f1:.4f}\n")
        width = max(5, *(len(figures.name) for figures in metrics.per_class))
        print(f"{'class':<{width}}  precision  recall      F1    rows")
        for f in metrics.per_class:
            print(f"{f.name:<{width}}  {f.precision:>9.3f}  {f.recall:>6.3f}  {f.f1:>6.3f}  {f.rows:>6,}")
        for note in [f"rows left out because they have no label: {labels.dropped:,}"] * bool(labels.dropped) + list(
            labels.warnings
        ):
            print(f"note: {note}")
