"""Personas name different things; cells make them comparable."""

from math import inf

import numpy as np
import pytest

from services.profile.domain.personas.cells import (
    Numbers,
    Paths,
    Words,
    attribute_cells,
    distribution,
    parse_range,
)


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [("20-35", 20, 36), ("65+", 65, inf), ("3", 3, 4), ("0.5-0.7", 0.5, 0.7)],
)
def test_ranges_are_read(text, begin, end):
    assert parse_range(text) == (begin, end)


@pytest.mark.parametrize("text", ["", "35-20", "-3", "50-74K", "female", "1-2-3", "+"])
def test_what_is_no_range_is_a_word(text):
    assert parse_range(text) is None


def test_ages_fall_into_the_cells_between_all_bounds():
    cells = attribute_cells(["20-35", "30-40"])
    assert isinstance(cells, Numbers)
    places = [cells.place(age) for age in ("20", "29", "30", "35", "36", "40", "41", "19", "?")]
    assert places == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert cells.place("31-34") == 1


def test_a_band_that_is_told_as_text_lies_where_its_middle_does():
    assert attribute_cells(["19-24", "25-34"]).place("25-34") == 1


def test_a_range_without_an_end_has_none():
    cells = attribute_cells(["20-64", "65+"])
    places = [cells.place(age) for age in ("64", "65", "85", "104", "65+", "19")]
    assert places == [0, 1, 1, 1, 1, 2]
    found = distribution(attribute_cells(["50+", "70+"]), {"50+": 1.0}, elsewhere=2.0)
    assert found[0] == pytest.approx(found[1], rel=0.05)


def test_one_word_makes_words_of_all():
    assert isinstance(attribute_cells(["20-35", "unknown"]), Words)


def test_a_path_lies_in_the_deepest_cell_above_it():
    cells = Paths.of(["A", "A > B"])
    places = [cells.place(path) for path in ("A > B > C", "A > D", "A", "AB", "", "Z > A")]
    assert places == [1, 0, 0, 2, 2, 2]


def test_a_share_is_spread_over_what_it_covers_and_the_rest_over_what_is_not_named():
    cells = Paths.of(["A", "A > B", "C", "D"])
    found = distribution(cells, {"A": 0.6, "C": 0.2}, elsewhere=3.0)
    unexpected = 0.02 * np.array([1, 1, 1, 1, 3]) / 7
    expected = 0.98 * np.array([0.3, 0.3, 0.2, 0.05, 0.15]) + unexpected
    assert found.tolist() == pytest.approx(expected.tolist())


def test_of_two_paths_of_one_persona_the_deeper_holds_its_own_share():
    cells = Paths.of(["A", "A > B"])
    found = distribution(cells, {"A": 0.5, "A > B": 0.5}, elsewhere=1.0)
    assert found[:2].tolist() == pytest.approx([0.98 * 0.5 + 0.02 / 3] * 2)


def test_every_distribution_adds_up_to_one_and_leaves_nothing_impossible():
    cells = Words.of(["x", "y"])
    for shares in ({"x": 1.0}, {"x": 0.5, "y": 0.5}, {}, {"y": 0.001}):
        found = distribution(cells, shares, elsewhere=2.0)
        assert found.sum() == pytest.approx(1.0)
        assert found.min() > 0.0
