"""(d) Merge, un-merge, erase and limit hold in every service, for the very next decision."""

import json
import uuid

import grpc
import pytest

from shared.call import CALLER
from tests.journeys.channels import Channel, identities, only, removed, shown, until
from tests.journeys.modes import APART_FIRST
from tests.journeys.shop import FREE_SHIPPING, ITEMS, LAMP, SHOE, SHOE_IN_BLUE
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.scenario.v1 import scenario_service_pb2 as scenario_pb

pytestmark = APART_FIRST

SHOES = {SHOE, SHOE_IN_BLUE}
PACKAGES = {
    "profile": profile_pb,
    "retrieval": retrieval_pb,
    "rules": rules_pb,
    "ranker": ranker_pb,
    "scenario": scenario_pb,
}


async def login(channels, person):
    await channels.track(only(person, "customer", "visitor"), "login")


async def unmerge(channels, person):
    """Undo the link, as an agent would who sees that the device is shared."""
    one, other = [(await channels.view(only(person, kind))).who for kind in ("customer", "visitor")]
    assert sorted(one.person_ids) == sorted(other.person_ids)
    first, second = one.person_ids
    await channels.stubs["profile"].UnlinkPersons(
        profile_pb.UnlinkPersonsRequest(person_id=first, other_person_id=second), timeout=5
    )


async def reserve(channels, person):
    """Another system asks before it approaches the person."""
    answer = await channels.edge.ReserveContact(
        edge_pb.ReserveContactRequest(
            contact_id=str(uuid.uuid4()), identities=identities(person), channel=Channel.EMAIL
        ),
        timeout=5,
    )
    return answer.granted


async def test_a_login_makes_the_visitors_no_the_customers_no(channels, somebody):
    ada = somebody("ada")
    await channels.track(only(ada, "visitor"), "decline", item_id=SHOE)
    await channels.track(only(ada, "customer"), "view", item_id="tv-1")
    assert SHOES & set(shown(await channels.recommend(only(ada, "customer"))))
    await login(channels, ada)
    assert not SHOES & set(shown(await channels.recommend(only(ada, "customer"))))


async def test_undoing_the_login_gives_each_their_own_back(channels, somebody):
    ada = somebody("ada")
    await channels.track(only(ada, "visitor"), "decline", item_id=SHOE)
    await channels.track(only(ada, "customer"), "purchase", item_id=LAMP, value=40)
    await login(channels, ada)
    merged = shown(await channels.recommend(only(ada, "visitor")))
    assert not (SHOES | {LAMP}) & set(merged)
    await unmerge(channels, ada)
    customer = shown(await channels.recommend(only(ada, "customer")))
    assert SHOES & set(customer)
    assert LAMP not in customer
    visitor = shown(await channels.recommend(only(ada, "visitor")))
    assert not SHOES & set(visitor)
    assert LAMP in visitor


async def test_the_limit_counts_over_the_whole_person_and_every_channel(channels, somebody):
    ada = somebody("ada")
    await channels.track(only(ada, "visitor"), "page_view")
    await channels.track(only(ada, "customer"), "page_view")
    assert await reserve(channels, only(ada, "visitor"))
    assert await reserve(channels, only(ada, "visitor"))
    assert await reserve(channels, only(ada, "customer"))
    before = await channels.recommend(only(ada, "customer"), preview=True)
    assert FREE_SHIPPING in shown(before)
    await login(channels, ada)
    view = await channels.view(only(ada, "customer"))
    assert (view.contacts.used, view.contacts.limit) == (3, 3)
    assert view.contacts.HasField("free_at")
    assert not await reserve(channels, only(ada, "customer"))
    after = await channels.recommend(only(ada, "customer"), explain=True)
    assert FREE_SHIPPING not in shown(after)
    assert removed(after)[FREE_SHIPPING] == RemovalCode.CONTACT_LIMIT


async def test_undoing_the_login_gives_the_contacts_back(channels, somebody):
    ada = somebody("ada")
    for kind in ("visitor", "customer"):
        await channels.track(only(ada, kind), "page_view")
    for _ in range(3):
        assert await reserve(channels, only(ada, "visitor"))
    await login(channels, ada)
    assert not await reserve(channels, only(ada, "customer"))
    await unmerge(channels, ada)
    assert await reserve(channels, only(ada, "customer"))
    assert not await reserve(channels, only(ada, "visitor"))


