"""Numbers near to each other have a band in common, on every machine alike."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.hashing import text_hash
from services.ranker.domain.layout import BANDINGS
from services.ranker.domain.number_bands import band_hashes, told_hashes

NAME = np.array([77], np.uint32)
sizes = st.floats(1e-6, 1e9)


def bands(value):
    return band_hashes(NAME, np.array([float(value)]))[:, 0].tolist()


@given(sizes)
def test_a_number_shares_a_band_with_one_a_tenth_larger(value):
    assert set(bands(value)) & set(bands(value * 1.1))


@given(sizes, st.floats(17.0, 1e6))
def test_a_number_shares_no_band_with_one_four_octaves_away(value, times):
    assert not set(bands(value)) & set(bands(value * times))


@given(sizes)
def test_the_narrow_bands_are_half_octaves_of_the_logarithm(value):
    quarters = 4 * math.log2(value)
    if min(quarters % 2, 2 - quarters % 2) > 1e-9:
        middle = 2.0 ** ((math.floor(quarters / 2) * 2 + 1) / 4)
        assert bands(value)[0] == bands(middle)[0]


def test_zero_and_the_sign_are_told_apart():
    told = [tuple(bands(value)) for value in (0.0, 1.0, -1.0)]
    assert len(set(told)) == 3
    assert bands(-0.0) == bands(0.0)


def test_small_whole_numbers_are_all_told_apart():
    told = [tuple(bands(value)) for value in range(9)]
    assert len(set(told)) == 9


def test_texts_stand_for_themselves_and_numbers_are_banded():
    told = told_hashes(["plan=gold", "visits=100", "rate=nan", "spent=1e400"])
    assert len(told.ones) == 4
    assert len(told.all) == 4 + (BANDINGS - 1)
    assert told_hashes(["visits=101"]).ones[0] == told.ones[1]
    assert told_hashes(["plan=silver"]).ones[0] != told.ones[0]
    assert told_hashes([]).all.shape == (0,)


def test_what_is_known_in_numbers_is_told_in_every_banding_and_apart_from_attributes():
    told = told_hashes(["plan=gold", "visits=100"], [("orders", 3.0), ("spent", 80.0)])
    alone = told_hashes(["plan=gold", "visits=100"])
    assert told.ones.tolist() == alone.ones.tolist()
    assert told.all.tolist() == alone.all.tolist()
    names = np.array([text_hash("orders"), text_hash("spent")], np.uint32)
    assert told.numbers.tolist() == band_hashes(names, np.array([3.0, 80.0])).ravel().tolist()
