"""The vectors that a saved classifier gives to the texts of a split, made once per content. Knows rows and a classifier only.

Reading a corpus takes the classifier about as long as an epoch of its training, and a generator's vectors are asked for several times:
for their scales, for training, for the report.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqtext.data.reading.cache import cache_folder
from seqtext.data.text.encoding import texts_of
from seqtext.errors import SavedFileError
from seqtext.saving.folders import atomic_folder, read_folder
from seqtext.tasks.classification.classifier import TopicClassifier

if TYPE_CHECKING:
    from datasets import Dataset

_FILE = "vectors.bin"


def example_vectors(encoder: TopicClassifier, rows: Dataset, column: str) -> NDArray[np.float32]:
    """(R, C) the vector of each text, out of the cache if these texts were read by this classifier before.

    Args:
        encoder: the classifier.
        rows: of a split.
        column: its texts.

    Raises:
        ResourceError: a cache folder that cannot be written, or a full disk.
    """
    from seqtext.data.reading.fingerprint import fingerprint

    key = hashlib.sha256(fingerprint(rows, [column]).encode())
    for name, data in sorted(encoder.files().items()):
        key.update(f"{name} {len(data)} ".encode() + data)
    folder = cache_folder("vectors") / key.hexdigest()[:32]
    try:
        kept = np.frombuffer(read_folder(folder)[_FILE], dtype=np.float32)
        return kept.reshape(len(rows), -1).copy()
    except (SavedFileError, KeyError, ValueError):  # not there, or damaged: made again
        vectors = encoder.encode_texts([text for chunk in texts_of(rows, column) for text in chunk])
    with atomic_folder(folder) as place:
        vectors.tofile(place / _FILE)
    return vectors
