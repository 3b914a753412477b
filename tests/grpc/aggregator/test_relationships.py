"""Who looks after whom, asked of the edge."""

import grpc
import pytest

from shared.clock import to_us
from shared.errors import Ambiguous
from tests.unit.aggregator.edge import PAN, PERSON
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    EndRelationshipRequest,
    GetCustomerViewRequest,
    ListClientsRequest,
    SetRelationshipRequest,
)
from touchpoint.profile.v1.profile_pb2 import Client, Relationship
from touchpoint.profile.v1.profile_service_pb2 import (
    GetProfileResponse,
    ListClientsResponse,
    SetRelationshipResponse,
)

HOUR_US = 3_600_000_000
PHONE = [{"kind": "phone", "value": "+12025550123"}]


async def test_a_relationship_is_handed_on_with_its_pseudonyms_and_times(stub, edge):
    edge.peers.profile.SetRelationship.answer = lambda _: SetRelationshipResponse(
        relationships=[Relationship(role="store", owner_id="main", current=True)]
    )
    answered = await stub.SetRelationship(
        SetRelationshipRequest(
            identities=PHONE, role="store", owner_id="main", until_time={"seconds": 9}
        )
    )
    assert [each.owner_id for each in answered.relationships] == ["main"]
    asked = edge.peers.profile.SetRelationship.request
    assert len(asked.identity_keys[0].key) == 32
    assert (asked.until_time.seconds, asked.HasField("from_time")) == (9, False)


async def test_an_end_is_handed_on(stub, edge):
    await stub.EndRelationship(EndRelationshipRequest(identities=PHONE, role="store"))
    assert edge.peers.profile.EndRelationship.request.role == "store"


async def refusal(answering):
    """Return the code that a call is refused with."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await answering
    return refused.value.code().name


async def test_several_people_behind_an_identity_are_told_as_such(stub, edge):
    edge.peers.profile.SetRelationship.error = Ambiguous("fits several")
    asked = SetRelationshipRequest(identities=PHONE, role="store", owner_id="main")
    assert await refusal(stub.SetRelationship(asked)) == "FAILED_PRECONDITION"


@pytest.mark.parametrize(
    ("locale", "first", "second"),
    [
        ("en", "Complained 2 hours ago, and it is still open", "Cake pan is due"),
        ("de", "Hat sich beschwert (vor 2 Stunden)", "Cake pan ist bald aufgebraucht"),
    ],
)
async def test_a_client_list_says_in_words_why_a_word_is_due(stub, edge, locale, first, second):
    now_us = to_us(edge.clock.now())
    client = Client(
        person_ids=[PERSON],
        customer_id="ada",
        name="Ada",
        value_tier="top",
        monetary_micros=12_500_000,
        relationships=[{"role": "store", "owner_id": "main", "from_time": {"seconds": 5}}],
    )
    for code, family in (("COMPLAINT", 0), ("BUY_AGAIN", PAN), ("A_LATER_ONE", 0)):
        client.due.add(code=code, family_no=family).time.FromMicroseconds(now_us - 2 * HOUR_US)
    edge.peers.profile.ListClients.answer = lambda _: ListClientsResponse(
        clients=[client], next_page_token="more"
    )
    answered = await stub.ListClients(
        ListClientsRequest(owner_id="main", only_due=True, locale=locale)
    )
    [shown] = answered.clients
    assert (shown.customer_id, shown.name, list(shown.roles)) == ("ada", "Ada", ["store"])
    assert (shown.monetary.amount, shown.from_time.seconds) == ("12.50", 5)
    assert shown.due[0].text.startswith(first)
    assert shown.due[1].text.startswith(second)
    assert shown.due[1].item_id == "pan-1"
    assert shown.due[2].text
    assert answered.next_page_token == "more"
    assert edge.peers.profile.ListClients.request.only_due


async def test_the_view_names_who_looks_after_somebody(stub, edge):
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse(
        relationships=[{"role": "store", "owner_id": "main", "current": True}]
    )
    view = await stub.GetCustomerView(GetCustomerViewRequest(identities=PHONE))
    assert [each.owner_id for each in view.relationships] == ["main"]
