"""Writes the answer to a Recommend out of a decision."""

from __future__ import annotations

from services.aggregator.domain.slates import Choice
from services.aggregator.domain.texts import phrase
from services.aggregator.domain.vocabulary import Channel
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.moments import moment_of
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.shadow import as_removals
from services.aggregator.pipeline.telling import Tell, telling
from services.aggregator.pipeline.trace import contributions, degraded, timings
from services.aggregator.pipeline.wording import Moment, Wording
from touchpoint.aggregator.v1.aggregator_pb2 import (
    PlacementRecommendations,
    Recommendation,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse

_KEYS = 9


def answer(question: Question, decision: Decision, wording: Wording) -> RecommendResponse:
    """Return the response, with the details where the caller asked for an explanation."""
    moment = moment_of(question, decision)
    wording = wording.in_language(moment.locale).on_terms(decision.promised)
    explain, tell = question.context.explain, telling(question, decision, wording)
    response = RecommendResponse(
        decision_id=decision.decision_id,
        placements=[
            PlacementRecommendations(
                placement=ask.placement.name,
                recommendations=[
                    _recommendation(choice, moment, wording, tell, explain)
                    for choice in slate.chosen
                    if wording.knows(choice.offer_no)
                ],
            )
            for ask, slate in zip(question.asks, decision.slates, strict=True)
        ],
        degraded=degraded(decision.degraded),
        notes=_notes(question, decision, moment.locale),
        arm=question.context.arm,
        variants=question.context.variants,
        quality=question.quality,
        repeated_decision=decision.stood,
    )
    if moment.channel == Channel.IVR:
        _number(response)
    if explain:
        texts = question.definitions.rule_texts
        shadow = as_removals(decision.shadow, decision.candidates.offer_nos)
        for told, removals in (
            (response.removed, decision.removed),
            (response.shadow_removed, shadow),
        ):
            told.extend(wording.removed(removals, texts, moment.locale, is_sure=moment.is_sure))
        response.timings.extend(timings(decision.records))
        response.sources_left_out.extend(question.left_out)
        response.bundle_hash = question.definitions.bundle_hash
    return response


def _number(response: RecommendResponse) -> None:
    """Give each recommendation its key on a telephone, in the order in which they are read out."""
    shown = (one for placement in response.placements for one in placement.recommendations)
    for key, one in zip(range(1, _KEYS + 1), shown, strict=False):
        one.menu_key = key


def _recommendation(
    choice: Choice, moment: Moment, wording: Wording, tell: Tell, explain: bool
) -> Recommendation:
    no = choice.offer_no
    recommendation = Recommendation(
        offer_id=wording.offer_id(no),
        item_id=wording.item_id(no),
        kind=wording.kind(no),  # type: ignore[arg-type]
        acceptance_probability=choice.acceptance_probability,
        reasons=[tell(choice)],
        creative=wording.creative(no, moment.channel),
    )
    if explain:
        recommendation.score = choice.score
        recommendation.selection_probability = choice.selection_probability
        recommendation.contributions.extend(contributions(choice))
        placing = wording.placing(choice, moment.locale)
        if placing is not None:
            recommendation.placing.CopyFrom(placing)
    return recommendation


def _notes(question: Question, decision: Decision, locale: str) -> list[str]:
    """Say which identities were left aside, by their place in the caller's request."""
    who = decision.person.answer
    if who is None:
        return []
    noted = [("note.ignored", at) for at in who.ignored_identities]
    if who.ambiguous:
        noted.insert(0, ("note.ambiguous", who.used_identity))
    named = question.named
    return [
        phrase(key, locale, index=named.places[at], kind=named.identities[at].kind)
        for key, at in noted
        if at < len(named.identities)
    ]
