"""Records what comes in at the same time together: the next transaction is for all that waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass

from services.profile.domain.applying import Outcome
from services.profile.domain.placing import NewId
from services.profile.domain.ports import Arrival, EventStore
from services.profile.domain.recording import record
from services.profile.parked_events import log_parked
from services.profile.watching import Watchers
from shared.errors import TouchpointError

_SMALL = 20
"""Events of a call that shares transactions with small ones only: web pages wait for it."""
_MOST_SMALL, _MOST_LARGE = 100, 300
"""Events of a transaction that several calls share; a larger call has one of its own."""
_STRIDE = 1 << 20
"""Between the places of two calls in a transaction; no call has so many events."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call whose events wait to be recorded."""

    arrivals: Sequence[Arrival]
    may_link: bool
    now_us: int
    outcome: asyncio.Future[Outcome]


class Recorder:
    """Group commit: what waits while one transaction runs shares the next.

    A call that finds nobody before it waits for nobody, and no small one waits for a large one.
    Each call gets the answer that it would have got alone; when a shared transaction fails for a
    reason that need not be that of all, each call is recorded alone. A caller that leaves does not
    undo what others share with it: to it, as to one whose answer got lost, the events are
    duplicates when it sends them again.
    """

    def __init__(self, store: EventStore, watchers: Watchers, new_id: NewId) -> None:
        self._small = _Lane(store, watchers, new_id, _MOST_SMALL)
        self._large = _Lane(store, watchers, new_id, _MOST_LARGE)

    async def record(self, arrivals: Sequence[Arrival], *, may_link: bool, now_us: int) -> Outcome:
        """Record events as `domain.recording.record` does, and tell who watches; raises the same.

        The outcome leaves out who was touched: they were told.
        """
        if not arrivals:
            return Outcome()
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        lane = self._small if len(arrivals) <= _SMALL else self._large
        lane.add(_Waiting(arrivals, may_link, now_us, outcome))
        return await outcome


class _Lane:
    """Calls that wait for each other: two transactions at a time were measured to be slower."""

    def __init__(
        self, store: EventStore, watchers: Watchers, new_id: NewId, most_events: int
    ) -> None:
        self._store = store
        self._watchers = watchers
        self._new_id = new_id
        self._most_events = most_events
        self._waiting: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None

    def add(self, call: _Waiting) -> None:
        """Have a call recorded, and its outcome told."""
        self._waiting.append(call)
        if self._working is None or self._working.done():
            # In a context of its own: it works for all, not for the call that began it.
            self._working = asyncio.create_task(self._work(), context=Context())

    async def _work(self) -> None:
        while calls := self._next_calls():
            await self._record_all(calls)

    def _next_calls(self) -> list[_Waiting]:
        """Take the calls that come next and can share a transaction; none: nobody waits.

        Of two that hold the same event the second has to see what became of it.
        """
        calls: list[_Waiting] = []
        events: set[bytes] = set()
        while self._waiting:
            call = self._waiting[0]
            if call.outcome.done():  # its caller has left
                self._waiting.popleft()
                continue
            keys = {arrival.key for arrival in call.arrivals}
            if calls and (
                call.may_link is not calls[0].may_link
                or len(events) + len(keys) > self._most_events
                or not events.isdisjoint(keys)
            ):
                break
            calls.append(self._waiting.popleft())
            events |= keys
        return calls

    async def _record_all(self, calls: Sequence[_Waiting]) -> None:
        """Give each call its outcome, or what went wrong."""
        try:
            outcome = await self._recorded(calls)
        except asyncio.CancelledError:
            for call in calls:
                call.outcome.cancel()
            raise
        except Exception as error:  # the edge of a background task: whoever waits has to hear it
            if len(calls) == 1 or isinstance(error, TouchpointError):
                for call in calls:
                    if not call.outcome.done():
                        call.outcome.set_exception(error)
                return
            for call in calls:
                await self._record_all([call])
            return
        for call, share in zip(calls, _shares(outcome, calls), strict=True):
            if not call.outcome.done():
                call.outcome.set_result(share)

    async def _recorded(self, calls: Sequence[_Waiting]) -> Outcome:
        arrivals = list(calls[0].arrivals)
        for number, call in enumerate(calls[1:], start=1):
            base = number * _STRIDE
            arrivals += [each._replace(place=base + each.place) for each in call.arrivals]
        outcome = await record(
            self._store,
            arrivals,
            may_link=calls[0].may_link,
            now_us=max(call.now_us for call in calls),
            new_id=self._new_id,
        )
        await self._watchers.tell(outcome.touched)
        log_parked(outcome.parked.values())
        return outcome


def _shares(outcome: Outcome, calls: Sequence[_Waiting]) -> list[Outcome]:
    """Return the part of each call in what became of all, by its own places."""
    shares = [Outcome() for _ in calls]
    for place in outcome.repeated:
        number, own = divmod(place, _STRIDE)
        shares[number].repeated.append(own)
    for rejection in outcome.rejected:
        number, own = divmod(rejection.place, _STRIDE)
        shares[number].rejected.append(rejection._replace(place=own))
    for place, parked in outcome.parked.items():
        number, own = divmod(place, _STRIDE)
        shares[number].parked[own] = parked
    for call, share in zip(calls, shares, strict=True):
        share.accepted = len(call.arrivals) - share.duplicates - len(share.rejected)
    return shares
