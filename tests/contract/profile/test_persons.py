import asyncio

import pytest

from services.profile.domain.lookup import find_by_id, find_or_keep, find_person
from services.profile.domain.persons import detach, link, unlink
from services.profile.domain.recording import record
from shared.errors import FailedPrecondition, NotFound
from tests.contract.profile.desk import NOW_US, identity

ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
COOKIE = identity("visitor", "cookie")
CARD = identity("loyalty_card", "card")


async def seen(desk, *who):
    arrivals = [desk.arrival(each, place=place) for place, each in enumerate(who)]
    await record(desk.store, arrivals, may_link=True, now_us=NOW_US, new_id=desk.new_id)
    return [(await person(desk, each)).person_ids[0] for each in who]


async def logged_in(desk, *who):
    login = desk.arrival(*who, kind="login")
    await record(desk.store, [login], may_link=True, now_us=NOW_US, new_id=desk.new_id)


async def person(desk, *who):
    return await find_person(desk.store, who, "")


async def keep(desk, *who):
    return await find_or_keep(desk.store, who, "", desk.new_id, NOW_US)


async def linked(desk, one, other, key=""):
    return await link(desk.store, one, other, key, now_us=NOW_US, new_id=desk.new_id)


async def unlinked(desk, one="", other="", link_id=""):
    return await unlink(desk.store, link_id, one, other, now_us=NOW_US)


async def test_a_person_kept_is_known_from_then_on(desk):
    kept = await keep(desk, ADA, COOKIE)
    found = await person(desk, ADA)
    assert found.seq == 0
    assert (kept.person_ids, kept.standing_token) == (found.person_ids, found.standing_token)
    assert found.person_ids == (await person(desk, COOKIE)).person_ids


async def test_keeping_somebody_known_makes_nobody(desk):
    [ada] = await seen(desk, ADA)
    assert (await keep(desk, ADA, COOKIE)).person_ids == (ada,)
    assert not (await person(desk, COOKIE)).is_known


async def test_keeping_leaves_an_identity_of_somebody_else_where_it_is(desk):
    [cookie] = await seen(desk, COOKIE)
    kept = await keep(desk, ADA, COOKIE)
    assert kept.ignored_identities == (1,)
    assert (await person(desk, COOKIE)).person_ids == (cookie,)
    assert cookie not in (await person(desk, ADA)).person_ids


async def test_somebody_kept_by_two_at_once_is_one_person(desk):
    found = await asyncio.gather(*(keep(desk, ADA, COOKIE) for _ in range(8)))
    assert len({each.person_ids for each in found}) == 1


async def test_a_link_makes_one_set_and_undoing_it_two(desk):
    ada, bob = await seen(desk, ADA, BOB)
    made = await linked(desk, ada, bob)
    assert made.person_ids == (ada, bob)
    assert (await person(desk, BOB)).seq == 2
    parted = await unlinked(desk, link_id=made.link_id)
    assert (parted.person_ids, parted.other_person_ids) == ((ada,), (bob,))
    assert (await person(desk, ADA)).seq == 1
    assert (await person(desk, BOB)).person_ids == (bob,)


async def test_undoing_a_login_gives_each_just_what_was_written_under_it(desk):
    ada, cookie = await seen(desk, ADA, COOKIE)
    await logged_in(desk, ADA, COOKIE)
    await unlinked(desk, ada, cookie)
    log = (await person(desk, ADA)).state().log
    assert sorted(entry.type for entry in log) == ["login", "view"]
    assert [e.type for e in (await person(desk, COOKIE)).state().log] == ["view"]


async def test_merging_and_parting_change_the_standing_token(desk):
    ada, bob = await seen(desk, ADA, BOB)
    tokens = [(await person(desk, ADA)).standing_token]
    made = await linked(desk, ada, bob)
    tokens.append((await person(desk, ADA)).standing_token)
    await unlinked(desk, link_id=made.link_id)
    tokens.append((await person(desk, ADA)).standing_token)
    assert len(set(tokens)) == 3


async def test_a_link_repeated_with_its_key_is_the_same_link(desk):
    ada, bob = await seen(desk, ADA, BOB)
    first = await linked(desk, ada, bob, "key")
    again = await linked(desk, ada, bob, "key")
    assert again.link_id == first.link_id
    assert again.person_ids == first.person_ids


async def test_two_that_are_linked_twice_over_stay_one_when_one_way_is_undone(desk):
    ada, bob, cookie = await seen(desk, ADA, BOB, COOKIE)
    for one, other in ((ada, bob), (bob, cookie), (ada, cookie)):
        await linked(desk, one, other)
    still = await unlinked(desk, ada, bob)
    assert still.person_ids == still.other_person_ids == (ada, bob, cookie)
    parted = await unlinked(desk, bob, cookie)
    assert (parted.person_ids, parted.other_person_ids) == ((bob,), (ada, cookie))


