"""Scenarios, people and moments that the tests of journeys share."""

from __future__ import annotations

from services.scenario.domain.carts import Cart
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.starting import Starting, StartingOf
from services.scenario.reading import read_scenario
from touchpoint.rules.v1 import rules_pb2 as pb

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
NOON_US = 1_772_452_800_000_000
ADA, BOB = "person-ada", "person-bob"
COME_BACK = 7
CART = Cart((3, 4), (1.0, 2.0), 149_900_000)


def abandoned_cart() -> Scenario:
    """An offer on the site for two days, then a call for three."""
    message = pb.Scenario(
        scenario="abandoned_cart",
        title="A cart left behind",
        starts_on=["add_to_cart", "checkout_started"],
        goals=["purchase"],
    )
    message.when.cart_above.amount = "100"
    message.quiet_for.FromMicroseconds(30 * MINUTE_US)
    message.again_after.FromMicroseconds(7 * DAY_US)
    offer = message.stages.add(stage="web_offer")
    offer.propose.offer = "come_back"
    offer.propose.placements.extend(["web.home.banner", "web.cart"])
    offer.lasts.FromMicroseconds(2 * DAY_US)
    call = message.stages.add(stage="call")
    call.task.kind = "call"
    call.task.reason = "Left a cart behind."
    call.task.script = "You had {cart}, worth {cart_value}."
    call.task.offers.append("come_back")
    call.task.skills.append("sales")
    call.task.priority = 10
    call.lasts.FromMicroseconds(3 * DAY_US)
    return read_scenario(message)


def facts(
    *,
    is_defined: bool = True,
    offers: dict[str, int] | None = None,
    ends: dict[str, int] | None = None,
    situation_holds: bool | None = True,
    cart: Cart = CART,
) -> Facts:
    """What is found out when everything is there and as it must be."""
    return Facts(
        is_defined,
        {"come_back": COME_BACK} if offers is None else offers,
        ends or {},
        situation_holds,
        cart,
        {3: "Trail shoes", 4: "Wool socks"},
        "EUR",
    )


def for_all(starting: Starting) -> StartingOf:
    """Let the same scenarios be in force for everybody."""
    return lambda person_ids: starting


def event(
    event_type: str = "add_to_cart",
    time_us: int = NOON_US,
    *,
    person_id: str = ADA,
    offer_no: int = 0,
) -> Happened:
    return Happened(person_id, event_type, time_us, offer_no)
