"""Undoing a merge gives each field of each profile back, as if the two had never met."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.lookup import find_person
from services.profile.domain.persons import link, unlink
from services.profile.domain.recording import record
from services.profile.domain.state import State
from services.profile.storage.in_memory import InMemoryProfiles
from tests.contract.profile.desk import NOW_US, Desk, identity
from tests.unit.profile.happenings import events

ADA, BOB = identity("customer", "ada"), identity("customer", "bob")
WHO = st.sampled_from([ADA, BOB])
HAPPENED = st.lists(st.tuples(WHO, events()), max_size=12)


async def lived(before, meanwhile, *, merged):
    """Let things happen to two, who are one set meanwhile or not, and return what each is then."""
    desk = Desk(InMemoryProfiles())
    await happen(desk, [(ADA, None), (BOB, None), *before])
    persons = [await person(desk, who) for who in (ADA, BOB)]
    ids = [each.oldest_id for each in persons]
    if merged:
        await link(desk.store, *ids, "", now_us=NOW_US, new_id=desk.new_id)
    await happen(desk, meanwhile)
    if merged:
        await unlink(desk.store, "", *ids, now_us=NOW_US)
    return [fields(await person(desk, who)) for who in (ADA, BOB)]


async def happen(desk, told):
    arrivals = [
        desk.arrival(who, place=place, **({} if event is None else {"event": event}))
        for place, (who, event) in enumerate(told)
    ]
    if arrivals:
        await record(desk.store, arrivals, may_link=True, now_us=NOW_US, new_id=desk.new_id)


async def person(desk, who):
    return await find_person(desk.store, [who], "")


def fields(found):
    state = found.state()
    return found.seq, {name: getattr(state, name) for name in State.__slots__ if name != "arrived"}


@given(HAPPENED, HAPPENED)
def test_each_field_is_what_it_would_have_been(before, meanwhile):
    parted = asyncio.run(lived(before, meanwhile, merged=True))
    apart = asyncio.run(lived(before, meanwhile, merged=False))
    for one, other in zip(parted, apart, strict=True):
        assert one == other
