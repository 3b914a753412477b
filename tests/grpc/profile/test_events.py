import grpc
import pytest

from tests.grpc.profile.edge import COUPON, SHOE, keys_of
from touchpoint.common.v1.bus_pb2 import EventNotices
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.profile.v1 import profile_service_pb2 as pb

ADA = ("customer", "ada")
BOB = ("customer", "bob")
COOKIE = ("visitor", "cookie")


def codes(response):
    return [(each.index, each.code) for each in response.rejected]


async def log_of(client, **wanted):
    stream = client.stub.StreamEvents(pb.StreamEventsRequest(**wanted), timeout=5)
    return [response.events async for response in stream]


async def test_bad_events_are_named_and_the_good_ones_stored(client):
    far_ahead = client.event([ADA], "view", ago_s=-3600)
    no_time = client.event([ADA], "view")
    no_time.ClearField("time")
    response = await client.record(
        client.event([ADA], "view"),
        far_ahead,
        no_time,
        client.event([ADA], "view", quantity=-1),
        client.event([ADA], "View!"),
        client.event([("shoe_size", "42")], "view"),
        client.event([ADA], "purchase", value=Money(amount="12,50")),
        client.event([ADA], "view", event_id=""),
        client.event([ADA], "view", channel=77),
        client.event([ADA], "view", quantity=float("nan")),
    )
    assert response.accepted == 1
    assert codes(response) == [(place, "INVALID") for place in range(1, 10)]
    starts = [each.message.split(":")[0] for each in response.rejected]
    assert starts == [
        "time",
        "time",
        "quantity",
        "type",
        "identities",
        "value.amount",
        "event_id",
        "channel",
        "quantity",
    ]
    assert (await client.snapshot(ADA)).seq == 1


async def test_what_was_refused_may_come_again_put_right(client):
    wrong = client.event([ADA], "view", quantity=-1, event_id="same")
    right = client.event([ADA], "view", quantity=1, event_id="same")
    assert not (await client.record(wrong)).accepted
    assert (await client.record(right)).accepted == 1


async def test_the_same_event_counts_once_per_caller(client):
    event = client.event([ADA], "view", event_id="one")
    assert (await client.record(event)).accepted == 1
    again = await client.record(event)
    assert (again.accepted, again.duplicates) == (0, 1)
    assert (await client.record(event, caller="ivr")).accepted == 1


async def test_the_same_event_counts_once_per_owner_whom_its_caller_speaks_for(client):
    events = [client.event([who], "view", event_id="one") for who in (ADA, BOB, BOB, ADA)]
    keys = [
        pb.EventKeys(identity_keys=keys_of(event.identities), owner_key=owner)
        for event, owner in zip(events, (b"a", b"b", b"b", b""), strict=True)
    ]
    request = pb.RecordEventsRequest(events=events, keys=keys, caller="page")
    response = await client.stub.RecordEvents(request, timeout=5)
    assert (response.accepted, response.duplicates) == (3, 1)


async def test_another_content_under_the_same_id_is_an_error(client):
    await client.record(client.event([ADA], "view", event_id="one"))
    other = await client.record(client.event([ADA], "view", event_id="one", item_id="shoe"))
    assert codes(other) == [(0, "CONTENT_DIFFERS")]


async def test_a_caller_that_may_not_link_is_told_so(client):
    login = client.event([ADA, COOKIE], "login")
    response = await client.record(client.event([ADA], "view"), login, may_link=False)
    assert codes(response) == [(1, "NOT_ALLOWED")]
    assert len((await client.answer(ADA)).person_ids) == 1


async def test_the_strongest_identity_counts_in_whatever_order_they_come(client):
    await client.record(client.event([COOKIE], "view"), client.event([ADA], "view"))
    await client.record(client.event([COOKIE, ADA], "search"))
    assert (await client.snapshot(ADA)).seq == 2
    assert (await client.snapshot(COOKIE)).seq == 1


async def test_too_many_events_at_once_are_refused_as_a_whole(client):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await client.record(*(client.event([ADA], "view") for _ in range(1001)))
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert not (await client.answer(ADA)).person_ids


async def test_a_batch_without_pseudonyms_is_refused(client):
    request = pb.RecordEventsRequest(events=[client.event([ADA], "view")], caller="web")
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await client.stub.RecordEvents(request, timeout=5)
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_snapshot_of_nobody_named_is_refused(client):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await client.stub.GetSnapshot(pb.GetSnapshotRequest(), timeout=5)
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_log_streams_what_was_recorded_in_order(client):
    await client.record(
        client.event([ADA], "purchase", item_id="shoe-blue", order_id="o1", quantity=2),
        client.event([BOB], "view", item_id="laptop", session_id="s"),
    )
    [columns] = await log_of(client)
    assert list(columns.types) == ["purchase", "view"]
    assert list(columns.family_nos) == [1, 3]
    assert list(columns.value_micros) == [160_000_000, 0]
    assert list(columns.order_ids) == ["o1", ""]
    assert list(columns.session_ids) == ["", "s"]
    assert list(columns.seqs) == [1, 1]


