"""Plays stories through an edge, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import grpc.aio

from demo.stories.repertoire import STORIES
from demo.stories.stage import Stage, StorySkipped
from demo.suite_time import ahead, move
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub


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
    tell: Callable[[str], None],
    begin: Callable[[str], None],
) -> list[Played]:
    """Play the named stories through the edge at host:port.

    `begin` hears each story's first sentence, `tell` what its channels saw. Raises StoryError, and
    AioRpcError when the edge does not answer.
    """
    async with grpc.aio.insecure_channel(edge) as channel:
        return [await _one(channel, name, tell, begin) for name in names]


async def _one(
    channel: grpc.aio.Channel,
    name: str,
    tell: Callable[[str], None],
    begin: Callable[[str], None],
) -> Played:
    early = await ahead(channel)
    stage = Stage(AggregatorServiceStub(channel), tell, early, partial(move, channel))
    story = STORIES[name]
    begin(first_sentence(name))
    try:
        await story(stage)
    except StorySkipped as reason:
        return Played(name, dict(stage.outcomes), str(reason))
    return Played(name, dict(stage.outcomes))


def first_sentence(name: str) -> str:
    """Return what a story is about."""
    return (STORIES[name].__doc__ or name).strip()


def overview() -> Iterator[tuple[str, str]]:
    """Yield each story's name and what it is about."""
    return ((name, first_sentence(name)) for name in STORIES)