async def test_undoing_a_link_in_the_middle_keeps_both_ends_together(desk):
    ada, bob, cookie = await seen(desk, ADA, BOB, COOKIE)
    made = await linked(desk, ada, bob)
    await linked(desk, bob, cookie)
    parted = await unlinked(desk, link_id=made.link_id)
    assert parted.person_ids == (ada,)
    assert parted.other_person_ids == (bob, cookie)
    assert (await person(desk, COOKIE)).person_ids == (bob, cookie)


async def test_undoing_a_link_twice_changes_nothing(desk):
    ada, bob = await seen(desk, ADA, BOB)
    made = await linked(desk, ada, bob)
    first = await unlinked(desk, ada, bob)
    with pytest.raises(NotFound):
        await unlinked(desk, ada, bob)
    again = await unlinked(desk, link_id=made.link_id)
    assert (again.person_ids, again.other_person_ids) == ((ada,), (bob,))
    assert first.touched
    assert not again.touched
    assert (await person(desk, ADA)).person_ids == (ada,)


async def test_a_link_that_was_undone_is_not_made_again_by_its_key(desk):
    ada, bob = await seen(desk, ADA, BOB)
    first = await linked(desk, ada, bob, "key")
    await unlinked(desk, ada, bob)
    again = await linked(desk, ada, bob, "key")
    assert again.link_id == first.link_id
    assert again.person_ids == (ada,)


async def test_persons_that_do_not_exist_cannot_be_linked(desk):
    [ada] = await seen(desk, ADA)
    with pytest.raises(NotFound):
        await linked(desk, ada, desk.new_id())


async def test_a_person_has_the_kinds_of_every_identity_of_their_set(desk):
    [by_card] = await seen(desk, CARD)
    assert (await person(desk, CARD)).identity_kinds == ["loyalty_card"]
    await logged_in(desk, ADA, COOKIE)
    await logged_in(desk, ADA, CARD)
    for known in (await person(desk, COOKIE), await find_by_id(desk.store, by_card)):
        assert known.identity_kinds == ["customer", "loyalty_card", "visitor"]
    assert (await person(desk, BOB)).identity_kinds == []


async def test_a_set_of_more_than_64_persons_is_refused(desk):
    for number in range(63):
        await logged_in(desk, ADA, identity("visitor", f"c{number}"))
    [bob] = await seen(desk, BOB)
    ada = (await person(desk, ADA)).person_ids[0]
    with pytest.raises(FailedPrecondition):
        await linked(desk, ada, bob)
    assert (await person(desk, BOB)).person_ids == (bob,)


async def test_a_login_after_the_parting_links_again(desk):
    ada, cookie = await seen(desk, ADA, COOKIE)
    await logged_in(desk, ADA, COOKIE)
    await unlinked(desk, ada, cookie)
    await logged_in(desk, ADA, COOKIE)
    assert (await person(desk, COOKIE)).person_ids == (ada, cookie)


async def detached(desk, who):
    return await detach(desk.store, who, now_us=NOW_US, new_id=desk.new_id)


async def test_a_wrong_card_leads_to_somebody_new_and_what_was_written_stays(desk):
    kept = await keep(desk, ADA, COOKIE)
    await seen(desk, COOKIE)
    token = (await person(desk, ADA)).standing_token
    parted = await detached(desk, COOKIE)
    assert parted.former_person_ids == kept.person_ids
    assert (await person(desk, COOKIE)).person_ids == (parted.person_id,)
    assert (await person(desk, COOKIE)).seq == 0
    assert (await person(desk, ADA)).seq == 1
    assert (await person(desk, ADA)).standing_token != token
    await seen(desk, COOKIE)
    assert ((await person(desk, COOKIE)).seq, (await person(desk, ADA)).seq) == (1, 1)


async def test_an_identity_taken_from_a_set_leaves_the_others_together(desk):
    kept = await keep(desk, ADA, COOKIE)
    [bob] = await seen(desk, BOB)
    await linked(desk, kept.oldest_id, bob)
    parted = await detached(desk, COOKIE)
    assert set(parted.former_person_ids) == {kept.oldest_id, bob}
    assert (await person(desk, BOB)).person_ids == (await person(desk, ADA)).person_ids


async def test_an_identity_that_is_all_of_a_person_is_not_taken(desk):
    await seen(desk, ADA)
    with pytest.raises(FailedPrecondition, match="unlink the person"):
        await detached(desk, ADA)
    with pytest.raises(NotFound):
        await detached(desk, BOB)


async def test_taking_an_identity_twice_at_once_makes_one_person(desk):
    await keep(desk, ADA, COOKIE)
    found = await asyncio.gather(
        *(detached(desk, COOKIE) for _ in range(4)), return_exceptions=True
    )
    made = [each for each in found if not isinstance(each, FailedPrecondition)]
    assert len(made) == 1
    assert (await person(desk, COOKIE)).person_ids == (made[0].person_id,)
