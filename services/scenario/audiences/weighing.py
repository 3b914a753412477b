"""Weighs one offer for people: whether each may be told, by which way, and what is expected.

What a person is asked for is cheap first and dear last, and the first obstacle ends it: their arm,
consent, an address, what limits leave, then rules and what the ranker expects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.scenario.audiences.valuing import Valuer, Worth, insist
from services.scenario.definitions import Playbook
from services.scenario.domain.audience import Prospect, Reason, Way, narrowed
from services.scenario.domain.best_channel import (
    Choice,
    PassedOver,
    explained,
    outdone,
    ranked,
    sifted,
)
from services.scenario.messages.channels import MARKETING, channel_name, is_reached
from services.scenario.messages.habits import habits_of
from shared.arms import IMPERSONAL, assign_arm
from shared.call import Call
from shared.client import invoke
from shared.definitions import BundleFollower
from shared.refusals import may_be_written_to, refuses
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, RemovalCode
from touchpoint.rules.v1.rules_service_pb2 import (
    ListSuppressionsRequest,
    Suppression,
    SuppressionAsk,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_TIMEOUT_S = 2.0
_AT_ONCE = 4
"""People weighed at one time: what is left of the processors is for those who wait."""
NO_CONSENT = Reason(RemovalCode.Value.Name(RemovalCode.NO_CONSENT))
NO_ADDRESS = Reason("NO_ADDRESS")
NO_AGENT = Reason(RemovalCode.Value.Name(RemovalCode.NO_AGENT), "calls_per_day")
"""Agents cannot call so many in a day."""


@dataclass(frozen=True, slots=True)
class OneOffer:
    """What people are to be told of, and the ways to do it."""

    offer_no: int
    kind: int
    """Number of `OfferKind`."""
    ways: Sequence[Way]


class _Reachable(NamedTuple):
    """Somebody whom we may tell by some ways, as far as they themselves say."""

    place: int
    person: PersonSnapshot
    ways: Sequence[Way]


class Weigher:
    """Weighs people some at a time."""

    def __init__(
        self, rules: RulesServiceAsyncStub, valuer: Valuer, bundles: BundleFollower[Playbook]
    ) -> None:
        self._rules = rules
        self._valuer = valuer
        self._bundles = bundles

    @property
    def model(self) -> str:
        """The model that people were judged by last."""
        return self._valuer.model

    def most_on(self, playbook: Playbook) -> Mapping[int, tuple[int, Reason]]:
        """Return of channels how many people can be told by each, and why no more."""
        return {Channel.CALL_CENTER: (self._valuer.calls_per_day(playbook), NO_AGENT)}

    async def weigh(
        self, call: Call, offer: OneOffer, people: Sequence[PersonSnapshot]
    ) -> Sequence[Prospect | Reason]:
        """Return of each what is expected of telling them, or the first thing in the way.

        At most 500 people; raises the kit's errors where it cannot be known.
        """
        found: dict[int, Prospect | Reason] = {}
        reachable: list[_Reachable] = []
        for place, person in enumerate(people):
            ways = self._reaching(offer.ways, person)
            if isinstance(ways, Reason):
                found[place] = ways
            else:
                reachable.append(_Reachable(place, person, ways))
        closed = await self._closed(call, offer, reachable)
        waiting = iter(reachable)

        async def work() -> None:
            for each in waiting:
                gates = closed.get(each.place, ())
                found[each.place] = await self._weighed(call, offer, each, gates)

        await _all_of(work)
        return [found[place] for place in range(len(people))]

    def _reaching(self, ways: Sequence[Way], person: PersonSnapshot) -> Sequence[Way] | Reason:
        """Return the ways to somebody that they allow and that reach them."""
        oldest_id = person.person_ids[0]
        arm = assign_arm(self._bundles.for_person(oldest_id).plan.arm_plan, oldest_id)
        if arm in IMPERSONAL:
            return Reason(Arm.Value.Name(arm))
        allowed = narrowed(ways, lambda way: None if _agrees(person, way) else NO_CONSENT)
        if isinstance(allowed, Reason):
            return allowed
        return narrowed(allowed, lambda way: _unreached(person, way))

    async def _closed(
        self, call: Call, offer: OneOffer, reachable: Sequence[_Reachable]
    ) -> Mapping[int, list[Suppression]]:
        """Return what the ledger of contacts closes to each just now, by their place."""
        closed: dict[int, list[Suppression]] = {}
        if not reachable:
            return closed
        asks = [
            SuppressionAsk(person_ids=each.person.person_ids, time_zone=each.person.time_zone)
            for each in reachable
        ]
        asked = ListSuppressionsRequest(
            asks=asks,
            policy=MARKETING,
            channels=[way.channel for way in offer.ways],  # type: ignore[misc]
        )
        answer = await insist(lambda: invoke(self._rules.ListSuppressions, asked, call, _TIMEOUT_S))
        for gate in answer.suppressions:
            if _closes(gate, offer):
                closed.setdefault(reachable[gate.ask].place, []).append(gate)
        return closed

    async def _weighed(
        self, call: Call, offer: OneOffer, who: _Reachable, gates: Sequence[Suppression]
    ) -> Prospect | Reason:
        """Return what is expected of telling somebody, by the first way that rules leave."""
        ways = narrowed(who.ways, lambda way: _limit(gates, way))
        if isinstance(ways, Reason):
            return ways
        every = {way.channel: way for way in offer.ways}
        choices = ranked(every, habits_of(who.person), channel_name)
        possible, passed_over = sifted(
            choices, lambda channel: _in_the_way(who.person, every[channel], gates)
        )
        first: Reason | None = None
        for place, choice in enumerate(possible):
            way, opens_us = every[choice.channel], _opens_us(gates, choice.channel)
            found = await self._valuer.worth(call, offer.offer_no, who.person, way, opens_us)
            if isinstance(found, Worth):
                others = [*outdone(possible[place + 1 :]), *passed_over]
                why = explained(choice, others, channel_name) if len(every) > 1 else ""
                return _prospect(who.person, choice, found, why, is_later=opens_us > 0)
            first = first or found
            passed_over.append(PassedOver(choice.channel, choice.likelihood, found.code))
        assert first is not None, "there is a way, so there was an answer"
        return first


def _agrees(person: PersonSnapshot, way: Way) -> bool:
    """Say whether somebody may be told by a way: a call needs no more than that nobody refused."""
    channel = Channel.Value.ValueType(way.channel)
    if channel == Channel.CALL_CENTER:
        return not refuses(person, MARKETING, channel)
    return may_be_written_to(person, MARKETING, channel)


def _unreached(person: PersonSnapshot, way: Way) -> Reason | None:
    return None if is_reached(person, way.channel) else NO_ADDRESS


def _in_the_way(person: PersonSnapshot, way: Way, gates: Sequence[Suppression]) -> str:
    """Return what is in the way of telling somebody by a way; empty: nothing."""
    if not _agrees(person, way):
        return NO_CONSENT.code
    found = _unreached(person, way) or _limit(gates, way)
    return found.code if found is not None else ""


def _closes(gate: Suppression, offer: OneOffer) -> bool:
    """Say whether what is closed is closed to this offer; of its group rules will say."""
    if gate.group or gate.offer_no not in (0, offer.offer_no):
        return False
    return not gate.kinds or offer.kind in gate.kinds


def _limit(gates: Sequence[Suppression], way: Way) -> Reason | None:
    """Return what limits a way; quiet hours do not: they pass."""
    for gate in gates:
        passes = gate.code == RemovalCode.QUIET_HOURS and gate.HasField("free_time")
        if way.channel in gate.channels and not passes:
            return Reason(RemovalCode.Value.Name(gate.code), gate.rule)
    return None


def _opens_us(gates: Sequence[Suppression], channel: int) -> int:
    """Return until when it is quiet on a channel; 0: it is not."""
    return max(
        (gate.free_time.ToMicroseconds() for gate in gates if channel in gate.channels), default=0
    )


def _prospect(
    person: PersonSnapshot, choice: Choice, worth: Worth, why: str, *, is_later: bool
) -> Prospect:
    return Prospect(
        expected_value=worth.expected_value,
        contribution_micros=person.traits.contribution_micros,
        person_id=person.person_ids[0],
        acceptance_probability=worth.acceptance_probability,
        channel=choice.channel,
        why=why,
        is_later=is_later,
    )


async def _all_of(work: Callable[[], Awaitable[None]]) -> None:
    """Have it done several times at once; raises the first failure once all of it has ended."""
    ended = await asyncio.gather(*(work() for _ in range(_AT_ONCE)), return_exceptions=True)
    for failure in ended:
        if failure is not None:
            raise failure
