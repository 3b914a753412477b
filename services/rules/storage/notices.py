"""ContactNotices as they go on the bus."""

from __future__ import annotations

from enum import IntEnum

from shared.bus import Publication
from shared.bus.subjects import contacts_of
from shared.postgres import Row
from touchpoint.common.v1.bus_pb2 import ContactNotice
from touchpoint.common.v1.vocabulary_pb2 import Channel

SCHEMA_NUMBER = 1


class ContactState(IntEnum):
    """States of the ledger, by their number in its rows and their name in notices."""

    RESERVED = 1
    CONFIRMED = 2
    RELEASED = 3


def contact_notice(
    contact_id: str,
    person_id: str,
    state: ContactState,
    policy: str,
    channel: int,
    offer_no: int,
    time_us: int,
) -> ContactNotice:
    """Return the notice of a contact's new state; an empty person is filled in by the database."""
    return ContactNotice(
        contact_id=contact_id,
        person_id=person_id,
        state=state.name,
        policy=policy,
        channel=Channel.Value.ValueType(channel),
        offer_no=offer_no,
        time_us=time_us,
    )


def notice_of(row: Row, state: ContactState) -> ContactNotice:
    """Return the notice of a contact whose row a statement returned."""
    return contact_notice(
        row["contact_id"],
        row["person_id"],
        state,
        row["policy"],
        row["channel"],
        row["offer_no"],
        row["time_us"],
    )


def publication(notice: ContactNotice) -> Publication:
    return Publication.of(contacts_of(notice.person_id), SCHEMA_NUMBER, notice)
