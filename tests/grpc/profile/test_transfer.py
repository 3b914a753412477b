"""What leaves one home arrives in another: the same people, with the same views."""

import grpc.aio
import pytest
import pytest_asyncio

from services.profile.app import build
from services.profile.config import ProfileSettings
from services.profile.definitions import NO_DEFINITIONS
from services.profile.storage import MIGRATIONS
from shared.testing.grpc import grpc_service
from tests.grpc.profile.edge import Client, catalogue
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.profile.v1.transfer_pb2 import EventRecords

ADA, CARD, COOKIE = ("customer", "ada"), ("loyalty_card", "77"), ("visitor", "cookie")
BOB, PHONE = ("customer", "bob"), ("phone", "+15550100")
OWN_TO_A_HOME = ("seq", "standing_token", "as_of_us")


@pytest_asyncio.fixture(loop_scope="session")
async def other(fresh_database, in_memory_bus, clock, tmp_path):
    """An empty home beside the client's, on keys of its own."""
    database = await fresh_database("profile", MIGRATIONS)
    home = tmp_path / "other"
    settings = ProfileSettings(
        postgres_url="postgresql://unused", deployment_key=b"o" * 32, home=home
    )
    built = build(settings, database, in_memory_bus, catalogue(), clock, lambda _: NO_DEFINITIONS)
    async with grpc_service(built.binding) as channel:
        yield Client(ProfileServiceStub(channel), clock, database, key=b"o" * 32)


async def a_past(client):
    """Somebody with a name, a card, a device and a past; somebody else with the same phone."""
    for customer, name in (("ada", "Ada Byron"), ("bob", "Bob Cole")):
        record = pb.CustomerRecord(attributes={"name": name, "city": "Bath"}, locale="en-GB")
        record.owners["sales"] = f"s-{customer}"
        for kind, value in (("customer", customer), PHONE):
            record.identities.add(kind=kind, value=value)
        request = pb.ImportCustomersRequest(import_id="c", customers=[record])
        await client.stub.ImportCustomers(request, timeout=5)
    await client.record(
        client.event([COOKIE], "view", item_id="shoe", ago_s=9e6, page="/returns", query="shoe 42"),
        client.event([ADA, CARD], "login", ago_s=8e6),
        client.event([ADA, COOKIE], "login", ago_s=7e6),
        client.event([ADA], "purchase", item_id="shoe-blue", order_id="o1", ago_s=6e6),
        client.event([ADA], "purchase", item_id="laptop", order_id="o2", ago_s=5e6, quantity=2),
        client.event([ADA], "return", item_id="laptop", order_id="o2", ago_s=4e6),
        client.event([CARD], "decline", offer_id="coupon", ago_s=3e6),
        client.event(
            [ADA], "preference", ago_s=3e6, attributes={"sentiment": "dislike", "brand": "Abacus"}
        ),
        client.event([ADA], "consent", ago_s=2e6, attributes={"purpose": "sharing"}),
        client.event([ADA], "add_to_cart", item_id="shoe", ago_s=60, session_id="s"),
        client.event([BOB], "complaint", ago_s=30, attributes={"text": "late again, " * 2_000}),
        client.event([BOB], "refer", ago_s=20, attributes={"referred": "customer:ada"}),
    )


async def exported(client, **more):
    request = pb.ExportProfilesRequest(**{"personal": True} | more)
    pages = [page async for page in client.stub.ExportProfiles(request, timeout=10)]
    events = pb.ExportEventsRequest(personal=more.get("personal", True))
    slices = [part.events async for part in client.stub.ExportEvents(events, timeout=10)]
    return pages, slices


async def restored(client, pages, slices):
    answers = [
        await client.stub.RestorePersons(
            pb.RestorePersonsRequest(import_id="move", persons=page.persons, links=page.links),
            timeout=10,
        )
        for page in pages
    ]
    for events in slices:
        request = pb.RestoreEventsRequest(import_id="move", events=events, catalogue_version=1)
        answers.append(await client.stub.RestoreEvents(request, timeout=10))
    await client.stub.FinishImport(pb.FinishImportRequest(import_id="move"), timeout=10)
    for page in pages:
        referring = [each for each in page.persons if each.referrals]
        again = pb.RestorePersonsRequest(import_id="move", persons=referring)
        await client.stub.RestorePersons(again, timeout=10)
    return answers


def same_everywhere(profile):
    for field in OWN_TO_A_HOME:
        profile.snapshot.ClearField(field)
    return profile


async def refusal(rpc, request):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await rpc(request, timeout=5)
    return failed.value.details()


async def test_another_home_has_the_same_views(client, other):
    await a_past(client)
    await restored(other, *await exported(client))
    for who in (ADA, CARD, COOKIE, BOB, PHONE):
        here, there = await client.profile(who), await other.profile(who)
        assert same_everywhere(there) == same_everywhere(here)
    ada = await other.profile(ADA)
    assert (ada.name, len(ada.snapshot.person_ids), len(ada.links)) == ("Ada Byron", 3, 2)
    assert ada.snapshot.traits.contribution_micros
    assert (await other.profile(PHONE)).ambiguous


