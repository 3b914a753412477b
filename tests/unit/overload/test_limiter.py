"""The gate: who is let in, who is told to come again and when, and what is learned from whom."""

import asyncio
import contextlib

import pytest

from shared.call import Waits
from shared.errors import Overloaded, Shed
from shared.overload.limit import AdaptiveLimit, FixedLimit
from shared.overload.limiter import Limiter
from shared.overload.priority import Priority


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def limiter(clock, limit=10, **told):
    return Limiter(FixedLimit(limit), monotonic=clock, chance=lambda: 0.5, **told)


def fill(gate, count, priority=Priority.AGENT, caller="somebody"):
    return [gate.admit(priority, caller) for _ in range(count)]


def refusal(gate, priority=Priority.AGENT, caller="somebody"):
    with pytest.raises(Shed) as refused:
        gate.admit(priority, caller)
    return refused.value


def test_it_admits_as_many_as_there_is_room_for(clock):
    gate = limiter(clock, 2)
    first, _ = fill(gate, 2)
    refusal(gate)
    gate.ended(first)
    fill(gate, 1)
    assert gate.in_flight == 2


def test_it_tells_how_much_of_the_room_is_taken(clock):
    gate = limiter(clock, 8)
    assert gate.in_use == 0.0
    first, _ = fill(gate, 2)
    assert gate.in_use == 0.25
    gate.ended(first)
    assert gate.in_use == 0.125


@pytest.mark.parametrize(
    ("priority", "room"),
    [(Priority.BATCH, 2), (Priority.WEB, 4), (Priority.IVR, 6), (Priority.AGENT, 10)],
)
def test_the_less_is_lost_the_sooner_it_is_full(clock, priority, room):
    gate = limiter(clock)
    fill(gate, room, priority)
    refusal(gate, priority)


def test_a_refusal_is_an_overload_that_says_when_to_come_again(clock):
    gate = limiter(clock, 1)
    fill(gate, 1)
    refused = refusal(gate)
    assert isinstance(refused, Overloaded)
    assert refused.retry_after_s >= 0.05


def test_the_more_is_refused_the_later_one_is_to_come_again(clock):
    gate = limiter(clock, 1)
    fill(gate, 1)
    told = [refusal(gate).retry_after_s for _ in range(10)]
    assert told == sorted(told)
    assert told[0] < told[-1] <= 0.4


def test_when_to_come_again_is_never_the_same_for_all(clock):
    chances = iter([0.0, 1.0])
    gate = Limiter(FixedLimit(0), monotonic=clock, chance=lambda: next(chances))
    assert refusal(gate).retry_after_s < refusal(gate).retry_after_s


def test_what_was_refused_a_while_ago_is_forgotten(clock):
    gate = limiter(clock, 1)
    fill(gate, 1)
    for _ in range(10):
        refusal(gate)
    clock.now += 5.0
    assert refusal(gate).retry_after_s == pytest.approx(0.05 * 2 * 1.5, rel=0.05)


def test_a_caller_above_its_fair_share_is_refused_first(clock):
    gate = limiter(clock)
    for _ in range(30):
        clock.now += 0.1
        taken = fill(gate, 1, Priority.WEB, "modest")
        for _ in range(9):
            with contextlib.suppress(Shed):
                taken += fill(gate, 1, Priority.WEB, "greedy")
        for ticket in taken:
            gate.ended(ticket)
    clock.now += 0.1
    fill(gate, 2, Priority.WEB, "greedy")
    refusal(gate, Priority.WEB, "greedy")
    fill(gate, 2, Priority.WEB, "modest")


def test_who_asked_for_too_much_long_ago_has_its_share_again(clock):
    gate = limiter(clock)
    taken = fill(gate, 1, Priority.WEB, "modest") + fill(gate, 2, Priority.WEB, "greedy")
    for _ in range(9):
        with contextlib.suppress(Shed):
            taken += fill(gate, 1, Priority.WEB, "greedy")
    for ticket in taken:
        gate.ended(ticket)
    clock.now += 3600.0
    fill(gate, 4, Priority.WEB, "greedy")


def test_a_caller_alone_has_all_there_is(clock):
    gate = limiter(clock)
    for _ in range(100):
        clock.now += 0.1
        for ticket in fill(gate, 4, Priority.WEB, "greedy"):
            gate.ended(ticket)
        clock.now += 0.01
    fill(gate, 4, Priority.WEB, "greedy")


def test_any_number_of_callers_takes_no_more_memory_than_a_thousand(clock):
    gate = limiter(clock, 100_000)
    for number in range(3_000):
        fill(gate, 1, caller=f"caller {number}")
    assert len(gate._fairness._classes[Priority.AGENT].asked) <= 1_001


def test_streams_are_counted_and_none_has_more_than_half_of_them(clock):
    gate = limiter(clock, most_streams=4)
    gate.open_stream("desk")
    gate.open_stream("desk")
    with pytest.raises(Shed):
        gate.open_stream("desk")
    gate.open_stream("shop")
    gate.open_stream("store")
    with pytest.raises(Shed) as refused:
        gate.open_stream("bank")
    assert refused.value.retry_after_s >= 1.0
    gate.close_stream("desk")
    gate.open_stream("bank")


def test_what_was_waited_for_in_vain_is_not_held_against_the_load(clock):
    limit = AdaptiveLimit(64)
    gate = Limiter(limit, monotonic=clock)
    waits = Waits()
    waits.add("rules", 0.08)
    before = limit.value
    for _ in range(40):
        tickets = fill(gate, 20)
        clock.now += 0.09
        for ticket in tickets:
            gate.ended(ticket, "Recommend", 0.1, waits)
    assert limit.value == before


@pytest.mark.parametrize(("was_refused", "rises"), [(False, True), (True, False)])
def test_what_a_peer_refused_does_not_show_that_there_is_room(clock, was_refused, rises):
    limit = AdaptiveLimit(64)
    limit.value = 8.0
    gate = Limiter(limit, monotonic=clock)
    for _ in range(40):
        tickets = fill(gate, 8)
        clock.now += 0.002
        for ticket in tickets:
            gate.ended(ticket, "Recommend", 0.1, Waits(was_refused=was_refused))
        clock.now += 0.02
    assert (limit.value > 8.0) is rises


def test_failures_that_were_not_late_teach_nothing(clock):
    limit = AdaptiveLimit(64)
    gate = Limiter(limit, monotonic=clock)
    before = limit.value
    for _ in range(40):
        tickets = fill(gate, 20)
        clock.now += 0.09
        for ticket in tickets:
            gate.ended(ticket)
    assert limit.value == before


async def test_it_tells_when_nothing_is_under_way_any_more(clock):
    gate = limiter(clock)
    first, second = fill(gate, 2)
    waiting = asyncio.create_task(gate.emptied())
    gate.ended(first)
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.ended(second)
    await waiting
