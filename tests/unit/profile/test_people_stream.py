"""Everybody as columns: told beside the requests, not before them."""

import asyncio
from contextlib import suppress

from services.profile.audiences.people import PeopleStream
from services.profile.domain.ports import Member
from services.profile.domain.state import State


class Everybody:
    """So many people in one slice, read without waiting for anything."""

    def __init__(self, people):
        self._sets = [[Member(f"p{no}", f"p{no}", 1, 1, 0, State)] for no in range(people)]

    async def count(self):
        return len(self._sets)

    async def sets(self, share):
        yield self._sets


class Clock:
    def now_us(self):
        return 0


async def test_requests_come_between_people_of_one_slice():
    turns = 0

    async def others():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    stream = PeopleStream(Everybody(5_000), Clock())
    told = [list(columns.person_ids) async for columns in stream.slices()]
    beside.cancel()
    with suppress(asyncio.CancelledError):
        await beside
    assert [each for part in told for each in part] == [f"p{no}" for no in range(5_000)]
    assert max(map(len, told)) == 100
    assert turns > 3
