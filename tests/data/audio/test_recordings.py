"""Recordings are found by names, folders and tables; the splits are those that were meant; one speaker can be held out."""

from __future__ import annotations

from pathlib import Path

import datasets
import numpy as np
import pytest

from seqtext.data.audio.options import SoundDataOptions
from seqtext.data.audio.recordings import is_standard, load_recordings
from seqtext.data.audio.splits import column_texts, sound_splits
from seqtext.data.audio.wav import read_wav, write_wav
from seqtext.errors import DataError
from tests.conftest import write_csv


def sound(seed: int, seconds: float = 0.1) -> bytes:
    return write_wav(np.random.default_rng(seed).uniform(-0.5, 0.5, int(8000 * seconds)), 8000)


def write(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound(seed))
    return path


@pytest.fixture
def takes(tmp_path) -> Path:
    for digit in range(3):
        for number, who in enumerate(("ann", "bob")):
            for take in range(8):
                write(tmp_path / "takes" / f"{digit}_{who}_{take}.wav", seed=100 * digit + 10 * take + number)
    (tmp_path / "takes" / "notes.txt").write_text("x")
    return tmp_path / "takes"


def load(data: Path | str, **options) -> datasets.DatasetDict:
    return load_recordings(SoundDataOptions(data=str(data), **options)).splits


def test_names_say_text_speaker_and_take_and_the_first_five_takes_are_the_test(takes):
    splits = load(takes)
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 18, "test": 30}
    assert all(is_standard(rows) for rows in splits.values())
    assert {*column_texts(splits["test"], "text")} == {"0", "1", "2"}
    paths = [row["path"] for row in splits["test"]["audio"]]
    assert {Path(path).stem[-1] for path in paths} == set("01234")
    assert splits["train"]["audio"][0]["bytes"][:4] == b"RIFF"


def test_a_speaker_is_held_out_of_all_splits(takes):
    data = sound_splits(load(takes), hold_out_speaker="bob")
    assert {*column_texts(data.test, "speaker")} == {"bob"}
    assert {*column_texts(data.train, "speaker"), *column_texts(data.validation, "speaker")} == {"ann"}
    assert len(data.test) == 24
    assert "test: all 24 recordings of bob, who is in no other split" in data.notes
    with pytest.raises(
        DataError, match="--hold_out_speaker: no speaker 'bop'; expected one of ann, bob; did you mean 'bob'"
    ):
        sound_splits(load(takes), hold_out_speaker="bop")


def test_a_folder_for_each_word_and_folders_of_splits(tmp_path):
    for split in ("train", "test"):
        for word in ("yes", "no", "_noise_"):
            for number in range(3):
                write(tmp_path / split / word / f"{number}.wav")
    splits = load(tmp_path)
    assert {name: sorted({*column_texts(rows, "text")}) for name, rows in splits.items()} == {
        "train": ["no", "yes"],
        "test": ["no", "yes"],
    }
    assert sound_splits(splits).duplicates == 6  # the same sound everywhere


@pytest.mark.parametrize("columns", [("file", "transcript"), ("path", "text"), ("audio", "sentence")])
def test_a_table_names_files_as_seen_from_its_folder(tmp_path, columns):
    for number in range(4):
        write(tmp_path / "clips" / f"{number}.wav", seed=number)
    rows = {columns[0]: [f"clips/{number}.wav" for number in range(4)], columns[1]: ["one two", "two", "", "NA"]}
    table = write_csv(tmp_path / "train.csv", {**rows, "client_id": ["a", "b", "a", "b"]})
    found = load(table)["train"]
    assert column_texts(found, "text") == ["one two", "two", "", "NA"]
    assert column_texts(found, "speaker") == ["a", "b", "a", "b"]
    assert found["audio"][3]["bytes"] == sound(3)
    by_flag = load_recordings(SoundDataOptions(train=str(table), audio_column=columns[0], text_column=columns[1]))
    assert column_texts(by_flag.splits["train"], "text") == ["one two", "two", "", "NA"]
    write_csv(tmp_path / "metadata.csv", {"file_name": ["clips/1.wav"], "text": ["one"]})
    assert column_texts(load(tmp_path)["train"], "text") == ["one"]


