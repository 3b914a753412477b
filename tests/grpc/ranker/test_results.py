"""What came of it is told over the wire, with what cannot be said."""

import uuid
from collections import Counter
from types import SimpleNamespace

import grpc
import pytest
import pytest_asyncio

from services.ranker.domain.answers import DAY_US, HOUR_US
from services.ranker.domain.measures.definitions import MEASURES
from services.ranker.domain.meeting import Meetings
from services.ranker.exchange import Exchange
from services.ranker.kept import Reports
from services.ranker.measuring import Measurer
from services.ranker.servicer import RankerServicer
from services.ranker.validation import VALIDATORS
from shared.arms import assign_arm
from shared.binding import bind
from shared.testing.grpc import grpc_service
from tests.unit.ranker.shop import BIKE_NOS, PROMPT, shop
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind
from touchpoint.profile.v1.audience_pb2 import MembershipColumns
from touchpoint.profile.v1.profile_pb2 import ArmPlan, EventColumns
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.ranker.v1.results_pb2 import ResultConclusion
from touchpoint.rules.v1.currencies_pb2 import Currencies

NOW_US = 1_800_000_000_000_000
PLAN = ArmPlan(salt="s", holdout_share=0.3, static_share=0.3)
PEOPLE = 400


class Logs:
    """Everybody is shown a bike by an agent and looks at it; some buy it in the store."""

    def __init__(self, buys):
        self.people = [str(uuid.UUID(int=number)) for number in range(PEOPLE)]
        seen = Counter()
        self.buyers = []
        for each in self.people:
            arm = assign_arm(PLAN, each)
            seen[arm] += 1
            if buys(arm) and seen[arm] % 2:  # every other one of an arm
                self.buyers.append(each)
        self.periods = []

    async def first_decided_us(self, period):
        self.periods.append(period)
        return max(period.since_us, NOW_US - 3 * DAY_US)

    async def decisions(self, period):
        for person_id in [*self.people, ""]:
            notice = DecisionNotice(
                decision_id=str(uuid.uuid4()),
                person_ids=[person_id] if person_id else [],
                time_us=NOW_US - 3 * DAY_US,
                arm=assign_arm(PLAN, person_id),
                channel=Channel.CALL_CENTER,
            )
            notice.chosen.add(placement=PROMPT, offer_no=BIKE_NOS[0])
            yield [notice.SerializeToString()]

    async def sets(self):
        yield []

    async def events(self, period):
        yield self._columns("view", self.people, NOW_US - 3 * DAY_US, [0] * PEOPLE)
        paid = [100_000_000] * len(self.buyers)
        yield self._columns("purchase", self.buyers, NOW_US - 3 * DAY_US + HOUR_US, paid)

    async def memberships(self):
        yield MembershipColumns(
            person_ids=self.people[:50] * 2,
            segments=["bikers"] * 50 + ["left"] * 50,
            is_members=[True] * 50 + [False] * 50,
            changed_us=[0] * 100,
        )

    def _columns(self, name, people, time_us, paid):
        count = len(people)
        return EventColumns(
            person_ids=people,
            types=[name] * count,
            times_us=[time_us] * count,
            channels=[Channel.STORE] * count,
            offer_nos=[BIKE_NOS[0]] * count,
            quantities=[1.0] * count,
            value_micros=paid,
            cost_micros=[40_000_000] * count,
            order_ids=[""] * count,
            decision_ids=[""] * count,
            ratings=[-1.0] * count,
            objections=[False] * count,
        )


