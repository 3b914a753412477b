"""How a large model weighs and foretells: networks, what contents tell of tastes, and seasons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.large_catalogue import LargeCatalogue
from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.model import ContentFit, SeasonModel
from services.retrieval.domain.learning.network import fitted
from services.retrieval.domain.learning.portraits import NEW, OWN
from services.retrieval.domain.learning.rhythm import DEMAND
from services.retrieval.domain.learning.seasons import FORTNIGHTS

_LESSONS = 4_096
"""What networks learn of costs time; what they are made of costs the same in every request."""
_TAKEN = 0.1
_FOLLOWED = 0.5
_FITTED_ON = 20_000
_COSINE, _RECALL, _CONTENT_WEIGHT = 0.5, 0.3, 0.4


def large_blend(
    catalogue: LargeCatalogue, offer_nos: NDArray[np.uint32], rng: np.random.Generator
) -> BlendModel:
    """Return two networks of made-up lessons, with the demand and the kinds of each item."""
    at = offer_nos.astype(np.int64) - 1
    demand = rng.standard_normal((len(at), len(DEMAND)), np.float32)
    demand[:, -1] = rng.exponential(3.0, len(at)).astype(np.float32)
    category = catalogue.category[at]
    # 0 is what nothing is said of.
    kinds = np.stack((category + 1, category // 100 + 1, catalogue.brand[at] + 1), 1)
    own, new = _network(OWN, rng), _network(NEW, rng)
    return BlendModel(demand, kinds, own, new, own_share=_FOLLOWED, new_share=_FOLLOWED)


def _network(width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    columns = rng.standard_normal((_LESSONS, width), np.float32)
    taken = rng.random(_LESSONS) < _TAKEN
    return fitted(columns, taken, np.ones(_LESSONS, np.float32), seed=0).flat()


def large_fit(
    factors: NDArray[np.float32], content: NDArray[np.float32], rng: np.random.Generator
) -> ContentFit:
    """Return where tastes lie by contents, by least squares on a sample of the same rows."""
    some = rng.integers(0, len(factors), _FITTED_ON)
    known = np.column_stack((content[some], np.ones(len(some), np.float32)))
    to_taste, *_ = np.linalg.lstsq(known, factors[some], rcond=None)
    return ContentFit(to_taste.astype(np.float32), _COSINE, _RECALL, _CONTENT_WEIGHT)


def large_seasons(catalogue: LargeCatalogue, rng: np.random.Generator) -> SeasonModel:
    """Return a season for every leaf category."""
    paths = [catalogue.category_path(number) for number in np.unique(catalogue.category).tolist()]
    factors = rng.uniform(0.5, 2.0, (len(paths), FORTNIGHTS)).astype(np.float32)
    return SeasonModel(tuple(paths), factors)
