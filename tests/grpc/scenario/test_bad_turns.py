"""What callers see of journeys that something stands in the way of: defined, and visible."""

import pytest

from services.scenario.domain.facts import Happened
from services.scenario.domain.taking import take_events
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.obstacles import Obstacles
from services.scenario.journeys.timers import Timers
from shared.conditions.person import PersonValues
from shared.testing.background import running, until
from tests.unit.scenario.playing import ADA, DAY_US, for_all
from tests.unit.scenario.shop import bundle
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.rules.v1.rules_pb2 import Scenario
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus

ASKED = scenario(
    stage("wait", lasts=DAY_US),
    stage("asked", condition='customer.attributes["tier"] == "gold"', lasts=DAY_US),
    goals=["purchase"],
)
CALLED = scenario(stage("call", call=True, lasts=DAY_US), stage("site", offer="come_back"))
OFFERED = scenario(stage("site", offer="come_back", lasts=3 * DAY_US), stage("rest", lasts=DAY_US))


class People:
    """Ada, as she is known by now."""

    def __init__(self):
        self.snapshot_of_ada = PersonSnapshot(person_ids=[ADA])

    async def snapshot(self, person_id):
        return self.snapshot_of_ada

    def values(self, snapshot):
        return PersonValues(snapshot)


def defining(*made):
    """Make definitions with these scenarios."""
    found = bundle(with_abandoned_cart=False)
    found.scenarios.extend(Scenario.FromString(each.definition) for each in made)
    return found


@pytest.fixture
def people():
    return People()


@pytest.fixture
async def turning(face, people, monkeypatch):
    """A face whose timers find out by themselves what is so, and which hears of definitions."""
    monkeypatch.setattr("services.scenario.journeys.obstacles._LOOK_EVERY_S", 0.01)
    finder = Finder(face.catalogue, face.bundles, people, face.clock, None)
    face.timers = Timers(face.store, finder, face.clock, owner="test", lease_s=5.0)
    return face


async def begin(face, made):
    face.bundles.replace(defining(made), "with it")
    now_us = face.clock.now_us()
    async with face.store.transaction() as transaction:
        viewed = Happened(ADA, "view", now_us, 0, {"event.type": "view"})
        await take_events(transaction, [viewed], for_all({"view": [made]}), now_us, lambda _: "j")
    await face.timers.work_once()


async def defined(face, *made):
    """Let other definitions be in force, and journeys be compared with them."""
    face.bundles.replace(defining(*made), str(made))
    obstacles = Obstacles(
        face.store, face.proposals, face.catalogue, face.bundles, face.clock, lambda: None
    )
    async with running(obstacles):
        await until(lambda: obstacles._seen is not None)
    await face.timers.work_once()


async def only(face):
    answer = await face.stub.ListJourneys(pb.ListJourneysRequest(person_ids=[ADA]), timeout=5)
    (found,) = answer.journeys
    return found


async def is_over(face):
    answer = await face.stub.ListJourneys(pb.ListJourneysRequest(person_ids=[ADA]), timeout=5)
    return not answer.journeys


async def test_a_condition_that_fails_parks_with_the_reason_and_goes_on_once_it_does_not(
    turning, people
):
    await begin(turning, ASKED)
    await turning.passes(days=1)
    parked = await only(turning)
    assert parked.obstacle == "the condition of stage asked cannot be evaluated"
    assert parked.waits_for.startswith("its obstacle to go, until ")
    people.snapshot_of_ada.attributes["tier"] = "gold"
    await turning.passes(minutes=59)
    assert (await only(turning)).obstacle
    await turning.passes(minutes=1)
    asked = await only(turning)
    assert (asked.stage, asked.obstacle) == ("asked", "")


async def test_a_condition_that_always_fails_ends_its_journey_when_the_stage_would_have(turning):
    await begin(turning, ASKED)
    await turning.passes(days=1)
    assert (await only(turning)).obstacle
    await turning.passes(days=1)
    assert await is_over(turning)
    (ended,) = turning.store.journeys.values()
    assert ended.outcome.value == "obstructed"


async def test_of_a_scenario_that_is_deleted_journeys_are_parked_with_the_reason(turning):
    await begin(turning, OFFERED)
    assert (await only(turning)).stage == "site"
    await defined(turning)
    assert turning.store.journeys["j"].proposal is None, "it proposes nothing any more"
    parked = await only(turning)
    assert parked.obstacle == "its scenario is not in force for them any more"


async def test_a_scenario_that_is_back_takes_up_its_journeys_where_they_were(turning):
    await begin(turning, OFFERED)
    await defined(turning)
    assert (await only(turning)).obstacle
    await defined(turning, OFFERED)
    again = await only(turning)
    assert (again.stage, again.obstacle) == ("site", "")


async def test_of_a_scenario_that_stays_deleted_journeys_end(turning):
    await begin(turning, OFFERED)
    await defined(turning)
    await turning.passes(days=3)
    assert await is_over(turning)


async def test_a_task_that_was_given_stays_given_and_its_outcome_counts(turning):
    await begin(turning, CALLED)
    await defined(turning)
    assert (await only(turning)).obstacle == ""
    status = pb.SetAgentStatusRequest(agent_id="eve", status=AgentStatus.AVAILABLE)
    await turning.stub.SetAgentStatus(status, timeout=5)
    task = (await turning.stub.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)).task
    said = pb.CompleteTaskRequest(agent_id="eve", task_id=task.task_id, outcome="declined")
    await turning.stub.CompleteTask(said, timeout=5)
    assert await is_over(turning)
