"""Looks for patterns for whoever asks: reads the log in slices, and searches it aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scenario.definitions import Playbook
from services.scenario.domain.endings import DAY_US
from services.scenario.domain.patterns.gathering import Gathering, KnownGathering
from services.scenario.domain.patterns.log import Known, Log, Wholes
from services.scenario.domain.patterns.search import Tell
from services.scenario.journeys.finding import is_to_be_had
from services.scenario.storage.pattern_log import PatternLogs
from services.scenario.storage.pattern_process import search_aside
from shared.call import Call
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import Aborted, FieldViolation, InvalidArgument
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.patterns_pb2 import PatternReport

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

DAYS = 30
AT_MOST = 20
_OFFERS = 3
"""That a scenario to start from proposes."""
SearchAside = Callable[[Log, Known, Mapping[str, Any], Tell], Awaitable[PatternReport]]


@dataclass(slots=True)
class PatternSearch:
    """Makes one search at a time: each holds the log in memory for a while."""

    profile: ProfileServiceAsyncStub
    catalogue: Catalogue
    bundles: BundleFollower[Playbook]
    clock: BusinessClock
    search: SearchAside = search_aside
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_busy(self) -> bool:
        """Whether a search is under way."""
        return self._turn.locked()

    async def find(
        self, request: pb.FindPatternsRequest
    ) -> AsyncGenerator[pb.FindPatternsResponse, None]:
        """Yield how far it is, and the report at last.

        Raises Aborted while another search is under way, InvalidArgument for a time that ends
        before it begins, FailedPrecondition for one of too many events, TouchpointError where
        profile does not answer. A caller that leaves ends it.
        """
        since_us, until_us = self._asked(request)
        if self.is_busy:
            raise Aborted("another search is under way: try again", reason="SEARCH_UNDER_WAY")
        async with self._turn:
            steps: asyncio.Queue[pb.FindPatternsResponse | None] = asyncio.Queue()
            loop = asyncio.get_running_loop()

            def tell(step: str, done: int, total: int) -> None:
                told = pb.FindPatternsResponse(step=step, done=done, total=total)
                loop.call_soon_threadsafe(steps.put_nowait, told)

            most = request.at_most or AT_MOST
            work = asyncio.create_task(self._found(since_us, until_us, most, tell))
            work.add_done_callback(lambda _: steps.put_nowait(None))
            try:
                while (progress := await steps.get()) is not None:
                    yield progress
                yield pb.FindPatternsResponse(report=await work)
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def _asked(self, request: pb.FindPatternsRequest) -> tuple[int, int]:
        until_us = now_us = self.clock.now_us()
        if request.HasField("until_time"):
            until_us = min(now_us, request.until_time.ToMicroseconds())
        since_us = until_us - DAYS * DAY_US
        if request.HasField("since_time"):
            since_us = request.since_time.ToMicroseconds()
        if since_us >= until_us:
            raise InvalidArgument([FieldViolation("since_time", "must be before the end")])
        return since_us, until_us

    async def _found(self, since_us: int, until_us: int, most: int, tell: Tell) -> PatternReport:
        playbook, catalogue = self.bundles.active, self.catalogue
        exchange = playbook.exchange

        def at_home(micros: Wholes, offer_nos: Wholes) -> Wholes:
            return exchange.at_home(micros, _rows(catalogue, offer_nos), catalogue)

        def prices_of(offer_nos: Wholes) -> Wholes:
            rows = _rows(catalogue, offer_nos)
            return exchange.at_home(catalogue.price_micros[rows], rows, catalogue)

        logs = PatternLogs(self.profile, at_home, prices_of)
        tell("reading who is one with whom", 0, 0)
        gathering = Gathering(since_us, until_us, await logs.oldest())
        refusing = await logs.refusing()
        async for read in logs.read(gathering, since_us, refusing):
            tell("reading the event log", read, 0)
        tell("reading what is known of people", gathering.events, 0)
        known = KnownGathering(gathering, playbook.segments)
        await logs.read_known(known)
        given = [await asyncio.to_thread(gathering.log)]
        wanted = {
            "most": most,
            "currency": catalogue.only_currency or exchange.table(catalogue).base,
            "without_rate": exchange.without_rate(catalogue),
            "offers": self._offers(playbook),
        }
        told = [await asyncio.to_thread(known.known)]
        del gathering, known  # nothing holds what was read while a child searches it
        return await self.search(given.pop(), told.pop(), wanted, tell)

    def _offers(self, playbook: Playbook) -> list[str]:
        """Return some offers that scenarios may propose now: those that are for journeys first."""
        catalogue, now_us = self.catalogue, self.clock.now_us()
        numbers = {each: catalogue.offer_no(each) for each in sorted(playbook.offer_ids)}
        had = [
            offer_id
            for offer_id, number in numbers.items()
            if is_to_be_had(catalogue, playbook, number, now_us)
            and not catalogue.is_default[number]
        ]
        return sorted(had, key=lambda each: not catalogue.is_journey_only[numbers[each]])[:_OFFERS]


class PatternRpcs:
    """The rpc about patterns, for a servicer to be made of."""

    def __init__(self, patterns: PatternSearch) -> None:
        self.__patterns = patterns

    async def find_patterns(
        self, call: Call, request: pb.FindPatternsRequest
    ) -> AsyncIterator[pb.FindPatternsResponse]:
        async with aclosing(self.__patterns.find(request)) as found:
            async for response in found:
                yield response


def _rows(catalogue: Catalogue, offer_nos: Wholes) -> Wholes:
    rows: Wholes = np.where(offer_nos < catalogue.size, offer_nos, 0)
    return rows
