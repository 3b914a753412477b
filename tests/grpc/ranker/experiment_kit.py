"""A ranker that tells of experiments, over a real server, by logs that a test makes up."""

import uuid
from collections import Counter
from contextlib import asynccontextmanager
from functools import cache
from types import SimpleNamespace

import pytest

from services.ranker.definitions import compile_bundle
from services.ranker.domain.answers import DAY_US, HOUR_US
from services.ranker.domain.meeting import Meetings
from services.ranker.experimenting import Experimenter
from services.ranker.kept import Reports
from services.ranker.servicer import RankerServicer
from services.ranker.validation import VALIDATORS
from shared.arms import assign_arm, assign_variants
from shared.binding import bind
from shared.definitions.follower import NO_TRIAL
from shared.testing.grpc import grpc_service
from tests.unit.ranker.shop import BIKE_NOS, shop
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.decision_pb2 import Trial, VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.experiments_pb2 import (
    GetExperimentRequest,
)
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1.experiments_pb2 import (
    Experiment,
    ExperimentVariant,
    KeptExperiment,
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


@cache
def arm_of(person_id):
    return assign_arm(DEFINITIONS.arm_plan, person_id)


@cache
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
            if NOW_US - (1 + number % 20) * DAY_US < period.since_us:
                continue
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


ONE_LOOK = "the intervals hold for one look"


@asynccontextmanager
async def ranker_that_reads(logs):
    """Lend a stub of a ranker that reads some logs."""
    bundles = logs.bundles

    async def kept():
        return logs.kept

    reports = Reports(None, Experimenter(logs, shop(), bundles, lambda: NOW_US, kept, 90))
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
