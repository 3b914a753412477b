"""Commit: one transaction keyed by the decision, replacing what a race refuses."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.approaching import ContactTerms
from services.rules.attributes import OfferAttributes
from services.rules.counting import Counting
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.drafts import CommitOutcome, DecisionDraft
from services.rules.domain.fullness import full_limits
from services.rules.domain.ledger import Ledger
from services.rules.page import Page
from services.rules.recorder import Recorder
from services.rules.taking_part import TakingPart
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from touchpoint.rules.v1 import rules_service_pb2 as pb

_TRIES = 5
"""Each try loses at least one contact to a race; the last one wants none that is new."""


class Committer:
    """Answers Commit."""

    def __init__(
        self,
        catalogue: Catalogue,
        attributes: OfferAttributes,
        bundles: BundleFollower[CompiledBundle],
        ledger: Ledger,
        counting: Counting,
        recorder: Recorder,
        taking_part: TakingPart,
    ) -> None:
        self._catalogue = catalogue
        self._terms = ContactTerms(catalogue, attributes)
        self._bundles = bundles
        self._ledger = ledger
        self._counting = counting
        self._recorder = recorder
        self._taking_part = taking_part

    async def commit(self, request: pb.CommitRequest) -> pb.CommitResponse:
        """Write the decision; what would be a contact too many is replaced or left out."""
        compiled = self._bundles.of(request.context.bundle_hash)
        await self._taking_part.note(request.context, compiled)
        house = self._bundles.active if self._bundles.active_hash else compiled
        page = Page(request, compiled, house, self._catalogue, self._terms)
        for _ in range(_TRIES):
            draft = page.draft()
            result = await self._ledger.commit(draft)
            if result.outcome is CommitOutcome.WRITTEN:
                return self._written(page)
            if result.outcome is CommitOutcome.REPEATED:
                repeated = pb.CommitResponse.FromString(result.answer)
                repeated.repeated_commit = True
                return repeated
            await self._refuse(page, draft, sorted(result.refused))
            if result.unpromised:
                page.refuse_spent([draft.promises[place] for place in sorted(result.unpromised)])
        await self._refuse(page, draft, range(len(draft.wanted)))
        page.refuse_spent(draft.promises, is_last=True)
        await self._ledger.commit(page.draft())
        return self._written(page)

    def _written(self, page: Page) -> pb.CommitResponse:
        page.count(self._counting)
        page.record(self._recorder)
        return page.answer

    async def _refuse(self, page: Page, draft: DecisionDraft, places: Sequence[int]) -> None:
        """Take contacts out of the page, each with the name of the limit that was full."""
        if not places:
            return
        window_us = max((limit.longest_us for limit in draft.limits), default=0)
        contacts = await self._ledger.contacts(
            draft.person_ids, draft.now_us - window_us, draft.now_us
        )
        rules = full_limits(draft, places, contacts)
        page.refuse({draft.wanted[place]: rule for place, rule in rules.items()})
