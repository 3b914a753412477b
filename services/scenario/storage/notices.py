"""What scenario tells the others on the bus: where journeys stand, and that a call was made."""

from __future__ import annotations

from services.scenario.domain.journey import Journey
from shared.bus import Publication
from shared.bus.subjects import calls_of, journeys_of
from touchpoint.common.v1.bus_pb2 import CallNotice, JourneyNotice

SCHEMA_NUMBER = 1


def journey_notice(journey: Journey) -> JourneyNotice:
    """Return what there is to tell of a journey."""
    proposal = journey.proposal
    stage = journey.current
    return JourneyNotice(
        journey_id=journey.journey_id,
        person_id=journey.person_id,
        version=journey.version,
        scenario=journey.scenario.name,
        stage=stage.name if stage is not None else "",
        ended=journey.is_over,
        offer_no=journey.offer_nos[0] if proposal is not None else 0,
        other_offer_nos=journey.offer_nos[1:] if proposal is not None else (),
        priority=journey.scenario.priority,
        placements=proposal.placements if proposal is not None else (),
        lever=proposal.lever if proposal is not None else 0.0,
        entered_us=journey.entered_us,
        until_us=journey.until_us,
        subject_no=journey.subject_no,
    )


def erased_notice(journey_id: str, person_id: str, version: int) -> JourneyNotice:
    """Return what there is to tell of a journey that was deleted."""
    return JourneyNotice(
        journey_id=journey_id, person_id=person_id, version=version + 1, ended=True
    )


def publication(notice: JourneyNotice) -> Publication:
    return Publication.of(journeys_of(notice.person_id), SCHEMA_NUMBER, notice)


def call_made(contact_id: str, person_id: str, time_us: int) -> Publication:
    """Return the news that the call of a reserved contact was made."""
    notice = CallNotice(contact_id=contact_id, person_id=person_id, time_us=time_us)
    return Publication.of(calls_of(person_id), SCHEMA_NUMBER, notice)
