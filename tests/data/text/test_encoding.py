"""Ids on disk: made once, and made again if anything about them was changed since."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets import Dataset

from seqtext.batching.ragged import Ragged
from seqtext.data.text.encoding import EncodingReport, encode_to_disk, learning_texts
from seqtext.data.text.normaliser import Normaliser
from seqtext.data.text.tokenizer import Tokenizer
from seqtext.errors import ResourceError

TEXTS = [f"the ship number {number} sails over waves" for number in range(200)]


@pytest.mark.parametrize(("most", "taken"), [(10**6, 400), (10_000, 290)])
def test_a_tokenizer_learns_from_rows_that_are_spread_evenly(most: int, taken: int) -> None:
    rows = Dataset.from_dict(
        {"text": ["eins zwei drei vier fünf sechs sieben acht neun zehn"] * 200 + ["один два три"] * 200}
    )
    texts = list(learning_texts(rows, "text", most=most))
    assert len(texts) == pytest.approx(taken, rel=0.05)
    assert sum("один" in text for text in texts) == pytest.approx(len(texts) / 2, abs=1)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS, vocabulary_size=320, normaliser=Normaliser())


def encode(tokenizer: Tokenizer, asked: list[int] | None = None) -> tuple[Ragged, EncodingReport]:
    def chunks() -> Iterator[list[str]]:
        (asked if asked is not None else []).append(1)
        yield from (TEXTS[:150], TEXTS[150:])

    return encode_to_disk(chunks, tokenizer, keep=slice(0, 50), fingerprint="rows")


def test_ids_are_made_once(tokenizer: Tokenizer) -> None:
    asked: list[int] = []
    first, report = encode(tokenizer, asked)
    again, same = encode(tokenizer, asked)
    assert asked == [1]
    assert same == report
    assert report.texts == len(first) == 200
    assert [first[row].tolist() for row in range(200)] == tokenizer.encode(TEXTS)
    assert first.values.tolist() == again.values.tolist()


@pytest.mark.parametrize("name", ["values.int32x1.bin", "starts.bin", "report.json"])
@pytest.mark.parametrize("fault", ["an id is changed", "cut", "gone", "empty"])
def test_ids_that_were_changed_since_are_made_again(tokenizer: Tokenizer, name: str, fault: str) -> None:
    good = encode(tokenizer)[0].values.tolist()
    [folder] = (Path(os.environ["SEQTEXT_CACHE"]) / "encoded").iterdir()
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    if fault != "gone":
        (folder / name).write_bytes(
            {"an id is changed": data[:40] + b"\x07" + data[41:], "cut": data[:-5]}.get(fault, b"")
        )
    asked: list[int] = []
    assert encode(tokenizer, asked)[0].values.tolist() == good
    assert asked == [1]
    assert encode(tokenizer, asked)[0].values.tolist() == good
    assert asked == [1], "the new ones are kept"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "nothing is left behind"


def test_a_cache_that_cannot_be_written_is_told_in_one_line(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEQTEXT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ResourceError, match="cache: cannot write a copy of the data .*set SEQTEXT_CACHE"):
        encode(tokenizer)


def test_a_full_disk_is_told_in_one_line(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seqtext.data.text.encoding.write_ragged", full)
    with pytest.raises(ResourceError, match="No space left on device.*free some space"):
        encode(tokenizer)
    assert not list((Path(os.environ["SEQTEXT_CACHE"]) / "encoded").iterdir())


def test_an_ending_stands_behind_each_text_and_alone_for_an_empty_one(tokenizer: Tokenizer) -> None:
    texts = ["the ship", "", "waves"]
    for _ in range(2):  # made, and out of the cache
        ids, report = encode_to_disk(lambda: iter([texts]), tokenizer, keep=slice(None), fingerprint="ended", ending=3)
        assert [ids[row].tolist() for row in range(3)] == [
            [*tokenizer.encode(["the ship"])[0], 3],
            [3],
            [*tokenizer.encode(["waves"])[0], 3],
        ]
        assert (report.texts, report.empty) == (3, 1)
    plain, _ = encode_to_disk(lambda: iter([texts]), tokenizer, keep=slice(None), fingerprint="ended")
    assert plain[0].tolist() == tokenizer.encode(["the ship"])[0]
