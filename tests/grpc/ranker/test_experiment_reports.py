"""What experiments came to, and what one would need, is told over the wire."""

import uuid
from collections import Counter

import grpc
import pytest
import pytest_asyncio

from services.ranker import collecting
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.definitions import MEASURES
from tests.grpc.ranker.experiment_kit import (
    BEGAN_US,
    BUNDLE,
    NOW_US,
    ONE_LOOK,
    PEOPLE,
    arm_of,
    logs,
    ranker_that_reads,
    reported,
    variant_of,
)
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.experiments_pb2 import (
    MeasureRole,
    PlanExperimentRequest,
)
from touchpoint.ranker.v1.results_pb2 import ResultConclusion
from touchpoint.rules.v1.rules_pb2 import Bundle


@pytest_asyncio.fixture(loop_scope="session")
async def stub(request):
    """Lend a stub of a ranker that reads some logs."""
    async with ranker_that_reads(request.param) as found:
        yield found


@logs(lambda variant: 6 if variant == "bold" else 3)
async def test_a_variant_that_sells_more_is_better_by_its_goal(stub):
    [found] = (await reported(stub, "bolder")).values()

    goal = found.outcomes[0]
    assert (goal.measure, goal.role) == ("look_to_book", MeasureRole.GOAL)
    assert [each.group for each in found.groups] == ["plain", "bold"]
    assert [each.mean for each in goal.samples] == pytest.approx([0.3, 0.6], abs=0.02)
    assert goal.comparisons[0].conclusion == ResultConclusion.BETTER
    assert goal.comparisons[0].low < 0.3 < goal.comparisons[0].high
    assert [each.role for each in found.outcomes[:2]] == [MeasureRole.GOAL, MeasureRole.GUARD]
    assert {each.measure for each in found.outcomes} == set(MEASURES)
    assert "bold: Look-to-book" in found.said[0]
    assert "better" in found.said[0]


