"""`Forecaster`: past readings in, the next ones out, in the units of the data. A `SeqToVec` with its scales.

Knows series and units; reads no files but its own saved ones, and does not know how it is trained. Every forecast reads only
what lies before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqtext.batching.keyed_permutation import KeyedPermutation
from seqtext.batching.pieces import MapPieces, one_by_one, total_of
from seqtext.data.series.scaler import scale_of
from seqtext.data.series.series import Part, SeriesSet, hold_out_last
from seqtext.errors import DataError, OptionsError, one_of
from seqtext.models.seq_to_vec import SeqToVec
from seqtext.nn.backbone import Backbone
from seqtext.nn.losses import Loss
from seqtext.nn.pooling import Pooling
from seqtext.options import Precision
from seqtext.saving.configs import to_plain
from seqtext.saving.folders import atomic_folder, parse_tensors, save_tensors
from seqtext.tasks.forecasting.histories import FloatArray, check_missing, histories, is_many
from seqtext.tasks.forecasting.prepare import prepare
from seqtext.tasks.forecasting.rollout import Context, Rollout
from seqtext.tasks.forecasting.settings import ForecastConfig
from seqtext.tasks.forecasting.stream import ForecastStream
from seqtext.tasks.forecasting.windows import WARM_UP, ForecastBatch, Windows, scaled
from seqtext.tasks.saved import SavedTask, open_saved

MOST_VALIDATED = 20_000  # windows that an epoch is judged by, drawn once with a fixed key


class Forecast(NamedTuple):
    """What the forecaster says of the readings to come, in the units of the data.

    Attributes:
        values: (H,) float64.
        quantiles: (H,) of each level, rising with it; empty unless trained for.
        times: (H,) datetime64[s]; None without timestamps.
    """

    values: FloatArray
    quantiles: dict[float, FloatArray]
    times: NDArray[np.datetime64] | None


class Forecaster:
    """Forecasts the next readings of a series.

    Args:
        config: settings, scales and names.
    """

    selection_metric = "loss"  # the validation figure that decides which epoch's weights are kept
    lower_is_better = True
    auto_precision: Precision = "fp32"  # a forecast needs more digits than bf16 has

    def __init__(self, config: ForecastConfig) -> None:
        self.config = config
        self.output = config.output
        backbone = Backbone(
            input_size=config.input_size,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            cell=config.cell,
            dropout=config.layer_dropout,
        )
        self.model = SeqToVec(
            embedding=nn.Identity(),
            backbone=backbone,
            pooling=Pooling(kinds=["last"], size=backbone.output_size),
            output_size=config.head_horizon * self.output.size,
            dropout=config.head_dropout,
        )

    # ---- made from data

    @classmethod
    def from_data(cls, train: Part, *, seed: int = 0, **settings: Any) -> Forecaster:
        """A new forecaster for some series: fits the scales, draws the weights.

        Args:
            train: the span of training; nothing else may be given, or the scales would see what they are tested on.
            seed: of the first weights.
            settings: fields of `ForecastSettings`, which holds their names, defaults and meanings once.

        Raises:
            DataError: if a series has no reading to scale by.
            OptionsError: for an unknown setting, or one that the series cannot have.
        """
        config = prepare(train, settings)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's generator alone
            torch.manual_seed(seed)
            return cls(config)

    # ---- raw in, raw out

    @property
    def least_history(self) -> int:
        """Readings that a forecast needs before it."""
        return self.config.reach if self.config.context == "window" else max(1, self.config.difference_lag)

    @torch.inference_mode()
    def __call__(
        self,
        history: Any,
        *,
        horizon: int | None = None,
        series: str | Sequence[str] | None = None,
        inputs: Any = None,
        start: Any = None,
        samples: int = 100,
        seed: int = 0,
    ) -> Any:
        """The forecast behind each history.

        Args:
            history: (N,) readings in the units of the data, NaN where missing; a pandas Series, whose index may hold the times; or a
                list of such.
            horizon: readings to forecast; that of training if None.
            series: name of the series, whose scale is then used, or a list of names; a pandas Series brings its own. A model of one
                series takes its scale; a series that was not in training is scaled by its history.
            inputs: (N, E) further columns, where the model was trained with some; or a list.
            start: time of the first reading, where the model reads a calendar; or a list.
            samples: paths drawn with `multi_step="sampled"`.
            seed: of these.

        Returns:
            A `Forecast`, or a list of them for a list.

        Raises:
            DataError: a history that is too short, of another frequency, or holds what is no number.
            OptionsError: a horizon that the model cannot give.
        """
        given = histories(history, series=series, inputs=inputs, start=start, config=self.config)
        steps = self.config.horizon if horizon is None else horizon
        self._check_horizon(steps)
        for number, length in enumerate(given.lengths.tolist()):
            if length < self.least_history:
                found = f"history {number + 1} has {length:,} readings"
                raise DataError(found, expected=f"at least {self.least_history:,}, which the model looks back")
        means, scales = self.scales_for(given)
        rows = scaled(given, self.config, means, scales).to(self.device)
        self.model.eval()
        made = Rollout(self.model, self.config, rows, samples=samples, seed=seed).forecast(given.starts[1:], steps)
        results = []
        for number, (mean, scale) in enumerate(zip(means.tolist(), scales.tolist(), strict=True)):
            quantiles = made.quantiles[number] * scale + mean
            by_level = {level: quantiles[:, place] for place, level in enumerate(made.levels)}
            results.append(Forecast(made.values[number] * scale + mean, by_level, given.times_behind(number, steps)))
        return results if is_many(history) else results[0]

    def stream(
        self, *, series: str | None = None, start: Any = None, scale: tuple[float, float] | None = None
    ) -> ForecastStream:
        """Readings one after the other, a forecast after each: see `ForecastStream`.

        Args:
            series: name of the series, whose scale is used; may be left out for a model of one series.
            start: time of the first reading, where the model reads a calendar.
            scale: mean and standard deviation of a series that was not in training.
        """
        if scale is None:
            name = self.config.series[0] if series is None and len(self.config.series) == 1 else series
            if name not in self.config.series:
                expected = f"{one_of(self.config.series)}, or scale=(mean, deviation)"
                raise OptionsError(f"series {name!r} was not in training", expected=expected)
            place = self.config.series.index(name)
            scale = self.config.means[place], self.config.scales[place]
        self.model.eval()
        return ForecastStream(self.model, self.config, scale=scale, start=start)

    # ---- what training asks for

    @property
    def encodes_each_epoch(self) -> bool:
        """Never: readings are what they are."""
        return False

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def split(self, rows: Part, *, seed: int) -> tuple[Part, Part]:
        """Training readings and the last tenth of each span, to choose by. The seed changes nothing: time decides."""
        return hold_out_last(rows, share=0.1)

    def check(self, rows: Part) -> None:
        """Refuses a part with missing readings, in it or in what is read before it, that the model cannot be told of.

        Raises:
            DataError: naming the first one.
        """
        series, reach = rows.series, self.config.reach
        reach = len(series.values) if self.config.context == "stateful" else reach
        columns = series.values if series.inputs is None else np.column_stack([series.values, series.inputs])
        for number, (first, end) in zip(series.series_at(rows.spans[:, 0]), rows.spans.tolist(), strict=True):
            start = int(series.starts[number])
            begin = max(first - reach, start)
            where = f"{series.name}, series {series.names[number]!r}"
            check_missing(columns[begin:end], self.config, where, before=begin - start)

    def encode(self, rows: Part, *, sampling_seed: int | None = None) -> Windows:
        """The windows of a part.

        Raises:
            DataError: if none fits, or the part has missing readings that the model cannot be told of.
        """
        self.check(rows)
        series = rows.series
        means, scales = self.scales_for(series)
        steps = self.config.window - self.config.window // WARM_UP if self.config.context == "stateful" else 1
        rescaled = scaled(series, self.config, means, scales)
        windows = Windows(rescaled, rows.spans, self.config, steps=steps)
        if not len(windows):  # spans shorter than a piece, such as those of validation, still have windows
            windows = Windows(rescaled, rows.spans, self.config)
        if not len(windows):
            found = f"no window of {self.config.window:,} readings with {self.config.head_horizon:,} after it fits"
            longest = int(series.lengths.max())
            raise DataError(found, where=f"{series.name} ({longest:,} readings)", fix="lower --window or --horizon")
        return windows

    def loss(self, batch: ForecastBatch) -> Loss:
        """The loss of the values that were measured; missing ones count nothing."""
        steps = batch.targets.shape[1]
        if steps == 1:
            raw = self.model(batch.inputs)
        else:  # after every step of a piece but those that warm its state up
            raw = self.model.head(self.model.dropout(self.model.read(batch.inputs).values[:, -steps:]))
        raw = raw.view(*batch.targets.shape, self.output.size)
        return self._loss(raw, batch.targets, batch.anchors, batch.weights)

    def losses(self, batch: ForecastBatch) -> Iterator[Loss]:
        """As `loss`, which is all there is of a batch."""
        yield self.loss(batch)

    @torch.inference_mode()
    def evaluate(self, examples: Windows, *, map_pieces: MapPieces = one_by_one) -> dict[str, float]:
        """Mean loss, squared and absolute error over a part, in the scale of training; at most 20,000 windows of it."""
        self.model.eval()
        windows = Windows(examples.series, examples.spans, self.config)
        rows = KeyedPermutation(len(windows), 0)(np.arange(min(len(windows), MOST_VALIDATED)))
        rollout = Rollout(self.model, self.config, windows.series)

        def of(first: NDArray[np.int64]) -> Tensor:
            raw = rollout.raw(first).unsqueeze(1)
            targets, anchors = windows.targets(torch.from_numpy(first).to(windows.device))
            loss = self._loss(raw, targets, anchors, windows.weights(first))
            error = self.output.point(raw, 0.0 if anchors is None else anchors) - targets
            error = error[~torch.isnan(error)].double()
            sums = [loss.sum, loss.count, error.square().sum(), error.abs().sum()]
            return torch.tensor([*map(float, sums), len(error)], dtype=torch.float64)

        loss, weight, squares, absolutes, count = total_of(
            map_pieces(rollout.parts(windows.first(np.sort(rows))), of), figures=5
        )
        return {"loss": loss / weight, "mse": squares / count, "mae": absolutes / count}

    def _loss(self, raw: Tensor, targets: Tensor, anchors: Tensor | None, weights: Tensor | None) -> Loss:
        """Over (B, K, H)."""
        there = (~torch.isnan(targets)).float()
        if weights is not None:
            there = there * weights[:, None, None]
        losses = self.output.losses(raw, targets.nan_to_num(0.0), 0.0 if anchors is None else anchors) * there
        return Loss(losses.sum(), there.sum(), losses.detach().sum((1, 2)))

    # ---- forecasts of a part, to be measured

    @torch.inference_mode()
    def forecasts(self, part: Part, first: NDArray[np.int64], *, context: Context | None = None) -> PartForecasts:
        """Forecasts behind windows of a part, in the units of the data.

        Args:
            part: whose readings are forecast.
            first: (R,) positions of the first value of each, as `test_positions` gives them.
            context: where the state comes from; as trained if None.

        Raises:
            DataError: missing readings that the model cannot be told of.
        """
        self.check(part)
        self.model.eval()
        series = part.series
        means, scales = self.scales_for(series)
        rows = scaled(series, self.config, means, scales).to(self.device)
        made = Rollout(self.model, self.config, rows, context=context).forecast(first, self.config.horizon)
        number = series.series_at(first)
        scale, mean = scales[number][:, None], means[number][:, None]
        return PartForecasts(
            true=series.values[first[:, None] + np.arange(self.config.horizon)],
            values=made.values * scale + mean,
            quantiles={level: made.quantiles[..., place] * scale + mean for place, level in enumerate(made.levels)},
        )

    def positions(self, part: Part, *, most: int) -> NDArray[np.int64]:
        """(R,) where the forecasts of a part can begin, all of it or `most` drawn with a fixed key, in order."""
        series, reach = part.series, self.config.reach
        begins = np.maximum(part.spans[:, 0], series.starts[series.series_at(part.spans[:, 0])] + reach)
        spans = np.stack([begins, part.spans[:, 1] - self.config.horizon + 1], axis=1)
        spans = spans[spans[:, 1] > spans[:, 0]]
        if not len(spans):
            found = f"no window of {reach:,} readings with {self.config.horizon:,} to forecast after it fits"
            raise DataError(found, where=series.name, fix="lower --window or --horizon")
        bounds = np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])])
        rows = np.arange(int(bounds[-1]))
        if len(rows) > most:
            rows = np.sort(KeyedPermutation(len(rows), 0)(np.arange(most)))
        span = np.searchsorted(bounds, rows, side="right") - 1
        places: NDArray[np.int64] = spans[span, 0] + rows - bounds[span]
        return places

    def scales_for(self, series: SeriesSet) -> tuple[FloatArray, FloatArray]:
        """(S,) means and scales: those of training by name; of a series that was not there, of its own readings.

        Raises:
            DataError: a series without a reading.
        """
        known = {name: place for place, name in enumerate(self.config.series)}
        pairs = []
        for number, name in enumerate(series.names):
            if name in known:
                pairs.append((self.config.means[known[name]], self.config.scales[known[name]]))
            elif np.isnan(series.one(number)).all():
                raise DataError(f"series {name!r} has no reading", where=series.name)
            else:
                pairs.append(scale_of(series.one(number)))
        means, scales = np.array(pairs, dtype=np.float64).T
        return means, scales

    # ---- saved

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes config, with the scales in full precision, and weights as one verified folder."""
        with atomic_folder(Path(folder)) as place:
            config = {"task": type(self).__name__, **to_plain(self.config)}
            text = json.dumps(config, indent=1, ensure_ascii=False) + "\n"
            (place / "config.json").write_text(text, encoding="utf-8")
            save_tensors(place / "model.safetensors", self.model.state_dict())

    @classmethod
    def from_pretrained(cls, name: str | Path) -> Forecaster:
        """Opens a run folder, a model folder, or a model on the hub by its name.

        Raises:
            SavedFileError: if it is damaged, or not a forecaster.
        """
        return cls.from_saved(open_saved(name))

    @classmethod
    def from_saved(cls, saved: SavedTask) -> Forecaster:
        """From the verified files of a model folder."""
        with torch.device("meta"):  # shapes only: nothing large is allocated before the file's own shapes agree
            task = cls(saved.config(ForecastConfig, task=cls.__name__))
        where = str(saved.folder / "model.safetensors")
        weights = parse_tensors(saved.file("model.safetensors"), task.model.state_dict(), where=where)
        task.model.load_state_dict(weights, assign=True)
        task.model.eval()
        return task

    def _check_horizon(self, steps: int) -> None:
        config = self.config
        if steps < 1:
            raise OptionsError(f"horizon is {steps}", expected="at least 1")
        if steps <= config.head_horizon:
            return
        if config.head_horizon > 1:
            fix = "train with a longer --horizon, or with --multi_step mean, which goes on for ever"
            raise OptionsError(f"horizon is {steps}", expected=f"at most {config.head_horizon}, as trained", fix=fix)
        if config.center_windows or config.difference_input:
            fix = "train with a longer --horizon, or without --center_windows and --difference_input"
            raise OptionsError(
                f"horizon is {steps}, and windows that are centred or read changes cannot be rolled out", fix=fix
            )
        if config.input_names:
            names = ", ".join(config.input_names)
            fix = "train with --horizon and --multi_step direct"
            raise OptionsError(f"horizon is {steps}, and {names} are not known ahead", fix=fix)


class PartForecasts(NamedTuple):
    """Forecasts beside what came, (R, H) each, in the units of the data; NaN in `true` where a reading is missing."""

    true: FloatArray
    values: FloatArray
    quantiles: dict[float, FloatArray]
