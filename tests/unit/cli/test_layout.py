"""How graphs are laid out: nothing lies upon anything else, and every way ends at its boxes."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.drawing.layout import Link, Node, laid_out
from cli.drawing.lettering import width, wrapped
from cli.drawing.ordering import crossings, ordered
from cli.drawing.placing import spaced
from tests.properties import examples

NAMES = [f"stage {number}" for number in range(9)]


@st.composite
def graphs(draw):
    count = draw(st.integers(1, len(NAMES)))
    sizes = st.tuples(st.integers(20, 240), st.integers(10, 200), st.sampled_from([0, 60]))
    nodes = [Node(name, *map(float, draw(sizes))) for name in NAMES[:count]]
    ends = st.lists(st.sampled_from(NAMES[:count]), min_size=2, max_size=2, unique=True)
    found = draw(st.lists(ends, max_size=16)) if count > 1 else []
    labels = st.tuples(st.integers(0, 150), st.integers(0, 50))
    return nodes, [Link(*pair, *map(float, draw(labels))) for pair in found]


def apart(one, other):
    """Say whether two rectangles (left, top, right, bottom) share no more than an edge."""
    return (
        one[2] <= other[0] + 1e-6
        or other[2] <= one[0] + 1e-6
        or one[3] <= other[1] + 1e-6
        or other[3] <= one[1] + 1e-6
    )


@examples(60)
@given(graphs())
def test_no_box_or_label_lies_upon_another_and_all_are_in_the_picture(graph):
    nodes, links = graph
    laid = laid_out(nodes, links)
    taken = []
    for node in nodes:
        x, y = laid.boxes[node.name]
        taken.append((x, y, x + node.width + node.beside, y + node.height))
    for link, route in zip(links, laid.routes, strict=True):
        x, y = route.label
        half, high = link.label_width / 2, link.label_height / 2
        taken.append((x - half, y - high, x + half, y + high))
    assert all(apart(one, other) for one, other in combinations(taken, 2))
    for left, top, right, bottom in taken:
        assert left >= -1e-6
        assert top >= -1e-6
        assert right <= laid.width + 1e-6
        assert bottom <= laid.height + 1e-6


@examples(60)
@given(graphs())
def test_every_way_leads_from_its_box_to_the_other_by_its_label_and_through_none(graph):
    nodes, links = graph
    laid = laid_out(nodes, links)
    boxes = {node.name: (*laid.boxes[node.name], node) for node in nodes}
    for link, route in zip(links, laid.routes, strict=True):
        for name, (x, y) in ((link.start, route.points[0]), (link.to, route.points[-1])):
            left, top, node = boxes[name]
            assert left - 1e-6 <= x <= left + node.width + 1e-6
            assert y == pytest.approx(top) or y == pytest.approx(top + node.height)
        downwards = [to[1] >= start[1] for start, to in pairwise(route.points)]
        assert not any(downwards) if route.is_back else all(downwards)
        assert any(x == pytest.approx(route.label[0]) for x, _ in route.points[1:-1])
        for start, to in pairwise(route.points):
            if start[0] == to[0]:
                for left, top, node in boxes.values():
                    inside = left + 1e-6 < start[0] < left + node.width - 1e-6
                    low, high = sorted((start[1], to[1]))
                    passes = low < top + node.height - 1e-6 and high > top + 1e-6
                    assert not (inside and passes)


def test_what_leads_onwards_lies_below_what_leads_to_it():
    nodes = [Node(name, 100.0, 50.0) for name in NAMES[:4]]
    links = [
        Link(NAMES[a], NAMES[b], 20.0, 10.0) for a, b in ((0, 1), (0, 2), (1, 3), (2, 3), (3, 1))
    ]
    laid = laid_out(nodes, links)
    tops = [laid.boxes[name][1] for name in NAMES[:4]]
    assert tops[0] < tops[1] == tops[2] < tops[3]
    assert [route.is_back for route in laid.routes] == [False] * 4 + [True]


def test_an_order_without_crossings_is_found():
    layers = [["a", "b", "c"], ["x", "y", "z"]]
    links = [("a", "z"), ("b", "y"), ("c", "x"), ("a", "y")]
    below = {"a": ["z", "y"], "b": ["y"], "c": ["x"]}
    assert crossings(layers, below) == 4
    assert crossings(ordered(layers, links), below) == 0


def test_of_two_orders_that_look_alike_the_one_without_crossings_is_found():
    layers = [["stage", "lane"], ["way", "label", "lane on"], ["next stage", "end"]]
    links = [("stage", "way"), ("stage", "label"), ("lane", "lane on")]
    links += [("way", "next stage"), ("label", "end"), ("lane on", "next stage")]
    below = {}
    for start, to in links:
        below.setdefault(start, []).append(to)
    assert crossings(layers, below) == 1
    assert crossings(ordered(layers, links), below) == 0


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 9)), min_size=1, max_size=6),
    st.integers(0, 20),
)
def test_places_are_apart_and_no_other_such_places_are_nearer_to_where_they_would_be(asked, gap):
    wanted, weights = [float(each) for each, _ in asked], [float(each) for _, each in asked]
    found = spaced(wanted, weights, [float(gap)] * (len(asked) - 1))
    assert all(right - left >= gap - 1e-9 for left, right in pairwise(found))

    def cost(places):
        moves = zip(places, wanted, weights, strict=True)
        return sum(weight * (place - want) ** 2 for place, want, weight in moves)

    # It is convex: where no block of neighbours can be moved for the better nothing can.
    for first, last in combinations(range(len(found) + 1), 2):
        for step in (-0.01, 0.01):
            moved = [x + step if first <= at < last else x for at, x in enumerate(found)]
            if all(right - left >= gap - 1e-12 for left, right in pairwise(moved)):
                assert cost(moved) >= cost(found) - 1e-9


@given(st.text(max_size=120), st.integers(40, 200), st.integers(1, 4))
def test_lines_are_as_wide_as_they_may_be_at_most_and_no_more_than_may_be(text, most, lines):
    found = wrapped(text, most, 10.0, lines=lines)
    assert len(found) <= lines
    assert all(width(line, 10.0) <= most for line in found)
    if not found or not found[-1].endswith("…"):
        assert "".join("".join(found).split()) == "".join(text.split())


def test_names_break_where_they_are_made_of_words():
    assert wrapped("win_back_offer_with_free_shipping", 96, 12.0) == [
        "win_back_offer_",
        "with_free_",
        "shipping",
    ]
