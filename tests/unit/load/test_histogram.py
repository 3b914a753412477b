"""Every request stands in the histogram, at how long its caller waited, by what it got."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.drawing.shapes import Box, Words
from cli.drawing.svg import svg
from cli.load.deadlines import Verdict, judge
from cli.load.histogram import COLOURS, Scale, binned, pictured
from cli.load.outcome import Fate, Outcome

DEADLINE_S = 0.1
OUTCOMES = st.lists(
    st.builds(
        Outcome,
        st.sampled_from(Fate),
        st.floats(0.0, 20.0),
        st.sampled_from(["", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "UNAVAILABLE"]),
    )
)
IN_TIME = {Verdict.IN_TIME, Verdict.DEGRADED}


@given(OUTCOMES, st.sampled_from([0.025, 0.1, 1.0]))
def test_every_request_stands_in_one_bin_as_what_its_caller_got(outcomes, deadline_s):
    bins = binned(outcomes, deadline_s)

    counts = sum((Counter(each.counts) for each in bins), Counter())
    assert counts == Counter(judge(outcome, deadline_s) for outcome in outcomes)
    for before, after in itertools.pairwise(bins):
        assert before.to_ms == pytest.approx(after.from_ms)


@given(OUTCOMES)
def test_nothing_in_time_stands_beyond_the_deadline(outcomes):
    for each in binned(outcomes, DEADLINE_S):
        if each.from_ms >= DEADLINE_S * 1000 * (1 - 1e-9):
            assert not IN_TIME & set(each.counts)


@pytest.mark.parametrize("waited_ms", [0.7, 12.0, 99.0, 101.0, 5_000.0])
def test_a_bin_holds_those_who_waited_so_long(waited_ms):
    [bin_] = [
        each
        for each in binned([Outcome(Fate.ANSWERED, waited_ms / 1000)], DEADLINE_S)
        if each.counts
    ]
    assert bin_.from_ms < waited_ms <= bin_.to_ms


def test_the_axis_is_logarithmic():
    scale = Scale(1.0, 1000.0, 10)
    assert scale.x(10) - scale.x(1) == pytest.approx(scale.x(1000) - scale.x(100))


def test_the_picture_shows_what_callers_got_and_the_deadline():
    outcomes = [
        *[Outcome(Fate.ANSWERED, 0.01)] * 5,
        Outcome(Fate.DEGRADED, 0.03, "ranker TIMEOUT"),
        Outcome(Fate.FAILED, 0.001, "RESOURCE_EXHAUSTED"),
        Outcome(Fate.FAILED, 0.101, "DEADLINE_EXCEEDED"),
        Outcome(Fate.FAILED, 0.002, "UNAVAILABLE"),
    ]
    picture = pictured(binned(outcomes, DEADLINE_S), DEADLINE_S, "50 a second & more")

    words = {each.text for each in picture.shapes if isinstance(each, Words)}
    assert {"in time 5", "degraded 1", "shed 1", "late 1", "error 1"} <= words
    assert "deadline 100 ms" in words
    hints = {each.fill: each.hint for each in picture.shapes if isinstance(each, Box) and each.hint}
    assert set(hints) == set(COLOURS.values())
    assert hints[COLOURS[Verdict.IN_TIME]].startswith("5 in time, ")
    assert ET.fromstring(svg(picture)).tag.endswith("svg")


@given(OUTCOMES, st.sampled_from([0.005, 0.1, 1.0]))
def test_nothing_is_drawn_beside_the_paper(outcomes, deadline_s):
    picture = pictured(binned(outcomes, deadline_s), deadline_s, "any")

    boxes = [each for each in picture.shapes if isinstance(each, Box)]
    assert all(each.x >= 0 and each.x + each.width <= picture.width for each in boxes)
    assert all(each.y >= 0 and each.y + each.height <= picture.height for each in boxes)
    assert all(0 <= each.x < picture.width for each in picture.shapes if isinstance(each, Words))
