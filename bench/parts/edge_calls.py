"""How soon an agent has the whole picture, and how soon what happens is on their screen."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.load.outcome import percentile
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    GetCustomerViewResponse,
    TrackRequest,
    WatchCustomerRequest,
    WatchCustomerResponse,
)
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

PATIENCE_S = 10.0
CALLERS, EACH = 10, 10
"""Of a round: as many callers, and as many events of each call."""
SUBJECTS = ("Running", "DVDs")
"""Categories of the story shop that calls come to by turns."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Ask for views one after another, then watch callers while they talk and browse.

    From before an event is sent to the edge until the agent has the view with what it changed.
    """
    chance = random.Random(7)
    views, actions, pages = [], [], []
    async with grpc.aio.insecure_channel(suite.running.edge) as channel:
        edge = AggregatorServiceStub(channel)
        for number in range(scale.rounds):
            tell(f"views of customers, round {number + 1} of {scale.rounds}")
            views.append(await _views_p99_ms(edge, chance, scale.sequential_requests, tell))
        yield [Figure.median("customer_view_p99_ms", views)]
        for number in range(scale.rounds):
            tell(f"calls, round {number + 1} of {scale.rounds}")
            callers = chance.sample(shoppers().customers, CALLERS)
            actions.append(await _updates_p99_ms(edge, callers, _topic, _is_led_by))
            tell(f"visits during calls, round {number + 1} of {scale.rounds}")
            pages.append(await _updates_p99_ms(edge, callers, _page, _is_newest))
        yield [
            Figure.median("call_event_to_action_p99_ms", actions),
            Figure.median("web_event_to_agent_p99_ms", pages),
        ]


async def _views_p99_ms(
    edge: AggregatorServiceAsyncStub, chance: random.Random, count: int, tell: Tell
) -> float:
    """Ask one after the other; a view in which something is missing was not in time."""
    took_ms, lacking = [], Counter[str]()
    for customer in chance.choices(shoppers().customers, k=count):
        began = time.perf_counter()
        view = await edge.GetCustomerView(
            GetCustomerViewRequest(identities=[customer]), timeout=PATIENCE_S
        )
        took_s = time.perf_counter() - began
        if not view.degraded and not view.next_best_actions:
            raise MeasurementError(f"{customer.value} has no next best action, and none says why")
        for missing in view.degraded:
            lacking[f"{missing.service} {missing.reason}"] += 1
        took_ms.append((PATIENCE_S if view.degraded else took_s) * 1000)
    if lacking:
        tell(f"of {count} views were not whole: {dict(lacking)}")
    return percentile(sorted(took_ms), 0.99)


async def _updates_p99_ms(
    edge: AggregatorServiceAsyncStub,
    callers: Sequence[Identity],
    make: Callable[[Identity, int], Event],
    shows: Callable[[GetCustomerViewResponse, Event], bool],
) -> float:
    """Send events of callers, each when the view with the one before has come."""
    took_ms: list[float] = []
    for caller in callers:
        screen = Screen(edge.WatchCustomer(WatchCustomerRequest(identities=[caller])))
        try:
            await screen.shows(lambda _: True)
            for turn in range(EACH):
                event = make(caller, turn)
                began = time.perf_counter()
                sending = asyncio.create_task(_track(edge, event))
                await screen.shows(lambda view, event=event: shows(view, event))  # type: ignore[misc]
                took_ms.append((time.perf_counter() - began) * 1000)
                await sending
        finally:
            screen.updates.cancel()
    return percentile(sorted(took_ms), 0.99)


async def _track(edge: AggregatorServiceAsyncStub, event: Event) -> None:
    answer = await edge.Track(TrackRequest(events=[event]), timeout=PATIENCE_S)
    if answer.accepted != 1:
        raise MeasurementError(f"the {event.type} was not accepted: {answer}")


@dataclass(frozen=True, slots=True)
class Screen:
    """An agent's screen: the views that are sent of one caller."""

    updates: grpc.aio.UnaryStreamCall[WatchCustomerRequest, WatchCustomerResponse]

    async def shows(self, wanted: Callable[[GetCustomerViewResponse], bool]) -> None:
        """Wait for a view; raises MeasurementError where none of this kind comes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    update = await self.updates.read()
                    if not isinstance(update, WatchCustomerResponse):
                        raise MeasurementError("the edge ended a watch")
                    if wanted(update.view):
                        return
        except TimeoutError:
            raise MeasurementError(f"no agent saw it for {PATIENCE_S:g} s") from None


def _topic(caller: Identity, turn: int) -> Event:
    event = _event(caller, "call_topic", Channel.CALL_CENTER)
    event.attributes.update({"topic": "advice", "category": SUBJECTS[turn % 2]})
    return event


def _is_led_by(view: GetCustomerViewResponse, event: Event) -> bool:
    """Say whether a next best action begins with what the call is about.

    It is the first, but for the reminder of an open complaint.
    """
    category = event.attributes.fields["category"].string_value
    return any(category in action.line for action in view.next_best_actions[:2])


def _page(caller: Identity, turn: int) -> Event:
    event = _event(caller, "view", Channel.WEB)
    event.item_id = shoppers().item_ids[turn]
    return event


def _is_newest(view: GetCustomerViewResponse, event: Event) -> bool:
    return bool(view.recent) and (view.recent[0].type, view.recent[0].item_id) == (
        event.type,
        event.item_id,
    )


def _event(caller: Identity, kind: str, channel: Channel.Value.ValueType) -> Event:
    event = Event(
        event_id=str(uuid.uuid4()),
        type=kind,
        identities=[caller],
        channel=channel,
        session_id=f"call-{caller.value}",
    )
    event.time.GetCurrentTime()
    return event
