"""`Forecaster`: past readings in, the next ones out, in the units of the data. A `SeqToVec` with its scales.

Knows series and units; reads no files but its own saved ones, and does not know how it is trained. Every forecast reads only
what lies before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.batching.pieces import MapPieces, one_by_one
from seqtext.batching.usual import Usual
from seqtext.data.series.held_out import hold_out_last
from seqtext.data.series.series import Part, SeriesSet
from seqtext.errors import one_of, shorten
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.losses import Loss
from seqtext.options import Precision
from seqtext.tasks.base import BaseTask
from seqtext.tasks.forecasting.ahead import with_ahead
from seqtext.tasks.forecasting.calling import Forecast, forecasts, least_history
from seqtext.tasks.forecasting.completing import complete
from seqtext.tasks.forecasting.given import FloatArray, as_part
from seqtext.tasks.forecasting.histories import Histories, histories
from seqtext.tasks.forecasting.kept_baseline import keep_better
from seqtext.tasks.forecasting.linear_fit import fit_linear_path
from seqtext.tasks.forecasting.linear_tuning import fit_again
from seqtext.tasks.forecasting.model import build_model
from seqtext.tasks.forecasting.parts import PartForecasts, forecast_positions, part_forecasts, with_spread
from seqtext.tasks.forecasting.plain_loss import plain_loss, validate_plain
from seqtext.tasks.forecasting.prepare import prepare
from seqtext.tasks.forecasting.remarks import of_clocks, of_horizon, of_readings, tell
from seqtext.tasks.forecasting.request import ForecastRequest
from seqtext.tasks.forecasting.rollout import Context, Rollout
from seqtext.tasks.forecasting.scaled_series import scales_for
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.started import LEARNING_RATE, READINGS, STARTED_RATE, open_run, started_config, take_over
from seqtext.tasks.forecasting.step_loss import step_loss, validate_steps
from seqtext.tasks.forecasting.step_model import StepModel
from seqtext.tasks.forecasting.stream import ForecastStream, scale_of_training
from seqtext.tasks.forecasting.windows import ForecastBatch, Windows, windows_of
from seqtext.tasks.saved import SavedTask
from seqtext.tasks.saving import restore, task_files, with_new_weights

MOST_VALIDATED = 20_000  # windows that an epoch is judged by, drawn once with a fixed key
_DEFAULT = ForecastRequest()


class Forecaster(BaseTask):
    """Forecasts the next readings of a series.

    Args:
        config: settings, scales and names.
    """

    config: ForecastConfig
    model: SeqToVec | StepModel
    selection_metric = "loss"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "fp32"  # a forecast needs more digits than bf16 has

    @property
    def usual(self) -> Usual:
        """How long it is trained where rows are many."""
        rate = STARTED_RATE if self.copied else LEARNING_RATE
        if self.config.model == "plain":
            return Usual(6, 512, 200_000_000, rate, batch_tokens=READINGS)
        return Usual(8, 512, 24_000_000, rate, batch_tokens=READINGS)  # some two minutes on two cores

    def __init__(self, config: ForecastConfig) -> None:
        self.config = config
        self.output = config.output
        self.model = build_model(config)
        self.copied = ""  # what came from another run, to print

    def traits(self) -> list[str]:
        """What it is, in a few words each."""
        config = self.config
        names = one_of(map(shorten, config.series), 3).removeprefix("one of ")
        ahead = f"{config.window:,} readings to {config.horizon:,}"
        beside = {"plain": "", "segments": "linear path and ", "linear": "linear path"}[config.model]
        cell = "" if config.model == "linear" else f"{config.cell} of {config.hidden_size:,} units"
        return [f"{len(config.series):,} series: {names}", ahead, beside + cell]

    # ---- made from data

    @classmethod
    def from_data(
        cls, train: Any, *, init_from: str | Path | None = None, seed: int = 0, **settings: Any
    ) -> Forecaster:
        """A new forecaster for some series: fits the scales, draws the weights.

        Args:
            train: the span of training, as `as_part` takes it (a pandas Series, a frame, a `Part`); nothing else may be given, or the
                scales would see what they are tested on.
            init_from: a saved forecaster to start from: its settings and weights, with the scales of these series.
            seed: of the first weights.
            settings: fields of `ForecastSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if a series has no reading to scale by.
            OptionsError: for an unknown setting, or one that the series cannot have.
        """
        part = as_part(train)
        source = None if init_from is None else open_run(init_from)
        config = prepare(part, settings) if source is None else started_config(part, source, settings)
        task = with_new_weights(lambda: cls(config), seed=seed)
        if source is not None:
            task.copied = take_over(task.model, source, task.encode(part))
        elif isinstance(task.model, StepModel):
            fit_linear_path(task.model.linear, task.encode(part))
        return task

    # ---- raw in, raw out

    @property
    def least_history(self) -> int:
        """Readings that a forecast needs before it."""
        return least_history(self.config)

    def __call__(
        self,
        history: Any,
        *,
        series: str | Sequence[str] | None = None,
        inputs: Any = None,
        future: Any = None,
        start: Any = None,
        horizon: int | None = _DEFAULT.horizon,
        samples: int = _DEFAULT.samples,
        seed: int = _DEFAULT.seed,
    ) -> Any:
        """The forecast behind each history.

        The other keywords are the fields of `ForecastRequest` (forecasting/request.py), which says what each means.

        Args:
            history: (N,) readings in the units of the data, NaN where missing; a pandas or polars Series, whose index may hold the times;
                a list of such; or a frame with columns as a file has them.
            series: name of the series, whose scale is then used, or a list of names; a pandas Series brings its own. A model of one
                series takes its scale; a series that was not in training is scaled by its history.
            inputs: (N, E) further columns, where the model was trained with some; or a list.
            future: (H, A) what is known ahead of the columns that the model was trained with as such, or a frame of them; or a list.
            start: time of the first reading, where the model reads a calendar; or a list.

        Returns:
            A `Forecast`, or a list of them for a list, and for a frame of several series.

        Raises:
            DataError: a history that is too short, of another frequency, or holds what is no number.
            OptionsError: a horizon that the model cannot give.
            NumericsError: a forecast that is not finite.
        """
        request = ForecastRequest(horizon=horizon, samples=samples, seed=seed)  # checks the values
        given = histories(history, series=series, inputs=inputs, start=start, config=self.config)
        steps = self.config.horizon if request.horizon is None else request.horizon
        made = self.behind(with_ahead(given, future, steps, self.config), request)
        return made if given.many else made[0]

    @torch.inference_mode()
    def behind(self, given: Histories, request: ForecastRequest) -> list[Forecast]:
        """The forecast behind each of some histories, with a warning of what is not as in training.

        Raises:
            DataError: as calling.
            OptionsError: as calling.
            NumericsError: as calling.
        """
        self.model.eval()
        made = forecasts(self.model, self.config, given, request)
        remarks = [*given.remarks, *of_horizon(request.horizon, self.config), *of_clocks(given.zones, self.config)]
        tell([*remarks, *of_readings(given.series, self.config, ahead=given.ahead)])
        return made

    def stream(
        self, *, series: str | None = None, start: Any = None, scale: tuple[float, float] | None = None
    ) -> ForecastStream:
        """Readings one after the other, a forecast after each: see `ForecastStream`.

        Args:
            series: name of the series, whose scale is used; may be left out for a model of one series.
            start: time of the first reading, where the model reads a calendar.
            scale: mean and standard deviation of a series that was not in training.
        """
        scale = scale_of_training(self.config, series) if scale is None else scale
        self.model.eval()
        return ForecastStream(self.model, self.config, scale=scale, start=start)

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Never: readings are what they are."""
        return False

    def rows(self, given: Any) -> Any:
        """Spans of series, as `as_part` makes them of what holds them."""
        return as_part(given)

    def split(self, rows: Any, *, seed: int) -> tuple[Part, Part]:
        """Training readings and the last tenth of each span, to choose by. The seed changes nothing: time decides."""
        return hold_out_last(as_part(rows), share=0.1)

    def encode(self, rows: Any, *, sampling_seed: int | None = None) -> Windows:
        """The windows of a part, or of what `as_part` makes one of.

        Raises:
            DataError: if none fits.
        """
        return windows_of(as_part(rows), self.config)

    def loss(self, batch: ForecastBatch) -> Loss:
        """The loss of the values that were measured; missing ones count nothing."""
        if isinstance(self.model, StepModel):
            return step_loss(self.model, batch)
        return plain_loss(self.model, self.output, batch)

    def losses(self, batch: ForecastBatch) -> Iterator[Loss]:
        """As `loss`, which is all there is of a batch."""
        yield self.loss(batch)

    @torch.inference_mode()
    def validate(self, examples: Windows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss, squared and absolute error over a part, in the scale of training; at most 20,000 windows of it."""
        self.model.eval()
        windows = Windows(examples.series, examples.spans, self.config)
        if isinstance(self.model, StepModel):
            return validate_steps(self.model, windows, map_pieces)
        rows = KeyedPermutation(len(windows), 0)(np.arange(min(len(windows), MOST_VALIDATED)))
        rollout = Rollout(self.model, self.config, windows.series)
        return validate_plain(rollout, windows, windows.first(np.sort(rows)), map_pieces)

    # ---- what is learnt without steps

    def complete(self, train: Any, validation: Any) -> str:
        """Weighs linear path and recurrent part, shifts quantiles, and measures what lies around them, by the validation readings."""
        said = []
        if isinstance(self.model, StepModel):
            said.append(complete(self.model.to("cpu"), self.encode(validation)) or "linear path fitted")
            if self.config.keep_baseline:
                said.append(keep_better(self.model, self.encode(train), self.encode(validation)))
        if self.output.has_quantiles:
            self.config = with_spread(self.config, as_part(validation), self.forecasts)
            said.append("tails and correlations of errors measured")
        return "; ".join(filter(None, said))

    def refit(self, train: Any, validation: Any) -> str:
        """Fits the linear path again, on training and validation readings together; nothing of a plain model, or without `refit`."""
        if not isinstance(self.model, StepModel) or not self.config.refit:
            return ""
        spans = np.concatenate([as_part(train).spans, as_part(validation).spans])
        both = Part(as_part(train).series, spans[np.argsort(spans[:, 0], kind="stable")])
        alone = not (self.model.recurrent and float(self.model.share)) and not self.config.keep_baseline
        fit_again(self.model.linear, self.encode(both), choose_anew=alone)
        chosen = ", its maps chosen again too" if alone else ""
        return f"linear path fitted again on training and validation rows{chosen}"

    # ---- forecasts of a part, to be measured

    def forecasts(
        self,
        part: Part,
        first: NDArray[np.int64],
        *,
        context: Context | None = None,
        horizon: int | None = None,
    ) -> PartForecasts:
        """As `part_forecasts`, of this model."""
        self.model.eval()
        return part_forecasts(self.model, self.config, part, first, context=context, horizon=horizon)

    def positions(self, part: Part, *, most: int, horizon: int | None = None, every: int = 1) -> NDArray[np.int64]:
        """(R,) as `forecast_positions`, for this model."""
        return forecast_positions(part, self.config, most=most, horizon=horizon, every=every)

    def scales_for(self, series: SeriesSet) -> tuple[FloatArray, FloatArray]:
        """(S,) means and scales, as `windows.scales_for`, for this model."""
        return scales_for(series, self.config)

    # ---- saved

    def files(self) -> dict[str, bytes]:
        """What is saved, by the names of the files."""
        return task_files(self, {})

    @classmethod
    def from_saved(cls, saved: SavedTask) -> Forecaster:
        """From the verified files of a model folder."""
        config = saved.config(ForecastConfig, task=cls.__name__)
        return restore(saved, lambda: cls(config))
