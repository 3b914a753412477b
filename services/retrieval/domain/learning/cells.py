"""Cells of alike units, by several of their facets together, and what each cell takes.

A cell is drawn to what wider cells foretell of it: to what its words say by themselves, and to how
much more of each category it takes. That is empirical Bayes with a prior per item, whose strength
is what foretells units held back best (Efron, Morris 1973; Gelman, Hill 2007, on partial pooling).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_counts import FEWEST_MEMBERS, Counted, Takings
from services.retrieval.domain.learning.cell_trials import Trial
from services.retrieval.domain.learning.facets import Facets
from services.retrieval.domain.learning.pairs import Pairs

MOST_FACETS = 3
MOST_ROWS = 20_000
"""Items that cells tell apart, the most taken."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells with what their members take; cell 0 is everybody."""

    facets: tuple[int, ...]
    """Columns of the facets that tell most."""
    keys: NDArray[np.int64]
    """(c,) ascending: the words of the cell as a number to the base `BASE`, 0 being any word."""
    members: NDArray[np.int64]
    """(c,)"""
    rows: NDArray[np.int64]
    """Items that are told apart, ascending."""
    counts: NDArray[np.float32]
    """(c, rows) members who took it."""
    shares: NDArray[np.float32]
    """(c, rows) the chance that a member takes it."""
    gain: float
    """Nats per item taken by which cells foretell units held back better than all units do."""


def learned_cells(facets: Facets, takings: Takings, seed: int) -> Cells | None:
    """Learn cells of the units of whom anything is known; None where facets foretell nothing."""
    pairs = takings.pairs
    rows = most_taken(pairs)
    known = described(facets, pairs)
    if known.sum() < 2 * FEWEST_MEMBERS:
        return None
    trial = Trial(facets.table, takings, rows, known, seed)
    outcomes = [trial.best((at,)) for at in range(len(facets.names))]
    order = sorted(range(len(outcomes)), key=lambda at: -outcomes[at].gain)
    best = outcomes[order[0]]
    if not best.is_better_than(None):
        return None
    for at in order[1:]:
        if len(best.columns) < MOST_FACETS and outcomes[at].is_better_than(None):
            tried = trial.best((*best.columns, at))
            best = tried if tried.is_better_than(best) else best
    chosen = best.columns
    counted = Counted.of(facets.table[:, chosen], pairs, rows, known)
    shares = counted.shares(best.strength, takings.groups[rows])
    return Cells(chosen, counted.keys, counted.members, rows, counted.counts, shares, best.gain)


def everybody(takings: Takings) -> Cells:
    """Return the one cell of all units that took anything."""
    pairs = takings.pairs
    rows = most_taken(pairs)
    taking = np.bincount(pairs.persons, minlength=pairs.person_count) > 0
    counted = Counted.of(np.zeros((pairs.person_count, 0), np.uint8), pairs, rows, taking)
    shares = (counted.counts / max(int(counted.members[0]), 1)).astype(np.float32)
    return Cells((), counted.keys, counted.members, rows, counted.counts, shares, 0.0)


def described(facets: Facets, pairs: Pairs) -> NDArray[np.bool_]:
    """Return which units are described and took anything: others are another kind of people."""
    taking = np.bincount(pairs.persons, minlength=pairs.person_count) > 0
    described: NDArray[np.bool_] = taking & (facets.table > 0).any(axis=1)
    return described


def most_taken(pairs: Pairs) -> NDArray[np.int64]:
    """Return the rows that are told apart, ascending."""
    buyers = pairs.buyers
    most = np.argsort(-buyers, kind="stable")[:MOST_ROWS]
    return np.sort(most[buyers[most] > 0])
