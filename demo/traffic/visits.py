"""Plays one shopper's visit: what each page shows them, and how they answer it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Protocol, Unpack

from grpc import StatusCode

from demo.traffic.answers import Seen, answers, view
from demo.traffic.crowd import Arrival
from demo.traffic.truth import HiddenTruth
from demo.traffic.wares import Wares
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRecommendations
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionResponse,
    RecommendResponse,
    TrackResponse,
)
from touchpoint.client import CallError, Wanted
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Arm, OfferKind

HOME, ITEM = "web.home.banner", "web.item"
SLOTS = 2
"""Things asked for on a page."""
DECLINES = 0.05
"""Of what is not accepted, so much is turned down for good; the rest is passed over."""
_REMOVED = "REMOVED"


class TrafficError(Exception):
    """The visits cannot go on; the sentence says what to do."""


class Edge(Protocol):
    """What a shop's pages call."""

    async def recommend(self, who: str, **wanted: Unpack[Wanted]) -> RecommendResponse: ...

    async def track(self, *events: Event) -> TrackResponse: ...

    async def explain(self, decision_id: str) -> ExplainDecisionResponse: ...


@dataclass(frozen=True, slots=True)
class Page:
    """What one decision showed, and what else it could have."""

    seen: tuple[Seen, ...]
    arm: str
    chance: float
    """Expected acceptance of something drawn at random from what was allowed there."""
    best: float
    """Expected acceptance of what arbitration would show if it knew the truth."""
    degraded: bool = False


LOST = Page((), "", 0.0, 0.0, degraded=True)
"""Of a page whose decision nobody kept, nothing can be learned or said."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Plays visits at an edge; `clock` is the time there."""

    edge: Edge
    truth: HiddenTruth
    wares: Wares
    clock: Callable[[], datetime]

    async def play(self, arrival: Arrival) -> tuple[Page, ...]:
        """Show the home page and then a page for each item they fancy; raises CallError."""
        pages = [await self._page(arrival, "home", HOME)]
        for number, item in enumerate(arrival.fancies):
            await accepted(self.edge, [view(arrival, item.item_id, self.clock())])
            pages.append(await self._page(arrival, f"item {number}", ITEM, item.item_id))
        return tuple(pages)

    async def _page(self, arrival: Arrival, name: str, placement: str, *in_view: str) -> Page:
        who = f"{arrival.identity.kind}:{arrival.identity.value}"
        decision = await self.edge.recommend(
            who,
            channel="WEB",
            placement=placement,
            session_id=arrival.session_id,
            items=in_view,
            limit=SLOTS,
            exclude_ids=self.wares.too_dear,
        )
        seen = [each for shown in decision.placements for each in self._seen(arrival, name, shown)]
        told = answers(arrival, seen, decision.decision_id, self.clock())
        await accepted(self.edge, list(told))
        explained = await self._explained(decision.decision_id)
        if explained is None:
            return LOST
        chance, best = self._levels(arrival, explained, len(seen))
        arm = Arm.Value.Name(explained.trace.arm)
        return Page(tuple(seen), arm, chance, best, bool(decision.degraded))

    async def _explained(self, decision_id: str) -> ExplainDecisionResponse | None:
        """Get the trace; None of a decision that could not be kept in its time."""
        try:
            return await self.edge.explain(decision_id)
        except CallError as error:
            if error.code is not StatusCode.NOT_FOUND:
                raise
            return None

    def _seen(self, arrival: Arrival, page: str, shown: PlacementRecommendations) -> list[Seen]:
        moment = f"{arrival.name}/{page}"
        found = []
        for each in shown.recommendations:
            ware = self.wares.named(each.offer_id, OfferKind.Value.Name(each.kind))
            takes = self.truth.accepts(moment, arrival.taste, ware)
            refuses = not takes and _declines(moment, ware.offer_id)
            probability = self.truth.probability(arrival.taste, ware)
            told = each.acceptance_probability
            found.append(Seen(ware, shown.placement, probability, takes, refuses, told))
        return found

    def _levels(
        self, arrival: Arrival, explained: ExplainDecisionResponse, count: int
    ) -> tuple[float, float]:
        """Tell what chance, and what knowing the truth, would have reached with what was allowed.

        Arbitration is probability x worth; what a slate may hold of one kind is left aside.
        """
        allowed = [
            self.wares.by_id[each.offer_id]
            for each in explained.candidates
            if each.outcome != _REMOVED and each.offer_id in self.wares.by_id
        ]
        if not allowed or not count:
            return 0.0, 0.0
        likely = [(self.truth.probability(arrival.taste, ware), ware) for ware in allowed]
        arbitrated = sorted(likely, key=lambda each: each[0] * each[1].worth_cents, reverse=True)
        return fmean(p for p, _ in likely), fmean(p for p, _ in arbitrated[:count])


async def accepted(edge: Edge, events: Sequence[Event]) -> None:
    """Track events; raises TrafficError when one is refused, and CallError."""
    if not events:
        return
    answer = await edge.track(*events)
    for refused in answer.rejected:
        type_ = events[refused.index].type
        raise TrafficError(f"The edge did not take a {type_}: {refused.message}")


def _declines(moment: str, offer_id: str) -> bool:
    return random.Random(f"{moment}/declines/{offer_id}").random() < DECLINES
