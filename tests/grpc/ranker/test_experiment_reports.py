"""What experiments came to, and what one would need, is told over the wire."""

import uuid
from collections import Counter
from types import SimpleNamespace

import grpc
import pytest
import pytest_asyncio

from services.ranker import collecting
from services.ranker.definitions import compile_bundle
from services.ranker.domain.answers import DAY_US, HOUR_US
from services.ranker.domain.measures.definitions import MEASURES
from services.ranker.domain.meeting import Meetings
from services.ranker.experimenting import Experimenter
from services.ranker.servicer import RankerServicer, Reports
from services.ranker.validation import VALIDATORS
from shared.arms import assign_arm, assign_variants
from shared.binding import bind
from shared.definitions.follower import NO_TRIAL
from shared.testing.grpc import grpc_service
from tests.unit.ranker.shop import BIKE_NOS, shop
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.decision_pb2 import Trial, VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.experiments_pb2 import (
    GetExperimentRequest,
    MeasureRole,
    PlanExperimentRequest,
)
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.ranker.v1.results_pb2 import ResultConclusion
from touchpoint.rules.v1.experiments_pb2 import (
    Experiment,
    ExperimentRun,
    ExperimentVariant,
    KeptExperiment,
    SharingOut,
)
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsResponse

NOW_US = 1_800_000_000_000_000
PEOPLE = 1_200
BUNDLE = Bundle(
    parameters={"holdout": "30%"},
    experiments=[
        Experiment(
            experiment="bolder",
            hypothesis="A bolder banner sells more.",
            share=1.0,
            goal="look_to_book",
            guards=["complaints"],
            variants=[
                ExperimentVariant(variant="plain", share=0.5),
                ExperimentVariant(variant="bold", share=0.5),
            ],
        )
    ],
)
DEFINITIONS = compile_bundle(BUNDLE)


BEGAN_US = NOW_US - 50 * DAY_US
KEPT = KeptExperiment(experiment=BUNDLE.experiments[0])
KEPT.first_time.FromMicroseconds(BEGAN_US)
KEPT_ALONE = ListExperimentsResponse(experiments=[KEPT])
TRIAL = Trial(bundle_hash="t", share=0.5, salt="t")


def bundles_of(active, tried=None):
    """Return what a replica holds of the definitions in force."""
    compiled = {"b": compile_bundle(active)}
    if tried is not None:
        compiled["t"] = compile_bundle(tried)
    trial = TRIAL if tried is not None else NO_TRIAL
    return SimpleNamespace(active=compiled["b"], active_hash="b", trial=trial, of=compiled.get)


def arm_of(person_id):
    return assign_arm(DEFINITIONS.arm_plan, person_id)


def variant_of(person_id):
    found = assign_variants(DEFINITIONS.experiment_plan, person_id)
    return found[0].variant if found else ""


class Logs:
    """Everybody looks at a bike that was decided for them; who buys it is for the test to say."""

    def __init__(
        self,
        buys,
        met=variant_of,
        remembered_us=0,
        in_force=None,
        kept=KEPT_ALONE,
        bundle_of=lambda _: "b",
        **trial,
    ):
        self.kept, self.bundle_of = kept, bundle_of
        self.remembered_us = remembered_us
        self.bundles = bundles_of(in_force or BUNDLE, **trial)
        self.people = [str(uuid.UUID(int=number)) for number in range(1, PEOPLE + 1)]
        counted = Counter()
        self.buyers = []
        for each in self.people:
            counted[variant_of(each)] += 1
            if counted[variant_of(each)] % 10 < buys(variant_of(each)):
                self.buyers.append(each)
        self.met = met

    async def decisions(self, period):
        for number, person_id in enumerate(self.people):
            notice = DecisionNotice(
                decision_id=str(uuid.uuid4()),
                person_ids=[person_id],
                time_us=NOW_US - (1 + number % 20) * DAY_US,
                arm=arm_of(person_id),
                channel=Channel.WEB,
                bundle_hash=self.bundle_of(person_id),
            )
            for variant in filter(None, self.met(person_id).split(",")):
                notice.variants.append(VariantOf(experiment="bolder", variant=variant))
                yield [notice.SerializeToString()]
                del notice.variants[:]
            if not self.met(person_id):
                yield [notice.SerializeToString()]

    async def first_decided_us(self, period):
        return max(period.since_us, self.remembered_us)

    async def sets(self):
        yield []

    async def events(self, period):
        yield self._columns("view", self.people, NOW_US - 20 * DAY_US)
        yield self._columns("purchase", self.buyers, NOW_US - HOUR_US)

    def _columns(self, name, people, time_us):
        count = len(people)
        return EventColumns(
            person_ids=people,
            types=[name] * count,
            times_us=[time_us] * count,
            channels=[Channel.WEB] * count,
            offer_nos=[BIKE_NOS[0]] * count,
            quantities=[1.0] * count,
            value_micros=[100_000_000] * count,
            cost_micros=[40_000_000] * count,
            order_ids=[""] * count,
            decision_ids=[""] * count,
            ratings=[-1.0] * count,
            objections=[False] * count,
        )


