"""Segments in the snapshot, and counted over everybody before they are saved."""

import grpc
import pytest

from services.profile.audiences.look import Look
from services.profile.domain.reading import NO_TIERS
from services.profile.storage.everybody import Everybody
from services.profile.storage.keyring import Keyring
from shared.privacy import FolderWrappingKeys
from touchpoint.common.v1.money_pb2 import Money
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
    found = await preview(shop, when="customer.frequency >= 0", sample=5, random_sample=True)
    assert len(found.sample) == 5
    best = {"c05", "c06", "c07", "c08", "c09"}
    assert {each for member in found.sample for each in member.customer_ids} != best


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
