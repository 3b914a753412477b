"""Pages made up at random, and an oracle that says what a page breaks and how full it could be."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from hypothesis import strategies as st

from shared.slate import Cause, Diversity, Exclusion, GroupLimit, Place, Seat
from touchpoint.common.v1.vocabulary_pb2 import SlateCause

PIN = Cause(SlateCause.PIN, "pinned")


@dataclass(frozen=True)
class Case:
    """A page to fill; `bits` bit i: may fill placement i."""

    scores: np.ndarray
    """Shape (draws, candidates)."""
    bits: np.ndarray
    families: np.ndarray
    places: list
    demands: list


@st.composite
def cases(draw, most=12, places=3, with_standing=True):
    """Return a page of up to `most` candidates."""
    count = draw(st.integers(1, most))
    of_each = st.lists(st.integers(0, 4), min_size=count, max_size=count)
    asked = [draw(_places(count, with_standing)) for _ in range(draw(st.integers(1, places)))]
    demands = draw(st.lists(_demands(of_each, places), max_size=4))
    bits = draw(st.lists(st.integers(0, 2**places - 1), min_size=count, max_size=count))
    scores = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 6, (8, count))
    return Case(
        scores.astype(np.float32),
        np.array(bits, np.uint32),
        np.array(draw(of_each)),
        asked,
        demands,
    )


@st.composite
def _places(draw, count, with_standing):
    candidates = st.integers(0, count - 1)
    seats = [
        Seat(position, draw(st.lists(candidates, max_size=3, unique=True)), PIN)
        for position in draw(st.sets(st.integers(0, 4), max_size=2))
    ]
    standing = draw(st.permutations(range(count)))[: draw(st.integers(0, 3))]
    return Place(
        draw(st.integers(1, 4)),
        tuple(standing) if with_standing else (),
        draw(st.booleans()) if with_standing else False,
        seats,
        draw(st.frozensets(candidates, max_size=2)),
    )


@st.composite
def _demands(draw, of_each, places):
    groups, place = draw(of_each), draw(st.integers(0, places - 1))
    match draw(st.integers(0, 3)):
        case 0:
            first = draw(st.integers(1, 4))
            return Diversity(groups, first, draw(st.integers(0, first)), place)
        case 1:
            return Exclusion([group % 4 for group in groups], place)
        case _:
            return GroupLimit(groups, draw(st.integers(0, 2)), draw(st.integers(-1, places - 1)))


def broken(case, page):
    """Return in words what a page of candidate indexes breaks; empty: nothing."""
    found = []
    shown = [at for slate in page for at in slate]
    keys = [case.families[at] or f"alone {at}" for at in shown]
    if len(set(keys)) < len(keys):
        found.append("a family is shown twice")
    for index, (place, slate) in enumerate(zip(case.places, page, strict=True)):
        found += _misplaced(case, place, slate, index)
    for demand in case.demands:
        place = demand.place
        if place < len(page):
            found += _breaks(demand, shown if place < 0 else page[place])
    return found


def _misplaced(case, place, slate, index):
    if len(slate) > place.limit:
        yield "more are shown than were asked for"
    for at in slate:
        if not case.bits[at] >> index & 1:
            yield "something fills a placement that it may not fill"
        if place.exact and at not in place.standing:
            yield "something is shown that does not stand"
        if not place.exact and at in place.barred and at not in place.standing:
            yield "something is shown that is barred"


def _breaks(demand, slate):
    if isinstance(demand, Exclusion):
        for one, other in permutations(slate, 2):
            if demand.sides[one] & 1 and demand.sides[other] & 2:
                yield "both sides of an exclusion are shown"
        return
    groups = [demand.groups[at] for at in slate]
    if isinstance(demand, Diversity):
        head = [group for group in groups[: demand.first] if group]
        if len(head) - len(set(head)) > demand.repeats:
            yield "too many repeat"
    elif any(count > demand.at_most for group, count in Counter(groups).items() if group):
        yield "a limit is passed"


def fullest(case):
    """Return the most that the one placement of a case can show, by trying all there is."""
    [place] = case.places
    allowed = [at for at in range(len(case.bits)) if case.bits[at] & 1 and at not in place.barred]
    for size in range(min(place.limit, len(allowed)), 0, -1):
        for chosen in combinations(allowed, size):
            if any(not broken(case, [list(order)]) for order in permutations(chosen)):
                return size
    return 0
