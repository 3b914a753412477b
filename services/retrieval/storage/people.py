"""Reads of profile what people are, as far as many share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.people import People
from shared.call import own_call
from shared.client import follow
from touchpoint.profile.v1.audience_pb2 import PeopleColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamIdentitiesRequest,
    StreamPeopleRequest,
    StreamPersonasRequest,
)

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_METHOD = "/touchpoint.profile.v1.ProfileService/StreamPeople"
_IDENTITIES = "/touchpoint.profile.v1.ProfileService/StreamIdentities"
_PERSONAS = "/touchpoint.profile.v1.ProfileService/StreamPersonas"
_TIMEOUT_S = 600.0
_PERSONAS_TIMEOUT_S = 20.0
"""Nothing can be counted before; whoever was not told of by then shows when they come."""


async def read_personas(profile: ProfileServiceAsyncStub) -> AsyncIterator[dict[str, str]]:
    """Yield who is of which persona, some at a time; raises TouchpointError."""
    request, call = StreamPersonasRequest(), own_call(_PERSONAS)
    async for response in follow(profile.StreamPersonas, request, call, _PERSONAS_TIMEOUT_S):
        yield dict(zip(response.person_ids, response.personas, strict=True))
        await asyncio.sleep(0)


async def read_oldest(profile: ProfileServiceAsyncStub) -> dict[str, str]:
    """Return the oldest of each set by its other persons: together they are one."""
    oldest: dict[str, str] = {}
    request, call = StreamIdentitiesRequest(), own_call(_IDENTITIES)
    async for response in follow(profile.StreamIdentities, request, call, _TIMEOUT_S):
        for each in response.sets:
            if len(each.person_ids) > 1 and not each.ambiguous:
                oldest.update(dict.fromkeys(each.person_ids[1:], each.person_ids[0]))
        await asyncio.sleep(0)
    return oldest


async def read_people(profile: ProfileServiceAsyncStub) -> People:
    """Return everybody that profile tells of; raises TouchpointError where it does not answer."""
    person_ids: list[str] = []
    ages: list[NDArray[np.uint8]] = []
    places: list[NDArray[np.uint8]] = []
    first = PeopleColumns()
    request, call = StreamPeopleRequest(), own_call(_METHOD)
    async for response in follow(profile.StreamPeople, request, call, _TIMEOUT_S):
        people = response.people
        first = first if person_ids else people
        person_ids += people.person_ids
        ages.append(np.array(people.ages, np.uint8))
        table = [np.array(attribute.places, np.uint8) for attribute in people.attributes]
        places.append(
            np.stack(table, 1) if table else np.zeros((len(people.person_ids), 0), np.uint8)
        )
        await asyncio.sleep(0)
    if not person_ids:
        return People.none()
    oldest = await read_oldest(profile)
    return await asyncio.to_thread(_people, person_ids, ages, places, first, oldest)


def _people(
    person_ids: list[str],
    ages: list[NDArray[np.uint8]],
    places: list[NDArray[np.uint8]],
    first: PeopleColumns,
    oldest: Mapping[str, str],
) -> People:
    number: dict[str, int] = {}
    firsts = [number.setdefault(oldest.get(each, each), at) for at, each in enumerate(person_ids)]
    return People(
        tuple(person_ids),
        np.concatenate(ages),
        tuple(attribute.name for attribute in first.attributes),
        tuple(word for attribute in first.attributes for word in attribute.words),
        np.cumsum([len(attribute.words) for attribute in first.attributes], dtype=np.int64),
        np.concatenate(places),
        np.array(firsts, np.int64),
    )
