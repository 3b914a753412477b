"""How late timers of journeys are, how many go off a second, and how soon events move them."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from bench.stepped import STEPS, Stepped
from bench.timers_scene import DONE, EFFECTS, MESSAGES, TimersScene, timers_scene
from cli.load.outcome import percentile
from cli.load.schedule import poisson
from cli.suite.home import Home
from shared.bus import open_bus
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewRequest, TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.bus_pb2 import JourneyNotice
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

DEFINITIONS = Path(__file__).parents[2] / "deploy" / "definitions"
QUIET_S = 5
CHANGES = {
    "abandoned_after: 30m": f"abandoned_after: {QUIET_S}s",
    # No stage is opened for the holdout.
    "holdout: 5%": "holdout: 0%",
}
STAGE = "on_the_site"
_CARTS_PER_S = 30.0
_CARTS_S = 8.0
"""Several hundred timers a round, spread as shoppers spread them."""
_QUANTITY = 20
"""Of whatever it is: worth more than an abandoned cart has to be."""
PATIENCE_S = 30.0
_TIMEOUT_S = 5.0
_PAUSE_S = 0.2
_APART_US, _STEP_US = 500, 25_000
_CLAIMS = 400
"""Of a round, of up to as many timers as a worker takes at a time."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Leave carts behind, and listen on the bus for the journeys that then go on.

    The shipped definitions, but for the holdout and for when a cart counts as abandoned, and one
    scenario more, that events lead on. Then journeys by the million in a database of their own, on
    the same server, with the service's own worker before them.
    """
    rounds, steps = [], []
    await apply_changed(suite, CHANGES)
    try:
        async with (
            open_bus(suite.urls.nats, name="bench") as bus,
            grpc.aio.insecure_channel(suite.running.edge) as channel,
        ):
            edge, heard, stepped = AggregatorServiceStub(channel), Heard(), Stepped()
            await bus.on_notice("journeys.*", heard.take)
            for number in range(scale.rounds):
                tell(f"carts left behind, round {number + 1} of {scale.rounds}")
                due_us = await _leave_carts(edge, number)
                lateness = await heard.lateness_ms(await _owners(edge, due_us))
                rounds.append(percentile(sorted(lateness), 0.99))
            await bus.on_notice("journeys.*", stepped.take)
            await bus.on_notice("events.*", stepped.identify)
            for number in range(scale.rounds):
                tell(f"events that lead journeys on, round {number + 1} of {scale.rounds}")
                steps.append(percentile(sorted(await stepped.steps_ms(edge, number)), 0.99))
    finally:
        await apply_changed(suite, {})
    yield [
        Figure.median("timer_lateness_p99_ms", rounds),
        Figure.median("event_to_step_p99_ms", steps),
    ]
    async with timers_scene(
        suite.urls.postgres, suite.running.home, Home(suite.running.home).role_password
    ) as scene:
        yield [await _per_s(scene, scale, tell)]
        yield [await _claims(scene, scale, tell)]


async def _per_s(scene: TimersScene, scale: Scale, tell: Tell) -> Figure:
    """Let many timers fall due at once, each with a message and an offer; return how many a second.

    From the first claim to the last commit, by one worker with the service's connections.
    """
    rates = []
    for number in range(scale.rounds):
        tell(f"{scale.fired_timers:,} timers due at once, round {number + 1} of {scale.rounds}")
        await scene.pending(scale.fired_timers, apart_us=0)
        began = time.perf_counter()
        while await scene.forward(1):
            pass
        took_s = time.perf_counter() - began
        done = await scene.database.fetchval(DONE)
        made = [await scene.database.fetchval(count) for count in (EFFECTS, MESSAGES)]
        if (done, *made) != (scale.fired_timers, 2 * done, done):
            raise MeasurementError(f"of {done} timers there are {made} effects and messages")
        rates.append(done / took_s)
    return Figure.median("timers_per_s", rates)


async def _claims(scene: TimersScene, scale: Scale, tell: Tell) -> Figure:
    """Claim what falls due, two thousand a second of business time, among all that is pending."""
    tell(f"{scale.pending_timers:,} pending timers are written")
    await scene.pending(scale.pending_timers, _APART_US)
    rounds = []
    for number in range(scale.rounds):
        tell(f"claims among them, round {number + 1} of {scale.rounds}")
        scene.claims.took_ms.clear()
        while len(scene.claims.took_ms) < _CLAIMS:
            await scene.forward(_STEP_US)
        rounds.append(percentile(sorted(scene.claims.took_ms), 0.99))
    return Figure.median("timer_claim_p99_ms", rounds)


@dataclass(slots=True)
class Heard:
    """When each person's journey was first heard to be in the stage."""

    _at_us: dict[str, int] = field(default_factory=dict)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, data: bytes) -> None:
        notice = JourneyNotice.FromString(data)
        if notice.stage == STAGE and not notice.ended:
            self._at_us.setdefault(notice.person_id, time.time_ns() // 1000)
            self._more.set()

    async def lateness_ms(self, due_us: Mapping[str, int]) -> Sequence[float]:
        """Return how late each was; raises MeasurementError when some never came."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not due_us.keys() <= self._at_us.keys():
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            missing = due_us.keys() - self._at_us.keys()
            raise MeasurementError(f"{len(missing)} of {len(due_us)} timers never fired") from None
        return [(self._at_us[person] - due) / 1000 for person, due in due_us.items()]


async def _leave_carts(edge: AggregatorServiceAsyncStub, number: int) -> dict[str, int]:
    """Fill carts of people never seen before; return when each counts as abandoned."""
    item_id = shoppers().item_ids[0]  # takes seconds at first, so not while time runs
    begun = time.monotonic()
    due_us: dict[str, int] = {}
    tracking = []
    for index, at in enumerate(poisson(_CARTS_PER_S, _CARTS_S, number + 1)):
        await asyncio.sleep(begun + at - time.monotonic())
        customer = f"timer-{number}-{index}"
        event = _cart(customer, item_id)
        due_us[customer] = event.time.ToMicroseconds() + QUIET_S * 1_000_000
        tracking.append(asyncio.create_task(_track(edge, event)))
    await asyncio.gather(*tracking)
    return due_us


async def _track(edge: AggregatorServiceAsyncStub, event: Event) -> None:
    """Track a cart, again where a busy machine refuses; it is known before its timer is due."""
    request = TrackRequest(events=[event])
    due = time.monotonic() + QUIET_S / 2
    while True:
        try:
            answer = await edge.Track(request, timeout=QUIET_S / 2)
        except grpc.aio.AioRpcError as error:
            if time.monotonic() > due:
                raise MeasurementError(f"a cart was not tracked: {error.details()}") from None
            await asyncio.sleep(_PAUSE_S)
            continue
        if answer.rejected:
            raise MeasurementError(f"a cart was not accepted: {answer}")
        return


def _cart(customer: str, item_id: str) -> Event:
    event = Event(
        event_id=str(uuid.uuid4()),
        type="add_to_cart",
        identities=[Identity(kind="customer", value=customer)],
        channel=Channel.WEB,
        item_id=item_id,
        quantity=_QUANTITY,
    )
    event.time.GetCurrentTime()
    return event


async def _owners(edge: AggregatorServiceAsyncStub, due_us: Mapping[str, int]) -> Mapping[str, int]:
    """Return the same by person."""
    found = {}
    for customer, due in due_us.items():
        asked = GetCustomerViewRequest(identities=[Identity(kind="customer", value=customer)])
        view = await edge.GetCustomerView(asked, timeout=_TIMEOUT_S)
        found[view.who.person_id] = due
    return found


async def apply_changed(suite: OpenedSuite, changes: Mapping[str, str]) -> None:
    """Apply the shipped definitions with some lines of the parameters written otherwise."""
    folder = suite.running.home / "bench-definitions"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DEFINITIONS, folder)
    parameters = folder / "parameters.yaml"
    text = parameters.read_text("utf-8")
    for shipped, wanted in changes.items():
        if shipped not in text:
            raise MeasurementError(f"{parameters.name} ships without {shipped!r} now")
        text = text.replace(shipped, wanted)
    parameters.write_text(text, "utf-8")
    if changes:
        (folder / "bench_steps.yaml").write_text(STEPS, "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "apply", str(folder)),
        *("--home", str(suite.running.home), "--json"),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise MeasurementError(f"the definitions were refused: {said.decode()[-500:]}")
