"""The vector a text is written from: of training rows, by their attributes or as dense features; and of what a user asks for.

Knows names and numbers; neither texts nor models.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtext.data.rows.given import is_frame, plain_values
from seqtext.errors import DataError, OptionsError, did_you_mean, one_of, shorten
from seqtext.tasks.generation.settings import GeneratorConfig

if TYPE_CHECKING:
    from datasets import Dataset

FloatArray = NDArray[np.float32]
MOST_COMPONENTS = 64  # of a mixture: each costs a step of the model for every token


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
        return torch.zeros(len(places), self.size, dtype=torch.float32).scatter_(1, places, 1.0)


def attribute_places(rows: Dataset, config: GeneratorConfig) -> Tensor:
    """(R, A): the place of each attribute's value.

    Raises:
        DataError: naming a row without a value, or with one that training never had.
    """
    from seqtext.data.reading.column_arrays import row_as_loaded
    from seqtext.data.reading.label_codes import check_values
    from seqtext.data.rows.labels import Labels

    places, before = [], 0
    for column, names in zip(config.attributes, config.names, strict=True):
        check_values(rows, column)
        encoded = Labels(names).encode(rows, column)
        if len(encoded.names) > len(names):
            unknown = encoded.names[len(names)]
            where = f"{row_as_loaded(rows, int((encoded.ids >= len(names)).argmax()))}, column {column!r}"
            raise DataError(f"found {shorten(unknown)}, which training never had", where=where, expected=one_of(names))
        places.append(torch.from_numpy(encoded.ids) + before)
        before += len(names)
    return torch.stack(places, dim=1)


def dense_column(rows: Dataset, column: str, *, size: int = 0) -> FloatArray:
    """(R, C) of a column of lists of numbers, or of text that is such a list in JSON, as tables of text have it.

    Args:
        rows: of a split.
        column: its name.
        size: features, C; that of the first row if 0.

    Raises:
        DataError: naming the first row whose vector is missing, not finite, or of another size.
    """
    from seqtext.data.reading.column_arrays import column_arrays, row_as_loaded

    parts: list[FloatArray] = []
    for array in column_arrays(rows, column):
        for value in array.to_pylist():
            vector = _finite_vector(_read(value) if isinstance(value, str) else value)
            if vector is None or vector.size != (size := size or vector.size):
                where = f"{row_as_loaded(rows, len(parts))}, column {column!r}"
                count = "" if vector is None else f" ({vector.size} numbers)"
                expected = f"a list of {size or 'one or more'} finite numbers"
                fix = "write it so: [0.5, -1, 2]" if isinstance(value, str) else ""
                raise DataError(f"found {shorten(value)}{count}", where=where, expected=expected, fix=fix)
            parts.append(vector)
    return np.stack(parts)


def _read(text: str) -> Any:
    """What a text says in JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _finite_vector(value: Any) -> FloatArray | None:
    """(C,) of anything like a list of finite numbers, at least one; None of anything else."""
    try:
        with np.errstate(over="ignore"):
            vector = np.asarray(value, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError, OverflowError):  # of a whole number that no float holds
        return None
    return vector if vector.ndim == 1 and vector.size and np.isfinite(vector).all() else None


