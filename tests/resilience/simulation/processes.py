"""Replicas that die at, or freeze before, any call to what lies outside of them."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.errors import Unavailable

_SELDOM, _SELDOM_TIMES = 10, 6.0
"""So often a point counts as one that is seldom passed, where death is so much likelier."""


class DeathError(BaseException):
    """The process dies: nothing of it gets to clean up."""


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely each misfortune is at one point; of calls, one in so many."""

    death: float = 0.006
    away: float = 0.003
    """The other side does not answer; it may have done what it was asked."""
    freeze: float = 0.0015


CALM = Odds(0.0, 0.0, 0.0)


@dataclass(slots=True)
class Misfortune:
    """What chance does, and what it did."""

    chance: random.Random
    odds: Odds = field(default_factory=Odds)
    points: int = 0
    """Passed so far, by all processes."""
    passed: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    expected: dict[str, float] = field(default_factory=dict)
    """How many deaths at each point chance would have, of those who came there alive."""
    frozen: Counter[str] = field(default_factory=Counter)


class Process:
    """One replica."""

    def __init__(self, name: str, misfortune: Misfortune) -> None:
        self.name = name
        self.misfortune = misfortune
        self.is_dead = False
        self.thawed: asyncio.Event | None = None
        """Set as soon as it goes on; None: it is not frozen."""

    async def point(self, name: str, *, freezes: bool = True, is_away: bool = True) -> None:
        """Let others go first, as often as chance wants; die, freeze, or go on."""
        fate, chance = self.misfortune, self.misfortune.chance
        fate.points += 1
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        self.reach(name)
        odds = fate.odds
        if freezes and chance.random() < odds.freeze:
            fate.frozen[name] += 1
            self.thawed = self.thawed or asyncio.Event()
        if freezes and self.thawed is not None:
            await self.thawed.wait()
            self.reach(name)
        if is_away and chance.random() < odds.away:
            raise Unavailable("it does not answer")

    def reach(self, name: str) -> None:
        """Die here, if this is where."""
        fate = self.misfortune
        fate.passed[name] += 1
        death = fate.odds.death * (_SELDOM_TIMES if fate.passed[name] <= _SELDOM else 1.0)
        if not self.is_dead:
            fate.expected[name] = fate.expected.get(name, 0.0) + death
            if fate.chance.random() < death:
                fate.deaths[name] += 1
                self.is_dead = True
        if self.is_dead:
            raise DeathError(name)

    def thaw(self) -> None:
        if self.thawed is not None:
            self.thawed.set()
            self.thawed = None


class Calls:
    """Something outside of a process: there is a point before and after each call."""

    def __init__(
        self,
        process: Process,
        inner: object,
        label: str,
        *,
        freezes: bool = True,
        freezes_before: bool = True,
        is_away: bool = True,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self._process = process
        self._inner = inner
        self._label = label
        self._freezes = freezes
        self._freezes_before = freezes and freezes_before
        self._is_away = is_away
        """Whether it may not answer."""
        self._done = done

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: object, **named: object) -> object:
            label = f"{self._label}.{name}"
            is_away = self._is_away
            await self._process.point(label, freezes=self._freezes_before, is_away=is_away)
            answer = await found(*args, **named)
            self._done()
            await self._process.point(f"after {label}", freezes=self._freezes, is_away=is_away)
            return answer

        return call


class Opened(Calls):
    """A transaction."""

    def __init__(self, process: Process, inner: object) -> None:
        # Frozen in it, its database would end it.
        super().__init__(process, inner, "transaction", freezes=False)
        self.at_commit: list[Callable[[], None]] = []
        """What becomes so with the commit, and only with it."""


class Store(Calls):
    """The store of journeys, each statement of a transaction a call of its own."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Opened]:
        await self._process.point("begin")
        async with self._inner.transaction() as inner:  # type: ignore[attr-defined]
            opened = Opened(self._process, inner)
            yield opened
            await self._process.point("before commit", freezes=False)
            for become_so in opened.at_commit:
                become_so()
        self._done()
        await self._process.point("after commit")