@pytest_asyncio.fixture(loop_scope="session")
async def measured(request):
    """Lend what asks for the results of a log."""
    logs = Logs(request.param)
    bundle = SimpleNamespace(
        arm_plan=PLAN,
        exchange=Exchange(Currencies()),
        seen_when_decided=frozenset({PROMPT}),
    )
    bundles = SimpleNamespace(active=bundle, active_hash="b")
    replica = SimpleNamespace(model=None)
    kept = SimpleNamespace(replica=replica, meetings=Meetings(), insights=None)
    reports = Reports(Measurer(logs, shop(), bundles, lambda: NOW_US), None)
    servicer = RankerServicer(shop(), bundles, kept, reports)
    contract = pb.DESCRIPTOR.services_by_name["RankerService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        stub = RankerServiceStub(channel)

        async def ask(**wanted):
            request = pb.GetResultsRequest()
            for name, time_us in wanted.items():
                getattr(request, name).FromMicroseconds(time_us)
            return [told async for told in stub.GetResults(request, timeout=30)]

        yield ask, logs


def only_personalised(arm):
    return arm == Arm.PERSONALISED


def everybody_alike(arm):
    return True


@pytest.mark.parametrize("measured", [only_personalised], indirect=True)
async def test_what_only_the_personalised_buy_is_better_in_money_and_told_by_channel(measured):
    ask, logs = measured
    *before, last = await ask()
    assert all(told.HasField("progress") for told in before)
    found = last.results
    assert (found.decisions, found.decisions_for_nobody) == (PEOPLE + 1, 1)
    assert found.since_time.ToMicroseconds() == NOW_US - 3 * DAY_US
    people = {told.arm: told.people for told in found.arms}
    assert sum(people.values()) == PEOPLE
    by_name = {told.name: told for told in found.measures}
    assert list(by_name) == list(MEASURES)
    brought = by_name["contribution"].differences[0]
    assert (brought.arm, brought.against) == (Arm.PERSONALISED, Arm.HOLDOUT)
    assert brought.conclusion == ResultConclusion.BETTER
    assert brought.total == pytest.approx(60.0 * len(logs.buyers))
    assert brought.total_low < brought.total < brought.total_high
    [pair] = found.channels
    assert (pair.seen, pair.bought) == (Channel.CALL_CENTER, Channel.STORE)
    assert pair.revenue == 100 * len(logs.buyers)
    [split] = by_name["revenue"].channels
    assert (split.seen, split.bought, split.part) == (pair.seen, pair.bought, pair.revenue)
    accepted = {each.bought: each.value for each in by_name["acceptance"].channels}
    assert accepted == {
        Channel.STORE: pytest.approx(len(logs.buyers) / PEOPLE),
        Channel.UNSPECIFIED: 0,
    }
    [kind] = found.kinds
    assert (kind.kind, kind.shown, kind.accepted) == (OfferKind.PRODUCT, PEOPLE, len(logs.buyers))
    assert 0 < kind.low < kind.acceptance < kind.high < 1
    [offer] = found.offers
    assert (offer.shown, offer.accepted) == (PEOPLE, len(logs.buyers))
    assert offer.low < offer.worth_per_1000 < offer.high
    [segment] = found.segments
    assert (segment.segment, segment.people) == ("bikers", 50)


@pytest.mark.parametrize("measured", [everybody_alike], indirect=True)
async def test_without_an_effect_nothing_is_significant(measured):
    ask, _ = measured
    found = (await ask())[-1].results
    for measure in found.measures:
        for difference in measure.differences:
            assert difference.conclusion in (
                ResultConclusion.NOT_SIGNIFICANT,
                ResultConclusion.TOO_FEW,
            )
    by_name = {told.name: told for told in found.measures}
    conclusions = [told.conclusion for told in by_name["revenue"].differences]
    assert conclusions == [ResultConclusion.NOT_SIGNIFICANT] * 3


@pytest.mark.parametrize("measured", [everybody_alike], indirect=True)
async def test_what_cannot_be_said_is_said(measured):
    ask, _ = measured
    codes = {told.code for told in (await ask())[-1].results.caveats}
    assert {
        "TOO_SHORT_FOR_REPEAT",
        "NO_RATINGS",
        "FOR_NOBODY",
        "SHORTER_THAN_ASKED",
        "ONE_LOOK",
    } <= codes
    assert codes.isdisjoint({"NO_HOLDOUT", "NO_STATIC", "FEW_PEOPLE", "ARMS_MISMATCH"})


@pytest.mark.parametrize("measured", [everybody_alike], indirect=True)
async def test_the_last_four_weeks_are_asked_for_and_a_period_must_begin_before_it_ends(measured):
    ask, logs = measured
    await ask()
    assert logs.periods[-1].since_us == NOW_US - 28 * DAY_US
    with pytest.raises(grpc.aio.AioRpcError, match="before the end") as refused:
        await ask(since_time=NOW_US + DAY_US)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
