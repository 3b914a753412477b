"""The bundles that a recorded decision is made again by, and the default offers that they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.rules.definitions import compile_policy
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.replays import Showing, with_defaults
from shared.arms import assign_variants
from shared.catalogue import Catalogue, Fence
from touchpoint.common.v1.decision_pb2 import DecisionContext, VariantOf
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, OfferKind
from touchpoint.rules.v1.rules_pb2 import Bundle


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two bundles, ready to decide by."""

    bundle_hash: str
    compiled: CompiledBundle
    defaults: Mapping[str, Sequence[int]]
    """Placement to its default offers that are to be had, in their order."""


def side_of(bundle: Bundle, catalogue: Catalogue) -> Side:
    """Return a bundle ready to decide by; raises `CompileError`. Takes some 100 ms."""
    return Side(
        bundle.bundle_hash,
        compile_policy(bundle),
        {each.placement: _on_sale(each.default_offers, catalogue) for each in bundle.placements},
    )


def _on_sale(offer_ids: Sequence[str], catalogue: Catalogue) -> list[int]:
    return [no for no in catalogue.offer_nos(offer_ids) if not catalogue.withdrawn[no]]


def defaults_of(
    side: Side, placement: str, context: DecisionContext, catalogue: Catalogue
) -> list[int]:
    """Return a placement's default offers in their order, less what the caller left out."""
    excluded = frozenset(context.excluded_offer_nos)
    nos = [no for no in side.defaults.get(placement, ()) if no not in excluded]
    fence = Fence.of(context.within_categories, context.without_categories)
    if fence is None or not nos:
        return nos
    held = fence.holds(catalogue, np.array(nos, np.int64)).tolist()
    return [no for no, is_held in zip(nos, held, strict=True) if is_held]


def filled(
    pages: Sequence[Showing], side: Side, context: DecisionContext, catalogue: Catalogue
) -> list[Showing]:
    """Give every placement that would be empty its default offers, as the edge does."""
    if all(page.offer_nos for page in pages):
        return list(pages)
    asks = context.placements
    defaults = [defaults_of(side, ask.placement, context, catalogue) for ask in asks]
    items = {no for nos in defaults for no in nos if catalogue.kind[no] == OfferKind.PRODUCT}
    return with_defaults(pages, defaults, [ask.limit for ask in asks], items)


def variants_of(
    side: Side, context: DecisionContext, snapshot: PersonSnapshot
) -> Sequence[VariantOf]:
    """Return the variants that a side has a person in; the arm is the one they were in then."""
    if context.arm != Arm.PERSONALISED or not snapshot.person_ids:
        return ()
    return assign_variants(side.compiled.plan.at(context.now_us), snapshot.person_ids[0])
