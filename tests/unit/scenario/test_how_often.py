"""How often a scenario would be entered, counted while what happened is played."""

from __future__ import annotations

from services.scenario.backtest.clock import PlayedClock
from services.scenario.backtest.player import Player
from services.scenario.backtest.record import Record
from services.scenario.backtest.witness import Witness
from services.scenario.domain.facts import Happened
from services.scenario.domain.how_often import Group, Met, how_often
from shared.conditions.person import PersonValues
from tests.unit.scenario.playing import DAY_US, HOUR_US, NOON_US
from tests.unit.scenario.shop import OneBundle, bundle, catalogue
from tests.unit.scenario.test_played_as_live import Alone, NoLog, Room
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

CART = "abandoned_cart"
WEEK_US = NOON_US + 7 * DAY_US


class Crowd:
    """People whose cart is worth what a test says, all of one segment, every second of tier top."""

    def __init__(self, cart_micros):
        self._cart_micros = cart_micros

    def values(self, snapshot):
        return PersonValues(snapshot)

    async def snapshot(self, person_id):
        made = PersonSnapshot(person_ids=[person_id], segments=["keen"], persona="runners")
        made.cart.value_micros = self._cart_micros
        made.traits.value_tier = "top" if int(person_id[1:]) % 2 == 0 else "low"
        return made


async def entered(people, *, cart_micros=150_000_000, then=()):
    """Let people put something into a cart, an hour after each other, and tell who enters."""
    clock = PlayedClock()
    crowd = Crowd(cart_micros)
    witness = Witness(crowd, Record(Alone()))
    player = Player(
        catalogue(), OneBundle(bundle()), witness, Room(crowd), NoLog(), Alone(), clock, witness
    )
    begun = [
        Happened(f"p{number}", "add_to_cart", NOON_US + number * HOUR_US, 3)
        for number in range(people)
    ]
    for event in sorted((*begun, *then), key=lambda each: each.time_us):
        await player.until(event.time_us)
        await player.happened(event)
    await player.until(WEEK_US)
    return witness.met


async def test_who_left_a_cart_for_half_an_hour_is_counted_with_what_lay_in_it():
    [found] = how_often(await entered(12), [CART], NOON_US, WEEK_US)
    assert (found.entries, found.people, found.busiest_day) == (12, 12, 12)
    assert found.days_without == 6
    assert found.per_day == 12 / 7
    assert (found.with_cart, found.cart_micros) == (12, 12 * 150_000_000)
    assert Group("segment", "keen", 12, 12, 12 * 150_000_000) in found.groups
    assert Group("value_tier", "top", 6, 6, 6 * 150_000_000) in found.groups
    assert [each.name for each in found.groups if each.kind == "persona"] == ["runners"]


async def test_whom_the_scenario_does_not_mean_is_not_counted():
    assert await entered(12, cart_micros=99_000_000) == []
    bought = [
        Happened(f"p{number}", "purchase", NOON_US + number * HOUR_US + 1, 3) for number in (0, 1)
    ]
    assert len(await entered(12, then=bought)) == 10


async def test_of_fewer_than_five_people_no_group_is_told():
    [found] = how_often(await entered(8), [CART], NOON_US, WEEK_US)
    assert {each.kind: each.people for each in found.groups} == {"segment": 8, "persona": 8}
    [few] = how_often(await entered(4), [CART], NOON_US, WEEK_US)
    assert few.is_few
    assert not few.groups


async def test_only_the_days_asked_for_count_and_a_scenario_nobody_enters_is_told():
    met = await entered(30)
    found, none = how_often(met, [CART, "nobody"], NOON_US + DAY_US, WEEK_US)
    assert (found.entries, found.days) == (6, 6.0)
    assert (none.entries, none.per_day, none.days_without, none.groups) == (0, 0.0, 6, [])


def test_without_a_cart_an_entry_is_worth_the_mean_order():
    met = [Met(CART, "a", NOON_US), Met(CART, "b", NOON_US, 70)]
    [found] = how_often(met, [CART], NOON_US, WEEK_US, mean_order_micros=50)
    assert (found.with_cart, found.cart_micros, found.order_micros) == (1, 70, 50)
