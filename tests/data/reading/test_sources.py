from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from seqtext.data.reading.remarks import notes_of
from seqtext.data.reading.sources import load, load_files, phrasebook
from seqtext.data.rows.columns import require
from seqtext.errors import DataError

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


def repository(folder: Path, ending: str, write: Callable[..., None]) -> Path:
    folder.mkdir()
    (folder / "README.md").write_text(README.format(ending=ending))
    write(folder / f"train.{ending}", ODD, [0, 1] * 3 + [0])
    write(folder / f"test.{ending}", ["x"], [1])
    return folder


def write_parquet(path: Path, texts: list[str], labels: list[int]) -> None:
    pq.write_table(pa.table({"text": texts, "label": labels}), path)


def write_csv(path: Path, texts: list[str], labels: Sequence[object]) -> None:
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
    assert {name: len(split) for name, split in source.splits.items()} == {"train": 7, "test": 1}
    assert capfd.readouterr() == ("", "")


def test_class_names_in_a_csv_of_a_folder(tmp_path: Path) -> None:
    folder = repository(tmp_path / "news", "csv", write_csv)
    write_csv(folder / "test.csv", ["a", "b"], ["Sports", "World"])
    assert load(folder).splits["test"]["label"][:] == [1, 0]
    write_csv(folder / "test.csv", ["a", "b", "c"], ["Sports", "spots", "World"])
    splits = load(folder).splits
    with pytest.raises(
        DataError, match=r"split 'test', column 'label': found 'spots' in row 2; expected one of World, Sp"
    ):
        require(splits, "text", "label")
    assert splits["test"]["text"][:] == ["a", "b", "c"]


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


