"""Everything that profile keeps of a person is theirs to have, and every look at it is noted."""

import json

import grpc
import pytest

from shared.call import CALLER
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.grpc import grpc_service
from tests.grpc.profile.edge import keys_of
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

ADA = ("customer", "ada")
EMAIL = ("email", "ada@shop.example")
COOKIE = ("visitor", "cookie-1234")


async def exported(client, *person_ids, caller="dpo"):
    tables = {}
    request = pb.ExportPersonRequest(person_ids=person_ids)
    stream = client.stub.ExportPerson(request, timeout=5, metadata=[(CALLER, caller)])
    async for response in stream:
        tables.setdefault(response.table, []).extend(map(json.loads, response.rows))
    return tables


async def audit(client, *person_ids, verify=False):
    request = pb.StreamAuditRequest(person_ids=person_ids, verify=verify)
    return [response async for response in client.stub.StreamAudit(request, timeout=5)]


async def known(client):
    """Have a person who did all that leaves something behind."""
    customer = pb.CustomerRecord(
        identities=[Identity(kind=kind, value=value) for kind, value in (ADA, EMAIL)],
        attributes={"name": "Ada Byron", "city": "Bath"},
    )
    request = pb.ImportCustomersRequest(import_id="i", customers=[customer])
    await client.stub.ImportCustomers(request, timeout=5)
    await client.record(
        client.event([ADA, COOKIE], "login"),
        client.event([ADA], "search", query="a secret wish", page="/search"),
        client.event([COOKIE], "purchase", item_id="shoe", attributes={"note": "for Bob"}),
        client.event([ADA], "consent", attributes={"purpose": "sharing", "source": "till"}),
    )
    return list((await client.answer(ADA)).person_ids)


async def test_an_export_holds_everything_in_full_and_opened(client):
    persons = await known(client)
    found = await exported(client, *persons)
    assert {row["name"] for row in found["persons"]} == {"Ada Byron", ""}
    assert {(row["kind"], row["value"]) for row in found["identities"]} == {ADA, EMAIL, COOKIE}
    assert {row["type"]: row["private"] for row in found["events"]} == {
        "login": {},
        "search": {"query": "a secret wish", "page": "/search"},
        "purchase": {"attributes": {"note": "for Bob"}},
        "consent": {},
    }
    assert {row["name"]: row["value"] for row in found["attributes"]} == {"city": "Bath"}
    [consent] = found["consents"]
    assert (consent["purpose"], consent["source"], consent["stands"]) == ("sharing", "till", True)
    assert found["snapshot"][0]["traits"]["frequency"] == 1
    assert len(found["links"]) == 1
    assert len(found["profiles"]) == 2


async def test_an_export_is_of_the_whole_set_whichever_of_it_is_named(client):
    persons = await known(client)
    found = await exported(client, persons[1])
    assert {row["person_id"] for row in found["persons"]} == set(persons)
    await client.record(client.event([("customer", "bob")], "view"))
    [bob] = (await client.answer(("customer", "bob"))).person_ids
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await exported(client, persons[0], bob)
    assert failed.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_export_tells_who_read_what_and_itself(client):
    persons = await known(client)
    await client.profile(EMAIL)
    rows = (await exported(client, *persons))["audit"]
    told = [(row["caller"], row["action"]) for row in rows]
    both = [("anonymous", "read")] * 2 + [("dpo", "exported")] * 2
    assert told == [("web", "consent_changed"), *both]


async def test_whoever_takes_people_out_is_written_down_for_each(client):
    persons = await known(client)
    for personal in (False, True):
        request = pb.ExportProfilesRequest(personal=personal)
        assert [page async for page in client.stub.ExportProfiles(request, timeout=5)]
    told = [entry for response in await audit(client, *persons) for entry in response.entries]
    exported = [entry.person_id for entry in told if entry.action == "exported"]
    assert sorted(exported) == sorted([*persons, *persons])


async def test_whoever_takes_out_what_people_wrote_is_written_down_once_for_each(client):
    persons = await known(client)
    for personal in (False, True):
        request = pb.ExportEventsRequest(personal=personal)
        assert [part async for part in client.stub.ExportEvents(request, timeout=5)]
    told = [entry for response in await audit(client, *persons) for entry in response.entries]
    exported = [entry.person_id for entry in told if entry.action == "exported"]
    assert sorted(exported) == sorted(persons)


