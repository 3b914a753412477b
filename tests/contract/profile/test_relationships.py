import pytest

from services.profile.domain.clients import Asked, client_of
from services.profile.domain.customers import Customer, write_customers
from services.profile.domain.looking_after import begin, end
from services.profile.domain.lookup import find_person
from services.profile.domain.persons import link, unlink
from services.profile.domain.reading import NO_TIERS
from services.profile.domain.recording import record
from services.profile.domain.relationships import OPEN, Relationship, tenures
from shared.errors import NotFound
from tests.contract.profile.desk import MINUTE_US, NOW_US, identity

ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
SALES = "sales_person"


async def seen(desk, *who):
    arrivals = [desk.arrival(each, place=place) for place, each in enumerate(who)]
    await record(desk.store, arrivals, may_link=True, now_us=NOW_US, new_id=desk.new_id)
    return [(await find_person(desk.store, [each], "")).own_id for each in who]


async def given(desk, person_id, owner, *, role=SALES, since_us=NOW_US, at_us=NOW_US):
    wanted = Relationship(person_id, role, owner, since_us, OPEN, at_us)
    return await begin(desk.store, wanted, says_when=True)


async def imported(desk, *rows, at_us=NOW_US):
    customers = [
        Customer(place, (who,), {}, "", owners) for place, (who, owners) in enumerate(rows)
    ]
    await write_customers(desk.store, customers, now_us=at_us, new_id=desk.new_id)


async def held(desk, who):
    person = await find_person(desk.store, [who], "")
    return tenures((await desk.store.record(person.person_ids)).relationships)


async def clients(desk, owner, role="", after="", at_most=10, now_us=NOW_US):
    asked = Asked(owner, role, after, at_most, now_us)
    records = await desk.store.page(asked)
    found = [client_of(each, asked, NO_TIERS) for each in records]
    return [client.customer_id for client in found if client]


async def test_who_looks_after_somebody_is_in_their_record_with_the_history(desk):
    [ada] = await seen(desk, ADA)
    await given(desk, ada, "ann")
    answered = await given(desk, ada, "bob", since_us=NOW_US + 5)
    assert [(each.owner_id, each.from_us, each.until_us) for each in await held(desk, ADA)] == [
        ("bob", NOW_US + 5, OPEN),
        ("ann", NOW_US, NOW_US + 5),
    ]
    assert list(answered) == await held(desk, ADA)


async def test_an_older_word_on_a_beginning_that_comes_later_changes_nothing(desk):
    [ada] = await seen(desk, ADA)
    await given(desk, ada, "ann", at_us=NOW_US)
    await given(desk, ada, "bea", at_us=NOW_US - MINUTE_US)
    assert [each.owner_id for each in await held(desk, ADA)] == ["ann"]
    await given(desk, ada, "cem", at_us=NOW_US + MINUTE_US)
    assert [each.owner_id for each in await held(desk, ADA)] == ["cem"]


async def test_an_end_leaves_the_history_and_nobody_in_the_list(desk):
    [ada] = await seen(desk, ADA)
    await given(desk, ada, "ann")
    await end(desk.store, ada, SALES, NOW_US + 9, now_us=NOW_US)
    assert [(each.owner_id, each.until_us) for each in await held(desk, ADA)] == [
        ("ann", NOW_US + 9)
    ]
    assert await clients(desk, "ann") == ["ada"]
    assert await clients(desk, "ann", now_us=NOW_US + 9) == []


async def test_nobody_looks_after_a_person_that_there_is_not(desk):
    with pytest.raises(NotFound):
        await given(desk, desk.new_id(), "ann")


async def test_a_merged_person_has_one_owner_and_each_has_their_own_after_the_unmerge(desk):
    ada, bob = await seen(desk, ADA, BOB)
    await given(desk, ada, "ann")
    await given(desk, bob, "ben", since_us=NOW_US + 1)
    made = await link(desk.store, ada, bob, "", now_us=NOW_US, new_id=desk.new_id)
    later_us = NOW_US + MINUTE_US
    assert [each.owner_id for each in await held(desk, ADA) if each.covers(later_us)] == ["ben"]
    assert await clients(desk, "ann", now_us=later_us) == []
    assert await clients(desk, "ben", now_us=later_us) == ["ada"]
    await unlink(desk.store, made.link_id, "", "", now_us=NOW_US)
    assert [each.owner_id for each in await held(desk, ADA)] == ["ann"]
    assert await clients(desk, "ann", now_us=later_us) == ["ada"]


async def test_a_file_names_owners_and_importing_it_again_changes_nothing(desk):
    await imported(desk, (ADA, {SALES: "ann", "store": "main street"}), (BOB, {}))
    await imported(desk, (ADA, {SALES: "ann", "store": "main street"}), at_us=NOW_US + 7)
    assert [(each.owner_id, each.from_us) for each in await held(desk, ADA)] == [
        ("ann", NOW_US),
        ("main street", NOW_US),
    ]
    await imported(desk, (ADA, {SALES: "bea"}), at_us=NOW_US + 9)
    assert [each.owner_id for each in await held(desk, ADA) if each.role == SALES] == ["bea", "ann"]
    assert await held(desk, BOB) == []


async def test_a_customer_who_stands_in_a_file_twice_has_the_last_owner(desk):
    await imported(desk, (ADA, {SALES: "ann"}), (ADA, {SALES: "bea"}))
    assert [each.owner_id for each in await held(desk, ADA)] == ["bea"]


async def test_a_client_list_is_read_in_pages_and_by_role(desk):
    people = [identity("customer", f"c{number}") for number in range(5)]
    for person_id in await seen(desk, *people):
        await given(desk, person_id, "ann")
    [boss] = await seen(desk, BOB)
    await given(desk, boss, "ann", role="account_manager")
    pages, after = [], ""
    while records := await desk.store.page(Asked("ann", SALES, after, 2, NOW_US)):
        after = records[-1].group_id
        pages.append([record.customer_id for record in records])
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(each for page in pages for each in page) == [f"c{number}" for number in range(5)]
    assert len(await clients(desk, "ann")) == 6
    assert await clients(desk, "ann", role="account_manager") == ["bob"]
