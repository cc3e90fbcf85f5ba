"""What every report tells of a run: how it was trained, and the curves it was learnt along. Knows no task's own figures."""

from __future__ import annotations

import platform
import shlex
import sys
from typing import Any

import torch

from seqtext.reporting.curves import LearningHistory
from seqtext.training.fit import FitResult


def training_figures(result: FitResult) -> dict[str, Any]:
    """The part `training` of report/metrics.json."""
    return {
        "selection": result.selection,
        "best_epoch": result.best_epoch,
        "validation": result.validation,
        "steps": result.steps,
        "seconds": round(result.seconds, 1),
        "share_of_time_making_batches": round(result.batch_share, 5),
        "hardware": f"{platform.machine()} {result.settings['device']}, {result.settings['threads']} threads",
        "torch": torch.__version__,
        **result.settings,
    }


def learning_history(result: FitResult, *, score: str) -> LearningHistory:
    """The lines of metrics.jsonl as curves.

    Args:
        result: of training.
        score: the validation figure to draw.
    """
    steps = [line for line in result.history if "loss" in line]
    evaluations = [line for line in result.history if "validation" in line]
    return LearningHistory(
        steps=[line["step"] for line in steps],
        train_loss=[line["loss"] for line in steps],
        evaluation_steps=[line["step"] for line in evaluations],
        evaluation_loss=[line["validation"]["loss"] for line in evaluations],
        evaluation_score=[line["validation"][score] for line in evaluations],
        learning_rate=[line["learning_rate"] for line in steps],
        chosen_step=next((line["step"] for line in evaluations if line["epoch"] == result.best_epoch), None),
    )


def command_line() -> str:
    """The command that this program was started with, to be pasted into a shell."""
    program, *arguments = sys.argv
    return f"{program if program.startswith('seqtext train ') else f'python {shlex.quote(program)}'} {shlex.join(arguments)}".rstrip()
