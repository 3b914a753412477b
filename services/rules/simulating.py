"""Simulates definitions: recorded decisions made again by them, in the background of a service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.rules.applying import Definitions
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.ledger import Ledger
from services.rules.domain.recordings import RecordingStore
from services.rules.domain.replays import Replay, Skip
from services.rules.domain.retention import Keep
from services.rules.domain.simulation import Simulation
from services.rules.judged_answers import JudgedAnswers
from services.rules.judging import Judge
from services.rules.replaying import Replayer
from services.rules.reranking import Reranker
from services.rules.sides import Side, side_of
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.telling_simulation import Asked, report_of
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, CompileError
from shared.errors import FailedPrecondition
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Bundle, Problem
from touchpoint.rules.v1.simulation_pb2 import SimulationProgress

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub

_AT_MOST = 2_000
_EXAMPLES = 10
_OFFERS = 10
_REST = 3.0
"""Times as long as it worked it rests: it takes a quarter of the service's time at most, and of the
ranker's."""
_LONGEST_REST_S = 1.0
_TELL_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Simulated:
    """What simulations read."""

    definitions: Definitions
    store: PostgresDefinitions
    bundles: BundleFollower[CompiledBundle]
    recordings: RecordingStore
    ledger: Ledger
    catalogue: Catalogue
    judge: Judge
    """One without screens: recorded times do not go forward from request to request."""
    ranker: RankerServiceAsyncStub
    clock: BusinessClock


class Simulations:
    """Simulates, one at a time on a replica."""

    def __init__(self, simulated: Simulated) -> None:
        self._of = simulated
        self._turn = asyncio.Lock()

    async def simulate(
        self, request: pb.SimulateDefinitionsRequest, *, may_export: bool
    ) -> AsyncGenerator[pb.SimulateDefinitionsResponse, None]:
        """Yield problems, progress and the report; of mistakes in the files only these.

        Raises `NotFound` and `InvalidArgument` for bundles that are not to be found.
        """
        old = await self._bundle("against_hash", request.against_hash)
        new, problems = await self._new(request)
        if problems:
            yield pb.SimulateDefinitionsResponse(problems=problems)
        if new is None:
            return
        if self._turn.locked():
            yield pb.SimulateDefinitionsResponse(progress=SimulationProgress())
        async with self._turn:
            sides = await asyncio.gather(self._side(old), self._side(new))
            told = self._simulated(request, old, new, sides, may_export)
            async with aclosing(told) as responses:
                async for response in responses:
                    yield response

    async def _simulated(
        self,
        request: pb.SimulateDefinitionsRequest,
        old: Bundle,
        new: Bundle,
        sides: Sequence[Side],
        may_export: bool,
    ) -> AsyncGenerator[pb.SimulateDefinitionsResponse, None]:
        asked = self._asked(request, may_export)
        simulation = Simulation(request.examples if request.HasField("examples") else _EXAMPLES)
        total = await self._of.recordings.count(asked.since_us, asked.until_us)
        reranker = Reranker(self._of.ranker, lambda: self._of.bundles.active_hash)
        answers = JudgedAnswers(self._of.ranker, lambda: self._of.bundles.active_hash)
        replayer = Replayer(
            self._of.judge, self._of.ledger, self._of.catalogue, reranker, answers, *sides
        )
        async with aclosing(self._replay(replayer, simulation, asked, total)) as going:
            async for progress in going:
                yield pb.SimulateDefinitionsResponse(progress=progress)
        report = await asyncio.to_thread(report_of, simulation, asked, old, new, self._of.catalogue)
        report.recorded = total
        by_answers = await answers.evaluated()
        if by_answers is not None:
            report.by_answers.CopyFrom(by_answers)
        yield pb.SimulateDefinitionsResponse(report=report)

    async def _replay(
        self, replayer: Replayer, simulation: Simulation, asked: Asked, total: int
    ) -> AsyncGenerator[SimulationProgress, None]:
        """Make again what was recorded, at a pace that leaves the requests their time."""
        taken = min(total, asked.at_most)
        if not taken:
            return
        yield SimulationProgress(total=taken)
        done, told_s = 0, time.monotonic()
        found = self._of.recordings.recorded(asked.since_us, asked.until_us, asked.at_most)
        async with aclosing(found) as recordings:
            async for stored in recordings:
                began_s = time.monotonic()
                outcome = await replayer.replay(stored, total / taken)
                _count(simulation, stored.decided_us, outcome)
                done += 1
                ended_s = time.monotonic()
                if ended_s - told_s > _TELL_EVERY_S:
                    told_s = ended_s
                    yield SimulationProgress(done=done, total=max(done, taken))
                await asyncio.sleep(min((ended_s - began_s) * _REST, _LONGEST_REST_S))
        yield SimulationProgress(done=done, total=done)

    def _asked(self, request: pb.SimulateDefinitionsRequest, may_export: bool) -> Asked:
        until_us = self._of.clock.now_us()
        if request.HasField("until_time"):
            until_us = request.until_time.ToMicroseconds()
        since_us = until_us - Keep.RECORDED_US
        if request.HasField("since_time"):
            since_us = request.since_time.ToMicroseconds()
        at_most, offers = request.at_most or _AT_MOST, request.offers or _OFFERS
        return Asked(since_us, until_us, at_most, offers, may_export)

    async def _new(
        self, request: pb.SimulateDefinitionsRequest
    ) -> tuple[Bundle | None, Sequence[Problem]]:
        """Return the new bundle, None where there is a mistake, and the problems of the files."""
        if not request.files:
            return await self._bundle("bundle_hash", request.bundle_hash), ()
        checked = await self._of.definitions.checked(request.files)
        return checked.bundle, checked.problems

    async def _bundle(self, field: str, name: str) -> Bundle:
        """Return the bundle of a name, empty: what is in force for everybody."""
        if name:
            return await self._of.store.named(field, name)
        return await self._of.store.bundle((await self._of.store.pointer()).active)

    async def _side(self, bundle: Bundle) -> Side:
        try:
            return await asyncio.to_thread(side_of, bundle, self._of.catalogue)
        except CompileError as error:
            raise FailedPrecondition(
                f"bundle {bundle.bundle_hash[:12]} cannot be decided by: {error}",
                reason="BUNDLE_NOT_COMPILED",
            ) from None


def _count(simulation: Simulation, decided_us: int, outcome: Replay | Skip) -> None:
    if isinstance(outcome, Replay):
        channel = Channel.Value.ValueType(outcome.channel)
        simulation.add(outcome, Channel.Value.Name(channel))
    else:
        simulation.skip(decided_us, outcome)
