"""One voice for bad input: one line that says where, what, what else and what to do; and the exit code of its kind."""

from __future__ import annotations

import errno
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtext.errors import (
    MAX_FOUND,
    DataError,
    NumericsError,
    OptionsError,
    ResourceError,
    SavedFileError,
    SeqtextError,
    did_you_mean,
    exit_on_error,
    one_of,
    printable,
    raise_together,
    run_program,
    shorten,
)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "found 'spots'"),
        ({"where": "a.csv, row 17"}, "a.csv, row 17: found 'spots'"),
        ({"fix": "fix the row"}, "found 'spots'; fix the row"),
        (
            {"where": "a.csv, row 17", "expected": "one of World, Sports", "fix": "fix the row"},
            "a.csv, row 17: found 'spots'; expected one of World, Sports; fix the row",
        ),
    ],
)
def test_a_message_says_where_what_what_else_and_what_to_do_in_this_order(parts, message):
    assert str(DataError("found 'spots'", **parts)) == message


@pytest.mark.parametrize(
    ("kind", "code"),
    [(OptionsError, 2), (DataError, 2), (SavedFileError, 3), (NumericsError, 4), (ResourceError, 5)],
)
def test_a_fault_ends_the_program_with_one_line_and_the_code_of_its_kind(kind, code, capsys):
    with pytest.raises(SystemExit) as stop, exit_on_error():
        raise kind("found nothing", where="here")
    assert stop.value.code == code
    assert capsys.readouterr() == ("", "error: here: found nothing\n")


def test_ctrl_c_ends_the_program_as_shells_expect_it(capsys):
    with pytest.raises(SystemExit) as stop, exit_on_error():
        raise KeyboardInterrupt
    assert stop.value.code == 130
    assert capsys.readouterr().err == "\nstopped by Ctrl-C\n"


@pytest.mark.parametrize("fault", [DataError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_debug_brings_the_traceback(fault, monkeypatch):
    def program() -> None:
        raise fault

    monkeypatch.setattr(sys, "argv", ["recipe", "--epochs", "1", "--debug"])
    with pytest.raises(type(fault)):
        run_program(program)


@pytest.mark.parametrize("fault", [ValueError("ours"), PermissionError(errno.EPERM, "ours"), KeyError("ours")])
def test_mistakes_of_our_own_are_not_passed_off_as_the_users(fault):
    with pytest.raises(type(fault)), exit_on_error():
        raise fault


def test_faults_found_together_are_told_together():
    raise_together([])
    with pytest.raises(OptionsError, match=r"^--a is 0$"):
        raise_together(["--a is 0"])
    with pytest.raises(OptionsError) as error:
        raise_together(["--a is 0", "--b is 1"])
    assert str(error.value).splitlines() == ["2 options:", "  --a is 0", "  --b is 1"]


@given(st.one_of(st.text(), st.binary(), st.lists(st.text()), st.integers(), st.none(), st.text(min_size=200)))
def test_a_value_is_repeated_shortened_on_one_line_and_safe_to_print(value):
    told = shorten(value)
    assert len(told) <= MAX_FOUND
    assert told.isprintable()
    assert told == repr(value) or (len(repr(value)) > MAX_FOUND and told.endswith("…"))


def test_many_names_are_counted_not_listed():
    assert one_of(["a", "b"]) == "one of a, b"
    assert one_of(str(number) for number in range(100)) == "one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 88 more"
    assert one_of([]) == "nothing (there are none)"


NAMES = ("text_column", "learning_rate", "hidden_size", "patience_epochs", "balance_classes")


@given(st.sampled_from(NAMES), st.data())
def test_a_name_with_one_letter_wrong_is_recognised(name, data):
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from(["", "x", "_", name[place] * 2]))
    misspelt = name[:place] + letter + name[place + 1 :]
    assert did_you_mean(misspelt.upper(), NAMES) == f"did you mean {name!r}?"


def test_nothing_is_suggested_where_nothing_is_near():
    assert did_you_mean("zzz", NAMES) == ""
    assert did_you_mean("zzz", []) == ""


def test_every_kind_of_fault_is_caught_by_its_family_name():
    for kind in (OptionsError, DataError, SavedFileError, NumericsError, ResourceError):
        with pytest.raises(SeqtextError):
            raise kind("x")


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (MemoryError(), "error: out of memory; end other programs, or use a smaller model"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
            "error: out of memory (2.00 GiB were asked for); end",
        ),
        (
            RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes."
            ),
            "error: out of memory (4096 bytes were asked for); end",
        ),
        (RuntimeError("could not create a primitive"), "error: out of memory; end"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "error: out of memory; end"),
        (OSError("Memory mapping file failed: Cannot allocate memory"), "error: out of memory; end"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "error: out of memory; end"),
        (RuntimeError("can't start new thread"), "error: out of memory; end"),
        (RuntimeError("std::bad_alloc"), "error: out of memory; end"),
    ],
)
def test_memory_that_is_not_enough_is_told_in_a_line(fault, told, capsys):
    def program():
        raise fault

    with pytest.raises(SystemExit) as stop:
        run_program(program, argv=[])
    assert stop.value.code == 5
    assert capsys.readouterr().err.startswith(told)


def test_another_fault_of_torch_keeps_its_traceback():
    def program():
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        run_program(program, argv=[])


def test_a_message_is_one_line_whatever_stands_in_it(capsys):
    def program():
        raise DataError("found \x1b[31m\x07 and\u2028more", where="a\x9bb" + "c" * 10_000)

    with pytest.raises(SystemExit):
        run_program(program, argv=[])
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert len(told) < 4100
    assert told.rstrip("\n").isprintable()


def test_names_are_shown_on_one_line_and_cut():
    assert printable("a\x1b[1m\nb\u2028") == r"a\x1b[1m\nb\u2028"
    assert printable("a" * 5000, 40) == "a" * 39 + "…"
    assert printable("ünïcödé \u200d 🙂") == "ünïcödé \u200d 🙂"
