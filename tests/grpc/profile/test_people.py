import asyncio
from datetime import timedelta

import grpc
import pytest

from services.profile.app import build
from services.profile.definitions import compile_bundle
from shared.testing.grpc import grpc_service
from tests.grpc.profile.edge import Client, catalogue, keys_of
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Assurance
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle

ADA = ("customer", "ada")
BOB = ("customer", "bob")
EMAIL = ("email", "ada@shop.example")
COOKIE = ("visitor", "cookie-1234")


def watch(client, *who):
    identities = [Identity(kind=kind, value=value) for kind, value in who]
    request = pb.WatchProfileRequest(identities=identities, identity_keys=keys_of(identities))
    return client.stub.WatchProfile(request, timeout=10)


async def import_customers(client, *customers):
    request = pb.ImportCustomersRequest(import_id="i", customers=customers)
    return await client.stub.ImportCustomers(request, timeout=5)


def customer(*who, **fields):
    return pb.CustomerRecord(
        identities=[Identity(kind=kind, value=value) for kind, value in who], **fields
    )


async def test_the_record_shows_masked_identities_consents_and_links(client):
    await import_customers(client, customer(ADA, EMAIL, attributes={"name": "Ada Byron"}))
    await client.record(
        client.event([ADA, COOKIE], "login"),
        client.event([ADA], "consent", attributes={"purpose": "marketing", "granted": True}),
    )
    record = await client.profile(ADA)
    assert record.name == "Ada Byron"
    shown = {each.kind: each.masked_value for each in record.identities}
    assert shown == {"customer": "a…", "email": "a…@s….example", "visitor": "co…34"}
    assert [(each.purpose, each.granted) for each in record.consents] == [("marketing", True)]
    assert len(record.links) == 1
    assert list(record.snapshot.person_ids)


async def test_the_record_is_found_by_the_person_too_and_nobody_is_nobody(client):
    await import_customers(client, customer(ADA, attributes={"name": "Ada Byron"}))
    [ada] = (await client.answer(ADA)).person_ids
    found = await client.stub.GetProfile(pb.GetProfileRequest(person_id=ada), timeout=5)
    assert found.name == "Ada Byron"
    nobody = pb.GetProfileRequest(person_id="0190a000-0000-7000-8000-00000000ffff")
    assert not (await client.stub.GetProfile(nobody, timeout=5)).snapshot.person_ids


async def test_the_record_of_linked_persons_counts_what_each_did_once(client):
    await client.record(
        client.event([COOKIE], "purchase", item_id="shoe", order_id="o1", ago_s=90),
        client.event([COOKIE], "add_to_cart", item_id="laptop", ago_s=80),
        client.event([ADA], "purchase", item_id="shoe", order_id="o2", ago_s=70),
        client.event([ADA], "add_to_cart", item_id="laptop", ago_s=60),
        client.event([ADA, COOKIE], "login"),
    )
    shown, decided_by = (await client.profile(ADA)).snapshot, await client.snapshot(ADA)
    assert list(shown.recent.types) == list(decided_by.recent.types)
    assert shown.cart == decided_by.cart
    assert shown.owned == decided_by.owned
    assert shown.traits.monetary_micros == decided_by.traits.monetary_micros == 160_000_000


async def test_attributes_locale_and_time_zone_of_a_customer_are_in_the_snapshot(client):
    await import_customers(
        client,
        customer(
            ADA,
            locale="en-GB",
            time_zone="Europe/London",
            attributes={"city": "Bath", "birth_date": "1990-01-31", "name": "Ada"},
        ),
    )
    snapshot = await client.snapshot(ADA)
    assert (snapshot.locale, snapshot.time_zone) == ("en-GB", "Europe/London")
    assert dict(snapshot.attributes) == {"city": "Bath", "birth_date": "1990-01-31"}
    assert snapshot.age == 36


async def test_bad_customers_are_named_and_the_good_ones_stored(client):
    response = await import_customers(
        client, customer(EMAIL), customer(ADA), customer(BOB, ("email", "nonsense"))
    )
    assert response.created == 1
    assert [(each.index, each.code) for each in response.rejected] == [
        (0, "PERSON_NOT_FOUND"),
        (2, "INVALID"),
    ]


