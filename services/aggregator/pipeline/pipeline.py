"""Makes a decision: every step within its share, every missing answer by its fallback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.aggregator.domain.digest import with_variants
from services.aggregator.domain.quality import Qualities
from services.aggregator.domain.slates import PlacementSlate, unreserved
from services.aggregator.domain.steps import Step
from services.aggregator.peers import Peers
from services.aggregator.pipeline import commit, ranking
from services.aggregator.pipeline.allowing import allowed_by, with_words
from services.aggregator.pipeline.assortment import Assortment
from services.aggregator.pipeline.columns import Packed, copy_columns
from services.aggregator.pipeline.decision import Decision, Person
from services.aggregator.pipeline.proposing import Proposing
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.recording import Recorder
from services.aggregator.pipeline.sharing_out import arm_plan, take_part, trial_plan
from services.aggregator.pipeline.stepping import Stepper
from services.aggregator.pipeline.trace import trace
from services.aggregator.pipeline.unconfirmed import Unconfirmed
from services.aggregator.pipeline.wording import Wording
from services.aggregator.popular import PopularLists
from shared.arms import assign_arm
from shared.catalogue import Catalogue
from shared.slate import Refilling
from touchpoint.common.v1.decision_pb2 import Removals, StepVersions
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest
from touchpoint.rules.v1.rules_service_pb2 import CheckRequest, CheckResponse


class Pipeline:
    """Decides; it holds nothing of one decision."""

    def __init__(
        self,
        peers: Peers,
        catalogue: Catalogue,
        popular: PopularLists,
        recorder: Recorder,
        qualities: Qualities,
        unconfirmed: Unconfirmed,
    ) -> None:
        self._peers = peers
        self._catalogue = catalogue
        self._assortment = Assortment(catalogue)
        self._proposing = Proposing(peers, self._assortment, popular, qualities)
        self._wording = Wording(catalogue)
        self._recorder = recorder
        self._qualities = qualities
        self._unconfirmed = unconfirmed

    async def decide(self, question: Question) -> Decision:
        """Return a decision within the budget; a peer's failure is never raised."""
        steps = Stepper(question.call, question.budget)
        decision = await self._decided(question, steps)
        self._qualities.note(steps.given_s, steps.records, question.budget.monotonic())
        return decision

    async def _decided(self, question: Question, steps: Stepper) -> Decision:
        person = await self._person(question, steps)
        proposal, packed = await self._proposing.proposal(question, person, steps)
        check = CheckRequest(context=question.context, snapshot=person.snapshot)
        copy_columns(packed.message, check.candidates)
        verdict = await steps.ask(Step.CHECK, self._peers.rules.Check, check)
        if verdict is None:
            closed = self._closed(question, person, packed, steps)
            if not question.context.preview:
                self._unconfirmed.keep(question, closed, person.person_ids)
            return closed
        self._note_verdict(question, verdict)
        whole = packed.and_then(verdict.added)
        sayable = with_words(verdict, whole.columns, self._wording.knows)
        allowed = allowed_by(sayable, question, whole, proposal)
        decision = await self._ranked(question, person, whole, allowed, verdict, steps)
        if question.context.preview:
            steps.skip(Step.COMMIT)
            return decision
        recorded = self._recorder.recorded(question, decision, proposal, packed.message)
        return await self._commit(question, decision, verdict, recorded, steps)

    async def _person(self, question: Question, steps: Stepper) -> Person:
        context, named = question.context, question.named
        request = GetSnapshotRequest(
            identities=named.identities,
            identity_keys=named.keys,
            confirmed_person_id=named.confirmed_person_id,
            person_id=named.person_id,
            arm_plan=arm_plan(question.definitions),
            keep_unknown=not (context.preview or named.person_id),
            session_id=context.session_id,
            bundle_hash=context.bundle_hash,
            trial_plan=trial_plan(question),
        )
        answer = await steps.ask(Step.PROFILE, self._peers.profile.GetSnapshot, request)
        person = Person(answer)
        if person.in_trial:
            question.by_trial()
        elif answer is None and question.on_trial is not None:
            context.trial.CopyFrom(question.on_trial.trial)
        context.arm = person.arm
        context.locale = context.locale or person.facts.locale
        take_part(question, person.person_ids)
        context.context_digest = with_variants(context.context_digest, context.variants)
        return person

    def _closed(
        self, question: Question, person: Person, proposed: Packed, steps: Stepper
    ) -> Decision:
        """Answer with default offers alone: nothing unchecked is ever shown."""
        steps.skip(Step.RANK, Step.COMMIT)
        nothing = [PlacementSlate() for _ in question.asks]
        return Decision(
            question.context.decision_id,
            self._filled(question, nothing),
            person,
            proposed,
            Removals(),
            steps.records,
            steps.degraded(),
        )

    async def _ranked(
        self,
        question: Question,
        person: Person,
        whole: Packed,
        allowed: ranking.Allowed,
        verdict: CheckResponse,
        steps: Stepper,
    ) -> Decision:
        slates, versions = await self._rank(question, person, allowed, steps)
        return Decision(
            question.context.decision_id,
            self._filled(question, slates),
            person,
            whole,
            verdict.removed,
            steps.records,
            steps.degraded(),
            versions,
            verdict.acts,
            verdict.shadow,
            bool(verdict.standing_decision_id),
            verdict.promised_terms,
        )

    def _note_verdict(self, question: Question, verdict: CheckResponse) -> None:
        """Take over a standing decision's id, and what holds for a person whom only rules knew."""
        context, on_trial = question.context, question.on_trial
        if context.HasField("trial"):
            context.ClearField("trial")
            if on_trial and verdict.versions.bundle_hash == on_trial.trial.bundle_hash:
                question.by_trial()
        if verdict.standing_decision_id:
            context.decision_id = verdict.standing_decision_id
        if context.arm == Arm.UNSPECIFIED and verdict.person_ids:
            context.arm = assign_arm(arm_plan(question.definitions), verdict.person_ids[0])
            take_part(question, verdict.person_ids)

    async def _rank(
        self, question: Question, person: Person, allowed: ranking.Allowed, steps: Stepper
    ) -> tuple[list[PlacementSlate], StepVersions]:
        context = question.context
        if context.arm == Arm.STATIC:
            steps.skip(Step.RANK)
            defaults = [
                self._assortment.defaults(ask, question.exclude_ids, question.fence)
                for ask in question.asks
            ]
            slates = ranking.only_defaults(allowed, defaults, context, self._catalogue)
            return slates, StepVersions()
        request = RankRequest(
            context=context,
            snapshot=person.snapshot,
            placement_bits=allowed.placement_bits,
            levers=allowed.levers,
            constraints=allowed.constraints,
            standing=allowed.standing,
        )
        copy_columns(allowed.packed.message, request.candidates)
        ranked = await steps.ask(Step.RANK, self._peers.ranker.Rank, request)
        if ranked is None:
            exchange = question.definitions.exchange
            slates = ranking.by_order(allowed, context, self._catalogue, exchange)
            return slates, StepVersions()
        if ranked.versions.model_stale:
            steps.note_stale(Step.RANK)
        return ranking.as_ranked(ranked.placements, allowed.candidates), ranked.versions

    async def _commit(
        self,
        question: Question,
        decision: Decision,
        verdict: CheckResponse,
        recorded: bytes,
        steps: Stepper,
    ) -> Decision:
        person_ids = decision.person.person_ids or verdict.person_ids
        explained = trace(question, decision, person_ids, self._wording)
        request = commit.request(question, decision, person_ids, explained, recorded)
        committed = await steps.ask(Step.COMMIT, self._peers.rules.Commit, request)
        if committed is None:
            asked = question.context.placements
            refilling = Refilling(self._catalogue, verdict.constraints, asked)
            kind_of = self._assortment.kind
            slates = unreserved(decision.slates, question.asks, kind_of, refilling.refill)
            removed = decision.removed
        else:
            slates = commit.as_committed(committed.placements, decision.slates)
            removed = commit.removed_in_all(decision.removed, committed.refused)
        final = replace(
            decision,
            slates=self._filled(question, slates),
            removed=removed,
            degraded=steps.degraded(),
        )
        if committed is None:
            self._unconfirmed.keep(question, final, person_ids)
        return final

    def _filled(self, question: Question, slates: Sequence[PlacementSlate]) -> list[PlacementSlate]:
        return self._assortment.filled(slates, question.asks, question.exclude_ids, question.fence)
