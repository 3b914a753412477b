"""Keeps what was ranked: taken on the request path, made and written beside it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from services.ranker.domain.rankings import RankedEntry, Rankings
from services.ranker.ranked import Taken, entry_of
from services.ranker.ranking import Ranking
from shared.bus.follower import SLICE_S
from shared.errors import InvalidArgument, TouchpointError, Unavailable
from shared.logging import get_logger
from touchpoint.common.v1.decision_pb2 import StepVersions
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

_EVERY_S = 1.0
_AT_ONCE = 50
_MOST = 1_000
"""Waiting to be written, of some 50 kilobytes each."""
_TOLD_S = 60.0
"""So long health says that something was dropped."""
log = get_logger(__name__)


class RankingKeeper:
    """What was ranked on this replica and is not written yet; a crash loses that."""

    def __init__(
        self, rankings: Rankings | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Without `rankings` nothing is kept."""
        self.dropped = 0
        """Since the start: they came while too many waited, or can never be kept."""
        self._rankings = rankings
        self._monotonic = monotonic
        self._taken: deque[Taken] = deque()
        self._made: list[RankedEntry] = []
        self._dropped_s = -_TOLD_S
        self._turn = asyncio.Lock()

    def keep(
        self, request: RankRequest, ranking: Ranking, versions: StepVersions, spent_us: int
    ) -> None:
        """Take a ranking; previews leave no trace, and what only stands was taken before."""
        if not self._is_kept(request):
            return
        if len(self._taken) >= _MOST:
            self._drop()
            return
        kept = StepVersions()
        kept.CopyFrom(versions)
        slim = replace(ranking, judgement=replace(ranking.judgement, draws=None))
        self._taken.append(Taken(request.SerializeToString(), slim, kept, spent_us))

    def _drop(self) -> None:
        self.dropped += 1
        self._dropped_s = self._monotonic()

    def _is_kept(self, request: RankRequest) -> bool:
        context = request.context
        if self._rankings is None or context.preview or not context.decision_id:
            return False
        return not _stands(request)

    async def check(self) -> None:
        """Raise `Unavailable` for a minute after something was dropped: for health to watch."""
        if self._monotonic() - self._dropped_s < _TOLD_S:
            raise Unavailable(
                f"{self.dropped} decisions were not journalled", reason="JOURNAL_OVERFLOWS"
            )

    async def write(self) -> None:
        """Write all that waits; raises the kit's errors, and then keeps it for the next time."""
        async with self._turn:
            while self._rankings is not None and (self._taken or self._made):
                if not self._made:
                    await self._make()
                if self._made:
                    await self._add(self._rankings)
                self._made = []

    async def _add(self, rankings: Rankings) -> None:
        """Write what is made, without what can never be kept: it must not hold the others up."""
        try:
            await rankings.add(self._made)
        except InvalidArgument:
            while self._made:
                try:
                    await rankings.add(self._made[:1])
                except InvalidArgument as error:
                    self._drop()
                    log.error("ranking_refused", reason=error.message)
                del self._made[0]

    async def run(self) -> None:
        """Write for ever, and what is left when the service ends; a background task."""
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                await self._try()
        finally:
            await self._try()

    async def _make(self) -> None:
        """Make some of what was taken into entries, a slice at a time: requests go first."""
        slice_ends = time.monotonic() + SLICE_S
        while self._taken and len(self._made) < _AT_ONCE:
            entry = entry_of(self._taken.popleft())
            if entry is not None:
                self._made.append(entry)
            if time.monotonic() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = time.monotonic() + SLICE_S

    async def _try(self) -> None:
        try:
            await self.write()
        except TouchpointError as error:
            log.warning("rankings_not_written", reason=error.reason, waiting=len(self._taken))


def _stands(request: RankRequest) -> bool:
    """Return whether all of it stands: ranked again under its id, it says nothing new."""
    standing = {order.placement for order in request.standing if order.exact}
    return bool(standing) and all(ask.placement in standing for ask in request.context.placements)
