"""The trace of a decision, in columns: small enough to be kept with every one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.aggregator.domain.slates import Choice
from services.aggregator.domain.steps import Outcome, StepRecord
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.moments import moment_of
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.telling import telling
from services.aggregator.pipeline.wording import Wording
from touchpoint.aggregator.v1.aggregator_pb2 import (
    Contribution,
    DecisionTrace,
    Degraded,
    PlacementRecommendations,
    Recommendation,
    SourceLeftOut,
    Timing,
)
from touchpoint.retrieval.v1.retrieval_service_pb2 import SourceReport

SCHEMA = 1


def trace(
    question: Question,
    decision: Decision,
    person_ids: Sequence[str],
    wording: Wording,
) -> DecisionTrace:
    """Return what explains a decision up to its commit.

    What is shown in the end is kept beside it by rules; here stand the reasons as they are told to
    the person, and the parts of the scores where the ranker was asked for them.
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
        locale=context.locale,
        placements=_told(question, decision, wording),
        shadow=decision.shadow,
        variants=context.variants,
        quality=question.quality,
        sources_left_out=question.left_out,
    )
    found.decided_time.FromMicroseconds(context.now_us)
    return found


def _told(
    question: Question, decision: Decision, wording: Wording
) -> list[PlacementRecommendations]:
    moment, explain = moment_of(question, decision), question.context.explain
    wording = wording.in_language(moment.locale)
    tell = telling(question, decision, wording)
    return [
        PlacementRecommendations(
            placement=ask.placement.name,
            recommendations=[
                Recommendation(
                    offer_id=wording.offer_id(choice.offer_no),
                    reasons=[tell(choice)],
                    contributions=contributions(choice) if explain else (),
                    placing=wording.placing(choice, moment.locale),
                )
                for choice in slate.chosen
                if wording.knows(choice.offer_no)
            ],
        )
        for ask, slate in zip(question.asks, decision.slates, strict=True)
    ]


def contributions(choice: Choice) -> list[Contribution]:
    """Write what made a score."""
    return [Contribution(name=part.name, value=part.value, text=part.text) for part in choice.parts]


def degraded(found: Mapping[str, Outcome]) -> list[Degraded]:
    """Write which services did not answer."""
    return [Degraded(service=service, reason=reason.value) for service, reason in found.items()]


def left_out(sources: Iterable[SourceReport]) -> list[SourceLeftOut]:
    """Write which sources of candidates proposed nothing because they did not answer."""
    return [
        SourceLeftOut(source=one.source, plugin=one.plugin, reason=one.failure)
        for one in sources
        if one.failure
    ]


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
