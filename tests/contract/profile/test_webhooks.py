"""Webhooks on real storage: only those who agreed, each at least once, in order per person."""

import asyncio
from dataclasses import replace

import pytest

from services.profile.domain.memberships import Cause, Change
from services.profile.domain.webhooks import Feed, Webhook
from services.profile.pusher import Pusher
from services.profile.pushing import Delivery
from services.profile.storage.webhooks import AT_ONCE
from shared.webhooks import read_secrets
from tests.contract.profile.desk import NOW_US, SEALER, identity
from tests.contract.profile.webhook_shop import (
    ADA,
    ADAS_MAIL,
    BOB,
    EVE,
    SOON_S,
    dies_often,
    open_shop,
)
from tests.receiver import SECRET, Receiver


@pytest.fixture
async def shop(postgres_store):
    async with open_shop(postgres_store) as made:
        yield made


async def test_a_change_is_told_signed_with_whom_and_what_it_is_about(shop):
    await shop.says(ADA, ADAS_MAIL)
    await shop.begun()
    async with shop.telling(identities=("email", "phone")):
        await shop.happens(shop.click(ADA))
        await shop.receiver.until(len)
    [message] = shop.receiver.received
    assert message.is_signed_by(SECRET)
    told = message.told
    assert (told["type"], told["timestamp"]) == ("event.click", "2026-02-25T06:13:20.000Z")
    data = told["data"]
    assert data["identities"] == [{"kind": "email", "value": "ada@example.com"}]
    assert data["personIds"] == [data["personId"]]
    assert data["event"] == {
        "eventId": "click-00002",
        "type": "click",
        "time": "2026-02-25T06:13:20.000Z",
        "channel": "WEB",
        "quantity": 1.0,
    }


async def test_nobody_is_told_of_who_did_not_agree_and_they_are_counted(shop):
    await shop.begun()
    await shop.says(ADA)
    await shop.says(EVE, granted=False)
    await shop.happens(*[shop.click(who) for who in (ADA, BOB, EVE, ADA)])
    async with shop.telling(identities=("customer",)):
        await shop.until_all_is_done()
    named = {each.told["data"]["identities"][0]["value"] for each in shop.receiver.received}
    assert named == {"ada"}
    place = await shop.place()
    assert (place.delivered, place.left_out) == (2, 2)
    entries = [entry async for page in shop.trail.entries(0) for entry in page]
    [entry] = [entry for entry in entries if entry.rpc == "webhooks"]
    assert (entry.caller, entry.action) == ("webhook crm", "exported")
    assert entry.pseudonym == SEALER.pseudonym(await shop.person_of(ADA))


async def test_a_word_taken_back_counts_for_the_very_next_message(shop):
    """While the first message is being taken, the consent goes: the others stay here."""
    await shop.begun()
    await shop.says(ADA)
    await shop.happens(*[shop.click(ADA) for _ in range(5)])
    held, go_on = asyncio.Event(), asyncio.Event()
    subject = shop.means.subjects.subject

    async def held_after_the_first(person_id, kinds):
        found = await subject(person_id, kinds) if not held.is_set() else None
        if found:
            held.set()
            return found
        await go_on.wait()
        return await subject(person_id, kinds)

    shop.means.subjects.subject = held_after_the_first
    async with shop.telling():
        await held.wait()
        await shop.says(ADA, granted=False)
        go_on.set()
        await shop.until_all_is_done()
    assert len(shop.receiver.received) == 1
    place = await shop.place()
    assert (place.delivered, place.left_out) == (1, 4)


async def test_a_consent_that_has_ended_is_none(shop):
    await shop.begun()
    await shop.says(ADA, expires="2026-02-26")
    await shop.happens(shop.click(ADA))
    async with shop.telling():
        await shop.until_all_is_done()
        shop.clock._us += 2 * 86_400_000_000
        await shop.happens(shop.click(ADA))
        await shop.until_all_is_done()
    assert shop.told() == ["click-00002"]


async def test_an_erased_person_is_told_of_no_more(shop):
    await shop.begun()
    await shop.says(ADA)
    await shop.says(BOB)
    await shop.happens(shop.click(ADA), shop.click(BOB))
    found = await shop.means.logs[Feed.EVENTS].after(
        (await shop.place()).events_position, ["click"]
    )
    await shop.erasures.erase([ADA.key], (), NOW_US)
    delivery = Delivery(Webhook("crm", shop.url, events=("click",)), shop.means)
    done = await delivery._delivered(await shop.place(), found.changes)
    assert (done.delivered, done.left_out) == (1, 1)
    assert shop.told() == ["click-00004"]


