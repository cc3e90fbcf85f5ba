"""The head of a safetensors file claims names, types and shapes: nothing is made of it before they are the wanted ones and true."""

from __future__ import annotations

import json
import resource
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from seqtext.errors import SavedFileError
from seqtext.saving.folders import parse_tensors, read_tensors

TYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
]
GOOD = {"weight": torch.ones(2, 3), "bias": torch.ones(3), "step": torch.tensor(3)}


def packed(head: object, data: bytes = b"") -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def as_they_are(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[torch.dtype, torch.Size]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


W = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@given(
    st.dictionaries(
        st.text(max_size=5).filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(TYPES), st.lists(st.integers(0, 3), max_size=4)),
        max_size=4,
    )
)
def test_what_the_library_writes_is_read_as_it_is(wanted):
    tensors = {name: torch.zeros(shape, dtype=dtype) for name, (dtype, shape) in wanted.items()}
    expected = {name: torch.empty(shape, dtype=dtype, device="meta") for name, (dtype, shape) in wanted.items()}
    assert as_they_are(parse_tensors(save(tensors), expected, where="x")) == as_they_are(expected)
    assert as_they_are(read_tensors(save(tensors), where="x")) == as_they_are(expected)


@pytest.mark.fault(64)
@settings(max_examples=300)
@given(st.data())
def test_a_changed_head_is_refused_or_means_the_same_tensors(data):
    changed = bytearray(save(GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.sampled_from([*b'0123456789{}[]",:FIBU', 0, 255]))
    try:
        found = parse_tensors(bytes(changed), GOOD, where="x")
    except SavedFileError:
        return
    assert as_they_are(found) == as_they_are(GOOD)


@pytest.mark.fault(64)
@pytest.mark.parametrize(
    "data",
    [
        b"1234567",
        struct.pack("<Q", 2**63) + b"{}",
        packed([]),
        packed({"w": 1}),
        packed({"w": {**W, "dtype": ["F32"]}}, b"\0" * 8),
        packed({"w": {**W, "dtype": "C64", "shape": [1]}}, b"\0" * 8),
        packed({"w": {**W, "shape": [2.0]}}, b"\0" * 8),
        packed({"w": {**W, "shape": [True, 2]}}, b"\0" * 8),
        packed({"w": {**W, "shape": [1] * 9}}, b"\0" * 4),
        packed({"w": {**W, "shape": [2**62, 4]}}, b"\0" * 8),
        packed({"w": {**W, "shape": [2**64 - 1, 0], "data_offsets": [0, 0]}}),
        packed({"w": {**W, "data_offsets": [8, 0]}}, b"\0" * 8),
        packed({"w": {**W, "data_offsets": [4, 12]}}, b"\0" * 12),
        packed({"w": W, "v": {**W, "data_offsets": [4, 12]}}, b"\0" * 12),
        packed({"w": W}, b"\0" * 9),
        packed(b'{"w": {"dtype": "F32"}, "w": {}}'),
        packed({"__metadata__": {"a": {"b": 1}}}),
        packed(b"[" * 70 + b"]" * 70),
        packed(b"[" * 100_000 + b"]" * 100_000),
        packed(b'{"w": "\\ud800"}'),
    ],
)
def test_a_head_that_cannot_be_meant_is_refused(data):
    with pytest.raises(SavedFileError, match=r"^x: not a safetensors file \(.*\); copy or download it again$"):
        read_tensors(data, where="x")
    with pytest.raises(SavedFileError, match="^x: (not a safetensors file|tensor '[wv]' is )"):
        parse_tensors(data, {"w": torch.empty(2, device="meta")}, where="x")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (packed({"w": {**W, "dtype": "PICKLE"}}, b"\0" * 8), r"tensor 'w' is PICKLE \(2,\); expected F32 \(2,\)"),
        (packed({"w": {**W, "dtype": "\x1b[2J" * 99}}, b"\0" * 8), r"tensor 'w' is \\x1b\[2J.{,80}; expected F32"),
        (packed({"w": {**W, "shape": [1] * 99}}, b"\0" * 8), r"tensor 'w' is F32 \(1, 1, .{,80}; expected F32"),
        (packed({"w": W}, b"\0" * 9), r"not a safetensors file \(.*not fully covered"),
        (packed({"w": {**W, "data_offsets": [4, 12]}}, b"\0" * 12), r"not a safetensors file \(.*invalid offset"),
        (packed(b'{"w": {}, "w": {}}'), r"not a safetensors file \(.*the key 'w' twice"),
    ],
)
def test_a_head_is_refused_with_what_is_wrong_with_it(data, told):
    with pytest.raises(SavedFileError, match=f"^x: {told}"):
        parse_tensors(data, {"w": torch.empty(2, device="meta")}, where="x")


@pytest.mark.fault(64)
@pytest.mark.parametrize("shape", [[2**40], [2**31, 2**20], [2**60]])
def test_tensors_that_a_head_only_claims_are_refused_before_anything_is_allocated(shape):
    data = packed({"w": {**W, "shape": shape}}, b"\0" * 8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SavedFileError, match="not a safetensors file"):
        read_tensors(data, where="x")
    with pytest.raises(SavedFileError, match="not a safetensors file|tensor 'w' is F32"):
        parse_tensors(data, {"w": torch.empty(shape, device="meta")}, where="x")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000  # kilobytes


def test_a_file_of_another_model_costs_no_memory_for_its_tensors():
    data = save({"w": torch.zeros(30_000_000)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SavedFileError, match=r"tensor 'w' is F32 \(30000000,\); expected F32 \(3,\)"):
        parse_tensors(data, {"w": torch.empty(3, device="meta")}, where="x")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


@pytest.mark.fault(44)
def test_tensors_that_are_read_whatever_they_are_called_must_be_finite_too():
    with pytest.raises(SavedFileError, match="tensor 'w' holds NaN or infinity"):
        read_tensors(save({"w": torch.tensor([float("nan")])}), where="x")


def test_what_the_library_says_of_a_file_is_told_in_short():
    head = {"x" * 100_000: {**W, "data_offsets": [4, 12]}}
    with pytest.raises(SavedFileError, match="not a safetensors file") as caught:
        read_tensors(packed(head, b"0" * 12), where="x")
    assert len(str(caught.value)) < 500
