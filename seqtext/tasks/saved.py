"""Opening what was saved: a run folder, a model folder, or a model on the hub. Every byte is verified before it is parsed."""

from __future__ import annotations

import glob
import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from seqtext.data.reading.cache import cache_folder
from seqtext.errors import OptionsError, SavedFileError, one_of, shorten
from seqtext.saving.atomic import left_behind
from seqtext.saving.configs import from_plain
from seqtext.saving.folders import read_folder
from seqtext.saving.manifest import MANIFEST, check_inside, open_listed
from seqtext.saving.untrusted import parse_json
from seqtext.tasks.known import BY_NAME, TASKS, public

ConfigT = TypeVar("ConfigT")
ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class SavedTask:
    """The verified files of a model folder."""

    folder: Path
    files: dict[str, bytes]

    @property
    def task(self) -> str:
        """The name of the task that wrote it.

        Raises:
            SavedFileError: if it is none of ours.
        """
        if "config.json" not in self.files:  # as of a task of one's own, outside of this list
            expected = f"a model of seqtext's own tasks ({', '.join(BY_NAME)})"
            raise SavedFileError(
                "no config.json", where=str(self.folder), expected=expected, fix="open it with its own class"
            )
        name = self.settings.get("task")
        if not isinstance(name, str) or name not in BY_NAME:  # a fixed list, never a class path out of a file
            where = str(self.folder / "config.json")
            raise SavedFileError(f"task {shorten(name)}", where=where, expected=one_of(BY_NAME))
        return name

    @property
    def writes(self) -> bool:
        """Whether its model writes texts: its head then gives tokens."""
        return BY_NAME[self.task].writes

    def config(self, kind: type[ConfigT], *, task: str) -> ConfigT:
        """The config as the dataclass `kind`, each value checked.

        Raises:
            SavedFileError: if it is another task's, or a value is not what its field takes.
        """
        where = str(self.folder / "config.json")
        if self.task != task:
            fix = f"seqtext {BY_NAME[self.task].command} takes it, seqtext.load any task"
            raise SavedFileError(f"a {self.task}", where=where, expected=f"a {task}", fix=fix)
        return from_plain(kind, {name: value for name, value in self.settings.items() if name != "task"}, where=where)

    def file(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            SavedFileError: if the manifest does not list it.
        """
        if name not in self.files:
            raise SavedFileError(
                "not listed in the manifest", where=str(self.folder / name), fix="copy or download it again"
            )
        return self.files[name]

    def value(self, name: str, kind: type[ValueT]) -> ValueT:
        """One value of the config, whatever the task.

        Raises:
            SavedFileError: if it has none of that name and kind.
        """
        found = self.settings.get(name)
        if type(found) is not kind:
            raise SavedFileError(f"no {name!r} in the config", where=str(self.folder / "config.json"))
        return found

    def part(self, prefix: str) -> SavedTask:
        """A task that was saved inside this one, whose files' names begin with `prefix`."""
        files = {name.removeprefix(prefix): data for name, data in self.files.items() if name.startswith(prefix)}
        return SavedTask(self.folder, files)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What stands in the config, unchecked but that it is JSON.

        Raises:
            SavedFileError: for what is no config.
        """
        where = str(self.folder / "config.json")
        value = parse_json(self.file("config.json"), where=where, finite=True)
        if not isinstance(value, dict):
            raise SavedFileError("not a config of seqtext", where=where)
        return value


def open_saved(name: str | Path, *, revision: str | None = None) -> SavedTask:
    """The verified files of a run folder, a model folder, or a model on the hub.

    Args:
        name: of the folder, or `owner/name`, also with `@revision`.
        revision: branch, tag or commit of a model on the hub.

    Raises:
        SavedFileError: if there is none, or it is damaged.
        OptionsError: for a revision of what is on this machine.
    """
    folder = Path(name).expanduser()
    if revision is not None:
        if folder.exists() or "@" in str(name):
            found = "a revision of what has one" if "@" in str(name) else "a revision of what is on this machine"
            raise OptionsError(found, where=str(name), expected="a name on the hub", fix="leave revision out")
        name = f"{name}@{revision}"
    if (
        not folder.exists()
        and re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w.-]+)?", str(name))
        and not str(name).startswith("runs/")
    ):
        folder = _download(str(name))
    model = folder / "model"
    if model.is_dir() or left_behind(model):
        check_inside(model, folder)
        folder = model
    elif (folder / "options.yaml").is_file():
        raise SavedFileError(
            "the run has no model yet",
            where=str(folder),
            fix=f"its first epoch did not end; go on with it: --resume --run {shlex.quote(str(name))}",
        )
    return SavedTask(folder, read_folder(folder))


def load(name: str | Path, *, revision: str | None = None) -> Any:
    """Opens any saved task: a run folder, a model folder, or `owner/name` (with `@revision`) on the hub.

    Args:
        name: of the folder, or on the hub.
        revision: branch, tag or commit of a model on the hub.

    Raises:
        SavedFileError: if it is damaged or not ours.
        OptionsError: for a revision of what is on this machine.
    """
    saved = open_saved(name, revision=revision)
    return public(saved.task).from_saved(saved)


def load_for(command: str, name: str | Path) -> Any:
    """Opens a saved task for the `seqtext` command that uses it.

    Raises:
        OptionsError: if another command uses it.
        SavedFileError: as `load`.
    """
    saved = open_saved(name)
    found, wanted = BY_NAME[saved.task], [task.name for task in TASKS if task.has(command)]
    if found.name not in wanted:
        fix = f"seqtext {found.command} {shlex.quote(str(name))}"
        raise OptionsError(f"{name} is a {found.name}", expected=f"a {' or a '.join(wanted)}", fix=fix)
    return public(saved.task).from_saved(saved)


def _download(name: str) -> Path:
    """Into a folder of plain files: the hub's own cache is made of links, which are refused in what is loaded.

    Only the manifest of the saved model and the files that it lists: a run's checkpoints are many times as large.
    """
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    target = cache_folder("models") / repository.replace("/", "--") / (revision or "main")
    where: dict[str, Any] = {"revision": revision or None, "local_dir": target}
    fault: Exception | None = None
    try:
        for place in ("model/", ""):
            try:
                hf_hub_download(repository, place + MANIFEST, **where)
            except EntryNotFoundError as error:
                fault = error if isinstance(error, LocalEntryNotFoundError) else fault  # the hub cannot be reached
                continue
            with open_listed(target / place) as listed:
                files = [glob.escape(place + file) for file in [MANIFEST, *listed.entries]]
            snapshot_download(repository, allow_patterns=files, **where)
            return target / place
    except (OSError, ValueError) as error:
        fault = error
    if fault is None:
        raise SavedFileError("no model of seqtext", where=name, expected=f"model/{MANIFEST} or {MANIFEST} in it")
    raise SavedFileError(
        f"neither a folder here nor to be had from the hub ({' '.join(str(fault).split())[:200]})",
        where=name,
        fix="check the name, or download the model and give its folder",
    ) from fault
