"""A scenario of people who are quiet already, and what they bought."""

from services.scenario.domain.facts import Happened
from services.scenario.reading import read_scenario
from tests.unit.scenario.playing import ADA, DAY_US, NOON_US
from touchpoint.rules.v1 import rules_pb2 as pb

QUIET_DAYS, WITHIN_DAYS, OVER_DAYS = 45, 320, 14


def lapsed(**fields) -> pb.Scenario:
    """Return a scenario of who has not bought for 45 days, taken up over two weeks."""
    fields.setdefault("quiet_of", ["purchase"])
    message = pb.Scenario(scenario="lapsed", starts_on=["purchase"], goals=["purchase"], **fields)
    message.quiet_for.FromMicroseconds(QUIET_DAYS * DAY_US)
    message.quiet_already.within.FromMicroseconds(WITHIN_DAYS * DAY_US)
    message.quiet_already.over.FromMicroseconds(OVER_DAYS * DAY_US)
    message.again_after.FromMicroseconds(90 * DAY_US)
    stage = message.stages.add(stage="on_the_site")
    stage.propose.offer = "come_back"
    stage.lasts.FromMicroseconds(7 * DAY_US)
    return message


def scenario(**fields):
    return read_scenario(lapsed(**fields))


def ago(days, event_type="purchase", *, person_id=ADA, offer_no=0):
    """Return what somebody did so many days before noon."""
    values = {"event.type": event_type, "event.offer_id": f"item-{offer_no}"}
    time_us = NOON_US - round(days * DAY_US)
    return Happened(person_id, event_type, time_us, offer_no, values, f"e{days}")
