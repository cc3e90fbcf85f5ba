"""README and docs are true: their commands and code run, those for the hub on a stand-in of the same name; what they name exists."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import NamedTuple

import datasets
import numpy as np
import pytest
import yaml

import seqtext
from seqtext.builtin.household import household
from seqtext.builtin.phrasebook import pairs
from seqtext.builtin.tagged_phrases import tagged_phrases
from seqtext.builtin.touch_tones import touch_tones
from seqtext.cli import WHATEVER_THE_TASK
from seqtext.data.audio.wav import write_wav
from seqtext.data.reading.sources import phrasebook
from seqtext.tasks.forecasting.linear_sums import ANCHOR_ALONE
from seqtext.tasks.forecasting.linear_tuning import AS_IT_IS
from seqtext.tasks.known import TASKS
from tests.conftest import ROOT, TOPICS, topic_rows, write_csv
from tests.in_process import recipe, seqtext_command, succeeded
from tests.tasks.tagging import taggers
from tests.tasks.transcription.transcribers import spoken, write_recordings
from tests.undrawn import draw_nothing

# In this order their commands run: each names runs that those before it made.
PAGES = [
    "README",
    *(
        f"docs/{page}"
        for page in (
            *("index", "topics", "electricity", "generation", "language_model", "tagging", "translation"),
            *("transcription", "few-labels"),
        )
    ),
]
PAGES += [f"docs/{page}" for page in ("your-data", "promises", "extend", "results", "house", "names", "reference")]
TEXTS = {page: (ROOT / f"{page}.md").read_text(encoding="utf-8") for page in PAGES}
RECIPES = {task.recipe: task.script for task in TASKS}
SMALL = ["--epochs", "1", "--max_steps", "2", "--hidden_size", "8", "--threads", "1"]
TEXT = ["--embedding_size", "8", "--vocabulary_size", "500", "--batch_tokens", "600"]
TINY = {
    "topic_classification": [*SMALL, *TEXT, "--baselines", "fast"],
    "text_generation": [*SMALL, *TEXT, "--evaluation", "fast"],
    "translation": [
        *(*SMALL, *TEXT, "--vocabulary_size", "1500", "--encoder_size", "8", "--encoder_layers", "1"),
        *("--num_layers", "1", "--max_rows", "120", "--beam", "1", "--baselines", "fast"),
    ],
    "language_model": [*SMALL, *TEXT],
    "tagging": [*SMALL, "--embedding_size", "8", "--baselines", "fast", "--max_rows", "300"],
    "spoken_digits": [
        *(*SMALL, "--embedding_size", "8", "--num_layers", "1", "--max_rows", "60", "--batch_tokens", "600"),
        *("--baselines", "fast"),
    ],
    "electricity": [*SMALL, "--baselines", "fast", "--max_rows", "1000"],
}


class Command(NamedTuple):
    """A line of a shell block: its page, and whether it stands with the results, which take hours to make."""

    page: str
    line: str
    of_results: bool


def blocks(page: str, language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a language, each with all that stands before it."""
    fences = re.finditer(r"^```(\w*)\n(.*?)^```$", TEXTS[page], flags=re.MULTILINE | re.DOTALL)
    return [(TEXTS[page][: fence.start()], fence[2]) for fence in fences if fence[1] == language]


def all_commands() -> list[Command]:
    """Every line of every shell block, without its comment, once."""
    found = [
        Command(page, line.split("  #")[0].strip(), "\n## Results" in before)
        for page in PAGES
        for before, block in blocks(page, "sh")
        for line in block.splitlines()
    ]
    return list({command.line: command for command in found}.values())


def training(command: Command) -> tuple[str, list[str]] | None:
    """Script and flags of a command that trains; None for any other."""
    words = shlex.split(command.line)
    if words[:2] == ["seqtext", "train"]:
        return RECIPES[words[2]], words[3:]
    script = re.fullmatch(r"python recipes/(\w+)\.py", " ".join(words[:2]))
    return (script[1], words[2:]) if script and script[1] in TINY else None


