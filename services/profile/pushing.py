"""Tells a receiver outside of the house what happens, at its own pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.profile.domain.delivering import Round, Send, chains_of
from services.profile.domain.webhooks import (
    Change,
    Disclosed,
    FailedError,
    Feed,
    Leaving,
    Log,
    Outcome,
    Place,
    Places,
    Slice,
    Subject,
    Subjects,
    Webhook,
    check_status,
    pause_s,
)
from services.profile.webhook_messages import body_of, message_id
from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.webhooks import Hosts, Poster, PostError, Secrets, read_address, signature

LOOK_S = 0.5
"""How soon something new is seen: an event, other definitions, the wish to go on."""
USER_AGENT = "Touchpoint-Webhooks/1"
_logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the operator allows, which no definition can."""

    hosts: Hosts
    secrets: Secrets
    development: bool

    def refusal(self, webhook: Webhook) -> str:
        """Return why nothing may be sent as defined, with what to do; empty: it may."""
        try:
            address = read_address(webhook.url)
        except ValueError as error:
            return f"its url {error}"
        refused = address.refusal(self.hosts, development=self.development)
        if not refused and webhook.name not in self.secrets:
            return f"it has no key; add {webhook.name}=whsec_… to TOUCHPOINT_WEBHOOK_SECRETS"
        return refused


@dataclass(frozen=True, slots=True)
class Means:
    """What deliveries stand on."""

    logs: Mapping[Feed, Log]
    places: Places
    subjects: Subjects
    disclosed: Disclosed
    leaving: Leaving
    poster: Poster
    permissions: Permissions
    look_s: float = LOOK_S
    first_pause_s: float = 1.0
    """Scales the pauses after failures."""


class Delivery:
    """One webhook."""

    def __init__(self, webhook: Webhook, means: Means) -> None:
        self._webhook = webhook
        self._means = means
        self._address = read_address(webhook.url)

    async def run(self) -> None:
        """Deliver for ever."""
        means, name = self._means, self._webhook.name
        while True:
            try:
                place = await means.places.read(name) or await self._begun()
                while await self.step(place):
                    place = await means.places.read(name) or place
            except* TouchpointError as errors:
                reason = getattr(errors.exceptions[0], "reason", "")
                _logger.warning("webhook_paused", webhook=name, reason=reason)
            await asyncio.sleep(means.look_s)

    async def _begun(self) -> Place:
        """Begin with what happens from now on."""
        ends = {feed: await log.end() for feed, log in self._means.logs.items()}
        return await self._means.places.open(self._webhook.name, ends)

    async def step(self, place: Place) -> bool:
        """Deliver the next changes from a place; False if there is nothing to do for a while."""
        if place.parked_us is not None or self._means.permissions.refusal(self._webhook):
            return False
        told = await self._told_who_left(place)
        if told is None:
            return True
        place, is_last = told, True
        for feed, log in self._means.logs.items():
            wanted = self._webhook.wants(feed)
            if wanted is None:
                continue
            found = await log.after(place.position(feed), wanted)
            now = await self._moved(place, feed, found)
            if now is None:
                return True
            place, is_last = now, is_last and found.is_last
        return not is_last

    async def _told_who_left(self, place: Place) -> Place | None:
        """Have those deleted who left, before anything else is told; None as with `_moved`."""
        means, name = self._means, self._webhook.name
        now: Place | None = place
        while now is not None and (left := await means.leaving.waiting(name)):
            done = Outcome()
            if not await self._deliver(now, left, self._post_departure, done):
                return None
            await means.leaving.forget(name, left)
            now = await means.places.advance(now, Feed.EVENTS, now.events_position, done)
        return now

    async def _moved(self, place: Place, feed: Feed, found: Slice) -> Place | None:
        """Deliver a slice and return the place after it; None if that is another's to say."""
        done = await self._delivered(place, found.changes)
        if done is None or found.position == place.position(feed):
            return None if done is None else place
        return await self._means.places.advance(place, feed, found.position, done)

    async def _delivered(self, place: Place, changes: Sequence[Change]) -> Outcome | None:
        """Deliver until all are taken or left out; None if somebody wants to go on elsewhere."""
        agreed = await self._means.subjects.agreeing(sorted({each.person_id for each in changes}))
        await self._means.disclosed.note(self._webhook.name, sorted(agreed))
        total = Outcome(left_out=sum(each.person_id not in agreed for each in changes))
        wanted = [each for each in changes if each.person_id in agreed]
        return total if await self._deliver(place, wanted, self._send, total) else None

    async def _deliver(
        self, place: Place, changes: Sequence[Change], send: Send, total: Outcome
    ) -> bool:
        """Send changes until all are taken or left out; False as with `_may_go_on`."""
        chains = chains_of(changes)
        while chains:
            done = await Round(chains, send).run()
            total.delivered += done.delivered
            total.left_out += done.left_out
            if done.failure is not None:
                failed = await self._means.places.fail(place, done)
                if failed is None or not await self._may_go_on(failed, done.failure):
                    return False
        return True

    async def _may_go_on(self, place: Place, failure: FailedError) -> bool:
        """Leave the receiver alone for a while; False if then somebody wanted something else."""
        told = {"webhook": place.webhook, "reason": failure.reason, "failures": place.failures}
        if place.parked_us is not None:
            _logger.error("webhook_parked", **told)
            return False
        means, jitter = self._means, random.random()  # noqa: S311 no cryptography
        pause = pause_s(place.failures, failure.pause_s, jitter) * means.first_pause_s
        _logger.warning("webhook_failed", retry_in_s=round(pause, 1), **told)
        ends = time.monotonic() + pause
        while (left := ends - time.monotonic()) > 0:
            await asyncio.sleep(min(left, means.look_s))
            now = await means.places.read(place.webhook)
            if now is None or now.generation != place.generation:
                return False
        return True

    async def _send(self, change: Change) -> bool:
        found = await self._means.subjects.subject(change.person_id, self._webhook.identities)
        if found is not None:
            await self._post(change, found)
        return found is not None

    async def _post_departure(self, change: Change) -> bool:
        await self._post(change, Subject((change.person_id,)))
        return True

    async def _post(self, change: Change, subject: Subject) -> None:
        means, webhook = self._means, self._webhook
        body, now_s = body_of(change, subject), int(time.time())
        name = message_id(webhook.name, change)
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": name,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature(
                means.permissions.secrets[webhook.name], name, now_s, body
            ),
        }
        try:
            answer = await means.poster.post(self._address, headers, body)
        except PostError as error:
            raise FailedError(str(error)) from None
        check_status(answer.status, answer.retry_after_s)
