"""Pairs of a small language, and a translator of them."""

from __future__ import annotations

import datasets
import pytest

from seqtext.tasks.translation.translator import Translator
from tests.tasks.translation.translators import of, pairs


@pytest.fixture(scope="module")
def rows() -> datasets.Dataset:
    return pairs(120)


@pytest.fixture(scope="module")
def translator(rows) -> Translator:
    return of(rows)
