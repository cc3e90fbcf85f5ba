"""Pictures of attention are written whatever the tokens are, and their labels can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqtext.tasks.translation.report.attention_picture import attention_picture, readable


def weights(rows: int, columns: int) -> np.ndarray:
    made = np.random.default_rng(0).random((rows, columns))
    return made / made.sum(axis=1, keepdims=True)


def size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (["▁Two", "▁dog", "s", "."], ["▁Zwei", "▁Hunde", ".", "</s>"]),
        (["東京", "から", "▁", "·", "<0xE3>"], ["▁Tokyo", "▁→"]),
        (["▁القاهرة", "▁שלום"], ["▁$x$", "▁x_1^2", "\\alpha", "\u200d", "\n"]),
        (["a"], ["b"]),
        (["▁a"] * 200, ["▁schmetterlingsflügelpaar"] * 3),
    ],
)
def test_any_tokens_can_be_drawn(source: list[str], target: list[str], tmp_path: Path) -> None:
    attention_picture(weights(len(target), len(source)), source, target, tmp_path / "new" / "heat.png")
    width, height = size(tmp_path / "new" / "heat.png")
    assert 100 < width < 4000
    assert 100 < height < 4000


def test_what_is_not_drawn_is_told(tmp_path: Path) -> None:
    attention_picture(weights(3, 61), ["▁a"] * 61, ["▁b"] * 3, tmp_path / "long.svg")
    attention_picture(weights(3, 60), ["▁a"] * 60, ["▁b"] * 3, tmp_path / "whole.svg")
    told = "the first 60 of 61 tokens read, 3 of 3 written"
    assert told in (tmp_path / "long.svg").read_text(encoding="utf-8")
    assert "the first" not in (tmp_path / "whole.svg").read_text(encoding="utf-8")


def test_more_is_darker_and_rows_are_what_was_written(tmp_path: Path) -> None:
    from PIL import Image

    def darkness(name: str, made: np.ndarray) -> np.ndarray:
        attention_picture(made, ["▁a", "▁b"], ["▁c", "▁d"], tmp_path / name)
        with Image.open(tmp_path / name) as image:
            return 255 - np.asarray(image.convert("L"), dtype=float)

    up, down = (
        darkness("up.png", np.array([[0.0, 1.0], [0.0, 1.0]])),
        darkness("down.png", np.array([[1.0, 0.0], [1.0, 0.0]])),
    )
    assert up.shape == down.shape
    differing = np.flatnonzero(np.abs(up - down).sum(axis=0) > 255)
    middle = (differing[0] + differing[-1]) // 2
    assert up[:, middle:].sum() > down[:, middle:].sum(), "the second token is read: the right column is dark"
    assert up[:, :middle].sum() < down[:, :middle].sum()


def test_labels_show_words_and_what_goes_on_inside_them() -> None:
    assert readable(["▁Two", "▁play", "ing", ".", "▁", "</s>"]) == ["Two", "play", "·ing", ".", "(space)", "(end)"]
    assert readable(["東京", "から", "▁", "3", "時間"]) == ["東京", "から", "(space)", "3", "時間"]
    assert readable(["▁a▁b", "<unk>"]) == ["a b", "(unknown)"]


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (0, 2), (2,)])
def test_weights_must_belong_to_the_tokens(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"weights must be \(2, 2\) and of one token at least, got"):
        attention_picture(np.zeros(shape), ["a", "b"], ["c", "d"], tmp_path / "heat.png")
    assert not (tmp_path / "heat.png").exists()
