"""The commonest class, of equal ones the smallest; no rows are told."""

import pytest

from seqtext.errors import DataError
from seqtext.reporting.majority import majority_class


def test_majority_takes_the_commonest_label_and_of_equal_ones_the_smallest():
    baseline = majority_class([3, 1, 3], rows=2)
    assert baseline.predicted.tolist() == [3, 3]
    assert "66.7% of 3 train rows" in baseline.description
    assert majority_class([5, 2], rows=1).predicted.tolist() == [2]


def test_no_rows_are_told():
    with pytest.raises(DataError, match="no train rows"):
        majority_class([], 3)
