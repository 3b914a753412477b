"""Trains by itself when it is due and there is something new to learn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from services.retrieval.domain.models import Attempt, ModelStore
from services.retrieval.domain.schedule import Schedule, failures_of, position_of
from services.retrieval.storage.event_log import EventLog
from services.retrieval.storage.training_process import Tell
from services.retrieval.training_run import Asked, Occasion
from shared.errors import Aborted, TouchpointError
from shared.logging import get_logger
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport

log = get_logger(__name__)

LOOK_EVERY_S = 60.0
"""Machine time; what is due is a matter of business time, which may be moved."""
SETTLING_LOOKS = 10
"""A shop without a model waits so long: its first import may just be under way."""


class Training(Protocol):
    """What `Trainer` does."""

    async def train(self, asked: Asked, tell: Tell, occasion: Occasion) -> TrainingReport | None:
        """See `Trainer.train`."""
        ...


class TrainingSchedule:
    """Looks now and then on every replica; the lease lets one of them train."""

    def __init__(
        self,
        schedule: Schedule,
        store: ModelStore,
        events: EventLog,
        trainer: Training,
        now_us: Callable[[], int],
        settling_looks: int = SETTLING_LOOKS,
    ) -> None:
        self._schedule = schedule
        self._store = store
        self._events = events
        self._trainer = trainer
        self._now_us = now_us
        self._looks_left = settling_looks

    async def run(self) -> None:
        """Look for ever; a background task of the service."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except TouchpointError as error:
                log.warning("scheduled_training_failed", reason=error.reason)

    async def look(self) -> str:
        """Train if it is due; return what became of it, or nothing where it was not.

        Raises TouchpointError where profile or the store does not answer, or the training fails.
        """
        self._looks_left -= 1
        if not await self._is_due():
            return ""
        position = position_of(await self._store.kept(), await self._store.attempt())
        fewest = self._schedule.fewest_new
        count, _ = await self._events.count_after(position, fewest)
        if count < fewest:  # no reason to read all of it
            if not (await self._store.kept()).models:
                return ""
            outcome = f"left out: {count:,} events are new, and {fewest:,} are needed"
            await self._note(outcome)
            return outcome
        try:
            report = await self._trainer.train(Asked(is_scheduled=True), _tell, self)
        except Aborted as error:
            return f"left out: {error}"
        return _outcome(report) if report is not None else ""

    async def is_wanted(self) -> bool:
        """See `Occasion`: another replica may have trained meanwhile."""
        return await self._is_due()

    async def ended(self, report: TrainingReport, position: int) -> None:
        """Note what came of it, so that it is not made again before it is due."""
        await self._note(_outcome(report), position)
        log.info("scheduled_training_ended", outcome=_outcome(report))

    async def failed(self, error: TouchpointError) -> None:
        """Note that it broke off; what is new in the log stays so."""
        before = failures_of(await self._store.kept(), await self._store.attempt())
        await self._note(f"failed: {error}", failures=before + 1)

    async def _is_due(self) -> bool:
        kept, attempt = await self._store.kept(), await self._store.attempt()
        if self._schedule.rests(kept):
            return False
        if not kept.models and self._looks_left > 0:
            return False
        return self._now_us() >= self._schedule.due_us(kept, attempt)

    async def _note(self, outcome: str, position: int = 0, failures: int = 0) -> None:
        before = await self._store.attempt()
        position = max(position, before.log_position)
        await self._store.note_attempt(Attempt(self._now_us(), position, outcome, failures))


def _outcome(report: TrainingReport) -> str:
    return report.refusal or f"model {report.model} is served"


def _tell(_step: str, _share_done: float) -> None:
    """Nobody listens."""
