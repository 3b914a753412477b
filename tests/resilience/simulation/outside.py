"""The world around journeys: people, their profile, the ledger, carriers and agents' calls."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from services.scenario.carriers import Carriage
from services.scenario.desk.approaching import NEVER
from services.scenario.domain.outbound import Fate, Message, Result
from services.scenario.errands.logbook import events_of
from services.scenario.messages.permitting import Full
from shared.conditions.person import PersonValues
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from tests.resilience.simulation.processes import Calls, Process
from tests.resilience.simulation.record import Carried, Record, Word
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

HOUR_US = 3_600_000_000
KEYED, DUMB, TOLD = int(Channel.EMAIL), int(Channel.SMS), int(Channel.PUSH)
"""Carriers: one knows keys, one knows nothing, one can be asked."""
_MOST_A_DAY = 3
_ANSWERS = (Fate.SENT,) * 12 + (Fate.LATER, Fate.UNKNOWN, Fate.FAILED, None)


@dataclass(slots=True)
class Person:
    """Somebody as profile knows them."""

    person_id: str
    zone: str
    group: tuple[str, ...]
    consents: set[str] = field(default_factory=lambda: {"marketing"})
    refusals: set[str] = field(default_factory=set)
    cart_micros: int = 0
    is_erased: bool = False


class Outside:
    """What all processes share, and what is noted of it."""

    def __init__(self, chance: random.Random, clock: FakeClock, record: Record) -> None:
        self.chance = chance
        self.clock = clock
        self.record = record
        self.people: dict[str, Person] = {}
        self.silent_until_us = 0
        """Profile and rules do not answer before."""
        self.held: dict[str, tuple[int, str]] = {}
        """Contacts reserved, with when and of whom."""
        self.arrived: dict[str, int] = {}

    def say(self, person: Person) -> None:
        """Note what a person wants from now on."""
        word = Word(self.clock.now_us(), frozenset(person.consents), frozenset(person.refusals))
        self.record.words.setdefault(person.person_id, []).append(word)

    def snapshot(self, person_id: str) -> PersonSnapshot:
        if self.clock.now_us() < self.silent_until_us:
            raise Unavailable("profile does not answer")
        person = self.people[person_id]
        if person.is_erased:
            return PersonSnapshot()
        members = [self.people[each] for each in person.group]
        made = PersonSnapshot(person_ids=person.group, time_zone=person.zone)
        made.consents.extend(sorted(set.union(*(each.consents for each in members))))
        made.refusals.extend(sorted(set.union(*(each.refusals for each in members))))
        made.identity_kinds.extend(("email", "phone"))
        _add_habits(made, person)
        if person.cart_micros:
            made.cart.offer_nos.append(3)
            made.cart.quantities.append(1.0)
            made.cart.value_micros = person.cart_micros
        return made

    def free_us(self, persons: tuple[str, ...], now_us: int) -> int:
        """Return 0 where one more contact of a set of persons is allowed, else from when on."""
        theirs = [
            at_us
            for at_us, who in self.held.values()
            if who in persons and at_us > now_us - 24 * HOUR_US
        ]
        return 0 if len(theirs) < _MOST_A_DAY else min(theirs) + 24 * HOUR_US


def _add_habits(made: PersonSnapshot, person: Person) -> None:
    """Make every other one answer calls, and two of three do most in hours that differ."""
    lot = sum(person.person_id.encode())
    if lot % 2:
        made.traits.channels.append(Channel.CALL_CENTER)
        made.traits.channel_shares.append(0.9)
    if lot % 3:
        made.traits.hours.extend((lot % 24, (lot + 9) % 24))


class Staff:
    """Agents who could call in place of a message: there by day, but for a lunch."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def are_there(self, skills):
        return 8 <= self._clock.now().hour < 17 and self._clock.now().hour != 12

    def work_lately(self, skills):
        return True


