"""Whoever waits for an item is told when it can be had again, once, and nobody else is."""

from __future__ import annotations

import pytest

from services.scenario.domain.journey import Phase
from services.scenario.domain.taking import take_events, take_timers
from services.scenario.journeys.happenings import happened_of
from services.scenario.journeys.restocking import Restocking
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.clock import from_us
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import ADA, BOB, DAY_US, NOON_US, facts, for_all
from tests.unit.scenario.shop import catalogue
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.bus_pb2 import EventNotice

SHOES, SOCKS = 3, 4


class Shop:
    """People who wait for what is sold out."""

    def __init__(self):
        self.store, self.clock = InMemoryJourneys(), FakeClock(from_us(NOON_US))
        self.catalogue, self.woken = catalogue(), 0
        self.catalogue.stock[[SHOES, SOCKS]] = 0
        self.restocking = Restocking(self.store, self.catalogue, self.clock, self._wake)
        self.scenario = scenario(
            stage(
                "wait", on=[{"on": ["back_in_stock"], "to": "tell"}], lasts=30 * DAY_US, next=END
            ),
            stage("tell", offer="come_back"),
        )
        self.number = 0

    def _wake(self):
        self.woken += 1

    async def wants(self, person_id, item_no):
        notice = EventNotice(person_id=person_id, type="view", time_us=NOON_US, offer_no=item_no)
        starting = for_all({"view": [self.scenario]})
        event = happened_of(notice, self.catalogue)
        self.number += 1
        async with self.store.transaction() as transaction:
            name = f"journey-{self.number}"
            await take_events(transaction, [event], starting, NOON_US, lambda _: name)
        await self.go_on()

    async def go_on(self):
        claims = await self.store.claim("worker", self.clock.now_us(), 5.0, 10)
        async with self.store.transaction() as transaction:
            found = [(claim, facts()) for claim in claims]
            await take_timers(transaction, found, self.clock.now_us())

    async def stage_of(self, person_id):
        (journey,) = await self.store.open_for([person_id])
        assert journey.phase is Phase.STAGE
        return journey.current.name


END = [{"to": "end"}]


@pytest.fixture
async def shop():
    made = Shop()
    await made.wants(ADA, SHOES)
    await made.wants(BOB, SOCKS)
    return made


async def test_while_it_is_sold_out_nobody_is_told(shop):
    assert await shop.restocking.look() == 0
    assert shop.woken == 0


@pytest.mark.parametrize("stock", [1, -1])
async def test_whoever_waits_for_it_is_led_on_once_it_is_there_and_whoever_waits_for_another_not(
    shop, stock
):
    shop.catalogue.stock[SHOES] = stock
    assert await shop.restocking.look() == 1
    assert await shop.restocking.look() == 0, "told already"
    await shop.go_on()
    assert [await shop.stage_of(ADA), await shop.stage_of(BOB)] == ["tell", "wait"]
    assert (shop.woken, await shop.store.awaited()) == (1, [SOCKS])


async def test_what_was_taken_out_of_sale_does_not_come_back(shop):
    shop.catalogue.stock[SHOES], shop.catalogue.withdrawn[SHOES] = 5, True
    assert await shop.restocking.look() == 0
