"""Tells what rules did with the candidates of a request, and in shadow would have done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from services.rules.domain.acts import Act
from services.rules.domain.person import Numbers
from services.rules.domain.verdict import Verdict
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.common.v1.decision_pb2 import RuleAct, ShadowRemovals
from touchpoint.rules.v1.rules_service_pb2 import CheckResponse


def write_acts(verdict: Verdict, to: CheckResponse) -> None:
    """Write how much each rule did, for Commit to count."""
    to.acts.extend(
        [
            RuleAct(
                rule=rule,
                shadow=act.shadow,
                failed=act.failed,
                candidates=act.candidates,
                placement_bits=act.placement_bits,
            )
            for rule, act in verdict.acts.items()
        ]
    )


def write_shadow(verdict: Verdict, size: int, places: Numbers | None, to: CheckResponse) -> None:
    """Write what rules in shadow would have removed of that which is kept.

    `places` says which of the `size` candidates were judged, None: all.
    """
    kept = verdict.bits != 0
    for removal in verdict.shadow:
        hits = removal.hits & kept
        if places is not None:
            judged, hits = hits, np.zeros(size, np.bool_)
            hits[places] = judged
        if not hits.any():
            continue
        to.shadow.append(
            ShadowRemovals(
                rule=removal.rule.name,
                level=removal.rule.level,  # type: ignore[arg-type]
                code=removal.rule.code,  # type: ignore[arg-type]
                placement=removal.placement,
                candidates=np.packbits(hits, bitorder="little").tobytes(),
            )
        )


def acts_of(told: Iterable[RuleAct]) -> dict[str, Act]:
    """Return what each rule did, as it was handed back."""
    return {
        each.rule: Act(each.shadow, each.candidates, each.placement_bits, each.failed)
        for each in told
    }


def note_acts(told: Iterable[RuleAct], places: Mapping[str, int], to: DecisionNotice) -> None:
    """Note beside a decision which rules acted on it, by their places in the bundle."""
    to.acts_noted = True
    for act in told:
        place = places.get(act.rule)
        if place is None:
            continue
        (to.shadow_rules if act.shadow else to.acted_rules).append(place)
        if act.shown_offer_nos:
            _mark(to.chosen, frozenset(act.shown_offer_nos), place)


def _mark(chosen: Iterable[ChosenNotice], offer_nos: frozenset[int], place: int) -> None:
    for notice in chosen:
        if notice.offer_no in offer_nos:
            notice.shadow_rules.append(place)