class Connection:
    """One process's way to all of it."""

    def __init__(self, process: Process, outside: Outside) -> None:
        self._process = process
        self._outside = outside
        self._asked: dict[str, int] = {}

    @property
    def people(self) -> Calls:
        return Calls(self._process, _Permits(self._outside, {}), "people")

    @property
    def permits(self) -> Calls:
        return Calls(self._process, _Permits(self._outside, self._asked), "permits")

    @property
    def approaches(self) -> Calls:
        return Calls(self._process, _Approaches(self._outside), "approaches")

    @property
    def logbook(self) -> Calls:
        return Calls(self._process, _Log(self._outside), "log")

    def carriages(self) -> dict[int, Carriage]:
        def of(channel: int, *, knows_keys: bool, can_be_asked: bool) -> Carriage:
            carrier = _Carrier(self._outside, channel, knows_keys, self._asked)
            # What leaves the house late can be helped by nobody but its carrier.
            way = Calls(self._process, carrier, "carrier", freezes_before=False)
            return Carriage(way, knows_keys, can_be_asked)

        return {
            KEYED: of(KEYED, knows_keys=True, can_be_asked=False),
            DUMB: of(DUMB, knows_keys=False, can_be_asked=False),
            TOLD: of(TOLD, knows_keys=False, can_be_asked=True),
        }


class Writer:
    """A `Composer`: the address is the person, so that who got it is known."""

    async def compose(self, draft, channel):
        return Message(channel, draft.person_id, "Hello")


class Sources:
    """Chooses nothing: no stage here proposes what a source has."""

    async def choose(self, sources, placements, item_no, person):
        return {}


class _Permits:
    def __init__(self, outside: Outside, asked: dict[str, int]) -> None:
        self._outside = outside
        self._asked = asked

    async def person(self, person_id):
        found = self._outside.snapshot(person_id)
        self._asked[person_id] = self._outside.clock.now_us()
        return found

    async def snapshot(self, person_id):
        return self._outside.snapshot(person_id)

    def values(self, snapshot):
        return PersonValues(snapshot)

    async def reserve(self, contact_id, person, policy, channel):
        outside, now_us = self._outside, self._outside.clock.now_us()
        if contact_id in outside.held:
            return None
        free_us = outside.free_us(tuple(person.person_ids), now_us)
        if free_us:
            return Full(free_us)
        outside.held[contact_id] = now_us, person.person_ids[0]
        return None

    async def release(self, contact_id):
        self._outside.held.pop(contact_id, None)


class _Approaches:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def reserve(self, call, contact_id, person_ids):
        outside, now_us = self._outside, self._outside.clock.now_us()
        found = outside.snapshot(person_ids[0])
        if not found.person_ids or "marketing" in found.refusals:
            return NEVER
        if contact_id in outside.held:
            return None
        free_us = outside.free_us(tuple(person_ids), now_us)
        if free_us:
            return free_us
        outside.held[contact_id] = now_us, person_ids[0]
        return None

    async def release(self, call, contact_id):
        self._outside.held.pop(contact_id, None)


class _Log:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def write(self, dispatch):
        assert list(events_of(dispatch))
        if not self._outside.people[dispatch.person_id].is_erased:
            self._outside.record.logged[dispatch.errand_id] = dispatch.person_id


class _Carrier:
    """Takes messages, refuses them, or leaves it open whether it took them."""

    def __init__(
        self, outside: Outside, channel: int, knows_keys: bool, asked: dict[str, int]
    ) -> None:
        self._outside = outside
        self._channel = channel
        self._knows_keys = knows_keys
        self._asked = asked

    async def carry(self, message, key):
        outside, chance = self._outside, self._outside.chance
        fate = chance.choice(_ANSWERS)
        arrives = fate is Fate.SENT or (fate in (Fate.UNKNOWN, None) and chance.random() < 0.5)
        if self._knows_keys and outside.arrived.get(key):
            arrives = False
        if arrives:
            outside.arrived[key] = outside.arrived.get(key, 0) + 1
        outside.record.carried.append(
            Carried(
                outside.clock.now_us(),
                key,
                message.address,
                Channel.Value.Name(self._channel),
                self._asked.get(message.address, 0),
                arrives,
            )
        )
        if fate is None:
            raise ConnectionResetError
        return Result(fate, "its carrier says so", after_s=chance.choice((0.0, 90.0)))

    async def ask(self, key):
        if self._outside.chance.random() < 0.2:
            return Result(Fate.UNKNOWN, "nobody knows yet")
        if key in self._outside.arrived:
            return Result(Fate.SENT)
        return Result(Fate.LATER, "it never came")
