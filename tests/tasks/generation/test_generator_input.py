"""What cannot be asked of a generator, or made into one, and what is then said."""

from __future__ import annotations

import json
import re

import datasets
import numpy as np
import pytest
import torch

from seqtext.errors import DataError, OptionsError, SavedFileError
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.writing import Generated
from tests.tasks.generation.generators import SIZES, of

# fmt: off
ASKED = {
    "an unknown topic": (("tpwn",), {}, "unknown topic 'tpwn'; expected one of sea, town, wood; did you mean 'town'[?]"),
    "one of several": (({"sea": 1, "forest": 1},), {}, "unknown topic 'forest'; expected one of sea, town, wood"),
    "a negative weight": (({"sea": -1},), {}, "weight of 'sea' is -1; expected a finite number, 0 or more"),
    "all weights 0": (({"sea": 0, "town": 0.0},), {}, "the weights of sea, town are all 0; expected one above 0"),
    "a weight of NaN": (({"sea": float("nan")},), {}, "weight of 'sea' is nan; .*"),
    "an endless weight": (({"sea": float("inf")},), {}, "weight of 'sea' is inf; .*"),
    "a weight that is no number": (({"sea": "much"},), {}, "weight of 'sea' is 'much'; .*"),
    "a topic twice": (({"sea": 1, "label:sea": 1},), {}, "'sea' is asked for twice"),
    "a vector of the wrong size": ((np.zeros(4),), {}, "asked for a vector of 4 numbers; expected .* 3 finite numbers"),
    "a vector with NaN": ((np.array([0, np.nan, 1]),), {}, r"asked for array\(.*nan.*\); expected .* 3 finite numbers"),
    "a vector out of range": ((np.array([0, 1e300, 1]),), {}, r"asked for array\(.*\); expected .*"),
    "a matrix": ((np.zeros((3, 3)),), {}, r"asked for array\(.*; expected .*"),
    "a number": ((7,), {}, "asked for 7; expected a name, names with weights, or 3 finite numbers"),
    "a long prompt": (("sea",), {"prompt": "the ship sails over", "max_length": 3},
                     r"the prompt has \d+ tokens; expected fewer than the limit of 3; raise --max_length"),
    "no limit": (("sea",), {"max_length": 0}, "--max_length is 0; expected from 1 to 100,000"),
    "a limit too high": (("sea",), {"max_length": 10**9}, "--max_length is 1000000000; expected from 1 to 100,000"),
    "count 0": (("sea",), {"count": 0}, "--count is 0; expected at least 1"),
    "a cold temperature": (("sea",), {"temperature": -0.5}, "--temperature is -0.5; expected 0 or more; 0 is greedy"),
    "top_p of 0": (("sea",), {"top_p": 0}, "--top_p is 0; expected above 0, at most 1"),
    "top_p beyond 1": (("sea",), {"top_p": 1.1}, "--top_p is 1.1; .*"),
    "top_p of NaN": (("sea",), {"top_p": float("nan")}, "--top_p is nan; .*"),
    "more than a float": (({"sea": 10**400},), {}, "weight of .sea. is 10+…; .*"),
    "more guidance than a float": (("sea",), {"guidance": 10**400}, "--guidance is 10+…; expected a finite number"),
    "a vector of more than floats": (([[10**400, 0, 0]],), {}, r"asked for \[10+.*; expected .*"),
    "endless guidance": (("sea",), {"guidance": float("inf")}, "--guidance is inf; expected a finite number"),
    "several at once": (("sea",), {"temperature": -1, "top_k": -1, "min_p": 1},
                        "3 options:\n  --temperature is -1.*\n  --top_k is -1.*\n  --min_p is 1.*"),
    "like without a classifier": ((), {"like": "x"}, "the model cannot make the vector of a text; train with .*"),
    "like and a topic": (("sea",), {"like": "x"}, "a request and like were both given; give one of them"),
}
# fmt: on


@pytest.mark.parametrize("case", ASKED)
def test_what_cannot_be_asked_for_is_told(generator, case):
    asked, choices, message = ASKED[case]
    with pytest.raises(OptionsError) as caught:
        generator(*asked, **choices)
    assert re.fullmatch(message, str(caught.value)), str(caught.value)


def test_what_has_no_names_or_no_vector_says_so(dense, free, generator):
    with pytest.raises(OptionsError, match="the model's vectors have no names; give a vector"):
        dense("sea")
    with pytest.raises(OptionsError, match="the model is a language model without a vector; ask for nothing"):
        free("sea")
    with pytest.raises(OptionsError, match="steps is 1; expected at least 2"):
        generator.mix("sea", "town", steps=1)
    with pytest.raises(OptionsError, match="nothing to mix; expected two names or vectors"):
        generator.mix("sea", None)


def with_cell(rows: datasets.Dataset, column: str, row: int, value: object) -> datasets.Dataset:
    values = rows[column][:]
    values[row - 1] = value
    return rows.remove_columns(column).add_column(column, values)


