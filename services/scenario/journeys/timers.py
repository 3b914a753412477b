"""Brings due journeys forward: claims them, finds out what is so, and writes what comes of it.

Every replica works. A worker that dies leaves its lease behind, which runs out on the database's
clock; whatever it has not committed was never so, and what it wrote late is fenced off.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence

from services.scenario.crashing import Reach
from services.scenario.domain.facts import Facts
from services.scenario.domain.journey import Journey
from services.scenario.domain.ports import Claim, JourneyStore
from services.scenario.domain.taking import take_timers
from services.scenario.domain.transition import Transition
from services.scenario.journeys.finding import Finder
from shared.clock import BusinessClock
from shared.errors import Overloaded, TouchpointError, Unavailable
from shared.logging import get_logger

FEWEST, MOST = 16, 64
"""Journeys claimed at a time: twice as many each time that all of them were done quickly."""
LANES = 2
"""Batches under way at a time where there is that much: one is written, one thought over."""
_QUICK_SHARE, _ASKING_SHARE = 0.1, 0.5
"""Of a lease: a batch that took longer is followed by a smaller one; as long is anybody asked."""
POLL_S = 0.4
"""At least so often the next due time is asked for: other replicas may have set one, and the lease
of one that died runs out without a word."""
_AT_ONCE = 8
"""Persons asked about at the same time: profile has requests to answer."""
_EAGER_S = 1.0
_EAGER_POLL_S = 0.02
"""After word that the clock was moved, until this process has read it too."""
_LEAST_PAUSE_S = 0.01
"""When something is due that cannot be claimed: somebody else has it locked."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
"""Of one journey that fails again and again."""
_LONGEST_OUTAGE_PAUSE_S = 1.0
"""While the database is away: so soon after it is back, timers go on."""
_AWAY = (Unavailable, Overloaded)
log = get_logger(__name__)

Found = tuple[Claim, Facts]
Moved = Callable[[Sequence[Transition]], None]
"""Told what was committed."""


