"""What was seen comes back as it was, and bytes that nobody here wrote teach nothing."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.encoding import (
    MOST_CHARACTERISTICS,
    VERSION,
    decode,
    encode,
    without_characteristics,
)
from services.ranker.domain.layout import PLACED
from services.ranker.domain.layout import VERSION as LAYOUT

OFFSETS = st.floats(-30, 30, width=32)
INDICES = st.sets(st.integers(0, PLACED - 1), min_size=1, max_size=60).map(sorted)
TOLD = st.sets(st.integers(0, 2**32 - 1), max_size=MOST_CHARACTERISTICS).map(sorted)


def row(offset, indices, told=()):
    return encode(offset, np.array(indices, np.uint32), np.array(told, np.uint32))


def first_version(offset, indices):
    return struct.pack("<Bf", 1, offset) + np.array(indices, "<u4").tobytes()


@given(OFFSETS, INDICES, TOLD)
def test_what_was_seen_comes_back_as_it_was(offset, indices, told):
    seen = decode(row(offset, indices, told))
    assert (seen.offset, seen.indices.tolist(), seen.characteristics.tolist()) == (
        offset,
        indices,
        told,
    )


@given(OFFSETS, INDICES, TOLD)
def test_without_characteristics_a_row_is_what_it_was_to_the_model(offset, indices, told):
    assert without_characteristics(row(offset, indices, told)) == row(offset, indices)


@given(st.one_of(st.binary(max_size=60), st.builds(first_version, OFFSETS, INDICES)))
def test_a_row_that_has_no_characteristics_stays_as_it_is(data):
    if decode(data) is None or data[0] == 1:
        assert without_characteristics(data) == data


@given(OFFSETS, INDICES)
def test_rows_of_the_first_version_are_read_for_ever(offset, indices):
    seen = decode(first_version(offset, indices))
    assert (seen.offset, seen.indices.tolist()) == (offset, indices)
    assert seen.characteristics.size == 0


@given(OFFSETS, INDICES, TOLD, st.data())
def test_a_row_that_is_torn_anywhere_or_longer_than_it_says_is_refused(offset, indices, told, data):
    whole = row(offset, indices, told)
    assert decode(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None
    assert decode(whole + data.draw(st.binary(min_size=1, max_size=9))) is None


@given(st.binary(max_size=400))
def test_foreign_bytes_never_raise_and_what_is_read_of_them_is_in_range(data):
    seen = decode(data)
    if seen is not None:
        assert np.isfinite(seen.offset)
        assert len(seen.indices) > 0
        assert seen.indices.max() < PLACED
        assert len(seen.characteristics) <= MOST_CHARACTERISTICS


@given(st.sampled_from([1, VERSION]), st.binary(max_size=200))
def test_bytes_that_only_begin_like_a_row_never_raise(version, data):
    decode(bytes([version]) + data)


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), float("-inf")])
def test_a_row_whose_offset_is_no_number_is_refused(offset):
    assert decode(row(offset, [1])) is None
    assert decode(first_version(offset, [1])) is None


def test_a_row_of_weights_that_no_column_has_is_refused():
    assert decode(row(0.0, [PLACED])) is None
    assert decode(first_version(0.0, [PLACED])) is None
    assert decode(row(0.0, [PLACED - 1])) is not None


def test_a_row_without_weights_is_refused():
    assert decode(row(0.0, [])) is None
    assert decode(first_version(0.0, [])) is None


@pytest.mark.parametrize("place", [0, 1])
def test_a_row_of_a_newer_encoding_or_layout_is_refused(place):
    data = bytearray(row(0.0, [1, 2]))
    assert data[:2] == bytes([VERSION, LAYOUT])
    data[place] += 1
    assert decode(bytes(data)) is None


def test_more_characteristics_than_a_row_may_hold_are_refused():
    whole = row(0.0, [1], range(MOST_CHARACTERISTICS))
    assert len(decode(whole).characteristics) == MOST_CHARACTERISTICS
    more = bytearray(whole + b"\1\0\0\0")
    more[4] += 1
    assert decode(bytes(more)) is None
