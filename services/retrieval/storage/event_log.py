"""What training learns from: profile's event log, and what items are called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.learning.gifts import NOT_SAID, GiftLog
from services.retrieval.domain.learning.interactions import WEIGHTS, InteractionLog, Interactions
from services.retrieval.domain.learning.people import People
from services.retrieval.domain.learning.terms import ItemTexts, joined
from services.retrieval.domain.live_contents import texts_of
from services.retrieval.storage.people import read_people
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
PURCHASE = "purchase"


async def item_texts(catalogue: Catalogue) -> ItemTexts:
    """Read what the families that are still sold are called, one row per family.

    A family goes by its root, also where only variants of that are left. Requests have their turn
    in between.
    """
    size = catalogue.size
    is_sold = (catalogue.kind[:size] == PRODUCT) & ~catalogue.withdrawn[:size]
    nos = np.unique(catalogue.family_no[:size][is_sold])
    parts: list[ItemTexts] = []
    for begin in range(0, len(nos), _AT_ONCE):
        parts.append(texts_of(catalogue, nos[begin : begin + _AT_ONCE]))
        await asyncio.sleep(0)
    return await asyncio.to_thread(joined, parts)


class EventLog:
    """Reads the log of profile; history counts, because training was asked for."""

    def __init__(self, profile: ProfileServiceAsyncStub, catalogue: Catalogue) -> None:
        self._profile = profile
        self._catalogue = catalogue

    async def people(self) -> People:
        """Return what people are, as far as many share it."""
        return await read_people(self._profile)

    async def read(
        self, since_us: int, tell: Callable[[int], None], gifts: GiftLog | None = None
    ) -> tuple[Interactions, int]:
        """Return what persons did with families since then, and the position read up to.

        `tell` hears of the events so far. `gifts` takes what was given to others, which says
        nothing of the giver. Raises TouchpointError where profile does not answer.
        """
        logs, position = [InteractionLog()], 0
        request = StreamEventsRequest(types=list(WEIGHTS))
        if since_us:
            request.since_time.FromMicroseconds(since_us)
        call = own_call(_METHOD)
        async for response in follow(self._profile.StreamEvents, request, call, _TIMEOUT_S):
            await self._take(response.events, logs[0])
            if gifts is not None:
                self._take_gifts(response.events, gifts)
            tell(len(logs[0]))
            position = response.position
        # Nothing else holds the log, so that it leaves memory in the thread as well.
        return await asyncio.to_thread(lambda: logs.pop().interactions()), position

    async def count_after(self, position: int, enough: int) -> tuple[int, int]:
        """Return how many events that teach lie after a position, and the position read up to.

        Ends as soon as there are `enough`. Raises TouchpointError where profile does not answer.
        """
        count, call = 0, own_call(_METHOD)
        request = StreamEventsRequest(position=position, types=list(WEIGHTS))
        responses = follow(self._profile.StreamEvents, request, call, _TIMEOUT_S)
        async with aclosing(responses):
            async for response in responses:
                count += len(response.events.types)
                position = response.position
                if count >= enough:
                    break
        return count, position

    async def _take(self, columns: EventColumns, log: InteractionLog) -> None:
        """Take a slice over in parts of a millisecond or two, requests having their turn between.

        Reading texts one by one out of a message costs more than making lists of them.
        """
        count = len(columns.types)
        families, times_us = self._families(columns), np.array(columns.times_us, np.int64)
        person_ids, types = list(columns.person_ids), list(columns.types)
        gifts = list(columns.gifts) or [False] * count
        order_ids, session_ids = list(columns.order_ids), list(columns.session_ids)
        for begin in range(0, count, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            log.add(
                person_ids[part],
                types[part],
                families[part],
                times_us[part],
                gifts[part],
                order_ids[part],
                session_ids[part],
            )
            await asyncio.sleep(0)

    def _take_gifts(self, columns: EventColumns, log: GiftLog) -> None:
        """Take the purchases that were gifts; they are a few of all events."""
        bought = [
            at
            for at, (is_gift, kind) in enumerate(zip(columns.gifts, columns.types))
            if is_gift and kind == PURCHASE
        ]
        if not bought:
            return
        said = (
            columns.gift_for_ages,
            columns.gift_for_genders,
            columns.gift_for_relationships,
            columns.gift_occasions,
        )
        is_said = bool(columns.gift_for_ages)
        families = self._families(columns)
        log.add(
            [columns.person_ids[at] for at in bought],
            families[bought].tolist(),
            [columns.times_us[at] for at in bought],
            [
                (said[0][at], said[1][at], said[2][at], said[3][at]) if is_said else NOT_SAID
                for at in bought
            ],
        )

    def _families(self, columns: EventColumns) -> NDArray[np.uint32]:
        """Return the family that each item is of today, or was when it is not known here."""
        nos = np.array(columns.offer_nos, np.uint32)
        today = self._catalogue.family_no[nos * (nos < self._catalogue.size)]
        stamped = np.array(columns.family_nos, np.uint32)
        return np.where(today > 0, today, stamped) if len(stamped) == len(nos) else today