async def test_the_log_tells_what_a_reassuring_page_was_about(client):
    await client.record(client.event([ADA], "view"))
    [columns] = await log_of(client)
    assert not columns.topics
    await client.record(
        client.event([ADA], "page_view", page="/help/shipping-costs"),
        client.event([ADA], "page_view", page="/returns"),
    )
    [columns] = await log_of(client)
    assert list(columns.topics) == [0, 1, 2]


async def test_the_log_can_be_narrowed(client):
    await client.record(client.event([ADA], "view"), client.event([BOB], "search"))
    ada = (await client.answer(ADA)).person_ids
    [only_views] = await log_of(client, types=["view"])
    assert list(only_views.types) == ["view"]
    [only_ada] = await log_of(client, person_ids=ada)
    assert list(only_ada.person_ids) == list(ada)
    [history] = await log_of(client, origins=[2])
    assert not history.types


async def test_the_log_goes_on_from_a_position(client):
    await client.record(client.event([ADA], "view"))
    positions = [
        response.position
        async for response in client.stub.StreamEvents(pb.StreamEventsRequest(), timeout=5)
    ]
    await client.record(client.event([ADA], "search"))
    [columns] = await log_of(client, position=positions[-1])
    assert list(columns.types) == ["search"]


async def test_the_identities_stream_with_the_sets_they_lead_to(client):
    await client.record(client.event([ADA, COOKIE], "login"), client.event([BOB], "view"))
    request = pb.StreamIdentitiesRequest()
    found = {}
    async for response in client.stub.StreamIdentities(request, timeout=5):
        for key, persons in zip(response.identity_keys, response.sets, strict=True):
            found[key.key] = persons
    named = [Identity(kind=kind, value=value) for kind, value in (ADA, COOKIE, BOB)]
    ada, cookie, bob = (found[key.key] for key in keys_of(named))
    assert list(ada.person_ids) == list(cookie.person_ids)
    assert len(ada.person_ids) == 2
    assert ada.person_id != cookie.person_id
    assert list(bob.person_ids) == [bob.person_id]


async def test_no_personal_value_lies_in_the_database_in_clear(client):
    await client.record(
        client.event(
            [("email", "ada.byron@shop.example")],
            "search",
            query="canary-query",
            page="https://shop.example/?token=canary-page",
            attributes={"text": "canary-text", "size": "canary-size"},
        )
    )
    for table in ("events", "identities", "persons", "profiles", "event_ids", "outbox"):
        for row in await client.database.fetch(f"SELECT {table}::text AS row FROM {table}"):
            assert "canary" not in row["row"]
            assert "byron" not in row["row"]
            assert b"byron".hex() not in row["row"]
            assert b"canary".hex() not in row["row"]


@pytest.mark.parametrize("name", ["category", "brand", "sentiment"])
async def test_it_is_refused_in_an_attribute_that_counts(client, name):
    response = await client.record(
        client.event([ADA], "view", attributes={name: "a\0b"}), client.event([ADA], "view")
    )
    assert (response.accepted, codes(response)) == (1, [(0, "INVALID")])


@pytest.mark.parametrize("name", ["event_id", "item_id", "session_id", "placement", "page"])
async def test_a_character_that_cannot_be_stored_is_refused_and_spoils_nothing_else(client, name):
    response = await client.record(
        client.event([ADA], "view", **{name: "a\0b"}), client.event([ADA], "view")
    )
    assert (response.accepted, codes(response)) == (1, [(0, "INVALID")])


async def test_it_may_stand_in_what_is_kept_as_json_or_encrypted(client):
    response = await client.record(
        client.event([ADA], "search", query="a\0b"),
        client.event([ADA], "view", attributes={"colour": "a\0b"}),
    )
    assert response.accepted == 2


async def test_whom_a_gift_is_for_streams_beside_it_and_only_then(client):
    said = {
        "gift": True,
        "gift_for_age": 36,
        "gift_for_gender": "Female",
        "gift_occasion": "Easter",
    }
    await client.record(
        client.event([ADA], "purchase", item_id="shoe", order_id="1", attributes=said),
        client.event([ADA], "purchase", item_id="shoe", order_id="2"),
        client.event(
            [ADA], "purchase", item_id="shoe", order_id="3", attributes={"gift_occasion": "no gift"}
        ),
    )
    [columns] = await log_of(client)
    assert list(columns.gift_for_ages) == [36, 0, 0]
    assert list(columns.gift_for_genders) == ["female", "", ""]
    assert list(columns.gift_for_relationships) == ["", "", ""]
    assert list(columns.gift_occasions) == ["easter", "", ""]
    await client.record(client.event([ADA], "purchase", item_id="shoe", order_id="4"))
    position = 3
    [later] = await log_of(client, position=position)
    assert list(later.gift_for_ages) == list(later.gift_occasions) == []


