"""Whom the load asks for, and what."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

_VISITORS = 10_000


def read_people(file: Path) -> list[Identity]:
    """Read `kind:value` lines; raises ValueError with the number of a line that is none."""
    people = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        kind, _, value = line.strip().partition(":")
        if not (kind or value):
            continue
        if not (kind and value):
            raise ValueError(f"{file}:{number}: say kind:value, such as customer:C10001")
        people.append(Identity(kind=kind, value=value))
    if not people:
        raise ValueError(f"{file} names nobody")
    return people


def visitors(count: int = _VISITORS) -> list[Identity]:
    """Make up visitors whom nobody knows."""
    return [Identity(kind="visitor", value=f"load-{number}") for number in range(count)]


def requests(
    people: Sequence[Identity],
    channel: Channel.Value.ValueType,
    placements: Sequence[str],
    seed: int,
    run: str = "",
) -> Iterator[RecommendRequest]:
    """Yield requests for people drawn at random, for ever, the same for the same seed and run.

    Another run has sessions of its own: else it would be given what the first was.
    """
    chance = random.Random(seed)  # noqa: S311 a choice of people, not a secret
    asked = [PlacementRequest(placement=placement) for placement in placements]
    number = 0
    while True:
        number += 1
        request = RecommendRequest(
            identities=[chance.choice(people)], channel=channel, placements=asked
        )
        # A session of its own frees the request from the decision that stands for the person.
        request.context.session_id = f"load{run}-{seed}-{number}"
        yield request
