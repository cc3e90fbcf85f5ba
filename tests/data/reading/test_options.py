"""Flags of data: a data set and files rule each other out, in each recipe's own form of files."""

from __future__ import annotations

import pytest

from seqtext.data.pairs.options import PairDataOptions
from seqtext.data.reading.options import TextDataOptions
from seqtext.data.series.options import SeriesDataOptions
from seqtext.errors import OptionsError
from seqtext.options import raise_faults

HUB = "--revision and --data_config are of --data; files of --train have none"
BOTH = "--data and --train both name training data; give one of them"
BESIDE = "--validation and --test are files beside --train; --data brings its own splits"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (TextDataOptions(train="a.csv", revision="main"), HUB),
        (TextDataOptions(train="a.csv", data="b.csv"), BOTH),
        (TextDataOptions(validation="a.csv"), BESIDE),
        (PairDataOptions(train=("a.en", "a.de"), data_config="small"), HUB),
        (PairDataOptions(train=("a.en", "a.de"), data="b.csv"), BOTH),
        (PairDataOptions(test=("a.csv",)), BESIDE),
        (SeriesDataOptions(train="a.csv", revision="main"), HUB),
        (SeriesDataOptions(train="a.csv", data="b.csv"), BOTH),
        (SeriesDataOptions(test="a.csv"), "--test is a file beside --train; --data brings its own splits"),
        (SeriesDataOptions(test_share=1.0), "--test_share is 1.0; expected between 0 and 1"),
        (SeriesDataOptions(validation_share=0.0), "--validation_share is 0.0; expected between 0 and 1"),
    ],
)
def test_what_contradicts_itself_is_told(options, fault):
    with pytest.raises(OptionsError) as error:
        raise_faults(options)
    assert str(error.value) == fault


@pytest.mark.parametrize(
    "options",
    [
        TextDataOptions(train="a.csv", data="a.csv", test="b.csv"),
        TextDataOptions(data="owner/name", revision="main", data_config="small"),
        PairDataOptions(train=("a.en", "a.de"), data="a.en"),
        SeriesDataOptions(train="a.csv", test="b.csv", validation="weeks"),
        SeriesDataOptions(validation="last"),
    ],
)
def test_what_fits_together_is_taken(options):
    raise_faults(options)


def test_what_is_built_in_is_known_from_files_and_other_data():
    assert TextDataOptions().is_built_in
    assert TextDataOptions(data="phrasebook:de").is_built_in
    assert PairDataOptions().is_built_in
    for other in (TextDataOptions(data="a.csv"), TextDataOptions(train="a.csv"), PairDataOptions(train=("a.csv",))):
        assert not other.is_built_in
