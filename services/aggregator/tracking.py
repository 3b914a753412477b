"""Takes in what happened: each event is checked by itself, the good ones go to profile."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from services.aggregator.browsers import foreign_event
from services.aggregator.domain.vocabulary import Channel, name_of
from services.aggregator.events import mistakes
from services.aggregator.identification import Identification, owner_of
from services.aggregator.peers import Peers
from services.aggregator.visitor_caps import VisitorCaps
from shared.call import Call, Caller
from shared.client import invoke
from shared.privacy import KINDS, IdentityError
from touchpoint.aggregator.v1.aggregator_service_pb2 import Rejected, TrackRequest, TrackResponse
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.profile.v1.profile_service_pb2 import (
    EventKeys,
    RecordEventsRequest,
    RecordEventsResponse,
)

INVALID, NOT_ALLOWED = "INVALID", "NOT_ALLOWED"
WRITE = "events:write"
LONGEST_S = 30.0


@dataclass(slots=True)
class Sorted:
    """The events of a request, the good from the bad."""

    good: RecordEventsRequest
    places: list[int] = field(default_factory=list)
    """Index in the caller's request of each good event."""
    rejected: list[Rejected] = field(default_factory=list)


class Tracking:
    """Forwards events to profile, which makes them durable."""

    def __init__(self, peers: Peers, identification: Identification, caps: VisitorCaps) -> None:
        self._peers = peers
        self._caps = caps
        self._identification = identification

    async def track(
        self, call: Call, request: TrackRequest, now_us: int, placements: Container[str]
    ) -> TrackResponse:
        """Record the good events; raises TouchpointError when none of them was acknowledged.

        Overloaded: a browser tells more of one visitor than it may, and nothing is recorded.
        """
        found = self._sorted(call, request.events, now_us, placements)
        if not found.places:
            return TrackResponse(rejected=found.rejected)
        with self._caps.telling(call.caller, (keys.owner_key for keys in found.good.keys)):
            recorded = await invoke(self._peers.profile.RecordEvents, found.good, call, LONGEST_S)
        return _answer(found, recorded)

    def _sorted(
        self, call: Call, events: Sequence[Event], now_us: int, placements: Container[str]
    ) -> Sorted:
        caller = call.caller
        good = RecordEventsRequest(caller=caller.name, may_link=caller.may_link)
        found = Sorted(good)
        for at, event in enumerate(events):
            wrong = mistakes(event, now_us, placements)
            values, keys = self._identified(event, wrong)
            refused = "" if wrong or caller.grants is None else self._refused(caller, event)
            if wrong or refused:
                code, message = (INVALID, "; ".join(wrong)) if wrong else (NOT_ALLOWED, refused)
                found.rejected.append(Rejected(index=at, code=code, message=message))
                continue
            found.places.append(at)
            # Everybody has a browser's key: without an owner one could use up another's event ids.
            owner = owner_of(keys) if caller.is_browser else b""
            good.keys.append(EventKeys(identity_keys=keys, owner_key=owner))
            good.events.append(event)
            # The copy is changed, never the caller's message: colocated, it is shared.
            for identity, value in zip(good.events[-1].identities, values, strict=True):
                if identity.value != value:
                    identity.value = value
        return found

    def _refused(self, caller: Caller, event: Event) -> str:
        """Return why a caller may not tell an event; "" where it may."""
        if not caller.may(WRITE, event.channel):
            if not event.channel:
                return "channel: must be named by a caller that may not speak for all of them"
            name = name_of(Channel, event.channel)
            return f"channel: this caller lacks the scope {WRITE}:{name}"
        if caller.is_browser:
            return foreign_event(caller, event, self._identification.visitors)
        return ""

    def _identified(self, event: Event, wrong: list[str]) -> tuple[list[str], list[IdentityKey]]:
        """Return normalised values and pseudonyms; adds what is wrong with the identities."""
        values, keys = [], []
        for at, identity in enumerate(event.identities):
            try:
                value, key = self._identification.one(identity)
            except IdentityError as error:
                field = "value" if identity.kind in KINDS else "kind"
                wrong.append(f"identities[{at}].{field}: {error}")
            else:
                values.append(value)
                keys.append(key)
        return values, keys


def _answer(found: Sorted, recorded: RecordEventsResponse) -> TrackResponse:
    rejected = [
        Rejected(index=found.places[one.index], code=one.code, message=one.message)
        for one in recorded.rejected
    ]
    return TrackResponse(
        accepted=recorded.accepted,
        duplicates=recorded.duplicates,
        rejected=sorted((*found.rejected, *rejected), key=lambda one: one.index),
    )
