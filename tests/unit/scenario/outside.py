"""The world outside of journeys, as tests of errands play it: persons, ledger, carriers, log."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

from services.scenario.carriers import Carriage
from services.scenario.domain.errands import State
from services.scenario.domain.outbound import Fate, Message, Result
from services.scenario.domain.taking import take_events, take_timers
from services.scenario.errands.doing import Errands
from services.scenario.errands.logbook import events_of
from services.scenario.messages.permitting import Full
from services.scenario.messages.sending import Sender
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import ADA, NOON_US, event, facts, for_all
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

EMAIL, SMS, PUSH = int(Channel.EMAIL), int(Channel.SMS), int(Channel.PUSH)
SENT = Result(Fate.SENT)


class DeathError(BaseException):
    """The process dies: nothing of it gets to clean up."""


class Machine:
    """Machine time that a test moves."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Person:
    """`Permits` of one person, with a ledger that tests can fill."""

    def __init__(self, **snapshot):
        self.snapshot = PersonSnapshot(person_ids=[ADA], **{"consents": ["marketing"], **snapshot})
        self.full_until_us = {}
        """By channel."""
        self.held = set()
        self.released = set()
        self.reason = "CONTACT_LIMIT"
        self.is_silent = False

    async def person(self, person_id):
        if self.is_silent:
            raise Unavailable("profile does not answer")
        return self.snapshot

    async def reserve(self, contact_id, person, policy, channel):
        if contact_id in self.held:
            return None
        if contact_id in self.released:
            raise AssertionError(f"{contact_id} was given back, and is asked for again")
        if channel in self.full_until_us:
            return Full(self.full_until_us[channel], self.reason)
        self.held.add(contact_id)
        return None

    async def release(self, contact_id):
        self.held.discard(contact_id)
        self.released.add(contact_id)


class Writer:
    """A `Composer`."""

    def __init__(self):
        self.instead = {}
        """What is answered in place of a message, by channel."""

    async def compose(self, draft, channel):
        return self.instead.get(channel) or Message(channel, "ada@shop.example", "Come back")


class Gateway:
    """A `Carrier`: `answers` are taken in turn, the last one again and again.

    An answer is a result, with `arrives` whether the message got there, or an error to raise.
    """

    def __init__(self, *answers, knows_keys=False, can_be_asked=False):
        self.answers = list(answers) or [(True, SENT)]
        self.arrived = []
        self.asked = []
        self.is_dumb = False
        self.knows_keys = knows_keys
        self.can_be_asked = can_be_asked

    @property
    def carriage(self):
        return Carriage(self, self.knows_keys, self.can_be_asked)

    async def carry(self, message, key):
        arrives, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if arrives and not (self.knows_keys and key in self.arrived):
            self.arrived.append(key)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def ask(self, key):
        self.asked.append(key)
        if self.is_dumb:
            return Result(Fate.UNKNOWN, "nobody knows")
        return SENT if key in self.arrived else Result(Fate.LATER, "it never came")


class Log:
    """A `Logbook`."""

    def __init__(self):
        self.events = {}
        self.failures = 0

    async def write(self, dispatch):
        if self.failures:
            self.failures -= 1
            raise Unavailable("profile does not answer")
        for told in events_of(dispatch):
            known = self.events.setdefault(told.event_id, told)
            assert known == told, "the same event with other content is refused"


class House:
    """One replica with a message to send; everything else is played."""

    def __init__(self, gateway=None, *, carriages=None, **snapshot):
        self.machine, self.clock = Machine(), FakeClock(from_us(NOON_US))
        self.store = InMemoryJourneys(machine_s=self.machine)
        self.errands = InMemoryErrands(self.store)
        self.person, self.writer, self.log = Person(**snapshot), Writer(), Log()
        self.gateway = gateway or Gateway()
        self.carriages = carriages or {EMAIL: self.gateway.carriage}
        self.sending_s = self.machine
        """Machine time as whoever sends reads it."""
        self.deaths = ()
        self.taken_out = set()
        self.news = []
        """How far messages were whenever a journey heard of one."""
        self._numbers = itertools.count(1)

    def worker(self):
        sender = Sender(
            self.errands,
            self.writer,
            self.carriages,
            self.person,
            self.clock,
            self._reach,
            lambda person_id, scenario: scenario not in self.taken_out,
            self.sending_s,
        )
        return Errands(
            self.errands,
            sender,
            self.log,
            Catalogue(),
            self.clock,
            owner=f"w{next(self._numbers)}",
            on_news=lambda: self.news.append(set(self.states)),
        )

    def _reach(self, point):
        if point in self.deaths:
            self.deaths = tuple(each for each in self.deaths if each != point)
            raise DeathError

    async def begin(self, made, journey_id="j", **found):
        """Lead a person to the first stage of a scenario that begins with a view."""
        async with self.store.transaction() as transaction:
            await take_events(
                transaction,
                [event("view")],
                for_all({"view": [made]}),
                NOON_US,
                lambda _: journey_id,
            )
        await self.look(**found)

    async def look(self, **found):
        now_us = self.clock.now_us()
        claims = await self.store.claim("timers", now_us, 5.0, 50)
        async with self.store.transaction() as transaction:
            await take_timers(
                transaction, [(each, replace(facts(), **found)) for each in claims], now_us
            )

    async def work(self, seconds=0.0):
        """Let machine time pass, and a fresh worker do what is due; it may die of it."""
        self.machine.now_s += seconds
        try:
            done = await self.worker().work_once()
        except DeathError:
            done = 0
        return done

    async def work_off(self, seconds=40.0, most=200):
        """Go on until nothing is left to do, an hour after each other."""
        for _ in range(most):
            await self.work(seconds)
            if not any(each.is_open for each in self.errands.all().values()):
                return
            self.machine.now_s += 3600.0
            self.clock.advance(timedelta(seconds=seconds + 3600.0))
        raise AssertionError("there is no end of it")

    @property
    def only(self):
        (found,) = self.errands.all().values()
        return found

    def change(self, **fields):
        """Change the only errand as if it had always been so."""
        self.errands.all()[self.only.errand_id] = replace(self.only, **fields)

    @property
    def states(self):
        return [each.state for each in self.errands.all().values()]


__all__ = ["EMAIL", "PUSH", "SENT", "SMS", "DeathError", "Gateway", "House", "State", "Writer"]
