"""Takes events in: checked, stamped from the catalogue, told apart from each other."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from google.protobuf.struct_pb2 import Value

from services.profile.domain.event import (
    DETAILS,
    NO_DETAILS,
    Event,
    is_about_shipping_or_returns,
)
from services.profile.domain.identity import Identity
from services.profile.domain.placing import Rejection
from services.profile.domain.ports import Arrival
from services.profile.stamping import Stamper
from shared.money import to_micros
from shared.privacy import KINDS, IdentityError, identity_key, normalise
from touchpoint.common.v1 import event_pb2
from touchpoint.common.v1.identity_pb2 import IdentityKey

INVALID = "INVALID"
AHEAD_US = 10 * 60 * 1_000_000
"""How far an event's time may lie ahead of ours: clocks of devices are off."""
MAX_IDENTITIES = 8
MAX_ATTRIBUTES = 32
_LONGEST_ID = 128
_LONGEST_TEXT = 512
_LAST_SECOND = 253_402_300_799  # the year 9999: what a Timestamp may hold
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_MAX_QUANTITY = 1e9
_MAX_DURATION_S = 30 * 86_400.0
_LAST_CHANNEL = 10
_STRENGTH = {kind: place for place, kind in enumerate(KINDS)}
_MAX_REMEMBERED = 200_000

ABOUT_OFFERS = frozenset(
    {"impression", "accept", "decline", "ignore", "click", "contact_sent", "survey_answer"}
    | {"email_open", "email_click"}
)
"""Types that are about what was proposed; all others are about the item first."""
_BOUGHT = frozenset({"purchase", "return"})
_GIFT = "gift"
_YES = frozenset({"true", "1", "yes"})

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class MistakenError(ValueError):
    """An event cannot be taken; the text begins with the field."""


class Intake:
    """Makes arrivals of proto events."""

    def __init__(self, stamper: Stamper, deployment_key: bytes, region: str) -> None:
        """Take the key of all pseudonyms, and where numbers without country code are dialled."""
        self._stamp = stamper.stamp
        self._deployment_key = deployment_key
        self._region = region
        # One key per purpose, so that none of the digests can be compared with another.
        self._id_key = hmac.digest(deployment_key, b"event id", "sha256")
        self._content_key = hmac.digest(deployment_key, b"event content", "sha256")
        self._identities: dict[tuple[str, str], Identity] = {}

    def recorded(
        self,
        events: Sequence[event_pb2.Event],
        keys: Sequence[Sequence[IdentityKey]],
        caller: str,
        now_us: int,
    ) -> tuple[list[Arrival], list[Rejection]]:
        """Take events whose identities are normal and come with their pseudonyms."""
        arrivals: list[Arrival] = []
        rejected: list[Rejection] = []
        for place, (event, pseudonyms) in enumerate(zip(events, keys, strict=True)):
            try:
                who = _with_keys(event, pseudonyms)
                arrivals.append(self._arrival(place, event, who, caller, now_us))
            except ValueError as error:
                rejected.append(Rejection(place, INVALID, str(error)))
        return arrivals, rejected

    def imported(
        self, events: Iterable[event_pb2.Event], first_place: int, caller: str, now_us: int
    ) -> tuple[list[Arrival], list[Rejection]]:
        """Take events of a file, whose identities are as the file has them."""
        arrivals: list[Arrival] = []
        rejected: list[Rejection] = []
        for place, event in enumerate(events, first_place):
            try:
                who = [self.identity(each.kind, each.value) for each in event.identities]
                arrivals.append(self._arrival(place, event, who, caller, now_us))
            except ValueError as error:
                rejected.append(Rejection(place, INVALID, str(error)))
        return arrivals, rejected

    def identity(self, kind: str, value: str) -> Identity:
        """Return an identity written the one way, with its pseudonym; raises ValueError."""
        found = self._identities.get((kind, value))
        if found is None:
            try:
                normal = normalise(kind, value, self._region)
            except IdentityError as error:
                raise MistakenError(f"identities: a {kind or 'kind'} {error}") from error
            key = identity_key(self._deployment_key, kind, normal.value)
            found = Identity(kind, normal.value, key)
            if len(self._identities) >= _MAX_REMEMBERED:
                self._identities.clear()
            self._identities[kind, value] = found
        return found

    def _arrival(
        self,
        place: int,
        event: event_pb2.Event,
        who: Sequence[Identity],
        caller: str,
        now_us: int,
    ) -> Arrival:
        event_id = event.event_id
        if not 1 <= len(event_id) <= _LONGEST_ID:
            raise MistakenError(f"event_id: must have 1 to {_LONGEST_ID} characters")
        counted, private = self._counted(event, now_us)
        return Arrival(
            place,
            blake2b(f"{caller}\0{event_id}".encode(), digest_size=16, key=self._id_key).digest(),
            blake2b(
                event.SerializeToString(deterministic=True), digest_size=16, key=self._content_key
            ).digest(),
            counted,
            _strongest_first(who),
            event_id,
            caller,
            event.decision_id,
            event.placement,
            private,
        )

    def _counted(self, event: event_pb2.Event, now_us: int) -> tuple[Event, str]:
        """Return what counts of an event, and what is private of it."""
        kind, channel = event.type, event.channel
        if not _TYPE.fullmatch(kind):
            raise MistakenError("type: must be 1 to 64 characters in lower_snake_case")
        if not 0 <= channel <= _LAST_CHANNEL:
            raise MistakenError(f"channel: has the unknown value {channel}")
        session_id, order_id = _checked_texts(event)
        details, gift, others = _attributes(event)
        if kind in ABOUT_OFFERS:
            stamp = self._stamp(event.offer_id or event.item_id)
        else:
            stamp = self._stamp(event.item_id or event.offer_id)
        offer_no, family_no, category, brand, price_micros, cost_micros = stamp
        quantity = _quantity(event)
        query, page = event.query, event.page
        counted = Event(
            _time_us(event, now_us),
            kind,
            channel,
            offer_no,
            family_no,
            category or details.get("category", ""),
            brand or details.get("brand", ""),
            price_micros,
            cost_micros,
            quantity,
            _value_micros(event, kind, price_micros, quantity),
            session_id,
            order_id,
            gift,
            _duration_s(event),
            bool(page) and is_about_shipping_or_returns(page),
            details,
        )
        return counted, _private(query, page, others) if query or page or others else ""


