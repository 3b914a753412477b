"""Answers why something was, or was not, in a decision: in a sentence and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from cli.showing.words import several
from touchpoint.aggregator.v1.aggregator_pb2 import Recommendation, Removed
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionResponse,
    ExplainedCandidate,
)
from touchpoint.common.v1.vocabulary_pb2 import Arm, RemovalCode, Source

_PROPOSING = ("profile", "scenario", "retrieval")
"""Services without which less is proposed."""


def why(answer: ExplainDecisionResponse, offer_id: str) -> str:
    """Say in a sentence why an offer was or was not shown."""
    for name, place, offer in _shown(answer, offer_id):
        reasons = "; ".join(reason.text for reason in offer.reasons)
        said = f"{offer_id} was shown, number {place} on {name}: {reasons}"
        if offer.placing.text:
            said = f"{said} ({offer.placing.text.rstrip('.')})"
        shadow = _shadow(answer, offer_id)
        return f"{said}.{shadow}" if shadow else said
    for removed in answer.removed:
        if removed.offer_id == offer_id:
            return _removed(removed)
    for candidate in answer.candidates:
        if candidate.offer_id == offer_id:
            return _outranked(candidate, answer) + _shadow(answer, offer_id)
    return f"{offer_id} was not proposed: {_why_not_proposed(answer)}"


def why_data(answer: ExplainDecisionResponse, offer_id: str) -> dict[str, Any]:
    """Return the same as data: what became of an offer, and every part of the trace about it."""
    shown = [
        {"placement": name, "position": place, **_as_json(offer)}
        for name, place, offer in _shown(answer, offer_id)
    ]
    removed, shadow, candidates = (
        [_as_json(each) for each in part if each.offer_id == offer_id]
        for part in (answer.removed, answer.shadow_removed, answer.candidates)
    )
    found = {
        "shown": shown,
        "removed": removed,
        "shadowRemoved": shadow,
        "candidates": candidates,
    }
    outcomes = [("SHOWN", shown), ("REMOVED", removed), ("NOT_CHOSEN", candidates)]
    return {
        "offerId": offer_id,
        "outcome": next((code for code, part in outcomes if part), "NOT_PROPOSED"),
        "why": why(answer, offer_id),
        **{name: part for name, part in found.items() if part},
    }


def _as_json(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(message)
    return found


def _shown(
    answer: ExplainDecisionResponse, offer_id: str
) -> Iterator[tuple[str, int, Recommendation]]:
    for placement in answer.trace.placements:
        for place, offer in enumerate(placement.recommendations, 1):
            if offer_id in (offer.offer_id, offer.item_id):
                yield placement.placement, place, offer


def _removed(removed: Removed) -> str:
    code = RemovalCode.Value.Name(removed.code)
    by = " ".join(word for word in (removed.service, removed.rule) if word)
    where = f" from {removed.placement}" if removed.placement else ""
    said = f"{removed.offer_id} was removed{where} by {by} ({code}): {removed.text}"
    if not removed.HasField("free_at"):
        return said
    return f"{said} It may be shown again from {removed.free_at.ToDatetime():%Y-%m-%d %H:%M} UTC."


def _outranked(candidate: ExplainedCandidate, answer: ExplainDecisionResponse) -> str:
    source, strength = Source.Value.Name(candidate.source), candidate.source_score
    proposed = f"{candidate.offer_id} was proposed ({source}, strength {strength:.2f})"
    if unchecked := _missed(answer, "rules.Check"):
        return f"{proposed} and not shown: {unchecked}, and nothing unchecked is."
    if unconfirmed := _missed(answer, "rules.Commit"):
        return (
            f"{proposed} and not shown: it ranked lower, or counts as a contact or promises "
            f"something and {unconfirmed}."
        )
    chosen = sum(len(placement.recommendations) for placement in answer.trace.placements)
    return f"{proposed} and might have been shown; {several(chosen, 'other')} ranked higher."


def _missed(answer: ExplainDecisionResponse, step: str) -> str:
    """Tell of a step that rules did not answer; nothing where it did, or had no need to."""
    if answer.committed:
        return ""
    ends = (each.outcome for each in answer.trace.timings if each.service == step)
    outcome = next(ends, "OK")
    verb = {"rules.Check": "check", "rules.Commit": "confirm"}[step]
    if outcome in ("OK", "SKIPPED"):
        return ""
    return f"rules did not {verb} it in time ({outcome})"


def _why_not_proposed(answer: ExplainDecisionResponse) -> str:
    """Tell the plainest cause: how they are treated, who was silent, what was not asked."""
    trace = answer.trace
    if trace.arm in (Arm.HOLDOUT, Arm.STATIC):
        return (
            f"the person is in the arm {Arm.Value.Name(trace.arm).lower()}, "
            "to which nothing personal is proposed."
        )
    silent = [each for each in trace.degraded if each.service in _PROPOSING]
    if silent:
        told = ", ".join(f"{each.service} ({each.reason})" for each in silent)
        return f"the decision was made without {told}."
    if trace.sources_left_out:
        left = trace.sources_left_out
        told = ", ".join(f"{each.plugin or each.source} ({each.reason})" for each in left)
        return f"no source knew a reason to, and these were not heard: {told}."
    return "no source knew a reason to offer it to this person, or the catalogue does not have it."


def _shadow(answer: ExplainDecisionResponse, offer_id: str) -> str:
    """Say which rules in shadow would have removed an offer; nothing where none would."""
    rules = [each.rule for each in answer.shadow_removed if each.offer_id == offer_id]
    if not rules:
        return ""
    return f" It would have been removed by {', '.join(dict.fromkeys(rules))} (shadow)."
