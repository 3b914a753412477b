"""Has each receiver that is defined told of what happens, and of who has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from services.profile.domain.webhooks import Webhook
from services.profile.pushing import Delivery, Means
from shared.background import keep_running
from shared.postgres import Database

_SHORTER = 20
"""So much shorter is the rest between slices of one search for those who left."""

WebhooksOf = Callable[[], Sequence[Webhook]]
"""Those of the active definitions."""


class Pusher:
    """Runs a delivery for each webhook that is defined, on one replica at a time."""

    def __init__(self, database: Database, webhooks: WebhooksOf, means: Means) -> None:
        self._database = database
        self._webhooks = webhooks
        self._means = means
        self._running: dict[Webhook, asyncio.Task[None]] = {}

    async def lead(self) -> None:
        """Deliver while this replica leads; a background task of the service."""
        await self._database.leadership.lead("webhooks", self._push_for_ever)

    async def _push_for_ever(self) -> None:
        looking = asyncio.create_task(keep_running("webhook departures", self._look_for_ever))
        try:
            while True:
                await self._follow_definitions()
                await asyncio.sleep(self._means.look_s)
        finally:
            looking.cancel()
            await self._stop(list(self._running))
            await self._means.poster.close()

    async def _look_for_ever(self) -> None:
        """Find those who left; without a receiver nobody was told of."""
        while True:
            more = bool(self._webhooks()) and await self._means.leaving.look()
            await asyncio.sleep(self._means.look_s / _SHORTER if more else self._means.look_s)

    async def _follow_definitions(self) -> None:
        """Have exactly those delivered that are defined, as they are defined."""
        wanted = set(self._webhooks())
        # The old ones first: two deliveries of one webhook would not keep the order.
        await self._stop([each for each in self._running if each not in wanted])
        for webhook in wanted - self._running.keys():
            work = keep_running(f"webhook {webhook.name}", Delivery(webhook, self._means).run)
            self._running[webhook] = asyncio.create_task(work)

    async def _stop(self, webhooks: Sequence[Webhook]) -> None:
        tasks = [self._running.pop(each) for each in webhooks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
