"""What a forecaster can be set to: flags of its recipe, keywords of `Forecaster.from_data`, and part of the saved config."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seqtext.errors import OptionsError
from seqtext.options import AT_LEAST_1, SEED, SHARE, Range, at_most, out_of_range, raise_faults, up_to

if TYPE_CHECKING:
    from seqtext.nn.forecast_output import ForecastOutput

MOST_UNITS, MOST_LAYERS, MOST_STEPS = 16_384, 64, 1_000_000
MOST_SAMPLES = 100_000  # paths that are drawn of one forecast


@dataclass(frozen=True)
class ForecastSettings:
    """Window, model and loss of a forecaster. The default is a plain (Elman) RNN of 2 layers of 32 units."""

    window: int = 96
    """Readings the model sees; with --context stateful, the length of the pieces it is trained on."""
    horizon: int = 1
    """Readings to forecast."""
    multi_step: Literal["direct", "mean", "sampled"] = "direct"
    """Longer horizons: all at once from one head, or one after the other, each fed its forecast before or a sample of it."""
    context: Literal["window", "stateful"] = "window"
    """Each forecast starts from zeros at its window, or the state is carried through the whole series."""
    cell: Literal["rnn", "gru", "lstm"] = "rnn"
    """Kind of recurrent cell."""
    hidden_size: int = 32
    """Units of a layer."""
    num_layers: int = 2
    """Recurrent layers."""
    layer_dropout: float = 0.0
    """Share of values zeroed between layers in training."""
    head_dropout: float = 0.0
    """Share of the last output's values zeroed in training."""
    loss: Literal["auto", "squared", "huber", "quantile", "gaussian", "student_t"] = "auto"
    """auto is huber, or quantile where --quantiles are given."""
    huber_delta: float = 0.05
    """Errors beyond this, in standard deviations of the data, count linearly (Huber loss)."""
    quantiles: tuple[float, ...] = ()
    """Quantiles to forecast, such as 0.1 0.5 0.9. Default: none, or these three with a loss that has them."""
    difference: Literal["none", "last", "week", "season"] = "last"
    """Forecast the change against the last value, the same time last week, or one --season before."""
    difference_input: bool = False
    """Also read the change so far, from a lag before each reading (with --difference week or season, --context window, and direct)."""
    season: int | None = None
    """Readings of a season, for --difference season and MASE. Default: a day, by the timestamps."""
    loss_units: Literal["deviation", "season"] = "deviation"
    """Units in which the errors of each series count: its standard deviation, or its mean change over a season, as MASE counts them."""
    center_windows: bool = False
    """Subtract each window's mean from its readings: the model then sees shapes and no levels (with --context window, and direct)."""
    calendar: bool = False
    """Give the model hour, day of week and day of year of the reading it forecasts, as sines and cosines."""
    sample_by: Literal["windows", "series"] = "windows"
    """How windows of many series are drawn: each once per epoch, or each series equally often (with replacement)."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        faults = out_of_range(
            self,
            {
                up_to(MOST_STEPS): ("window", "horizon"),
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
        if self.context == "stateful" and self.window < 4:
            faults.append(f"--window is {self.window}; expected at least 4 with --context stateful")
        return faults

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
        return ForecastOutput(loss=loss, levels=levels, huber_delta=self.huber_delta)


@dataclass(frozen=True)
class ForecastConfig(ForecastSettings):
    """The settings of a forecaster and what it learnt about the data: all that is saved beside the weights."""

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
    zoned: bool = False
    """Whether the times of training had a zone, and are UTC here; else they are those of a clock."""
    marks_missing: bool = False
    """Whether a second input says which readings are there, as it does if the training span lacks some; else the last is taken."""
    difference_lag: int = 0
    """How many readings back the value lies that forecasts are counted from; 0 for none."""
    input_names: tuple[str, ...] = ()
    """Further columns the model reads."""
    input_means: tuple[float, ...] = ()
    """Mean of each over the training span."""
    input_scales: tuple[float, ...] = ()
    """Standard deviation of each likewise."""

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
        if not 0 <= self.difference_lag <= MOST_STEPS:
            raise OptionsError(f"difference_lag is {self.difference_lag}", expected=f"0 to {MOST_STEPS}")

    @property
    def input_size(self) -> int:
        """Numbers the model reads per step, D: values and further columns, their marks, the calendar's six, the change."""
        columns = (1 + len(self.input_names)) * (2 if self.marks_missing else 1)
        return columns + (6 if self.calendar else 0) + (1 if self.difference_input else 0)

    @property
    def reach(self) -> int:
        """Readings before a forecast that its window and what it is counted from take."""
        return reach(self, self.difference_lag)


def reach(settings: ForecastSettings, difference_lag: int) -> int:
    """Readings before a forecast that are looked at, by its window and by what it is counted from."""
    return settings.window + difference_lag if settings.difference_input else max(settings.window, difference_lag)


@dataclass(frozen=True)
class ForecastRequest:
    """What is forecast: keywords of calling a `Forecaster`, and flags of `seqtext forecast`."""

    horizon: int | None = None
    """Readings to forecast. Default: as many as the model was trained for."""
    samples: int = 100
    """Paths drawn by a model of --multi_step sampled, whose quantiles are given."""
    seed: int = 0
    """Seed of these paths."""

    def __post_init__(self) -> None:
        raise_faults(self)

    def _faults(self) -> list[str]:
        ranges = {
            AT_LEAST_1: ("horizon", "samples"),
            at_most(MOST_STEPS): ("horizon",),
            at_most(MOST_SAMPLES): ("samples",),
            SEED: ("seed",),
        }
        return out_of_range(self, ranges)
