"""The rpcs about audiences: whom to tell of an offer, by what is expected of it, and telling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from services.scenario.audiences.campaigning import Campaigns, campaign_of
from services.scenario.audiences.offer import asked_offer, prices_of
from services.scenario.audiences.weighing import OneOffer, Weigher
from services.scenario.definitions import Playbook
from services.scenario.domain.audience import (
    Estimate,
    Gathering,
    Prospect,
    Reason,
    estimated,
)
from services.scenario.domain.campaigns import Became, Campaign
from shared.call import Call
from shared.catalogue import Catalogue
from shared.client import follow
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import Aborted
from shared.person_export import demand_permission
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import StreamSnapshotsRequest
from touchpoint.scenario.v1 import audience_pb2 as pb

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

TOLD_ALREADY = Reason("TOLD_ALREADY")
_IN_ONE_MESSAGE = 500
_TELL_EVERY_S = 0.5


class Audiences:
    """Finds one audience at a time: each keeps rules and the ranker busy for a while."""

    def __init__(
        self,
        profile: ProfileServiceAsyncStub,
        weigher: Weigher,
        campaigns: Campaigns,
        catalogue: Catalogue,
        bundles: BundleFollower[Playbook],
        clock: BusinessClock,
    ) -> None:
        self._profile = profile
        self._weigher = weigher
        self._campaigns = campaigns
        self._catalogue = catalogue
        self._bundles = bundles
        self._clock = clock
        self._turn = asyncio.Lock()

    async def find(
        self, call: Call, request: pb.FindAudienceRequest
    ) -> AsyncGenerator[pb.FindAudienceResponse, None]:
        """Tell how far it is, then what came of it and whom to tell.

        Raises Aborted while another one is under way, what `asked_offer` raises, and what profile,
        rules or the ranker raise again and again. A caller that leaves ends it.
        """
        offer = self._asked(request)
        if self._turn.locked():
            raise Aborted(
                "another audience is being looked for: try again when it is found",
                reason="AUDIENCE_UNDER_WAY",
            )
        async with self._turn:
            began = time.monotonic()
            playbook = self._bundles.active
            prices = prices_of(offer, self._catalogue, playbook)
            campaign = _campaign(request)
            told = await self._campaigns.count_told(campaign) if campaign else {}
            limit = max(request.limit - sum(told.values()), 0)
            gathering = Gathering(limit, prices, self._weigher.most_on(playbook))
            progress = pb.OfferAudienceProgress()
            looking = self._looked(call, request.look_at, offer, campaign, gathering)
            async with aclosing(looking) as steps:
                async for progress in steps:
                    yield pb.FindAudienceResponse(progress=progress)
            best = gathering.best()
            audience = self._audience(request.offer_id, offer, progress.people, gathering)
            if campaign is not None:
                audience.campaign = campaign.name
                audience.told_before.extend(_before(told))
            audience.of_listed.CopyFrom(_told(estimated(best, prices)))
            for way in audience.ways:
                way.listed = sum(who.channel == way.channel for who in best)
            audience.took.FromMilliseconds(round((time.monotonic() - began) * 1e3))
        yield pb.FindAudienceResponse(audience=audience)
        if call.caller.may_export:
            for response in _members(best):
                yield response

    async def tell(self, request: pb.TellAudienceRequest) -> pb.TellAudienceResponse:
        """Order messages to people that tell them of an offer; see `Campaigns.tell`."""
        return await self._campaigns.tell(request)

    def _asked(self, request: pb.FindAudienceRequest) -> OneOffer:
        offer = asked_offer(
            request.offer_id,
            request.channel,
            request.placement,
            self._catalogue,
            self._bundles.active,
            self._clock.now_us(),
        )
        if not request.template:
            return offer
        return replace(offer, ways=self._campaigns.sendable(offer.ways, request.template))

    async def _looked(
        self,
        call: Call,
        look_at: int,
        offer: OneOffer,
        campaign: Campaign | None,
        gathering: Gathering,
    ) -> AsyncGenerator[pb.OfferAudienceProgress, None]:
        """Weigh the offer for one after the other; yields how far it is."""
        asked = StreamSnapshotsRequest(at_most=look_at)
        told_s = 0.0
        async with aclosing(follow(self._profile.StreamSnapshots, asked, call)) as stream:
            async for some in stream:
                people = [PersonSnapshot.FromString(each) for each in some.snapshots]
                told = await self._campaigns.told(campaign, people) if campaign else ()
                new = [each for each in people if each.person_ids[0] not in told]
                for found in await self._weigher.weigh(call, offer, new):
                    gathering.add(found)
                for _ in range(len(people) - len(new)):
                    gathering.add(TOLD_ALREADY)
                if time.monotonic() - told_s > _TELL_EVERY_S:
                    told_s = time.monotonic()
                    yield pb.OfferAudienceProgress(
                        done=gathering.looked_at, total=some.total, people=some.people
                    )

    def _audience(
        self, offer_id: str, offer: OneOffer, people: int, gathering: Gathering
    ) -> pb.OfferAudience:
        playbook, catalogue = self._bundles.active, self._catalogue
        return pb.OfferAudience(
            offer_id=offer_id,
            ways=[
                pb.OfferAudienceWay(
                    channel=Channel.Value.ValueType(way.channel), placement=way.placement
                )
                for way in offer.ways
            ],
            # Somebody may have come meanwhile.
            people=max(people, gathering.looked_at),
            looked_at=gathering.looked_at,
            may_be_told=gathering.of_all.people,
            fell_out=[
                pb.FellOut(code=reason.code, rule=reason.rule, people=count)
                for reason, count in gathering.fell_out()
            ],
            of_all=_told(gathering.of_all),
            currency=catalogue.only_currency or playbook.exchange.table(catalogue).base,
            bundle_hash=self._bundles.active_hash,
            model=self._weigher.model,
        )


class AudienceRpcs:
    """A part of the servicer."""

    def __init__(self, audiences: Audiences) -> None:
        self.__audiences = audiences

    async def find_audience(
        self, call: Call, request: pb.FindAudienceRequest
    ) -> AsyncIterator[pb.FindAudienceResponse]:
        async with aclosing(self.__audiences.find(call, request)) as found:
            async for response in found:
                yield response

    async def tell_audience(
        self, call: Call, request: pb.TellAudienceRequest
    ) -> pb.TellAudienceResponse:
        demand_permission(call)
        return await self.__audiences.tell(request)


def _campaign(request: pb.FindAudienceRequest) -> Campaign | None:
    if not request.template:
        return None
    return campaign_of(request.offer_id, request.template, request.campaign)


def _before(told: Mapping[Became, int]) -> Iterable[pb.ToldBefore]:
    for became, people in sorted(told.items(), key=lambda each: (-each[1], each[0])):
        yield pb.ToldBefore(state=became.state, reason=became.reason, people=people)


def _told(estimate: Estimate) -> pb.AudienceEstimate:
    return pb.AudienceEstimate(
        people=estimate.people,
        acceptances=estimate.acceptances,
        value=estimate.value,
        cost=estimate.cost,
        cost_is_partial=estimate.cost_is_partial,
        later=estimate.later,
    )


def _members(best: Iterable[Prospect]) -> Iterable[pb.FindAudienceResponse]:
    response = pb.FindAudienceResponse()
    for each in best:
        response.people.add(
            person_id=each.person_id,
            acceptance_probability=each.acceptance_probability,
            expected_value=each.expected_value,
            contribution_micros=each.contribution_micros,
            channel=Channel.Value.ValueType(each.channel),
            channel_why=each.why,
        )
        if len(response.people) == _IN_ONE_MESSAGE:
            yield response
            response = pb.FindAudienceResponse()
    if response.people:
        yield response
