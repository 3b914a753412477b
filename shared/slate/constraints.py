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

Groups = NDArray[np.int64]


def places(
    asks: Sequence[PlacementAsk], standing: Iterable[StandingOrder], nos: Groups
) -> list[Place]:
    """Return the placements asked for, each with its standing order as candidate indexes."""
    orders = {order.placement: order for order in standing}
    if not orders:
        return [Place(ask.limit) for ask in asks]
    at = {no: index for index, no in enumerate(nos.tolist())}
    return [_place(ask, orders.get(ask.placement), at) for ask in asks]


def group_limits(
    constraints: Iterable[SlateConstraint],
    asks: Sequence[PlacementAsk],
    nos: Groups,
    catalogue: Catalogue,
) -> list[GroupLimit]:
    """Return the constraints that touch the placements asked for, as groups of the candidates.

    `nos` are the candidates' catalogue numbers, shape (candidates,). Raises InvalidArgument for an
    attribute that is not known.
    """
    index = {ask.placement: at for at, ask in enumerate(asks)}
    found = []
    for number, constraint in enumerate(constraints):
        if constraint.placement and constraint.placement not in index:
            continue
        grouping = _GROUPINGS.get(constraint.attribute)
        if grouping is None:
            raise InvalidArgument(
                [FieldViolation(f"constraints[{number}].attribute", f"is {constraint.attribute!r}")]
            )
        groups = grouping(constraint, nos, catalogue)
        found.append(GroupLimit(groups, constraint.at_most, index.get(constraint.placement, -1)))
    return found


def _place(ask: PlacementAsk, order: StandingOrder | None, at: Mapping[int, int]) -> Place:
    if order is None:
        return Place(ask.limit)
    kept = tuple(at[no] for no in order.offer_nos if no in at)
    return Place(ask.limit, kept, order.exact)


def _by_kind(constraint: SlateConstraint, nos: Groups, catalogue: Catalogue) -> Groups:
    kinds = catalogue.kind[nos].astype(np.int64)
    if not constraint.value:
        return kinds
    return _only(kinds == OfferKind.Value.Value(constraint.value))


def _by_brand(constraint: SlateConstraint, nos: Groups, catalogue: Catalogue) -> Groups:
    brands = catalogue.brand_no[nos].astype(np.int64)
    if constraint.value:
        return _only(brands == catalogue.brands.number(constraint.value))
    return np.where(brands == 0, -1, brands)


def _by_category(constraint: SlateConstraint, nos: Groups, catalogue: Catalogue) -> Groups:
    categories = catalogue.category_no[nos]
    tree = catalogue.categories
    if constraint.value:
        return _only(tree.under(tree.number(constraint.value))[categories])
    depth = max(constraint.depth, 1)
    above = {no: (tree.path(no)[:depth] or [-1])[-1] for no in set(categories.tolist())}
    return np.fromiter((above[no] for no in categories.tolist()), np.int64, len(nos))


def _by_family(_: SlateConstraint, nos: Groups, catalogue: Catalogue) -> Groups:
    families = catalogue.family_no[nos].astype(np.int64)
    return np.where(families == 0, -1, families)


def _only(counts: NDArray[np.bool_]) -> Groups:
    return np.where(counts, 0, -1)


_GROUPINGS: Mapping[str, Callable[[SlateConstraint, Groups, Catalogue], Groups]] = {
    "KIND": _by_kind,
    "BRAND": _by_brand,
    "CATEGORY": _by_category,
    "FAMILY": _by_family,
}