def test_an_attribute_with_missing_cells_is_told_by_its_rows(rows, generator):
    for value in (None, ""):
        bad = with_cell(rows, "style", 17, value)
        with pytest.raises(
            DataError, match=r"column 'style': found no value \(.*\) in row 17 of 300; .*; fill them in"
        ):
            of(bad, attributes=["label", "style"])
        with pytest.raises(DataError, match=r"column 'label': found no value \(.*\) in row 17 of 300"):
            generator.encode(with_cell(rows, "label", 17, value))


def test_a_value_that_training_never_had_is_told_by_the_row_it_was_loaded_from(rows, generator):
    bad = with_cell(rows, "label", 17, "desert").select(range(10, 40, 2))
    with pytest.raises(DataError, match=r"row 17, column 'label': found 'desert', which training never had; .* sea, t"):
        generator.encode(bad)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "found None; expected a list of 5 finite numbers"),
        ([1.0, 2.0], r"found \[1.0, 2.0\] \(2 numbers\); expected a list of 5 finite numbers"),
        ([1.0, 2.0, None, 1.0, 1.0], "found .*None.*; expected a list of 5 finite numbers"),
        ([1.0, 2.0, float("nan"), 1.0, 1.0], "found .*nan.*; expected a list of 5 finite numbers"),
        ([1.0, 2.0, 1e300, 1.0, 1.0], "found .*1e[+]300.*; expected a list of 5 finite numbers"),
        ([], r"found \[\]; expected a list of 5 finite numbers"),
    ],
)
def test_a_vector_that_is_none_is_told_by_the_row_it_was_loaded_from(rows, dense, value, told):
    bad = with_cell(rows, "dense", 17, value).select(range(10, 40, 2))
    for use in (lambda: of(bad, vector_column="dense"), lambda: dense.encode(bad)):
        with pytest.raises(DataError, match=f"row 17, column 'dense': {told}"):
            use()


def test_vectors_of_a_table_of_text_are_lists_in_json(rows, dense):
    as_text = datasets.Dataset.from_dict(
        {"text": rows["text"], "dense": [json.dumps(vector) for vector in rows["dense"]]}
    )
    assert torch.equal(dense.encode(as_text).vectors.dense, dense.encode(rows).vectors.dense)
    for value, count in (("[1, 2]", r" \(2 numbers\)"), ("[1 2 3 4 5]", ""), ("", ""), ("[1, 2, NaN, 4, 5]", "")):
        told = f"row 17, column 'dense': found {re.escape(repr(value))}{count}; .* 5 finite numbers; write it so: .0.5, -1, 2."
        with pytest.raises(DataError, match=told):
            dense.encode(with_cell(as_text, "dense", 17, value))


def test_vectors_of_another_size_than_training_had_are_refused(rows, dense):
    shorter = rows.remove_columns("dense").add_column("dense", [[1.0, 2.0]] * 300)
    with pytest.raises(DataError, match=r"row 1, column 'dense': found .* \(2 numbers\); expected a list of 5 finite"):
        dense.encode(shorter)
    with pytest.raises(
        DataError, match="row 1, column 'text': found .*; expected a list of one or more finite numbers"
    ):
        of(rows, vector_column="text")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"attributes": ["label"], "vector_column": "dense"},
            "several ways to make the vectors; give one of --attributes, ",
        ),
        ({"vectors_from": "x", "vector_column": "dense"}, "several ways to make the vectors"),
        ({"attributes": ["lable"]}, "no column 'lable' among .*; did you mean 'label'?"),
        ({"vector_column": "densse"}, "no column 'densse' among .*; did you mean 'dense'?"),
        (
            {"attributes": ["text"], "text_column": "text"},
            "attributes text of texts in 'text'; expected different columns",
        ),
        ({"attributes": ["style", "style"]}, "attributes style, style of texts in 'text'; expected different columns"),
        ({"hiden_size": 8}, "unknown setting 'hiden_size'; did you mean 'hidden_size'"),
        ({"output_dropout": 1.0}, "--output_dropout is 1.0; expected from 0 to below 1"),
        ({"feedback": "zeros", "attributes": ()}, "--feedback zeros reads nothing but the vector, and there is none"),
        ({"vectors_from": "no/folder/there"}, "no/folder/there"),
    ],
)
def test_what_a_generator_cannot_be_made_of_is_told(rows, settings, message):
    with pytest.raises((OptionsError, DataError, SavedFileError), match=message):
        TextGenerator.from_data(rows, **{**SIZES, **settings})


def test_without_a_clear_label_the_ways_to_go_on_are_told(rows):
    with pytest.raises(
        DataError, match="no column is clearly the label among .*; pass --attributes NAME, or --vector no"
    ):
        TextGenerator.from_data(rows.remove_columns(["label", "style", "dense"]), **SIZES)


def test_rows_that_are_not_one_split_on_disk_are_refused(generator, topics):
    for use in (generator.encode, lambda rows: generator.split(rows, seed=0)):
        with pytest.raises(DataError, match=r"found a DatasetDict; .*pass one split"):
            use(topics)


def test_what_is_given_back_is_named():
    assert Generated._fields == ("text", "log_probability", "tokens", "ended", "vector")
