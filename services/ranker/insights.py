"""Makes a report of what predicts acceptance: reads the log in slices, and studies it aside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.characteristics import CHANNELS
from services.ranker.domain.hashing import text_hash
from services.ranker.domain.insight.answered import Answered, Collected, InsightStore, Shown
from services.ranker.domain.meeting import Meetings
from services.ranker.storage.insight_process import study_aside
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import NotFound
from touchpoint.ranker.v1.insight_pb2 import ReportInsightRequest, ReportInsightResponse

MOST_ROWS: Final = 200_000
"""Showings that one report is made of, the newest."""
MOST_READ: Final = 2_000_000
"""Rows of the log that are looked at for one, whatever is wanted of them."""
_SLICE: Final = 500
"""Rows of the log that are read at once, so that none waits long."""
_NOTE_EVERY_S: Final = 1.0


class Insights:
    """Makes one report at a time."""

    def __init__(self, catalogue: Catalogue, store: InsightStore) -> None:
        self._catalogue = catalogue
        self._store = store
        self._turn = asyncio.Lock()

    async def report(self, request: ReportInsightRequest, written: int) -> ReportInsightResponse:
        """Return what predicts acceptance in the log up to a row. Raises NotFound for an offer."""
        is_wanted = self._filter(request)
        async with self._turn:
            collected, newest_only = await self._collected(request, is_wanted, written)
            # Of columns this long one step would hold requests up.
            answered = await asyncio.to_thread(_of_group, collected, request)
            found = await study_aside(answered, await self._store.dictionary())
        found.newest_only = newest_only
        if answered.rows:
            found.since_time.FromMicroseconds(int(answered.time_us.min()))
            found.until_time.FromMicroseconds(int(answered.time_us.max()))
        return found

    def _filter(self, request: ReportInsightRequest) -> Callable[[Shown], bool]:
        """Return what tells which showings the report is of, but for whom they were shown to."""
        catalogue = self._catalogue
        offer_no = catalogue.offer_no(request.offer_id) if request.offer_id else 0
        if request.offer_id and not offer_no:
            raise NotFound(f"offer {request.offer_id!r} is not in the catalogue")
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        until_us = (
            request.until_time.ToMicroseconds() if request.HasField("until_time") else 1 << 62
        )

        def kind_of(shown_no: int) -> int:
            return int(catalogue.kind[shown_no]) if shown_no < catalogue.size else 0

        def is_wanted(shown: Shown) -> bool:
            return (
                since_us <= shown.time_us < until_us
                and (not offer_no or shown.offer_no == offer_no)
                and (not request.placement or shown.placement == request.placement)
                and (not request.kind or kind_of(shown.offer_no) == request.kind)
            )

        return is_wanted

    async def _collected(
        self, request: ReportInsightRequest, is_wanted: Callable[[Shown], bool], written: int
    ) -> tuple[Collected, bool]:
        """Return the newest showings that are wanted, and whether older ones were left out."""
        collected = Collected()
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        until, last = written, max(0, written - MOST_READ)
        while until > last and collected.rows < MOST_ROWS:
            shown = await self._store.shown_between(max(0, until - _SLICE), until)
            collected.add([each for each in shown if is_wanted(each)])
            until -= _SLICE
            # Answers may be told a day late, and so stand that far from their time.
            if shown and max(each.time_us for each in shown) < since_us - DAY_US:
                return collected, False
        return collected, until > 0


def _of_group(collected: Collected, request: ReportInsightRequest) -> Answered:
    """Return the showings, without those to people whom the report is not of."""
    answered = collected.answered()
    wanted: NDArray[np.bool_] = np.ones(answered.rows, np.bool_)
    if request.segment:
        wanted &= answered.characterised(text_hash(f"segment={request.segment}"))
    if request.channel:
        wanted &= answered.characterised(text_hash(f"channel={CHANNELS[request.channel]}"))
    return answered.having(wanted) if request.segment or request.channel else answered


async def note_for_ever(
    meetings: Meetings, store: InsightStore, clock: BusinessClock, days: int
) -> None:
    """Keep the names of what proves common, and forget what is met no more; a background task."""
    common: list[str] = []
    while True:
        common += meetings.newly_common(clock.now_us())
        if common:
            await store.note(common, clock.now_us())
            await store.forget_before(clock.now_us() - days * DAY_US)
            common.clear()
        await asyncio.sleep(_NOTE_EVERY_S)
