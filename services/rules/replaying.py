"""Makes one recorded decision again by two bundles, as Check and the edge make it live."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from google.protobuf.message import DecodeError

from services.rules.domain.facts import CheckFacts
from services.rules.domain.ledger import Ledger
from services.rules.domain.recordings import StoredRecording
from services.rules.domain.replays import (
    Fidelity,
    Judged,
    PlacementReplay,
    Reason,
    Removal,
    Replay,
    Showing,
    Skip,
    fidelity_of,
    left_of,
    reasons_of,
)
from services.rules.judged_answers import JudgedAnswers
from services.rules.judging import Judge
from services.rules.reranking import (
    Allowed,
    Reranked,
    Reranker,
    allowed,
    rank_request,
    tried_alike,
)
from services.rules.sides import Side, defaults_of, filled, variants_of
from shared.catalogue import Catalogue
from touchpoint.common.v1.decision_pb2 import DecisionContext, Removals
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest
from touchpoint.rules.v1.recording_pb2 import RecordedDecision

SCHEMA = 1
"""Of recordings; later ones are not read."""
_VISITOR = frozenset({"visitor"})


class Replayer:
    """Makes recorded decisions again."""

    def __init__(
        self,
        judge: Judge,
        ledger: Ledger,
        catalogue: Catalogue,
        reranker: Reranker,
        answers: JudgedAnswers,
        old: Side,
        new: Side,
    ) -> None:
        self._judge = judge
        self._ledger = ledger
        self._catalogue = catalogue
        self._reranker = reranker
        self._answers = answers
        self._old, self._new = old, new

    async def replay(self, stored: StoredRecording, scale: float) -> Replay | Skip:
        """Return what came of it; its weight is multiplied by `scale`."""
        try:
            recorded = RecordedDecision.FromString(stored.recorded)
            snapshot = PersonSnapshot.FromString(recorded.snapshot)
        except DecodeError:
            return Skip.UNREADABLE
        skip = self._unfit(recorded)
        if skip is not None:
            return skip
        facts = await self._facts(recorded.context, snapshot, stored.decision_id)
        old = self._allowed(recorded, snapshot, facts, self._old)
        await asyncio.sleep(0)  # requests go between
        new = self._allowed(recorded, snapshot, facts, self._new)
        weight = max(recorded.weight, 1.0) * scale
        placements, fidelity, is_ranked = await self._shown(recorded, old, new, weight)
        return Replay(
            decision_id=stored.decision_id,
            person_ids=stored.person_ids,
            decided_us=stored.decided_us,
            channel=recorded.context.channel,
            person=_person(snapshot),
            segments=tuple(snapshot.segments),
            weight=weight,
            placements=tuple(placements),
            removed_before=Counter(old.answer.removed.rules),
            removed_after=Counter(new.answer.removed.rules),
            fidelity=fidelity,
            is_still_allowed=self._lets_pass(recorded, old),
            is_ranked=is_ranked,
        )

    def _unfit(self, recorded: RecordedDecision) -> Skip | None:
        """Return why a decision cannot be made again; None: it can."""
        context = recorded.context
        if recorded.schema > SCHEMA:
            return Skip.UNREADABLE
        if not recorded.snapshot:
            return Skip.PROFILE_HAD_NOT_ANSWERED
        for side in (self._old, self._new):
            known = side.compiled.policy.placements
            if any(ask.placement not in known for ask in context.placements):
                return Skip.PLACEMENT_NOT_DEFINED
        shown = [no for slate in recorded.slates for no in slate.offer_nos]
        if not self._catalogue.known(np.array(shown, np.uint32)).all():
            return Skip.OFFER_GONE
        return None

    async def _facts(
        self, context: DecisionContext, snapshot: PersonSnapshot, decision_id: str
    ) -> CheckFacts:
        """Return what the ledger told then."""
        if not snapshot.person_ids:
            return CheckFacts()
        sides = (self._old, self._new)
        window_us = max(side.compiled.policy.contacts.longest_window_us for side in sides)
        then_us = context.now_us
        return await self._ledger.facts_as_of(
            list(snapshot.person_ids), then_us - window_us, then_us, decision_id
        )

    def _allowed(
        self, recorded: RecordedDecision, snapshot: PersonSnapshot, facts: CheckFacts, side: Side
    ) -> Allowed:
        variants = variants_of(side, recorded.context, snapshot)
        compiled = side.compiled.treating(variants)
        case = self._judge.case(compiled, recorded.context, snapshot, facts)
        answer = self._judge.answer(case, recorded.candidates)
        return allowed(recorded, answer, variants)

    async def _shown(
        self, recorded: RecordedDecision, old: Allowed, new: Allowed, weight: float
    ) -> tuple[list[PlacementReplay], Fidelity | None, bool]:
        """Return what each placement shows by both, how true that is, and whether it was ranked."""
        context = recorded.context
        if context.arm == Arm.STATIC:
            return self._static(recorded, old, new)
        asked_old, asked_new = (rank_request(recorded, one, (old, new)) for one in (old, new))
        before = await self._pages(asked_old, context, self._old)
        after = before
        if before is not None and self._differ(asked_old, asked_new, context):
            tried = tried_alike(asked_old, asked_new, before)
            after = await self._pages(asked_new, context, self._new, tried)
        if before is None or after is None:
            return self._by_eligibility(recorded, old, new), None, False
        await self._answers.add(asked_old, asked_new, weight)
        replays = self._compared(context, before.showings, after.showings, old, new)
        return replays, await self._fidelity(recorded, old, asked_old, before), True

    def _static(
        self, recorded: RecordedDecision, old: Allowed, new: Allowed
    ) -> tuple[list[PlacementReplay], Fidelity | None, bool]:
        """Return what those are shown who see the same as everybody: default offers alone."""
        context = recorded.context
        empty = [Showing()] * len(context.placements)
        before, after = (
            filled(empty, side, context, self._catalogue) for side in (self._old, self._new)
        )
        fidelity = None
        if context.bundle_hash == self._old.bundle_hash:
            fidelity = fidelity_of([slate.offer_nos for slate in recorded.slates], before)
        return self._compared(context, before, after, old, new), fidelity, True

    def _differ(self, old: RankRequest, new: RankRequest, context: DecisionContext) -> bool:
        return old != new or any(
            defaults_of(self._old, ask.placement, context, self._catalogue)
            != defaults_of(self._new, ask.placement, context, self._catalogue)
            for ask in context.placements
        )

    async def _pages(
        self,
        request: RankRequest,
        context: DecisionContext,
        side: Side,
        tried: bool | None = None,
    ) -> Reranked | None:
        """Return what is shown, with default offers where a placement would be empty."""
        found = await self._reranker.rank(request, tried)
        if found is None:
            return None
        return replace(found, showings=filled(found.showings, side, context, self._catalogue))

    async def _fidelity(
        self,
        recorded: RecordedDecision,
        old: Allowed,
        asked: RankRequest,
        before: Reranked,
    ) -> Fidelity | None:
        """Compare with what was shown, where the old bundle and the ranker had made it."""
        context = recorded.context
        if context.bundle_hash != self._old.bundle_hash or not recorded.model:
            return None
        alone = rank_request(recorded, old, (old,))
        if len(alone.candidates.offer_nos) != len(asked.candidates.offer_nos):
            found = await self._pages(alone, context, self._old)
            if found is None:
                return None
            before = found
        return fidelity_of([slate.offer_nos for slate in recorded.slates], before.showings)

    def _lets_pass(self, recorded: RecordedDecision, old: Allowed) -> bool:
        """Return whether all that was shown may be shown there; default offers always may."""
        is_default = self._catalogue.is_default
        return all(
            is_default[no] or old.bits.get(no, 0) >> place & 1
            for place, slate in enumerate(recorded.slates)
            for no in slate.offer_nos
        )

    def _compared(
        self,
        context: DecisionContext,
        before: Sequence[Showing],
        after: Sequence[Showing],
        old: Allowed,
        new: Allowed,
    ) -> list[PlacementReplay]:
        found = []
        for ask, was, is_now in zip(context.placements, before, after, strict=True):
            reasons: tuple[Reason, ...] = ()
            if was.offer_nos != is_now.offer_nos:
                judged = [self._judged(one, ask.placement, (was, is_now)) for one in (old, new)]
                reasons = reasons_of(was.offer_nos, is_now.offer_nos, *judged)
            found.append(PlacementReplay(ask.placement, was, is_now, reasons))
        return found

    def _by_eligibility(
        self, recorded: RecordedDecision, old: Allowed, new: Allowed
    ) -> list[PlacementReplay]:
        found = []
        for ask, slate in zip(recorded.context.placements, recorded.slates, strict=False):
            was = Showing(tuple(slate.offer_nos))
            judged = [self._judged(one, ask.placement, (was,)) for one in (old, new)]
            left = left_of(was.offer_nos, *judged)
            reasons = reasons_of(was.offer_nos, left.offer_nos, *judged)
            found.append(PlacementReplay(ask.placement, was, left, reasons))
        return found

    def _judged(self, one: Allowed, placement: str, shown: Sequence[Showing]) -> Judged:
        """Return what a bundle says of the offers on a placement; defaults are always proposed."""
        defaults = {no for page in shown for no in page.offer_nos if self._catalogue.is_default[no]}
        proposed = frozenset(one.numbers).union(defaults)
        return Judged(_removals(one.answer.removed, placement), proposed)


def _removals(removed: Removals, placement: str) -> dict[int, Removal]:
    rows = zip(removed.offer_nos, removed.rules, removed.codes, removed.placements, strict=True)
    return {no: Removal(rule, code) for no, rule, code, place in rows if place in ("", placement)}


def _person(snapshot: PersonSnapshot) -> str:
    """Return whether somebody is known, or was only seen."""
    if not snapshot.person_ids:
        return "nobody"
    return "customer" if set(snapshot.identity_kinds) - _VISITOR else "visitor"