async def test_who_referred_whom_is_known_in_another_home(client, other):
    await a_past(client)
    nobody_yet = {"referred": "email:no@body.example"}
    await client.record(client.event([BOB], "refer", attributes=nobody_yet))
    await restored(other, *await exported(client))
    here, there = await client.profile(ADA), await other.profile(ADA)
    assert here.HasField("referred_by")
    assert there.referred_by == here.referred_by
    # Of somebody who is nobody yet there is only a pseudonym, which stays where it was made.
    here, there = await client.profile(BOB), await other.profile(BOB)
    assert list(there.referrals) == [each for each in here.referrals if each.person_id]
    assert len(here.referrals) == 2


async def test_what_is_restored_may_be_exported_again_unchanged(client, other):
    await a_past(client)
    pages, slices = await exported(client)
    await restored(other, pages, slices)
    again_pages, again_slices = await exported(other)
    assert [page.persons for page in again_pages] == [page.persons for page in pages]
    for records, again in zip(slices, again_slices, strict=True):
        for field in ("received_us", "origins"):
            records.ClearField(field)
            again.ClearField(field)
        assert again == records


async def test_a_restore_may_be_repeated(client, other):
    await a_past(client)
    moved = await exported(client)
    await restored(other, *moved)
    persons, events = await restored(other, *moved)
    assert (persons.created, persons.linked, events.accepted, events.duplicates) == (0, 0, 0, 12)
    here, there = await client.profile(ADA), await other.profile(ADA)
    assert same_everywhere(there) == same_everywhere(here)


async def test_without_personal_values_nobody_is_named(client):
    await a_past(client)
    pages, slices = await exported(client, personal=False)
    assert not any(each.name or each.identities for page in pages for each in page.persons)
    assert not any(private for records in slices for private in records.privates)
    pages, slices = await exported(client)
    assert any("late again" in private for records in slices for private in records.privates)


async def test_every_set_is_exported_once_with_its_oldest_person(client):
    await a_past(client)
    pages, _ = await exported(client, arm_plan=ArmPlan(salt="s"))
    sets = [list(each.person_ids) for page in pages for each in page.profiles]
    assert sorted(len(each) for each in sets) == [1, 3]
    assert all(each.arm for page in pages for each in page.profiles)


async def test_a_stranger_s_identity_is_not_taken_over(client, other):
    await a_past(client)
    await other.record(other.event([CARD], "view", event_id="own"))
    pages, slices = await exported(client)
    persons, events = await restored(other, pages, slices)
    [refused] = persons.rejected
    assert (refused.code, "loyalty_card leads to somebody else" in refused.message) == (
        "IDENTITY_TAKEN",
        True,
    )
    assert {each.code for each in events.rejected} == {"PERSON_NOT_FOUND"}


BAD = (
    ("person_ids", "nobody", "is no id of ours"),
    ("types", "No Type", "lower_snake_case"),
    ("times_us", -1, "between 1970 and now"),
    ("quantities", float("nan"), "from 0 to"),
    ("details", "[1]", "JSON object"),
    ("channels", 77, "unknown value"),
    ("session_ids", "s" * 200, "at most 128"),
    ("event_ids", "", "must not be empty"),
    ("privates", "no object", "JSON object"),
    ("variants", "[" * 9_000, "JSON object"),
    ("owners", "key:no", "owners: "),
)


async def test_bad_events_are_told_by_their_fields_and_the_others_are_restored(client, other):
    await a_past(client)
    pages, [records] = await exported(client)
    for place, (field, value, _) in enumerate(BAD):
        getattr(records, field)[place] = value
    _, answer = await restored(other, pages, [records])
    assert [(each.index, each.code) for each in answer.rejected] == [
        (place, "INVALID") for place in range(len(BAD))
    ]
    for refused, (field, _, said) in zip(answer.rejected, BAD, strict=True):
        assert said in refused.message, field
    assert answer.accepted == len(records.types) - len(BAD)


async def test_a_person_and_a_link_that_come_twice_are_restored_once(client, other):
    await a_past(client)
    [page], _ = await exported(client)
    request = pb.RestorePersonsRequest(
        import_id="move", persons=[*page.persons] * 2, links=[*page.links] * 2
    )
    answer = await other.stub.RestorePersons(request, timeout=10)
    assert (answer.created, answer.updated, answer.linked) == (4, 4, 2)
    assert not [*answer.rejected, *answer.rejected_links]


FAR_US = 2**62


async def test_a_person_with_times_that_cannot_be_is_told_and_the_others_are_restored(
    client, other
):
    await a_past(client)
    [page], _ = await exported(client)
    whole = next(person for person in page.persons if person.attributes and person.relationships)
    wrong = [type(whole).FromString(whole.SerializeToString()) for _ in range(6)]
    wrong[0].created_us = -1
    wrong[1].attributes[0].said_us = FAR_US
    wrong[2].identities[0].first_seen_us = FAR_US
    wrong[3].relationships[0].until_us = 2**63 - 1
    wrong[4].relationships[0].set_us = FAR_US
    wrong[5].attributes[0].value = "x" * 2_000
    request = pb.RestorePersonsRequest(import_id="move", persons=[*wrong, whole])
    answer = await other.stub.RestorePersons(request, timeout=10)
    assert [(each.index, each.code) for each in answer.rejected] == [
        (place, "INVALID") for place in range(6)
    ]
    said = [each.message.split(":")[0] for each in answer.rejected]
    assert said[:3] == ["created_us", "said_us", "first_seen_us"]
    assert said[3:] == ["relationships", "set_us", f"attributes.{whole.attributes[0].name}"]
    assert answer.created == 1


