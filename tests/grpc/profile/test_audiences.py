"""Segments in the snapshot, and counted over everybody before they are saved."""

import grpc
import pytest

from services.profile.audiences.look import Look
from services.profile.domain.reading import NO_TIERS
from services.profile.storage.everybody import Everybody
from services.profile.storage.keyring import Keyring
from shared.privacy import FolderWrappingKeys
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Score, ScorePoints, Segment

BUYERS = Segment(segment="buyers", when="customer.frequency >= params.orders")
GOLD = Segment(segment="gold", when='customer.attributes["tier"] == "gold"')
EVENTS = Score(score="events", points=[ScorePoints(on="view", points=1.0)])


def customer(number):
    return ("customer", f"c{number:02}")


@pytest.fixture
async def shop(client, followed):
    """Ten customers of whom number n bought n times, and a visitor who looked."""
    followed.become(segments=[BUYERS, GOLD], scores=[EVENTS], parameters={"orders": "8"})
    events = [
        client.event(
            [customer(number)],
            "purchase",
            item_id="shoe",
            order_id=f"o{number}-{order}",
            value=Money(amount=str(10 * number)),
        )
        for number in range(10)
        for order in range(number)
    ]
    events += [client.event([customer(0)], "view"), client.event([("visitor", "v")], "view")]
    response = await client.record(*events)
    assert not response.rejected
    return client


async def preview(client, **asked):
    stream = client.stub.PreviewSegment(pb.PreviewSegmentRequest(**asked), timeout=10)
    answers = [answer async for answer in stream]
    assert all(answer.HasField("progress") for answer in answers[:-1])
    return answers[-1].preview


async def comparison(client, **asked):
    stream = client.stub.CompareSegment(pb.CompareSegmentRequest(**asked), timeout=10)
    return [answer async for answer in stream][-1].comparison


async def refusal(client, **asked):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await preview(client, **asked)
    return failed.value


async def test_a_segment_is_in_the_snapshot_as_soon_as_its_event_is_recorded(shop):
    assert list((await shop.snapshot(customer(8))).segments) == ["buyers"]
    assert list((await shop.snapshot(customer(7))).segments) == []
    await shop.record(shop.event([customer(7)], "purchase", item_id="shoe", order_id="one more"))
    assert list((await shop.snapshot(customer(7))).segments) == ["buyers"]
    assert list((await shop.profile(customer(7))).snapshot.segments) == ["buyers"]


async def test_other_definitions_count_at_once_and_those_asked_for_by_name_meanwhile(
    shop, followed
):
    before = followed("").bundle_hash
    lookers = Score(score="events", points=[ScorePoints(on="view", points=7.0)])
    followed.become(segments=[BUYERS], scores=[lookers], parameters={"orders": "2"})
    now = await shop.snapshot(customer(0))
    assert now.traits.scores["events"] == 7.0
    assert (await shop.snapshot(customer(0), bundle_hash=before)).traits.scores["events"] == 1.0
    assert list((await shop.snapshot(customer(3))).segments) == ["buyers"]
    assert list((await shop.snapshot(customer(3), bundle_hash=before)).segments) == []
    gone = await shop.snapshot(customer(3), bundle_hash="long ago")
    assert list(gone.segments) == ["buyers"]


async def test_a_preview_counts_everybody_and_shows_those_who_spent_most(shop):
    found = await preview(shop, segment="buyers", sample=1)
    assert (found.people, found.looked_at, found.exact) == (11, 11, True)
    assert (found.members.people, found.members.at_least, found.members.at_most) == (2, 2, 2)
    assert found.members.share == 2 / 11
    assert not found.HasField("entering")
    [first] = found.sample
    assert list(first.customer_ids) == ["c09"]
    assert first.person_ids == (await shop.answer(customer(9))).person_ids
    assert first.monetary_micros == 9 * 90_000_000
    assert first.values["customer.frequency"] == "9"
    assert found.bundle_hash == "bundle-1"


async def test_a_preview_of_a_change_says_who_would_enter_and_who_leave(shop):
    when = "customer.frequency >= 6 && customer.frequency <= 8"
    found = await preview(shop, segment="buyers", when=when)
    assert [found.members.people, found.entering.people, found.leaving.people] == [3, 2, 1]
    assert not found.sample


async def test_merged_persons_are_one_and_counted_together(shop):
    one, other = await shop.answer(customer(4)), await shop.answer(customer(5))
    link = pb.LinkPersonsRequest(person_id=one.person_ids[0], other_person_id=other.person_ids[0])
    await shop.stub.LinkPersons(link, timeout=5)
    found = await preview(shop, segment="buyers", sample=9)
    assert (found.people, found.members.people) == (10, 3)
    together = next(member for member in found.sample if len(member.person_ids) == 2)
    assert set(together.customer_ids) == {"c04", "c05"}


