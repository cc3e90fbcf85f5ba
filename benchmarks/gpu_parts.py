"""The parts of `gpu.py`: each yields its figures as they come, so that those before a fault are kept. Small sizes on a CPU."""

from __future__ import annotations

import itertools
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import datasets
import numpy as np
import torch
from backbone import MODULES
from generation import BANNED, BEGIN, END, generator
from made_up import TOPICS, texts
from side_by_side import take_turns
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from translation import Loop, Pairs, V, our_loss, step_of

from seqtext.batching.padded import Padded
from seqtext.batching.usual import Usual
from seqtext.builtin.household import household
from seqtext.data.series.series import Part as SeriesPart
from seqtext.data.series.series import SeriesSet
from seqtext.models.graphs import without_graphs
from seqtext.models.guided import Guided
from seqtext.models.sampling import sample
from seqtext.models.transduction import Source, transduce
from seqtext.nn.backbone import Backbone, Cell
from seqtext.nn.precision import autocast, choose_precision, exact_fp32
from seqtext.options import TrainingOptions
from seqtext.tasks.classification.classifier import TopicClassifier
from seqtext.tasks.classification.settings import TopicSettings
from seqtext.tasks.forecasting.forecaster import Forecaster
from seqtext.tasks.forecasting.settings import ForecastSettings
from seqtext.tasks.generation.generator import TextGenerator
from seqtext.tasks.generation.settings import GeneratorSettings
from seqtext.tasks.translation.model import build_model
from seqtext.tasks.translation.settings import TranslatorConfig, TranslatorSettings
from seqtext.tasks.translation.translator import Translator
from seqtext.training.fit import fit
from seqtext.training.optimizer import make_optimizer, product_dtype
from seqtext.training.step import Stepper

DEFAULTS = TrainingOptions()
SMALL = {"hidden_size": 16, "embedding_size": 16, "vocabulary_size": 400}
RECURRENT = {"_cudnn_rnn", "_cudnn_rnn_backward", "mkldnn_rnn_layer", "mkldnn_rnn_layer_backward"}
PRODUCTS = {"mm", "addmm", "bmm", "baddbmm"}


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        what: was measured.
        value: what came out.
        unit: of it.
        wanted: in words, if something is.
        details: further figures, by name.
    """

    what: str
    value: float
    unit: str
    wanted: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """Where it is measured, and how thoroughly.

    Attributes:
        device: a GPU, or the CPU.
        small: whether sizes are such that a CPU has them at once.
        quick: whether fewer sizes and rounds are enough.
    """

    device: torch.device
    small: bool
    quick: bool

    @property
    def rounds(self) -> int:
        """Rounds of a comparison."""
        return 1 if self.small else 2 if self.quick else 5

    def times(self, variants: dict[str, Callable[[], object]], *, calls: int = 5) -> Any:
        """See `take_turns`."""
        return take_turns(variants, rounds=self.rounds, calls=1 if self.small else calls, device=self.device)

    def finish(self) -> None:
        """Waits for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class Part(NamedTuple):
    """A part: what it shows, after how many seconds it is left, and what measures it."""

    about: str
    seconds: float
    measure: Callable[[Machine], Iterator[Figure]]


# ---- the backbone


@contextmanager
def _tf32() -> Iterator[None]:
    rnn: Any = torch.backends.cudnn.rnn
    before = rnn.fp32_precision
    rnn.fp32_precision = "tf32"
    try:
        yield
    finally:
        rnn.fp32_precision = before


def _forward_in(precision: str, device: torch.device) -> AbstractContextManager[object]:
    return _tf32() if precision == "tf32" else autocast(precision, device)


