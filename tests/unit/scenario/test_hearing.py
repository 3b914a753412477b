"""Events that cannot change a journey are told by their type alone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import BACK_IN_STOCK, Journey, Phase
from services.scenario.domain.passage import happened, may_hear
from services.scenario.reading import read_scenario
from tests.unit.scenario.playing import ADA, COME_BACK, HOUR_US, NOON_US
from touchpoint.rules.v1 import rules_pb2 as pb

TYPES = ("view", "search", "add_to_cart", "purchase", "complaint", "accept", "decline", "click")


def scenario(quiet_of):
    message = pb.Scenario(
        scenario="left",
        starts_on=["add_to_cart"],
        goals=["purchase"],
        quiet_of=quiet_of,
    )
    message.quiet_for.FromMicroseconds(HOUR_US)
    message.exits.add(on=["complaint"], **{"as": "complained"})
    first = message.stages.add(stage="wait")
    first.lasts.FromMicroseconds(HOUR_US)
    first.on.add(on=["click"], to="later")
    message.stages.add(stage="later").lasts.FromMicroseconds(HOUR_US)
    return read_scenario(message)


@given(
    st.sampled_from((*TYPES, "contact_sent", "message_sent", BACK_IN_STOCK)),
    st.sampled_from(((), ("view",))),
    st.sampled_from(((Phase.QUIET, -1), (Phase.STAGE, 0), (Phase.STAGE, 1), (Phase.PARKED, 0))),
    st.sampled_from(((), (COME_BACK,))),
)
def test_whatever_changes_a_journey_is_of_a_type_that_may(event_type, quiet_of, place, answers_to):
    phase, stage = place
    journey = Journey("j", ADA, scenario(quiet_of), NOON_US, phase, NOON_US + HOUR_US)
    journey = replace(journey, stage=stage, answers_to=answers_to)
    event = Happened(ADA, event_type, NOON_US + 1, COME_BACK if answers_to else 0)
    assert may_hear(journey, event_type) or happened(journey, event, NOON_US + 1) is None


def test_a_view_changes_nobody_who_waits_in_a_stage():
    waiting = Journey("j", ADA, scenario(()), NOON_US, Phase.QUIET, NOON_US + HOUR_US)
    assert may_hear(waiting, "view")
    in_stage = replace(waiting, phase=Phase.STAGE, stage=0)
    assert not may_hear(in_stage, "view")
    assert may_hear(in_stage, "click")
    assert not may_hear(replace(in_stage, stage=1), "click")
