"""Reads slate constraints and standing orders as groups and indexes of the candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.catalogue import Catalogue
from shared.errors import FieldViolation, InvalidArgument
from shared.slate.assembly import GroupLimit, Place
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder

Numbers = NDArray[np.int64]
Groups = NDArray[np.integer | np.bool_]
"""The group of each candidate; 0: does not count."""


def places(
    asks: Sequence[PlacementAsk], standing: Iterable[StandingOrder], nos: Numbers
) -> list[Place]:
    """Return the placements asked for, each with its standing order as candidate indexes."""
    orders = {order.placement: order for order in standing}
    if not orders:
        return [Place(ask.limit) for ask in asks]
    at = dict(zip(nos.tolist(), range(len(nos)), strict=True))
    return [_place(ask, orders.get(ask.placement), at) for ask in asks]


def group_limits(
    constraints: Iterable[SlateConstraint],
    asks: Sequence[PlacementAsk],
    nos: Numbers,
    catalogue: Catalogue,
) -> list[GroupLimit]:
    """Return the constraints that touch the placements asked for, as groups of the candidates.

    `nos` are the candidates' catalogue numbers, shape (candidates,). Raises InvalidArgument for an
    attribute that is not known.
    """
    index = {ask.placement: at for at, ask in enumerate(asks)}
    index[""] = -1
    found = []
    for number, constraint in enumerate(constraints):
        place = index.get(constraint.placement)
        if place is None:
            continue
        grouping = _GROUPINGS.get(constraint.attribute)
        if grouping is None:
            raise InvalidArgument(
                [FieldViolation(f"constraints[{number}].attribute", f"is {constraint.attribute!r}")]
            )
        groups = grouping(constraint, nos, catalogue).tolist()
        found.append(GroupLimit(groups, constraint.at_most, place))
    return found


def _place(ask: PlacementAsk, order: StandingOrder | None, at: Mapping[int, int]) -> Place:
    if order is None:
        return Place(ask.limit)
    kept = tuple(at[no] for no in order.offer_nos if no in at)
    return Place(ask.limit, kept, order.exact)


def _by_kind(constraint: SlateConstraint, nos: Numbers, catalogue: Catalogue) -> Groups:
    kinds = catalogue.kind[nos]
    return kinds == OfferKind.Value.Value(constraint.value) if constraint.value else kinds


def _by_brand(constraint: SlateConstraint, nos: Numbers, catalogue: Catalogue) -> Groups:
    brands = catalogue.brand_no[nos]
    if not constraint.value:
        return brands
    wanted = catalogue.brands.find(constraint.value)
    return brands == wanted if wanted else np.zeros(len(nos), np.bool_)


def _by_category(constraint: SlateConstraint, nos: Numbers, catalogue: Catalogue) -> Groups:
    categories, tree = catalogue.category_no[nos], catalogue.categories
    if not constraint.value:
        return tree.at_depth(max(constraint.depth, 1))[categories]
    wanted = tree.find(constraint.value)
    return tree.under(wanted)[categories] if wanted else np.zeros(len(nos), np.bool_)


def _by_family(_: SlateConstraint, nos: Numbers, catalogue: Catalogue) -> Groups:
    return catalogue.family_no[nos]


_GROUPINGS: Mapping[str, Callable[[SlateConstraint, Numbers, Catalogue], Groups]] = {
    "KIND": _by_kind,
    "BRAND": _by_brand,
    "CATEGORY": _by_category,
    "FAMILY": _by_family,
}
