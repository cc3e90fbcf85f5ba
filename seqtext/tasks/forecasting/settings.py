"""What a forecaster can be set to: flags of its recipe, keywords of `Forecaster.from_data`, and part of the saved config."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seqtext.data.series.frequencies import step_of
from seqtext.errors import OptionsError
from seqtext.options import AT_LEAST_1, SHARE, Range, at_most, out_of_range, raise_faults, up_to

if TYPE_CHECKING:
    from seqtext.nn.forecast_output import ForecastOutput
    from seqtext.tasks.forecasting.spread import Spread

Model = Literal["auto", "segments", "linear", "plain"]
Cell = Literal["rnn", "gru", "lstm"]
Difference = Literal["none", "last", "week", "season"]
MOST_UNITS, MOST_LAYERS, MOST_STEPS = 16_384, 64, 1_000_000


@dataclass(frozen=True)
class ForecastSettings:
    """Window, model and loss of a forecaster. What is not said is chosen from the data by the rule in `choices.py`, and told."""

    model: Model = "auto"
    """segments: a linear map, and an RNN over segments for what it gets wrong; linear: the map alone; plain: an nn.RNN over readings."""
    window: int | None = None
    """Readings the model sees, or pieces that a carried state is trained on. Default: from seasons and length; 96 of a plain model."""
    horizon: int = 1
    """Readings to forecast."""
    multi_step: Literal["direct", "mean", "sampled"] = "direct"
    """Longer horizons: all at once from one head, or one after the other, each fed its forecast before or a sample of it."""
    context: Literal["window", "stateful"] = "window"
    """Each forecast starts from zeros at its window, or the state is carried through the whole series."""
    cell: Cell | None = None
    """Kind of recurrent cell. Default: gru; rnn of a plain model."""
    hidden_size: int | None = None
    """Units of a layer. Default: 16 to 64, by the number of readings; 32 of a plain model."""
    num_layers: int | None = None
    """Recurrent layers. Default: 1; 2 of a plain model."""
    layer_dropout: float = 0.0
    """Share of values zeroed between layers in training."""
    head_dropout: float | None = None
    """Share of the last output's values zeroed in training. Default: 0.2; 0 of a plain model."""
    loss: Literal["auto", "squared", "huber", "quantile", "gaussian", "student_t"] = "auto"
    """auto is huber, or quantile where --quantiles are given."""
    huber_delta: float | None = None
    """Errors beyond this, in deviations, count linearly (Huber loss). Default: 1, of what the linear map leaves; 0.05 in a plain model."""
    quantiles: tuple[float, ...] = ()
    """Quantiles to forecast, such as 0.1 0.5 0.9. Default: none, or these three with a loss that has them."""
    difference: Difference | None = None
    """A plain model forecasts the change against the last value, the same time last week, or one --season before. Default: last."""
    difference_input: bool = False
    """Also read the change so far, from a lag before each reading (with --difference week or season, --context window, and direct)."""
    season: int | None = None
    """Readings of a season, for lags, --difference season and MASE. Default: by the timestamps, or else as readings repeat."""
    look_back: int | None = None
    """Read nothing farther back than so many readings, lags by season among them. Default: as far as they reach (not in a plain model)."""
    loss_units: Literal["deviation", "season"] = "deviation"
    """Units in which the errors of each series count: its standard deviation, or its mean change over a season, as MASE counts them."""
    center_windows: bool = False
    """Subtract each window's mean from its readings: the model then sees shapes and no levels (with --context window, and direct)."""
    calendar: bool = False
    """Give a plain model hour, day of week and day of year of the reading it forecasts; others have them where there are timestamps."""
    fill: Literal["auto", "last", "season"] = "auto"
    """Missing readings are read as the last before, or that of a season before; auto as was nearer in training (not in a plain model)."""
    nonnegative: Literal["auto", "yes", "no"] = "auto"
    """Give no forecast below zero; auto is as long as no reading was, in training and before the forecast (no of a plain model)."""
    refit: bool = True
    """Fit the linear path again in the end, on training and validation readings together."""
    keep_baseline: bool = False
    """Put the last reading, that of a season before or ridge regression in the model's place, if better on validation rows; not trees."""
    sample_by: Literal["windows", "series"] = "windows"
    """How windows of many series are drawn: each once per epoch, or each series equally often (with replacement)."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_STEPS): ("window", "horizon", "look_back"),
                up_to(MOST_UNITS): ("hidden_size",),
                up_to(MOST_LAYERS): ("num_layers",),
                SHARE: ("layer_dropout", "head_dropout"),
                Range("more than 0", lambda delta: 0 < delta < math.inf): ("huber_delta",),
                AT_LEAST_1: ("season",),
                at_most(MOST_STEPS): ("season",),
            },
        )
        if self.quantiles and self.loss in ("squared", "huber"):
            faults.append(
                f"--loss {self.loss} has no --quantiles; use quantile, gaussian or student_t, or leave one out"
            )
        if list(self.quantiles) != sorted(set(self.quantiles)) or not all(0 < level < 1 for level in self.quantiles):
            shown = " ".join(map(str, self.quantiles))[:80]
            faults.append(f"--quantiles are {shown}; expected rising numbers between 0 and 1")
        elif self.quantiles and self.loss in ("auto", "quantile") and 0.5 not in self.quantiles:
            faults.append("--quantiles lack 0.5, which is the forecast itself; add it")
        if self.center_windows and (self.context == "stateful" or self.multi_step != "direct"):
            faults.append(
                "--center_windows needs windows whose mean is known: leave --context stateful and --multi_step out"
            )
        if self.difference_input and self.difference not in ("week", "season"):
            faults.append(
                "--difference_input is the change against a week or season before; give --difference week or season"
            )
        if self.difference_input and (self.context == "stateful" or self.multi_step != "direct"):
            faults.append(
                "--difference_input needs all it reads to be known: leave --context stateful and --multi_step out"
            )
        if self.multi_step == "sampled" and self.loss not in ("gaussian", "student_t"):
            faults.append(f"--multi_step sampled needs --loss gaussian or student_t to draw from, not {self.loss}")
        if self.model in ("segments", "linear") and (odd := self.of_plain):
            faults.append(f"--model {self.model} has no {', '.join(odd)}; leave them out, or pass --model plain")
        if self.keep_baseline and (self.model == "plain" or (self.model == "auto" and self.of_plain)):
            faults.append("--keep_baseline needs a linear path, which a plain model has not; leave it out")
        if self.context == "stateful" and self.window is not None and self.window < 4:
            faults.append(f"--window is {self.window}; expected at least 4 with --context stateful")
        return faults

    @property
    def of_plain(self) -> list[str]:
        """The flags that were given and only a plain model has."""
        given = {
            "--context stateful": self.context == "stateful",
            f"--multi_step {self.multi_step}": self.multi_step != "direct",
            f"--difference {self.difference}": self.difference is not None,
            "--center_windows": self.center_windows,
        }
        return [flag for flag, there in given.items() if there]

    @property
    def head_horizon(self) -> int:
        """Values that the head gives at once, H."""
        return self.horizon if self.multi_step == "direct" else 1

    @property
    def output(self) -> ForecastOutput:
        """What the head's numbers mean."""
        from seqtext.nn.forecast_output import ForecastOutput  # imports torch, which `seqtext forecast --help` must not

        loss = ("quantile" if self.quantiles else "huber") if self.loss == "auto" else self.loss
        levels = self.quantiles
        if not levels and loss in ("quantile", "gaussian", "student_t"):
            levels = (0.1, 0.5, 0.9)
        return ForecastOutput(loss=loss, levels=levels, huber_delta=self.huber_delta or 1.0)


