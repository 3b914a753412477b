"""Somebody says that they are not who we take them for; what was written stays where it is."""

import pytest

from services.profile.domain.lookup import find_or_keep, find_person
from services.profile.domain.recording import record
from tests.contract.profile.desk import NOW_US, identity

ADA = identity("customer", "ada")
COOKIE = identity("visitor", "cookie")
OTHER = identity("visitor", "other")
PHONE = identity("phone", "+12025550123")


async def told(desk, *who, kind="view", may_link=True):
    arrival = desk.arrival(*who, kind=kind)
    return await record(desk.store, [arrival], may_link=may_link, now_us=NOW_US, new_id=desk.new_id)


async def person(desk, *who):
    return await find_person(desk.store, who, "")


async def types(desk, *who):
    return sorted(entry.type for entry in (await person(desk, *who)).state().log)


@pytest.fixture
async def family(desk):
    """Two devices that Ada signed in on, each with something done there before."""
    for each in (COOKIE, OTHER, ADA):
        await told(desk, each)
    await told(desk, ADA, COOKIE, kind="login")
    await told(desk, ADA, OTHER, kind="login")
    return (await person(desk, ADA)).person_ids


async def test_a_device_that_was_linked_is_its_own_again(desk, family):
    outcome = await told(desk, COOKIE, kind="not_me")
    assert outcome.accepted == 1
    [touched] = outcome.touched
    assert (touched.person_ids, touched.cause) == (family, "not_me")
    alone = await person(desk, COOKIE)
    assert len(alone.person_ids) == 1
    assert await types(desk, COOKIE) == ["not_me", "view"]
    assert set(family) - set((await person(desk, ADA)).person_ids) == set(alone.person_ids)
    assert (await person(desk, OTHER)).person_ids == (await person(desk, ADA)).person_ids


async def test_what_was_linked_only_by_way_of_them_is_parted_too(desk, family):
    """Ada's number is what both devices are linked to."""
    await told(desk, ADA, kind="not_me")
    found = {(await person(desk, each)).person_ids for each in (ADA, COOKIE, OTHER)}
    assert {len(each) for each in found} == {1}
    assert len(found) == 3


async def test_decisions_that_stood_for_the_one_stand_for_neither(desk, family):
    before = (await person(desk, ADA)).standing_token
    await told(desk, COOKIE, kind="not_me")
    after = [(await person(desk, each)).standing_token for each in (ADA, COOKIE)]
    assert len({before, *after}) == 3


async def test_one_of_several_identities_leads_to_somebody_new(desk):
    await find_or_keep(desk.store, [ADA, PHONE], "", desk.new_id, NOW_US)
    await told(desk, PHONE)
    [ada] = (await person(desk, ADA)).person_ids
    await told(desk, PHONE, kind="not_me")
    [caller] = (await person(desk, PHONE)).person_ids
    assert caller != ada
    assert await types(desk, PHONE) == []
    assert await types(desk, ADA) == ["not_me", "view"]
    await told(desk, PHONE)
    assert await types(desk, PHONE) == ["view"]


async def test_a_number_that_went_to_somebody_else_begins_anew(desk):
    await told(desk, PHONE)
    [before] = (await person(desk, PHONE)).person_ids
    await told(desk, PHONE, kind="not_me")
    found = await person(desk, PHONE)
    assert found.person_ids != (before,)
    assert found.seq == 0


async def test_a_customer_number_is_the_person_and_stays(desk):
    await told(desk, ADA)
    before = (await person(desk, ADA)).person_ids
    await told(desk, ADA, kind="not_me")
    assert (await person(desk, ADA)).person_ids == before


async def test_the_same_said_again_with_its_id_changes_nothing(desk, family):
    arrival = desk.arrival(COOKIE, kind="not_me")
    for _ in range(2):
        outcome = await record(
            desk.store, [arrival], may_link=True, now_us=NOW_US, new_id=desk.new_id
        )
    assert (outcome.accepted, outcome.repeated) == (0, [arrival.place])
    assert await types(desk, COOKIE) == ["not_me", "view"]


async def test_said_twice_at_once_it_is_done_once(desk, family):
    twice = [desk.arrival(COOKIE, kind="not_me", place=place) for place in range(2)]
    outcome = await record(desk.store, twice, may_link=True, now_us=NOW_US, new_id=desk.new_id)
    assert outcome.accepted == 2
    assert await types(desk, COOKIE) == ["not_me", "not_me", "view"]


async def test_a_link_of_the_same_batch_is_undone_with_the_others(desk):
    await told(desk, ADA)
    await told(desk, COOKIE)
    batch = [
        desk.arrival(ADA, COOKIE, kind="login", place=0),
        desk.arrival(COOKIE, kind="not_me", place=1),
    ]
    await record(desk.store, batch, may_link=True, now_us=NOW_US, new_id=desk.new_id)
    assert len((await person(desk, COOKIE)).person_ids) == 1
    assert await types(desk, ADA) == ["login", "view"]


async def test_who_may_not_link_may_part_a_device_alone(desk, family):
    outcome = await told(desk, COOKIE, kind="not_me", may_link=False)
    assert outcome.accepted == 1
    assert len((await person(desk, COOKIE)).person_ids) == 1


async def test_who_may_not_link_may_part_nobody_else(desk, family):
    for who in ([ADA], [ADA, COOKIE]):
        outcome = await told(desk, *who, kind="not_me", may_link=False)
        assert [each.code for each in outcome.rejected] == ["NOT_ALLOWED"]
    assert (await person(desk, COOKIE)).person_ids == family


async def test_somebody_never_seen_has_nobody_to_be_parted_from(desk):
    await told(desk, COOKIE, kind="not_me")
    assert await types(desk, COOKIE) == ["not_me"]
