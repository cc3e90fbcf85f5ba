"""The recipe of spoken digits from start to end: it learns, says how well, goes on, and the command writes what it hears."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from seqtext.builtin.touch_tones import touch_tones
from seqtext.data.audio.wav import write_wav
from tests import in_process
from tests.in_process import Ended, figures_of, seqtext_command, succeeded
from tests.tasks.transcription.transcribers import spoken, write_recordings
from tests.training.stopping import hashes, killed_in_step

TINY = [
    *(
        "--hidden_size",
        "24",
        "--embedding_size",
        "16",
        "--num_layers",
        "1",
        "--bands",
        "16",
        "--device",
        "cpu",
        "--threads",
        "1",
    ),
    *(
        "--learning_rate",
        "0.02",
        "--ema_decay",
        "0.9",
        "--batch_rows",
        "8",
        "--output_dropout",
        "0",
        "--input_dropout",
        "0",
    ),
    *("--mask_bands", "2", "--mask_frames", "2", "--speed", "0.05", "--noise_db", "20", "--joined", "3"),
]


def recipe(*flags: object) -> Ended:
    """`python recipes/spoken_digits.py ...`."""
    return in_process.recipe("spoken_digits", *TINY, *flags)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    write_recordings(folder / "takes", takes=14)
    said = [spoken(word, 99 + number) for number, word in enumerate("badc")]
    pause = np.zeros(1600, dtype=np.float32)
    (folder / "call.wav").write_bytes(write_wav(np.concatenate([part for one in said for part in (pause, one)]), 8000))
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch) -> None:
    monkeypatch.chdir(place)


@pytest.fixture(scope="module")
def tones(place) -> Ended:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        return succeeded(recipe("--data", "takes", "--run", "runs/tones", "--epochs", "24"))


def test_it_learns_and_says_how_well_beside_simpler_methods(tones):
    figures = figures_of("runs/tones")
    test = figures["test"]
    assert test["word_error_rate"] < 0.1
    assert test["strings_right"] > 0.8
    assert test["single"]["accuracy"] > 0.9
    assert {*test["by_speaker"]} == {"ann", "bob"}
    assert -100 < test["delay_ms"]["median"] < 200
    assert figures["baselines"]["logistic regression"]["accuracy"] > 0.9
    assert figures["data"]["rows"] == {"train": 65, "validation": 7, "test": 40}
    for shown in (
        "symbols     4: a b c d",
        "strings     of 1 to 3 recordings",
        "outputs     every 20 ms, of 4 frames",
        "4 frames every 2 -> Linear(64, 16) -> nn.GRU(16, 24, batch_first=True) -> Linear(24, 5)",
        "a symbol is written",
        "seqtext transcribe runs/tones call.wav",
    ):
        assert shown in tones.out
    for name in ("learning_curves.png", "utterance.png", "confusion.png"):
        assert Path("runs/tones/report", name).is_file()
    card = Path("runs/tones/README.md").read_text()
    assert "A transcriber, which writes while it listens," in card
    assert "| ann |" in card
    lines = [json.loads(line) for line in Path("runs/tones/report/predictions.jsonl").read_text().splitlines()]
    assert len(lines) == test["rows"] == 40
    assert sum(line["said"] == line["written"] for line in lines) > 30


def test_evaluate_says_what_the_report_says(tones):
    ended = succeeded(
        seqtext_command("evaluate", "runs/tones", "--data", "takes", "--output", "out", "--device", "cpu")
    )
    test = figures_of("runs/tones")["test"]
    assert f"word error rate {test['word_error_rate']:.2%}" in ended.out
    assert f"accuracy {test['single']['accuracy']:.2%} of 40" in ended.out
    assert "word error rate" in succeeded(seqtext_command("info", "runs/tones")).out
    Path("other").mkdir()
    Path("other/zero_ann_9.wav").write_bytes(write_wav(spoken("a", 1, rate=16_000), 16_000))
    Path("other/zero_ann_8.wav").write_bytes(write_wav(np.zeros(2_000), 8_000))
    ended = succeeded(seqtext_command("evaluate", "runs/tones", "--data", "other"))
    assert "4 symbols that are not in training, and never written: 'e', 'o', 'r', 'z'" in ended.out + ended.err
    assert "1 recordings are silent throughout" in ended.out + ended.err
    assert "resampled to 8,000 samples per second: recordings 1 of 16,000" in ended.out + ended.err


def test_the_command_writes_what_is_said(tones):
    assert succeeded(seqtext_command("transcribe", "runs/tones", "call.wav")).out == "badc\n"
    assert succeeded(seqtext_command("transcribe", "runs/tones", "call.wav", "--beam", "4")).out == "badc\n"
    times = [
        line.split("\t")
        for line in succeeded(seqtext_command("transcribe", "runs/tones", "call.wav", "--timestamps")).out.splitlines()
    ]
    assert [symbol for _, symbol in times] == list("badc")
    assert all(0.2 < float(seconds) < 1.6 for seconds, _ in times)
    live = succeeded(seqtext_command("transcribe", "runs/tones", "--live", "call.wav"))
    assert live.out == "badc\n"
    [row] = map(
        json.loads, succeeded(seqtext_command("transcribe", "runs/tones", "call.wav", "--jsonl")).out.splitlines()
    )
    assert (row["file"], row["text"]) == ("call.wav", "badc")
    assert [f"{symbol['seconds']:.2f}" for symbol in row["symbols"]] == [seconds for seconds, _ in times]
    two = succeeded(seqtext_command("transcribe", "runs/tones", "call.wav", "takes/a_ann_0.wav")).out
    assert two == "call.wav\tbadc\ntakes/a_ann_0.wav\ta\n"
    both = ("transcribe", "runs/tones", "--live", "takes/b_ann_0.wav", "takes/a_ann_0.wav")
    assert succeeded(seqtext_command(*both)).out == "takes/b_ann_0.wav\tb\ntakes/a_ann_0.wav\ta\n"
    of_both = succeeded(seqtext_command(*both, "--timestamps")).out.splitlines()
    assert [line.split("\t")[::2] for line in of_both] == [["takes/b_ann_0.wav", "b"], ["takes/a_ann_0.wav", "a"]]


def test_a_pipe_of_raw_samples_is_heard_as_it_comes_at_its_rate(tones):
    with wave.open("call.wav") as file:
        raw = file.readframes(file.getnframes())
    assert succeeded(seqtext_command("transcribe", "runs/tones", "-", stdin=raw)).out == "badc\n"
    again = succeeded(seqtext_command("transcribe", "runs/tones", "--live", "-", "--timestamps", stdin=raw)).out
    assert [line.split("\t")[1] for line in again.splitlines()] == list("badc")
    doubled = np.repeat(np.frombuffer(raw, dtype="<i2"), 2).tobytes()
    ended = succeeded(seqtext_command("transcribe", "runs/tones", "-", "--rate", "16000", stdin=doubled))
    assert ended.out == "badc\n"
    assert ended.err == "note: the pipe has 16,000 samples per second, resampled to the 8,000 of the model\n"


@pytest.mark.parametrize(
    ("flags", "stdin", "told"),
    [
        ((), None, "no recordings; give wav files, or - for a pipe"),
        (("nothing.wav",), None, "nothing.wav: no such file or folder"),
        (
            ("call.wav", "--rate", "8000"),
            None,
            "--rate is of a pipe, and files say their own; leave --rate out, or give -",
        ),
        (("call.wav", "--live", "--beam", "3"), None, "--beam reads a recording to its end"),
        (("call.wav", "--beam", "0"), None, "--beam is 0; expected 1 to 512"),
        (("-", "--rate", "5"), b"", "--rate is 5; expected 1000 to 768000"),
        (("-",), b"RIFF....WAVEfmt ", "the pipe is a wav file; expected raw samples; give the file by its name"),
        (("empty.wav",), None, "empty.wav: the file is empty (0 bytes)"),
        (("text.wav",), None, "text.wav: not a wav file: it begins with b'hello'"),
    ],
)
def test_what_cannot_be_heard_is_refused_in_one_line(tones, flags, stdin, told):
    Path("empty.wav").write_bytes(b"")
    Path("text.wav").write_bytes(b"hello")
    ended = seqtext_command("transcribe", "runs/tones", *flags, stdin=stdin)
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.count("\n") == 1


def test_a_run_that_was_killed_goes_on_to_the_same_bits(tmp_path):
    flags = (
        "--data",
        "takes",
        "--max_rows",
        "40",
        "--batch_rows",
        "4",
        "--epochs",
        "2",
        "--checkpoint_every",
        "3",
        "--baselines",
        "none",
    )
    succeeded(recipe(*flags, "--run", tmp_path / "whole"))
    with killed_in_step(1 + 5):  # one is made to say how long it will take
        recipe(*flags, "--run", tmp_path / "run")
    succeeded(in_process.recipe("spoken_digits", "--resume", "--run", tmp_path / "run"))
    assert hashes(tmp_path / "run") == hashes(tmp_path / "whole")


def test_a_speaker_is_held_out_and_a_dry_run_writes_nothing(tmp_path):
    ended = succeeded(recipe("--data", "takes", "--hold_out_speaker", "bob", "--dry_run", "--run", tmp_path / "dry"))
    assert "test: all 56 recordings of bob, who is in no other split" in ended.out
    assert not (tmp_path / "dry").exists()


def test_a_recording_that_cannot_be_read_stops_before_the_first_step(tmp_path):
    folder = write_recordings(tmp_path / "takes", takes=8)
    (folder / "a_ann_6.wav").write_bytes((folder / "a_ann_6.wav").read_bytes()[:-10])
    ended = recipe("--data", folder, "--run", tmp_path / "run")
    assert (ended.code, ended.out) == (2, "")
    assert "a_ann_6.wav: the wav file is cut off" in ended.err
    assert not (tmp_path / "run").exists()


def test_the_built_in_keys_run_offline_in_their_smallest_form(tmp_path, monkeypatch):
    monkeypatch.setattr("seqtext.data.audio.tones.touch_tones", lambda count, **how: touch_tones(count // 20, **how))
    flags = ("--epochs", "1", "--baselines", "fast", "--joined", "1")
    monkeypatch.setattr("seqtext.tasks.transcription.report.measured.STRINGS", 5)
    ended = succeeded(recipe(*flags, "--run", tmp_path / "keys"))
    assert "symbols     12: # * 0 1 2 3 4 5 6 7 8 9" in ended.out
    figures = figures_of(tmp_path / "keys")
    assert figures["test"]["strings"] == 25
    assert figures["baselines"]["Goertzel detector"]["strings_right"] > 0.9
    assert len(figures["noise"]["decibels"]) == len(figures["noise"]["strings_right"]["this model"])
    assert (tmp_path / "keys" / "report" / "noise.png").is_file()


def test_check_names_the_recordings_at_fault(tmp_path):
    folder = write_recordings(tmp_path / "clips", takes=2)
    names = sorted(path.name for path in folder.iterdir())
    table = tmp_path / "train.csv"
    rows = [f"clips/{name},{name[0]}" for name in names] + ["clips/missing.wav,a"]
    table.write_text("file,text\n" + "\n".join(rows) + "\n")
    (folder / names[1]).write_bytes(b"no wav")
    ended = seqtext_command("check", table)
    assert ended.code == 2
    assert "recordings in 'file', texts in 'text' (as for seqtext train digits)" in ended.out
    assert "not a wav file" in ended.out
    assert "clips/missing.wav" in ended.out
    assert f"2 of {len(rows)} rows are at fault" in ended.err


def test_check_reads_a_folder_of_recordings_and_writes_none(tmp_path):
    folder = write_recordings(tmp_path / "takes", takes=6)
    assert "no faults" in succeeded(seqtext_command("check", folder, "--task", "digits")).out
    (folder / "a_ann_5.wav").write_bytes(b"")
    ended = seqtext_command("check", folder)
    assert "a_ann_5.wav" in ended.out
    assert "1 of 48 rows are at fault; mend or remove the files that were named" in ended.err
    ended = seqtext_command("check", folder, "--fix", "drop", "--output", tmp_path / "clean.csv")
    assert ended.code == 2
    assert not (tmp_path / "clean.csv").exists()
