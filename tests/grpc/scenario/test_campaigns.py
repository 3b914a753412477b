"""People are told of an offer: once, by messages that their stores keep as errands."""

from dataclasses import dataclass

import grpc
import pytest

from services.scenario.domain.campaigns import STANDS_US
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.call import CALLER
from shared.clock import from_us
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.clock import FakeClock
from shared.testing.grpc import grpc_service
from tests.contract.scenario.conftest import one
from tests.grpc.scenario.audience_peers import AudiencePeers, serving
from tests.grpc.scenario.conftest import audiences_of, servicer_of
from tests.grpc.scenario.test_audience import definitions, fell_out, person
from tests.unit.scenario.playing import HOUR_US, NOON_US
from tests.unit.scenario.shop import OneBundle, catalogue
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.scenario.v1 import audience_pb2
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

EMAIL, SMS, CALL = Channel.EMAIL, Channel.SMS, Channel.CALL_CENTER
ENDS_US = NOON_US + 5 * HOUR_US


@dataclass
class House:
    stub: ScenarioServiceStub
    peers: AudiencePeers
    errands: InMemoryErrands
    journeys: InMemoryJourneys
    bundles: OneBundle

    async def find(self, **asked):
        request = audience_pb2.FindAudienceRequest(
            **{"offer_id": "come_back", "template": "hello", "limit": 10, **asked}
        )
        stream = self.stub.FindAudience(request, timeout=10, metadata=((CALLER, "cli"),))
        answers = [answer async for answer in stream]
        [audience] = [each.audience for each in answers if each.HasField("audience")]
        return audience, [who for each in answers for who in each.people]

    async def tell(self, people, caller="cli", **asked):
        request = audience_pb2.TellAudienceRequest(
            **{"offer_id": "come_back", "template": "hello", **asked},
            people=[audience_pb2.PersonToTell(person_id=who, channel=by) for who, by in people],
        )
        return await self.stub.TellAudience(request, timeout=10, metadata=((CALLER, caller),))

    async def find_and_tell(self, **asked):
        _, people = await self.find(**asked)
        asked.pop("limit", None)
        return await self.tell([(each.person_id, each.channel) for each in people], **asked)

    async def refusal(self, call):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call
        return failed.value


@pytest.fixture
async def house():
    made = definitions()
    made.templates.add(template="hello", channels=[EMAIL, Channel.PUSH])
    made.templates.add(template="texted", channels=[SMS])
    peers, clock, bundles = AudiencePeers(), FakeClock(from_us(NOON_US)), OneBundle(made)
    journeys = InMemoryJourneys(InMemoryAgents())
    errands = InMemoryErrands(journeys)
    offers = catalogue(come_back={"ends_us": ENDS_US})
    hooks = Hooks(authenticate=by_name((), {"cli"}))
    contract = pb.DESCRIPTOR.services_by_name["ScenarioService"]
    async with serving(peers) as behind:
        audiences = audiences_of(behind, offers, bundles, clock, errands, frozenset({EMAIL}))
        servicer = servicer_of(audiences=audiences)
        async with grpc_service(bind(contract, servicer, validators=VALIDATORS), hooks=hooks) as to:
            yield House(ScenarioServiceStub(to), peers, errands, journeys, bundles)


async def test_whoever_is_on_the_list_is_sent_one_message_that_carries_the_offer(house):
    house.peers.people = [person("a"), person("b", consents=())]
    assert (await house.find_and_tell()).ordered == 1
    [found] = house.errands.all().values()
    order = found.order
    assert (found.person_id, order.template, order.channels) == ("a", "hello", (EMAIL,))
    assert (order.offer_ids, order.placement, order.limit) == (("come_back",), "", 1)
    assert (order.purpose, found.campaign) == ("marketing", "hello")
    assert found.due_us == NOON_US
    assert found.expires_us == ENDS_US < NOON_US + STANDS_US


async def test_the_same_command_again_tells_nobody_twice_and_nobody_else(house):
    house.peers.people = [person(f"p{number}") for number in range(6)]
    house.peers.likely = {f"p{number}": 0.1 + number / 10 for number in range(6)}
    assert (await house.find_and_tell(limit=4)).ordered == 4
    audience, people = await house.find(limit=4)
    assert (people, audience.campaign) == ([], "hello")
    before = [(each.state, each.reason, each.people) for each in audience.told_before]
    assert before == [("waiting", "", 4)]
    assert fell_out(audience) == {("TOLD_ALREADY", ""): 4}
    assert audience.looked_at == 6
    _, more = await house.find(limit=5)
    assert [each.person_id for each in more] == ["p1"]
    _, again = await house.find(limit=4, campaign="next month")
    assert len(again) == 4


