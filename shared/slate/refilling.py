"""Fills up a page that lost some of what it showed, under the demands it was made under."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.catalogue import Catalogue
from shared.slate.assembly import assemble
from shared.slate.constraints import demands
from shared.slate.demands import Cause, Place, Seat
from shared.slate.page import known_numbers
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import SlateCause
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint

_AS_BEFORE = Cause(SlateCause.UNSPECIFIED, "")


@dataclass(frozen=True, slots=True)
class Gaps:
    """One placement that lost something, by catalogue numbers."""

    kept: Sequence[int]
    """What it shows, in order; 0: lost."""
    following: Sequence[int]
    """What may take its place, best first."""


class Refilling:
    """Knows what a page must keep to."""

    def __init__(
        self,
        catalogue: Catalogue,
        constraints: Iterable[SlateConstraint] = (),
        asks: Sequence[PlacementAsk] = (),
    ) -> None:
        self._catalogue = catalogue
        self._constraints = constraints
        self._asks = asks

    def refill(self, page: Sequence[Gaps]) -> list[list[int]]:
        """Return what each placement shows now, in the order asked, gaps closed up.

        What is kept stays where it was, or nearer to the top where nothing fills the place before
        it; it is left out only where moving up would repeat too much. No family is shown twice.
        """
        nos = list(dict.fromkeys(no for gaps in page for no in (*gaps.kept, *gaps.following) if no))
        at = {no: index for index, no in enumerate(nos)}
        known = known_numbers(np.array(nos, np.uint32), self._catalogue)
        bits = np.zeros(len(nos), np.uint32)
        places = []
        for index, gaps in enumerate(page):
            may_fill = [at[no] for no in (*gaps.kept, *gaps.following) if no]
            bits[may_fill] |= np.uint32(1 << index)
            places.append(_place(gaps, at))
        found = demands(self._constraints, self._asks, known, self._catalogue)
        slates = assemble(
            np.zeros(len(nos)), bits, self._catalogue.family_no[known], places, found.every
        )
        return [[nos[each] for each in slate.chosen] for slate in slates]


def _place(gaps: Gaps, at: dict[int, int]) -> Place:
    seats = [Seat(position, (at[no],), _AS_BEFORE) for position, no in enumerate(gaps.kept) if no]
    return Place(len(gaps.kept), tuple(at[no] for no in gaps.following), False, seats)