def backbone(machine: Machine) -> Iterator[Figure]:
    """Training steps of two layers: ours, torch's module of both layers, and the same on packed rows."""
    precisions = ["fp32"] if machine.small else ["fp32", "tf32", "bf16", "fp16"]
    for precision in precisions[2:]:
        yield autocast_runs(precision, machine.device)
    cells: list[Cell] = ["gru", "lstm"] if machine.small or machine.quick else ["rnn", "gru", "lstm"]
    sizes, rows, lengths = ([256, 512, 1024], [64, 128, 512], [20, 200])
    if machine.small:
        sizes, rows, lengths = [8], [4], [6]
    elif machine.quick:
        sizes, rows = [512], [64, 512]
    for size, cell in itertools.product(sizes, cells):
        torch.manual_seed(0)
        ours = Backbone(input_size=size, hidden_size=size, num_layers=2, cell=cell).to(machine.device)
        theirs = MODULES[cell](size, size, num_layers=2, batch_first=True).to(machine.device)
        for many, length, precision in itertools.product(rows, lengths, precisions):
            variants = backbone_steps(ours, theirs, many, length, precision)
            times = take_turns(variants, rounds=min(machine.rounds, 3), calls=2, device=machine.device)
            known: dict[str, Any] = {name: 1e3 * times.median(name) for name in variants}
            first = next(iter(variants))
            if first == "ours":
                known["torch / ours"] = times.ratio("torch", "ours")
            yield Figure(
                f"{cell} {size}, {many} x {length}, {precision}: {first}", known.pop(first), "ms", details=known
            )


def backbone_steps(
    ours: Backbone, theirs: nn.Module, rows: int, length: int, precision: str
) -> dict[str, Callable[[], object]]:
    """A step of each variant on the same batch; ours never rounds to TF32, and is left out there."""
    device, size = next(theirs.parameters()).device, ours.hidden_size
    lengths = torch.linspace(length, max(1, 0.9 * length), rows).long()
    x = torch.randn(rows, length, size, device=device, requires_grad=True)
    gradient = torch.randn(rows, length, size, device=device)
    batch = Padded(x, lengths)

    def packed() -> Tensor:
        some = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(theirs(some)[0], batch_first=True)[0]

    def step(module: nn.Module, forward: Callable[[], Tensor]) -> Callable[[], None]:
        def run() -> None:
            module.zero_grad(set_to_none=True)
            x.grad = None
            with _forward_in(precision, device):
                y = forward()
            with _tf32() if precision == "tf32" else exact_fp32():
                torch.autograd.backward(y, gradient.to(y.dtype))

        return run

    variants = {
        "ours": step(ours, lambda: ours(batch).values),
        "torch": step(theirs, lambda: theirs(x)[0]),
        "packed": step(theirs, packed),
    }
    return {name: one for name, one in variants.items() if name != "ours" or precision != "tf32"}


def autocast_runs(precision: str, device: torch.device) -> Figure:
    """What cuDNN is given under autocast, and which kernels run: older torch took fp16 whatever was asked for."""
    module, x = nn.LSTM(512, 512, batch_first=True).to(device), torch.randn(64, 20, 512, device=device)
    with Recorder() as seen, autocast(precision, device):
        y = module(x)[0]
    given = {str(call.arguments[0].dtype) for call in seen.calls if call.name in RECURRENT}
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile, autocast(precision, device):
        module(x)
        torch.cuda.synchronize()
    kernels = [e for e in profile.key_averages() if "CUDA" in str(e.device_type)]
    kernels.sort(key=lambda event: -event.self_device_time_total)
    names = [event.key[:90] for event in kernels[:4]]
    right = given == {str(y.dtype)} == {"torch.bfloat16" if precision == "bf16" else "torch.float16"}
    details = {"given": sorted(given), "output": str(y.dtype), "kernels": names}
    return Figure(f"autocast {precision}: cuDNN runs in it", float(right), "(1 is yes)", wanted="1", details=details)


# ---- the training step of each task


class Call(NamedTuple):
    """An operator as it was called."""

    name: str
    function: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


class Recorder(TorchDispatchMode):
    """Keeps every product and every call of a recurrent layer, to be made again without what stands around them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator."""
        if (name := func.overloadpacket.__name__) in RECURRENT | PRODUCTS:
            self.calls.append(Call(name, func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))

    def again(self) -> None:
        """All of them in their order."""
        with torch.no_grad():
            for call in self.calls:
                call.function(*call.arguments, **call.keywords)


def made_rows(rows: int, *, words: int = 10_000) -> datasets.Dataset:
    """Made-up news: a text of so many words at most, its topic, and the text from its end."""
    some = [(text.split()[:words], TOPICS[topic]) for text, topic in texts(rows)]
    columns = {
        "text": [" ".join(text) for text, _ in some],
        "label": [topic for _, topic in some],
        "target": [" ".join(reversed(text)) for text, _ in some],
    }
    return datasets.Dataset.from_dict(columns, split="train")


