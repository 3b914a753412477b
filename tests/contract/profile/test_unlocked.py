"""What is recorded without locks is written only if nothing has changed since the glance."""

import asyncio

import pytest

from services.profile.domain.lookup import find_person
from services.profile.domain.ports import Changes
from services.profile.domain.recording import record
from services.profile.domain.unlocked import record_at_a_glance
from shared.errors import Aborted
from tests.contract.profile.desk import NOW_US, identity

ADA, BOB = identity("customer", "ada"), identity("customer", "bob")
COOKIE = identity("visitor", "cookie-1")


def words(desk):
    return {"may_link": True, "now_us": NOW_US, "new_id": desk.new_id}


async def recorded(desk, *arrivals):
    placed = [arrival._replace(place=place) for place, arrival in enumerate(arrivals)]
    return await record(desk.store, placed, **words(desk))


async def seq(desk, who=ADA):
    return (await find_person(desk.store, [who], "")).seq


class Between:
    """A store in which something happens between the glance and the write."""

    def __init__(self, store, happening):
        self._store = store
        self._happening = happening
        self.pack = store.pack
        self.save_unchanged = store.save_unchanged

    async def glance(self, keys):
        seen = await self._store.glance(keys)
        await self._happening()
        return seen


@pytest.fixture
async def known(desk):
    await recorded(desk, desk.arrival(ADA), desk.arrival(BOB))


async def test_an_event_of_somebody_known_takes_no_locks(desk, known):
    outcome = await record_at_a_glance(desk.store, [desk.arrival(ADA)], **words(desk))
    assert outcome.accepted == 1
    assert await seq(desk) == 2


@pytest.mark.parametrize(
    "arrival",
    [
        {"who": [COOKIE]},
        {"who": [ADA, COOKIE]},
        {"who": [ADA, BOB], "kind": "login"},
        {"who": [ADA], "kind": "consent"},
        {"who": [ADA], "referred": COOKIE.key},
    ],
)
async def test_what_changes_who_is_who_or_is_audited_takes_them(desk, known, arrival):
    arrival = desk.arrival(*arrival["who"], **{k: v for k, v in arrival.items() if k != "who"})
    assert await record_at_a_glance(desk.store, [arrival], **words(desk)) is None
    assert await seq(desk) == 1


async def test_another_event_meanwhile_is_seen(desk, known):
    async def meanwhile():
        await recorded(desk, desk.arrival(ADA))

    with pytest.raises(Aborted):
        await record_at_a_glance(
            Between(desk.store, meanwhile), [desk.arrival(BOB), desk.arrival(ADA)], **words(desk)
        )
    assert (await seq(desk), await seq(desk, BOB)) == (2, 1)


async def test_a_link_meanwhile_is_seen(desk, known):
    async def meanwhile():
        await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))

    with pytest.raises(Aborted):
        await record_at_a_glance(Between(desk.store, meanwhile), [desk.arrival(ADA)], **words(desk))


async def test_a_state_folded_anew_meanwhile_is_not_overwritten(desk, known):
    async def meanwhile():
        async with desk.store.transaction() as transaction:
            [member] = await transaction.lock(
                [(await find_person(desk.store, [ADA], "")).members[0].group_id]
            )
            member.state  # noqa: B018 - read, so that it is written though no number moves
            await transaction.save(Changes(NOW_US, members=[member]))

    with pytest.raises(Aborted):
        await record_at_a_glance(Between(desk.store, meanwhile), [desk.arrival(ADA)], **words(desk))
    assert await seq(desk) == 1


async def test_an_event_that_was_recorded_before_changes_nothing(desk, known):
    twice = desk.arrival(ADA)
    await recorded(desk, twice)
    with pytest.raises(Aborted):
        await record_at_a_glance(desk.store, [desk.arrival(BOB), twice], **words(desk))
    assert (await seq(desk), await seq(desk, BOB)) == (2, 1)
    assert (await recorded(desk, twice)).duplicates == 1


async def test_of_many_at_once_each_counts_once_and_takes_its_own_number(desk, known):
    arrivals = [desk.arrival(ADA, place=0) for _ in range(20)]
    again = arrivals[:5]
    outcomes = await asyncio.gather(
        *(record(desk.store, [arrival], **words(desk)) for arrival in (*arrivals, *again))
    )
    assert sum(outcome.accepted for outcome in outcomes) == len(arrivals)
    assert sum(outcome.duplicates for outcome in outcomes) == len(again)
    person = await find_person(desk.store, [ADA], "")
    assert person.seq == 1 + len(arrivals)
    assert len(person.state().log) == 1 + len(arrivals)
