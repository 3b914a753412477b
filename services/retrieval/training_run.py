"""One training from the log to what every replica serves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from services.retrieval.domain.learning.before import Before
from services.retrieval.domain.learning.gifts import GiftLog
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.models import LEASE_S, Added, ModelStore, StoredModel
from services.retrieval.storage.erasing import ORPHANED_S, names_of
from services.retrieval.storage.event_log import EventLog, item_texts
from services.retrieval.storage.model_files import PERSONS
from services.retrieval.storage.model_replica import Served
from services.retrieval.storage.person_files import without_persons
from services.retrieval.storage.training_process import Order, Outcome, Tell, train_aside
from services.retrieval.verdicts import judge
from shared.artefacts import ArtefactStore
from shared.catalogue import Catalogue
from shared.errors import Aborted, TouchpointError
from shared.logging import get_logger
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport, TrainingStep

log = get_logger(__name__)

TrainAside = Callable[[Order, Lessons, Tell], Awaitable[Outcome]]
_READING_SHARE = 0.1
"""Of the whole, what reading the log takes."""
_EVENTS_TOLD = 50_000


_READING = "reading the event log"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a training is to do."""

    since_us: int = 0
    """Learn only from what happened since then; 0: ever."""
    seed: int = 1
    is_forced: bool = False
    """Serve what comes of it even if it is worse than what is served."""
    is_scheduled: bool = False
    """Nobody asked for it: it gives way to whoever does."""


class Occasion(Protocol):
    """Why a training happens; asked and told while no other one can begin."""

    async def is_wanted(self) -> bool:
        """Whether it is still to be done, now that no other one is under way."""
        ...

    async def ended(self, report: TrainingReport, position: int) -> None:
        """Hear what came of it, and up to which position of the log it read."""
        ...

    async def failed(self, error: TouchpointError) -> None:
        """Hear why it broke off; not where another training took its place."""
        ...


class AskedFor:
    """Somebody waits for it and hears of its end anyway."""

    async def is_wanted(self) -> bool:
        return True

    async def ended(self, report: TrainingReport, position: int) -> None:
        """Note nothing."""

    async def failed(self, error: TouchpointError) -> None:
        """Note nothing."""


ASKED_FOR = AskedFor()


@dataclass(frozen=True, slots=True)
class _Read:
    """What is learned from, and up to which position of the log it goes."""

    lessons: Lessons
    position: int