async def test_those_for_whom_a_condition_fails_are_counted_apart(shop):
    found = await preview(shop, segment="gold")
    assert (found.members.people, found.failed.people) == (0, 11)


async def test_a_random_sample_is_not_only_those_who_spent_most(shop):
    best = {"c05", "c06", "c07", "c08", "c09"}
    drawn = []
    for _ in range(5):  # one draw of 252 is the best five; five such in a row are none
        found = await preview(shop, when="customer.frequency >= 0", sample=5, random_sample=True)
        assert len(found.sample) == 5
        drawn.append({each for member in found.sample for each in member.customer_ids})
    assert any(each != best for each in drawn)


LOOPING = "customer.categories.exists(c, c.startsWith('Shoes'))"


async def test_what_loops_is_tried_before_it_is_asked_of_everybody(shop, tried, followed):
    for ask in (preview, comparison):
        await ask(shop, when=LOOPING)
        assert tried.asked == [(LOOPING, followed("").bundle_hash)]
        tried.asked.clear()
    tried.refusal = "takes more than 50 ms, on the largest lists and texts"
    failed = await refusal(shop, when=LOOPING)
    assert failed.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "takes more than 50 ms" in failed.details()


async def test_plain_comparisons_and_what_is_defined_are_not_tried_again(shop, tried, followed):
    followed.become(segments=[Segment(segment="loops", when=LOOPING)])
    tried.refusal = "refused"
    await preview(shop, when="customer.frequency >= 0")
    await preview(shop, segment="loops")
    await preview(shop, segment="loops", when=LOOPING)
    assert tried.asked == []


async def test_what_is_wrong_with_a_condition_is_told_with_its_place(shop):
    failed = await refusal(shop, when="customer.frequency >= 6 &&\n customer.frequncy > 1")
    assert failed.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "line 2, column 10" in failed.details()
    assert "undefined field 'frequncy'" in failed.details()


async def test_a_segment_that_is_not_there_is_told_with_those_that_are(shop):
    failed = await refusal(shop, segment="byers")
    assert failed.code() is grpc.StatusCode.NOT_FOUND
    assert "known are buyers" in failed.details()
    assert (await refusal(shop)).code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_comparison_says_what_makes_the_members_different(shop):
    found = await comparison(shop, when="customer.frequency >= 5")
    assert (found.members, found.others, found.exact) == (5, 6, True)
    lifts = {lift.trait: lift for lift in found.lifts}
    orders = lifts["orders in 12 months"]
    assert (orders.inside, orders.outside) == (7.0, 10 / 6)
    assert orders.at_least < orders.lift < orders.at_most
    assert lifts["likes Shoes"].inside == 1.0


async def test_of_very_many_people_a_random_share_is_looked_at(shop, database, clock, tmp_path):
    class Tiers:
        tiers = NO_TIERS

    keyring = Keyring(FolderWrappingKeys(tmp_path / "keys"))
    look = Look(Everybody(database, keyring), Tiers(), clock, exact_up_to=10, sampled=6)
    seen = []
    looks = look.at_people(None, frozenset(), lambda person, _: seen.append(person.person_ids))
    *_, last = [looked async for looked in looks]
    assert last.people == 11
    assert last.looked_at == len(seen) < 11
    assert not last.is_exact


async def people_of(client):
    stream = client.stub.StreamPeople(pb.StreamPeopleRequest(), timeout=10)
    return [response.people async for response in stream]


async def test_people_stream_as_words_that_many_have_but_for_those_who_refused(client):
    customers = []
    for number in range(12):
        gender = "Female" if number % 2 else "male"
        said = {"age": str(30 + number), "gender": gender, "note": f"likes {number}"}
        customers.append(pb.CustomerRecord(attributes=said))
        customers[-1].identities.add(kind="customer", value=f"c{number}")
    request = pb.ImportCustomersRequest(import_id="c", customers=customers)
    await client.stub.ImportCustomers(request, timeout=10)
    refused = {"purpose": "profiling", "granted": "false"}
    await client.record(client.event([("customer", "c3")], "consent", attributes=refused))
    [people] = await people_of(client)
    [gender] = people.attributes
    assert (gender.name, list(gender.words)) == ("gender", ["female", "male"])
    assert len(people.person_ids) == len(people.ages) == len(gender.places) == 11
    told = dict(zip(people.ages, gender.places, strict=True))
    assert told == {30 + number: 1 if number % 2 else 2 for number in range(12) if number != 3}


async def refusing(client, purpose):
    stream = client.stub.StreamRefusals(pb.StreamRefusalsRequest(purpose=purpose), timeout=5)
    return [each async for response in stream for each in response.person_ids]


