"""A model of a million items as training would leave it, made by a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.large_blend import large_blend, large_fit, large_seasons
from bench.large_catalogue import LargeCatalogue
from bench.large_categories import of_same_category
from bench.large_groups import large_gifts, large_groups
from bench.large_visits import large_sessions, large_successors
from services.retrieval.domain.learning.content import learned_space
from services.retrieval.domain.learning.model import (
    BasketModel,
    ItemModel,
    LearnedModel,
    PersonModel,
)
from services.retrieval.domain.learning.rhythm import TRIPS
from services.retrieval.domain.learning.signals import DEFAULT_BLEND, HABITS
from services.retrieval.domain.learning.terms import marks_of

PERSONS = 200_000
LOOKED_AT = 200_000
"""Offers up to this number are looked at in visits, and bought one after the other."""
WIDTH = 64
_NEIGHBOURS = 50
_PARTNERS = 20
_BOUGHT = 20
"""Items of each person."""
_OF_A_KIND = 500
"""Things that are alike, within a category of any size."""
_OF_CATEGORY = 0.4
_SPREAD = 0.5
"""How far things lie from the middle of their kind, beside the distance of that from nothing."""
_TEXTS_LEARNED_OF = 50
"""Words tell the same of each; the vectors themselves are drawn."""
_REGULARISATION, _UNOBSERVED = 0.003, 0.1


@dataclass(frozen=True, slots=True)
class Origin:
    """What the model is said to have been learned on."""

    catalogue_id: str
    catalogue_version: int
    trained_us: int


def person_id(number: int) -> str:
    """Return the id of a person of the model, from 0 to `PERSONS` - 1."""
    return f"0190aaaa-0000-7000-8000-{number:012x}"


def large_model(catalogue: LargeCatalogue, origin: Origin, seed: int = 2) -> LearnedModel:
    """Return a model whose vectors, neighbours and purchases keep to categories, as in life.

    Every part of it is filled, as large as training would make it.
    """
    rng = np.random.default_rng(seed)
    offer_nos = np.unique(catalogue.family_nos)
    category = catalogue.category[offer_nos - 1]
    factors = _clustered(category, rng)
    heat = rng.pareto(1.2, len(offer_nos)).astype(np.float32)
    near = of_same_category(category, _NEIGHBOURS, rng)
    scores = -np.sort(-rng.random((len(offer_nos), _NEIGHBOURS), np.float32) * 0.4, axis=1)
    items = ItemModel(
        catalogue_id=origin.catalogue_id,
        catalogue_version=origin.catalogue_version,
        trained_us=origin.trained_us,
        regularisation=_REGULARISATION,
        unobserved_weight=_UNOBSERVED,
        offer_nos=offer_nos,
        factors=factors,
        buyers=(4.0 * heat).astype(np.uint32) + 2,
        heat=heat,
        repeats=1.0 + rng.random(len(offer_nos), np.float32),
        neighbour_nos=offer_nos[near],
        neighbour_scores=scores,
        neighbour_counts=rng.integers(2, 40, near.shape, np.uint32),
        blend=DEFAULT_BLEND,
        content_nos=offer_nos,
        content=_of_length_one(_clustered(category, rng)),
    )
    baskets = BasketModel(
        offer_nos=offer_nos,
        orders=items.buyers + np.uint32(5),
        partner_nos=offer_nos[of_same_category(category // 10, _PARTNERS, rng)],
        partner_scores=scores[:, :_PARTNERS].copy(),
        partner_counts=rng.integers(2, 40, (len(offer_nos), _PARTNERS), np.uint32),
        brand_kept=1.0 + rng.random(len(offer_nos), np.float32),
    )
    space = learned_space(catalogue.texts(offer_nos[::_TEXTS_LEARNED_OF]), seed)
    space = replace(space, marks=marks_of(catalogue.texts(offer_nos)))
    seen = offer_nos <= LOOKED_AT
    looked_at, of_category = offer_nos[seen], category[seen]
    return LearnedModel(
        items,
        _persons(factors, category, rng),
        baskets,
        space=space,
        groups=large_groups(looked_at, of_category, rng),
        gifts=large_gifts(looked_at, rng),
        fit=large_fit(factors, items.content, rng),
        sessions=large_sessions(looked_at, of_category, rng),
        seasons=large_seasons(catalogue, rng),
        successors=large_successors(looked_at, of_category, rng),
        blend=large_blend(catalogue, offer_nos, rng),
    )


def _clustered(category: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return (n, d) vectors around the middles of kinds of things, which lie in categories."""
    kind = _kinds(category)
    of_category = _directions(int(category.max()) + 1, rng)
    of_kind = _directions(int(kind.max()) + 1, rng)
    noise = rng.standard_normal((len(category), WIDTH), np.float32)
    noise *= np.float32(_SPREAD / WIDTH**0.5)
    noise += np.float32(_OF_CATEGORY) * of_category[category]
    noise += np.float32(1.0 - _OF_CATEGORY) * of_kind[kind]
    return noise


def _kinds(category: NDArray[np.int64]) -> NDArray[np.int64]:
    """Part each category into kinds of about as many things each."""
    sizes = np.bincount(category)
    kinds = -(-sizes // _OF_A_KIND)
    return (np.cumsum(kinds) - kinds)[category] + np.arange(len(category)) % kinds[category]


def _directions(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    return _of_length_one(rng.standard_normal((count, WIDTH), np.float32))


def _of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def _persons(
    factors: NDArray[np.float32], category: NDArray[np.int64], rng: np.random.Generator
) -> PersonModel:
    """Let each person buy in a few categories, where some item chosen first lies."""
    favourites = rng.integers(0, len(factors), (PERSONS, 3))
    of_each = of_same_category(category, _BOUGHT, rng)
    rows = np.stack([of_each[favourites[:, turn % 3], turn] for turn in range(_BOUGHT)], axis=1)
    rows = np.sort(rows, axis=1)
    is_first = np.ones(rows.shape, np.bool_)
    is_first[:, 1:] = rows[:, 1:] > rows[:, :-1]
    starts = np.concatenate(([0], is_first.sum(axis=1).cumsum()))
    pairs = int(starts[-1])
    return PersonModel(
        person_ids=tuple(person_id(number) for number in range(PERSONS)),
        factors=factors[favourites].mean(axis=1),
        starts=starts.astype(np.int64),
        rows=rows[is_first].astype(np.uint32),
        weights=0.3 + rng.random(pairs, np.float32),
        habits=rng.random((pairs, HABITS), np.float32),
        trips=rng.random((PERSONS, len(TRIPS)), np.float32),
    )
