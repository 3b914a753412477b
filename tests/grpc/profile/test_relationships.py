from datetime import timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.grpc.profile.edge import keys_of
from tests.grpc.profile.test_people import customer, import_customers
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1 import profile_service_pb2 as pb

ADA = ("customer", "ada")
BOB = ("customer", "bob")


def whom(who):
    kind, value = who
    identities = [Identity(kind=kind, value=value)]
    return {"identities": identities, "identity_keys": keys_of(identities)}


async def begin(client, who, owner, role="sales_person", **more):
    request = pb.SetRelationshipRequest(role=role, owner_id=owner, **whom(who), **more)
    return (await client.stub.SetRelationship(request, timeout=5)).relationships


async def clients(client, owner, **more):
    request = pb.ListClientsRequest(owner_id=owner, **more)
    return await client.stub.ListClients(request, timeout=5)


async def test_a_client_list_tells_who_is_due_for_a_word_and_puts_them_first(client):
    await import_customers(
        client,
        customer(BOB, attributes={"name": "Bob Cole"}, owners={"sales_person": "ann"}),
        customer(ADA, attributes={"name": "Ada Byron"}, owners={"sales_person": "ann"}),
    )
    await client.record(
        client.event([BOB], "unsubscribe", channel=4, attributes={"purpose": "marketing"}),
        client.event([ADA], "complaint"),
    )
    listed = (await clients(client, "ann")).clients
    assert [(each.customer_id, each.name) for each in listed] == [
        ("ada", "Ada Byron"),
        ("bob", "Bob Cole"),
    ]
    assert [[due.code for due in each.due] for each in listed] == [["COMPLAINT", "NEW_CLIENT"], []]
    assert [held.role for held in listed[0].relationships] == ["sales_person"]
    only_due = (await clients(client, "ann", only_due=True)).clients
    assert [each.customer_id for each in only_due] == ["ada"]


async def test_the_record_tells_who_looks_after_somebody_and_until_when(client):
    await client.record(client.event([ADA], "view"))
    await begin(client, ADA, "ann")
    client.clock.advance(timedelta(hours=1))
    request = pb.EndRelationshipRequest(role="sales_person", **whom(ADA))
    await client.stub.EndRelationship(request, timeout=5)
    [held] = (await client.profile(ADA)).relationships
    assert (held.owner_id, held.current) == ("ann", False)
    assert held.HasField("until_time")


async def test_pages_go_on_where_the_one_before_ended(client):
    await import_customers(
        client, *(customer(("customer", f"c{n}"), owners={"store": "main"}) for n in range(3))
    )
    first = await clients(client, "main", page_size=2)
    second = await clients(client, "main", page_size=2, page_token=first.next_page_token)
    assert [len(first.clients), len(second.clients)] == [2, 1]
    assert not second.next_page_token


@pytest.mark.parametrize(
    ("role", "owner", "times", "code"),
    [
        ("Sales Person", "ann", {}, grpc.StatusCode.INVALID_ARGUMENT),
        ("sales_person", "", {}, grpc.StatusCode.INVALID_ARGUMENT),
        ("sales_person", "a" * 129, {}, grpc.StatusCode.INVALID_ARGUMENT),
        (
            "sales_person",
            "ann",
            {"from_time": {"seconds": 9}, "until_time": {"seconds": 9}},
            grpc.StatusCode.INVALID_ARGUMENT,
        ),
        ("sales_person", "ann", {}, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_what_cannot_be_is_refused(client, role, owner, times, code):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await begin(client, ADA, owner, role, **times)
    assert refused.value.code() is code


async def test_an_owner_of_a_file_that_cannot_be_is_told_by_row(client):
    answered = await import_customers(
        client, customer(ADA, owners={"Sales Person": "ann"}), customer(BOB)
    )
    assert [each.index for each in answered.rejected] == [0]
    assert "lower_snake_case" in answered.rejected[0].message


@pytest.mark.parametrize("field", ["from_time", "until_time"])
async def test_a_time_that_cannot_be_is_refused_by_its_field(client, field):
    await client.record(client.event([ADA], "view"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await begin(client, ADA, "ann", **{field: Timestamp(seconds=2**60)})
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details()
