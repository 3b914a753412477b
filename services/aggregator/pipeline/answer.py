"""Writes the answer to a Recommend out of a decision."""

from __future__ import annotations

from services.aggregator.domain.slates import Choice
from services.aggregator.domain.texts import phrase
from services.aggregator.domain.vocabulary import Channel
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.shadow import as_removals
from services.aggregator.pipeline.telling import Telling, telling
from services.aggregator.pipeline.trace import (
    degraded,
    write_contributions,
    write_timings,
)
from services.aggregator.pipeline.wording import Wording
from touchpoint.aggregator.v1.aggregator_pb2 import Recommendation
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse

_KEYS = 9


def answer(question: Question, decision: Decision, wording: Wording) -> RecommendResponse:
    """Return the response, with the details where the caller asked for an explanation."""
    told = telling(question, decision, wording)
    response = RecommendResponse(
        decision_id=decision.decision_id,
        degraded=degraded(decision.degraded),
        notes=_notes(question, decision, told.moment.locale),
        arm=question.context.arm,
        variants=question.context.variants,
        quality=question.quality,
        repeated_decision=decision.stood,
    )
    for ask, slate in zip(question.asks, decision.slates, strict=True):
        placement = response.placements.add(placement=ask.placement.name)
        for choice in slate.chosen:
            if told.wording.knows(choice.offer_no):
                one = placement.recommendations.add()
                _recommend(one, choice, told, explain=question.context.explain)
    if told.moment.channel == Channel.IVR:
        _number(response)
    if question.context.explain:
        _explain(response, question, decision, told)
    return response


def _explain(
    response: RecommendResponse, question: Question, decision: Decision, told: Telling
) -> None:
    texts, moment = question.definitions.rule_texts, told.moment
    shadow = as_removals(decision.shadow, decision.candidates.offer_nos)
    for removed, removals in (
        (response.removed, decision.removed),
        (response.shadow_removed, shadow),
    ):
        removed.extend(told.wording.removed(removals, texts, moment.locale, is_sure=moment.is_sure))
    write_timings(decision.records, response.timings)
    response.sources_left_out.extend(question.left_out)
    response.bundle_hash = question.definitions.bundle_hash


def _number(response: RecommendResponse) -> None:
    """Give each recommendation its key on a telephone, in the order in which they are read out."""
    shown = (one for placement in response.placements for one in placement.recommendations)
    for key, one in zip(range(1, _KEYS + 1), shown, strict=False):
        one.menu_key = key


def _recommend(one: Recommendation, choice: Choice, told: Telling, *, explain: bool) -> None:
    """Fill in a recommendation at its place: to copy it there takes as long as to make it."""
    no, wording, moment = choice.offer_no, told.wording, told.moment
    one.offer_id = wording.offer_id(no)
    one.item_id = wording.item_id(no)
    one.kind = wording.kind(no)  # type: ignore[assignment]
    one.acceptance_probability = choice.acceptance_probability
    one.reasons.append(told.tell(choice))
    one.creative.CopyFrom(wording.creative(no, moment.channel, moment.own_language))
    if explain:
        one.score = choice.score
        one.selection_probability = choice.selection_probability
        write_contributions(choice, one.contributions)
        placing = wording.placing(choice, moment.locale)
        if placing is not None:
            one.placing.CopyFrom(placing)


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