def test_one_json_array_is_read(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.json").write_text(json.dumps([{"text": "NA"}, {"text": "b"}], indent=1))
    assert load(tmp_path / "rows").splits["train"]["text"][:] == ["NA", "b"]


@pytest.mark.fault(9, 11)
def test_several_shards_are_one_split_if_their_columns_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    for shard, text in enumerate("abc"):
        (folder / f"train-{shard}.txt").write_text(f"{text}\n")
    assert load(folder).splits["train"]["text"][:] == ["a", "b", "c"]
    assert load(folder / "train-[12].txt").splits["train"]["text"][:] == ["b", "c"]
    (folder / "a.csv").write_text("text,label\na,b\n")
    (folder / "b.csv").write_text("text,topic\na,b\n")
    splits = load(folder / "*.csv").splits
    assert splits["train"][:] == {"text": ["a", "a"]}
    assert notes_of(splits["train"]) == [
        f"{folder}/*.csv: left aside: 'label' ({folder}/b.csv: no column 'label'), 'topic' ({folder}/a.csv: no column 'topic')"
    ]
    with pytest.raises(DataError, match=r"b\.csv: no column 'label'; expected the columns of .*a\.csv"):
        require(splits, "label")
    (folder / "b.csv").write_text("x,y\na,b\n")
    with pytest.raises(DataError, match=r"b\.csv: found the columns x, y; expected those of .*a\.csv: text, label"):
        load(folder / "*.csv")


def test_several_configurations_are_listed(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    for config in ("plain", "raw"):
        (folder / config).mkdir(parents=True)
        (folder / config / "train.txt").write_text(f"{config}\n")
    configs = "".join(f"- config_name: {config}\n  data_files: {config}/train.txt\n" for config in ("plain", "raw"))
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    with pytest.raises(
        DataError, match=r"several configurations, and none named; expected one of plain, raw; pass --data_config"
    ):
        load(folder)
    with pytest.raises(DataError, match="no configuration 'row'; expected one of plain, raw"):
        load(folder, config="row")
    assert load(folder, config="raw").splits["train"]["text"][:] == ["raw"]


def test_a_folder_may_have_the_name_of_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    repository(tmp_path / "text", "csv", write_csv)
    assert len(load("text").splits["train"]) == 7


@pytest.mark.fault(12)
def test_scripts_are_never_run(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "corpus.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DataError, match=r"made by a Python script, and seqtext runs no code.*without the script"):
        load(folder)
    assert not (tmp_path / "ran").exists()


def test_empty_folders_broken_parquet_and_mixed_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DataError, match=r"empty: found no data files of a kind that can be read; give the folder of one data set"
    ):
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
    with pytest.raises(DataError, match=r"one/state\.json: cannot be loaded .*save_to_disk"):
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


def test_class_names_written_into_parquet_are_kept(tmp_path: Path) -> None:
    features = datasets.Features(label=datasets.ClassLabel(names=["x", "y"]))
    datasets.Dataset.from_dict({"label": [1, 0]}, features=features).to_parquet(tmp_path / "a.parquet")
    assert load(tmp_path / "a.parquet").splits["train"].features == features


# ---- names


@pytest.mark.fault(1)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{}/trian.csv", r"no such file or folder: {}/trian\.csv; expected .*; did you mean 'train\.csv'\?"),
        ("{}/*.tsv", r"the pattern matches no file: {}/\*\.tsv; "),
        (
            "{}/train.xlsx",
            r"train\.xlsx: unknown ending '\.xlsx'; expected one of \.csv, .*\.parquet, \.arrow, text each also with \.gz",
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


@pytest.mark.fault(1)
def test_files_name_the_flag_they_were_given_with(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text\na\n")
    with pytest.raises(DataError, match=r"^--validation nope\.csv: no such file"):
        load_files(train=tmp_path / "train.csv", validation="nope.csv")


@pytest.mark.fault(2)
def test_missing_and_empty_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a"]})
    datasets.DatasetDict(test=rows, dev=rows).save_to_disk(tmp_path / "rows")
    with pytest.raises(DataError, match="no split 'train'; expected it among test, dev"):
        load(tmp_path / "rows")
    assert list(load(tmp_path / "rows", needs=["test"]).splits) == ["test", "dev"]
    emptied = datasets.DatasetDict(train=rows, test=rows.select([]))
    monkeypatch.setattr("seqtext.data.reading.sources.load_saved", lambda *_: emptied)
    with pytest.raises(DataError, match="rows, split 'test': no rows"):
        load(tmp_path / "rows")


def test_a_configuration_of_what_has_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text\na\n")
    datasets.Dataset.from_dict({"text": ["a"]}).save_to_disk(tmp_path / "saved")
    for name in ("phrasebook", tmp_path / "train.csv", tmp_path / "*.csv", tmp_path / "saved"):
        with pytest.raises(DataError, match="found a configuration of what has none; .*leave --data_config out"):
            load(name, config="raw")


def test_the_phrasebook(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def phrases(*, locale: str, **sizes: int) -> dict[str, list[SimpleNamespace]]:
        asked.append(locale)
        rows = [SimpleNamespace(text="b", topic="travel"), SimpleNamespace(text="a", topic="money")]
        return {"train": rows, "validation": rows[:1], "test": rows[1:]}

    monkeypatch.setattr("seqtext.builtin.phrasebook.phrases", phrases)
    splits = load("phrasebook").splits
    assert splits["train"][:] == {"text": ["b", "a"], "label": [1, 0]}
    assert splits["test"].features["label"].names == ["money", "travel"]
    load("phrasebook:de")
    assert asked == ["en", "de"]


def test_the_phrasebook_has_as_many_rows_as_are_asked_for_and_others_for_another_seed() -> None:
    splits = phrasebook("fr", train=200, validation=20, test=10)
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 200, "validation": 20, "test": 10}
    assert phrasebook("fr", train=200, validation=20, test=10)["test"][:] == splits["test"][:]
    assert phrasebook("fr", train=200, validation=20, test=10, seed=1)["test"][:] != splits["test"][:]


# ---- the hub


@pytest.mark.fault(12)
def test_a_name_on_the_hub_is_loaded_at_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(tmp_path / "news", "csv", write_csv)
    asked: list[str | None] = []

    def dataset_info(_: HfApi, name: str, *, revision: str | None, timeout: float) -> SimpleNamespace:
        asked.append(revision)
        return SimpleNamespace(sha="c0ffee")

    monkeypatch.setattr(HfApi, "dataset_info", dataset_info)
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


def test_a_path_wins_over_a_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner").mkdir()
    repository(tmp_path / "owner" / "name", "csv", write_csv)
    assert load("owner/name").revision is None
    with pytest.raises(
        DataError, match="found a revision of what is on this machine; expected a hub name; leave --rev"
    ):
        load("owner/name", revision="main")