COMMANDS = all_commands()
NOT_RUN_HERE = {"pip install seqtext", "python recipes/first.py"}  # what every test does before; tests/test_first.py


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> Path:
    """A folder with everything the commands name, small: hub data sets are folders of the same name."""
    place = tmp_path_factory.mktemp("docs")
    train, test = topic_rows(120, seed=1), topic_rows(40, seed=2)
    news = ["World", "Sports", "Business"]
    for name, column, label_column, names in (
        ("fancyzhx/ag_news", "text", "label", news),
        ("stanfordnlp/sst2", "sentence", "label", list(TOPICS)),
        ("CogComp/trec", "text", "coarse_label", list(TOPICS)),
    ):
        folder = place / name
        folder.mkdir(parents=True)
        for split, rows in (("train", train), ("test", test)):
            features = datasets.Features(
                {column: datasets.Value("string"), label_column: datasets.ClassLabel(names=names)}
            )
            columns = {column: rows["text"], label_column: [list(TOPICS).index(label) for label in rows["label"]]}
            datasets.Dataset.from_dict(columns, features=features).to_parquet(folder / f"{split}.parquet")
    for split, rows in (("train", train), ("test", test)):
        write_csv(place / f"{split}.csv", {"body": rows["text"], "section": rows["label"]})
    logits = [[2.0 * (label == name) - 1 for name in sorted(TOPICS)] for label in train["label"]]
    of_teacher = {"logits": logits, "probabilities": np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)}
    datasets.Dataset.from_dict({**train, **of_teacher}).to_parquet(place / "rows.parquet")
    write_csv(place / "films.csv", {"plot": train["text"], "genres": ["war", "drama|war", "drama"] * 40})
    flags = {name: [number % of for number in range(120)] for name, of in (("toxic", 2), ("insult", 2))}
    write_csv(place / "comments.csv", {"comment": train["text"], **flags, "id": list(range(120))})
    for name, number in (("houses", "price"), ("reviews", "stars")):
        write_csv(place / f"{name}.csv", {"text": train["text"], number: [1 + row % 5 for row in range(120)]})
    few = [label if number % 4 == 0 else "" for number, label in enumerate(train["label"])]
    write_csv(place / "small.csv", {"text": train["text"], "label": few})
    (place / "pile.txt").write_text("the moor at dusk\nthe tide\n", encoding="utf-8")
    write_csv(place / "articles.csv", {"id": ["1", "2"], "body": ["the ship sails", "NA"]})
    styles = zip(train["text"], train["label"], ["plain", "terse"] * 60, strict=True)
    lines = [
        {"text": text, "topic": topic, "style": style, "embedding": [1.0, len(text)]} for text, topic, style in styles
    ]
    (place / "requests.jsonl").write_text(blocks("docs/generation", "json")[0][1], encoding="utf-8")
    with_vectors = {"text": train["text"], "embedding": [[float(len(text)), 1.0] for text in train["text"]]}
    datasets.Dataset.from_dict(with_vectors).to_parquet(place / "with_vectors.parquet")
    (place / "x.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (place / "terms.tsv").write_text("ship\tSchiff\n")
    for name in ("input", "headlines"):
        (place / f"{name}.txt").write_text("a ship\n\nan owl\n" if name == "input" else "a ship\nan owl\n")
    write_pairs(place, [[f"{text}." for text in train["text"]], [f"{text.upper()}!" for text in train["text"]]])
    write_readings(place)
    write_words(place)
    write_recordings(place / "recordings", takes=8)
    clips = sorted(path.name for path in (place / "recordings").iterdir())
    write_csv(
        place / "clips.csv",
        {"file": [f"recordings/{name}" for name in clips], "transcript": [name[0] for name in clips]},
    )
    call = np.concatenate([spoken(word, 7) for word in "abcd"])
    (place / "call.wav").write_bytes(write_wav(call, 8000))
    (place / "call.raw").write_bytes((call * 20000).astype("<i2").tobytes())
    return place


def write_pairs(place: Path, sides: list[list[str]]) -> None:
    for split in ("train", "val", "test"):
        for suffix, side in zip(("en", "de"), sides, strict=True):
            (place / f"{split}.{suffix}").write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
    rows = "".join(f"{one}\t{other}\n" for one, other in zip(*sides, strict=True))
    (place / "pairs.tsv").write_text(f"english\tgerman\n{rows}", encoding="utf-8")
    hub = place / "bentrevett" / "multi30k"
    hub.mkdir(parents=True)
    for split in ("train", "validation", "test"):
        datasets.Dataset.from_dict(dict(zip(("en", "de"), sides, strict=True))).to_parquet(hub / f"{split}.parquet")


def write_words(place: Path) -> None:
    for name, seed in (("train", 1), ("dev", 2)):
        (place / f"{name}.conllu").write_text(taggers.conllu(60, seed), encoding="utf-8")
    rows = [dict(zip(("tokens", "ner_tags"), row, strict=True)) for row in zip(*words_and_spans(), strict=True)]
    (place / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    columns = ["".join(f"{word} {tag}\n" for word, tag in zip(*row.values(), strict=True)) for row in rows]
    (place / "names.bio").write_text("\n".join(columns), encoding="utf-8")


def words_and_spans() -> tuple[list[list[str]], list[list[str]]]:
    made = taggers.sentences(60)
    return made["tokens"], made["ner_tags"]


def write_readings(place: Path) -> None:
    load = household(days=44)
    times, values = [str(time).replace("T", " ") for time in load.times], [f"{value:.3f}" for value in load.values]
    write_csv(place / "later.csv", {"when": times[3840:], "kw": values[3840:]})
    times, values = times[:3840], values[:3840]
    parts = {
        "electricity_train": slice(0, 3000),
        "electricity_test": slice(3000, None),
        "meter": slice(0, 200),
        "new_meter": slice(0, 1344),
    }
    for name, part in {**parts, "readings": slice(None), "load": slice(None)}.items():
        write_csv(place / f"{name}.csv", {"when": times[part], "kw": values[part]})
    write_csv(place / "many.csv", {"client": ["a"] * 3840 + ["b"] * 3840, "when": times * 2, "kw": values * 2})
    months = np.datetime64("2016-07-01T00") + np.arange(20 * 60) * np.timedelta64(12, "h")
    oil = {name: np.round(np.sin(np.arange(len(months)) * shift), 3) for name, shift in (("HUFL", 0.5), ("OT", 0.7))}
    write_csv(place / "ETTh1.csv", {"date": [str(time).replace("T", " ") + ":00:00" for time in months], **oil})
    hourly = {"H1": np.round(load.values[:800:4], 3), "H2": np.round(load.values[1:800:4] + 1, 3)}
    hourly = {name: np.tile(row, 4) for name, row in hourly.items()}
    for split, part in (("train", slice(0, -48)), ("test", slice(-48, None))):
        width = len(hourly["H1"][part])
        table = [["V1", *(f"V{2 + i}" for i in range(width))]]
        table += [[name, *map(str, row[part])] for name, row in hourly.items()]
        (place / f"Hourly-{split}.csv").write_text("".join(",".join(row) + "\n" for row in table))


@pytest.fixture(scope="module")
def small_data(stand_in):
    """The folder with everything, as the current one, and the data that is always there, small; pictures are written empty."""
    held_out = {"validation": 30, "test": 30}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(stand_in)
        patch.setattr("seqtext.data.reading.sources.phrasebook", partial(phrasebook, train=300, **held_out))
        patch.setattr("seqtext.builtin.phrasebook.pairs", partial(pairs, **held_out))
        patch.setattr("seqtext.builtin.tagged_phrases.tagged_phrases", partial(tagged_phrases, train=300, **held_out))
        patch.setattr("seqtext.data.pairs.sources.PHRASES", 600)
        patch.setattr("seqtext.builtin.household.household", partial(household, days=60))
        patch.setattr("seqtext.data.audio.tones.touch_tones", lambda count, **how: touch_tones(count // 20, **how))
        patch.setattr("seqtext.tasks.transcription.report.measured.STRINGS", 10)
        # Of many ways to fit a linear path, which it takes long to choose among, two.
        patch.setattr("seqtext.tasks.forecasting.linear_choice.STRENGTHS", (0.1, ANCHOR_ALONE))
        patch.setattr("seqtext.tasks.forecasting.linear_tuning.STRENGTHS", (0.1, AS_IT_IS))
        draw_nothing(patch.setattr)
        yield stand_in


@pytest.fixture(scope="module")
def trained(small_data) -> Path:
    """The commands that train, one after the other as they stand there, at the smallest size."""
    done = 0
    for command in COMMANDS:
        if (found := training(command)) is None:
            continue
        script, flags = found
        flags = [*flags, *TINY[script], *(["--dry_run"] if command.of_results else [])]
        if command.line.startswith("seqtext train "):
            succeeded(seqtext_command("train", shlex.split(command.line)[2], *flags))
        else:
            succeeded(recipe(script, *flags))
        done += 1
    assert done > 30
    return small_data


def test_commands_that_train_run_in_the_order_of_the_pages(trained):
    for name in ("demo", "ja", "ag", "ag2", "sst2"):
        assert (trained / "runs" / name / "model" / "config.json").is_file()
    assert len(list((trained / "runs").glob("*/seed-*"))) == 3 + 5
    for name in ("news", "mood", "two", "dense", "like", "lm", "news2", "zeros", "embedded"):
        assert (trained / "runs" / name / "report" / "samples.md").is_file()
    for name in ("pieces", "deep", "words", "reviews", "started", "writes"):
        assert (trained / "runs" / name / "report" / "learning_curves.png").is_file()
    for name in ("keys", "digits", "ann", "clips"):
        assert (trained / "runs" / name / "report" / "utterance.png").is_file()
    for name in ("small", "pile", "hundred", "begun", "own", "better", "distilled"):
        assert (trained / "runs" / name / "report" / "confusion_matrix.png").is_file()
    for name in ("electricity", "day", "many", "meter"):
        assert (trained / "runs" / name / "report" / "two_weeks.png").is_file()
    for name in ("ja-fr", "de", "m30k", "plain"):
        assert (trained / "runs" / name / "report" / "examples.md").is_file()
    assert len(list((trained / "runs").glob("topic-train-*"))) == 1, "--dry_run made a folder too"


OTHERS = [command.line for command in COMMANDS if training(command) is None and command.line not in NOT_RUN_HERE]


@pytest.mark.parametrize("line", [line for line in OTHERS if not line.startswith("torchrun ")])
def test_commands_that_use_what_was_saved_run(trained, line):
    line, stdin = line.partition(" > ")[0], None
    if " | " in line:
        source, _, line = line.removeprefix("cat ").removeprefix("tail -f ").partition(" | ")
        stdin = (trained / source).read_bytes()
    program, *arguments = shlex.split(line)
    assert program == "seqtext"
    assert succeeded(seqtext_command(*arguments, stdin=stdin)).out or "--output" in line


def test_commands_for_several_processes_name_a_recipe_and_its_flags():
    lines = [line for line in OTHERS if line.startswith("torchrun ")]
    assert len(lines) == 2  # what they do, tests/training/test_processes.py sees
    for line in lines:
        script = line.partition(" -- ")[2].split()[0]
        assert (ROOT / script).is_file()


def test_the_output_named_in_the_docs_keeps_the_columns(trained):
    [line] = [line for line in OTHERS if line.startswith("seqtext predict ") and "--output" in line]
    succeeded(seqtext_command(*shlex.split(line)[1:]))
    header, first, second = Path("labelled.csv").read_text(encoding="utf-8").splitlines()
    assert header == "id,body,predicted,probability"
    assert first.startswith("1,the ship sails,")
    assert second.startswith("2,NA,")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_python_blocks_run_as_they_stand_one_after_the_other(trained, page, capsys):
    namespace: dict[str, object] = {"__name__": page}
    for _, block in blocks(page, "python"):
        block = block.replace('from_data(train, cell="gru")', 'from_data(train, cell="gru", hidden_size=8)')
        block = block.replace("max_minutes=5)", "max_minutes=5, max_steps=8)")
        exec(compile(block, f"{page}.md", "exec"), namespace)
    if page == "README":
        assert re.search(r"0\.\d+\n\w+\n\w+\n", capsys.readouterr().out)
    if page == "docs/extend":
        answers, figures = capsys.readouterr().out.splitlines()
        assert answers == "[True, False]"
        assert figures.startswith("test accuracy 100.0%; the commonest answer 5")
        assert "DAMAGED" not in succeeded(seqtext_command("verify", "runs/question")).out


# ---- what they name exists


def known_flags() -> set[str]:
    """The flags of all recipes and commands."""
    kinds = [runpy.run_path(str(ROOT / "recipes" / f"{script}.py"))["Options"] for script in TINY]
    for task in TASKS:
        kinds.append(getattr(task.part("command"), task.command.capitalize()))
        if (ROOT / "seqtext" / "tasks" / task.folder / "report" / "evaluate.py").exists():
            kinds.append(task.part("report.evaluate").Evaluate)
    for name in set(WHATEVER_THE_TASK) - {"evaluate"}:
        module = __import__(f"seqtext.commands.{name}", fromlist=[name])
        kinds.append(getattr(module, name.capitalize()))
    return {field.name for kind in kinds for field in fields(kind)}


def test_every_flag_that_is_named_exists():
    others = {"help", "strict", "nproc_per_node", "nnodes", "node_rank", "rdzv_endpoint"}  # of mypy and torchrun
    known = known_flags()
    known |= others | {f"no_{name}" for name in known}
    named = [(page, flag) for page in PAGES for flag in re.findall(r"(?<![\w-])--([a-z]\w*)", TEXTS[page])]
    assert len(named) > 150
    assert not [f"{page}: --{flag}" for page, flag in named if flag not in known]


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", TEXTS[page], flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_link_and_picture_leads_somewhere():
    seen = set()
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", TEXTS[page]):
            path, _, anchor = next(filter(None, target)).partition("#")
            place = ((ROOT / page).parent / path).resolve() if path else ROOT / f"{page}.md"
            assert place.is_file(), f"{page}: {path}"
            seen.add(place)
            if anchor:
                assert anchor in anchors(str(place.relative_to(ROOT).with_suffix(""))), f"{page}: {path}#{anchor}"
    pictures = set((ROOT / "docs" / "images").iterdir())
    assert len(pictures) > 5
    assert pictures <= seen, "a picture that no page shows"
    assert max(picture.stat().st_size for picture in pictures) < 100_000


def test_every_page_is_read_here_and_stands_in_the_menu():
    pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    assert sorted(f"{page}.md" for page in PAGES if page != "README") == [f"docs/{page}" for page in pages]
    menu = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(re.findall(r"[\w-]+\.md", str(menu))) == pages


def test_the_readme_is_short_and_its_table_has_every_task_and_recipe():
    assert len(TEXTS["README"].splitlines()) <= 200
    rows = [line for line in TEXTS["README"].splitlines() if line.startswith("| [")]
    scripts = [script for row in rows for script in re.findall(r"`(recipes/\w+\.py)`", row)]
    assert sorted(scripts) == sorted(str(path.relative_to(ROOT)) for path in (ROOT / "recipes").glob("*.py"))
    for task in TASKS:
        [row] = [row for row in rows if f"`recipes/{task.script}.py`" in row]
        assert f"`seqtext train {task.recipe}`" in row
        page = re.search(r"\]\((docs/\w+)\.md\)", row)[1]
        figures = re.findall(r"\d+\.\d+", row.split("|")[-2])
        assert len(figures) == 2, "the model's and the best baseline's"
        assert all(figure in TEXTS[page] for figure in figures), f"{page} says otherwise"


def test_every_promise_names_a_test_that_is_there():
    text = TEXTS["docs/promises"]
    promises = re.findall(r"^- (?:.|\n  )*?`(tests/[\w/]+\.py)::(test_\w+)`$", text, flags=re.MULTILINE)
    assert len(promises) == text.count("\n- ") > 15
    for file, name in promises:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_the_reference_has_every_public_name_and_each_says_what_it_is():
    headings = re.findall(
        r"^::: (?:seqtext\.(\w+)$|.*\n    options: {heading: seqtext\.(\w+)}$)", TEXTS["docs/reference"], re.M
    )
    assert sorted(one or other for one, other in headings) == [
        name for name in seqtext.__all__ if name != "__version__"
    ]
    assert all(getattr(seqtext, one or other).__doc__ for one, other in headings)


def test_every_script_that_measures_is_named_with_its_figure():
    parts = {"made_up.py", "side_by_side.py", "gpu_parts.py"}
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")} - parts
    assert set(re.findall(r"`benchmarks/(\w+\.py)", TEXTS["docs/results"])) == scripts