async def test_a_shared_phone_answers_with_choices_and_leads_where_confirmed(client):
    phone = ("phone", "+15550100200")
    await import_customers(
        client,
        customer(ADA, phone, attributes={"name": "Ada Byron"}),
        customer(BOB, phone, attributes={"name": "Bob Cole"}),
    )
    answer = await client.answer(phone)
    assert answer.ambiguous
    assert not answer.person_ids
    assert {choice.description[:5] for choice in answer.choices} == {"A… B…", "B… C…"}
    bob = (await client.answer(BOB)).person_ids
    confirmed = await client.answer(phone, confirmed_person_id=bob[0])
    assert confirmed.person_ids == bob
    event = await client.record(client.event([phone], "call_started"))
    assert [each.code for each in event.rejected] == ["AMBIGUOUS_PERSON"]


async def test_a_watcher_is_told_of_each_change_the_first_at_once(client):
    await client.record(client.event([ADA], "view"))
    stream = watch(client, ADA)
    first = await stream.read()
    assert (first.seq, first.cause) == (1, "")
    await client.record(client.event([ADA], "add_to_cart", item_id="shoe"))
    second = await stream.read()
    assert (second.seq, second.cause) == (2, "add_to_cart")
    stream.cancel()


async def test_a_watcher_is_told_of_a_merge(client):
    await client.record(client.event([ADA], "view"), client.event([COOKIE], "view"))
    stream = watch(client, COOKIE)
    await stream.read()
    await client.record(client.event([ADA, COOKIE], "login"))
    told = await stream.read()
    assert len(told.person_ids) == 2
    assert told.cause == "login"
    await client.record(client.event([ADA], "search"))
    assert (await stream.read()).cause == "search"
    stream.cancel()


async def test_a_watcher_of_somebody_unknown_is_told_when_they_appear(client):
    stream = watch(client, ADA)
    assert not (await stream.read()).person_ids
    await client.record(client.event([ADA], "view"))
    assert (await stream.read()).seq == 1
    stream.cancel()


async def test_persons_are_linked_and_parted_on_an_agents_word(client):
    await client.record(client.event([ADA], "view"), client.event([COOKIE], "view"))
    [ada] = (await client.answer(ADA)).person_ids
    [cookie] = (await client.answer(COOKIE)).person_ids
    request = pb.LinkPersonsRequest(person_id=ada, other_person_id=cookie, idempotency_key="k")
    made = await client.stub.LinkPersons(request, timeout=5)
    assert sorted(made.person_ids) == sorted([ada, cookie])
    assert (await client.stub.LinkPersons(request, timeout=5)).link_id == made.link_id
    parted = await client.stub.UnlinkPersons(
        pb.UnlinkPersonsRequest(link_id=made.link_id), timeout=5
    )
    assert list(parted.person_ids) == [ada]
    assert (await client.answer(COOKIE)).person_ids == [cookie]


async def test_a_wrong_card_is_taken_from_its_person_and_told_anew(client):
    card = ("loyalty_card", "47110815")
    await import_customers(client, customer(ADA, card))
    [ada] = (await client.answer(card)).person_ids
    identity = Identity(kind=card[0], value=card[1])
    request = pb.DetachIdentityRequest(identity=identity, identity_key=keys_of([identity])[0])
    parted = await client.stub.DetachIdentity(request, timeout=5)
    assert list(parted.former_person_ids) == [ada]
    assert (await client.answer(card)).person_ids == [parted.person_id]
    [shown] = (await client.profile(card)).identities
    assert shown.masked_value == "47…15"
    stream = client.stub.StreamIdentities(pb.StreamIdentitiesRequest(), timeout=5)
    told = {
        (key.kind, each.person_id): each.version
        async for batch in stream
        for key, each in zip(batch.identity_keys, batch.sets, strict=True)
    }
    assert told["loyalty_card", parted.person_id] > 1
    assert ("loyalty_card", ada) not in told


