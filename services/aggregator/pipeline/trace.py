"""The trace of a decision, in columns: small enough to be kept with every one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.aggregator.domain.slates import Choice, PlacementSlate
from services.aggregator.domain.steps import Outcome, StepRecord
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from touchpoint.aggregator.v1.aggregator_pb2 import (
    Contribution,
    DecisionTrace,
    Degraded,
    PlacementRecommendations,
    Recommendation,
    Timing,
)

SCHEMA = 1


def trace(
    question: Question,
    decision: Decision,
    person_ids: Sequence[str],
    offer_ids: Sequence[str],
) -> DecisionTrace:
    """Return what explains a decision up to its commit.

    What is shown in the end is kept beside it by rules; here stand only the parts of the scores,
    where the ranker was asked for them. `offer_ids` are those of the catalogue, by number.
    """
    context = question.context
    found = DecisionTrace(
        schema=SCHEMA,
        decision_id=decision.decision_id,
        person_ids=person_ids,
        channel=context.channel,
        arm=context.arm,
        candidates=decision.proposed.message,
        removed=decision.removed,
        degraded=degraded(decision.degraded),
        timings=timings(decision.records),
        bundle_hash=question.definitions.bundle_hash,
        model=decision.versions.model,
        catalogue_version=decision.versions.catalogue_version,
        seq=decision.person.facts.seq,
    )
    found.decided_time.FromMicroseconds(context.now_us)
    if context.explain:
        found.placements.extend(_parts(question, decision.slates, offer_ids))
    return found


def _parts(
    question: Question, slates: Sequence[PlacementSlate], offer_ids: Sequence[str]
) -> list[PlacementRecommendations]:
    return [
        PlacementRecommendations(
            placement=ask.placement.name,
            recommendations=[
                Recommendation(
                    offer_id=offer_ids[choice.offer_no],
                    contributions=contributions(choice),
                )
                for choice in slate.chosen
            ],
        )
        for ask, slate in zip(question.asks, slates, strict=True)
    ]


def contributions(choice: Choice) -> list[Contribution]:
    """Write what made a score."""
    return [Contribution(name=part.name, value=part.value, text=part.text) for part in choice.parts]


def degraded(found: Mapping[str, Outcome]) -> list[Degraded]:
    """Write which services did not answer."""
    return [Degraded(service=service, reason=reason.value) for service, reason in found.items()]


def timings(records: Sequence[StepRecord]) -> list[Timing]:
    """Write how the time was used."""
    return [
        Timing(
            service=record.step.value,
            budget_ms=round(record.budget_s * 1e3, 3),
            spent_ms=round(record.spent_s * 1e3, 3),
            outcome=record.outcome.value,
        )
        for record in records
    ]
