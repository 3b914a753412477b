"""Webhooks as people look after them: how far each is, and to have one go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from services.profile.domain.webhooks import Feed, Place, Webhook
from services.profile.pusher import WebhooksOf
from services.profile.pushing import Permissions
from services.profile.storage.webhook_places import PostgresPlaces
from services.profile.timestamps import timestamp
from shared.clock import BusinessClock
from shared.errors import NotFound
from shared.webhooks import read_address
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_pb2 import WebhookState, WebhookStatus

_POSITIONS: Mapping[Feed, Literal["events_position", "memberships_position"]] = {
    Feed.EVENTS: "events_position",
    Feed.MEMBERSHIPS: "memberships_position",
}


class WebhookDesk:
    """Answers about the webhooks of the active definitions."""

    def __init__(
        self,
        webhooks: WebhooksOf,
        places: PostgresPlaces,
        permissions: Permissions,
        clock: BusinessClock,
    ) -> None:
        self._webhooks = webhooks
        self._places = places
        self._permissions = permissions
        self._clock = clock

    async def all(self) -> Sequence[WebhookStatus]:
        """Return how each webhook stands."""
        return [await self._status(webhook) for webhook in self._webhooks()]

    async def go_on(self, request: pb.ReplayWebhookRequest) -> WebhookStatus:
        """Have a webhook go on; NotFound if none of the name is defined and was begun."""
        name = request.webhook
        wanted = next((each for each in self._webhooks() if each.name == name), None)
        positions = {
            feed: getattr(request, field)
            for feed, field in _POSITIONS.items()
            if request.HasField(field)
        }
        if wanted is None or await self._places.go_on(name, positions) is None:
            raise NotFound(f"webhook {name}: see `touchpoint webhooks` for those there are")
        return await self._status(wanted)

    async def _status(self, webhook: Webhook) -> WebhookStatus:
        address = read_address(webhook.url)
        status = WebhookStatus(
            webhook=webhook.name,
            receiver=f"{address.scheme}://{address.authority}",
            state=WebhookState.DELIVERING,
        )
        place = await self._places.read(webhook.name)
        if place is not None:
            _tell_place(status, place)
            await self._tell_lag(status, webhook, place)
        if refusal := self._permissions.refusal(webhook):
            status.state, status.last_error = WebhookState.REFUSED, refusal
        return status

    async def _tell_lag(self, status: WebhookStatus, webhook: Webhook, place: Place) -> None:
        for feed in Feed:
            if webhook.wants(feed) is not None:
                behind, since_us = await self._places.behind(place, feed)
                status.behind += behind
                if since_us is not None:
                    waited_s = (self._clock.now_us() - since_us) / 1e6
                    status.lag_s = max(status.lag_s, waited_s)


def _tell_place(status: WebhookStatus, place: Place) -> None:
    status.events_position = place.events_position
    status.memberships_position = place.memberships_position
    status.delivered, status.left_out = place.delivered, place.left_out
    status.failures, status.last_error = place.failures, place.last_error
    if place.delivered_us is not None:
        status.delivered_time.CopyFrom(timestamp(place.delivered_us))
    if place.failing_since_us is not None:
        status.failing_since_time.CopyFrom(timestamp(place.failing_since_us))
        status.state = WebhookState.FAILING
    if place.parked_us is not None:
        status.state = WebhookState.PARKED
