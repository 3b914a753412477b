"""The rpcs about what is learned: train, and say what is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.retrieval.storage.model_replica import Served
from services.retrieval.storage.training_process import Tell
from shared.person_export import Rows
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingProgress, TrainingReport

_DEFAULT_SEED = 1


class Training(Protocol):
    """What `Trainer` does."""

    async def train(self, since_us: int, seed: int, tell: Tell) -> TrainingReport:
        """See `Trainer.train`."""
        ...


async def told(
    trainer: Training, request: pb.TrainRequest
) -> AsyncGenerator[pb.TrainResponse, None]:
    """Train and tell how far it is, at last the report; a caller that leaves ends it."""
    steps: asyncio.Queue[TrainingProgress | None] = asyncio.Queue()

    def tell(step: str, share_done: float) -> None:
        steps.put_nowait(TrainingProgress(step=step, share_done=share_done))

    since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
    work = asyncio.create_task(trainer.train(since_us, request.seed or _DEFAULT_SEED, tell))
    work.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        while (progress := await steps.get()) is not None:
            yield pb.TrainResponse(progress=progress)
        yield pb.TrainResponse(report=await work)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


class Replica(Protocol):
    """The model of this replica, as far as the rpcs have to do with it."""

    served: Served | None
    version: int
    refusal: str


@dataclass(frozen=True, slots=True)
class Learning:
    """How models are made, served and purged."""

    trainer: Training
    replica: Replica
    erase: Callable[[Sequence[str]], Awaitable[int]]
    """Takes persons out of all models and returns how many there were."""
    export: Callable[[Sequence[str]], AsyncIterator[Rows]]
    """Yields what all models hold of persons."""

    @property
    def model(self) -> str:
        """The served model's name, as the versions of an answer tell it; empty: none."""
        return self.replica.served.stored.name if self.replica.served else ""

    def described(self) -> pb.GetModelResponse:
        """Return what is served, and why not a newer one."""
        replica = self.replica
        response = pb.GetModelResponse(version=replica.version, refusal=replica.refusal)
        if replica.served is not None:
            stored = replica.served.stored
            response.model = stored.name
            response.trained_time.FromMicroseconds(stored.trained_us)
            response.report.ParseFromString(stored.report)
        return response