def dense_scales(vectors: FloatArray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each feature; 1 for one that is constant."""
    means, scales = vectors.mean(0, dtype=np.float64), vectors.std(0, dtype=np.float64)
    return tuple(means.tolist()), tuple(np.where(scales > 1e-9 * np.abs(means), scales, 1.0).tolist())


def scale_dense(vectors: FloatArray, config: GeneratorConfig) -> Tensor:
    """Dense vectors as the model reads them."""
    scaled = (vectors - np.asarray(config.means)) / np.asarray(config.scales)
    return torch.from_numpy(scaled.astype(np.float32))


def raw_vectors(vectors: Tensor, config: GeneratorConfig) -> FloatArray:
    """What the model reads as a user gives it: dense vectors with their scale again, mixtures as they are."""
    raw = vectors.cpu().numpy()
    return (raw * np.asarray(config.scales) + np.asarray(config.means)).astype(np.float32) if config.means else raw


def several(request: Any) -> list[Any]:
    """What a user asks for, as a list of requests: a list as it is, a column of names as its names, anything else as one request.

    Raises:
        OptionsError: for a table, whose columns' names are no request.
    """
    if is_frame(request):
        fix = "pass the column of the names, as df['topic']"
        raise OptionsError(f"asked for a {type(request).__name__}", expected="a name, or a list of names", fix=fix)
    if isinstance(request, list):
        return request
    if request is None or isinstance(request, str | Mapping) or not isinstance(request, Iterable):
        return [request]
    items = list(plain_values(request))
    return items if items and all(isinstance(item, str | Mapping) for item in items) else [request]


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
    vector = _finite_vector(request)
    if vector is None or len(vector) != config.vector_size:
        found = " ".join(shorten(request).split()) if vector is None else f"a vector of {len(vector)} numbers"
        raise OptionsError(
            f"asked for {found}", expected=f"a name, names with weights, or {config.vector_size} finite numbers"
        )
    return scale_dense(vector, config) if config.means else torch.from_numpy(vector)


def components(vector: Tensor, config: GeneratorConfig) -> tuple[Tensor, Tensor]:
    """The vectors (K, C) that a mixture is made of, and their weights (K,) of sum 1: those that training had, not one between them.

    Of several attributes that are mixed, all combinations. A vector that is no mixture of names is its own single component; so is the
    part of an attribute that was not asked for.

    Raises:
        OptionsError: for a mixture of more than 64 vectors.
    """
    parts = [(vector.new_ones(()), vector)]
    before = 0
    for names in config.names:
        segment = slice(before, before := before + len(names))
        part = vector[segment]
        shares = torch.tensor(config.shares[segment], dtype=vector.dtype)
        # Of several attributes one may not have been asked for, and then has its shares; of one alone they are what was asked for.
        unasked = len(config.names) > 1 and torch.allclose(part, shares)
        if (part < 0).any() or not torch.isclose(part.sum(), part.new_ones(())) or unasked:
            continue
        places = part.nonzero().flatten().tolist()
        if len(parts) * len(places) > MOST_COMPONENTS:
            found = f"a mixture of {len(parts) * len(places)} vectors"
            raise OptionsError(found, expected=f"at most {MOST_COMPONENTS}", fix="ask for fewer names")
        split = []
        for weight, whole in parts:
            for place in places:
                pure = whole.clone()
                pure[segment] = 0.0
                pure[segment.start + place] = 1.0
                split.append((weight * part[place], pure))
        parts = split
    weights = torch.stack([weight for weight, _ in parts])
    return torch.stack([pure for _, pure in parts]), weights / weights.sum()


def _is_weight(value: object) -> bool:
    """Whether something is a finite number, 0 or more."""
    try:
        return isinstance(value, Real) and 0 <= float(value) < math.inf
    except OverflowError:  # a whole number that no float holds
        return False


def _mixture(weights: Mapping[str, float], config: GeneratorConfig) -> Tensor:
    """Weights of names, made to sum to 1 within each attribute; an attribute that is not named has its shares of training."""
    if not config.attributes:
        fix = (
            "ask for something like a text"
            if config.has_encoder
            else 'give a vector, in a line of --input as {"vector": [...]}'
        )
        raise OptionsError("the model's vectors have no names", fix=fix)
    places = [_place(name, config) for name in weights]
    for (name, weight), place in zip(weights.items(), places, strict=True):
        if not _is_weight(weight):
            raise OptionsError(f"weight of {name!r} is {shorten(weight)}", expected="a finite number, 0 or more")
        if places.count(place) > 1:
            raise OptionsError(f"{name!r} is asked for twice")
    given = torch.zeros(config.vector_size, dtype=torch.float64)
    for place, weight in zip(places, weights.values(), strict=True):
        given[place] = float(weight)
    parts, before = [], 0
    for names in config.names:
        after = before + len(names)
        part = given[before:after]
        if not any(before <= place < after for place in places):
            part = torch.tensor(config.shares[before:after], dtype=torch.float64)
        elif not part.any():
            raise OptionsError(f"the weights of {', '.join(weights)} are all 0", expected="one above 0")
        part = part / part.max()  # so that the sum of huge weights is finite
        parts.append(part / part.sum())
        before = after
    return torch.cat(parts).float()


def _place(name: str, config: GeneratorConfig) -> int:
    """Where in the vector a name stands; `column:name` says which is meant where several attributes have it."""
    known: list[str] = []
    full: list[str] = []
    for column, names in zip(config.attributes, config.names, strict=True):
        known += names
        full += [f"{column}:{one}" for one in names]
    if known.count(name) == 1:
        return known.index(name)
    if name in full and name not in known:
        return full.index(name)
    if name in known:
        meant = [whole for whole, one in zip(full, known, strict=True) if one == name]
        raise OptionsError(f"{shorten(name)} is a value of several attributes", expected=one_of(meant))
    raise OptionsError(f"unknown topic {shorten(name)}", expected=one_of(known), fix=did_you_mean(str(name), known))
