"""Reads records that come from another home, with suspicion; `record_messages` writes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from services.profile.domain.applying import AT_ONCE
from services.profile.domain.event import NO_DETAILS, Event, Topic
from services.profile.domain.owners import read_owner
from services.profile.domain.placing import Rejection
from services.profile.domain.ports import Arrival, NewLink
from services.profile.domain.relationships import OPEN, Relationship
from services.profile.domain.restoring import MovedEvent, MovedIdentity, MovedLink, MovedPerson
from services.profile.fields import (
    AHEAD_US,
    LAST_SECOND,
    LONGEST_ID,
    LONGEST_NAME,
    LONGEST_PRIVATE,
    MistakenError,
    check_attributes,
    check_type,
)
from services.profile.intake import INVALID, LAST_CHANNEL, Intake
from services.profile.record_messages import COLUMNS
from services.profile.relations import owner_mistake, role_mistake
from services.profile.stamping import Stamper
from shared.ids import is_id
from touchpoint.profile.v1.transfer_pb2 import (
    EventRecords,
    LinkRecord,
    PersonRecord,
    RelationshipRecord,
)

_RECEIVED, _ORIGIN, _OFFER = 5, 7, 8
_LONGEST = {"privates": LONGEST_PRIVATE, "owners": 512} | dict.fromkeys(
    ("details", "categories", "variants"), 16_384
)
"""Characters of texts that are no ids."""
_LAST_US = LAST_SECOND * 1_000_000
_TOPICS = frozenset(Topic)


class RecordReader:
    """Reads what another home wrote, or says what is wrong with it."""

    def __init__(self, intake: Intake, stamper: Stamper) -> None:
        self._intake = intake
        self._stamp = stamper.stamp

    def persons(
        self, records: Iterable[PersonRecord], now_us: int
    ) -> tuple[list[MovedPerson], list[Rejection]]:
        return _read(records, partial(self._person, now_us))

    def links(
        self, records: Iterable[LinkRecord], now_us: int
    ) -> tuple[list[MovedLink], list[Rejection]]:
        return _read(records, partial(_link, now_us))

    async def events(
        self, records: EventRecords, now_us: int
    ) -> tuple[list[MovedEvent], list[Rejection]]:
        """Return the events that can be taken; columns are of equal length, owners or left out."""
        taken: list[MovedEvent] = []
        wrong: list[Rejection] = []
        columns = [getattr(records, name) for name in COLUMNS]
        columns[-1] = records.owners or [""] * len(records.event_ids)
        for place, row in enumerate(zip(*columns, strict=True)):
            try:
                taken.append(self._event(place, row, now_us))
            except ValueError as error:
                wrong.append(Rejection(place, INVALID, str(error)))
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        return taken, wrong

    def _person(self, now_us: int, place: int, record: PersonRecord) -> MovedPerson:
        _check_ids(person_id=record.person_id)
        _check_past(now_us, created_us=record.created_us)
        if len(record.name) > LONGEST_NAME:
            raise MistakenError(f"name: at most {LONGEST_NAME} characters")
        identities = []
        for each in record.identities:
            _check_ids(**{f"fits[{at}]": fit for at, fit in enumerate(each.fits)})
            _check_past(now_us, first_seen_us=each.first_seen_us)
            identity = self._intake.identity(each.kind, each.value)
            identities.append(
                MovedIdentity(identity, each.verified, each.first_seen_us, tuple(each.fits))
            )
        attributes = tuple((each.name, each.value, each.said_us) for each in record.attributes)
        check_attributes({name: value for name, value, _ in attributes})
        for _, _, said_us in attributes:
            _check_past(now_us, said_us=said_us)
        for referred in record.referrals:
            _check_ids(**{"referrals.person_id": referred.person_id})
            _check_past(now_us, said_us=referred.said_us)
        return MovedPerson(
            place,
            record.person_id,
            record.created_us,
            record.name,
            tuple(identities),
            attributes,
            tuple(_relationship(now_us, record.person_id, each) for each in record.relationships),
            tuple((each.person_id, each.said_us) for each in record.referrals),
        )

    def _event(self, place: int, row: tuple[Any, ...], now_us: int) -> MovedEvent:
        (
            person_id, event_id, caller, kind, time_us, _, channel, _, offer_id, category, brand,
            price, cost, quantity, value, session_id, order_id, gift, duration_s, reassurance,
            details, decision_id, placement, variant, topic, private, owner,
        ) = row  # fmt: skip
        _check_ids(person_id=person_id)
        check_type(kind)
        _check_texts(row)
        _check_numbers(time_us, channel, quantity, duration_s, (price, cost, value), now_us)
        offer_no, family_no, *_ = self._stamp(offer_id)
        event = Event(
            time_us, kind, channel, offer_no, family_no, category, brand, price, cost, quantity,
            value, session_id, order_id, gift, duration_s, reassurance, _variant(variant),
            _topic(topic), _details(details),
        )  # fmt: skip
        # When it came in, and how, is another matter in each home; the owner is part of the name.
        content = repr((*row[:_RECEIVED], channel, *row[_OFFER:-1])).encode()
        owner_key = self._owner(owner)
        key, digest = self._intake.fingerprints(caller, event_id, content, owner_key)
        arrival = Arrival(
            place, key, digest, event, (), event_id, caller, decision_id, placement,
            _private(private), owner_key=owner_key,
        )  # fmt: skip
        return MovedEvent(person_id, arrival)

    def _owner(self, text: str) -> bytes:
        try:
            return read_owner(text, lambda kind, value: self._intake.identity(kind, value).key)
        except ValueError as error:
            raise MistakenError(f"owners: {error}") from error


def _relationship(now_us: int, person_id: str, record: RelationshipRecord) -> Relationship:
    mistake = role_mistake(record.role) or owner_mistake(record.owner_id)
    if mistake:
        raise MistakenError(f"relationships: {mistake}")
    _check_past(now_us, set_us=record.set_us)
    until_us = record.until_us or OPEN
    if not 0 <= record.from_us < (record.until_us or _LAST_US) <= _LAST_US:
        raise MistakenError("relationships: must begin before they end, from 1970 to the year 9999")
    return Relationship(
        person_id, record.role, record.owner_id, record.from_us, until_us, record.set_us
    )


def _read(records: Iterable[Any], read: Callable[[int, Any], Any]) -> tuple[list[Any], list[Any]]:
    taken, wrong = [], []
    for place, record in enumerate(records):
        try:
            taken.append(read(place, record))
        except ValueError as error:
            wrong.append(Rejection(place, INVALID, str(error)))
    return taken, wrong


def _link(now_us: int, place: int, record: LinkRecord) -> MovedLink:
    one, other = record.person_id, record.other_person_id
    _check_ids(link_id=record.link_id, person_id=one, other_person_id=other)
    _check_past(now_us, linked_us=record.linked_us)
    if len(record.event_id) > LONGEST_ID or "\0" in record.event_id:
        raise MistakenError(f"event_id: at most {LONGEST_ID} characters, none of them NUL")
    if one == other:
        raise MistakenError("other_person_id: must be another person")
    link = NewLink(record.link_id, one, other, record.event_id)
    return MovedLink(place, link, record.linked_us)


def _check_ids(**ids: str) -> None:
    for name, text in ids.items():
        if not is_id(text):
            raise MistakenError(f"{name}: is no id of ours")


def _check_past(now_us: int, **moments: int) -> None:
    for name, time_us in moments.items():
        if not 0 <= time_us <= now_us + AHEAD_US:
            raise MistakenError(f"{name}: must lie between 1970 and now")


def _check_texts(row: tuple[Any, ...]) -> None:
    for name, text in zip(COLUMNS, row, strict=True):
        if not isinstance(text, str):
            continue
        longest = _LONGEST.get(name, LONGEST_ID)
        if len(text) > longest:
            raise MistakenError(f"{name}: at most {longest} characters")
        if "\0" in text:
            raise MistakenError(f"{name}: must not hold the character NUL")
    if not row[1]:
        raise MistakenError("event_ids: must not be empty")


def _check_numbers(
    time_us: int,
    channel: int,
    quantity: float,
    duration_s: float,
    amounts: Sequence[int],
    now_us: int,
) -> None:
    if not 0 <= time_us <= now_us + AHEAD_US:
        raise MistakenError("times_us: must lie between 1970 and now")
    if not 0 <= channel <= LAST_CHANNEL:
        raise MistakenError(f"channels: has the unknown value {channel}")
    if not 0.0 <= quantity <= 1e9 or not 0.0 <= duration_s <= 1e9:  # so that NaN fails too
        raise MistakenError("quantities and durations_s: must be from 0 to 1e9")
    if not all(amount >= -1 for amount in amounts):
        raise MistakenError("price, cost and value: must be zero or more")


def _private(text: str) -> str:
    if text:
        _object("privates", text)
    return text


def _details(text: str) -> Mapping[str, str]:
    return _texts("details", text) if text else NO_DETAILS


def _variant(text: str) -> str:
    if text:
        _texts("variants", text)
    return text


def _topic(number: int) -> int:
    if number not in _TOPICS:
        raise MistakenError(f"topics: has the unknown value {number}")
    return number


def _texts(name: str, text: str) -> Mapping[str, str]:
    found = _object(name, text)
    if not all(isinstance(value, str) for value in found.values()):
        raise MistakenError(f"{name}: must be a JSON object of texts")
    return found


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MistakenError(f"{name}: must be a JSON object")
    return found
