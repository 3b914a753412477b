"""Steps of journeys within one transaction."""

from services.scenario.domain.journey import Outcome
from services.scenario.domain.passage import begin, end, happened
from services.scenario.domain.taking import Steps
from tests.unit.scenario.playing import MINUTE_US, NOON_US, abandoned_cart, event


def test_a_journey_that_ended_with_another_is_not_brought_back_by_what_was_read_before():
    begun = begin(abandoned_cart(), event(), "journey", NOON_US).journey
    steps = Steps([begun])
    steps.take(end(begun, Outcome.MERGED, NOON_US))
    steps.take(happened(begun, event("view", NOON_US + MINUTE_US), NOON_US + MINUTE_US))
    (transition,) = steps.transitions
    assert transition.journey.outcome is Outcome.MERGED
