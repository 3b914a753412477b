"""Reads slate constraints and standing orders as groups and indexes of the candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.catalogue import Catalogue
from shared.errors import FieldViolation, InvalidArgument
from shared.slate.demands import Cause, Demand, Diversity, Exclusion, GroupLimit, Place, Seat
from shared.slate.portions import LINE, Portion
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, SlateCause
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder

Numbers = NDArray[np.int64]
Groups = NDArray[np.integer | np.bool_]
"""The group of each candidate; 0: does not count."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What constraints say of the placements asked for."""

    every: list[Demand] = field(default_factory=list)
    """What all slates keep to."""
    seats: dict[int, list[Seat]] = field(default_factory=dict)
    """Pins by placement."""
    portions: list[Portion] = field(default_factory=list)
    """Fixed shares, those of one placement next to each other."""


def places(
    asks: Sequence[PlacementAsk],
    standing: Iterable[StandingOrder],
    nos: Numbers,
    seats: Mapping[int, Sequence[Seat]] | None = None,
) -> list[Place]:
    """Return the placements asked for, each with its standing order as candidate indexes."""
    orders = {order.placement: order for order in standing}
    if not orders and not seats:
        return [Place(ask.limit) for ask in asks]
    at = dict(zip(nos.tolist(), range(len(nos)), strict=True))
    kept = seats or {}
    return [
        _place(ask, orders.get(ask.placement), at, kept.get(index, ()))
        for index, ask in enumerate(asks)
    ]


def demands(
    constraints: Iterable[SlateConstraint],
    asks: Sequence[PlacementAsk],
    nos: Numbers,
    catalogue: Catalogue,
) -> Demands:
    """Return what the constraints demand of the placements asked for, as groups of the candidates.

    `nos` are the candidates' catalogue numbers, shape (candidates,). Raises InvalidArgument for an
    attribute that is not known, and for a share or a position out of its range.
    """
    found = Demands()
    index = {ask.placement: at for at, ask in enumerate(asks)}
    index[""] = -1
    for number, constraint in enumerate(constraints):
        place = index.get(constraint.placement)
        if place is not None:
            _check(number, constraint, place)
            _add(found, constraint, place, nos, catalogue)
    found.portions.sort(key=lambda portion: portion.place)
    return found


def _add(
    found: Demands, constraint: SlateConstraint, place: int, nos: Numbers, catalogue: Catalogue
) -> None:
    groups = _GROUPINGS[constraint.attribute](constraint, nos, catalogue)
    match constraint.WhichOneof("demand"):
        case "diversity":
            wanted = constraint.diversity
            repeats = wanted.first - wanted.at_least
            found.every.append(
                Diversity(groups.tolist(), wanted.first, repeats, place, constraint.rule)
            )
        case "excludes":
            excluded = constraint.excludes
            other = SlateConstraint(attribute=excluded.attribute, value=excluded.value)
            others = _GROUPINGS[excluded.attribute](other, nos, catalogue)
            sides = (groups != 0) + 2 * (others != 0)
            found.every.append(Exclusion(sides.tolist(), place, constraint.rule))
        case "share":
            members, length = _members(groups), round(constraint.share.share * LINE)
            cause = Cause(SlateCause.SHARE, constraint.rule)
            position = constraint.share.position - 1
            found.portions.append(Portion(place, members, length, position, cause))
        case "pin":
            cause = Cause(SlateCause.PIN, constraint.rule)
            seat = Seat(constraint.pin.position - 1, _members(groups), cause)
            found.seats.setdefault(place, []).append(seat)
        case _:
            limit = GroupLimit(groups.tolist(), constraint.at_most, place, constraint.rule)
            found.every.append(limit)


def _members(groups: Groups) -> tuple[int, ...]:
    return tuple(np.flatnonzero(groups).tolist())


def _check(number: int, constraint: SlateConstraint, place: int) -> None:
    violations = [
        FieldViolation(f"constraints[{number}].{name}", text)
        for name, text in _mistakes(constraint, place)
    ]
    if violations:
        raise InvalidArgument(violations)


def _mistakes(constraint: SlateConstraint, place: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: the field and how."""
    demand = constraint.WhichOneof("demand")
    if constraint.attribute not in _GROUPINGS:
        yield "attribute", f"is {constraint.attribute!r}"
    if demand is None:
        return
    if place < 0:
        yield "placement", f"is missing: a {demand} is of one placement"
    if demand == "excludes" and constraint.excludes.attribute not in _GROUPINGS:
        yield "excludes.attribute", f"is {constraint.excludes.attribute!r}"
    if demand == "diversity":
        wanted = constraint.diversity
        if not 0 < wanted.at_least <= wanted.first:
            yield "diversity.at_least", f"is {wanted.at_least} of {wanted.first}"
    if demand == "share" and not 1 <= round(constraint.share.share * LINE) <= LINE:
        yield "share.share", f"is {constraint.share.share}"
    if demand in ("share", "pin") and getattr(constraint, demand).position < 1:
        yield f"{demand}.position", "is not 1 or more"


def _place(
    ask: PlacementAsk,
    order: StandingOrder | None,
    at: Mapping[int, int],
    seats: Sequence[Seat],
) -> Place:
    if order is None:
        return Place(ask.limit, seats=seats)
    kept = tuple(at[no] for no in order.offer_nos if no in at)
    return Place(ask.limit, kept, order.exact, seats)


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


def _by_offer(constraint: SlateConstraint, nos: Numbers, catalogue: Catalogue) -> Groups:
    if not constraint.value:
        return nos
    wanted = catalogue.offer_no(constraint.value)
    return nos == wanted if wanted else np.zeros(len(nos), np.bool_)


def _by_family(_: SlateConstraint, nos: Numbers, catalogue: Catalogue) -> Groups:
    return catalogue.family_no[nos]


_GROUPINGS: Mapping[str, Callable[[SlateConstraint, Numbers, Catalogue], Groups]] = {
    "KIND": _by_kind,
    "BRAND": _by_brand,
    "CATEGORY": _by_category,
    "FAMILY": _by_family,
    "OFFER": _by_offer,
}