async def test_a_decision_is_no_look_at_the_record_and_somebody_unknown_is_nobodys(client):
    persons = await known(client)
    before = len((await audit(client, *persons))[0].entries)
    await client.snapshot(ADA)
    await client.profile(("customer", "nobody"))
    assert len((await audit(client, *persons))[0].entries) == before


async def test_the_trail_is_verified_through_the_rpc(client):
    persons = await known(client)
    await client.profile(ADA)
    *_, last = await audit(client, verify=True)
    assert (last.verification.intact, last.verification.damage) == (3, "")
    [told] = await audit(client, persons[0])
    assert {entry.person_id for entry in told.entries} == {persons[0]}
    await client.database.execute("ALTER TABLE audit DISABLE TRIGGER USER")
    await client.database.execute("UPDATE audit SET caller = 'nobody' WHERE position = 2")
    *_, last = await audit(client, verify=True)
    assert (last.verification.break_position, last.verification.damage) == (2, "altered")


async def test_only_callers_with_the_permission_export_or_read_the_trail(client, built):
    hooks = Hooks(authenticate=by_name({"*"}, {"dpo"}))
    [person, *_] = await known(client)
    requests = {
        "ExportPerson": pb.ExportPersonRequest(person_ids=[person]),
        "StreamAudit": pb.StreamAuditRequest(),
        "ExportProfiles": pb.ExportProfilesRequest(),
        "ExportEvents": pb.ExportEventsRequest(),
        "PreviewSegment": pb.PreviewSegmentRequest(when="customer.frequency > 0", sample=1),
        "StreamHistory": pb.StreamHistoryRequest(),
    }
    async with grpc_service(built.binding, hooks=hooks) as channel:
        stub = ProfileServiceStub(channel)
        for rpc, request in requests.items():
            for caller, may in (("dpo", True), ("web", False)):
                stream = getattr(stub, rpc)(request, timeout=5, metadata=[(CALLER, caller)])
                if may:
                    assert [response async for response in stream]
                    continue
                with pytest.raises(grpc.aio.AioRpcError, match="TOUCHPOINT_MAY_EXPORT") as refused:
                    await stream.read()
                assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_customer_ids_are_told_only_to_who_may_export(client, built):
    [person_id, *_] = await known(client)
    hooks = Hooks(authenticate=by_name((), {"dpo"}))
    requests = {
        "NameCustomers": pb.NameCustomersRequest(person_ids=[person_id]),
        "FindCustomers": pb.FindCustomersRequest(customer_ids=["ada"]),
    }
    async with grpc_service(built.binding, hooks=hooks) as channel:
        stub = ProfileServiceStub(channel)
        for rpc, request in requests.items():
            assert await getattr(stub, rpc)(request, timeout=5, metadata=[(CALLER, "dpo")])
            with pytest.raises(grpc.aio.AioRpcError, match="TOUCHPOINT_MAY_EXPORT"):
                await getattr(stub, rpc)(request, timeout=5, metadata=[(CALLER, "web")])


async def test_what_distinguishes_a_few_people_is_told_only_to_who_may_export(client, built):
    await known(client)
    buyers = pb.CompareSegmentRequest(when="customer.frequency > 0")
    async with grpc_service(
        built.binding, hooks=Hooks(authenticate=by_name((), {"dpo"}))
    ) as channel:
        stub = ProfileServiceStub(channel)
        for caller, may in (("dpo", True), ("web", False)):
            stream = stub.CompareSegment(buyers, timeout=5, metadata=[(CALLER, caller)])
            if may:
                assert [answer async for answer in stream][-1].comparison.members == 1
                continue
            with pytest.raises(grpc.aio.AioRpcError, match="TOUCHPOINT_MAY_EXPORT"):
                assert not [answer async for answer in stream if answer.HasField("comparison")]


async def test_after_an_erasure_only_the_trail_still_knows(client):
    persons = await known(client)
    keys = keys_of([Identity(kind="customer", value="ada")])
    await client.stub.ErasePerson(pb.ErasePersonRequest(identity_keys=keys), timeout=5)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await exported(client, *persons)
    assert failed.value.code() is grpc.StatusCode.NOT_FOUND
    [told] = await audit(client, persons[0])
    assert told.entries[-1].action == "erased"
