"""The trace of a decision, in columns: small enough to be kept with every one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from services.aggregator.domain.slates import Choice
from services.aggregator.domain.steps import Outcome, StepRecord
from services.aggregator.pipeline.columns import copy_columns
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.telling import Telling, telling
from services.aggregator.pipeline.wording import Wording
from touchpoint.aggregator.v1.aggregator_pb2 import (
    Contribution,
    DecisionTrace,
    Degraded,
    SourceLeftOut,
    Timing,
)
from touchpoint.retrieval.v1.retrieval_service_pb2 import SourceReport

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

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
        removed=decision.removed,
        degraded=degraded(decision.degraded),
        bundle_hash=question.definitions.bundle_hash,
        model=decision.versions.model,
        catalogue_version=decision.versions.catalogue_version,
        seq=decision.person.facts.seq,
        locale=context.locale,
        shadow=decision.shadow,
        variants=context.variants,
        quality=question.quality,
        sources_left_out=question.left_out,
    )
    copy_columns(decision.proposed.message, found.candidates)
    write_timings(decision.records, found.timings)
    _tell(found, question, decision, telling(question, decision, wording))
    found.decided_time.FromMicroseconds(context.now_us)
    return found


def _tell(found: DecisionTrace, question: Question, decision: Decision, telling: Telling) -> None:
    wording, locale = telling.wording, telling.moment.locale
    for ask, slate in zip(question.asks, decision.slates, strict=True):
        placement = found.placements.add(placement=ask.placement.name)
        for choice in slate.chosen:
            if not wording.knows(choice.offer_no):
                continue
            told = placement.recommendations.add(offer_id=wording.offer_id(choice.offer_no))
            told.reasons.append(telling.tell(choice))
            if question.context.explain:
                write_contributions(choice, told.contributions)
            placing = wording.placing(choice, locale)
            if placing is not None:
                told.placing.CopyFrom(placing)


def write_contributions(choice: Choice, to: RepeatedCompositeFieldContainer[Contribution]) -> None:
    """Write what made a score."""
    for part in choice.parts:
        to.add(name=part.name, value=part.value, text=part.text)


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


def write_timings(
    records: Iterable[StepRecord], to: RepeatedCompositeFieldContainer[Timing]
) -> None:
    """Write how the time was used."""
    for record in records:
        to.add(
            service=record.step.value,
            budget_ms=round(record.budget_s * 1e3, 3),
            spent_ms=round(record.spent_s * 1e3, 3),
            outcome=record.outcome.value,
        )