class Timers:
    """A worker of one replica; see `run`."""

    def __init__(
        self,
        store: JourneyStore,
        finder: Finder,
        clock: BusinessClock,
        *,
        owner: str,
        lease_s: float,
        moved: Moved = lambda _: None,
        reach: Reach = lambda _: None,
        machine_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._finder = finder
        self._clock = clock
        self._owner = owner
        self._lease_s = lease_s
        self._moved = moved
        self._reach = reach
        self._machine_s = machine_s
        self._batch = FEWEST
        self._wake = asyncio.Event()
        self._eager_until = 0.0
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Work for ever; a background task of the service."""
        pause_s = _FIRST_PAUSE_S
        while True:
            self._wake.clear()
            try:
                if not await self.work_through():
                    await self._pause()
            except TouchpointError as error:
                log.warning("timers_paused", reason=error.reason, pause_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_OUTAGE_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S

    def wake(self) -> None:
        """Look at the next due time at once: what was committed may have set it."""
        self._wake.set()

    def clock_moved(self) -> None:
        """Look at once, and again until this process knows of the new time."""
        self._eager_until = time.monotonic() + _EAGER_S
        self._wake.set()

    async def work_through(self) -> int:
        """Bring forward what is due, in several lanes where that is much; returns how many.

        Raises what a lane raised, when all have come to their end.
        """
        done = await self.work_once()
        if done < FEWEST:
            return done
        worked = await asyncio.gather(*(self._lane() for _ in range(LANES)), return_exceptions=True)
        for outcome in worked:
            if isinstance(outcome, BaseException):
                raise outcome
            done += outcome
        return done

    async def _lane(self) -> int:
        done = 0
        while some := await self.work_once():
            done += some
        return done

    async def work_once(self) -> int:
        """Bring a batch of due journeys forward; returns how many were claimed.

        First those that profile is not asked about: they need not wait until it answers.
        """
        limit, began_s = self._batch, self._machine_s()
        claims = await self._store.claim(self._owner, self._clock.now_us(), self._lease_s, limit)
        if claims:
            self._reach("after_claim")
            known, asking = await self._parted(claims)
            await self._bring_forward(known)
            for start in range(0, len(asking), _AT_ONCE):
                if self._machine_s() - began_s > self._lease_s * _ASKING_SHARE:
                    await self._let_go(asking[start:])
                    break
                await self._ask_about(asking[start : start + _AT_ONCE])
        self._adapt(limit, len(claims), self._machine_s() - began_s)
        return len(claims)

    def _adapt(self, limit: int, claimed: int, took_s: float) -> None:
        """Claim more at a time while that is quickly done, fewer when their lease gets short."""
        if took_s > self._lease_s * _QUICK_SHARE:
            self._batch = max(limit // 2, FEWEST)
        elif claimed == limit:
            self._batch = min(limit * 2, MOST)

    async def _parted(self, claims: Sequence[Claim]) -> tuple[list[Found], list[Claim]]:
        """Return claims with what decides about them, and those that somebody is asked about."""
        known, asking = [], []
        for claim in claims:
            try:
                facts = self._finder.at_once(claim)
            except Exception as error:  # see `_bring_forward`
                await self._put_off(claim, error)
                continue
            if facts is None:
                asking.append(claim)
            else:
                known.append((claim, facts))
        return known, asking

    async def _ask_about(self, claims: Sequence[Claim]) -> None:
        found = await asyncio.gather(*map(self._find_out, claims))
        await self._bring_forward([each for each in found if each is not None])

    async def _let_go(self, claims: Sequence[Claim]) -> None:
        """Leave to anybody what cannot be asked about before its lease gets short."""
        for claim in claims:
            await self._store.put_off(claim, 0.0)

    async def _find_out(self, claim: Claim) -> Found | None:
        """Return a claim with what decides about it; None when it had to be put off."""
        try:
            return claim, await self._finder.about(claim)
        except Exception as error:  # see `_bring_forward`
            await self._put_off(claim, error)
            return None

    async def _bring_forward(self, found: Sequence[Found]) -> None:
        """Act on claims in one transaction, halved down to the one at fault when it fails.

        That one is asked for again later, ever more seldom; the others go on. No journey is at
        fault while the database is away: then all stay claimed until their lease is over.
        """
        if not found:
            return
        try:
            steps = await self._commit(found)
        except _AWAY:
            raise
        except Exception as error:  # the edge of a background process: poison must not stop it
            if len(found) == 1:
                await self._put_off(found[0][0], error)
                return
            middle = len(found) // 2
            await self._bring_forward(found[:middle])
            await self._bring_forward(found[middle:])
            return
        self._reach("after_commit")
        self._moved(steps)
        await self._settle([claim for claim, _ in found], steps)

    async def _commit(self, found: Sequence[Found]) -> list[Transition]:
        async with self._store.transaction() as transaction:
            steps = await take_timers(transaction, found, self._clock.now_us())
            self._reach("before_commit")
        return steps

    async def _settle(self, claims: Sequence[Claim], steps: Sequence[Transition]) -> None:
        """Tell of what moved, and let go of what did not: it was taken from us, or is not due."""
        after = {step.journey.journey_id: step.journey for step in steps}
        for claim in claims:
            before = claim.journey
            self._failures.pop(before.journey_id, None)
            if before.journey_id in after:
                self._tell(before, after[before.journey_id])
            else:
                await self._store.put_off(claim, 0.0)

    async def _put_off(self, claim: Claim, error: Exception) -> None:
        journey_id = claim.journey.journey_id
        failures = self._failures[journey_id] = self._failures.get(journey_id, 0) + 1
        pause_s = min(_FIRST_PAUSE_S * 2 ** (failures - 1), _LONGEST_PAUSE_S)
        if isinstance(error, TouchpointError):
            log.warning("journey_put_off", journey_id=journey_id, reason=error.reason)
        else:
            log.error("journey_failed", journey_id=journey_id, exc_info=error)
        with contextlib.suppress(TouchpointError):  # else the lease runs out by itself
            await self._store.put_off(claim, pause_s)

    def _tell(self, before: Journey, after: Journey) -> None:
        log.info(
            "journey_moved",
            journey_id=after.journey_id,
            scenario=after.scenario.name,
            phase=after.phase.name.lower(),
            stage=after.current.name if after.current else "",
            outcome=after.outcome.value,
            lateness_ms=(self._clock.now_us() - before.due_us) // 1000,
        )

    async def _pause(self) -> None:
        """Return at the next due time or when woken; in between only that time is asked for."""
        while not self._wake.is_set():
            due_us = await self._store.next_due_us()
            wait_s = POLL_S if time.monotonic() > self._eager_until else _EAGER_POLL_S
            left_s = (due_us - self._clock.now_us()) / 1e6 if due_us else math.inf
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(min(wait_s, left_s), _LEAST_PAUSE_S)):
                    await self._wake.wait()
            if left_s <= wait_s:
                return
