"""A journey is tried in one mode of the suite in a usual run, in its others in a long one."""

from types import SimpleNamespace

import pytest

from tests.journeys.modes import APART_AND_TOGETHER, MODES, is_tried, is_tried_again


def collected(mode, marker=None):
    """Return a journey as it is collected for a mode."""
    called = SimpleNamespace(params={"channels": mode} if mode else {})
    mark = marker and marker.mark
    return SimpleNamespace(callspec=called, get_closest_marker=lambda _: mark)


def test_an_unmarked_journey_is_tried_in_every_mode_and_in_one_of_them_first():
    journeys = [collected(mode) for mode in MODES]
    assert all(map(is_tried, journeys))
    assert [is_tried_again(each) for each in journeys] == [False, True, True]


@pytest.mark.parametrize(
    ("mode", "tried", "again"),
    [("replicated", True, False), ("colocated", True, True), ("processes", False, False)],
)
def test_a_marked_one_in_the_modes_that_it_names(mode, tried, again):
    journey = collected(mode, APART_AND_TOGETHER)
    assert (is_tried(journey), is_tried_again(journey)) == (tried, again)


def test_what_is_no_journey_is_tried_as_it_is():
    for each in (collected(None), SimpleNamespace(), collected("by mail")):
        assert is_tried(each)
        assert not is_tried_again(each)
