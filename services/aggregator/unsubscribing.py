"""Ends what people are sent, by the links in their messages."""

from __future__ import annotations

from services.aggregator.peers import Peers
from shared.call import Call
from shared.client import invoke
from shared.clock import BusinessClock
from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument, Unavailable
from shared.ids import new_id
from shared.logging import get_logger
from shared.refusals import refuses
from shared.unsubscribing import (
    ExpiredTokenError,
    Subscription,
    TokenError,
    Unsubscribing,
)
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

CALLER = "aggregator"
SOURCE = "link in a message"
_LONGEST_S = 1.0
log = get_logger(__name__)


class UnsubscribeDesk:
    """One method per rpc."""

    def __init__(self, peers: Peers, links: Unsubscribing, clock: BusinessClock) -> None:
        self._profile = peers.profile
        self._links = links
        self._clock = clock

    async def end(self, call: Call, request: pb.UnsubscribeRequest) -> pb.UnsubscribeResponse:
        """Withdraw the consent that a link is about; whoever is nobody any more is told the same.

        Raises InvalidArgument for a forged token, FailedPrecondition for one that is too old.
        """
        told = self._read(request.token)
        asked = profile_pb.GetSnapshotRequest(person_id=told.person_id)
        answer = await invoke(self._profile.GetSnapshot, asked, call, _LONGEST_S)
        person = PersonSnapshot.FromString(answer.snapshot)
        channel = Channel.Value.ValueType(told.channel)
        already = not person.person_ids or refuses(person, told.purpose, channel)
        if not already:
            await self._withdraw(call, told)
        return pb.UnsubscribeResponse(channel=channel, purpose=told.purpose, already=already)

    def _read(self, token: str) -> Subscription:
        try:
            return self._links.read(token, self._clock.now_us())
        except ExpiredTokenError as error:
            raise FailedPrecondition(str(error), reason="LINK_EXPIRED") from None
        except TokenError as error:
            raise InvalidArgument([FieldViolation("token", str(error))]) from None

    async def _withdraw(self, call: Call, told: Subscription) -> None:
        event = Event(
            event_id=f"unsubscribe.{new_id()}",
            type="consent",
            channel=told.channel,  # type: ignore[arg-type]
        )
        event.time.FromMicroseconds(self._clock.now_us())
        event.attributes.update(
            {
                "granted": "false",
                "purpose": told.purpose,
                "channel": Channel.Value.Name(told.channel),  # type: ignore[arg-type]
                "source": SOURCE,
            }
        )
        request = profile_pb.RecordEventsRequest(
            events=[event],
            keys=[profile_pb.EventKeys(person_id=told.person_id)],
            caller=CALLER,
        )
        answer = await invoke(self._profile.RecordEvents, request, call, _LONGEST_S)
        for rejected in answer.rejected:
            log.error("unsubscribing_rejected", code=rejected.code)
            raise Unavailable("this could not be kept: try again", reason="NOT_KEPT")
