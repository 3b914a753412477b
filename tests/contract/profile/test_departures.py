"""Receivers outside of the house are told whom to delete, before all else."""

import pytest

from tests.contract.profile.desk import NOW_US, identity
from tests.contract.profile.webhook_shop import ADA, BOB, EVE, dies_often, open_shop
from tests.receiver import SECRET


@pytest.fixture
async def shop(postgres_store):
    async with open_shop(postgres_store) as made:
        yield made


async def test_receivers_delete_who_took_the_word_back_and_nobody_else_is_named(shop):
    await shop.begun()
    for who in (ADA, BOB):
        await shop.says(who)
    await shop.says(EVE, granted=False)
    async with shop.telling(identities=("customer",)):
        await shop.happens(shop.click(ADA), shop.click(BOB), shop.click(EVE))
        await shop.until_all_is_done()
        await shop.looked()
        for who in (ADA, EVE):
            await shop.says(who, granted=False)
        await shop.looked()
        await shop.receiver.until(lambda received: len(received) == 3)
        await shop.happens(shop.click(BOB))
        await shop.until_all_is_done()
    ada = await shop.person_of(ADA)
    assert shop.who_left() == [("person.withdrawn", ada)]
    farewell = shop.receiver.received[2]
    assert farewell.is_signed_by(SECRET)
    assert (farewell.told["data"]["personIds"], farewell.told["data"]["identities"]) == ([ada], [])
    assert await shop.departures.waiting("crm") == []
    assert (await shop.place()).delivered == 4


async def test_receivers_delete_who_was_erased_before_they_are_told_anything_else(shop):
    await shop.begun()
    for who in (ADA, BOB):
        await shop.says(who)
    await shop.happens(shop.click(ADA))
    async with shop.telling():
        await shop.until_all_is_done()
    ada = await shop.person_of(ADA)
    await shop.happens(shop.click(BOB))
    await shop.erasures.erase([ADA.key], (), NOW_US)
    shop.receiver.answer = dies_often()
    async with shop.telling():
        await shop.until_all_is_done()
    assert shop.who_left()[0] == ("person.erased", ada)
    assert len({each.id for each in shop.receiver.received}) == 3
    assert "event" not in shop.receiver.received[1].told["data"]


async def test_what_no_event_says_is_found_within_a_day(shop):
    """A consent that ends: the log says nothing of it."""
    await shop.begun()
    await shop.says(ADA, expires="2026-02-26")
    await shop.says(BOB)
    async with shop.telling():
        await shop.happens(shop.click(ADA), shop.click(BOB))
        await shop.until_all_is_done()
        await shop.looked()
        shop.clock._us += 2 * 86_400_000_000
        await shop.looked()
        await shop.receiver.until(lambda received: len(received) == 3)
    assert shop.who_left() == [("person.withdrawn", await shop.person_of(ADA))]


async def test_who_comes_back_is_told_of_again_and_leaves_again(shop):
    await shop.begun()
    async with shop.telling():
        for _ in range(2):
            await shop.says(ADA)
            await shop.happens(shop.click(ADA))
            await shop.until_all_is_done()
            await shop.says(ADA, granted=False)
            await shop.looked()
            await shop.until_nobody_leaves()
    assert shop.who_left() == [("person.withdrawn", await shop.person_of(ADA))] * 2


async def test_of_a_merged_person_everybody_who_was_named_is_deleted(shop):
    laptop = identity("visitor", "laptop")
    await shop.says(laptop)
    await shop.happens(shop.click(ADA))
    await shop.begun()
    async with shop.telling():
        await shop.happens(shop.desk.arrival(ADA, laptop, kind="login"), shop.click(ADA))
        await shop.until_all_is_done()
        both = [await shop.person_of(laptop), await shop.person_of(ADA)]
        await shop.erasures.erase([ADA.key], (), NOW_US)
        await shop.until_nobody_leaves()
    assert sorted(shop.who_left()) == [("person.erased", person) for person in sorted(both)]
