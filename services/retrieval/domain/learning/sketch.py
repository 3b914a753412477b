"""A smaller shop cut out of the past, on which settings are told apart in a second each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.ials import Factors
from services.retrieval.domain.learning.model import NOT_LEARNED
from services.retrieval.domain.learning.pairs import Pairs
from services.retrieval.domain.learning.scoring import DEPTH, ndcg
from services.retrieval.domain.learning.validation import Validation

_MOST_PERSONS = 1_500
_MOST_ROWS = 4_096
_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Sketch:
    """The most wanted items, the persons held back and some others."""

    taste: Pairs
    rows_of_whole: int
    """Items of the shop that this is cut out of."""
    persons: NDArray[np.int64]
    """Those who are asked about."""
    novel: Pairs
    """What they did next that was new to them; lines are places in `persons`."""

    def novel_ndcg(self, factors: Factors) -> float:
        """Return NDCG@10 over all items that were new to a person, mean over persons."""
        starts = self.novel.starts
        found = []
        parts = len(self.persons) // _AT_ONCE + 1
        for lines in np.array_split(np.arange(len(self.persons)), parts):
            top = _top(self._scores(factors, lines))
            for line, first in zip(lines.tolist(), top, strict=True):
                wanted = self.novel.rows[starts[line] : starts[line + 1]]
                if len(wanted):
                    found.append(ndcg((first[:, None] == wanted).any(axis=1), len(wanted)))
        return float(np.mean(found)) if found else 0.0

    def _scores(self, factors: Factors, lines: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (lines, rows); what a person dealt with is -inf."""
        persons = self.persons[lines]
        scores: NDArray[np.float32] = factors.persons[persons] @ factors.rows.T
        starts = self.taste.starts
        for line, person in enumerate(persons.tolist()):
            scores[line, self.taste.rows[starts[person] : starts[person + 1]]] = -np.inf
        return scores


def sketched(validation: Validation, seed: int) -> Sketch:
    """Cut at most 1,500 persons, among them all that were held back, and 4,096 items out."""
    taste, novel = validation.past.taste, validation.novel()
    wanted = np.argsort(-taste.buyers, kind="stable")[:_MOST_ROWS]
    place_of_row = _places(np.sort(wanted), taste.row_count)
    persons = _with_others(validation.persons, taste.person_count, seed)
    place_of_person = _places(persons, taste.person_count)
    shape = (len(persons), len(wanted))
    return Sketch(
        taste=_renumbered(taste, place_of_person[taste.persons], place_of_row[taste.rows], shape),
        rows_of_whole=taste.row_count,
        persons=place_of_person[validation.persons],
        novel=_renumbered(
            novel, novel.persons, place_of_row[novel.rows], (novel.person_count, len(wanted))
        ),
    )


def _with_others(asked: NDArray[np.int64], person_count: int, seed: int) -> NDArray[np.int64]:
    others = np.setdiff1d(np.arange(person_count), asked)
    room = max(_MOST_PERSONS - len(asked), 0)
    if len(others) > room:
        others = np.random.default_rng(seed).choice(others, room, replace=False)
    return np.sort(np.concatenate((asked, others)))


def _places(chosen: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    places = np.full(count, NOT_LEARNED, np.int64)
    places[chosen] = np.arange(len(chosen))
    return places


def _renumbered(
    pairs: Pairs, persons: NDArray[np.int64], rows: NDArray[np.int64], shape: tuple[int, int]
) -> Pairs:
    """Return the pairs with new numbers, without those that have none; order is kept."""
    kept = (persons != NOT_LEARNED) & (rows != NOT_LEARNED)
    return Pairs(*shape, persons[kept], rows[kept], pairs.weights[kept])


def _top(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the places of the ten highest of each line, highest first."""
    count = min(DEPTH, scores.shape[1])
    best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    return np.take_along_axis(best, order, 1)
