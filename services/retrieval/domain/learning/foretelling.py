"""What a model of the past would have proposed, and how much of it came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.apart import place_of
from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import LearnedModel
from services.retrieval.domain.learning.scoring import ndcg
from services.retrieval.domain.learning.signals import nobodys_taste, taste_of

DEPTH = 100
MOST_JUDGED = 1_000
_MOST_COMPARED = 100_000_000
_ENOUGH_JUDGED = 200
"""Every person is compared with all items: of many items, fewer persons are judged."""
_RESAMPLES = 500
_SEED = 20_171
_INTERVAL = (0.025, 0.975)

Truths = Mapping[str, NDArray[np.int64]]
"""Person to the numbers that they bought later, each once."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean over persons, with its 95% interval."""

    value: float
    at_least: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How good rankings of all items are, 0 to 1."""

    ndcg10: Measured
    recall100: Measured


@dataclass(frozen=True, slots=True)
class Hits:
    """One number per person."""

    ndcg10: NDArray[np.float64]
    recall100: NDArray[np.float64]

    @property
    def quality(self) -> Quality:
        return Quality(measured(self.ndcg10), measured(self.recall100))


def truths_since(interactions: Interactions, since_us: int) -> Truths:
    """Return what everybody bought since then; where nothing is bought, what they dealt with."""
    is_later = interactions.times_us >= since_us
    bought = is_later & interactions.are_purchases
    later = interactions.only(bought if bought.any() else is_later)
    width = int(later.offer_nos.max(initial=0)) + 1
    pairs = np.unique(later.persons.astype(np.int64) * width + later.offer_nos)
    persons, first = np.unique(pairs // width, return_index=True)
    parts = np.split(pairs % width, first[1:])
    ids = interactions.person_ids
    return {ids[person]: part for person, part in zip(persons.tolist(), parts, strict=False)}


def chosen(person_ids: Sequence[str], items: int) -> list[str]:
    """Return some, by a hash: mostly the same ones from one training to the next."""
    most = max(_MOST_COMPARED // max(items, 1), _ENOUGH_JUDGED)
    return sorted(person_ids, key=place_of)[: min(most, MOST_JUDGED)]


def foretold(model: LearnedModel, person_ids: Sequence[str]) -> NDArray[np.uint32]:
    """Return (persons, DEPTH) what a model proposes to each, best first; 0 is padding.

    It is weighed as when it is served: networks too have their say. Who the model does not know
    gets what it proposes to nobody in particular.
    """
    blender, places = Blender(model.items, model.blend), _places(model, person_ids)
    found = np.zeros((len(person_ids), DEPTH), np.uint32)
    nobody = blender.ranked(nobodys_taste(model.items), DEPTH, novel=False).rows
    for line, place in enumerate(places):
        rows = nobody
        if place is not None:
            rows = blender.ranked(taste_of(model.persons, place), DEPTH, novel=False).rows
        found[line, : len(rows)] = model.items.offer_nos[rows]
    return found


def hits(proposed: NDArray[np.uint32], wanted: Sequence[NDArray[np.int64]]) -> Hits:
    """Judge a ranking per line by what came true."""
    pairs = [
        (ndcg(found := np.isin(line, truth), len(truth)), float(found.sum()) / len(truth))
        for line, truth in zip(proposed, wanted, strict=True)
    ]
    columns = np.array(pairs, np.float64).reshape(-1, 2)
    return Hits(columns[:, 0], columns[:, 1])


def measured(values: NDArray[np.float64]) -> Measured:
    """Return the mean with its interval, by resamples of persons."""
    means = _resampled(values)
    return _measured(float(values.mean()) if len(values) else 0.0, means)


def change(before: NDArray[np.float64], after: NDArray[np.float64]) -> Measured:
    """Return by how much the mean changed, as a share of what it was; persons are paired."""
    usual = float(before.mean()) or 1.0
    return _measured(float((after - before).mean()) / usual, _resampled(after - before) / usual)


def _measured(value: float, means: NDArray[np.float64]) -> Measured:
    low, high = np.quantile(means, _INTERVAL) if len(means) else (value, value)
    return Measured(value, float(low), float(high))


def _resampled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(values):
        return values
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, len(values), (_RESAMPLES, len(values)))
    means: NDArray[np.float64] = values[drawn].mean(axis=1)
    return means


def _places(model: LearnedModel, person_ids: Sequence[str]) -> list[int | None]:
    known = {each: place for place, each in enumerate(model.persons.person_ids)}
    return [known.get(each) for each in person_ids]
