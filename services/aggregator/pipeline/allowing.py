"""What of the candidates may be shown, as rules said it."""

from __future__ import annotations

from collections.abc import Callable

from services.aggregator.domain.candidates import Candidates, Proposal
from services.aggregator.pipeline.columns import Packed
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.ranking import Allowed
from touchpoint.rules.v1.rules_service_pb2 import CheckResponse


def with_words(
    verdict: CheckResponse, whole: Candidates, knows: Callable[[int], bool]
) -> CheckResponse:
    """Return a verdict that keeps nothing of what it added and this catalogue does not know yet.

    It would fill a place on the page and could not be shown there.
    """
    if not verdict.added.offer_nos:
        return verdict
    known = [at for at, no in enumerate(verdict.kept) if knows(whole.offer_nos[no])]
    if len(known) == len(verdict.kept):
        return verdict
    # A copy: where services share a process the message is the other one's too.
    found = CheckResponse()
    found.CopyFrom(verdict)
    found.kept[:] = [verdict.kept[at] for at in known]
    found.placement_bits[:] = [verdict.placement_bits[at] for at in known]
    if verdict.levers:
        found.levers[:] = [verdict.levers[at] for at in known]
    return found


def allowed_by(
    verdict: CheckResponse, question: Question, whole: Packed, proposal: Proposal
) -> Allowed:
    """Return what was kept, with what journeys ask for beside it."""
    packed = whole.to_rank(verdict.kept)
    kept = packed.columns
    names = [ask.placement.name for ask in question.asks]
    return Allowed(
        packed,
        proposal.bits_of(kept.offer_nos, verdict.placement_bits, names),
        proposal.levers_of(kept.offer_nos, verdict.levers),
        verdict.constraints,
        verdict.standing,
    )
