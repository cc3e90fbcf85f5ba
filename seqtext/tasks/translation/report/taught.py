"""Pairs that other translators make of the training sources: an ensemble taught into one (Kim and Rush 2016).

What several models write together is surer and more regular than what people wrote, and one model learns it beside that. Translations are
kept in the cache, so that a run that goes on has the same ones. Knows translators as callables, nothing of how they are trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtext.data.pairs.parallel_files import SOURCE, TARGET
from seqtext.data.pairs.sources import LANGUAGE
from seqtext.data.pairs.splits import PairSplits
from seqtext.data.reading.fingerprint import fingerprint
from seqtext.data.reading.kept_copies import kept_copy
from seqtext.errors import OptionsError
from seqtext.nn.precision import choose_device, set_threads
from seqtext.training.processes import started_processes
from seqtext.training.progress_bar import progress_bar

if TYPE_CHECKING:
    from datasets import Dataset

    from seqtext.tasks.translation.translator import Translator

BEAM = 4
AT_ONCE = 512  # texts, which fill batches of like length
VERSION = 1  # of how translations are made; raise it when the same models would write others


@dataclass(frozen=True)
class TaughtOptions:
    """Translators to learn from."""

    taught_by: tuple[str, ...] = ()
    """Saved translators (or hub models) that translate the training sources together: learnt from beside the given translations."""


def taught(
    data: PairSplits, names: Sequence[str], *, device: str, threads: int | None, dry_run: bool = False
) -> PairSplits:
    """The same splits; behind the training pairs each source once more, with what saved translators write for it together.

    Args:
        data: pairs.
        names: of the translators' runs, or of models on the hub; none leaves the pairs as they are.
        device: where they are to run, `auto` too.
        threads: of the CPU; all if None.
        dry_run: whether nothing is to be translated.

    Raises:
        OptionsError: for what is no translator, or translates other languages, or several whose tokens are not the same.
    """
    if not names:
        return data
    from datasets import Dataset, concatenate_datasets

    from seqtext.tasks.saved import load_for

    translators: list[Translator] = [load_for("translate", name).to(str(choose_device(device))) for name in names]
    for name, one in zip(names, translators, strict=True):
        for side, ours, theirs in zip(("source", "target"), data.languages, one.config.languages, strict=True):
            if ours != theirs and LANGUAGE.fullmatch(ours) and LANGUAGE.fullmatch(theirs):  # else the names of columns
                raise OptionsError(f"its {side} is {theirs!r}", where=f"--taught_by {name}", expected=repr(ours))
    set_threads(threads)
    translators[0](["."], others=translators[1:], beam=1)  # refuses models that cannot write together
    train, told = data.train, f"{', '.join(names)} translate {len(data.train):,} training sources together"
    if dry_run:
        return replace(data, notes=(*data.notes, f"{told} first (--taught_by)"))
    key = hashlib.sha256(repr((VERSION, BEAM, fingerprint(train, [SOURCE]), *map(_digest, translators))).encode())
    with started_processes().first_alone():
        copy = kept_copy(f"{key.hexdigest()}-taught", partial(_write, train, translators, f"first       {told}"))
    written = Dataset.from_file(str(copy))[TARGET][:]
    there = np.flatnonzero([bool(text.strip()) for text in written])
    more = train.remove_columns(TARGET).add_column(TARGET, written, feature=train.features[TARGET])
    rows = concatenate_datasets([train, more.select_columns(train.column_names).select(there)])
    rows.info.dataset_name = train.info.dataset_name
    note = f"{len(there):,} training pairs more: {told} (--taught_by)"
    return replace(data, train=rows, notes=(*data.notes, note))


def _digest(translator: Translator) -> str:
    """Of all that decides what it writes."""
    whole = hashlib.sha256(repr(translator.config).encode())
    for tokenizer in (translator.source_tokenizer, translator.tokenizer):
        whole.update(tokenizer.sha256.encode())
    for name, value in translator.model.state_dict().items():
        whole.update(name.encode())
        whole.update(value.detach().cpu().contiguous().view(-1).float().numpy().tobytes())
    return whole.hexdigest()


def _write(train: Dataset, translators: Sequence[Translator], told: str, target: Path) -> None:
    import pyarrow as pa

    print(told, flush=True)
    schema = pa.schema([(TARGET, pa.string())])
    with (
        pa.OSFile(str(target), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
        progress_bar(len(train), done=0, title="translated") as bar,
    ):
        for first in range(0, len(train), AT_ONCE):
            texts = train[first : first + AT_ONCE][SOURCE]
            made = translators[0](texts, others=translators[1:], beam=BEAM)
            writer.write_batch(pa.record_batch([pa.array([one.text for one in made], pa.string())], schema=schema))
            bar.update(len(texts))
