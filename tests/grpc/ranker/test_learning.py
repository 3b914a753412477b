"""What is answered changes what is ranked, for those alike; and it can be looked at."""

import itertools
import uuid

import grpc
import pytest

from services.ranker.domain.answers import Answer, Decision, Shown
from services.ranker.domain.encoding import decode
from tests.unit.ranker.shop import BANNER, BIKE_NOS, BIKES, BOOK_NOS, BOOKS, PRIOR, PROMPT
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Arm, Assurance, Channel, Source
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_pb2 import StandingOrder

NUMBERS = itertools.count(1)
EVERYTHING = [*BIKE_NOS, *BOOK_NOS]


def liker(category):
    """Make the snapshot of somebody nobody has met before."""
    return PersonSnapshot(
        person_ids=[str(uuid.UUID(int=next(NUMBERS)))],
        assurance=Assurance.VERIFIED,
        traits=Traits(
            value_tier="medium",
            recency_days=3,
            categories=[category],
            category_affinities=[0.7],
        ),
    ).SerializeToString()


def request(snapshot=b"", nos=EVERYTHING, seed=1, limit=1, arm=Arm.PERSONALISED, **more):
    asked = pb.RankRequest(
        snapshot=snapshot,
        candidates=Candidates(
            offer_nos=nos, sources=[Source.POPULAR] * len(nos), scores=[1.0] * len(nos)
        ),
        placement_bits=[1] * len(nos),
        **more,
    )
    context = asked.context
    context.bundle_hash, context.explain, context.seed, context.arm = "b", True, seed, arm
    context.channel = Channel.WEB
    context.placements.append(PlacementAsk(placement=BANNER, limit=limit))
    return asked


async def teach(shop, category, rounds, acceptances):
    """Show a bike to people of a taste, each new, by an agent; some of the first buy it."""
    for turn in range(rounds):
        snapshot = liker(category)
        person_id = PersonSnapshot.FromString(snapshot).person_ids[0]
        bike = BIKE_NOS[turn % len(BIKE_NOS)]
        response = await shop.stub.Rank(request(snapshot, [bike]), timeout=5)
        [ranked] = response.placements[0].chosen
        shown = Shown(PROMPT, bike, ranked.features, ranked.selection_probability)
        decision = Decision(str(uuid.uuid4()), [person_id], turn, [shown])
        await shop.decided(decision)
        if turn < acceptances:
            event_id = f"event-{next(NUMBERS)}"
            await shop.answered(
                Answer(event_id, person_id, "purchase", turn + 1, bike, bike, decision.decision_id)
            )


async def expected(shop, category, nos):
    response = await shop.stub.Rank(request(liker(category), nos, limit=len(nos)), timeout=5)
    chosen = response.placements[0].chosen
    return sum(ranked.acceptance_probability for ranked in chosen) / len(chosen)


async def test_acceptances_raise_it_for_unseen_people_alike_and_not_for_others(learning_shop):
    await teach(learning_shop, BIKES, 30, acceptances=15)
    await teach(learning_shop, BOOKS, 30, acceptances=0)
    alike = await expected(learning_shop, BIKES, BIKE_NOS)
    assert alike > 3 * PRIOR
    assert await expected(learning_shop, BOOKS, BIKE_NOS) < 1.5 * PRIOR
    assert await expected(learning_shop, BIKES, BOOK_NOS) < 2 * PRIOR


async def test_impressions_alone_raise_it_for_nobody(learning_shop):
    await teach(learning_shop, BIKES, 30, acceptances=0)
    assert await expected(learning_shop, BIKES, BIKE_NOS) < PRIOR


async def test_the_same_seed_shows_the_same_and_shares_are_those_of_many_seeds(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=2)
    snapshot = liker(BIKES)
    one = await learning_shop.stub.Rank(request(snapshot, seed=4), timeout=5)
    again = await learning_shop.stub.Rank(request(snapshot, seed=4), timeout=5)
    assert one == again
    shown, said = {}, 0.0
    for seed in range(120):
        response = await learning_shop.stub.Rank(request(snapshot, seed=seed), timeout=5)
        [ranked] = response.placements[0].chosen
        shown[ranked.candidate] = shown.get(ranked.candidate, 0) + 1
        said += ranked.selection_probability
        assert 0 < ranked.selection_probability < 1
    # The mean of the probability of what is shown is the chance that two draws agree.
    agree = sum((count / 120) ** 2 for count in shown.values())
    assert said / 120 == pytest.approx(agree, rel=0.25)
    assert len(shown) > 3


async def tried_and_kept(shop):
    """Return a page that tries something out and one that does not, of the same person."""
    found = {}
    for seed in range(200):
        response = await shop.stub.Rank(request(liker(BIKES), seed=seed, limit=4), timeout=5)
        found.setdefault(response.exploration.tried, response)
    return found[True], found[False]


async def test_what_trying_is_expected_to_cost_is_told_and_bounded(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=5)
    for response in await tried_and_kept(learning_shop):
        assert 0 < response.exploration.probability < 1
        assert 0 < response.exploration.cost_share <= 0.02 + 1e-9
    model = await learning_shop.stub.GetModel(pb.GetModelRequest(), timeout=5)
    assert 0 < model.exploration.tried < model.exploration.pages
    assert 0 < model.exploration.cost_share <= 0.02 + 1e-9


