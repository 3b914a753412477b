"""Check: which candidates may be shown where, what stands, and what is left of every limit."""

from __future__ import annotations

from collections.abc import Iterable

from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.facts import CheckFacts
from services.rules.domain.ledger import Ledger
from services.rules.domain.standing import StandingKey
from services.rules.judging import Case, Judge
from services.rules.terms_keeping import KeptTerms
from shared.arms import assign_variants
from shared.definitions import BundleFollower
from shared.logging import get_logger
from shared.snapshots import snapshot_of
from shared.trials import is_in_trial
from touchpoint.common.v1.decision_pb2 import DecisionContext, RuleAct
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.rules.v1 import rules_service_pb2 as pb

log = get_logger(__name__)


class Checker:
    """Answers Check: one read of the ledger, then columns."""

    def __init__(
        self,
        judge: Judge,
        bundles: BundleFollower[CompiledBundle],
        ledger: Ledger,
        terms: KeptTerms,
    ) -> None:
        self._judge = judge
        self._bundles = bundles
        self._ledger = ledger
        self._terms = terms
        self._warned: set[tuple[str, str]] = set()

    async def check(self, request: pb.CheckRequest) -> pb.CheckResponse:
        """Judge the candidates, and what a standing decision or a promise brings back."""
        case = await self._case(request)
        response = self._judge.answer(case, request.candidates)
        for offer_no, made_us in case.facts.presented_us.items():
            if (terms := self._terms.unlike_now(offer_no, made_us)) is not None:
                response.promised_terms.append(terms)
        self._warn_of_failures(case.compiled, response.acts)
        return response

    async def _case(self, request: pb.CheckRequest) -> Case:
        context = request.context
        compiled = self._bundles.of(context.bundle_hash)
        snapshot = snapshot_of(request.snapshot) if request.snapshot else None
        facts = await self._facts(compiled, context, snapshot)
        if snapshot is not None:
            return self._judge.case(compiled.treating(context.variants), context, snapshot, facts)
        return await self._case_by_pseudonym(context, compiled, facts)

    async def _case_by_pseudonym(
        self, context: DecisionContext, compiled: CompiledBundle, facts: CheckFacts
    ) -> Case:
        """Return the case of somebody whom only rules knows: so it finds trial and variants."""
        oldest_id = next(iter(facts.person_ids), "")
        if not context.HasField("trial"):
            return self._judge.case(_treating(compiled, context, oldest_id), context, None, facts)
        # Candidates are those of both bundles: nobody knew yet by which one it is decided.
        other = self._bundles.of(context.trial.bundle_hash)
        if is_in_trial(context.trial, oldest_id):
            compiled, other = other, compiled
            facts = await self._facts(compiled, context, None)
        strange = other.offer_ids - compiled.offer_ids
        treated = _treating(compiled, context, oldest_id)
        return self._judge.case(treated, context, None, facts, strange)

    async def _facts(
        self, compiled: CompiledBundle, context: DecisionContext, snapshot: PersonSnapshot | None
    ) -> CheckFacts:
        """Read once: by person, or by pseudonym where profile did not answer."""
        now_us = context.now_us
        policy = compiled.policy.contacts
        since_us = now_us - policy.longest_window_us
        if snapshot is None:
            keys = [each.key for each in context.identity_keys]
            declined_us = now_us - max(compiled.declined_for_us, policy.declines_matter_us)
            if not keys:
                return CheckFacts()
            return await self._ledger.facts_by_identity(keys, since_us, declined_us, now_us)
        if not snapshot.person_ids:
            return CheckFacts()
        key = StandingKey(context.context_digest, snapshot.standing_token, context.bundle_hash)
        return await self._ledger.check_facts(list(snapshot.person_ids), key, since_us, now_us)

    def _warn_of_failures(self, compiled: CompiledBundle, acts: Iterable[RuleAct]) -> None:
        """Log once per bundle and rule that it failed; what it failed for was removed."""
        bundle_hash = compiled.policy.bundle_hash
        for act in acts:
            if act.failed and (bundle_hash, act.rule) not in self._warned:
                self._warned.add((bundle_hash, act.rule))
                log.warning("rule_failed", rule=act.rule, bundle_hash=bundle_hash)


def _treating(
    compiled: CompiledBundle, context: DecisionContext, oldest_person_id: str
) -> CompiledBundle:
    """Return a bundle as it is for somebody whose variants the edge could not say."""
    return compiled.treating(assign_variants(compiled.plan.at(context.now_us), oldest_person_id))
