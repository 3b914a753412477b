"""The stage of a story: people made up for it, the channels they use, and what was seen there."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import grpc.aio

from touchpoint.aggregator.v1.aggregator_pb2 import Context, PlacementRequest, Recommendation
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionRequest,
    ExplainDecisionResponse,
    GetCustomerViewRequest,
    GetCustomerViewResponse,
    RecommendRequest,
    RecommendResponse,
    ReserveContactRequest,
    ReserveContactResponse,
    TrackRequest,
)
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, RemovalCode, Source

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub

Person = Mapping[str, str]
"""Identity kind to value."""
Answer = TypeVar("Answer", RecommendResponse, GetCustomerViewResponse)
PLACES = {
    "web": ("web.home.banner", Channel.WEB),
    "web item": ("web.item", Channel.WEB),
    "web cart": ("web.cart", Channel.WEB),
    "web checkout": ("web.checkout", Channel.WEB),
    "web help": ("web.faq", Channel.WEB),
    "e-mail": ("email.body", Channel.EMAIL),
    "call centre": ("agent.prompt", Channel.CALL_CENTER),
    "telephone menu": ("ivr.menu", Channel.IVR),
    "store till": ("store.till", Channel.STORE),
}
_TIMEOUT_S = 20.0
"""The edge itself takes no longer than a second to decide; the rest is for a busy machine."""
_PATIENCE_S = 30.0
_EARLY = "ahead"
"""Said of an event by whoever has not heard yet that time was moved on."""
_GLANCE_S = 0.1
_LONGER, _LONGEST_GLANCE_S = 1.3, 0.6
"""Where several stories wait, none of them keeps the suite from its work."""


class StoryError(Exception):
    """A story cannot go on; the sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class House:
    """What a shop has beside its channels; a suite somewhere else shows nothing of it."""

    outbox: Path | None = None
    """Where messages go in development."""
    shelves: RetrievalServiceAsyncStub | None = None
    """Where the catalogue is written."""


class StorySkipped(Exception):  # noqa: N818 nothing went wrong
    """A story has nothing to be played on here; the sentence says what would change that."""