async def test_an_identity_proves_no_more_than_the_definitions_allow(
    database, in_memory_bus, clock, settings
):
    found = compile_bundle(Bundle(parameters={"assurance.phone": "ANONYMOUS"}))
    built = build(settings, database, in_memory_bus, catalogue(), clock, lambda _: found)
    phone = ("phone", "+12025550100")
    async with grpc_service(built.binding) as channel:
        client = Client(ProfileServiceStub(channel), clock, database)
        await import_customers(client, customer(ADA, phone))
        assert (await client.snapshot(phone)).assurance == Assurance.ANONYMOUS
        assert (await client.snapshot(ADA)).assurance == Assurance.VERIFIED
        guessed, known = await client.profile(phone), await client.profile(ADA)
        assert guessed.snapshot == PersonSnapshot(assurance=Assurance.ANONYMOUS)
        assert [field.name for field, _ in guessed.ListFields()] == ["snapshot"]
        assert len(known.identities) == 2
        await import_customers(client, customer(BOB, phone))
        [bob] = (await client.answer(BOB)).person_ids
        confirmed = await client.snapshot(phone, confirmed_person_id=bob)
        assert confirmed.assurance == Assurance.CLAIMED


async def test_of_whom_a_number_only_leads_to_is_told_what_protects_them_and_nothing_else(
    database, in_memory_bus, clock, settings
):
    found = compile_bundle(Bundle(parameters={"assurance.phone": "ANONYMOUS"}))
    built = build(settings, database, in_memory_bus, catalogue(), clock, lambda _: found)
    phone = ("phone", "+12025550100")
    async with grpc_service(built.binding) as channel:
        client = Client(ProfileServiceStub(channel), clock, database)
        await import_customers(client, customer(ADA, phone))
        for kind in ("view", "add_to_cart", "decline", "complaint"):
            await client.record(client.event([ADA], kind, item_id="laptop"))
        refuse = {"purpose": "marketing", "granted": False}
        await client.record(client.event([ADA], "consent", attributes=refuse))
        known, guessed = await client.snapshot(ADA), await client.snapshot(phone)
        assert known.cart.offer_nos
        assert known.standing_token
        assert guessed.is_guessed
        assert not guessed.standing_token
        assert (await client.answer(phone)).standing_token == 0
        told = {field.name for field, _ in guessed.ListFields()}
        who = {"person_ids", "seq", "arm", "assurance", "as_of_us", "is_guessed"}
        protecting = {"declined", "disliked", "refusals", "complaint_open", "complaint_us"}
        assert told - who == protecting
        assert guessed.declined == known.declined
        assert guessed.refusals == known.refusals
        assert not guessed.disliked.soft_family_nos


async def test_an_id_that_is_none_of_ours_is_refused(client):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await client.stub.LinkPersons(
            pb.LinkPersonsRequest(person_id="ada", other_person_id="bob"), timeout=5
        )
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_erasing_leaves_nothing_and_the_identity_is_somebody_new(client):
    await client.record(
        client.event([ADA, COOKIE], "login"), client.event([ADA], "search", query="secret")
    )
    await import_customers(client, customer(ADA, owners={"sales_person": "ann"}))
    before = (await client.answer(ADA)).person_ids
    erased = await client.stub.ErasePerson(
        pb.ErasePersonRequest(identity_keys=keys_of([Identity(kind="customer", value="ada")])),
        timeout=5,
    )
    assert sorted(erased.person_ids) == sorted(before)
    assert erased.rows >= 2
    tables = ("persons", "profiles", "identities", "events", "links", "erasures", "relationships")
    for table in tables:
        assert await client.database.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert not (await client.answer(COOKIE)).person_ids
    await client.record(client.event([ADA], "view"))
    after = (await client.answer(ADA)).person_ids
    assert set(after).isdisjoint(before)


async def erase(client, kind, value):
    keys = keys_of([Identity(kind=kind, value=value)])
    return await client.stub.ErasePerson(pb.ErasePersonRequest(identity_keys=keys), timeout=5)


async def test_what_happened_before_an_erasure_is_not_taken_in_again(client):
    await client.record(client.event([ADA, EMAIL], "login", ago_s=60))
    sent_before = client.event([ADA], "view", ago_s=50, event_id="sent before")
    await client.record(sent_before)
    await erase(client, "customer", "ada")
    late = [client.event([who], "view", ago_s=30) for who in (ADA, EMAIL)]
    both = client.event([COOKIE, EMAIL], "login", ago_s=30)
    told = await client.record(*late, both, client.event([COOKIE], "view", ago_s=30))
    assert [(each.index, each.code) for each in told.rejected] == [(n, "ERASED") for n in range(3)]
    assert (await client.record(sent_before)).duplicates == 1
    past = [client.event([ADA], "purchase", ago_s=3600)]
    request = pb.ImportEventsRequest(import_id="i", events=past)
    imported = await client.stub.ImportEvents(request, timeout=5)
    assert [each.code for each in imported.rejected] == ["ERASED"]
    assert not (await client.answer(ADA)).person_ids