@pytest_asyncio.fixture(loop_scope="session")
async def stub(request):
    """Lend a stub of a ranker that reads some logs."""
    bundles = request.param.bundles

    async def kept():
        return request.param.kept

    reports = Reports(None, Experimenter(request.param, shop(), bundles, lambda: NOW_US, kept, 90))
    replica = SimpleNamespace(model=None)
    kept = SimpleNamespace(replica=replica, meetings=Meetings(), insights=None)
    servicer = RankerServicer(shop(), bundles, kept, reports)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        yield RankerServiceStub(channel)


async def answered(stub, name, since_us=None, until_us=None):
    request = GetExperimentRequest(experiment=name)
    if since_us is not None:
        request.since_time.FromMicroseconds(since_us)
    if until_us is not None:
        request.until_time.FromMicroseconds(until_us)
    return [each async for each in stub.GetExperiment(request, timeout=30)]


async def reported(stub, name, **period):
    responses = await answered(stub, name, **period)
    assert [each.share_done for each in responses] == sorted(each.share_done for each in responses)
    return {each.experiment: each for each in responses[-1].reports}


def logs(of, **how):
    return pytest.mark.parametrize("stub", [Logs(of, **how)], indirect=True)


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


ONE_LOOK = "the intervals hold for one look"


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


def run(began_us, ended_us=None, *sharings, by_definitions=True, everybody=0):
    """Return a run of the experiment, or of the arms, as rules tell it."""
    found = ExperimentRun(sharings=sharings, everybody=everybody)
    found.began_time.FromMicroseconds(began_us)
    if ended_us is not None:
        found.ended_time.FromMicroseconds(ended_us)
        found.ended_by_definitions = by_definitions
    return found


def sharing(since_us=BEGAN_US, bundles=(0,), holdout=0.3, experiment=BUNDLE.experiments[0]):
    found = SharingOut(
        bundles=bundles, holdout_share=holdout, arm_salt="touchpoint", experiment=experiment
    )
    found.since_time.FromMicroseconds(since_us)
    return found


def ran(*runs, arms=()):
    """Return what rules kept of when the experiment ran and when the arms had the same shares."""
    kept = KeptExperiment(experiment=KEPT.experiment, first_time=KEPT.first_time, runs=runs)
    hashes = ["b", "b2"]
    return ListExperimentsResponse(experiments=[kept], arm_runs=arms, bundle_hashes=hashes)


ARMS_SINCE_US = NOW_US - 60 * DAY_US


def arms_run(began_us=ARMS_SINCE_US, ended_us=None, holdout=0.3):
    return run(began_us, ended_us, sharing(began_us, holdout=holdout, experiment=None))


@logs(lambda variant: 4, kept=ran(arms=[arms_run()]), remembered_us=NOW_US - 30 * DAY_US)
async def test_the_holdout_is_looked_at_since_the_arms_have_their_shares(stub):
    """Nothing was forgotten of those 60 days: in the first half of them nobody came."""
    [found] = (await reported(stub, "holdout")).values()

    assert found.since_time.ToMicroseconds() == ARMS_SINCE_US
    assert found.holds_at_all_looks
    assert not found.HasField("ended_time")
    assert ONE_LOOK not in " ".join(found.said)
    assert "Holdout and static have these shares since 2026-11-16 08:00 UTC." in found.said
    assert [each.share for each in found.groups] == pytest.approx([0.3, 0.7])


LONG_AGO_US = NOW_US - 100 * DAY_US


@logs(lambda variant: 4, kept=ran(arms=[arms_run(LONG_AGO_US)]), remembered_us=NOW_US - 30 * DAY_US)
async def test_what_the_journal_has_forgotten_of_the_holdout_is_said(stub):
    [found] = (await reported(stub, "holdout")).values()

    assert found.since_time.ToMicroseconds() == NOW_US - 30 * DAY_US
    assert not found.holds_at_all_looks
    assert found.said[-1].startswith("The journal has forgotten")
    assert "Holdout and static have these shares since" in found.said[-2]


OTHER_SHARES = [arms_run(NOW_US - 80 * DAY_US, ARMS_SINCE_US, 0.5), arms_run()]


