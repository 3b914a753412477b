"""A report is of one run: from its beginning to its end, by the shares that held meanwhile."""

import uuid

import pytest
import pytest_asyncio

from services.ranker import collecting
from services.ranker.definitions import compile_bundle
from services.ranker.domain.answers import DAY_US
from shared.arms import assign_variants
from tests.grpc.ranker.experiment_kit import (
    BEGAN_US,
    BUNDLE,
    DEFINITIONS,
    KEPT,
    NOW_US,
    ONE_LOOK,
    PEOPLE,
    answered,
    logs,
    ranker_that_reads,
    reported,
    variant_of,
)
from touchpoint.rules.v1.experiments_pb2 import (
    Experiment,
    ExperimentRun,
    KeptExperiment,
    SharingOut,
)
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsResponse


@pytest_asyncio.fixture(loop_scope="session")
async def stub(request):
    """Lend a stub of a ranker that reads some logs."""
    async with ranker_that_reads(request.param) as found:
        yield found


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


FEW_DAYS = [run(NOW_US - 2 * DAY_US, None, sharing(experiment=None))]


@logs(lambda variant: 4, kept=ran(run(BEGAN_US - DAY_US, None, sharing()), arms=FEW_DAYS))
async def test_one_of_too_many_decisions_spoils_no_others(stub, monkeypatch):
    monkeypatch.setattr(collecting, "MOST_DECISIONS", PEOPLE - 1)
    found = await reported(stub, "")

    assert [len(each.groups) for each in found.values()] == [2, 0]
    assert found["bolder"].said[0].startswith("Not read: more than 1,199 decisions: ask for")
    assert found["bolder"].since_time.ToMicroseconds() == BEGAN_US
