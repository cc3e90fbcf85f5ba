"""seqtext trains, saves and runs small recurrent models of text and numbers.

`seqtext.load(folder)` opens any saved model; `seqtext.fit(task, train, validation, run=...)` trains one. Everything is imported when
first used, so that `import seqtext` costs nothing.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from seqtext import errors as errors
from seqtext.tasks.known import PUBLIC, public

# Batches are of every shape, between which a GPU's memory would fall to pieces. Torch reads this once, when it is imported; the others
# are its older names.
if (
    sys.platform == "linux"
    and "torch" not in sys.modules
    and not {"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF"} & os.environ.keys()
):
    os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"

if TYPE_CHECKING:  # the same names once more, for type checkers and editors
    from seqtext.batching.batch_plan import BatchPlan as BatchPlan
    from seqtext.batching.padded import Padded as Padded
    from seqtext.batching.ragged import Ragged as Ragged
    from seqtext.data.reading.sources import phrasebook as phrasebook
    from seqtext.data.text.normaliser import Normaliser as Normaliser
    from seqtext.data.text.tokenizer import Tokenizer as Tokenizer
    from seqtext.models.seq_to_vec import SeqToVec as SeqToVec
    from seqtext.nn.backbone import Backbone as Backbone
    from seqtext.nn.embedding import TokenEmbedding as TokenEmbedding
    from seqtext.nn.losses import Loss as Loss
    from seqtext.nn.losses import classification_loss as classification_loss
    from seqtext.nn.pooling import Pooling as Pooling
    from seqtext.reporting.curves import learning_curves as learning_curves
    from seqtext.reporting.report import learning_history as learning_history
    from seqtext.saving.folders import atomic_folder as atomic_folder
    from seqtext.saving.folders import parse_tensors as parse_tensors
    from seqtext.saving.folders import read_folder as read_folder
    from seqtext.saving.folders import save_tensors as save_tensors
    from seqtext.tasks.known import *  # noqa: F403
    from seqtext.tasks.saved import load as load
    from seqtext.training.fit import FitResult as FitResult
    from seqtext.training.fit import fit as fit
    from seqtext.training.protocols import Examples as Examples
    from seqtext.training.protocols import Task as Task
    from seqtext.training.run_folder import RunFolder as RunFolder

__version__ = "0.1.0"

_HOMES = {
    # train and open
    "fit": "seqtext.training.fit",
    "load": "seqtext.tasks.saved",
    "phrasebook": "seqtext.data.reading.sources",
    # the parts that models and tasks are made of
    "Backbone": "seqtext.nn.backbone",
    "BatchPlan": "seqtext.batching.batch_plan",
    "Loss": "seqtext.nn.losses",
    "Normaliser": "seqtext.data.text.normaliser",
    "Padded": "seqtext.batching.padded",
    "Pooling": "seqtext.nn.pooling",
    "Ragged": "seqtext.batching.ragged",
    "SeqToVec": "seqtext.models.seq_to_vec",
    "TokenEmbedding": "seqtext.nn.embedding",
    "Tokenizer": "seqtext.data.text.tokenizer",
    "classification_loss": "seqtext.nn.losses",
    # what a task of one's own needs
    "Examples": "seqtext.training.protocols",
    "FitResult": "seqtext.training.fit",
    "RunFolder": "seqtext.training.run_folder",
    "Task": "seqtext.training.protocols",
    "atomic_folder": "seqtext.saving.folders",
    "learning_curves": "seqtext.reporting.curves",
    "learning_history": "seqtext.reporting.report",
    "parse_tensors": "seqtext.saving.folders",
    "read_folder": "seqtext.saving.folders",
    "save_tensors": "seqtext.saving.folders",
}
__all__ = sorted(["__version__", "errors", *_HOMES, *PUBLIC])


def __getattr__(name: str) -> object:
    if name in PUBLIC:
        return public(name)
    if name not in _HOMES:
        raise AttributeError(f"module 'seqtext' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
