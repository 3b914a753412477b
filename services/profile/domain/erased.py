"""What an erasure leaves behind: what happened before it is not taken in again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from services.profile.domain.identity import Known
from services.profile.domain.ports import Arrival, ProfileTransaction

ERASED = "ERASED"
EVENT_TEXT = "it happened before the person was erased: what was erased is not taken in again"
CUSTOMER_TEXT = (
    "this customer was erased: no file brings them back, only what they do from now on does"
)

ErasedSince = Mapping[bytes, int]
"""Pseudonyms of identities to when the person they led to was erased."""
NONE_ERASED: ErasedSince = MappingProxyType({})


async def erasures_of(
    transaction: ProfileTransaction, keys: Collection[bytes], known: Mapping[bytes, Known]
) -> ErasedSince:
    """Return when persons were erased whom identities led to, also where they lead anew since."""
    found = {key: each.erased_us for key, each in known.items() if each.erased_us}
    unknown = [key for key in keys if key not in known]
    if unknown:
        found.update(await transaction.erased_identities(unknown))
    return found


def was_erased(arrival: Arrival, erased: ErasedSince) -> bool:
    """Say whether an event is of before the erasure of somebody whom it names."""
    time_us = arrival.event.time_us
    return any(time_us < erased.get(identity.key, 0) for identity in arrival.identities)
