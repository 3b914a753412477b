"""The rpcs about what is learned: train, and say what is served."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.retrieval.domain.models import Kept, ModelStore, StoredModel, target_of
from services.retrieval.domain.schedule import Schedule
from services.retrieval.storage.model_replica import Served
from services.retrieval.storage.training_process import Tell
from services.retrieval.training_run import Asked
from shared.artefacts import ArtefactError
from shared.errors import FailedPrecondition, NotFound, TouchpointError
from shared.person_export import Rows
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import (
    KeptModel,
    TrainingProgress,
    TrainingReport,
    TrainingSchedule,
)

_DEFAULT_SEED = 1
_PREPARED_S = 60.0


class Training(Protocol):
    """What `Trainer` does."""

    async def train(self, asked: Asked, tell: Tell) -> TrainingReport | None:
        """See `Trainer.train`."""
        ...


class Replica(Protocol):
    """The model of this replica, as far as the rpcs have to do with it."""

    served: Served | None
    version: int
    refusal: str

    async def catch_up(self) -> None:
        """Serve the newest model that can be."""
        ...

    async def refuse_unservable(self, stored: StoredModel, kept: Kept) -> None:
        """Raise `ArtefactError` for a model that is not to be served, or whose files are harmed."""
        ...


async def told(
    trainer: Training, replica: Replica, request: pb.TrainRequest
) -> AsyncGenerator[pb.TrainResponse, None]:
    """Train and tell how far it is, at last the report; a caller that leaves ends it.

    By then this replica serves what was learned, if it can.
    """
    steps: asyncio.Queue[TrainingProgress | None] = asyncio.Queue()

    def tell(step: str, share_done: float) -> None:
        steps.put_nowait(TrainingProgress(step=step, share_done=share_done))

    asked = Asked(
        since_us=request.since_time.ToMicroseconds() if request.HasField("since_time") else 0,
        seed=request.seed or _DEFAULT_SEED,
        is_forced=request.force,
    )
    work = asyncio.create_task(trainer.train(asked, tell))
    work.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        while (progress := await steps.get()) is not None:
            yield pb.TrainResponse(progress=progress)
        report = await work
        assert report is not None, "what somebody asks for is wanted"
        if report.model:
            # Whoever is told asks next what it proposes; other replicas come to it by themselves.
            yield pb.TrainResponse(progress=TrainingProgress(step="preparing it", share_done=1.0))
            with contextlib.suppress(TimeoutError, TouchpointError):
                async with asyncio.timeout(_PREPARED_S):
                    await replica.catch_up()
        yield pb.TrainResponse(report=report)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Learning:
    """How models are made, served and purged."""

    trainer: Training
    replica: Replica
    store: ModelStore
    schedule: Schedule
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

    async def listed(self) -> pb.ListModelsResponse:
        """Return the models that are kept, and when the next is trained by itself."""
        kept, attempt = await self.store.kept(), await self.store.attempt()
        rests = self.schedule.rests(kept)
        schedule = TrainingSchedule(is_on=not rests, rests=rests, outcome=attempt.outcome)
        due_us = self.schedule.due_us(kept, attempt)
        if not rests and due_us:
            schedule.next_time.FromMicroseconds(due_us)
        if attempt.tried_us:
            schedule.tried_time.FromMicroseconds(attempt.tried_us)
        first = next(iter(kept.servable), None)
        models = [_described(each, is_served=each is first) for each in kept.models]
        return pb.ListModelsResponse(models=models, schedule=schedule)

    async def rolled_back(self, name: str) -> pb.RollBackModelResponse:
        """Serve a model that is kept again.

        Raises NotFound, or FailedPrecondition for one that cannot be served: nothing is changed.
        """
        kept = await self.store.kept()
        former = next(iter(kept.servable), None)
        wanted = target_of(kept, name)
        if wanted is not None:
            await self._refuse_unservable(wanted, kept)
        target = await self.store.roll_back(name)
        if target is None:
            missing = f"no model {name} is kept beside the served one" if name else "none is older"
            raise NotFound(f"{missing}: `touchpoint train --list` tells what there is")
        return pb.RollBackModelResponse(
            model=_described(target, is_served=True), former_model=former.name if former else ""
        )

    async def _refuse_unservable(self, stored: StoredModel, kept: Kept) -> None:
        try:
            await self.replica.refuse_unservable(stored, kept)
        except ArtefactError as error:
            raise FailedPrecondition(
                f"model {stored.name} cannot be served: {error}; name another one of "
                "`touchpoint train --list`, or train",
                reason="MODEL_REFUSED",
            ) from error


def _described(stored: StoredModel, *, is_served: bool) -> KeptModel:
    told = KeptModel(model=stored.name, is_served=is_served, is_withdrawn=stored.is_withdrawn)
    told.trained_time.FromMicroseconds(stored.trained_us)
    told.report.ParseFromString(stored.report)
    return told
