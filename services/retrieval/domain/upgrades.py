"""What could be bought instead of an item: dearer within a band, and better in its attributes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.postings import Postings
from services.retrieval.domain.shelf import Shelf
from shared.catalogue import Catalogue

_LOOKED_AT = 120
"""Best of the leaf category that are compared."""
_LEAST_DEARER, _MOST_DEARER = 1.05, 1.8
_BEST_DEARER = 1.25
"""The step up that is taken most readily; what is dearer by far is another purchase."""
_FEWEST_TOLD = 5
"""Items of the category that must tell an attribute, to know which way it gets better."""
_LEAST_CORRELATION = 0.3
_LEAST_CERTAINTY = 2.5
"""Standard errors by which a correlation must differ from none: several attributes are tried."""
_NEVER_MORE = 0.6
"""The strongest upgrade: most people stay with what they chose."""


def upgrades(
    item_no: int, catalogue: Catalogue, shelf: Shelf, postings: Postings
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return all items of the same leaf category instead of one, best first, and how strongly.

    Which way an attribute gets better is read off the prices of the category: more memory costs
    more, more weight costs less. An upgrade is better in more attributes than it is worse in.
    """
    none = np.zeros(0, np.int64), np.zeros(0)
    price, leaf = catalogue.home_prices(np.array([item_no]))[0], int(catalogue.category_no[item_no])
    places = shelf.in_category(leaf)[:_LOOKED_AT]
    nos = shelf.ranked[places]
    known = catalogue.exchange.is_known(nos, catalogue)
    if known is not None:
        places, nos = places[known], nos[known]
    if price <= 0 or not leaf or len(nos) < _FEWEST_TOLD:
        return none
    ratios = catalogue.home_prices(nos) / price
    gains = _gains(item_no, nos, ratios, postings)
    usable = (ratios >= _LEAST_DEARER) & (ratios <= _MOST_DEARER) & (gains > 0.0)
    usable &= catalogue.category_no[nos] == leaf
    usable &= catalogue.family_no[nos] != catalogue.family_no[item_no]
    at = usable.nonzero()[0]
    if not len(at):
        return none
    nearness = np.exp(-np.abs(np.log(ratios[at] / _BEST_DEARER)))
    scores = _NEVER_MORE * gains[at] * nearness * (0.5 + 0.5 * shelf.strength[places[at]])
    order = (-scores).argsort(kind="stable")
    return nos[at[order]], scores[order]


def _gains(
    item_no: int, nos: NDArray[np.int64], ratios: NDArray[np.float64], postings: Postings
) -> NDArray[np.float64]:
    """Return, by item, the share of the attributes it is better in less those it is worse in."""
    pairs = postings.pairs
    own, _ = pairs.of(np.array([item_no]))
    own = own[pairs.least[own] == pairs.most[own]]
    others, places = pairs.of(nos)
    names = pairs.name_of[others]
    better = np.zeros(len(nos))
    told = 0
    for pair in own.tolist():
        is_same = names == pairs.name_of[pair]
        at, values = places[is_same], pairs.least[others[is_same]]
        exact = values == pairs.most[others[is_same]]
        at, values = at[exact], values[exact]
        way = _better_way(values, ratios[at])
        if way:
            told += 1
            better[at] += np.sign(way * (values - pairs.least[pair]))
    return better / max(told, 1)


def _better_way(values: NDArray[np.float64], ratios: NDArray[np.float64]) -> int:
    """Return 1 where more is dearer, -1 where less is, 0 where the price does not tell."""
    if len(values) < _FEWEST_TOLD:
        return 0
    away, dearer = values - values.mean(), np.log(np.maximum(ratios, 1e-9))
    dearer -= dearer.mean()
    spread = float(np.sqrt((away @ away) * (dearer @ dearer)))
    if spread <= 0.0:
        return 0
    correlation = min(max(float(away @ dearer) / spread, -1.0), 1.0)
    rest = np.sqrt((1.0 - correlation**2) / (len(values) - 2))
    is_certain = abs(correlation) > max(_LEAST_CORRELATION, _LEAST_CERTAINTY * rest)
    return int(np.sign(correlation)) if is_certain else 0
