"""How far what is learned moved since the model before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.before import Before
from services.retrieval.domain.learning.model import ItemModel, rows_among
from services.retrieval.domain.learning.terms import ItemTexts

_NEAREST = 10
_LEAST_SHARE = 1e-4
"""What is never bought counts as this, so that its logarithm stays finite."""
_TINY = 1e-12
_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved."""

    categories: float
    """Population stability index of what is bought lately, over first parts of category paths."""
    neighbours_kept: float
    """Share of the ten closest neighbours that stayed, 0 to 1."""
    tastes_kept: float
    """The same of the ten nearest vectors."""


def drift(before: Before, items: ItemModel, texts: ItemTexts) -> Drift:
    """Compare with the model before, over the items that most persons bought then."""
    common = np.intersect1d(before.compared_nos, items.offer_nos)
    then, now = before.compared_nos.searchsorted(common), items.offer_nos.searchsorted(common)
    return Drift(
        categories=_moved(before, items, texts),
        neighbours_kept=_kept(before.neighbour_nos[then], items.neighbour_nos[now]),
        tastes_kept=_kept(_nearest(before.compared_factors[then]), _nearest(items.factors[now])),
    )


def stability_index(before: NDArray[np.floating], after: NDArray[np.floating]) -> float:
    """Return the population stability index of two distributions over the same classes."""
    shares = (each / max(float(each.sum()), _TINY) for each in (before, after))
    then, now = (np.maximum(each, _LEAST_SHARE) for each in shares)
    return float(((now - then) * np.log(now / then)).sum())


def _moved(before: Before, items: ItemModel, texts: ItemTexts) -> float:
    names = {"": 0}
    classes = [names.setdefault(_first_part(each), len(names)) for each in texts.categories]
    of_text = np.array(classes, np.int64)
    sums = []
    for nos, heat in ((before.offer_nos, before.heat), (items.offer_nos, items.heat)):
        rows = rows_among(texts.offer_nos, nos)
        known = rows >= 0
        heats = np.bincount(of_text[rows[known]], heat[known], minlength=len(names))
        sums.append(heats.astype(np.float64))
    return stability_index(sums[0], sums[1])


def _first_part(path: str) -> str:
    return path.split(_SEPARATOR, 1)[0]


def _nearest(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the ten nearest others of each by cosine, as places from 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, 1e-9)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    nearest: NDArray[np.int64] = np.argsort(-cosines, axis=1, kind="stable")[:, :_NEAREST] + 1
    return nearest


def _kept(before: NDArray[np.integer], after: NDArray[np.integer]) -> float:
    """Return which share of the numbers of each line stayed, on average; 0 is padding."""
    lines = zip(before.tolist(), after[:, :_NEAREST].tolist(), strict=True)
    pairs = [(set(then) - {0}, set(now)) for then, now in lines]
    shares = [len(then & now) / len(then) for then, now in pairs if then]
    return float(np.mean(shares)) if shares else 1.0
