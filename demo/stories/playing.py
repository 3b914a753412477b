"""Plays stories through an edge: one after the other, and those that last weeks side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc.aio

from demo.stories.calendar import Calendar
from demo.stories.repertoire import FOR_WEEKS, STORIES
from demo.stories.stage import House, Stage, StorySkipped
from demo.suite_time import ahead, move
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

Tell = Callable[[str], None]
OpenChannel = Callable[[str], grpc.aio.Channel]
"""Opens a channel to host:port."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a story claimed, and whether it came out so."""

    name: str
    claims: dict[str, bool]
    skipped: str = ""
    """Why it could not be played here; empty: it was."""

    @property
    def came_out(self) -> bool:
        return all(self.claims.values())


async def play(
    edge: str,
    names: Iterable[str],
    tell: Tell,
    begin: Tell,
    *,
    retrieval: str = "",
    outbox: Path | None = None,
    opened: OpenChannel = grpc.aio.insecure_channel,
) -> list[Played]:
    """Play the named stories through the edge at host:port.

    `begin` hears each story's first sentence, `tell` what its channels saw. `retrieval` is where
    the catalogue is written, `outbox` where messages go in development; without them the stories
    that need them are left out, or tell less. Raises StoryError, and AioRpcError when the edge does
    not answer.
    """
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(opened(edge))
        shelves = None
        if retrieval:
            shelves = RetrievalServiceStub(await stack.enter_async_context(opened(retrieval)))
        theatre = _Theatre(channel, House(outbox, shelves), tell, begin)
        wanted = list(names)
        played = [await theatre.one(name) for name in wanted if name not in FOR_WEEKS]
        played += await theatre.side_by_side([name for name in wanted if name in FOR_WEEKS])
        return sorted(played, key=lambda each: wanted.index(each.name))


@dataclass(frozen=True, slots=True)
class _Theatre:
    """Where stories are played, and who hears of them."""

    channel: grpc.aio.Channel
    house: House
    tell: Tell
    begin: Tell

    async def one(self, name: str) -> Played:
        """Play a story now; time moves when it wants."""
        early = await ahead(self.channel)
        self.begin(first_sentence(name))
        stage = Stage(
            AggregatorServiceStub(self.channel),
            self.tell,
            early,
            partial(move, self.channel),
            house=self.house,
        )
        return await _played(name, stage)

    async def side_by_side(self, names: list[str]) -> list[Played]:
        """Play stories at the same time, and tell of one after the other when all are over."""
        if not names:
            return []
        early = await ahead(self.channel)
        calendar, desk = Calendar(partial(move, self.channel), early), asyncio.Lock()
        told: dict[str, list[str]] = {name: [] for name in names}

        async def part(name: str) -> Played:
            stage = Stage(
                AggregatorServiceStub(self.channel),
                told[name].append,
                early,
                calendar.passes,
                desk=desk,
                house=self.house,
            )
            with calendar.taking_part():
                return await _played(name, stage)

        ended = await asyncio.gather(*map(part, names), return_exceptions=True)
        for name in names:
            self.begin(first_sentence(name))
            for line in told[name]:
                self.tell(line)
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        return [each for each in ended if isinstance(each, Played)]


async def _played(name: str, stage: Stage) -> Played:
    try:
        await STORIES[name](stage)
    except StorySkipped as reason:
        return Played(name, dict(stage.outcomes), str(reason))
    return Played(name, dict(stage.outcomes))


def first_sentence(name: str) -> str:
    """Return what a story is about."""
    return (STORIES[name].__doc__ or name).strip()


def overview() -> Iterator[tuple[str, str]]:
    """Yield each story's name and what it is about."""
    return ((name, first_sentence(name)) for name in STORIES)
