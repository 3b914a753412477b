"""What happens away from the screen: stores, calls, mails and returns."""

from __future__ import annotations

from demo.records import DAY_S
from demo.shop.browsing import browse, buy
from demo.shop.diary import Visit
from demo.shop.model import Item
from demo.shop.persuasion import choose_offer, interest, take, turn_down
from demo.shop.shopper import Shopper

RETURN_SHARE = 0.06
RETURN_DAYS = (3, 18)
AGENT_OFFERS_SHARE = 0.5
DEAREST_AT_TILL_CENTS = 60_000

# what is chosen at the machine, the topic, the agent's note, whether it is a complaint
CALL_TOPICS = (
    ("orders", "where is my order", "Parcel is out for delivery, told the customer.", False),
    ("orders", "change of address", "Changed the delivery address before dispatch.", False),
    ("returns", "return of an order", "Sent a return label by e-mail.", False),
    ("returns", "damaged on arrival", "Replacement ordered, apologised.", True),
    ("products", "advice before buying", "Compared two models with the customer.", False),
    ("products", "advice before buying", "Wants to think it over until the weekend.", False),
    ("account", "cannot sign in", "Reset the password with the customer.", False),
    ("orders", "late delivery", "Delivery is five days late, customer upset.", True),
)


def visit_store(shopper: Shopper, at: int) -> int:
    """Buy a few things at the till; without a loyalty card it leaves no trace."""
    if not shopper.identity("loyalty_card").value:
        return at
    visit = shopper.diary.visit(at, "STORE", shopper.identity("loyalty_card"), bare=True)
    subjects = [shopper.next_subject() for _ in range(shopper.rng.choice((1, 1, 2, 2, 3)))]
    basket: dict[str, Item] = {}
    for item in map(shopper.pick, subjects):
        affordable = item.price_cents < DEAREST_AT_TILL_CENTS or shopper.chance(0.2)
        if affordable and shopper.wants(item) and shopper.on_sale(item, at):
            basket.setdefault(item.family, item)
    if basket:
        buy(shopper, visit, [(item, 1) for item in basket.values()], gift=shopper.chance(0.1))
    return visit.at


def call(shopper: Shopper, at: int) -> int:
    """Call the shop: first the machine, mostly an agent after it."""
    choice, topic, note, complaint = shopper.rng.choice(CALL_TOPICS)
    visit = shopper.diary.visit(at, "IVR", shopper.identity("phone"))
    visit.note("call_started", shopper.dwell_s(15))
    visit.note("ivr_choice", shopper.dwell_s(20), attributes={"choice": choice})
    if not shopper.chance(0.25):
        visit.channel = "CALL_CENTER"
        subject = {"category": shopper.subject} if choice == "products" and shopper.subject else {}
        visit.note("call_topic", shopper.dwell_s(120), attributes={"topic": topic, **subject})
        if complaint:
            visit.note("complaint", shopper.dwell_s(90), attributes={"topic": topic})
        elif shopper.chance(AGENT_OFFERS_SHARE):
            _agent_offers(shopper, visit)
        visit.note("agent_note", shopper.dwell_s(20), attributes={"text": note})
    visit.note("call_ended", duration_s=visit.at - at)
    return visit.at


def _agent_offers(shopper: Shopper, visit: Visit) -> None:
    offer = choose_offer(shopper, visit.channel)
    if offer is None:
        return
    visit.note("impression", 30, offer_id=offer.offer_id, placement="agent.prompt")
    if shopper.chance(interest(shopper, offer)):
        take(shopper, visit, offer, "agent.prompt")
    else:
        turn_down(shopper, visit, offer, "agent.prompt", declines=0.7)


def send_mail(shopper: Shopper, at: int) -> int:
    """Send the newsletter, which carries one offer."""
    shopper.mailed = choose_offer(shopper, "EMAIL")
    if shopper.mailed is not None:
        visit = shopper.diary.visit(at, "EMAIL", shopper.identity("email"), bare=True)
        visit.note("contact_sent", offer_id=shopper.mailed.offer_id, placement="email.body")
    return at


def open_mail(shopper: Shopper, at: int) -> int:
    """Open the last newsletter and, if its offer interests, go on to the site."""
    offer = shopper.mailed
    if offer is None:
        return at
    visit = shopper.diary.visit(at, "EMAIL", shopper.identity("email"), bare=True)
    visit.note("email_open", shopper.dwell_s(12), offer_id=offer.offer_id, placement="email.body")
    if shopper.chance(interest(shopper, offer)):
        visit.note("email_click", 3, offer_id=offer.offer_id, placement="email.body")
        take(shopper, visit, offer, "email.body")
        return browse(shopper, visit.at, "WEB", shopper.cookie(), signed_in=shopper.chance(0.5))
    if shopper.chance(0.04):
        visit.note("unsubscribe", attributes={"purpose": "marketing"})
    return visit.at


def send_back(shopper: Shopper) -> None:
    """Return some of what was bought, days later, in the channel it was bought on."""
    for line in shopper.bought:
        if not shopper.chance(RETURN_SHARE):
            continue
        at = line.at + shopper.rng.randint(*RETURN_DAYS) * DAY_S
        visit = shopper.diary.visit(at, line.channel, *line.identities, bare=True)
        visit.note(
            "return",
            order_id=line.order_id,
            item_id=line.item.item_id,
            quantity=line.quantity,
            value_cents=line.item.price_cents * line.quantity,
            attributes={
                "reason": shopper.rng.choice(("does not fit", "not as expected", "faulty"))
            },
        )