@logs(lambda variant: 4)
async def test_without_an_effect_nothing_is_significant(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert {
        comparison.conclusion for outcome in found.outcomes for comparison in outcome.comparisons
    } <= {ResultConclusion.NOT_SIGNIFICANT, ResultConclusion.TOO_FEW}
    assert "not significant" in found.said[0]


@logs(lambda variant: 4)
async def test_who_takes_no_part_is_in_no_group_and_the_holdout_is_an_experiment_itself(stub):
    found = await reported(stub, "")

    people = Counter(variant_of(str(uuid.UUID(int=number))) for number in range(1, PEOPLE + 1))
    assert {each.group: each.people for each in found["bolder"].groups} == {
        "plain": people["plain"],
        "bold": people["bold"],
    }
    holdout = found["holdout"].groups
    assert [each.group for each in holdout] == ["HOLDOUT", "PERSONALISED"]
    assert [each.share for each in holdout] == pytest.approx([0.3, 0.7])
    assert holdout[0].people == sum(
        arm_of(str(uuid.UUID(int=number))) == Arm.HOLDOUT for number in range(1, PEOPLE + 1)
    )


def _some_met_both(person_id):
    own = variant_of(person_id)
    return "plain,bold" if own and person_id.endswith("0") else own


@logs(lambda variant: 4, met=_some_met_both)
async def test_who_was_seen_in_two_groups_is_left_out_and_told(stub):
    [found] = (await reported(stub, "bolder")).values()

    both = sum("," in _some_met_both(str(uuid.UUID(int=number))) for number in range(1, PEOPLE + 1))
    assert found.mixed == both > 0
    assert f"{both} people were seen in two groups" in found.said[-1]


def _bold_is_often_lost(person_id):
    own = variant_of(person_id)
    return "" if own == "bold" and int(person_id[-2:], 16) % 3 == 0 else own


@logs(lambda variant: 4, met=_bold_is_often_lost)
async def test_groups_that_lose_people_are_not_to_be_believed(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert found.is_mismatch
    assert "believe nothing of this" in found.said[0]


@logs(lambda variant: 4)
async def test_an_experiment_that_is_not_defined_is_told_with_those_that_are(stub):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reported(stub, "bolder_still")

    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert "holdout, bolder" in refused.value.details()


@logs(lambda variant: 4)
async def test_an_experiment_without_a_date_begins_with_the_first_decision_in_it(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert found.since_time.ToMicroseconds() == BEGAN_US
    assert found.holds_at_all_looks
    assert ONE_LOOK not in " ".join(found.said)


@logs(lambda variant: 4)
async def test_a_beginning_that_moves_holds_at_one_look_and_that_is_said(stub):
    holdout = (await reported(stub, "holdout"))["holdout"]
    later = (await reported(stub, "bolder", since_us=NOW_US - 25 * DAY_US))["bolder"]
    before = (await reported(stub, "bolder", since_us=BEGAN_US - DAY_US))["bolder"]

    assert holdout.since_time.ToMicroseconds() == NOW_US - 28 * DAY_US
    for found in (holdout, later):
        assert not found.holds_at_all_looks
        assert ONE_LOOK in found.said[-1]
    assert before.holds_at_all_looks
    assert before.since_time.ToMicroseconds() == BEGAN_US


@logs(lambda variant: 4, remembered_us=NOW_US - 30 * DAY_US)
async def test_what_the_journal_has_forgotten_of_an_experiment_is_said(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert found.since_time.ToMicroseconds() == NOW_US - 30 * DAY_US
    assert not found.holds_at_all_looks
    assert found.said[-1].startswith("The journal has forgotten")


@logs(lambda variant: 4, in_force=Bundle(parameters=BUNDLE.parameters))
async def test_an_experiment_that_was_taken_out_has_its_report_by_name(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert all(group.people for group in found.groups)
    assert found.mixed == 0
    assert list(await reported(stub, "")) == ["holdout"]


def _smaller(share):
    bundle = Bundle()
    bundle.CopyFrom(BUNDLE)
    bundle.experiments[0].share = share
    return bundle


@logs(lambda variant: 4, in_force=_smaller(0.2), tried=BUNDLE)
async def test_those_that_a_trial_adds_to_an_experiment_are_in_it(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert found.mixed == 0
    assert sum(group.people for group in found.groups) == sum(
        bool(variant_of(str(uuid.UUID(int=number)))) for number in range(1, PEOPLE + 1)
    )


ONLY_TRIED = Bundle(parameters=BUNDLE.parameters, experiments=[BUNDLE.experiments[0]])
ONLY_TRIED.experiments[0].experiment = "tried"


@logs(lambda variant: 4, tried=ONLY_TRIED)
async def test_an_experiment_that_only_a_trial_has_is_reported(stub):
    assert list(await reported(stub, "tried")) == ["tried"]
    assert list(await reported(stub, "")) == ["holdout", "bolder", "tried"]


@logs(lambda variant: 4)
async def test_more_decisions_than_a_replica_can_hold_are_refused(stub, monkeypatch):
    monkeypatch.setattr(collecting, "MOST_DECISIONS", PEOPLE - 1)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reported(stub, "bolder")

    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "more than 1,199 decisions: ask for a shorter period" in refused.value.details()


async def planned(stub, **wanted):
    request = PlanExperimentRequest(**wanted)
    responses = [each async for each in stub.PlanExperiment(request, timeout=30)]
    return responses[-1].plan


@logs(lambda variant: 4)
async def test_a_plan_says_how_many_people_and_days_an_effect_takes(stub):
    plan = await planned(stub, measure="look_to_book", effect=0.2)

    personalised = sum(
        arm_of(str(uuid.UUID(int=number))) == Arm.PERSONALISED for number in range(1, PEOPLE + 1)
    )
    assert plan.people_seen == personalised
    assert plan.now.mean == pytest.approx(0.4, abs=0.02)
    [effect] = plan.effects
    # 2 (1.96 + 0.84)² · 0.4 · 0.6 / 0.08² for each of two groups.
    assert effect.people_at_once == pytest.approx(2 * 2 * 7.849 * 0.24 / 0.0064, rel=0.03)
    assert effect.people > effect.people_at_once
    assert effect.days > 0


@logs(lambda variant: 4)
async def test_three_groups_take_more_people_than_two_and_half_the_people_take_longer(stub):
    [two] = (await planned(stub, effect=0.2)).effects
    [three] = (await planned(stub, effect=0.2, groups=[0.4, 0.3, 0.3])).effects
    [slow] = (await planned(stub, effect=0.2, share=0.5)).effects

    assert three.people > two.people
    assert slow.people == two.people
    assert slow.days > two.days


@logs(lambda variant: 0)
async def test_where_nothing_happens_nothing_can_be_planned_and_it_says_so(stub):
    plan = await planned(stub, measure="look_to_book")

    assert not plan.effects
    assert "Nothing is known" in plan.said[0]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"measure": "luck"}, "measure"),
        ({"groups": [1.0]}, "groups"),
        ({"groups": [0.5, 0.0]}, "groups"),
        ({"effect": -0.1}, "effect"),
        ({"share": 2.0}, "share"),
        ({"power": 0.999}, "power"),
    ],
)
@logs(lambda variant: 4)
async def test_a_plan_that_makes_no_sense_is_refused_by_its_field(stub, wanted, field):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await planned(stub, **wanted)

    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details() or any(
        field.encode() in value for _, value in refused.value.trailing_metadata()
    )
