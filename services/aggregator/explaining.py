"""Reads the trace of a decision back, with ids and words for what it holds as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from services.aggregator.asking import Tried
from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.slates import Choice
from services.aggregator.peers import Peers
from services.aggregator.pipeline.columns import from_proto
from services.aggregator.pipeline.commit import from_notice
from services.aggregator.pipeline.shadow import as_removals
from services.aggregator.pipeline.wording import Moment, Wording
from shared.call import Call
from shared.client import invoke
from touchpoint.aggregator.v1.aggregator_pb2 import (
    DecisionTrace,
    PlacementRecommendations,
    Recommendation,
    UnconfirmedAnswer,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionResponse,
    ExplainedCandidate,
)
from touchpoint.common.v1.decision_pb2 import Recipient
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.rules.v1.rules_service_pb2 import (
    CommitPlacement,
    GetDecisionRequest,
    GetDecisionResponse,
)
from touchpoint.rules.v1.rules_service_pb2 import UnconfirmedAnswer as StoredAnswer

LONGEST_S = 1.0
SHOWN, REMOVED, NOT_CHOSEN = "SHOWN", "REMOVED", "NOT_CHOSEN"


class Explaining:
    """Asks rules, which keeps the traces."""

    def __init__(
        self,
        peers: Peers,
        wording: Wording,
        definitions: Callable[[], Definitions],
        tried: Callable[[], Tried | None],
    ) -> None:
        self._peers = peers
        self._wording = wording
        self._definitions = definitions
        self._tried = tried

    async def explain(self, call: Call, decision_id: str) -> ExplainDecisionResponse:
        """Return why a decision was made; raises NotFound when none of that id is kept."""
        request = GetDecisionRequest(decision_id=decision_id)
        kept = await invoke(self._peers.rules.GetDecision, request, call, LONGEST_S)
        trace = DecisionTrace.FromString(kept.trace)
        candidates = from_proto(trace.candidates)
        texts = self._rule_texts(trace.bundle_hash)
        shown = self._shown(trace, kept.placements, candidates)
        response = ExplainDecisionResponse(
            trace=trace,
            removed=self._wording.removed(trace.removed, texts, trace.locale),
            candidates=self._candidates(trace, candidates, kept),
            shadow_removed=self._wording.removed(
                as_removals(trace.shadow, candidates.offer_nos), texts, trace.locale
            ),
        )
        response.trace.decision_id = decision_id
        del response.trace.placements[:]
        response.trace.placements.extend(shown)
        response.committed = kept.committed
        if kept.HasField("unconfirmed"):
            response.unconfirmed.CopyFrom(self._unconfirmed(kept.unconfirmed))
        return response

    def _unconfirmed(self, answer: StoredAnswer) -> UnconfirmedAnswer:
        """Write what went out without rules, beside what else is known of the decision."""
        trace = DecisionTrace.FromString(answer.trace)
        return UnconfirmedAnswer(
            answered_time=answer.answered_time,
            placements=self._shown(trace, answer.placements, from_proto(trace.candidates)),
            degraded=trace.degraded,
            timings=trace.timings,
            quality=trace.quality,
        )

    def _rule_texts(self, bundle_hash: str) -> Mapping[str, Mapping[str, str]]:
        """Return the sentences of what it was decided by; if that is gone, of what is in force."""
        tried = self._tried()
        if tried is not None and tried.trial.bundle_hash == bundle_hash:
            return tried.definitions.rule_texts
        return self._definitions().rule_texts

    def _shown(
        self, trace: DecisionTrace, shown: Iterable[CommitPlacement], candidates: Candidates
    ) -> list[PlacementRecommendations]:
        """Write what was shown in the end, with what the trace holds of it.

        What a race put in the place of another has no words in the trace: it gets the plainest.
        """
        told = {
            (placement.placement, one.offer_id): one
            for placement in trace.placements
            for one in placement.recommendations
        }
        moment = Moment(
            trace.decided_time.ToMicroseconds(),
            trace.locale,
            trace.channel,
            PersonSnapshot(),
            Recipient(),
        )
        written = []
        for placement in shown:
            told_again = PlacementRecommendations(placement=placement.placement)
            for notice in placement.chosen:
                choice = from_notice(notice)
                found = self._recommendation(choice)
                known = told.get((placement.placement, found.offer_id), Recommendation())
                found.contributions.extend(known.contributions)
                found.reasons.extend(known.reasons)
                if known.HasField("placing"):
                    found.placing.CopyFrom(known.placing)
                if not found.reasons:
                    found.reasons.append(self._wording.reason(choice, candidates, moment))
                told_again.recommendations.append(found)
            written.append(told_again)
        return written

    def _recommendation(self, choice: Choice) -> Recommendation:
        no = choice.offer_no
        return Recommendation(
            offer_id=self._wording.offer_id(no),
            item_id=self._wording.item_id(no),
            kind=self._wording.kind(no),  # type: ignore[arg-type]
            acceptance_probability=choice.acceptance_probability,
            score=choice.score,
            selection_probability=choice.selection_probability,
        )

    def _candidates(
        self, trace: DecisionTrace, candidates: Candidates, kept: GetDecisionResponse
    ) -> Iterable[ExplainedCandidate]:
        outcomes = _outcomes(trace, kept)
        rows = zip(candidates.offer_nos, candidates.sources, candidates.scores, strict=True)
        return (
            ExplainedCandidate(
                offer_id=self._wording.offer_id(no),
                title=self._wording.title(no),
                source=source,  # type: ignore[arg-type]
                source_score=score,
                outcome=outcomes.get(no, NOT_CHOSEN),
            )
            for no, source, score in rows
        )


def _outcomes(trace: DecisionTrace, kept: GetDecisionResponse) -> Mapping[int, str]:
    removed = dict.fromkeys(trace.removed.offer_nos, REMOVED)
    shown = {notice.offer_no: SHOWN for place in kept.placements for notice in place.chosen}
    return removed | shown
