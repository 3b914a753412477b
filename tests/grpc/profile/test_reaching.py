"""Whoever sends messages learns how to write to one person, and nobody else does."""

from datetime import timedelta

import grpc
import pytest

from shared.call import CALLER
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.grpc import grpc_service
from tests.grpc.profile.test_people import customer, import_customers
from tests.grpc.profile.test_relationships import begin
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

ADA = ("customer", "ada")
OLD_MAIL = ("email", "old@shop.example")
MAIL = ("email", "ada@shop.example")
PHONE = ("phone", "+442079460958")


async def known(client):
    """Have a person who can be written to; returns their id."""
    said = {"name": "Ada Byron", "locale": "de-AT"}
    await import_customers(client, customer(ADA, MAIL, PHONE, attributes=said))
    return (await client.answer(ADA)).person_ids[0]


async def reached(client, person_id, channel=Channel.EMAIL):
    request = pb.ReachPersonRequest(person_id=person_id, channel=channel)
    return await client.stub.ReachPerson(request, timeout=5)


async def test_it_is_told_where_they_read_what_they_are_called_and_in_which_language(client):
    person_id = await known(client)
    found = await reached(client, person_id)
    assert (found.address, found.name, found.locale) == (MAIL[1], "Ada Byron", "de-AT")
    assert (await reached(client, person_id, Channel.SMS)).address == PHONE[1]
    assert (await reached(client, person_id, Channel.PUSH)).address == "ada"
    assert (await reached(client, person_id, Channel.DIRECT_MAIL)).address == "ada"


async def test_of_two_addresses_the_one_that_was_seen_last_counts(client, clock):
    await import_customers(client, customer(ADA, OLD_MAIL))
    clock.advance(timedelta(days=1))
    person_id = await known(client)
    assert (await reached(client, person_id)).address == MAIL[1]


async def test_somebody_without_an_address_has_none(client):
    await client.record(client.event([("visitor", "cookie-1234")], "view"))
    person_id = (await client.answer(("visitor", "cookie-1234"))).person_ids[0]
    found = await reached(client, person_id)
    assert (found.address, found.name, list(found.owner_ids)) == ("", "", [])


async def test_those_who_look_after_them_now_are_named(client):
    person_id = await known(client)
    await begin(client, ADA, "anna")
    assert list((await reached(client, person_id)).owner_ids) == ["anna"]
    await begin(client, ADA, "boris")
    await begin(client, ADA, "anna", role="adviser")
    assert set((await reached(client, person_id)).owner_ids) == {"boris", "anna"}


async def test_nobody_known_is_not_found(client):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reached(client, "0190a000-0000-7000-8000-000000000009")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"person_id": "ada", "channel": Channel.EMAIL}, "person_id"),
        ({"channel": Channel.EMAIL}, "person_id"),
        ({"person_id": "0190a000-0000-7000-8000-000000000009", "channel": Channel.WEB}, "channel"),
    ],
)
async def test_what_means_nobody_or_no_letter_box_is_refused(client, wrong, field):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await client.stub.ReachPerson(pb.ReachPersonRequest(**wrong), timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details()


async def test_only_who_may_reach_persons_is_told_and_it_is_written_down(client, built):
    person_id = await known(client)
    request = pb.ReachPersonRequest(person_id=person_id, channel=Channel.EMAIL)
    hooks = Hooks(authenticate=by_name((), (), {"scenario"}))
    async with grpc_service(built.binding, hooks=hooks) as channel:
        stub = ProfileServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError, match="TOUCHPOINT_MAY_REACH"):
            await stub.ReachPerson(request, timeout=5, metadata=[(CALLER, "web")])
        assert await stub.ReachPerson(request, timeout=5, metadata=[(CALLER, "scenario")])
    trail = client.stub.StreamAudit(pb.StreamAuditRequest(person_ids=[person_id]), timeout=5)
    noted = [entry.caller async for answer in trail for entry in answer.entries]
    assert "scenario" in noted
    assert "web" not in noted
