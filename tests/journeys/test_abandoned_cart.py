"""(f) A cart left behind: an offer on the site, and without an answer a call; crashes included."""

import uuid
from datetime import timedelta

import grpc
import grpc.aio
import pytest

from tests.journeys.channels import TIMEOUT_S, identities, only, shown, until
from tests.journeys.modes import APART_FIRST
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.scenario.v1 import scenario_service_pb2 as scenario_pb
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus

pytestmark = APART_FIRST

SCENARIO, OFFER = "abandoned_cart", "come_back"
LEFT_ALONE = timedelta(minutes=31)
WAITED_FOR = timedelta(days=2, minutes=1)
HELD = timedelta(minutes=16)
"""Longer than a task, and the contact reserved for it, is held."""
DEAR, CHEAP = "tv-1", "dvd-1"


async def known(channels, person):
    await channels.track(only(person, "customer", "visitor"), "login")
    return only(person, "visitor")


async def leave_a_cart(channels, person, item_id=DEAR):
    await channels.track(person, "add_to_cart", item_id=item_id, session_id="left")


async def stage(channels, person):
    """Return the stage of the journey the person is in; empty: before the first; None: in none."""
    view = await channels.view(person)
    return next((each.stage for each in view.journeys if each.scenario == SCENARIO), None)


async def in_stage(channels, person, wanted):
    async def entered():
        return await stage(channels, person) == wanted

    await until(entered)


async def over(channels, person):
    await in_stage(channels, person, None)


async def offered(channels, person):
    """Say whether the site shows the offer, as the next step of a journey."""
    answer = await channels.recommend(person, limit=3)
    [placement] = answer.placements
    reasons = {one.offer_id: one.reasons[0].code for one in placement.recommendations}
    if OFFER in reasons:
        assert reasons[OFFER] == Source.JOURNEY
    return OFFER in reasons


async def signed_on(channels, agent_id):
    request = edge_pb.SetAgentStatusRequest(
        agent_id=agent_id, status=AgentStatus.AVAILABLE, skills=["sales"], capacity=50
    )
    await channels.edge.SetAgentStatus(request, timeout=TIMEOUT_S)
    return agent_id


async def claimed(channels, agent_id, person_ids):
    """Claim tasks until the one about these persons comes; None when it is not there."""
    while True:
        request = edge_pb.ClaimTaskRequest(agent_id=agent_id)
        try:
            task = (await channels.edge.ClaimTask(request, timeout=TIMEOUT_S)).task
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return None
        if set(task.person_ids) & set(person_ids):
            return task


async def complete(channels, agent_id, task_id, outcome, offer_ids=()):
    request = edge_pb.CompleteTaskRequest(
        agent_id=agent_id, task_id=task_id, outcome=outcome, offer_ids=offer_ids
    )
    return await channels.edge.CompleteTask(request, timeout=TIMEOUT_S)


async def persons(channels, person):
    return list((await channels.view(person)).who.person_ids)


@pytest.fixture
async def ada(channels, somebody):
    """A customer who left a dear cart behind and was offered something on the site."""
    return await asked_back(channels, somebody("ada"))


async def asked_back(channels, whoever):
    """Let somebody leave a dear cart behind until the site is to ask them back."""
    person = await known(channels, whoever)
    await leave_a_cart(channels, person)
    await until(lambda: begun(channels, person))
    await channels.move_clock(LEFT_ALONE)
    await in_stage(channels, person, "on_the_site")
    return person


async def reported(channels):
    request = GetScenarioReportRequest(scenario=SCENARIO)
    answer = await channels.stubs["scenario"].GetScenarioReport(request, timeout=TIMEOUT_S)
    [report] = answer.scenarios
    return report


async def begun(channels, person):
    return await stage(channels, person) is not None


async def test_a_cart_left_behind_is_answered_on_the_site_and_then_by_a_call(
    channels, somebody, ada
):
    assert await offered(channels, ada)
    await channels.kill("scenario")
    assert await stage(channels, ada) == "on_the_site"
    await channels.move_clock(WAITED_FOR)
    await in_stage(channels, ada, "call")
    agent, other = await signed_on(channels, "agent-1"), await signed_on(channels, "agent-2")
    who = await persons(channels, ada)
    used = (await channels.view(ada)).contacts.used
    task = await claimed(channels, agent, who)
    assert task is not None
    assert "Lumen TV 41" in task.script
    assert task.reason
    assert list(task.offer_ids) == [OFFER]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await complete(channels, other, task.task_id, "done")
    assert refused.value.code() in (
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.FAILED_PRECONDITION,
    )
    assert await claimed(channels, other, who) is None
    await complete(channels, agent, task.task_id, "not_interested")
    await over(channels, ada)
    await channels.move_clock(HELD)
    assert (await channels.view(ada)).contacts.used == used + 1
    stages = {each.stage: each for each in (await reported(channels)).stages}
    on_the_site, call = stages["on_the_site"], stages["call"]
    assert [way.to for way in on_the_site.ways if way.journeys] == ["letter"]
    assert on_the_site.high_time.ToTimedelta() >= timedelta(days=2)
    assert "not_interested" in {end.answer for end in call.ends}
    assert "not_interested" in {each.outcome for each in call.tasks}