class Trainer:
    """Runs at most one training of the whole deployment at a time."""

    def __init__(
        self,
        store: ModelStore,
        artefacts: ArtefactStore,
        events: EventLog,
        catalogue: Catalogue,
        now_us: Callable[[], int],
        train: TrainAside = train_aside,
        renew_every_s: float = LEASE_S / 3,
        served: Callable[[], Served | None] = lambda: None,
        tolerance: float = 0.02,
    ) -> None:
        """Take the parts; a model worse than what is `served` by more than the tolerance is not."""
        self._store = store
        self._artefacts = artefacts
        self._events = events
        self._catalogue = catalogue
        self._now_us = now_us
        self._train = train
        self._renew_every_s = renew_every_s
        self._served = served
        self._tolerance = tolerance

    async def train(
        self, asked: Asked, tell: Tell, occasion: Occasion = ASKED_FOR
    ) -> TrainingReport | None:
        """Train and serve what comes of it; the report may be a refusal.

        None: it was not wanted any more once no other training could run. Raises Aborted while
        another training is under way, or when it took this one's place.
        """
        async with self._leased(is_scheduled=asked.is_scheduled) as token:
            if not await occasion.is_wanted():
                return None
            try:
                report, position = await self._trained(token, asked, tell)
            except Aborted:
                raise
            except TouchpointError as error:
                await occasion.failed(error)
                raise
            await occasion.ended(report, position)
            return report

    async def _trained(self, token: int, asked: Asked, tell: Tell) -> tuple[TrainingReport, int]:
        """Train and serve; the report, and the position of the log up to which was read."""
        await self._artefacts.sweep(names_of(await self._store.kept()), ORPHANED_S)
        order = await self._order(asked.seed)
        # Nothing else holds the log, so that it takes no memory while a child trains on it.
        began = time.monotonic()
        read = [await self._read(asked.since_us, tell)]
        position, read_s = read[0].position, time.monotonic() - began
        outcome = await self._train(order, read.pop().lessons, _after_reading(tell))
        report = TrainingReport(**outcome.report)
        report.steps.insert(0, TrainingStep(step=_READING, spent_s=read_s))
        if not report.refusal:
            judge(report, self._tolerance, asked.is_forced, self._pairs_before())
        if not report.refusal:
            await self._serve(token, order, outcome, report, position)
        return report, position

    def _pairs_before(self) -> int:
        served = self._served()
        return TrainingReport.FromString(served.stored.report).pairs if served else 0

    async def _before(self) -> Before:
        """Return what the new model is compared with: what this replica serves."""
        served = self._served()
        if served is None:
            return Before.none()
        return await asyncio.to_thread(Before.of, served.stored.name, served.model.learned)

    async def _order(self, seed: int) -> Order:
        kept = await self._store.kept()
        return Order(
            catalogue_id=kept.catalogue_id,
            catalogue_version=self._catalogue.version,
            trained_us=self._now_us(),
            seed=seed,
        )

    async def _read(self, since_us: int, tell: Tell) -> _Read:
        def tell_events(count: int) -> None:
            share = _READING_SHARE * count / (count + _EVENTS_TOLD)
            tell(f"{_READING}: {count:,} events", share)

        texts, people = await item_texts(self._catalogue), await self._events.people()
        gifts = GiftLog()
        interactions, position = await self._events.read(since_us, tell_events, gifts)
        lessons = Lessons(interactions, texts, people, gifts.gifts(), await self._before())
        return _Read(lessons, position)

    async def _serve(
        self, token: int, order: Order, outcome: Outcome, report: TrainingReport, position: int
    ) -> None:
        """Keep the artefacts and move the pointer, without whoever was erased meanwhile."""
        persons, erased = outcome.files[PERSONS], await self._store.erasures()
        parts = {
            part: await self._artefacts.put(data)
            for part, data in outcome.files.items()
            if part != PERSONS
        }
        origin = (order.catalogue_id, order.catalogue_version, order.trained_us)
        model = StoredModel(parts, "", *origin, b"", log_position=position)
        report.model = model.name
        model = replace(model, report=report.SerializeToString())
        while True:
            if erased:
                persons, _ = await asyncio.to_thread(without_persons, persons, erased)
            name = await self._artefacts.put(persons)
            model = replace(model, person_artefact=name)
            added = await self._store.add(token, model, erased)
            if added.is_fenced_off:
                # The one that took its place may just have put equal parts that no pointer names
                # yet: what is left is for the next sweep.
                raise _fenced_off()
            await self._drop_files(model, added)
            if added.is_added:
                return
            erased = (*erased, *added.still_in_it)

    async def _drop_files(self, model: StoredModel, added: Added) -> None:
        """Remove what no pointer names any more, or never came to name."""
        given_up = [name for each in added.dropped for name in each.files]
        if not added.is_added:
            given_up.append(model.person_artefact)
        in_use = names_of(await self._store.kept())
        for name in set(given_up) - in_use:
            await self._artefacts.remove(name)

    @asynccontextmanager
    async def _leased(self, *, is_scheduled: bool) -> AsyncIterator[int]:
        token = await self._store.begin_training(is_scheduled=is_scheduled)
        if token is None:
            raise Aborted("another training is under way", reason="TRAINING_UNDER_WAY")
        held = asyncio.timeout(None)
        try:
            async with held:
                renewing = asyncio.create_task(self._renew(token, held))
                try:
                    yield token
                finally:
                    renewing.cancel()
                    await asyncio.gather(renewing, return_exceptions=True)
                    await self._store.end_training(token)
        except TimeoutError:
            if held.expired():
                raise _fenced_off() from None
            raise

    async def _renew(self, token: int, held: asyncio.Timeout) -> None:
        """Hold on to the lease; once it is lost there is nothing to train for."""
        while True:
            await asyncio.sleep(self._renew_every_s)
            try:
                if not await self._store.renew(token):
                    held.reschedule(asyncio.get_running_loop().time())
            except TouchpointError as error:
                log.warning("lease_not_renewed", reason=error.reason)


def _fenced_off() -> Aborted:
    told = "another training took the place of this one, or a model was taken back meanwhile"
    return Aborted(told, reason="FENCED_OFF")


def _after_reading(tell: Tell) -> Tell:
    def tell_rest(step: str, share_done: float) -> None:
        tell(step, _READING_SHARE + (1.0 - _READING_SHARE) * share_done)

    return tell_rest
