"""(g) What some accept is expected of others like them, whom nobody saw, and of nobody else."""

from tests.journeys.channels import only, shown, until
from tests.journeys.modes import APART_AND_TOGETHER
from tests.journeys.shop import DVD_PROMOTION, FREE_SHIPPING
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.ranker.v1.ranker_pb2 import Outcome

pytestmark = APART_AND_TOGETHER

TEACHERS, OTHERS_EACH = 12, 3
RAISED_BY = 5.0
"""At least so much more likely, for those who are like the ones who accepted."""
LEFT_WITHIN = 1.1
"""At most so much more likely, for those who are not."""
FILM_LOVERS, BAKERS = ["dvd-1", "dvd-2", "dvd-3"], ["tin-1", "tin-2", "tin-3"]
BEFORE_A_FILM = {"context": Context(item_ids=["dvd-0"]), "exclude_ids": [FREE_SHIPPING]}
"""What brings the promotion about films, and no other, before everybody."""
PLACEMENT = "web.home.banner"


async def somebody_who_looks_at(channels, somebody, item_ids):
    person = only(somebody("pupil"), "visitor")
    for item_id in item_ids:
        await channels.track(person, "view", item_id=item_id)
    return person


async def expected(channels, person):
    """Return how likely the engine holds it that the person accepts three films for two."""
    answer = await channels.recommend(person, PLACEMENT, preview=True, **BEFORE_A_FILM)
    [placement] = answer.placements
    found = {each.offer_id: each for each in placement.recommendations}
    return found[DVD_PROMOTION].acceptance_probability


async def see(channels, person):
    """Be shown three films for two; returns what an answer to it says."""
    answer = await channels.recommend(person, PLACEMENT, **BEFORE_A_FILM)
    assert DVD_PROMOTION in shown(answer)
    told = {
        "offer_id": DVD_PROMOTION,
        "decision_id": answer.decision_id,
        "placement": PLACEMENT,
    }
    await channels.track(person, "impression", **told)
    return told


async def learned(channels, rows):
    """Wait until so many more rows than at first were written and learned."""

    async def all_of_it():
        model = await model_of(channels)
        return model.written_rows >= rows and model.learned_rows >= model.written_rows

    await until(all_of_it)


async def model_of(channels):
    return await channels.stubs["ranker"].GetModel(ranker_pb.GetModelRequest(), timeout=5)


async def test_acceptances_raise_it_for_unseen_people_alike_and_not_for_others(channels, somebody):
    before = {}
    for name, items in (("film lover", FILM_LOVERS), ("baker", BAKERS)):
        person = await somebody_who_looks_at(channels, somebody, items)
        before[name] = await expected(channels, person)
    rows = (await model_of(channels)).written_rows
    for _ in range(TEACHERS):
        lover = await somebody_who_looks_at(channels, somebody, FILM_LOVERS)
        await channels.track(lover, "accept", **await see(channels, lover))
        for _ in range(OTHERS_EACH):
            await see(channels, await somebody_who_looks_at(channels, somebody, BAKERS))
    await learned(channels, rows + (2 + OTHERS_EACH) * TEACHERS)
    lover = await somebody_who_looks_at(channels, somebody, FILM_LOVERS)
    baker = await somebody_who_looks_at(channels, somebody, BAKERS)
    assert await expected(channels, lover) >= RAISED_BY * before["film lover"]
    assert await expected(channels, baker) <= LEFT_WITHIN * before["baker"]


async def test_the_same_answer_twice_teaches_once(channels, somebody):
    lover = await somebody_who_looks_at(channels, somebody, FILM_LOVERS)
    told = await see(channels, lover)
    for _ in range(2):
        await channels.track(lover, "accept", **told)
    # What is told of somebody else comes after it, in the order of the log.
    after = await see(channels, await somebody_who_looks_at(channels, somebody, BAKERS))

    async def all_are_written():
        return bool(await outcomes_of(channels, after["decision_id"]))

    await until(all_are_written)
    taught = await outcomes_of(channels, told["decision_id"])
    assert taught == [Outcome.SHOWN, Outcome.ACCEPTED]


async def outcomes_of(channels, decision_id):
    """Return what the learning log holds of a decision, in its order."""
    stream = channels.stubs["ranker"].StreamLearning(ranker_pb.StreamLearningRequest(), timeout=5)
    rows = [row async for part in stream for row in part.rows]
    return [row.outcome for row in rows if row.decision_id == decision_id]


async def test_an_answer_without_a_decision_is_put_aside_and_told_of(channels, somebody):
    nobody_decided = "01890000-0000-7000-8000-000000000000"
    visitor = only(somebody("ada"), "visitor")
    await channels.track(
        visitor, "accept", offer_id=DVD_PROMOTION, decision_id=nobody_decided, placement=PLACEMENT
    )

    async def put_aside():
        parked = (await model_of(channels)).parked
        return any(each.reason == "NO_DECISION" and each.count for each in parked)

    await until(put_aside)
