"""What the service tells of scenarios while they are live."""

from dataclasses import replace
from datetime import timedelta

import grpc
import pytest

from services.scenario.domain.taking import take_events
from services.scenario.reading import read_scenario
from tests.unit.scenario.playing import ADA, BOB, DAY_US, NOON_US, event, facts, for_all
from tests.unit.scenario.shop import bundle
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest, StageWay
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysRequest

CART, HESITATION = "abandoned_cart", "checkout_hesitation"
CY, DEE = "person-cy", "person-dee"


async def reported(face, scenario=CART, since_us=0):
    request = GetScenarioReportRequest(scenario=scenario)
    if since_us:
        request.since_time.FromMicroseconds(since_us)
    found = await face.stub.GetScenarioReport(request)
    return found if not scenario else found.scenarios[0]


async def begin(face, *people):
    for each in people:
        await face.happens(event(person_id=each, time_us=face.clock.now_us()))


async def test_a_scenario_nobody_was_on_is_told_as_it_is_defined(face):
    report = await reported(face)
    assert (report.title, report.defined, report.mode) == (
        "A cart left behind",
        True,
        RuleMode.ENFORCED,
    )
    assert report.begins_with == "add_to_cart or checkout_started, then quiet for 30 min"
    assert [(each.stage, each.does, each.over) for each in report.stages] == [
        ("web_offer", "proposes come_back", "after 2 d"),
        ("call", "task: call", "after 3 d or in vain"),
    ]
    assert list(report.stages[0].ways) == [StageWay(to="call", reasons=["after 2 d"])]
    assert list(report.stages[1].ways) == [StageWay(reasons=["after 3 d or in vain"])]
    assert not report.HasField("goal")


async def test_a_report_tells_where_people_are_what_they_passed_and_how_long_it_took(face):
    await face.happens(event())
    await face.passes(minutes=30)
    await face.happens(event(time_us=face.clock.now_us(), person_id=BOB))
    await face.passes(days=2)
    await face.happens(event(time_us=face.clock.now_us(), person_id=CY))
    await face.happens(event("purchase", face.clock.now_us(), person_id=BOB))
    report = await reported(face)
    web, call = report.stages
    assert (report.waiting, report.under_way, report.began, report.entered) == (1, 1, 3, 2)
    assert (web.here, web.entered, web.left, web.reached) == (0, 2, 2, 1)
    assert (call.here, call.entered, call.left) == (1, 1, 0)
    assert list(web.ways) == [StageWay(to="call", reasons=["after 2 d"], journeys=1)]
    assert [(each.outcome, each.journeys) for each in web.ends] == [("reached", 1)]
    assert web.high_time.ToMicroseconds() == 2 * DAY_US
    assert [(each.outcome, each.tasks) for each in call.tasks] == [("", 1)]
    assert (report.goal.entered.people, report.goal.entered.reached) == (2, 1)
    assert not report.goal.HasField("difference")


async def test_a_stage_taken_to_its_end_leads_to_the_end_and_an_exit_does_not(face):
    await face.lead_to_the_call()
    await face.passes(days=3)
    call = (await reported(face)).stages[1]
    assert [way.journeys for way in call.ways] == [1]
    assert [(each.outcome, each.journeys) for each in call.ends] == [("passed", 1)]


async def test_those_held_out_are_compared_with_those_who_entered(face):
    await begin(face, ADA, BOB)
    await face.passes(minutes=30)
    face.finder.found = replace(facts(is_defined=False), held_out=True)
    await begin(face, CY, DEE)
    await face.passes(minutes=30)
    await face.happens(event("purchase", face.clock.now_us(), person_id=ADA))
    report = await reported(face)
    goal = report.goal
    assert (goal.entered.people, goal.entered.reached, goal.entered.in_time) == (2, 1, 1)
    assert (goal.held_out.people, goal.held_out.reached, goal.held_out.in_time) == (2, 0, 2)
    assert goal.difference.difference == 0.5
    assert goal.difference.low < 0 < goal.difference.high
    assert goal.counts_for.ToMicroseconds() == 5 * DAY_US
    assert report.entered == 2


