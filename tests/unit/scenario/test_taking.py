"""Steps of journeys within one transaction."""

from dataclasses import replace

from services.scenario.domain.journey import Outcome
from services.scenario.domain.passage import begin, end, happened
from services.scenario.domain.steps import Steps
from services.scenario.domain.taking import take_events
from services.scenario.domain.transition import Transition
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from tests.unit.scenario.playing import ADA, MINUTE_US, NOON_US, abandoned_cart, event, for_all


def test_a_journey_that_ended_with_another_is_not_brought_back_by_what_was_read_before():
    begun = begin(abandoned_cart(), event(), "journey", NOON_US).journey
    steps = Steps([begun])
    steps.take(end(begun, Outcome.MERGED, NOON_US))
    steps.take(happened(begun, event("view", NOON_US + MINUTE_US), NOON_US + MINUTE_US))
    (transition,) = steps.transitions
    assert transition.journey.outcome is Outcome.MERGED


async def test_what_ended_a_moment_ago_in_the_same_batch_begins_no_sooner_than_it_may():
    store = InMemoryJourneys()
    starting = for_all({"add_to_cart": [abandoned_cart()]})
    async with store.transaction() as transaction:
        await take_events(transaction, [event()], starting, NOON_US, lambda _: "first")
    (journey,) = await store.open_for([ADA])
    store.write(Transition(replace(journey, occurrence=1)))
    both = [event("purchase", NOON_US + 1), event("add_to_cart", NOON_US + 2)]
    async with store.transaction() as transaction:
        await take_events(transaction, both, starting, NOON_US + 2, lambda _: "second")
    assert list(store.journeys) == ["first"]
