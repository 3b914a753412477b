"""Where the features of the model lie: columns of the design matrix, each with its own region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

VERSION: Final = 3
"""Raised with any change below. Columns are only ever added behind the last: rows and snapshots of
an older layout mean what they meant, and those of a newer one are refused. Where a prior variance
changes, it is that of what a snapshot has not learned yet."""
WEIGHTS: Final = 1 << 19
MOST_SEGMENTS: Final = 4
MOST_ATTRIBUTES: Final = 3
MOST_TOLD: Final = 24
"""Attributes of person and request that are looked at, by name; each is crossed with each other."""
MOST_TOLD_OF_FAMILY: Final = 12
MOST_NUMBERS: Final = 32
MOST_STATES: Final = 8
MOST_SEGMENTS_OF_KIND: Final = 16
BANDINGS: Final = 3
"""A number is told in as many bands, each of another width or with other edges."""


class Group(Enum):
    """Which part of a score a column belongs to."""

    CONTEXT = "context"
    OFFER = "offer"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Column:
    """One feature per candidate: a hash of what it names, folded into a region of the weights.

    The prior variance is what one column may say before anything is learned, in squared log-odds.
    Crosses of taste and offer hold nearly all of it: what some accept is believed of those like
    them at once, and of everybody only in the long run, when it held for one taste after another
    (what has little variance also loses little of it, so that it keeps on learning slowly).
    """

    name: str
    size: int
    """Weights of its region, a power of two."""
    variance: float
    group: Group
    start: int = 0
    slots: int = 1
    """At most so many of a row lie in it."""


def _column(name: str, bits: int, variance: float, group: Group) -> tuple[str, int, float, Group]:
    return name, 1 << bits, variance, group


_FIRST: Final = (
    _column("base", 2, 0.01, Group.CONTEXT),
    _column("kind_channel", 8, 0.01, Group.CONTEXT),
    _column("kind_placement", 11, 0.01, Group.CONTEXT),
    _column("kind_source", 9, 0.02, Group.CONTEXT),
    _column("source_placement", 13, 0.01, Group.CONTEXT),
    _column("source_strength", 9, 0.01, Group.CONTEXT),
    _column("kind", 4, 0.01, Group.OFFER),
    _column("offer", 15, 0.06, Group.OFFER),
    _column("family", 15, 0.1, Group.OFFER),
    _column("category_1", 10, 0.01, Group.OFFER),
    _column("category_2", 12, 0.02, Group.OFFER),
    _column("brand", 12, 0.01, Group.OFFER),
    _column("kind_price", 9, 0.01, Group.OFFER),
    _column("kind_assurance", 6, 0.01, Group.PERSON),
    _column("kind_tier", 7, 0.01, Group.PERSON),
    _column("kind_recency", 7, 0.01, Group.PERSON),
    _column("kind_cart", 5, 0.01, Group.PERSON),
    _column("price_tier", 10, 0.02, Group.PERSON),
    _column("kind_category_affinity", 7, 0.3, Group.PERSON),
    _column("kind_brand_affinity", 7, 0.04, Group.PERSON),
    _column("kind_in_mind", 6, 0.04, Group.PERSON),
    _column("kind_liked_1", 13, 0.2, Group.PERSON),
    _column("category_1_liked_1", 14, 2, Group.PERSON),
    _column("category_2_liked", 15, 0.4, Group.PERSON),
    _column("family_liked_1", 16, 0.3, Group.PERSON),
    _column("brand_liked_brand", 13, 0.4, Group.PERSON),
    _column("category_1_in_mind_1", 13, 0.06, Group.PERSON),
    _column("category_1_persona", 12, 0.8, Group.PERSON),
    _column("category_1_age", 11, 0.4, Group.PERSON),
)
_FIRST_SLOTS: Final = (
    (_column("category_1_segment", 11, 0.4, Group.PERSON), MOST_SEGMENTS),
    (_column("category_1_attribute", 11, 0.2, Group.PERSON), MOST_ATTRIBUTES),
)
"""Of several of a kind; they share a region, so that their order means nothing."""
_SECOND: Final = (
    # The place and how far down it something is seen: no merit of what is shown there.
    _column("placement_position", 12, 0.05, Group.CONTEXT),
    # What the evidence says and the band of its count.
    _column("evidence_count", 9, 0.05, Group.OFFER),
    # What the evidence says and the band of the count's share of its total.
    _column("evidence_share", 9, 0.05, Group.OFFER),
    # What the offer is among its kind: its attribute `type`.
    _column("kind_type", 10, 0.05, Group.OFFER),
    # Whether it is price-led, for members only, personal.
    _column("kind_terms", 6, 0.02, Group.OFFER),
    # Days until it ends.
    _column("kind_days_left", 7, 0.02, Group.OFFER),
    # Days since its release.
    _column("kind_days_out", 7, 0.01, Group.OFFER),
    # Whether it is price-led, and how much the person goes by price.
    _column("terms_price_sensitivity", 9, 0.1, Group.PERSON),
)
_SECOND_SLOTS: Final = (
    # An attribute of person or request, for this very offer.
    (_column("family_told", 16, 0.02, Group.PERSON), MOST_TOLD_OF_FAMILY),
)
_GROUPED: Final = (
    # A number known of the person or the visit: orders, money, shares, scores.
    (_column("kind_number", 14, 0.01, Group.PERSON), MOST_NUMBERS * BANDINGS),
    # A state of the moment: hour, weekday, hesitation, purchase stage.
    (_column("kind_state", 11, 0.01, Group.PERSON), MOST_STATES),
    (_column("kind_segment", 11, 0.01, Group.PERSON), MOST_SEGMENTS_OF_KIND),
    (_column("kind_persona", 9, 0.01, Group.PERSON), 1),
    # An attribute of person or request; a number in each of its bands.
    (_column("kind_told", 13, 0.01, Group.PERSON), MOST_TOLD * BANDINGS),
    (_column("category_1_told", 14, 0.03, Group.PERSON), MOST_TOLD),
    # Two such attributes at once.
    (_column("category_1_told_pair", 17, 0.004, Group.PERSON), MOST_TOLD * (MOST_TOLD - 1) // 2),
)
"""Equal for all candidates of one kind and top category, so they are looked up once for those; the
slots of one region are counted, not listed."""
_THIRD: Final = (
    # How much the offer's category means to somebody of a known taste: what all tastes have in
    # common is learned before what is said of each.
    _column("kind_taste", 7, 1.7, Group.PERSON),
)


def _placed() -> Iterator[Column]:
    start = 0
    for single, several in ((_FIRST, _FIRST_SLOTS), (_SECOND, _SECOND_SLOTS)):
        for name, size, variance, group in single:
            yield Column(name, size, variance, group, start)
            start += size
        for (name, size, variance, group), slots in several:
            for slot in range(slots):
                yield Column(f"{name}_{slot}", size, variance, group, start)
            start += size
    for (name, size, variance, group), slots in _GROUPED:
        yield Column(name, size, variance, group, start, slots)
        start += size
    for name, size, variance, group in _THIRD:
        yield Column(name, size, variance, group, start)
        start += size
    assert start <= WEIGHTS, f"{start} weights do not fit into {WEIGHTS}"


COLUMNS: Final = tuple(_placed())
PLACED: Final = max(column.start + column.size for column in COLUMNS)
"""Weights from here on belong to no column."""
COLUMN: Final = {column.name: place for place, column in enumerate(COLUMNS)}
"""Name to place."""


def prior_variances() -> NDArray[np.float64]:
    """Return the variance of every weight before anything is learned, shape (WEIGHTS,)."""
    variances = np.zeros(WEIGHTS)
    for column in COLUMNS:
        variances[column.start : column.start + column.size] = column.variance
    return variances
