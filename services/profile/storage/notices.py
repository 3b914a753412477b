"""What profile tells the others on the bus: ids, types and numbers, never a personal value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.profile.domain.event import PROMOTION
from services.profile.domain.identity import PersonSet
from services.profile.domain.memberships import Cause, Change
from services.profile.domain.ports import Recorded
from shared.bus import Publication
from shared.bus.subjects import (
    HISTORY_IMPORTED,
    erasures_of,
    events_of,
    identities_of,
    memberships_of,
)
from touchpoint.common.v1.bus_pb2 import (
    EventNotices,
    HistoryImported,
    IdentityNotice,
    MembershipNotices,
    PersonErased,
)
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.vocabulary_pb2 import Origin

SCHEMA_NUMBER = 1
MAX_NOTICES = 150
"""Of one message, so that even events whose every text is as long as may be fit into it."""


def event_notices(recorded: Sequence[Recorded], received_us: int) -> list[Publication]:
    """Return a message per partition, or a few of a large batch; each person's events in order."""
    open_messages: dict[str, EventNotices] = {}
    messages: list[tuple[str, EventNotices]] = []
    for each in recorded:
        subject = events_of(each.person_id)
        message = open_messages.get(subject)
        if message is None or len(message.notices) == MAX_NOTICES:
            message = open_messages[subject] = EventNotices()
            messages.append((subject, message))
        _add_notice(message, each, received_us)
    return [Publication.of(subject, SCHEMA_NUMBER, message) for subject, message in messages]


def _add_notice(message: EventNotices, recorded: Recorded, received_us: int) -> None:
    arrival, person_id, seq, token = recorded
    event = arrival.event
    notice = message.notices.add(
        person_id=person_id,
        seq=seq,
        event_id=arrival.event_id,
        type=event.type,
        time_us=event.time_us,
        received_us=received_us,
        channel=event.channel,
        origin=Origin.LIVE,
        offer_no=event.offer_no,
        family_no=event.family_no,
        decision_id=arrival.decision_id,
        placement=arrival.placement,
        quantity=event.quantity,
        value_micros=event.value_micros,
        session_id=event.session_id,
        gift=event.gift,
        standing_token=token,
        order_id=event.order_id,
    )
    if event.details:
        notice.promotion_id = event.details.get(PROMOTION, "")
    for kind, _, key in arrival.identities:
        notice.identity_keys.add(kind=kind, key=key)


def identity_notice(
    kind: str, key: bytes, person_id: str, persons: PersonSet, *, shared: bool
) -> Publication:
    notice = IdentityNotice(
        identity_key=IdentityKey(kind=kind, key=key),
        person_id=person_id,
        person_ids=persons.person_ids,
        version=persons.version,
        ambiguous=shared,
    )
    return Publication.of(identities_of(person_id), SCHEMA_NUMBER, notice)


def membership_notices(
    changes: Sequence[Change], cause: Cause, bundle_hash: str, now_us: int
) -> list[Publication]:
    """Return messages about memberships, a few for each partition."""
    by_subject: dict[str, list[Change]] = {}
    for change in changes:
        by_subject.setdefault(memberships_of(change.person_id), []).append(change)
    messages = []
    for subject, mine in by_subject.items():
        for start in range(0, len(mine), MAX_NOTICES):
            message = MembershipNotices()
            for person_id, person_ids, segment, is_member in mine[start : start + MAX_NOTICES]:
                message.notices.add(
                    person_id=person_id,
                    person_ids=person_ids,
                    segment=segment,
                    is_member=is_member,
                    time_us=now_us,
                    cause=cause,
                    bundle_hash=bundle_hash,
                )
            messages.append(Publication.of(subject, SCHEMA_NUMBER, message))
    return messages


def history_imported(import_id: str, events: int, position: int) -> Publication:
    notice = HistoryImported(import_id=import_id, events=events, position=position)
    return Publication.of(HISTORY_IMPORTED, SCHEMA_NUMBER, notice)


def person_erased(person_ids: Sequence[str], keys: Mapping[bytes, str], now_us: int) -> Publication:
    """Return the message about an erasure; `keys` are pseudonyms with their kinds."""
    notice = PersonErased(
        person_ids=person_ids,
        time_us=now_us,
        identity_keys=[IdentityKey(kind=kind, key=key) for key, kind in keys.items()],
    )
    return Publication.of(erasures_of(person_ids[0]), SCHEMA_NUMBER, notice)
