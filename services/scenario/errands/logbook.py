"""Brings to the log of a person what was done for them: a message sent, attributes set, a note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from services.scenario.asking import ask
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.effects import NotePerson, SetAttributes, TellAnswer
from services.scenario.domain.errands import Dispatch
from shared.call import own_call
from shared.logging import get_logger
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.profile.v1.profile_service_pb2 import EventKeys, RecordEventsRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

CALLER = "scenario"
CONSENT = "consent"
_NOT_CALLED = {
    "granted": "false",
    "purpose": "marketing",
    "channel": "CALL_CENTER",
    "source": "wrong person",
}
"""The number is somebody else's: nobody is called by it until they agree to calls again."""
_TIMEOUT_S = 2.0
_METHOD = "/touchpoint.profile.v1.ProfileService/RecordEvents"
log = get_logger(__name__)


class Logbook(Protocol):
    """What is kept of persons by whoever owns that."""

    async def write(self, dispatch: Dispatch) -> None:
        """Write what was done; written twice, it counts once. Raises the kit's errors."""
        ...


class ProfileLogbook:
    """The log of events of profile."""

    def __init__(self, profile: ProfileServiceAsyncStub) -> None:
        self._profile = profile

    async def write(self, dispatch: Dispatch) -> None:
        """Write it; what profile refuses, nobody can write, and is told in this service's log."""
        request = RecordEventsRequest(caller=CALLER)
        for event in events_of(dispatch):
            request.events.append(event)
            request.keys.append(EventKeys(person_id=dispatch.person_id))
        answer = await ask(self._profile.RecordEvents, request, own_call(_METHOD), _TIMEOUT_S)
        for rejected in answer.rejected:
            log.warning("errand_not_recorded", errand_id=dispatch.errand_id, code=rejected.code)


def events_of(dispatch: Dispatch) -> Iterator[Event]:
    """Return the events that tell of an errand, the same each time: their ids are its own."""
    job = dispatch.job
    if isinstance(job, SetAttributes):
        for name, value in job.attributes:
            event = _event(dispatch, "attribute_set", f"{dispatch.errand_id}.{name}")
            event.attributes.update({"attribute": name, "value": value})
            yield event
    elif isinstance(job, NotePerson):
        event = _event(dispatch, "crm_note", dispatch.errand_id)
        event.attributes.update({"text": job.text})
        yield event
    elif isinstance(job, TellAnswer):
        yield from _answers(dispatch, job)
    elif isinstance(job, MessageOrder):
        # The id that it was reserved under: so the ledger counts it once.
        event = _event(dispatch, "contact_sent", dispatch.contact_id or dispatch.errand_id)
        event.time.FromMicroseconds(dispatch.sent_us)
        event.channel = dispatch.channel  # type: ignore[assignment]
        event.decision_id = dispatch.decision_id
        event.offer_id = dispatch.offer_id
        event.placement = job.placement
        yield event


def _answers(dispatch: Dispatch, told: TellAnswer) -> Iterator[Event]:
    """Return what a person said to an agent: of each offer, or that they are not called again."""
    for number, offer_id in enumerate(told.offer_ids if told.event_type != CONSENT else ("",)):
        event = _event(dispatch, told.event_type, f"{told.key}.{number}")
        event.channel = told.channel  # type: ignore[assignment]
        event.offer_id = offer_id
        event.decision_id = told.decision_id
        if told.event_type == CONSENT:
            event.attributes.update(_NOT_CALLED)
        yield event


def _event(dispatch: Dispatch, event_type: str, event_id: str) -> Event:
    event = Event(event_id=event_id, type=event_type)
    event.time.FromMicroseconds(dispatch.due_us)
    return event