def _with_keys(event: event_pb2.Event, keys: Sequence[IdentityKey]) -> list[Identity]:
    identities = event.identities
    if len(keys) != len(identities):
        raise MistakenError("identities: come with another number of pseudonyms")
    return [
        Identity(identity.kind, identity.value, key.key)
        for identity, key in zip(identities, keys, strict=True)
    ]


def _strongest_first(who: Sequence[Identity]) -> tuple[Identity, ...]:
    if len(who) == 1 and who[0].kind in _STRENGTH:
        return (who[0],)
    if not 1 <= len(who) <= MAX_IDENTITIES:
        raise MistakenError(f"identities: must be 1 to {MAX_IDENTITIES}")
    for identity in who:
        if identity.kind not in _STRENGTH:
            known = ", ".join(KINDS)
            raise MistakenError(f"identities: unknown kind {identity.kind!r}; known are {known}")
    return tuple(dict.fromkeys(sorted(who, key=lambda identity: _STRENGTH[identity.kind])))


def _time_us(event: event_pb2.Event, now_us: int) -> int:
    if not event.HasField("time"):
        raise MistakenError("time: must not be empty")
    time = event.time
    seconds, nanos = time.seconds, time.nanos
    if not (0 <= seconds <= _LAST_SECOND and 0 <= nanos < 1_000_000_000):
        raise MistakenError("time: must lie between the years 1970 and 9999")
    time_us = seconds * 1_000_000 + nanos // 1_000
    if time_us > now_us + AHEAD_US:
        raise MistakenError("time: lies more than 10 minutes ahead")
    return time_us


def _checked_texts(event: event_pb2.Event) -> tuple[str, str]:
    """Return session and order; raises when any text is too long."""
    session_id, order_id = event.session_id, event.order_id
    if max(len(session_id), len(order_id), len(event.item_id), len(event.offer_id)) > _LONGEST_ID:
        raise MistakenError(f"session, order, item or offer id: at most {_LONGEST_ID} characters")
    if len(event.decision_id) > _LONGEST_ID or len(event.placement) > _LONGEST_ID:
        raise MistakenError(f"decision_id and placement: at most {_LONGEST_ID} characters")
    if len(event.query) > _LONGEST_TEXT or len(event.page) > _LONGEST_TEXT:
        raise MistakenError(f"query and page: at most {_LONGEST_TEXT} characters")
    return session_id, order_id


def _quantity(event: event_pb2.Event) -> float:
    quantity = event.quantity
    # Written so that NaN fails too.
    if not 0.0 <= quantity <= _MAX_QUANTITY:
        raise MistakenError(f"quantity: is {quantity:g}, must be from 0 to {_MAX_QUANTITY:g}")
    return quantity or 1.0


def _duration_s(event: event_pb2.Event) -> float:
    duration_s = event.duration_s
    if not 0.0 <= duration_s <= _MAX_DURATION_S:
        raise MistakenError(f"duration_s: must be from 0 to {_MAX_DURATION_S:g}")
    return duration_s


def _value_micros(event: event_pb2.Event, kind: str, price_micros: int, quantity: float) -> int:
    """Return what was paid; of a purchase that does not say, the price as of now."""
    if event.HasField("value") and event.value.amount:
        try:
            micros = to_micros(event.value.amount)
        except ValueError as error:
            raise MistakenError(f"value.amount: {error}") from None
        if kind == "return":
            return abs(micros)
        if micros < 0:
            raise MistakenError("value.amount: must not be negative")
        return micros
    return round(price_micros * quantity) if kind in _BOUGHT else 0


def _attributes(
    event: event_pb2.Event,
) -> tuple[Mapping[str, str], bool, Mapping[str, str]]:
    """Return the behavioural attributes, whether it is a gift, and all others, as text."""
    if not event.HasField("attributes"):
        return NO_DETAILS, False, NO_DETAILS
    fields = event.attributes.fields
    if len(fields) > MAX_ATTRIBUTES:
        raise MistakenError(f"attributes: has more than {MAX_ATTRIBUTES} keys")
    details, others = {}, {}
    gift = False
    for name in fields:
        text = _text(fields[name])
        if name == _GIFT:
            gift = text.lower() in _YES
        elif name in DETAILS:
            details[name] = text[:_LONGEST_TEXT]
        else:
            others[name] = text
    return details, gift, others


def _text(value: Value) -> str:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "number_value":
        return f"{value.number_value:.15g}"
    return "" if kind == "null_value" else str(value).strip()


def _private(query: str, page: str, attributes: Mapping[str, str]) -> str:
    parts: dict[str, object] = {"query": query, "page": page, "attributes": attributes}
    return _to_json({name: part for name, part in parts.items() if part})
