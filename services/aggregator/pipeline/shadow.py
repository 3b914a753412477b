"""What rules in shadow would have removed: told to rules, and to whoever asks why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from services.aggregator.pipeline.decision import Decision
from touchpoint.common.v1.decision_pb2 import Removals, RuleAct, ShadowRemovals
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode, RuleLevel


def acts_on(decision: Decision) -> Iterable[RuleAct]:
    """Return what each rule did; of those in shadow also what they would remove of the page."""
    if not decision.shadow:
        return decision.acts
    page = {choice.offer_no for slate in decision.slates for choice in slate.chosen}
    page.update(choice.offer_no for slate in decision.slates for choice in slate.following)
    hit: dict[str, set[int]] = {}
    for removal in decision.shadow:
        hit.setdefault(removal.rule, set()).update(_hits(removal, decision.candidates.offer_nos))
    for act in decision.acts:
        if act.shadow:
            act.shown_offer_nos.extend(sorted(page & hit.get(act.rule, set())))
    return decision.acts


def as_removals(shadow: Iterable[ShadowRemovals], offer_nos: Sequence[int]) -> Removals:
    """Return removals that did not happen as those that did are told; `offer_nos` of candidates."""
    told = Removals()
    for removal in shadow:
        for offer_no in _hits(removal, offer_nos):
            told.offer_nos.append(offer_no)
            told.codes.append(RemovalCode.Value.ValueType(removal.code))
            told.rules.append(removal.rule)
            told.levels.append(RuleLevel.Value.ValueType(removal.level))
            told.placements.append(removal.placement)
    return told


def _hits(removal: ShadowRemovals, offer_nos: Sequence[int]) -> Iterator[int]:
    bits = int.from_bytes(removal.candidates, "little")
    return (offer_no for place, offer_no in enumerate(offer_nos) if bits >> place & 1)
