"""Webhooks as people look after them: how far each is, and to have one go on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from services.profile.domain.webhooks import Place, Webhook
from services.profile.pushing import Permissions, WebhooksOf
from services.profile.storage.webhooks import PostgresPlaces
from services.profile.timestamps import timestamp
from shared.errors import NotFound
from shared.webhooks import read_address
from touchpoint.profile.v1.profile_pb2 import WebhookState, WebhookStatus


class WebhookDesk:
    """Answers about the webhooks of the active definitions."""

    def __init__(
        self, webhooks: WebhooksOf, places: PostgresPlaces, permissions: Permissions
    ) -> None:
        self._webhooks = webhooks
        self._places = places
        self._permissions = permissions

    async def all(self) -> Sequence[WebhookStatus]:
        """Return how each webhook stands."""
        return await self._statuses(self._webhooks())

    async def go_on(self, name: str, events_position: int | None) -> WebhookStatus:
        """Have a webhook go on; NotFound if none of the name is defined and was begun."""
        wanted = [webhook for webhook in self._webhooks() if webhook.name == name]
        if not wanted or await self._places.go_on(name, events_position) is None:
            raise NotFound(f"webhook {name}: see `touchpoint webhooks` for those there are")
        [status] = await self._statuses(wanted)
        return status

    async def _statuses(self, webhooks: Sequence[Webhook]) -> Sequence[WebhookStatus]:
        rows = await self._places.read_all([webhook.name for webhook in webhooks])
        found = {place.webhook: (place, behind, since) for place, behind, since in rows}
        return [self._status(webhook, *found.get(webhook.name, _UNKNOWN)) for webhook in webhooks]

    def _status(
        self, webhook: Webhook, place: Place | None, behind: int, since_us: int | None
    ) -> WebhookStatus:
        address = read_address(webhook.url)
        status = WebhookStatus(
            webhook=webhook.name,
            receiver=f"{address.scheme}://{address.authority}",
            state=WebhookState.DELIVERING,
            behind=max(behind, 0),
            lag_s=max(0.0, time.time() - since_us / 1e6) if since_us else 0.0,
        )
        if place is not None:
            _tell_place(status, place)
        if refusal := self._permissions.refusal(webhook):
            status.state, status.last_error = WebhookState.REFUSED, refusal
        return status


_UNKNOWN: tuple[Place | None, int, int | None] = (None, 0, None)
"""Of a webhook whose delivery has not begun."""


def _tell_place(status: WebhookStatus, place: Place) -> None:
    status.events_position = place.events_position
    status.delivered, status.left_out = place.delivered, place.left_out
    status.failures, status.last_error = place.failures, place.last_error
    if place.delivered_us is not None:
        status.delivered_time.CopyFrom(timestamp(place.delivered_us))
    if place.failing_since_us is not None:
        status.failing_since_time.CopyFrom(timestamp(place.failing_since_us))
        status.state = WebhookState.FAILING
    if place.parked_us is not None:
        status.state = WebhookState.PARKED
