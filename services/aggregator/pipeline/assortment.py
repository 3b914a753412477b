"""What this replica's catalogue has to show, as the fallbacks ask for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from services.aggregator.domain.candidates import Candidates, Proposal, of_source
from services.aggregator.domain.placements import Ask
from services.aggregator.domain.slates import PlacementSlate, with_defaults
from services.aggregator.domain.vocabulary import Kind, Source
from shared.catalogue import Catalogue, Fence


@dataclass(frozen=True, slots=True)
class Assortment:
    """Answers by catalogue number."""

    catalogue: Catalogue

    def kind(self, offer_no: int) -> int:
        return int(self.catalogue.kind[offer_no])

    def is_product(self, offer_no: int) -> bool:
        return self.kind(offer_no) == Kind.PRODUCT

    def is_service(self, offer_no: int) -> bool:
        """Also of what a newer catalogue has: it may be one."""
        return offer_no >= self.catalogue.size or self.kind(offer_no) == Kind.SERVICE

    def family(self, offer_no: int) -> int:
        """Return the number of the family; an offer that is no product is its own."""
        return int(self.catalogue.family_no[offer_no]) or -offer_no

    def has_all(self, candidates: Candidates) -> bool:
        """Say whether this catalogue reaches as far as the one the candidates are from."""
        return max(candidates.offer_nos, default=0) < self.catalogue.size

    def on_sale(self, candidates: Candidates) -> Candidates:
        """Leave out what this catalogue does not have, or no longer: there are no words for it."""
        size, withdrawn = self.catalogue.size, self.catalogue.withdrawn
        lacking = [no for no in candidates.offer_nos if no >= size or withdrawn[no]]
        return candidates.without(lacking) if lacking else candidates

    def defaults(
        self, ask: Ask, exclude_ids: Collection[str], fence: Fence | None = None
    ) -> list[int]:
        """Return a placement's default offers in their order, less what the caller left out."""
        wanted = [found for found in ask.placement.default_offers if found not in exclude_ids]
        nos = self.catalogue.offer_nos(wanted)
        nos = [no for no in nos if not self.catalogue.withdrawn[no]]
        if fence is None:
            return nos
        held = fence.holds(self.catalogue, np.array(nos, np.int64)).tolist()
        return [no for no, is_held in zip(nos, held, strict=True) if is_held]

    def only_defaults(
        self, asks: Sequence[Ask], exclude_ids: Collection[str], fence: Fence | None = None
    ) -> Proposal:
        """Return all default offers, each for its own placements, for those who get no more."""
        places: dict[int, set[str]] = {}
        for ask in asks:
            for no in self.defaults(ask, exclude_ids, fence):
                places.setdefault(no, set()).add(ask.placement.name)
        bound = {no: frozenset(names) for no, names in places.items()}
        return Proposal(of_source(places, Source.DEFAULT), placements=bound)

    def filled(
        self,
        slates: Sequence[PlacementSlate],
        asks: Sequence[Ask],
        exclude_ids: Collection[str],
        fence: Fence | None = None,
    ) -> list[PlacementSlate]:
        """Give every placement that would be empty its default offers."""
        if all(slate.chosen for slate in slates):
            return list(slates)
        defaults = {ask.placement.name: self.defaults(ask, exclude_ids, fence) for ask in asks}
        return with_defaults(slates, asks, defaults, self.is_product)
