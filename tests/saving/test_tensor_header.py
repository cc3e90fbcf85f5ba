"""The head of a safetensors file is read as the library reads it, or refused before the library sees it."""

from __future__ import annotations

import json
import resource
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import load, save

from seqtext.errors import SavedFileError
from seqtext.saving.folders import parse_tensors, read_tensors
from seqtext.saving.tensor_header import tensor_shapes

NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.int64: "I64", torch.bool: "BOOL", torch.uint8: "U8"}


def packed(head: object, data: bytes = b"") -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


W = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@given(
    st.dictionaries(
        st.text(max_size=5).filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(list(NAMES)), st.lists(st.integers(0, 3), max_size=4)),
        max_size=4,
    )
)
def test_what_the_library_writes_is_listed_as_it_is(wanted):
    tensors = {name: torch.zeros(shape, dtype=dtype) for name, (dtype, shape) in wanted.items()}
    found = tensor_shapes(save(tensors), where="x")
    assert found == {name: (NAMES[dtype], tuple(shape)) for name, (dtype, shape) in wanted.items()}
    assert read_tensors(save(tensors), where="x").keys() == tensors.keys()


@settings(max_examples=300)
@given(st.data())
def test_what_is_accepted_is_what_the_library_reads(data):
    good = bytearray(save({"weight": torch.ones(2, 3), "bias": torch.ones(3), "step": torch.tensor(3)}))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(good) - 1))
        good[place] = data.draw(st.sampled_from([*b'0123456789{}[]",:FIBU', 0, 255]))
    try:
        found = tensor_shapes(bytes(good), where="x")
    except SavedFileError:
        return
    try:
        tensors = load(bytes(good))
    except (SafetensorError, ValueError):  # it may refuse more, such as a place that is not aligned
        return
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {n: s.shape for n, s in found.items()}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"1234567", "7 bytes"),
        (struct.pack("<Q", 2**63) + b"{}", "a head of 9223372036854775808 bytes in a file of 10"),
        (packed([]), "a head that is no list of tensors"),
        (packed({"w": 1}), "tensor 'w' without type, shape and place"),
        (packed({"w": {**W, "x": 1}}, b"\0" * 8), "tensor 'w' without type, shape and place"),
        (packed({"w": {**W, "dtype": ["F32"]}}, b"\0" * 8), r"tensor 'w' of type \['F32'\]"),
        (packed({"w": {**W, "shape": [2.0]}}, b"\0" * 8), r"tensor 'w' of shape \[2.0\]"),
        (packed({"w": {**W, "shape": [True, 2]}}, b"\0" * 8), r"tensor 'w' of shape"),
        (packed({"w": {**W, "shape": [1] * 9}}, b"\0" * 4), r"tensor 'w' of shape"),
        (packed({"w": {**W, "shape": [2**62, 4]}}, b"\0" * 8), "which its type and shape do not fill"),
        (packed({"w": {**W, "data_offsets": [8, 0]}}, b"\0" * 8), "which its type and shape do not fill"),
        (packed({"w": {**W, "data_offsets": [4, 12]}}, b"\0" * 12), "tensors that leave a gap at byte 4"),
        (packed({"w": W, "v": {**W, "data_offsets": [4, 12]}}, b"\0" * 12), "tensors that overlap at byte 4"),
        (packed({"w": W}, b"\0" * 9), "tensors of 8 bytes in 9"),
        (packed(b'{"w": {"dtype": "F32"}, "w": {}}'), "the key 'w' twice"),
        (packed({"__metadata__": {"a": {"b": 1}}}), "notes that are no texts"),
        (packed(b"[" * 70 + b"]" * 70), "lists inside lists"),
    ],
)
def test_a_head_that_cannot_be_meant_is_refused(data, told):
    with pytest.raises(SavedFileError, match=rf"^x: not a safetensors file \(.*{told}"):
        tensor_shapes(data, where="x")


def test_a_file_of_another_model_costs_no_memory_for_its_tensors():
    data = save({"w": torch.zeros(30_000_000)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SavedFileError, match=r"tensor 'w' is F32 \(30000000,\); expected F32 \(3,\)"):
        parse_tensors(data, {"w": torch.empty(3, device="meta")}, where="x")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_tensors_that_are_read_whatever_they_are_called_must_be_finite_too():
    with pytest.raises(SavedFileError, match="tensor 'w' holds NaN or infinity"):
        read_tensors(save({"w": torch.tensor([float("nan")])}), where="x")