async def test_previews_are_none_of_the_pages_on_which_something_is_tried(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=5)
    before = await learning_shop.stub.GetModel(pb.GetModelRequest(), timeout=5)
    asked = request(liker(BIKES))
    live = await learning_shop.stub.Rank(asked, timeout=5)
    asked.context.preview = True
    preview = await learning_shop.stub.Rank(asked, timeout=5)
    assert live.HasField("exploration")
    assert preview.HasField("exploration")
    after = await learning_shop.stub.GetModel(pb.GetModelRequest(), timeout=5)
    assert after.exploration.pages == before.exploration.pages + 1


async def test_the_contributions_of_what_is_explored_add_up_to_its_score(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=5)
    tried, kept = await tried_and_kept(learning_shop)
    for ranked in (*tried.placements[0].chosen, *kept.placements[0].chosen):
        names = [part.name for part in ranked.contributions]
        assert {"prior", "evidence", "certainty", "others", "lever"} <= set(names)
        assert ("exploration" in names) == (ranked in tried.placements[0].chosen)
        assert sum(part.value for part in ranked.contributions) == pytest.approx(
            ranked.score, rel=1e-5
        )


async def test_before_the_first_row_everything_is_ranked_as_assumed(learning_shop):
    response = await learning_shop.stub.Rank(request(liker(BIKES), limit=2), timeout=5)
    assert response.versions.model == "prior"
    for ranked in response.placements[0].chosen:
        assert ranked.acceptance_probability == pytest.approx(PRIOR)
        assert ranked.selection_probability == 1.0
        assert ranked.features


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_arms_that_are_not_personalised_neither_use_nor_teach_the_model(learning_shop, arm):
    await teach(learning_shop, BIKES, 10, acceptances=10)
    asked = request(liker(BIKES), BIKE_NOS, arm=arm, limit=3)
    for ranked in (await learning_shop.stub.Rank(asked, timeout=5)).placements[0].chosen:
        assert ranked.acceptance_probability == pytest.approx(PRIOR)
        assert (ranked.selection_probability, ranked.features) == (1.0, b"")


async def test_a_standing_order_is_shown_for_sure(learning_shop):
    await teach(learning_shop, BIKES, 10, acceptances=5)
    standing = StandingOrder(placement=BANNER, offer_nos=[12, 3], exact=True)
    asked = request(liker(BIKES), standing=[standing], limit=2)
    chosen = (await learning_shop.stub.Rank(asked, timeout=5)).placements[0].chosen
    assert [EVERYTHING[ranked.candidate] for ranked in chosen] == [12, 3]
    assert [ranked.selection_probability for ranked in chosen] == [1.0, 1.0]


async def test_the_model_tells_what_it_has_learned_and_what_was_parked(learning_shop):
    await teach(learning_shop, BIKES, 3, acceptances=1)
    lost = Answer("lost", str(uuid.uuid4()), "impression", 5, 1, 1, str(uuid.uuid4()))
    await learning_shop.answered(lost)
    await learning_shop.log.park_late(7, 0.0)
    told = await learning_shop.stub.GetModel(pb.GetModelRequest(), timeout=5)
    assert (told.learned_rows, told.written_rows) == (4, 4)
    assert told.outcomes["SHOWN"] == 3
    assert told.outcomes["ACCEPTED"] == 1
    assert told.outcomes["DECLINED"] == 0
    assert told.model.endswith("+4")
    [parked] = told.parked
    assert (parked.reason, parked.count, parked.latest_event_id) == ("NO_DECISION", 1, "lost")
    assert parked.latest_time.ToMicroseconds() == 7


async def test_the_log_is_streamed_from_a_row_on(learning_shop):
    await teach(learning_shop, BIKES, 3, acceptances=1)
    stream = learning_shop.stub.StreamLearning(pb.StreamLearningRequest(number=1), timeout=5)
    [answer] = [response async for response in stream]
    assert answer.number == 4
    assert [row.number for row in answer.rows] == [2, 3, 4]
    assert all(row.features and row.decision_id for row in answer.rows)


async def test_a_snapshot_that_cannot_be_read_is_refused(learning_shop):
    with pytest.raises(grpc.aio.AioRpcError, match="snapshot") as refused:
        await learning_shop.stub.Rank(request(b"\xff\xff"), timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_who_refuses_profiling_is_ranked_for_alike_and_teaches_as_nobody_would(learning_shop):
    await teach(learning_shop, BIKES, 20, 8)
    refusing = PersonSnapshot.FromString(liker(BIKES))
    other = PersonSnapshot.FromString(liker(BIKES))
    refusing.refusals.append("profiling")
    snapshots = refusing.SerializeToString(), other.SerializeToString(), b""
    found = []
    for snapshot in snapshots:
        response = await learning_shop.stub.Rank(request(snapshot, BIKE_NOS[:1]), timeout=5)
        found.append(response.placements[0].chosen[0])
    refused, alike, nobody = found
    assert refused.acceptance_probability == alike.acceptance_probability
    assert refused.acceptance_probability != nobody.acceptance_probability
    assert refused.features != alike.features
    taught, unknown = decode(refused.features), decode(nobody.features)
    assert taught.indices.tolist() == unknown.indices.tolist()
    assert taught.characteristics.size == 0
