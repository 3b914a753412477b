"""Runs of places that lie one after the other in a column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEW_AMONG = 8
"""Times as many places as are taken: from there on sorting is quicker."""


def spread(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of several runs, one after the other."""
    ends = counts.cumsum()
    places: NDArray[np.int64] = (starts - ends + counts).repeat(counts)
    places += np.arange(len(places))
    return places


def distinct(
    places: NDArray[np.int64], below: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return which places there are, ascending, where each is first, and which of them each is.

    As `np.unique` does, which sorts. To mark them among all from 0 to `below` takes half the time
    and less, unless they are few among very many.
    """
    if below > _FEW_AMONG * len(places):
        found, first, which = np.unique(places, return_index=True, return_inverse=True)
        return found, first, which
    firsts = np.full(below, -1, np.int64)
    # Of what is assigned to one place the last stays: backwards, where it is first.
    firsts[places[::-1]] = np.arange(len(places) - 1, -1, -1)
    found = (firsts >= 0).nonzero()[0]
    first = firsts[found]
    firsts[found] = np.arange(len(found))
    return found, first, firsts[places]


def are_runs(starts: NDArray[np.int64], count: int, total: int) -> bool:
    """Return whether `starts` cut a column of some length into so many runs."""
    return (
        starts.shape == (count + 1,)
        and (starts[0], starts[-1]) == (0, total)
        and bool((np.diff(starts) >= 0).all())
    )
