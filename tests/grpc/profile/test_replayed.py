"""People replayed from the stream of their past are who profile says they are."""

from services.profile.definitions import compile_bundle
from services.profile.replaying_people import ReplayedPeople, event_at, tiers_of
from shared.conditions.customer import FIELDS
from shared.conditions.person import PersonValues
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Bundle, Segment

ADA, BOB = ("customer", "ada"), ("customer", "bob")
COOKIE = ("visitor", "cookie")
OF_A_REQUEST = ("seq", "standing_token", "assurance", "identity_kinds", "arm")


class Past:
    """The stream of history, by number."""

    def __init__(self, responses):
        self.rows = [
            (each.events, place) for each in responses for place in range(len(each.events.types))
        ]

    def at(self, number):
        return event_at(*self.rows[number])

    def person(self, number):
        columns, place = self.rows[number]
        return columns.person_ids[place]


class Sets:
    def __init__(self, *sets):
        self._by_id = {person_id: told for told in sets for person_id in told}

    def of(self, person_id):
        return self._by_id.get(person_id, (person_id,))


def events(client):
    coupon = {"offer_id": "coupon", "channel": Channel.EMAIL}
    value = Money(amount="40", currency="USD")
    return [
        client.event([ADA], "search", query="shoe", ago_s=90_000),
        client.event([ADA], "view", item_id="shoe-blue", ago_s=80_000),
        client.event([ADA], "purchase", item_id="shoe-blue", order_id="o1", ago_s=70_000),
        client.event([ADA], "purchase", item_id="shoe", order_id="o2", value=value, ago_s=60_000),
        client.event([ADA], "consent", attributes={"purpose": "marketing", "granted": "true"}),
        client.event(
            [ADA], "preference", attributes={"attribute": "time_zone", "value": "Europe/Vienna"}
        ),
        client.event([ADA], "decline", item_id="laptop", ago_s=50_000),
        client.event([ADA], "contact_sent", **coupon, ago_s=40_000),
        client.event([ADA], "email_open", **coupon, ago_s=30_000),
        client.event([ADA], "complaint", ago_s=20_000),
        client.event([BOB], "view", item_id="shoe", ago_s=900),
        client.event([COOKIE], "add_to_cart", item_id="laptop", ago_s=700),
        client.event([COOKIE], "checkout_started", ago_s=600),
        client.event([COOKIE], "page_view", page="/help/refunds", ago_s=500),
        client.event([BOB, COOKIE], "login", ago_s=400),
    ]


async def history(client):
    stream = client.stub.StreamHistory(pb.StreamHistoryRequest(), timeout=5)
    return [response async for response in stream]


def plain(snapshot):
    made = PersonSnapshot()
    made.CopyFrom(snapshot)
    for name in OF_A_REQUEST:
        made.ClearField(name)
    return made


async def test_whoever_is_replayed_is_who_profile_says_they_are(client, followed):
    segments = [
        Segment(segment="buyers", when="customer.frequency > 0"),
        Segment(segment="doubtful", when="session.checkout_minutes > 1.0"),
    ]
    followed.become(segments=segments)
    assert (await client.record(*events(client))).accepted == 15
    said = [await client.snapshot(who) for who in (ADA, BOB)]
    responses = await history(client)
    past, sets = Past(responses), Sets(*(tuple(each.person_ids) for each in said))
    people = ReplayedPeople(
        sets, compile_bundle(Bundle(segments=segments)), tiers_of(responses[0].tiers)
    )
    for number in range(len(past.rows)):
        people.add(sets.of(past.person(number))[0], past.at(number))
    for snapshot in said:
        replayed = people.snapshot(snapshot.person_ids[0], snapshot.as_of_us)
        assert plain(replayed) == plain(snapshot)
    assert [list(each.segments) for each in said] == [["buyers"], ["doubtful"]]
    assert not people.failures


async def test_parts_that_are_made_when_they_are_read_say_the_same(client, followed):
    segments = [Segment(segment="buyers", when="customer.frequency > 0")]
    followed.become(segments=segments)
    await client.record(*events(client))
    past, definitions = Past(await history(client)), compile_bundle(Bundle(segments=segments))
    whole, growing = (
        ReplayedPeople(Sets(), definitions, parts=parts) for parts in (None, frozenset({"cart"}))
    )
    for number in range(len(past.rows)):
        for people in (whole, growing):
            people.add(past.person(number), past.at(number))
    person_id, now_us = past.person(0), client.clock.now_us()
    expected = PersonValues(whole.snapshot(person_id, now_us))
    read = growing.values(growing.snapshot(person_id, now_us))
    names = [name for name, field in FIELDS.items() if field.part]
    assert {name: read[name] for name in names} == {name: expected[name] for name in names}
    assert read["customer.frequency"] == 2


async def test_history_is_sent_from_a_position_up_to_its_end_and_at_least_once(client):
    (empty,) = await history(client)
    assert empty.HasField("tiers")
    assert not empty.events.types
    await client.record(client.event([ADA], "view"), client.event([ADA], "search"))
    (whole,) = await history(client)
    assert list(whole.events.types) == ["view", "search"]
    assert whole.position == whole.end
    stream = client.stub.StreamHistory(pb.StreamHistoryRequest(position=whole.end), timeout=5)
    (rest,) = [response async for response in stream]
    assert not rest.events.types
