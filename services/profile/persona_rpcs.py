"""The rpcs about personas: learn them from people, and tell what was proposed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from services.profile.domain.reading import Tiers
from services.profile.storage.training_process import Order, States, Tell, train_aside
from shared.call import Call
from shared.errors import Aborted
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.personas_pb2 import PersonaProposals

_DEFAULT_SEED = 1
_MAX_SEED = 2**63 - 1
"""As PostgreSQL takes it."""
_READING_SHARE = 0.2
"""Of the whole, what reading the people takes."""
_SETS_TOLD = 2_000

TrainAside = Callable[[Order, States, Tell], Awaitable[PersonaProposals]]


class PersonaStore(Protocol):
    """Where people are read for learning, and proposals are kept."""

    async def sample(self, seed: int, tell: Callable[[int], None]) -> Sequence[Sequence[bytes]]:
        """Return the stored states of sets of persons, all or a fair sample of them.

        The same seed takes the same sets; `tell` hears how many were read so far.
        """
        ...

    async def keep(self, proposals: PersonaProposals) -> None:
        """Keep proposals in the place of all before."""
        ...

    async def newest(self) -> PersonaProposals:
        """Return what was proposed last; an empty message: nothing ever was."""
        ...


class PersonaTrainer:
    """Runs at most one training at a time on this replica; the last one to end is kept."""

    def __init__(
        self,
        store: PersonaStore,
        tiers: Callable[[], Tiers],
        now_us: Callable[[], int],
        train: TrainAside = train_aside,
    ) -> None:
        self._store = store
        self._tiers = tiers
        self._now_us = now_us
        self._train = train
        self._training = asyncio.Lock()

    async def newest(self) -> PersonaProposals:
        return await self._store.newest()

    async def train(self, seed: int, tell: Tell) -> PersonaProposals:
        """Propose personas for the people there are and keep the proposals, unless it is a refusal.

        Raises Aborted while another training is under way.
        """
        if self._training.locked():
            raise Aborted("another training is under way", reason="TRAINING_UNDER_WAY")
        async with self._training:
            tiers = self._tiers()
            order = Order(
                seed,
                self._now_us(),
                (tiers.top_micros, tiers.high_micros, tiers.medium_micros),
            )
            proposals = await self._train(order, await self._read(seed, tell), _after_reading(tell))
            if not proposals.refusal:
                await self._store.keep(proposals)
            return proposals

    async def _read(self, seed: int, tell: Tell) -> States:
        def tell_sets(count: int) -> None:
            tell(f"reading {count:,} people", _READING_SHARE * count / (count + _SETS_TOLD))

        return await self._store.sample(seed, tell_sets)


class PersonaRpcs:
    """A part of the servicer."""

    def __init__(self, trainer: PersonaTrainer) -> None:
        self.__trainer = trainer

    async def train_personas(
        self, call: Call, request: pb.TrainPersonasRequest
    ) -> AsyncIterator[pb.TrainPersonasResponse]:
        async with aclosing(_told(self.__trainer, request)) as responses:
            async for response in responses:
                yield response

    async def list_persona_proposals(
        self, call: Call, request: pb.ListPersonaProposalsRequest
    ) -> pb.ListPersonaProposalsResponse:
        return pb.ListPersonaProposalsResponse(proposals=await self.__trainer.newest())


async def _told(
    trainer: PersonaTrainer, request: pb.TrainPersonasRequest
) -> AsyncGenerator[pb.TrainPersonasResponse, None]:
    """Train and tell how far it is, at last the proposals; a caller that leaves ends it."""
    steps: asyncio.Queue[pb.TrainPersonasResponse | None] = asyncio.Queue()

    def tell(step: str, share_done: float) -> None:
        steps.put_nowait(pb.TrainPersonasResponse(step=step, share_done=share_done))

    work = asyncio.create_task(trainer.train(request.seed & _MAX_SEED or _DEFAULT_SEED, tell))
    work.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        while (progress := await steps.get()) is not None:
            yield progress
        yield pb.TrainPersonasResponse(share_done=1.0, proposals=await work)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def _after_reading(tell: Tell) -> Tell:
    def tell_rest(step: str, share_done: float) -> None:
        tell(step, _READING_SHARE + (1.0 - _READING_SHARE) * share_done)

    return tell_rest