@dataclass(frozen=True)
class ForecastConfig(ForecastSettings):
    """The settings of a forecaster and what it learnt about the data: all that is saved beside the weights."""

    model: Literal["segments", "linear", "plain"] = "plain"
    window: int = 96
    cell: Cell = "rnn"
    hidden_size: int = 32
    num_layers: int = 2
    head_dropout: float = 0.0
    huber_delta: float = 0.05
    difference: Difference = "last"
    fill: Literal["auto", "last", "season"] = "season"
    nonnegative: Literal["auto", "yes", "no"] = "no"
    series: tuple[str, ...] = ()
    """Names of the series of training."""
    means: tuple[float, ...] = ()
    """Mean of each series over the training span, in the units of the data."""
    scales: tuple[float, ...] = ()
    """Standard deviation of each likewise."""
    weights: tuple[float, ...] = ()
    """How much the errors of each series count, with --loss_units season."""
    frequency: int | None = None
    """Seconds between two readings; None without timestamps."""
    months: int | None = None
    """Months from each reading to the next, where they are by the calendar, and no fixed number of seconds apart."""
    zoned: bool = False
    """Whether the times of training had a zone, and are UTC here; else they are those of a clock."""
    time_zone: str | None = None
    """Whose hours and days the calendar is of, where the times of training had a zone; else those of the times as they are."""
    marks_missing: bool = False
    """Whether a second input says which readings are there, as it does if the training span lacks some; else the last is taken."""
    difference_lag: int = 0
    """How many readings back the value lies that forecasts are counted from; 0 for none."""
    seasons: tuple[int, ...] = ()
    """Readings of each season that lags are of, rising; of a model that is not plain, as are the five below."""
    season_lags: tuple[int, ...] = ()
    """How many seasons back the readings of each are read."""
    segment: int = 1
    """Readings of a segment, which the RNN takes in one step."""
    recent: int = 1
    """Last readings that the linear map reads one by one."""
    near: int = 1
    """Those of them that it may read alone."""
    yearly: bool = False
    """Whether the calendar has the day of the year: the training span was a year at least."""
    input_names: tuple[str, ...] = ()
    """Further columns the model reads."""
    known_ahead: tuple[int, ...] = ()
    """Which of them, from 0, are known of the readings to forecast too."""
    input_means: tuple[float, ...] = ()
    """Mean of each over the training span."""
    input_scales: tuple[float, ...] = ()
    """Standard deviation of each likewise."""
    below: tuple[float, ...] = ()
    """How far the lower tail reaches beyond the quantiles at each step, by the validation readings; as `Spread` has all of these."""
    above: tuple[float, ...] = ()
    """How far the upper tail does."""
    apart: tuple[float, ...] = ()
    """Correlation of the errors of two steps that lie 1, 2, ... steps apart."""

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = {len(self.series), len(self.means), len(self.scales)}
        inputs = {len(self.input_names), len(self.input_means), len(self.input_scales)}
        if len(counts) != 1 or not self.series or len(inputs) != 1:
            raise OptionsError(f"{sorted(counts)} names, means and scales", expected="as many of each, at least one")
        numbers = (*self.means, *self.scales, *self.input_means, *self.input_scales)
        if not all(map(math.isfinite, numbers)) or min((*self.scales, *self.input_scales)) <= 0:
            raise OptionsError("a mean or scale that is not finite, or a scale that is not above 0")
        if self.weights and (len(self.weights) != len(self.series) or not all(0 < w < math.inf for w in self.weights)):
            raise OptionsError(f"{len(self.weights)} weights", expected=f"{len(self.series)}, each above 0")
        if self.calendar and self.frequency is None:
            raise OptionsError(
                "calendar inputs without a frequency", fix="name the time column, or leave --calendar out"
            )
        if self.input_names and self.head_horizon < self.horizon:
            names = ", ".join(self.input_names)
            raise OptionsError(f"--multi_step {self.multi_step}, and {names} are not known ahead", fix="use direct")
        if len(self.seasons) != len(self.season_lags) or min((*self.seasons, *self.season_lags, 1)) < 1:
            raise OptionsError(
                f"{self.season_lags} lags of seasons of {self.seasons}", expected="as many, each above 0"
            )
        if self.model != "plain" and (
            self.window % max(self.segment, 1) or not 0 < self.near <= self.recent <= self.window
        ):
            found = f"segments of {self.segment}, {self.recent} recent readings and {self.near} near ones of a window of {self.window}"
            raise OptionsError(found, expected="whole segments, and a part of it")
        if max((*self.seasons, *self.season_lags, 0)) > MOST_STEPS:
            raise OptionsError(f"seasons of {self.seasons}", expected=f"at most {MOST_STEPS} readings")
        if not all(map(math.isfinite, (*self.below, *self.above))) or not all(abs(one) <= 1 for one in self.apart):
            raise OptionsError("a tail that is not finite, or a correlation beyond 1")
        if len(self.below) != len(self.above):
            raise OptionsError(f"tails of {len(self.below)} and {len(self.above)} steps", expected="as many of both")
        if not 0 <= self.difference_lag <= MOST_STEPS:
            raise OptionsError(f"difference_lag is {self.difference_lag}", expected=f"0 to {MOST_STEPS}")

    @property
    def timed(self) -> bool:
        """Whether it is known how far the readings of training were apart."""
        return (self.frequency, self.months) != (None, None)

    @property
    def step(self) -> str:
        """How far they were, in words."""
        return step_of(self.frequency, self.months)

    def spread(self, *, below_zero: bool) -> Spread:
        """How values lie around a forecast, beside its quantiles; as `in_units` has it, whether a reading before it was below zero."""
        from seqtext.tasks.forecasting.spread import Spread

        free = self.nonnegative == "no" or (self.nonnegative == "auto" and below_zero)
        return Spread(self.below, self.above, self.apart, -math.inf if free else 0.0)

    @property
    def of_plain(self) -> list[str]:
        """None: what a config says is what its model has."""
        return []

    @property
    def unused(self) -> set[str]:
        """Of a linear path alone all that is of recurrent layers."""
        recurrent = {"cell", "hidden_size", "num_layers", "layer_dropout", "head_dropout"}
        return recurrent if self.model == "linear" else set()

    @property
    def input_size(self) -> int:
        """Numbers the model reads per step, D: values and further columns, their marks, the calendar's six, the change."""
        columns = (1 + len(self.input_names)) * (2 if self.marks_missing else 1)
        return columns + (6 if self.calendar else 0) + (1 if self.difference_input else 0)

    @property
    def reach(self) -> int:
        """Readings before a forecast that it takes: window and what it is counted from; with seasons one of each, for others stand in."""
        if self.model != "plain":
            return max((*self.seasons, self.near, 2)) if self.seasons else self.window
        window, lag = self.window, self.difference_lag
        return window + lag if self.difference_input else max(window, lag)
