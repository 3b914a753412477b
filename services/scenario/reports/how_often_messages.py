"""Writes how often scenarios are entered as messages."""

from __future__ import annotations

from services.scenario.domain.how_often import HowOften
from touchpoint.scenario.v1 import how_often_pb2 as pb


def how_often_message(found: HowOften, currency: str) -> pb.HowOften:
    """Return what is to be said of one scenario."""
    return pb.HowOften(
        days=found.days,
        entries=found.entries,
        people=found.people,
        busiest_day=found.busiest_day,
        days_without=found.days_without,
        with_cart=0 if found.is_few else found.with_cart,
        cart_micros=0 if found.is_few else found.cart_micros,
        order_micros=0 if found.is_few else found.order_micros,
        few=found.is_few,
        currency=currency,
        groups=[
            pb.EnteringGroup(
                kind=each.kind,
                name=each.name,
                entries=each.entries,
                people=each.people,
                cart_micros=each.cart_micros,
            )
            for each in found.groups
        ],
    )
