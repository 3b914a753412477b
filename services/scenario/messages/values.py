"""What a message can tell: of its person, their cart, and what it carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.scenario.domain.carts import Beginning
from services.scenario.messages.stationery import Sender
from shared.catalogue import Catalogue
from shared.money import MICROS, from_micros
from shared.templates import Values
from touchpoint.aggregator.v1.aggregator_pb2 import Recommendation
from touchpoint.profile.v1.profile_service_pb2 import ReachPersonResponse


def values_of(
    person: ReachPersonResponse,
    began: Beginning,
    offers: Iterable[Recommendation],
    catalogue: Catalogue,
    senders: tuple[Sender, Sender],
    unsubscribe_link: str,
    decision_id: str,
    today: str,
) -> Values:
    """Return what a template may read; what is not known is not there.

    `began`: what its journey began with, and the cart to tell of. `senders`: who it is from, and
    the house. `today`: the day, where the person is.
    """
    sender, house = senders
    cart = began.cart
    return {
        "person": _known(
            name=person.name,
            first_name=first_name(person.name),
            language=person.locale.partition("-")[0],
        ),
        "cart": {
            **_known(value=price(cart.value_micros, catalogue.only_currency)),
            "count": len(cart.offer_nos),
            "lines": [
                _cart_line(offer_no, quantity, catalogue, person.locale)
                for offer_no, quantity in zip(cart.offer_nos, cart.quantities, strict=True)
            ],
        },
        "item": _item(began.item_no, catalogue, person.locale),
        "offers": [_offer(each, catalogue) for each in offers],
        "sender": _known(name=sender.name, address=sender.address),
        "house": _known(name=house.name, address=house.address),
        "unsubscribe": _known(link=unsubscribe_link),
        "today": today,
        **_known(decision_id=decision_id),
    }


def first_name(name: str) -> str:
    """Return the first name of `Ada Lovelace`, or of `Lovelace, Ada`."""
    family, comma, given = name.partition(",")
    return next(iter((given if comma else family).split()), "")


def price(micros: int, currency: str) -> str:
    """Return an amount as people read it; empty: nobody knows it."""
    if micros <= 0:
        return ""
    cents = round(micros / (MICROS // 100)) * (MICROS // 100)
    whole, _, fraction = from_micros(cents).partition(".")
    return f"{whole}.{fraction or '00'} {currency}".rstrip()


def _known(**said: str) -> dict[str, str]:
    return {name: value for name, value in said.items() if value}


def _cart_line(
    offer_no: int, quantity: float, catalogue: Catalogue, locale: str
) -> Mapping[str, str | int]:
    said = _item(offer_no, catalogue, locale)
    return {**said, "quantity": int(quantity) if quantity == int(quantity) else f"{quantity:g}"}


def _item(offer_no: int, catalogue: Catalogue, locale: str) -> Mapping[str, str]:
    return _known(
        title=catalogue.title(offer_no, locale),
        price=_price_of(offer_no, catalogue),
    )


def _offer(found: Recommendation, catalogue: Catalogue) -> Mapping[str, str]:
    creative = found.creative
    (offer_no, *_) = (*catalogue.offer_nos([found.offer_id]), 0)
    return _known(
        offer_id=found.offer_id,
        title=creative.title,
        text=creative.text,
        price=_price_of(offer_no, catalogue),
        link=creative.link,
        image=creative.image_url,
        call_to_action=creative.call_to_action,
        reason=found.reasons[0].text if found.reasons else "",
    )


def _price_of(offer_no: int, catalogue: Catalogue) -> str:
    if not 0 < offer_no < catalogue.size:
        return ""
    currency = catalogue.currencies.texts()[catalogue.currency_no[offer_no]]
    return price(int(catalogue.price_micros[offer_no]), currency)
