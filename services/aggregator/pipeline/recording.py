"""What a decision was decided by, for rules to keep: what Check was given and goes by."""

from __future__ import annotations

from services.aggregator.domain.candidates import Proposal
from services.aggregator.domain.sampling import Sampler
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from touchpoint.common.v1.decision_pb2 import Candidates, Recipient
from touchpoint.rules.v1.recording_pb2 import RecordedDecision, RecordedProposal

SCHEMA = 1


class Recorder:
    """Records a sample of the decisions of every arm; previews never come to it."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def recorded(
        self, question: Question, decision: Decision, proposal: Proposal, proposed: Candidates
    ) -> bytes:
        """Return a serialised RecordedDecision without slates; empty: it is not recorded.

        What stood already was recorded, or not, when it was made.
        """
        if decision.stood:
            return b""
        weight = self._sampler.weight(question.context.now_us)
        if not weight:
            return b""
        found = RecordedDecision(
            schema=SCHEMA,
            context=question.context,
            snapshot=decision.person.snapshot,
            candidates=proposed,
            weight=weight,
            model=decision.versions.model,
            proposals=_asked_for(proposal),
        )
        _leave_out(found)
        return found.SerializeToString()


def _leave_out(found: RecordedDecision) -> None:
    """Drop what nothing is decided by any more: who asked, what they typed, words for offers."""
    context, candidates = found.context, found.candidates
    context.ClearField("query")
    if context.HasField("recipient"):
        context.recipient.CopyFrom(Recipient())
    for pseudonym in context.identity_keys:
        pseudonym.ClearField("key")
    candidates.ClearField("evidence_nos")
    candidates.ClearField("evidence_texts")


def _asked_for(proposal: Proposal) -> list[RecordedProposal]:
    """Write the offers for which a lever, or only some placements, were asked for."""
    return [
        RecordedProposal(
            offer_no=offer_no,
            placements=sorted(proposal.placements.get(offer_no, ())),
            lever=proposal.levers.get(offer_no, 0.0),
        )
        for offer_no in sorted({*proposal.levers, *proposal.placements})
    ]