def topics(machine: Machine, settings: dict[str, Any]) -> tuple[Any, Any]:
    """A classifier, and rows."""
    rows = made_rows(40 if machine.small else 4_000)
    return TopicClassifier.from_data(rows, text_column="text", label_column="label", **settings), rows


def generation(machine: Machine, settings: dict[str, Any]) -> tuple[Any, Any]:
    """A generator likewise."""
    rows = made_rows(40 if machine.small else 4_000)
    return TextGenerator.from_data(rows, text_column="text", attributes=("label",), **settings), rows


def translations(machine: Machine, settings: dict[str, Any], many: int = 4_000) -> tuple[Any, Any]:
    """A translator likewise; sentences have 18 words at most, as captions of Multi30k."""
    rows = made_rows(40 if machine.small else many, words=18)
    return Translator.from_data(rows, source_column="text", target_column="target", **settings), rows


def forecasts(machine: Machine, settings: dict[str, Any]) -> tuple[Any, Any]:
    """A forecaster likewise, of a simulated household."""
    load = household(days=15 if machine.small else 400)
    made = SeriesSet(
        values=load.values, starts=np.array([0, len(load.values)]), names=("load",), first_times=load.times[:1],
        frequency=900, inputs=None, input_names=(), notes=(),
    )  # fmt: skip
    part = SeriesPart(made, np.array([[0, len(load.values)]]))
    return Forecaster.from_data(part, **settings), part


class Made(NamedTuple):
    """How a task is made: by what, its settings, and those of them that a CPU has at once."""

    make: Callable[..., tuple[Any, Any]]
    settings: type
    small: dict[str, Any]

    def __call__(self, machine: Machine, **more: Any) -> tuple[Any, Any]:
        """The task at its defaults, and rows."""
        return self.make(machine, {**(self.small if machine.small else {}), **more})

    @property
    def without_draws(self) -> dict[str, float]:
        """Settings without dropout, whose draws differ between devices."""
        names = [one.name for one in fields(self.settings)]
        return {name: 0.0 for name in names if name.endswith("dropout") or name == "word_prediction"}


TASKS = {
    "topics": Made(topics, TopicSettings, SMALL),
    "generation": Made(generation, GeneratorSettings, SMALL),
    "translation": Made(translations, TranslatorSettings, {**SMALL, "encoder_size": 16}),
    "forecasts": Made(forecasts, ForecastSettings, {"window": 24, "hidden_size": 16}),
}


def stepper_of(task: Any, device: torch.device) -> Stepper:
    """As `fit` makes it, but that nothing is read: what was not finite is not asked for."""
    chosen = choose_precision("auto", device, auto=task.auto_precision)
    optimizer = make_optimizer(
        task.model.to(device).train(), learning_rate=1e-4, weight_decay=0.01, dtype=product_dtype(chosen)
    )  # fmt: skip
    return Stepper(
        task, optimizer, precision=chosen, device=device, max_grad_norm=1.0, seed=0, check_every=10**9
    )  # fmt: skip


def plan_of(examples: Any, micro_batches: int = 1) -> Any:
    """An epoch's batches at the defaults of training."""
    sizes = {"tokens": DEFAULTS.batch_tokens, "max_rows": Usual().batch_rows}
    return examples.plan(**sizes, seed=0, micro_batches=micro_batches).epoch(0)


