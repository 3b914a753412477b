"""How far what items are foretells what people do with them, learned on what was held back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import DIMENSIONS, ContentVectors
from services.retrieval.domain.learning.fold_in import FoldIn
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import (
    ContentFit,
    ItemModel,
    LearnedModel,
    rows_among,
)

_FEWEST_ITEMS = 50
"""With fewer, chance would be taken for a rule."""
_HELD_BACK = 0.2
_RIDGES = (0.3, 3.0, 30.0, 300.0)
_SURE = 5.0
"""Persons who dealt with an item whose vector is half as sure as one of very many."""
_ASKED = 200
_TOP = 0.1
_WEIGHTS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Content always has its say: it alone knows what came after the training."""
_VISIT_US = 30 * 60 * 1_000_000
_FEWEST_PAIRS = 100
_MOST_PAIRS = 1_000
_MOST_RANKED = 20_000
_DEPTH = 20
_USUAL_WEIGHT = 0.6
"""Where nobody was seen looking from one thing to the next."""


def fitted_content(
    model: LearnedModel, content: ContentVectors, past: LearnedModel | None, later: Interactions
) -> ContentFit:
    """Learn tastes from contents, and how much each of the two says about what is alike.

    `past` knows nothing of what was done `later`; without it the usual weight is taken.
    """
    items = model.items
    rows = rows_among(content.offer_nos, items.offer_nos)
    known = (rows >= 0).nonzero()[0]
    if len(known) < _FEWEST_ITEMS:
        return ContentFit.none()
    vectors, factors = content.vectors[rows[known]], items.factors[known]
    sure = (items.buyers[known] / (items.buyers[known] + _SURE)).astype(np.float64) + 1e-3
    held = np.random.default_rng(0).permutation(len(known)) < _HELD_BACK * len(known)
    ridge, cosine, tastes = _validated(vectors, factors, sure, held)
    recall = _recall(model, known[held], tastes)
    to_taste = _regressed(vectors, factors, sure, ridge)
    weight = _USUAL_WEIGHT if past is None else _content_weight(past.items, content, later)
    return ContentFit(to_taste.astype(np.float32), max(cosine, 0.0), recall, weight)


def _validated(
    vectors: NDArray[np.float32],
    factors: NDArray[np.float32],
    sure: NDArray[np.float64],
    held: NDArray[np.bool_],
) -> tuple[float, float, NDArray[np.float64]]:
    """Return the ridge that errs least, the cosine that it comes to, and what it foretells."""
    wanted = factors[held] - factors[~held].mean(axis=0)
    least = np.inf
    for ridge in _RIDGES:
        to_taste = _regressed(vectors[~held], factors[~held], sure[~held], ridge)
        above = vectors[held] @ to_taste[:-1]
        error = float(sure[held] @ ((above - wanted) ** 2).sum(axis=1))
        if error < least:
            least = error
            lengths = np.linalg.norm(above, axis=1) * np.linalg.norm(wanted, axis=1)
            cosines = (above * wanted).sum(axis=1) / np.maximum(lengths, 1e-12)
            cosine = float(np.average(cosines, weights=sure[held]))
            best = ridge, cosine, above + to_taste[-1]
    return best


def _regressed(
    vectors: NDArray[np.float32],
    factors: NDArray[np.float32],
    sure: NDArray[np.float64],
    ridge: float,
) -> NDArray[np.float64]:
    """Return (`DIMENSIONS` + 1, d): what contents add to the middle of all items, and that middle.

    A ridge regression (Hoerl, Kennard 1970) on the distance from the middle, so that an item of
    which nothing can be told is foretold to be just that.
    """
    middle = factors.mean(axis=0)
    weighed = vectors * sure[:, np.newaxis]
    square = weighed.T @ vectors + ridge * np.eye(DIMENSIONS)
    return np.vstack((np.linalg.solve(square, weighed.T @ (factors - middle)), middle))


def _recall(model: LearnedModel, held: NDArray[np.int64], tastes: NDArray[np.float64]) -> float:
    """Return which share of the items held back is among the tenth foretold for who took them.

    A person's vector is made of the items that were not held back; chance is a tenth.
    """
    fold_in, persons = FoldIn(model.items), model.persons
    place = np.full(len(model.items.offer_nos), -1, np.int64)
    place[held] = np.arange(len(held))
    top = max(int(_TOP * len(held)), 1)
    shares: list[float] = []
    for person in _spread(len(persons.person_ids), _ASKED):
        own = slice(int(persons.starts[person]), int(persons.starts[person + 1]))
        rows, weights = persons.rows[own].astype(np.int64), persons.weights[own]
        was_held = place[rows] >= 0
        if was_held.any() and not was_held.all():
            vector = fold_in.person_vector(rows[~was_held], weights[~was_held])
            best = (-(tastes @ vector)).argsort(kind="stable")[:top]
            shares.append(float(np.isin(place[rows[was_held]], best).mean()))
    return float(np.mean(shares)) if shares else 0.0


def _content_weight(items: ItemModel, content: ContentVectors, later: Interactions) -> float:
    """Return the share of content with which what is looked at next ranks highest."""
    known = rows_among(content.offer_nos, items.offer_nos)
    first, then = _looked_at_next(items, later)
    is_known = (known[first] >= 0) & (known[then] >= 0)
    first, then = first[is_known], then[is_known]
    if len(first) < _FEWEST_PAIRS:
        return _USUAL_WEIGHT
    chosen = _spread(len(first), _MOST_PAIRS)
    first, then = first[chosen], then[chosen]
    among = np.union1d((known >= 0).nonzero()[0][_spread((known >= 0).sum(), _MOST_RANKED)], then)
    units = items.factors / np.maximum(np.linalg.norm(items.factors, axis=1, keepdims=True), 1e-9)
    tastes = units[first] @ units[among].T
    contents = content.vectors[known[first]] @ content.vectors[known[among]].T
    targets = among.searchsorted(then)
    ranks = [_reciprocal_rank(w * contents + (1.0 - w) * tastes, targets) for w in _WEIGHTS]
    return _WEIGHTS[int(np.argmax(ranks))]


def _looked_at_next(
    items: ItemModel, later: Interactions
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows of what was looked at, and of what the same person looked at next."""
    looked = later.only(~later.are_purchases)
    order = np.lexsort((looked.times_us, looked.persons))
    rows = rows_among(items.offer_nos, looked.offer_nos[order])
    persons, times_us = looked.persons[order], looked.times_us[order]
    follows = (persons[1:] == persons[:-1]) & (np.diff(times_us) < _VISIT_US)
    follows &= (rows[1:] != rows[:-1]) & (rows[1:] >= 0) & (rows[:-1] >= 0)
    return rows[:-1][follows], rows[1:][follows]


def _reciprocal_rank(scores: NDArray[np.floating], targets: NDArray[np.int64]) -> float:
    """Return the mean of one over the rank, 0 below `_DEPTH`; the item itself ranks first."""
    reached = np.take_along_axis(scores, targets[:, np.newaxis], axis=1)
    ranks = (scores > reached).sum(axis=1)
    return float(np.where(ranks <= _DEPTH, 1.0 / np.maximum(ranks, 1), 0.0).mean())


def _spread(size: int, count: int) -> NDArray[np.int64]:
    """Return at most `count` places, evenly over all."""
    return np.unique(np.linspace(0, max(size - 1, 0), min(count, size)).astype(np.int64))
