"""A suite with two replicas of every service, and callers who go on asking it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from contextlib import asynccontextmanager

import grpc.aio
import psutil
import pytest

from cli.suite.waiting import serves
from shared.call import own_call
from shared.client import connect, invoke, service_name
from shared.errors import TouchpointError
from shared.processes.record import ChildRecord
from shared.testing.suite import running_suite
from tests.journeys.channels import Channels, identities, until
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel

SERVICES = ("aggregator", "profile", "retrieval", "rules", "ranker", "scenario")
CALLERS = 4
"""Each asks again as soon as it has its answer."""
DEADLINE_S = 0.9
"""The longest that counts: what is degraded then is not so for want of time."""
BACK_S = 60.0
FAILED = "failed:"
TWICE = [word for service in SERVICES for word in ("--replicas", f"{service}=2")]


class Replicas:
    """The processes of the suite, by name, and a channel to its edges."""

    def __init__(self, suite, channel):
        self.suite = suite
        self.edge = AggregatorServiceStub(channel)

    def pid(self, name):
        return ChildRecord(self.suite.home / "run" / "up.json").read()[name].pid

    async def restart(self, service, number):
        """Ask a process to end, as a rolling restart does; return when its successor serves."""
        name = service if number == 0 else f"{service}-{number + 1}"
        before = self.pid(name)
        os.kill(before, signal.SIGTERM)
        async with grpc.aio.insecure_channel(self.suite.grpc[service][number]) as channel:

            async def is_back():
                return not psutil.pid_exists(before) and await serves(channel, service)

            await until(is_back, BACK_S)

    @asynccontextmanager
    async def frozen(self, name):
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


class Asking:
    """Decisions that are asked for all the time; what was not well is told."""

    def __init__(self, replicas):
        self._edge = replicas.edge
        self._numbers = itertools.count()
        self._stopped = False
        self.answers = []
        """Of each how it failed or which services were degraded and why, "" for neither."""

    async def __aenter__(self):
        self._callers = [asyncio.create_task(self._ask()) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *_):
        self._stopped = True
        await asyncio.gather(*self._callers)

    async def more(self, count):
        """Return so many answers that follow."""
        begun = len(self.answers)

        async def enough():
            return len(self.answers) >= begun + count

        await until(enough, BACK_S)
        return self.answers[begun:]

    async def until_well(self):
        async def well():
            return not any(await self.more(30))

        await until(well, BACK_S)

    async def _ask(self):
        while not self._stopped:
            request = RecommendRequest(
                identities=identities({"visitor": f"asking-{next(self._numbers)}"}),
                channel=Channel.WEB,
                placements=[PlacementRequest(placement="web.home.banner", limit=5)],
            )
            try:
                call = own_call("/test/Recommend")
                answer = await invoke(self._edge.Recommend, request, call, DEADLINE_S)
            except TouchpointError as error:
                self.answers.append(f"{FAILED} {error!r}")
            else:
                told = (f"{each.service} {each.reason}" for each in answer.degraded)
                self.answers.append(", ".join(told))


def failed(answers):
    """Return those that were none."""
    return [each for each in answers if each.startswith(FAILED)]


def lacking(answers, service):
    """Return those without a service; others may time out on a machine that is too busy."""
    return [each for each in answers if service in each]


@pytest.fixture(scope="session")
async def replicas(tmp_path_factory):
    home = tmp_path_factory.mktemp("replicas")
    settings = for_everybody(tmp_path_factory.mktemp("definitions") / "shop")
    flags = ("--data", "none", "--port", "0", *TWICE)
    async with running_suite(home, *flags, environment=settings, ready_s=180.0) as suite:
        async with Channels.opened(suite) as channels:
            await channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        edges = connect(suite.grpc["aggregator"], service_name("aggregator"))
        async with edges as channel:
            yield Replicas(suite, channel)
