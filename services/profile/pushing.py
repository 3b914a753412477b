"""Tells receivers outside of the house what happens, each at its own pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.profile.domain.delivering import Round, chains_of
from services.profile.domain.webhooks import (
    Change,
    Disclosed,
    FailedError,
    Feed,
    Log,
    Outcome,
    Place,
    Places,
    Slice,
    Subjects,
    Webhook,
    check_status,
    pause_s,
)
from services.profile.webhook_messages import body_of, message_id
from shared.background import keep_running
from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.postgres import Database
from shared.webhooks import Hosts, Poster, PostError, Secrets, read_address, signature

LOOK_S = 0.5
"""How soon something new is seen: an event, other definitions, the wish to go on."""
USER_AGENT = "Touchpoint-Webhooks/1"
_logger = get_logger(__name__)

WebhooksOf = Callable[[], Sequence[Webhook]]
"""Those of the active definitions."""


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
        is_last = True
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
        chains = chains_of([each for each in changes if each.person_id in agreed])
        while chains:
            done = await Round(chains, self._send).run()
            total.delivered += done.delivered
            total.left_out += done.left_out
            if done.failure is not None:
                failed = await self._means.places.fail(place, done)
                if failed is None or not await self._may_go_on(failed, done.failure):
                    return None
        return total

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
        means, webhook = self._means, self._webhook
        subject = await means.subjects.subject(change.person_id, webhook.identities)
        if subject is None:
            return False
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
        return True


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
        try:
            while True:
                await self._follow_definitions()
                await asyncio.sleep(self._means.look_s)
        finally:
            await self._stop(list(self._running))
            await self._means.poster.close()

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