async def test_who_refuses_a_purpose_is_told_with_all_persons_of_the_set(shop):
    [one], [other] = [(await shop.answer(customer(no))).person_ids for no in (4, 5)]
    said = {"purpose": "profiling", "granted": "false"}
    await shop.record(shop.event([customer(4)], "consent", ago_s=9, attributes=said))
    await shop.record(shop.event([customer(5)], "consent", attributes={"purpose": "sharing"}))
    assert await refusing(shop, "profiling") == [one]
    assert await refusing(shop, "sharing") == []
    link = pb.LinkPersonsRequest(person_id=one, other_person_id=other)
    await shop.stub.LinkPersons(link, timeout=5)
    assert sorted(await refusing(shop, "profiling")) == sorted([one, other])
    await shop.record(shop.event([customer(4)], "consent", attributes={"purpose": "profiling"}))
    assert await refusing(shop, "profiling") == []


async def named(client, *person_ids):
    request = pb.NameCustomersRequest(person_ids=person_ids)
    return (await client.stub.NameCustomers(request, timeout=5)).customers


async def noted(client, person_id):
    stream = client.stub.StreamAudit(pb.StreamAuditRequest(person_ids=[person_id]), timeout=5)
    return [(entry.rpc, entry.action) async for told in stream for entry in told.entries]


async def test_people_are_named_as_other_systems_know_them_and_that_is_noted(shop):
    [one], [other] = [(await shop.answer(customer(no))).person_ids for no in (4, 5)]
    [visitor] = (await shop.answer(("visitor", "v"))).person_ids
    stranger = "01890000-0000-7000-8000-000000000000"
    told = await named(shop, other, visitor, stranger, one)
    assert [(each.person_id, list(each.customer_ids)) for each in told] == [
        (other, ["c05"]),
        (visitor, []),
        (one, ["c04"]),
    ]
    for person_id in (one, other, visitor):
        assert ("NameCustomers", "exported") in await noted(shop, person_id)
    assert not await noted(shop, stranger)
    link = pb.LinkPersonsRequest(person_id=one, other_person_id=other)
    await shop.stub.LinkPersons(link, timeout=5)
    [merged] = await named(shop, one)
    assert sorted(merged.customer_ids) == ["c04", "c05"]


async def test_only_who_agreed_to_sharing_is_named_where_it_leaves_the_house(shop):
    [one], [other] = [(await shop.answer(customer(no))).person_ids for no in (4, 5)]
    await shop.record(shop.event([customer(5)], "consent", attributes={"purpose": "sharing"}))
    request = pb.NameCustomersRequest(person_ids=[one, other], only_sharing=True)
    told = (await shop.stub.NameCustomers(request, timeout=5)).customers
    assert [(each.person_id, list(each.customer_ids)) for each in told] == [(other, ["c05"])]
    assert not await noted(shop, one)


async def test_people_are_found_by_what_other_systems_call_them(shop):
    [one], [other] = [(await shop.answer(customer(no))).person_ids for no in (4, 5)]
    link = pb.LinkPersonsRequest(person_id=one, other_person_id=other)
    await shop.stub.LinkPersons(link, timeout=5)
    request = pb.FindCustomersRequest(customer_ids=["c05", "nobody", "c04"])
    found = await shop.stub.FindCustomers(request, timeout=5)
    assert list(found.person_ids) == [min(one, other), "", min(one, other)]
    wrong = pb.FindCustomersRequest(customer_ids=["c04", " "])
    with pytest.raises(grpc.aio.AioRpcError, match=r"customer_ids\[1\]") as refused:
        await shop.stub.FindCustomers(wrong, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def everybody(client, **asked):
    stream = client.stub.StreamSnapshots(pb.StreamSnapshotsRequest(**asked), timeout=10)
    answers = [answer async for answer in stream]
    return answers[0], [
        PersonSnapshot.FromString(each) for answer in answers for each in answer.snapshots
    ]


async def test_everybody_is_told_of_once_as_decisions_see_them(shop):
    await shop.record(shop.event([("visitor", "v"), customer(9)], "login"))
    first, people = await everybody(shop)
    assert (first.people, first.total, len(people)) == (10, 10, 10)
    by_oldest = {each.person_ids[0]: each for each in people}
    told = by_oldest[(await shop.snapshot(customer(9))).person_ids[0]]
    decided_by = await shop.snapshot(customer(9))
    assert list(told.person_ids) == list(decided_by.person_ids)
    assert len(told.person_ids) == 2
    assert told.traits == decided_by.traits
    assert list(told.segments) == ["buyers"]
    assert list(told.identity_kinds) == ["customer", "visitor"]


async def test_of_many_people_a_share_is_told_of_the_same_each_time(shop):
    first, people = await everybody(shop, at_most=4)
    assert (first.people, first.total) == (11, 4)
    assert len(people) < 11
    _, again = await everybody(shop, at_most=4)
    assert [each.person_ids for each in again] == [each.person_ids for each in people]