@logs(lambda variant: 4, kept=ran(arms=OTHER_SHARES))
async def test_other_shares_of_the_arms_begin_anew_and_what_was_before_is_had_by_until(stub):
    [now] = (await reported(stub, "holdout")).values()
    [before] = (await reported(stub, "holdout", until_us=ARMS_SINCE_US)).values()

    assert now.since_time.ToMicroseconds() == ARMS_SINCE_US
    assert now.said[-1].startswith("The shares were others from 2026-10-27 08:00 UTC to 2026-11-16")
    assert now.said[-1].endswith("see --until 2026-11-16T08:00:00.")
    assert [each.share for each in before.groups] == [0.5, 0.5]
    assert before.since_time.ToMicroseconds() == NOW_US - 80 * DAY_US
    assert before.ended_time == before.until_time == now.since_time


TAKEN_OUT_US = NOW_US - 5 * DAY_US
MORE_HELD_OUT = Bundle(parameters={"holdout": "60%"})


@logs(
    lambda variant: 4,
    kept=ran(run(BEGAN_US - DAY_US, TAKEN_OUT_US, sharing())),
    in_force=MORE_HELD_OUT,
)
async def test_what_came_of_an_experiment_stays_as_it_was_when_it_was_taken_out(stub):
    """Also where more people are held out since: they are who they were."""
    [found] = (await reported(stub, "bolder")).values()

    assert found.since_time.ToMicroseconds() == BEGAN_US
    assert found.until_time.ToMicroseconds() == TAKEN_OUT_US
    assert found.ended_time == found.until_time
    assert found.ended_by_definitions
    assert found.holds_at_all_looks
    assert found.mixed == 0
    assert sum(each.people for each in found.groups) == sum(
        bool(variant_of(str(uuid.UUID(int=number)))) for number in range(1, PEOPLE + 1)
    )
    assert [each.mean for each in found.outcomes[0].samples] == [0.0, 0.0], "bought later"
    assert any("It ended on 2027-01-10 08:00 UTC, by other" in each for each in found.said)


@logs(
    lambda variant: 4,
    kept=ran(run(BEGAN_US - DAY_US, TAKEN_OUT_US, sharing())),
    in_force=MORE_HELD_OUT,
)
async def test_those_that_are_over_are_listed_beside_those_in_force(stub):
    listed = (await answered(stub, ""))[-1]
    named = (await answered(stub, "bolder"))[-1]

    assert [each.experiment for each in listed.reports] == ["holdout"]
    [over] = listed.ended
    assert over.experiment == "bolder"
    assert over.began_time.ToMicroseconds() == BEGAN_US - DAY_US
    assert over.ended_time.ToMicroseconds() == TAKEN_OUT_US
    assert over.ended_by_definitions
    assert not named.ended


AGAIN_US = NOW_US - 3 * DAY_US


@logs(
    lambda variant: 4,
    kept=ran(run(BEGAN_US - DAY_US, TAKEN_OUT_US, sharing()), run(AGAIN_US, None, sharing())),
)
async def test_taken_up_again_an_experiment_begins_anew(stub):
    now = (await answered(stub, ""))[-1]
    [_, found] = now.reports
    [before] = (await reported(stub, "bolder", until_us=AGAIN_US)).values()

    assert not now.ended
    assert found.since_time.ToMicroseconds() == AGAIN_US
    assert not found.HasField("ended_time")
    assert found.holds_at_all_looks
    assert any(each.startswith("It ran before from 2026-11-25 08:00") for each in found.said)
    assert before.since_time.ToMicroseconds() == BEGAN_US
    assert before.until_time.ToMicroseconds() == TAKEN_OUT_US


CHANGED_US = NOW_US - 8 * DAY_US
NARROW = Experiment()
NARROW.CopyFrom(BUNDLE.experiments[0])
NARROW.variants[1].share = 0.1
CHANGED = run(
    BEGAN_US - DAY_US, None, sharing(experiment=NARROW), sharing(CHANGED_US, [1]), everybody=1
)


def _narrow_at_first(person_id):
    """Return by what somebody is met who comes once, before or after the change."""
    is_before = int(person_id[-6:], 16) % 3 != 0
    plan = NARROW_PLAN if is_before else DEFINITIONS.experiment_plan
    found = assign_variants(plan, person_id)
    return found[0].variant if found else ""


NARROW_PLAN = compile_bundle(
    Bundle(parameters=BUNDLE.parameters, experiments=[NARROW])
).experiment_plan


def _bundle_of(person_id):
    return "b" if int(person_id[-6:], 16) % 3 != 0 else "b2"


@logs(lambda variant: 4, kept=ran(CHANGED), met=_narrow_at_first, bundle_of=_bundle_of)
async def test_groups_are_held_to_the_shares_by_which_people_came(stub):
    [found] = (await reported(stub, "bolder")).values()

    assert [each.ToMicroseconds() for each in found.changed_times] == [CHANGED_US]
    assert found.groups[0].people > 1.4 * found.groups[1].people
    assert not found.is_mismatch
    assert any(each.startswith("Shares or variants were changed while") for each in found.said)


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
