"""Kills, freezes and slows what answers are made of, two replicas of each, while callers ask.

The letters are those of the map of faults: F1 a service killed, F4 a replica frozen, F6 the
database killed, F7 the database frozen, F9 slow and silent links.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio

from cli.suite.waiting import serves
from shared.testing.proxy import Fault
from tests.journeys.channels import until
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS
from tests.resilience.soak.asking import AnswerFile, Callers
from tests.resilience.soak.checker import Count, counted, valid_share
from tests.resilience.soak.result import Result
from tests.resilience.soak.sizes import Sizes
from tests.resilience.under_load.conftest import home_page
from tests.resilience.under_load.stage import BEHIND, SERVICES, Harm, Stage, on_stage
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub

VALID = 0.999
CALLERS = 6
BACK_S = 90.0
QUIET_S = 1.0
"""Between two faults; answers then count as under none."""
DATABASE_KILLS = 10
SLOW_S = 3.0
NONE = "none"
WELL_IN_A_ROW = 20
_TWICE = [word for service in SERVICES for word in ("--replicas", f"{service}=2")]

Tell = Callable[[str], None]


class Faults:
    """Does one fault after the other; `now` is the one that is being done."""

    def __init__(self, stage: Stage, sizes: Sizes, chance: random.Random, tell: Tell) -> None:
        self._stage = stage
        self._sizes = sizes
        self._chance = chance
        self._tell = tell
        self.now = NONE
        self.kills = 0

    @asynccontextmanager
    async def _doing(self, name: str) -> AsyncIterator[None]:
        self.now = name
        try:
            yield
        finally:
            await asyncio.sleep(QUIET_S)
            self.now = NONE

    async def kill_a_replica(self) -> None:
        service, number = self._chance.choice(SERVICES), self._chance.randrange(2)
        name = service if number == 0 else f"{service}-{number + 1}"
        async with self._doing("F1"):
            async with self._stage.harmed(name, Harm.KILL):
                self.kills += 1
            await self._back(service, number)

    async def kill_the_database(self) -> None:
        async with self._doing("F6"):
            async with self._stage.harmed("postgres", Harm.KILL):
                self.kills += 1
            await self._all_back()

    async def freeze_a_replica(self) -> None:
        name = f"{self._chance.choice(SERVICES)}-2"
        self._tell(f"F4: {name} frozen for {self._sizes.frozen_s} s")
        async with self._doing("F4"), self._stage.harmed(name, Harm.FREEZE):
            await asyncio.sleep(self._sizes.frozen_s)

    async def freeze_the_database(self) -> None:
        self._tell(f"F7: the database frozen for {self._sizes.frozen_s} s")
        async with self._doing("F7"):
            async with self._stage.harmed("postgres", Harm.FREEZE):
                await asyncio.sleep(self._sizes.frozen_s)
            await self._all_back()

    async def spoil_the_links(self) -> None:
        self._tell("F9: each link slow, then silent")
        async with self._doing("F9"):
            async with self._stage.harmed("postgres", Harm.SLOW):
                await asyncio.sleep(SLOW_S)
            for name in BEHIND:
                for fault in (Fault.SLOW, Fault.BLACK_HOLE):
                    await self._stage.proxies[name].behave(fault)
                    await asyncio.sleep(SLOW_S)
                    await self._stage.proxies[name].behave(Fault.NONE)

    async def _back(self, service: str, number: int) -> None:
        address = self._stage.channels.suite.grpc[service][number]
        async with grpc.aio.insecure_channel(address) as channel:
            await until(lambda: serves(channel, service), BACK_S)

    async def _all_back(self) -> None:
        await asyncio.gather(*(self._back(name, number) for name in SERVICES for number in (0, 1)))


async def under_faults(home: Path, sizes: Sizes, seed: int, tell: Tell) -> list[Result]:
    """Return the share of valid answers, and how many and how many kills it is of."""
    environment = for_everybody(home / "definitions")
    written = AnswerFile(home / "answers")
    async with on_stage(home, environment, *_TWICE) as stage:
        await stage.channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        faults = Faults(stage, sizes, random.Random(seed), tell)
        edges = list(stage.channels.suite.grpc["aggregator"])
        near = Callers(written, lambda: faults.now)
        far = Callers(written, lambda: faults.now)
        await _warm(edges)
        async with near.asking(edges, CALLERS), far.asking([stage.behind_proxies.edge], 1):
            await _all(faults, written, sizes, tell)
    written.close()
    with (home / "answers").open(encoding="utf-8") as lines:
        return _results(counted(lines), faults.kills, sizes, tell)


async def _warm(edges: list[str]) -> None:
    """Return once the suite answers whole: that it has just started is no fault."""
    channels = [grpc.aio.insecure_channel(each) for each in edges]
    try:
        for channel in channels:
            await until(lambda channel=channel: _is_well(channel), BACK_S)
    finally:
        for channel in channels:
            await channel.close()


async def _is_well(channel: grpc.aio.Channel) -> bool:
    for _ in range(WELL_IN_A_ROW):
        try:
            answer = await AggregatorServiceStub(channel).Recommend(home_page("nobody"), timeout=1)
        except grpc.aio.AioRpcError:
            return False
        if answer.degraded:
            return False
    return True


async def _all(faults: Faults, written: AnswerFile, sizes: Sizes, tell: Tell) -> None:
    of_database = min(DATABASE_KILLS, sizes.kills // 2)
    for number in range(sizes.kills - of_database):
        await faults.kill_a_replica()
        if number % 10 == 9:
            tell(f"{faults.kills} kills, {written.count:,} answers")
    for _ in range(of_database):
        await faults.kill_the_database()
    await faults.freeze_a_replica()
    await faults.freeze_the_database()
    await faults.spoil_the_links()
    began = time.monotonic()
    while written.count < sizes.answers:
        await faults.kill_a_replica()
        if time.monotonic() - began > BACK_S:
            tell(f"{faults.kills} kills, {written.count:,} answers")
            began = time.monotonic()


def _results(counts: dict[str, Count], kills: int, sizes: Sizes, tell: Tell) -> list[Result]:
    for fault, count in sorted(counts.items()):
        told = ", ".join(f"{many} x {why}" for why, many in count.why.most_common(4))
        tell(
            f"{fault}: {count.answers:,} answers, {count.valid:,} valid, "
            f"{count.degraded:,} of them degraded{'; ' if told else ''}{told}"
        )
    answers = sum(count.answers for count in counts.values())
    each = [
        Result(f"valid_share_{fault}", valid_share([count]), "share")
        for fault, count in sorted(counts.items())
    ]
    return [
        Result("valid_share_under_faults", valid_share(counts.values()), "share", at_least=VALID),
        *each,
        Result("answers_under_faults", answers, "answers", at_least=sizes.answers),
        Result("kills", kills, "kills", at_least=sizes.kills),
    ]
