"""How long is trained follows from the rows alone, as the rule says, and whatever is asked for wins."""

import pytest

from seqtext.batching.usual import LEAST_STEPS, MOST_EPOCHS, Usual
from seqtext.options import TrainingOptions
from seqtext.training.budget import budget, told


class Rows:
    """So many rows, all of one length."""

    def __init__(self, count, length=10):
        self.count, self.length = count, length

    def __len__(self):
        return self.count

    def steps_in(self, rows):
        return len(rows) * self.length

    def plan(self, *, tokens, seed, micro_batches, max_rows):
        per_step = min(max_rows, max(tokens // self.length, 1)) * micro_batches
        steps = -(-self.count // per_step)

        class Plan:
            def epoch(self, number):
                return range(steps)

        return Plan()


def planned(count, length=10, task=None, **options):
    return budget(task, TrainingOptions(**options), Rows(count, length))


@pytest.mark.parametrize(
    ("rows", "batch_rows", "epochs"),
    [
        (1, 16, MOST_EPOCHS),
        (180, 16, MOST_EPOCHS),
        (2_000, 16, 12),
        (4_907, 32, 10),
        (13_779, 64, 7),
        (19_199, 64, 5),
        (47_690, 128, 5),
        (100_000, 128, 4),
        (1_000_000, 128, 2),  # as many tokens as are usual in one and a fifth
    ],
)
def test_rows_decide(rows, batch_rows, epochs):
    found = planned(rows)
    assert (found.batch_rows, found.epochs) == (batch_rows, epochs)


@pytest.mark.parametrize("rows", [500, 1_000, 3_000, 10_000, 30_000, 200_000])
def test_there_are_1500_steps_at_least(rows):
    found = planned(rows)
    assert found.epochs * found.steps >= LEAST_STEPS
    assert (found.epochs - 1) * found.steps < LEAST_STEPS or found.epochs == Usual().epochs


def test_long_texts_are_read_less_often_but_twice_at_least():
    assert planned(11_000, length=250).epochs == 4
    assert planned(11_000, length=2_000).epochs == 2


def test_what_is_asked_for_wins_and_the_rest_follows_from_it():
    assert planned(4_907, epochs=3)[:2] == (3, 32)
    assert planned(4_907, batch_rows=128)[:2] == (39, 128)
    assert planned(4_907, epochs=3, batch_rows=128).chosen == ""
    assert planned(4_907).chosen == "--batch_rows 32 --epochs 10"
    assert planned(4_907, gradient_accumulation=2).epochs == 20
    many = Usual().batch_tokens
    assert planned(100_000, batch_tokens=4 * many).batch_rows == 512, "else the tokens asked for would not be there"
    assert planned(4_907, batch_tokens=4 * many).batch_rows == 32, "small data need small batches all the same"
    assert planned(100_000, batch_tokens=many // 4).batch_rows == 128


def test_a_task_may_know_better():
    class Slow:
        usual = Usual(epochs=20, batch_rows=512, tokens=10**9)

    assert planned(1_000_000, task=Slow())[:2] == (20, 512)


class Impatient:
    usual = Usual(epochs=4, patience=3)


def test_a_task_that_learns_by_heart_waits_for_a_better_epoch_unless_epochs_are_asked_for():
    found = planned(1000, task=Impatient())
    assert found.patience == 3
    assert "it ends after 3 epochs without a better validation (--patience_epochs)" in told(
        found, TrainingOptions(), 1.0
    )
    assert planned(1000, task=Impatient(), epochs=10).patience is None
    assert planned(1000, task=Impatient(), epochs=10, patience_epochs=2).patience == 2
    assert planned(1000, task=Impatient(), patience_epochs=5).patience == 5
    assert planned(1000).patience is None
    assert not [note for note in told(planned(1000), TrainingOptions(), 1.0) if "patience" in note]


def test_too_few_steps_are_told_before_training_with_what_would_be_enough():
    def notes(count, **options):
        given = TrainingOptions(**options)
        return " ".join(told(budget(None, given, Rows(count)), given, 600.0))

    assert "1 steps in all are few: --epochs 1500" in notes(5, epochs=1)
    assert "100 steps are few, because of --max_steps 100" in notes(100_000, max_steps=100)
    assert "few" not in notes(100_000)
    assert "of 3,128 steps, because of --max_minutes 5" in notes(100_000, max_minutes=5)
    assert "about 312 of 3,128 steps, which are few, because of --max_minutes 1" in notes(100_000, max_minutes=1)
    assert "minutes" not in notes(100_000, max_minutes=11)
