"""Personas in the snapshot from the first clicks, and proposals out of the people there are."""

import asyncio
from datetime import timedelta

import grpc
import pytest

from services.profile.domain.reading import NO_TIERS
from services.profile.persona_rpcs import PersonaTrainer
from services.profile.storage.personas import PostgresPersonas
from services.profile.storage.state_codec import decode_whole
from shared.errors import Aborted
from touchpoint.common.v1.persona_pb2 import Persona, Share
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.personas_pb2 import PersonaProposals
from touchpoint.rules.v1.rules_pb2 import Segment

VISITOR = [("visitor", "v")]
RUNNER = Persona(
    persona="runner", weight=0.2, categories=[Share(value="Shoes > Running", share=0.8)]
)
TINKERER = Persona(persona="tinkerer", weight=0.2, categories=[Share(value="Computers", share=0.8)])
RUNNERS = Segment(segment="runners", when='customer.persona == "runner"')


@pytest.fixture
def store(database):
    return PostgresPersonas(database)


async def look(client, item, times=1, who=VISITOR):
    await client.record(*(client.event(who, "view", item_id=item) for _ in range(times)))


async def test_three_clicks_give_a_visitor_a_persona_and_later_ones_another(client, followed):
    followed.become(personas=[RUNNER, TINKERER], segments=[RUNNERS])
    assert (await client.snapshot(*VISITOR)).persona == ""
    await look(client, "shoe", 3)
    first = await client.snapshot(*VISITOR)
    assert (first.persona, list(first.segments)) == ("runner", ["runners"])
    assert 0.4 <= first.persona_probability <= 1.0
    client.clock.advance(timedelta(days=300))
    await look(client, "laptop", 5)
    later = await client.snapshot(*VISITOR)
    assert (later.persona, list(later.segments)) == ("tinkerer", [])


async def test_other_definitions_count_for_the_next_snapshot(client, followed):
    await look(client, "shoe", 3)
    followed.become(personas=[RUNNER], parameters={"persona.assigned_from": "99.9%"})
    assert (await client.snapshot(*VISITOR)).persona == ""
    followed.become(personas=[RUNNER])
    assert (await client.snapshot(*VISITOR)).persona == "runner"


async def personas_of(client):
    told = {}
    async for response in client.stub.StreamPersonas(pb.StreamPersonasRequest(), timeout=10):
        told |= dict(zip(response.person_ids, response.personas, strict=True))
    return told


async def test_who_is_of_which_persona_streams_but_for_those_who_refused(client, followed):
    assert await personas_of(client) == {}
    followed.become(personas=[RUNNER, TINKERER])
    await look(client, "shoe", 3)
    await look(client, "laptop", 4, [("visitor", "t")])
    await look(client, "shoe", 4, [("visitor", "r")])
    refused = {"purpose": "profiling", "granted": "false"}
    await client.record(client.event([("visitor", "r")], "consent", attributes=refused))
    told = await personas_of(client)
    [runner] = (await client.snapshot(*VISITOR)).person_ids
    [tinkerer] = (await client.snapshot(("visitor", "t"))).person_ids
    assert told == {runner: "runner", tinkerer: "tinkerer"}


async def test_too_few_people_are_refused_and_nothing_is_kept(client):
    await look(client, "shoe", 3)
    stream = client.stub.TrainPersonas(pb.TrainPersonasRequest(), timeout=60)
    answers = [answer async for answer in stream]
    assert "at least 100 are needed" in answers[-1].proposals.refusal
    listed = await client.stub.ListPersonaProposals(pb.ListPersonaProposalsRequest())
    assert not listed.HasField("proposals") or not listed.proposals.proposals


async def test_the_last_proposals_are_listed(client, store):
    for people in (300, 400):
        proposals = PersonaProposals(people=people)
        proposals.trained_time.FromMicroseconds(people)
        await store.keep(proposals)
    listed = await client.stub.ListPersonaProposals(pb.ListPersonaProposalsRequest())
    assert listed.proposals.people == 400


async def test_sets_are_sampled_whole_and_each_once(client, store):
    for number in range(12):
        await look(client, "shoe", who=[("visitor", f"v{number}")])
    one, other = [(await client.snapshot(("visitor", name))).person_ids[0] for name in ("v0", "v1")]
    await client.stub.LinkPersons(pb.LinkPersonsRequest(person_id=one, other_person_id=other))
    told = []
    sets = await store.sample(1, told.append)
    assert sorted(len(states) for states in sets) == [1] * 10 + [2]
    assert all(decode_whole(state).categories for states in sets for state in states)
    assert told[-1] == 11


async def test_a_large_shop_is_sampled_the_same_for_a_seed(client, store, monkeypatch):
    looks = [
        client.event([("visitor", f"v{n}")], "view", item_id="shoe", session_id=f"s{n}")
        for n in range(40)
    ]
    await client.record(*looks)
    monkeypatch.setattr("services.profile.storage.personas.MAX_SAMPLE", 10)
    one, again, other = [await store.sample(seed, lambda _: None) for seed in (1, 1, 2)]
    assert one == again
    assert one != other
    assert 0 < len(one) < 30


class Store:
    """People, and what was proposed of them."""

    def __init__(self):
        self.kept = None

    async def sample(self, seed, tell):
        tell(2)
        return [[b"a"], [b"b"]]

    async def keep(self, proposals):
        self.kept = proposals

    async def newest(self):
        return self.kept or PersonaProposals()


async def test_progress_goes_from_reading_to_learning_and_a_second_training_waits_its_turn():
    told, under_way, go_on = [], asyncio.Event(), asyncio.Event()

    async def train(order, states, tell):
        tell("learning", 0.5)
        under_way.set()
        await go_on.wait()
        return PersonaProposals(people=len(states))

    store = Store()
    trainer = PersonaTrainer(store, lambda: NO_TIERS, lambda: 7, train)
    work = asyncio.create_task(trainer.train(1, lambda *step: told.append(step)))
    await under_way.wait()
    with pytest.raises(Aborted, match="under way"):
        await trainer.train(1, lambda *_: None)
    go_on.set()
    assert (await work).people == 2
    assert store.kept.people == 2
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.6)


async def test_a_caller_that_leaves_ends_the_training(client):
    stream = client.stub.TrainPersonas(pb.TrainPersonasRequest(), timeout=60)
    stream.cancel()
    with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
        await stream.read()
    again = client.stub.TrainPersonas(pb.TrainPersonasRequest(), timeout=60)
    assert [answer async for answer in again][-1].proposals.refusal
