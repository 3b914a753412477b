"""(l) Shipped scenarios as they run: a letter where it is allowed, nothing sold to the cross."""

import json
from datetime import timedelta

import pytest

from tests.journeys.channels import TIMEOUT_S, Channel, only, shown, until
from tests.journeys.test_abandoned_cart import claimed, complete, persons, signed_on
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus

pytestmark = pytest.mark.modes("colocated")
"""The demo plays them all, with a process for each service."""
DEAR = "tv-1"
MOMENT = timedelta(minutes=1)


async def stage(channels, person, scenario):
    view = await channels.view(person)
    return next((each.stage for each in view.journeys if each.scenario == scenario), None)


async def comes_to(channels, person, scenario, wanted):
    async def there():
        return await stage(channels, person, scenario) == wanted

    await until(there)


def letters(channels, address):
    """Return the subjects of what was written to somebody."""
    outbox = channels.suite.home / "outbox"
    found = [json.loads(place.read_text("utf-8")) for place in outbox.glob("*.json")]
    return [mail["subject"] for mail in found if mail.get("to") == address]


async def serving(channels, agent_id):
    request = edge_pb.SetAgentStatusRequest(
        agent_id=agent_id, status=AgentStatus.AVAILABLE, skills=["service"], capacity=50
    )
    await channels.edge.SetAgentStatus(request, timeout=TIMEOUT_S)
    return agent_id


async def writable(channels, whoever, address):
    """Let somebody be known by an address; whether they agreed to letters is another matter."""
    customer = only(whoever, "customer")
    await channels.track(customer | {"email": address}, "login")
    return customer


async def test_whoever_agreed_is_welcomed_by_a_letter_once_and_whoever_did_not_is_not(
    channels, somebody
):
    ada, bob = somebody("ada"), somebody("bob")
    theirs = {name: f"{who['customer']}@shop.example" for name, who in (("a", ada), ("b", bob))}
    agreed = {"purpose": "marketing", "granted": True}
    await channels.track(only(ada, "customer"), "consent", attributes=agreed)
    for whoever, address in ((ada, theirs["a"]), (bob, theirs["b"])):
        customer = await writable(channels, whoever, address)
        await comes_to(channels, customer, "welcome", "look_around")

    async def written():
        return bool(letters(channels, theirs["a"]))

    await until(written)
    await channels.move_clock(timedelta(days=3) + MOMENT)
    for whoever in (ada, bob):
        customer = only(whoever, "customer")
        await comes_to(channels, customer, "welcome", "first_order")
        assert "first_order" in shown(await channels.recommend(customer, limit=3))
    assert len(letters(channels, theirs["a"])) == 1
    assert letters(channels, theirs["b"]) == []


async def test_who_complains_with_a_cart_left_behind_is_sold_nothing_and_is_followed_up(
    channels, somebody
):
    cara = only(somebody("cara"), "customer")
    await channels.track(cara, "add_to_cart", item_id=DEAR, session_id="left")

    async def begun():
        return await stage(channels, cara, "abandoned_cart") is not None

    await until(begun)
    await channels.track(cara, "complaint", channel=Channel.CALL_CENTER)
    await comes_to(channels, cara, "complaint", "see_to_it")
    assert await stage(channels, cara, "abandoned_cart") is None
    assert "come_back" not in shown(await channels.recommend(cara))
    who = await persons(channels, cara)
    assert await claimed(channels, await signed_on(channels, "agent-sales"), who) is None
    agent = await serving(channels, "agent-service")
    task = await claimed(channels, agent, who)
    assert task.kind == "follow_up"
    await complete(channels, agent, task.task_id, "done")
    await comes_to(channels, cara, "complaint", "wait")
    await channels.track(cara, "complaint", attributes={"status": "resolved"})
    await comes_to(channels, cara, "complaint", None)
