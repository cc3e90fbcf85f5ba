"""The electricity regressor, sequence to vector on numbers: past readings go in, the next one (or ones) comes out.

A linear map of the last readings, of the same time in seasons before and of the calendar says most of it, in closed form. An RNN reads
the window in segments; all outputs but the last are ignored, so it reads the whole first, and says what the map gets wrong:

            y0  y1  y2  [y3] -> for each step ahead: what is left
            ^   ^   ^   ^
        h0->O-->O-->O-->O
            ^   ^   ^   ^
           day day day day          (--model plain: the nn.RNN(1, 32, num_layers=2) of textbooks, over single readings)

    python recipes/electricity.py                                                # offline, on the simulated household
    python recipes/electricity.py --data load.csv --horizon 96 --quantiles 0.1 0.5 0.9
    python recipes/electricity.py --resume --run runs/electricity                # go on with a run that was stopped
"""

from dataclasses import dataclass
from typing import Any

from seqtext.data.series.options import SeriesDataOptions
from seqtext.data.series.splits import load_series, series_splits
from seqtext.errors import run_program
from seqtext.options import RunOptions, parse, part_of
from seqtext.reporting.baseline import Baselines
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.report.protocol import Protocol, protocol_splits, under_protocol
from seqtext.tasks.forecasting.report.report import forecast_report
from seqtext.tasks.forecasting.report.summary import forecast_summary
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.forecasting.started import options_of_run
from seqtext.tasks.saved import load as load_task
from seqtext.training.recipe import make_once, show, train
from seqtext.training.run_folder import RunFolder
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options


@dataclass(frozen=True)
class Options(SeriesDataOptions, RunOptions, ForecastSettings):
    """Flags of this recipe alone; those of data, training and model are in the classes it is made of."""

    batch_tokens: int = 1_000_000
    """Most readings in a micro-batch."""
    learning_rate: float = 2e-3
    patience_epochs: int | None = 5
    """Stop after this many epochs without a better validation."""
    init_from: str | None = None
    """Start from this run (or hub model) of this recipe: its settings, columns and weights, with the scales of the new series."""
    unit: str = ""
    """Unit of the readings, for the pictures. Default: kW for household."""
    baselines: Baselines = "all"
    """Compare with nothing, with repeated readings, or also with ridge regression and boosted trees."""
    protocol: Protocol = "none"
    """ett: as papers measure on the ETT data: 12, 4 and 4 months, look-back 96 (or --window), all windows, z-scored errors."""


def main() -> None:
    asked = parse(Options, __doc__ or "", defaults_for=lambda asked: options_of_run(asked.init_from))
    options = under_protocol(asked)
    figures = (SeedFigure("mse", "MSE", digits=5),)
    run_seeds(options, train_once, name="electricity", data=options.train or options.data, figures=figures)


def train_once(options: Options, folder: RunFolder) -> dict[str, Any] | None:
    # ---- Data: any source to spans of series, split by time
    source = load_series(options)
    if options.protocol == "ett":
        data = protocol_splits(source.series, max_rows=options.max_rows)
    else:
        data = series_splits(
            source.series, horizon=options.horizon, intervals=bool(options.quantiles), test_share=options.test_share,
            validation=options.held_out, validation_share=options.validation_share, begins=options.begins, max_rows=options.max_rows,
        )  # fmt: skip

    # ---- Task: scales and model, from the training span alone
    # linear path + Linear(24, 64) -> nn.GRU(64, 64, batch_first=True) -> last output
    # -> each step ahead: Linear(52, 64) -> Linear(64, 64) -> Linear(64, 1)
    def make() -> Forecaster:
        settings = part_of(options, ForecastSettings)
        return Forecaster.from_data(data.train, init_from=options.init_from, seed=options.seed, **settings)

    task = make_once(make, open=load_task, init_from=options.init_from, reads_texts=False)

    # ---- Fit: first a summary of all that is known before the first step
    trained = train(options, folder, source, data, task, summary=forecast_summary)
    if trained is None:
        return None

    # ---- Show: test readings for the first time, baselines beside the model
    result, facts = trained
    report = forecast_report(
        task,
        data,
        result,
        folder,
        data_figures=facts,
        source=source.name,
        baselines=options.baselines,
        unit=options.unit or source.unit,
        protocol=options.protocol,
    )
    files = ["--history", "FILE", "--output", "forecast.csv", "--plot", "forecast.png"]
    return show(report, result, folder, command=["forecast", *files])


if __name__ == "__main__":
    run_program(main)
