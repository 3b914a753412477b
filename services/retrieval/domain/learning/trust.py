"""How much the nearest persons by taste count beside a cell, by what was held back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_counts import Takings
from services.retrieval.domain.learning.cell_keys import narrowest
from services.retrieval.domain.learning.cells import Cells, learned_cells
from services.retrieval.domain.learning.facets import Facets
from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.domain.learning.scoring import ndcg
from services.retrieval.domain.learning.validation import Validation

NEIGHBOURS = 30
_ALONE = 1.0
"""All counts for the neighbours."""
_TRIED = (_ALONE, 0.9, 0.75, 0.5, 0.25, 0.0)
_MOST_ASKED = 200
_FEWEST_ASKED = 20
_SHORTEST = 1e-9
_MOST = 10


def learned_trust(
    validation: Validation,
    persons: PersonModel,
    facets: Facets,
    groups: NDArray[np.int64],
    seed: int,
) -> float:
    """Return the share of the neighbours that foretells best what persons took for the first time.

    `persons` is of the past of the validation, `facets` describe its persons, and `groups` are the
    categories of its rows. All counts for the neighbours where that cannot be told, or nothing else
    is better by more than chance.
    """
    past = validation.past
    cells = learned_cells(facets, Takings(past.purchases, groups), seed)
    if cells is None or not validation.suffices:
        return _ALONE
    own = narrowest(facets.table[validation.persons][:, cells.facets], cells.keys)
    trial = _Trial(validation, persons, cells)
    asked = np.flatnonzero((own > 0) & trial.took_new)
    if len(asked) < _FEWEST_ASKED:
        return _ALONE
    if len(asked) > _MOST_ASKED:
        asked = np.sort(np.random.default_rng(seed).choice(asked, _MOST_ASKED, replace=False))
    return _best([trial.scores(line, int(own[line])) for line in asked.tolist()])


def _best(scores: list[list[float]]) -> float:
    """Return what is better than the neighbours alone by more than a standard error, if any is."""
    gains = np.array(scores) - np.array(scores)[:, :1]
    means = gains.mean(axis=0)
    best = int(means.argmax())
    error = float(gains[:, best].std(ddof=1)) / np.sqrt(len(gains))
    return _TRIED[best] if means[best] > error else _ALONE


class _Trial:
    """Ranks what cells tell apart, for one person after the other, by several mixtures."""

    def __init__(self, validation: Validation, persons: PersonModel, cells: Cells) -> None:
        self._persons, self._cells = persons, cells
        self._validation = validation
        self._novel = validation.novel()
        self._starts = self._novel.starts
        self._line = {person_id: at for at, person_id in enumerate(persons.person_ids)}
        lengths = np.linalg.norm(persons.factors, axis=1, keepdims=True)
        self._units = persons.factors / np.maximum(lengths, _SHORTEST)
        past = validation.past
        buyers = past.purchases.buyers[cells.rows]
        self._usual = buyers / max(len(persons.person_ids), 1)
        self._place = np.full(len(past.offer_nos), -1, np.int64)
        self._place[cells.rows] = np.arange(len(cells.rows))
        self._bought = np.asarray((persons.habits > 0.0).any(axis=1), np.bool_)

    @property
    def took_new(self) -> NDArray[np.bool_]:
        """Which persons of the validation took anything for the first time."""
        return np.diff(self._starts) > 0

    def scores(self, line: int, cell: int) -> list[float]:
        """Return the NDCG of each mixture for somebody who took something for the first time."""
        wanted = self._novel.rows[self._starts[line] : self._starts[line + 1]]
        truth = self._places(wanted)
        person = self._validation.persons[line]
        own = self._line[self._validation.past.person_ids[person]]
        near = self._near(own) - self._usual
        of_cell = self._cells.shares[cell] - self._cells.shares[0]
        known = self._places(self._persons.rows[self._pairs_of(own)])
        found = []
        for trust in _TRIED:
            strength = trust * near + (1.0 - trust) * of_cell
            strength[known] = -np.inf
            found.append(ndcg(np.isin(_first(strength), truth), len(wanted)))
        return found

    def _near(self, own: int) -> NDArray[np.float64]:
        """Return what share of the nearest bought each, by how near they are."""
        alike = self._units @ self._units[own]
        alike[own] = -1.0
        nearest = np.argpartition(-alike, min(NEIGHBOURS, len(alike) - 1))[:NEIGHBOURS]
        weights = np.maximum(alike[nearest], 0.0)
        weights = weights / max(float(weights.sum()), _SHORTEST)
        shares = np.zeros(len(self._usual))
        for person, weight in zip(nearest.tolist(), weights.tolist(), strict=True):
            own_pairs = self._pairs_of(person)
            shares[self._places(self._persons.rows[own_pairs][self._bought[own_pairs]])] += weight
        return shares

    def _places(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return where rows are among those that cells tell apart, without the others."""
        places: NDArray[np.int64] = self._place[rows]
        return places[places >= 0]

    def _pairs_of(self, person: int) -> slice:
        begin, end = self._persons.starts[person : person + 2].tolist()
        return slice(begin, end)


def _first(strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places of the strongest, strongest first, equal ones in their order."""
    if len(strength) <= _MOST:
        return (-strength).argsort(kind="stable")
    best = np.sort((-strength).argpartition(_MOST)[:_MOST])
    first: NDArray[np.int64] = best[(-strength[best]).argsort(kind="stable")]
    return first
