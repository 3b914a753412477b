"""A scenario in shadow: journeys go their way on live events, nothing is done, all is counted."""

import grpc
import pytest

from services.scenario.domain.taking import take_events
from services.scenario.storage.notices import journey_notice
from tests.unit.scenario.playing import ADA, BOB, event, for_all
from tests.unit.scenario.shop import bundle
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus
from touchpoint.scenario.v1.scenario_service_pb2 import ClaimTaskRequest, SetAgentStatusRequest

CART = "abandoned_cart"


@pytest.fixture
def shadow(face):
    made = bundle()
    for each in made.scenarios:
        if each.scenario == CART:
            each.mode = RuleMode.SHADOW
    face.bundles.replace(made)
    return face


async def happens(face, happened):
    starting = for_all(face.bundles.active.starting)
    async with face.store.transaction() as transaction:
        await take_events(
            transaction, [happened], starting, face.clock.now_us(), lambda _: happened.person_id
        )


async def report_of(face):
    answer = await face.stub.GetScenarioReport(GetScenarioReportRequest(scenario=CART))
    return answer.scenarios[0]


async def test_journeys_in_shadow_pass_their_stages_and_are_counted(shadow):
    await happens(shadow, event(person_id=ADA))
    await happens(shadow, event(person_id=BOB))
    await shadow.passes(minutes=30)
    await shadow.passes(days=2)
    await happens(shadow, event("purchase", shadow.clock.now_us(), person_id=BOB))
    report = await report_of(shadow)
    assert report.mode == RuleMode.SHADOW
    assert (report.began, report.entered, report.under_way) == (2, 2, 1)
    assert [(each.stage, each.entered) for each in report.stages] == [("web_offer", 2), ("call", 2)]
    assert [end.outcome for end in report.ends] == ["", "reached"]
    assert not report.HasField("goal"), "nothing was done that a holdout could be compared with"


async def test_nothing_of_a_journey_in_shadow_is_proposed_given_or_sent(shadow):
    await happens(shadow, event(person_id=ADA))
    await shadow.passes(minutes=30)
    (journey,) = await shadow.store.open_for([ADA])
    assert journey.offer_nos, "in its stage it knows what it would propose"
    assert not journey_notice(journey).offer_no
    await shadow.passes(days=2)
    (journey,) = await shadow.store.open_for([ADA])
    assert journey.current.task is not None
    asked = SetAgentStatusRequest(
        agent_id="eve", status=AgentStatus.AVAILABLE, skills=["sales"], capacity=1
    )
    await shadow.stub.SetAgentStatus(asked)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shadow.stub.ClaimTask(ClaimTaskRequest(agent_id="eve"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert not shadow.store.errands
    assert not (await report_of(shadow)).stages[1].tasks
