"""One training from the log to what every replica serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from services.retrieval.domain.learning.content import ItemTexts
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.domain.models import LEASE_S, Added, ModelStore, StoredModel
from services.retrieval.storage.erasing import ORPHANED_S, names_of
from services.retrieval.storage.event_log import EventLog, item_texts
from services.retrieval.storage.model_files import decode, encode
from services.retrieval.storage.training_process import Order, Outcome, Tell, train_aside
from shared.artefacts import ArtefactStore
from shared.catalogue import Catalogue
from shared.errors import Aborted, TouchpointError
from shared.logging import get_logger
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport

log = get_logger(__name__)

TrainAside = Callable[[Order, Interactions, ItemTexts, Tell], Awaitable[Outcome]]
_READING_SHARE = 0.1
"""Of the whole, what reading the log takes."""
_EVENTS_TOLD = 50_000


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
    ) -> None:
        self._store = store
        self._artefacts = artefacts
        self._events = events
        self._catalogue = catalogue
        self._now_us = now_us
        self._train = train
        self._renew_every_s = renew_every_s

    async def train(self, since_us: int, seed: int, tell: Tell) -> TrainingReport:
        """Train on what happened since then (0: ever) and serve it; the report may be a refusal.

        Raises Aborted while another training is under way, or when it took this one's place.
        """
        async with self._leased() as token:
            await self._artefacts.sweep(names_of(await self._store.kept()), ORPHANED_S)
            order = await self._order(seed)
            texts = await item_texts(self._catalogue)
            # Nothing else holds the log, so that it takes no memory while a child trains on it.
            outcome = await self._train(
                order, await self._read(since_us, tell), texts, _after_reading(tell)
            )
            report = TrainingReport(**outcome.report)
            if not report.refusal:
                await self._serve(token, order, outcome, report)
            return report

    async def _order(self, seed: int) -> Order:
        kept = await self._store.kept()
        return Order(
            catalogue_id=kept.catalogue_id,
            catalogue_version=self._catalogue.version,
            trained_us=self._now_us(),
            seed=seed,
        )

    async def _read(self, since_us: int, tell: Tell) -> Interactions:
        def tell_events(count: int) -> None:
            share = _READING_SHARE * count / (count + _EVENTS_TOLD)
            tell(f"reading the event log: {count:,} events", share)

        return await self._events.read(since_us, tell_events)

    async def _serve(
        self, token: int, order: Order, outcome: Outcome, report: TrainingReport
    ) -> None:
        """Keep the artefacts and move the pointer, without whoever was erased meanwhile."""
        persons, erased = outcome.persons, await self._store.erasures()
        items = await self._artefacts.put(outcome.items)
        model = StoredModel(
            items, "", order.catalogue_id, order.catalogue_version, order.trained_us, b""
        )
        report.model = model.name
        model = replace(model, report=report.SerializeToString())
        while True:
            persons = await asyncio.to_thread(_without, persons, erased)
            name = await self._artefacts.put(persons)
            model = replace(model, person_artefact=name)
            added = await self._store.add(token, model, erased)
            await self._drop_files(model, added)
            if added.is_added:
                return
            if added.is_fenced_off:
                raise _fenced_off()
            erased = (*erased, *added.still_in_it)

    async def _drop_files(self, model: StoredModel, added: Added) -> None:
        """Remove what no pointer names any more, or never came to name."""
        given_up = [each.item_artefact for each in added.dropped]
        given_up += [each.person_artefact for each in added.dropped]
        if not added.is_added:
            given_up.append(model.person_artefact)
        if added.is_fenced_off:
            given_up.append(model.item_artefact)
        in_use = names_of(await self._store.kept())
        for name in set(given_up) - in_use:
            await self._artefacts.remove(name)

    @asynccontextmanager
    async def _leased(self) -> AsyncIterator[int]:
        token = await self._store.begin_training()
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
    return Aborted("another training took the place of this one", reason="FENCED_OFF")


def _after_reading(tell: Tell) -> Tell:
    def tell_rest(step: str, share_done: float) -> None:
        tell(step, _READING_SHARE + (1.0 - _READING_SHARE) * share_done)

    return tell_rest


def _without(persons: bytes, erased: tuple[str, ...]) -> bytes:
    if not erased:
        return persons
    model = decode(PersonModel, persons)
    left = model.without(erased)
    return persons if left is model else encode(left)