async def test_a_released_contact_is_free_again(channels, somebody):
    ada = somebody("ada")
    await channels.track(ada, "page_view")
    assert await reserve(channels, ada)
    assert await reserve(channels, ada)
    last = edge_pb.ReserveContactRequest(
        contact_id=str(uuid.uuid4()), identities=identities(ada), channel=Channel.SMS
    )
    assert (await channels.edge.ReserveContact(last, timeout=5)).granted
    assert not await reserve(channels, ada)
    await channels.edge.ReleaseContact(
        edge_pb.ReleaseContactRequest(contact_id=last.contact_id), timeout=5
    )
    assert await reserve(channels, ada)


async def test_an_erased_person_is_nobody_to_every_service(channels, somebody):
    ada, bob = somebody("ada"), somebody("bob")
    for person in (ada, bob):
        await login(channels, person)
        await channels.track(only(person, "customer"), "decline", item_id=SHOE)
        await channels.recommend(only(person, "customer"))
        assert await reserve(channels, only(person, "customer"))
    persons = list((await channels.view(only(ada, "customer"))).who.person_ids)
    used_by_bob = (await channels.view(only(bob, "customer"))).contacts.used
    assert used_by_bob >= 1
    await until(lambda: journalled(channels, persons))
    await channels.stubs["profile"].ErasePerson(
        profile_pb.ErasePersonRequest(person_ids=persons), timeout=5
    )
    assert not (await channels.view(only(ada, "customer"))).recent
    assert SHOES & set(shown(await channels.recommend(only(ada, "customer"))))
    await until(lambda: forgotten(channels, persons))
    untouched = await channels.view(only(bob, "customer"))
    assert untouched.recent
    assert untouched.contacts.used == used_by_bob


async def journalled(channels, persons):
    request = ranker_pb.ListDecisionsRequest(person_ids=persons)
    return bool((await channels.stubs["ranker"].ListDecisions(request, timeout=5)).decisions)


async def forgotten(channels, persons):
    """Tell whether no service holds anything of these persons any more."""
    contacts = await channels.stubs["rules"].GetContacts(
        rules_pb.GetContactsRequest(person_ids=persons), timeout=5
    )
    used = sum(balance.used for balance in contacts.balances)
    return not used and not contacts.presented and not await journalled(channels, persons)


async def test_every_service_exports_a_person_to_those_who_may_and_then_has_nothing(
    channels, somebody
):
    ada = somebody("ada")
    await login(channels, ada)
    await channels.track(only(ada, "customer"), "decline", item_id=SHOE, query="a secret wish")
    await channels.recommend(only(ada, "customer"))
    assert await reserve(channels, only(ada, "customer"))
    persons = list((await channels.view(only(ada, "customer"))).who.person_ids)
    await until(lambda: journalled(channels, persons))
    kept = {service: await exported(channels, service, persons) for service in PACKAGES}
    profile, rules, ranker = kept["profile"], kept["rules"], kept["ranker"]
    assert {row["value"] for row in profile["identities"]} == {ada["customer"], ada["visitor"]}
    assert {"query": "a secret wish"} in [row["private"] for row in profile["events"]]
    assert {"read", "exported"} <= {row["action"] for row in profile["audit"]}
    [decision] = {row["decision_id"] for row in rules["decisions"]}
    assert decision == ranker["decisions"][0]["decision_id"]
    assert rules["traces"][0]["trace"]["decision_id"] == decision
    assert rules["contacts"]
    for service in PACKAGES:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await exported(channels, service, persons, caller="web")
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    await channels.stubs["profile"].ErasePerson(
        profile_pb.ErasePersonRequest(person_ids=persons), timeout=5
    )

    async def nothing_left():
        others = [await exported(channels, s, persons) for s in PACKAGES if s != "profile"]
        return not any(others)

    await until(nothing_left)


async def exported(channels, service, persons, caller="cli"):
    """Return the rows that a service has of persons, by table."""
    request = PACKAGES[service].ExportPersonRequest(person_ids=persons)
    stub, metadata = channels.stubs[service], [(CALLER, caller)]
    tables = {}
    async for response in stub.ExportPerson(request, timeout=30, metadata=metadata):
        tables.setdefault(response.table, []).extend(map(json.loads, response.rows))
    return tables


async def test_every_service_erases_a_person_when_asked_directly(channels, somebody):
    ada = somebody("ada")
    await channels.track(ada, "view", item_id=ITEMS[0].item_id)
    persons = list((await channels.view(ada)).who.person_ids)
    for service, package in PACKAGES.items():
        await channels.stubs[service].ErasePerson(
            package.ErasePersonRequest(person_ids=persons), timeout=5
        )
    assert not (await channels.view(ada)).recent
