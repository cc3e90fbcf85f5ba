"""A copy in the cache is read only as it was written; whatever becomes of it there, the rows stay those of the file."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from seqtext.data.reading.arrow_copy import arrow_copy
from seqtext.data.reading.kept_copies import kept_copy
from seqtext.data.reading.sources import load
from seqtext.errors import ResourceError


@pytest.mark.fault(68)
def test_damaged_copies_are_made_again_and_never_give_other_rows(tmp_path: Path) -> None:
    path, rng = tmp_path / "a.csv", random.Random(2)
    path.write_text("text,label\n" + "".join(f"the old ship near harbour {n},{'ab'[n % 2]}\n" for n in range(100)))
    want = load(path).splits["train"][:]
    copy = arrow_copy(path)
    whole = copy.read_bytes()
    for case in range(60):
        data, place = bytearray(whole), rng.randrange(len(whole) - 8)
        if case % 4 == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif case % 4 == 1:
            data[place : place + 8] = rng.randbytes(8)
        elif case % 4 == 2:
            data[place : place + 4] = b"\xff\xff\xff\x7f"  # an offset out of all bounds
        else:
            data = data[:place]
        copy.write_bytes(data)
        assert load(path).splits["train"][:] == want
        assert copy.read_bytes() == whole
    assert [kept.name for kept in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize("odd", ["folder", "pipe", "link"])
def test_what_is_no_file_in_a_copys_place_is_not_read(tmp_path: Path, odd: str) -> None:
    import os

    copy = kept_copy("key", lambda target: target.write_bytes(b"rows") and None)
    copy.unlink()
    if odd == "folder":
        copy.mkdir()
        with pytest.raises(ResourceError, match="set SEQTEXT_CACHE to another folder"):
            kept_copy("key", lambda target: target.write_bytes(b"rows") and None)
        return
    os.mkfifo(copy) if odd == "pipe" else copy.symlink_to(tmp_path / "nowhere")
    assert kept_copy("key", lambda target: target.write_bytes(b"rows") and None).read_bytes() == b"rows"


def test_a_full_disk_names_the_folder_of_the_cache(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    told = rf"^the cache, {tmp_path}/cache: cannot write .*No space left.*; free some space, or set SEQTEXT_CACHE"
    with pytest.raises(ResourceError, match=told):
        kept_copy("key", full)
    assert list((tmp_path / "cache" / "arrow").iterdir()) == []


def test_a_cache_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTEXT_CACHE", "~nobody-of-that-name/cache")
    with pytest.raises(ResourceError, match="set SEQTEXT_CACHE to another folder"):
        kept_copy("key", lambda target: None)