async def test_a_send_that_broke_off_is_finished_by_sending_again(house):
    everybody = [("a", EMAIL), ("b", EMAIL)]
    assert (await house.tell(everybody[:1])).ordered == 1
    answer = await house.tell(everybody)
    assert (answer.ordered, answer.told_already, answer.gone) == (1, 1, 0)
    assert len(house.errands.all()) == 2


async def test_somebody_who_was_told_under_another_of_their_ids_is_told_already(house):
    await house.tell([("a", EMAIL)])
    async with house.journeys.transaction() as transaction:
        await transaction.keep_sets(one(2, "a", "b"))
    both = person("b")
    both.person_ids.append("a")
    house.peers.people = [both]
    audience, _ = await house.find()
    assert fell_out(audience) == {("TOLD_ALREADY", ""): 1}
    assert (await house.tell([("b", EMAIL)])).told_already == 1


async def test_whoever_was_erased_is_gone(house):
    await house.journeys.erase(["a"])
    answer = await house.tell([("a", EMAIL), ("b", EMAIL)])
    assert (answer.ordered, answer.gone) == (1, 1)


async def test_a_list_for_a_message_has_only_ways_that_it_can_go(house):
    house.peers.people = [person("a"), person("b", kinds=["phone"])]
    audience, people = await house.find()
    assert [(way.channel, way.placement) for way in audience.ways] == [(EMAIL, "email.body")]
    assert [each.person_id for each in people] == ["a"]
    assert fell_out(audience) == {("NO_ADDRESS", ""): 1}


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"template": "helo"}, "NOT_FOUND", "there is no template helo; near are hello"),
        ({"template": "texted"}, "FAILED_PRECONDITION", "no carrier of messages is set up for SMS"),
        ({"channel": SMS}, "FAILED_PRECONDITION", "template hello has no words for SMS"),
        ({"placement": "email.body"}, "INVALID_ARGUMENT", "placement"),
        ({"template": "", "campaign": "x"}, "INVALID_ARGUMENT", "campaign"),
    ],
)
async def test_a_message_that_cannot_go_is_refused_before_anybody_is_looked_at(
    house, asked, code, said
):
    refused = await house.refusal(house.find(**asked))
    assert refused.code().name == code
    assert said in str((refused.details(), refused.trailing_metadata()))
    assert not house.peers.asked_at_most


async def test_an_offer_that_messages_of_a_channel_do_not_show_is_refused(house):
    made = definitions()
    made.templates.add(template="hello", channels=[EMAIL])
    made.placements.add(placement="email.top", channel=EMAIL, kinds=[OfferKind.CONTENT])
    made.placements.sort(key=lambda each: each.placement != "email.top")
    house.bundles.replace(made)
    refused = await house.refusal(house.find())
    assert refused.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "messages on EMAIL tell what the first placement there shows" in refused.details()


@pytest.mark.parametrize(
    ("people", "asked", "code"),
    [
        ([], {}, "INVALID_ARGUMENT"),
        ([("a", CALL)], {}, "INVALID_ARGUMENT"),
        ([("a", Channel.UNSPECIFIED)], {}, "INVALID_ARGUMENT"),
        ([(f"p{number}", EMAIL) for number in range(501)], {}, "INVALID_ARGUMENT"),
        ([("a", EMAIL)], {"template": ""}, "INVALID_ARGUMENT"),
        ([("a", EMAIL)], {"template": "helo"}, "NOT_FOUND"),
        ([("a", EMAIL)], {"offer_id": "nothing"}, "NOT_FOUND"),
        ([("a", EMAIL), ("b", SMS)], {}, "FAILED_PRECONDITION"),
        ([("a", EMAIL)], {"caller": "web"}, "PERMISSION_DENIED"),
    ],
)
async def test_what_cannot_be_sent_is_refused_as_a_whole(house, people, asked, code):
    assert (await house.refusal(house.tell(people, **asked))).code().name == code
    assert house.errands.all() == {}
