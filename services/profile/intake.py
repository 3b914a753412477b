"""Takes events in: checked, stamped from the catalogue, told apart from each other."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple

from services.profile.asking import OF_QUESTIONS, of_question
from services.profile.domain.applying import AT_ONCE
from services.profile.domain.event import PROMOTION, Event, Topic, topic_of
from services.profile.domain.identity import Identity
from services.profile.domain.making import maker
from services.profile.domain.placing import Rejection
from services.profile.domain.ports import Arrival
from services.profile.domain.questions import Questions
from services.profile.domain.referrals import REFER
from services.profile.exchanging import Coin, Exchanging
from services.profile.fields import (
    LONGEST_ID,
    REFERRED,
    MistakenError,
    Said,
    check_texts,
    check_type,
    check_words,
    private_part,
    read_attributes,
    read_duration_s,
    read_quantity,
    read_referred,
    read_time_us,
    read_value_micros,
    said_us,
)
from services.profile.stamping import UNKNOWN, Stamper
from shared.catalogue import Catalogue
from shared.privacy import KINDS, STRENGTH, IdentityError, identity_key, normalise
from touchpoint.common.v1 import event_pb2
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.profile.v1.profile_service_pb2 import EventKeys

INVALID = "INVALID"
MAX_IDENTITIES = 8
LAST_CHANNEL = 10
_MAX_REMEMBERED = 200_000
_FORGET_EVERY_S = 30.0
NOBODY: Mapping[str, Identity] = {}

ABOUT_OFFERS = frozenset(
    {"impression", "accept", "decline", "ignore", "click", "contact_sent", "survey_answer"}
    | {"email_open", "email_click"}
)
"""Types that are about what was proposed; all others are about the item first."""
PURCHASE = "purchase"
PRICED = frozenset({"purchase", "return", "add_to_cart"})
"""Types that count at their item's price where they name no value."""


_SAID, _EVENT, _ARRIVAL = maker(Said), maker(Event), maker(Arrival)
_read: Callable[[event_pb2.Event], tuple[Any, ...]] = attrgetter(*Said._fields)


class Taken(NamedTuple):
    """What became of events that came in."""

    arrivals: list[Arrival]
    rejected: list[Rejection]


