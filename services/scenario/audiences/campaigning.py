"""Tells people of an offer: messages of campaigns, ordered once for each person."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

from services.scenario.audiences.offer import asked_offer
from services.scenario.definitions import Playbook
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.audience import Way
from services.scenario.domain.campaigns import Became, Campaign, message
from services.scenario.domain.errand_store import ErrandStore
from services.scenario.messages.channels import MARKETING, channel_name
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import FailedPrecondition, NotFound
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.scenario.v1 import audience_pb2 as pb


class Campaigns:
    """Knows who was told under which name, and orders messages to those who were not."""

    def __init__(
        self,
        store: ErrandStore,
        catalogue: Catalogue,
        bundles: BundleFollower[Playbook],
        clock: BusinessClock,
        channels: frozenset[int],
        wake: Callable[[], None],
    ) -> None:
        """Take what it works with; `channels` are those that messages can be sent on."""
        self._store = store
        self._catalogue = catalogue
        self._bundles = bundles
        self._clock = clock
        self._channels = channels
        self._wake = wake

    def sendable(self, ways: Sequence[Way], template: str) -> Sequence[Way]:
        """Return the ways that a template has words for and a message can go.

        Raises NotFound for what is no template, FailedPrecondition where there is no way left.
        """
        known = self._bundles.active.words_for
        if template not in known:
            close = difflib.get_close_matches(template, known, n=3)
            near = f"; near are {', '.join(close)}" if close else ""
            raise NotFound(f"there is no template {template}{near}", reason="TEMPLATE_NOT_FOUND")
        worded = [way for way in ways if way.channel in known[template]]
        if not worded:
            said = f"template {template} has no words for {_named(ways)}"
            raise FailedPrecondition(said, reason="WRONG_CHANNEL")
        carried = [way for way in worded if way.channel in self._channels]
        if not carried:
            said = f"no carrier of messages is set up for {_named(worded)}"
            raise FailedPrecondition(said, reason="NO_CARRIER")
        left = [way for way in carried if way.placement == self._told_on(way.channel)]
        if not left:
            said = f"messages on {_named(carried)} tell what the first placement there shows"
            raise FailedPrecondition(f"{said}: not such an offer", reason="PLACEMENT_MISSING")
        return left

    def _told_on(self, channel: int) -> str:
        """Return the placement that decides what messages carry that name none."""
        places = self._bundles.active.places
        return next((each.name for each in places if each.channel == channel), "")

    async def told(self, campaign: Campaign, people: Sequence[PersonSnapshot]) -> frozenset[str]:
        """Return who was told already, by the oldest of each set."""
        ids = [person_id for person in people for person_id in person.person_ids]
        told = await self._store.told(campaign, ids)
        return frozenset(
            person.person_ids[0] for person in people if not told.isdisjoint(person.person_ids)
        )

    async def count_told(self, campaign: Campaign) -> Mapping[Became, int]:
        """Return what became of the messages that were ordered already, and of how many."""
        return await self._store.count_told(campaign)

    async def tell(self, request: pb.TellAudienceRequest) -> pb.TellAudienceResponse:
        """Order the messages; raises what `asked_offer` and `sendable` do, and writes nothing."""
        catalogue, playbook = self._catalogue, self._bundles.active
        now_us = self._clock.now_us()
        for channel in sorted({each.channel for each in request.people}):
            offer = asked_offer(request.offer_id, channel, "", catalogue, playbook, now_us)
            self.sendable(offer.ways, request.template)
        ends_us = int(catalogue.ends_us[catalogue.offer_no(request.offer_id)])
        campaign = campaign_of(request.offer_id, request.template, request.campaign)
        messages = [
            message(campaign, each.person_id, _order(request, each.channel), now_us, ends_us)
            for each in request.people
        ]
        taken = await self._store.order(campaign, messages)
        if taken.ordered:
            self._wake()
        return pb.TellAudienceResponse(
            ordered=taken.ordered, told_already=taken.told_already, gone=taken.gone
        )


def campaign_of(offer_id: str, template: str, name: str) -> Campaign:
    """Return the campaign of a name, or where there is none of a template."""
    return Campaign(name or template, offer_id)


def _named(ways: Sequence[Way]) -> str:
    return ", ".join(channel_name(way.channel) for way in ways)


def _order(request: pb.TellAudienceRequest, channel: int) -> MessageOrder:
    """Return the message: it carries the offer, or is not sent."""
    return MessageOrder(
        channels=(channel,),
        template=request.template,
        limit=1,
        offer_ids=(request.offer_id,),
        purpose=MARKETING,
    )
