from __future__ import annotations

import shlex

import datasets
import numpy as np
import pytest

from seqtext.data.reading.column_arrays import column_arrays
from seqtext.data.reading.joined_columns import parts_of
from seqtext.data.rows.chosen import about_columns
from seqtext.data.rows.columns import Columns, check_texts, choose, require
from seqtext.errors import DataError

CLASSES = datasets.ClassLabel(names=["World", "Sports"])


def rows(split: str = "train", /, **columns: list[object]) -> datasets.Dataset:
    features = datasets.Features({name: _feature(name, values) for name, values in columns.items()})
    return datasets.Dataset.from_dict(columns, features=features, split=split)


def _feature(name: str, values: list[object]) -> object:
    if name.startswith("class_"):
        return CLASSES
    kinds = {str: "string", int: "int64", float: "float64", bool: "bool", bytes: "binary"}
    kind = next((type(value) for value in values if value is not None), None)
    if kind is list:
        return datasets.List(datasets.Value("string"))
    return datasets.Value(kinds[kind] if kind else "null")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"text": ["a"], "label": [0]}, ("text", "label")),
        ({"sentence": ["a"], "idx": [1], "class_id": [0]}, ("sentence", "class_id")),
        ({"text": ["a"], "title": ["t"], "class_a": [0]}, ("text", "class_a")),
        ({"title": ["t"], "content": ["c"], "Label": ["x"]}, ("content", "Label")),
        ({"phrase": ["a"], "topic": ["x"]}, ("phrase", "topic")),
        ({"class_label": [0], "label": [1], "text": ["a"]}, ("text", "class_label")),
        ({" Text": ["a"], "CATEGORY": ["x"], "label_name": ["x"]}, (" Text", "CATEGORY")),
        ({"text": ["a"], "label": ["x"], "category": ["y"]}, ("text", "label")),
    ],
)
def test_columns_are_recognised_where_only_one_can_be_meant(
    columns: dict[str, list[object]], expected: Columns
) -> None:
    assert choose(rows(**columns)) == expected


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"sentence": ["a"], "review": ["b"], "label": [0]},
            r"split 'train': 2 columns could be the text: 'sentence' \(string\), 'review' \(string\); pass --text_c",
        ),
        ({"one": ["a"], "two": ["b"], "label": [0]}, "2 columns could be the text"),
        (
            {"text": ["a"], "class_a": [0], "class_b": [1]},
            r"2 columns could be the label: 'class_a' \(2 classes\), 'class",
        ),
        ({"text": ["a"], "topic": ["x"], "section": ["y"]}, "2 columns could be the label.*pass --label_column NAME"),
        (
            {"text": ["a"], "tokens": [["b"]]},
            r"no column is clearly the label among 'text' \(string\), 'tokens' \(List\)",
        ),
        ({"ids": [1], "label": [0]}, r"no column is clearly the text among 'ids' \(int64\), 'label' \(int64\)"),
    ],
)
def test_doubt_lists_the_columns_and_the_flag(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        choose(rows(**columns))


def test_texts_within_dicts_are_made_columns_first() -> None:
    said = [{"text": "a dog"}, {"text": "a cat"}, {"text": "an owl"}]
    data = datasets.Dataset.from_dict({"user": [{"name": "a"}] * 3, "msg": said, "label": [0, 1, 0]})
    with pytest.raises(
        DataError, match="clearly the text among .*; make columns of the keys of 'user' and 'msg', as Dat"
    ):
        choose(data)
    with pytest.raises(
        DataError, match="no column 'msg.text' among .*; make columns of the keys of 'msg', as Dataset.fl"
    ):
        require({"train": data}, "msg.text")
    chosen = choose(data.flatten(), text="msg.text")
    assert (chosen.text, chosen.label) == ("msg.text", "label")


@pytest.mark.fault(72)
@pytest.mark.parametrize("names", [["toxic", "insult", "threat"], ["a b", "c"]])
@pytest.mark.parametrize("values", [[0, 1, 1], ["0", "1", "0"], [True, False, True], ["yes", "no", "no"]])
def test_a_column_of_yes_and_no_for_each_label_is_several_labels(names: list[str], values: list[object]) -> None:
    data = rows(text=["a", "b", "c"], **dict.fromkeys(names, values))
    with pytest.raises(DataError, match="each row may have several labels") as caught:
        choose(data)
    assert all(repr(name) in str(caught.value) for name in names)
    assert f"this recipe gives a text one label: train a run for each, --label_column {names[0]} for" in str(
        caught.value
    )
    assert choose(data, label=names[0]) == ("text", names[0])
    with pytest.raises(DataError, match=f"pass --label_column {shlex.join(names)} for any number of labels a text"):
        choose(data, several=True)


def test_a_list_of_labels_in_each_row_is_several_labels() -> None:
    assert choose(rows(text=["a", "b"], labels=[["x"], ["y"]])) == ("text", "labels"), "one label each"
    data = rows(text=["a", "b"], labels=[["x"], ["x", "y"]])
    message = r"split 'train', column 'labels', row 2, found \['x', 'y'\]: each row has several labels; where a"
    with pytest.raises(DataError, match=message):
        choose(data)


@pytest.mark.fault(72)
def test_many_values_are_classes_only_where_the_column_was_named() -> None:
    data = rows(text=["a"] * 303, label=[f"intent {number // 2}" for number in range(303)])
    message = (
        "found 152 different values in 303 rows; expected classes; if they are the labels, pass --label_column label;"
    )
    with pytest.raises(DataError, match=message):
        choose(data)
    assert choose(data, label="label") == ("text", "label")


def test_several_text_columns_are_joined() -> None:
    data = rows(title=["a", ""], body=["b", "c"], label=["x", "y"])
    with pytest.raises(DataError, match=r"pass --text_column NAME \(several names are joined\)"):
        choose(data.rename_column("title", "summary").rename_column("body", "headline"))
    columns = choose(data, text=["body", "title"])
    assert parts_of(columns.text) == ("body", "title")
    [array] = column_arrays(data, columns.text)
    assert array.to_pylist() == ["b \u241f a", "c \u241f "]
    assert choose(data, text=["title"]).text == "title"
    for wrong, told in (("bodi", "did you mean 'body'"), ("label", "'label' is taken for both text and label")):
        with pytest.raises(DataError, match=told):
            choose(data, text=["title", wrong], label="label")


def test_a_joined_text_that_is_none_is_told_by_its_own_column() -> None:
    data = rows(title=["a", "b"], body=["b", None], label=["x", "y"])
    with pytest.raises(DataError, match="row 2, column 'body': found None"):
        choose(data, text=["title", "body"])


def test_named_columns_win_and_each_leaves_the_other_out() -> None:
    data = rows(text=["a"], title=["t"], label=["x"], topic=["y"])
    assert choose(data, text="title", label="topic") == ("title", "topic")
    assert choose(rows(text=["t"], label=["x"]), text="label", label="text") == ("label", "text")
    with pytest.raises(DataError, match="'label' is taken for both text and label; pass --text_column"):
        choose(data, text="label", label="label")


@pytest.mark.fault(9)
@pytest.mark.parametrize("name", ["headlin", "headlines", "haedline", "Headline", "headlime"])
def test_a_misspelt_name_lists_the_columns_and_the_nearest(name: str) -> None:
    with pytest.raises(DataError) as caught:
        choose(rows(headline=["a"], label=[0]), text=name)
    expected = f"split 'train': no column {name!r} among 'headline' (string), 'label' (int64); did you mean 'headline'?"
    assert str(caught.value) == expected


@pytest.mark.fault(9)
def test_every_split_must_have_the_columns() -> None:
    splits = datasets.DatasetDict(train=rows(text=["a"], label=[0]), test=rows("test", text=["a"]))
    with pytest.raises(DataError, match=r"split 'test': no column 'label' among .*leave this split out"):
        choose(splits)
    require(splits, "text")
    with pytest.raises(DataError, match="did you mean 'text'"):
        require(splits, "txt", fix="pass a name")
    with pytest.raises(DataError, match=r"no column 'zzz' among .*; pass a name$"):
        require(splits, "zzz", fix="pass a name")


@pytest.mark.fault(10)
@pytest.mark.parametrize("place", [0, 4, 9])
def test_a_text_that_is_none_is_told_with_its_row(place: int) -> None:
    data = rows("test", text=["", *["a"] * 8, "b"], label=[0] * 10)
    texts = data["text"][:]
    texts[place] = None
    data = rows("test", text=texts, label=[0] * 10)
    with pytest.raises(DataError, match=f"^split 'test', row {place + 1}, column 'text': found None; expected text"):
        choose(data)
    # The row counts in what is shown, not in what is stored.
    with pytest.raises(DataError, match=f"row {10 - place}, column 'text': found None"):
        check_texts(data.select(range(9, -1, -1)), "text")
    check_texts(data.select([row for row in range(10) if row != place]), "text")


def test_many_nones_are_counted() -> None:
    with pytest.raises(
        DataError, match=r"^the pipe, row 2, column 'text': found None \(it is so in 3 rows, 2, 3, 4 of 4\)"
    ):
        check_texts(rows(text=["a", None, None, None]), "text", where="the pipe")


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (3, r"3 \(int\)"),
        (1.5, r"1.5 \(float\)"),
        (["a"], r"\['a'\] \(list\)"),
        (b"\xff", r"b'\\xff' \(bytes\)"),
        (None, "None"),
    ],
)
def test_a_text_of_another_type_is_told_with_what_was_found(value: object, told: str) -> None:
    first = 1 if value is None else 2
    with pytest.raises(DataError, match=rf"row {first}, column 'x': found {told}.*; expected text"):
        check_texts(rows(x=[None, value]), "x")


