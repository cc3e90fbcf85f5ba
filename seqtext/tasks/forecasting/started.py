"""A forecaster that starts from a saved one: its settings and structure, the scales of new series. Knows saved files, no steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from seqtext.data.series.frequencies import flag_of
from seqtext.data.series.scaler import fit_scales, season_weights
from seqtext.data.series.series import Part, SeriesSet
from seqtext.errors import DataError, OptionsError, one_of
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.saving.configs import settings_of
from seqtext.saving.folders import parse_tensors
from seqtext.tasks.forecasting.choices import chosen
from seqtext.tasks.forecasting.linear_tuning import AS_IT_IS, tune_linear_path
from seqtext.tasks.forecasting.settings import ForecastConfig, ForecastSettings
from seqtext.tasks.forecasting.step_model import StepModel
from seqtext.tasks.forecasting.windows import Windows
from seqtext.tasks.saved import SavedTask, open_saved

OWN = (
    "nonnegative",
    "refit",
    "keep_baseline",
    "fill",
    "head_dropout",
    "layer_dropout",
    "sample_by",
)  # settings that no weights hang on
LEARNING_RATE = 2e-3  # as the recipe has it
READINGS = 1_000_000  # of a batch at most, likewise
STARTED_RATE = LEARNING_RATE / 4  # what is there shall be changed, not learnt anew


def open_run(name: str | Path) -> SavedTask:
    """A saved forecaster to start from.

    Raises:
        OptionsError: another task.
        SavedFileError: as `open_saved`.
    """
    saved = open_saved(name)
    if saved.task != "Forecaster":
        fix = "give a run of the electricity recipe, or leave --init_from out"
        raise OptionsError(f"--init_from {name} is a {saved.task}", expected="a Forecaster", fix=fix)
    return saved


def options_of_run(name: str | None) -> dict[str, Any]:
    """What a recipe takes from the run that it starts from, unless flags say otherwise: settings, further columns, the learning rate."""
    if name is None:
        return {}
    config = open_run(name).config(ForecastConfig, task="Forecaster")
    names, ahead = config.input_names, config.known_ahead  # in the order of past, future and static columns
    first, end = (min(ahead), max(ahead) + 1) if ahead else (len(names), len(names))
    return {
        **_settings(config),
        "past_columns": names[:first],
        "future_columns": names[first:end],
        "static_columns": names[end:],
        "learning_rate": STARTED_RATE,
    }


def _settings(config: ForecastConfig) -> dict[str, Any]:
    """The settings that the weights of a run hang on."""
    names = [field.name for field in fields(ForecastSettings) if field.name not in OWN]
    if config.model != "plain":
        names.remove("difference")  # which no flag of another model says
    return {name: getattr(config, name) for name in names}


def started_config(train: Part, source: SavedTask, settings: Mapping[str, Any]) -> ForecastConfig:
    """The config for new series: that of the run, with the scales of their training span, and whether they fall below zero.

    Args:
        train: the span of training.
        source: the run to start from.
        settings: fields of `ForecastSettings`; those that the weights hang on must be those of the run.

    Raises:
        DataError: another step of time or other columns, no times for a calendar, a series without a reading to scale by.
        OptionsError: for an unknown setting, or one that the run does not have.
    """
    series, wanted = train.series, settings_of(ForecastSettings, settings)
    old, name = source.config(ForecastConfig, task="Forecaster"), source.folder
    for setting, has in _settings(old).items():
        given = settings.get(setting)
        if given not in (None, "auto", has):
            found = f"--{setting} is {_said(given)}, but --init_from {name} has {_said(has)}"
            raise OptionsError(found, fix=f"leave --{setting} out")
    _check(series, old, name)
    means, scales = fit_scales(train)
    own = {setting: getattr(wanted, setting) for setting in OWN if setting in settings and setting != "nonnegative"}
    season = old.season or series.seasons().get("day") or (old.seasons[0] if old.seasons else 0)
    return replace(
        old,
        **{key: value for key, value in own.items() if value not in (None, "auto")},
        nonnegative=old.nonnegative if old.model == "plain" else chosen(wanted, train)["nonnegative"],
        series=series.names,
        means=means,
        scales=scales,
        weights=season_weights(train, scales, season) if old.weights else (),
        frequency=series.frequency,
        months=series.months,
        zoned=series.zone is not None,
        time_zone=series.zone,
    )


def _said(value: Any) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _check(series: SeriesSet, old: ForecastConfig, name: Path) -> None:
    """Refuses series that a run cannot read."""
    if series.timed and old.timed and (series.frequency, series.months) != (old.frequency, old.months):
        finer = None not in (series.frequency, old.frequency) and (old.frequency or 0) % (series.frequency or 1) == 0
        average = f"average them with --frequency {flag_of(old.frequency or 0)}, or "
        fix = f"{average if finer else ''}leave --init_from out"
        expected = f"{old.step}, as {name} was trained on"
        raise DataError(series.step, where=series.name, expected=expected, fix=fix)
    if old.calendar and series.frequency is None:
        fix = "name their column with --time_column, or leave --init_from out"
        raise DataError(f"no timestamps, and {name} reads a calendar", where=series.name, fix=fix)
    known = tuple(old.input_names[place] for place in old.known_ahead)
    if (series.input_names, tuple(n for n in series.input_names if n in series.known_ahead)) != (
        old.input_names,
        known,
    ):
        found = f"further columns {one_of(series.input_names or ('none',)).removeprefix('one of ')}"
        expected = f"{', '.join(old.input_names) or 'none'}, as {name} reads"
        expected += f", {', '.join(known)} known ahead" if known else ""
        fix = "leave --past_columns, --future_columns and --static_columns out: the run says them"
        raise DataError(found, where=series.name, expected=expected, fix=fix)


def take_over(model: StepModel | SeqToVec, source: SavedTask, windows: Windows) -> str:
    """Copies the weights of a run, fits its linear path to the windows of training, and says what was copied and what is new.

    Raises:
        SavedFileError: weights that are not those of the model.
    """
    where = str(source.folder / "model.safetensors")
    model.load_state_dict(parse_tensors(source.file("model.safetensors"), model.state_dict(), where=where))
    config, parts = windows.config, []
    if isinstance(model, StepModel):
        strength = tune_linear_path(model.linear, windows)
        fitted = f"fitted to the new readings (ridge towards its own, strength {strength:g})"
        parts.append(f"linear path {'as it is' if strength >= AS_IT_IS else fitted}")
    if config.model != "linear":
        parts.append(f"weights of the {config.cell} to go on from")
    columns = ", scales of further columns" if config.input_names else ""
    return f"{', '.join(parts)}, settings{columns} copied; scales of the series new"
