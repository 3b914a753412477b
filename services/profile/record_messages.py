"""Writes what is stored as the records that move between homes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.profile.domain.relationships import OPEN
from services.profile.domain.restoring import MovedLink
from services.profile.storage.exports import StoredIdentity, StoredPerson
from touchpoint.profile.v1.transfer_pb2 import (
    AttributeRecord,
    EventRecords,
    IdentityRecord,
    LinkRecord,
    PersonRecord,
    ReferralRecord,
    RelationshipRecord,
)

COLUMNS = (
    "person_ids", "event_ids", "callers", "types", "times_us", "received_us", "channels", "origins",
    "offer_ids", "categories", "brands", "price_micros", "cost_micros", "quantities",
    "value_micros", "session_ids", "order_ids", "gifts", "durations_s", "reassurances", "details",
    "decision_ids", "placements", "variants", "topics", "privates", "owners",
)  # fmt: skip
"""In the order of the statement `export_events`, after the position."""


def event_records(rows: Sequence[Any], offer_ids: Sequence[str]) -> EventRecords:
    """Return rows of `export_events`, their positions left out and numbers as ids."""
    if not rows:
        return EventRecords()
    _, *cells = zip(*rows, strict=True)
    columns: dict[str, Any] = dict(zip(COLUMNS, cells, strict=True))
    known = len(offer_ids)
    numbers = columns["offer_ids"]
    columns["offer_ids"] = [offer_ids[number] if number < known else "" for number in numbers]
    return EventRecords(**columns)


def person_record(person: StoredPerson) -> PersonRecord:
    said = sorted(person.state.attributes.items())
    return PersonRecord(
        person_id=person.person_id,
        profile_id=person.profile_id,
        created_us=person.created_us,
        name=person.name,
        identities=[
            IdentityRecord(
                kind=each.kind,
                value=each.value,
                verified=each.verified,
                first_seen_us=each.first_seen_us,
                fits=each.fits,
            )
            for each in sorted(person.identities, key=_by_age)
        ],
        attributes=[
            AttributeRecord(name=name, value=value, said_us=time_us)
            for name, (time_us, value) in said
        ],
        relationships=[
            RelationshipRecord(
                role=each.role,
                owner_id=each.owner_id,
                from_us=each.from_us,
                until_us=each.until_us if each.until_us < OPEN else 0,
                set_us=each.set_us,
            )
            for each in sorted(person.relationships)
        ],
        referrals=[
            ReferralRecord(person_id=referred, said_us=said_us)
            for referred, said_us in person.referrals
        ],
    )


def _by_age(each: StoredIdentity) -> tuple[int, str, str]:
    """Order them alike in every home."""
    return each.first_seen_us, each.kind, each.value


def link_record(moved: MovedLink) -> LinkRecord:
    link = moved.link
    return LinkRecord(
        link_id=link.link_id,
        person_id=link.person_id,
        other_person_id=link.other_person_id,
        event_id=link.event_id,
        linked_us=moved.linked_us,
    )
