"""What the placements of a page show, and what stands in where a service did not answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.aggregator.domain.placements import Ask
from services.aggregator.domain.vocabulary import Kind, Source
from shared.slate import Gaps

MICROS = 1e6
IsProduct = Callable[[int], bool]
Refill = Callable[[Sequence[Gaps]], Sequence[list[int]]]
"""Fills the gaps of a page without breaking what it must keep to."""


class Part(NamedTuple):
    """One part of a score."""

    name: str
    value: float
    text: str


class Choice(NamedTuple):
    """One offer at one place; a tuple, because a decision makes dozens of them."""

    offer_no: int
    source: int
    acceptance_probability: float = 0.0
    """0 where nobody estimated it."""
    selection_probability: float = 1.0
    score: float = 0.0
    replaced: bool = False
    """Took the place of what a race refused."""
    parts: tuple[Part, ...] = ()
    features: bytes = b""
    """What the ranker saw of it, in its own encoding; it learns from the answer by that."""
    cause: tuple[int, str] | None = None
    """What decided its place where it was not the scores alone: a SlateCause, and which rule."""


@dataclass(frozen=True, slots=True)
class PlacementSlate:
    """What one placement shows, best first, and what would follow."""

    chosen: list[Choice] = field(default_factory=list)
    following: list[Choice] = field(default_factory=list)


def order_times_value(
    value_micros: NDArray[np.int64], levers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score candidates without a ranker: retrieval order x value x lever, shape (candidates,).

    The order counts by its reciprocal rank, so that value decides among neighbours and does not
    bring the last to the top. Where value is not positive the score is 0 and the order stays.
    """
    rank = np.arange(1, len(value_micros) + 1, dtype=np.float64)
    score: NDArray[np.float64] = np.maximum(value_micros, 0) / MICROS / rank * levers
    return score


def unreserved(
    slates: Sequence[PlacementSlate],
    asks: Sequence[Ask],
    kind_of: Callable[[int], int],
    refill: Refill,
) -> list[PlacementSlate]:
    """Return the page less what only a commit may give away, filled up from what follows.

    Those are the placements' contacts, and promotions: to show one is to promise it and to spend
    its budget. What fills up breaks nothing that its slate must keep to.
    """
    page = [
        Gaps(
            [each.offer_no if _is_open(each, ask, kind_of) else 0 for each in slate.chosen],
            [each.offer_no for each in slate.following if _is_open(each, ask, kind_of)],
        )
        for slate, ask in zip(slates, asks, strict=True)
    ]
    return [
        PlacementSlate(_as_shown(slate, shown))
        for slate, shown in zip(slates, refill(page), strict=True)
    ]


def _as_shown(slate: PlacementSlate, offer_nos: Sequence[int]) -> list[Choice]:
    known = {each.offer_no: each._replace(replaced=True) for each in slate.following}
    known.update((each.offer_no, each) for each in slate.chosen)
    return [known[offer_no] for offer_no in offer_nos]


def _is_open(choice: Choice, ask: Ask, kind_of: Callable[[int], int]) -> bool:
    kind = kind_of(choice.offer_no)
    is_held = kind == Kind.PROMOTION or kind in ask.placement.contact_kinds
    return choice.source == Source.DEFAULT or not is_held


def with_defaults(
    slates: Sequence[PlacementSlate],
    asks: Sequence[Ask],
    defaults: Mapping[str, Sequence[int]],
    is_product: IsProduct,
) -> list[PlacementSlate]:
    """Give every placement that would be empty its default offers.

    No item is shown twice on the page. A default that is no item may be: rather that than an
    empty place.
    """
    shown = {choice.offer_no for slate in slates for choice in slate.chosen}
    filled = []
    for slate, ask in zip(slates, asks, strict=True):
        if not slate.chosen:
            nos = _unshown(defaults.get(ask.placement.name, ()), shown, is_product)
            slate = PlacementSlate([_default(no) for no in nos[: ask.limit]])
            shown.update(choice.offer_no for choice in slate.chosen)
        filled.append(slate)
    return filled


def _unshown(defaults: Sequence[int], shown: Collection[int], is_product: IsProduct) -> list[int]:
    fresh = [no for no in defaults if no not in shown]
    return fresh or [no for no in defaults if not is_product(no)]


def _default(offer_no: int) -> Choice:
    return Choice(offer_no, Source.DEFAULT)
