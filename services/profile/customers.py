"""Reads the customers of a file, or says what is wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from services.profile.domain.applying import AT_ONCE
from services.profile.domain.customers import Customer
from services.profile.domain.identity import CUSTOMER, Identity
from services.profile.domain.placing import Rejection
from services.profile.domain.reading import NAME
from services.profile.domain.state import LOCALE, TIME_ZONE
from services.profile.fields import LONGEST_NAME, check_attributes
from services.profile.intake import INVALID
from services.profile.relations import owner_mistake, role_mistake
from shared.privacy import STRENGTH
from touchpoint.profile.v1.profile_service_pb2 import CustomerRecord

Identify = Callable[[str, str], Identity]
"""Makes an identity of its kind and value; raises ValueError."""


async def read_customers(
    records: Sequence[CustomerRecord], identify: Identify
) -> tuple[list[Customer], list[Rejection]]:
    """Return the customers that can be taken, and what is wrong with the others."""
    taken: list[Customer] = []
    wrong: list[Rejection] = []
    for place, record in enumerate(records):
        try:
            taken.append(_customer(place, record, identify))
        except ValueError as error:
            wrong.append(Rejection(place, INVALID, str(error)))
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
    return taken, wrong


def _customer(place: int, record: CustomerRecord, identify: Identify) -> Customer:
    who = tuple(dict.fromkeys(identify(each.kind, each.value) for each in record.identities))
    if not who:
        raise ValueError("identities: must not be empty")
    if who[0].kind != CUSTOMER:
        who = tuple(sorted(who, key=lambda identity: STRENGTH[identity.kind]))
        if who[0].kind == CUSTOMER:
            raise ValueError("identities: must begin with the customer id")
    attributes = dict(record.attributes)
    name = attributes.pop(NAME, "")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"attributes.name: has more than {LONGEST_NAME} characters")
    said = {LOCALE: record.locale, TIME_ZONE: record.time_zone}
    attributes.update({key: value for key, value in said.items() if value})
    check_attributes(attributes)
    return Customer(place, who, attributes, name, _owners(record))


def _owners(record: CustomerRecord) -> Mapping[str, str]:
    """Return who looks after the customer, or say which of them cannot be."""
    for role, owner_id in record.owners.items():
        mistake = role_mistake(role) or owner_mistake(owner_id)
        if mistake:
            raise ValueError(f"owners: {mistake}")
    return dict(record.owners)
