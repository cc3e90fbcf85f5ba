"""The Hugging Face hub: which commit a data set's name stands for, and what its refusals mean.

No code of a data set is ever run. Where the hub cannot be reached, the way out is always the same: download the data
set into a folder and give the folder. Knows names and commits, not what the files hold.
"""

from __future__ import annotations

import re
from pathlib import Path

from seqtext.errors import DataError, one_of, shorten

_NAME = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
# Data sets made by a script often have a copy that the hub itself has converted.
CONVERTED = "refs/convert/parquet"


def is_hub_name(name: str) -> bool:
    """Whether a name has the form `owner/name` and is not obviously the path of a file."""
    return bool(_NAME.fullmatch(name)) and not re.search(
        r"\.(csv|tsv|jsonl?|txt|parquet|arrow|gz|zip|py)$", name.lower()
    )


def resolve_commit(name: str, revision: str | None = None) -> str:
    """The commit that a revision (a branch, tag or commit; the main branch if None) of a data set is at now.

    Raises:
        DataError: the hub cannot be reached, or has no such data set or revision, or keeps it from us.
    """
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(name, revision=revision, timeout=30).sha
    except Exception as error:
        raise explained(error, name, revision) from error
    if commit is None:
        raise DataError("the hub names no commit", where=name, fix=_offline(name))
    return commit


def explained(error: Exception, name: str, revision: str | None = None) -> DataError:
    """The one-line form of what `datasets` or `huggingface_hub` raised for a data set of this name, or folder."""
    from datasets.data_files import EmptyDatasetError
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
    from huggingface_hub import errors

    text = " ".join(str(error).split())
    if "scripts are no longer supported" in text:
        return _script(name)
    if isinstance(error, errors.GatedRepoError) or "gated" in text:
        fix = f"accept its terms at https://huggingface.co/datasets/{name}, then `hf auth login`; or {_offline(name)}"
        return DataError("the data set is gated, and this account has no access", where=name, fix=fix)
    if isinstance(error, errors.RevisionNotFoundError):
        fix = f"see https://huggingface.co/datasets/{name}/commits"
        return DataError(f"the hub has no revision {revision!r} of it", where=name, fix=fix)
    if isinstance(error, errors.RepositoryNotFoundError | DatasetNotFoundError):
        found = f"neither a path here ({Path(name).absolute()}) nor a data set on the hub that this account can see"
        return DataError(found, where=name, fix="check the spelling; for a private one, `hf auth login`")
    if _is_connection(error):
        offline = isinstance(error, errors.OfflineModeIsEnabled) or "offline" in text.lower()
        found = f"no path here, and the hub cannot be reached ({'HF_HUB_OFFLINE is set' if offline else shorten(text)})"
        return DataError(found, where=name, fix=_offline(name))
    if configs := re.search(r"(?:available configs|Available): (\[[^\]]*\])", text):
        names = re.findall(r"'([^']*)'", configs[1])
        asked = re.search(r"BuilderConfig '([^']*)' not found", text)
        found = f"no configuration {asked[1]!r}" if asked else "several configurations, and none named"
        return DataError(found, where=name, expected=one_of(names), fix="pass --data_config NAME")
    fix = "give the folder of one data set, or one of its files"
    if isinstance(error, EmptyDatasetError | DataFilesNotFoundError):
        return DataError("found no data files of a kind that can be read", where=name, fix=fix)
    return DataError(f"cannot be loaded: {type(error).__name__}, {_cause(error)}", where=name, fix=fix)


def _script(name: str) -> DataError:
    if Path(name).exists():
        fix = "give the folder of its data files instead, without the script"
    else:
        fix = f"try the hub's own conversion with --revision {CONVERTED}, or {_offline(name)}"
    found = "the data set is made by a Python script, and seqtext runs no code of a data set"
    return DataError(found, where=name, fix=fix)


def _offline(name: str) -> str:
    command = f"hf download {name} --repo-type dataset --local-dir FOLDER"
    return f"download it where there is a network ({command}) and give FOLDER"


def _is_connection(error: Exception) -> bool:
    # The hub's client has its own errors for what goes wrong on the way; only their place tells them from its others.
    return isinstance(error, ConnectionError | TimeoutError) or type(error).__module__.startswith("httpx")


def _cause(error: BaseException) -> str:
    """The first line of the innermost error: the outer ones only say that there was one."""
    while error.__cause__ is not None:
        error = error.__cause__
    return shorten(" ".join(str(error).split()) or type(error).__name__, 160)
