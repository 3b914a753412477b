"""Followers on both buses: they catch up, follow, and are held up by nothing."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.bus import EVENTS, Bus, Follower, GapError, InMemoryBus, Message, Publication
from shared.errors import Unavailable
from shared.testing.background import running, until


@pytest_asyncio.fixture(params=["memory", "nats"], loop_scope="session")
async def bus(request: pytest.FixtureRequest, nats_bus: Bus) -> AsyncIterator[Bus]:
    yield InMemoryBus() if request.param == "memory" else nats_bus


def events(*texts: str) -> list[Publication]:
    return [Publication("events.3", 1, text.encode()) for text in texts]


class Model:
    """A read model of texts: `owner` is what its owner has."""

    def __init__(self) -> None:
        self.owner: list[bytes] = []
        self.texts: list[bytes] = []
        self.caught_up = 0

    async def catch_up(self) -> None:
        self.caught_up += 1
        self.texts = list(self.owner)

    def apply(self, message: Message) -> None:
        if message.data == b"gap":
            raise GapError
        if message.data not in self.texts:
            self.texts.append(message.data)


async def test_a_follower_catches_up_then_follows(bus: Bus):
    model = Model()
    model.owner = [b"old"]
    await bus.publish(events("old"))
    follower = Follower(bus, EVENTS, name="m", apply=model.apply, catch_up=model.catch_up)
    with pytest.raises(Unavailable):
        await follower.check_ready()
    async with running(follower):
        await follower.ready.wait()
        await bus.publish(events("new"))

        await until(lambda: model.texts == [b"old", b"new"])
        await follower.check_lag()
    assert model.caught_up == 1


async def test_a_gap_makes_a_follower_catch_up_again(bus: Bus):
    model = Model()
    follower = Follower(bus, EVENTS, name="m", apply=model.apply, catch_up=model.catch_up)
    async with running(follower):
        await follower.ready.wait()
        model.owner = [b"mended"]
        await bus.publish(events("gap", "after"))

        await until(lambda: model.caught_up == 2)
        await bus.publish(events("later"))

        await until(lambda: b"later" in model.texts)
    assert model.texts[0] == b"mended"


async def test_a_follower_with_a_position_of_its_own_does_not_catch_up(bus: Bus):
    await bus.publish(events("a", "b"))
    model = Model()
    follower = Follower(
        bus, EVENTS, name="m", apply=model.apply, catch_up=model.catch_up, position=1
    )
    async with running(follower):
        await until(lambda: model.texts == [b"b"])
    assert (model.caught_up, follower.position) == (0, 2)


async def test_requests_get_their_turn_while_a_follower_applies_much():
    bus = InMemoryBus()
    turns = 0

    def apply_slowly(message: Message) -> None:
        ends = time.monotonic() + 0.001
        while time.monotonic() < ends:
            pass

    model = Model()
    follower = Follower(bus, EVENTS, name="m", apply=apply_slowly, catch_up=model.catch_up)
    async with running(follower):
        await follower.ready.wait()
        await bus.publish(events(*map(str, range(100))))
        while follower.position != 100:
            turns += 1
            await asyncio.sleep(0)
    assert turns >= 15


async def test_a_follower_of_a_stream_made_anew_catches_up():
    bus = InMemoryBus()
    model = Model()
    follower = Follower(bus, EVENTS, name="m", apply=model.apply, catch_up=model.catch_up)
    async with running(follower):
        await follower.ready.wait()
        bus.disconnect()
        bus.make_anew(EVENTS)
        bus.reconnect()

        await until(lambda: model.caught_up == 2)


async def test_what_cannot_be_applied_is_fetched_from_the_owner_and_holds_up_nothing(bus: Bus):
    model = Model()

    def apply(message: Message) -> None:
        if message.data == b"poison":
            raise ValueError("cannot be digested")
        model.apply(message)

    follower = Follower(bus, EVENTS, name="m", apply=apply, catch_up=model.catch_up)
    async with running(follower):
        await follower.ready.wait()
        await bus.publish(events("before", "poison"))
        await until(lambda: model.caught_up == 2)
        await bus.publish(events("after"))
        await until(lambda: b"after" in model.texts)
    assert (model.caught_up, follower.position) == (2, 3)


async def test_the_more_often_something_cannot_be_applied_the_longer_it_waits_to_catch_up():
    bus, paused = InMemoryBus(), []
    model = Model()

    def apply(message: Message) -> None:
        raise ValueError("cannot be digested")

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    follower = Follower(bus, EVENTS, name="m", apply=apply, catch_up=model.catch_up, rest=pause)
    async with running(follower):
        for number in range(3):
            await follower.ready.wait()
            await bus.publish(events(f"poison {number}"))
            await until(lambda: model.caught_up == number + 2)  # noqa: B023 - waited for here
    assert paused == [0.05, 0.2, 0.8]
