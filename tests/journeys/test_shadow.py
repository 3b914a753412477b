"""(h) A rule on trial removes nothing, and is told of with what became of what it would remove."""

from tests.journeys.channels import only, shown, until
from tests.journeys.definitions import TRIAL
from tests.journeys.modes import APART_AND_TOGETHER
from tests.journeys.shop import DVD_PROMOTION, FREE_SHIPPING
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.aggregator.v1.aggregator_service_pb2 import ExplainDecisionRequest
from touchpoint.rules.v1.rules_service_pb2 import GetRuleResultsRequest

pytestmark = APART_AND_TOGETHER

PLACEMENT = "web.home.banner"
PREVIEWS = 20
"""Many more than live decisions of other journeys that a replica may still have to tell of."""
BEFORE_A_FILM = {"context": Context(item_ids=["dvd-0"]), "exclude_ids": [FREE_SHIPPING]}


async def result(channels):
    """Return what the rule on trial would have done so far."""
    request = GetRuleResultsRequest(rules=[TRIAL])
    answer = await channels.stubs["rules"].GetRuleResults(request, timeout=10)
    return answer.results[0]


async def visitor(channels, somebody):
    person = only(somebody("film"), "visitor")
    await channels.track(person, "view", item_id="dvd-1")
    return person


async def test_what_a_rule_on_trial_would_remove_is_shown_told_of_and_counted(channels, somebody):
    before = (await result(channels)).shadow.decisions
    person = await visitor(channels, somebody)
    answer = await channels.recommend(
        person, PLACEMENT, explain=True, locale="de-AT", **BEFORE_A_FILM
    )
    assert DVD_PROMOTION in shown(answer)
    (told,) = answer.shadow_removed
    assert (told.offer_id, told.rule) == (DVD_PROMOTION, TRIAL)
    assert told.text == "Wir haben keine Filme mehr."
    assert TRIAL not in {each.rule for each in answer.removed}
    asked = ExplainDecisionRequest(decision_id=answer.decision_id)
    explained = await channels.edge.ExplainDecision(asked, timeout=10)
    assert list(explained.shadow_removed) == [told]

    async def is_counted():
        found = await result(channels)
        assert not found.enforced.decisions
        return found.shadow.decisions > before and found.shadow.people > 0

    await until(is_counted)


async def test_what_became_of_what_it_would_have_removed_is_told(channels, somebody):
    person = await visitor(channels, somebody)
    answer = await channels.recommend(person, PLACEMENT, **BEFORE_A_FILM)
    about = {
        "offer_id": DVD_PROMOTION,
        "decision_id": answer.decision_id,
        "placement": PLACEMENT,
    }
    await channels.track(person, "impression", **about)
    await channels.track(person, "accept", **about)

    async def is_joined():
        found = [each.would_be_removed for each in (await result(channels)).answers]
        return any(each.accepted and each.value_micros > 0 for each in found)

    await until(is_joined)


async def test_previews_count_nothing(channels, somebody):
    before = (await result(channels)).shadow.decisions
    for _ in range(PREVIEWS):
        person = await visitor(channels, somebody)
        previewed = await channels.recommend(
            person, PLACEMENT, preview=True, explain=True, **BEFORE_A_FILM
        )
        assert previewed.shadow_removed
    live = await visitor(channels, somebody)
    await channels.recommend(live, PLACEMENT, **BEFORE_A_FILM)

    async def the_live_one_came():
        return (await result(channels)).shadow.decisions > before

    await until(the_live_one_came)
    assert (await result(channels)).shadow.decisions < before + PREVIEWS / 3
