from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub import HfApi, errors
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtext.data.arrow_copy import arrow_copy
from seqtext.data.sources import as_splits, load, load_files
from seqtext.data.typed_columns import typed
from seqtext.errors import DataError, ResourceError

README = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: train.{ending}
  - split: test
    path: test.{ending}
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': World
          '1': Sports
---
"""
ODD = ["NA", "null", "", "2020-01-01", "a\u2028b\x85c\rd", "1.50", "\ufeff"]


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTEXT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")


def repository(folder: Path, ending: str, write: Callable[[Path, list[str], list[int]], None]) -> Path:
    folder.mkdir()
    (folder / "README.md").write_text(README.format(ending=ending))
    write(folder / f"train.{ending}", ODD, [0, 1] * 3 + [0])
    write(folder / f"test.{ending}", ["x"], [1])
    return folder


def write_parquet(path: Path, texts: list[str], labels: list[int]) -> None:
    pq.write_table(pa.table({"text": texts, "label": labels}), path)


def write_csv(path: Path, texts: list[str], labels: list[object]) -> None:
    path.write_text(
        "".join(f'"{t}",{n}\n' for t, n in [("text", "label"), *zip(texts, labels, strict=True)]), newline=""
    )


def write_jsonl(path: Path, texts: list[str], labels: list[int]) -> None:
    path.write_text("".join(json.dumps({"text": t, "label": n}) + "\n" for t, n in zip(texts, labels, strict=True)))


# ---- folders


@pytest.mark.parametrize(
    ("ending", "write"), [("parquet", write_parquet), ("csv", write_csv), ("jsonl", write_jsonl), ("json", write_jsonl)]
)
def test_a_folder_laid_out_like_a_repository(
    tmp_path: Path, ending: str, write: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    source = load(repository(tmp_path / "news", ending, write))
    assert list(source.splits) == ["train", "test"]
    assert source.splits["train"].features["label"].names == ["World", "Sports"]
    assert source.splits["train"]["text"][:] == ODD
    assert source.splits["train"]["label"][:] == [0, 1, 0, 1, 0, 1, 0]
    assert source.revision is None
    assert str(source) == f"{tmp_path}/news: rows of train 7, test 1"
    assert capfd.readouterr() == ("", "")


def test_class_names_in_a_csv_of_a_folder(tmp_path: Path) -> None:
    folder = repository(tmp_path / "news", "csv", write_csv)
    write_csv(folder / "test.csv", ["a", "b"], ["Sports", "World"])
    assert load(folder).splits["test"]["label"][:] == [1, 0]
    write_csv(folder / "test.csv", ["a", "b", "c"], ["Sports", "spots", "World"])
    with pytest.raises(
        DataError, match=r"split 'test', column 'label': found 'spots' in row 2; expected one of World, Sp"
    ):
        load(folder)


def test_faults_in_text_files_of_a_folder_have_their_row(tmp_path: Path) -> None:
    folder = repository(tmp_path / "news", "csv", write_csv)
    (folder / "test.csv").write_text("text,label\na,0\nb\n")
    with pytest.raises(DataError, match=rf"{folder}/test.csv, row 2 \(line 3\): found 1 cell; expected 2"):
        load(folder)


def test_a_csv_dialect_of_its_own_keeps_its_texts(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.csv").write_text("NA;1\nnull;2\n;3\n")
    yaml = "---\nconfigs:\n- config_name: default\n  data_files: train.csv\n  sep: ';'\n  names: [text, label]\n---\n"
    (tmp_path / "rows" / "README.md").write_text(yaml)
    assert load(tmp_path / "rows").splits["train"]["text"][:] == ["NA", "null", ""]


def test_one_json_array_is_left_to_datasets(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.json").write_text(json.dumps([{"text": "NA"}, {"text": "b"}], indent=1))
    assert load(tmp_path / "rows").splits["train"]["text"][:] == ["NA", "b"]


def test_several_shards_are_one_split_if_their_columns_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    for shard, text in enumerate("abc"):
        (folder / f"train-{shard}.txt").write_text(f"{text}\n")
    assert load(folder).splits["train"]["text"][:] == ["a", "b", "c"]
    assert load(folder / "train-[12].txt").splits["train"]["text"][:] == ["b", "c"]
    (folder / "a.csv").write_text("text,label\na,b\n")
    (folder / "b.csv").write_text("text,topic\na,b\n")
    with pytest.raises(
        DataError, match=r"b\.csv: found the columns text, topic; expected those of .*a\.csv: text, label"
    ):
        load(folder / "*.csv")


def test_several_configurations_are_listed(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    for config in ("plain", "raw"):
        (folder / config).mkdir(parents=True)
        (folder / config / "train.txt").write_text(f"{config}\n")
    configs = "".join(f"- config_name: {config}\n  data_files: {config}/train.txt\n" for config in ("plain", "raw"))
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    with pytest.raises(
        DataError, match=r"several configurations, and none named; expected one of plain, raw; pass --config"
    ):
        load(folder)
    with pytest.raises(DataError, match="no configuration 'row'; expected one of plain, raw"):
        load(folder, config="row")
    assert load(folder, config="raw").splits["train"]["text"][:] == ["raw"]


def test_a_folder_may_have_the_name_of_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    repository(tmp_path / "text", "csv", write_csv)
    assert str(load("text")) == "text: rows of train 7, test 1"


def test_scripts_are_never_run(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "corpus.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DataError, match=r"made by a Python script, and seqtext runs no code.*without the script"):
        load(folder)
    assert not (tmp_path / "ran").exists()


def test_empty_folders_broken_parquet_and_mixed_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: cannot be loaded: EmptyDatasetError"):
        load(tmp_path / "empty")
    folder = repository(tmp_path / "news", "parquet", write_parquet)
    whole = (folder / "test.parquet").read_bytes()
    (folder / "test.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=rf"^{folder}/test\.parquet: not a whole parquet file"):
        load(folder)


def test_folders_of_save_to_disk(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a", "b"]})
    datasets.DatasetDict(train=rows, test=rows.select([1])).save_to_disk(tmp_path / "both")
    rows.save_to_disk(tmp_path / "one")
    both = load(tmp_path / "both")
    assert {name: split["text"][:] for name, split in both.splits.items()} == {"train": ["a", "b"], "test": ["b"]}
    assert load(tmp_path / "one").splits["train"]["text"][:] == ["a", "b"]
    (tmp_path / "one" / "state.json").write_text("{}")
    with pytest.raises(DataError, match=r"one: cannot be loaded .*save_to_disk"):
        load(tmp_path / "one")


# ---- files


def test_files_of_each_kind(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ODD, list(range(7)))
    write_jsonl(tmp_path / "b.jsonl", ODD, list(range(7)))
    write_parquet(tmp_path / "c.parquet", ODD, list(range(7)))
    (tmp_path / "d.txt.gz").write_bytes(gzip.compress(b"one\r\n\ntwo"))
    source = load_files(train=tmp_path / "a.csv", validation=tmp_path / "b.jsonl", test=tmp_path / "c.parquet")
    assert [split["text"][:] for split in source.splits.values()] == [ODD] * 3
    assert source.splits["train"]["label"][:] == list("0123456")
    assert source.splits["validation"]["label"][:] == list(range(7))
    assert load(tmp_path / "d.txt.gz").splits["train"]["text"][:] == ["one", "", "two"]
    assert load_files(train=tmp_path / "a.csv", format="txt").splits["train"].num_rows == 8


def test_a_copy_is_made_once_for_a_content_and_mapped_from_disk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ODD, list(range(7)))
    (tmp_path / "b.csv").write_bytes((tmp_path / "a.csv").read_bytes())
    first, second = arrow_copy(tmp_path / "a.csv"), arrow_copy(tmp_path / "b.csv")
    assert first == second
    assert load(tmp_path / "a.csv").splits["train"].cache_files == [{"filename": str(first)}]
    assert [path.suffix for path in first.parent.iterdir()] == [".arrow"]
    write_csv(tmp_path / "a.csv", ODD[::-1], list(range(7)))
    assert load(tmp_path / "a.csv").splits["train"]["text"][:] == ODD[::-1]
    assert arrow_copy(tmp_path / "a.csv", format="txt") != arrow_copy(tmp_path / "a.csv")


def test_a_damaged_copy_is_made_again(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ODD, list(range(7)))
    copy = arrow_copy(tmp_path / "a.csv")
    copy.write_bytes(copy.read_bytes()[:100])
    assert load(tmp_path / "a.csv").splits["train"]["text"][:] == ODD


def test_a_file_at_fault_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "a,b\n" * 60_000 + "c\n")
    with pytest.raises(DataError, match=rf"^{tmp_path}/a.csv, row 60001 \(line 60002\): found 1 cell"):
        load(tmp_path / "a.csv")
    assert list((tmp_path / "cache" / "arrow").iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("a\n")
    (tmp_path / "a.txt").write_text("a\n")
    monkeypatch.setenv("SEQTEXT_CACHE", str(tmp_path / "file"))
    with pytest.raises(ResourceError, match="set SEQTEXT_CACHE to another folder"):
        load(tmp_path / "a.txt")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=4), min_size=1), st.integers(1, 4))
def test_texts_survive_whatever_the_batches(values: list[str | None], batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqtext.data.arrow_copy.MAX_ROWS", batch)
        folder = Path(os.environ["SEQTEXT_CACHE"]).parent
        (folder / "rows.jsonl").write_text("".join(json.dumps({"text": value}) + "\n" for value in values))
        assert load(folder / "rows.jsonl").splits["train"]["text"][:] == values


@pytest.mark.parametrize("batch", [2, 100])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [0, 1, 2, "two"],
            "row 4, column 'label': found 'two', which is text; expected a whole number, as in the rows be",
        ),
        (["a", None, 3, "b"], "row 3, column 'label': found 3, which is a whole number; expected text"),
        ([1.5, 2, True, 1], "row 3, column 'label': found True, which is true or false; expected a number"),
        ([True, False, 0], "row 3, column 'label': found 0, which is a whole number; expected true or false"),
        ([None, None, [1], ["a"]], "row 4, column 'label': found .*, which is a list; expected a list"),
        ([{"a": 1}, ["a"]], r"row 2, column 'label': found \['a'\], which is a list; expected an object"),
        ([1, 2**63], "row 2, column 'label': found 9223372036854775808; expected a whole number of at most 64 bits"),
    ],
)
def test_json_values_of_mixed_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[object], message: str, batch: int
) -> None:
    monkeypatch.setattr("seqtext.data.arrow_copy.MAX_ROWS", batch)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"label": value}) + "\n" for value in values))
    with pytest.raises(DataError, match=rf"a\.jsonl, {message}"):
        load(tmp_path / "a.jsonl")


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize(
    "values", [[1, 2.5, None, 3], [None, None, "a"], [None, None], [[], ["a"], None], [{"a": 1}, {"b": "x"}, None]]
)
def test_json_types_widen_over_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[object], batch: int
) -> None:
    monkeypatch.setattr("seqtext.data.arrow_copy.MAX_ROWS", batch)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"x": value}) + "\n" for value in values))
    table = load(tmp_path / "a.jsonl").splits["train"].data.table
    assert table["x"].combine_chunks().equals(pa.chunked_array([pa.array(values)]).combine_chunks())


def test_the_row_of_a_misfit_is_the_true_one() -> None:
    for place in range(1, 50):
        values: list[object] = [None if row % 3 == 0 else row for row in range(50)]
        values[place] = "x"
        fits = any(value is not None for value in values[:place])
        bad = place if fits else next(row for row in range(place + 1, 50) if values[row] is not None)
        with pytest.raises(DataError, match=f"row {100 + bad}, "):
            typed(values, pa.null(), name="a", column="c", first_row=100)


def test_parquet_with_categories_cut_off_or_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label": pa.array(["a", None, "b"]).dictionary_encode()}), path)
    assert load(path).splits["train"]["label"][:] == ["a", None, "b"]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"a\.parquet: not a whole parquet file .*download or copy it again"):
        load(path)
    pq.write_table(pa.table({"label": pa.array([], pa.string())}), path)
    with pytest.raises(DataError, match=r"a\.parquet: no rows"):
        load(path)


def test_class_names_written_into_parquet_are_kept(tmp_path: Path) -> None:
    features = datasets.Features(label=datasets.ClassLabel(names=["x", "y"]))
    datasets.Dataset.from_dict({"label": [1, 0]}, features=features).to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet").splits["train"].features == features


# ---- names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{}/trian.csv", r"no such file or folder: {}/trian\.csv; expected .*; did you mean 'train\.csv'\?"),
        ("{}/*.tsv", r"the pattern matches no file: {}/\*\.tsv; "),
        (
            "{}/train.xlsx",
            r"train\.xlsx: unknown ending '\.xlsx'; expected one of \.csv, .*\.parquet, text also with \.gz",
        ),
        (
            "phrasebok",
            r"expected a file, a folder, a hub name owner/name, or built in: .*; did you mean 'phrasebook'\?",
        ),
        ("nofolder/train.csv", "nofolder/train.csv: no such file or folder"),
    ],
)
def test_names_of_nothing(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "train.csv").write_text("text\na\n")
    (tmp_path / "train.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match=message.format(tmp_path)):
        load(name.format(tmp_path))


def test_files_name_the_flag_they_were_given_with(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text\na\n")
    with pytest.raises(DataError, match=r"^--validation nope\.csv: no such file"):
        load_files(train=tmp_path / "train.csv", validation="nope.csv")


def test_missing_and_empty_splits(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a"]})
    with pytest.raises(DataError, match="no split 'train'; expected it among test, dev"):
        as_splits(datasets.DatasetDict(test=rows, dev=rows))
    assert list(as_splits(datasets.DatasetDict(test=rows), needs=["test"])) == ["test"]
    with pytest.raises(DataError, match="the data, split 'test': no rows"):
        as_splits(datasets.DatasetDict(train=rows, test=rows.select([])))


def test_data_sets_from_python() -> None:
    rows = datasets.Dataset.from_dict({"text": ["a"]})
    assert as_splits(rows)["train"]["text"][:] == ["a"]
    assert rows.info.dataset_name is None  # what was given is left as it was
    for streaming in (rows.to_iterable_dataset(), datasets.IterableDatasetDict()):
        with pytest.raises(DataError, match="streaming data set; expected one on disk; load it without streaming=True"):
            as_splits(streaming)
    with pytest.raises(DataError, match="found list"):
        as_splits([{"text": "a"}])


def test_the_phrasebook(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def phrases(*, locale: str) -> dict[str, list[SimpleNamespace]]:
        asked.append(locale)
        rows = [SimpleNamespace(text="b", topic="travel"), SimpleNamespace(text="a", topic="money")]
        return {"train": rows, "validation": rows[:1], "test": rows[1:]}

    monkeypatch.setattr("seqtext.builtin.phrasebook.phrases", phrases)
    splits = load("phrasebook").splits
    assert splits["train"][:] == {"text": ["b", "a"], "label": [1, 0]}
    assert splits["test"].features["label"].names == ["money", "travel"]
    load("phrasebook:de")
    assert asked == ["en", "de"]


# ---- the hub


def test_the_hub_without_a_network() -> None:
    program = "from seqtext.data.sources import load\nfrom seqtext.errors import run_program\n"
    program += "run_program(lambda: load('owner/name'))"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    child = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert child.returncode == 2
    assert child.stderr.startswith(
        "error: owner/name: no path here, and the hub cannot be reached (HF_HUB_OFFLINE is set); "
    )
    assert "hf download owner/name --repo-type dataset --local-dir FOLDER" in child.stderr
    assert child.stderr.count("\n") == 1


def answering(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[str | None]:
    asked: list[str | None] = []

    def dataset_info(_: HfApi, name: str, *, revision: str | None = None, timeout: float) -> object:
        asked.append(revision)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(sha=answer)

    monkeypatch.setattr(HfApi, "dataset_info", dataset_info)
    return asked


def refusal(kind: type[errors.HfHubHTTPError]) -> Exception:
    return kind("refused", response=SimpleNamespace(headers={}, status_code=403, request=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refusal(errors.GatedRepoError), "gated, and this account.*https://huggingface.co/datasets/owner/name.*FOLDER"),
        (refusal(errors.RepositoryNotFoundError), "neither a path here .*owner/name.* nor a data set on the hub"),
        (refusal(errors.RevisionNotFoundError), "the hub has no revision 'v9' of it"),
        (TimeoutError("slow"), r"the hub cannot be reached \('slow'\); download it where"),
        (errors.OfflineModeIsEnabled("offline"), "the hub cannot be reached .HF_HUB_OFFLINE is set"),
    ],
)
def test_refusals_of_the_hub(monkeypatch: pytest.MonkeyPatch, answer: Exception, message: str) -> None:
    answering(monkeypatch, answer)
    with pytest.raises(DataError, match=f"^owner/name: .*{message}"):
        load("owner/name", revision="v9")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("Dataset scripts are no longer supported, but found name.py"),
            "runs no code.*refs/convert/parquet",
        ),
        (DatasetNotFoundError("Dataset 'owner/name' is a gated dataset on the Hub."), "is gated"),
        (ValueError("a\nb"), "cannot be loaded: ValueError, 'a b'"),
    ],
)
def test_refusals_of_the_library(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    answering(monkeypatch, "c0ffee")
    monkeypatch.setattr(datasets, "load_dataset_builder", refuse)
    with pytest.raises(DataError, match=f"^owner/name: .*{message}"):
        load("owner/name")


def test_a_name_on_the_hub_is_loaded_at_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(tmp_path / "news", "csv", write_csv)
    asked = answering(monkeypatch, "c0ffee")
    build = datasets.load_dataset_builder

    def on_the_hub(path: str, config: str | None, *, revision: str) -> object:
        assert (path, revision) == ("owner/name", "c0ffee")
        builder = build(str(folder), config)
        for split, files in builder.config.data_files.items():
            builder.config.data_files[split] = [f"hf://datasets/owner/name@c0ffee/{Path(file).name}" for file in files]
        return builder

    def download(repository: str, file: str, *, repo_type: str, revision: str) -> str:
        assert (repository, repo_type, revision) == ("owner/name", "dataset", "c0ffee")
        return str(folder / file)

    monkeypatch.setattr(datasets, "load_dataset_builder", on_the_hub)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    source = load("owner/name", revision="main")
    assert asked == ["main"]
    assert source.revision == "c0ffee"
    assert source.splits["train"]["text"][:] == ODD
    assert str(source) == "owner/name at commit c0ffee: rows of train 7, test 1"


def test_a_path_wins_over_a_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner").mkdir()
    repository(tmp_path / "owner" / "name", "csv", write_csv)
    assert load("owner/name").revision is None
    with pytest.raises(
        DataError, match="found a revision of what is on this machine; expected a hub name; leave --rev"
    ):
        load("owner/name", revision="main")