async def test_what_is_parked_is_told_with_why_and_is_stuck_after_a_day(face):
    face.finder.found = facts(offers={})
    await face.happens(event())
    await face.passes(minutes=30)
    (parked,) = (await reported(face)).stages[0].parked
    assert (parked.reason, parked.journeys) == ("its offer is gone: come_back", 1)
    assert (await reported(face)).stuck == 0
    face.clock.advance(timedelta(days=1, seconds=1))
    report = await reported(face)
    assert (report.parked, report.stuck, report.stages[0].parked_long) == (1, 1, 1)


async def test_what_should_have_moved_and_has_not_is_stuck(face):
    await face.happens(event())
    face.clock.advance(timedelta(minutes=35))
    assert (await reported(face)).stuck == 0
    face.clock.advance(timedelta(seconds=1))
    assert (await reported(face)).stuck == 1


async def test_without_a_name_all_are_told_defined_or_not(face):
    await face.happens(event())
    found = await reported(face, scenario="")
    assert [(each.scenario, each.in_session) for each in found.scenarios] == [
        (CART, False),
        (HESITATION, True),
    ]
    assert found.until_time.ToMicroseconds() == NOON_US
    assert not found.HasField("since_time")


async def test_journeys_from_before_are_left_out_but_for_where_they_stand(face):
    await face.lead_to_the_call()
    report = await reported(face, since_us=NOON_US + 1)
    assert (report.began, report.entered, report.stages[0].entered) == (0, 0, 0)
    assert (report.under_way, report.stages[1].here) == (1, 1)


async def test_a_scenario_taken_out_with_people_in_it_is_told_as_they_know_it(face):
    await face.lead_to_the_call()
    face.bundles.replace(bundle(with_abandoned_cart=False))
    report = await reported(face)
    assert (report.defined, report.mode) == (False, RuleMode.UNSPECIFIED)
    assert [(each.stage, each.defined) for each in report.stages] == [
        ("web_offer", False),
        ("call", False),
    ]


async def test_a_scenario_that_is_off_is_told_as_off(face):
    made = bundle()
    made.scenarios[1].mode = RuleMode.OFF
    face.bundles.replace(made)
    assert (await reported(face)).mode == RuleMode.OFF


async def test_a_name_that_is_not_known_is_answered_with_the_nearest(face):
    with pytest.raises(grpc.RpcError) as refused:
        await reported(face, "abandoned_cat")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert refused.value.details() == (
        "there is no scenario abandoned_cat; known are abandoned_cart"
    )


@pytest.mark.parametrize(("share", "listed"), [("100%", 0), ("0%", 1)])
async def test_nobody_is_told_that_somebody_held_out_waits_to_enter(face, share, listed):
    made = bundle()
    made.parameters["holdout"] = share
    face.bundles.replace(made)
    await begin(face, ADA)
    found = await face.stub.ListJourneys(ListJourneysRequest(person_ids=[ADA]))
    assert len(found.journeys) == listed
    assert (await reported(face)).waiting == 1


async def test_whoever_was_led_to_a_stage_and_could_not_enter_it_is_told_as_led_past_it(face):
    made = bundle()
    call = made.scenarios[1].stages[1]
    call.condition, call.otherwise = "customer.age > 18", "web_offer"
    face.bundles.replace(made)
    begun = read_scenario(made.scenarios[1])
    async with face.store.transaction() as transaction:
        starting = for_all({"add_to_cart": [begun]})
        await take_events(transaction, [event()], starting, NOON_US, lambda _: "journey-0")
    await face.passes(minutes=30)
    face.finder.found = replace(facts(), person={"customer.age": 17})
    await face.passes(days=2)
    web_offer, call = (await reported(face)).stages
    assert (web_offer.entered, call.entered) == (2, 0)
    assert list(web_offer.ways) == [StageWay(to="call", reasons=["after 2 d"], journeys=1)]
    assert call.ways[0] == StageWay(to="web_offer", reasons=["if not so"], journeys=1, passes=True)
