import pytest

from tests.grpc.profile.edge import keys_of
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1 import profile_service_pb2 as pb

ADA = ("customer", "ada")
BOB = ("customer", "bob")
BOBS_EMAIL = ("email", "bob@shop.example")
CLEO = ("visitor", "cleo-1234")


def refer(client, who, referred, **more):
    return client.event([who], "refer", attributes={"referred": referred}, **more)


async def referred(client, built, who):
    await built.referrals.settle()
    traits = (await client.snapshot(who)).traits
    return traits.referrals, traits.referred_contribution_micros


async def bought(client, *who):
    event = client.event(list(who), "purchase", item_id="shoe", order_id=f"o-{who[0][1]}")
    await client.record(event)


async def test_whom_somebody_referred_counts_at_once_and_what_they_buy_later(client, built):
    await client.record(refer(client, ADA, "email:Bob@Shop.example"))
    assert await referred(client, built, ADA) == (1, 0)
    await bought(client, BOB, BOBS_EMAIL)
    assert await referred(client, built, ADA) == (1, 50_000_000)
    [shown] = (await client.profile(ADA)).referrals
    [bob] = (await client.answer(BOB)).person_ids
    assert shown.person_id == bob
    assert (await client.profile(BOB)).referred_by.person_id == (
        (await client.answer(ADA)).person_ids[0]
    )


async def test_a_referral_makes_nobody_a_person_and_keeps_no_name_of_them(client):
    said = {"kind": "email", "value": "secret-bob@shop.example"}
    await client.record(refer(client, ADA, said))
    assert await client.database.fetchval("SELECT count(*) FROM persons") == 1
    stored = await client.database.fetch("SELECT row_to_json(e)::text AS row FROM events AS e")
    assert "secret-bob" not in str([row["row"] for row in stored])
    assert await client.database.fetchval("SELECT count(*) FROM events WHERE private IS NULL") == 1


async def test_somebody_referred_twice_over_counts_once(client, built):
    await bought(client, BOB, BOBS_EMAIL)
    await client.record(
        refer(client, ADA, "customer:bob", ago_s=9),
        refer(client, ADA, "email:bob@shop.example"),
        refer(client, CLEO, "customer:bob", ago_s=5),
    )
    assert await referred(client, built, ADA) == (1, 50_000_000)
    assert await referred(client, built, CLEO) == (0, 0)


async def test_a_self_referral_is_refused_and_one_that_turns_out_later_does_not_count(
    client, built
):
    await client.record(client.event([BOB, BOBS_EMAIL], "view"), client.event([CLEO], "view"))
    answered = await client.record(
        refer(client, BOB, "customer:bob"), refer(client, BOB, "email:bob@shop.example")
    )
    assert [each.code for each in answered.rejected] == ["SELF_REFERRAL", "SELF_REFERRAL"]
    await client.record(refer(client, BOB, "visitor:cleo-1234"))
    assert await referred(client, built, BOB) == (1, 0)
    await client.record(client.event([BOB, CLEO], "login"))
    assert await referred(client, built, BOB) == (0, 0)
    record = await client.profile(BOB)
    request = pb.UnlinkPersonsRequest(link_id=record.links[0].link_id)
    await client.stub.UnlinkPersons(request, timeout=5)
    assert await referred(client, built, BOB) == (1, 0)


async def test_a_cycle_does_not_count_at_its_last_word(client, built):
    await client.record(client.event([ADA], "view"), client.event([BOB], "view"))
    await client.record(
        refer(client, BOB, "customer:ada"), refer(client, ADA, "customer:bob", ago_s=9)
    )
    assert await referred(client, built, ADA) == (1, 0)
    assert await referred(client, built, BOB) == (0, 0)


async def test_erasing_either_end_leaves_nothing_of_the_referral(client, built):
    await bought(client, BOB, BOBS_EMAIL)
    await client.record(refer(client, ADA, "email:bob@shop.example"))
    assert await referred(client, built, ADA) == (1, 50_000_000)
    keys = keys_of([Identity(kind="customer", value="bob")])
    await client.stub.ErasePerson(pb.ErasePersonRequest(identity_keys=keys), timeout=5)
    assert await client.database.fetchval("SELECT count(*) FROM referrals") == 0
    assert await referred(client, built, ADA) == (0, 0)
    await client.record(refer(client, ADA, "email:bob@shop.example", ago_s=9))
    assert await client.database.fetchval("SELECT count(*) FROM referrals") == 0


@pytest.mark.parametrize(
    "said", ["bob", "name:bob", "email:", "email:secret", {"kind": "email"}, 7]
)
async def test_whom_one_refers_is_named_by_kind_and_value(client, said):
    [refused] = (await client.record(refer(client, ADA, said))).rejected
    assert refused.code == "INVALID"
    assert refused.message.startswith("attributes.referred: ")
    assert "secret" not in refused.message


async def test_a_referral_of_nobody_in_particular_is_an_event_like_any_other(client, built):
    assert (await client.record(client.event([ADA], "refer"))).accepted == 1
    assert await referred(client, built, ADA) == (0, 0)
