"""An offer in front of somebody, and how they answer it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from bench.customers import PLACEMENT
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, RecommendResponse
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source


@dataclass(frozen=True, slots=True)
class Shown:
    """One recommendation of an answer."""

    person: Identity
    session_id: str
    decision_id: str
    offer_id: str
    is_product: bool

    @classmethod
    def in_answer(cls, request: RecommendRequest, answer: RecommendResponse) -> Iterator[Self]:
        """Yield what one person was shown, but for what everybody may be shown."""
        for placement in answer.placements:
            for found in placement.recommendations:
                if found.reasons[0].code != Source.DEFAULT:
                    yield cls(
                        request.identities[0],
                        request.context.session_id,
                        answer.decision_id,
                        found.offer_id,
                        found.kind == OfferKind.PRODUCT,
                    )

    def seen(self) -> Event:
        return self._event("impression")

    def accepted(self) -> Event:
        """Return what counts as accepting it: a product is bought."""
        if not self.is_product:
            return self._event("accept")
        event = self._event("purchase")
        event.item_id, event.order_id = self.offer_id, str(uuid.uuid4())
        return event

    def _event(self, type_: str) -> Event:
        event = Event(
            event_id=str(uuid.uuid4()),
            type=type_,
            identities=[self.person],
            channel=Channel.WEB,
            session_id=self.session_id,
            decision_id=self.decision_id,
            offer_id=self.offer_id,
            placement=PLACEMENT,
        )
        event.time.GetCurrentTime()
        return event
