"""People are held to the shares by which they came, also where these change while it runs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import pytest

from services.ranker.asked_experiments import Asked, InForce, asked_for
from services.ranker.definitions import compile_bundle
from services.ranker.domain.experiments.comparing import SharedOut, shared_out
from services.ranker.domain.experiments.reporting import NOBODY, assigned_and_seen
from services.ranker.domain.measures.gathering import Gathering
from services.ranker.domain.measures.log import Period
from services.ranker.experiment_runs import Kept
from services.ranker.seen_groups import Seen
from shared.arms import assign_arm, assign_variants
from shared.definitions.follower import NO_TRIAL
from shared.experiments import ExperimentPlan, experiment_plan
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.ranker.v1.experiments_pb2 import GetExperimentRequest
from touchpoint.rules.v1.experiments_pb2 import (
    Experiment,
    ExperimentRun,
    ExperimentVariant,
    KeptExperiment,
    SharingOut,
)
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsResponse

PEOPLE = 5_000
NOTHING = InForce(compile_bundle(Bundle()), NO_TRIAL, None)
HOLDOUT_SHARE = 0.1
NOW_US = 1_000_000


def tried(share: float, **variants: float) -> Experiment:
    return Experiment(
        experiment="tried",
        share=share,
        goal="look_to_book",
        variants=[ExperimentVariant(variant=name, share=part) for name, part in variants.items()],
    )


NARROW = tried(0.5, control=0.4, bold=0.4)
ADDED = tried(0.5, control=0.4, bold=0.4, new=0.2)
WIDER = tried(0.8, control=0.4, bold=0.4, new=0.2)


def asked(*times: Experiment) -> tuple[Asked, Sequence[ExperimentPlan]]:
    """Return an experiment whose definitions changed from time to time, and the plan of each."""
    run = ExperimentRun(everybody=len(times) - 1)
    run.began_time.FromMicroseconds(1)
    plans = []
    for number, each in enumerate(times):
        sharing = SharingOut(bundles=[number], holdout_share=HOLDOUT_SHARE, arm_salt="touchpoint")
        sharing.experiment.CopyFrom(each)
        sharing.since_time.FromMicroseconds(1 + number * 1_000)
        run.sharings.append(sharing)
        bundle = Bundle(parameters={"holdout": str(HOLDOUT_SHARE)}, experiments=[each])
        plans.append(experiment_plan(bundle))
    kept = KeptExperiment(experiment=times[-1], runs=[run])
    kept.first_time.FromMicroseconds(2)
    hashes = [f"b{number}" for number in range(len(times))]
    answer = ListExperimentsResponse(experiments=[kept], bundle_hashes=hashes)
    request = GetExperimentRequest(experiment="tried")
    [found] = asked_for(request, NOTHING, Kept(answer), NOW_US)
    return found, plans


def people(random: Random) -> Iterator[str]:
    for _ in range(PEOPLE):
        yield str(uuid.UUID(int=random.getrandbits(128)))


def decision(person_ids: Sequence[str], time: int, plan: ExperimentPlan) -> DecisionNotice:
    return DecisionNotice(
        person_ids=person_ids,
        time_us=2 + time * 1_000,
        bundle_hash=f"b{time}",
        arm=assign_arm(plan.arm_plan, person_ids[0]),
        variants=assign_variants(plan, person_ids[0]),
    )


def sizes(
    told: Asked, plans: Sequence[ExperimentPlan], met: Mapping[str, Sequence[int]]
) -> SharedOut:
    """Return the sizes of groups of people who were met at some times, ascending."""
    seen = Seen(told, Gathering(Period(0, NOW_US), {}))
    for time, plan in enumerate(plans):
        for person_id, times in met.items():
            if time in times:
                seen.note(decision([person_id], time, plan))
    return check(told, seen, list(met))


def check(told: Asked, seen: Seen, everybody: Sequence[str]) -> SharedOut:
    groups = [told.group_assigned(NOTHING, each) for each in everybody]
    parted = assigned_and_seen(
        groups,
        [seen.of(each) for each in everybody],
        [
            None if group == NOBODY else seen.shares(each, group)
            for each, group in zip(everybody, groups, strict=True)
        ],
    )
    assert parted.mixed == 0
    return shared_out(parted.strata)


@pytest.mark.parametrize(
    "times",
    [(NARROW, NARROW), (NARROW, ADDED), (NARROW, ADDED, WIDER), (ADDED, WIDER), (NARROW, WIDER)],
    ids=["nothing", "a variant", "a variant, then people", "people", "both at once"],
)
def test_changes_of_shares_and_variants_are_no_mismatch(times: Sequence[Experiment]) -> None:
    random = Random(5)
    told, plans = asked(*times)
    met = {
        each: [time for time in range(len(times)) if random.random() < 0.6]
        for each in people(random)
    }

    found = sizes(told, plans, met)

    in_it = [assign_variants(plans[-1], each) for each, at in met.items() if len(times) - 1 in at]
    assert sum(found.people) >= sum(map(bool, in_it)) > 1_000
    assert found.p_value > 0.05
    expected = [share * sum(found.people) for share in found.shares]
    assert list(found.people) == pytest.approx(expected, abs=4 * sum(found.people) ** 0.5)


def test_as_if_it_had_always_been_there_a_variant_that_was_added_would_be_one() -> None:
    """All who were there already come to the new variant: nobody of them to the others."""
    random = Random(6)
    told, plans = asked(NARROW, ADDED)
    found = sizes(told, plans, {each: [0, 1] for each in people(random)})
    assert found.shares == pytest.approx((0.4, 0.4, 0.2), abs=0.02)
    later = sizes(told, plans, {each: [int(random.random() < 0.8)] for each in people(random)})
    assert found.p_value > 0.05
    assert later.shares[2] < 0.18
    assert later.p_value > 0.05


def test_people_who_are_lost_after_a_change_are_noticed() -> None:
    random = Random(7)
    told, plans = asked(NARROW, ADDED)
    met: dict[str, Sequence[int]] = {}
    for each in people(random):
        at = int(random.random() < 0.7)
        [variant] = [one.variant for one in assign_variants(plans[1], each)] or [""]
        if not (at == 1 and variant == "new" and random.random() < 0.4):
            met[each] = [at]

    assert sizes(told, plans, met).is_mismatch


def test_of_those_who_became_one_the_oldest_counts_by_what_was_decided_for_them() -> None:
    told, plans = asked(NARROW, ADDED)
    everybody = sorted(people(Random(8)))
    groups = {each: told.group_assigned(NOTHING, each) for each in everybody}
    old = next(each for each in everybody if groups[each] == 2)
    young = next(each for each in reversed(everybody) if groups[each] == 0)
    gathering = Gathering(Period(0, NOW_US), {young: old})
    seen = Seen(told, gathering)

    seen.note(decision([young], 0, plans[0]))
    assert seen.shares(old, 2) is None, "nothing was decided for the oldest so far"
    seen.note(decision([old, young], 1, plans[1]))

    assert seen.of(old) == {0, 2}
    assert seen.shares(old, 2) == pytest.approx((0.2, 0.2, 0.1))
