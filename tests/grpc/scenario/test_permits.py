"""Messages before the real ledger of rules: one contact each, quiet hours, and room told of."""

from types import SimpleNamespace

import grpc.aio
import pytest
import pytest_asyncio

from services.rules.storage import MIGRATIONS
from services.rules.storage.consumers import change_of
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.errands import Dispatch
from services.scenario.errands.logbook import events_of
from services.scenario.messages.permitting import Full, RulesGates, RulesPermits
from tests.grpc.rules.rules_kit import running_rules
from tests.grpc.rules.test_contact_policy import HOUR_US, NIGHT, apply, balances
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_service_pb2 import ReleaseContactRequest

EMAIL = int(Channel.EMAIL)
MARKETING = "marketing"
ANN = PersonSnapshot(person_ids=["ann"], time_zone="Europe/London")


@pytest_asyncio.fixture(loop_scope="session")
async def rules(fresh_database):
    async with running_rules(await fresh_database("rules", MIGRATIONS)) as running:
        yield running


def permits(rules):
    nobody = SimpleNamespace()
    return RulesPermits(rules.stub, nobody, rules.clock)


async def used(rules):
    return (await balances(rules))["contacts.marketing"].used


def notice(dispatch):
    """Return the word of profile that a message was sent."""
    (event,) = events_of(dispatch)
    return EventNotice(
        person_id="ann",
        seq=1,
        type=event.type,
        event_id=event.event_id,
        channel=event.channel,
        decision_id=event.decision_id,
        time_us=event.time.ToMicroseconds(),
    )


async def test_a_message_is_one_contact_from_when_it_is_reserved_to_when_it_was_sent(rules):
    order = MessageOrder((EMAIL,), "hello")
    ordered = Dispatch("e1", "ann", order, rules.clock.now_us())
    contact_id = ordered.reservation_id(EMAIL)
    for _ in range(2):  # a worker that died is followed by another
        assert await permits(rules).reserve(contact_id, ANN, MARKETING, EMAIL) is None
    assert await used(rules) == 1
    sent = Dispatch(
        "e1",
        "ann",
        order,
        rules.clock.now_us(),
        channel=EMAIL,
        contact_id=contact_id,
        sent_us=rules.clock.now_us(),
    )
    for _ in range(2):
        await rules.ledger.note([change_of(notice(sent))])
        assert await used(rules) == 1
    await permits(rules).release(contact_id)
    assert await used(rules) == 1, "what was sent is not given back"


async def test_no_caller_gives_back_what_a_journey_reserved(rules):
    assert await permits(rules).reserve("m1", ANN, MARKETING, EMAIL) is None
    asked = ReleaseContactRequest(contact_id="m1", released_by="crm")
    with pytest.raises(grpc.aio.AioRpcError, match="somebody else's"):
        await rules.stub.ReleaseContact(asked, timeout=5)
    assert await used(rules) == 1


async def test_where_there_is_no_room_it_is_told_from_when_on_and_what_is_given_back_is_free(rules):
    asked = permits(rules)
    for number in range(3):
        assert await asked.reserve(f"m{number}", ANN, MARKETING, EMAIL) is None
    full = await asked.reserve("m3", ANN, MARKETING, EMAIL)
    assert isinstance(full, Full)
    assert full == Full(rules.clock.now_us() + 7 * 24 * HOUR_US, "CONTACT_LIMIT")
    assert await asked.reserve("m4", ANN, "transactional", EMAIL) is None
    await asked.release("m0")
    assert await asked.reserve("m5", ANN, MARKETING, EMAIL) is None


async def test_what_limits_close_to_somebody_is_told_and_nothing_is_reserved(rules):
    gates, every = RulesGates(rules.stub), [EMAIL, int(Channel.CALL_CENTER)]
    assert await gates.closed(ANN, MARKETING, every) == {}
    for number in range(3):
        assert await permits(rules).reserve(f"m{number}", ANN, MARKETING, EMAIL) is None
    assert await gates.closed(ANN, MARKETING, every) == dict.fromkeys(every, "CONTACT_LIMIT")
    assert await gates.closed(ANN, "transactional", every) == {}
    assert await used(rules) == 3


async def test_quiet_hours_are_those_of_the_persons_own_day(rules):
    await apply(rules, NIGHT)
    # Noon in London is nine in the evening in Tokyo.
    far = PersonSnapshot(person_ids=["ann"], time_zone="Asia/Tokyo")
    full = await permits(rules).reserve("m1", far, MARKETING, EMAIL)
    assert full == Full(rules.clock.now_us() + 11 * HOUR_US, "QUIET_HOURS")
    assert await permits(rules).reserve("m2", ANN, MARKETING, EMAIL) is None