def test_a_column_of_sounds_of_a_data_set(tmp_path):
    made = {"audio": [{"bytes": sound(1), "path": "a.wav"}, {"bytes": sound(2), "path": None}], "label": [1, 0]}
    kinds = datasets.ClassLabel(names=["no", "yes"])
    plain = datasets.Dataset.from_dict(made).cast_column("label", kinds)
    plain.cast_column("audio", datasets.Audio(decode=False)).to_parquet(tmp_path / "train.parquet")
    found = load(tmp_path / "train.parquet")["train"]
    assert column_texts(found, "text") == ["yes", "no"]
    assert found["audio"][0]["bytes"] == sound(1)


def test_what_cannot_be_used_is_refused_with_its_place(tmp_path):
    write(tmp_path / "0.wav")
    missing = write_csv(tmp_path / "missing.csv", {"file": ["0.wav", "1.wav"], "text": ["a", "b"]})
    with pytest.raises(
        DataError, match=r"missing.csv.*row 2, column 'file': 1.wav: No such file.*as seen from the table's folder"
    ):
        load(missing)
    unclear = write_csv(tmp_path / "unclear.csv", {"sound_file": ["0.wav"], "text": ["a"]})
    with pytest.raises(
        DataError, match="no column is clearly the recordings.*'sound_file', 'text'.*pass --audio_column NAME"
    ):
        load(unclear)
    assert len(load(unclear, audio_column="sound_file")["train"]) == 1
    with pytest.raises(DataError, match="no column 'sond_file'.*did you mean 'sound_file'"):
        load(unclear, audio_column="sond_file")


def test_the_built_in_keys_have_three_splits():
    splits = load("touch-tones")
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 1500, "validation": 200, "test": 500}


def test_folders_of_words_whose_files_are_named_by_hash_are_read_by_folder(tmp_path):
    for word in ("yes", "no"):
        for number in range(3):
            write(tmp_path / word / f"0000000{number}_nohash_{number}.wav", seed=number)
    rows = load(tmp_path)["train"]
    assert {*column_texts(rows, "text")} == {"yes", "no"}
    assert {*column_texts(rows, "speaker")} == {"00000000", "00000001", "00000002"}


def test_a_folder_that_tells_no_texts_names_a_file_and_its_table(tmp_path):
    write(tmp_path / "clips" / "0.wav")
    with pytest.raises(DataError, match=r"clips/0.wav does not say what is said.*write metadata.csv beside them"):
        load(tmp_path)  # a single folder is no word
    table = write_csv(tmp_path / "all.csv", {"file": ["clips/0.wav"], "text": ["a"]})
    with pytest.raises(DataError, match=f"pass --train {table}"):
        load(tmp_path)
    assert len(load(table)["train"]) == 1  # the advice, obeyed
    with pytest.raises(DataError, match="found a single recording; expected a folder of recordings, or a table"):
        load(tmp_path / "clips" / "0.wav")
    with pytest.raises(DataError, match="no such file.*or built in: touch-tones; .*'touch-tones'"):
        load("touchtones")


def test_classes_that_are_none_are_refused_and_arrays_are_sounds(tmp_path):
    array = {"array": [0.1, 0.2], "sampling_rate": 8000}
    for label in (-1, None):
        rows = datasets.Dataset.from_dict({"audio": [array] * 2, "label": [0, label]})
        rows.cast_column("label", datasets.ClassLabel(names=["no", "yes"])).to_parquet(tmp_path / "train.parquet")
        with pytest.raises(DataError, match=f"row 2, column 'label': found {label}; expected one of no, yes"):
            load(tmp_path / "train.parquet")
    datasets.Dataset.from_dict({"audio": [array], "text": ["a"]}).to_parquet(tmp_path / "train.parquet")
    [row] = load(tmp_path / "train.parquet")["train"]
    assert read_wav(row["audio"]["bytes"], where="x").samples.tolist() == pytest.approx([0.1, 0.2])


def test_who_speaks_is_asked_for_where_nobody_is_named(tmp_path):
    write(tmp_path / "0.wav")
    rows = load(write_csv(tmp_path / "all.csv", {"file": ["0.wav"], "text": ["a"]}))
    with pytest.raises(DataError, match=r"do not say who speaks; pass --speaker_column NAME$"):
        sound_splits(rows, hold_out_speaker="ann")
