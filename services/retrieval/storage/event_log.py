"""What training learns from: profile's event log, and what items are called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.learning.content import ItemTexts
from services.retrieval.domain.learning.interactions import WEIGHTS, InteractionLog, Interactions
from shared.call import own_call
from shared.catalogue import Catalogue
from shared.client import follow
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsRequest

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_METHOD = "/touchpoint.profile.v1.ProfileService/StreamEvents"
_TIMEOUT_S = 600.0
_AT_ONCE = 1000


async def item_texts(catalogue: Catalogue) -> ItemTexts:
    """Read what the families that are still sold are called, one row per family.

    A family goes by its root, also where only variants of that are left. Requests have their turn
    in between.
    """
    size = catalogue.size
    is_sold = (catalogue.kind[:size] == PRODUCT) & ~catalogue.withdrawn[:size]
    nos = np.unique(catalogue.family_no[:size][is_sold])
    titles, categories, brands = list[str](), list[str](), list[str]()
    for begin in range(0, len(nos), _AT_ONCE):
        part = nos[begin : begin + _AT_ONCE]
        titles += [catalogue.titles[no] for no in part.tolist()]
        categories += map(catalogue.categories.text, catalogue.category_no[part].tolist())
        brands += map(catalogue.brands.text, catalogue.brand_no[part].tolist())
        await asyncio.sleep(0)
    return ItemTexts(nos.astype(np.uint32), titles, categories, brands)


class EventLog:
    """Reads the log of profile; history counts, because training was asked for."""

    def __init__(self, profile: ProfileServiceAsyncStub, catalogue: Catalogue) -> None:
        self._profile = profile
        self._catalogue = catalogue

    async def read(self, since_us: int, tell: Callable[[int], None]) -> Interactions:
        """Return what persons did with families since then; `tell` hears of the events so far.

        Raises TouchpointError where profile does not answer.
        """
        log = InteractionLog()
        request = StreamEventsRequest(types=list(WEIGHTS))
        if since_us:
            request.since_time.FromMicroseconds(since_us)
        call = own_call(_METHOD)
        async for response in follow(self._profile.StreamEvents, request, call, _TIMEOUT_S):
            await self._take(response.events, log)
            tell(len(log))
        return await asyncio.to_thread(log.interactions)

    async def _take(self, columns: EventColumns, log: InteractionLog) -> None:
        """Take a slice over in parts of a millisecond or two, requests having their turn between.

        Reading texts one by one out of a message costs more than making lists of them.
        """
        count = len(columns.types)
        families, times_us = self._families(columns), np.array(columns.times_us, np.int64)
        person_ids, types = list(columns.person_ids), list(columns.types)
        gifts = list(columns.gifts) or [False] * count
        for begin in range(0, count, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            log.add(person_ids[part], types[part], families[part], times_us[part], gifts[part])
            await asyncio.sleep(0)

    def _families(self, columns: EventColumns) -> NDArray[np.uint32]:
        """Return the family that each item is of today, or was when it is not known here."""
        nos = np.array(columns.offer_nos, np.uint32)
        today = self._catalogue.family_no[nos * (nos < self._catalogue.size)]
        stamped = np.array(columns.family_nos, np.uint32)
        return np.where(today > 0, today, stamped) if len(stamped) == len(nos) else today
