"""What a file of plain values may hold: anything else is refused in one line, whatever it would unfold to."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seqtext.errors import SavedFileError
from seqtext.saving.untrusted import parse_json, parse_yaml, twice

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_was_written_comes_back(value):
    assert parse_json(json.dumps(value).encode(), where="x", finite=True) == value


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused_where_asked(number):
    parse_json(f'{{"a": {number}}}'.encode(), where="x")
    with pytest.raises(SavedFileError, match=r"^x: not JSON \('-?\w+' is no finite number\)"):
        parse_json(f'{{"a": {number}}}'.encode(), where="x", finite=True)


@pytest.mark.fault(66)
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', r"not JSON \(the key 'a' twice\)"),
        (b'[{"x": {"\\u0061": 1, "a": 3}}]', r"not JSON \(the key 'a' twice\)"),
        (b"[" * 70 + b"]" * 70, "lists inside lists; expected at most 64 deep"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "lists inside lists"),
        (b"[" * 900_000, "not JSON"),
        (b"9" * 41, r"not JSON \(a number of 41 digits\)"),
        (b"9" * 10_000, r"not JSON \(a number of 10000 digits\)"),
        (b"\xff", "not JSON"),
    ],
)
def test_json_that_is_none_of_ours_is_refused(data, told):
    with pytest.raises(SavedFileError, match=rf"^x: {told}"):
        parse_json(data, where="x")


def test_many_lists_side_by_side_are_not_deep():
    assert parse_json(b"[" + b",".join([b"[]"] * 1000) + b"]", where="x") == [[]] * 1000


@given(PLAIN)
def test_yaml_as_ours_is_written_comes_back(value):
    text = yaml.safe_dump(value, sort_keys=False)
    assert parse_yaml(text, where="x") == yaml.safe_load(text)


LAUGHS = "a: &a [x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LAUGHS, "an anchor or alias, 'a'"),
        ("a: 1\nb: 2\na: 3\n", "the key 'a' twice"),
        ("a: {b: [{c: 1, c: 2}]}", "the key 'c' twice"),
        ("[" * 100 + "]" * 100, "more than 64 deep"),
        ("[" * 100_000, "."),
        ("a: !!python/object/apply:os.system [x]", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        ("a: 2020-13-45", "month must be in"),
        ("? [1]\n: 2", "unhashable"),
        ("a: !!binary x", "."),
        ("a: !!int x", "."),
        ("\0", "special characters are not allowed"),
    ],
)
def test_yaml_that_is_none_of_ours_is_refused(text, told):
    with pytest.raises(SavedFileError, match=rf"^x: not YAML \(.*{told}"):
        parse_yaml(text, where="x")


def test_yaml_larger_than_any_of_ours_is_not_parsed():
    with pytest.raises(SavedFileError, match="characters of YAML; expected at most"):
        parse_yaml(" " * (2**19 + 1), where="x")


@pytest.mark.parametrize("codec", ["utf-16", "utf-32-le", "utf-16-be"])
def test_only_utf_8_is_json(codec):
    with pytest.raises(SavedFileError, match="not JSON"):
        parse_json('{"a": 1}'.encode(codec), where="config.json")


# ---- no check takes time that grows with the square of what is checked


@pytest.mark.fault(75)
@pytest.mark.parametrize("nested", [False, True])
def test_a_megabyte_of_keys_with_one_twice_is_refused_at_once(nested):
    keys = ",".join(f'"k{n:06}":0' for n in range(200_000))
    data = f'{{"a":{{{keys},"k199999":1}}}}' if nested else f'{{{keys},"k199999":1}}'
    with (
        seconds(10),
        pytest.raises(SavedFileError, match="the key 'k199999' twice"),
    ):  # 40 s where each is looked for in all
        parse_json(data.encode(), where="x")


@pytest.mark.fault(75)
def test_yaml_as_large_as_is_taken_with_a_key_twice_is_refused_at_once():
    text = "".join(f"k{n:05}: 0\n" for n in range(15_000)) + "k14999: 1\n"
    with seconds(20), pytest.raises(SavedFileError, match="the key 'k14999' twice"):
        parse_yaml(text, where="x")


def test_yaml_is_parsed_once(monkeypatch):
    texts = []
    parse = yaml.parse
    monkeypatch.setattr(yaml, "parse", lambda text, **how: texts.append(text) or parse(text, **how))
    monkeypatch.setattr(yaml, "safe_load", None)
    monkeypatch.setattr(yaml, "compose", None)
    assert parse_yaml("a: [1, x]\n", where="x") == {"a": [1, "x"]}
    assert len(texts) == 1


def test_the_first_name_that_stands_again():
    assert twice([]) is None
    assert twice("abc") is None
    assert twice("abcba") == "b"


@contextmanager
def seconds(most: int) -> Iterator[None]:
    """Ends what computes for longer: a generous bound, which work that grows with the square passes by far."""

    def end(*_: object) -> None:
        raise TimeoutError(f"more than {most} s")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
