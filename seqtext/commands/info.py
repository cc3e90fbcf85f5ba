"""`seqtext info`: what a saved model is, every file of it verified, and what its report says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from seqtext.errors import SavedFileError, shorten
from seqtext.saving.configs import to_plain


@dataclass(frozen=True)
class Info:
    """Labels, names or scales, settings, size and test figures of a saved model."""

    run_folder: Positional[Annotated[str, arg(metavar="RUN")]]
    """Run folder, model folder, or name on the hub."""
    debug: bool = False
    """Show the traceback of an error."""

    def run(self) -> None:
        """Verifies and prints."""
        from seqtext.saving.untrusted import parse_json
        from seqtext.tasks.saved import load, open_saved

        saved = open_saved(self.run_folder)
        task = load(self.run_folder)
        size = sum(map(len, saved.files.values()))
        parameters = sum(parameter.numel() for parameter in task.model.parameters())
        print(f"{saved.task} in {saved.folder}: {parameters:,} parameters, {size / 1e6:.1f} MB, every file verified")
        for name, value in to_plain(task.config).items():
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            told = shorten(str(shown), 100)
            print(f"  {name:<18} {told[1:].removesuffix(told[0])}")
        report = Path(self.run_folder).expanduser() / "report" / "metrics.json"
        if report.is_file():
            figures = parse_json(report.read_bytes(), where=str(report))
            try:
                told = "\n".join(_figures(figures))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise SavedFileError("not a report of seqtext", where=str(report), fix="remove it") from error
            print(f"\n{told}")


def _figures(figures: dict[str, Any]) -> Iterator[str]:
    test, data = figures["test"], figures["data"]
    if "accuracy" in test:
        scores = f"accuracy {test['accuracy']:.2%}, macro F1 {test['macro_f1']:.4f}"
        yield f"tested on {data['source']}, {test['rows']:,} rows: {scores}"
        yield from (f"  {f['description']}: {f['accuracy']:.2%}" for f in figures["baselines"].values())
    elif "bleu" in test:
        yield f"tested on {data['source']}, {test['rows']:,} pairs, beam {test['beam']}: {_of_translations(test)}"
        yield f"  {test['bleu_signature']}"
        yield from (f"  {rival['description']}: {_of_translations(rival)}" for rival in figures["baselines"].values())
    elif "horizon" not in test:
        yield from _of_texts(figures)
    else:
        yield f"tested on {data['source']}, {test['horizon']:,} step(s) ahead, {test['windows']:,} windows: {_errors(test)}"
        yield from (f"  {name}: {_errors(f)}" for name, f in figures["baselines"].items())
    yield f"model chosen: {figures['training']['selection']}"


def _of_texts(figures: dict[str, Any]) -> Iterator[str]:
    """Of a generator; what was not measured is not told."""
    test, samples = figures["test"], figures.get("samples")
    if test:
        told = f"perplexity {test['perplexity']:.2f}, {test['bits_per_byte']:.3f} bits a byte"
        yield f"tested on {figures['data']['source']}, {test['tokens']:,} tokens: {told}"
        if "perplexity_without_vector" in test:
            yield f"  without its vector: perplexity {test['perplexity_without_vector']:.2f}"
        yield f"  interpolated trigram model: perplexity {test['trigram_perplexity']:.2f}"
    if samples:
        yield f"{samples['count']:,} samples, and as many real texts:"
        for name, real in samples["real"].items():
            yield f"  {name.replace('_', '-')}: {samples['model'][name]:.3f}, real texts {real:.3f}"


def _of_translations(figures: dict[str, Any]) -> str:
    return f"BLEU {figures['bleu']:.2f}, chrF {figures['chrf']:.2f}, exact match {figures['exact']:.2%}"


def _errors(figures: dict[str, Any]) -> str:
    pinball = "" if figures["pinball"] is None else f", pinball {figures['pinball']:.5g}"
    return f"MSE {figures['mse']:.5g}, MAE {figures['mae']:.5g}{pinball}"
