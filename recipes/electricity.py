"""The electricity regressor, sequence to vector on numbers: past readings go in, the next one (or ones) comes out.

All outputs but the last are ignored, so the model reads the whole window before it says anything:

        y0  y1  y2  [y3] -> next reading
        ^   ^   ^   ^
    h0->O-->O-->O-->O
        ^   ^   ^   ^
       0.4 0.5 0.7 0.6

    python recipes/electricity.py                                                # offline, on the simulated household
    python recipes/electricity.py --data load.csv --horizon 96 --window 672 --quantiles 0.1 0.5 0.9
    python recipes/electricity.py --resume --run runs/electricity                # go on with a run that was stopped
"""

from dataclasses import dataclass, fields, replace
from typing import Any

from seqtext.data.reading.numbers import Decimal
from seqtext.data.reading.sources import load, load_files
from seqtext.data.series.columns import Layout
from seqtext.data.series.splits import SeriesSplits, Validation, household_series, read_source, series_splits
from seqtext.errors import run_program
from seqtext.options import RunOptions, parse, training_arguments
from seqtext.reporting.baseline import Baselines
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.prepare import looks_back
from seqtext.tasks.forecasting.report.report import forecast_report
from seqtext.tasks.forecasting.report.summary import forecast_summary
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.saved import load as load_task
from seqtext.training.fit import fit
from seqtext.training.processes import started_processes
from seqtext.training.run_folder import RunFolder, new_run_path
from seqtext.training.seeds import SeedFigure, run_seeds

# ---- Options


@dataclass(frozen=True)
class Options(RunOptions, ForecastSettings):
    """Flags of this recipe: where the readings come from, beside how to train (RunOptions) and what (ForecastSettings)."""

    data: str = "household"
    """A file (csv, tsv, jsonl, parquet; gz), a folder, a data set on the hub, or household, the simulated load."""
    revision: str | None = None
    """Commit, tag or branch of a data set on the hub. Default: the newest, whose commit is printed and kept."""
    train: str | None = None
    """File of training readings, instead of --data."""
    test: str | None = None
    """File of test readings, which follow on those of training. Default: the last --test_share of each series."""
    test_share: float = 0.2
    """Share of each series that is tested on, where there is no test file."""
    validation: Validation = "auto"
    """Choose the epoch by the last readings of the training span, or by whole weeks spread over it, where it is long enough."""
    validation_share: float = 0.1
    """Share of the training span that is chosen by."""
    time_column: str | None = None
    """Column of the timestamps; none if there are none. Default: recognised where there is no doubt."""
    value_column: tuple[str, ...] = ()
    """Column to forecast; several are a series each (wide). Default: recognised where there is no doubt."""
    series_column: str | None = None
    """Column that names the series of each row (long)."""
    input_columns: tuple[str, ...] = ()
    """Further columns the model reads, known up to the moment of the forecast."""
    layout: Layout = "auto"
    """Rows are readings (long), moments of several series (wide), or whole series (m4)."""
    decimal: Decimal = "."
    """Decimal mark of numbers in text."""
    missing: tuple[str, ...] = ()
    """Cells that mark a missing reading, beside the empty one and nan."""
    time_format: str | None = None
    """Format of timestamps that are not ISO 8601, such as "%d.%m.%Y %H:%M"."""
    repair: bool = False
    """Sort readings, average duplicates, fill gaps with missing readings, and say how many."""
    epochs: int = 6
    """Times every training window is seen."""
    batch_tokens: int = 1_000_000
    """Most readings in a micro-batch."""
    batch_rows: int = 512
    """Most windows in a micro-batch."""
    learning_rate: float = 5e-3
    """Highest learning rate (AdamW)."""
    unit: str = ""
    """Unit of the readings, for the pictures."""
    baselines: Baselines = "all"
    """Compare with nothing, with repeated readings, or also with ridge regression and boosted trees."""

    def _faults(self) -> list[str]:
        faults = [*RunOptions._faults(self), *ForecastSettings._faults(self)]
        faults += [
            f"--{name} is {getattr(self, name)}; expected between 0 and 1"
            for name in ("test_share", "validation_share")
            if not 0 < getattr(self, name) < 1
        ]
        if self.train is None and self.test:
            faults.append("--test is a file beside --train; --data brings its own splits")
        if self.train is not None and self.data not in (Options.data, self.train):
            faults.append("--data and --train both name training readings; give one of them")
        return faults


def main() -> None:
    options = parse(Options, __doc__ or "")
    folder = options.run or new_run_path("electricity", options.train or options.data)
    run_seeds(options, train_once, folder=folder, figures=(SeedFigure("mse", "MSE", digits=5),))


def train_once(options: Options) -> dict[str, Any] | None:
    folder = RunFolder(options.run or new_run_path("electricity", options.train or options.data))
    folder.check(overwrite=options.overwrite, resume=options.resume)  # before anything that takes time
    processes = started_processes()  # those of torchrun, or this one alone
    if options.resume and processes.ask_first(folder.has_ended):
        return None

    # ---- Data: any source to spans of series, split by time
    name, revision, data = load_data(options)

    # ---- Task: scales and model, from the training span alone
    settings = {field.name: getattr(options, field.name) for field in fields(ForecastSettings)}
    task = processes.made_once(lambda: Forecaster.from_data(data.train, seed=options.seed, **settings), open=load_task)

    # ---- Further processes only train
    if not processes.first:
        if not options.dry_run:
            fit(task, data.train, data.validation, **training_arguments(options) | {"run": folder})
        return None

    # ---- Summary: everything known before the first step
    lines, data_figures = forecast_summary(task, data, options)
    print("\n".join([f"data        {name}", *lines, f"run         {folder.path}"]), flush=True)
    if options.dry_run:
        return None

    # ---- Fit
    recorded = replace(options, revision=revision, run=str(folder.path), config=None)
    arguments = training_arguments(options) | {"run": folder, "recorded": recorded}
    result = fit(task, data.train, data.validation, **arguments)

    # ---- Show: test readings for the first time, baselines beside the model
    report = forecast_report(
        task,
        data,
        result,
        folder,
        data_figures=data_figures,
        source=name,
        baselines=options.baselines,
        unit=options.unit,
    )
    print("\n".join(["", *report.table, "", f"model chosen: {result.selection}", f"saved in {folder.path}; try:"]))
    print(f"  seqtext forecast {folder.path} --history FILE --output forecast.csv --plot forecast.png")
    return report.figures


def load_data(options: Options) -> tuple[str, str | None, SeriesSplits]:
    revision = None
    if options.train is None and options.data == "household":
        name, series = "the simulated household, kW", {"train": household_series()}
    else:
        if options.train is not None:
            source = load_files(train=options.train, test=options.test)
        else:
            source = load(options.data, revision=options.revision)
        name, revision = source.name, source.revision
        series = read_source(
            source,
            time_column=options.time_column,
            value_columns=options.value_column,
            series_column=options.series_column,
            input_columns=options.input_columns,
            layout=options.layout,
            decimal=options.decimal,
            missing=options.missing,
            time_format=options.time_format,
            repair=options.repair,
        )
    data = series_splits(
        series,
        gap=looks_back(options, series["train"]),
        test_share=options.test_share,
        validation=options.validation,
        validation_share=options.validation_share,
        max_rows=options.max_rows,
    )
    return name, revision, data


if __name__ == "__main__":
    run_program(main)
