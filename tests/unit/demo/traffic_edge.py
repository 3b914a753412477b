"""An edge of a few lines: it shows some of the shop, and learns from answers only if told to."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

from demo.traffic.wares import Ware
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionResponse,
    RecommendResponse,
    TrackResponse,
)
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Arm, OfferKind

SLOTS = 4
CANDIDATES = 40
TRAINED_AFTER = 400
"""Things shown before it makes use of what it learned."""


class FakeEdge:
    """Chooses at random among random candidates, or by how often each kind of thing was taken.

    What it learns goes by the top category somebody looked at last and that of the offer.
    """

    def __init__(self, wares: Sequence[Ware], *, learns: bool, refuses: str = "") -> None:
        self._wares = {ware.offer_id: ware for ware in wares}
        self._shelf = sorted(wares, key=lambda ware: ware.offer_id)
        self._rng = random.Random(5)
        self._learns = learns
        self._refuses = refuses
        self._looked_at: dict[str, str] = {}
        self._candidates: dict[str, list[Ware]] = {}
        self._shown: Counter[tuple[str, str]] = Counter()
        self._taken: Counter[tuple[str, str]] = Counter()
        self.events: list[Event] = []
        self.in_flight = 0
        self.most_in_flight = 0

    async def recommend(self, who: str, *, placement: str, **_) -> RecommendResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        answer = RecommendResponse(decision_id=f"d-{len(self._candidates)}")
        candidates = self._rng.sample(self._shelf, CANDIDATES)
        self._candidates[answer.decision_id] = candidates
        shown = answer.placements.add(placement=placement)
        ordered = sorted(candidates, key=lambda ware: self._score(who, ware), reverse=True)
        for ware in (ordered if self._knows else candidates)[:SLOTS]:
            kind = OfferKind.Value.Value(ware.kind)
            shown.recommendations.add(offer_id=ware.offer_id, kind=kind)
        return answer

    async def track(self, *events: Event) -> TrackResponse:
        self.events += events
        answer = TrackResponse(accepted=len(events))
        for index, event in enumerate(events):
            if event.type == self._refuses:
                answer.rejected.add(index=index, code="INVALID", message="value.amount: too much")
            self._notice(event)
        return answer

    async def explain(self, decision_id: str) -> ExplainDecisionResponse:
        answer = ExplainDecisionResponse()
        answer.trace.arm = Arm.PERSONALISED
        for ware in self._candidates[decision_id]:
            answer.candidates.add(offer_id=ware.offer_id, outcome="NOT_CHOSEN")
        return answer

    @property
    def _knows(self) -> bool:
        return self._learns and self._shown.total() >= TRAINED_AFTER

    def _notice(self, event: Event) -> None:
        who = f"{event.identities[0].kind}:{event.identities[0].value}"
        if event.type == "view":
            self._looked_at[who] = _top(self._wares[event.item_id])
        elif event.offer_id:
            crossed = self._crossed(who, self._wares[event.offer_id])
            self._shown[crossed] += event.type == "impression"
            self._taken[crossed] += event.type in {"purchase", "accept", "survey_answer"}

    def _score(self, who: str, ware: Ware) -> float:
        crossed = self._crossed(who, ware)
        return (self._taken[crossed] + 1) / (self._shown[crossed] + 4)

    def _crossed(self, who: str, ware: Ware) -> tuple[str, str]:
        return self._looked_at.get(who, ""), _top(ware)


def _top(ware: Ware) -> str:
    return ware.categories[0].split(" > ")[0] if ware.categories else ware.kind