class Intake:
    """Makes arrivals of proto events."""

    def __init__(
        self,
        stamper: Stamper,
        deployment_key: bytes,
        region: str,
        questions: Callable[[], Questions] = Questions,
        exchanging: Exchanging | None = None,
    ) -> None:
        """Take the key of all pseudonyms, and where numbers without country code are dialled.

        `questions` are those defined now. Without `exchanging` all amounts are in one currency.
        """
        self._questions = questions
        self.stamp = stamper.stamp
        self.exchanging = exchanging or Exchanging(Catalogue())
        self._deployment_key = deployment_key
        self._region = region
        # One key per purpose, so that none of the digests can be compared with another.
        self._id_key = hmac.digest(deployment_key, b"event id", "sha256")
        self._content_key = hmac.digest(deployment_key, b"event content", "sha256")
        self._identities: dict[tuple[str, str], Identity] = {}

    async def recorded(
        self,
        events: Sequence[event_pb2.Event],
        keys: Sequence[EventKeys],
        caller: str,
        now_us: int,
        persons: Mapping[str, Identity] = NOBODY,
    ) -> Taken:
        """Take events whose identities are normal and come with their pseudonyms.

        `persons` are those that are named in place of identities, each with one that leads to them.
        """

        def identified(place: int, event: event_pb2.Event) -> list[Identity]:
            named = keys[place]
            if not named.person_id:
                return _with_keys(event, named.identity_keys)
            if event.identities or named.person_id not in persons:
                raise MistakenError("person_id: there is no such person, or identities beside it")
            return [persons[named.person_id]]

        owners = [named.owner_key for named in keys]
        return await self._taken(events, identified, caller, now_us, owners)

    async def imported(self, events: Sequence[event_pb2.Event], caller: str, now_us: int) -> Taken:
        """Take events of a file, whose identities are as the file has them."""
        return await self._taken(events, self._identified, caller, now_us)

    async def _taken(
        self,
        events: Sequence[event_pb2.Event],
        identified: Callable[[int, event_pb2.Event], Sequence[Identity]],
        caller: str,
        now_us: int,
        owners: Sequence[bytes] = (),
    ) -> Taken:
        taken = Taken([], [])
        for place, event in enumerate(events):
            try:
                who = identified(place, event)
                owner = owners[place] if owners else b""
                taken.arrivals.append(self._arrival(place, event, who, caller, now_us, owner))
            except ValueError as error:
                taken.rejected.append(Rejection(place, INVALID, str(error)))
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        return taken

    def _identified(self, _: int, event: event_pb2.Event) -> list[Identity]:
        identities = event.identities
        if len(identities) == 1:  # nearly always, and half the price of a walk
            only = identities[0]
            return [self.identity(only.kind, only.value)]
        return [self.identity(each.kind, each.value) for each in identities]

    def identity(self, kind: str, value: str) -> Identity:
        """Return an identity written the one way, with its pseudonym; raises ValueError."""
        found = self._identities.get((kind, value))
        if found is None:
            try:
                normal = normalise(kind, value, self._region)
            except IdentityError as error:
                raise MistakenError(f"identities: a {kind or 'kind'} {error}") from error
            key = identity_key(self._deployment_key, kind, normal)
            found = Identity(kind, normal, key)
            if len(self._identities) >= _MAX_REMEMBERED:
                self._identities.clear()
            self._identities[kind, value] = found
        return found

    async def forget_for_ever(self) -> None:
        """Forget now and then whom files named: raw identities outlive an erasure nowhere.

        A background task of each replica.
        """
        while True:
            await asyncio.sleep(_FORGET_EVERY_S)
            self._identities.clear()

    def fingerprints(
        self, caller: str, event_id: str, content: bytes, owner: bytes = b""
    ) -> tuple[bytes, bytes]:
        """Return what stands for an event's name and for its content, 16 bytes each.

        A name is its caller's own, or that of an owner among those whom the caller speaks for.
        """
        name = f"{caller}\0{event_id}".encode()
        if owner:
            name += b"\0" + owner
        return (
            blake2b(name, digest_size=16, key=self._id_key).digest(),
            blake2b(content, digest_size=16, key=self._content_key).digest(),
        )

    def _arrival(
        self,
        place: int,
        event: event_pb2.Event,
        who: Sequence[Identity],
        caller: str,
        now_us: int,
        owner: bytes,
    ) -> Arrival:
        said = _SAID(_read(event))
        event_id = said.event_id
        if not 1 <= len(event_id) <= LONGEST_ID:
            raise MistakenError(f"event_id: must have 1 to {LONGEST_ID} characters")
        check_texts(said)
        key, digest = self.fingerprints(
            caller, event_id, event.SerializeToString(deterministic=True), owner
        )
        referred = self.referred(event) if said.type == REFER else b""
        counted, private = self.counted(event, said, now_us)
        return _ARRIVAL(
            (
                place,
                key,
                digest,
                counted,
                strongest_first(who),
                event_id,
                caller,
                said.decision_id,
                said.placement,
                private,
                referred,
                owner,
            )
        )

    def referred(self, event: event_pb2.Event) -> bytes:
        """Return the pseudonym of whom an event refers; nothing else is kept of them."""
        kind, value = read_referred(event)
        if not kind:
            return b""
        try:
            return identity_key(self._deployment_key, kind, normalise(kind, value, self._region))
        except IdentityError as error:
            raise MistakenError(f"attributes.{REFERRED}: a {kind} {error}") from error

    def counted(self, event: event_pb2.Event, said: Said, now_us: int) -> tuple[Event, str]:
        """Return what counts of an event, and what is private of it."""
        kind, channel = said.type, said.channel
        check_type(kind)
        if not 0 <= channel <= LAST_CHANNEL:
            raise MistakenError(f"channel: has the unknown value {channel}")
        details, gift, others = read_attributes(event)
        if kind == REFER:
            others = {name: text for name, text in others.items() if name != REFERRED}
        if kind == PURCHASE and names_promotion(said.item_id, said.offer_id):
            details = {**details, PROMOTION: said.offer_id}
        if kind in OF_QUESTIONS:
            details, others = of_question(kind, said.offer_id, details, others, self._questions())
        if kind in ABOUT_OFFERS:
            stamp = self.stamp(said.offer_id or said.item_id)
        else:
            stamp = self.stamp(said.item_id or said.offer_id)
        offer_no, family_no, category, brand, price_micros, cost_micros, variant, sold_in = stamp
        quantity = read_quantity(said.quantity)
        time_us = said_us(kind, read_time_us(event, now_us), now_us)
        value_micros = read_value_micros(event, kind, price_micros, quantity)
        if value_micros or kind in PRICED:
            said_in = event.value.currency
            if self.exchanging.is_foreign(sold_in, said_in):
                coin = Coin(sold_in, said_in)
                found = self.exchanging.read(coin, value_micros, details, time_us)
                value_micros, details, is_known = found
                if not is_known:
                    price_micros, cost_micros = UNKNOWN.price_micros, UNKNOWN.cost_micros
        query, page = said.query, said.page
        topic = topic_of(page) if page else Topic.NONE
        counted = _EVENT(
            (
                time_us,
                kind,
                channel,
                offer_no,
                family_no,
                category or details.get("category", ""),
                brand or details.get("brand", ""),
                price_micros,
                cost_micros,
                quantity,
                value_micros,
                said.session_id,
                said.order_id,
                gift,
                read_duration_s(said.duration_s),
                topic > 0,
                variant,
                topic,
                details,
            )
        )
        check_words(counted)
        return counted, private_part(query, page, others) if query or page or others else ""


def names_promotion(item_id: str, offer_id: str) -> bool:
    """Say whether a purchase names an offer beside the item it is about."""
    return bool(item_id and offer_id and item_id != offer_id)


def _with_keys(event: event_pb2.Event, keys: Sequence[IdentityKey]) -> list[Identity]:
    identities = event.identities
    if len(keys) != len(identities):
        raise MistakenError("identities: come with another number of pseudonyms")
    return [
        Identity(identity.kind, identity.value, key.key)
        for identity, key in zip(identities, keys, strict=True)
    ]


def strongest_first(who: Sequence[Identity]) -> tuple[Identity, ...]:
    if len(who) == 1 and who[0].kind in STRENGTH:
        return (who[0],)
    if not 1 <= len(who) <= MAX_IDENTITIES:
        raise MistakenError(f"identities: must be 1 to {MAX_IDENTITIES}")
    for identity in who:
        if identity.kind not in STRENGTH:
            known = ", ".join(KINDS)
            raise MistakenError(f"identities: unknown kind; known are {known}")
    return tuple(dict.fromkeys(sorted(who, key=lambda identity: STRENGTH[identity.kind])))
