"""What scenario tells the others on the bus: where journeys stand, never a personal value."""

from __future__ import annotations

from services.scenario.domain.journey import Journey
from shared.bus import Publication
from shared.bus.subjects import journeys_of
from touchpoint.common.v1.bus_pb2 import JourneyNotice

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
        offer_no=journey.offer_no if proposal is not None else 0,
        placements=proposal.placements if proposal is not None else (),
        lever=proposal.lever if proposal is not None else 0.0,
        entered_us=journey.entered_us,
        until_us=journey.until_us,
    )


def erased_notice(journey_id: str, person_id: str, version: int) -> JourneyNotice:
    """Return what there is to tell of a journey that was deleted."""
    return JourneyNotice(
        journey_id=journey_id, person_id=person_id, version=version + 1, ended=True
    )


def publication(notice: JourneyNotice) -> Publication:
    return Publication.of(journeys_of(notice.person_id), SCHEMA_NUMBER, notice)
