"""A ranker that learns, over a real server."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest_asyncio

from services.ranker.domain.answers import TeachingTerms
from services.ranker.lookups import facts_of
from services.ranker.servicer import RankerServicer
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.in_memory_insight import InMemoryInsights
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.snapshots import InMemoryPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import bind
from shared.bus import InMemoryBus
from shared.testing.grpc import grpc_service
from tests.grpc.ranker.keeping import FAR_US, keep
from tests.unit.ranker.shop import PROMPT, definitions, shop
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub


class OneBundle:
    """Definitions with one bundle, whatever the hash."""

    def __init__(self, compiled):
        self._compiled = compiled

    def of(self, bundle_hash):
        return self._compiled

    async def fetched(self, bundle_hash):
        return self._compiled


@dataclass
class LearningShop:
    """A ranker with a hand in what it keeps."""

    stub: RankerServiceStub
    log: InMemoryLearningLog
    replica: ModelReplica
    insights: InMemoryInsights
    clock: SimpleNamespace
    """`now_us` of those reports that look back from now."""

    async def decided(self, *decisions):
        """Let decisions be learned of, seen at once where an agent says them."""
        await self.log.decided([(each, frozenset({PROMPT})) for each in decisions], 0)
        await self.replica.catch_up()

    async def answered(self, *answers):
        await self.log.answered(answers, 0)
        await self.replica.catch_up()


@pytest_asyncio.fixture(loop_scope="session")
async def learning_shop(tmp_path):
    """Lend a ranker of the small shop."""
    catalogue = shop()
    log = InMemoryLearningLog(facts_of(catalogue), TeachingTerms(1000, 1000))
    snapshots = Snapshots(InMemoryPointers(log.known_reverts), FolderArtefacts(tmp_path))
    replica = ModelReplica(InMemoryBus(), log, snapshots)
    bundle = OneBundle(definitions())
    clock = SimpleNamespace(now_us=FAR_US)
    kept = keep(log, replica, catalogue, snapshots, bundle.fetched, now_us=lambda: clock.now_us)
    servicer = RankerServicer(catalogue, bundle, kept, None)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        yield LearningShop(RankerServiceStub(channel), log, replica, kept.insights, clock)