async def test_what_was_shown_before_does_not_hide_what_the_journey_offers_now(channels, somebody):
    eve = await known(channels, somebody("eve"))
    await leave_a_cart(channels, eve)
    await until(lambda: begun(channels, eve))
    await channels.move_clock(LEFT_ALONE - timedelta(minutes=2))
    assert not await offered(channels, eve)
    await channels.move_clock(timedelta(minutes=2))
    await in_stage(channels, eve, "on_the_site")
    assert await offered(channels, eve)


async def test_twin_who_buys_in_time_is_neither_offered_anything_nor_called(channels, somebody):
    bob = await known(channels, somebody("bob"))
    await leave_a_cart(channels, bob)
    await until(lambda: begun(channels, bob))
    await channels.track(bob, "purchase", item_id=DEAR, order_id="bob-1")
    await over(channels, bob)
    await channels.move_clock(LEFT_ALONE)
    assert not await offered(channels, bob)


async def test_twin_who_takes_the_offer_on_the_site_is_not_called(channels, ada):
    answer = await channels.recommend(ada, limit=3)
    assert OFFER in shown(answer)
    told = {"offer_id": OFFER, "decision_id": answer.decision_id, "placement": "web.home.banner"}
    await channels.track(ada, "accept", **told)
    await over(channels, ada)
    who = await persons(channels, ada)
    await channels.move_clock(WAITED_FOR)
    assert await claimed(channels, await signed_on(channels, "agent-1"), who) is None


async def test_who_was_approached_often_enough_is_neither_offered_it_nor_called(channels, somebody):
    fred = await asked_back(channels, somebody("fred"))
    who = await persons(channels, fred)
    await use_up_the_contacts(channels, fred)
    assert not await offered(channels, fred)
    await channels.move_clock(WAITED_FOR)
    await in_stage(channels, fred, "call")
    agent = await signed_on(channels, "agent-1")
    assert await claimed(channels, agent, who) is None


async def use_up_the_contacts(channels, person):
    """Let another system approach somebody until it is refused."""
    granted = True
    while granted:
        request = edge_pb.ReserveContactRequest(
            contact_id=str(uuid.uuid4()), identities=identities(person), channel=Channel.EMAIL
        )
        granted = (await channels.edge.ReserveContact(request, timeout=TIMEOUT_S)).granted
        if granted:
            await channels.track(person, "contact_sent", channel=Channel.EMAIL)


async def test_twin_a_cheap_cart_may_be_left_behind(channels, somebody):
    cara = await known(channels, somebody("cara"))
    await leave_a_cart(channels, cara, CHEAP)
    await channels.move_clock(LEFT_ALONE)
    await over(channels, cara)
    assert not await offered(channels, cara)


async def test_a_merge_takes_the_journey_along_and_undoing_it_gives_it_back(channels, somebody):
    dora = somebody("dora")
    visitor, customer = only(dora, "visitor"), only(dora, "customer")
    await leave_a_cart(channels, visitor)
    await until(lambda: begun(channels, visitor))
    await channels.track(customer, "page_view")
    assert not await begun(channels, customer)
    await channels.track(only(dora, "customer", "visitor"), "login")
    await until(lambda: begun(channels, customer))
    [one, other] = await persons(channels, customer)
    await channels.stubs["profile"].UnlinkPersons(
        profile_pb.UnlinkPersonsRequest(person_id=one, other_person_id=other), timeout=TIMEOUT_S
    )
    assert await begun(channels, visitor)
    assert not await begun(channels, customer)


async def test_an_erased_person_is_in_no_journey_and_called_by_nobody(channels, ada):
    who = await persons(channels, ada)
    await channels.stubs["profile"].ErasePerson(
        profile_pb.ErasePersonRequest(person_ids=who), timeout=TIMEOUT_S
    )

    async def forgotten():
        request = scenario_pb.ListJourneysRequest(person_ids=who)
        asked = channels.stubs["scenario"].ListJourneys(request, timeout=TIMEOUT_S)
        return not (await asked).journeys

    await until(forgotten)
    await channels.move_clock(WAITED_FOR)
    assert await claimed(channels, await signed_on(channels, "agent-1"), who) is None