async def test_the_offer_that_a_purchase_names_beside_its_item_is_told_and_streams(client):
    said = {"promotion": "forged"}
    await client.record(
        client.event([ADA], "purchase", item_id="shoe", offer_id="coupon", order_id="7"),
        client.event([ADA], "purchase", item_id="shoe", offer_id="shoe", attributes=said),
        client.event([ADA], "purchase", offer_id="coupon"),
        client.event([ADA], "accept", item_id="shoe", offer_id="coupon"),
    )
    told = [
        notice
        for row in await client.database.fetch("SELECT subject, data FROM outbox ORDER BY id")
        if row["subject"].startswith("events.")
        for notice in EventNotices.FromString(row["data"]).notices
    ]
    assert [each.promotion_id for each in told] == ["coupon", "", "", ""]
    assert [each.order_id for each in told] == ["7", "", "", ""]
    assert [each.offer_no for each in told] == [SHOE, SHOE, COUPON, COUPON]
    [columns] = await log_of(client)
    assert list(columns.promotion_ids) == ["coupon", "", "", ""]
    assert list((await client.snapshot(ADA)).owned.family_nos) == [SHOE]
    [later] = await log_of(client, position=1)
    assert list(later.promotion_ids) == []


async def test_the_placement_an_event_answers_streams_beside_it_and_only_then(client):
    await client.record(
        client.event([ADA], "accept", item_id="shoe", placement="store.till"),
        client.event([ADA], "view", item_id="shoe"),
    )
    [columns] = await log_of(client)
    assert list(columns.placements) == ["store.till", ""]
    await client.record(client.event([ADA], "view", item_id="shoe"))
    [later] = await log_of(client, position=2)
    assert not later.placements


async def test_what_cannot_be_meant_of_a_gift_is_refused(client):
    wrong = [{"gift_for_age": 0.5}, {"gift_for_age": "old"}, {"gift_for_relationship": "x" * 41}]
    response = await client.record(
        *(client.event([ADA], "purchase", item_id="shoe", attributes=said) for said in wrong)
    )
    assert codes(response) == [(place, "INVALID") for place in range(3)]


async def test_costs_ratings_and_objections_are_told_to_whom_asks_for_what_is_measured(client):
    await client.record(
        client.event([ADA], "purchase", item_id="shoe"),
        client.event([ADA], "survey_answer", attributes={"rating": 7.5}),
        client.event([ADA], "survey_answer", attributes={"question": "why", "answer": "9"}),
        client.event([ADA], "unsubscribe"),
        client.event([ADA], "consent", attributes={"purpose": "marketing", "granted": False}),
        client.event([ADA], "consent", attributes={"purpose": "marketing"}),
        client.event([ADA], "complaint"),
        client.event([ADA], "complaint", attributes={"status": "closed"}),
    )
    [columns] = await log_of(client, measured=True)
    assert len(columns.cost_micros) == 8
    assert columns.cost_micros[0] == 30_000_000
    assert list(columns.ratings) == [-1, 7.5, *[-1] * 6]
    assert list(columns.objections) == [False] * 3 + [True, True, False, True, False]
    [plain] = await log_of(client)
    assert (list(plain.cost_micros), list(plain.ratings), list(plain.objections)) == ([], [], [])


async def test_an_event_may_name_its_person_in_place_of_identities(client):
    await client.record(client.event([ADA], "view"))
    (person_id,) = (await client.answer(ADA)).person_ids
    said = client.event([], "decline", offer_id="laptop")
    keys = [pb.EventKeys(person_id=person_id)]
    request = pb.RecordEventsRequest(events=[said], keys=keys, caller="scenario")
    assert (await client.stub.RecordEvents(request, timeout=5)).accepted == 1
    assert (await client.stub.RecordEvents(request, timeout=5)).duplicates == 1
    assert list((await client.snapshot(ADA)).declined.offer_nos) == [3]


async def test_an_event_of_a_person_who_is_not_there_is_rejected(client):
    said = client.event([], "decline", offer_id="laptop")
    keys = [pb.EventKeys(person_id="0197f5a0-0000-7000-8000-000000000000")]
    request = pb.RecordEventsRequest(events=[said], keys=keys, caller="scenario")
    assert codes(await client.stub.RecordEvents(request, timeout=5)) == [(0, "INVALID")]


async def test_what_the_house_sets_and_notes_of_a_person_is_kept_and_is_no_doing_of_theirs(client):
    await client.record(client.event([ADA], "view"))
    before = await client.snapshot(ADA)
    (person_id,) = before.person_ids
    told = [
        client.event([], "attribute_set", attributes={"attribute": "tier", "value": "gold"}),
        client.event([], "crm_note", attributes={"text": "canary-note"}),
        client.event([], "attribute_set", attributes={"value": "gold"}),
    ]
    keys = [pb.EventKeys(person_id=person_id)] * len(told)
    request = pb.RecordEventsRequest(events=told, keys=keys, caller="scenario")
    assert codes(await client.stub.RecordEvents(request, timeout=5)) == [(2, "INVALID")]
    after = await client.snapshot(ADA)
    assert after.attributes["tier"] == "gold"
    assert after.session.last_us == before.session.last_us
    assert list(after.traits.channels) == list(before.traits.channels)
    for row in await client.database.fetch("SELECT events::text AS row FROM events"):
        assert "canary" not in row["row"]