async def test_a_merged_person_is_told_of_as_one_and_a_family_phone_names_nobody(shop):
    laptop, phone = identity("visitor", "laptop"), identity("phone", "+15185550101")
    await shop.says(laptop)
    await shop.happens(shop.click(ADA, phone))
    await shop.database.execute("UPDATE identities SET shared = true WHERE kind = 'phone'")
    await shop.begun()
    async with shop.telling(identities=("customer", "visitor", "phone")):
        await shop.happens(shop.click(ADA))
        await shop.until_all_is_done()
        assert shop.receiver.received == []
        await shop.happens(shop.desk.arrival(ADA, laptop, kind="login"))
        await shop.happens(shop.click(ADA))
        await shop.until_all_is_done()
    [message] = shop.receiver.received
    data = message.told["data"]
    assert data["personIds"] == [await shop.person_of(laptop), await shop.person_of(ADA)]
    assert data["identities"] == [
        {"kind": "visitor", "value": "laptop"},
        {"kind": "customer", "value": "ada"},
    ]


async def test_a_receiver_that_dies_loses_nothing_and_knows_repetitions_by_their_ids(shop):
    people = [identity("customer", f"person-{number}") for number in range(12)]
    await shop.begun()
    for who in people:
        await shop.says(who)
    said = {who: [shop.click(who) for _ in range(8)] for who in people}
    await shop.happens(*[said[who][turn] for turn in range(8) for who in people])
    shop.receiver.answer = dies_often()
    async with shop.telling(identities=("customer",)):
        await shop.until_all_is_done()
    first: dict[str, list[str]] = {}
    ids: dict[str, set[str]] = {}
    for message in shop.receiver.received:
        event_id = message.told["data"]["event"]["eventId"]
        order = first.setdefault(message.told["data"]["identities"][0]["value"], [])
        if event_id not in ids:
            order.append(event_id)
        ids.setdefault(event_id, set()).add(message.id)
    assert first == {who.value: [each.event_id for each in said[who]] for who in people}
    assert all(len(each) == 1 for each in ids.values())
    assert len(shop.receiver.received) > len(ids)
    assert (await shop.place()).delivered == len(ids)


async def test_a_sender_that_dies_goes_on_where_it_was(shop):
    await shop.begun()
    await shop.says(ADA)
    clicks = [shop.click(ADA) for _ in range(AT_ONCE + 20)]
    await shop.happens(*clicks)
    async with shop.telling():
        await shop.receiver.until(lambda received: len(received) == AT_ONCE + 5)
    before = len(shop.receiver.received)
    async with shop.telling():
        await shop.until_all_is_done()
    assert shop.told() == [each.event_id for each in clicks]
    repeated = len(shop.receiver.received) - len(clicks)
    assert repeated <= before - AT_ONCE


async def test_what_a_receiver_never_takes_holds_up_its_own_person_only(shop):
    await shop.begun()
    for who in (ADA, BOB, EVE):
        await shop.says(who)
    poison = shop.click(ADA, event_id="poison")
    others = [shop.click(who) for _ in range(5) for who in (BOB, EVE)]
    await shop.happens(poison, *others, shop.click(ADA, event_id="after"))
    shop.receiver.answer = lambda received: 400 if b"poison" in received.body else 200
    async with shop.telling():
        await shop.until_place(lambda place: place.failures > 3)
        assert set(shop.told()) == {"poison", *(each.event_id for each in others)}
        assert (await shop.place()).last_error == "answered 400"
        shop.receiver.answer = lambda received: 200
        await shop.until_all_is_done()
    assert shop.told()[-1] == "after"
    assert (await shop.place()).failures == 0


async def test_whose_values_cannot_be_opened_is_named_by_id_and_holds_up_nobody(shop):
    await shop.begun()
    for who in (ADA, BOB):
        await shop.says(who)
    await shop.happens(shop.click(ADA), shop.click(BOB))
    ada = await shop.person_of(ADA)
    shop.means.subjects._keyring.forget([ada])
    another = "UPDATE persons SET key_wrapped = $2 WHERE person_id = $1::uuid"
    await shop.database.execute(another, ada, b"a key of another home")
    async with shop.telling(identities=("customer",)):
        await shop.until_all_is_done()
    named = [each.told["data"]["identities"] for each in shop.receiver.received]
    assert sorted(named) == [[], [{"kind": "customer", "value": "bob"}]]


async def test_a_receiver_that_is_gone_is_parked_and_resumed_from_its_cursor(shop):
    await shop.begun()
    await shop.says(ADA)
    await shop.happens(shop.click(ADA))
    shop.receiver.answer = lambda received: 500
    a_day_longer = "UPDATE webhooks SET failing_since_us = failing_since_us - 9e10"
    async with shop.telling():
        await shop.until_place(lambda place: place.failures > 1)
        assert (await shop.place()).parked_us is None
        await shop.database.execute(a_day_longer)
        await shop.until_place(lambda place: place.parked_us is not None)
        shop.receiver.answer = lambda received: 410
        await shop.places.go_on("crm", {})
        await shop.until_place(lambda place: "410" in place.last_error)
        assert (await shop.place()).parked_us is not None
        shop.receiver.answer = lambda received: 200
        await shop.happens(shop.click(ADA))
        assert (await shop.place()).delivered == 0
        await shop.places.go_on("crm", {})
        await shop.until_all_is_done()
    assert len({each.id for each in shop.receiver.received}) == 2
    assert shop.told() == ["click-00002", "click-00003"]


