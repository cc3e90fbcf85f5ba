"""The vector a text is written from: of training rows, by their attributes or as dense features; and of what a user asks for.

Knows names and numbers; neither texts nor models.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.errors import DataError, OptionsError, did_you_mean, one_of, shorten
from seqtext.tasks.generator_settings import GeneratorConfig

if TYPE_CHECKING:
    from datasets import Dataset

FloatArray = NDArray[np.float32]


class RowVectors:
    """The vectors of R rows: places of ones, or dense features. Made when a batch asks for them.

    Args:
        places: (R, A) int64, where each attribute's one stands; or None.
        dense: (R, C) float32, scaled; or None. Both None is no vector.
        size: features, C.
    """

    def __init__(self, places: Tensor | None, dense: Tensor | None, size: int) -> None:
        self.places, self.dense, self.size = places, dense, size

    def __getitem__(self, rows: Tensor) -> Tensor | None:
        """(B, C) of some rows; None without vectors."""
        if self.dense is not None:
            return self.dense[rows]
        if self.places is None:
            return None
        places = self.places[rows]
        return torch.zeros(len(places), self.size).scatter_(1, places, 1.0)


def attribute_places(rows: Dataset, config: GeneratorConfig) -> Tensor:
    """(R, A): the place of each attribute's value.

    Raises:
        DataError: naming a row without a value, or with one that training never had.
    """
    from seqtext.data.labels import Labels

    places, before = [], 0
    for column, names in zip(config.attributes, config.names, strict=True):
        encoded = Labels(names).encode(rows, column)
        if len(encoded.names) > len(names):
            unknown = encoded.names[len(names)]
            row = int((encoded.ids >= len(names)).argmax()) + 1
            raise DataError(f"found {shorten(unknown)}", where=f"row {row}, column {column!r}", expected=one_of(names))
        places.append(torch.from_numpy(encoded.ids) + before)
        before += len(names)
    return torch.stack(places, dim=1)


def dense_column(rows: Dataset, column: str) -> FloatArray:
    """(R, C) of a column of lists of numbers.

    Raises:
        DataError: naming the first row whose vector is missing, not finite, or of another size.
    """
    from seqtext.data.column_arrays import column_arrays

    parts: list[FloatArray] = []
    size, first = 0, 1
    for array in column_arrays(rows, column):
        for offset, value in enumerate(array.to_pylist()):
            where = f"row {first + offset}, column {column!r}"
            try:
                vector = np.asarray(value, dtype=np.float32)
            except (TypeError, ValueError) as error:
                raise DataError(f"found {shorten(value)}", where=where, expected="a list of numbers") from error
            size = size or vector.size
            if vector.ndim != 1 or vector.size != size or not np.isfinite(vector).all():
                raise DataError(f"found {shorten(value)}", where=where, expected=f"{size} finite numbers")
            parts.append(vector)
        first += len(array)
    return np.stack(parts)


def dense_scales(vectors: FloatArray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each feature; 1 for one that is constant."""
    means, scales = vectors.mean(0, dtype=np.float64), vectors.std(0, dtype=np.float64)
    return tuple(means.tolist()), tuple(np.where(scales > 1e-9 * np.abs(means), scales, 1.0).tolist())


def scale_dense(vectors: FloatArray, config: GeneratorConfig) -> Tensor:
    """Dense vectors as the model reads them."""
    scaled = (vectors - np.asarray(config.means)) / np.asarray(config.scales)
    return torch.from_numpy(scaled.astype(np.float32))


def asked(request: Any, config: GeneratorConfig) -> Tensor | None:
    """(C,) the vector of what a user asks for; None without a vector.

    Args:
        request: a name, names with weights, a raw vector (C,), or None for any text.
        config: of the generator.

    Raises:
        OptionsError: an unknown name, weights that cannot be, a vector of another size or that is not finite.
    """
    if request is None:
        return None
    if not config.vector_size:
        raise OptionsError("the model is a language model without a vector", fix="ask for nothing")
    if isinstance(request, str):
        request = {request: 1.0}
    if isinstance(request, Mapping):
        return _mixture(request, config)
    vector = np.asarray(request, dtype=np.float64)
    if vector.shape != (config.vector_size,):
        raise OptionsError(f"a vector of shape {vector.shape}", expected=f"({config.vector_size},)")
    if not np.isfinite(vector).all():
        raise OptionsError("a vector with NaN or inf", expected="finite numbers")
    if config.means:
        return scale_dense(vector.astype(np.float32), config)
    return torch.from_numpy(vector.astype(np.float32))


def _mixture(weights: Mapping[str, float], config: GeneratorConfig) -> Tensor:
    """Weights of names, made to sum to 1 within each attribute; an attribute that is not named has its shares of training."""
    if not config.attributes:
        raise OptionsError("the model's vectors have no names", fix="give a vector, or a text whose vector to use")
    known = [name for names in config.names for name in names]
    for name, weight in weights.items():
        if name not in known:
            raise OptionsError(f"unknown topic {shorten(name)}", expected=one_of(known), fix=did_you_mean(name, known))
        if not isinstance(weight, int | float) or not math.isfinite(weight) or weight < 0:
            raise OptionsError(f"weight of {name!r} is {weight}", expected="0 or more")
    parts, before = [], 0
    for names in config.names:
        given = [float(weights.get(name, 0.0)) for name in names]
        if not any(name in weights for name in names):
            given = list(config.shares[before : before + len(names)])
        elif not sum(given):
            raise OptionsError(f"the weights of {', '.join(weights)} are all 0", expected="one above 0")
        parts += [weight / sum(given) for weight in given]
        before += len(names)
    return torch.tensor(parts)
