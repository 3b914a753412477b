"""The rpc about audiences: whom to tell of an offer, by what is expected of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from services.scenario.audience_offer import asked_offer, prices_of
from services.scenario.definitions import Playbook
from services.scenario.domain.audience import Estimate, Gathering, Prospect, estimated
from services.scenario.weighing import OneOffer, Weigher
from shared.call import Call
from shared.catalogue import Catalogue
from shared.client import follow
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import Aborted
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import StreamSnapshotsRequest
from touchpoint.scenario.v1 import audience_pb2 as pb

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_IN_ONE_MESSAGE = 500
_TELL_EVERY_S = 0.5


class Audiences:
    """Finds one audience at a time: each keeps rules and the ranker busy for a while."""

    def __init__(
        self,
        profile: ProfileServiceAsyncStub,
        weigher: Weigher,
        catalogue: Catalogue,
        bundles: BundleFollower[Playbook],
        clock: BusinessClock,
    ) -> None:
        self._profile = profile
        self._weigher = weigher
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
            prices = prices_of(offer, self._catalogue, self._bundles.active)
            gathering, progress = Gathering(request.limit, prices), pb.OfferAudienceProgress()
            async with aclosing(self._looked(call, request.look_at, offer, gathering)) as steps:
                async for progress in steps:
                    yield pb.FindAudienceResponse(progress=progress)
            best = gathering.best()
            audience = self._audience(request.offer_id, offer, progress.people, gathering)
            audience.of_listed.CopyFrom(_told(estimated(best, prices)))
            for way in audience.ways:
                way.listed = sum(who.channel == way.channel for who in best)
            audience.took.FromMilliseconds(round((time.monotonic() - began) * 1e3))
        yield pb.FindAudienceResponse(audience=audience)
        if call.caller.may_export:
            for response in _members(best):
                yield response

    def _asked(self, request: pb.FindAudienceRequest) -> OneOffer:
        return asked_offer(
            request.offer_id,
            request.channel,
            request.placement,
            self._catalogue,
            self._bundles.active,
            self._clock.now_us(),
        )

    async def _looked(
        self, call: Call, look_at: int, offer: OneOffer, gathering: Gathering
    ) -> AsyncGenerator[pb.OfferAudienceProgress, None]:
        """Weigh the offer for one after the other; yields how far it is."""
        asked = StreamSnapshotsRequest(at_most=look_at)
        told_s = 0.0
        async with aclosing(follow(self._profile.StreamSnapshots, asked, call)) as stream:
            async for some in stream:
                people = [PersonSnapshot.FromString(each) for each in some.snapshots]
                for found in await self._weigher.weigh(call, offer, people):
                    gathering.add(found)
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
