"""Asks retrieval what its sources have for a person, for stages that propose what is found then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from shared.call import own_call
from shared.client import invoke
from shared.clock import BusinessClock
from shared.ids import uuid7
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Source
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub

_TIMEOUT_S = 1.0
_METHOD = "/touchpoint.retrieval.v1.RetrievalService/Retrieve"
_CANDIDATES = 200
_MOST_PLACES = 16
_MOST_OF_EACH = 20
_OF_AN_ITEM = frozenset((Source.INSTEAD_OF, Source.SIMILAR, Source.ALSO_BOUGHT, Source.BOUGHT_NEXT))
"""Sources that look from an item: that with which the journey began."""


class Choosing(Protocol):
    """Finds items for stages that propose what a source has."""

    async def choose(
        self,
        sources: Collection[int],
        placements: Sequence[str],
        item_no: int,
        person: PersonSnapshot,
    ) -> dict[int, tuple[int, ...]]:
        """Return what each source has, the likeliest first; some look from an item (0: none).

        Raises the kit's errors where it cannot be said.
        """
        ...


class Chooser:
    """Finds items for a person as every decision does, outside of one."""

    def __init__(
        self,
        retrieval: RetrievalServiceAsyncStub,
        clock: BusinessClock,
        bundle_hash: Callable[[], str],
    ) -> None:
        self._retrieval = retrieval
        self._clock = clock
        self._bundle_hash = bundle_hash

    async def choose(
        self,
        sources: Collection[int],
        placements: Sequence[str],
        item_no: int,
        person: PersonSnapshot,
    ) -> dict[int, tuple[int, ...]]:
        """See `Choosing`."""
        in_view = _OF_AN_ITEM.intersection(sources) if item_no else frozenset()
        # What is in view is before the person, and no source proposes it.
        found = await self._ask(in_view, placements, [item_no], person) if in_view else {}
        others = set(sources) - in_view
        return found | (await self._ask(others, placements, (), person) if others else {})

    async def _ask(
        self,
        sources: Collection[int],
        placements: Sequence[str],
        item_nos: Sequence[int],
        person: PersonSnapshot,
    ) -> dict[int, tuple[int, ...]]:
        now_us = self._clock.now_us()
        request = RetrieveRequest(snapshot=person.SerializeToString(), limit=_CANDIDATES)
        context = request.context
        context.decision_id = uuid7(now_us // 1000)
        context.bundle_hash = self._bundle_hash()
        context.now_us = now_us
        context.arm = Arm.PERSONALISED
        names = list(dict.fromkeys(placements))[:_MOST_PLACES]
        context.placements.extend(PlacementAsk(placement=each, limit=1) for each in names)
        context.item_nos.extend(item_nos)
        answer = await invoke(self._retrieval.Retrieve, request, own_call(_METHOD), _TIMEOUT_S)
        found: dict[int, list[int]] = {source: [] for source in sources}
        columns = answer.candidates
        for offer_no, source in zip(columns.offer_nos, columns.sources, strict=False):
            if source in found and len(found[source]) < _MOST_OF_EACH:
                found[source].append(offer_no)
        return {source: tuple(numbers) for source, numbers in found.items()}