def steps(machine: Machine) -> Iterator[Figure]:
    """A step beside its products and recurrent calls alone; what waits for the device in it."""
    for name, made in TASKS.items():
        task, rows = made(machine)
        stepper = stepper_of(task, machine.device)
        examples = task.encode(rows).to(machine.device)
        epoch = plan_of(examples)
        some = epoch.step(len(epoch) // 2)
        numbers = itertools.count()

        def step(
            stepper: Stepper = stepper, examples: Any = examples, some: Any = some, numbers: Any = numbers
        ) -> None:
            stepper(examples, some, next(numbers))

        step()
        with Recorder() as bare:
            step()
        times = machine.times({"step": step, "bare": bare.again})
        details = {"step, ms": 1e3 * times.median("step"), "bare, ms": 1e3 * times.median("bare")}
        wanted = "1.10 at most"
        yield Figure(f"{name}: step over its bare calls", times.ratio("step", "bare"), "times", wanted, details)
        if machine.device.type == "cuda":
            yield Figure(f"{name}: waits of the host in a step", float(waits_in(step)), "", wanted="0")


def waits_in(function: Callable[[], None]) -> int:
    """How often torch says that a call waits for the device."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            function()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(one.message) for one in told)


# ---- whole trainings


def translation(machine: Machine) -> Iterator[Figure]:
    """Target tokens per second of training beside the loop that takes one step after the other."""
    device, tokens = machine.device, 60 if machine.small else 16_384
    torch.manual_seed(0)
    best = "fp32" if machine.small else choose_precision("auto", device)
    pairs = Pairs.of(15, 17, tokens=tokens, device=device)
    ours = build_model(TranslatorConfig(cell="gru"), V, V).to(device).train()
    loop = Loop().to(device).train()
    variants: dict[str, Callable[[], object]] = {
        "ours": step_of(ours, our_loss, pairs, best, device),
        f"loop {best}": step_of(loop, Loop.loss, pairs, best, device),
    }
    if best != "fp32":
        variants["loop fp32"] = step_of(loop, Loop.loss, pairs, "fp32", device)
    times = machine.times(variants, calls=3)
    rates = {name: pairs.count / times.median(name) for name in variants}
    yield Figure(f"translation training, {best}", rates["ours"], "target tokens/s", details=rates)
    for name in list(variants)[1:]:
        yield Figure(f"  as many times as the {name}", times.ratio(name, "ours"), "times", wanted="10 at least")


def news(machine: Machine) -> Iterator[Figure]:
    """A whole training of topics at the defaults, on made-up news of the number and lengths of AG News."""
    rows = made_rows(200 if machine.small else 20_000 if machine.quick else 120_000)
    small = {**SMALL, "word_prediction": 0.0} if machine.small else {}
    started = time.perf_counter()
    task = TopicClassifier.from_data(rows, text_column="text", label_column="label", **small)
    yield Figure("topics: tokenizer and model", time.perf_counter() - started, "s", details={"rows": len(rows)})
    options: dict[str, Any] = {"epochs": 1} if machine.small else {"max_minutes": 1.5}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        result = fit(task, rows, run=f"{folder}/run", device=str(machine.device), **options)
        whole = time.perf_counter() - started
    details = {"of them training": result.seconds, "steps": result.steps, "batches' share": result.batch_share}
    yield Figure("topics: all of fit", whole, "s", "" if machine.small else "under 40; printed", details)


def captions(machine: Machine) -> Iterator[Figure]:
    """An epoch of translation at the defaults, on made-up pairs of the number and lengths of Multi30k."""
    task, rows = TASKS["translation"].make(machine, TASKS["translation"].small if machine.small else {}, 29_000)
    stepper = stepper_of(task, machine.device)
    examples = task.encode(rows).to(machine.device)
    epoch = plan_of(examples)
    for number in range(min(len(epoch), 5)):
        stepper(examples, epoch.step(number), number)
    machine.finish()
    started = time.perf_counter()
    for number in range(len(epoch)):
        stepper(examples, epoch.step(number), number)
    machine.finish()
    seconds = time.perf_counter() - started
    tokens = int(examples.target_lengths.sum())
    details = {"rows": len(rows), "steps": len(epoch), "target tokens/s": tokens / seconds}
    yield Figure("translation: an epoch", seconds, "s", "2 at most", details)


# ---- decoding, and agreement


def decoding(machine: Machine) -> Iterator[Figure]:
    """Tokens per second written, each step of a block launched at once beside launch by launch."""
    hidden, words, rows, length = (16, 60, 4, 12) if machine.small else (512, 8_000, 32, 400)
    model = generator(hidden, words).eval().to(machine.device)
    vectors = torch.eye(4, device=machine.device)[torch.arange(rows) % 4]
    with torch.no_grad():
        model.embedding.weight.mul_(4)  # so that texts differ
    for name, filters in {
        "greedy": {"temperature": 0.0},
        "nucleus of 0.95": {"temperature": 0.9, "top_p": 0.95},
    }.items():
        written: dict[str, list[list[int]]] = {}

        def write(kind: str, filters: dict[str, float] = filters, written: Any = written) -> None:
            writer = Guided(model)
            with without_graphs() if kind == "eager" else nullcontext():
                made = sample(
                    writer, writer.initial_state(vectors, rows), begin=torch.full((rows,), BEGIN, device=machine.device),
                    rows=np.arange(rows), seed=0, end_id=END, banned=BANNED, max_length=length, **filters,
                )  # fmt: skip
            written[kind] = made.ids

        times = machine.times({kind: lambda kind=kind: write(kind) for kind in ("graph", "eager")}, calls=1)
        tokens = sum(map(len, written["graph"]))
        rates = {kind: tokens / times.median(kind) for kind in written}
        same = float(written["graph"] == written["eager"])
        yield Figure(f"{name}: graph", rates["graph"], "tokens/s", details={"eager": rates["eager"]})
        wanted = "5 at least" if name == "greedy" else ""
        yield Figure(f"{name}: graph over eager", times.ratio("eager", "graph"), "times", wanted, {"same texts": same})
    yield from searching(machine)


def searching(machine: Machine) -> Iterator[Figure]:
    """Translations found likewise, by greedy search and by a beam of 5; nothing ends before its limit."""
    torch.manual_seed(0)
    sizes = {"embedding_size": 16, "encoder_size": 16, "hidden_size": 16} if machine.small else {}
    model = build_model(TranslatorConfig(cell="gru", **sizes), V, V).eval().to(machine.device)
    with torch.no_grad():
        model.head.bias[END] = -20.0
    random = np.random.default_rng(0)
    sources = [random.integers(5, V, size).tolist() for size in [6] * 4 + ([] if machine.small else [23] * 60)]
    for beam in (1, 5):
        found: dict[str, list[list[int]]] = {}

        def search(kind: str, beam: int = beam, found: Any = found) -> None:
            with without_graphs() if kind == "eager" else nullcontext():
                given = [Source(one, limit=len(one)) for one in sources]
                made = transduce([model], given, begin=BEGIN, end_id=END, banned=BANNED, beam=beam)
            found[kind] = [one.candidates[0].ids for one in made]

        times = machine.times({kind: lambda kind=kind: search(kind) for kind in ("graph", "eager")}, calls=1)
        rates = {kind: len(sources) / times.median(kind) for kind in found}
        details = {"eager": rates["eager"], "same texts": float(found["graph"] == found["eager"])}
        yield Figure(f"translations, beam {beam}: graph", rates["graph"], "sentences/s", details=details)


def agreement(machine: Machine) -> Iterator[Figure]:
    """Loss and gradients of each task in fp32, dropout off, beside those of the CPU: the largest difference."""
    for name, made in TASKS.items():
        task, rows = made(Machine(machine.device, small=True, quick=True), **made.without_draws)
        examples = task.encode(rows)
        [some] = plan_of(examples).step(0)
        found = []
        for device in (torch.device("cpu"), machine.device):
            task.model.to(device).train()  # which cuDNN asks for
            task.model.zero_grad(set_to_none=True)
            total = count = torch.zeros(())
            for loss in task.losses(examples.batch(some).to(device)):
                with exact_fp32():
                    torch.autograd.backward(loss.sum)
                total, count = total + loss.sum.detach().cpu(), count + loss.count.cpu()
            gradients = [p.grad.cpu() for p in task.model.parameters() if p.grad is not None]
            found.append([part / count for part in (total, *gradients)])
        largest = max(float((one - other).abs().max()) for one, other in zip(*found, strict=True))
        yield Figure(f"{name}: largest difference from the CPU", largest, "", wanted="1e-4 at most")


PARTS = {
    "agreement": Part("results beside the CPU's, fp32", 25, agreement),
    "decoding": Part("texts written, as CUDA graphs beside one launch after the other", 30, decoding),
    "translation": Part("translation training beside a loop over steps", 30, translation),
    "steps": Part("the training step of each task beside its bare calls", 60, steps),
    "captions": Part("an epoch of the size of Multi30k", 40, captions),
    "backbone": Part("a training step of two recurrent layers", 80, backbone),
    "news": Part("a whole training of the size of AG News", 95, news),
}
