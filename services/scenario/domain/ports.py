"""What the journeys' domain needs of whoever keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.scenario.domain.effects import CountOccasion
from services.scenario.domain.entries import EntryTransaction
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.scenario import Limits, Scenario
from services.scenario.domain.transition import Transition

CALLS = ":calls"
"""The room of all tasks that journeys make in a day, beside those of scenarios."""


@dataclass(frozen=True, slots=True)
class CallDay:
    """A day of the call centre; times are business time in microseconds."""

    today: str
    """As `2026-11-23`."""
    now_us: int
    began_us: int
    ends_us: int
    most: int = 0
    """How many tasks agents can do in it; 0: any number."""


@dataclass(frozen=True, slots=True)
class PersonSet:
    """The persons who are one with a person, as profile told."""

    person_id: str
    person_ids: tuple[str, ...]
    version: int
    """Rises with every change; an older word never replaces a newer one."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One time that a person came towards a scenario."""

    person_id: str
    scenario: str
    time_us: int
    is_occasion: bool = False
    """The first stage would have been entered; else an event came that begins it."""
    subject_no: int = 0
    """As its journey's."""
    cart_nos: tuple[int, ...] = ()
    """The items of the cart that it was about; empty: about none."""

    @property
    def matter(self) -> tuple[str, int]:
        """As its journey's."""
        return self.scenario, self.subject_no


def occasion_of(journey: Journey, counted: CountOccasion) -> Tally:
    """Return how it is kept that a journey came as far as its first stage."""
    name, subject_no = journey.matter
    return Tally(journey.person_id, name, counted.time_us, True, subject_no, counted.cart_nos)


@dataclass(frozen=True, slots=True)
class Ended:
    """The journeys of a scenario, or about an item in it, that a person has behind them."""

    latest_us: int
    """When the last one ended."""
    times: int
    """How many entered a stage."""


class JourneyTransaction(EntryTransaction, Protocol):
    """Journeys within one transaction; what is read to be changed is locked."""

    async def sets_of(self, person_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the set of each person, themselves where nothing was told; none of the erased."""
        ...

    async def keep_sets(self, sets: Sequence[PersonSet]) -> set[str]:
        """Keep what is news and return whom it concerns: all of the sets before and after."""
        ...

    async def mark(self, events: Sequence[Happened]) -> None:
        """Note the latest of each kind, for whoever turns out to be one with its person."""
        ...

    async def marks_of(self, person_ids: Collection[str]) -> list[Happened]:
        """Return what was noted of persons, oldest first."""
        ...

    async def open_of(self, person_ids: Collection[str]) -> list[Journey]:
        """Return the journeys of persons that are not over, locked in the order of their ids."""
        ...

    async def put_off_tasks(self, journey_ids: Collection[str], now_us: int) -> set[str]:
        """Return those of these journeys whose task is nobody's and due later; it is locked."""
        ...

    async def ended(self, person_ids: Collection[str]) -> Mapping[tuple[str, str, int], Ended]:
        """Return what each person has behind them, by scenario and subject; of those in a stage.

        A journey that somebody held out would have been on counts until its time is over.
        """
        ...

    async def tally(self, tallies: Sequence[Tally]) -> None:
        """Keep how often persons came towards scenarios; of the erased nothing is kept."""
        ...

    async def tallies_of(self, person_ids: Collection[str]) -> list[Tally]:
        """Return how often persons came towards scenarios, oldest first."""
        ...

    async def lock_rooms(self, scenarios: Sequence[str], today: str) -> None:
        """Lock the rooms of scenarios, in the order given, until the transaction ends."""
        ...

    async def leave_room(self, scenario: str) -> None:
        """Give back a room that was taken within this transaction, and is not needed."""
        ...

    async def take_room(self, scenario: str, limits: Limits, today: str) -> bool:
        """Say whether one more journey of a scenario may enter its first stage, and count it.

        Whoever asks at the same time waits, so that a limit holds exactly. Who asks for several
        scenarios locks them first, sorted.
        """
        ...

    async def take_call(self, day: CallDay) -> bool:
        """Say whether agents can do one more task on a day, and count it as `CALLS`.

        What nobody asked for and waits, or is to be tried before the day ends, needs their time,
        and what they tried since it began had it. Whoever asks at the same time waits.
        """
        ...

    async def save(self, transitions: Sequence[Transition]) -> None:
        """Write journeys, effects and notices; of a person who was erased nothing is written.

        An effect whose key is there already is not brought about again. The tasks of a journey
        that is over, or in another stage, end with it, and its messages that are not yet sent. Of a
        journey in shadow its effects are noted, and none is brought about. Stages that were
        entered are kept, and of each journey the first time that its person met what must be so.
        """
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A journey that this worker alone may bring forward, until its lease is over."""

    journey: Journey
    oldest_id: str = ""
    """Of the set that its person belongs to; empty: they stand alone."""

    @property
    def token(self) -> int:
        return self.journey.token


class JourneyStore(Protocol):
    """Keeps journeys."""

    def transaction(self) -> AbstractAsyncContextManager[JourneyTransaction]:
        """Lend a transaction, committed at the end of the block."""
        ...

    async def claim(self, owner: str, now_us: int, lease_s: float, limit: int) -> list[Claim]:
        """Take journeys that are due and nobody's, the longest due first.

        The lease runs on the database's clock, and each claim raises the journey's token.
        """
        ...

    async def put_off(self, claim: Claim, pause_s: float) -> None:
        """Leave a journey alone for a while of machine time, if it is still this claim's."""
        ...

    async def next_due_us(self) -> int:
        """Return when the next journey that is nobody's falls due, 0 when none does."""
        ...

    async def open_for(self, person_ids: Sequence[str]) -> list[Journey]:
        """Return the journeys under way of persons, latest first."""
        ...

    async def look_again(
        self,
        offer_nos: Sequence[int],
        scenarios: Collection[str],
        now_us: int,
        newer: Sequence[Scenario] = (),
    ) -> int:
        """Let journeys be looked at now, and return how many.

        Those that propose one of these offers, or belong to none of the scenarios while they
        propose, those in a stage that are on another edition than a newer one, and all that are
        parked.
        """
        ...

    async def awaited(self) -> list[int]:
        """Return the items whose return somebody's stage waits for."""
        ...

    async def awaiting(self, item_no: int, limit: int) -> list[str]:
        """Return persons who wait for an item, in the order of their ids."""
        ...

    async def forget_tallies(self, before_us: int) -> int:
        """Delete what was counted before a time; returns how many rows."""
        ...

    async def forget_over(self, before_us: int) -> int:
        """Delete journeys that ended before a time, with their tasks; returns how many."""
        ...

    async def forget_marks(self, before_us: int) -> int:
        """Delete what was noted of events before a time; returns how many rows."""
        ...

    def export(self, person_ids: Sequence[str]) -> AsyncIterator[tuple[str, list[str]]]:
        """Yield all that is kept of persons: a table, and some of its rows as JSON."""
        ...

    async def erase(self, person_ids: Sequence[str]) -> int:
        """Delete all that is kept of persons, for good; returns how many rows there were."""
        ...
