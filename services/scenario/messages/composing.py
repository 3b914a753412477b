"""Writes messages: what they carry is decided by the edge, what they say by their templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.scenario.asking import ask
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.carts import Beginning
from services.scenario.domain.moments import local_day
from services.scenario.domain.outbound import (
    NO_ADDRESS,
    NOTHING_TO_SAY,
    Draft,
    Fate,
    Message,
    Result,
)
from services.scenario.messages.channels import MARKETING
from services.scenario.messages.stationery import HOUSE, Sender, Stationery, Words
from services.scenario.messages.values import values_of
from shared.call import Caller, own_call
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import InvalidArgument, NotFound
from shared.refusals import TRANSACTIONAL
from shared.replacing import replace
from shared.templates import TemplateError, too_long
from shared.unsubscribing import Subscription, Unsubscribing
from touchpoint.aggregator.v1.aggregator_pb2 import OnBehalf, PlacementRequest, Recommendation
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import ReachPersonRequest, ReachPersonResponse

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

SELF = Caller("scenario")
_PROFILE = "/touchpoint.profile.v1.ProfileService/ReachPerson"
_EDGE = "/touchpoint.aggregator.v1.AggregatorService/Recommend"
_TIMEOUT_S = 1.0
_DECIDED_WITHIN_S = 1.0
"""As long as the edge takes for anything at all: nobody waits at a screen."""
_AGAIN_S = 60.0
_MAY_STAY_AWAY = frozenset({"scenario"})
"""What a message can do without: what other journeys would have proposed."""


class Beginnings(Protocol):
    """Keeps what journeys began with."""

    async def beginning_of(self, journey_id: str) -> Beginning:
        """Return what a journey began with; nothing, where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links that end what somebody is sent."""

    url: str
    """Where they lead, without what says whom and what; empty: nowhere."""
    unsubscribing: Unsubscribing

    def link(self, draft: Draft, channel: int, now_us: int) -> str:
        """Return the link for a message; empty where there is none."""
        if not self.url:
            return ""
        purpose = draft.order.purpose or MARKETING
        told = Subscription(draft.person_id, channel, purpose)
        return f"{self.url}?token={self.unsubscribing.token(told, now_us)}"


@dataclass(frozen=True, slots=True)
class _Carried:
    """What a message carries."""

    recommendations: Sequence[Recommendation] = ()
    decision_id: str = ""


class TemplateComposer:
    """A `Composer` of the definitions that are in force."""

    def __init__(
        self,
        stationery: Callable[[str], Stationery],
        profile: ProfileServiceAsyncStub,
        edge: AggregatorServiceAsyncStub,
        beginnings: Beginnings,
        catalogue: Catalogue,
        links: Links,
        clock: BusinessClock,
    ) -> None:
        """Take what it works with; `stationery` says what is in force, by a set's oldest id."""
        self._stationery = stationery
        self._profile = profile
        self._edge = edge
        self._beginnings = beginnings
        self._catalogue = catalogue
        self._links = links
        self._clock = clock

    async def compose(self, draft: Draft, channel: int) -> Message | Result:
        """Return the message on a channel, or why there is none; see `Composer`."""
        written_on = self._stationery(draft.oldest_id or draft.person_id)
        order = draft.order
        words = written_on.templates.get(order.template)
        if words is None:
            return Result(Fate.FAILED, f"there is no template {order.template}")
        if not words.is_for(channel):
            name = Channel.Value.Name(channel)  # type: ignore[arg-type]
            return Result(Fate.FAILED, f"template {order.template} has no words for {name}")
        if _needs_link(order, channel) and not self._links.url:
            return Result(Fate.FAILED, "TOUCHPOINT_UNSUBSCRIBE_URL is not set")
        person = await self._person(draft.person_id, channel)
        if person is None:
            return Result(Fate.SKIPPED, "NOBODY")
        if not person.address:
            return Result(Fate.SKIPPED, NO_ADDRESS)
        carried = await self._carried(draft, channel, person.locale, written_on)
        if isinstance(carried, Result):
            return carried
        return await self._message(draft, channel, words, person, carried, written_on)

    async def _person(self, person_id: str, channel: int) -> ReachPersonResponse | None:
        request = ReachPersonRequest(person_id=person_id, channel=channel)  # type: ignore[arg-type]
        call = own_call(_PROFILE, caller=SELF)
        try:
            return await ask(self._profile.ReachPerson, request, call, _TIMEOUT_S)
        except NotFound:
            return None

    async def _carried(
        self, draft: Draft, channel: int, locale: str, written_on: Stationery
    ) -> _Carried | Result:
        """Return what is decided for the message, or why it is not sent."""
        order = draft.order
        if not (order.placement or order.offer_ids):
            return _Carried()
        placement = order.placement or written_on.placements.get(channel, "")
        if not placement:
            return Result(Fate.FAILED, "there is no placement on which its offers may be told")
        request = RecommendRequest(
            channel=channel,  # type: ignore[arg-type]
            placements=[PlacementRequest(placement=placement, limit=order.limit)],
            locale=locale,
            on_behalf=OnBehalf(
                person_id=draft.person_id,
                journey_id=draft.journey_id,
                scenario=draft.scenario,
                stage=draft.stage,
                offer_ids=order.offer_ids,
                only_offers=not order.placement,
                contact_held=True,
            ),
        )
        call = own_call(_EDGE, caller=SELF)
        try:
            answer = await ask(self._edge.Recommend, request, call, _DECIDED_WITHIN_S)
        except InvalidArgument as error:
            return Result(Fate.FAILED, f"what it carries cannot be decided: {error.message}")
        lacking = {each.service for each in answer.degraded} - _MAY_STAY_AWAY
        if lacking:
            said = f"what it carries was decided without {', '.join(sorted(lacking))}"
            return Result(Fate.LATER, said, after_s=_AGAIN_S)
        found = [each for shown in answer.placements for each in shown.recommendations]
        return _Carried(found, answer.decision_id) if found else _nothing()

    async def _message(
        self,
        draft: Draft,
        channel: int,
        words: Words,
        person: ReachPersonResponse,
        carried: _Carried,
        written_on: Stationery,
    ) -> Message | Result:
        order, now_us = draft.order, self._clock.now_us()
        house = written_on.senders.get(HOUSE, Sender())
        sender = _own_contact(person, written_on) if order.from_own_contact else None
        link = self._links.link(draft, channel, now_us)
        began = await self._beginnings.beginning_of(draft.journey_id)
        values = values_of(
            person,
            replace(began, cart=draft.cart) if draft.cart.offer_nos else began,
            carried.recommendations,
            self._catalogue,
            (sender or house, house),
            link,
            carried.decision_id,
            local_day(now_us, draft.time_zone or written_on.time_zone),
        )
        try:
            written = words.written(channel, person.locale, values)
        except TemplateError as error:
            return Result(Fate.FAILED, f"template {order.template}: {error.message}")
        if message := too_long(channel, written.subject, written.text):
            return Result(Fate.FAILED, f"template {order.template}: {message}")
        return Message(
            channel=channel,
            address=person.address,
            subject=written.subject,
            text=written.text,
            html=written.html if channel in _AS_HTML else "",
            sender_name=(sender or house).name,
            sender_address=house.address,
            reply_to=sender.address if sender is not None else "",
            headers=_headers(link) if _needs_link(order, channel) else {},
            decision_id=carried.decision_id,
            offer_ids=[each.offer_id for each in carried.recommendations],
        )


_AS_HTML = frozenset((int(Channel.EMAIL), int(Channel.DIRECT_MAIL)))


def _nothing() -> Result:
    return Result(Fate.SKIPPED, NOTHING_TO_SAY)


def _needs_link(order: MessageOrder, channel: int) -> bool:
    """Say whether a message may go only where a click ends the like of it (RFC 8058)."""
    return channel == Channel.EMAIL and order.purpose != TRANSACTIONAL


def _own_contact(person: ReachPersonResponse, written_on: Stationery) -> Sender | None:
    known = (written_on.senders.get(owner_id) for owner_id in person.owner_ids)
    return next((each for each in known if each is not None), None)


def _headers(link: str) -> dict[str, str]:
    return {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