async def test_it_is_told_again_from_a_cursor_with_the_same_ids(shop):
    await shop.begun()
    await shop.says(ADA)
    async with shop.telling():
        await shop.happens(*[shop.click(ADA) for _ in range(4)])
        await shop.until_all_is_done()
        first = [each.id for each in shop.receiver.received]
        cursor = int(shop.receiver.received[1].told["data"]["cursor"])
        await shop.places.go_on("crm", {Feed.EVENTS: cursor})
        await shop.receiver.until(lambda received: len(received) == 6)
        await shop.until_all_is_done()
    assert [each.id for each in shop.receiver.received] == [*first, *first[2:]]


async def test_a_new_webhook_begins_now_and_cannot_be_sent_beyond_the_end(shop):
    await shop.says(ADA)
    await shop.happens(shop.click(ADA))
    async with shop.telling():
        await shop.until_place(lambda place: place is not None)
        await shop.places.go_on("crm", dict.fromkeys(Feed, 2**62))
        await shop.happens(shop.click(ADA))
        await shop.until_all_is_done()
    assert shop.told() == ["click-00003"]


async def test_a_leader_that_was_frozen_moves_no_place_that_another_has_moved(shop):
    await shop.begun()
    place = await shop.place()
    done = await shop.means.logs[Feed.EVENTS].after(place.events_position, [])
    delivery = Delivery(Webhook("crm", shop.url, events=("click",)), shop.means)
    outcome = await delivery._delivered(place, done.changes)
    assert await shop.places.advance(place, Feed.EVENTS, 10, outcome) is not None
    assert await shop.places.advance(place, Feed.EVENTS, 5, outcome) is None
    assert (await shop.place()).events_position == 10


async def test_who_enters_and_leaves_a_segment_is_told_if_they_agreed(shop):
    await shop.begun()
    await shop.says(ADA)
    await shop.happens(shop.click(BOB))
    ada, bob = await shop.person_of(ADA), await shop.person_of(BOB)

    async def moves(*persons, is_member, segment="best"):
        changes = [Change(each, (each,), segment, is_member) for each in persons]
        await shop.memberships.change(changes, Cause.EVENT, "hash", NOW_US)

    webhook = Webhook("crm", shop.url, segments=("best",))
    async with shop.delivering(webhook):
        for is_member in (True, False, True):
            await moves(ada, is_member=is_member, segment="other")
            await moves(ada, bob, is_member=is_member)
            await shop.until_all_is_done(Feed.MEMBERSHIPS)
        place = await shop.place()
        assert (place.delivered, place.left_out) == (3, 3)
        await shop.places.go_on("crm", {Feed.MEMBERSHIPS: 0})
        await shop.receiver.until(lambda received: len(received) == 4)
    told = [each.told for each in shop.receiver.received]
    assert [each["type"] for each in told[:3]] == [
        "segment.entered",
        "segment.left",
        "segment.entered",
    ]
    assert {(each["data"]["personId"], each["data"]["segment"]) for each in told} == {(ada, "best")}
    cursors = [each["data"]["cursor"] for each in told]
    assert [cursor[0] for cursor in cursors] == ["m"] * 4
    assert cursors[2] == cursors[3]
    ids = [each.id for each in shop.receiver.received]
    assert len(set(ids)) == 3
    assert ids[2] == ids[3]


async def test_other_definitions_are_followed_and_the_others_are_not_held_up(shop):
    await shop.says(ADA)
    shop.means = replace(
        shop.means,
        permissions=replace(
            shop.means.permissions, secrets=read_secrets(f"crm={SECRET},other={SECRET}")
        ),
    )
    dead = Receiver(lambda received: None)
    async with dead.listening() as elsewhere:
        defined = [
            Webhook("crm", shop.url, events=("click",)),
            Webhook("other", elsewhere, events=("*",)),
        ]
        pusher = Pusher(shop.database, lambda: defined, shop.means)
        leading = asyncio.create_task(pusher.lead())
        await shop.until_place(lambda place: place is not None)
        async with asyncio.timeout(20):
            while await shop.places.read("other") is None:
                await asyncio.sleep(SOON_S)
        await shop.happens(shop.click(ADA))
        await dead.until(len)
        await shop.receiver.until(len)
        defined.clear()
        async with asyncio.timeout(20):
            while pusher._running:
                await asyncio.sleep(SOON_S)
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
    assert shop.told() == ["click-00002"]
