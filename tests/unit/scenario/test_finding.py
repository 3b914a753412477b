"""What can be proposed at a moment, and who notices that it cannot any more."""

from dataclasses import replace

import pytest

from services.scenario.domain.passage import begin
from services.scenario.domain.ports import Claim
from services.scenario.domain.proposals import Proposals, Standing
from services.scenario.domain.taking import take_events, take_timers
from services.scenario.journeys.finding import Finder, is_to_be_had
from services.scenario.journeys.obstacles import Obstacles
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.clock import from_us
from shared.testing.background import running, until
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import (
    ADA,
    CART,
    COME_BACK,
    MINUTE_US,
    NOON_US,
    abandoned_cart,
    event,
    facts,
    for_all,
)
from tests.unit.scenario.shop import OneBundle, bundle, catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow

QUIET_US = NOON_US + 30 * MINUTE_US


@pytest.mark.parametrize(
    ("changes", "can_be_had"),
    [
        ({}, True),
        ({"withdrawn": True}, False),
        ({"starts_us": NOON_US + 1}, False),
        ({"starts_us": NOON_US}, True),
        ({"ends_us": NOON_US}, False),
        ({"ends_us": NOON_US + 1}, True),
    ],
)
def test_an_offer_can_be_had_in_its_season_while_nobody_took_it_back(changes, can_be_had):
    offers, playbook = catalogue(come_back=changes), OneBundle().active
    assert is_to_be_had(offers, playbook, COME_BACK, NOON_US) is can_be_had


def test_an_offer_that_the_bundle_does_not_define_and_one_unknown_cannot_be_had():
    playbook = OneBundle(bundle(offers=[])).active
    assert not is_to_be_had(catalogue(), playbook, COME_BACK, NOON_US)
    for number in (0, 99, 10_000_000):
        assert not is_to_be_had(catalogue(), OneBundle().active, number, NOON_US)


@pytest.mark.parametrize("words", [{}, {"de": "Laufschuhe"}])
def test_what_lies_in_the_cart_is_known_by_its_titles_in_all_languages(words):
    offers, clock = catalogue(), FakeClock(from_us(QUIET_US))
    shoes = CART.offer_nos[0]
    row = CatalogueRow(offer_no=shoes, offer_id="shoes", title="Trail shoes")
    for language, title in words.items():
        row.creative.words.add(language=language, title=title)
    offers.apply(CatalogueBatch(previous_version=1, version=2, rows=[row]))
    journey = begin(abandoned_cart(), event(), "j", NOON_US).journey
    left = replace(journey, cart=CART)
    found = Finder(offers, OneBundle(), None, clock, None).at_hand(left, ADA)
    assert found.titles[shoes] == "Trail shoes"
    assert found.titles_in("de-AT")[shoes] == words.get("de", "Trail shoes")


@pytest.mark.parametrize(
    ("parameters", "may_be"),
    [
        ({}, True),
        ({"personal.needs": "CLAIMED", "assurance.phone": "CLAIMED"}, True),
        ({"personal.needs": "VERIFIED"}, False),
        ({"personal.needs": "VERIFIED", "assurance.phone": "VERIFIED"}, False),
        ({"assurance.phone": "ANONYMOUS"}, False),
    ],
)
def test_whether_a_call_may_be_personal_is_what_the_definitions_say(parameters, may_be):
    made = bundle()
    made.parameters.update(parameters)
    clock = FakeClock(from_us(QUIET_US))
    journey = begin(abandoned_cart(), event(), "j", NOON_US).journey
    found = Finder(catalogue(), OneBundle(made), None, clock, None).at_hand(journey, ADA)
    assert found.calls_may_be_personal is may_be


class Watched:
    """A journey that proposes, and what watches over it."""

    def __init__(self):
        self.store, self.clock = InMemoryJourneys(), FakeClock(from_us(QUIET_US))
        self.proposals, self.bundles = Proposals(), OneBundle()
        self.catalogue, self.woken = catalogue(), 0
        self.obstacles = Obstacles(
            self.store, self.proposals, self.catalogue, self.bundles, self.clock, self._wake
        )

    def _wake(self):
        self.woken += 1

    async def propose(self):
        starting = for_all({"add_to_cart": [abandoned_cart()]})
        async with self.store.transaction() as transaction:
            await take_events(transaction, [event()], starting, NOON_US, lambda _: "journey")
        (claim,) = await self.store.claim("worker", QUIET_US, 5.0, 1)
        async with self.store.transaction() as transaction:
            await take_timers(transaction, [(claim, facts())], QUIET_US)
        self.proposals.apply(
            Standing("journey", ADA, 2, "abandoned_cart", "web_offer", (COME_BACK,))
        )

    async def due_us(self):
        (journey,) = await self.store.open_for([ADA])
        return journey.due_us


@pytest.fixture
async def watched():
    made = Watched()
    await made.propose()
    return made


async def test_while_everything_is_there_nothing_is_looked_at_again(watched):
    later_us = await watched.due_us()
    async with running(watched.obstacles):
        await until(lambda: watched.obstacles._seen is not None)
    assert await watched.due_us() == later_us
    assert watched.woken == 0


async def test_a_row_that_changed_lets_its_journeys_be_looked_at_now(watched):
    async with running(watched.obstacles):
        await until(lambda: watched.obstacles._seen is not None)
        watched.catalogue.withdrawn[COME_BACK] = True
        watched.obstacles.note([3])
        watched.obstacles.note([COME_BACK])
        await until(lambda: watched.woken == 1)
    assert await watched.due_us() == QUIET_US


async def test_definitions_without_its_scenario_let_a_journey_be_looked_at_now(watched):
    watched.bundles.replace(bundle(with_abandoned_cart=False), "other")
    async with running(watched.obstacles):
        await until(lambda: watched.woken == 1)
    assert await watched.due_us() == QUIET_US


async def test_what_is_tried_on_some_lets_journeys_be_looked_at_and_so_does_its_end(watched):
    async with running(watched.obstacles):
        await until(lambda: watched.obstacles._seen is not None)
        watched.bundles.try_out(bundle(with_abandoned_cart=False), "somebody else")
        await until(lambda: watched.woken == 1)
        (claim,) = await watched.store.claim("worker", QUIET_US, 5.0, 1)
        async with watched.store.transaction() as transaction:
            await take_timers(transaction, [(claim, facts())], QUIET_US)
        watched.bundles.trial = OneBundle.trial
        await until(lambda: watched.woken == 2)


async def test_whether_a_scenario_is_defined_is_told_by_what_is_in_force_for_its_person(clock):
    bundles = OneBundle(bundle(with_abandoned_cart=False, offers=[]))
    bundles.try_out(bundle(), "oldest")
    finder = Finder(catalogue(), bundles, None, clock, None)
    begun = begin(abandoned_cart(), event(), "journey", NOON_US)
    journey = replace(begun.journey, occurrence=1)
    for oldest_id, is_defined in (("oldest", True), (ADA, False), ("", False)):
        found = await finder.about(Claim(journey, oldest_id))
        assert found.is_defined is is_defined
        assert found.offers == ({"come_back": COME_BACK} if is_defined else {})
    alone = replace(journey, person_id="oldest")
    assert (await finder.about(Claim(alone))).is_defined