async def test_who_comes_back_is_somebody_new_whose_past_stays_erased(client):
    await client.record(client.event([ADA], "view", ago_s=60))
    [before] = (await client.answer(ADA)).person_ids
    await erase(client, "customer", "ada")
    await client.clock.move(timedelta(seconds=10))
    await client.record(client.event([ADA], "view"))
    [after] = (await client.answer(ADA)).person_ids
    assert after != before
    told = await client.record(client.event([ADA], "purchase", item_id="shoe", ago_s=30))
    assert [each.code for each in told.rejected] == ["ERASED"]
    await import_customers(client, customer(ADA, attributes={"city": "Bath"}))
    assert (await client.snapshot(ADA)).attributes["city"] == "Bath"


async def test_no_file_of_customers_brings_the_erased_back(client):
    row = customer(ADA, EMAIL, attributes={"name": "Ada Byron"})
    await import_customers(client, row)
    await erase(client, "email", "ada@shop.example")
    told = await import_customers(client, row, customer(("customer", "bob")))
    assert [(each.index, each.code) for each in told.rejected] == [(0, "ERASED")]
    assert told.created == 1
    assert not (await client.answer(ADA)).person_ids


async def test_a_file_that_gives_the_erased_a_first_customer_id_brings_them_not_back(client):
    await client.record(client.event([EMAIL], "view", ago_s=60))
    await erase(client, "email", "ada@shop.example")
    told = await import_customers(client, customer(ADA, EMAIL))
    assert [each.code for each in told.rejected] == ["ERASED"]
    await client.clock.move(timedelta(seconds=10))
    await client.record(client.event([EMAIL], "view"))
    assert (await import_customers(client, customer(ADA, EMAIL))).created == 1


async def test_another_home_cannot_restore_the_erased(client):
    await client.record(client.event([ADA], "view"))
    stream = client.stub.ExportProfiles(pb.ExportProfilesRequest(personal=True), timeout=5)
    persons = [person async for page in stream for person in page.persons]
    await erase(client, "customer", "ada")
    request = pb.RestorePersonsRequest(import_id="i", persons=persons)
    told = await client.stub.RestorePersons(request, timeout=5)
    assert [each.code for each in told.rejected] == ["ERASED"]
    assert not (await client.answer(ADA)).person_ids


async def test_nobody_is_merged_with_the_erased(client):
    await client.record(client.event([ADA], "view"), client.event([COOKIE], "view"))
    [ada] = (await client.answer(ADA)).person_ids
    [cookie] = (await client.answer(COOKIE)).person_ids
    await erase(client, "customer", "ada")
    for one, other in ((ada, cookie), (cookie, ada)):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await client.stub.LinkPersons(
                pb.LinkPersonsRequest(person_id=one, other_person_id=other), timeout=5
            )
        assert failed.value.code() is grpc.StatusCode.NOT_FOUND


async def test_erasing_nobody_is_no_error(client):
    keys = keys_of([Identity(kind="customer", value="nobody")])
    erased = await client.stub.ErasePerson(pb.ErasePersonRequest(identity_keys=keys), timeout=5)
    assert not erased.person_ids


async def test_events_and_an_erasure_at_once_leave_no_orphans(client):
    await client.record(client.event([ADA], "view"))
    keys = keys_of([Identity(kind="customer", value="ada")])
    await asyncio.gather(
        *(client.record(client.event([ADA], "view")) for _ in range(5)),
        client.stub.ErasePerson(pb.ErasePersonRequest(identity_keys=keys), timeout=5),
    )
    orphans = await client.database.fetchval(
        "SELECT count(*) FROM events WHERE person_id NOT IN (SELECT person_id FROM persons)"
    )
    assert orphans == 0