async def test_whatever_amount_one_home_took_another_takes(client, other):
    await a_past(client)
    pages, [records] = await exported(client)
    records.value_micros[0] = 2**63 - 1
    _, answer = await restored(other, pages, [records])
    assert not answer.rejected


async def test_columns_of_unequal_length_are_refused_as_a_whole(other):
    events = EventRecords(event_ids=["e"], types=["view", "view"])
    request = pb.RestoreEventsRequest(import_id="move", events=events)
    assert "events.types" in await refusal(other.stub.RestoreEvents, request)


async def test_events_wait_for_the_catalogue_they_belong_to(client, other):
    await a_past(client)
    _, [records] = await exported(client)
    request = pb.RestoreEventsRequest(import_id="move", events=records, catalogue_version=9)
    assert "not arrived" in await refusal(other.stub.RestoreEvents, request)


async def test_a_home_knows_its_own_export(client):
    await a_past(client)
    before = await client.profile(ADA)
    persons, events = await restored(client, *await exported(client))
    assert (persons.updated, persons.linked, events.accepted, events.duplicates) == (4, 0, 0, 12)
    assert not persons.rejected
    assert not events.rejected
    assert same_everywhere(await client.profile(ADA)) == same_everywhere(before)


OTHER_COOKIE = ("visitor", "another cookie")


async def told_by_two_visitors(client):
    """One page, two visitors, and the same event_id, as only a browser's key can."""
    events = [client.event([who], "view", event_id="same") for who in (COOKIE, OTHER_COOKIE)]
    answer = await client.record(*events, caller="page", owned=True)
    assert (answer.accepted, answer.duplicates) == (2, 0)
    return events


async def test_a_home_knows_the_events_of_visitors_in_its_own_export(client):
    await told_by_two_visitors(client)
    _, events = await restored(client, *await exported(client))
    assert (events.accepted, events.duplicates) == (0, 2)


async def test_visitors_who_had_the_same_event_id_both_keep_their_event_in_another_home(
    client, other
):
    told = await told_by_two_visitors(client)
    pages, slices = await exported(client)
    _, events = await restored(other, pages, slices)
    assert (events.accepted, events.duplicates) == (2, 0)
    _, events = await restored(other, pages, slices)
    assert (events.accepted, events.duplicates) == (0, 2)
    # What their browsers repeat there is known as well, although pseudonyms are others there.
    assert not (await other.record(*told, caller="page", owned=True)).accepted
    [[records], [again]] = slices, (await exported(other))[1]
    assert list(records.owners) == list(again.owners) == [":".join(COOKIE), ":".join(OTHER_COOKIE)]


async def test_events_of_a_visitor_who_is_known_no_more_stay_apart(client, other):
    told = [(COOKIE, ADA), (OTHER_COOKIE, BOB)]
    logins = [client.event(who, "login", event_id="same") for who in told]
    await client.record(*logins, caller="page", owned=True)
    await client.database.execute("DELETE FROM identities WHERE kind = 'visitor'")
    pages, slices = await exported(client)
    assert len(set(slices[0].owners)) == 2
    assert all(owner.startswith("key:") for owner in slices[0].owners)
    _, events = await restored(client, pages, slices)
    assert (events.accepted, events.duplicates) == (0, 2)
    _, events = await restored(other, pages, slices)
    assert (events.accepted, events.duplicates) == (2, 0)


async def test_somebody_whose_identities_are_all_gone_moves_with_what_they_did(client, other):
    await client.record(client.event([COOKIE], "view"))
    await client.database.execute("DELETE FROM identities")
    pages, slices = await exported(client)
    persons, events = await restored(other, pages, slices)
    assert (persons.created, events.accepted) == (1, 1)
    assert [page.persons for page in (await exported(other))[0]] == [e.persons for e in pages]


async def test_whose_an_event_id_is_is_personal(client):
    await told_by_two_visitors(client)
    _, [records] = await exported(client, personal=False)
    assert list(records.owners) == ["", ""]


async def test_an_export_from_before_ids_had_owners_is_restored(client, other):
    await a_past(client)
    pages, [records] = await exported(client)
    records.ClearField("owners")
    _, events = await restored(other, pages, [records])
    assert events.accepted == len(records.event_ids)


async def test_an_export_that_leaves_the_house_is_noted_of_those_who_agreed(client):
    await a_past(client)
    await exported(client, personal=False)
    noted = await client.database.fetchval("SELECT count(*) FROM audit WHERE action = 'exported'")
    assert noted == 3