@dataclass(slots=True)
class Stage:
    """Plays events and asks for decisions; what it is told goes to `tell`."""

    edge: AggregatorServiceAsyncStub
    tell: Callable[[str], None]
    ahead: timedelta = timedelta()
    """How far the suite's time is ahead of this machine's."""
    move: Callable[[timedelta], Awaitable[timedelta]] | None = None
    """Moves the suite's time on and returns how far ahead it is then."""
    outcomes: list[tuple[str, bool]] = field(default_factory=list)
    """What a story claims, and whether it came out so."""
    desk: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The call centre's, where several stories are played at the same time."""
    house: House = field(default_factory=House)
    """What there is beside the edge."""

    @property
    def now(self) -> datetime:
        """What time it is for the suite, in UTC."""
        return datetime.now(UTC) + self.ahead

    async def meet(self, name: str) -> Person:
        """Make up a customer of that name whom nobody has met before, and who is not held out."""
        while True:
            person = _made_up(name)
            await self.happens(person, "page_view")
            shown = await self.offered(person, "web help", limit=1)  # costs no contact
            explained = await self.explained(shown)
            if explained.trace.arm == Arm.PERSONALISED:
                return person

    async def explained(self, answer: RecommendResponse) -> ExplainDecisionResponse:
        """Get the trace of what was answered."""
        request = ExplainDecisionRequest(decision_id=answer.decision_id)
        return await self.edge.ExplainDecision(request, timeout=_TIMEOUT_S)

    async def happens(
        self,
        person: Person,
        type_: str,
        *,
        channel: Channel.Value.ValueType = Channel.WEB,
        ago: timedelta = timedelta(),
        price: str = "",
        **facts: Any,
    ) -> None:
        """Track one event; raises StoryError when the edge does not take it."""
        event = Event(
            event_id=str(uuid.uuid4()),
            type=type_,
            identities=_identities(person),
            channel=channel,
            value=Money(amount=price, currency="USD") if price else None,
            **facts,
        )
        event.time.FromDatetime(self.now - ago)

        async def taken() -> bool:
            answer = await self.edge.Track(TrackRequest(events=[event]), timeout=_TIMEOUT_S)
            early = [each for each in answer.rejected if _EARLY in each.message]
            for refused in answer.rejected:
                if refused not in early:
                    raise StoryError(f"{type_} was not taken: {refused.message}")
            return not early

        await self.until(taken, "word of the time, everywhere,")

    async def passes(self, by: timedelta) -> None:
        """Let time pass for the whole suite; raises StorySkipped where it cannot be moved."""
        try:
            if self.move is not None:
                self.ahead = await self.move(by)
                return
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
        raise StorySkipped("time can be moved in development only")

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for what the suite does by itself; raises StoryError when it does not."""
        ends = time.monotonic() + _PATIENCE_S
        glance_s = _GLANCE_S
        while not await holds():
            if time.monotonic() > ends:
                raise StoryError(f"{what} did not come within {_PATIENCE_S:g} s")
            await asyncio.sleep(glance_s)
            glance_s = min(glance_s * _LONGER, _LONGEST_GLANCE_S)

    async def offered(
        self, person: Person, place: str, limit: int = 5, *, looking_at: str = ""
    ) -> RecommendResponse:
        """Ask what a channel should offer now, with what was removed."""
        placement, channel = PLACES[place]
        request = RecommendRequest(
            identities=_identities(person),
            channel=channel,
            placements=[PlacementRequest(placement=placement, limit=limit)],
            context=Context(item_ids=[looking_at] if looking_at else []),
            explain=True,
        )
        return await self._whole(lambda: self.edge.Recommend(request, timeout=_TIMEOUT_S))

    async def seen(self, person: Person) -> GetCustomerViewResponse:
        """Open the single customer view."""
        request = GetCustomerViewRequest(identities=_identities(person))
        return await self._whole(lambda: self.edge.GetCustomerView(request, timeout=_TIMEOUT_S))

    async def _whole(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until nothing is missing from the answer: a story is told of the suite at its best.

        Raises StoryError when a service stays away.
        """
        answers: list[Answer] = []

        async def complete() -> bool:
            answers.append(await ask())
            return not answers[-1].degraded

        await self.until(complete, "an answer of every service (`touchpoint status` shows which)")
        return answers[-1]

    async def reserved(
        self, person: Person, channel: Channel.Value.ValueType
    ) -> ReserveContactResponse:
        """Let another system ask whether it may approach the person."""
        request = ReserveContactRequest(
            contact_id=str(uuid.uuid4()), identities=_identities(person), channel=channel
        )
        return await self.edge.ReserveContact(request, timeout=_TIMEOUT_S)

    def show(self, place: str, answer: RecommendResponse, most: int = 3) -> None:
        """Tell what a channel would show."""
        titles = [shown.creative.title for shown in recommendations(answer)[:most]]
        self.tell(f"  {place}: {'; '.join(titles) or 'nothing'}")

    def claim(self, sentence: str, holds: bool) -> None:
        """Say what the story shows, and whether it did."""
        self.outcomes.append((sentence, holds))


def _made_up(name: str) -> Person:
    run = uuid.uuid4()
    return {
        "customer": f"{name.lower()}-{run.hex[:8]}",
        "visitor": f"cookie-{run.hex[8:16]}",
        "phone": f"+1802555{run.int % 10_000:04d}",
    }


def only(person: Person, *kinds: str) -> Person:
    """Name a person by some of their identities."""
    return {kind: person[kind] for kind in kinds}


def recommendations(answer: RecommendResponse) -> Sequence[Recommendation]:
    return [shown for placement in answer.placements for shown in placement.recommendations]


def offer_ids(answer: RecommendResponse) -> set[str]:
    return {shown.offer_id for shown in recommendations(answer)}


def sources(answer: RecommendResponse) -> dict[str, Source.Value.ValueType]:
    """Return where each thing shown came from."""
    return {
        shown.offer_id: shown.reasons[0].code for shown in recommendations(answer) if shown.reasons
    }


def why_not(answer: RecommendResponse, offer_id: str) -> str:
    """Return why an offer was removed, code and sentence; empty when it was not."""
    for removal in answer.removed:
        if removal.offer_id == offer_id:
            return f"{RemovalCode.Value.Name(removal.code)}: {removal.text}"
    return ""


def _identities(person: Person) -> list[Identity]:
    return [Identity(kind=kind, value=value) for kind, value in person.items()]
