"""(i) What people say of themselves, and who is around them, counts on every channel at once."""

from tests.journeys.channels import TIMEOUT_S, Channel, identities, only, removed, shown, until
from tests.journeys.definitions import RUNS, SPORTS
from tests.journeys.shop import LAMP, SHOE, SHOE_IN_BLUE
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode

SHOES = {SHOE, SHOE_IN_BLUE}


async def ask(channels, person, channel):
    request = edge_pb.NextQuestionRequest(
        identities=identities(person), channel=channel, survey=SPORTS
    )
    answered = await channels.edge.NextQuestion(request, timeout=TIMEOUT_S)
    return answered.question.question


async def say(channels, person, answer):
    said = {"question": RUNS, "answer": answer}
    await channels.track(person, "survey_answer", offer_id=SPORTS, attributes=said)


async def test_an_answer_counts_for_the_very_next_decision_and_so_does_taking_it_back(
    channels, somebody
):
    ada = somebody("ada")
    await channels.track(ada, "view", item_id=SHOE)
    assert SHOES & set(shown(await channels.recommend(ada)))
    assert await ask(channels, ada, Channel.WEB) == RUNS
    await say(channels, ada, "no")
    after = await channels.recommend(ada, explain=True)
    assert not SHOES & set(shown(after))
    assert removed(after)[SHOE] == RemovalCode.DISLIKED
    view = await channels.view(only(ada, "customer"))
    assert [(each.name, each.value, each.source) for each in view.attributes] == [
        (RUNS, "no", f"question:{RUNS}")
    ]
    assert not await ask(channels, ada, Channel.CALL_CENTER)
    await say(channels, ada, "")
    assert SHOES & set(shown(await channels.recommend(ada)))


async def test_what_one_channel_asked_no_other_asks_again(channels, somebody):
    ada = somebody("ada")
    await channels.track(only(ada, "customer", "visitor"), "login")
    assert await ask(channels, only(ada, "visitor"), Channel.WEB) == RUNS
    assert not await ask(channels, only(ada, "customer"), Channel.IVR)


async def test_an_associate_has_a_client_list_that_says_who_is_due_for_a_word(channels, somebody):
    ada, ann = only(somebody("ada"), "customer"), somebody("ann")["customer"]
    await channels.track(ada, "complaint")
    request = edge_pb.SetRelationshipRequest(
        identities=identities(ada), role="sales_person", owner_id=ann
    )
    await channels.edge.SetRelationship(request, timeout=TIMEOUT_S)
    listed = await channels.edge.ListClients(
        edge_pb.ListClientsRequest(owner_id=ann, only_due=True), timeout=TIMEOUT_S
    )
    [client] = listed.clients
    assert client.customer_id == ada["customer"]
    assert client.due[0].code == "COMPLAINT"
    assert [each.owner_id for each in (await channels.view(ada)).relationships] == [ann]


async def test_whom_somebody_referred_is_counted_with_what_they_buy(channels, somebody):
    ada, bob = (only(somebody(name), "customer") for name in ("ada", "bob"))
    referred = {"referred": {"kind": "customer", "value": bob["customer"]}}
    await channels.track(ada, "refer", attributes=referred)
    await channels.track(bob, "purchase", item_id=LAMP, value=40)

    async def is_counted():
        traits = (await channels.view(ada)).traits
        return traits.referrals == 1 and traits.referred_contribution.amount == "16"

    await channels.track(ada, "refer", attributes=referred)
    await until(is_counted)
