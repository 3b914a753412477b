"""What a decision was decided by is kept, goes with the person, and is left by no preview."""

import json

from shared.call import CALLER
from tests.journeys.channels import TIMEOUT_S, session, shown, until
from tests.journeys.shop import LAMP, SHOE
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb

TYPED = "a secret wish"


async def test_a_live_decision_leaves_what_it_was_decided_by_until_the_person_is_erased(
    channels, somebody
):
    ada = somebody("ada")
    await channels.track(ada, "view", item_id=SHOE)
    seen = session("visit")
    seen.item_ids.append(LAMP)
    seen.query = TYPED
    seen.attributes["page"] = "home"
    answer = await channels.recommend(ada, context=seen)
    persons = list((await channels.view(ada)).who.person_ids)
    [row] = await recordings(channels, persons)
    recorded = row["recorded"]
    asked = edge_pb.ExplainDecisionRequest(decision_id=answer.decision_id)
    trace = (await channels.edge.ExplainDecision(asked, timeout=TIMEOUT_S)).trace
    assert (row["decision_id"], row["person_ids"]) == (answer.decision_id, persons)
    context = recorded["context"]
    assert (context["session_id"], context["attributes"]) == ("visit", {"page": "home"})
    assert context["bundle_hash"] == trace.bundle_hash
    assert {tuple(each) for each in context["identity_keys"]} == {("kind",)}
    assert TYPED not in json.dumps(row)
    assert ada["customer"] not in json.dumps(row)
    snapshot = recorded["snapshot"]
    assert snapshot["person_ids"] == persons
    assert snapshot["recent"]["types"] == ["view"]
    candidates = recorded["candidates"]
    assert candidates["offer_nos"] == list(trace.candidates.offer_nos)
    assert len(candidates["scores"]) == len(candidates["sources"]) == len(candidates["offer_nos"])
    [slate] = recorded["slates"]
    assert (slate["placement"], len(slate["offer_nos"])) == ("web.home.banner", len(shown(answer)))
    assert set(slate["offer_nos"]) <= set(candidates["offer_nos"])
    assert (recorded["weight"], recorded["model"]) == (1.0, trace.model)

    await channels.stubs["profile"].ErasePerson(
        profile_pb.ErasePersonRequest(person_ids=persons), timeout=TIMEOUT_S
    )

    async def gone():
        return not await kept(channels, persons)

    await until(gone)


async def test_neither_a_preview_nor_an_answer_that_stands_is_recorded(channels, somebody):
    ada = somebody("ada")
    await channels.track(ada, "view", item_id=SHOE)
    await channels.recommend(ada, preview=True)
    first = await channels.recommend(ada)
    again = await channels.recommend(ada)
    assert again.decision_id == first.decision_id
    await channels.recommend(ada, preview=True)
    other = await channels.recommend(ada, context=session("another"), exclude_ids=[LAMP])
    assert other.decision_id != first.decision_id
    persons = list((await channels.view(ada)).who.person_ids)
    rows = await recordings(channels, persons, at_least=2)
    assert {row["decision_id"] for row in rows} == {first.decision_id, other.decision_id}
    assert len(rows) == 2


async def recordings(channels, persons, at_least=1):
    """Return what is recorded of persons, once there is so much of it."""

    async def written():
        return len(await kept(channels, persons)) >= at_least

    await until(written)
    return await kept(channels, persons)


async def kept(channels, persons):
    request = rules_pb.ExportPersonRequest(person_ids=persons)
    metadata = [(CALLER, "cli")]
    stream = channels.stubs["rules"].ExportPerson(request, timeout=TIMEOUT_S, metadata=metadata)
    return [
        json.loads(row)
        async for part in stream
        if part.table == "recorded_decisions"
        for row in part.rows
    ]
