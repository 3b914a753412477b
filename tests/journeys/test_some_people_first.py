"""(j) Definitions may be for some people first: the same on every channel, all others not."""

import uuid
from contextlib import asynccontextmanager

import pytest

from shared.trials import is_in_trial
from tests.journeys.channels import TIMEOUT_S, only, removed, until
from tests.journeys.modes import APART_AND_TOGETHER
from tests.journeys.shop import FREE_SHIPPING
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

pytestmark = APART_AND_TOGETHER

_PEOPLE = 12


async def without_free_shipping(channels):
    """Return the files in force with a rule that takes free shipping away."""
    found = await channels.stubs["rules"].GetBundle(rules_pb.GetBundleRequest(), timeout=TIMEOUT_S)
    files = list(found.bundle.files)
    old, new = "offer.withdrawn", f"offer.withdrawn || offer.id == '{FREE_SHIPPING}'"
    assert any(old in file.text for file in files)
    for file in files:
        file.text = file.text.replace(old, new)
    return files


async def apply(channels, files, share):
    request = rules_pb.ApplyDefinitionsRequest(files=files, share=share, message="Less shipping")
    answer = await channels.stubs["rules"].ApplyDefinitions(request, timeout=TIMEOUT_S)
    assert not [problem for problem in answer.problems if not problem.warning]
    return answer.trial


async def roll_back(channels):
    request = rules_pb.RollbackDefinitionsRequest()
    return await channels.stubs["rules"].RollbackDefinitions(request, timeout=TIMEOUT_S)


@asynccontextmanager
async def tried(channels, files, share):
    """Have files in force for a share, and end it in any case."""
    trial = await apply(channels, files, share)
    try:
        yield trial
    finally:
        await roll_back(channels)


async def decided(channels, person, ask):
    """Return by which bundle a person was decided, who it was, and whether free shipping went."""
    answer = await ask(person, explain=True, context={"session_id": str(uuid.uuid4())})
    request = edge_pb.ExplainDecisionRequest(decision_id=answer.decision_id)
    trace = (await channels.edge.ExplainDecision(request, timeout=TIMEOUT_S)).trace
    went = removed(answer).get(FREE_SHIPPING) == RemovalCode.OUT_OF_SCHEDULE
    return trace.bundle_hash, trace.person_ids[0], went


async def follows(channels, people, trial, main):
    """Say whether everybody gets what the trial has for them, on the site as with an agent."""
    for person in people:
        for who, ask in ((person, channels.recommend), (only(person, "phone"), channels.agent)):
            bundle_hash, oldest_id, went = await decided(channels, who, ask)
            mine = is_in_trial(trial, oldest_id)
            if (bundle_hash, went) != (trial.bundle_hash if mine else main, mine):
                return False
    return True


@pytest.fixture
async def people(channels, somebody):
    found = [only(somebody("trier"), "customer", "phone") for _ in range(_PEOPLE)]
    for person in found:
        await channels.track(person, "login")
    return found


async def test_a_share_of_people_is_decided_by_other_definitions_on_every_channel(channels, people):
    main = (await decided(channels, people[0], channels.recommend))[0]
    files = await without_free_shipping(channels)
    async with tried(channels, files, 0.5) as trial:
        await until(lambda: follows(channels, people, trial, main))
        assert await follows(channels, people, trial, main)
        stranger = {"visitor": str(uuid.uuid4())}
        nobody = await channels.recommend(stranger, preview=True, explain=True)
        assert removed(nobody).get(FREE_SHIPPING) != RemovalCode.OUT_OF_SCHEDULE
        larger = await apply(channels, files, 0.8)
        await until(lambda: follows(channels, people, larger, main))
    nothing = Trial()
    await until(lambda: follows(channels, people, nothing, main))


TRIED = """\
segments:
  - {segment: tried, title: Tried on some, when: customer.frequency >= 0}
scenarios:
  - scenario: tried
    title: Tried on some
    starts_on: [article_view]
    quiet_for: 30m
    stages:
      - stage: call
        task: {kind: call, reason: Reads about it., script: May I help?, skills: [sales]}
        lasts: 3d
"""


async def members_of(channels, segment):
    """Return who is in a segment as far as it was told, by all their ids."""
    request = profile_pb.StreamMembershipsRequest(segments=[segment])
    stream = channels.stubs["profile"].StreamMemberships(request, timeout=TIMEOUT_S)
    rows = [
        row
        async for response in stream
        for row in zip(
            response.memberships.person_ids, response.memberships.is_members, strict=True
        )
    ]
    latest = dict(rows)
    return {person_id for person_id, is_member in latest.items() if is_member}


async def test_segments_and_journeys_that_events_begin_are_those_of_the_share_for_those_in_it(
    channels, people
):
    found = await channels.stubs["rules"].GetBundle(rules_pb.GetBundleRequest(), timeout=TIMEOUT_S)
    files = [*found.bundle.files, DefinitionFile(path="tried.yaml", text=TRIED)]
    async with tried(channels, files, 0.5) as trial:

        async def is_all_as_tried():
            members = await members_of(channels, "tried")
            for person in people:
                view = await channels.view(person)
                is_mine = is_in_trial(trial, view.who.person_id)
                has = (
                    "tried" in view.segments,
                    view.who.person_id in members,
                    "tried" in {journey.scenario for journey in view.journeys},
                )
                if has != (is_mine,) * 3:
                    return False
            return True

        async def is_followed():
            views = [await channels.view(person) for person in people]
            return any("tried" in view.segments for view in views)

        await until(is_followed)
        for person in people:
            await channels.track(person, "article_view", page="about/it")
        await until(is_all_as_tried)

    async def is_over():
        return not await members_of(channels, "tried")

    await until(is_over)
