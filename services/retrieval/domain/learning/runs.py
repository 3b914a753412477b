"""Runs of places that lie one after the other in a column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of several runs, one after the other."""
    ends = counts.cumsum()
    places: NDArray[np.int64] = (starts - ends + counts).repeat(counts)
    places += np.arange(len(places))
    return places


def are_runs(starts: NDArray[np.int64], count: int, total: int) -> bool:
    """Return whether `starts` cut a column of some length into so many runs."""
    return (
        starts.shape == (count + 1,)
        and (starts[0], starts[-1]) == (0, total)
        and bool((np.diff(starts) >= 0).all())
    )