def test_class_ids_are_no_text() -> None:
    with pytest.raises(DataError, match=r"row 1, column 'class_a': found 1 \(int\); expected text"):
        choose(rows(class_a=[1], label=["x"]), text="class_a")


def test_an_empty_text_is_a_text() -> None:
    check_texts(rows(text=["", " ", "NA"]), "text")


def test_many_rows_are_no_wait() -> None:
    """Vectorised or not is a factor of a hundred: a generous limit tells them apart on any machine."""
    import time

    data = datasets.Dataset.from_dict({"text": ["a"] * 300_000, "label": [0] * 300_000})
    start = time.perf_counter()
    assert choose(data.select(np.random.default_rng(0).permutation(300_000))) == ("text", "label")
    assert time.perf_counter() - start < 1


TWENTY = {"name": [f"Name {row}" for row in range(30)], "tongue": ["ru", "de", "fr"] * 10}


@pytest.mark.parametrize(
    "more",
    [
        *({}, {"id": [str(row) for row in range(30)]}, {"same": ["all alike"] * 30}),
        {"id": [f"{row * 7919:04x}ab" for row in range(30)]},
        {
            "link": [f"https://some.where/{chr(97 + row)}" for row in range(26)]
            + ["http://a/b", "http://c", "http://d", "http://e"]
        },
    ],
)
def test_few_values_that_repeat_are_the_label_and_texts_that_differ_the_text(more: dict[str, list[object]]) -> None:
    data = rows(**more, **TWENTY)
    assert choose(data) == ("name", "tongue")
    assert "'tongue' is taken for the label" in about_columns(data, choose(data))[0]
    assert about_columns(data, choose(data), text="name", label="tongue") == []


@pytest.mark.parametrize(
    "more", [{"city": ["Rome", "Oslo"] * 15}, {"poet": [f"Po et {row // 3}" for row in range(30)]}]
)
def test_what_could_be_either_is_never_guessed(more: dict[str, list[object]]) -> None:
    with pytest.raises(DataError, match="no column is clearly the label"):
        choose(rows(**more, **TWENTY))


def test_of_two_columns_of_texts_none_is_guessed() -> None:
    with pytest.raises(DataError, match="2 columns could be the text"):
        choose(rows(poet=[f"Po et {row}" for row in range(30)], **TWENTY))


def test_a_split_without_the_label_is_to_be_left_out() -> None:
    splits = {"train": rows(text=["a"], target=["x"]), "test": rows(text=["b"], id=["1"])}
    with pytest.raises(DataError, match="no column 'target' among .*; leave this split out .give .*--train"):
        choose(splits)
