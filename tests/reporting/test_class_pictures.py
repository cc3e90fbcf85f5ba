"""Pictures come out for any number and kind of classes, without a warning, and whole or not at all."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from seqtext.errors import ResourceError
from seqtext.reporting.class_metrics import classification_metrics
from seqtext.reporting.class_pictures import confusion_matrix, per_class_f1

NAMES = ["World", "スポーツ", "$ & _ money\n", "a very long name of a class indeed", "empty"]


def texts(figure: Figure) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def metrics_of(classes, *, wrong=0.2, names=None):
    rng = np.random.default_rng(classes)
    true = rng.integers(0, classes, 40 * classes)
    predicted = np.where(rng.random(len(true)) < wrong, rng.integers(0, classes, len(true)), true)
    return classification_metrics(predicted, true, names or [f"class {number}" for number in range(classes)])


@pytest.mark.parametrize("classes", [1, 2, 15, 30, 60])
def test_a_confusion_matrix_of_any_size_is_a_picture_of_bearable_size(classes, tmp_path):
    metrics = metrics_of(classes)
    confusion_matrix(metrics.confusion, [c.name for c in metrics.per_class], tmp_path / "report" / "matrix.png")
    height, width, _ = imread(tmp_path / "report" / "matrix.png").shape
    assert 200 < height < 2400
    assert 200 < width < 2600
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["matrix.png"]


def test_cells_hold_counts_and_shares_and_a_class_without_rows_says_so(drawn, tmp_path):
    matrix = np.array([[1500, 0, 0, 0, 0], [1, 199, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 4, 0], [0, 0, 0, 0, 0]])
    confusion_matrix(matrix, NAMES, tmp_path / "matrix.png")
    assert texts(drawn[0]) == {"1,500\n100%", "1\n<1%", "199\n100%", "1\n50%", "4\n100%", "no rows"}
    assert drawn[0].axes[0].get_title() == "1,706 rows, 99.9% right"


def test_no_rows_at_all_is_still_a_picture(tmp_path):
    confusion_matrix(np.zeros((2, 2), dtype=int), ["a", "b"], tmp_path / "matrix.png")
    assert (tmp_path / "matrix.png").exists()


def test_a_matrix_that_does_not_fit_the_names_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"one side per name \(3\), got \(2, 2\)"):
        confusion_matrix(np.eye(2, dtype=int), ["a", "b", "c"], tmp_path / "matrix.png")


def test_a_failed_save_leaves_the_old_picture_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "matrix.png"
    confusion_matrix(np.eye(2, dtype=int), ["a", "b"], path)
    before = path.read_bytes()

    def half(self, target, **options):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(ResourceError, match="matrix.png: cannot be written .disk full."):
        confusion_matrix(np.eye(2, dtype=int)[::-1], ["a", "b"], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_classes_are_sorted_hardest_at_the_bottom_and_those_without_rows_left_out(drawn, tmp_path):
    metrics = classification_metrics([0, 0, 1, 0, 2, 2, 3, 3], [0, 0, 1, 1, 2, 2, 3, 0], NAMES)
    per_class_f1(metrics, tmp_path / "f1.png", baseline=metrics, baseline_name="TF-IDF")
    labels = [label.get_text() for label in drawn[0].axes[0].get_yticklabels()]
    assert labels[-1] == r"\$ & _ money  (2)"
    assert not any("empty" in label for label in labels)
    assert len(labels) == 4


def test_of_many_classes_the_hardest_are_shown_and_the_axis_says_so(drawn, tmp_path):
    per_class_f1(metrics_of(60), tmp_path / "f1.png", baseline=metrics_of(60, wrong=0.5))
    assert drawn[0].axes[0].get_xlabel() == "F1 (%); the 40 hardest of 60 classes"


def test_a_baseline_of_other_classes_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the same classes"):
        per_class_f1(metrics_of(2), tmp_path / "f1.png", baseline=metrics_of(2, names=["b", "a"]))
