"""Whatever is put into a field never comes out of a log or an error."""

import uuid

import grpc

from shared.call import CALLER
from tests.journeys.channels import Channel, identities, until
from tests.journeys.modes import APART_FIRST
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem, Context, PlacementRequest
from touchpoint.common.v1.decision_pb2 import Recipient
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

pytestmark = APART_FIRST


class Canaries:
    """Strings that are found again wherever they turn up."""

    def __init__(self):
        self.mark = f"canary{uuid.uuid4().hex}"
        self._sung = 0

    def __call__(self, suffix=""):
        self._sung += 1
        return f"{self.mark}x{self._sung}{suffix}"

    def fill(self, message, *but):
        """Put one into every field of a message that holds text."""
        for field in message.DESCRIPTOR.fields:
            if field.type == field.TYPE_STRING and field.name not in but:
                if field.is_repeated:
                    getattr(message, field.name).append(self())
                else:
                    setattr(message, field.name, self())
        return message


def logs(channels):
    files = (channels.suite.home / "logs").rglob("*")
    return "".join(path.read_text("utf-8", "replace") for path in files if path.is_file())


async def told(calling):
    """Return what a refused call says, its details included; nothing if it was not refused."""
    try:
        answer = await calling
    except grpc.aio.AioRpcError as error:
        return f"{error.details()} {error.trailing_metadata()}"
    return " ".join(refused.message for refused in getattr(answer, "rejected", ()))


async def test_no_text_that_is_put_in_comes_out_in_logs_or_errors(channels, somebody):
    canary = Canaries()
    people = (somebody("ada"), {kind: canary() for kind in PERSONAL_KINDS})
    said = [
        await told(tracked(channels, canary, person, type_))
        for person in people
        for type_ in ("view", "consent", "preference", "survey_answer", "purchase", "login")
    ]
    said += [await told(bad(channels, canary)) for bad in MALFORMED]
    decided = await _recommend(channels, canary, exclude_ids=[])
    trace = await channels.edge.ExplainDecision(
        pb.ExplainDecisionRequest(decision_id=decided.decision_id), timeout=10
    )
    said.append(str(trace))
    assert any(said), "nothing was refused: the test asks too little"
    assert [text for text in said if canary.mark in text] == []

    async def written():  # lines are collected for a while
        return "AggregatorService/Track" in logs(channels)

    await until(written)
    assert [line for line in logs(channels).splitlines() if canary.mark in line] == []


PERSONAL_KINDS = ("customer", "visitor", "loyalty_card")


async def tracked(channels, canary, person, type_):
    """Track an event with a canary in every text: once as it may be, once as it may not."""
    event = canary.fill(Event(type=type_, identities=identities(person)), "type", "placement")
    event.time.FromDatetime(channels.now())
    event.channel = Channel.WEB
    event.attributes.update({canary(): canary(), "text": canary(), "note": {canary(): canary()}})
    for name in ("purpose", "source", "expires", "granted", "channel", "sentiment", "attribute"):
        event.attributes[name] = canary()
    plain = Event()
    plain.CopyFrom(event)
    plain.event_id = canary()
    for name in list(plain.attributes.fields):
        if name in ("expires", "granted", "channel", "sentiment", "attribute", "purpose"):
            del plain.attributes.fields[name]
    return await channels.edge.Track(pb.TrackRequest(events=[event, plain]), timeout=10)


def _recommend(channels, canary, **changes):
    asking = {
        "identities": identities({"visitor": canary()}),
        "channel": Channel.WEB,
        "placements": [PlacementRequest(placement="web.home.banner")],
        "locale": canary()[:35],
        "exclude_ids": [canary()],
        "context": Context(
            session_id=canary(),
            item_ids=[canary()],
            query=canary(),
            attributes={canary(): canary()},
        ),
        "recipient": Recipient(gender=canary(), relationship=canary(), interests=[canary()]),
    }
    return channels.edge.Recommend(pb.RecommendRequest(**asking | changes), timeout=10)


MALFORMED = (
    lambda channels, canary: _recommend(channels, canary),
    lambda channels, canary: _recommend(
        channels, canary, placements=[PlacementRequest(placement=canary())]
    ),
    lambda channels, canary: _recommend(channels, canary, identities=identities({canary(): "x"})),
    lambda channels, canary: _recommend(
        channels, canary, identities=identities({"email": canary()})
    ),
    lambda channels, canary: _recommend(
        channels, canary, identities=identities({"phone": canary()})
    ),
    lambda channels, canary: _recommend(
        channels,
        canary,
        context=Context(
            cart=[CartItem(item_id=canary(), price=Money(amount=canary(), currency=canary()))]
        ),
    ),
    lambda channels, canary: channels.edge.Track(
        pb.TrackRequest(
            events=[
                canary.fill(
                    Event(
                        identities=identities({"email": canary()}),
                        value=Money(amount=canary(), currency=canary()),
                    )
                )
            ]
        ),
        timeout=10,
    ),
    lambda channels, canary: channels.edge.ExplainDecision(
        pb.ExplainDecisionRequest(decision_id=canary()), timeout=10
    ),
    lambda channels, canary: channels.edge.GetCustomerView(
        pb.GetCustomerViewRequest(
            identities=identities({"email": f"{canary()}@shop.example"}),
            confirmed_person_id=canary(),
            locale=canary()[:35],
        ),
        timeout=10,
    ),
    lambda channels, canary: channels.edge.ReserveContact(
        canary.fill(pb.ReserveContactRequest(identities=identities({"visitor": canary()}))),
        timeout=10,
    ),
    lambda channels, canary: channels.stubs["profile"].ImportCustomers(
        profile_pb.ImportCustomersRequest(
            import_id=canary(),
            customers=[
                {
                    "identities": identities({"customer": canary(), "email": canary()}),
                    "attributes": {"name": canary(), canary(): canary()},
                },
                {
                    "identities": identities(
                        {"customer": canary(), "email": f"{canary()}@shop.example"}
                    ),
                    "attributes": {"name": canary(), canary(): canary()},
                },
            ],
        ),
        timeout=10,
    ),
    lambda channels, canary: channels.stubs["profile"].LinkPersons(
        profile_pb.LinkPersonsRequest(person_id=canary(), other_person_id=canary()), timeout=10
    ),
    lambda channels, canary: (
        channels.stubs["profile"]
        .ExportPerson(
            profile_pb.ExportPersonRequest(person_ids=[canary()]),
            timeout=10,
            metadata=[(CALLER, "cli")],
        )
        .read()
    ),
)
